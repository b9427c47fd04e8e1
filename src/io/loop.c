/* Clock and timers; see loop.h. */
#include "io/loop.h"

#include "base/mem.h"

#include <event2/event.h>
#include <time.h>

struct cw_timer {
    struct event *event;
    void (*fn)(void *arg);
    void *arg;
};

uint64_t cw_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct cw_timer *t = arg;
    (void)fd;
    (void)what;
    t->fn(t->arg); /* may free t */
}

struct cw_timer *cw_timer_new(struct event_base *base, void (*fn)(void *arg), void *arg)
{
    struct cw_timer *t = cw_alloc(sizeof *t);
    t->fn = fn;
    t->arg = arg;
    t->event = event_new(base, -1, 0, on_timer, t);
    cw_assert(t->event);
    return t;
}

void cw_timer_set(struct cw_timer *t, uint64_t after_ms)
{
    const struct timeval tv = {(time_t)(after_ms / 1000), (suseconds_t)(after_ms % 1000 * 1000)};
    int rc = event_add(t->event, &tv);
    cw_assert(rc == 0);
}

void cw_timer_stop(struct cw_timer *t)
{
    if (t)
        event_del(t->event);
}

bool cw_timer_is_set(const struct cw_timer *t)
{
    return t && event_pending(t->event, EV_TIMEOUT, NULL) != 0;
}

void cw_timer_free(struct cw_timer **t)
{
    if (!*t)
        return;
    event_free((*t)->event);
    cw_free(*t);
    *t = NULL;
}
