/* External access: which local users may use the federation (product: section 4).  A rule stands at
 * a scope: "" for everybody, a local domain (A-labels), or a local user (bare JID).
 *
 * alice@contoso.test writes to a partner: her own rule counts, whatever the others say; without one
 * that of contoso.test; without that the one for everybody; without any, she may. */
#ifndef CW_POLICY_ACCESS_H
#define CW_POLICY_ACCESS_H

#include "base/map.h"
#include "base/mem.h"
#include "xmpp/jid.h"

struct cw_access_rule {
    struct cw_str scope;
    bool xmpp;
    uint64_t version; /* of the rule in the store (store.h); nothing is decided by it */
};

/* The scope as rules have it, from any spelling of a domain or an address; absent: it is neither
 * "" nor in one of these domains (A-labels), or has a resource. */
struct cw_str cw_access_scope(struct cw_arena *, struct cw_str text,
                              const struct cw_str *local_domains, size_t n_local_domains);
const char *cw_access_scope_name(struct cw_str scope); /* "global", "domain", "user" */

/* The rules by their scopes: a map of struct cw_access_rule, borrowed. */
void cw_access_index(struct cw_map *, const struct cw_access_rule *, size_t n);
/* The one that counts for the user; NULL: there is none, and he has access. */
const struct cw_access_rule *cw_access_nearest(const struct cw_map *, const struct cw_jid *local);
bool cw_access_is_allowed(const struct cw_map *, const struct cw_jid *local);

#endif
