/* How a stream begins: in the clear, over TLS that STARTTLS brought, or over TLS that was there
 * from the first byte (XEP-0368); and what the certificate in that TLS stands for.  Names in it are
 * not all that may count, so the owner is asked first where SASL is an option, once for each domain
 * and certificate; until it has answered nothing is read or offered. */
#include "s2s/stream_priv.h"

/* --- what the certificate stands for --- */

static void copy_cert(struct cw_s2s *s, const struct cw_cert *cert)
{
    struct cw_cert_name *names = cw_arena_alloc(&s->session, cert->n_names * sizeof *names + 1);

    s->cert = *cert;
    for (size_t i = 0; i < cert->n_names; i++) {
        names[i] = cert->names[i];
        names[i].value = cw_arena_dup(&s->session, cert->names[i].value);
    }
    s->cert.names = names;
    s->cert.chain_reason = cw_arena_dup(&s->session, cert->chain_reason);
    s->cert.proven_for = cw_arena_dup(&s->session, cert->proven_for);
    s->cert.subject = cw_arena_dup(&s->session, cert->subject);
    s->cert.issuer = cw_arena_dup(&s->session, cert->issuer);
    s->cert.not_after = cw_arena_dup(&s->session, cert->not_after);
}

bool cw_s2s_is_proof_wanted(const struct cw_s2s *s)
{
    const struct cw_partner *partner = cw_s2s_partner(s);

    return s->config.proves && !s->config.verify_only && s->facts.tls == CW_TLS_UP &&
           s->cert.present && partner && partner->rules.sasl != CW_NOT_SUPPORTED &&
           !cw_str_eq(s->proof_asked_for, s->remote);
}

static void judge(struct cw_s2s *s)
{
    enum cw_cert_verdict before = s->facts.cert;

    s->facts.cert =
        cw_str_is_present(s->remote) ? cw_cert_judge(&s->cert, s->remote) : CW_CERT_NONE;
    if (s->facts.cert != before)
        cw_s2s_note_proof(s);
}

bool cw_s2s_ask_proof(struct cw_s2s *s)
{
    if (!cw_s2s_is_proof_wanted(s)) {
        judge(s);
        return false;
    }
    s->proof_asked_for = s->remote;
    cw_s2s_act(s, CW_S2S_DO_PROVE)->remote = s->remote;
    cw_s2s_set_state(s, CW_S2S_PROVING);
    return true;
}

/* --- beginning --- */

static void greet(struct cw_s2s *s)
{
    cw_s2s_set_state(s, CW_S2S_HEADER);
    cw_s2s_send_header(s);
}

/* We dialled to where TLS is spoken at once although the settings forbid it: not a word is said. */
static void refuse_tls(struct cw_s2s *s)
{
    const struct cw_s2s_end end = {.reason = CW_REASON_TLS_NOT_SUPPORTED,
                                   .text =
                                       cw_str_of(cw_nego_reason_text(CW_REASON_TLS_NOT_SUPPORTED))};

    cw_s2s_end(s, &end);
}

void cw_s2s_begin(struct cw_s2s *s)
{
    cw_s2s_reader_start(s);
    if (s->config.direction == CW_INBOUND)
        cw_s2s_set_state(s, CW_S2S_HEADER);
    else if (!cw_s2s_partner(s))
        cw_s2s_end(s, &(struct cw_s2s_end){.text = CW_S("The domain is not an enabled partner.")});
    else if (cw_s2s_ask_policy(s, s->pairs).reason == CW_REASON_TLS_NOT_SUPPORTED)
        refuse_tls(s);
    else if (!cw_s2s_ask_proof(s))
        greet(s);
}

static void note_tls(struct cw_s2s *s, const struct cw_s2s_event *e)
{
    struct cw_str why = s->cert.chain_ok ? CW_S("") : s->cert.chain_reason;
    const char *chain = !s->cert.present ? "none, " : s->cert.chain_ok ? "trusted" : "untrusted, ";

    cw_s2s_note(s, "tls-up",
                cw_arena_printf(&s->step, "%.*s %.*s%s, certificate: %s%.*s",
                                CW_ARG(e->tls_version), CW_ARG(e->tls_cipher),
                                e->kind == CW_S2S_OPENED ? ", from the first byte" : "", chain,
                                CW_ARG(why))
                    .p);
}

/* What was learnt in the clear is forgotten: offers, id, and who the peer said he is (RFC 6120
 * section 5.4.3.3). */
void cw_s2s_begin_over_tls(struct cw_s2s *s, const struct cw_s2s_event *e)
{
    s->active_ms = s->now_ms;
    copy_cert(s, e->cert);
    s->facts = (struct cw_facts){.direction = s->config.direction, .tls = CW_TLS_UP};
    s->id = s->proof_asked_for = CW_STR_NONE;
    s->header_sent = s->is_bidi = s->offers_bidi = s->offers_errors = false;
    if (s->config.direction == CW_INBOUND)
        s->local = s->remote = CW_STR_NONE;
    note_tls(s, e);
    cw_s2s_begin(s);
}

void cw_s2s_on_proven(struct cw_s2s *s, const struct cw_cert *cert)
{
    if (s->state != CW_S2S_PROVING)
        return;
    copy_cert(s, cert);
    judge(s);
    if (s->config.direction == CW_INBOUND)
        cw_s2s_answer_header(s);
    else
        greet(s);
    cw_s2s_read_held(s);
}
