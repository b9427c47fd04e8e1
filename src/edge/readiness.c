/* Step by step: the certificate, the DNS, each address; see readiness.h. */
#include "edge/readiness.h"

#include <time.h>

#include "edge/look.h"

enum { LOOK_TIMEOUT_MS = 5000, MAX_ADDRESSES = 8, DAY_S = 86400, SOON_DAYS = 14 };

struct edge_readiness {
    struct edge *edge;
    edge_readiness_fn *fn;
    void *arg;
    struct cw_arena arena;
    struct cw_str local;
    struct cw_rules rules;
    uint64_t since_ms;
    bool passed;
    struct cw_timer *begin;
    struct cw_target_query *query;
    struct cw_target targets[MAX_ADDRESSES];
    size_t n_targets, next;
    struct edge_look *look;
};

void edge_readiness_cancel(struct edge_readiness **ptr)
{
    struct edge_readiness *r = *ptr;
    *ptr = NULL;
    if (!r)
        return;
    cw_target_cancel(&r->query);
    edge_look_cancel(&r->look);
    cw_timer_free(&r->begin);
    cw_arena_free(&r->arena);
    cw_free(r);
}

static void finish(struct edge_readiness *r)
{
    r->fn(r->arg, NULL, r->passed);
    edge_readiness_cancel(&r);
}

/* --- telling ----------------------------------------------------------------------------------*/

struct step {
    const char *name;
    bool is_ok;
    json_t *facts; /* taken over */
    struct cw_str sentence;
    const char *advice;
};

static json_t *text(struct cw_str s)
{
    json_t *value = cw_str_is_present(s) ? json_stringn(s.p, s.n) : NULL;
    return value ? value : json_string("");
}

static void tell(struct edge_readiness *r, const struct step *step)
{
    json_t *object = json_pack(
        "{s:s,s:s,s:I,s:o,s:o,s:s}", "step", step->name, "state", step->is_ok ? "ok" : "failed",
        "ms", (json_int_t)(cw_now_ms() - r->since_ms), "facts", step->facts, "sentence",
        text(step->sentence), "advice", step->is_ok ? "" : step->advice);
    cw_assert(object);
    r->passed = r->passed && step->is_ok;
    r->fn(r->arg, object, false);
    json_decref(object);
}

static json_t *names_of(const struct cw_cert *cert)
{
    json_t *names = json_array();
    for (size_t i = 0; i < cert->n_names; i++)
        json_array_append_new(names, text(cert->names[i].value));
    return names;
}

static json_t *facts_of(const struct cw_cert *cert)
{
    return json_pack("{s:o,s:o,s:o}", "names", names_of(cert), "issuer", text(cert->issuer),
                     "not-after", text(cert->not_after));
}

/* --- our certificate --------------------------------------------------------------------------*/

static void look_at_certificate(struct edge_readiness *r)
{
    const struct cw_tls_ctx *tls = edge_stream_tls(r->edge, r->local, CW_STR_NONE, false).ctx;
    const struct cw_cert *cert = cw_tls_ctx_cert(tls);
    int64_t left_s = cw_tls_ctx_not_after(tls) - (int64_t)time(NULL);
    struct step step = {.name = "own-certificate", .facts = facts_of(cert)};
    if (left_s <= 0) {
        step.sentence = CW_S("Our certificate has expired.");
        step.advice = "Renew it, then run `causeway certificate reload`.";
    } else if (!cw_cert_match(cert, r->local)) {
        step.sentence =
            cw_arena_printf(&r->arena, "Our certificate does not name %.*s.", CW_ARG(r->local));
        step.advice = "Get a certificate that names the domain itself, not the host.";
    } else if (!cert->chain_ok && r->rules.sasl == CW_REQUIRED) {
        step.sentence = cw_arena_printf(
            &r->arena, "Our certificate does not verify against the trust anchors here: %.*s.",
            CW_ARG(cert->chain_reason));
        step.advice = "Get it from an authority that the partner trusts, or have the partner trust "
                      "it; SASL EXTERNAL needs that.";
    } else {
        step.is_ok = true;
        step.sentence = cert->chain_ok
                            ? cw_arena_printf(&r->arena,
                                              "Our certificate names %.*s, verifies here, and is "
                                              "valid for %lld more days.",
                                              CW_ARG(r->local), (long long)(left_s / DAY_S))
                            : cw_arena_printf(&r->arena,
                                              "Our certificate names %.*s; it does not verify here "
                                              "(%.*s), which dialback does not need.",
                                              CW_ARG(r->local), CW_ARG(cert->chain_reason));
    }
    if (step.is_ok && left_s < SOON_DAYS * DAY_S)
        step.sentence = cw_arena_printf(&r->arena, "%.*s Renew it soon.", CW_ARG(step.sentence));
    tell(r, &step);
}

/* --- each address -----------------------------------------------------------------------------*/

static bool is_ours(const struct edge_readiness *r, const struct cw_cert *shown)
{
    const struct cw_cert *own =
        cw_tls_ctx_cert(edge_stream_tls(r->edge, r->local, CW_STR_NONE, false).ctx);
    return cw_str_eq(shown->subject, own->subject) && cw_str_eq(shown->issuer, own->issuer) &&
           shown->not_after_s == own->not_after_s;
}

static void next_address(struct edge_readiness *);

static void on_look(void *arg, const struct edge_look_answer *answer)
{
    struct edge_readiness *r = arg;
    const struct cw_target *target = &r->targets[r->next++];
    struct cw_str place = cw_addr_text(&r->arena, &target->addr);
    struct step step = {.name = "own-address"};
    json_t *facts = answer->tls ? facts_of(&answer->tls->cert) : json_object();
    r->look = NULL;
    json_object_set_new(facts, "address", text(place));
    json_object_set_new(facts, "host", text(target->host));
    json_object_set_new(facts, "direct-tls", json_boolean(target->is_direct_tls));
    step.facts = facts;
    switch (answer->end) {
    case EDGE_LOOK_UNREACHABLE:
        step.sentence = cw_arena_printf(&r->arena, "%.*s cannot be reached from here: %.*s.",
                                        CW_ARG(place), CW_ARG(answer->text));
        step.advice = "Open the port in the firewall and lead it to this edge; if the router only "
                      "answers from outside, test it from there.";
        break;
    case EDGE_LOOK_NOT_XMPP:
        step.sentence = cw_arena_printf(&r->arena, "What answers at %.*s is no XMPP server: %.*s.",
                                        CW_ARG(place), CW_ARG(answer->text));
        step.advice = "Lead the port to this edge, or mend the SRV record.";
        break;
    case EDGE_LOOK_NO_TLS:
        step.sentence = cw_arena_printf(&r->arena, "The XMPP server at %.*s starts no TLS: %.*s.",
                                        CW_ARG(place), CW_ARG(answer->text));
        step.advice = "See that the address leads to this edge, and its log for the reason.";
        break;
    case EDGE_LOOK_TLS:
        cw_assert(answer->tls);
        step.is_ok = is_ours(r, &answer->tls->cert);
        step.sentence = cw_arena_printf(&r->arena, "At %.*s %s.", CW_ARG(place),
                                        step.is_ok ? "an XMPP server with our certificate answers"
                                                   : "a server with another certificate answers");
        step.advice = "Another server answers for the domain there, or another edge with a "
                      "certificate of its own: compare the names.";
        break;
    }
    tell(r, &step);
    next_address(r);
}

static void next_address(struct edge_readiness *r)
{
    if (r->next == r->n_targets) {
        finish(r);
        return;
    }
    const struct cw_target *target = &r->targets[r->next];
    struct edge_look_ask ask = {.addr = target->addr,
                                .domain = r->local,
                                .is_direct_tls = target->is_direct_tls,
                                .timeout_ms = LOOK_TIMEOUT_MS};
    r->look = edge_look_start(r->edge, &ask, on_look, r);
}

/* --- the DNS ----------------------------------------------------------------------------------*/

static void on_targets(void *arg, const struct cw_target_list *list)
{
    struct edge_readiness *r = arg;
    bool is_ok = list->status == CW_TARGET_OK;
    json_t *places = json_array();
    r->query = NULL;
    for (size_t i = 0; i < list->n; i++) {
        json_array_append_new(places, text(cw_addr_text(&r->arena, &list->targets[i].addr)));
        if (r->n_targets == MAX_ADDRESSES)
            continue;
        r->targets[r->n_targets] = list->targets[i];
        r->targets[r->n_targets++].host = cw_arena_dup(&r->arena, list->targets[i].host);
    }
    tell(r, &(struct step){
                .name = "own-dns",
                .is_ok = is_ok,
                .facts = json_pack("{s:o,s:b,s:s}", "addresses", places, "srv", list->from_srv,
                                   "dnssec", cw_target_dnssec_name(list->dnssec)),
                .sentence = cw_arena_printf(&r->arena, "%.*s: %.*s.", CW_ARG(r->local),
                                            CW_ARG(list->sentence)),
                .advice = "Publish _xmpp-server._tcp SRV records for the domain that lead to this "
                          "edge.",
            });
    next_address(r);
}

static void begin(void *arg)
{
    struct edge_readiness *r = arg;
    struct cw_target_ask ask = {.domain = r->local, .with_direct_tls = true};
    look_at_certificate(r);
    r->query = cw_target_find(r->edge->resolver, &ask, on_targets, r);
}

struct edge_readiness *edge_readiness_start(struct edge *edge, struct cw_str local,
                                            const struct cw_rules *rules, edge_readiness_fn *fn,
                                            void *arg)
{
    struct edge_readiness *r = cw_alloc(sizeof *r);
    r->edge = edge;
    r->fn = fn;
    r->arg = arg;
    r->local = cw_arena_dup(&r->arena, local);
    r->rules = *rules;
    r->since_ms = cw_now_ms();
    r->passed = true;
    r->begin = cw_timer_new(edge->base, begin, r);
    cw_timer_set(r->begin, 0);
    return r;
}
