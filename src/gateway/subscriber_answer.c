/* What SIP answers to a SUBSCRIBE of ours, and what waited for that answer; see subscriber.h. */
#include "gateway/subscriber_priv.h"

enum {
    BACKOFF_AWAY_S = 30, /* nobody answered: whoever comes back is found soon */
    SILENCE_MS = 30000,
};

/* A canary's dialog lasts longer too; but the watcher is still to be asked when it was his time. */
static void take_expiry(struct gw_watch *w, bool was_canary)
{
    uint64_t refresh_at_ms = w->refresh_at_ms;
    gw_watch_granted(w, w->sub.expires_s);
    if (was_canary && refresh_at_ms && refresh_at_ms < w->refresh_at_ms)
        w->refresh_at_ms = refresh_at_ms;
}

static void step_by_answer(struct gw_watch *w, struct gw_doing *doing,
                           const struct cw_sip_response *response, bool was_canary)
{
    const struct cw_error_origin origin = {
        .id = w->origin_id,
        .from = w->is_awaited ? w->sub.watcher : CW_STR_NONE,
        .to = w->sub.presentity,
    };
    uint32_t seconds;
    cw_subscription_on_response(&doing->arena, &w->sub, response, &origin, &doing->options,
                                &doing->step);
    doing->is_answer = true;
    doing->is_dictated = cw_event_seconds(response->retry_after, &seconds);
    if (response->status == 408 || response->status == 503)
        doing->max_backoff_s = BACKOFF_AWAY_S;
    doing->why = cw_arena_printf(&doing->arena, "%d", response->status).p;
    if (response->status < 300) {
        w->is_awaited = false;
        take_expiry(w, was_canary);
    }
}

/* What he asked for while the SUBSCRIBE was under way. */
static void fulfil(struct gw_watch *w, struct gw_doing *doing)
{
    struct gw_subscriber *s = w->subscriber;
    enum gw_wish wish = w->wish;
    uint64_t id = w->id;

    w->wish = GW_WISH_NONE;
    if (wish == GW_WISH_SUBSCRIBE) {
        doing->step.next = CW_PRESENCE_KEEP;
        gw_watch_finish(w, doing);
        if ((w = gw_watch_by_id(s, id)) && !w->is_under_way)
            gw_watch_ask(w, "subscribe");
        return;
    }
    gw_watch_keep(w, NULL); /* the dialog as it is now, of which nothing is said */
    cw_arena_free(&doing->arena);
    if (wish == GW_WISH_UNSUBSCRIBE)
        gw_watch_ask(w, "unsubscribe");
    else
        gw_watch_revoke(w, NULL);
}

enum alarm { CALM, FORGOTTEN, SILENT };

/* 481 where there should be a dialog: the SIP server lost its memory, perhaps of the others too. No
 * answer to the canary, nor anything else for a while: it is gone, and what it said of the others
 * is not known any more.  (A tag shows that somebody answered, if only that another does not.) */
static enum alarm alarm_of(const struct gw_watch *w, const struct cw_sip_response *response)
{
    uint64_t now = cw_now_ms();
    if (!w->is_at_home || now >= w->expires_at_ms)
        return CALM;
    if (response->status == 481)
        return FORGOTTEN;
    bool is_unanswered =
        (response->status == 408 || response->status == 503) && !response->to_tag.n;
    return w->is_canary && is_unanswered && now - w->home->heard_at_ms >= SILENCE_MS ? SILENT
                                                                                     : CALM;
}

static void take_answer(struct gw_watch *w, const struct cw_sip_response *response)
{
    struct gw_doing doing;
    bool has_dialog = w->sub.state != CW_SUBSCRIPTION_NONE, was_canary = w->is_canary;

    w->is_under_way = w->is_canary = false;
    if (w->is_parting)
        return;
    if (!has_dialog && w->wish == GW_WISH_NONE) {
        /* A NOTIFY has ended it before, and said whether there is another attempt. */
        if (!cw_timer_is_set(w->timer))
            gw_watch_due(w, GW_DUE_REFRESH);
        return;
    }
    gw_watch_begin(w, &doing);
    if (has_dialog)
        step_by_answer(w, &doing, response, was_canary);
    else
        doing.step = (struct cw_presence_step){.next = CW_PRESENCE_KEEP};
    if (w->wish != GW_WISH_NONE && !doing.step.has_request)
        fulfil(w, &doing);
    else
        gw_watch_finish(w, &doing);
}

void gw_watch_answered(void *arg, uint64_t id, const struct cw_sip_response *response)
{
    struct gw_subscriber *s = arg;
    struct gw_watch *w = gw_watch_by_id(s, id);
    struct cw_arena arena = {0};

    if (!w)
        return;
    CW_LOG(&s->presence->gateway->log, CW_LOG_DEBUG, "subscribe-answer",
           CW_KV("from", w->sub.watcher), CW_KV("to", w->sub.presentity),
           CW_KVI("status", response->status));
    enum alarm alarm = alarm_of(w, response);
    if (w->home && response->to_tag.n)
        w->home->heard_at_ms = cw_now_ms();
    struct cw_str domain = cw_arena_dup(&arena, w->domain);
    take_answer(w, response);
    if (alarm != CALM)
        gw_home_sweep(s, domain, alarm == SILENT);
    cw_arena_free(&arena);
}

/* --- the rules say no -------------------------------------------------------------------------*/

void gw_watch_revoke(struct gw_watch *w, const char *why)
{
    struct gw_doing doing;
    bool must_wait = w->is_under_way && w->sub.state != CW_SUBSCRIPTION_ENDING;
    struct cw_subscription before = w->sub;

    gw_watch_begin(w, &doing);
    doing.why = why;
    cw_subscription_revoke(&doing.arena, &w->sub, &doing.options, &doing.step);
    if (!why)
        gw_doing_hush(&doing);
    if (must_wait) {
        /* He is told now; the dialog ends when what is under way is answered. */
        w->sub = before;
        w->sub.is_authorised = w->sub.is_cancelled = false;
        w->wish = GW_WISH_REVOKE;
        doing.step.has_request = false;
        doing.step.next = CW_PRESENCE_KEEP;
    }
    gw_watch_finish(w, &doing);
}
