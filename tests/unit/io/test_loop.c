/* Timers. */
#include "harness.h"

struct shot {
    struct cw_timer *timer;
    int n;
    bool frees;
};

static void fire(void *arg)
{
    struct shot *s = arg;
    s->n++;
    if (s->frees)
        cw_timer_free(&s->timer);
    else if (s->n < 3)
        cw_timer_set(s->timer, 1);
}

static void timers(void **state)
{
    struct event_base *base = event_base_new();
    struct shot again = {0}, gone = {.frees = true}, stopped = {0};
    (void)state;
    again.timer = cw_timer_new(base, fire, &again);
    gone.timer = cw_timer_new(base, fire, &gone);
    stopped.timer = cw_timer_new(base, fire, &stopped);
    uint64_t start = cw_now_ms();
    cw_timer_set(again.timer, 20);
    cw_timer_set(gone.timer, 0);
    cw_timer_set(stopped.timer, 1);
    assert_true(cw_timer_is_set(stopped.timer));
    cw_timer_stop(stopped.timer);
    cw_timer_stop(stopped.timer);
    assert_false(cw_timer_is_set(stopped.timer));
    assert_int_equal(gone.n, 0);
    RUN_UNTIL(base, again.n == 3);
    assert_true(cw_now_ms() - start >= 20);
    assert_int_equal(gone.n, 1);
    assert_null(gone.timer);
    assert_int_equal(stopped.n, 0);
    cw_timer_free(&again.timer);
    cw_timer_free(&stopped.timer);
    cw_timer_free(&stopped.timer);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(timers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
