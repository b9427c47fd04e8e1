/* Outcomes that an edge was told.  When the link breaks before the edge has read one, it sends the
 * stanza again under the same number: then it is told once more, and the message is not sent to SIP
 * a second time.  Only so many are remembered, the oldest go first. */
#ifndef CW_GATEWAY_TOLD_H
#define CW_GATEWAY_TOLD_H

#include "link/link.h"

enum { GW_TOLD_MAX = 10000 };

struct gw_told;

struct gw_told *gw_told_new(size_t max);
void gw_told_free(struct gw_told **);
/* Copies both. */
void gw_told_add(struct gw_told *, struct cw_str key, const struct cw_link_outcome *);
/* NULL: not told, or long ago.  Valid until the next one is added. */
const struct cw_link_outcome *gw_told_find(const struct gw_told *, struct cw_str key);

#endif
