/* What Prometheus is given, read back by a small strict reader of its text format: families stand
 * together, with help and type before their samples; names and labels are well formed; counters
 * end in _total, and nothing else does; no sample comes twice. */
#include "panel/metrics.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/mem.h"

/* --- the reader -------------------------------------------------------------------------------*/

struct reader {
    char family[128], type[16]; /* of the last head */
    bool has_help;
    struct cw_map families, samples; /* names; sample with labels -> its value's place */
    const char *why;                 /* NULL: good so far */
};

static bool wrong(struct reader *r, const char *why)
{
    if (!r->why)
        r->why = why;
    return false;
}

static size_t name_length(const char *s, bool may_colon)
{
    size_t n = 0;
    while (isalpha((unsigned char)s[n]) || s[n] == '_' || (may_colon && s[n] == ':') ||
           (n > 0 && isdigit((unsigned char)s[n])))
        n++;
    return n;
}

/* name="value", ... }: the end, or NULL. */
static const char *read_labels(struct reader *r, const char *s)
{
    while (*s != '}') {
        size_t n = name_length(s, false);
        if (n == 0 || s[n] != '=' || s[n + 1] != '"')
            return wrong(r, "a label's name") ? s : NULL;
        for (s += n + 2; *s != '"'; s++) {
            if (*s == '\0' || (*s == '\\' && !strchr("\\\"n", s[1])))
                return wrong(r, "a label's value") ? s : NULL;
            s += *s == '\\';
        }
        if (*++s == ',')
            s++;
        else if (*s != '}')
            return wrong(r, "the end of a label") ? s : NULL;
    }
    return s + 1;
}

static bool read_sample(struct reader *r, const char *line)
{
    size_t n = name_length(line, true);
    const char *s = line + n;
    char *end;
    struct cw_str name = {line, n};
    bool is_total = n > 6 && strncmp(line + n - 6, "_total", 6) == 0;
    if (n == 0 || !cw_str_eq_cstr(name, r->family))
        return wrong(r, "a sample outside of its family");
    if (is_total != (strcmp(r->type, "counter") == 0))
        return wrong(r, "_total is for counters, and for them alone");
    if (*s == '{' && !(s = read_labels(r, s + 1)))
        return false;
    struct cw_str key = {line, (size_t)(s - line)};
    if (*s++ != ' ' || !*s)
        return wrong(r, "no value");
    (void)strtod(s, &end);
    if (*end)
        return wrong(r, "a value that is no number");
    return !cw_map_set(&r->samples, key, (void *)(uintptr_t)s) || wrong(r, "a sample comes twice");
}

static bool read_line(struct reader *r, const char *line)
{
    char name[128], rest[256];
    if (sscanf(line, "# HELP %127s %255[^\n]", name, rest) == 2) {
        if (cw_map_set(&r->families, cw_str_of(name), r))
            return wrong(r, "a family comes twice");
        strcpy(r->family, name);
        r->has_help = true;
        return true;
    }
    if (sscanf(line, "# TYPE %127s %15s", name, rest) == 2) {
        if (!r->has_help || strcmp(name, r->family) != 0)
            return wrong(r, "a type without help");
        strcpy(r->type, rest);
        return strcmp(rest, "counter") == 0 || strcmp(rest, "gauge") == 0 || wrong(r, "a type");
    }
    return *line != '#' ? read_sample(r, line) : wrong(r, "a comment that is none");
}

/* Cuts the text into lines. */
static void read_all(struct reader *r, char *text)
{
    char *line = text, *end;
    for (; !r->why && (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (!read_line(r, line))
            print_error("%s: %s\n", r->why, line);
    }
    if (!r->why && *line)
        wrong(r, "no end of line");
}

static void reader_free(struct reader *r)
{
    cw_map_free(&r->families);
    cw_map_free(&r->samples);
}

static const char *value(const struct reader *r, const char *sample)
{
    const char *text = cw_map_get(&r->samples, cw_str_of(sample));
    return text ? text : "none";
}

/* --- what is written --------------------------------------------------------------------------*/

#define REFUSED    "\"refused\":{\"rules\":4,\"address\":0,\"content\":0,\"peer\":5,\"unreachable\":0}"
#define PASSED     "{\"taken\":12,\"delivered\":3,\"ignored\":0," REFUSED "}"
#define PAIR(a, b) "{\"inbound\":" a ",\"outbound\":" b "}"
#define EDGE                                                                                                                                                         \
    "{\"opened\":" PAIR("7", "8") ",\"ready\":" PAIR("1", "2") ",\"stanzas\":" PAIR("3", "4") ",\"bytes\":" PAIR(                                                    \
        "9007199254740993",                                                                                                                                          \
        "6") ",\"handshakes\":" PAIR("1",                                                                                                                            \
                                     "1") ",\"failed-handshakes\":" PAIR("0",                                                                                        \
                                                                         "0") ",\"refused\":{\"too-fast\":1,\"banned\":2},"                                          \
                                                                              "\"bounced\":1,\"dropped\":2,\"streams\":{\"inbound\":{\"ready\":2},\"outbound\":{}}," \
                                                                              "\"queues\":{\"unresolved\":1,\"waiting-stanzas\":2,\"waiting-bytes\":3,"              \
                                                                              "\"unauthenticated\":4}}"
#define COMPONENT(kind, name, up)                                                       \
    "{\"kind\":\"" kind "\",\"name\":\"" name "\",\"up\":" up ",\"version\":\"0.1.0\"," \
    "\"since\":\"2026-11-22T14:00:00Z\",\"policy-version\":7}"

static const char whole[] =
    "{\"state\":\"warning\",\"components\":[" COMPONENT("gateway", "gateway", "true") "," COMPONENT("edge", "/a", "true") "," COMPONENT(
        "edge", "b\\\"\\\\\\n",
        "true") "," COMPONENT("edge", "/c",
                              "false") "],"
                                       "\"certificates\":[{\"edge\":\"/a\",\"file\":\"/x.pem\",\"not-after\":"
                                       "\"1970-01-02T00:00:01Z\"},{\"edge\":\"/a\",\"file\":\"/broken.pem\"}],"
                                       "\"store\":{\"bytes\":4096,\"schema\":4,\"failing\":true},"
                                       "\"counters\":{\"gateway\":{\"messages\":{\"x2s\":" PASSED
                                       ",\"s2x\":" PASSED "},"
                                       "\"signals\":{\"x2s\":1,\"s2x\":2},\"returned\":3,\"presence\":{\"x2s\":" PASSED
                                       ",\"s2x\":" PASSED
                                       "},\"requests\":{\"subscribe\":1,\"notify\":2,\"strangers\":3},"
                                       "\"subscriptions\":{\"x2s\":1,\"s2x\":2},\"transactions\":{\"server\":1,\"client\":2},"
                                       "\"queues\":{\"x2s-open\":1,\"store-writes\":2}},"
                                       "\"edges\":[{\"edge\":\"/a\",\"counters\":" EDGE
                                       "},{\"edge\":\"b\\\"\\\\\\n\",\"counters\":" EDGE "}]}}";

static void write_and_read(const char *json, struct reader *r, struct cw_buf *text)
{
    json_error_t error;
    json_t *health = json_loads(json, JSON_REJECT_DUPLICATES, &error);
    if (!health)
        print_error("%s at %d\n", error.text, error.position);
    assert_non_null(health);
    panel_metrics_write(text, health);
    cw_buf_putc(text, '\0');
    read_all(r, text->p);
    json_decref(health);
    assert_null(r->why);
}

static void test_whole(void **state)
{
    static const struct {
        const char *sample, *value;
    } rows[] = {
        {"causeway_up{component=\"gateway\",name=\"gateway\"}", "1"},
        {"causeway_up{component=\"edge\",name=\"/c\"}", "0"},
        {"causeway_policy_version{component=\"edge\",name=\"/c\"}", "none"},
        {"causeway_start_time_seconds{component=\"edge\",name=\"/a\"}", "1795356000"},
        {"causeway_build_info{component=\"edge\",name=\"/a\",version=\"0.1.0\"}", "1"},
        {"causeway_gateway_messages_taken_total{direction=\"x2s\"}", "12"},
        {"causeway_gateway_messages_refused_total{direction=\"s2x\",reason=\"peer\"}", "5"},
        {"causeway_gateway_sip_strangers_total", "3"},
        {"causeway_gateway_queue_items{queue=\"store-writes\"}", "2"},
        {"causeway_edge_received_bytes_total{edge=\"/a\"}", "9007199254740993"},
        {"causeway_edge_streams{direction=\"inbound\",edge=\"b\\\"\\\\\\n\",state=\"ready\"}", "2"},
        {"causeway_edge_refused_connections_total{edge=\"/a\",reason=\"banned\"}", "2"},
        {"causeway_certificate_not_after_timestamp_seconds{edge=\"/a\",file=\"/x.pem\"}", "86401"},
        {"causeway_certificate_not_after_timestamp_seconds{edge=\"/a\",file=\"/broken.pem\"}", "0"},
        {"causeway_health_state{state=\"warning\"}", "1"},
        {"causeway_health_state{state=\"ok\"}", "0"},
        {"causeway_store_size_bytes", "4096"},
        {"causeway_store_failing", "1"},
    };
    struct reader r = {.why = NULL};
    struct cw_buf text = {0};
    (void)state;
    write_and_read(whole, &r, &text);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(value(&r, rows[i].sample), rows[i].value) != 0)
            print_error("%s\n", rows[i].sample);
        assert_string_equal(value(&r, rows[i].sample), rows[i].value);
    }
    assert_int_equal(r.families.n, 39);
    assert_true(r.samples.n > 80);
    reader_free(&r);
    cw_buf_free(&text);
}

static void test_nobody_there(void **state)
{
    struct reader r = {.why = NULL};
    struct cw_buf text = {0};
    (void)state;
    write_and_read("{\"state\":\"failed\",\"components\":["
                   "{\"kind\":\"gateway\",\"name\":\"gateway\",\"up\":false,\"version\":null}],"
                   "\"certificates\":[],\"store\":{},\"counters\":{\"gateway\":null,\"edges\":[]}}",
                   &r, &text);
    assert_string_equal(value(&r, "causeway_up{component=\"gateway\",name=\"gateway\"}"), "0");
    assert_string_equal(value(&r, "causeway_health_state{state=\"failed\"}"), "1");
    assert_string_equal(value(&r, "causeway_gateway_messages_taken_total{direction=\"x2s\"}"),
                        "none");
    reader_free(&r);
    cw_buf_free(&text);
}

/* Behind the others, as one text. */
static void test_load(void **state)
{
    struct reader r = {.why = NULL};
    struct cw_buf text = {0};
    json_t *health = json_loads(whole, 0, NULL);
    (void)state;
    panel_metrics_write(&text, health);
    panel_metrics_write_load(&text, &(struct panel_load){1, 2, 3, 4});
    cw_buf_putc(&text, '\0');
    read_all(&r, text.p);
    assert_null(r.why);
    assert_string_equal(value(&r, "causeway_panel_connections"), "1");
    assert_string_equal(value(&r, "causeway_panel_requests"), "2");
    assert_string_equal(value(&r, "causeway_panel_jobs"), "3");
    assert_string_equal(value(&r, "causeway_panel_listeners"), "4");
    json_decref(health);
    reader_free(&r);
    cw_buf_free(&text);
}

/* The reader itself. */
static void test_reader(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
    } rows[] = {
        {"# HELP a b\n# TYPE a gauge\na 1\n", true},
        {"# HELP a b\n# TYPE a gauge\na{x=\"\\\\\"} 1.5\n", true},
        {"# HELP a b\n# TYPE a gauge\na{x=\"\\t\"} 1\n", false},
        {"# HELP a b\n# TYPE a gauge\na{x=\"1\"y=\"2\"} 1\n", false},
        {"# HELP a b\n# TYPE a gauge\na{x-y=\"1\"} 1\n", false},
        {"# HELP a b\n# TYPE a gauge\na 1\na 2\n", false},
        {"# HELP a b\n# TYPE a gauge\nb 1\n", false},
        {"# HELP a b\n# TYPE a counter\na 1\n", false},
        {"# HELP a_total b\n# TYPE a_total gauge\na_total 1\n", false},
        {"# TYPE a gauge\na 1\n", false},
        {"# HELP a b\n# TYPE a gauge\n# HELP a b\n", false},
        {"# HELP a b\n# TYPE a gauge\na x\n", false},
        {"# HELP a b\n# TYPE a gauge\na 1", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader r = {.why = NULL};
        char text[128];
        strcpy(text, rows[i].text);
        read_all(&r, text);
        assert_int_equal(r.why == NULL, rows[i].is_good);
        reader_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reader),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
