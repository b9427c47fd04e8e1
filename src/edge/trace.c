/* A stream's steps, told to its attempt; see trace.h. */
#include "edge/trace.h"

#include "edge/stream_priv.h"

enum { MAX_NAMES = 10 };

/* The one line of the log that says why. */
static void tell_log(const struct cw_log_ctx *log, const struct edge_attempt *attempt,
                     enum cw_direction direction, struct cw_str remote)
{
    enum cw_failure failure = edge_attempt_failure(attempt);
    CW_LOG(log, CW_LOG_INFO, "attempt-failed",
           CW_KVC("direction", direction == CW_INBOUND ? "inbound" : "outbound"),
           CW_KV("remote", remote), CW_KVC("reason", cw_failure_name(failure)),
           CW_KVC("side", cw_side_name(cw_failure_side(failure))),
           CW_KV("sentence", edge_attempt_sentence(attempt)));
}

/* --- beginning --------------------------------------------------------------------------------*/

static struct edge_attempt *begin(const struct edge_stream *s, struct cw_str local,
                                  struct cw_str remote, uint64_t since_ms)
{
    const struct cw_partner *partner = cw_policy_partner(s->edge->policy, remote);
    return edge_attempt_begin(
        s->edge->attempts,
        &(struct edge_attempt_start){.direction = s->direction,
                                     .id = s->log.id,
                                     .local = local,
                                     .remote = remote,
                                     .partner = partner ? partner->domain : CW_STR_NONE,
                                     .since_ms = since_ms,
                                     .is_apart = s->apart_policy != NULL});
}

void edge_trace_begin(struct edge_stream *s)
{
    s->trace.attempt = begin(s, s->local, s->remote, s->since_ms);
}

static void take_address(struct edge_stream *s)
{
    if (s->conn && !cw_str_is_present(s->trace.address))
        s->trace.address = cw_addr_text(&s->arena, cw_conn_peer(s->conn));
}

/* Inbound: nobody's attempt until the peer has said who it wants to be; what was seen before is
 * told then. */
static void begin_inbound(struct edge_stream *s)
{
    struct cw_str remote = cw_s2s_claimed_from(s->machine);
    if (!cw_str_is_present(remote))
        return;
    s->trace.attempt = begin(s, cw_s2s_claimed_to(s->machine), remote, s->since_ms);
    take_address(s);
    json_t *facts = json_object();
    json_object_set_new(facts, "address", edge_fact(s->trace.address));
    edge_attempt_step(s->trace.attempt, &(struct edge_step){.kind = EDGE_STEP_TCP, .facts = facts});
    if (s->tls)
        edge_trace_tls_up(s);
}

void edge_trace_no_room(struct edge *edge, struct cw_str local, struct cw_str remote)
{
    const struct cw_partner *partner = cw_policy_partner(edge->policy, remote);
    struct edge_attempt *attempt = edge_attempt_begin(
        edge->attempts,
        &(struct edge_attempt_start){.direction = CW_OUTBOUND,
                                     .local = local,
                                     .remote = remote,
                                     .partner = partner ? partner->domain : CW_STR_NONE,
                                     .since_ms = cw_now_ms()});
    edge_attempt_failed(attempt, CW_FAIL_TOO_MANY_STREAMS, &(struct cw_failure_gaps){0});
    tell_log(&edge->log, attempt, CW_OUTBOUND, remote);
    edge_attempt_end(&attempt);
}

/* --- steps ------------------------------------------------------------------------------------*/

static json_t *cert_facts(const struct cw_cert *cert)
{
    json_t *facts = json_object();
    json_object_set_new(facts, "names", edge_fact_names(cert, MAX_NAMES));
    json_object_set_new(facts, "subject", edge_fact(cert->subject));
    json_object_set_new(facts, "issuer", edge_fact(cert->issuer));
    json_object_set_new(facts, "not-after", edge_fact(cert->not_after));
    json_object_set_new(facts, "chain", json_string(cw_chain_fault_name(cert->fault)));
    return facts;
}

void edge_trace_tls_up(struct edge_stream *s)
{
    const struct cw_tls_facts *tls = s->tls;
    s->trace.stage = EDGE_STEP_FEATURES;
    if (!s->trace.attempt)
        return;
    json_t *facts = json_object();
    json_object_set_new(facts, "version", edge_fact(tls->version));
    json_object_set_new(facts, "cipher", edge_fact(tls->cipher));
    json_object_set_new(facts, "direct", json_boolean(s->is_direct_tls));
    if (cw_str_is_present(tls->alpn))
        json_object_set_new(facts, "alpn", edge_fact(tls->alpn));
    if (tls->staple != CW_STAPLE_NONE)
        json_object_set_new(facts, "staple", json_string(cw_tls_staple_name(tls->staple)));
    json_object_set_new(facts, "certificate",
                        tls->cert.present ? cert_facts(&tls->cert) : json_null());
    edge_trace_step(s, EDGE_STEP_TLS, facts);
}

void edge_trace_tls_failed(struct edge_stream *s, struct cw_str sentence)
{
    struct cw_str detail;
    enum cw_failure failure = edge_trace_tls_failure(s->conn, sentence, &detail);
    edge_trace_remember(s, failure, detail);
}

void edge_trace_bytes(struct edge_stream *s, struct cw_str bytes)
{
    if (s->trace.first_octet == 0 && bytes.n > 0)
        s->trace.first_octet = (unsigned char)bytes.p[0];
}

void edge_trace_lost(struct edge_stream *s, enum cw_conn_end end, struct cw_str sentence)
{
    if (s->over)
        return;
    take_address(s);
    s->trace.is_lost = true;
    if (end != CW_CONN_END_PEER) /* which is no news */
        s->trace.lost_text = cw_arena_dup(&s->arena, sentence);
    /* With TLS 1.3 the peer's alert about our certificate comes behind the handshake. */
    if (end == CW_CONN_END_TLS && cw_conn_tls_fault(s->conn) == CW_TLS_FAULT_ALERT)
        edge_trace_remember(s, CW_FAIL_TLS_ALERT, cw_str_of(cw_conn_tls_alert(s->conn)));
}

/* --- verdicts ---------------------------------------------------------------------------------*/

/* Which step it was that failed. */
static enum edge_step_kind step_of(const struct edge_stream *s, enum cw_failure failure)
{
    if (failure >= CW_FAIL_STARTTLS_NOT_OFFERED && failure <= CW_FAIL_TLS_FAILED)
        return EDGE_STEP_TLS;
    if (failure >= CW_FAIL_CERT_NONE && failure <= CW_FAIL_DIALBACK_ERROR)
        return EDGE_STEP_AUTHENTICATION;
    return s->trace.stage > EDGE_STEP_TCP ? s->trace.stage : EDGE_STEP_FEATURES;
}

struct cw_str edge_trace_not_dialled(struct edge_stream *s, enum cw_failure failure,
                                     const struct cw_failure_gaps *gaps)
{
    edge_attempt_failed(s->trace.attempt, failure, gaps);
    tell_log(&s->log, s->trace.attempt, s->direction, s->remote);
    return cw_arena_dup(&s->arena, edge_attempt_sentence(s->trace.attempt));
}

/* One more pair on a stream that is there already. */
static void on_pair_ready(struct edge_stream *s, const struct cw_s2s_action *action)
{
    json_t *facts = edge_trace_fact("method", cw_str_of(cw_method_name(action->method)));
    json_object_set_new(facts, "local", edge_fact(action->local));
    json_object_set_new(facts, "remote", edge_fact(action->remote));
    edge_trace_step(s, EDGE_STEP_AUTHENTICATION, facts);
}

static void on_ready(struct edge_stream *s, const struct cw_s2s_action *action)
{
    if (edge_attempt_result(s->trace.attempt) != EDGE_ATTEMPT_PENDING) {
        on_pair_ready(s, action);
        return;
    }
    if (!s->tls)
        edge_attempt_step(s->trace.attempt,
                          &(struct edge_step){.kind = EDGE_STEP_TLS, .state = EDGE_STEP_SKIPPED});
    json_t *facts = edge_trace_fact("method", cw_str_of(cw_method_name(action->method)));
    if (action->method == CW_METHOD_SASL_EXTERNAL) {
        enum cw_cert_proof proof = cw_cert_proof(cw_s2s_cert(s->machine), edge_stream_remote(s));
        json_object_set_new(facts, "proof", json_string(cw_cert_proof_name(proof)));
    }
    edge_trace_step(s, EDGE_STEP_AUTHENTICATION, facts);
    edge_attempt_ready(s->trace.attempt, action->method);
}

/* A stream made to ask an authority is as good as ready when it was answered. */
static void on_verified(struct edge_stream *s, const struct cw_s2s_dialback *answer)
{
    if (!s->is_verifier || answer->state == CW_DIALBACK_ERROR ||
        edge_attempt_result(s->trace.attempt) != EDGE_ATTEMPT_PENDING)
        return;
    edge_trace_step(s, EDGE_STEP_AUTHENTICATION,
                    edge_trace_fact("dialback-key", answer->state == CW_DIALBACK_VALID
                                                        ? CW_S("valid")
                                                        : CW_S("invalid")));
    edge_attempt_ready(s->trace.attempt, CW_METHOD_NONE);
}

void edge_trace_dialback(struct edge_stream *s, const struct cw_s2s_dialback *answer)
{
    if (answer->state == CW_DIALBACK_ERROR)
        edge_trace_remember(s, CW_FAIL_DIALBACK_ERROR,
                            cw_str_of(cw_stanza_error_name(answer->condition)));
    else if (answer->state == CW_DIALBACK_INVALID)
        edge_trace_remember(s, CW_FAIL_DIALBACK_INVALID, CW_STR_NONE);
}

void edge_trace_not_needed(struct edge_stream *s)
{
    if (edge_attempt_result(s->trace.attempt) == EDGE_ATTEMPT_READY)
        s->trace.cause = CW_FAIL_NOT_NEEDED;
    else
        s->trace.cause = s->trace.has_header ? CW_FAIL_ESTABLISHMENT_TIMEOUT : CW_FAIL_SILENT_PEER;
}

struct cw_str edge_trace_sentence(struct edge_stream *s, const struct cw_s2s_action *action)
{
    const struct edge_attempt *attempt = s->trace.attempt;
    struct cw_str text = attempt ? edge_attempt_sentence(attempt) : CW_STR_NONE;
    return cw_arena_dup(&s->arena, text.n > 0 ? text : action->text);
}

/* The first of FAILED and CLOSE tells why; nothing follows it but what ends the attempt. */
static void on_end(struct edge_stream *s, const struct cw_s2s_action *action)
{
    struct edge_attempt *attempt = s->trace.attempt;
    enum edge_attempt_result result = edge_attempt_result(attempt);
    struct cw_failure_gaps gaps;
    if (result != EDGE_ATTEMPT_PENDING && result != EDGE_ATTEMPT_READY)
        return;
    take_address(s);
    enum cw_failure failure = edge_trace_why(s, action, &gaps);
    if (result == EDGE_ATTEMPT_PENDING)
        edge_attempt_step(attempt, &(struct edge_step){.kind = step_of(s, failure),
                                                       .state = EDGE_STEP_FAILED,
                                                       .failure = failure,
                                                       .gaps = gaps});
    edge_attempt_failed(attempt, failure, &gaps);
    if (result == EDGE_ATTEMPT_PENDING || !cw_failure_is_harmless(failure))
        tell_log(&s->log, attempt, s->direction,
                 cw_str_is_present(edge_stream_remote(s)) ? edge_stream_remote(s)
                                                          : cw_s2s_claimed_from(s->machine));
}

static bool is_added_pair(const struct edge_stream *s, const struct cw_s2s_action *action)
{
    return action->kind == CW_S2S_DO_FAILED &&
           (!cw_str_eq(action->local, s->local) || !cw_str_eq(action->remote, s->remote));
}

/* Its stream goes on: an attempt of its own, under its own domain. */
static void on_pair_failed(struct edge_stream *s, const struct cw_s2s_action *action)
{
    struct edge_attempt *attempt = begin(s, action->local, action->remote, cw_now_ms());
    struct cw_failure_gaps gaps;
    enum cw_failure failure = edge_trace_why(s, action, &gaps);
    if (failure == CW_FAIL_DIALBACK_ERROR && !action->by_peer)
        failure = CW_FAIL_DIALBACK_TIMEOUT;
    gaps.domain = action->remote;
    gaps.local = action->local;
    edge_attempt_step(attempt, &(struct edge_step){.kind = EDGE_STEP_AUTHENTICATION,
                                                   .state = EDGE_STEP_FAILED,
                                                   .facts = edge_trace_fact("on-stream", s->log.id),
                                                   .failure = failure,
                                                   .gaps = gaps});
    edge_attempt_failed(attempt, failure, &gaps);
    tell_log(&s->log, attempt, s->direction, action->remote);
    edge_attempt_end(&attempt);
}

void edge_trace_action(struct edge_stream *s, const struct cw_s2s_action *action)
{
    if (!s->trace.attempt && s->direction == CW_INBOUND)
        begin_inbound(s);
    switch ((int)action->kind) { /* of the others the timeline needs nothing */
    case CW_S2S_DO_NOTE:
        edge_trace_note(s, action);
        break;
    case CW_S2S_DO_READY:
        on_ready(s, action);
        break;
    case CW_S2S_DO_VERIFY_ANSWER:
        on_verified(s, &action->dialback);
        break;
    case CW_S2S_DO_FAILED:
    case CW_S2S_DO_CLOSE:
        if (is_added_pair(s, action))
            on_pair_failed(s, action);
        else if (s->trace.attempt)
            on_end(s, action);
        break;
    default:
        break;
    }
}

void edge_trace_end(struct edge_stream *s)
{
    edge_attempt_end(&s->trace.attempt);
    cw_buf_free(&s->trace.detail);
}
