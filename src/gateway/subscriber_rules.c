/* What is told to watchers, and what becomes of them when rules change or partners come back; see
 * subscriber.h. */
#include "gateway/subscriber_priv.h"

enum { MAX_LOOK = 16 };

/* --- stanzas ----------------------------------------------------------------------------------*/

/* A refused one is told by reach.h to whom it concerns; here only: what he believes to be there may
 * be more than we know of. */
static void on_posted(void *arg, uint64_t id, const struct cw_link_outcome *outcome)
{
    struct gw_watch *w = gw_watch_by_id(arg, id);
    if (!w)
        return;
    w->n_posted--;
    bool is_unwelcome = outcome->reason == CW_LINK_REASON_NOT_LISTED; /* for good */
    if (outcome->result != CW_LINK_DELIVERED && !(w->is_parting && is_unwelcome)) {
        w->is_behind = true;
    } else if (w->n_posted == 0 && !w->is_behind) {
        if (w->is_parting)
            gw_watch_free(w);
        else
            gw_watch_forget_gone(w);
    }
}

/* What becomes of a poll's is its watch's business: the poll is soon gone. */
static void post_one(struct gw_watch *w, const struct cw_xml *stanza)
{
    struct gw_watch *owner =
        w->sub.is_poll ? gw_watch_of(w->subscriber, w->sub.presentity, w->sub.watcher, false) : w;
    if (!owner)
        return;
    owner->n_posted++;
    gw_post_send(w->subscriber->presence->post, stanza, on_posted, w->subscriber, owner->id);
}

void gw_watch_catch_up(struct gw_watch *w)
{
    struct cw_arena arena = {0};
    const struct cw_jid user = gw_watch_jid(w->sub.presentity);
    w->is_behind = false;
    for (size_t i = 0; i < w->n_seen; i++) {
        const struct cw_presence gone = {.resource = w->seen[i].resource};
        if (!w->seen[i].is_available)
            post_one(w, cw_presence_stanza(&arena, &user, w->sub.watcher, &gone));
    }
    cw_arena_free(&arena);
}

void gw_watch_post(struct gw_watch *w, struct cw_xml **stanzas, size_t n)
{
    if (n > 0)
        w->is_answered = true;
    for (size_t i = 0; i < n; i++)
        post_one(w, stanzas[i]);
}

static void tell_parting(struct gw_watch *w)
{
    struct cw_arena arena = {0};
    struct cw_xml *stanza =
        cw_presence_typed(&arena, w->sub.presentity, w->sub.watcher, "unsubscribed");
    gw_watch_catch_up(w);
    gw_watch_post(w, &stanza, 1);
    cw_arena_free(&arena);
}

/* It was taken from him, and only the SIP side is to hear so yet. */
static bool is_over(const struct gw_watch *w)
{
    return w->wish == GW_WISH_REVOKE ||
           (w->sub.state == CW_SUBSCRIPTION_ENDING && w->wish != GW_WISH_SUBSCRIBE &&
            !w->sub.is_authorised && !w->sub.is_cancelled);
}

void gw_watch_tell(struct gw_watch *w)
{
    struct cw_arena arena = {0};
    const struct cw_jid user = gw_watch_jid(w->sub.presentity);
    const struct cw_presence nobody = {.is_available = false};
    struct cw_presence *known;

    if (w->is_parting || is_over(w)) {
        tell_parting(w);
    } else if (w->is_stale) {
        gw_watch_due(w, GW_DUE_REFRESH);
    } else if (w->sub.is_authorised && w->wish != GW_WISH_UNSUBSCRIBE) {
        size_t n = gw_watch_known(w, &arena, &known);
        struct cw_xml **stanzas = cw_arena_alloc(&arena, (n + 1) * sizeof(*stanzas));
        for (size_t i = 0; i < n; i++)
            stanzas[i] = cw_presence_stanza(&arena, &user, w->sub.watcher, &known[i]);
        if (n == 0)
            stanzas[n++] = cw_presence_stanza(&arena, &user, w->sub.watcher, &nobody);
        gw_watch_catch_up(w);
        gw_watch_post(w, stanzas, n);
    }
    cw_arena_free(&arena);
}

void gw_watch_hide(struct gw_watch *w)
{
    struct cw_arena arena = {0};
    const struct cw_jid user = gw_watch_jid(w->sub.presentity);
    struct cw_presence *known;
    size_t n = gw_watch_known(w, &arena, &known);
    for (size_t i = 0; i < n; i++) {
        const struct cw_presence gone = {.resource = cw_arena_dup(&arena, known[i].resource)};
        struct cw_xml *stanza = cw_presence_stanza(&arena, &user, w->sub.watcher, &gone);
        gw_watch_post(w, &stanza, 1);
    }
    w->is_stale = false;
    gw_watch_keep(w, &(struct cw_presence_step){.has_known = true});
    cw_arena_free(&arena);
}

/* --- partners go away and come back -----------------------------------------------------------*/

static void again(struct gw_watch *w)
{
    w->is_quiet = false;
    gw_watch_due(w, w->is_overdue ? GW_DUE_REFRESH : GW_DUE_TELL);
}

static void again_between(struct cw_str key, void *between, void *arg)
{
    struct gw_watch *w;
    (void)key;
    (void)arg;
    TAILQ_FOREACH (w, &((struct gw_between *)between)->watches, in_between)
        again(w);
}

void gw_subscriber_again(struct gw_subscriber *s, struct cw_str local_domain,
                         struct cw_str remote_domain)
{
    if (!cw_str_is_present(local_domain)) {
        cw_map_each(&s->betweens, again_between, NULL);
        return;
    }
    struct gw_between *between = gw_between_of(s, local_domain, remote_domain);
    if (between)
        again_between(between->key, between, NULL);
}

bool gw_subscriber_knock(struct gw_subscriber *s, struct cw_str local_domain,
                         struct cw_str remote_domain)
{
    struct gw_between *between = gw_between_of(s, local_domain, remote_domain);
    if (!between)
        return false;
    for (int i = 0; i < MAX_LOOK; i++) {
        struct gw_watch *w = TAILQ_FIRST(&between->watches);
        TAILQ_REMOVE(&between->watches, w, in_between);
        TAILQ_INSERT_TAIL(&between->watches, w, in_between);
        if ((w->sub.is_authorised && !w->is_stale) || w->is_parting) {
            gw_watch_tell(w);
            return true;
        }
    }
    /* Who waits to be allowed, or for what is so now, is told nothing; but he may be asked. */
    struct gw_watch *w = TAILQ_FIRST(&between->watches);
    gw_presence_say(s->presence, w->sub.presentity, w->sub.watcher, "probe");
    return true;
}

/* --- rules ------------------------------------------------------------------------------------*/

bool gw_subscriber_cancel(struct gw_subscriber *s, struct cw_str local, struct cw_str remote)
{
    struct gw_watch *w = gw_watch_of(s, local, remote, false);
    if (!w || w->is_parting || w->wish == GW_WISH_REVOKE ||
        (w->sub.state == CW_SUBSCRIPTION_ENDING && !w->sub.is_cancelled))
        return false;
    gw_watch_revoke(w, "refused by the rules");
    return true;
}

/* He may see no notes any more: not those either that he was told before. */
static void strip_notes(struct gw_watch *w)
{
    struct cw_arena arena = {0};
    struct cw_presence *known;
    size_t n = gw_watch_known(w, &arena, &known);
    for (size_t i = 0; i < n; i++)
        known[i].n_notes = 0;
    gw_watch_keep(w, &(struct cw_presence_step){.has_known = true, .known = known, .n_known = n});
    w->with_notes = false;
    gw_watch_due(w, GW_DUE_TELL);
    cw_arena_free(&arena);
}

static void review(struct gw_watch *w)
{
    struct cw_contact_verdict verdict;
    gw_watch_judge(w, w->sub.is_authorised ? CW_CONTACT_PRESENCE_OUT : CW_CONTACT_SUBSCRIBE_IN,
                   &verdict);
    if (verdict.answer == CW_CONTACT_REFUSE) {
        gw_subscriber_cancel(w->subscriber, w->sub.presentity, w->sub.watcher);
    } else if (!w->sub.is_authorised) {
        /* Invited meanwhile: the NOTIFY to a SUBSCRIBE is enough to say so. */
        if (verdict.answer == CW_CONTACT_ALLOW && w->sub.state == CW_SUBSCRIPTION_PENDING)
            gw_watch_due(w, GW_DUE_REFRESH);
    } else if (w->with_notes && !verdict.with_notes) {
        strip_notes(w);
    } else if (!w->with_notes && verdict.with_notes) {
        w->is_quiet = false;
        w->with_notes = true;
        gw_watch_due(w, GW_DUE_REFRESH);
    }
}

void gw_subscriber_review(struct gw_subscriber *s)
{
    struct cw_arena arena = {0};
    uint64_t *ids;
    size_t n = gw_subscriber_ids(&s->by_pair, &arena, &ids);
    for (size_t i = 0; i < n; i++) {
        struct gw_watch *w = gw_watch_by_id(s, ids[i]);
        if (w && !w->is_parting)
            review(w);
    }
    cw_arena_free(&arena);
}

static bool is_meant(const struct gw_watch *w, struct cw_str local, struct cw_str remote,
                     struct cw_str remote_domain)
{
    return (!cw_str_is_present(local) || cw_str_eq(local, w->sub.presentity)) &&
           (!cw_str_is_present(remote) || cw_str_eq(remote, w->sub.watcher)) &&
           (!cw_str_is_present(remote_domain) ||
            cw_str_eq(remote_domain, gw_watch_jid(w->sub.watcher).domain));
}

void gw_subscriber_withdraw(struct gw_subscriber *s, struct cw_str local, struct cw_str remote,
                            struct cw_str remote_domain)
{
    struct cw_arena arena = {0};
    uint64_t *ids;
    size_t n = gw_subscriber_ids(&s->by_pair, &arena, &ids);
    for (size_t i = 0; i < n; i++) {
        struct gw_watch *w = gw_watch_by_id(s, ids[i]);
        if (w && is_meant(w, local, remote, remote_domain))
            gw_subscriber_cancel(s, w->sub.presentity, w->sub.watcher);
    }
    cw_arena_free(&arena);
}
