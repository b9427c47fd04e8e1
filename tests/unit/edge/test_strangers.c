/* Streams without authentication: who must leave for a new one. */
#include "edge/strangers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct cw_addr address(const char *text)
{
    struct cw_addr addr;
    assert_true(cw_addr_parse(cw_str_of(text), 5269, &addr));
    return addr;
}

enum { MAX_VISITS = 16 };

/* Those who come, one after the other; the one in the way, by its number from 1, leaves first. */
static const struct row {
    const char *name;
    unsigned max;
    const char *from[MAX_VISITS];
    unsigned leaves[MAX_VISITS]; /* 0: nobody */
} rows[] = {
    {"room", 8, {"192.0.2.1", "192.0.2.2", "192.0.2.1"}, {0}},
    {"one address has a fourth",
     8,
     {"192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.1", "192.0.2.1"},
     {0, 0, 0, 1, 3}},
    {"the oldest of all",
     4,
     {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"},
     {0, 0, 0, 0, 1, 2}},
    {"its own before the others'",
     4,
     {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.3", "192.0.2.9"},
     {0, 0, 0, 0, 3, 1}},
    {"one /64 is one address",
     4,
     {"2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:2::1"},
     {0, 1, 0}},
    {"one at least", 1, {"192.0.2.1", "192.0.2.1", "192.0.2.2"}, {0, 1, 2}},
    {"one of each", 3, {"192.0.2.1", "192.0.2.1"}, {0, 1}},
};

static void test_who_leaves(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct edge_strangers *all = edge_strangers_new(row->max);
        struct edge_stranger one[MAX_VISITS] = {0};
        print_message("%s\n", row->name);
        for (size_t n = 0; n < MAX_VISITS && row->from[n]; n++) {
            struct cw_addr addr = address(row->from[n]);
            struct edge_stranger *leaving = edge_strangers_in_the_way(all, &addr);
            assert_ptr_equal(leaving, row->leaves[n] ? &one[row->leaves[n] - 1] : NULL);
            if (leaving)
                edge_strangers_remove(all, leaving);
            edge_strangers_add(all, &one[n], &addr);
            assert_true(edge_strangers_count(all) <= row->max);
        }
        for (size_t n = 0; n < MAX_VISITS; n++)
            edge_strangers_remove(all, &one[n]);
        assert_int_equal(edge_strangers_count(all), 0);
        edge_strangers_free(&all);
        assert_null(all);
    }
}

/* Who has left, from the middle or twice, is in nobody's way. */
static void test_leaving(void **state)
{
    struct edge_strangers *all = edge_strangers_new(12);
    struct edge_stranger one[3] = {0};
    struct cw_addr addr = address("192.0.2.1");
    (void)state;
    for (size_t n = 0; n < 3; n++)
        edge_strangers_add(all, &one[n], &addr);
    assert_int_equal(edge_strangers_from(all, &addr), 3);
    edge_strangers_remove(all, &one[1]);
    edge_strangers_remove(all, &one[1]);
    assert_int_equal(edge_strangers_from(all, &addr), 2);
    assert_null(edge_strangers_in_the_way(all, &addr));
    edge_strangers_add(all, &one[1], &addr); /* as the youngest */
    edge_strangers_remove(all, &one[0]);
    edge_strangers_remove(all, &one[2]);
    assert_int_equal(edge_strangers_from(all, &addr), 1);
    edge_strangers_remove(all, &one[1]);
    assert_int_equal(edge_strangers_from(all, &addr), 0);
    edge_strangers_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_leaves),
        cmocka_unit_test(test_leaving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
