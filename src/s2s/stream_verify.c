/* The authority's part of dialback: answering whether a key is ours (inbound), and asking a
 * partner's server whether a key is its own (outbound), XEP-0220 sections 2.1.2 and 2.2.2.
 *
 * A question waits until the partner's TLS rule is met, is matched by from, to and id, and has one
 * answer in any case: the peer's, or an error when the stream dies or the peer keeps silent. */
#include "s2s/stream_priv.h"

#include "base/secret.h"
#include "s2s/dialback.h"

/* --- authoritative server --- */

static bool is_key(struct cw_s2s *s, struct cw_str secret, const struct cw_s2s_dialback *q)
{
    return !cw_str_is_empty(secret) &&
           cw_secret_eq(q->key,
                        cw_dialback_key(&s->step, secret, q->receiving, q->originating, q->id));
}

static bool is_key_of_ours(struct cw_s2s *s, const struct cw_s2s_dialback *q)
{
    const struct cw_settings *settings = &s->policy->settings;

    return is_key(s, settings->dialback_secret, q) ||
           is_key(s, settings->dialback_secret_previous, q);
}

bool cw_s2s_rules_have_dialback(const struct cw_rules *rules)
{
    struct cw_nego_row row = cw_nego_row(rules);

    return row.n_methods > 0 && row.methods[row.n_methods - 1] != CW_METHOD_SASL_EXTERNAL;
}

static void answer_question(struct cw_s2s *s, const struct cw_xml *node,
                            const struct cw_partner *partner, const struct cw_s2s_dialback *q)
{
    enum cw_dialback_state state = CW_DIALBACK_ERROR;
    enum cw_stanza_error why = CW_STANZA_BAD_REQUEST;

    if (!cw_s2s_rules_have_dialback(&partner->rules))
        state = CW_DIALBACK_INVALID; /* we never send this partner a key */
    else if (partner->rules.tls == CW_REQUIRED && s->facts.tls != CW_TLS_UP)
        why = CW_STANZA_POLICY_VIOLATION;
    else if (!cw_policy_is_local(s->policy, q->originating))
        why = CW_STANZA_ITEM_NOT_FOUND;
    else if (cw_str_is_empty(q->id))
        why = CW_STANZA_BAD_REQUEST;
    else
        state = is_key_of_ours(s, q) ? CW_DIALBACK_VALID : CW_DIALBACK_INVALID;
    cw_s2s_note_dialback(s, "dialback-checked", q->originating, q->receiving,
                         cw_s2s_dialback_outcome(state, why));
    cw_s2s_dialback_reply(s, node, state, why);
}

void cw_s2s_on_verify_in(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_s2s_dialback q = {.id = cw_xml_attr(node, "id"),
                                .key = cw_str_trim(cw_xml_text(&s->step, node))};
    const struct cw_partner *partner;

    if (cw_str_is_present(cw_xml_attr(node, "type"))) {
        cw_s2s_note(s, "dialback-unsolicited", "An answer came to a question never asked here.");
        return;
    }
    if (!cw_s2s_dialback_addresses(s, node, &q.receiving, &q.originating)) {
        cw_s2s_fail(s, CW_STREAM_IMPROPER_ADDRESSING,
                    "Dialback needs \"from\" and \"to\", and both must be domains.");
        return;
    }
    partner = cw_policy_partner(s->policy, q.receiving);
    if (partner)
        answer_question(s, node, partner, &q);
    else if (!cw_str_is_present(s->remote) && !s->was_ready)
        cw_s2s_fail(s, CW_STREAM_POLICY_VIOLATION, "The domain is not a federated partner here.");
    else
        cw_s2s_dialback_reply(s, node, CW_DIALBACK_ERROR, CW_STANZA_POLICY_VIOLATION);
}

/* --- asking an authority --- */

static void answer(struct cw_s2s *s, struct cw_s2s_verify *v, enum cw_dialback_state state,
                   enum cw_stanza_error condition)
{
    struct cw_s2s_verify **at = &s->verifies;
    struct cw_s2s_action *a;

    cw_s2s_note_dialback(s, "dialback-answered", v->question.originating, v->question.receiving,
                         cw_s2s_dialback_outcome(state, condition));
    a = cw_s2s_act(s, CW_S2S_DO_VERIFY_ANSWER);
    a->dialback = (struct cw_s2s_dialback){
        .originating = cw_arena_dup(&s->step, v->question.originating),
        .receiving = cw_arena_dup(&s->step, v->question.receiving),
        .id = cw_arena_dup(&s->step, v->question.id),
        .key = cw_arena_dup(&s->step, v->question.key),
        .state = state,
        .condition = condition,
    };
    while (*at != v)
        at = &(*at)->next;
    *at = v->next;
    cw_arena_free(&v->arena);
    cw_free(v);
}

void cw_s2s_verify_add(struct cw_s2s *s, const struct cw_s2s_dialback *question)
{
    struct cw_s2s_verify *v = cw_alloc(sizeof *v);

    v->question = *question;
    v->question.originating = cw_arena_dup(&v->arena, question->originating);
    v->question.receiving = cw_arena_dup(&v->arena, question->receiving);
    v->question.id = cw_arena_dup(&v->arena, question->id);
    v->question.key = cw_arena_dup(&v->arena, question->key);
    v->since_ms = s->now_ms;
    v->next = s->verifies;
    s->verifies = v;
    if (s->state == CW_S2S_CLOSING || s->config.direction == CW_INBOUND)
        answer(s, v, CW_DIALBACK_ERROR, CW_STANZA_REMOTE_SERVER_TIMEOUT);
    else
        cw_s2s_verify_flush(s);
}

/* The question's own domains: it may ride on a stream between two others. */
static void send_question(struct cw_s2s *s, struct cw_s2s_verify *v)
{
    struct cw_xml *verify = cw_s2s_make(s, CW_NS_DIALBACK, "verify");

    cw_xml_set(&s->step, verify, "from", cw_s2s_wire_form(&s->step, v->question.receiving));
    cw_xml_set(&s->step, verify, "to", cw_s2s_wire_form(&s->step, v->question.originating));
    cw_xml_set(&s->step, verify, "id", v->question.id);
    cw_xml_add_text(&s->step, verify, v->question.key);
    cw_s2s_note_dialback(s, "dialback-asked", v->question.originating, v->question.receiving, "");
    cw_s2s_send(s, verify);
    s->active_ms = s->now_ms;
    v->is_sent = true;
}

void cw_s2s_verify_flush(struct cw_s2s *s)
{
    if (s->state != CW_S2S_DIALBACK && s->state != CW_S2S_VERIFYING && s->state != CW_S2S_READY)
        return;
    for (struct cw_s2s_verify *v = s->verifies; v; v = v->next)
        if (!v->is_sent)
            send_question(s, v);
}

void cw_s2s_on_verify_out(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_str type = cw_xml_attr(node, "type"), id = cw_xml_attr(node, "id"), from, to;
    struct cw_s2s_verify *v = s->verifies;

    if (!cw_str_is_present(type)) {
        if (s->state == CW_S2S_CLOSING) /* nothing is said behind our goodbye */
            return;
        if (s->is_bidi && s->was_ready)
            cw_s2s_on_verify_in(s, node);
        else
            cw_s2s_fail(s, CW_STREAM_NOT_AUTHORIZED, "The peer asks on its own stream.");
        return;
    }
    if (cw_s2s_dialback_addresses(s, node, &from, &to))
        while (v && !(v->is_sent && cw_str_eq(from, v->question.originating) &&
                      cw_str_eq(to, v->question.receiving) && cw_str_eq(id, v->question.id)))
            v = v->next;
    else
        v = NULL;
    if (!v)
        cw_s2s_note(s, "dialback-unsolicited", "An answer came to a question never asked here.");
    else if (cw_str_eq_cstr(type, "valid"))
        answer(s, v, CW_DIALBACK_VALID, CW_STANZA_BAD_REQUEST);
    else if (cw_str_eq_cstr(type, "invalid"))
        answer(s, v, CW_DIALBACK_INVALID, CW_STANZA_BAD_REQUEST);
    else /* whatever went wrong there, this is what the claimant is told (section 2.5) */
        answer(s, v, CW_DIALBACK_ERROR, CW_STANZA_REMOTE_SERVER_NOT_FOUND);
}

/* Half the time that the claimant has: our answer must come before his stream times out. */
static uint64_t deadline_ms(const struct cw_s2s *s, const struct cw_s2s_verify *v)
{
    return v->since_ms + (uint64_t)s->policy->settings.establishment_timeout_s * 500;
}

uint64_t cw_s2s_verify_deadline_ms(const struct cw_s2s *s)
{
    uint64_t first = 0;

    for (const struct cw_s2s_verify *v = s->verifies; v; v = v->next)
        if (!first || deadline_ms(s, v) < first)
            first = deadline_ms(s, v);
    return first;
}

void cw_s2s_verify_expire(struct cw_s2s *s)
{
    struct cw_s2s_verify *next;

    for (struct cw_s2s_verify *v = s->verifies; v; v = next) {
        next = v->next;
        if (deadline_ms(s, v) <= s->now_ms)
            answer(s, v, CW_DIALBACK_ERROR, cw_s2s_verify_silence(s));
    }
}

enum cw_stanza_error cw_s2s_verify_silence(const struct cw_s2s *s)
{
    return s->state == CW_S2S_NEW ? CW_STANZA_REMOTE_CONNECTION_FAILED
                                  : CW_STANZA_REMOTE_SERVER_TIMEOUT;
}

void cw_s2s_verify_fail_all(struct cw_s2s *s, enum cw_stanza_error condition)
{
    while (s->verifies)
        answer(s, s->verifies, CW_DIALBACK_ERROR, condition);
}
