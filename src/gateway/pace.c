/* So many a second, in small ticks; see pace.h.  What waits is a ring of a few words each. */
#include "gateway/pace.h"

#include <stdbool.h>

#include "base/mem.h"
#include "io/loop.h"

enum {
    TICK_MS = 20,
    MAX_ELAPSED_MS = 200, /* of a loop that was busy: it makes up for no more */
    MIN_ROOM = 64,
};

struct work {
    gw_pace_fn *fn;
    void *arg;
    uint64_t id;
};

struct gw_pace {
    struct cw_timer *tick;
    unsigned per_s;
    uint64_t credit; /* thousandths of one piece of work */
    uint64_t last_ms;
    struct work *ring;
    size_t room, head, n;
    bool is_ticking;
};

/* Twice the room, the oldest first. */
static void grow(struct gw_pace *pace)
{
    size_t room = pace->room ? pace->room * 2 : MIN_ROOM;
    struct work *ring = cw_alloc(room * sizeof *ring);
    for (size_t i = 0; i < pace->n; i++)
        ring[i] = pace->ring[(pace->head + i) % pace->room];
    cw_free(pace->ring);
    pace->ring = ring;
    pace->room = room;
    pace->head = 0;
}

static void shrink(struct gw_pace *pace)
{
    if (pace->n > 0 || pace->room <= MIN_ROOM)
        return;
    cw_free(pace->ring);
    pace->ring = NULL;
    pace->room = pace->head = 0;
}

static void earn(struct gw_pace *pace)
{
    uint64_t now = cw_now_ms(), elapsed = now - pace->last_ms;
    pace->last_ms = now;
    pace->credit += (elapsed < MAX_ELAPSED_MS ? elapsed : MAX_ELAPSED_MS) * pace->per_s;
}

static void on_tick(void *arg)
{
    struct gw_pace *pace = arg;
    earn(pace);
    pace->is_ticking = true;
    /* What is added meanwhile waits for the next tick, also when there is credit left. */
    for (size_t todo = pace->n; todo > 0 && pace->credit >= 1000; todo--) {
        struct work work = pace->ring[pace->head];
        pace->head = (pace->head + 1) % pace->room;
        pace->n--;
        pace->credit -= 1000;
        work.fn(work.arg, work.id);
    }
    pace->is_ticking = false;
    if (pace->n > 0)
        cw_timer_set(pace->tick, TICK_MS);
    else
        shrink(pace);
}

void gw_pace_add(struct gw_pace *pace, gw_pace_fn *fn, void *arg, uint64_t id)
{
    if (pace->n == pace->room)
        grow(pace);
    pace->ring[(pace->head + pace->n++) % pace->room] = (struct work){fn, arg, id};
    if (pace->is_ticking || cw_timer_is_set(pace->tick))
        return;
    /* Time without work earns nothing but the first piece. */
    earn(pace);
    if (pace->credit > 1000)
        pace->credit = 1000;
    cw_timer_set(pace->tick, 0);
}

size_t gw_pace_waiting(const struct gw_pace *pace)
{
    return pace->n;
}

void gw_pace_set_rate(struct gw_pace *pace, unsigned per_s)
{
    earn(pace);
    pace->per_s = per_s > 0 ? per_s : 1;
}

struct gw_pace *gw_pace_new(struct event_base *base, unsigned per_s)
{
    struct gw_pace *pace = cw_alloc(sizeof *pace);
    pace->tick = cw_timer_new(base, on_tick, pace);
    pace->per_s = per_s > 0 ? per_s : 1;
    pace->credit = 1000;
    pace->last_ms = cw_now_ms();
    return pace;
}

void gw_pace_free(struct gw_pace **ptr)
{
    struct gw_pace *pace = *ptr;
    *ptr = NULL;
    if (!pace)
        return;
    cw_timer_free(&pace->tick);
    cw_free(pace->ring);
    cw_free(pace);
}
