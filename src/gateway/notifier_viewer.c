/* The dialogs of SIP devices that watch, and the answers to polls; see notifier_priv.h.
 *
 * A dialog is in the store while it lives.  Its CSeq is not written with each NOTIFY: the row says
 * up to which number they may have been used, a thousand ahead, and there one goes on after a
 * restart. */
#include "gateway/notifier_priv.h"

#include <string.h>

/* A new row is written before the old one's number is reached: a crash may lose the last rows. */
enum { CSEQ_STEP = 1000, CSEQ_NEAR = 100 };

static struct cw_str id_key(const uint64_t *id)
{
    return (struct cw_str){(const char *)id, sizeof *id};
}

/* --- found ------------------------------------------------------------------------------------*/

static struct cw_str key_of(struct cw_arena *arena, struct cw_str call_id, struct cw_str local_tag,
                            struct cw_str remote_tag)
{
    return cw_arena_printf(arena, "%.*s %.*s %.*s", CW_ARG(call_id), CW_ARG(local_tag),
                           CW_ARG(remote_tag));
}

struct gw_viewer *gw_viewer_find(const struct gw_notifier *n, struct cw_str call_id,
                                 struct cw_str local_tag, struct cw_str remote_tag)
{
    struct cw_arena arena = {0};
    struct gw_viewer *v =
        cw_map_get(&n->viewer_by_key, key_of(&arena, call_id, local_tag, remote_tag));
    cw_arena_free(&arena);
    return v;
}

struct gw_viewer *gw_viewer_by_id(const struct gw_notifier *n, uint64_t id)
{
    return cw_map_get(&n->viewer_by_id, id_key(&id));
}

/* --- as a subscription and back ---------------------------------------------------------------*/

struct cw_subscription gw_viewer_subscription(const struct gw_viewer *v)
{
    uint64_t now_ms = cw_now_ms();
    return (struct cw_subscription){
        .direction = CW_SUBSCRIPTION_S2X,
        .state = v->is_active ? CW_SUBSCRIPTION_ACTIVE : CW_SUBSCRIPTION_PENDING,
        .watcher = v->watched->local,
        .presentity = v->watched->remote,
        .is_authorised = v->watched->is_authorised,
        .is_poll = v->is_poll,
        .call_id = v->call_id,
        .local_tag = v->local_tag,
        .remote_tag = v->remote_tag,
        .remote_target = v->remote_target,
        .route_set = v->route_set,
        .event_id = v->event_id,
        .local_cseq = v->local_cseq,
        .remote_cseq = v->remote_cseq,
        .expires_s = v->expires_ms > now_ms ? (uint32_t)((v->expires_ms - now_ms) / 1000) : 0,
    };
}

static void set_strings(struct gw_viewer *v, const struct cw_subscription *s)
{
    const struct {
        struct cw_str *to, from;
    } strings[] = {
        {&v->key, v->key},
        {&v->call_id, s->call_id},
        {&v->local_tag, s->local_tag},
        {&v->remote_tag, s->remote_tag},
        {&v->remote_target, s->remote_target},
        {&v->route_set, s->route_set},
        {&v->event_id, s->event_id},
    };
    size_t n_strings = sizeof strings / sizeof *strings, n = 0;
    char *old = v->text;
    for (size_t i = 0; i < n_strings; i++)
        n += strings[i].from.n;
    char *p = v->text = cw_alloc(n);
    for (size_t i = 0; i < n_strings; i++) {
        struct cw_str from = strings[i].from;
        if (from.n)
            memcpy(p, from.p, from.n);
        *strings[i].to = from.n ? (struct cw_str){p, from.n} : CW_STR_NONE;
        p += from.n;
    }
    cw_free(old);
}

void gw_viewer_update(struct gw_viewer *v, const struct cw_subscription *s)
{
    set_strings(v, s);
    v->remote_cseq = s->remote_cseq;
    v->is_active = s->state == CW_SUBSCRIPTION_ACTIVE;
    v->expires_ms = cw_now_ms() + (uint64_t)s->expires_s * 1000;
    gw_viewer_set_timer(v);
}

/* --- kept -------------------------------------------------------------------------------------*/

void gw_viewer_keep(struct gw_viewer *v)
{
    if (v->is_poll || v->is_ending)
        return;
    struct cw_subscription s = gw_viewer_subscription(v);
    v->cseq_bound = v->local_cseq + CSEQ_STEP;
    const struct cw_store_dialog row = gw_dialog_row(&s, v->cseq_bound, s.expires_s);
    gw_store_put_dialog(v->watched->notifier->gateway->store, &row);
}

void gw_viewer_keep_ahead(struct gw_viewer *v)
{
    if (v->local_cseq + CSEQ_NEAR >= v->cseq_bound)
        gw_viewer_keep(v);
}

/* --- time -------------------------------------------------------------------------------------*/

static void on_timer(void *arg)
{
    struct gw_viewer *v = arg;
    uint64_t now_ms = cw_now_ms();
    if (v->retry_ms && now_ms >= v->retry_ms)
        v->retry_ms = 0;
    if (!v->is_ending && now_ms >= v->expires_ms) {
        gw_viewer_end(v, CW_EVENT_TIMEOUT);
        return;
    }
    gw_viewer_set_timer(v);
    gw_viewer_notify(v);
}

void gw_viewer_set_timer(struct gw_viewer *v)
{
    uint64_t now_ms = cw_now_ms(), at_ms = v->is_ending ? UINT64_MAX : v->expires_ms;
    if (v->retry_ms && v->retry_ms < at_ms)
        at_ms = v->retry_ms;
    if (at_ms == UINT64_MAX)
        cw_timer_stop(v->timer);
    else
        cw_timer_set(v->timer, at_ms > now_ms ? at_ms - now_ms : 0);
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_viewer *gw_viewer_new(struct gw_watched *w, const struct cw_subscription *s)
{
    struct gw_notifier *n = w->notifier;
    struct cw_arena arena = {0};
    struct gw_viewer *v = cw_alloc(sizeof *v);
    v->watched = w;
    v->id = ++n->last_id;
    v->is_poll = s->is_poll;
    v->local_cseq = s->local_cseq;
    v->timer = cw_timer_new(n->gateway->base, on_timer, v);
    v->key = key_of(&arena, s->call_id, s->local_tag, s->remote_tag);
    gw_viewer_update(v, s);
    cw_arena_free(&arena);
    TAILQ_INSERT_TAIL(&w->viewers, v, link);
    cw_map_set(&n->viewer_by_id, id_key(&v->id), v);
    n->n_viewers++;
    if (!v->is_poll) {
        cw_map_set(&n->viewer_by_key, v->key, v);
        gw_watched_add_live(w);
    }
    return v;
}

/* No viewer any more, only perhaps a last NOTIFY. */
static void retire(struct gw_viewer *v)
{
    struct gw_notifier *n = v->watched->notifier;
    v->is_ending = true;
    n->n_viewers--;
    if (v->is_poll)
        return;
    if (cw_map_get(&n->viewer_by_key, v->key) == v)
        cw_map_remove(&n->viewer_by_key, v->key);
    gw_watched_drop_live(v->watched);
}

void gw_viewer_free(struct gw_viewer *v)
{
    struct gw_notifier *n = v->watched->notifier;
    if (!v->is_ending)
        retire(v);
    TAILQ_REMOVE(&v->watched->viewers, v, link);
    cw_map_remove(&n->viewer_by_id, id_key(&v->id));
    cw_timer_free(&v->timer);
    cw_free(v->text);
    cw_free(v);
}

/* Out of the store, and no viewer any more. */
static void leave(struct gw_viewer *v, struct cw_str why)
{
    retire(v);
    if (v->is_poll)
        return;
    gw_store_remove_dialog(v->watched->notifier->gateway->store, v->call_id, v->local_tag);
    gw_watched_log(v->watched, "subscription-ended", why);
}

/* Who was watched hears of it when nobody is left (RFC 8048 section 5.3.3). */
static void say_gone(struct gw_watched *w)
{
    if (w->n_live == 0)
        gw_watched_say(w, "unavailable");
}

void gw_viewer_drop(struct gw_viewer *v, struct cw_str why)
{
    struct gw_watched *w = v->watched;
    if (!v->is_ending) {
        leave(v, why);
        if (!v->is_poll)
            say_gone(w);
    }
    gw_viewer_free(v);
    gw_watched_settle(w);
}

void gw_viewer_end(struct gw_viewer *v, enum cw_event_reason reason)
{
    struct gw_watched *w = v->watched;
    bool is_poll = v->is_poll;
    if (v->is_ending)
        return;
    v->end_reason = reason;
    v->n_failures = 0;
    v->retry_ms = 0;
    v->is_dirty = true;
    leave(v, cw_str_of(cw_event_reason_name(reason)));
    gw_viewer_set_timer(v);
    w->holds++;
    gw_viewer_notify(v);
    if (!is_poll && reason == CW_EVENT_TIMEOUT)
        say_gone(w);
    w->holds--;
    gw_watched_settle(w);
}
