/* Whether a partner's certificate stands for its domain; see identity.h for the order.
 *
 *     outbound   pin | anchor | DANE -> PKIX -> delegation -> POSH
 *     inbound    pin | anchor | PKIX -> DANE -> delegation -> POSH
 *
 * Each way either ends the question (proved, refused) or goes on to the next one. */
#include "edge/identity_priv.h"

const char *edge_proof_state_name(enum edge_proof_state state)
{
    switch (state) {
    case EDGE_PROOF_OK:
        return "ok";
    case EDGE_PROOF_FAILED:
        return "failed";
    case EDGE_PROOF_SKIPPED:
        return "skipped";
    }
    return "?";
}

/* --- ends -------------------------------------------------------------------------------------*/

void edge_identity_cancel(struct edge_identity **identity)
{
    struct edge_identity *id = *identity;
    if (!id)
        return;
    *identity = NULL;
    edge_identity_stop_dns(id);
    edge_posh_cancel(&id->posh);
    cw_timer_free(&id->timer);
    cw_policy_unref(&id->policy);
    cw_arena_free(&id->arena);
    cw_free(id);
}

static void finish(struct edge_identity *id)
{
    const struct edge_identity_answer answer = {
        .cert = id->cert,
        .proof = id->proof,
        .steps = id->steps,
        .n_steps = id->n_steps,
    };
    id->done(id->arg, &answer);
    edge_identity_cancel(&id);
}

void edge_identity_note(struct edge_identity *id, enum cw_cert_proof way,
                        enum edge_proof_state state, struct cw_str sentence)
{
    if (id->n_steps == EDGE_IDENTITY_MAX_STEPS)
        return;
    id->steps[id->n_steps++] = (struct edge_proof_step){
        .name = cw_cert_proof_name(way), .state = state, .sentence = sentence};
}

void edge_identity_proved(struct edge_identity *id, enum cw_cert_proof way, struct cw_str sentence)
{
    edge_identity_note(id, way, EDGE_PROOF_OK, sentence);
    id->proof = way;
    id->cert.proven_for = id->domain;
    id->cert.proof = way;
    finish(id);
}

void edge_identity_refused(struct edge_identity *id, enum cw_cert_proof way,
                           enum cw_chain_fault fault, struct cw_str sentence)
{
    edge_identity_note(id, way, EDGE_PROOF_FAILED, sentence);
    id->cert.proven_for = id->domain;
    id->cert.proof = CW_PROOF_NONE;
    id->cert.chain_ok = false;
    id->cert.fault = fault;
    id->cert.chain_reason = sentence;
    finish(id);
}

void edge_identity_unproved(struct edge_identity *id)
{
    id->cert.proven_for = id->domain;
    id->cert.proof = CW_PROOF_NONE;
    finish(id);
}

bool edge_identity_has_staple(struct edge_identity *id, enum cw_cert_proof way,
                              enum cw_tls_staple staple)
{
    if (!id->policy->settings.require_ocsp_staple || id->direction == CW_INBOUND ||
        staple == CW_STAPLE_GOOD)
        return true;
    edge_identity_refused(id, way, CW_CHAIN_NO_STAPLE,
                          cw_arena_printf(&id->arena,
                                          "the settings require a good OCSP staple and this "
                                          "one is: %s",
                                          cw_tls_staple_name(staple)));
    return false;
}

static void on_timer(void *arg)
{
    struct edge_identity *id = arg;
    id->on_timer(id);
}

void edge_identity_set_timer(struct edge_identity *id, uint64_t after_ms,
                             void (*fn)(struct edge_identity *))
{
    id->on_timer = fn;
    cw_timer_set(id->timer, after_ms);
}

/* --- what the administrator says --------------------------------------------------------------*/

static void judge_pin(struct edge_identity *id)
{
    struct cw_str pin = cw_x509_spki_pin(id->facts->chain, &id->arena);
    for (size_t i = 0; i < id->partner->n_pinned_keys; i++)
        if (cw_str_eq(id->partner->pinned_keys[i], pin)) {
            edge_identity_proved(id, CW_PROOF_PIN, CW_S("it has a key that is pinned"));
            return;
        }
    edge_identity_refused(id, CW_PROOF_PIN, CW_CHAIN_PIN,
                          cw_arena_printf(&id->arena,
                                          "its key %.*s is none of those that are pinned for "
                                          "this partner",
                                          CW_ARG(pin)));
}

static void judge_anchor(struct edge_identity *id)
{
    enum cw_tls_staple staple =
        cw_x509_verify_anchor(id->facts->chain, id->partner->trust_anchor, &id->arena, &id->cert);
    const char *wrong_name = "the certificate is by this partner's own trust anchor, but does not "
                             "name the domain";
    if (!id->cert.chain_ok) {
        edge_identity_refused(id, CW_PROOF_ANCHOR, id->cert.fault,
                              cw_arena_printf(&id->arena, "not by this partner's own anchor: %.*s",
                                              CW_ARG(id->cert.chain_reason)));
    } else if (id->cert.is_ca || !cw_cert_match(&id->cert, id->domain)) {
        edge_identity_note(id, CW_PROOF_ANCHOR, EDGE_PROOF_FAILED, cw_str_of(wrong_name));
        edge_identity_unproved(id);
    } else if (edge_identity_has_staple(id, CW_PROOF_ANCHOR, staple)) {
        edge_identity_proved(id, CW_PROOF_ANCHOR,
                             CW_S("the chain leads to this partner's own trust anchor"));
    }
}

/* --- what everybody's anchors say -------------------------------------------------------------*/

/* False: it goes on with the next way. */
static bool judge_names(struct edge_identity *id)
{
    const struct cw_cert *cert = &id->cert;
    const struct cw_cert_name *name = cw_cert_match(cert, id->domain);
    struct cw_str sentence;
    if (cert->chain_ok && !cert->is_ca && name) {
        if (edge_identity_has_staple(id, CW_PROOF_PKIX, id->facts->staple))
            edge_identity_proved(id, CW_PROOF_PKIX,
                                 cw_arena_printf(&id->arena, "%s %.*s",
                                                 cw_cert_name_type_name(name->type),
                                                 CW_ARG(name->value)));
        return true;
    }
    if (!cert->chain_ok)
        sentence = cert->chain_reason;
    else if (cert->is_ca)
        sentence = CW_S("it is a CA's own certificate");
    else
        sentence = cw_arena_printf(&id->arena, "it does not name %.*s", CW_ARG(id->domain));
    edge_identity_note(id, CW_PROOF_PKIX, EDGE_PROOF_FAILED, sentence);
    return false;
}

void edge_identity_after_dane(struct edge_identity *id)
{
    if (!judge_names(id) && !edge_identity_is_delegated(id))
        edge_identity_ask_posh(id);
}

/* A stranger is not looked up for: nothing but names. */
static void judge(struct edge_identity *id)
{
    if (!id->cert.present || !id->facts->chain) {
        finish(id);
    } else if (!id->partner) {
        if (!judge_names(id))
            edge_identity_unproved(id);
    } else if (id->partner->n_pinned_keys > 0) {
        judge_pin(id);
    } else if (id->partner->trust_anchor.n > 0) {
        judge_anchor(id);
    } else if (id->direction == CW_OUTBOUND) {
        edge_identity_ask_dane(id);
    } else if (!judge_names(id)) {
        edge_identity_ask_servers(id);
    }
}

struct edge_identity *
edge_identity_begin(const struct edge_identity_ask *ask,
                    void (*done)(void *arg, const struct edge_identity_answer *), void *arg)
{
    struct edge_identity *id = cw_alloc(sizeof *id);
    id->edge = ask->edge;
    id->policy = cw_policy_ref(ask->policy ? ask->policy : ask->edge->policy);
    id->domain = cw_arena_dup(&id->arena, ask->domain);
    id->partner = cw_policy_partner(id->policy, id->domain);
    id->direction = ask->direction;
    id->facts = ask->facts;
    id->is_fresh = ask->is_fresh;
    id->web_port = ask->web_port;
    id->done = done;
    id->arg = arg;
    id->cert = ask->facts->cert;
    id->timer = cw_timer_new(id->edge->base, on_timer, id);
    if (ask->direction == CW_OUTBOUND && ask->host.n > 0)
        id->places[id->n_places++] =
            (struct edge_place){.identity = id,
                                .host = cw_arena_dup(&id->arena, ask->host),
                                .port = ask->port,
                                .is_secure = ask->is_secure};
    edge_identity_set_timer(id, 0, judge);
    return id;
}
