/* What a partner's web server says of its certificates (RFC 7711), and what it said before.
 *
 * A document is kept as long as it asks for, at most a day.  That there was none is kept for ten
 * minutes, but never beyond a change of the policy.  A certificate that is not in a kept document
 * may be new, and the document with it: it is fetched again when it is older than a minute. */
#include "edge/identity_priv.h"

#include "s2s/posh.h"

enum {
    MAX_KEPT = 500,
    NEGATIVE_MS = 10 * 60 * 1000,
    YOUNG_MS = 60 * 1000,
    PATIENCE_MS = 2500 /* for both documents together */
};

struct kept {
    TAILQ_ENTRY(kept) link;
    struct cw_arena arena;
    struct cw_str domain;
    struct cw_posh posh; /* when there is no fault */
    struct cw_str fault; /* why there is none */
    uint64_t since_ms, until_ms;
    uint64_t policy_version;
};

struct edge_posh {
    struct cw_map by_domain;
    TAILQ_HEAD(, kept) by_age;
};

/* --- what was said before ---------------------------------------------------------------------*/

static void forget(struct edge_posh *posh, struct kept *kept)
{
    cw_map_remove(&posh->by_domain, kept->domain);
    TAILQ_REMOVE(&posh->by_age, kept, link);
    cw_arena_free(&kept->arena);
    cw_free(kept);
}

void edge_identity_forget(struct edge *edge)
{
    struct edge_posh *posh = edge->posh;
    if (!posh)
        return;
    while (!TAILQ_EMPTY(&posh->by_age))
        forget(posh, TAILQ_FIRST(&posh->by_age));
    cw_map_free(&posh->by_domain);
    cw_free(posh);
    edge->posh = NULL;
}

static struct edge_posh *posh_of(struct edge *edge)
{
    if (!edge->posh) {
        edge->posh = cw_alloc(sizeof *edge->posh);
        TAILQ_INIT(&edge->posh->by_age);
    }
    return edge->posh;
}

static struct kept *recall(struct edge_identity *id)
{
    struct kept *kept = cw_map_get(&posh_of(id->edge)->by_domain, id->domain);
    if (!kept || id->is_fresh || kept->until_ms <= cw_now_ms())
        return NULL;
    if (cw_str_is_present(kept->fault) && kept->policy_version != id->policy->version)
        return NULL;
    return kept;
}

/* An empty entry for the domain, the only one. */
static struct kept *keep(struct edge_identity *id, uint64_t for_ms)
{
    struct edge_posh *posh = posh_of(id->edge);
    struct kept *kept = cw_map_get(&posh->by_domain, id->domain);
    if (kept)
        forget(posh, kept);
    while (posh->by_domain.n >= MAX_KEPT)
        forget(posh, TAILQ_FIRST(&posh->by_age));
    kept = cw_alloc(sizeof *kept);
    kept->domain = cw_arena_dup(&kept->arena, id->domain);
    kept->since_ms = cw_now_ms();
    kept->until_ms = kept->since_ms + for_ms;
    kept->policy_version = id->policy->version;
    cw_map_set(&posh->by_domain, kept->domain, kept);
    TAILQ_INSERT_TAIL(&posh->by_age, kept, link);
    return kept;
}

/* --- the verdict ------------------------------------------------------------------------------*/

static void end(struct edge_identity *id, struct cw_str fault)
{
    edge_identity_note(id, CW_PROOF_POSH, EDGE_PROOF_FAILED, cw_arena_dup(&id->arena, fault));
    edge_identity_unproved(id);
}

static void fail(struct edge_identity *id, struct cw_str fault)
{
    struct kept *kept = keep(id, NEGATIVE_MS);
    kept->fault = cw_arena_dup(&kept->arena, fault);
    end(id, fault);
}

static bool is_listed(struct edge_identity *id, const struct cw_posh *posh)
{
    struct cw_str sha256, sha512;
    cw_x509_leaf_digests(id->facts->chain, &id->arena, &sha256, &sha512);
    return cw_posh_matches(posh, sha256, sha512);
}

static void judge(struct edge_identity *id, const struct cw_posh *posh)
{
    if (is_listed(id, posh))
        edge_identity_proved(id, CW_PROOF_POSH,
                             cw_arena_printf(&id->arena,
                                             "https://%.*s" CW_POSH_PATH " lists the certificate",
                                             CW_ARG(id->domain)));
    else
        end(id, cw_arena_printf(&id->arena,
                                "https://%.*s" CW_POSH_PATH " does not list the certificate",
                                CW_ARG(id->domain)));
}

/* --- fetching ---------------------------------------------------------------------------------*/

static bool may_connect(void *arg, const struct cw_addr *addr)
{
    const struct edge_identity *id = arg;
    return !edge_dial_refuses(id->edge, addr);
}

static void on_document(void *arg, const struct cw_https_answer *);

static void fetch(struct edge_identity *id, struct cw_str url)
{
    uint64_t now_ms = cw_now_ms();
    if (id->posh_until_ms == 0)
        id->posh_until_ms = now_ms + PATIENCE_MS;
    const struct cw_https_ask ask = {
        .resolver = id->edge->resolver,
        .tls = edge_certificates_for(id->edge->certificates, CW_STR_NONE),
        .url = url,
        .port = id->web_port,
        .timeout_ms = id->posh_until_ms > now_ms ? id->posh_until_ms - now_ms : 1,
        .may_connect = may_connect,
        .arg = id,
    };
    id->https = cw_https_get(&ask, on_document);
}

/* RFC 7711 section 3.2: one reference, and the shorter time of the two (section 6). */
static void take(struct edge_identity *id, const struct cw_posh *posh)
{
    struct kept *kept;
    unsigned expires_s = posh->expires_s;
    if (cw_str_is_present(posh->url) && id->posh_expires_s > 0) {
        fail(id, CW_S("a reference of a reference is not followed"));
        return;
    }
    if (cw_str_is_present(posh->url)) {
        id->posh_expires_s = expires_s;
        fetch(id, posh->url);
        return;
    }
    if (id->posh_expires_s > 0 && id->posh_expires_s < expires_s)
        expires_s = id->posh_expires_s;
    kept = keep(id, (uint64_t)expires_s * 1000);
    struct cw_posh_fingerprint *copy =
        cw_arena_alloc(&kept->arena, posh->n_fingerprints * sizeof *copy);
    for (size_t i = 0; i < posh->n_fingerprints; i++) {
        copy[i].sha256 = cw_arena_dup(&kept->arena, posh->fingerprints[i].sha256);
        copy[i].sha512 = cw_arena_dup(&kept->arena, posh->fingerprints[i].sha512);
    }
    kept->posh = (struct cw_posh){
        .fingerprints = copy, .n_fingerprints = posh->n_fingerprints, .expires_s = expires_s};
    judge(id, &kept->posh);
}

static void on_document(void *arg, const struct cw_https_answer *answer)
{
    struct edge_identity *id = arg;
    struct cw_posh posh;
    struct cw_str fault = answer->sentence;
    id->https = NULL;
    if (answer->ok) {
        fault = cw_posh_read(&id->arena, answer->body, &posh);
        if (cw_str_is_present(fault))
            fault = cw_arena_printf(&id->arena, "the document of %.*s is not usable: %.*s",
                                    CW_ARG(id->domain), CW_ARG(fault));
    }
    if (cw_str_is_present(fault))
        fail(id, fault);
    else
        take(id, &posh);
}

/* RFC 7711 replaces the chain and the name, not the certificate's dates (section 6), nor what is
 * known to be stolen.  Absent: the web server may be asked. */
static struct cw_str why_not(const struct edge_identity *id)
{
    if (!id->policy->settings.posh)
        return CW_S("switched off (setting posh)");
    if (id->partner->rules.sasl == CW_NOT_SUPPORTED)
        return CW_S("certificates do not count with this partner");
    if (id->cert.fault == CW_CHAIN_REVOKED)
        return CW_S("the certificate was revoked");
    switch (cw_x509_leaf_dates(id->facts->chain)) {
    case CW_CHAIN_EXPIRED:
        return CW_S("the certificate has expired");
    case CW_CHAIN_NOT_YET_VALID:
        return CW_S("the certificate is not yet valid");
    case CW_CHAIN_OK:
    case CW_CHAIN_SELF_SIGNED:
    case CW_CHAIN_UNKNOWN_CA:
    case CW_CHAIN_REVOKED:
    case CW_CHAIN_PURPOSE:
    case CW_CHAIN_WEAK:
    case CW_CHAIN_NO_STAPLE:
    case CW_CHAIN_PIN:
    case CW_CHAIN_DANE:
    case CW_CHAIN_OTHER:
        break;
    }
    return CW_STR_NONE;
}

void edge_identity_ask_posh(struct edge_identity *id)
{
    struct cw_str why = why_not(id);
    struct kept *kept = recall(id);
    if (cw_str_is_present(why)) {
        edge_identity_note(id, CW_PROOF_POSH, EDGE_PROOF_SKIPPED, why);
        edge_identity_unproved(id);
    } else if (kept && cw_str_is_present(kept->fault)) {
        end(id, kept->fault);
    } else if (kept && (is_listed(id, &kept->posh) || cw_now_ms() - kept->since_ms < YOUNG_MS)) {
        judge(id, &kept->posh);
    } else {
        fetch(id, cw_arena_printf(&id->arena, "https://%.*s" CW_POSH_PATH, CW_ARG(id->domain)));
    }
}
