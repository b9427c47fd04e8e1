/* Connection limits: streams of one partner, in both directions and over all its domains, and of
 * the whole installation (product settings `connection-limit`, `partner-connection-limit`). */
#include "edge/edge_priv.h"

struct partner_count {
    size_t n;
};

bool edge_limits_take(struct edge *edge, struct cw_str remote, struct cw_arena *arena,
                      struct cw_str *counted_as)
{
    const struct cw_partner *partner = cw_policy_partner(edge->policy, remote);
    if (!partner || edge->n_streams >= edge->policy->settings.connection_limit)
        return false;
    struct partner_count *count = cw_map_get(&edge->streams_by_partner, partner->domain);
    if (!count) {
        count = cw_alloc(sizeof *count);
        cw_map_set(&edge->streams_by_partner, partner->domain, count);
    }
    if (count->n >= cw_policy_connection_limit(edge->policy, partner))
        return false;
    count->n++;
    edge->n_streams++;
    *counted_as = cw_arena_dup(arena, partner->domain);
    return true;
}

void edge_limits_give(struct edge *edge, struct cw_str counted_as)
{
    struct partner_count *count = cw_map_get(&edge->streams_by_partner, counted_as);
    if (!count)
        return;
    edge->n_streams--;
    if (--count->n == 0)
        cw_free(cw_map_remove(&edge->streams_by_partner, counted_as));
}
