/* Outcomes that an edge was told: found again, the oldest forgotten. */
#include "gateway/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"

static void add(struct gw_told *told, const char *key, uint64_t n, bool is_refused)
{
    struct cw_arena arena = {0};
    struct cw_link_outcome outcome = {.n = n};
    if (is_refused) {
        struct cw_xml *error = cw_xml_new(&arena, CW_S("jabber:server"), "message");
        cw_xml_set(&arena, error, "id", cw_str_of(key));
        outcome.result = CW_LINK_REFUSED;
        outcome.error = error;
    }
    gw_told_add(told, cw_str_of(key), &outcome);
    cw_arena_free(&arena);
}

static void test_the_oldest_is_forgotten(void **state)
{
    struct gw_told *told = gw_told_new(2);
    (void)state;
    assert_null(gw_told_find(told, CW_S("a 1")));
    add(told, "a 1", 1, false);
    add(told, "a 2", 2, true);
    assert_int_equal(gw_told_find(told, CW_S("a 1"))->n, 1);
    add(told, "b 1", 1, false);
    assert_null(gw_told_find(told, CW_S("a 1")));
    assert_int_equal(gw_told_find(told, CW_S("b 1"))->result, CW_LINK_DELIVERED);
    gw_told_free(&told);
    assert_null(told);
}

static void test_the_error_is_a_copy(void **state)
{
    struct gw_told *told = gw_told_new(2);
    (void)state;
    add(told, "a 2", 2, true);
    const struct cw_link_outcome *outcome = gw_told_find(told, CW_S("a 2"));
    assert_int_equal(outcome->result, CW_LINK_REFUSED);
    assert_true(cw_str_eq_cstr(cw_xml_attr(outcome->error, "id"), "a 2"));
    gw_told_free(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_oldest_is_forgotten),
        cmocka_unit_test(test_the_error_is_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
