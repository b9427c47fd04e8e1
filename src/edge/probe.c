/* Outbound by a stream of its own, inbound by readiness.c, both at once; see probe.h. */
#include "edge/probe.h"

#include "conf/policy_json.h"
#include "conf/snapshot.h"
#include "edge/readiness.h"
#include "edge/stream_priv.h"
#include "xmpp/jid.h"

struct probe {
    struct edge_reply *reply;
    struct edge_stream *stream; /* NULL: gone */
    struct edge_readiness *readiness;
    struct cw_timer *done; /* runs when the stream's verdict is known */
    json_t *attempt;       /* NULL: no verdict yet */
    json_t *inbound_steps;
    bool outbound_passed, inbound_passed, inbound_over, is_cancelled;
};

/* --- the end ----------------------------------------------------------------------------------*/

static void free_probe(struct probe *p)
{
    if (p->stream) {
        p->stream->owner = NULL;
        p->stream->trace.cause = CW_FAIL_CLOSED_BY_ADMINISTRATOR;
        edge_attempt_observe(p->stream->trace.attempt, NULL, NULL);
        edge_stream_leave(p->stream, CW_S("The test is over."));
    }
    edge_readiness_cancel(&p->readiness);
    cw_timer_free(&p->done);
    json_decref(p->attempt);
    json_decref(p->inbound_steps);
    cw_free(p);
}

static void finish_when_both_are(struct probe *p)
{
    if (!p->attempt || !p->inbound_over)
        return;
    edge_reply_end(p->reply,
                   json_pack("{s:b,s:b,s:O,s:{s:b,s:O}}", "ok", 1, "passed",
                             p->outbound_passed && p->inbound_passed, "attempt", p->attempt,
                             "inbound", "passed", p->inbound_passed, "steps", p->inbound_steps));
    free_probe(p);
}

static void on_done(void *arg)
{
    finish_when_both_are(arg);
}

/* Nobody listens any more. */
static void on_cancel(void *arg)
{
    struct probe *p = arg;
    edge_reply_end(p->reply, json_pack("{s:b}", "ok", 0));
    free_probe(p);
}

/* --- outbound ---------------------------------------------------------------------------------*/

/* The stream is in its step: what follows from the verdict waits for the loop. */
static void on_step(void *arg, const struct edge_attempt *attempt, json_t *step)
{
    struct probe *p = arg;
    enum edge_attempt_result result = edge_attempt_result(attempt);
    if (p->attempt)
        return;
    edge_reply_progress(p->reply, json_pack("{s:O}", "step", step));
    if (result == EDGE_ATTEMPT_PENDING)
        return;
    p->attempt = edge_attempt_json(attempt);
    p->outbound_passed = result == EDGE_ATTEMPT_READY;
    cw_timer_set(p->done, 0);
}

/* --- inbound ----------------------------------------------------------------------------------*/

static void on_inbound(void *arg, json_t *step, bool passed)
{
    struct probe *p = arg;
    if (step) {
        json_array_append(p->inbound_steps, step);
        edge_reply_progress(p->reply, json_pack("{s:O}", "inbound-step", step));
        return;
    }
    p->readiness = NULL;
    p->inbound_over = true;
    p->inbound_passed = passed;
    finish_when_both_are(p);
}

/* --- the changed policy -----------------------------------------------------------------------*/

static json_t *partner_in(const json_t *snapshot, struct cw_str domain)
{
    json_t *list = json_object_get(snapshot, "partners"), *partner;
    size_t i;
    json_array_foreach(list, i, partner)
    {
        if (cw_str_eq(cw_json_str(json_object_get(partner, "domain")), domain))
            return partner;
    }
    return NULL;
}

/* The policy with some fields of the partner changed; NULL: they do not fit, or leave no such
 * partner, and `why` says how. */
static struct cw_policy *policy_with(const struct cw_policy *policy, struct cw_str domain,
                                     const json_t *with, struct cw_arena *arena, struct cw_str *why)
{
    struct cw_buf text = {0};
    struct cw_policy *changed = NULL;
    cw_snapshot_write(policy, &text);
    json_t *snapshot = json_loadb(text.p, text.n, 0, NULL);
    json_t *partner = partner_in(snapshot, domain);
    cw_assert(partner);
    json_object_update_existing(partner, (json_t *)(uintptr_t)with);
    char *dumped = json_dumps(snapshot, JSON_COMPACT);
    if (cw_snapshot_read(cw_str_of(dumped), &changed, arena, why) != CW_OK)
        changed = NULL;
    if (changed && !cw_policy_partner(changed, domain)) {
        cw_policy_unref(&changed);
        *why = CW_S("With these fields the domain would be no enabled partner.");
    }
    free(dumped);
    json_decref(snapshot);
    cw_buf_free(&text);
    return changed;
}

/* --- the question -----------------------------------------------------------------------------*/

static void start(struct edge *edge, struct edge_reply *reply, struct cw_str local,
                  struct cw_str domain, struct cw_policy *policy)
{
    struct probe *p = cw_alloc(sizeof *p);
    const struct cw_partner *partner = cw_policy_partner(policy, domain);
    p->reply = reply;
    p->inbound_steps = json_array();
    p->done = cw_timer_new(edge->base, on_done, p);
    edge_reply_on_cancel(reply, on_cancel, p);
    p->readiness = edge_readiness_start(edge, local, &partner->rules, on_inbound, p);
    p->stream = edge_stream_test(edge, local, domain, policy, &p->stream);
    edge_attempt_observe(p->stream->trace.attempt, on_step, p);
}

void edge_probe_asked(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    struct cw_arena arena = {0};
    struct cw_str domain, why = CW_STR_NONE, local = cw_json_text(in, "local");
    const struct cw_policy *policy = edge->policy;
    const struct cw_partner *partner = NULL;
    if (cw_domain_to_ascii(&arena, cw_json_text(in, "domain"), &domain))
        partner = cw_policy_partner(policy, domain);
    if (!cw_str_is_present(local) && policy->n_local_domains > 0)
        local = policy->local_domains[0];
    if (!partner) {
        edge_reply_refuse(reply, 404, "domain", CW_S("The domain is no enabled partner."));
    } else if (!cw_domain_to_ascii(&arena, local, &local) || !cw_policy_is_local(policy, local)) {
        edge_reply_refuse(reply, 404, "local", CW_S("The domain is none of the local domains."));
    } else {
        struct cw_policy *changed =
            policy_with(policy, partner->domain, json_object_get(in, "with"), &arena, &why);
        if (changed)
            start(edge, reply, local, domain, changed);
        else
            edge_reply_refuse(reply, 400, "with", why);
        if (changed)
            cw_policy_unref(&changed);
    }
    cw_arena_free(&arena);
}
