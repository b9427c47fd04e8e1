/* Rates out of counters, with a clock of the test's own: restarts, holes, and the ring's end. */
#include "panel/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* How it is at one moment: so many messages taken and stanzas read since each source began. */
struct moment {
    uint64_t at_s;
    const char *gateway_since; /* NULL: it is away */
    int taken, refused;
    const char *edge_since[2]; /* NULL: it is away */
    int stanzas[2];
};

static json_t *counters_of_edge(int stanzas)
{
    return json_pack("{s:{s:i,s:i},s:{s:{s:i},s:{s:i,s:i}},s:{s:i,s:i,s:i}}", "stanzas", "inbound",
                     stanzas, "outbound", 0, "streams", "inbound", "ready", 2, "outbound", "ready",
                     1, "connecting", 1, "queues", "unresolved", 3, "waiting-stanzas", 4,
                     "waiting-bytes", 500);
}

static json_t *health_at(const struct moment *moment)
{
    static const char *const paths[] = {"/a", "/b"};
    json_t *components = json_array(), *edges = json_array(), *gateway = json_null();
    if (moment->gateway_since)
        gateway = json_pack("{s:{s:{s:i,s:{s:i,s:i}}},s:{s:i,s:i}}", "messages", "x2s", "taken",
                            moment->taken, "refused", "rules", moment->refused, "peer",
                            moment->refused, "queues", "x2s-open", 5, "store-writes", 70);
    json_array_append_new(
        components, json_pack("{s:s,s:s?}", "name", "gateway", "since", moment->gateway_since));
    for (size_t i = 0; i < 2; i++) {
        json_array_append_new(
            components, json_pack("{s:s,s:s?}", "name", paths[i], "since", moment->edge_since[i]));
        if (moment->edge_since[i])
            json_array_append_new(edges, json_pack("{s:s,s:o}", "edge", paths[i], "counters",
                                                   counters_of_edge(moment->stanzas[i])));
    }
    return json_pack("{s:s,s:o,s:{s:o,s:o}}", "state", "warning", "components", components,
                     "counters", "gateway", gateway, "edges", edges);
}

static void take(struct panel_samples *samples, const struct moment *moment)
{
    json_t *health = health_at(moment);
    panel_samples_take(samples, health, (int64_t)(1000000 + moment->at_s), moment->at_s * 1000);
    json_decref(health);
}

/* "60 0 -": messages, refused, stanzas; "-" is a gap. */
static void shown(const json_t *sample, char out[96])
{
    static const char *const names[] = {"messages-x2s", "refused", "stanzas-in"};
    out[0] = '\0';
    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_object_get(sample, names[i]);
        size_t at = strlen(out);
        if (json_is_null(value))
            snprintf(out + at, 96 - at, "%s-", i ? " " : "");
        else
            snprintf(out + at, 96 - at, "%s%g", i ? " " : "", json_number_value(value));
    }
}

static void test_rates(void **state)
{
    static const struct {
        const char *name;
        struct moment before, after;
        const char *expected;
    } rows[] = {
        {"a minute",
         {0, "g", 100, 1, {"a", "b"}, {10, 10}},
         {60, "g", 160, 2, {"a", "b"}, {20, 40}},
         "60 2 40"},
        {"half a minute",
         {0, "g", 0, 0, {"a", "b"}, {0, 0}},
         {30, "g", 5, 0, {"a", "b"}, {1, 0}},
         "10 0 2"},
        {"nothing happened",
         {0, "g", 7, 7, {"a", "b"}, {7, 7}},
         {60, "g", 7, 7, {"a", "b"}, {7, 7}},
         "0 0 0"},
        {"the gateway was started anew",
         {0, "g", 100, 0, {"a", "b"}, {0, 0}},
         {60, "h", 5, 0, {"a", "b"}, {1, 1}},
         "- - 2"},
        {"anew, and it has passed more already",
         {0, "g", 1, 0, {"a", "b"}, {0, 0}},
         {60, "h", 5, 0, {"a", "b"}, {1, 1}},
         "- - 2"},
        {"an edge was started anew",
         {0, "g", 0, 0, {"a", "b"}, {50, 50}},
         {60, "g", 6, 0, {"c", "b"}, {5, 60}},
         "6 0 -"},
        {"an edge is away",
         {0, "g", 0, 0, {"a", "b"}, {50, 50}},
         {60, "g", 6, 0, {NULL, "b"}, {0, 60}},
         "6 0 10"},
        {"all edges are away",
         {0, "g", 0, 0, {"a", "b"}, {50, 50}},
         {60, "g", 6, 0, {NULL, NULL}, {0, 0}},
         "6 0 -"},
        {"the gateway is away",
         {0, "g", 0, 0, {"a", "b"}, {50, 50}},
         {60, NULL, 0, 0, {NULL, NULL}, {0, 0}},
         "- - -"},
        {"it was away",
         {0, NULL, 0, 0, {NULL, NULL}, {0, 0}},
         {60, "g", 6, 0, {"a", "b"}, {1, 1}},
         "- - -"},
        {"nobody looked for four minutes",
         {0, "g", 0, 0, {"a", "b"}, {0, 0}},
         {240, "g", 6, 0, {"a", "b"}, {1, 1}},
         "- - -"},
        {"in the same moment",
         {60, "g", 0, 0, {"a", "b"}, {0, 0}},
         {60, "g", 6, 0, {"a", "b"}, {1, 1}},
         "- - -"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct panel_samples *samples = panel_samples_new(8);
        char text[96];
        take(samples, &rows[i].before);
        take(samples, &rows[i].after);
        json_t *all = panel_samples_json(samples, 0), *list = json_object_get(all, "samples");
        assert_int_equal(json_array_size(list), 2);
        shown(json_array_get(list, 0), text);
        assert_string_equal(text, "- - -"); /* nothing to compare with */
        shown(json_array_get(list, 1), text);
        if (strcmp(text, rows[i].expected) != 0)
            print_error("%s: \"%s\" instead of \"%s\"\n", rows[i].name, text, rows[i].expected);
        assert_string_equal(text, rows[i].expected);
        json_decref(all);
        panel_samples_free(&samples);
    }
}

static json_int_t number(const json_t *sample, const char *name)
{
    return json_integer_value(json_object_get(sample, name));
}

static void test_what_is_open(void **state)
{
    const struct moment moment = {0, "g", 0, 0, {"a", "b"}, {0, 0}};
    struct panel_samples *samples = panel_samples_new(8);
    (void)state;
    take(samples, &moment);
    json_t *all = panel_samples_json(samples, 0);
    const json_t *sample = json_array_get(json_object_get(all, "samples"), 0);
    assert_int_equal(number(sample, "streams"), 8);
    assert_int_equal(number(sample, "gateway-queue"), 5);
    assert_int_equal(number(sample, "edge-queue"), 14);
    assert_string_equal(json_string_value(json_object_get(sample, "state")), "warning");
    assert_string_equal(json_string_value(json_object_get(sample, "at")), "1970-01-12T13:46:40Z");
    assert_int_equal(number(all, "interval-s"), 60);
    json_decref(all);
    panel_samples_free(&samples);
}

/* The oldest go first, and who asks for the last of them gets no others. */
static void test_ring(void **state)
{
    struct panel_samples *samples = panel_samples_new(4);
    (void)state;
    for (int i = 0; i < 11; i++) {
        take(samples, &(struct moment){(uint64_t)i * 60, "g", i * i, 0, {"a", "b"}, {0, 0}});
        json_t *all = panel_samples_json(samples, 0), *list = json_object_get(all, "samples");
        size_t n = json_array_size(list);
        assert_int_equal(n, i < 4 ? i + 1 : 4);
        const json_t *last = json_array_get(list, n - 1);
        if (i > 0)
            assert_true(json_real_value(json_object_get(last, "messages-x2s")) == 2.0 * i - 1);
        json_decref(all);
        all = panel_samples_json(samples, 1000000 + i * 60 - 60);
        assert_int_equal(json_array_size(json_object_get(all, "samples")), i < 1 ? 1 : 2);
        json_decref(all);
    }
    panel_samples_free(&samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_what_is_open),
        cmocka_unit_test(test_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
