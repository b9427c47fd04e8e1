/* See digest.h. */
#include "sip/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/secret.h"
#include "sip/check_priv.h"
#include "sip/grammar_priv.h"

enum { MAX_HEX = 2 * EVP_MAX_MD_SIZE };

const char *cw_sip_digest_algorithm_name(enum cw_sip_digest_algorithm algorithm)
{
    switch (algorithm) {
    case CW_SIP_DIGEST_MD5:
        return "MD5";
    case CW_SIP_DIGEST_SHA_256:
        return "SHA-256";
    }
    return "?";
}

/* --- reading ----------------------------------------------------------------------------------*/

static void skip_blanks(struct cw_str *rest)
{
    size_t n = 0;
    while (n < rest->n && strchr(" \t\r\n", rest->p[n]))
        n++;
    *rest = cw_str_sub(*rest, n, rest->n);
}

/* Octets up to one that ends a token, or those of a quoted string with its quotes; 0: neither. */
static size_t value_length(struct cw_str s)
{
    size_t n = 0;
    if (s.n == 0 || s.p[0] != '"') {
        while (n < s.n && !strchr(" \t\r\n,=\"", s.p[n]))
            n++;
        return n;
    }
    for (n = 1; n < s.n; n++) {
        if (s.p[n] == '\\')
            n++;
        else if (s.p[n] == '"')
            return n + 1;
    }
    return 0;
}

struct param {
    struct cw_str name, value; /* value: without its quotes, escapes as they stand */
};

/* "name=value" and the comma behind it; 1: one was there, 0: the end, -1: malformed. */
static int next_param(struct cw_str *rest, struct param *out)
{
    skip_blanks(rest);
    while (rest->n > 0 && rest->p[0] == ',') {
        *rest = cw_str_sub(*rest, 1, rest->n);
        skip_blanks(rest);
    }
    if (rest->n == 0)
        return 0;
    size_t n = value_length(*rest);
    out->name = cw_str_sub(*rest, 0, n);
    *rest = cw_str_sub(*rest, n, rest->n);
    skip_blanks(rest);
    if (!cw_sip_is_token(out->name) || rest->n == 0 || rest->p[0] != '=')
        return -1;
    *rest = cw_str_sub(*rest, 1, rest->n);
    skip_blanks(rest);
    n = value_length(*rest);
    out->value = cw_str_sub(*rest, 0, n);
    if (n == 0)
        return -1;
    if (out->value.p[0] == '"')
        out->value = cw_str_sub(out->value, 1, n - 1);
    *rest = cw_str_sub(*rest, n, rest->n);
    skip_blanks(rest);
    return rest->n == 0 || rest->p[0] == ',' ? 1 : -1;
}

/* Is `auth` in the list of the qop parameter? */
static bool offers_auth(struct cw_str list)
{
    while (list.n > 0) {
        ptrdiff_t comma = cw_str_index(list, ',');
        size_t end = comma < 0 ? list.n : (size_t)comma;
        if (cw_str_eq_nocase(cw_str_trim(cw_str_sub(list, 0, end)), CW_S("auth")))
            return true;
        list = cw_str_sub(list, end + 1, list.n);
    }
    return false;
}

static bool read_algorithm(struct cw_str name, enum cw_sip_digest_algorithm *out)
{
    *out = CW_SIP_DIGEST_MD5;
    if (cw_str_eq_nocase(name, CW_S("SHA-256")))
        *out = CW_SIP_DIGEST_SHA_256;
    else if (!cw_str_eq_nocase(name, CW_S("MD5")))
        return false;
    return true;
}

/* False: the parameter cannot be answered, or it is there twice. */
static bool take_param(struct cw_arena *arena, const struct param *p, struct cw_sip_challenge *out)
{
    struct cw_str *text = cw_str_eq_nocase(p->name, CW_S("realm"))    ? &out->realm
                          : cw_str_eq_nocase(p->name, CW_S("nonce"))  ? &out->nonce
                          : cw_str_eq_nocase(p->name, CW_S("opaque")) ? &out->opaque
                                                                      : NULL;
    if (text) {
        if (cw_str_is_present(*text))
            return false;
        *text = cw_arena_dup(arena, p->value);
    } else if (cw_str_eq_nocase(p->name, CW_S("algorithm"))) {
        return read_algorithm(p->value, &out->algorithm);
    } else if (cw_str_eq_nocase(p->name, CW_S("qop"))) {
        out->has_qop = offers_auth(p->value);
        return out->has_qop;
    } else if (cw_str_eq_nocase(p->name, CW_S("stale"))) {
        out->is_stale = cw_str_eq_nocase(p->value, CW_S("true"));
    }
    return true;
}

bool cw_sip_challenge_parse(struct cw_arena *arena, struct cw_str value,
                            struct cw_sip_challenge *out)
{
    struct param param;
    int found;
    *out = (struct cw_sip_challenge){.algorithm = CW_SIP_DIGEST_MD5};
    value = cw_str_trim(value);
    if (value.n < 7 || !cw_str_eq_nocase(cw_str_sub(value, 0, 6), CW_S("Digest")) ||
        !strchr(" \t\r\n", value.p[6]) || !cw_sip_is_field_value(value))
        return false;
    value = cw_str_sub(value, 6, value.n);
    while ((found = next_param(&value, &param)) > 0)
        if (!take_param(arena, &param, out))
            return false;
    return found == 0 && cw_str_is_present(out->realm) && cw_str_is_present(out->nonce);
}

bool cw_sip_challenge_pick(struct cw_arena *arena, const struct cw_str *values, size_t n,
                           struct cw_str realm, struct cw_sip_challenge *out)
{
    bool has_one = false;
    for (size_t i = 0; i < n; i++) {
        struct cw_sip_challenge one;
        if (!cw_sip_challenge_parse(arena, values[i], &one) || !cw_str_eq(one.realm, realm) ||
            (has_one && one.algorithm <= out->algorithm))
            continue;
        *out = one;
        has_one = true;
    }
    return has_one;
}

/* --- answering --------------------------------------------------------------------------------*/

static const EVP_MD *function_of(enum cw_sip_digest_algorithm algorithm)
{
    return algorithm == CW_SIP_DIGEST_MD5 ? EVP_md5() : EVP_sha256();
}

/* The hash of the parts with colons between them, in hex. */
static struct cw_str hash(enum cw_sip_digest_algorithm algorithm, char out[MAX_HEX + 1],
                          const struct cw_str *parts, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n_sum = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx && EVP_DigestInit_ex(ctx, function_of(algorithm), NULL);
    for (size_t i = 0; ok && i < n; i++)
        ok = (i == 0 || EVP_DigestUpdate(ctx, ":", 1)) &&
             EVP_DigestUpdate(ctx, parts[i].p, parts[i].n);
    ok = ok && EVP_DigestFinal_ex(ctx, sum, &n_sum);
    EVP_MD_CTX_free(ctx);
    for (unsigned i = 0; ok && i < n_sum; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    return (struct cw_str){out, ok ? (size_t)n_sum * 2 : 0};
}

/* RFC 7616 sections 3.4.1 to 3.4.3; empty when this machine refuses the hash (MD5 under FIPS). */
static struct cw_str response(const struct cw_sip_challenge *c, const struct cw_sip_answer *a,
                              struct cw_str nc, char out[MAX_HEX + 1])
{
    char hex1[MAX_HEX + 1], hex2[MAX_HEX + 1];
    const struct cw_str who[] = {a->user, c->realm, a->password}, what[] = {a->method, a->uri};
    struct cw_str secret = hash(c->algorithm, hex1, who, 3);
    struct cw_str request = hash(c->algorithm, hex2, what, 2);
    const struct cw_str with_qop[] = {secret, c->nonce, nc, a->cnonce, CW_S("auth"), request};
    const struct cw_str without[] = {secret, c->nonce, request};
    struct cw_str done =
        c->has_qop ? hash(c->algorithm, out, with_qop, 6) : hash(c->algorithm, out, without, 3);
    bool ok = secret.n > 0 && request.n > 0;
    cw_wipe(hex1, sizeof hex1);
    return cw_str_sub(done, 0, ok ? done.n : 0);
}

/* May it stand between quotes as it is? */
static bool is_quotable(struct cw_str s)
{
    return cw_sip_is_field_value(s) && cw_str_index(s, '"') < 0 && cw_str_index(s, '\\') < 0;
}

bool cw_sip_challenge_answer(const struct cw_sip_challenge *c, const struct cw_sip_answer *a,
                             struct cw_buf *out)
{
    char nc[9] = "", hex[MAX_HEX + 1];
    for (int i = 0; i < 8; i++)
        nc[i] = "0123456789abcdef"[a->nc >> (28 - 4 * i) & 15];
    struct cw_str sum = response(c, a, cw_str_of(nc), hex);
    if (sum.n == 0 || !cw_sip_is_field_value(a->user) || !is_quotable(a->uri) ||
        !is_quotable(a->cnonce))
        return false;
    cw_buf_putcstr(out, "Digest username=");
    cw_sip_put_quoted(out, a->user);
    /* Realm, nonce and opaque go back as they came, escapes included. */
    cw_buf_printf(out, ", realm=\"%.*s\", nonce=\"%.*s\", uri=\"%.*s\", response=\"%.*s\"",
                  CW_ARG(c->realm), CW_ARG(c->nonce), CW_ARG(a->uri), CW_ARG(sum));
    cw_buf_printf(out, ", algorithm=%s", cw_sip_digest_algorithm_name(c->algorithm));
    if (c->has_qop)
        cw_buf_printf(out, ", cnonce=\"%.*s\", qop=auth, nc=%s", CW_ARG(a->cnonce), nc);
    if (cw_str_is_present(c->opaque))
        cw_buf_printf(out, ", opaque=\"%.*s\"", CW_ARG(c->opaque));
    return true;
}
