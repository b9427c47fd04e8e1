/* What an XMPP user says to those who watch him; see notifier_priv.h (RFC 8048 sections 5.3.1 and
 * 6.2, RFC 6121 sections 3.1 and 4). */
#include "gateway/notifier_priv.h"

static void on_presence(struct gw_watched *w, const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    struct cw_presence presence;
    bool changed = false;
    if (cw_presence_read(&arena, stanza, &presence)) {
        changed = gw_resources_take(&w->resources, &presence) || !w->has_state;
        w->is_answered = w->has_state = true;
        if (w->check == GW_CHECK_ASKED) {
            w->check = GW_CHECK_NONE;
            cw_timer_free(&w->timer);
        }
        /* A probe has brought all there is when its time is over. */
        if (w->check == GW_CHECK_NONE)
            w->is_sure = true;
    }
    if (changed)
        gw_watched_changed(w, 0);
    cw_arena_free(&arena);
}

/* Unasked, it counts for nothing: no dialog, no consent (RFC 6121 section 3.1.6).  His presence
 * follows, or is asked for. */
static void on_subscribed(struct gw_watched *w)
{
    struct gw_viewer *v;
    if (w->n_live == 0)
        return;
    if (!w->is_sure)
        gw_watched_await(w);
    if (w->is_authorised)
        return;
    w->is_authorised = true;
    gw_watched_keep(w);
    gw_watched_log(w, "subscription-consented", CW_STR_NONE);
    TAILQ_FOREACH (v, &w->viewers, link)
        v->is_active = !v->is_poll;
    gw_watched_changed(w, 0);
}

static bool has_poll(const struct gw_watched *w)
{
    const struct gw_viewer *v;
    TAILQ_FOREACH (v, &w->viewers, link)
        if (v->is_poll && !v->is_ending)
            return true;
    return false;
}

/* The probe of a poll is answered like that when he has not consented (RFC 6121 section 4.3.2): no
 * decision about the `subscribe` that followed it. */
static void end_polls(struct gw_watched *w)
{
    struct gw_viewer *v, *next;
    w->holds++;
    for (v = TAILQ_FIRST(&w->viewers); v; v = next) {
        next = TAILQ_NEXT(v, link);
        if (v->is_poll)
            gw_viewer_end(v, CW_EVENT_REJECTED);
    }
    w->holds--;
    gw_watched_settle(w);
}

static void on_unsubscribed(struct gw_watched *w)
{
    if (!w->is_authorised && has_poll(w)) {
        end_polls(w);
        return;
    }
    if (w->is_authorised || w->n_live > 0)
        gw_watched_log(w, "subscription-declined", CW_STR_NONE);
    w->is_authorised = false;
    gw_watched_end_all(w, CW_EVENT_REJECTED);
}

/* An error ends what it was asked for; presence that could not be delivered ends nothing. */
static void on_error(struct gw_watched *w, const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    enum cw_event_reason reason = cw_subscription_error_reason(&arena, stanza);
    struct gw_viewer *v, *next;
    w->holds++;
    for (v = TAILQ_FIRST(&w->viewers); v; v = next) {
        next = TAILQ_NEXT(v, link);
        if (!v->is_active)
            gw_viewer_end(v, reason);
    }
    w->holds--;
    gw_watched_settle(w);
    cw_arena_free(&arena);
}

void gw_notifier_stanza(struct gw_notifier *n, const struct gw_pair *pair,
                        const struct cw_xml *stanza)
{
    struct cw_str type = cw_xml_attr(stanza, "type");
    struct gw_watched *w = gw_watched_find(n, pair->local, pair->remote);
    if (!w)
        return;
    if (cw_str_eq_cstr(type, "subscribed"))
        on_subscribed(w);
    else if (cw_str_eq_cstr(type, "unsubscribed"))
        on_unsubscribed(w);
    else if (cw_str_eq_cstr(type, "error"))
        on_error(w, stanza);
    else
        on_presence(w, stanza); /* without viewers it is forgotten again at once */
}
