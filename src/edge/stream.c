/* One S2S stream: the connection on one side, the machine (s2s/stream.h) on the other.  Bytes,
 * handshakes and time go in as events; what the machine asks for is done here.
 *
 * A step's actions are read to the end before anything happens that could step the same machine
 * again: news for the peer and the close of the connection wait in the struct until then. */
#include "base/secret.h"
#include "edge/identity.h"
#include "edge/stream_priv.h"

enum {
    CLOSE_DEADLINE_MS = 5000,
    SLOW_GRACE_MS = 250,    /* a stream that rested is read from again by then */
    LOOK_AGAIN_MS = 50,     /* at the older stream that another one waits for */
    BUSY_MS = 5,            /* for a gateway that has not taken what came; again and again, */
    MAX_BUSY_MS = 1000,     /* but no longer: behind presence there may be messages */
    MAX_WAIT_MS = 30 * 1000 /* for it: a partner may also use two streams at once */
};

/* --- limits and registers ---------------------------------------------------------------------*/

/* Inbound: the stream id changes with each restart; the index follows. */
static void index_by_id(struct edge_stream *s)
{
    struct cw_str id = cw_s2s_stream_id(s->machine);
    if (s->direction != CW_INBOUND || !cw_str_is_present(id) || cw_str_eq(id, s->indexed_id))
        return;
    if (cw_str_is_present(s->indexed_id))
        cw_map_remove(&s->edge->streams_by_id, s->indexed_id);
    s->indexed_id = cw_arena_dup(&s->arena, id);
    cw_map_set(&s->edge->streams_by_id, s->indexed_id, s);
}

static void free_stream(struct edge_stream *s)
{
    struct edge *edge = s->edge;
    if (cw_str_is_present(s->indexed_id))
        cw_map_remove(&edge->streams_by_id, s->indexed_id);
    if (s->is_verifier) {
        struct cw_str pair = edge_pair(&s->arena, s->local, s->remote);
        if (cw_map_get(&edge->verifiers, pair) == s)
            cw_map_remove(&edge->verifiers, pair);
    }
    edge_stream_remove_ways(s);
    edge_pairs_leave(s, false);
    if (s->owner)
        *s->owner = NULL;
    if (s->apart_policy)
        cw_policy_unref(&s->apart_policy);
    edge_limits_no_stranger(s);
    if (cw_str_is_present(s->counted_as))
        edge_limits_give(edge, s->counted_as);
    TAILQ_REMOVE(&edge->streams, s, link);
    if (edge->stopping && TAILQ_EMPTY(&edge->streams))
        cw_timer_set(edge->leave_timer, 0);
    edge_dial_cancel(&s->dial);
    edge_trace_end(s);
    cw_timer_free(&s->timer);
    cw_timer_free(&s->pause);
    cw_timer_free(&s->stuck);
    cw_conn_free(&s->conn);
    cw_s2s_free(&s->machine);
    cw_arena_free(&s->arena);
    cw_free(s);
}

/* --- back-pressure, both ways -----------------------------------------------------------------*/

static void on_rested(void *stream);

static void rest(struct edge_stream *s, uint64_t for_ms)
{
    if (!s->pause)
        s->pause = cw_timer_new(s->edge->base, on_rested, s);
    cw_conn_pause(s->conn);
    cw_timer_set(s->pause, for_ms);
    s->slow_until_ms = cw_now_ms() + for_ms + SLOW_GRACE_MS;
}

/* A burst of presence is read as fast as the gateway takes it. */
static bool wait_for_gateway(struct edge_stream *s)
{
    uint64_t now_ms = cw_now_ms();
    bool is_busy =
        s->n_stanzas_in > 0 && edge_gateway_is_busy(s->edge->gateway, edge_stream_remote(s));
    if (is_busy && s->busy_since_ms == 0)
        s->busy_since_ms = now_ms;
    if (!is_busy || !s->conn || s->over || now_ms - s->busy_since_ms >= MAX_BUSY_MS) {
        s->busy_since_ms = 0;
        return false;
    }
    rest(s, BUSY_MS);
    return true;
}

/* A partner above the stanza rate is not read from for a while: TCP slows it down. */
static void rest_if_in_debt(struct edge_stream *s)
{
    uint64_t debt_ms = edge_rate_debt_ms(&s->rate);
    if (!s->conn || s->over || cw_timer_is_set(s->pause))
        return;
    if (debt_ms > 0)
        rest(s, debt_ms);
    else
        (void)wait_for_gateway(s);
}

/* Is there an older stream of this partner with something in it that we have not read? */
static bool has_slow_elder(const struct edge_stream *s)
{
    const struct edge_stream *elder;
    uint64_t now_ms = cw_now_ms();
    for (elder = TAILQ_FIRST(&s->edge->streams); elder != s; elder = TAILQ_NEXT(elder, link))
        if (elder->slow_until_ms > now_ms && !elder->over &&
            cw_str_eq(cw_s2s_remote(elder->machine), cw_s2s_remote(s->machine)))
            return true;
    return false;
}

/* A partner that was slowed down, closed its stream and opened this one must not overtake itself:
 * this one is read from when the other has been read to its end. */
static bool wait_for_elder(struct edge_stream *s)
{
    if (!s->conn || s->over || cw_now_ms() >= s->wait_until_ms || !has_slow_elder(s))
        return false;
    rest(s, LOOK_AGAIN_MS);
    return true;
}

static void on_rested(void *arg)
{
    struct edge_stream *s = arg;
    if (s->conn && !wait_for_elder(s) && !wait_for_gateway(s))
        cw_conn_resume(s->conn);
}

/* A partner that does not read what we write is given up; what was written comes back. */
static void on_stuck(void *arg)
{
    struct edge_stream *s = arg;
    CW_LOG(&s->log, CW_LOG_WARN, "stream-stuck", CW_KV("remote", s->remote),
           CW_KVI("queued", s->conn ? cw_conn_queued(s->conn) : 0));
    s->trace.cause = CW_FAIL_STUCK;
    if (s->conn)
        cw_conn_abort(s->conn);
}

static void watch_written(struct edge_stream *s)
{
    if (TAILQ_EMPTY(&s->written)) {
        cw_timer_stop(s->stuck);
        return;
    }
    if (!s->stuck)
        s->stuck = cw_timer_new(s->edge->base, on_stuck, s);
    cw_timer_set(s->stuck, (uint64_t)s->edge->config.edge.queue.timeout_s * 1000);
}

/* --- what the machine asks for ----------------------------------------------------------------*/

struct cw_tls_start edge_stream_tls(const struct edge *edge, struct cw_str local,
                                    struct cw_str remote, bool is_direct)
{
    bool is_server = !cw_str_is_present(remote), knows_name = cw_str_is_present(local);
    return (struct cw_tls_start){.ctx = edge_certificates_for(edge->certificates, local),
                                 .is_server = is_server,
                                 .sni = remote,
                                 .alpn = is_direct ? "xmpp-server" : NULL,
                                 .pick = is_server && !knows_name ? edge_certificates_pick : NULL,
                                 .pick_arg = edge->certificates,
                                 .refuses_unknown = is_direct};
}

static void start_tls(struct edge_stream *s)
{
    struct cw_str local = s->direction == CW_INBOUND ? cw_s2s_claimed_to(s->machine) : s->local;
    struct cw_tls_start start = edge_stream_tls(s->edge, local, s->remote, false);
    cw_conn_start_tls(s->conn, &start);
}

static void on_ready(struct edge_stream *s, const struct cw_s2s_action *action)
{
    CW_LOG(&s->log, CW_LOG_INFO, "stream-ready",
           CW_KVC("direction", s->direction == CW_INBOUND ? "inbound" : "outbound"),
           CW_KV("local", action->local), CW_KV("remote", action->remote),
           CW_KVC("method", cw_method_name(action->method)));
    edge_limits_no_stranger(s);
    if (s->direction == CW_INBOUND) {
        edge_peer_is_back(s->edge, action->local, action->remote);
        s->wait_until_ms = cw_now_ms() + MAX_WAIT_MS;
        (void)wait_for_elder(s);
    }
    if (s->direction == CW_INBOUND && !cw_str_is_present(s->counted_as) &&
        !edge_limits_take(s->edge, action->remote, &s->arena, &s->counted_as)) {
        s->failed = true;
        s->fail_reason = CW_LINK_REASON_LIMIT;
        s->fail_text = CW_S("the connection limit is reached");
        s->trace.cause = CW_FAIL_TOO_MANY_STREAMS;
    }
    if (!s->failed) {
        edge_stream_add_way(s, action->local, action->remote);
        if (!s->is_verifier && !s->apart_policy)
            edge_pairs_add(s, action->local, action->remote);
    }
    if (s->ready_ms == 0 && !s->failed)
        s->edge->counters.ready[s->direction]++;
    if (s->ready_ms == 0)
        s->ready_ms = cw_now_ms();
    s->became_ready = true;
}

static void on_failed(struct edge_stream *s, const struct cw_s2s_action *action)
{
    if (s->failed)
        return;
    if (!cw_str_eq(action->local, s->local) || !cw_str_eq(action->remote, s->remote)) {
        edge_stream_pair_failed(s, action);
        return;
    }
    s->failed = true;
    s->fail_reason = CW_LINK_REASON_REFUSED;
    if (action->has_error && action->stream_error == CW_STREAM_CONNECTION_TIMEOUT)
        s->fail_reason = CW_LINK_REASON_TIMEOUT;
    s->fail_text = edge_trace_sentence(s, action);
}

static void on_close(struct edge_stream *s, const struct cw_s2s_action *action)
{
    CW_LOG(&s->log, CW_LOG_INFO, "stream-closed",
           CW_KVC("direction", s->direction == CW_INBOUND ? "inbound" : "outbound"),
           CW_KV("remote", s->direction == CW_INBOUND ? cw_s2s_remote(s->machine) : s->remote),
           CW_KVC("error", action->has_error ? cw_stream_error_name(action->stream_error) : "none"),
           CW_KV("reason", action->text));
    if (!s->failed)
        s->fail_text = edge_trace_sentence(s, action);
    edge_pairs_leave(s, edge_pairs_is_loss(s, action));
    s->over = true;
    s->peer_gave_up = action->has_error && s->is_reading;
    if (s->conn)
        cw_conn_close(s->conn, CLOSE_DEADLINE_MS);
}

static void do_action(struct edge_stream *s, const struct cw_s2s_action *action)
{
    if (action->kind != CW_S2S_DO_READY)
        edge_trace_action(s, action);
    switch (action->kind) {
    case CW_S2S_DO_SEND:
        s->said_ms = cw_now_ms();
        s->edge->counters.bytes[CW_OUTBOUND] += action->bytes.n;
        if (s->conn)
            cw_conn_write(s->conn, action->bytes);
        break;
    case CW_S2S_DO_START_TLS:
        if (s->direction == CW_INBOUND) /* counted; the machine knew that it may */
            (void)edge_limits_let_shake(s->edge, cw_conn_peer(s->conn));
        start_tls(s);
        break;
    case CW_S2S_DO_PROVE:
        edge_stream_prove(s, action->remote);
        break;
    case CW_S2S_DO_ASK_AUTHORITY:
        edge_verify_ask(s->edge, &action->dialback);
        break;
    case CW_S2S_DO_VERIFY_ANSWER:
        if (s->n_verifies > 0)
            s->n_verifies--;
        edge_verify_answered(s->edge, &action->dialback);
        break;
    case CW_S2S_DO_READY:
        on_ready(s, action);
        if (!s->failed) /* one above the limit was never ready */
            edge_trace_action(s, action);
        break;
    case CW_S2S_DO_STANZA:
        s->n_stanzas_in++;
        s->edge->counters.stanzas[CW_INBOUND]++;
        edge_rate_spend(&s->rate, cw_now_ms(), s->edge->policy->settings.stanza_rate,
                        s->edge->policy->settings.stanza_burst);
        if (action->is_refused || s->part_at_ms != 0)
            edge_bounce(s->edge, action->stanza, CW_STANZA_POLICY_VIOLATION,
                        CW_S("the settings for this partner have changed"));
        else
            edge_route(s->edge, action->local, action->remote, action->stanza);
        break;
    case CW_S2S_DO_FAILED:
        on_failed(s, action);
        break;
    case CW_S2S_DO_CLOSE:
        on_close(s, action);
        break;
    case CW_S2S_DO_NOTE:
        CW_LOG(&s->log, CW_LOG_DEBUG, "stream-note", CW_KV("note", action->bytes),
               CW_KV("text", action->text));
        break;
    }
}

/* The machine is at rest: now others may hear of it and step it again. */
static void after_step(struct edge_stream *s)
{
    if (s->failed && !s->over && !s->close_asked) {
        struct cw_s2s_event event = {.kind = CW_S2S_CLOSE,
                                     .has_error = s->fail_reason == CW_LINK_REASON_LIMIT,
                                     .stream_error = CW_STREAM_RESOURCE_CONSTRAINT,
                                     .text = s->fail_text};
        s->became_ready = false;
        s->close_asked = true;
        edge_stream_step(s, &event);
        return;
    }
    if (s->over && !TAILQ_EMPTY(&s->peers)) {
        edge_peers_lost(&s->peers, s->failed ? s->fail_reason : CW_LINK_REASON_STREAM_FAILED,
                        s->fail_text);
        return;
    }
    if ((s->became_ready || s->has_news) && !s->over) {
        s->became_ready = s->has_news = false;
        edge_peers_have_room(&s->peers);
        return;
    }
    if (s->is_verifier && s->n_verifies == 0 && !s->over && !s->close_asked) {
        struct cw_s2s_event event = {.kind = CW_S2S_CLOSE,
                                     .text = CW_S("nothing more to verify on this stream")};
        s->close_asked = true;
        edge_trace_not_needed(s);
        edge_stream_step(s, &event);
    }
}

static void set_timer(struct edge_stream *s, uint64_t now_ms)
{
    uint64_t due = cw_s2s_deadline_ms(s->machine);
    if (due == 0 || s->over)
        cw_timer_stop(s->timer);
    else
        cw_timer_set(s->timer, due > now_ms ? due - now_ms : 0);
}

void edge_stream_step(struct edge_stream *s, struct cw_s2s_event *event)
{
    struct cw_s2s_actions actions;
    event->now_ms = cw_now_ms();
    s->is_stepping = true;
    cw_s2s_step(s->machine, event, &actions);
    for (size_t i = 0; i < actions.n; i++)
        do_action(s, &actions.items[i]);
    s->is_stepping = false;
    index_by_id(s);
    edge_limits_note_refusals(s);
    set_timer(s, event->now_ms);
    after_step(s);
}

/* --- the connection's news --------------------------------------------------------------------*/

static void on_data(void *arg, struct cw_str bytes)
{
    struct edge_stream *s = arg;
    s->heard_ms = cw_now_ms();
    s->edge->counters.bytes[CW_INBOUND] += bytes.n;
    edge_trace_bytes(s, bytes);
    s->is_reading = true;
    edge_stream_step(s, &(struct cw_s2s_event){.kind = CW_S2S_BYTES,
                                               .bytes = bytes,
                                               .no_handshake = !edge_limits_may_shake(s)});
    s->is_reading = false;
    rest_if_in_debt(s);
}

/* An inbound connection with direct TLS is up only now. */
static void on_tls_up(void *arg, const struct cw_tls_facts *facts)
{
    struct edge_stream *s = arg;
    s->tls = facts;
    s->edge->counters.handshakes[s->direction]++;
    edge_trace_tls_up(s);
    edge_stream_step(
        s, &(struct cw_s2s_event){.kind = s->is_direct_tls ? CW_S2S_OPENED : CW_S2S_TLS_UP,
                                  .cert = &facts->cert,
                                  .tls_version = facts->version,
                                  .tls_cipher = facts->cipher});
}

static void on_tls_failed(void *arg, struct cw_str sentence)
{
    struct edge_stream *s = arg;
    s->edge->counters.failed_handshakes[s->direction]++;
    edge_trace_tls_failed(arg, sentence);
    edge_stream_step(arg, &(struct cw_s2s_event){.kind = CW_S2S_TLS_FAILED, .text = sentence});
}

/* What has reached the kernel is delivered. */
static void settle_flushed(struct edge_stream *s)
{
    struct edge_parcel *parcel;
    uint64_t flushed = cw_conn_flushed_total(s->conn);
    while ((parcel = TAILQ_FIRST(&s->written)) && parcel->flush_mark <= flushed) {
        TAILQ_REMOVE(&s->written, parcel, link);
        edge_parcel_done(s->edge, parcel, CW_LINK_REASON_NONE, CW_STR_NONE);
    }
}

static void on_flushed(void *arg)
{
    struct edge_stream *s = arg;
    settle_flushed(s);
    watch_written(s);
    if (!s->over)
        edge_peers_have_room(&s->peers);
}

static void on_closed(void *arg, enum cw_conn_end why, struct cw_str sentence)
{
    edge_trace_lost(arg, why, sentence);
    edge_stream_end(arg, sentence);
}

static void on_time(void *arg)
{
    edge_stream_step(arg, &(struct cw_s2s_event){.kind = CW_S2S_TIMER});
}

static const struct cw_conn_callbacks conn_callbacks = {
    .on_data = on_data,
    .on_tls_up = on_tls_up,
    .on_tls_failed = on_tls_failed,
    .on_flushed = on_flushed,
    .on_closed = on_closed,
};

/* What left before our goodbye was still read by a peer that closes as RFC 6120 section 4.4 says;
 * after an error of its own nobody reads any more.  The rest of what was written has failed. */
void edge_stream_end(struct edge_stream *s, struct cw_str text)
{
    struct edge_parcel *parcel;
    struct cw_s2s_event event = {.kind = CW_S2S_EOF, .text = text};
    if (s->conn && s->over && !s->peer_gave_up)
        settle_flushed(s);
    edge_identity_cancel(&s->identity);
    cw_conn_free(&s->conn);
    edge_stream_step(s, &event);
    while ((parcel = TAILQ_FIRST(&s->written))) {
        TAILQ_REMOVE(&s->written, parcel, link);
        edge_parcel_done(s->edge, parcel, CW_LINK_REASON_STREAM_FAILED,
                         CW_S("the stream broke before the stanza left"));
    }
    edge_peers_lost(&s->peers, s->failed ? s->fail_reason : CW_LINK_REASON_STREAM_FAILED, text);
    free_stream(s);
}

/* --- beginning and sending --------------------------------------------------------------------*/

struct edge_stream *edge_stream_new(struct edge *edge, const struct cw_s2s_config *config)
{
    struct edge_stream *s = cw_alloc(sizeof *s);
    s->edge = edge;
    s->direction = config->direction;
    edge->counters.opened[s->direction]++;
    s->local = cw_arena_dup(&s->arena, config->local);
    s->remote = cw_arena_dup(&s->arena, config->remote);
    s->since_ms = cw_now_ms();
    s->log = edge->log;
    s->log.id = cw_random_hex(&s->arena, 6);
    s->machine = cw_s2s_new(config);
    s->timer = cw_timer_new(edge->base, on_time, s);
    TAILQ_INIT(&s->written);
    TAILQ_INIT(&s->peers);
    TAILQ_INSERT_TAIL(&edge->streams, s, link);
    return s;
}

void edge_stream_attach(struct edge_stream *s, struct cw_conn *conn)
{
    s->conn = conn;
    cw_conn_set_callbacks(conn, &conn_callbacks, s);
}

void edge_stream_send(struct edge_stream *s, struct cw_str local, struct cw_str remote,
                      struct edge_parcel *parcel)
{
    struct cw_s2s_event event = {
        .kind = CW_S2S_SEND, .local = local, .remote = remote, .stanza = parcel->stanza};
    cw_assert(!s->over && !s->is_stepping);
    s->n_stanzas_out++;
    s->edge->counters.stanzas[CW_OUTBOUND]++;
    TAILQ_INSERT_TAIL(&s->written, parcel, link);
    /* Until the step has written it, no flush can reach this mark. */
    parcel->flush_mark = UINT64_MAX;
    edge_stream_step(s, &event);
    if (s->conn)
        parcel->flush_mark = cw_conn_written_total(s->conn);
    if (!cw_timer_is_set(s->stuck))
        watch_written(s);
}
