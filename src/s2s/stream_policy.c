/* Changed settings meet a living stream: a partner that is gone is shown the door, a stream whose
 * security no longer satisfies its partner's rules is reset, all others are not touched.  While a
 * stream is still negotiating nothing needs doing: each step asks the new rules. */
#include "s2s/stream_priv.h"

static bool is_still_served(struct cw_s2s *s, struct cw_str local, struct cw_str remote)
{
    if (cw_str_is_present(remote) && !cw_policy_partner(s->policy, remote)) {
        cw_s2s_part(s, CW_STREAM_POLICY_VIOLATION, "The domain is no federated partner any more.");
        return false;
    }
    if (cw_str_is_present(local) && !cw_policy_is_local(s->policy, local)) {
        cw_s2s_part(s, CW_STREAM_HOST_GONE, "This server does not serve that domain any more.");
        return false;
    }
    return true;
}

static void reset(struct cw_s2s *s)
{
    cw_s2s_part(s, CW_STREAM_RESET,
                "The security of this stream no longer satisfies the settings.");
}

/* Both ways were agreed on, and now one of them is closed: on our stream we could not take the
 * peer's stanzas, on the peer's not send ours. */
static bool is_both_ways_in_vain(const struct cw_s2s *s)
{
    return s->is_bidi && (s->config.direction == CW_OUTBOUND ? !cw_s2s_may_take_from(s, s->remote)
                                                             : cw_s2s_lacks_staple(s));
}

/* Certificates did not count when this one was looked at, so nobody asked the owner; now they do.
 * A stream that is READY rests on dialback then, and keeps to it. */
static bool is_judged_by_names_alone(const struct cw_s2s *s)
{
    return !s->was_ready && cw_s2s_is_proof_wanted(s);
}

/* Does every pair that was proven satisfy the settings still? */
static bool are_pairs_good(const struct cw_s2s *s)
{
    for (const struct cw_s2s_pair *p = s->pairs; p; p = p->next)
        if (p->is_ready && (!cw_policy_is_local(s->policy, p->local) ||
                            cw_s2s_ask_policy(s, p).action != CW_NEGO_READY))
            return false;
    return true;
}

void cw_s2s_on_policy(struct cw_s2s *s, struct cw_policy *policy)
{
    struct cw_policy *old = s->policy;

    s->policy = cw_policy_ref(policy);
    cw_policy_unref(&old);
    if (s->state == CW_S2S_CLOSING) { /* what comes behind our goodbye meets them too */
        s->is_refusing = s->is_refusing || !are_pairs_good(s) ||
                         (s->config.direction == CW_OUTBOUND && is_both_ways_in_vain(s));
        return;
    }
    if (!is_still_served(s, s->local, s->remote))
        return;
    if (is_both_ways_in_vain(s) || is_judged_by_names_alone(s)) {
        reset(s);
        return;
    }
    for (struct cw_s2s_pair *p = s->pairs; p; p = p->next) {
        if (!p->is_ready) /* the answer to its question will meet the new settings */
            continue;
        if (!is_still_served(s, p->local, p->remote))
            return;
        if (cw_s2s_ask_policy(s, p).action != CW_NEGO_READY) {
            reset(s);
            return;
        }
    }
    cw_s2s_reader_set_limits(s);
}
