/* What DNSSEC says of a certificate: TLSA records (RFC 7673, 6698, 7671) and the names of the
 * servers that the domain delegates to (RFC 7712).
 *
 * Outbound there is one server, and records that can be used decide.  So does a look-up that fails
 * although the server's zone is signed: somebody may keep the records from us (RFC 7673 section
 * 3.4).  That a zone is signed is seen from its address, which is asked for then.
 *
 * Inbound the peer may be any server of the domain, or none that it publishes: there records only
 * prove. */
#include "edge/identity_priv.h"

enum {
    TLSA_PATIENCE_MS = 2000,
    SIGNED_PATIENCE_MS = 500,
    SERVERS_PATIENCE_MS = 1250,
    ANY_TLSA_PATIENCE_MS = 1250
};

void edge_identity_stop_dns(struct edge_identity *id)
{
    cw_target_cancel(&id->servers);
    for (size_t i = 0; i < id->n_places; i++)
        cw_dns_cancel(&id->places[i].query);
    id->n_pending = 0;
}

static struct cw_str place_text(struct edge_place *p)
{
    return cw_arena_printf(&p->identity->arena, "_%u._tcp.%.*s", p->port, CW_ARG(p->host));
}

/* The records of a domain's own host speak for it, whoever names the host. */
static bool is_place_proved(const struct edge_place *p)
{
    return p->is_secure || cw_str_eq_nocase(p->host, p->identity->domain);
}

/* --- one server's records ---------------------------------------------------------------------*/

struct opinion {
    enum edge_proof_state state; /* OK: proves, FAILED: speaks against, SKIPPED: says nothing */
    bool failed;                 /* the look-up did: says nothing about the records */
    struct cw_str sentence;
};

/* A record that fits and leaves the name to us needs one of two (RFC 7673 section 4.1). */
static bool is_named(const struct edge_place *p)
{
    const struct edge_identity *id = p->identity;
    return cw_cert_match(&id->facts->cert, id->domain) ||
           (p->is_secure && cw_cert_match(&id->facts->cert, p->host));
}

static struct opinion opinion_of_records(struct edge_place *p, const struct cw_dns_answer *a)
{
    struct edge_identity *id = p->identity;
    struct cw_dane dane = cw_x509_dane(id->facts->chain, a->tlsas, a->n_tlsas, &id->arena);
    struct cw_str at = place_text(p);
    struct opinion o = {EDGE_PROOF_SKIPPED};
    o.sentence = cw_arena_printf(&id->arena, "%.*s: %.*s", CW_ARG(at), CW_ARG(dane.sentence));
    if (dane.verdict == CW_DANE_MISMATCH)
        o.state = EDGE_PROOF_FAILED;
    else if (dane.verdict == CW_DANE_MATCHES && (!dane.needs_name || is_named(p)))
        o.state = EDGE_PROOF_OK;
    else if (dane.verdict == CW_DANE_MATCHES)
        o = (struct opinion){.state = EDGE_PROOF_FAILED,
                             .sentence = cw_arena_printf(
                                 &id->arena,
                                 "%.*s: a record fits, but the certificate names neither the "
                                 "domain nor the server",
                                 CW_ARG(at))};
    return o;
}

static struct opinion opinion_of(struct edge_place *p, const struct cw_dns_answer *a)
{
    struct cw_arena *arena = &p->identity->arena;
    struct cw_str at = place_text(p);
    struct opinion o = {EDGE_PROOF_SKIPPED};
    switch (a->status) {
    case CW_DNS_OK:
        if (a->is_secure)
            return opinion_of_records(p, a);
        o.sentence = cw_arena_printf(arena, "the TLSA records at %.*s are not secured by DNSSEC",
                                     CW_ARG(at));
        break;
    case CW_DNS_NO_DATA:
    case CW_DNS_NO_DOMAIN:
        o.sentence = cw_arena_printf(arena, "no TLSA records at %.*s", CW_ARG(at));
        break;
    case CW_DNS_BOGUS:
        o.state = EDGE_PROOF_FAILED;
        o.sentence =
            cw_arena_printf(arena, "DNSSEC shows the answer for %.*s to be forged", CW_ARG(at));
        break;
    case CW_DNS_FAILED:
    case CW_DNS_TIMEOUT:
        o.failed = true;
        o.sentence = cw_arena_printf(arena, "the TLSA records at %.*s cannot be looked up (%s)",
                                     CW_ARG(at), cw_dns_status_name(a->status));
        break;
    }
    return o;
}

/* --- outbound ---------------------------------------------------------------------------------*/

static void refuse_unknown(struct edge_identity *id)
{
    struct cw_str at = place_text(&id->places[0]);
    edge_identity_stop_dns(id);
    edge_identity_refused(id, CW_PROOF_DANE, CW_CHAIN_DANE,
                          cw_arena_printf(&id->arena,
                                          "the TLSA records at %.*s cannot be looked up, although "
                                          "the zone is signed or does not answer",
                                          CW_ARG(at)));
}

static void on_signed(void *arg, const struct cw_dns_answer *a)
{
    struct edge_place *p = arg;
    struct edge_identity *id = p->identity;
    bool is_known = a->status == CW_DNS_OK || a->status == CW_DNS_NO_DATA;
    p->query = NULL;
    cw_timer_stop(id->timer);
    if (!is_known || a->is_secure) {
        refuse_unknown(id);
        return;
    }
    edge_identity_note(id, CW_PROOF_DANE, EDGE_PROOF_SKIPPED,
                       cw_arena_printf(&id->arena,
                                       "the TLSA records at %.*s cannot be looked up; the zone is "
                                       "not signed",
                                       CW_ARG(place_text(p))));
    edge_identity_after_dane(id);
}

static void ask_whether_signed(struct edge_identity *id)
{
    struct edge_place *p = &id->places[0];
    edge_identity_stop_dns(id);
    edge_identity_set_timer(id, SIGNED_PATIENCE_MS, refuse_unknown);
    p->query = cw_dns_ask(id->edge->resolver, CW_DNS_A, p->host, on_signed, p);
}

static void on_tlsa(void *arg, const struct cw_dns_answer *a)
{
    struct edge_place *p = arg;
    struct edge_identity *id = p->identity;
    struct opinion o = opinion_of(p, a);
    p->query = NULL;
    cw_timer_stop(id->timer);
    if (o.failed) {
        ask_whether_signed(id);
    } else if (o.state == EDGE_PROOF_OK) {
        edge_identity_proved(id, CW_PROOF_DANE, o.sentence);
    } else if (o.state == EDGE_PROOF_FAILED) {
        edge_identity_refused(id, CW_PROOF_DANE, CW_CHAIN_DANE, o.sentence);
    } else {
        edge_identity_note(id, CW_PROOF_DANE, EDGE_PROOF_SKIPPED, o.sentence);
        edge_identity_after_dane(id);
    }
}

/* Why DANE is not asked at all; absent: it may be. */
static struct cw_str why_no_dane(const struct edge_identity *id)
{
    if (!id->policy->settings.dane)
        return CW_S("switched off (setting dane)");
    if (!cw_resolver_validates(id->edge->resolver))
        return CW_S("there is no DNSSEC trust anchor here");
    return CW_STR_NONE;
}

void edge_identity_ask_dane(struct edge_identity *id)
{
    struct edge_place *p = &id->places[0];
    struct cw_str why = why_no_dane(id);
    if (!cw_str_is_present(why) && (id->n_places == 0 || !is_place_proved(p)))
        why = CW_S("no secure DNS record leads to this server");
    if (cw_str_is_present(why)) {
        edge_identity_note(id, CW_PROOF_DANE, EDGE_PROOF_SKIPPED, why);
        edge_identity_after_dane(id);
        return;
    }
    edge_identity_set_timer(id, TLSA_PATIENCE_MS, ask_whether_signed);
    p->query = cw_dns_ask(id->edge->resolver, CW_DNS_TLSA, place_text(p), on_tlsa, p);
}

/* --- inbound ----------------------------------------------------------------------------------*/

static void after_servers(struct edge_identity *id)
{
    cw_timer_stop(id->timer);
    edge_identity_stop_dns(id);
    if (!edge_identity_is_delegated(id))
        edge_identity_ask_posh(id);
}

static void on_tlsa_late(struct edge_identity *id)
{
    edge_identity_note(id, CW_PROOF_DANE, EDGE_PROOF_SKIPPED,
                       CW_S("the TLSA records cannot be looked up in time"));
    after_servers(id);
}

static void on_any_tlsa(void *arg, const struct cw_dns_answer *a)
{
    struct edge_place *p = arg;
    struct edge_identity *id = p->identity;
    struct opinion o = opinion_of(p, a);
    p->query = NULL;
    id->n_pending--;
    if (o.state == EDGE_PROOF_OK) {
        edge_identity_proved(id, CW_PROOF_DANE, o.sentence);
        return;
    }
    edge_identity_note(id, CW_PROOF_DANE, o.state, o.sentence);
    if (id->n_pending == 0)
        after_servers(id);
}

static void add_place(struct edge_identity *id, const struct cw_target *target)
{
    for (size_t i = 0; i < id->n_places; i++)
        if (id->places[i].port == cw_addr_port(&target->addr) &&
            cw_str_eq_nocase(id->places[i].host, target->host))
            return;
    if (id->n_places < EDGE_IDENTITY_MAX_PLACES)
        id->places[id->n_places++] = (struct edge_place){
            .identity = id,
            .host = cw_arena_dup(&id->arena, target->host),
            .port = cw_addr_port(&target->addr),
            .is_secure = target->is_secure,
        };
}

static void on_servers(void *arg, const struct cw_target_list *list)
{
    struct edge_identity *id = arg;
    struct cw_str why = why_no_dane(id);
    id->servers = NULL;
    cw_timer_stop(id->timer);
    for (size_t i = 0; i < list->n; i++)
        add_place(id, &list->targets[i]);
    for (size_t i = 0; i < id->n_places && !cw_str_is_present(why); i++)
        id->n_pending += is_place_proved(&id->places[i]);
    if (list->n == 0)
        why = cw_arena_dup(&id->arena, list->sentence);
    else if (id->n_pending == 0 && !cw_str_is_present(why))
        why = CW_S("no secure DNS record leads to the domain's servers");
    if (cw_str_is_present(why)) {
        edge_identity_note(id, CW_PROOF_DANE, EDGE_PROOF_SKIPPED, why);
        after_servers(id);
        return;
    }
    edge_identity_set_timer(id, ANY_TLSA_PATIENCE_MS, on_tlsa_late);
    for (size_t i = 0; i < id->n_places; i++) {
        struct edge_place *p = &id->places[i];
        if (is_place_proved(p))
            p->query = cw_dns_ask(id->edge->resolver, CW_DNS_TLSA, place_text(p), on_any_tlsa, p);
    }
}

static void on_servers_late(struct edge_identity *id)
{
    edge_identity_note(id, CW_PROOF_DANE, EDGE_PROOF_SKIPPED,
                       CW_S("the domain's servers cannot be looked up in time"));
    after_servers(id);
}

void edge_identity_ask_servers(struct edge_identity *id)
{
    const struct cw_target_ask ask = {.domain = id->domain, .with_direct_tls = true};
    struct cw_str why = why_no_dane(id);
    /* With a good chain the servers' names may prove it, TLSA records or not. */
    bool is_asked = cw_resolver_validates(id->edge->resolver) && id->cert.chain_ok;
    if (cw_str_is_present(why) && !is_asked) {
        edge_identity_note(id, CW_PROOF_DANE, EDGE_PROOF_SKIPPED, why);
        after_servers(id);
        return;
    }
    edge_identity_set_timer(id, SERVERS_PATIENCE_MS, on_servers_late);
    id->servers = cw_target_find(id->edge->resolver, &ask, on_servers, id);
}

/* --- delegation -------------------------------------------------------------------------------*/

bool edge_identity_is_delegated(struct edge_identity *id)
{
    if (!id->cert.chain_ok || id->cert.is_ca)
        return false;
    for (size_t i = 0; i < id->n_places; i++) {
        const struct edge_place *p = &id->places[i];
        if (!p->is_secure || !cw_cert_match(&id->cert, p->host))
            continue;
        if (edge_identity_has_staple(id, CW_PROOF_DELEGATION, id->facts->staple))
            edge_identity_proved(
                id, CW_PROOF_DELEGATION,
                cw_arena_printf(&id->arena,
                                "DNSSEC proves that %.*s serves the domain, and the "
                                "certificate names it",
                                CW_ARG(p->host)));
        return true;
    }
    return false;
}
