/* See fake_loop.h. */
#include "fake_loop.h"

#include <sys/queue.h>

#include "base/mem.h"

struct cw_timer {
    TAILQ_ENTRY(cw_timer) link;
    void (*fn)(void *arg);
    void *arg;
    bool is_set;
    uint64_t due_ms, serial;
};

static TAILQ_HEAD(, cw_timer) timers = TAILQ_HEAD_INITIALIZER(timers);
static uint64_t now_ms = 1000000, last_serial;
static unsigned n_timers;

uint64_t cw_now_ms(void)
{
    return now_ms;
}

struct cw_timer *cw_timer_new(struct event_base *base, void (*fn)(void *arg), void *arg)
{
    struct cw_timer *timer = cw_alloc(sizeof *timer);
    (void)base;
    timer->fn = fn;
    timer->arg = arg;
    TAILQ_INSERT_TAIL(&timers, timer, link);
    n_timers++;
    return timer;
}

void cw_timer_set(struct cw_timer *timer, uint64_t after_ms)
{
    timer->is_set = true;
    timer->due_ms = now_ms + after_ms;
    timer->serial = ++last_serial;
}

void cw_timer_stop(struct cw_timer *timer)
{
    if (timer)
        timer->is_set = false;
}

bool cw_timer_is_set(const struct cw_timer *timer)
{
    return timer->is_set;
}

void cw_timer_free(struct cw_timer **timer)
{
    if (*timer) {
        TAILQ_REMOVE(&timers, *timer, link);
        n_timers--;
        cw_free(*timer);
    }
    *timer = NULL;
}

static bool is_sooner(const struct cw_timer *a, const struct cw_timer *b)
{
    return !b || a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->serial < b->serial);
}

static struct cw_timer *next_until(uint64_t until_ms)
{
    struct cw_timer *timer, *next = NULL;
    TAILQ_FOREACH (timer, &timers, link)
        if (timer->is_set && timer->due_ms <= until_ms && is_sooner(timer, next))
            next = timer;
    return next;
}

void fake_pass(uint64_t ms)
{
    const uint64_t until_ms = now_ms + ms;
    struct cw_timer *timer;
    while ((timer = next_until(until_ms))) {
        now_ms = timer->due_ms > now_ms ? timer->due_ms : now_ms;
        timer->is_set = false;
        timer->fn(timer->arg);
    }
    now_ms = until_ms;
}

unsigned fake_timers(void)
{
    return n_timers;
}
