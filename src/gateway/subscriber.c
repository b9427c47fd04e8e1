/* XMPP users watch SIP users: what comes in for one watch, and what each step calls for; see
 * subscriber.h and subscriber_priv.h.
 *
 * One exchange: juliet's `subscribe` makes a watch, its step a SUBSCRIBE.  Before the 200 a NOTIFY
 * comes, active: the step has an answer and two stanzas, `subscribed` and alice's presence; the
 * watch keeps what it says, the store gets its rows.  The 200 says how long it lasts, and the timer
 * is set.  Had juliet unsubscribed before the 200, that would have been her wish, and the answer
 * had brought the SUBSCRIBE with Expires 0. */
#include "gateway/subscriber_priv.h"

#include <time.h>

#include "base/secret.h"

enum {
    PARTING_MS = 86400000,
    MAX_AGAIN = 3,   /* at once, in a row */
    BACKOFF_S = 300, /* the SIP side said no: the longest time to the next attempt */
};

/* --- steps ------------------------------------------------------------------------------------*/

void gw_watch_judge(const struct gw_watch *w, enum cw_contact_event event,
                    struct cw_contact_verdict *verdict)
{
    const struct cw_jid local = gw_watch_jid(w->sub.presentity);
    const struct cw_jid remote = gw_watch_jid(w->sub.watcher);
    gw_contact_judge(w->subscriber->presence->gateway, event, &local, &remote, verdict);
}

void gw_watch_log(const struct gw_watch *w, const char *event, const char *reason)
{
    CW_LOG(&w->subscriber->presence->gateway->log, CW_LOG_INFO, event,
           CW_KV("from", w->sub.watcher), CW_KV("to", w->sub.presentity),
           CW_KVC("reason", reason ? reason : ""));
}

void gw_watch_begin(struct gw_watch *w, struct gw_doing *doing)
{
    struct gw_presence *p = w->subscriber->presence;
    struct cw_contact_verdict sees, asks = {.answer = CW_CONTACT_REFUSE};
    struct cw_presence *known;

    *doing = (struct gw_doing){
        .why = "", .max_backoff_s = BACKOFF_S, .was_authorised = w->sub.is_authorised};
    size_t n = gw_watch_known(w, &doing->arena, &known);
    gw_watch_judge(w, CW_CONTACT_PRESENCE_OUT, &sees);
    if (!w->sub.is_authorised)
        gw_watch_judge(w, CW_CONTACT_SUBSCRIBE_IN, &asks);
    doing->is_refused = sees.answer == CW_CONTACT_REFUSE;
    w->with_notes = sees.answer != CW_CONTACT_REFUSE && sees.with_notes;
    doing->options = (struct cw_presence_options){
        .map = &p->map,
        .with_notes = w->with_notes,
        .expires_s = p->gateway->policy->settings.subscription_refresh_s,
        .is_consented = asks.answer == CW_CONTACT_ALLOW,
        .known = known,
        .n_known = n,
    };
    /* Only a new dialog needs a name. */
    if (!w->sub.call_id.n || w->sub.state == CW_SUBSCRIPTION_ENDING)
        doing->options.seed = cw_random_hex(&doing->arena, 16);
}

void gw_doing_hush(struct gw_doing *doing)
{
    doing->step.n_stanzas = 0;
    doing->step.has_known = false;
}

/* False: it did not leave. */
static bool send_request(struct gw_watch *w, const struct gw_doing *doing)
{
    /* "sip:juliet@fabrikam.example": between them is what our Contact begins with. */
    struct cw_str from = doing->step.request.from_uri;
    ptrdiff_t at = cw_str_rindex(from, '@');
    struct gw_sip_sending sending = {
        .domain = w->domain,
        .request = &doing->step.request,
        .branch = doing->step.branch,
        .contact_user = at > 4 ? cw_str_sub(from, 4, (size_t)at) : CW_STR_NONE,
        .final = gw_watch_answered,
        .arg = w->subscriber,
        .user = w->id,
    };
    w->is_under_way = true;
    if (!w->sub.is_poll)
        cw_timer_stop(w->timer);
    return gw_sip_send(w->subscriber->presence->gateway->sip, &sending) == CW_OK;
}

/* What was said changed who may see whom. */
static void tell_log(struct gw_watch *w, const struct gw_doing *doing)
{
    bool is_authorised = w->sub.is_authorised;
    if (w->sub.is_poll || !doing->why)
        return;
    if (is_authorised && !doing->was_authorised) {
        gw_watch_log(w, "watch-subscribed", doing->why);
    } else if (doing->was_authorised && !is_authorised) {
        if (!w->has_ended)
            gw_watch_log(w, "watch-ended", doing->why);
        w->has_ended = true;
    } else if (doing->step.next == CW_PRESENCE_FORGET && !w->has_ended) {
        gw_watch_log(w, "watch-refused", doing->why);
    }
}

void gw_watch_end(struct gw_watch *w)
{
    gw_watch_unstore(w);
    if ((w->n_posted == 0 && !w->is_behind) || w->is_parting) {
        gw_watch_free(w);
        return;
    }
    w->is_parting = true;
    w->subscriber->n_parting++;
    cw_timer_set(w->timer, PARTING_MS);
}

/* A dialog that is to be begun again: at once when its answer says so; when a NOTIFY does, so may
 * thousands in the same moment. */
static void begin_again(struct gw_watch *w, const struct gw_doing *doing)
{
    w->n_again++;
    gw_watch_store(w);
    if (doing->is_answer && !w->is_under_way)
        gw_watch_refresh(w, 0);
    else
        gw_watch_due(w, GW_DUE_REFRESH);
}

/* What the step calls for next; the watch may be gone then. */
static void go_on(struct gw_watch *w, const struct gw_doing *doing)
{
    enum cw_presence_next next = doing->step.next;
    if (w->sub.is_poll) {
        if (next != CW_PRESENCE_KEEP)
            gw_poll_end(w);
    } else if (next == CW_PRESENCE_FORGET) {
        gw_watch_end(w);
    } else if (next == CW_PRESENCE_AGAIN && w->n_again < MAX_AGAIN) {
        begin_again(w, doing);
    } else {
        if (next == CW_PRESENCE_KEEP)
            gw_watch_arm(w);
        else
            gw_watch_later(w, doing);
        gw_watch_store(w);
    }
}

/* A SUBSCRIBE that does not leave is one that nobody answers. */
void gw_watch_finish(struct gw_watch *w, struct gw_doing *doing)
{
    struct gw_subscriber *s = w->subscriber;
    /* What goes out borrows from the strings of before. */
    struct cw_arena before = w->arena;
    uint64_t id = w->id;
    bool has_failed = false;

    if (w->sub.is_poll)
        gw_poll_check(w, doing);
    if (w->is_behind && doing->step.n_stanzas > 0)
        gw_watch_catch_up(w);
    if (w->sub.is_poll && doing->step.has_known)
        gw_poll_share(w, &doing->step);
    w->arena = (struct cw_arena){0};
    if (doing->step.has_known)
        w->is_stale = false;
    gw_watch_keep(w, &doing->step);
    if (doing->step.has_request)
        has_failed = !send_request(w, doing);
    gw_watch_post(w, doing->step.stanzas, doing->step.n_stanzas);
    tell_log(w, doing);
    go_on(w, doing);
    cw_arena_free(&before);
    cw_arena_free(&doing->arena);
    if (has_failed)
        gw_watch_answered(
            s, id, &(struct cw_sip_response){.status = 503, .reason_phrase = CW_STR("Not Sent")});
}

/* --- stanzas ----------------------------------------------------------------------------------*/

void gw_watch_ask(struct gw_watch *w, const char *type)
{
    struct gw_doing doing;
    gw_watch_begin(w, &doing);
    const struct cw_xml *stanza =
        cw_presence_typed(&doing.arena, w->sub.watcher, w->sub.presentity, type);
    cw_subscription_on_stanza(&doing.arena, &w->sub, stanza, &doing.options, &doing.step);
    if (!doing.step.has_request && w->sub.state == CW_SUBSCRIPTION_NONE)
        doing.step.next = CW_PRESENCE_FORGET; /* it cannot be translated, or there is no dialog */
    doing.why = type;
    gw_watch_finish(w, &doing);
}

/* Watches of users of that domain. */
static size_t count_of_domain(const struct gw_subscriber *s, struct cw_str remote_domain)
{
    const struct cw_policy *policy = s->presence->gateway->policy;
    struct cw_arena arena = {0};
    struct cw_str local, remote;
    size_t n = 0;
    for (size_t i = 0; i < policy->n_local_domains; i++) {
        const struct gw_between *between =
            cw_domain_to_unicode(&arena, policy->local_domains[i], &local) &&
                    cw_domain_to_unicode(&arena, remote_domain, &remote)
                ? gw_between_of(s, local, remote)
                : NULL;
        n += between ? between->n_watches : 0;
    }
    cw_arena_free(&arena);
    return n;
}

/* A partner with many users leaves half of the room to the others. */
static bool is_share_used_up(const struct gw_subscriber *s, struct cw_str remote_domain)
{
    const struct cw_policy *policy = s->presence->gateway->policy;
    const struct cw_partner *partner = cw_policy_partner(policy, remote_domain);
    if (!partner)
        return false;
    size_t n = count_of_domain(s, partner->domain);
    for (size_t i = 0; i < partner->n_additional; i++)
        n += count_of_domain(s, partner->additional[i]);
    return n >= (policy->settings.subscription_limit + 1) / 2;
}

static bool is_full(const struct gw_subscriber *s, const struct gw_pair *pair)
{
    const struct cw_settings *settings = &s->presence->gateway->policy->settings;
    return s->by_pair.n + gw_notifier_count(s->presence->notifier) >=
               settings->subscription_limit ||
           gw_watch_count_of(s, pair->remote) >= settings->subscription_limit_per_user ||
           is_share_used_up(s, pair->remote_jid.domain);
}

static void refuse_full(struct gw_subscriber *s, const struct gw_pair *pair,
                        const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    CW_LOG(&s->presence->gateway->log, CW_LOG_WARN, "watch-refused", CW_KV("from", pair->remote),
           CW_KV("to", pair->local), CW_KVC("reason", "too many subscriptions"));
    gw_post_send(s->presence->post,
                 cw_stanza_error_reply(&arena, stanza, CW_STANZA_RESOURCE_CONSTRAINT,
                                       CW_S("there are too many subscriptions")),
                 NULL, NULL, 0);
    cw_arena_free(&arena);
}

static void on_subscribe(struct gw_subscriber *s, const struct gw_pair *pair,
                         const struct cw_xml *stanza)
{
    struct gw_watch *w = gw_watch_of(s, pair->local, pair->remote, false);
    if (!w && is_full(s, pair)) {
        refuse_full(s, pair, stanza);
        return;
    }
    if (!w)
        w = gw_watch_new(s, pair, false);
    if (w->is_parting)
        s->n_parting--;
    if (w->since == 0 || w->is_parting)
        w->since = (int64_t)time(NULL);
    w->is_parting = false;
    w->origin_id = cw_xml_attr(stanza, "id");
    gw_watch_keep(w, NULL);
    w->is_awaited = !w->sub.is_authorised;
    w->is_quiet = w->is_overdue = w->has_ended = false;
    w->n_again = 0;
    if (!w->is_under_way)
        gw_watch_ask(w, "subscribe");
    else if (w->wish != GW_WISH_NONE || w->sub.is_authorised ||
             w->sub.state != CW_SUBSCRIPTION_WAITING)
        w->wish = GW_WISH_SUBSCRIBE;
    /* else what is under way is just that */
}

static void on_unsubscribe(struct gw_subscriber *s, const struct gw_pair *pair)
{
    struct gw_watch *w = gw_watch_of(s, pair->local, pair->remote, false);
    if (!w) {
        gw_presence_say(s->presence, pair->local, pair->remote, "unsubscribed");
    } else if (w->is_parting) {
        gw_watch_tell(w);
    } else if (!w->is_under_way) {
        gw_watch_ask(w, "unsubscribe");
    } else if (w->sub.state != CW_SUBSCRIPTION_ENDING) {
        w->wish = GW_WISH_UNSUBSCRIBE;
        w->has_ended = true;
        gw_watch_log(w, "watch-ended", "unsubscribe");
        gw_watch_unstore(w);
    } else {
        w->wish = GW_WISH_NONE; /* the one that ends it is under way */
    }
}

void gw_subscriber_stanza(struct gw_subscriber *s, const struct gw_pair *pair,
                          const struct cw_xml *stanza, const struct cw_contact_verdict *verdict)
{
    struct cw_str type = cw_xml_attr(stanza, "type");
    (void)verdict; /* asked for anew with each step: it may change while we wait */
    if (cw_str_eq_cstr(type, "subscribe"))
        on_subscribe(s, pair, stanza);
    else if (cw_str_eq_cstr(type, "unsubscribe"))
        on_unsubscribe(s, pair);
    else if (cw_str_eq_cstr(type, "probe"))
        gw_subscriber_probe(s, pair);
}

/* --- NOTIFY -----------------------------------------------------------------------------------*/

/* The dialog lasts as long as it was granted, or shorter when the notifier says so. */
static void take_expiry(struct gw_watch *w, const struct cw_event_status *status)
{
    uint64_t end_ms = cw_now_ms() + (uint64_t)status->expires_s * 1000;
    if (status->has_expires && (w->expires_at_ms == 0 || end_ms + 2000 < w->expires_at_ms))
        gw_watch_granted(w, status->expires_s);
}

/* What of the step is not to be said: nobody wants it any more, or it is not new. */
static void quieten(struct gw_watch *w, struct gw_doing *doing)
{
    if (w->wish == GW_WISH_UNSUBSCRIBE || w->wish == GW_WISH_REVOKE) {
        gw_doing_hush(doing);
        doing->step.next = CW_PRESENCE_KEEP; /* the answer that is awaited carries the wish out */
        return;
    }
    if (w->wish == GW_WISH_SUBSCRIBE && doing->step.next == CW_PRESENCE_FORGET)
        doing->step.next = CW_PRESENCE_KEEP;
    if (w->is_quiet && doing->was_authorised && gw_watch_is_same(w, &doing->step))
        gw_doing_hush(doing);
    if (doing->step.has_known)
        w->is_quiet = false;
}

/* A SIP server that was killed may count from where it last wrote: then nothing that it says in
 * this dialog counts, and another one is begun.  What is only late is followed by what is not. */
static void on_backward(struct gw_watch *w, struct gw_doing *doing)
{
    if (w->sub.is_poll || w->sub.state == CW_SUBSCRIPTION_ENDING || w->wish != GW_WISH_NONE)
        return;
    if (w->was_backward) {
        cw_subscription_drop_dialog(&w->sub);
        w->expires_at_ms = w->refresh_at_ms = 0;
        doing->step.next = CW_PRESENCE_AGAIN;
    } else {
        gw_watch_due(w, GW_DUE_REFRESH);
    }
    w->was_backward = !w->was_backward;
}

static void on_notify(struct gw_watch *w, struct gw_doing *doing,
                      const struct cw_sip_request *request)
{
    struct cw_event_status status = {.state = CW_EVENT_PENDING};
    (void)cw_event_status_parse(request->subscription_state, &status);
    cw_subscription_on_request(&doing->arena, &w->sub, request, &doing->options, &doing->step);
    if (doing->step.response.status == 500)
        on_backward(w, doing);
    if (doing->step.response.status >= 300)
        return;
    w->was_backward = false;
    if (status.state == CW_EVENT_TERMINATED) {
        doing->why = cw_event_reason_name(status.reason);
        doing->is_dictated = status.has_retry_after;
        w->expires_at_ms = w->refresh_at_ms = 0;
    } else if (w->sub.state != CW_SUBSCRIPTION_ENDING) {
        w->n_failed = 0;
        w->is_awaited = false;
        take_expiry(w, &status);
    }
    quieten(w, doing);
}

bool gw_subscriber_notify(struct gw_subscriber *s, cw_sip_txn_id txn,
                          const struct cw_sip_request *request)
{
    struct gw_watch *w = cw_map_get(&s->by_call_id, request->call_id);
    struct gw_doing doing;

    if (!w || w->is_parting || !cw_subscription_has(&w->sub, request))
        return false;
    uint64_t id = w->id;
    if (w->home)
        w->home->heard_at_ms = cw_now_ms();
    gw_watch_begin(w, &doing);
    bool is_refused = doing.is_refused;
    on_notify(w, &doing, request);
    gw_presence_answer(s->presence, txn, &doing.step.response, CW_STR_NONE);
    if (is_refused)
        gw_doing_hush(&doing);
    gw_watch_finish(w, &doing);
    if (is_refused && (w = gw_watch_by_id(s, id)))
        gw_subscriber_cancel(s, w->sub.presentity, w->sub.watcher);
    return true;
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_subscriber *gw_subscriber_new(struct gw_presence *presence)
{
    struct gw_subscriber *s = cw_alloc(sizeof *s);
    s->presence = presence;
    s->canary = cw_timer_new(presence->gateway->base, gw_subscriber_on_canary, s);
    cw_timer_set(s->canary, GW_CANARY_MS);
    return s;
}

static void note_id(struct cw_str key, void *watch, void *arg)
{
    uint64_t **at = arg;
    (void)key;
    *(*at)++ = ((struct gw_watch *)watch)->id;
}

size_t gw_subscriber_ids(const struct cw_map *map, struct cw_arena *arena, uint64_t **out)
{
    uint64_t *at = *out = cw_arena_alloc(arena, (map->n + 1) * sizeof *at);
    cw_map_each(map, note_id, &at);
    return map->n;
}

void gw_subscriber_free(struct gw_subscriber **ptr)
{
    struct gw_subscriber *s = *ptr;
    struct cw_arena arena = {0};
    uint64_t *ids;
    *ptr = NULL;
    if (!s)
        return;
    size_t n = gw_subscriber_ids(&s->by_id, &arena, &ids);
    for (size_t i = 0; i < n; i++)
        gw_watch_free(gw_watch_by_id(s, ids[i]));
    struct cw_map *const maps[] = {&s->by_pair,  &s->polls, &s->by_id, &s->by_call_id,
                                   &s->betweens, &s->homes, &s->users};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        cw_map_free(maps[i]);
    cw_timer_free(&s->canary);
    cw_arena_free(&arena);
    cw_free(s);
}

size_t gw_subscriber_count(const struct gw_subscriber *s)
{
    return s->by_pair.n - s->n_parting;
}
