/* Could a partner's server reach us?  What one side can see of that by itself: our certificate for
 * the local domain, what the DNS says about the domain, and whether an XMPP server with our
 * certificate answers at the addresses found there.
 *
 * One step each, as JSON:
 * {"step":"own-certificate|own-dns|own-address","state":"ok|failed|skipped",
 * "ms","facts":{},"sentence","advice"}.  An address that cannot be reached from here may be reached
 * from outside (a router that does not turn packets round): the sentence says so. */
#ifndef CW_EDGE_READINESS_H
#define CW_EDGE_READINESS_H

#include <jansson.h>

#include "edge/edge_priv.h"

struct edge_readiness;
/* Called from the loop for each step (borrowed), then once with NULL and whether all went well; the
 * object is gone then. */
typedef void edge_readiness_fn(void *arg, json_t *step, bool passed);

/* `rules`: how the partner's streams are secured. */
struct edge_readiness *edge_readiness_start(struct edge *, struct cw_str local,
                                            const struct cw_rules *rules, edge_readiness_fn *,
                                            void *arg);
void edge_readiness_cancel(struct edge_readiness **); /* NULL inside is fine */

#endif
