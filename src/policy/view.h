/* The frozen policy that the machines look at: local domains, partners by domain, settings.  Made
 * whole from a snapshot, never changed afterwards, swapped whole. */
#ifndef CW_POLICY_VIEW_H
#define CW_POLICY_VIEW_H

#include "base/map.h"
#include "policy/partner.h"

struct cw_policy {
    uint64_t version;
    struct cw_str *local_domains; /* A-labels */
    size_t n_local_domains;
    struct cw_partner *partners; /* disabled ones too */
    size_t n_partners;
    struct cw_settings settings;
    struct cw_map local_by_domain;   /* A-label -> struct cw_str */
    struct cw_map partner_by_domain; /* A-label, primary and additional -> enabled partners only */
    struct cw_arena arena;           /* owns everything above */
    unsigned refs;                   /* owners: the process's current pointer and each stream */
};

/* An empty one with one reference, the caller's.  Fill the lists from its arena, then index. */
struct cw_policy *cw_policy_new(void);
/* Fills the two maps from the lists; call once after filling the lists (maps must be empty). */
void cw_policy_index(struct cw_policy *);
struct cw_policy *cw_policy_ref(struct cw_policy *);
void cw_policy_unref(struct cw_policy **);

/* Domain in A- or U-labels, any case; normalised here.  NULL: not listed or not enabled. */
const struct cw_partner *cw_policy_partner(const struct cw_policy *, struct cw_str domain);
bool cw_policy_is_local(const struct cw_policy *, struct cw_str domain);
/* The partner's own limit, or the settings' when it inherits. */
unsigned cw_policy_connection_limit(const struct cw_policy *, const struct cw_partner *);

#endif
