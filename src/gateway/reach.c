/* Pairs of domains that are DOWN, or will be told all anew; see reach.h.
 *
 *            refused: no stream            its time: lost
 *     (UP) ------------------> FALLING ----------------------> DOWN --its time--> KNOCKED
 *      ^ |                                                      ^                    |
 *      | | ended, queue full                                    +---- refused -------+
 *      | v                 its time: again          some time
 *      | TELLING ---------------------> TOLD --------------------> (UP)
 *      |    ^                            |  queue full, ended: longer than before
 *      |    +----------------------------+
 *      +--- FALLING, DOWN, KNOCKED: delivered or heard, by way of TELLING */
#include "gateway/reach.h"

#include "base/map.h"
#include "base/secret.h"
#include "io/loop.h"

enum {
    FIRST_MS = 2000, /* then twice as long, up to: */
    LONGEST_MS = 30000,
    MOMENT_MS = 1000,      /* after streams ended: a server that restarts */
    TOLD_MS = 60000,       /* so long after `again` the next one counts as one more in vain */
    UNANSWERED_MS = 90000, /* a knock without an outcome is a knock in vain */
    MAX_IN_VAIN = 4,       /* tries while the edge takes nothing */
    MAX_PAIRS = 10000,
};

enum reach_state {
    REACH_FALLING, /* refused just now; `lost` will be called */
    REACH_DOWN,    /* the next knock is due in a while */
    REACH_KNOCKED, /* a stanza is under way: will it get through? */
    REACH_TELLING, /* UP; `again` will be called */
    REACH_TOLD,    /* UP; `again` was called not long ago */
};

static const char *const state_names[] = {
    [REACH_FALLING] = "falling", [REACH_DOWN] = "down", [REACH_KNOCKED] = "knocked",
    [REACH_TELLING] = "telling", [REACH_TOLD] = "told",
};

struct pair {
    struct gw_reach *reach;
    struct cw_arena arena;
    struct cw_str key, local, remote; /* key: "local partner"; all of them: " " */
    enum reach_state state;
    unsigned n_tries; /* knocks, or tellings, one after another */
    struct cw_timer *due;
};

struct gw_reach {
    struct event_base *base;
    struct cw_log_ctx log;
    struct gw_reach_hooks hooks;
    void *arg;
    struct cw_map pairs;
};

/* --- pairs ------------------------------------------------------------------------------------*/

static struct cw_str key_of(struct cw_arena *arena, struct cw_str local, struct cw_str remote)
{
    return cw_arena_printf(arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
}

static struct pair *find(const struct gw_reach *reach, struct cw_str local, struct cw_str remote)
{
    struct cw_arena arena = {0};
    if (reach->pairs.n == 0) /* as it should be */
        return NULL;
    struct pair *pair = cw_map_get(&reach->pairs, key_of(&arena, local, remote));
    cw_arena_free(&arena);
    return pair;
}

static void free_pair(struct pair *pair)
{
    cw_timer_free(&pair->due);
    cw_arena_free(&pair->arena);
    cw_free(pair);
}

static void forget(struct pair *pair)
{
    cw_map_remove(&pair->reach->pairs, pair->key);
    free_pair(pair);
}

static bool is_up(const struct pair *pair)
{
    return pair->state == REACH_TELLING || pair->state == REACH_TOLD;
}

static uint64_t jittered(uint64_t ms)
{
    uint32_t random;
    cw_random(&random, sizeof random);
    return ms + random % (ms / 4 + 1);
}

/* 2, 4, 8, 16, 30 seconds. */
static uint64_t pause_ms(unsigned n_tries)
{
    uint64_t ms = (uint64_t)FIRST_MS << (n_tries < 4 ? n_tries : 4);
    return ms < LONGEST_MS ? ms : LONGEST_MS;
}

static void enter(struct pair *pair, enum reach_state state, uint64_t due_ms)
{
    CW_LOG(&pair->reach->log, CW_LOG_DEBUG, "reach", CW_KV("local", pair->local),
           CW_KV("remote", pair->remote), CW_KVC("was", state_names[pair->state]),
           CW_KVC("is", state_names[state]));
    pair->state = state;
    cw_timer_set(pair->due, due_ms);
}

static void knock(struct pair *pair)
{
    struct gw_reach *reach = pair->reach;
    enter(pair, REACH_KNOCKED, UNANSWERED_MS);
    pair->n_tries++;
    if (!reach->hooks.knock(reach->arg, pair->local, pair->remote))
        forget(pair);
}

static void fall(struct pair *pair)
{
    struct gw_reach *reach = pair->reach;
    CW_LOG(&reach->log, CW_LOG_INFO, "partner-unreachable", CW_KV("local", pair->local),
           CW_KV("remote", pair->remote));
    pair->n_tries = 0;
    enter(pair, REACH_DOWN, jittered(pause_ms(0)));
    reach->hooks.lost(reach->arg, pair->local, pair->remote);
}

static void on_due(void *arg)
{
    struct pair *pair = arg;
    struct gw_reach *reach = pair->reach;
    switch (pair->state) {
    case REACH_FALLING:
        fall(pair);
        break;
    case REACH_DOWN:
        knock(pair);
        break;
    case REACH_KNOCKED:
        enter(pair, REACH_DOWN, jittered(pause_ms(pair->n_tries)));
        break;
    case REACH_TELLING:
        pair->n_tries++;
        enter(pair, REACH_TOLD, TOLD_MS);
        reach->hooks.again(reach->arg, pair->local, pair->remote);
        break;
    case REACH_TOLD:
        forget(pair);
        break;
    }
}

/* NULL when there are too many already: then that pair heals when its users do something. */
static struct pair *get(struct gw_reach *reach, struct cw_str local, struct cw_str remote)
{
    struct pair *pair = find(reach, local, remote);
    if (pair || reach->pairs.n >= MAX_PAIRS)
        return pair;
    pair = cw_alloc(sizeof *pair);
    pair->reach = reach;
    pair->local = cw_arena_dup(&pair->arena, local);
    pair->remote = cw_arena_dup(&pair->arena, remote);
    pair->key = key_of(&pair->arena, local, remote);
    pair->state = REACH_TOLD;
    pair->due = cw_timer_new(reach->base, on_due, pair);
    cw_map_set(&reach->pairs, pair->key, pair);
    return pair;
}

/* --- what happens -----------------------------------------------------------------------------*/

static void tell_later(struct pair *pair, uint64_t ms)
{
    if (pair && pair->state == REACH_TOLD)
        enter(pair, REACH_TELLING, jittered(ms));
}

static void is_back(struct pair *pair)
{
    if (!pair || is_up(pair))
        return;
    CW_LOG(&pair->reach->log, CW_LOG_INFO, "partner-reachable", CW_KV("local", pair->local),
           CW_KV("remote", pair->remote));
    pair->n_tries = 0;
    enter(pair, REACH_TELLING, 0);
}

/* There is no stream. */
static void is_away(struct pair *pair)
{
    if (!pair)
        return;
    if (is_up(pair))
        enter(pair, REACH_FALLING, 0);
    else if (pair->state == REACH_KNOCKED)
        enter(pair, REACH_DOWN, jittered(pause_ms(pair->n_tries)));
}

/* Nothing is known of the partner: the edge did not take it, or lost it. */
static void is_in_vain(struct pair *pair, bool edge_is_away)
{
    if (!pair)
        return;
    if (!is_up(pair) || (edge_is_away && pair->n_tries >= MAX_IN_VAIN))
        is_away(pair);
    else
        tell_later(pair, pause_ms(pair->n_tries));
}

void gw_reach_outcome(struct gw_reach *reach, struct cw_str local, struct cw_str remote,
                      const struct cw_link_outcome *outcome)
{
    if (outcome->result == CW_LINK_DELIVERED) {
        is_back(find(reach, local, remote));
        return;
    }
    switch (outcome->reason) {
    case CW_LINK_REASON_NOT_FOUND:
    case CW_LINK_REASON_UNREACHABLE:
    case CW_LINK_REASON_REFUSED:
    case CW_LINK_REASON_TIMEOUT:
        is_away(get(reach, local, remote));
        break;
    case CW_LINK_REASON_NONE:
    case CW_LINK_REASON_STREAM_FAILED:
    case CW_LINK_REASON_SHUTDOWN:
        is_in_vain(get(reach, local, remote), true);
        break;
    case CW_LINK_REASON_QUEUE_FULL:
    case CW_LINK_REASON_LIMIT:
        is_in_vain(get(reach, local, remote), false);
        break;
    case CW_LINK_REASON_NOT_LISTED: /* the policy says what follows */
    case CW_LINK_REASON_TOO_LARGE:
        break;
    }
}

void gw_reach_heard(struct gw_reach *reach, struct cw_str local, struct cw_str remote)
{
    is_back(find(reach, local, remote));
}

/* An edge is there again: who is DOWN need not wait for his next knock. */
static void knock_soon(struct cw_str key, void *value, void *arg)
{
    struct pair *pair = value;
    (void)key;
    (void)arg;
    if (pair->state == REACH_DOWN)
        cw_timer_set(pair->due, jittered(MOMENT_MS / 2));
}

void gw_reach_ended(struct gw_reach *reach, struct cw_str local, struct cw_str remote)
{
    struct pair *pair = get(reach, local, remote);
    if (!cw_str_is_present(remote))
        cw_map_each(&reach->pairs, knock_soon, NULL);
    if (pair)
        tell_later(pair, pair->n_tries > 0 ? pause_ms(pair->n_tries) : MOMENT_MS);
}

bool gw_reach_is_up(const struct gw_reach *reach, struct cw_str local, struct cw_str remote)
{
    const struct pair *pair = find(reach, local, remote);
    return !pair || is_up(pair);
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_reach *gw_reach_new(struct event_base *base, const struct cw_log_ctx *log,
                              const struct gw_reach_hooks *hooks, void *arg)
{
    struct gw_reach *reach = cw_alloc(sizeof *reach);
    reach->base = base;
    reach->log = *log;
    reach->hooks = *hooks;
    reach->arg = arg;
    return reach;
}

static void free_each(struct cw_str key, void *value, void *arg)
{
    (void)key;
    (void)arg;
    free_pair(value);
}

void gw_reach_free(struct gw_reach **ptr)
{
    struct gw_reach *reach = *ptr;
    *ptr = NULL;
    if (!reach)
        return;
    cw_map_each(&reach->pairs, free_each, NULL);
    cw_map_free(&reach->pairs);
    cw_free(reach);
}
