/* Pairs of domains that have a READY stream, in whatever direction, and what is told to the
 * gateways when the last one ended as streams end when a server dies.
 *
 * One exchange: juliet's server stops.  Its stream to us ends with <system-shutdown/>, a moment
 * later it closes ours without an error: the pair has none left, and of the last ones that ended
 * one said that the server goes.  The gateways hear of it, and ask and tell all anew that they
 * know of juliet and the others.  A stream that ended because nobody used it says nothing of that
 * kind, nor does one that we ended ourselves. */
#include "edge/stream_priv.h"

enum { TOGETHER_MS = 10000 }; /* within which a server's streams end when it goes */

struct edge_ready_pair {
    struct edge_ready_pair *next;
    struct cw_str local, remote, pair; /* in the stream's arena */
};

/* What the edge knows of a pair. */
struct count {
    size_t n; /* never 0 */
    bool was_lost;
    uint64_t lost_ms; /* when one ended badly, and others stayed */
};

void edge_pairs_add(struct edge_stream *s, struct cw_str local, struct cw_str remote)
{
    struct edge *edge = s->edge;
    struct cw_str pair = edge_pair(&s->arena, local, remote);
    for (const struct edge_ready_pair *p = s->ready_pairs; p; p = p->next)
        if (cw_str_eq(p->pair, pair))
            return;
    struct edge_ready_pair *ready = cw_arena_alloc(&s->arena, sizeof *ready);
    ready->local = cw_arena_dup(&s->arena, local);
    ready->remote = cw_arena_dup(&s->arena, remote);
    ready->pair = pair;
    ready->next = s->ready_pairs;
    s->ready_pairs = ready;
    struct count *count = cw_map_get(&edge->ready_pairs, pair);
    if (!count) {
        count = cw_alloc(sizeof *count);
        cw_map_set(&edge->ready_pairs, pair, count);
    }
    count->n++;
}

static void leave(struct edge *edge, const struct edge_ready_pair *ready, bool is_lost)
{
    struct count *count = cw_map_get(&edge->ready_pairs, ready->pair);
    uint64_t now = cw_now_ms();
    cw_assert(count);
    if (--count->n > 0) {
        count->was_lost = count->was_lost || is_lost;
        count->lost_ms = is_lost ? now : count->lost_ms;
        return;
    }
    if (count->was_lost && now - count->lost_ms < TOGETHER_MS)
        is_lost = true;
    cw_free(cw_map_remove(&edge->ready_pairs, ready->pair));
    if (!is_lost || edge->stopping || edge_component_serves(edge, ready->local))
        return;
    CW_LOG(&edge->log, CW_LOG_INFO, "partner-gone", CW_KV("local", ready->local),
           CW_KV("remote", ready->remote));
    edge_gateway_ended(edge->gateway, ready->local, ready->remote);
}

void edge_pairs_leave(struct edge_stream *s, bool is_lost)
{
    for (; s->ready_pairs; s->ready_pairs = s->ready_pairs->next)
        leave(s->edge, s->ready_pairs, is_lost);
}

/* By the machine's last action.  <connection-timeout/> is how some servers end idle streams. */
bool edge_pairs_is_loss(const struct edge_stream *s, const struct cw_s2s_action *close)
{
    if (s->trace.cause != CW_FAIL_NONE)
        return s->trace.cause == CW_FAIL_STUCK;
    if (!close->by_peer)
        return false;
    return close->has_error ? close->stream_error != CW_STREAM_CONNECTION_TIMEOUT
                            : s->trace.is_lost;
}
