/* Stanzas that gateways ask for more than once: sent once, and everybody is told. */
#include "edge/recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* Two gateways; what they are told is written down as "g1:12=none" or "g2:5=timeout late". */
static char gateways[2][3] = {"g1", "g2"};
static char told[512];

static void tell(void *asker, uint64_t n, enum cw_link_reason reason, struct cw_str text)
{
    size_t at = strlen(told);
    snprintf(told + at, sizeof told - at, "%s%s:%u=%s%s%.*s", at ? " " : "", (char *)asker,
             (unsigned)n, cw_link_reason_name(reason), text.n ? " " : "", CW_ARG(text));
}

static void assert_told(const char *expected)
{
    assert_string_equal(told, expected);
    told[0] = '\0';
}

static uint64_t ask_for(struct edge_recent *r, int gateway, uint64_t n, uint64_t now_ms,
                        const char *const attributes[4])
{
    static const char *const names[] = {"from", "to", "id", "type"};
    struct cw_arena arena = {0};
    struct cw_xml *stanza = cw_xml_new(&arena, CW_S("jabber:server"), "message");
    for (size_t i = 0; i < 4; i++)
        if (attributes[i])
            cw_xml_set(&arena, stanza, names[i], cw_str_of(attributes[i]));
    uint64_t number = edge_recent_ask(r, gateways[gateway], n, stanza, now_ms);
    cw_arena_free(&arena);
    return number;
}

static uint64_t ask(struct edge_recent *r, int gateway, uint64_t n, const char *id, uint64_t now_ms)
{
    return ask_for(r, gateway, n, now_ms, (const char *const[4]){"a@x", "b@y", id, NULL});
}

static void test_first_is_sent_and_told(void **state)
{
    struct edge_recent *r = edge_recent_new(10, tell);
    (void)state;
    uint64_t number = ask(r, 0, 12, "i", 0);
    assert_true(number != 0);
    assert_told("");
    edge_recent_done(r, number, CW_LINK_REASON_NONE, CW_STR_NONE, 5);
    assert_told("g1:12=none");
    edge_recent_done(r, number, CW_LINK_REASON_NONE, CW_STR_NONE, 5);
    assert_told("");
    edge_recent_free(&r);
}

static void test_again_while_under_way(void **state)
{
    struct edge_recent *r = edge_recent_new(10, tell);
    (void)state;
    uint64_t number = ask(r, 0, 12, "i", 0);
    assert_true(ask(r, 1, 5, "i", 100000) == 0); /* however long it takes */
    assert_told("");
    edge_recent_done(r, number, CW_LINK_REASON_TIMEOUT, CW_S("late"), 100001);
    assert_told("g2:5=timeout late g1:12=timeout late");
    edge_recent_free(&r);
}

static void test_again_when_known(void **state)
{
    struct edge_recent *r = edge_recent_new(10, tell);
    (void)state;
    edge_recent_done(r, ask(r, 0, 1, "sent", 0), CW_LINK_REASON_NONE, CW_STR_NONE, 0);
    edge_recent_done(r, ask(r, 0, 2, "not", 0), CW_LINK_REASON_NOT_FOUND, CW_S("no name"), 0);
    assert_told("g1:1=none g1:2=not-found no name");
    assert_true(ask(r, 1, 7, "sent", EDGE_RECENT_MS - 1) == 0);
    assert_true(ask(r, 1, 8, "not", EDGE_RECENT_MS - 1) == 0);
    assert_told("g2:7=none g2:8=not-found no name");
    edge_recent_free(&r);
}

static void test_who_is_gone_is_not_told(void **state)
{
    struct edge_recent *r = edge_recent_new(10, tell);
    (void)state;
    uint64_t number = ask(r, 0, 12, "i", 0);
    edge_recent_leave(r, gateways[0]);
    assert_true(ask(r, 1, 1, "i", 0) == 0);
    edge_recent_done(r, number, CW_LINK_REASON_NONE, CW_STR_NONE, 0);
    assert_told("g2:1=none");
    edge_recent_free(&r);
}

static void test_forgotten_in_time(void **state)
{
    struct edge_recent *r = edge_recent_new(10, tell);
    (void)state;
    edge_recent_done(r, ask(r, 0, 1, "i", 0), CW_LINK_REASON_NONE, CW_STR_NONE, 1000);
    assert_true(ask(r, 0, 2, "i", 1000 + EDGE_RECENT_MS) != 0);
    assert_told("g1:1=none");
    edge_recent_free(&r);
}

static void test_oldest_out(void **state)
{
    struct edge_recent *r = edge_recent_new(3, tell);
    (void)state;
    uint64_t waiting = ask(r, 0, 9, "under way", 0);
    for (unsigned i = 0; i < 5; i++)
        edge_recent_done(r, ask(r, 0, i, (char[2]){(char)('a' + i), '\0'}, 0), CW_LINK_REASON_NONE,
                         CW_STR_NONE, 0);
    told[0] = '\0';
    for (unsigned i = 2; i < 5; i++)
        assert_true(ask(r, 0, i, (char[2]){(char)('a' + i), '\0'}, 0) == 0);
    assert_told("g1:2=none g1:3=none g1:4=none");
    assert_true(ask(r, 0, 1, "b", 0) != 0);
    assert_true(ask(r, 0, 1, "under way", 0) == 0);
    edge_recent_done(r, waiting, CW_LINK_REASON_NONE, CW_STR_NONE, 0);
    assert_told("g1:1=none g1:9=none");
    edge_recent_free(&r);
}

static const struct {
    const char *name;
    const char *first[4], *second[4]; /* from, to, id, type */
    bool is_same;
} rows[] = {
    {"the same", {"a@x", "b@y", "i"}, {"a@x", "b@y", "i"}, true},
    {"another sender", {"a@x", "b@y", "i"}, {"c@x", "b@y", "i"}, false},
    {"another recipient", {"a@x", "b@y", "i"}, {"a@x", "c@y", "i"}, false},
    {"another id", {"a@x", "b@y", "i"}, {"a@x", "b@y", "j"}, false},
    {"names that run together", {"a@x", "b@yi", ""}, {"a@x", "b@y", "i"}, false},
    {"no id", {"a@x", "b@y", NULL}, {"a@x", "b@y", NULL}, false},
    {"an empty id", {"a@x", "b@y", ""}, {"a@x", "b@y", ""}, false},
    {"errors", {"a@x", "b@y", "i", "error"}, {"a@x", "b@y", "i", "error"}, false},
    {"another type", {"a@x", "b@y", "i", "chat"}, {"a@x", "b@y", "i", "normal"}, true},
};

static void test_what_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct edge_recent *r = edge_recent_new(10, tell);
        assert_true(ask_for(r, 0, 1, 0, rows[i].first) != 0);
        if ((ask_for(r, 0, 2, 0, rows[i].second) == 0) != rows[i].is_same)
            fail_msg("row %s", rows[i].name);
        edge_recent_free(&r);
    }
}

static void test_long_sentence_is_told_once(void **state)
{
    char text[400];
    struct edge_recent *r = edge_recent_new(10, tell);
    (void)state;
    memset(text, 'x', sizeof text);
    edge_recent_done(r, ask(r, 0, 1, "i", 0), CW_LINK_REASON_REFUSED,
                     (struct cw_str){text, sizeof text}, 0);
    assert_true(strlen(told) > sizeof text);
    told[0] = '\0';
    assert_true(ask(r, 0, 2, "i", 0) == 0);
    assert_told("g1:2=refused");
    edge_recent_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_is_sent_and_told),
        cmocka_unit_test(test_again_while_under_way),
        cmocka_unit_test(test_again_when_known),
        cmocka_unit_test(test_who_is_gone_is_not_told),
        cmocka_unit_test(test_forgotten_in_time),
        cmocka_unit_test(test_oldest_out),
        cmocka_unit_test(test_what_is_the_same),
        cmocka_unit_test(test_long_sentence_is_told_once),
    };
    return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
