/* Stanzas of the gateway's own for partners' users, presence above all: to the edge of their pair
 * of domains, once, with the outcome told.  They do not wait for an edge: what cannot go now is
 * told as refused, and whoever keeps the state tells it anew when the partner can be reached
 * (reach.h). Stanzas of one pair keep their order. */
#ifndef CW_GATEWAY_POST_H
#define CW_GATEWAY_POST_H

#include "link/link.h"

struct gateway;
struct gw_edge;
struct gw_post;

/* What became of the stanza; `user` as it was given.  Never called from inside gw_post_send. */
typedef void gw_posted_fn(void *arg, uint64_t user, const struct cw_link_outcome *);

/* heard: every outcome is told there too, with the pair of domains (as in the stanza's addresses:
 * local, then the partner's), before the poster hears it. */
struct gw_post *gw_post_new(struct gateway *,
                            void (*heard)(void *arg, struct cw_str local, struct cw_str remote,
                                          const struct cw_link_outcome *),
                            void *arg);
void gw_post_free(struct gw_post **); /* tells nobody */
/* The stanza has from (ours) and to (the partner's) and no id unless an answer is wanted; borrowed
 * for the call.  `fn` may be NULL. */
void gw_post_send(struct gw_post *, const struct cw_xml *stanza, gw_posted_fn *fn, void *arg,
                  uint64_t user);
/* True when that number is one of ours; messages have numbers of their own (s2x.c). */
bool gw_post_outcome(struct gw_post *, const struct cw_link_outcome *);
void gw_post_edge_down(struct gw_post *, struct gw_edge *);
size_t gw_post_n_open(const struct gw_post *); /* without an outcome */

#endif
