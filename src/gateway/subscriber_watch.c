/* A watch as a value; see subscriber_priv.h.  20,000 of them are held: strings stand in one small
 * arena, which is made anew when they change, so that no NOTIFY leaves anything behind. */
#include "gateway/subscriber_priv.h"

#include <string.h>

enum { MAX_GONE = 32 }; /* resources of one user that a watcher may still believe in */

struct gw_user {
    size_t n;
};

/* --- where it is found ------------------------------------------------------------------------*/

static struct cw_str id_key(const uint64_t *id)
{
    return (struct cw_str){(const char *)id, sizeof *id};
}

static struct cw_str pair_key(struct cw_arena *arena, struct cw_str local, struct cw_str remote)
{
    return cw_arena_printf(arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
}

struct gw_watch *gw_watch_by_id(const struct gw_subscriber *s, uint64_t id)
{
    return cw_map_get(&s->by_id, id_key(&id));
}

struct gw_watch *gw_watch_of(const struct gw_subscriber *s, struct cw_str local,
                             struct cw_str remote, bool is_poll)
{
    struct cw_arena arena = {0};
    struct gw_watch *w =
        cw_map_get(is_poll ? &s->polls : &s->by_pair, pair_key(&arena, local, remote));
    cw_arena_free(&arena);
    return w;
}

size_t gw_watch_count_of(const struct gw_subscriber *s, struct cw_str watcher)
{
    const struct gw_user *user = cw_map_get(&s->users, watcher);
    return user ? user->n : 0;
}

/* They were parsed once, so the first '@' parts them. */
struct cw_jid gw_watch_jid(struct cw_str bare)
{
    ptrdiff_t at = cw_str_index(bare, '@');
    if (at < 0)
        return (struct cw_jid){.domain = bare};
    return (struct cw_jid){.local = cw_str_sub(bare, 0, (size_t)at),
                           .domain = cw_str_sub(bare, (size_t)at + 1, bare.n)};
}

struct gw_between *gw_between_of(const struct gw_subscriber *s, struct cw_str local_domain,
                                 struct cw_str remote_domain)
{
    struct cw_arena arena = {0};
    struct gw_between *between =
        cw_map_get(&s->betweens, pair_key(&arena, local_domain, remote_domain));
    cw_arena_free(&arena);
    return between;
}

static void enter_between(struct gw_watch *w)
{
    struct gw_subscriber *s = w->subscriber;
    struct cw_str local = gw_watch_jid(w->sub.presentity).domain;
    struct cw_str remote = gw_watch_jid(w->sub.watcher).domain;
    struct gw_between *between = gw_between_of(s, local, remote);
    if (!between) {
        between = cw_alloc(sizeof *between);
        TAILQ_INIT(&between->watches);
        between->key = pair_key(&between->arena, local, remote);
        cw_map_set(&s->betweens, between->key, between);
    }
    w->between = between;
    TAILQ_INSERT_TAIL(&between->watches, w, in_between);
    between->n_watches++;
}

static void leave_between(struct gw_watch *w)
{
    struct gw_between *between = w->between;
    TAILQ_REMOVE(&between->watches, w, in_between);
    between->n_watches--;
    if (!TAILQ_EMPTY(&between->watches))
        return;
    cw_map_remove(&w->subscriber->betweens, between->key);
    cw_arena_free(&between->arena);
    cw_free(between);
}

static void enter_home(struct gw_watch *w)
{
    struct gw_subscriber *s = w->subscriber;
    struct gw_home *home = cw_map_get(&s->homes, w->domain);
    if (!home) {
        home = cw_alloc(sizeof *home);
        TAILQ_INIT(&home->dialogs);
        home->name = cw_arena_dup(&home->arena, w->domain);
        cw_map_set(&s->homes, home->name, home);
    }
    w->home = home;
    home->n_watches++;
}

static void leave_home(struct gw_watch *w)
{
    struct gw_home *home = w->home;
    if (w->is_at_home)
        TAILQ_REMOVE(&home->dialogs, w, in_home);
    if (--home->n_watches > 0)
        return;
    cw_map_remove(&w->subscriber->homes, home->name);
    cw_arena_free(&home->arena);
    cw_free(home);
}

static void count_user(struct gw_watch *w)
{
    struct gw_user *user = cw_map_get(&w->subscriber->users, w->sub.watcher);
    if (!user) {
        user = cw_alloc(sizeof *user);
        cw_map_set(&w->subscriber->users, w->sub.watcher, user);
    }
    user->n++;
}

static void discount_user(struct gw_watch *w)
{
    struct gw_user *user = cw_map_get(&w->subscriber->users, w->sub.watcher);
    if (--user->n == 0)
        cw_free(cw_map_remove(&w->subscriber->users, w->sub.watcher));
}

static void put_under_pair(struct gw_watch *w, bool is_in)
{
    struct cw_arena arena = {0};
    struct cw_map *map = w->sub.is_poll ? &w->subscriber->polls : &w->subscriber->by_pair;
    struct cw_str key = pair_key(&arena, w->sub.presentity, w->sub.watcher);
    if (is_in)
        cw_map_set(map, key, w);
    else
        cw_map_remove(map, key);
    cw_arena_free(&arena);
}

struct gw_watch *gw_watch_new(struct gw_subscriber *s, const struct gw_pair *pair, bool is_poll)
{
    struct gw_watch *w = cw_alloc(sizeof *w);
    w->subscriber = s;
    w->id = ++s->last_id;
    w->sub.direction = CW_SUBSCRIPTION_X2S;
    w->sub.is_poll = is_poll;
    w->sub.watcher = cw_arena_dup(&w->arena, pair->remote);
    w->sub.presentity = cw_arena_dup(&w->arena, pair->local);
    w->domain = cw_arena_dup(&w->arena, pair->domain);
    w->timer = cw_timer_new(s->presence->gateway->base, gw_watch_on_timer, w);
    cw_map_set(&s->by_id, id_key(&w->id), w);
    put_under_pair(w, true);
    if (!is_poll) {
        enter_between(w);
        enter_home(w);
        count_user(w);
    }
    return w;
}

void gw_watch_free(struct gw_watch *w)
{
    struct gw_subscriber *s = w->subscriber;
    if (w->found_as.n)
        cw_map_remove(&s->by_call_id, w->found_as);
    cw_map_remove(&s->by_id, id_key(&w->id));
    put_under_pair(w, false);
    s->n_parting -= w->is_parting;
    if (!w->sub.is_poll) {
        leave_between(w);
        leave_home(w);
        discount_user(w);
    }
    cw_timer_free(&w->timer);
    cw_arena_free(&w->arena);
    cw_free(w);
}

/* --- what was told ----------------------------------------------------------------------------*/

static struct gw_seen see(struct cw_arena *arena, const struct cw_presence *p)
{
    struct gw_seen seen = {.resource = cw_arena_dup(arena, p->resource),
                           .lang = cw_arena_dup(arena, p->lang),
                           .is_available = p->is_available,
                           .has_priority = p->has_priority,
                           .priority = p->priority,
                           .show = p->show,
                           .n_notes = (uint8_t)p->n_notes};
    if (p->n_notes)
        seen.notes = cw_arena_alloc(arena, p->n_notes * sizeof *seen.notes);
    for (size_t i = 0; i < p->n_notes; i++)
        seen.notes[i] = (struct cw_pidf_note){.text = cw_arena_dup(arena, p->notes[i].text),
                                              .lang = cw_arena_dup(arena, p->notes[i].lang)};
    return seen;
}

static struct cw_presence presence_of(const struct gw_seen *seen)
{
    struct cw_presence p = {.resource = seen->resource,
                            .lang = seen->lang,
                            .is_available = seen->is_available,
                            .has_priority = seen->has_priority,
                            .priority = seen->priority,
                            .show = seen->show,
                            .n_notes = seen->n_notes};
    if (seen->n_notes)
        memcpy(p.notes, seen->notes, seen->n_notes * sizeof *seen->notes);
    return p;
}

size_t gw_watch_known(const struct gw_watch *w, struct cw_arena *arena, struct cw_presence **out)
{
    size_t n = 0;
    *out = cw_arena_alloc(arena, (w->n_seen + 1) * sizeof **out);
    for (size_t i = 0; i < w->n_seen; i++)
        if (w->seen[i].is_available)
            (*out)[n++] = presence_of(&w->seen[i]);
    return n;
}

static const struct gw_seen *find(const struct gw_seen *list, size_t n, struct cw_str resource)
{
    for (size_t i = 0; i < n; i++)
        if (cw_str_eq(list[i].resource, resource))
            return &list[i];
    return NULL;
}

static bool is_equal(const struct gw_seen *seen, const struct cw_presence *p)
{
    if (!seen->is_available || seen->show != p->show || seen->has_priority != p->has_priority ||
        seen->priority != p->priority || seen->n_notes != p->n_notes ||
        !cw_str_eq(seen->lang, p->lang))
        return false;
    for (size_t i = 0; i < p->n_notes; i++)
        if (!cw_str_eq(seen->notes[i].text, p->notes[i].text) ||
            !cw_str_eq(seen->notes[i].lang, p->notes[i].lang))
            return false;
    return true;
}

static size_t count_available(const struct gw_watch *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_seen; i++)
        n += w->seen[i].is_available;
    return n;
}

bool gw_watch_is_same(const struct gw_watch *w, const struct cw_presence_step *step)
{
    if (!step->has_known || step->n_known != count_available(w))
        return false;
    for (size_t i = 0; i < step->n_known; i++) {
        const struct gw_seen *seen = find(w->seen, w->n_seen, step->known[i].resource);
        if (!seen || !is_equal(seen, &step->known[i]))
            return false;
    }
    return true;
}

/* --- its strings ------------------------------------------------------------------------------*/

/* What the step knows, and after it those who have gone with it. */
static void see_step(struct gw_watch *w, struct cw_arena *arena,
                     const struct cw_presence_step *step)
{
    size_t room = step->n_known + (w->n_seen < MAX_GONE ? w->n_seen : MAX_GONE), n = 0;
    struct gw_seen *list = cw_arena_alloc(arena, (room + 1) * sizeof *list);
    for (size_t i = 0; i < step->n_known; i++)
        list[n++] = see(arena, &step->known[i]);
    for (size_t i = 0; i < w->n_seen && n < room; i++) {
        if (find(list, step->n_known, w->seen[i].resource))
            continue;
        list[n++] = (struct gw_seen){.resource = cw_arena_dup(arena, w->seen[i].resource)};
    }
    w->seen = list;
    w->n_seen = n;
}

static void see_again(struct gw_watch *w, struct cw_arena *arena, bool with_gone)
{
    struct gw_seen *list = cw_arena_alloc(arena, (w->n_seen + 1) * sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < w->n_seen; i++) {
        const struct cw_presence p = presence_of(&w->seen[i]);
        if (p.is_available || with_gone)
            list[n++] = see(arena, &p);
    }
    w->seen = list;
    w->n_seen = n;
}

static void be_found(struct gw_watch *w)
{
    struct gw_subscriber *s = w->subscriber;
    if (cw_str_eq(w->found_as, w->sub.call_id))
        return;
    if (w->found_as.n)
        cw_map_remove(&s->by_call_id, w->found_as);
    if (w->sub.call_id.n)
        cw_map_set(&s->by_call_id, w->sub.call_id, w);
    w->found_as = w->sub.call_id;
}

/* Only a dialog whose far end is known can be refreshed. */
static void be_at_home(struct gw_watch *w)
{
    bool is_there =
        w->home && w->sub.remote_tag.n > 0 &&
        (w->sub.state == CW_SUBSCRIPTION_ACTIVE || w->sub.state == CW_SUBSCRIPTION_PENDING);
    if (is_there == w->is_at_home)
        return;
    w->is_at_home = is_there;
    if (is_there)
        TAILQ_INSERT_TAIL(&w->home->dialogs, w, in_home);
    else
        TAILQ_REMOVE(&w->home->dialogs, w, in_home);
}

/* Into a new arena; the old one, from which much comes, is given back then. */
static void copy_strings(struct gw_watch *w, struct cw_arena *arena)
{
    struct cw_str *const strings[] = {&w->sub.watcher,       &w->sub.presentity, &w->sub.call_id,
                                      &w->sub.local_tag,     &w->sub.remote_tag, &w->sub.event_id,
                                      &w->sub.remote_target, &w->sub.route_set,  &w->domain,
                                      &w->origin_id,         &w->row_call_id,    &w->row_tag,
                                      &w->found_as};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        *strings[i] = cw_arena_dup(arena, *strings[i]);
}

void gw_watch_keep(struct gw_watch *w, const struct cw_presence_step *step)
{
    struct cw_arena arena = {0};
    be_found(w);
    copy_strings(w, &arena);
    if (step && step->has_known)
        see_step(w, &arena, step);
    else
        see_again(w, &arena, true);
    cw_arena_free(&w->arena);
    w->arena = arena;
    be_at_home(w);
}

void gw_watch_forget_gone(struct gw_watch *w)
{
    struct cw_arena arena = {0};
    if (count_available(w) == w->n_seen)
        return;
    copy_strings(w, &arena);
    see_again(w, &arena, false);
    cw_arena_free(&w->arena);
    w->arena = arena;
}
