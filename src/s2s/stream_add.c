/* Outbound: further pairs on a stream that is READY, each proven by dialback (XEP-0220 section 2.6,
 * the originating side).  Their failures are their own: the stream stays.  So they are begun only
 * where the peer says that it answers with errors and does not close. */
#include "s2s/stream_priv.h"

bool cw_s2s_may_add_pair(const struct cw_s2s *s, struct cw_str local, struct cw_str remote)
{
    const struct cw_s2s_pair pair = {.local = local, .remote = remote};

    return s->config.direction == CW_OUTBOUND && s->state == CW_S2S_READY && s->offers_errors &&
           s->n_pairs < CW_S2S_MAX_PAIRS && !cw_s2s_pair_find(s, local, remote) &&
           cw_policy_is_local(s->policy, local) && cw_s2s_can_claim(s) &&
           /* the peer would send us stanzas of that domain that we could not take */
           (!s->is_bidi || cw_s2s_may_take_from(s, remote)) &&
           cw_s2s_ask_policy(s, &pair).action == CW_NEGO_START_DIALBACK;
}

void cw_s2s_add_pair(struct cw_s2s *s, struct cw_str local, struct cw_str remote)
{
    struct cw_s2s_pair *pair;

    if (!cw_s2s_may_add_pair(s, local, remote))
        return;
    pair = cw_s2s_pair_add(s, local, remote);
    pair->since_ms = s->active_ms = s->now_ms;
    cw_s2s_send_claim(s, pair);
}

/* --- how it ends --- */

static void fail_pair(struct cw_s2s *s, struct cw_s2s_pair *pair, const struct cw_s2s_end *end)
{
    struct cw_s2s_action *a = cw_s2s_act(s, CW_S2S_DO_FAILED);

    a->local = cw_arena_dup(&s->step, pair->local);
    a->remote = cw_arena_dup(&s->step, pair->remote);
    a->reason = end->reason;
    a->has_error = end->has_error;
    a->by_peer = end->by_peer;
    a->stream_error = end->error;
    a->text = end->text;
    cw_s2s_pair_remove(s, pair);
}

static struct cw_s2s_end end_for(enum cw_nego_reason reason, bool by_peer)
{
    return (struct cw_s2s_end){
        .reason = reason, .by_peer = by_peer, .text = cw_str_of(cw_nego_reason_text(reason))};
}

void cw_s2s_added_answered(struct cw_s2s *s, struct cw_s2s_pair *pair)
{
    bool is_valid = pair->dialback == CW_DIALBACK_VALID;
    struct cw_verdict v = cw_s2s_ask_policy(s, pair); /* the settings may have changed since */
    struct cw_s2s_end end = end_for(v.reason, !is_valid);

    if (!cw_policy_partner(s->policy, pair->remote) || !cw_policy_is_local(s->policy, pair->local))
        end.text = CW_S("One of the two domains is served no more.");
    else if (v.action == CW_NEGO_READY) {
        cw_s2s_pair_ready(s, pair, v.method);
        return;
    }
    fail_pair(s, pair, &end);
}

static bool is_pending(const struct cw_s2s *s, const struct cw_s2s_pair *pair)
{
    return pair != s->pairs && s->config.direction == CW_OUTBOUND &&
           pair->dialback == CW_DIALBACK_PENDING;
}

void cw_s2s_added_fail_all(struct cw_s2s *s, const struct cw_s2s_end *end)
{
    struct cw_s2s_pair *next;

    for (struct cw_s2s_pair *p = s->pairs; p; p = next) {
        next = p->next;
        if (is_pending(s, p))
            fail_pair(s, p, end);
    }
}

/* --- time --- */

static uint64_t deadline_ms(const struct cw_s2s *s, const struct cw_s2s_pair *pair)
{
    return pair->since_ms + (uint64_t)s->policy->settings.establishment_timeout_s * 1000;
}

uint64_t cw_s2s_added_deadline_ms(const struct cw_s2s *s)
{
    uint64_t first = 0;

    for (const struct cw_s2s_pair *p = s->pairs; p; p = p->next)
        if (is_pending(s, p) && (!first || deadline_ms(s, p) < first))
            first = deadline_ms(s, p);
    return first;
}

void cw_s2s_added_expire(struct cw_s2s *s)
{
    struct cw_s2s_end end = end_for(CW_REASON_DIALBACK_ERROR, false);
    struct cw_s2s_pair *next;

    end.text = CW_S("The partner's server did not answer our dialback key in time.");
    for (struct cw_s2s_pair *p = s->pairs; p; p = next) {
        next = p->next;
        if (is_pending(s, p) && deadline_ms(s, p) <= s->now_ms)
            fail_pair(s, p, &end);
    }
}
