/* How streams begin, inbound and outbound, and what the edge's other parts ask of them. */
#include "base/secret.h"
#include "edge/stream_priv.h"

enum { FAREWELL_MS = 600 }; /* within the second in which a removed partner's streams close */

/* --- beginnings -------------------------------------------------------------------------------*/

static void new_stream_id(void *arg, char out[33])
{
    struct cw_arena arena = {0};
    struct cw_str id = cw_random_hex(&arena, 16);
    (void)arg;
    for (size_t i = 0; i < id.n; i++)
        out[i] = id.p[i];
    out[id.n] = '\0';
    cw_arena_free(&arena);
}

void edge_stream_accept(struct edge *edge, int fd, const struct cw_addr *peer, bool is_direct_tls)
{
    struct cw_s2s_config config = {.direction = CW_INBOUND,
                                   .policy = edge->policy,
                                   .proves = true,
                                   .bidi = true,
                                   .new_stream_id = new_stream_id};
    struct edge_stream *s = edge_stream_new(edge, &config);
    edge_limits_add_stranger(s, peer);
    edge_stream_attach(s,
                       cw_conn_accept(edge->base, fd, peer, &(struct cw_conn_callbacks){0}, NULL));
    CW_LOG(&s->log, CW_LOG_DEBUG, "stream-accepted",
           CW_KV("address", cw_addr_text(&s->arena, peer)));
    s->is_direct_tls = is_direct_tls;
    if (is_direct_tls) {
        struct cw_tls_start start = edge_stream_tls(edge, CW_STR_NONE, CW_STR_NONE, true);
        cw_conn_start_tls(s->conn, &start);
    } else {
        edge_stream_step(s, &(struct cw_s2s_event){.kind = CW_S2S_OPENED});
    }
}

static void on_not_dialled(struct edge_stream *s, const struct edge_dialled *dialled)
{
    s->failed = true;
    s->fail_reason = dialled->result == EDGE_DIAL_NOT_FOUND ? CW_LINK_REASON_NOT_FOUND
                                                            : CW_LINK_REASON_UNREACHABLE;
    s->fail_text = edge_trace_not_dialled(s, dialled->failure, &dialled->gaps);
    s->over = true;
    edge_stream_end(s, s->fail_text);
}

static void on_dialled(void *arg, const struct edge_dialled *dialled)
{
    struct edge_stream *s = arg;
    struct cw_s2s_event opened = {.kind = CW_S2S_OPENED};
    s->dial = NULL;
    if (dialled->result != EDGE_DIAL_OK) {
        on_not_dialled(s, dialled);
        return;
    }
    edge_stream_attach(s, dialled->conn);
    if (s->over) { /* meanwhile nobody needs it any more */
        edge_stream_end(s, s->fail_text);
        return;
    }
    s->host = cw_arena_dup(&s->arena, dialled->host);
    s->is_host_secure = dialled->is_secure;
    s->tls = dialled->tls;
    s->is_direct_tls = dialled->tls != NULL;
    CW_LOG(&s->log, CW_LOG_DEBUG, "dial-connected", CW_KV("remote", s->remote),
           CW_KV("address", cw_addr_text(&s->arena, cw_conn_peer(s->conn))),
           CW_KVC("tls", s->is_direct_tls ? "direct" : "none"));
    if (s->tls) {
        opened.cert = &s->tls->cert;
        opened.tls_version = s->tls->version;
        opened.tls_cipher = s->tls->cipher;
        s->edge->counters.handshakes[CW_OUTBOUND]++;
        edge_trace_tls_up(s);
    }
    edge_stream_step(s, &opened);
}

/* The stream without limits and peers, on its way. */
static struct edge_stream *dial(struct edge *edge, const struct cw_s2s_config *config,
                                struct edge_stream *s)
{
    const struct cw_partner *partner = cw_policy_partner(config->policy, config->remote);
    edge_trace_begin(s);
    struct edge_dial_ask ask = {
        .local = s->local, .domain = s->remote, .attempt = s->trace.attempt};
    if (partner) {
        ask.proxy = partner->proxy_fqdn;
        ask.with_direct_tls = partner->rules.tls != CW_NOT_SUPPORTED;
    }
    s->dial = edge_dial_start(edge, &ask, on_dialled, s);
    return s;
}

struct edge_stream *edge_stream_dial(struct edge *edge, struct cw_str local, struct cw_str remote,
                                     enum edge_stream_use use)
{
    struct cw_s2s_config config = {.direction = CW_OUTBOUND,
                                   .policy = edge->policy,
                                   .local = local,
                                   .remote = remote,
                                   .proves = true,
                                   .bidi = use == EDGE_FOR_STANZAS,
                                   .verify_only = use == EDGE_FOR_VERIFY};
    struct cw_arena arena = {0};
    struct cw_str counted_as;
    if (!edge_limits_take(edge, remote, &arena, &counted_as)) {
        cw_arena_free(&arena);
        edge_trace_no_room(edge, local, remote);
        return NULL;
    }
    struct edge_stream *s = edge_stream_new(edge, &config);
    s->counted_as = cw_arena_dup(&s->arena, counted_as);
    cw_arena_free(&arena);
    s->is_verifier = use == EDGE_FOR_VERIFY;
    if (s->is_verifier)
        cw_map_set(&edge->verifiers, edge_pair(&s->arena, local, remote), s);
    return dial(edge, &config, s);
}

struct edge_stream *edge_stream_test(struct edge *edge, struct cw_str local, struct cw_str remote,
                                     struct cw_policy *policy, struct edge_stream **owner)
{
    struct cw_s2s_config config = {.direction = CW_OUTBOUND,
                                   .policy = policy,
                                   .local = local,
                                   .remote = remote,
                                   .proves = true};
    struct edge_stream *s = edge_stream_new(edge, &config);
    s->apart_policy = cw_policy_ref(policy);
    s->owner = owner;
    return dial(edge, &config, s);
}

void edge_stream_leave(struct edge_stream *s, struct cw_str text)
{
    if (!s->conn) {
        s->over = true;
        edge_stream_end(s, text);
        return;
    }
    edge_stream_step(s, &(struct cw_s2s_event){.kind = CW_S2S_CLOSE, .text = text});
}

/* --- what others ask for ----------------------------------------------------------------------*/

struct edge_peers *edge_stream_peers(struct edge_stream *s)
{
    return &s->peers;
}

bool edge_stream_is_ours(const struct edge_stream *s)
{
    return s->direction == CW_OUTBOUND;
}

bool edge_stream_is_at_rest(const struct edge_stream *s)
{
    return !s->is_stepping;
}

void edge_stream_verify(struct edge_stream *s, const struct cw_s2s_dialback *question)
{
    s->n_verifies++;
    edge_stream_step(s, &(struct cw_s2s_event){.kind = CW_S2S_VERIFY, .dialback = *question});
}

void edge_stream_dialback_answer(struct edge_stream *s, const struct cw_s2s_dialback *answer)
{
    edge_trace_dialback(s, answer);
    edge_stream_step(s,
                     &(struct cw_s2s_event){.kind = CW_S2S_DIALBACK_ANSWER, .dialback = *answer});
}

void edge_stream_close(struct edge_stream *s, enum cw_stream_error error, struct cw_str text)
{
    edge_stream_step(
        s, &(struct cw_s2s_event){
               .kind = CW_S2S_CLOSE, .has_error = true, .stream_error = error, .text = text});
}

struct cw_str edge_stream_remote(const struct edge_stream *s)
{
    return s->direction == CW_INBOUND ? cw_s2s_remote(s->machine) : s->remote;
}

size_t edge_stream_queued(const struct edge_stream *s)
{
    return s->conn ? cw_conn_queued(s->conn) : 0;
}

bool edge_stream_is_over(const struct edge_stream *s)
{
    return s->over;
}

static void apply_policy(struct edge_stream *s, bool trust_changed)
{
    enum cw_failure cause = s->trace.cause;
    s->trace.cause = CW_FAIL_POLICY_CHANGED;
    edge_stream_step(s, &(struct cw_s2s_event){.kind = CW_S2S_POLICY, .policy = s->edge->policy});
    if (trust_changed && !s->over)
        edge_stream_close(s, CW_STREAM_RESET,
                          CW_S("The settings by which this certificate was judged have changed."));
    s->trace.cause = cause;
    if (s->identity && !s->over) /* what it stands for is asked again, by the new ones */
        edge_stream_prove(s, edge_stream_remote(s));
}

static bool is_to_part(const struct edge_stream *s)
{
    return s->direction == CW_OUTBOUND && edge_stream_may_send(s, s->local, s->remote) &&
           !cw_policy_partner(s->edge->policy, s->remote);
}

static void part_soon(struct edge_stream *s)
{
    s->part_at_ms = cw_now_ms() + FAREWELL_MS;
    if (!cw_timer_is_set(s->edge->farewell_timer))
        cw_timer_set(s->edge->farewell_timer, FAREWELL_MS);
}

void edge_streams_apply_policy(struct edge *edge, const struct cw_policy *before)
{
    struct edge_stream *s, *next;
    for (s = TAILQ_FIRST(&edge->streams); s; s = next) {
        next = TAILQ_NEXT(s, link);
        if (s->apart_policy || s->part_at_ms != 0)
            continue;
        if (is_to_part(s))
            part_soon(s);
        else
            apply_policy(s, edge_stream_trust_changed(s, before));
    }
}

/* Also when he is listed again meanwhile: who takes a partner off the list sees it start anew. */
void edge_streams_part(void *arg)
{
    struct edge *edge = arg;
    struct edge_stream *s, *next;
    uint64_t now = cw_now_ms(), later = 0;
    for (s = TAILQ_FIRST(&edge->streams); s; s = next) {
        next = TAILQ_NEXT(s, link);
        if (s->part_at_ms == 0 || s->over)
            continue;
        if (s->part_at_ms > now) {
            later = later == 0 || s->part_at_ms < later ? s->part_at_ms : later;
            continue;
        }
        s->trace.cause = CW_FAIL_POLICY_CHANGED;
        edge_stream_close(s, CW_STREAM_POLICY_VIOLATION,
                          CW_S("The domain was taken off the list of partners."));
    }
    if (later != 0)
        cw_timer_set(edge->farewell_timer, later - now);
}

void edge_streams_shutdown(struct edge *edge)
{
    struct edge_stream *s, *next;
    for (s = TAILQ_FIRST(&edge->streams); s; s = next) {
        next = TAILQ_NEXT(s, link);
        s->trace.cause = CW_FAIL_SHUTDOWN;
        if (!s->conn) {
            edge_stream_end(s, CW_S("this server is going down"));
            continue;
        }
        edge_stream_close(s, CW_STREAM_SYSTEM_SHUTDOWN, CW_S("this server is going down"));
    }
}

void edge_streams_free(struct edge *edge)
{
    struct edge_stream *s;
    edge->stopping = true;
    while ((s = TAILQ_FIRST(&edge->streams))) {
        s->trace.cause = CW_FAIL_SHUTDOWN;
        edge_stream_end(s, CW_S("this server is going down"));
    }
    edge_verify_deliver(edge); /* to nobody: frees them */
}
