/* Stanzas both ways on one stream (XEP-0288): asked for before authentication, good for every pair
 * that is READY afterwards.
 *
 * Inbound the peer has proven itself to us as always, so what we send back reaches the right one.
 * Outbound only we prove ourselves, by what the XEP says; whoever stands in the middle could then
 * push stanzas to us in the partner's name.  So we ask for it only where the peer's certificate
 * alone would have been proof enough on a stream of its own, and stanzas are taken of that domain
 * only: for no other one was the owner asked what the certificate stands for. */
#include "s2s/stream_priv.h"

static bool is_peer_proven(const struct cw_s2s *s)
{
    const struct cw_partner *partner = cw_s2s_partner(s);
    const struct cw_facts as_inbound = {.direction = CW_INBOUND,
                                        .tls = s->facts.tls,
                                        .cert = s->facts.cert,
                                        .sasl = CW_SASL_SUCCESS};

    return partner && cw_nego_decide(&partner->rules, &as_inbound).action == CW_NEGO_READY;
}

bool cw_s2s_may_take_from(const struct cw_s2s *s, struct cw_str remote)
{
    return cw_str_eq(remote, s->remote) && is_peer_proven(s);
}

bool cw_s2s_is_bidi(const struct cw_s2s *s)
{
    return s->is_bidi;
}

static void enable(struct cw_s2s *s, const char *text)
{
    s->is_bidi = true;
    cw_s2s_note(s, "bidi", text);
}

/* --- outbound --- */

void cw_s2s_ask_bidi(struct cw_s2s *s)
{
    if (s->is_bidi || !s->config.bidi || !s->offers_bidi || !is_peer_proven(s))
        return;
    enable(s, "We ask for stanzas both ways.");
    cw_s2s_send(s, cw_s2s_make(s, CW_NS_BIDI, "bidi"));
}

/* --- inbound --- */

/* By a chain alone our stanzas go to a server only when it shows a staple, where the settings say
 * so; a client can show none, so they do not go back to it either. */
bool cw_s2s_lacks_staple(const struct cw_s2s *s)
{
    const struct cw_partner *partner = cw_s2s_partner(s);
    enum cw_cert_proof proof = cw_cert_proof(&s->cert, s->remote);
    bool is_chain =
        proof == CW_PROOF_PKIX || proof == CW_PROOF_ANCHOR || proof == CW_PROOF_DELEGATION;

    return s->policy->settings.require_ocsp_staple && is_chain && partner &&
           !cw_s2s_rules_have_dialback(&partner->rules);
}

bool cw_s2s_may_offer_bidi(const struct cw_s2s *s, const struct cw_verdict *v)
{
    return s->config.bidi && !s->is_before_1_0 && s->facts.sasl != CW_SASL_SUCCESS &&
           (v->may_external || v->may_dialback) && !cw_s2s_lacks_staple(s);
}

void cw_s2s_on_bidi(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_verdict v = cw_s2s_offer_verdict(s);

    (void)node;
    if (s->was_ready)
        cw_s2s_fail(s, CW_STREAM_POLICY_VIOLATION,
                    "The stream is authenticated already: its direction stays.");
    else if (!cw_s2s_may_offer_bidi(s, &v))
        cw_s2s_fail(s, CW_STREAM_POLICY_VIOLATION, "Stanzas both ways were not offered.");
    else if (!s->is_bidi)
        enable(s, "The peer asks for stanzas both ways.");
}
