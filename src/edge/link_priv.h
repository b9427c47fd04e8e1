/* The edge's ends of its links: one for each gateway that is connected.
 *
 *     gateway.c  stanzas, their numbers and their outcomes
 *        |  ^
 *        v  |
 *     link.c     listeners, TLS, hello, time; one struct edge_link a connection */
#ifndef CW_EDGE_LINK_PRIV_H
#define CW_EDGE_LINK_PRIV_H

#include "edge/edge_priv.h"

struct edge_links;
struct edge_link;

/* Listens on the Unix socket and where edge.link-listen says.  NULL with a sentence. */
struct edge_links *edge_links_new(struct edge *, struct edge_gateway *, struct cw_str instance,
                                  struct cw_buf *why);
void edge_links_free(struct edge_links **);
/* Reads the certificate again; a bad one is logged and the old one stays. */
void edge_links_reload(struct edge_links *);

/* The gateway that has this local user, among those that are up; NULL when none is. */
struct edge_link *edge_links_pick(const struct edge_links *, struct cw_str local_bare);
void edge_link_send_stanza(struct edge_link *, uint64_t n, const struct cw_xml *stanza);
void edge_link_send_outcome(struct edge_link *, const struct cw_link_outcome *);
/* To all that are up. */
void edge_links_send_ended(struct edge_links *, struct cw_str local, struct cw_str remote);
/* `json` is no longer than CW_LINK_MAX_ANSWER_BYTES. */
void edge_link_send_answer(struct edge_link *, uint64_t n, bool more, struct cw_str json);

/* --- gateway.c: a link's news; the link is valid until `down` returns -------------------------*/

void edge_gateway_on_up(struct edge_gateway *, struct edge_link *);
void edge_gateway_on_down(struct edge_gateway *, struct edge_link *);
void edge_gateway_on_stanza(struct edge_gateway *, struct edge_link *, uint64_t n,
                            const struct cw_xml *stanza);
void edge_gateway_on_outcome(struct edge_gateway *, struct edge_link *,
                             const struct cw_link_outcome *);

#endif
