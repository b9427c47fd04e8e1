/* Dialback as receiving server (inbound: somebody claims a domain, its authority is asked) and as
 * originating server (outbound: we claim ours), XEP-0220 sections 2.1.1, 2.2.1 and 2.4 to 2.6.
 *
 * Errors do not close a stream.  "invalid" does, unless another pair lives on it.  An answer counts
 * only when it belongs to a question of this very stream; everything else with a type is somebody
 * trying his luck (CVE-2012-3525) and is not even answered. */
#include "s2s/stream_priv.h"

#include "s2s/dialback.h"
#include "xmpp/jid.h"

static bool read_domain(struct cw_s2s *s, struct cw_str text, struct cw_str *out)
{
    return cw_str_is_present(text) && text.n <= 1023 && cw_domain_to_ascii(&s->step, text, out);
}

bool cw_s2s_dialback_addresses(struct cw_s2s *s, const struct cw_xml *node, struct cw_str *from,
                               struct cw_str *to)
{
    return read_domain(s, cw_xml_attr(node, "from"), from) &&
           read_domain(s, cw_xml_attr(node, "to"), to);
}

/* --- answers --- */

static const char *type_of(enum cw_dialback_state state)
{
    switch (state) {
    case CW_DIALBACK_VALID:
        return "valid";
    case CW_DIALBACK_INVALID:
        return "invalid";
    case CW_DIALBACK_NONE:
    case CW_DIALBACK_PENDING:
    case CW_DIALBACK_ERROR:
        break;
    }
    return "error";
}

const char *cw_s2s_dialback_outcome(enum cw_dialback_state state, enum cw_stanza_error condition)
{
    return state == CW_DIALBACK_ERROR ? cw_stanza_error_name(condition) : type_of(state);
}

static void add_error(struct cw_s2s *s, struct cw_xml *answer, enum cw_stanza_error condition)
{
    struct cw_xml *error = cw_xml_add(&s->step, answer, CW_NS_SERVER, "error");

    cw_xml_set(&s->step, error, "type", cw_str_of(cw_stanza_error_type(condition)));
    cw_xml_add(&s->step, error, CW_NS_STANZA_ERRORS, cw_stanza_error_name(condition));
}

static void send_answer(struct cw_s2s *s, struct cw_xml *answer, enum cw_dialback_state state,
                        enum cw_stanza_error condition)
{
    cw_xml_set(&s->step, answer, "type", cw_str_of(type_of(state)));
    if (state == CW_DIALBACK_ERROR)
        add_error(s, answer, condition);
    cw_s2s_send(s, answer);
}

void cw_s2s_dialback_reply(struct cw_s2s *s, const struct cw_xml *question,
                           enum cw_dialback_state state, enum cw_stanza_error condition)
{
    bool is_result = cw_str_eq_cstr(question->name, "result");
    struct cw_xml *answer = cw_s2s_make(s, CW_NS_DIALBACK, is_result ? "result" : "verify");

    cw_xml_set(&s->step, answer, "from", cw_xml_attr(question, "to"));
    cw_xml_set(&s->step, answer, "to", cw_xml_attr(question, "from"));
    if (!is_result)
        cw_xml_set(&s->step, answer, "id", cw_xml_attr(question, "id"));
    send_answer(s, answer, state, condition);
}

static void send_result(struct cw_s2s *s, const struct cw_s2s_pair *pair,
                        enum cw_dialback_state state, enum cw_stanza_error condition)
{
    struct cw_xml *result = cw_s2s_make(s, CW_NS_DIALBACK, "result");

    cw_xml_set(&s->step, result, "from", cw_arena_dup(&s->step, pair->local_wire));
    cw_xml_set(&s->step, result, "to", cw_arena_dup(&s->step, pair->remote_wire));
    send_answer(s, result, state, condition);
}

/* --- receiving server --- */

static void refuse_result(struct cw_s2s *s, const struct cw_xml *node, enum cw_stanza_error why)
{
    cw_s2s_dialback_reply(s, node, CW_DIALBACK_ERROR, why);
    cw_s2s_note(s, "dialback-refused", cw_stanza_error_name(why));
}

static void ask_authority(struct cw_s2s *s, struct cw_s2s_pair *pair, struct cw_str key)
{
    struct cw_s2s_action *a;

    pair->dialback = CW_DIALBACK_PENDING;
    cw_s2s_note_dialback(s, "dialback-asked", pair->remote, pair->local, "");
    a = cw_s2s_act(s, CW_S2S_DO_ASK_AUTHORITY);
    a->dialback = (struct cw_s2s_dialback){.originating = pair->remote,
                                           .receiving = pair->local,
                                           .id = s->id,
                                           .key = key,
                                           .state = CW_DIALBACK_PENDING};
}

/* In the clear it is TLS that is missing, over TLS the proof by a certificate (section 2.5). */
static enum cw_stanza_error not_allowed(const struct cw_s2s *s)
{
    return s->facts.tls == CW_TLS_UP ? CW_STANZA_NOT_AUTHORIZED : CW_STANZA_POLICY_VIOLATION;
}

/* The claim is well-formed and of a partner: does the policy let it be proven here and now? */
static void take_claim(struct cw_s2s *s, const struct cw_xml *node, struct cw_str from,
                       struct cw_str to)
{
    struct cw_str key = cw_str_trim(cw_xml_text(&s->step, node));
    struct cw_s2s_pair *pair = cw_s2s_pair_find(s, to, from);
    struct cw_verdict v = cw_s2s_ask_policy(s, &(struct cw_s2s_pair){.local = to, .remote = from});

    if (pair && pair->is_ready)
        cw_s2s_dialback_reply(s, node, CW_DIALBACK_VALID, CW_STANZA_BAD_REQUEST);
    else if (pair)
        cw_s2s_note(s, "dialback-repeated", "The authority has not answered yet.");
    else if (!v.may_dialback) {
        s->last_reason = CW_REASON_DIALBACK_NOT_ALLOWED;
        refuse_result(s, node, not_allowed(s));
    } else if (key.n == 0 || key.n > CW_S2S_MAX_KEY_BYTES)
        refuse_result(s, node, CW_STANZA_BAD_REQUEST);
    else if (s->n_pairs >= CW_S2S_MAX_PAIRS)
        refuse_result(s, node, CW_STANZA_RESOURCE_CONSTRAINT);
    else
        ask_authority(s, cw_s2s_pair_add(s, to, from), key);
}

void cw_s2s_on_result_in(struct cw_s2s *s, struct cw_xml *node)
{
    const struct cw_partner *partner;
    struct cw_str from, to;

    if (cw_str_is_present(cw_xml_attr(node, "type"))) {
        cw_s2s_note(s, "dialback-unsolicited", "An answer came to a question never asked here.");
        return;
    }
    if (!cw_s2s_dialback_addresses(s, node, &from, &to)) {
        cw_s2s_fail(s, CW_STREAM_IMPROPER_ADDRESSING,
                    "Dialback needs \"from\" and \"to\", and both must be domains.");
        return;
    }
    partner = cw_policy_partner(s->policy, from);
    if (!partner && !cw_str_is_present(s->remote) && !s->was_ready)
        cw_s2s_fail(s, CW_STREAM_POLICY_VIOLATION, "The domain is not a federated partner here.");
    else if (!partner)
        refuse_result(s, node, CW_STANZA_POLICY_VIOLATION);
    else if (!partner->rules.dialback) {
        s->last_reason = CW_REASON_DIALBACK_NOT_ALLOWED;
        cw_s2s_note(s, "dialback-ignored", "Dialback is switched off for this partner.");
    } else if (!cw_policy_is_local(s->policy, to))
        refuse_result(s, node, CW_STANZA_ITEM_NOT_FOUND);
    else
        take_claim(s, node, from, to);
}

static bool has_other_pairs(const struct cw_s2s *s, const struct cw_s2s_pair *pair)
{
    for (const struct cw_s2s_pair *p = s->pairs; p; p = p->next)
        if (p != pair && (p->is_ready || p->dialback == CW_DIALBACK_PENDING))
            return true;
    return false;
}

static void on_valid(struct cw_s2s *s, struct cw_s2s_pair *pair)
{
    struct cw_verdict v;

    pair->dialback = CW_DIALBACK_VALID;
    v = cw_s2s_ask_policy(s, pair); /* the settings may have changed since the question */
    if (v.action == CW_NEGO_READY) {
        send_result(s, pair, CW_DIALBACK_VALID, CW_STANZA_BAD_REQUEST);
        cw_s2s_pair_ready(s, pair, v.method);
        return;
    }
    s->last_reason = v.reason;
    send_result(s, pair, CW_DIALBACK_ERROR, not_allowed(s));
    cw_s2s_pair_remove(s, pair);
}

static void on_invalid(struct cw_s2s *s, struct cw_s2s_pair *pair)
{
    s->last_reason = CW_REASON_DIALBACK_INVALID;
    if (has_other_pairs(s, pair)) {
        send_result(s, pair, CW_DIALBACK_ERROR, CW_STANZA_FORBIDDEN);
        cw_s2s_pair_remove(s, pair);
        return;
    }
    send_result(s, pair, CW_DIALBACK_INVALID, CW_STANZA_BAD_REQUEST);
    s->n_refused++;
    cw_s2s_pair_remove(s, pair);
    cw_s2s_close_gently(s, CW_REASON_DIALBACK_INVALID,
                        cw_str_of(cw_nego_reason_text(CW_REASON_DIALBACK_INVALID)), false);
}

void cw_s2s_on_dialback_answer(struct cw_s2s *s, const struct cw_s2s_dialback *d)
{
    struct cw_s2s_pair *pair = cw_s2s_pair_find(s, d->receiving, d->originating);

    if (s->config.direction != CW_INBOUND || s->state == CW_S2S_CLOSING || !pair ||
        pair->is_ready || pair->dialback != CW_DIALBACK_PENDING || !cw_str_eq(d->id, s->id))
        return;
    cw_s2s_note_dialback(s, "dialback-answered", d->originating, d->receiving,
                         cw_s2s_dialback_outcome(d->state, d->condition));
    switch (d->state) {
    case CW_DIALBACK_VALID:
        on_valid(s, pair);
        break;
    case CW_DIALBACK_INVALID:
        on_invalid(s, pair);
        break;
    case CW_DIALBACK_NONE:
    case CW_DIALBACK_PENDING:
        break;
    case CW_DIALBACK_ERROR:
        s->last_reason = CW_REASON_DIALBACK_ERROR;
        send_result(s, pair, CW_DIALBACK_ERROR, d->condition);
        cw_s2s_pair_remove(s, pair); /* the peer may try again */
        break;
    }
}

/* --- originating server --- */

bool cw_s2s_can_claim(const struct cw_s2s *s)
{
    return !cw_str_is_empty(s->id) && !cw_str_is_empty(s->policy->settings.dialback_secret);
}

void cw_s2s_send_claim(struct cw_s2s *s, struct cw_s2s_pair *pair)
{
    struct cw_xml *result = cw_s2s_make(s, CW_NS_DIALBACK, "result");

    cw_xml_set(&s->step, result, "from", pair->local_wire);
    cw_xml_set(&s->step, result, "to", pair->remote_wire);
    cw_xml_add_text(&s->step, result,
                    cw_dialback_key(&s->step, s->policy->settings.dialback_secret, pair->remote,
                                    pair->local, s->id));
    cw_s2s_note(s, "auth-started",
                cw_method_name(s->facts.tls == CW_TLS_UP ? CW_METHOD_TLS_DIALBACK
                                                         : CW_METHOD_TCP_DIALBACK));
    cw_s2s_send(s, result);
    pair->dialback = CW_DIALBACK_PENDING;
}

void cw_s2s_start_dialback(struct cw_s2s *s)
{
    if (!cw_s2s_can_claim(s)) {
        cw_s2s_note(s, "dialback-impossible",
                    cw_str_is_empty(s->id) ? "The peer gave the stream no id."
                                           : "No dialback secret is set.");
        s->pairs->dialback = CW_DIALBACK_ERROR;
        cw_s2s_decide_next(s);
        return;
    }
    cw_s2s_send_claim(s, s->pairs);
    cw_s2s_set_state(s, CW_S2S_DIALBACK);
    cw_s2s_verify_flush(s);
}

/* The pair whose key the peer answers; NULL: nobody asked. */
static struct cw_s2s_pair *answered_pair(struct cw_s2s *s, const struct cw_xml *node)
{
    struct cw_s2s_pair *pair;
    struct cw_str from, to;

    if (!cw_s2s_dialback_addresses(s, node, &from, &to))
        return NULL;
    pair = cw_s2s_pair_find(s, to, from);
    if (!pair || pair->dialback != CW_DIALBACK_PENDING ||
        s->state != (pair == s->pairs ? CW_S2S_DIALBACK : CW_S2S_READY))
        return NULL;
    return pair;
}

/* A claim of the peer on a stream of ours.  Where stanzas go both ways it may try (XEP-0288); it is
 * told to open a stream of its own for that, as the condition says. */
static void refuse_claim(struct cw_s2s *s, const struct cw_xml *node)
{
    struct cw_str from, to;

    if (s->state == CW_S2S_CLOSING) /* nothing is said behind our goodbye */
        return;
    if (s->is_bidi && s->was_ready && cw_s2s_dialback_addresses(s, node, &from, &to))
        refuse_result(s, node, CW_STANZA_RESOURCE_CONSTRAINT);
    else
        cw_s2s_fail(s, CW_STREAM_NOT_AUTHORIZED, "The peer proves its domain on its own stream.");
}

static const char *condition_of(struct cw_s2s *s, const struct cw_xml *node)
{
    const struct cw_xml *error = cw_xml_child(node, CW_NS_SERVER, "error");
    const struct cw_xml *condition = error ? cw_xml_first_element(error) : NULL;

    return condition ? cw_s2s_quote(s, condition->name).p : "an error without condition";
}

void cw_s2s_on_result_out(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_str type = cw_xml_attr(node, "type");
    struct cw_s2s_pair *pair;

    if (!cw_str_is_present(type)) {
        refuse_claim(s, node);
        return;
    }
    pair = answered_pair(s, node);
    if (!pair) {
        cw_s2s_note(s, "dialback-unsolicited", "An answer came to a question never asked here.");
        return;
    }
    pair->dialback = cw_str_eq_cstr(type, "valid")     ? CW_DIALBACK_VALID
                     : cw_str_eq_cstr(type, "invalid") ? CW_DIALBACK_INVALID
                                                       : CW_DIALBACK_ERROR;
    cw_s2s_note_dialback(s, "dialback-answered", pair->local, pair->remote,
                         pair->dialback == CW_DIALBACK_ERROR ? condition_of(s, node)
                                                             : type_of(pair->dialback));
    if (pair != s->pairs) {
        cw_s2s_added_answered(s, pair);
        return;
    }
    s->is_refused_by_peer = pair->dialback != CW_DIALBACK_VALID;
    cw_s2s_decide_next(s);
}
