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

static void begin(struct edge_stream *s, struct cw_str local, struct cw_str remote)
{
    const struct cw_partner *partner = cw_policy_partner(s->edge->policy, remote);
    s->trace.attempt = edge_attempt_begin(
        s->edge->attempts,
        &(struct edge_attempt_start){.direction = s->direction,
                                     .id = s->log.id,
                                     .local = local,
                                     .remote = remote,
                                     .partner = partner ? partner->domain : CW_STR_NONE,
                                     .since_ms = s->since_ms,
                                     .is_apart = s->is_apart});
}

void edge_trace_begin(struct edge_stream *s)
{
    begin(s, s->local, s->remote);
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
    begin(s, cw_s2s_claimed_to(s->machine), remote);
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

static void step(struct edge_stream *s, enum edge_step_kind kind, json_t *facts)
{
    edge_attempt_step(s->trace.attempt, &(struct edge_step){.kind = kind, .facts = facts});
}

static json_t *one_fact(const char *name, struct cw_str value)
{
    json_t *facts = json_object();
    json_object_set_new(facts, name, edge_fact(value));
    return facts;
}

static json_t *cert_facts(const struct cw_cert *cert)
{
    json_t *facts = json_object(), *names = json_array();
    for (size_t i = 0; i < cert->n_names && i < MAX_NAMES; i++)
        if (!cert->names[i].malformed)
            json_array_append_new(names, edge_fact(cert->names[i].value));
    json_object_set_new(facts, "names", names);
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
    step(s, EDGE_STEP_TLS, facts);
}

static void note(struct edge_stream *s, enum cw_failure failure, struct cw_str detail)
{
    s->trace.noted = failure;
    s->trace.detail = cw_arena_dup(&s->arena, cw_str_sub(detail, 0, 200));
}

void edge_trace_tls_failed(struct edge_stream *s, struct cw_str sentence)
{
    struct cw_str detail;
    enum cw_failure failure = edge_trace_tls_failure(s->conn, sentence, &detail);
    note(s, failure, detail);
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
        note(s, CW_FAIL_TLS_ALERT, cw_str_of(cw_conn_tls_alert(s->conn)));
}

/* --- the machine's notes ----------------------------------------------------------------------*/

static struct cw_str behind_colon(struct cw_str text)
{
    ptrdiff_t colon = cw_str_find(text, CW_S(": "));
    return colon < 0 ? CW_STR_NONE : cw_str_sub(text, (size_t)colon + 2, text.n);
}

static void on_header(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    s->trace.has_header = true;
}

static void on_features(struct edge_stream *s, struct cw_str text)
{
    if (!s->trace.is_authenticated)
        step(s, EDGE_STEP_FEATURES, one_fact("offered", text));
    s->trace.stage = EDGE_STEP_AUTHENTICATION;
}

static void on_offered(struct edge_stream *s, struct cw_str text)
{
    if (!s->trace.is_authenticated)
        step(s, EDGE_STEP_FEATURES, one_fact("offered-here", text));
    s->trace.stage = EDGE_STEP_AUTHENTICATION;
}

static void on_starttls(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    s->trace.stage = EDGE_STEP_TLS;
}

static void on_no_starttls(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    note(s, CW_FAIL_STARTTLS_NOT_OFFERED, CW_STR_NONE);
}

/* It went on without TLS: that is not what it will fail by. */
static void on_auth_started(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    if (s->trace.noted == CW_FAIL_STARTTLS_NOT_OFFERED)
        note(s, CW_FAIL_NONE, CW_STR_NONE);
}

static void on_accepted(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    s->trace.is_authenticated = true;
}

/* Outbound the peer's answer, with its condition; inbound ours. */
static void on_refused(struct edge_stream *s, struct cw_str condition)
{
    const struct cw_facts *facts = cw_s2s_facts(s->machine);
    struct cw_str detail = CW_STR_NONE;
    if (s->direction == CW_OUTBOUND) {
        note(s, CW_FAIL_EXTERNAL_REFUSED, condition);
    } else if (facts->cert != CW_CERT_GOOD) {
        enum cw_failure failure =
            edge_trace_cert_failure(cw_s2s_cert(s->machine), facts->cert, &s->arena, &detail);
        note(s, failure, detail);
    } else {
        note(s, CW_FAIL_PROTOCOL, condition);
    }
}

static void on_nothing_to_offer(struct edge_stream *s, struct cw_str text)
{
    const struct cw_facts *facts = cw_s2s_facts(s->machine);
    struct cw_str detail = CW_STR_NONE;
    (void)text;
    if (facts->tls == CW_TLS_UP && facts->cert != CW_CERT_GOOD) {
        enum cw_failure failure =
            edge_trace_cert_failure(cw_s2s_cert(s->machine), facts->cert, &s->arena, &detail);
        note(s, failure, detail);
    } else {
        note(s, CW_FAIL_NOTHING_OFFERED, detail);
    }
}

static void on_dialback_answered(struct edge_stream *s, struct cw_str text)
{
    if (s->direction == CW_OUTBOUND)
        note(s, CW_FAIL_NONE, behind_colon(text));
}

static void on_dialback_ignored(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    note(s, CW_FAIL_DIALBACK_NOT_ALLOWED, CW_STR_NONE);
}

/* Our own refusal of a key, by its condition. */
static void on_dialback_refused(struct edge_stream *s, struct cw_str condition)
{
    enum cw_stanza_error error = CW_STANZA_BAD_REQUEST;
    (void)cw_stanza_error_of(condition, &error);
    if (error == CW_STANZA_POLICY_VIOLATION || error == CW_STANZA_NOT_AUTHORIZED)
        note(s, CW_FAIL_DIALBACK_NOT_ALLOWED, CW_STR_NONE);
    else if (error == CW_STANZA_ITEM_NOT_FOUND)
        note(s, CW_FAIL_NOT_OUR_DOMAIN, CW_STR_NONE);
    else if (error == CW_STANZA_RESOURCE_CONSTRAINT)
        note(s, CW_FAIL_TOO_MANY_STREAMS, CW_STR_NONE);
    else
        note(s, CW_FAIL_PROTOCOL, condition);
}

static void on_dialback_impossible(struct edge_stream *s, struct cw_str text)
{
    note(s, CW_FAIL_NONE, text);
}

static void on_error_received(struct edge_stream *s, struct cw_str text)
{
    s->trace.words = cw_arena_dup(&s->arena, text);
}

static const struct {
    const char *event;
    void (*take)(struct edge_stream *, struct cw_str text);
} notes[] = {
    {"header", on_header},
    {"features", on_features},
    {"offered", on_offered},
    {"starttls", on_starttls},
    {"starttls-not-offered", on_no_starttls},
    {"auth-started", on_auth_started},
    {"auth-accepted", on_accepted},
    {"auth-refused", on_refused},
    {"nothing-to-offer", on_nothing_to_offer},
    {"dialback-answered", on_dialback_answered},
    {"dialback-ignored", on_dialback_ignored},
    {"dialback-refused", on_dialback_refused},
    {"dialback-impossible", on_dialback_impossible},
    {"error-received", on_error_received},
};

static void on_note(struct edge_stream *s, const struct cw_s2s_action *action)
{
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (cw_str_eq_cstr(action->bytes, notes[i].event)) {
            notes[i].take(s, action->text);
            return;
        }
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

static void on_ready(struct edge_stream *s, const struct cw_s2s_action *action)
{
    if (edge_attempt_result(s->trace.attempt) != EDGE_ATTEMPT_PENDING)
        return;
    if (!s->tls)
        edge_attempt_step(s->trace.attempt,
                          &(struct edge_step){.kind = EDGE_STEP_TLS, .state = EDGE_STEP_SKIPPED});
    json_t *facts = one_fact("method", cw_str_of(cw_method_name(action->method)));
    if (action->method == CW_METHOD_SASL_EXTERNAL) {
        enum cw_cert_proof proof = cw_cert_proof(cw_s2s_cert(s->machine), edge_stream_remote(s));
        json_object_set_new(facts, "proof", json_string(cw_cert_proof_name(proof)));
    }
    step(s, EDGE_STEP_AUTHENTICATION, facts);
    edge_attempt_ready(s->trace.attempt, action->method);
}

/* A stream made to ask an authority is as good as ready when it was answered. */
static void on_verified(struct edge_stream *s, const struct cw_s2s_dialback *answer)
{
    if (!s->is_verifier || answer->state == CW_DIALBACK_ERROR ||
        edge_attempt_result(s->trace.attempt) != EDGE_ATTEMPT_PENDING)
        return;
    step(s, EDGE_STEP_AUTHENTICATION,
         one_fact("dialback-key",
                  answer->state == CW_DIALBACK_VALID ? CW_S("valid") : CW_S("invalid")));
    edge_attempt_ready(s->trace.attempt, CW_METHOD_NONE);
}

void edge_trace_dialback(struct edge_stream *s, const struct cw_s2s_dialback *answer)
{
    if (answer->state == CW_DIALBACK_ERROR)
        note(s, CW_FAIL_DIALBACK_ERROR, cw_str_of(cw_stanza_error_name(answer->condition)));
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

void edge_trace_action(struct edge_stream *s, const struct cw_s2s_action *action)
{
    if (!s->trace.attempt && s->direction == CW_INBOUND)
        begin_inbound(s);
    switch ((int)action->kind) { /* of the others the timeline needs nothing */
    case CW_S2S_DO_NOTE:
        on_note(s, action);
        break;
    case CW_S2S_DO_READY:
        on_ready(s, action);
        break;
    case CW_S2S_DO_VERIFY_ANSWER:
        on_verified(s, &action->dialback);
        break;
    case CW_S2S_DO_FAILED:
    case CW_S2S_DO_CLOSE:
        if (s->trace.attempt)
            on_end(s, action);
        break;
    default:
        break;
    }
}

void edge_trace_end(struct edge_stream *s)
{
    edge_attempt_end(&s->trace.attempt);
}
