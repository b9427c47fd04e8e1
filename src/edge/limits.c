/* Connection limits: streams of one partner, in both directions and over all its domains, and of
 * the whole installation (product settings `connection-limit`, `partner-connection-limit`); and the
 * streams of those who have not said yet who they are; and who may come in at all (door.h). */
#include "edge/stream_priv.h"

enum { ADDRESS_SHARE = 4 }; /* one address may hold a fourth of the streams not authenticated */

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

size_t edge_limits_taken(const struct edge *edge, struct cw_str partner)
{
    const struct partner_count *count = cw_map_get(&edge->streams_by_partner, partner);
    return count ? count->n : 0;
}

void edge_limits_make_room(struct edge *edge, const struct cw_addr *from)
{
    const unsigned limit = edge->config.edge.max_unauthenticated;
    const unsigned share = limit / ADDRESS_SHARE > 0 ? limit / ADDRESS_SHARE : 1;
    struct edge_stream *s, *oldest = NULL, *oldest_from = NULL;
    size_t n_from = 0;
    if (edge->n_unauthenticated < share)
        return;
    TAILQ_FOREACH (s, &edge->streams, link) {
        if (!s->is_unauthenticated || !s->conn)
            continue;
        if (!oldest)
            oldest = s;
        if (cw_addr_eq_ip(cw_conn_peer(s->conn), from) && n_from++ == 0)
            oldest_from = s;
    }
    if (n_from < share && edge->n_unauthenticated < limit)
        return;
    struct cw_arena arena = {0};
    CW_LOG(&edge->log, CW_LOG_WARN, "too-many-unauthenticated",
           CW_KVI("streams", edge->n_unauthenticated), CW_KVI("of-this-address", n_from),
           CW_KV("address", cw_addr_text(&arena, from)));
    cw_arena_free(&arena);
    s = n_from >= share ? oldest_from : oldest;
    edge_stream_no_longer_unauthenticated(s);
    cw_conn_abort(s->conn);
}

/* --- the door ---------------------------------------------------------------------------------*/

static void tell(const struct edge *edge, const char *event, const struct cw_addr *from)
{
    struct cw_arena arena = {0};
    CW_LOG(&edge->log, CW_LOG_WARN, event, CW_KV("address", cw_addr_ip(&arena, from)),
           CW_KVI("streams", edge->n_streams));
    cw_arena_free(&arena);
}

bool edge_limits_let_in(struct edge *edge, const struct cw_addr *from)
{
    enum edge_door_answer answer = edge_door_knock(edge->door, from, cw_now_ms());
    if (answer == EDGE_DOOR_TOO_FAST_FIRST)
        tell(edge, "address-too-fast", from);
    return answer == EDGE_DOOR_OPEN;
}

void edge_limits_note_refusals(struct edge_stream *s)
{
    unsigned n = cw_s2s_n_refused(s->machine);
    if (!s->conn || n == 0)
        return;
    const struct cw_addr *from = cw_conn_peer(s->conn);
    if (s->became_ready) {
        edge_door_forgive(s->edge->door, from, s->n_refused);
        s->n_refused = n;
    }
    for (; s->n_refused < n; s->n_refused++)
        if (edge_door_refused(s->edge->door, from, cw_now_ms()))
            tell(s->edge, "address-banned", from);
}
