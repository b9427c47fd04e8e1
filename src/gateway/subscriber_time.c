/* What happens to watches by itself: refreshes, further attempts, the canary; see subscriber.h. */
#include "gateway/subscriber_priv.h"

#include "base/secret.h"

enum {
    REFRESH_FROM = 80, /* hundredths of what was granted */
    REFRESH_TO = 95,
    NOTIFY_MS = 32000, /* RFC 6665 section 4.1.2.4: Timer N, the NOTIFY to our SUBSCRIBE */
    BACKOFF_FIRST_S = 5,
    JITTER = 25, /* hundredths, on top */
    SWEEP_MS = 60000,
    MAX_FAILED = 10, /* in a row, as far as they count */
    MAX_LOOK = 16,   /* so far into a list, for one that fits */
    LEAST_S = 5,     /* between two attempts, whatever the SIP side says */
};

static uint64_t random_below(uint64_t n)
{
    uint64_t value;
    cw_random(&value, sizeof value);
    return n ? value % n : 0;
}

/* --- the timer of a watch ---------------------------------------------------------------------*/

void gw_watch_granted(struct gw_watch *w, uint32_t expires_s)
{
    uint64_t now = cw_now_ms(), lasts_ms = (uint64_t)expires_s * 1000;
    w->expires_at_ms = now + lasts_ms;
    uint64_t in_ms = lasts_ms * (REFRESH_FROM + random_below(REFRESH_TO - REFRESH_FROM + 1)) / 100;
    w->refresh_at_ms = now + (in_ms > LEAST_S * 1000 ? in_ms : LEAST_S * 1000);
}

void gw_watch_arm(struct gw_watch *w)
{
    uint64_t now = cw_now_ms();
    if (w->is_under_way || w->is_overdue)
        return;
    switch (w->sub.state) {
    case CW_SUBSCRIPTION_NONE:
        cw_timer_stop(w->timer);
        break;
    case CW_SUBSCRIPTION_WAITING:
        cw_timer_set(w->timer, (uint64_t)NOTIFY_MS << (w->n_failed < 6 ? w->n_failed : 6));
        if (w->n_failed < MAX_FAILED)
            w->n_failed++;
        break;
    case CW_SUBSCRIPTION_ENDING: /* whatever else comes in the dialog meanwhile */
        if (!cw_timer_is_set(w->timer))
            cw_timer_set(w->timer, NOTIFY_MS);
        break;
    case CW_SUBSCRIPTION_PENDING:
    case CW_SUBSCRIPTION_ACTIVE:
        if (w->refresh_at_ms == 0)
            gw_watch_granted(w, w->sub.expires_s);
        cw_timer_set(w->timer, w->refresh_at_ms > now ? w->refresh_at_ms - now : 0);
        break;
    }
}

void gw_watch_later(struct gw_watch *w, const struct gw_doing *doing)
{
    uint64_t s = (uint64_t)BACKOFF_FIRST_S << w->n_failed;
    if (doing->is_dictated)
        s = doing->step.retry_after_s > LEAST_S ? doing->step.retry_after_s : LEAST_S;
    else if (s > doing->max_backoff_s)
        s = doing->max_backoff_s;
    if (w->n_failed < MAX_FAILED)
        w->n_failed++;
    cw_timer_set(w->timer, s * 1000 + random_below(s * 10 * JITTER + 1));
}

void gw_watch_on_timer(void *watch)
{
    struct gw_watch *w = watch;
    if (w->sub.is_poll) {
        gw_poll_end(w);
        return;
    }
    if (w->is_parting) {
        gw_watch_free(w);
        return;
    }
    switch (w->sub.state) {
    case CW_SUBSCRIPTION_ENDING: /* its last NOTIFY does not come any more */
        gw_watch_end(w);
        return;
    case CW_SUBSCRIPTION_WAITING: /* nor its first, or nobody answered: ask again */
    case CW_SUBSCRIPTION_NONE:
        w->n_again = 0;
        gw_watch_due(w, GW_DUE_REFRESH);
        return;
    case CW_SUBSCRIPTION_PENDING:
    case CW_SUBSCRIPTION_ACTIVE:
        w->n_again = 0;
        w->is_quiet = true;
        gw_watch_due(w, GW_DUE_REFRESH | GW_DUE_PROBE);
        return;
    }
}

/* --- its turn ---------------------------------------------------------------------------------*/

static void on_turn(void *arg, uint64_t id)
{
    struct gw_subscriber *s = arg;
    struct gw_watch *w = gw_watch_by_id(s, id);
    if (!w)
        return;
    unsigned due = w->due;
    w->due = 0;
    w->is_paced = false;
    if (due & GW_DUE_HIDE)
        gw_watch_hide(w);
    if (due & GW_DUE_TELL)
        gw_watch_tell(w);
    if (due & GW_DUE_REFRESH)
        gw_watch_refresh(w, due);
}

void gw_watch_due(struct gw_watch *w, unsigned due)
{
    struct gw_subscriber *s = w->subscriber;
    w->due |= (uint8_t)due;
    if (w->is_paced)
        return;
    w->is_paced = true;
    gw_pace_add(s->presence->pace, on_turn, s, w->id);
}

/* A probe would be answered as if he had declined what the local user asks of him. */
static bool may_be_probed(const struct gw_watch *w)
{
    return !gw_notifier_is_undecided(w->subscriber->presence->notifier, w->sub.presentity,
                                     w->sub.watcher);
}

/* Nobody there can be told anything: the dialog may run out meanwhile (RFC 8048 section 8.1). */
static bool is_unreachable(const struct gw_watch *w)
{
    return !gw_reach_is_up(w->subscriber->presence->reach, gw_watch_jid(w->sub.presentity).domain,
                           gw_watch_jid(w->sub.watcher).domain);
}

void gw_watch_refresh(struct gw_watch *w, unsigned due)
{
    struct gw_presence *p = w->subscriber->presence;
    struct gw_doing doing;

    /* An answer that is awaited says as much as that to another request would. */
    if (w->is_under_way || w->is_parting || w->sub.state == CW_SUBSCRIPTION_ENDING)
        return;
    w->is_overdue = !w->is_canary && is_unreachable(w);
    if (w->is_overdue) {
        cw_timer_stop(w->timer);
        return;
    }
    if ((due & GW_DUE_PROBE) && may_be_probed(w))
        gw_presence_say(p, w->sub.presentity, w->sub.watcher, "probe");
    gw_watch_begin(w, &doing);
    cw_subscription_refresh(&doing.arena, &w->sub, &doing.options, &doing.step);
    gw_watch_finish(w, &doing);
}

/* --- a SIP server that lost its memory --------------------------------------------------------*/

/* The dialog of that domain whose turn it is; the list goes round. */
static struct gw_watch *next_canary(struct gw_home *home)
{
    for (int i = 0; i < MAX_LOOK; i++) {
        struct gw_watch *w = TAILQ_FIRST(&home->dialogs);
        if (!w)
            return NULL;
        TAILQ_REMOVE(&home->dialogs, w, in_home);
        TAILQ_INSERT_TAIL(&home->dialogs, w, in_home);
        if (!w->is_under_way && !w->is_paced)
            return w;
    }
    return NULL;
}

struct chosen {
    uint64_t *ids;
    size_t n;
};

static void choose(struct cw_str domain, void *home, void *arg)
{
    struct chosen *chosen = arg;
    struct gw_watch *w = next_canary(home);
    (void)domain;
    if (w)
        chosen->ids[chosen->n++] = w->id;
}

void gw_subscriber_on_canary(void *subscriber)
{
    struct gw_subscriber *s = subscriber;
    struct cw_arena arena = {0};
    struct chosen chosen = {cw_arena_alloc(&arena, (s->homes.n + 1) * sizeof *chosen.ids), 0};
    cw_map_each(&s->homes, choose, &chosen);
    for (size_t i = 0; i < chosen.n; i++) {
        struct gw_watch *w = gw_watch_by_id(s, chosen.ids[i]);
        if (!w)
            continue;
        w->is_canary = w->is_quiet = true;
        gw_watch_refresh(w, 0);
    }
    cw_arena_free(&arena);
    cw_timer_set(s->canary, GW_CANARY_MS);
}

void gw_home_sweep(struct gw_subscriber *s, struct cw_str domain, bool is_silent)
{
    struct gw_home *home = cw_map_get(&s->homes, domain);
    struct gw_watch *w;
    size_t n = 0;

    if (!home || (home->is_swept && cw_now_ms() - home->swept_at_ms < SWEEP_MS))
        return;
    home->is_swept = true;
    home->swept_at_ms = cw_now_ms();
    TAILQ_FOREACH (w, &home->dialogs, in_home) {
        w->is_quiet = true;
        gw_watch_due(w, GW_DUE_REFRESH | (is_silent ? GW_DUE_HIDE : 0));
        n++;
    }
    CW_LOG(&s->presence->gateway->log, CW_LOG_WARN, "dialogs-doubted", CW_KV("domain", domain),
           CW_KVC("reason", is_silent ? "no answer" : "481"), CW_KVI("refreshed", n));
}
