/* Addresses at the edge's door: too fast, refused too often, forgotten, and none for another. */
#include "edge/door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint64_t T0 = 10000000;

static struct cw_addr address(const char *text)
{
    struct cw_addr addr;
    assert_true(cw_addr_parse(cw_str_of(text), 5269, &addr));
    return addr;
}

static bool is_let_in(struct edge_door *door, const char *text, uint64_t now_ms)
{
    struct cw_addr addr = address(text);
    return edge_door_knock(door, &addr, now_ms) == EDGE_DOOR_OPEN;
}

static bool refuse(struct edge_door *door, const char *text, uint64_t now_ms)
{
    struct cw_addr addr = address(text);
    return edge_door_refused(door, &addr, now_ms);
}

static unsigned let_in(struct edge_door *door, const char *text, unsigned tries, uint64_t now_ms)
{
    unsigned n = 0;
    while (tries-- > 0)
        n += is_let_in(door, text, now_ms);
    return n;
}

static struct edge_door *door_of(unsigned per_second, unsigned burst, unsigned ban_after,
                                 size_t max)
{
    return edge_door_new(&(struct edge_door_limits){
        .per_second = per_second, .burst = burst, .ban_after = ban_after, .ban_s = 30, .max = max});
}

static void test_burst_then_rate(void **state)
{
    struct edge_door *door = door_of(10, 50, 0, 8);
    (void)state;
    assert_int_equal(let_in(door, "192.0.2.1", 60, T0), 50);
    assert_int_equal(let_in(door, "192.0.2.1", 60, T0 + 1000), 10);
    assert_int_equal(let_in(door, "192.0.2.1", 1, T0 + 1050), 0);
    assert_int_equal(let_in(door, "192.0.2.1", 2, T0 + 1150), 1);
    assert_int_equal(let_in(door, "192.0.2.1", 60, T0 + 60000), 50);
    edge_door_free(&door);
}

static void test_no_limit(void **state)
{
    struct edge_door *door = door_of(0, 1, 0, 8);
    (void)state;
    assert_int_equal(let_in(door, "192.0.2.1", 1000, T0), 1000);
    for (unsigned n = 0; n < 1000; n++)
        assert_false(refuse(door, "192.0.2.1", T0));
    edge_door_free(&door);
}

static void test_told_once_in_a_window(void **state)
{
    struct edge_door *door = door_of(1, 1, 0, 8);
    struct cw_addr addr = address("192.0.2.1");
    (void)state;
    assert_int_equal(edge_door_knock(door, &addr, T0), EDGE_DOOR_OPEN);
    assert_int_equal(edge_door_knock(door, &addr, T0), EDGE_DOOR_TOO_FAST_FIRST);
    assert_int_equal(edge_door_knock(door, &addr, T0 + 1), EDGE_DOOR_TOO_FAST);
    assert_int_equal(edge_door_knock(door, &addr, T0 + 70000), EDGE_DOOR_OPEN);
    assert_int_equal(edge_door_knock(door, &addr, T0 + 70000), EDGE_DOOR_TOO_FAST_FIRST);
    edge_door_free(&door);
}

/* Whose visits count together. */
static const struct {
    const char *name, *one, *other;
    bool is_same;
} pairs[] = {
    {"neighbours", "192.0.2.1", "192.0.2.2", false},
    {"one address, two ports", "192.0.2.1:1000", "192.0.2.1:2000", true},
    {"mapped", "192.0.2.1", "::ffff:192.0.2.1", true},
    {"one /64", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
    {"two /64", "2001:db8:0:1::1", "2001:db8:0:2::1", false},
    {"loopback", "127.0.0.1", "127.0.0.2", false},
};

static void test_whose_visits_count_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct edge_door *door = door_of(1, 1, 1, 8);
        print_message("%s\n", pairs[i].name);
        assert_true(is_let_in(door, pairs[i].one, T0));
        assert_int_equal(is_let_in(door, pairs[i].other, T0), !pairs[i].is_same);
        assert_true(refuse(door, pairs[i].one, T0));
        assert_int_equal(is_let_in(door, pairs[i].other, T0 + 5000), !pairs[i].is_same);
        edge_door_free(&door);
    }
}

static void test_ban(void **state)
{
    struct edge_door *door = door_of(0, 0, 3, 8);
    (void)state;
    assert_false(refuse(door, "192.0.2.1", T0));
    assert_false(refuse(door, "192.0.2.1", T0 + 1));
    assert_true(is_let_in(door, "192.0.2.1", T0 + 2));
    assert_true(refuse(door, "192.0.2.1", T0 + 3));
    assert_false(refuse(door, "192.0.2.1", T0 + 4)); /* told once */
    assert_false(is_let_in(door, "192.0.2.1", T0 + 30002));
    assert_true(is_let_in(door, "192.0.2.2", T0 + 30002));
    assert_true(is_let_in(door, "192.0.2.1", T0 + 30003));
    assert_false(refuse(door, "192.0.2.1", T0 + 30004)); /* counted anew */
    edge_door_free(&door);
}

static void test_refusals_far_apart(void **state)
{
    struct edge_door *door = door_of(0, 0, 2, 8);
    (void)state;
    for (unsigned n = 0; n < 5; n++)
        assert_false(refuse(door, "192.0.2.1", T0 + n * EDGE_DOOR_WINDOW_MS));
    edge_door_free(&door);
}

static void test_forgiven(void **state)
{
    struct edge_door *door = door_of(0, 0, 2, 8);
    struct cw_addr addr = address("192.0.2.1");
    (void)state;
    for (unsigned n = 0; n < 5; n++) {
        assert_false(refuse(door, "192.0.2.1", T0 + n));
        edge_door_forgive(door, &addr, 1);
    }
    edge_door_forgive(door, &addr, 7); /* more than there are */
    assert_false(refuse(door, "192.0.2.1", T0 + 6));
    assert_true(refuse(door, "192.0.2.1", T0 + 7));
    edge_door_free(&door);
}

static void test_the_silent_are_forgotten(void **state)
{
    struct edge_door *door = door_of(1, 1, 1, 3);
    (void)state;
    assert_true(refuse(door, "192.0.2.1", T0));
    assert_true(is_let_in(door, "192.0.2.2", T0));
    assert_true(is_let_in(door, "192.0.2.3", T0));
    assert_false(is_let_in(door, "192.0.2.1", T0)); /* who knocks is remembered */
    assert_true(is_let_in(door, "192.0.2.4", T0));  /* in the place of .2 */
    assert_false(is_let_in(door, "192.0.2.1", T0));
    assert_false(is_let_in(door, "192.0.2.3", T0));
    assert_true(is_let_in(door, "192.0.2.2", T0)); /* as if new, in the place of .4 */
    edge_door_free(&door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_told_once_in_a_window),
        cmocka_unit_test(test_whose_visits_count_together),
        cmocka_unit_test(test_ban),
        cmocka_unit_test(test_refusals_far_apart),
        cmocka_unit_test(test_forgiven),
        cmocka_unit_test(test_the_silent_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
