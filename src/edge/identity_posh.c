/* The last way to prove a partner: its domain's web server lists the certificate (RFC 7711). */
#include "edge/identity_priv.h"

/* RFC 7711 replaces the chain and the name, not the certificate's dates (section 6), nor what is
 * known to be stolen.  Absent: the web server may be asked. */
static struct cw_str why_not(const struct edge_identity *id)
{
    enum cw_chain_fault dates = cw_x509_leaf_dates(id->facts->chain);
    if (!id->policy->settings.posh)
        return CW_S("switched off (setting posh)");
    if (id->partner->rules.sasl == CW_NOT_SUPPORTED)
        return CW_S("certificates do not count with this partner");
    if (id->cert.fault == CW_CHAIN_REVOKED)
        return CW_S("the certificate was revoked");
    if (dates == CW_CHAIN_EXPIRED)
        return CW_S("the certificate has expired");
    if (dates == CW_CHAIN_NOT_YET_VALID)
        return CW_S("the certificate is not yet valid");
    return CW_STR_NONE;
}

static void on_answer(void *arg, struct cw_str fault)
{
    struct edge_identity *id = arg;
    id->posh = NULL;
    if (cw_str_is_present(fault)) {
        edge_identity_note(id, CW_PROOF_POSH, EDGE_PROOF_FAILED, cw_arena_dup(&id->arena, fault));
        edge_identity_unproved(id);
        return;
    }
    edge_identity_proved(id, CW_PROOF_POSH,
                         cw_arena_printf(&id->arena, "the web server of %.*s lists the certificate",
                                         CW_ARG(id->domain)));
}

void edge_identity_ask_posh(struct edge_identity *id)
{
    struct cw_str why = why_not(id);
    struct edge_posh_ask ask = {
        .edge = id->edge,
        .domain = id->domain,
        .is_fresh = id->is_fresh,
        .web_port = id->web_port,
    };
    if (cw_str_is_present(why)) {
        edge_identity_note(id, CW_PROOF_POSH, EDGE_PROOF_SKIPPED, why);
        edge_identity_unproved(id);
        return;
    }
    cw_x509_leaf_digests(id->facts->chain, &id->arena, &ask.sha256, &ask.sha512);
    id->posh = edge_posh_begin(&ask, on_answer, id);
}
