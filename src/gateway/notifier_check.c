/* Is what we know of XMPP users still true?  See notifier_priv.h.
 *
 * One exchange: the partner's server died, and its domain can be reached again (reach.h).  Each
 * pair with viewers gets a probe when its turn comes; for what his server answers, it is said
 * again; what it does not name within a few seconds is gone.  A `subscribe` that had no decision
 * yet is sent again, as it may have been lost. */
#include "gateway/notifier_priv.h"

enum {
    ASK_AGAIN_MS = 20000, /* one `subscribe` in that time */
    /* Servers answer for a user who consented before, some with his presence, some without, some
     * not at all. */
    ASKED_MS = 2000,
    /* Of a large partner that is lost: SIP must not stand still while all are told. */
    LOST_PER_MS = 5,
};

static void check(struct gw_watched *w);

/* --- the end of a check -----------------------------------------------------------------------*/

static void conclude(struct gw_watched *w)
{
    bool changed = gw_resources_close_doubted(w->resources);
    changed |= !w->has_state;
    w->check = GW_CHECK_NONE;
    w->has_state = true;
    w->is_sure = w->is_answered;
    cw_timer_free(&w->timer);
    if (changed)
        gw_watched_changed(w, 0);
}

static void on_timer(void *arg)
{
    struct gw_watched *w = arg;
    switch (w->check) {
    case GW_CHECK_NONE:
        break;
    case GW_CHECK_ASKED:
        w->check = GW_CHECK_NONE;
        check(w);
        break;
    case GW_CHECK_PROBED:
        conclude(w);
        break;
    }
}

static void start(struct gw_watched *w, enum gw_check check, uint64_t ms)
{
    if (!w->timer)
        w->timer = cw_timer_new(w->notifier->gateway->base, on_timer, w);
    w->check = check;
    cw_timer_set(w->timer, ms);
}

/* --- questions --------------------------------------------------------------------------------*/

static void on_posted(void *arg, uint64_t user, const struct cw_link_outcome *outcome)
{
    struct gw_watched *w = gw_watched_by_id(arg, user);
    if (w && outcome->result == CW_LINK_REFUSED)
        w->asked_ms = 0;
}

static void say_subscribe(struct gw_watched *w)
{
    struct gw_notifier *n = w->notifier;
    struct cw_arena arena = {0};
    if (w->check == GW_CHECK_ASKED) {
        w->check = GW_CHECK_NONE;
        cw_timer_free(&w->timer);
    }
    w->asked_ms = cw_now_ms();
    gw_post_send(n->presence->post, cw_presence_typed(&arena, w->local, w->remote, "subscribe"),
                 on_posted, n, w->id);
    cw_arena_free(&arena);
}

void gw_watched_await(struct gw_watched *w)
{
    if (w->check != GW_CHECK_PROBED)
        start(w, GW_CHECK_ASKED, ASKED_MS);
}

void gw_watched_ask(struct gw_watched *w)
{
    if (!w->asked_ms || cw_now_ms() - w->asked_ms >= ASK_AGAIN_MS)
        say_subscribe(w);
    if (w->is_authorised)
        gw_watched_await(w);
}

void gw_watched_probe(struct gw_watched *w)
{
    unsigned timeout_s = w->notifier->gateway->policy->settings.presence_probe_timeout_s;
    gw_resources_doubt(w->resources);
    w->is_answered = false;
    start(w, GW_CHECK_PROBED, (uint64_t)timeout_s * 1000);
    gw_watched_say(w, "probe");
}

/* A probe of one who did not consent would be answered as if he had declined (RFC 6121
 * section 4.3.2).  A `subscribe` may have been lost, too, but is not said twice in a moment: all is
 * to be true again within a minute. */
static void check(struct gw_watched *w)
{
    uint64_t asked_ms = w->asked_ms ? cw_now_ms() - w->asked_ms : ASK_AGAIN_MS;
    if (w->is_authorised)
        gw_watched_probe(w);
    else if (asked_ms < ASK_AGAIN_MS)
        start(w, GW_CHECK_ASKED, ASK_AGAIN_MS - asked_ms);
    else
        say_subscribe(w);
}

static void on_turn(void *arg, uint64_t id)
{
    struct gw_watched *w = gw_watched_by_id(arg, id);
    if (!w)
        return;
    w->is_queued = false;
    if (w->n_live > 0)
        check(w);
    else
        gw_watched_settle(w); /* of an earlier life: its dialogs may have ended unseen */
}

void gw_watched_queue(struct gw_watched *w)
{
    if (w->is_queued)
        return;
    w->is_queued = true;
    gw_pace_add(w->notifier->presence->pace, on_turn, w->notifier, w->id);
}

/* --- what becomes of a pair of domains --------------------------------------------------------*/

void gw_notifier_again(struct gw_notifier *n, struct cw_str local_domain,
                       struct cw_str remote_domain)
{
    struct gw_neighbours *neighbours = gw_watched_neighbours(n, local_domain, remote_domain);
    struct gw_watched *w;
    if (!neighbours)
        return;
    TAILQ_FOREACH (w, &neighbours->list, neighbour)
        gw_watched_queue(w);
}

/* What was never known is left to the probe that is under way, or waits for its turn. */
void gw_notifier_lost(struct gw_notifier *n, struct cw_str local_domain,
                      struct cw_str remote_domain)
{
    struct gw_neighbours *neighbours = gw_watched_neighbours(n, local_domain, remote_domain);
    struct gw_watched *w, *next;
    uint64_t i = 0;
    for (w = neighbours ? TAILQ_FIRST(&neighbours->list) : NULL; w; w = next) {
        next = TAILQ_NEXT(w, neighbour);
        w->is_sure = false;
        gw_resources_doubt(w->resources);
        if (gw_resources_close_doubted(w->resources))
            gw_watched_changed(w, i++ / LOST_PER_MS);
    }
}

bool gw_notifier_knock(struct gw_notifier *n, struct cw_str local_domain,
                       struct cw_str remote_domain)
{
    struct gw_neighbours *neighbours = gw_watched_neighbours(n, local_domain, remote_domain);
    if (!neighbours)
        return false;
    /* Another one each time: one of them may be the reason why nothing gets through. */
    struct gw_watched *w = TAILQ_FIRST(&neighbours->list);
    TAILQ_REMOVE(&neighbours->list, w, neighbour);
    TAILQ_INSERT_TAIL(&neighbours->list, w, neighbour);
    if (w->is_authorised)
        gw_watched_probe(w);
    else
        say_subscribe(w);
    return true;
}
