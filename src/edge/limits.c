/* Connection limits: streams of one partner, in both directions and over all its domains, and of
 * the whole installation (product settings `connection-limit`, `partner-connection-limit`); and the
 * streams of those who have not said yet who they are (strangers.h); and who may come in at all
 * (door.h). */
#include <time.h>

#include "edge/stream_priv.h"

struct partner_count {
    size_t n;
};

static bool is_over(struct edge *edge)
{
    edge->counters.over_limit++;
    return false;
}

bool edge_limits_take(struct edge *edge, struct cw_str remote, struct cw_arena *arena,
                      struct cw_str *counted_as)
{
    const struct cw_partner *partner = cw_policy_partner(edge->policy, remote);
    if (!partner)
        return false;
    if (edge->n_streams >= edge->policy->settings.connection_limit)
        return is_over(edge);
    struct partner_count *count = cw_map_get(&edge->streams_by_partner, partner->domain);
    if (!count) {
        count = cw_alloc(sizeof *count);
        cw_map_set(&edge->streams_by_partner, partner->domain, count);
    }
    if (count->n >= cw_policy_connection_limit(edge->policy, partner))
        return is_over(edge);
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

/* --- strangers --------------------------------------------------------------------------------*/

void edge_limits_add_stranger(struct edge_stream *s, const struct cw_addr *from)
{
    s->stranger.owner = s;
    edge_strangers_add(s->edge->strangers, &s->stranger, from);
}

void edge_limits_no_stranger(struct edge_stream *s)
{
    edge_strangers_remove(s->edge->strangers, &s->stranger);
}

/* Once in a window: a line for each of a flood would be one more way to be flooded. */
static void tell_crowded(struct edge *edge, const struct cw_addr *from)
{
    uint64_t now_ms = cw_now_ms();
    edge->n_ended++;
    edge->counters.crowded++;
    if (edge->crowded_ms != 0 && now_ms - edge->crowded_ms < EDGE_DOOR_WINDOW_MS)
        return;
    struct cw_arena arena = {0};
    CW_LOG(&edge->log, CW_LOG_WARN, "too-many-unauthenticated",
           CW_KVI("streams", edge_strangers_count(edge->strangers)),
           CW_KVI("of-this-address", edge_strangers_from(edge->strangers, from)),
           CW_KV("address", cw_addr_text(&arena, from)), CW_KVI("ended", edge->n_ended));
    cw_arena_free(&arena);
    edge->crowded_ms = now_ms;
    edge->n_ended = 0;
}

void edge_limits_make_room(struct edge *edge, const struct cw_addr *from)
{
    struct edge_stranger *one = edge_strangers_in_the_way(edge->strangers, from);
    if (!one)
        return;
    tell_crowded(edge, from);
    struct edge_stream *s = one->owner;
    edge_limits_no_stranger(s);
    cw_conn_abort(s->conn);
}

/* --- the door ---------------------------------------------------------------------------------*/

static void tell_too_fast(const struct edge *edge, const char *what, const struct cw_addr *from)
{
    struct cw_arena arena = {0};
    CW_LOG(&edge->log, CW_LOG_WARN, "address-too-fast", CW_KV("address", cw_addr_ip(&arena, from)),
           CW_KVC("what", what), CW_KVI("streams", edge->n_streams));
    cw_arena_free(&arena);
}

bool edge_limits_let_in(struct edge *edge, const struct cw_addr *from)
{
    enum edge_door_answer answer = edge_door_knock(edge->door, from, cw_now_ms());
    if (answer == EDGE_DOOR_TOO_FAST_FIRST)
        tell_too_fast(edge, "connections", from);
    return edge_counters_door(&edge->counters, answer, &edge->counters.too_fast);
}

bool edge_limits_let_shake(struct edge *edge, const struct cw_addr *from)
{
    enum edge_door_answer answer = edge_door_shake(edge->door, from, cw_now_ms());
    if (answer == EDGE_DOOR_TOO_FAST_FIRST)
        tell_too_fast(edge, "handshakes", from);
    return edge_counters_door(&edge->counters, answer, &edge->counters.too_many_handshakes);
}

bool edge_limits_may_shake(const struct edge_stream *s)
{
    return !s->stranger.home || cw_conn_is_tls(s->conn) ||
           edge_door_may_shake(s->edge->door, cw_conn_peer(s->conn), cw_now_ms());
}

/* The time of day in so many ms, as RFC 3339 writes it. */
static struct cw_str time_in(struct cw_arena *arena, uint64_t ms)
{
    time_t at = time(NULL) + (time_t)(ms / 1000);
    char text[sizeof "9999-12-31T23:59:59Z"];
    struct tm utc;
    gmtime_r(&at, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return cw_arena_dup(arena, cw_str_of(text));
}

static void tell_banned(const struct edge *edge, const struct cw_addr *from)
{
    struct cw_arena arena = {0};
    uint64_t ban_ms = (uint64_t)edge->config.edge.ban_s * 1000;
    CW_LOG(&edge->log, CW_LOG_WARN, "address-banned", CW_KV("address", cw_addr_ip(&arena, from)),
           CW_KV("until", time_in(&arena, ban_ms)), CW_KVI("streams", edge->n_streams));
    cw_arena_free(&arena);
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
            tell_banned(s->edge, from);
}
