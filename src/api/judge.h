/* What the rules say of a local user and a partner's user, out of the store: for `contact show` and
 * for `causeway explain access`.  The gateway asks the same rules (policy/contact.h) with what it
 * keeps in memory. */
#ifndef CW_API_JUDGE_H
#define CW_API_JUDGE_H

#include "policy/contact.h"
#include "policy/view.h"
#include "store/store.h"
#include "xmpp/jid.h"

/* The partner borrows from the policy. */
enum cw_err cw_api_facts(struct cw_store *, const struct cw_policy *, const struct cw_jid *local,
                         const struct cw_jid *remote, struct cw_arena *,
                         struct cw_contact_facts *out);

#endif
