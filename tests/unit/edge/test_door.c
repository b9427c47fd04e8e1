/* Addresses at the edge's door: too fast, refused too often, forgotten, and none for another. */
#include "edge/door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

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

static bool may_shake(struct edge_door *door, const char *text, uint64_t now_ms)
{
    struct cw_addr addr = address(text);
    return edge_door_may_shake(door, &addr, now_ms);
}

/* What is asked first and what happens then are the same. */
static bool shakes(struct edge_door *door, const char *text, uint64_t now_ms)
{
    struct cw_addr addr = address(text);
    bool may = edge_door_may_shake(door, &addr, now_ms);
    assert_int_equal(edge_door_shake(door, &addr, now_ms) == EDGE_DOOR_OPEN, may);
    return may;
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

static void test_handshakes(void **state)
{
    struct edge_door *door = edge_door_new(&(struct edge_door_limits){
        .handshakes_per_s = 2, .handshakes_burst = 3, .ban_after = 1, .ban_s = 30, .max = 8});
    unsigned n = 0;
    (void)state;
    for (unsigned tries = 0; tries < 20; tries++) {
        assert_true(is_let_in(door, "192.0.2.1", T0)); /* connections are counted apart */
        n += shakes(door, "192.0.2.1", T0);
    }
    assert_int_equal(n, 3);
    for (unsigned tries = 0; tries < 20; tries++) /* asking costs nothing */
        assert_true(may_shake(door, "192.0.2.2", T0));
    assert_true(shakes(door, "192.0.2.2", T0));
    assert_false(shakes(door, "192.0.2.1", T0 + 400));
    assert_true(shakes(door, "192.0.2.1", T0 + 600));
    assert_false(shakes(door, "192.0.2.1", T0 + 600));
    assert_true(refuse(door, "192.0.2.2", T0 + 600));
    assert_false(shakes(door, "192.0.2.2", T0 + 601)); /* banned */
    assert_true(shakes(door, "192.0.2.2", T0 + 30600));
    edge_door_free(&door);
}

static void test_handshakes_without_limit(void **state)
{
    struct edge_door *door = door_of(1, 1, 0, 8);
    (void)state;
    for (unsigned n = 0; n < 1000; n++)
        assert_true(shakes(door, "192.0.2.1", T0));
    edge_door_free(&door);
}

/* The entries as text, the newest first. */
struct list {
    char text[500];
    size_t n, most;
};

static bool note(void *arg, const struct edge_door_entry *e)
{
    struct list *list = arg;
    size_t used = strlen(list->text);
    snprintf(list->text + used, sizeof list->text - used, "%.*s %u-%u %u %u %u\n",
             CW_ARG(e->address), e->connections, e->refused, e->handshakes, e->identities,
             (unsigned)e->banned_for_ms);
    return ++list->n < list->most;
}

static void test_listed(void **state)
{
    struct edge_door *door = door_of(1, 2, 2, 8);
    struct list all = {.most = 100}, one = {.most = 1}, later = {.most = 100};
    (void)state;
    assert_int_equal(let_in(door, "192.0.2.1", 5, T0), 2);
    assert_false(refuse(door, "192.0.2.1", T0));
    assert_true(is_let_in(door, "2001:db8:0:1::7", T0));
    assert_true(shakes(door, "2001:db8:0:1::8", T0));
    assert_false(refuse(door, "192.0.2.3", T0));
    assert_true(refuse(door, "192.0.2.3", T0));
    edge_door_each(door, T0 + 1000, note, &all);
    assert_string_equal(all.text, "192.0.2.3 0-0 0 0 29000\n"
                                  "2001:db8:0:1::/64 1-0 1 0 0\n"
                                  "192.0.2.1 2-3 0 1 0\n");
    edge_door_each(door, T0, note, &one);
    assert_string_equal(one.text, "192.0.2.3 0-0 0 0 30000\n");
    edge_door_each(door, T0 + EDGE_DOOR_WINDOW_MS, note, &later);
    assert_string_equal(later.text, "192.0.2.3 0-0 0 0 0\n"
                                    "2001:db8:0:1::/64 1-0 1 0 0\n"
                                    "192.0.2.1 2-3 0 0 0\n");
    edge_door_free(&door);
}

static void test_lifted(void **state)
{
    struct edge_door *door = door_of(1, 1, 1, 8);
    struct cw_addr one = address("192.0.2.1"), other = address("192.0.2.2");
    (void)state;
    assert_true(refuse(door, "192.0.2.1", T0));
    assert_true(refuse(door, "192.0.2.2", T0));
    assert_true(edge_door_lift(door, &one));
    assert_false(edge_door_lift(door, &one));
    assert_true(is_let_in(door, "192.0.2.1", T0));
    assert_false(is_let_in(door, "192.0.2.2", T0));
    assert_true(edge_door_lift(door, &other));
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
        cmocka_unit_test(test_handshakes),
        cmocka_unit_test(test_handshakes_without_limit),
        cmocka_unit_test(test_listed),
        cmocka_unit_test(test_lifted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
