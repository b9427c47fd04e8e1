/* See presence_stage.h. */
#include "presence_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "events.h"
#include "fake_loop.h"
#include "policy/settings.h"

/* --- what waits -------------------------------------------------------------------------------*/

struct waiting *wait_in(struct waitings *list, void *arg, uint64_t user)
{
    struct waiting *w = cw_alloc(sizeof *w);
    w->arg = arg;
    w->user = user;
    TAILQ_INSERT_TAIL(list, w, link);
    return w;
}

struct waiting *take(struct waitings *list)
{
    struct waiting *w = TAILQ_FIRST(list);
    if (w)
        TAILQ_REMOVE(list, w, link);
    return w;
}

size_t count(const struct waitings *list)
{
    struct waiting *w;
    size_t n = 0;
    TAILQ_FOREACH (w, list, link)
        n++;
    return n;
}

void forget(struct waitings *list)
{
    struct waiting *w;
    while ((w = take(list)))
        cw_free(w);
}

/* --- the pace ---------------------------------------------------------------------------------*/

static struct waitings turns = TAILQ_HEAD_INITIALIZER(turns);

void gw_pace_add(struct gw_pace *pace, gw_pace_fn *fn, void *arg, uint64_t id)
{
    (void)pace;
    wait_in(&turns, arg, id)->turn = fn;
}

size_t take_turns(void)
{
    struct waiting *w;
    size_t n = 0;
    for (; (w = take(&turns)); n++) {
        w->turn(w->arg, w->user);
        cw_free(w);
    }
    return n;
}

void forget_turns(void)
{
    forget(&turns);
}

/* --- the store --------------------------------------------------------------------------------*/

static bool is_kept(const struct gw_store *store)
{
    return !events_are_silent || store->keeps_rows;
}

void gw_store_put_subscription(struct gw_store *store, const struct cw_store_subscription *row)
{
    store->n_row_puts++;
    if (!is_kept(store))
        return;
    assert_int_equal(row->is_x2s, store->is_x2s);
    store->row = *row;
    store->row.local = cw_arena_dup(&store->arena, row->local);
    store->row.remote = cw_arena_dup(&store->arena, row->remote);
    store->row.told = cw_arena_dup(&store->arena, row->told);
}

void gw_store_remove_subscription(struct gw_store *store, bool is_x2s, struct cw_str local,
                                  struct cw_str remote)
{
    (void)local;
    (void)remote;
    assert_int_equal(is_x2s, store->is_x2s);
    store->row = (struct cw_store_subscription){0};
}

void gw_store_put_dialog(struct gw_store *store, const struct cw_store_dialog *row)
{
    struct cw_store_dialog *d = &store->dialog;
    store->n_dialog_puts++;
    if (!is_kept(store))
        return;
    assert_int_equal(row->is_x2s, store->is_x2s);
    *d = *row;
    d->local = cw_arena_dup(&store->arena, row->local);
    d->remote = cw_arena_dup(&store->arena, row->remote);
    d->call_id = cw_arena_dup(&store->arena, row->call_id);
    d->local_tag = cw_arena_dup(&store->arena, row->local_tag);
    d->remote_tag = cw_arena_dup(&store->arena, row->remote_tag);
    d->remote_target = cw_arena_dup(&store->arena, row->remote_target);
    d->route_set = cw_arena_dup(&store->arena, row->route_set);
    d->event_id = cw_arena_dup(&store->arena, row->event_id);
}

void gw_store_remove_dialog(struct gw_store *store, struct cw_str call_id, struct cw_str local_tag)
{
    if (cw_str_eq(call_id, store->dialog.call_id) && cw_str_eq(local_tag, store->dialog.local_tag))
        store->dialog = (struct cw_store_dialog){0};
}

/* --- presence ---------------------------------------------------------------------------------*/

void gw_presence_say(struct gw_presence *p, struct cw_str from, struct cw_str to, const char *type)
{
    (void)p;
    (void)from;
    (void)to;
    happened("%s", type);
}

struct gw_pair pair_of(struct cw_arena *arena, const char *local, const char *remote)
{
    struct gw_pair pair = {.local = cw_str_of(local), .remote = cw_str_of(remote)};
    assert_int_equal(cw_jid_parse(arena, pair.local, &pair.local_jid), CW_JID_OK);
    assert_int_equal(cw_jid_parse(arena, pair.remote, &pair.remote_jid), CW_JID_OK);
    pair.domain = pair.local_jid.domain;
    return pair;
}

void keep_text(char *to, size_t size, struct cw_str s)
{
    snprintf(to, size, "%.*s", CW_ARG(s));
}

void presence_begin(struct gw_presence *p, struct gateway *gateway, struct gw_store *store,
                    unsigned probe_timeout_s)
{
    struct cw_policy *policy = cw_policy_new();
    cw_settings_defaults(&policy->arena, &policy->settings);
    policy->settings.subscription_refresh_s = 3600;
    policy->settings.presence_probe_timeout_s = probe_timeout_s;
    policy->settings.subscription_limit = 100000;
    policy->settings.subscription_limit_per_user = 3;
    gateway->policy = policy;
    gateway->store = store;
    gateway->log.role = "test";
    p->gateway = gateway;
    p->map = cw_state_map_default;
    cw_log_setup(CW_LOG_ERROR, CW_LOG_TEXT);
    events_are_silent = false;
    forget_events();
}

void presence_end(struct gw_presence *p)
{
    assert_int_equal(fake_timers(), 0); /* every value that was made is gone */
    forget_turns();
    cw_policy_unref(&p->gateway->policy);
    cw_arena_free(&p->gateway->store->arena);
}
