/* What a stream's certificate stands for: the machine's question goes to identity.c, its answer
 * back as an event; and when the settings by which it was answered change, a stream that stands on
 * the old answer is reset, unless it is plain that the new one is the same. */
#include "edge/identity.h"
#include "edge/stream_priv.h"
#include "io/x509_proof.h"

/* Each way that was tried; the decision itself is told by the machine. */
static void trace(struct edge_stream *s, const struct edge_identity_answer *answer)
{
    for (size_t i = 0; i < answer->n_steps; i++) {
        const struct edge_proof_step *way = &answer->steps[i];
        edge_attempt_step(
            s->trace.attempt,
            &(struct edge_step){
                .kind = EDGE_STEP_PROOF,
                .state = way->state == EDGE_PROOF_OK ? EDGE_STEP_OK : EDGE_STEP_SKIPPED,
                .facts = json_pack("{s:s,s:s}", "by", way->name, "result",
                                   edge_proof_state_name(way->state)),
                .sentence = way->sentence,
            });
    }
}

static void on_answer(void *arg, const struct edge_identity_answer *answer)
{
    struct edge_stream *s = arg;
    s->identity = NULL;
    s->proof = answer->proof;
    trace(s, answer);
    if (answer->proof != CW_PROOF_NONE)
        edge_certificates_note_partner(s->edge, edge_stream_remote(s), answer->cert.not_after_s);
    edge_stream_step(s, &(struct cw_s2s_event){.kind = CW_S2S_PROVEN, .cert = &answer->cert});
}

void edge_stream_prove(struct edge_stream *s, struct cw_str domain)
{
    struct edge_identity_ask ask = {.edge = s->edge,
                                    .domain = domain,
                                    .direction = s->direction,
                                    .facts = s->tls,
                                    .policy = s->apart_policy,
                                    .is_fresh = s->apart_policy != NULL};
    if (s->direction == CW_OUTBOUND) {
        ask.host = s->host;
        ask.port = cw_addr_port(cw_conn_peer(s->conn));
        ask.is_secure = s->is_host_secure;
    }
    edge_identity_cancel(&s->identity);
    s->identity = edge_identity_begin(&ask, on_answer, s);
}

/* --- changed settings -------------------------------------------------------------------------*/

static bool has_same_pins(const struct cw_partner *a, const struct cw_partner *b)
{
    if (a->n_pinned_keys != b->n_pinned_keys)
        return false;
    for (size_t i = 0; i < a->n_pinned_keys; i++)
        if (!cw_str_eq(a->pinned_keys[i], b->pinned_keys[i]))
            return false;
    return true;
}

static bool has_pinned_key(const struct edge_stream *s, const struct cw_partner *partner)
{
    struct cw_arena arena = {0};
    struct cw_str pin =
        s->tls && s->tls->chain ? cw_x509_spki_pin(s->tls->chain, &arena) : CW_STR_NONE;
    bool has = false;
    for (size_t i = 0; i < partner->n_pinned_keys; i++)
        has |= cw_str_eq(partner->pinned_keys[i], pin);
    cw_arena_free(&arena);
    return has;
}

/* Pins decide alone where there are any. */
static bool partner_changed(const struct edge_stream *s, const struct cw_partner *a,
                            const struct cw_partner *b)
{
    if (b->n_pinned_keys > 0)
        return !has_same_pins(a, b) && !has_pinned_key(s, b);
    return a->n_pinned_keys > 0 || !cw_str_eq(a->trust_anchor, b->trust_anchor);
}

/* Asked of servers whose chain counts; by the partner's own anchor it was judged anew, and how is
 * not known here. */
static bool lacks_staple(const struct edge_stream *s)
{
    return s->direction == CW_OUTBOUND &&
           (s->proof == CW_PROOF_ANCHOR ||
            ((s->proof == CW_PROOF_PKIX || s->proof == CW_PROOF_DELEGATION) &&
             s->tls->staple != CW_STAPLE_GOOD));
}

bool edge_stream_trust_changed(const struct edge_stream *s, const struct cw_policy *before)
{
    const struct cw_policy *now = s->edge->policy;
    const struct cw_settings *old = &before->settings, *new = &now->settings;
    const struct cw_partner *a = cw_policy_partner(before, edge_stream_remote(s));
    const struct cw_partner *b = cw_policy_partner(now, edge_stream_remote(s));
    if (s->proof == CW_PROOF_NONE || !a || !b)
        return false;
    return partner_changed(s, a, b) || (s->proof == CW_PROOF_DANE && !new->dane) ||
           (s->proof == CW_PROOF_POSH && !new->posh) ||
           (new->require_ocsp_staple && !old->require_ocsp_staple &&lacks_staple(s));
}
