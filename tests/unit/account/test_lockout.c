/* The lock-out: who waits how long, and who does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account/lockout.h"

#define HERE    CW_S("192.0.2.7")
#define THERE   CW_S("198.51.100.1")
#define ANNA    CW_S("anna")
#define MINUTE  60000u
#define HOUR_MS 3600000u

static int setup(void **state)
{
    *state = cw_lockout_new(0);
    return 0;
}

static int teardown(void **state)
{
    struct cw_lockout *lockout = *state;
    cw_lockout_free(&lockout);
    return 0;
}

static void fail_often(struct cw_lockout *lockout, struct cw_str account, struct cw_str address,
                       int n, uint64_t now_ms)
{
    for (int i = 0; i < n; i++)
        cw_lockout_failed(lockout, account, address, now_ms);
}

static void test_back_off(void **state)
{
    static const uint32_t expected[] = {0,  0,  0,  0,   0,   1,   2,   4,  8,
                                        16, 32, 64, 128, 256, 512, 900, 900};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        uint32_t wait_s = cw_lockout_wait_s(*state, ANNA, HERE, 1000);
        if (wait_s != expected[i])
            fail_msg("after %zu failures: %u s", i, wait_s);
        cw_lockout_failed(*state, ANNA, HERE, 1000);
    }
}

static void test_wait_ends(void **state)
{
    fail_often(*state, ANNA, HERE, 7, 1000);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 1000), 4);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 1001), 4); /* rounded up */
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 2001), 3);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 4999), 1);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 5000), 0);
    cw_lockout_failed(*state, ANNA, HERE, 5000);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 5000), 8);
}

static void test_hour_forgets(void **state)
{
    fail_often(*state, ANNA, HERE, 60, 1000);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 1000), 900);
    cw_lockout_failed(*state, ANNA, HERE, 1000 + HOUR_MS);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 1000 + HOUR_MS), 0);
}

/* Whoever brings it about that some tries cannot be judged gains nothing for the others. */
static void test_undone(void **state)
{
    fail_often(*state, ANNA, HERE, 4, 1000);
    for (int i = 0; i < 20; i++) {
        cw_lockout_failed(*state, ANNA, HERE, 1000);
        cw_lockout_undo(*state, ANNA, HERE);
    }
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 1000), 0);
    cw_lockout_failed(*state, ANNA, HERE, 1000);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 1000), 1);
    for (int i = 0; i < 10; i++) /* the address as a whole, too */
        cw_lockout_failed(*state, CW_S("others"), HERE, 1000);
    assert_in_range(cw_lockout_wait_s(*state, CW_S("bert"), HERE, 1000), 1, 900);
}

/* One account guessed from one address; the right password from another one works. */
static void test_another_address(void **state)
{
    int n_tried = 0;
    for (uint64_t now_ms = 0; now_ms < MINUTE; now_ms += 300) { /* 200 tries in a minute */
        if (cw_lockout_wait_s(*state, ANNA, HERE, now_ms) == 0) {
            cw_lockout_failed(*state, ANNA, HERE, now_ms);
            n_tried++;
        }
    }
    assert_in_range(n_tried, 5, 12);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, THERE, MINUTE), 0);
    assert_true(cw_lockout_wait_s(*state, ANNA, HERE, MINUTE) > 0);
}

/* One password on many accounts. */
static void test_many_accounts(void **state)
{
    char name[8] = "user-00";
    int n_tried = 0;
    for (int i = 0; i < 100; i++) {
        name[5] = (char)('0' + i / 10);
        name[6] = (char)('0' + i % 10);
        if (cw_lockout_wait_s(*state, cw_str_of(name), HERE, 1) == 0) {
            cw_lockout_failed(*state, cw_str_of(name), HERE, 1);
            n_tried++;
        }
    }
    assert_int_equal(n_tried, 10);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, THERE, 1), 0);
}

/* A thousand addresses guess one account: strangers wait, her own desk does not. */
static void test_everywhere(void **state)
{
    char address[16] = "203.0.113.000";
    cw_lockout_failed(*state, ANNA, HERE, 1);
    cw_lockout_succeeded(*state, ANNA, HERE, 1);
    for (int i = 0; i < 200; i++) {
        address[10] = (char)('0' + i / 100);
        address[11] = (char)('0' + i / 10 % 10);
        address[12] = (char)('0' + i % 10);
        if (cw_lockout_wait_s(*state, ANNA, cw_str_of(address), 2) == 0)
            cw_lockout_failed(*state, ANNA, cw_str_of(address), 2);
    }
    assert_true(cw_lockout_wait_s(*state, ANNA, THERE, 2) > 0);
    assert_int_equal(cw_lockout_wait_s(*state, CW_S("bert"), THERE, 2), 0);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 2), 0);
    fail_often(*state, ANNA, HERE, 6, 2); /* who is known may not guess either */
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 2), 2);
}

static void test_success(void **state)
{
    fail_often(*state, ANNA, HERE, 5, 1);
    fail_often(*state, ANNA, THERE, 5, 1);
    cw_lockout_succeeded(*state, ANNA, HERE, 1);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, HERE, 1), 0);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, THERE, 1), 1);
    /* an office signs in all day long from one address */
    for (int i = 0; i < 100; i++) {
        cw_lockout_failed(*state, CW_S("carl"), CW_S("10.0.0.1"), 1);
        cw_lockout_succeeded(*state, CW_S("carl"), CW_S("10.0.0.1"), 1);
    }
    assert_int_equal(cw_lockout_wait_s(*state, CW_S("dora"), CW_S("10.0.0.1"), 1), 0);
}

static void test_ipv6_network(void **state)
{
    fail_often(*state, ANNA, CW_S("2001:db8:1:2::1"), 5, 1);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, CW_S("2001:db8:1:2:ffff::9"), 1), 1);
    assert_int_equal(cw_lockout_wait_s(*state, ANNA, CW_S("2001:db8:1:3::1"), 1), 0);
}

static void test_keys_differ(void **state)
{
    fail_often(*state, CW_S("ab"), CW_S("c"), 5, 1);
    assert_int_equal(cw_lockout_wait_s(*state, CW_S("a"), CW_S("bc"), 1), 0);
    fail_often(*state, CW_S(""), CW_STR_NONE, 5, 1);
    fail_often(*state, CW_STR_NONE, CW_S(""), 1, 1);
    assert_int_equal(cw_lockout_wait_s(*state, CW_S(""), CW_STR_NONE, 1), 2);
}

/* Guesses push out the oldest guesses, never who is known. */
static void test_memory_is_bounded(void **state)
{
    struct cw_lockout *lockout = cw_lockout_new(30);
    (void)state;
    cw_lockout_succeeded(lockout, ANNA, HERE, 1);
    fail_often(lockout, CW_S("old"), THERE, 6, 1);
    for (char c = 0; c < 100; c++) {
        const char name[] = {'x', c}, from[] = {'y', c};
        cw_lockout_failed(lockout, (struct cw_str){name, 2}, (struct cw_str){from, 2}, 2);
    }
    assert_int_equal(cw_lockout_wait_s(lockout, CW_S("old"), THERE, 2), 0);
    fail_often(lockout, ANNA, THERE, 60, 3);
    assert_int_equal(cw_lockout_wait_s(lockout, ANNA, HERE, 3), 0);
    cw_lockout_free(&lockout);
    assert_null(lockout);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_back_off),    TEST(test_wait_ends),         TEST(test_hour_forgets),
        TEST(test_undone),      TEST(test_another_address),   TEST(test_many_accounts),
        TEST(test_everywhere),  TEST(test_success),           TEST(test_ipv6_network),
        TEST(test_keys_differ), TEST(test_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
