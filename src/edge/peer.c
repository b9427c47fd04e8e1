/* The way out to one partner domain for one of ours: stanzas wait here, in order and bounded in
 * number, bytes and time, until a stream that carries the pair is READY and the partner reads; then
 * they are written in the order in which they came.  A pair has one stream at a time, so that the
 * order between two users holds (RFC 6120 section 10.1): one that is there and will do
 * (stream_ways.c), on which the pair is a guest, else one that is dialled for it.
 *
 *     no stream --send--> dialling --ready--> READY --lost--> no stream (dial again when some wait)
 *        ^                   |
 *        +--- failed: all that wait go back with the reason; the next attempt rests a while
 *
 * The rest doubles from one second to two, with jitter, so that a partner that restarts is not
 * met by all at once and never more than once a second, and yet is found soon after it came back. A
 * changed policy ends it, and so does the partner when it opens a stream of its own.
 */
#include "base/secret.h"
#include "edge/edge_priv.h"

enum {
    REST_MIN_MS = 1000,
    REST_MAX_MS = 2000,
    LIVED_MS = 10000,           /* a stream that was READY for so long was no failure */
    SCATTER_MS = 500,           /* after one that was not, partners are not redialled at once */
    WRITE_AHEAD_BYTES = 131072, /* beyond it the partner is slow, and stanzas wait here */
};

struct edge_peer {
    struct edge *edge;
    struct cw_arena arena;
    struct cw_str local, remote, pair;
    struct edge_parcels waiting;
    size_t n_waiting, bytes_waiting;
    struct edge_stream *stream; /* NULL: none */
    bool is_guest;              /* on it, which was there: that it ends says nothing of this pair */
    TAILQ_ENTRY(edge_peer) of_stream;
    uint64_t ready_ms;   /* since when this stream is READY; 0: not yet */
    unsigned rest_ms;    /* the last rest between two attempts; 0: none */
    uint64_t dialled_ms; /* the last attempt */
    uint64_t dial_at_ms; /* not before */
    struct cw_timer *expiry;
    struct cw_timer *rested; /* dials, or forgets a peer that nobody needs */
};

struct cw_str edge_pair(struct cw_arena *arena, struct cw_str local, struct cw_str remote)
{
    return cw_arena_printf(arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
}

void edge_parcel_done(struct edge *edge, struct edge_parcel *parcel, enum cw_link_reason reason,
                      struct cw_str text)
{
    if (parcel->n != 0)
        edge_gateway_outcome(edge->gateway, parcel->n, reason, text);
    else if (reason != CW_LINK_REASON_NONE)
        edge_component_undelivered(edge, parcel->stanza, reason, text);
    cw_arena_free(&parcel->arena);
    cw_free(parcel);
}

/* --- the queue --------------------------------------------------------------------------------*/

static struct edge_parcel *new_parcel(const struct cw_xml *stanza, uint64_t n)
{
    struct edge_parcel *parcel = cw_alloc(sizeof *parcel);
    parcel->stanza = cw_xml_copy(&parcel->arena, stanza);
    parcel->n = n;
    return parcel;
}

static size_t wire_size(const struct cw_xml *stanza)
{
    struct cw_buf b = {0};
    cw_xml_write(&b, stanza, &(struct cw_xml_scope){0});
    size_t n = b.n;
    cw_buf_free(&b);
    return n;
}

static struct edge_parcel *take_first(struct edge_peer *peer)
{
    struct edge_parcel *parcel = TAILQ_FIRST(&peer->waiting);
    if (!parcel)
        return NULL;
    TAILQ_REMOVE(&peer->waiting, parcel, link);
    peer->n_waiting--;
    peer->bytes_waiting -= parcel->bytes;
    peer->edge->counters.waiting--;
    peer->edge->counters.waiting_bytes -= parcel->bytes;
    return parcel;
}

static void refuse_all(struct edge_peer *peer, enum cw_link_reason reason, struct cw_str text)
{
    struct edge_parcel *parcel;
    while ((parcel = take_first(peer)))
        edge_parcel_done(peer->edge, parcel, reason, text);
    cw_timer_stop(peer->expiry);
}

static void drop_if_idle(struct edge_peer *);

static void on_expiry(void *arg)
{
    struct edge_peer *peer = arg;
    struct edge_parcel *first;
    uint64_t now = cw_now_ms();
    while ((first = TAILQ_FIRST(&peer->waiting)) && first->deadline_ms <= now)
        edge_parcel_done(peer->edge, take_first(peer), CW_LINK_REASON_TIMEOUT,
                         CW_S("no stream to the partner came up in time"));
    if (first)
        cw_timer_set(peer->expiry, first->deadline_ms - now);
    else
        drop_if_idle(peer);
}

static void enqueue(struct edge_peer *peer, struct edge_parcel *parcel)
{
    const struct cw_edge_config *config = &peer->edge->config.edge;
    parcel->bytes = wire_size(parcel->stanza);
    if (peer->n_waiting >= config->queue.max_stanzas ||
        peer->bytes_waiting + parcel->bytes > config->queue.max_bytes) {
        edge_parcel_done(peer->edge, parcel, CW_LINK_REASON_QUEUE_FULL,
                         CW_S("too many stanzas wait for this partner already"));
        return;
    }
    uint64_t wait_ms = (uint64_t)config->queue.timeout_s * 1000;
    parcel->deadline_ms = cw_now_ms() + wait_ms;
    TAILQ_INSERT_TAIL(&peer->waiting, parcel, link);
    peer->bytes_waiting += parcel->bytes;
    peer->edge->counters.waiting++;
    peer->edge->counters.waiting_bytes += parcel->bytes;
    if (peer->n_waiting++ == 0)
        cw_timer_set(peer->expiry, wait_ms);
}

/* --- the peer's life --------------------------------------------------------------------------*/

/* A peer without stream, queue and rest is forgotten: strangers' names leave nothing behind. */
static void drop_if_idle(struct edge_peer *peer)
{
    if (peer->stream || peer->n_waiting > 0 || peer->dial_at_ms > cw_now_ms())
        return;
    cw_map_remove(&peer->edge->peers, peer->pair);
    cw_timer_free(&peer->expiry);
    cw_timer_free(&peer->rested);
    cw_arena_free(&peer->arena);
    cw_free(peer);
}

static void join(struct edge_peer *peer, struct edge_stream *stream)
{
    peer->stream = stream;
    peer->is_guest = false;
    peer->ready_ms = 0;
    TAILQ_INSERT_TAIL(edge_stream_peers(stream), peer, of_stream);
}

/* On a stream that is there, if one will do. */
static bool join_some(struct edge_peer *peer)
{
    struct edge_stream *stream = edge_stream_find_way(peer->edge, peer->local, peer->remote);
    if (!stream)
        return false;
    join(peer, stream);
    peer->is_guest = true;
    edge_stream_tell_room(stream);
    return true;
}

static void dial(struct edge_peer *peer)
{
    peer->dialled_ms = cw_now_ms();
    struct edge_stream *stream =
        edge_stream_dial(peer->edge, peer->local, peer->remote, EDGE_FOR_STANZAS);
    if (stream)
        join(peer, stream);
    else
        refuse_all(peer, CW_LINK_REASON_LIMIT, CW_S("the connection limit is reached"));
}

/* Now, or when the rest is over; what is there already needs no rest. */
static void dial_when_due(struct edge_peer *peer)
{
    uint64_t now = cw_now_ms();
    if (join_some(peer))
        return;
    if (peer->dial_at_ms > now)
        cw_timer_set(peer->rested, peer->dial_at_ms - now);
    else
        dial(peer);
}

static void on_rested(void *arg)
{
    struct edge_peer *peer = arg;
    if (!peer->stream && peer->n_waiting > 0 && !join_some(peer))
        dial(peer);
    drop_if_idle(peer);
}

/* No attempt before min_ms have passed, nor in the same moment as everybody else. */
static void rest(struct edge_peer *peer, unsigned min_ms, unsigned jitter_ms)
{
    uint32_t random;
    cw_random(&random, sizeof random);
    unsigned rest_ms = min_ms + random % (jitter_ms + 1);
    peer->dial_at_ms = cw_now_ms() + rest_ms;
    cw_timer_set(peer->rested, rest_ms);
}

static void rest_longer(struct edge_peer *peer)
{
    peer->rest_ms = peer->rest_ms == 0                ? REST_MIN_MS
                    : peer->rest_ms * 2 < REST_MAX_MS ? peer->rest_ms * 2
                                                      : REST_MAX_MS;
    rest(peer, peer->rest_ms, peer->rest_ms / 2);
}

static struct edge_peer *get_peer(struct edge *edge, struct cw_str local, struct cw_str remote)
{
    struct cw_arena arena = {0};
    struct cw_str pair = edge_pair(&arena, local, remote);
    struct edge_peer *peer = cw_map_get(&edge->peers, pair);
    if (!peer) {
        peer = cw_alloc(sizeof *peer);
        peer->edge = edge;
        peer->local = cw_arena_dup(&peer->arena, local);
        peer->remote = cw_arena_dup(&peer->arena, remote);
        peer->pair = cw_arena_dup(&peer->arena, pair);
        peer->expiry = cw_timer_new(edge->base, on_expiry, peer);
        peer->rested = cw_timer_new(edge->base, on_rested, peer);
        TAILQ_INIT(&peer->waiting);
        cw_map_set(&edge->peers, pair, peer);
    }
    cw_arena_free(&arena);
    return peer;
}

static bool may_write(const struct edge_peer *peer)
{
    return peer->stream && edge_stream_is_at_rest(peer->stream) &&
           edge_stream_may_send(peer->stream, peer->local, peer->remote) &&
           edge_stream_queued(peer->stream) < WRITE_AHEAD_BYTES;
}

static bool has_farewell_stream(const struct edge_peer *peer)
{
    return peer->stream && edge_stream_may_send_error(peer->stream, peer->local, peer->remote) &&
           !cw_policy_partner(peer->edge->policy, peer->remote);
}

/* To somebody who is no partner any more an error may still go, while our stream to him is up. */
static bool send_farewell(struct edge *edge, struct cw_str local, struct cw_str remote,
                          struct edge_parcel *parcel)
{
    struct cw_arena arena = {0};
    struct edge_peer *peer = cw_map_get(&edge->peers, edge_pair(&arena, local, remote));
    bool is_error = cw_str_eq_cstr(cw_xml_attr(parcel->stanza, "type"), "error");
    cw_arena_free(&arena);
    if (!is_error || !peer || !has_farewell_stream(peer))
        return false;
    if (edge_stream_is_at_rest(peer->stream)) {
        edge_stream_send(peer->stream, peer->local, peer->remote, parcel);
    } else { /* what he sent came on this very stream */
        enqueue(peer, parcel);
        edge_stream_tell_room(peer->stream);
    }
    return true;
}

void edge_peer_send(struct edge *edge, struct cw_str local, struct cw_str remote,
                    const struct cw_xml *stanza, uint64_t n)
{
    struct edge_parcel *parcel = new_parcel(stanza, n);
    if (!cw_policy_partner(edge->policy, remote) || !cw_policy_is_local(edge->policy, local)) {
        if (n == 0 && send_farewell(edge, local, remote, parcel))
            return;
        edge_parcel_done(edge, parcel, CW_LINK_REASON_NOT_LISTED,
                         CW_S("the domain is no enabled partner"));
        return;
    }
    struct edge_peer *peer = get_peer(edge, local, remote);
    if (peer->n_waiting == 0 && may_write(peer)) {
        edge_stream_send(peer->stream, peer->local, peer->remote, parcel);
        return;
    }
    enqueue(peer, parcel);
    if (!peer->stream && peer->n_waiting > 0)
        dial_when_due(peer);
    else if (peer->stream && !edge_stream_is_at_rest(peer->stream))
        edge_stream_tell_room(peer->stream);
    drop_if_idle(peer);
}

struct edge_stream *edge_peer_stream(struct edge *edge, struct cw_str local, struct cw_str remote)
{
    struct cw_arena arena = {0};
    struct edge_peer *peer = cw_map_get(&edge->peers, edge_pair(&arena, local, remote));
    cw_arena_free(&arena);
    return peer && peer->stream && edge_stream_is_ours(peer->stream) ? peer->stream : NULL;
}

/* The first that has something to write and may; its stream is new to it, perhaps. */
static struct edge_peer *next_to_write(struct edge_peers *peers)
{
    struct edge_peer *peer;
    TAILQ_FOREACH (peer, peers, of_stream) {
        if (!may_write(peer) &&
            !(has_farewell_stream(peer) && edge_stream_is_at_rest(peer->stream)))
            continue;
        if (peer->ready_ms == 0)
            peer->ready_ms = cw_now_ms();
        if (peer->n_waiting > 0)
            return peer;
    }
    return NULL;
}

/* Writing may break the stream, which empties the list: it is looked at anew each time. */
void edge_peers_have_room(struct edge_peers *peers)
{
    struct edge_peer *peer;
    while ((peer = next_to_write(peers))) {
        struct edge_parcel *parcel = take_first(peer);
        if (peer->n_waiting == 0)
            cw_timer_stop(peer->expiry);
        edge_stream_send(peer->stream, peer->local, peer->remote, parcel);
    }
}

static void lost(struct edge_peer *peer, enum cw_link_reason reason, struct cw_str text)
{
    bool was_ready = peer->ready_ms != 0;
    if (was_ready ? cw_now_ms() - peer->ready_ms >= LIVED_MS : peer->is_guest) {
        peer->rest_ms = 0;
        rest(peer, 0, SCATTER_MS);
    } else {
        rest_longer(peer);
    }
    if (!was_ready && !peer->is_guest)
        refuse_all(peer, reason, text);
    else if (peer->n_waiting > 0 && !peer->edge->stopping)
        dial_when_due(peer);
    drop_if_idle(peer);
}

void edge_peers_lost(struct edge_peers *peers, enum cw_link_reason reason, struct cw_str text)
{
    struct edge_peer *peer;
    struct edge_peers gone = TAILQ_HEAD_INITIALIZER(gone);
    /* All leave before one dials anew. */
    TAILQ_CONCAT(&gone, peers, of_stream);
    TAILQ_FOREACH (peer, &gone, of_stream)
        peer->stream = NULL;
    while ((peer = TAILQ_FIRST(&gone))) {
        TAILQ_REMOVE(&gone, peer, of_stream);
        lost(peer, reason, text);
    }
}

void edge_peers_pair_lost(struct edge_peers *peers, struct cw_str local, struct cw_str remote,
                          enum cw_link_reason reason, struct cw_str text)
{
    struct edge_peer *peer;
    TAILQ_FOREACH (peer, peers, of_stream)
        if (cw_str_eq(peer->local, local) && cw_str_eq(peer->remote, remote))
            break;
    if (!peer)
        return;
    TAILQ_REMOVE(peers, peer, of_stream);
    peer->stream = NULL;
    peer->is_guest = false;
    lost(peer, reason, text);
}

void edge_peer_has_way_back(struct edge *edge, struct cw_str local, struct cw_str remote)
{
    struct cw_arena arena = {0};
    struct edge_peer *peer = cw_map_get(&edge->peers, edge_pair(&arena, local, remote));
    cw_arena_free(&arena);
    if (peer && !peer->stream && peer->n_waiting > 0)
        (void)join_some(peer);
}

void edge_peer_is_back(struct edge *edge, struct cw_str local, struct cw_str remote)
{
    struct cw_arena arena = {0};
    struct edge_peer *peer = cw_map_get(&edge->peers, edge_pair(&arena, local, remote));
    cw_arena_free(&arena);
    if (!peer || peer->stream || peer->dial_at_ms == 0)
        return;
    uint64_t now = cw_now_ms(), earliest = peer->dialled_ms + REST_MIN_MS;
    peer->rest_ms = 0;
    if (earliest < peer->dial_at_ms) {
        peer->dial_at_ms = earliest;
        cw_timer_set(peer->rested, earliest > now ? earliest - now : 0);
    }
}

struct edge_waiting edge_peers_waiting(const struct edge_peers *peers)
{
    struct edge_waiting waiting = {0};
    const struct edge_peer *peer;
    TAILQ_FOREACH (peer, peers, of_stream) {
        waiting.n += peer->n_waiting;
        waiting.bytes += peer->bytes_waiting;
    }
    return waiting;
}

/* --- all of them ------------------------------------------------------------------------------*/

/* What failed under the old policy may work under the new one: nobody rests any longer. */
static void apply_policy(struct cw_str pair, void *value, void *arg)
{
    struct edge_peer *peer = value;
    struct edge *edge = arg;
    (void)pair;
    if (!cw_policy_partner(edge->policy, peer->remote))
        refuse_all(peer, CW_LINK_REASON_NOT_LISTED, CW_S("the domain is no partner any more"));
    peer->rest_ms = 0;
    peer->dial_at_ms = 0;
    if (!peer->stream)
        cw_timer_set(peer->rested, 0);
}

void edge_peers_apply_policy(struct edge *edge)
{
    cw_map_each(&edge->peers, apply_policy, edge);
}

static void refuse_on_shutdown(struct cw_str pair, void *value, void *arg)
{
    (void)pair;
    (void)arg;
    refuse_all(value, CW_LINK_REASON_SHUTDOWN, CW_S("this server is going down"));
}

void edge_peers_shutdown(struct edge *edge)
{
    cw_map_each(&edge->peers, refuse_on_shutdown, NULL);
}

static void free_peer(struct cw_str pair, void *value, void *arg)
{
    struct edge_peer *peer = value;
    (void)pair;
    (void)arg;
    refuse_all(peer, CW_LINK_REASON_SHUTDOWN, CW_STR_NONE);
    cw_timer_free(&peer->expiry);
    cw_timer_free(&peer->rested);
    cw_arena_free(&peer->arena);
    cw_free(peer);
}

void edge_peers_free(struct edge *edge)
{
    cw_map_each(&edge->peers, free_peer, NULL);
    cw_map_free(&edge->peers);
}
