/* Inbound: whom the header names, what we offer, STARTTLS, and the door that every stanza passes
 * (RFC 6120 sections 4.7, 5.4 and 8.1).  A header without `from` names nobody: only dialback can
 * follow, and the policy is asked when <db:result/> says who it is. */
#include "s2s/stream_priv.h"

#include "xmpp/jid.h"

enum { MAX_DOMAIN_BYTES = 1023 };

/* --- header --- */

static bool to_ascii(struct cw_s2s *s, struct cw_str domain, struct cw_str *out)
{
    return domain.n <= MAX_DOMAIN_BYTES && cw_domain_to_ascii(&s->step, domain, out);
}

/* After <success/> the peer is who it was, or the stream ends (a second identity on a proven stream
 * is CVE-2018-10847). */
static bool keeps_identity(struct cw_s2s *s, struct cw_str from, struct cw_str to)
{
    if (cw_str_is_present(s->remote) && cw_str_is_present(from) && !cw_str_eq(from, s->remote)) {
        cw_s2s_fail(s, CW_STREAM_INVALID_FROM, "The header names another domain than before.");
        return false;
    }
    if (cw_str_is_present(s->local) && cw_str_is_present(to) && !cw_str_eq(to, s->local)) {
        cw_s2s_fail(s, CW_STREAM_NOT_AUTHORIZED, "The header asks for another domain than before.");
        return false;
    }
    return true;
}

static bool read_to(struct cw_s2s *s, const struct cw_stream_header *h, struct cw_str *to)
{
    *to = CW_STR_NONE;
    if (!cw_str_is_present(h->to)) {
        if (h->major == 0) /* old servers leave it out (RFC 6120 section 4.7.2) */
            return true;
        cw_s2s_fail(s, CW_STREAM_IMPROPER_ADDRESSING, "The header has no \"to\".");
        return false;
    }
    if (to_ascii(s, h->to, to) && cw_policy_is_local(s->policy, *to))
        return true;
    cw_s2s_fail(s, CW_STREAM_HOST_UNKNOWN, "This server does not serve that domain.");
    return false;
}

static bool read_from(struct cw_s2s *s, const struct cw_stream_header *h, struct cw_str *from)
{
    *from = CW_STR_NONE;
    if (!cw_str_is_present(h->from))
        return true;
    if (to_ascii(s, h->from, from) && cw_policy_partner(s->policy, *from))
        return true;
    *from = CW_STR_NONE;
    cw_s2s_fail(s, CW_STREAM_POLICY_VIOLATION, "The domain is not a federated partner here.");
    return false;
}

static void send_features(struct cw_s2s *s, const struct cw_verdict *v)
{
    const struct cw_stream_features f = {
        .starttls = v->may_starttls,
        .starttls_required = v->must_starttls,
        .mechanisms = v->may_external,
        .external = v->may_external,
        .dialback = v->may_dialback,
        .dialback_errors = v->may_dialback,
        .bidi = cw_s2s_may_offer_bidi(s, v),
    };

    if (!s->is_before_1_0) { /* before 1.0 there are none (section 4.7.5) */
        cw_s2s_note_features(s, "offered", &f);
        cw_s2s_send(s, cw_stream_features_make(&s->step, &f));
    }
    s->facts.offers_known = true;
}

struct cw_verdict cw_s2s_offer_verdict(const struct cw_s2s *s)
{
    if (cw_str_is_present(s->remote))
        return cw_s2s_ask_policy(s, NULL);
    return (struct cw_verdict){
        .action = CW_NEGO_WAIT, .may_starttls = s->facts.tls == CW_TLS_NONE, .may_dialback = true};
}

static void become_authenticated(struct cw_s2s *s)
{
    struct cw_verdict v = cw_s2s_ask_policy(s, NULL);
    /* For another domain of ours the peer may have to be proven by dialback. */
    struct cw_verdict other = cw_s2s_ask_policy(s, &(struct cw_s2s_pair){.remote = s->remote});

    if (v.action != CW_NEGO_READY) { /* it was, when <success/> went out */
        cw_s2s_fail(s, CW_STREAM_RESET,
                    "The security of this stream no longer satisfies the settings.");
        return;
    }
    send_features(s, &(struct cw_verdict){.may_dialback = other.may_dialback});
    cw_s2s_pair_ready(s, cw_s2s_pair_add(s, s->local, s->remote), v.method);
}

static void offer(struct cw_s2s *s)
{
    struct cw_verdict v = cw_s2s_offer_verdict(s);

    if (v.action == CW_NEGO_REFUSE) {
        cw_s2s_refuse(s, v.reason);
        return;
    }
    s->last_reason = v.reason;
    send_features(s, &v);
    if (v.reason != CW_REASON_NONE)
        cw_s2s_note(s, "nothing-to-offer", cw_nego_reason_text(v.reason));
    cw_s2s_set_state(s, CW_S2S_OPEN);
}

static void remember_claim(struct cw_s2s *s, struct cw_str domain, struct cw_str *claim)
{
    struct cw_str ascii;

    if (cw_str_is_present(domain) && to_ascii(s, domain, &ascii) && !cw_str_eq(ascii, *claim))
        *claim = cw_arena_dup(&s->session, ascii);
}

void cw_s2s_on_header_in(struct cw_s2s *s, const struct cw_stream_header *h)
{
    bool is_proven = s->facts.sasl == CW_SASL_SUCCESS;
    struct cw_str from, to;

    remember_claim(s, h->from, &s->claimed_from);
    remember_claim(s, h->to, &s->claimed_to);
    if (!read_to(s, h, &to) || !read_from(s, h, &from) ||
        (is_proven && !keeps_identity(s, from, to)))
        return;
    if (!is_proven) {
        s->local = cw_arena_dup(&s->session, to);
        s->remote = cw_arena_dup(&s->session, from);
    }
    if (!cw_s2s_ask_proof(s))
        cw_s2s_answer_header(s);
}

void cw_s2s_answer_header(struct cw_s2s *s)
{
    cw_s2s_send_header(s);
    if (s->facts.sasl == CW_SASL_SUCCESS)
        become_authenticated(s);
    else
        offer(s);
}

/* --- STARTTLS --- */

void cw_s2s_on_starttls(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_verdict v = cw_s2s_offer_verdict(s);

    (void)node;
    if (s->was_ready || !v.may_starttls) {
        cw_s2s_send(s, cw_s2s_make(s, CW_NS_TLS, "failure"));
        cw_s2s_close_gently(s, CW_REASON_TLS_NOT_SUPPORTED,
                            CW_S("The peer asked for TLS, which was not offered."), false);
        return;
    }
    if (s->no_handshake) {
        cw_s2s_fail(s, CW_STREAM_RESOURCE_CONSTRAINT,
                    "Too many TLS handshakes come from this address; try again later.");
        return;
    }
    cw_s2s_note(s, "starttls", "The peer asks for TLS.");
    cw_s2s_send(s, cw_s2s_make(s, CW_NS_TLS, "proceed"));
    cw_s2s_act(s, CW_S2S_DO_START_TLS);
    cw_s2s_pairs_clear(s); /* questions asked in the clear count no more */
    s->is_bidi = false;
    cw_xml_reader_free(&s->reader);
    s->handshake_ms = s->now_ms;
    cw_s2s_set_state(s, CW_S2S_TLS);
}

/* --- stanzas --- */

/* The pair that the two addresses belong to, if it is proven.  One function asks; every stanza
 * passes it.  NULL: the stream was closed with the error that RFC 6120 section 8.1 names. */
static const struct cw_s2s_pair *proven_pair(struct cw_s2s *s, const struct cw_jid *from,
                                             const struct cw_jid *to)
{
    bool from_proven = false;

    for (const struct cw_s2s_pair *p = s->pairs; p; p = p->next) {
        if (!p->is_ready || !cw_str_eq(from->domain, p->remote_wire))
            continue;
        if (cw_str_eq(to->domain, p->local_wire))
            return p;
        from_proven = true;
    }
    if (!from_proven)
        cw_s2s_fail(s, CW_STREAM_INVALID_FROM, "The sender's domain is not proven on this stream.");
    else if (!cw_policy_is_local(s->policy, to->domain))
        cw_s2s_fail(s, CW_STREAM_HOST_UNKNOWN,
                    "This server does not serve the addressee's domain.");
    else
        cw_s2s_fail(s, CW_STREAM_NOT_AUTHORIZED,
                    "The stream is not authenticated for the addressee's domain.");
    return NULL;
}

void cw_s2s_on_stanza(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_arena *arena = &s->step;
    struct cw_str from_text = cw_xml_attr(node, "from"), to_text = cw_xml_attr(node, "to");
    const struct cw_s2s_pair *pair;
    struct cw_s2s_action *a;
    struct cw_jid from, to;

    if (!s->was_ready) {
        cw_s2s_fail(s, CW_STREAM_NOT_AUTHORIZED, "Nothing is taken before authentication.");
        return;
    }
    if (!cw_str_is_present(from_text) || !cw_str_is_present(to_text) ||
        cw_jid_parse(arena, from_text, &from) != CW_JID_OK ||
        cw_jid_parse(arena, to_text, &to) != CW_JID_OK) {
        cw_s2s_fail(s, CW_STREAM_IMPROPER_ADDRESSING,
                    "A stanza needs \"from\" and \"to\", and both must be XMPP addresses.");
        return;
    }
    pair = proven_pair(s, &from, &to);
    if (!pair)
        return;
    /* One parse decides: what was checked is what goes on. */
    cw_xml_set(arena, node, "from", cw_jid_str(arena, &from));
    cw_xml_set(arena, node, "to", cw_jid_str(arena, &to));
    a = cw_s2s_act(s, CW_S2S_DO_STANZA);
    a->local = pair->local;
    a->remote = pair->remote;
    a->method = pair->method;
    a->stanza = node;
    a->is_refused = s->is_parting || s->is_refusing;
}
