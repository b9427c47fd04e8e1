/* What is remembered for a while, by name: only so many entries, each only so long; the oldest go
 * first.  Nothing here outlives the process. */
#ifndef CW_GATEWAY_LEDGER_H
#define CW_GATEWAY_LEDGER_H

#include "base/mem.h"

struct gw_ledger;

struct gw_ledger *gw_ledger_new(size_t max, uint64_t max_age_ms);
void gw_ledger_free(struct gw_ledger **);

/* A new entry in the place of one of that name: `size` zeroed octets, and the arena for what they
 * point to.  Both live as long as the entry. */
void *gw_ledger_put(struct gw_ledger *, struct cw_str key, size_t size, struct cw_arena **);
/* NULL: unknown, or too old. */
void *gw_ledger_find(struct gw_ledger *, struct cw_str key);
void gw_ledger_remove(struct gw_ledger *, struct cw_str key); /* nothing when there is none */

#endif
