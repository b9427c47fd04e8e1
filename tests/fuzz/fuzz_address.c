/* SIP URIs to JIDs and back, and xmpp: URIs: what comes out is an address of its kind, and a way
 * that is said to lead back does. */
#include "fuzz.h"

#include "sip/build.h"
#include "xlate/address.h"

static void check_uri(struct cw_str uri)
{
    for (size_t i = 0; i < uri.n; i++)
        cw_assert((unsigned char)uri.p[i] > 0x20 && (unsigned char)uri.p[i] < 0x7f &&
                  cw_str_index(CW_S("<>\""), uri.p[i]) < 0);
}

static void check_jid(struct cw_arena *a, const struct cw_jid *jid)
{
    struct cw_str uri = cw_addr_jid_to_uri(a, jid, CW_ADDR_SIP);
    struct cw_jid back;

    if (!cw_str_is_present(uri))
        return;
    check_uri(uri);
    cw_assert(cw_addr_sip_to_jid(a, uri, &back) == CW_ADDR_OK || !cw_addr_is_reversible(a, jid));
    if (cw_addr_is_reversible(a, jid))
        cw_assert(cw_jid_eq(&back, jid));
    check_uri(cw_addr_jid_to_uri(a, jid, CW_ADDR_IM));
}

void fuzz_input(struct cw_str input)
{
    struct cw_arena a = {0};
    struct cw_str uri;
    struct cw_jid jid, again;

    if (cw_addr_sip_to_jid(&a, input, &jid) == CW_ADDR_OK) {
        cw_assert(cw_jid_parse(&a, cw_jid_str(&a, &jid), &again) == CW_JID_OK);
        cw_assert(cw_jid_eq(&jid, &again));
        check_jid(&a, &jid);
    }
    if (cw_jid_parse(&a, input, &jid) == CW_JID_OK)
        check_jid(&a, &jid);
    uri = cw_addr_xmpp_to_sip_uri(&a, input);
    if (cw_str_is_present(uri))
        check_uri(uri);
    uri = cw_addr_sip_to_xmpp_uri(&a, input);
    if (cw_str_is_present(uri))
        check_uri(uri);
    cw_arena_free(&a);
}
