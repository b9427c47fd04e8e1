/* Outbound: the peer's header and features, and doing what the policy decides from them.  The
 * policy is asked again after each answer; nothing here knows a rule. */
#include "s2s/stream_priv.h"

#include "xmpp/jid.h"

/* The answering header may leave `from` out, but not name somebody else. */
static bool is_from_remote(struct cw_s2s *s, struct cw_str from)
{
    struct cw_str ascii;

    return !cw_str_is_present(from) ||
           (from.n <= 1023 && cw_domain_to_ascii(&s->step, from, &ascii) &&
            cw_str_eq(ascii, s->remote));
}

void cw_s2s_on_header_out(struct cw_s2s *s, const struct cw_stream_header *h)
{
    if (!is_from_remote(s, h->from)) {
        cw_s2s_fail(s, CW_STREAM_INVALID_FROM,
                    "The answering header names another domain than the one we asked for.");
        return;
    }
    s->id = cw_arena_dup(&s->session, h->id);
    if (h->major > 0) {
        cw_s2s_set_state(s, CW_S2S_FEATURES);
        return;
    }
    /* Before 1.0 there are no features: dialback is all there is (RFC 6120 section 4.7.5). */
    s->facts.offers_known = s->facts.offers_dialback = true;
    cw_s2s_decide_next(s);
}

void cw_s2s_on_features(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_stream_features f;

    cw_stream_features_read(node, &f);
    cw_s2s_note_features(s, "features", &f);
    s->facts.offers_known = true;
    s->facts.offers_starttls = f.starttls;
    s->facts.requires_starttls = f.starttls && f.starttls_required;
    s->facts.offers_external = f.external;
    /* Servers older than the feature say it in their header (XEP-0220 section 2.4.1). */
    s->facts.offers_dialback = f.dialback || s->peer_declares_db;
    s->offers_errors = f.dialback && f.dialback_errors;
    s->offers_bidi = f.bidi;
    if (s->facts.sasl == CW_SASL_SUCCESS && f.other_required) {
        cw_s2s_fail(s, CW_STREAM_UNSUPPORTED_FEATURE,
                    "The partner's server requires a feature that is not known here.");
        return;
    }
    cw_s2s_decide_next(s);
}

static void start_tls(struct cw_s2s *s)
{
    if (!s->facts.offers_starttls)
        cw_s2s_note(s, "starttls-not-offered",
                    "TLS is asked for although the peer's features do not offer it.");
    cw_s2s_note(s, "starttls", "We ask for TLS.");
    cw_s2s_send(s, cw_s2s_make(s, CW_NS_TLS, "starttls"));
    cw_s2s_set_state(s, CW_S2S_PROCEED);
}

/* An attacker who strips the offer gets what the partner's settings allow; the log must show it
 * (RFC 7590 section 3.1). */
static void note_missing_tls(struct cw_s2s *s)
{
    const struct cw_partner *partner = cw_s2s_partner(s);

    if (partner && partner->rules.tls == CW_OPTIONAL && s->facts.tls == CW_TLS_NONE &&
        !s->facts.offers_starttls)
        cw_s2s_note(s, "starttls-not-offered",
                    "TLS is optional for this partner and its server does not offer it.");
}

/* A stream made only to ask an authority needs the partner's TLS rule met and nothing more. */
static bool decide_verify_only(struct cw_s2s *s, const struct cw_verdict *v)
{
    const struct cw_partner *partner = cw_s2s_partner(s);
    bool tls_rule_met = partner && (s->facts.tls == CW_TLS_UP || partner->rules.tls != CW_REQUIRED);

    if (!s->config.verify_only || v->action == CW_NEGO_START_TLS || !tls_rule_met ||
        v->reason == CW_REASON_TLS_NOT_SUPPORTED)
        return false;
    cw_s2s_set_state(s, CW_S2S_VERIFYING);
    cw_s2s_verify_flush(s);
    return true;
}

void cw_s2s_decide_next(struct cw_s2s *s)
{
    struct cw_verdict v = cw_s2s_ask_policy(s, s->pairs);

    s->last_reason = v.reason;
    if (decide_verify_only(s, &v))
        return;
    switch (v.action) {
    case CW_NEGO_WAIT:
        break;
    case CW_NEGO_START_TLS:
        start_tls(s);
        break;
    case CW_NEGO_START_EXTERNAL:
        cw_s2s_ask_bidi(s);
        cw_s2s_start_external(s);
        break;
    case CW_NEGO_START_DIALBACK:
        note_missing_tls(s);
        cw_s2s_ask_bidi(s);
        cw_s2s_start_dialback(s);
        break;
    case CW_NEGO_READY:
        cw_s2s_pair_ready(s, s->pairs, v.method);
        break;
    case CW_NEGO_REFUSE:
        note_missing_tls(s);
        cw_s2s_refuse(s, v.reason);
        break;
    }
}

void cw_s2s_on_proceed(struct cw_s2s *s, struct cw_xml *node)
{
    (void)node;
    cw_s2s_act(s, CW_S2S_DO_START_TLS);
    cw_xml_reader_free(&s->reader); /* what came behind <proceed/> in the clear dies here */
    s->handshake_ms = s->now_ms;
    cw_s2s_set_state(s, CW_S2S_TLS);
}

void cw_s2s_on_tls_refused(struct cw_s2s *s, struct cw_xml *node)
{
    (void)node;
    cw_s2s_close_gently(s, CW_REASON_TLS_REFUSED,
                        cw_str_of(cw_nego_reason_text(CW_REASON_TLS_REFUSED)), true);
}
