/* The pairs of a local user and an XMPP user whom he may watch; see notifier_priv.h.
 *
 * A pair is there while the XMPP user's consent lasts or somebody watches.  Without viewers only
 * its consent is kept: nobody asks any more whether his presence is still true. */
#include "gateway/notifier_priv.h"

#include <string.h>
#include <time.h>

/* How many live viewers one local user has. */
struct gw_quota {
    size_t n;
};

static struct cw_str id_key(const uint64_t *id)
{
    return (struct cw_str){(const char *)id, sizeof *id};
}

/* --- found ------------------------------------------------------------------------------------*/

struct gw_watched *gw_watched_find(const struct gw_notifier *n, struct cw_str local,
                                   struct cw_str remote)
{
    struct cw_arena arena = {0};
    struct cw_str key = cw_arena_printf(&arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
    struct gw_watched *w = cw_map_get(&n->watched_by_key, key);
    cw_arena_free(&arena);
    return w;
}

struct gw_watched *gw_watched_by_id(const struct gw_notifier *n, uint64_t id)
{
    return cw_map_get(&n->watched_by_id, id_key(&id));
}

struct cw_jid gw_watched_jid(struct cw_str bare)
{
    ptrdiff_t at = cw_str_index(bare, '@');
    cw_assert(at > 0);
    return (struct cw_jid){.local = cw_str_sub(bare, 0, (size_t)at),
                           .domain = cw_str_sub(bare, (size_t)at + 1, bare.n)};
}

size_t gw_watched_quota(const struct gw_notifier *n, struct cw_str local)
{
    const struct gw_quota *quota = cw_map_get(&n->live_by_local, local);
    return quota ? quota->n : 0;
}

static bool neighbours_key(struct cw_arena *arena, struct cw_str local_domain,
                           struct cw_str remote_domain, struct cw_str *key)
{
    struct cw_str local, remote;
    if (!cw_domain_to_ascii(arena, local_domain, &local) ||
        !cw_domain_to_ascii(arena, remote_domain, &remote))
        return false;
    *key = cw_arena_printf(arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
    return true;
}

struct gw_neighbours *gw_watched_neighbours(const struct gw_notifier *n, struct cw_str local_domain,
                                            struct cw_str remote_domain)
{
    struct cw_arena arena = {0};
    struct cw_str key;
    struct gw_neighbours *found = NULL;
    if (neighbours_key(&arena, local_domain, remote_domain, &key))
        found = cw_map_get(&n->neighbours, key);
    cw_arena_free(&arena);
    return found;
}

/* --- made and forgotten -----------------------------------------------------------------------*/

static struct gw_watched *make(struct gw_notifier *n, struct cw_str local, struct cw_str remote,
                               struct cw_str domain, struct cw_str remote_domain)
{
    struct gw_watched *w = cw_alloc(sizeof *w);
    char *p = w->text = cw_alloc(local.n + 1 + remote.n + domain.n + remote_domain.n);
    memcpy(p, local.p, local.n);
    p[local.n] = ' ';
    memcpy(p + local.n + 1, remote.p, remote.n);
    w->key = (struct cw_str){p, local.n + 1 + remote.n};
    w->local = (struct cw_str){p, local.n};
    w->remote = (struct cw_str){p + local.n + 1, remote.n};
    p += w->key.n;
    memcpy(p, domain.p, domain.n);
    w->domain = (struct cw_str){p, domain.n};
    p += domain.n;
    memcpy(p, remote_domain.p, remote_domain.n);
    w->remote_domain = (struct cw_str){p, remote_domain.n};
    w->notifier = n;
    w->id = ++n->last_id;
    w->since = (int64_t)time(NULL);
    TAILQ_INIT(&w->viewers);
    TAILQ_INSERT_TAIL(&n->all, w, link);
    cw_map_set(&n->watched_by_key, w->key, w);
    cw_map_set(&n->watched_by_id, id_key(&w->id), w);
    return w;
}

struct gw_watched *gw_watched_get(struct gw_notifier *n, struct cw_str local, struct cw_str remote)
{
    struct gw_watched *w = gw_watched_find(n, local, remote);
    struct cw_arena arena = {0};
    struct cw_jid local_jid, remote_jid;
    struct cw_str domain, remote_domain;
    if (!w && cw_jid_parse(&arena, local, &local_jid) == CW_JID_OK &&
        cw_jid_parse(&arena, remote, &remote_jid) == CW_JID_OK &&
        cw_str_is_present(local_jid.local) && cw_str_is_present(remote_jid.local) &&
        cw_domain_to_ascii(&arena, local_jid.domain, &domain) &&
        cw_domain_to_ascii(&arena, remote_jid.domain, &remote_domain))
        w = make(n, cw_jid_bare(&arena, &local_jid), cw_jid_bare(&arena, &remote_jid), domain,
                 remote_domain);
    cw_arena_free(&arena);
    return w;
}

void gw_watched_free(struct gw_watched *w)
{
    struct gw_notifier *n = w->notifier;
    struct gw_viewer *v;
    while ((v = TAILQ_FIRST(&w->viewers)))
        gw_viewer_free(v);
    TAILQ_REMOVE(&n->all, w, link);
    cw_map_remove(&n->watched_by_key, w->key);
    cw_map_remove(&n->watched_by_id, id_key(&w->id));
    cw_timer_free(&w->timer);
    gw_resources_free(&w->resources);
    cw_free(w->text);
    cw_free(w);
}

/* --- viewers ----------------------------------------------------------------------------------*/

static void join_neighbours(struct gw_watched *w)
{
    struct gw_notifier *n = w->notifier;
    struct cw_arena arena = {0};
    struct cw_str key =
        cw_arena_printf(&arena, "%.*s %.*s", CW_ARG(w->domain), CW_ARG(w->remote_domain));
    w->neighbours = cw_map_get(&n->neighbours, key);
    if (!w->neighbours) {
        w->neighbours = cw_alloc(sizeof *w->neighbours);
        w->neighbours->key = cw_strdup(key);
        TAILQ_INIT(&w->neighbours->list);
        cw_map_set(&n->neighbours, key, w->neighbours);
    }
    TAILQ_INSERT_TAIL(&w->neighbours->list, w, neighbour);
    cw_arena_free(&arena);
}

static void leave_neighbours(struct gw_watched *w)
{
    struct gw_neighbours *neighbours = w->neighbours;
    TAILQ_REMOVE(&neighbours->list, w, neighbour);
    w->neighbours = NULL;
    if (!TAILQ_EMPTY(&neighbours->list))
        return;
    cw_map_remove(&w->notifier->neighbours, cw_str_of(neighbours->key));
    cw_free(neighbours->key);
    cw_free(neighbours);
}

void gw_watched_add_live(struct gw_watched *w)
{
    struct gw_quota *quota = cw_map_get(&w->notifier->live_by_local, w->local);
    if (!quota) {
        quota = cw_alloc(sizeof *quota);
        cw_map_set(&w->notifier->live_by_local, w->local, quota);
    }
    quota->n++;
    if (w->n_live++ == 0)
        join_neighbours(w);
}

void gw_watched_drop_live(struct gw_watched *w)
{
    struct gw_quota *quota = cw_map_get(&w->notifier->live_by_local, w->local);
    if (--quota->n == 0) {
        cw_map_remove(&w->notifier->live_by_local, w->local);
        cw_free(quota);
    }
    if (--w->n_live == 0)
        leave_neighbours(w);
}

/* --- kept -------------------------------------------------------------------------------------*/

const char *gw_kept_name(enum gw_kept kept)
{
    switch (kept) {
    case GW_KEPT_NOT:
        return "";
    case GW_KEPT_CONSENT:
        return "none";
    case GW_KEPT_PENDING:
        return "pending";
    case GW_KEPT_ACTIVE:
        return "active";
    }
    return "";
}

void gw_watched_keep(struct gw_watched *w)
{
    struct gw_store *store = w->notifier->gateway->store;
    enum gw_kept kept = w->n_live == 0     ? w->is_authorised ? GW_KEPT_CONSENT : GW_KEPT_NOT
                        : w->is_authorised ? GW_KEPT_ACTIVE
                                           : GW_KEPT_PENDING;
    const struct cw_store_subscription row = {
        .local = w->local,
        .remote = w->remote,
        .is_authorised = w->is_authorised,
        .state = cw_str_of(gw_kept_name(kept)),
        .since = w->since,
    };
    if (kept == w->kept)
        return;
    if (kept == GW_KEPT_NOT)
        gw_store_remove_subscription(store, false, w->local, w->remote);
    else
        gw_store_put_subscription(store, &row);
    w->kept = kept;
}

static bool has_viewers(const struct gw_watched *w)
{
    const struct gw_viewer *v;
    TAILQ_FOREACH (v, &w->viewers, link)
        if (!v->is_ending)
            return true;
    return false;
}

void gw_watched_settle(struct gw_watched *w)
{
    if (!has_viewers(w)) {
        gw_resources_free(&w->resources);
        w->has_state = w->is_sure = false;
        w->check = GW_CHECK_NONE;
        cw_timer_free(&w->timer);
    }
    gw_watched_keep(w);
    if (!w->is_authorised && !w->holds && TAILQ_EMPTY(&w->viewers))
        gw_watched_free(w);
}

void gw_watched_end_all(struct gw_watched *w, enum cw_event_reason reason)
{
    struct gw_viewer *v, *next;
    w->holds++;
    for (v = TAILQ_FIRST(&w->viewers); v; v = next) {
        next = TAILQ_NEXT(v, link);
        gw_viewer_end(v, reason);
    }
    w->holds--;
    gw_watched_settle(w);
}

/* --- said -------------------------------------------------------------------------------------*/

void gw_watched_say(struct gw_watched *w, const char *type)
{
    gw_presence_say(w->notifier->presence, w->local, w->remote, type);
}

void gw_watched_log(const struct gw_watched *w, const char *event, struct cw_str reason)
{
    CW_LOG(&w->notifier->gateway->log, CW_LOG_INFO, event, CW_KV("from", w->local),
           CW_KV("to", w->remote), CW_KV("reason", reason));
}
