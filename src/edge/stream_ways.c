/* Streams that can carry a pair's stanzas although they were not made for it:
 *
 *     the partner's own stream to us, where it agreed that stanzas go both ways (XEP-0288);
 *     a stream of ours to the same domain, for another of our domains, on which this pair can be
 *     proven too (XEP-0220 section 2.6).
 *
 * Both are found by name, never by walking over streams. */
#include "edge/stream_priv.h"

struct edge_way {
    struct edge_way *next;
    struct cw_str pair; /* in the stream's arena */
};

void edge_stream_add_way(struct edge_stream *s, struct cw_str local, struct cw_str remote)
{
    struct edge *edge = s->edge;
    if (s->direction == CW_OUTBOUND) {
        if (!s->is_verifier && !s->apart_policy)
            cw_map_set(&edge->outbound, s->remote, s);
        return;
    }
    if (!cw_s2s_is_bidi(s->machine))
        return;
    struct edge_way *way = cw_arena_alloc(&s->arena, sizeof *way);
    way->pair = edge_pair(&s->arena, local, remote);
    way->next = s->ways;
    s->ways = way;
    cw_map_set(&edge->ways_back, way->pair, s);
    edge_peer_has_way_back(edge, local, remote);
}

static void forget(struct cw_map *map, struct cw_str key, const struct edge_stream *s)
{
    if (cw_map_get(map, key) == s)
        cw_map_remove(map, key);
}

void edge_stream_remove_ways(struct edge_stream *s)
{
    struct edge *edge = s->edge;
    if (s->direction == CW_OUTBOUND)
        forget(&edge->outbound, s->remote, s);
    for (; s->ways; s->ways = s->ways->next)
        forget(&edge->ways_back, s->ways->pair, s);
}

static bool may_add(struct edge_stream *s, struct cw_str local, struct cw_str remote)
{
    return s && !s->over && !s->is_stepping && s->part_at_ms == 0 && !s->refused_pair &&
           cw_s2s_may_add_pair(s->machine, local, remote);
}

/* Towards a partner its TLSA records decide before chains, names and web servers do; which of them
 * count for a client nobody knows.  Where that would be passed by, we go and look. */
static bool passes_dane_by(const struct edge_stream *s, struct cw_str remote)
{
    const struct edge *edge = s->edge;
    const struct cw_partner *partner = cw_policy_partner(edge->policy, remote);
    if (!partner || !edge->policy->settings.dane || !cw_resolver_validates(edge->resolver))
        return false;
    struct cw_nego_row row = cw_nego_row(&partner->rules);
    bool is_all = row.n_methods == 1 && row.methods[0] == CW_METHOD_SASL_EXTERNAL;
    return is_all && (s->proof == CW_PROOF_PKIX || s->proof == CW_PROOF_DELEGATION ||
                      s->proof == CW_PROOF_POSH);
}

struct edge_stream *edge_stream_find_way(struct edge *edge, struct cw_str local,
                                         struct cw_str remote)
{
    struct cw_arena arena = {0};
    struct edge_stream *s = cw_map_get(&edge->ways_back, edge_pair(&arena, local, remote));
    cw_arena_free(&arena);
    if (s && edge_stream_may_send(s, local, remote) && !passes_dane_by(s, remote))
        return s;
    s = cw_map_get(&edge->outbound, remote);
    if (!may_add(s, local, remote))
        return NULL;
    edge_stream_step(
        s, &(struct cw_s2s_event){.kind = CW_S2S_ADD_PAIR, .local = local, .remote = remote});
    return s->over ? NULL : s;
}

void edge_stream_pair_failed(struct edge_stream *s, const struct cw_s2s_action *action)
{
    if (!cw_s2s_is_ready(s->machine, s->local, s->remote))
        return; /* all of it ends, and so its peers will hear */
    s->refused_pair = true;
    edge_peers_pair_lost(&s->peers, action->local, action->remote, CW_LINK_REASON_REFUSED,
                         action->text);
}

bool edge_stream_may_send(const struct edge_stream *s, struct cw_str local, struct cw_str remote)
{
    return !s->over && s->part_at_ms == 0 && cw_s2s_may_send(s->machine, local, remote);
}

bool edge_stream_may_send_error(const struct edge_stream *s, struct cw_str local,
                                struct cw_str remote)
{
    return !s->over && cw_s2s_may_send(s->machine, local, remote);
}

void edge_stream_tell_room(struct edge_stream *s)
{
    if (s->is_stepping)
        s->has_news = true;
    else if (!s->over)
        edge_peers_have_room(&s->peers);
}
