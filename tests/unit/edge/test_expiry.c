/* When to warn of a certificate's end, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "edge/expiry.h"

#define DAY 86400
static const int64_t end = 2000000000;

static void levels(void **state)
{
    static const struct {
        const char *name;
        int64_t left, days;
        unsigned level;
    } rows[] = {
        {"far away", 90 * DAY, 90, 0},
        {"just over 30 days", 30 * DAY + 1, 30, 0},
        {"30 days", 30 * DAY, 30, 1},
        {"just over 14 days", 14 * DAY + 1, 14, 1},
        {"14 days", 14 * DAY, 14, 2},
        {"7 days", 7 * DAY, 7, 3},
        {"just over a day", DAY + 1, 1, 3},
        {"a day", DAY, 1, 4},
        {"an hour", 3600, 0, 4},
        {"the last second", 1, 0, 4},
        {"over", 0, 0, 5},
        {"over for an hour", -3600, -1, 5},
        {"over for a day", -DAY, -1, 5},
        {"over for a day and a second", -DAY - 1, -2, 5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (edge_expiry_level(end, end - rows[i].left) != rows[i].level ||
            edge_expiry_days(end, end - rows[i].left) != rows[i].days)
            fail_msg("%s: level %u, %lld days", rows[i].name,
                     edge_expiry_level(end, end - rows[i].left),
                     (long long)edge_expiry_days(end, end - rows[i].left));
}

/* One after another, with one memory. */
static void once_each(void **state)
{
    static const struct {
        const char *name, *who;
        int64_t end_later, left;
        bool is_due;
    } rows[] = {
        {"far away", "a.test", 0, 60 * DAY, false},
        {"first threshold", "a.test", 0, 29 * DAY, true},
        {"again", "a.test", 0, 29 * DAY, false},
        {"a day later", "a.test", 0, 28 * DAY, false},
        {"another name", "b.test", 0, 28 * DAY, true},
        {"two thresholds at once", "a.test", 0, 6 * DAY, true},
        {"still", "a.test", 0, 5 * DAY, false},
        {"the clock went back", "a.test", 0, 20 * DAY, false},
        {"over", "a.test", 0, 0, true},
        {"still over", "a.test", 0, -9 * DAY, false},
        {"renewed", "a.test", 90 * DAY, 80 * DAY, false},
        {"the old one again", "a.test", 0, 0, true},
        {"renewed for a short time", "a.test", 5 * DAY, 5 * DAY, true},
    };
    struct edge_expiry expiry = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t not_after = end + rows[i].end_later;
        if (edge_expiry_is_due(&expiry, cw_str_of(rows[i].who), not_after,
                               not_after - rows[i].left) != rows[i].is_due)
            fail_msg("%s", rows[i].name);
    }
    edge_expiry_free(&expiry);
}

static void memory_is_bounded(void **state)
{
    struct edge_expiry expiry = {0};
    (void)state;
    for (int i = 0; i < EDGE_EXPIRY_MAX + 10; i++) {
        char name[30];
        snprintf(name, sizeof name, "p%d.test", i);
        assert_true(edge_expiry_is_due(&expiry, cw_str_of(name), end, end - DAY));
        assert_true(expiry.warned.n <= EDGE_EXPIRY_MAX);
    }
    assert_int_equal(expiry.warned.n, 10);
    /* Those with time left take none. */
    assert_false(edge_expiry_is_due(&expiry, CW_S("far.test"), end, end - 90 * DAY));
    assert_int_equal(expiry.warned.n, 10);
    edge_expiry_free(&expiry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(levels), cmocka_unit_test(once_each),
                                       cmocka_unit_test(memory_is_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
