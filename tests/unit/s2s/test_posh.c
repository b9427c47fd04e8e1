/* POSH documents: what is taken, what is refused and why, and which certificate one stands for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/secret.h"
#include "s2s/posh.h"

#include <string.h>

/* The digests of RFC 7711 section 3.1. */
#define SHA256   "4/mggdlVx8A3pvHAWW5sD+qJyMtUHgiRuPjVC48N0XQ="
#define UNPADDED "4/mggdlVx8A3pvHAWW5sD+qJyMtUHgiRuPjVC48N0XQ"
#define OTHER256 "otyLADSKjRDjVpj8X7/hmCAD5C7Qe+PedcmYV7cUncE="
#define SHA512                                     \
    "25N+1hB2Vo42l9lSGqw+n3BKFhDHsyork8ou+D9B43TX" \
    "eJ1J81mdQEDqm39oR/EHkPBDDG1y5+AG94Kec0xVqA=="
#define OTHER512                                   \
    "MbBD+ausTGJisEXKSynROWrMfHP2xvBnmI79Pr/KXnDy" \
    "LN+13Jof8/Uq9fj5HZG8Rk1E2fclcivpGdijUsvHRg=="

#define ONE(members) "{\"fingerprints\":[{" members "}],\"expires\":600}"

static const struct valid {
    const char *name, *json, *url;
    unsigned expires_s;
    size_t n;
    bool matches; /* the certificate of SHA256 and SHA512 */
} valid[] = {
    {"both digests", ONE("\"sha-256\":\"" SHA256 "\",\"sha-512\":\"" SHA512 "\""), NULL, 600, 1,
     true},
    {"SHA-256 alone", ONE("\"sha-256\":\"" SHA256 "\""), NULL, 600, 1, true},
    {"SHA-512 alone", ONE("\"sha-512\":\"" SHA512 "\""), NULL, 600, 1, true},
    {"without padding", ONE("\"sha-256\":\"" UNPADDED "\""), NULL, 600, 1, true},
    {"another certificate", ONE("\"sha-256\":\"" OTHER256 "\""), NULL, 600, 1, false},
    {"one digest disagrees", ONE("\"sha-256\":\"" SHA256 "\",\"sha-512\":\"" OTHER512 "\""), NULL,
     600, 1, false},
    {"unknown hash beside", ONE("\"md5\":7,\"sha-256\":\"" SHA256 "\""), NULL, 600, 1, true},
    {"the second of two",
     "{\"fingerprints\":[{\"sha-256\":\"" OTHER256 "\"},{\"sha-256\":\"" SHA256
     "\"}],\"expires\":1}",
     NULL, 1, 2, true},
    {"an unknown hash alone is passed over",
     "{\"fingerprints\":[{\"md5\":\"x\"},{\"sha-256\":\"" SHA256 "\"}],\"expires\":1}", NULL, 1, 1,
     true},
    {"expires is capped",
     "{\"fingerprints\":[{\"sha-256\":\"" SHA256 "\"}],\"expires\":99999999,\"more\":{}}", NULL,
     86400, 1, true},
    {"reference", "{\"url\":\"https://h.test/p.json\",\"expires\":60}", "https://h.test/p.json", 60,
     0, false},
    {"scheme in capitals", "{\"url\":\"HTTPS://h.test/\",\"expires\":60}", "HTTPS://h.test/", 60, 0,
     false},
};

static const struct invalid {
    const char *name, *json, *fault;
} invalid[] = {
    {"empty", "", "no JSON"},
    {"not JSON", "<html>", "no JSON"},
    {"more behind it", ONE("\"sha-256\":\"" SHA256 "\"") "x", "no JSON"},
    {"a list", "[]", "no JSON object"},
    {"expires missing", "{\"fingerprints\":[{\"sha-256\":\"" SHA256 "\"}]}", "\"expires\""},
    {"expires 0", "{\"url\":\"https://h.test/\",\"expires\":0}", "expired"},
    {"expires negative", "{\"url\":\"https://h.test/\",\"expires\":-1}", "\"expires\""},
    {"expires a fraction", "{\"url\":\"https://h.test/\",\"expires\":1.5}", "\"expires\""},
    {"expires a text", "{\"url\":\"https://h.test/\",\"expires\":\"60\"}", "\"expires\""},
    {"neither", "{\"expires\":60}", "either"},
    {"both", "{\"fingerprints\":[{}],\"url\":\"https://h.test/\",\"expires\":60}", "either"},
    {"no list", "{\"fingerprints\":{},\"expires\":60}", "list"},
    {"an empty list", "{\"fingerprints\":[],\"expires\":60}", "list"},
    {"no object in it", "{\"fingerprints\":[\"" SHA256 "\"],\"expires\":60}", "fingerprint 1"},
    {"no Base64", ONE("\"sha-256\":\"%%%%\""), "fingerprint 1"},
    {"a digest cut", ONE("\"sha-256\":\"4/mggdlVx8A3\""), "fingerprint 1"},
    {"a digest of the other kind", ONE("\"sha-256\":\"" SHA512 "\""), "fingerprint 1"},
    {"a digest that is no text", ONE("\"sha-512\":[]"), "fingerprint 1"},
    {"unknown hashes only", ONE("\"md5\":\"x\""), "none of its"},
    {"a name twice", ONE("\"sha-256\":\"" SHA256 "\",\"sha-256\":\"" OTHER256 "\""), "no JSON"},
    {"plain http", "{\"url\":\"http://h.test/\",\"expires\":60}", "not https"},
    {"https and nothing", "{\"url\":\"https://\",\"expires\":60}", "not https"},
    {"space in the URL", "{\"url\":\"https://h.test/ x\",\"expires\":60}", "escaped"},
    {"line break in the URL", "{\"url\":\"https://h.test/\\r\\nX: y\",\"expires\":60}", "escaped"},
    {"URL no text", "{\"url\":7,\"expires\":60}", "\"url\""},
};

static bool stands_for_ours(const struct cw_posh *posh)
{
    struct cw_arena a = {0};
    struct cw_str sha256, sha512;
    assert_true(cw_unbase64(&a, CW_S(SHA256), &sha256));
    assert_true(cw_unbase64(&a, CW_S(SHA512), &sha512));
    bool does = cw_posh_matches(posh, sha256, sha512);
    cw_arena_free(&a);
    return does;
}

static void taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        const struct valid *v = &valid[i];
        struct cw_arena a = {0};
        struct cw_posh posh;
        struct cw_str fault = cw_posh_read(&a, cw_str_of(v->json), &posh);
        if (cw_str_is_present(fault))
            fail_msg("%s: %.*s", v->name, CW_ARG(fault));
        if (v->url ? !cw_str_eq_cstr(posh.url, v->url) : cw_str_is_present(posh.url))
            fail_msg("%s: url %.*s", v->name, CW_ARG(posh.url));
        if (posh.expires_s != v->expires_s || posh.n_fingerprints != v->n)
            fail_msg("%s: %u s, %zu", v->name, posh.expires_s, posh.n_fingerprints);
        if (stands_for_ours(&posh) != v->matches)
            fail_msg("%s: %s", v->name, v->matches ? "no match" : "a match");
        cw_arena_free(&a);
    }
}

static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        const struct invalid *v = &invalid[i];
        struct cw_arena a = {0};
        struct cw_posh posh;
        struct cw_str fault = cw_posh_read(&a, cw_str_of(v->json), &posh);
        if (cw_str_find(fault, cw_str_of(v->fault)) < 0)
            fail_msg("%s: \"%.*s\"", v->name, CW_ARG(fault));
        if (posh.n_fingerprints != 0 || cw_str_is_present(posh.url) || stands_for_ours(&posh))
            fail_msg("%s: something is left", v->name);
        cw_arena_free(&a);
    }
}

/* A document cut anywhere is none. */
static void cut(void **state)
{
    const struct cw_str whole = CW_S(ONE("\"sha-256\":\"" SHA256 "\""));
    (void)state;
    for (size_t n = 0; n < whole.n; n++) {
        struct cw_arena a = {0};
        struct cw_posh posh;
        if (!cw_str_is_present(cw_posh_read(&a, cw_str_sub(whole, 0, n), &posh)))
            fail_msg("taken after %zu octets", n);
        cw_arena_free(&a);
    }
}

static struct cw_str many(struct cw_buf *out, size_t n)
{
    cw_buf_putcstr(out, "{\"expires\":60,\"fingerprints\":[");
    for (size_t i = 0; i < n; i++)
        cw_buf_printf(out, "%s{\"sha-256\":\"" SHA256 "\"}", i ? "," : "");
    cw_buf_putcstr(out, "]}");
    return cw_buf_str(out);
}

static void over_limit(void **state)
{
    struct cw_arena a = {0};
    struct cw_buf text = {0};
    struct cw_posh posh;
    (void)state;

    assert_false(cw_str_is_present(cw_posh_read(&a, many(&text, CW_POSH_MAX_FINGERPRINTS), &posh)));
    cw_buf_reset(&text);
    assert_true(cw_str_find(cw_posh_read(&a, many(&text, CW_POSH_MAX_FINGERPRINTS + 1), &posh),
                            CW_S("more than")) >= 0);
    cw_buf_reset(&text);
    for (size_t i = 0; i <= CW_POSH_MAX_BYTES; i++)
        cw_buf_putc(&text, i == 0 ? '{' : ' ');
    assert_true(cw_str_find(cw_posh_read(&a, cw_buf_str(&text), &posh), CW_S("64 KiB")) >= 0);
    cw_buf_reset(&text);
    cw_buf_putcstr(&text, "{\"expires\":60,\"url\":\"https://");
    for (size_t i = 0; i < CW_POSH_MAX_URL; i++)
        cw_buf_putc(&text, 'a');
    cw_buf_putcstr(&text, "\"}");
    assert_true(cw_str_find(cw_posh_read(&a, cw_buf_str(&text), &posh), CW_S("2048")) >= 0);
    cw_buf_free(&text);
    cw_arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(taken), cmocka_unit_test(refused),
                                       cmocka_unit_test(cut), cmocka_unit_test(over_limit)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
