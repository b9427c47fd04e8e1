/* SUBSCRIBE requests of SIP users, what the rules take away again, and the restart; see notifier.h
 * and notifier_priv.h. */
#include "gateway/notifier_priv.h"

#include <time.h>

#include "base/secret.h"

enum {
    MIN_EXPIRES_S = 60,
    OVERDUE_MS = 10000, /* dialogs that ran out while we were away end within that time */
};

/* --- answers ----------------------------------------------------------------------------------*/

static void answer(struct gw_notifier *n, cw_sip_txn_id txn, const struct cw_sip_response *response,
                   const struct gw_pair *pair)
{
    struct cw_arena arena = {0};
    gw_presence_answer(n->presence, txn, response, gw_watched_contact_user(&arena, pair->remote));
    cw_arena_free(&arena);
}

/* Never 503: it would tell the next hop that all of us is out of order, messages too. */
static bool is_full(struct gw_notifier *n, const struct gw_pair *pair, cw_sip_txn_id txn,
                    bool is_poll)
{
    const struct cw_settings *settings = &n->gateway->policy->settings;
    size_t n_all = n->n_viewers + gw_subscriber_count(n->presence->subscriber);
    const char *reason = NULL;
    if (n_all >= settings->subscription_limit)
        reason = "Too Many Subscriptions";
    else if (!is_poll && gw_watched_quota(n, pair->local) >= settings->subscription_limit_per_user)
        reason = "Too Many Subscriptions Of This User";
    if (!reason)
        return false;
    CW_LOG(&n->gateway->log, CW_LOG_WARN, "subscribe-refused", CW_KV("from", pair->local),
           CW_KV("to", pair->remote), CW_KVC("reason", reason), CW_KVI("subscriptions", n_all));
    const struct cw_sip_response response = {
        .status = 480,
        .reason_phrase = cw_str_of(reason),
        .retry_after = CW_S("60"),
    };
    gw_presence_answer(n->presence, txn, &response, CW_STR_NONE);
    return true;
}

static struct cw_presence_options options_of(const struct gw_notifier *n)
{
    unsigned most_s = n->gateway->policy->settings.subscription_refresh_s;
    return (struct cw_presence_options){
        .expires_s = most_s,
        .min_expires_s = most_s < MIN_EXPIRES_S ? most_s : MIN_EXPIRES_S,
    };
}

/* --- SUBSCRIBE outside a dialog ---------------------------------------------------------------*/

/* From what is known, when that is sure, and nothing of who has not decided; else his server is
 * asked, and the answer must come within the time that the subscription has. */
static void begin_poll(struct gw_watched *w, struct cw_subscription *s)
{
    s->expires_s = w->notifier->gateway->policy->settings.presence_probe_timeout_s;
    struct gw_viewer *v = gw_viewer_new(w, s);
    if (w->is_authorised ? w->is_sure : w->n_live > 0)
        gw_viewer_end(v, CW_EVENT_TIMEOUT);
    else if (!w->is_authorised)
        gw_watched_say(w, "probe");
    else if (w->check != GW_CHECK_PROBED)
        gw_watched_probe(w);
}

static void begin(struct gw_watched *w, struct cw_subscription *s)
{
    struct gw_notifier *n = w->notifier;
    struct gw_viewer *old = gw_viewer_find(n, s->call_id, s->local_tag, s->remote_tag);
    /* A device that has forgotten the dialog and takes the same names again. */
    s->local_cseq = old ? old->local_cseq : 0;
    w->holds++;
    if (old)
        gw_viewer_free(old);
    struct gw_viewer *v = gw_viewer_new(w, s);
    gw_store_invite(n->gateway->store, w->local, w->remote);
    gw_watched_log(w, "subscription-subscribed", cw_str_of(cw_subscription_state_name(s->state)));
    gw_watched_keep(w);
    gw_viewer_keep(v);
    v->is_dirty = true;
    gw_viewer_notify(v);
    if (!w->is_authorised || !w->is_sure)
        gw_watched_ask(w);
    w->holds--;
    gw_watched_settle(w);
}

static void subscribe_new(struct gw_notifier *n, cw_sip_txn_id txn, const struct gw_pair *pair,
                          const struct cw_sip_request *request)
{
    struct cw_arena arena = {0};
    struct cw_presence_options options = options_of(n);
    struct cw_presence_step step;
    const struct gw_watched *known = gw_watched_find(n, pair->local, pair->remote);
    struct cw_subscription s = {.direction = CW_SUBSCRIPTION_S2X,
                                .is_authorised = known && known->is_authorised};
    cw_subscription_on_request(&arena, &s, request, &options, &step);
    if (step.response.status >= 300) {
        answer(n, txn, &step.response, pair);
    } else if (!is_full(n, pair, txn, s.is_poll)) {
        struct gw_watched *w = gw_watched_get(n, pair->local, pair->remote);
        cw_assert(w != NULL); /* translation has read the addresses */
        answer(n, txn, &step.response, pair);
        if (s.is_poll)
            begin_poll(w, &s);
        else
            begin(w, &s);
    }
    cw_arena_free(&arena);
}

/* --- SUBSCRIBE in a dialog --------------------------------------------------------------------*/

/* The local user has removed the contact, who may then perhaps not see him any more. */
static void take_back(struct gw_notifier *n, const struct gw_pair *pair)
{
    struct cw_contact_verdict verdict;
    gw_store_uninvite(n->gateway->store, pair->local, pair->remote);
    gw_contact_judge(n->gateway, CW_CONTACT_PRESENCE_OUT, &pair->local_jid, &pair->remote_jid,
                     &verdict);
    if (verdict.answer == CW_CONTACT_REFUSE)
        gw_subscriber_cancel(n->presence->subscriber, pair->local, pair->remote);
}

static void refresh(struct gw_viewer *v, const struct cw_subscription *s)
{
    gw_viewer_update(v, s);
    gw_viewer_keep(v);
    /* It is there: what was given up for the moment is tried at once. */
    v->n_failures = 0;
    v->retry_ms = 0;
    v->is_dirty = true;
    gw_viewer_set_timer(v);
    gw_viewer_notify(v);
}

static void subscribe_again(struct gw_notifier *n, struct gw_viewer *v, cw_sip_txn_id txn,
                            const struct gw_pair *pair, const struct cw_sip_request *request)
{
    struct cw_arena arena = {0};
    struct cw_presence_options options = options_of(n);
    struct cw_presence_step step;
    struct cw_subscription s = gw_viewer_subscription(v);
    cw_subscription_on_request(&arena, &s, request, &options, &step);
    answer(n, txn, &step.response, pair);
    if (step.response.status < 300 && step.next == CW_PRESENCE_FORGET) {
        bool is_last = v->watched->n_live == 1;
        gw_viewer_end(v, CW_EVENT_TIMEOUT);
        if (is_last)
            take_back(n, pair);
    } else if (step.response.status < 300) {
        refresh(v, &s);
    }
    cw_arena_free(&arena);
}

void gw_notifier_subscribe(struct gw_notifier *n, cw_sip_txn_id txn, const struct gw_pair *pair,
                           const struct cw_sip_request *request)
{
    struct cw_arena arena = {0};
    struct gw_viewer *v =
        request->to_tag.n ? gw_viewer_find(n, request->call_id, request->to_tag, request->from_tag)
                          : NULL;
    if (v) {
        subscribe_again(n, v, txn, pair, request);
    } else if (request->to_tag.n) {
        struct cw_presence_options options = options_of(n);
        struct cw_presence_step step;
        cw_subscription_on_request(&arena, NULL, request, &options, &step);
        answer(n, txn, &step.response, pair);
    } else {
        subscribe_new(n, txn, pair, request);
    }
    cw_arena_free(&arena);
}

/* --- taken away -------------------------------------------------------------------------------*/

static bool cancel(struct gw_watched *w)
{
    bool is_subscribed = w->is_authorised || w->n_live > 0;
    if (is_subscribed)
        gw_watched_say(w, "unsubscribe");
    w->is_authorised = false;
    gw_watched_end_all(w, CW_EVENT_REJECTED);
    return is_subscribed;
}

bool gw_notifier_cancel(struct gw_notifier *n, struct cw_str local, struct cw_str remote)
{
    struct gw_watched *w = gw_watched_find(n, local, remote);
    return w && cancel(w);
}

void gw_notifier_review(struct gw_notifier *n)
{
    struct gw_watched *w, *next;
    for (w = TAILQ_FIRST(&n->all); w; w = next) {
        struct cw_jid local = gw_watched_jid(w->local), remote = gw_watched_jid(w->remote);
        struct cw_contact_verdict verdict;
        next = TAILQ_NEXT(w, link);
        gw_contact_judge(n->gateway, CW_CONTACT_SUBSCRIBE_OUT, &local, &remote, &verdict);
        if (verdict.answer == CW_CONTACT_REFUSE)
            cancel(w);
    }
}

static bool is_any_or(struct cw_str wanted, struct cw_str value)
{
    return !cw_str_is_present(wanted) || cw_str_eq(wanted, value);
}

void gw_notifier_withdraw(struct gw_notifier *n, struct cw_str local, struct cw_str remote,
                          struct cw_str remote_domain)
{
    struct gw_watched *w, *next;
    for (w = TAILQ_FIRST(&n->all); w; w = next) {
        next = TAILQ_NEXT(w, link);
        if (is_any_or(local, w->local) && is_any_or(remote, w->remote) &&
            is_any_or(remote_domain, gw_watched_jid(w->remote).domain))
            cancel(w);
    }
}

/* --- restart ----------------------------------------------------------------------------------*/

void gw_notifier_restore(struct gw_notifier *n, const struct cw_store_subscription *row)
{
    struct gw_watched *w = gw_watched_get(n, row->local, row->remote);
    if (!w)
        return;
    w->is_authorised = row->is_authorised;
    w->since = row->since;
    for (int kept = GW_KEPT_CONSENT; kept <= GW_KEPT_ACTIVE; kept++)
        if (cw_str_eq_cstr(row->state, gw_kept_name((enum gw_kept)kept)))
            w->kept = (enum gw_kept)kept;
    if (w->kept != GW_KEPT_CONSENT)
        gw_watched_queue(w);
}

/* What the watcher was told last is not known any more: he is told when the probe was answered, or
 * was not. */
void gw_notifier_restore_dialog(struct gw_notifier *n, const struct cw_store_dialog *row)
{
    struct gw_watched *w = gw_watched_get(n, row->local, row->remote);
    int64_t left_s = row->expires_at - (int64_t)time(NULL);
    int64_t most_s = n->gateway->policy->settings.subscription_refresh_s; /* clocks may jump */
    if (left_s > most_s)
        left_s = most_s;
    if (!w || gw_viewer_find(n, row->call_id, row->local_tag, row->remote_tag))
        return;
    struct cw_subscription s = {
        .direction = CW_SUBSCRIPTION_S2X,
        .state = w->is_authorised ? CW_SUBSCRIPTION_ACTIVE : CW_SUBSCRIPTION_PENDING,
    };
    gw_dialog_from_row(&s, row, left_s);
    struct gw_viewer *v = gw_viewer_new(w, &s);
    v->cseq_bound = row->local_cseq;
    if (left_s <= 0) {
        uint16_t random;
        cw_random(&random, sizeof random);
        v->expires_ms += (uint64_t)OVERDUE_MS * random / 65536;
        gw_viewer_set_timer(v);
    }
    gw_watched_queue(w);
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_notifier *gw_notifier_new(struct gw_presence *presence)
{
    struct gw_notifier *n = cw_alloc(sizeof *n);
    n->presence = presence;
    n->gateway = presence->gateway;
    TAILQ_INIT(&n->all);
    return n;
}

void gw_notifier_free(struct gw_notifier **ptr)
{
    struct gw_notifier *n = *ptr;
    struct gw_watched *w;
    *ptr = NULL;
    if (!n)
        return;
    while ((w = TAILQ_FIRST(&n->all)))
        gw_watched_free(w);
    cw_map_free(&n->watched_by_key);
    cw_map_free(&n->watched_by_id);
    cw_map_free(&n->viewer_by_key);
    cw_map_free(&n->viewer_by_id);
    cw_map_free(&n->neighbours);
    cw_map_free(&n->live_by_local);
    cw_free(n);
}

bool gw_notifier_is_undecided(const struct gw_notifier *n, struct cw_str local,
                              struct cw_str remote)
{
    const struct gw_watched *w = gw_watched_find(n, local, remote);
    return w && !w->is_authorised && w->n_live > 0;
}

size_t gw_notifier_count(const struct gw_notifier *n)
{
    return n->n_viewers;
}
