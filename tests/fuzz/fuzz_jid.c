/* Addresses: enforcement is idempotent, the parts are what RFC 7622 lets through, IDNA forms lead
 * to each other, and XEP-0106 escaping leads back. */
#include "fuzz.h"

#include "xmpp/jid.h"

static void check_jid(struct cw_arena *a, struct cw_str text)
{
    struct cw_jid once, twice;

    if (cw_jid_parse(a, text, &once) != CW_JID_OK)
        return;
    cw_assert(cw_jid_parse(a, cw_jid_str(a, &once), &twice) == CW_JID_OK);
    cw_assert(cw_jid_eq(&once, &twice) && cw_jid_eq_bare(&once, &twice));
    cw_assert(once.domain.n > 0 && once.domain.n <= 1023 && once.local.n <= 1023 &&
              once.resource.n <= 1023);
    for (size_t i = 0; i < once.local.n; i++)
        cw_assert((unsigned char)once.local.p[i] > 0x20 &&
                  cw_str_index(CW_S("\"&'/:<>@\x7f"), once.local.p[i]) < 0);
}

static void check_domain(struct cw_arena *a, struct cw_str text)
{
    struct cw_str ascii, unicode, again;

    cw_assert(cw_domain_to_ascii(a, text, &ascii) == cw_domain_to_unicode(a, text, &unicode));
    if (!cw_domain_to_ascii(a, text, &ascii) || !cw_domain_to_unicode(a, text, &unicode))
        return;
    cw_assert(cw_domain_to_ascii(a, unicode, &again) && cw_str_eq(again, ascii));
    cw_assert(cw_domain_to_unicode(a, ascii, &again) && cw_str_eq(again, unicode));
    cw_assert(cw_domain_to_ascii(a, ascii, &again) && cw_str_eq(again, ascii));
    for (size_t i = 0; i < ascii.n; i++)
        cw_assert(ascii.p[i] == '-' || ascii.p[i] == '.' ||
                  (ascii.p[i] >= '0' && ascii.p[i] <= '9') ||
                  (ascii.p[i] >= 'a' && ascii.p[i] <= 'z'));
}

void fuzz_input(struct cw_str input)
{
    struct cw_arena a = {0};
    struct cw_str escaped = cw_jid_escape(&a, input);

    check_jid(&a, input);
    check_domain(&a, input);
    if (cw_str_is_present(escaped))
        cw_assert(cw_str_eq(cw_jid_unescape(&a, escaped), input));
    (void)cw_jid_unescape(&a, input);
    cw_arena_free(&a);
}
