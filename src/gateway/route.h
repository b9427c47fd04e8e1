/* Which edge a pair of domains uses.  gw_edge_pick says; but while stanzas of the pair are under
 * way at one edge, those that follow go there too, also when another one has come up meanwhile:
 * else they could overtake. */
#ifndef CW_GATEWAY_ROUTE_H
#define CW_GATEWAY_ROUTE_H

#include "base/str.h"

struct gateway;
struct gw_edge;
struct gw_routes;

struct gw_routes *gw_routes_new(struct gateway *);
void gw_routes_free(struct gw_routes **);
/* The edge for one more stanza of "local partner"; NULL when none is up, and nothing is counted. */
struct gw_edge *gw_routes_take(struct gw_routes *, struct cw_str pair);
/* One of them has its outcome. */
void gw_routes_give(struct gw_routes *, struct cw_str pair);

#endif
