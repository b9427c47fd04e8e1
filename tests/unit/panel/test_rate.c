/* How often one may ask: bursts, the steady rate, long silence, many keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "panel/panel_priv.h"

#define ANNA CW_S("anna")

/* How many of so many tries at that moment are let through. */
static unsigned taken(struct panel_rates *rates, struct cw_str key, unsigned tries, uint64_t now_ms)
{
    unsigned n = 0;
    for (unsigned i = 0; i < tries; i++)
        n += panel_rates_take(rates, key, now_ms) == 0;
    return n;
}

static void test_bucket(void **state)
{
    struct panel_rates *rates = panel_rates_new(5, 10);
    (void)state;
    assert_int_equal(taken(rates, ANNA, 20, 1000), 10);
    assert_int_equal(panel_rates_take(rates, ANNA, 1000), 1); /* seconds to wait */
    assert_int_equal(taken(rates, CW_S("bert"), 20, 1000), 10);
    assert_int_equal(taken(rates, ANNA, 20, 1199), 0);
    assert_int_equal(taken(rates, ANNA, 20, 1200), 1);
    assert_int_equal(taken(rates, ANNA, 20, 2200), 5);
    assert_int_equal(taken(rates, ANNA, 20, 60000), 10);
    assert_int_equal(taken(rates, ANNA, 20, UINT64_MAX / 2), 10);
    panel_rates_free(&rates);
}

static void test_no_limit(void **state)
{
    struct panel_rates *rates = panel_rates_new(0, 1);
    (void)state;
    assert_int_equal(taken(rates, ANNA, 1000, 1000), 1000);
    panel_rates_free(&rates);
}

/* Made-up keys take no more memory than so much; everybody is let in again then. */
static void test_many_keys(void **state)
{
    struct panel_rates *rates = panel_rates_new(1, 1);
    char name[16];
    (void)state;
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(taken(rates, cw_str_of(name), 2, 1000), 1);
    }
    panel_rates_free(&rates);
    panel_rates_free(&rates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
