/* Probes (RFC 6121 section 4.3.2; RFC 8048 section 7.1): answered with what is known, or by a poll,
 * which is a SUBSCRIBE with Expires 0 in a dialog of its own; see subscriber.h. */
#include "gateway/subscriber_priv.h"

/* A poll asks for a watch, and answers nobody without one. */
static bool is_wanted(const struct gw_watch *w)
{
    return w && w->sub.is_authorised && w->wish != GW_WISH_UNSUBSCRIBE;
}

static void poll(struct gw_subscriber *s, const struct gw_pair *pair, const struct gw_watch *watch)
{
    unsigned limit_s = s->presence->gateway->policy->settings.presence_probe_timeout_s;
    struct gw_doing doing;

    if (gw_watch_of(s, pair->local, pair->remote, true))
        return; /* its answer is this one's too */
    struct gw_watch *w = gw_watch_new(s, pair, true);
    w->sub.is_authorised = true;
    gw_watch_begin(w, &doing);
    struct cw_presence *known;
    doing.options.n_known = gw_watch_known(watch, &doing.arena, &known);
    doing.options.known = known;
    gw_watch_keep(w, &(struct cw_presence_step){
                         .has_known = true, .known = known, .n_known = doing.options.n_known});
    cw_timer_set(w->timer, (uint64_t)limit_s * 1000);
    cw_subscription_on_stanza(
        &doing.arena, &w->sub,
        cw_presence_typed(&doing.arena, w->sub.watcher, w->sub.presentity, "probe"), &doing.options,
        &doing.step);
    if (!doing.step.has_request)
        doing.step.next = CW_PRESENCE_FORGET;
    gw_watch_finish(w, &doing);
}

/* Who was never allowed to see is told so; who waits for that hears nothing yet (RFC 8048 section
 * 5.2.1). */
void gw_subscriber_probe(struct gw_subscriber *s, const struct gw_pair *pair)
{
    struct gw_watch *w = gw_watch_of(s, pair->local, pair->remote, false);
    if (!w) {
        gw_presence_say(s->presence, pair->local, pair->remote, "unsubscribed");
        return;
    }
    bool is_active = w->sub.state == CW_SUBSCRIPTION_ACTIVE;
    /* He could not be reached, and here he is; or we have begun anew. */
    bool is_doubted = w->is_overdue || (w->is_stale && is_active);
    if (!w->is_parting && !is_wanted(w))
        return;
    if (w->is_parting || (is_active && !is_doubted))
        gw_watch_tell(w);
    else if (is_doubted)
        gw_watch_refresh(w, 0);
    else
        poll(s, pair, w);
}

void gw_poll_check(struct gw_watch *poll, struct gw_doing *doing)
{
    const struct gw_watch *w =
        gw_watch_of(poll->subscriber, poll->sub.presentity, poll->sub.watcher, false);
    if (is_wanted(w))
        return;
    gw_doing_hush(doing);
    doing->step.next = CW_PRESENCE_FORGET;
    poll->sub.is_authorised = false;
}

void gw_poll_share(struct gw_watch *poll, const struct cw_presence_step *step)
{
    struct gw_watch *w =
        gw_watch_of(poll->subscriber, poll->sub.presentity, poll->sub.watcher, false);
    if (!w)
        return;
    gw_watch_keep(w, step);
    gw_watch_store(w);
}

/* No answer came: what is known now, which is nothing unless there is a dialog meanwhile. */
static void tell_unanswered(struct gw_watch *w)
{
    if (w->sub.state != CW_SUBSCRIPTION_ACTIVE)
        gw_watch_hide(w);
    gw_watch_tell(w);
}

void gw_poll_end(struct gw_watch *poll)
{
    struct gw_subscriber *s = poll->subscriber;
    struct gw_watch *w = gw_watch_of(s, poll->sub.presentity, poll->sub.watcher, false);
    if (!poll->is_answered && is_wanted(w))
        tell_unanswered(w);
    if (is_wanted(w) && !poll->sub.is_authorised) {
        gw_watch_log(w, "watch-ended", "refused to a poll");
        gw_watch_end(w);
    }
    gw_watch_free(poll);
}
