/* Work at a rate, in order. */
#include "gateway/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake_loop.h"

static uint64_t n_done, last_id;
static struct gw_pace *of_nested;

static void count(void *arg, uint64_t id)
{
    assert_ptr_equal(arg, &n_done);
    assert_int_equal(id, last_id + 1); /* in the order it was asked for */
    last_id = id;
    n_done++;
}

static void begin(void)
{
    n_done = last_id = 0;
}

static void add(struct gw_pace *pace, uint64_t first, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        gw_pace_add(pace, count, &n_done, first + i);
}

static void test_so_many_a_second(void **state)
{
    static const unsigned rates[] = {1, 7, 200, 5000};
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct gw_pace *pace = gw_pace_new(NULL, rates[i]);
        begin();
        add(pace, 1, rates[i] * 10);
        assert_int_equal(n_done, 0); /* never from inside */
        for (unsigned s = 1; s <= 9; s++) {
            fake_pass(1000);
            assert_in_range(n_done, rates[i] * s - rates[i] / 50, rates[i] * s + 1);
            assert_int_equal(gw_pace_waiting(pace), rates[i] * 10 - n_done);
        }
        fake_pass(2000);
        assert_int_equal(n_done, rates[i] * 10);
        assert_int_equal(gw_pace_waiting(pace), 0);
        gw_pace_free(&pace);
    }
    assert_int_equal(fake_timers(), 0);
}

/* The first one need not wait; idle hours are not made up for at once. */
static void test_rest_earns_nothing(void **state)
{
    struct gw_pace *pace = gw_pace_new(NULL, 100);
    (void)state;
    begin();
    add(pace, 1, 1);
    fake_pass(0);
    assert_int_equal(n_done, 1);
    fake_pass(3600 * 1000);
    add(pace, 2, 1000);
    fake_pass(0);
    assert_int_equal(n_done, 2);
    fake_pass(1000);
    assert_in_range(n_done, 100, 103);
    gw_pace_free(&pace); /* what waits is not done */
    fake_pass(60000);
    assert_in_range(n_done, 100, 103);
}

static void test_another_rate(void **state)
{
    struct gw_pace *pace = gw_pace_new(NULL, 10);
    (void)state;
    begin();
    add(pace, 1, 10000);
    fake_pass(1000);
    assert_in_range(n_done, 10, 11);
    gw_pace_set_rate(pace, 1000);
    fake_pass(1000);
    assert_in_range(n_done, 990, 1012);
    gw_pace_free(&pace);
}

static void nest(void *arg, uint64_t id)
{
    (void)arg;
    n_done++;
    gw_pace_add(of_nested, nest, NULL, id);
}

/* Work that asks for more work does not run away with the rate. */
static void test_from_inside(void **state)
{
    struct gw_pace *pace = of_nested = gw_pace_new(NULL, 500);
    (void)state;
    begin();
    for (int i = 0; i < 300; i++)
        gw_pace_add(pace, nest, NULL, 1);
    fake_pass(10000);
    assert_in_range(n_done, 4980, 5001);
    assert_int_equal(gw_pace_waiting(pace), 300);
    gw_pace_free(&pace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_so_many_a_second),
        cmocka_unit_test(test_rest_earns_nothing),
        cmocka_unit_test(test_another_rate),
        cmocka_unit_test(test_from_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
