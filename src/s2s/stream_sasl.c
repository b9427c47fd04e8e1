/* SASL EXTERNAL between servers (XEP-0178, RFC 6120 section 6).  Inbound the policy has said
 * whether it may be used at all; here only the exchange is judged: the mechanism, the base64 and
 * the authorization identity, which must be the domain of the stream header. */
#include "s2s/stream_priv.h"

#include "base/secret.h"
#include "xmpp/jid.h"

/* --- inbound --- */

static void send_failure(struct cw_s2s *s, const char *condition)
{
    struct cw_xml *failure = cw_s2s_make(s, CW_NS_SASL, "failure");

    cw_xml_add(&s->step, failure, CW_NS_SASL, condition);
    cw_s2s_send(s, failure);
    cw_s2s_note(s, "auth-refused", condition);
    s->facts.sasl = CW_SASL_FAILED;
    s->sasl_challenged = false;
    s->n_refused++;
    if (++s->sasl_tries >= CW_S2S_MAX_SASL_TRIES)
        cw_s2s_fail(s, CW_STREAM_POLICY_VIOLATION, "SASL failed too often.");
}

static bool is_sasl_in_rules(const struct cw_s2s *s)
{
    const struct cw_partner *partner = cw_s2s_partner(s);
    struct cw_nego_row row;

    if (!partner)
        return true; /* nobody yet: refused for want of a name, not of the mechanism */
    row = cw_nego_row(&partner->rules);
    for (size_t i = 0; i < row.n_methods; i++)
        if (row.methods[i] == CW_METHOD_SASL_EXTERNAL)
            return true;
    return false;
}

/* The stream begins anew; a claim that is still open was made on the old one and dies with it. */
static void begin_proven_stream(struct cw_s2s *s)
{
    cw_s2s_note(s, "auth-accepted", cw_method_name(CW_METHOD_SASL_EXTERNAL));
    cw_s2s_send(s, cw_s2s_make(s, CW_NS_SASL, "success"));
    cw_s2s_pairs_clear(s);
    s->id = CW_STR_NONE;
    s->header_sent = false;
    cw_s2s_reader_restart(s);
    cw_s2s_set_state(s, CW_S2S_HEADER);
}

/* The authorization identity is our view of the peer, or "=" for none (section 6.4.2). */
static void take_identity(struct cw_s2s *s, struct cw_str text)
{
    struct cw_str authzid = CW_S(""), ascii;

    if (!cw_str_eq_cstr(text, "=") && !cw_unbase64(&s->step, text, &authzid)) {
        send_failure(s, "incorrect-encoding");
        return;
    }
    if (authzid.n > 0 && (authzid.n > 1023 || !cw_domain_to_ascii(&s->step, authzid, &ascii) ||
                          !cw_str_eq(ascii, s->remote))) {
        send_failure(s, "invalid-authzid");
        return;
    }
    s->facts.sasl = CW_SASL_SUCCESS;
    if (cw_s2s_ask_policy(s, NULL).action != CW_NEGO_READY) {
        send_failure(s, "not-authorized");
        return;
    }
    begin_proven_stream(s);
}

void cw_s2s_on_auth(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_str mechanism = cw_xml_attr(node, "mechanism");
    struct cw_str text = cw_xml_text(&s->step, node);

    cw_s2s_note(s, "auth-started", cw_s2s_quote(s, mechanism).p);
    if (!cw_str_is_present(mechanism) || s->sasl_challenged)
        send_failure(s, "malformed-request");
    else if (!cw_str_eq_cstr(mechanism, "EXTERNAL") || !is_sasl_in_rules(s))
        send_failure(s, "invalid-mechanism");
    else if (s->facts.tls != CW_TLS_UP)
        send_failure(s, "encryption-required");
    else if (!cw_str_is_present(s->remote) || !cw_str_is_present(s->local) ||
             !cw_s2s_ask_policy(s, NULL).may_external)
        send_failure(s, "not-authorized");
    else if (text.n > 0)
        take_identity(s, text);
    else { /* no initial response: ask for it (section 6.4.2) */
        cw_s2s_send(s, cw_s2s_make(s, CW_NS_SASL, "challenge"));
        s->facts.sasl = CW_SASL_PENDING;
        s->sasl_challenged = true;
    }
}

void cw_s2s_on_response(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_str text = cw_xml_text(&s->step, node);

    if (!s->sasl_challenged) {
        send_failure(s, "malformed-request");
        return;
    }
    s->sasl_challenged = false;
    if (!cw_s2s_ask_policy(s, NULL).may_external)
        send_failure(s, "not-authorized");
    else
        take_identity(s, text.n > 0 ? text : CW_S("="));
}

void cw_s2s_on_abort(struct cw_s2s *s, struct cw_xml *node)
{
    (void)node;
    send_failure(s, s->sasl_challenged ? "aborted" : "malformed-request");
}

/* --- outbound --- */

/* The identity is written out for receivers older than XEP-0178 1.0. */
void cw_s2s_start_external(struct cw_s2s *s)
{
    struct cw_xml *auth = cw_s2s_make(s, CW_NS_SASL, "auth");

    cw_xml_set(&s->step, auth, "mechanism", CW_S("EXTERNAL"));
    cw_xml_add_text(&s->step, auth, cw_base64(&s->step, s->pairs->local_wire));
    cw_s2s_note(s, "auth-started", cw_method_name(CW_METHOD_SASL_EXTERNAL));
    cw_s2s_send(s, auth);
    s->facts.sasl = CW_SASL_PENDING;
    cw_s2s_set_state(s, CW_S2S_AUTH);
}

/* An empty one asks for what was said already; EXTERNAL knows no other. */
void cw_s2s_on_challenge(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_xml *response = cw_s2s_make(s, CW_NS_SASL, "response");

    (void)node;
    if (s->sasl_challenged) {
        cw_s2s_fail(s, CW_STREAM_POLICY_VIOLATION, "EXTERNAL knows only one challenge.");
        return;
    }
    s->sasl_challenged = true;
    cw_xml_add_text(&s->step, response, cw_base64(&s->step, s->pairs->local_wire));
    cw_s2s_send(s, response);
}

void cw_s2s_on_success(struct cw_s2s *s, struct cw_xml *node)
{
    (void)node;
    cw_s2s_note(s, "auth-accepted", cw_method_name(CW_METHOD_SASL_EXTERNAL));
    s->facts.sasl = CW_SASL_SUCCESS;
    s->facts.offers_known = false;
    cw_s2s_reader_restart(s);
    cw_s2s_send_header(s);
    cw_s2s_set_state(s, CW_S2S_HEADER);
}

void cw_s2s_on_sasl_failure(struct cw_s2s *s, struct cw_xml *node)
{
    const struct cw_xml *condition = cw_xml_first_element(node);
    const struct cw_xml *text = cw_xml_child(node, CW_NS_SASL, "text");
    struct cw_str name = condition ? cw_s2s_quote(s, condition->name) : CW_S("no condition");
    struct cw_str words = text ? cw_s2s_quote(s, cw_xml_text(&s->step, text)) : CW_S("");

    cw_s2s_note(
        s, "auth-refused",
        cw_arena_printf(&s->step, "%.*s%s%.*s", CW_ARG(name), words.n ? ": " : "", CW_ARG(words))
            .p);
    s->facts.sasl = CW_SASL_FAILED;
    s->is_refused_by_peer = true;
    cw_s2s_set_state(s, CW_S2S_FEATURES);
    cw_s2s_decide_next(s); /* dialback, where the settings allow it and the peer offered it */
}
