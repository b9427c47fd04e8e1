/* Can the users of a partner's domain be told and asked?  One value for each pair of domains
 * (local, partner's), and what follows from its changes, so that presence heals:
 *
 *   UP    stanzas go out and come in.
 *   DOWN  a stanza was refused because no stream could be had.  What is known of the users there
 *         is known no more (lost).  One stanza knocks now and again, after 2, 4, 8, 16 and then
 *         every 30 seconds with some jitter; when it gets through, or anything comes in, the pair
 *         is UP and all is told and asked anew (again).
 *
 * When the edge says that a partner's streams ended as they do when a server dies, or the edge
 * itself was away, nothing is known to be wrong; after a moment everything is told and asked anew
 * (again), and if that cannot be delivered the pair is DOWN.  What is told anew in vain for other
 * reasons (too much waits; the edge is away) is told anew later and later, and when the edge stays
 * away the pair is DOWN too.
 *
 * A pair that is UP and for which nothing is to be done is not kept. */
#ifndef CW_GATEWAY_REACH_H
#define CW_GATEWAY_REACH_H

#include <event2/event.h>

#include "base/log.h"
#include "link/link.h"

struct gw_reach;

struct gw_reach_hooks {
    void (*lost)(void *arg, struct cw_str local, struct cw_str remote);
    /* Both absent: every pair of domains that there is. */
    void (*again)(void *arg, struct cw_str local, struct cw_str remote);
    /* Sends one stanza of that pair; false: there is nobody to ask for, the pair is forgotten. */
    bool (*knock)(void *arg, struct cw_str local, struct cw_str remote);
};

/* Hooks are called from the loop, never from inside a function of this header. */
struct gw_reach *gw_reach_new(struct event_base *, const struct cw_log_ctx *,
                              const struct gw_reach_hooks *, void *arg);
void gw_reach_free(struct gw_reach **);
/* A stanza of ours had that outcome.  Only reasons that say "no stream" make a pair DOWN at once; a
 * full queue or a limit calls for `again` a little later. */
void gw_reach_outcome(struct gw_reach *, struct cw_str local, struct cw_str remote,
                      const struct cw_link_outcome *);
/* A stanza came from there. */
void gw_reach_heard(struct gw_reach *, struct cw_str local, struct cw_str remote);
/* Its streams ended; or (both absent) all may have: an edge came back. */
void gw_reach_ended(struct gw_reach *, struct cw_str local, struct cw_str remote);
bool gw_reach_is_up(const struct gw_reach *, struct cw_str local, struct cw_str remote);

#endif
