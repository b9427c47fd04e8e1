/* Every way in which something can end is one reason, and the reasons have different names. */
#include "gateway/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_statuses(void **state)
{
    static const struct {
        int status;
        enum gw_refused why;
    } rows[] = {
        {200, GW_REFUSED_NOT},         {202, GW_REFUSED_NOT},     {302, GW_REFUSED_BY_PEER},
        {404, GW_REFUSED_BY_PEER},     {408, GW_REFUSED_TIMEOUT}, {480, GW_REFUSED_BY_PEER},
        {503, GW_REFUSED_UNREACHABLE}, {504, GW_REFUSED_TIMEOUT}, {603, GW_REFUSED_BY_PEER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(gw_refused_of_status(rows[i].status), rows[i].why);
}

static void test_outcomes(void **state)
{
    static const struct {
        enum cw_link_result result;
        enum cw_link_reason reason;
        enum gw_refused why;
    } rows[] = {
        {CW_LINK_DELIVERED, CW_LINK_REASON_NONE, GW_REFUSED_NOT},
        {CW_LINK_REFUSED, CW_LINK_REASON_NONE, GW_REFUSED_FAILED},
        {CW_LINK_REFUSED, CW_LINK_REASON_NOT_LISTED, GW_REFUSED_BY_RULES},
        {CW_LINK_REFUSED, CW_LINK_REASON_NOT_FOUND, GW_REFUSED_UNREACHABLE},
        {CW_LINK_REFUSED, CW_LINK_REASON_UNREACHABLE, GW_REFUSED_UNREACHABLE},
        {CW_LINK_REFUSED, CW_LINK_REASON_REFUSED, GW_REFUSED_BY_PEER},
        {CW_LINK_REFUSED, CW_LINK_REASON_TIMEOUT, GW_REFUSED_TIMEOUT},
        {CW_LINK_REFUSED, CW_LINK_REASON_QUEUE_FULL, GW_REFUSED_CONGESTION},
        {CW_LINK_REFUSED, CW_LINK_REASON_LIMIT, GW_REFUSED_CONGESTION},
        {CW_LINK_REFUSED, CW_LINK_REASON_TOO_LARGE, GW_REFUSED_CONTENT},
        {CW_LINK_REFUSED, CW_LINK_REASON_STREAM_FAILED, GW_REFUSED_FAILED},
        {CW_LINK_REFUSED, CW_LINK_REASON_SHUTDOWN, GW_REFUSED_FAILED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_link_outcome outcome = {.result = rows[i].result, .reason = rows[i].reason};
        struct gw_passed passed = {.taken = 1};
        assert_int_equal(gw_refused_of_outcome(&outcome), rows[i].why);
        gw_passed_end(&passed, rows[i].why);
        assert_int_equal(passed.delivered, rows[i].why == GW_REFUSED_NOT);
        assert_int_equal(passed.refused[rows[i].why], rows[i].why != GW_REFUSED_NOT);
    }
}

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_REFUSED_N; i++) {
        assert_string_not_equal(gw_refused_name((enum gw_refused)i), "?");
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(gw_refused_name((enum gw_refused)i),
                                    gw_refused_name((enum gw_refused)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
