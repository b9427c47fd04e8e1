/* Names in a certificate against a domain.  Input: the domain, then one name a line, its first
 * letter saying the type (D, S, X, C; in lower case: malformed).  What matches is never malformed,
 * holds no odd octet, and is the domain or its parent's wildcard. */
#include "fuzz.h"

#include "s2s/cert.h"
#include "xmpp/jid.h"

enum { MAX_NAMES = 16 };

static bool read_name(struct cw_str line, struct cw_cert_name *name)
{
    const struct cw_str letters = CW_STR("DSXCdsxc");
    ptrdiff_t at = line.n > 0 ? cw_str_index(letters, line.p[0]) : -1;

    if (at < 0)
        return false;
    *name = (struct cw_cert_name){.type = (enum cw_cert_name_type)(at % 4),
                                  .malformed = at >= 4,
                                  .value = cw_str_sub(line, 1, line.n)};
    return true;
}

/* A second opinion, simpler than the code under test. */
static void check_match(struct cw_arena *a, const struct cw_cert_name *name, struct cw_str domain)
{
    struct cw_str value = name->value, reference, presented;

    cw_assert(!name->malformed);
    cw_assert(cw_domain_to_ascii(a, domain, &reference));
    for (size_t i = 0; i < value.n; i++)
        cw_assert((unsigned char)value.p[i] > 0x20);
    if (name->type == CW_CERT_SRV_ID)
        value = cw_str_sub(value, sizeof "_xmpp-server." - 1, value.n);
    if (cw_str_starts(value, CW_S("*."))) {
        cw_assert(name->type == CW_CERT_DNS_ID || name->type == CW_CERT_SRV_ID);
        value = cw_str_sub(value, 2, value.n);
        reference = cw_str_sub(reference, (size_t)cw_str_index(reference, '.') + 1, reference.n);
        cw_assert(cw_str_index(reference, '.') > 0);
    }
    cw_assert(cw_domain_to_ascii(a, value, &presented) && cw_str_eq(presented, reference));
}

void fuzz_input(struct cw_str input)
{
    struct cw_cert_name names[MAX_NAMES];
    struct cw_cert cert = {.present = true, .chain_ok = true, .names = names};
    const struct cw_cert_name *found;
    struct cw_arena a = {0};
    struct cw_str domain, line;

    if (!fuzz_part(&input, '\n', &domain))
        return;
    while (cert.n_names < MAX_NAMES && fuzz_part(&input, '\n', &line))
        cert.n_names += read_name(line, &names[cert.n_names]);
    found = cw_cert_match(&cert, domain);
    cw_assert(cw_cert_judge(&cert, domain) == (found ? CW_CERT_GOOD : CW_CERT_WRONG_NAME));
    if (found)
        check_match(&a, found, domain);
    for (size_t i = 0; found && found->type == CW_CERT_CN && i < cert.n_names; i++)
        cw_assert(names[i].type == CW_CERT_CN);
    cert.chain_ok = false;
    cw_assert(cw_cert_judge(&cert, domain) == CW_CERT_UNTRUSTED);
    cw_arena_free(&a);
}
