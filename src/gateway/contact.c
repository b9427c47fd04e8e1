/* Who may reach whom, by what the gateway knows; see contact.h. */
#include "gateway/contact.h"

#include "gateway/gateway_priv.h"

void gw_contact_judge(const struct gateway *gateway, enum cw_contact_event event,
                      const struct cw_jid *local, const struct cw_jid *remote,
                      struct cw_contact_verdict *verdict)
{
    struct cw_arena scratch = {0};
    const struct cw_contact_facts facts = {
        .partner = cw_policy_partner(gateway->policy, remote->domain),
        .is_invited = gw_store_is_invited(gateway->store, cw_jid_bare(&scratch, local),
                                          cw_jid_bare(&scratch, remote)),
        .is_blocked = gw_store_is_blocked(gateway->store, local, remote),
        .has_access = gw_store_has_access(gateway->store, local),
    };
    cw_contact_judge(event, &facts, verdict);
    cw_arena_free(&scratch);
}
