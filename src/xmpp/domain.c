/* Domain names by IDNA 2008 (RFC 5890 to 5893) over ICU's UTS 46, non-transitional.  UTS 46 lets
 * symbols pass that IDNA 2008 disallows; each U-label is checked against the letter and digit rule
 * once more.  Plain ASCII names, nearly all of them, do not come near ICU. */
#include <arpa/inet.h>
#include <string.h>
#include <unicode/uidna.h>

#include "xmpp/jid.h"
#include "xmpp/precis_priv.h"

enum { MAX_NAME_BYTES = 253, MAX_LABEL_BYTES = 63, MAX_UNICODE_BYTES = 1023 };

static bool is_ipv4(struct cw_str name)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    if (name.n >= sizeof text)
        return false;
    memcpy(text, name.p, name.n);
    text[name.n] = 0;
    return inet_pton(AF_INET, text, &v4) == 1;
}

/* Letter, digit or hyphen, in lower case; 0 when it is none. */
static char ldh_lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ? c : 0;
}

static bool is_label_ok(struct cw_str label)
{
    if (label.n == 0 || label.n > MAX_LABEL_BYTES || label.p[0] == '-' ||
        label.p[label.n - 1] == '-')
        return false;
    /* Two hyphens there mark an A-label, or what is reserved (RFC 5890 section 2.3.1). */
    return label.n < 4 || label.p[2] != '-' || label.p[3] != '-';
}

/* The name in lower case when it is plain: letters, digits, hyphens, no A-label. */
static bool plain_ascii(struct cw_arena *arena, struct cw_str name, struct cw_str *out)
{
    char *lower = cw_arena_alloc(arena, name.n + 1);
    size_t label_at = 0;
    if (name.n > MAX_NAME_BYTES)
        return false;
    for (size_t i = 0; i <= name.n; i++) {
        if (i == name.n || name.p[i] == '.') {
            if (!is_label_ok(cw_str_sub(name, label_at, i)))
                return false;
            label_at = i + 1;
            if (i < name.n)
                lower[i] = '.';
            continue;
        }
        lower[i] = ldh_lower(name.p[i]);
        if (!lower[i])
            return false;
    }
    *out = (struct cw_str){lower, name.n};
    return true;
}

typedef int32_t uidna_convert(const UIDNA *, const char *, int32_t, char *, int32_t, UIDNAInfo *,
                              UErrorCode *);

static bool convert(struct cw_arena *arena, uidna_convert *to, struct cw_str name,
                    struct cw_str *out)
{
    UErrorCode error = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    UIDNA *idna = uidna_openUTS46(UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
                                      UIDNA_CHECK_CONTEXTO | UIDNA_NONTRANSITIONAL_TO_ASCII |
                                      UIDNA_NONTRANSITIONAL_TO_UNICODE,
                                  &error);
    if (U_FAILURE(error))
        cw_fatal("ICU: %s", u_errorName(error));
    char *text = cw_arena_alloc(arena, MAX_UNICODE_BYTES + 1);
    int32_t n = to(idna, name.p, (int32_t)name.n, text, MAX_UNICODE_BYTES, &info, &error);
    uidna_close(idna);
    *out = (struct cw_str){text, n < 0 ? 0 : (size_t)n};
    return U_SUCCESS(error) && info.errors == 0 && n > 0;
}

static bool labels_are_idna2008(struct cw_arena *arena, struct cw_str u_labels)
{
    for (size_t at = 0; at <= u_labels.n;) {
        struct cw_str rest = cw_str_sub(u_labels, at, u_labels.n);
        ptrdiff_t dot = cw_str_index(rest, '.');
        struct cw_str label = dot < 0 ? rest : cw_str_sub(rest, 0, (size_t)dot);
        if (!cw_precis_is_identifier(cw_points_of(arena, label)))
            return false;
        at += label.n + 1;
    }
    return true;
}

static struct cw_str without_final_dot(struct cw_str name)
{
    return name.n > 1 && cw_str_ends(name, CW_S(".")) ? cw_str_sub(name, 0, name.n - 1) : name;
}

static bool both_forms(struct cw_arena *arena, struct cw_str name, struct cw_str *a_labels,
                       struct cw_str *u_labels)
{
    struct cw_str a, u, again;
    if (name.n == 0 || name.n > MAX_UNICODE_BYTES || !cw_str_is_utf8(name))
        return false;
    name = without_final_dot(name);
    if (cw_str_ends(name, CW_S(".")) || is_ipv4(name))
        return false;
    if (plain_ascii(arena, name, &a)) {
        *a_labels = *u_labels = a;
        return true;
    }
    if (!convert(arena, uidna_nameToUnicodeUTF8, name, &u))
        return false;
    /* UTS 46 takes other full stops for dots: one may have been the last. */
    u = without_final_dot(u);
    if (!convert(arena, uidna_nameToASCII_UTF8, u, &a) || a.n > MAX_NAME_BYTES ||
        !labels_are_idna2008(arena, u) || is_ipv4(a))
        return false;
    /* A name that reads otherwise the second time is two names. */
    if (!convert(arena, uidna_nameToUnicodeUTF8, a, &again) || !cw_str_eq(again, u))
        return false;
    *a_labels = a;
    *u_labels = u;
    return true;
}

bool cw_domain_to_ascii(struct cw_arena *arena, struct cw_str name, struct cw_str *a_labels)
{
    struct cw_str u_labels;
    return both_forms(arena, name, a_labels, &u_labels);
}

bool cw_domain_to_unicode(struct cw_arena *arena, struct cw_str name, struct cw_str *u_labels)
{
    struct cw_str a_labels;
    return both_forms(arena, name, &a_labels, u_labels);
}
