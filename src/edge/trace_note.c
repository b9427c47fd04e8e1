/* What the machine notes on the way, for the timeline: most of it becomes a step, some of it
 * explains an end for which nobody gives a reason; see trace.h and the list of notes in
 * s2s/stream.h. */
#include "edge/stream_priv.h"

enum { MAX_DETAIL_BYTES = 200 };

/* --- telling ----------------------------------------------------------------------------------*/

void edge_trace_remember(struct edge_stream *s, enum cw_failure failure, struct cw_str detail)
{
    s->trace.noted = failure;
    cw_buf_reset(&s->trace.detail); /* a stream may be told of such things without end */
    cw_buf_put_clean(&s->trace.detail, detail, MAX_DETAIL_BYTES);
}

void edge_trace_step(struct edge_stream *s, enum edge_step_kind kind, json_t *facts)
{
    edge_attempt_step(s->trace.attempt, &(struct edge_step){.kind = kind, .facts = facts});
}

json_t *edge_trace_fact(const char *name, struct cw_str value)
{
    json_t *facts = json_object();
    json_object_set_new(facts, name, edge_fact(value));
    return facts;
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
        edge_trace_step(s, EDGE_STEP_FEATURES, edge_trace_fact("offered", text));
    s->trace.stage = EDGE_STEP_AUTHENTICATION;
}

static void remember_certificate(struct edge_stream *s)
{
    struct cw_str detail = CW_STR_NONE;
    enum cw_failure failure = edge_trace_cert_failure(
        cw_s2s_cert(s->machine), cw_s2s_facts(s->machine)->cert, &s->arena, &detail);
    edge_trace_remember(s, failure, detail);
}

/* Should the peer go away now, this is what it has met: TLS that it does not start, or a
 * certificate of its own for which we do not offer EXTERNAL. */
static void remember_hurdle(struct edge_stream *s)
{
    const struct cw_partner *partner = cw_policy_partner(s->edge->policy, edge_stream_remote(s));
    const struct cw_facts *facts = cw_s2s_facts(s->machine);
    edge_trace_remember(s, CW_FAIL_NONE, CW_STR_NONE);
    if (!partner)
        return;
    if (facts->tls != CW_TLS_UP && partner->rules.tls == CW_REQUIRED)
        edge_trace_remember(s, CW_FAIL_STARTTLS_REFUSED, CW_STR_NONE);
    else if (facts->tls == CW_TLS_UP && partner->rules.sasl != CW_NOT_SUPPORTED &&
             facts->cert != CW_CERT_GOOD)
        remember_certificate(s);
}

static void on_offered(struct edge_stream *s, struct cw_str text)
{
    if (!s->trace.is_authenticated) {
        edge_trace_step(s, EDGE_STEP_FEATURES, edge_trace_fact("offered-here", text));
        remember_hurdle(s);
    }
    s->trace.stage = EDGE_STEP_AUTHENTICATION;
}

static void on_starttls(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    if (s->direction == CW_INBOUND)
        edge_trace_remember(s, CW_FAIL_NONE, CW_STR_NONE);
    s->trace.stage = EDGE_STEP_TLS;
}

static void on_no_starttls(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    edge_trace_remember(s, CW_FAIL_STARTTLS_NOT_OFFERED, CW_STR_NONE);
}

/* It went on without TLS: that is not what it will fail by. */
static void on_auth_started(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    if (s->trace.noted == CW_FAIL_STARTTLS_NOT_OFFERED)
        edge_trace_remember(s, CW_FAIL_NONE, CW_STR_NONE);
}

static void on_accepted(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    s->trace.is_authenticated = true;
}

/* Outbound the peer's answer, with its condition; inbound ours. */
static void on_refused(struct edge_stream *s, struct cw_str condition)
{
    if (s->direction == CW_OUTBOUND)
        edge_trace_remember(s, CW_FAIL_EXTERNAL_REFUSED, condition);
    else if (cw_s2s_facts(s->machine)->cert != CW_CERT_GOOD)
        remember_certificate(s);
    else
        edge_trace_remember(s, CW_FAIL_PROTOCOL, condition);
}

static void on_nothing_to_offer(struct edge_stream *s, struct cw_str text)
{
    const struct cw_facts *facts = cw_s2s_facts(s->machine);
    (void)text;
    if (facts->tls == CW_TLS_UP && facts->cert != CW_CERT_GOOD)
        remember_certificate(s);
    else
        edge_trace_remember(s, CW_FAIL_NOTHING_OFFERED, CW_STR_NONE);
}

static void on_dialback_answered(struct edge_stream *s, struct cw_str text)
{
    if (s->direction == CW_OUTBOUND)
        edge_trace_remember(s, CW_FAIL_NONE, behind_colon(text));
}

static void on_dialback_ignored(struct edge_stream *s, struct cw_str text)
{
    (void)text;
    edge_trace_remember(s, CW_FAIL_DIALBACK_NOT_ALLOWED, CW_STR_NONE);
}

/* Our own refusal of a key, by its condition. */
static void on_dialback_refused(struct edge_stream *s, struct cw_str condition)
{
    enum cw_stanza_error error = CW_STANZA_BAD_REQUEST;
    (void)cw_stanza_error_of(condition, &error);
    if (error == CW_STANZA_POLICY_VIOLATION || error == CW_STANZA_NOT_AUTHORIZED)
        edge_trace_remember(s, CW_FAIL_DIALBACK_NOT_ALLOWED, CW_STR_NONE);
    else if (error == CW_STANZA_ITEM_NOT_FOUND)
        edge_trace_remember(s, CW_FAIL_NOT_OUR_DOMAIN, CW_STR_NONE);
    else if (error == CW_STANZA_RESOURCE_CONSTRAINT)
        edge_trace_remember(s, CW_FAIL_TOO_MANY_STREAMS, CW_STR_NONE);
    else
        edge_trace_remember(s, CW_FAIL_PROTOCOL, condition);
}

static void on_dialback_impossible(struct edge_stream *s, struct cw_str text)
{
    edge_trace_remember(s, CW_FAIL_NONE, text);
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

void edge_trace_note(struct edge_stream *s, const struct cw_s2s_action *action)
{
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (cw_str_eq_cstr(action->bytes, notes[i].event)) {
            notes[i].take(s, action->text);
            return;
        }
}
