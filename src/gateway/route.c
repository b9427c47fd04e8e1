/* Which edge a pair of domains uses; see route.h. */
#include "gateway/route.h"

#include "gateway/gateway_priv.h"

struct route {
    struct gw_edge *edge;
    size_t n_under_way; /* never 0: then the route is forgotten */
};

struct gw_routes {
    struct gateway *gateway;
    struct cw_map by_pair;
};

struct gw_routes *gw_routes_new(struct gateway *gateway)
{
    struct gw_routes *routes = cw_alloc(sizeof *routes);
    routes->gateway = gateway;
    return routes;
}

static void free_route(struct cw_str pair, void *value, void *arg)
{
    (void)pair;
    (void)arg;
    cw_free(value);
}

void gw_routes_free(struct gw_routes **ptr)
{
    struct gw_routes *routes = *ptr;
    *ptr = NULL;
    if (!routes)
        return;
    cw_map_each(&routes->by_pair, free_route, NULL);
    cw_map_free(&routes->by_pair);
    cw_free(routes);
}

struct gw_edge *gw_routes_take(struct gw_routes *routes, struct cw_str pair)
{
    struct route *route = cw_map_get(&routes->by_pair, pair);
    struct gw_edge *edge =
        route && gw_edge_is_up(route->edge) ? route->edge : gw_edge_pick(routes->gateway, pair);
    if (!edge)
        return NULL;
    if (!route) {
        route = cw_alloc(sizeof *route);
        cw_map_set(&routes->by_pair, pair, route);
    }
    route->edge = edge;
    route->n_under_way++;
    return edge;
}

void gw_routes_give(struct gw_routes *routes, struct cw_str pair)
{
    struct route *route = cw_map_get(&routes->by_pair, pair);
    cw_assert(route);
    if (--route->n_under_way == 0)
        cw_free(cw_map_remove(&routes->by_pair, pair));
}
