/* Questions to the edges: who is asked, and what is told when answers come, come late or do not
 * come.  The edges and the clock are this file's. */
#include "gateway/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"
#include "gateway/gateway_priv.h"

struct gw_edge {
    struct cw_str path;
    bool is_up;
};
static struct gw_edge a = {CW_STR("/a")}, b = {CW_STR("/b")};
static struct gw_edge *edges[] = {&a, &b};
static struct cw_str locals[] = {CW_STR("contoso.test")};

static void (*on_timeout)(void *arg);
static void *timeout_arg;

/* --- the gateway's other parts, and the loop --------------------------------------------------*/

struct cw_timer *cw_timer_new(struct event_base *base, void (*fn)(void *arg), void *arg)
{
    (void)base;
    on_timeout = fn;
    timeout_arg = arg;
    return NULL;
}

void cw_timer_set(struct cw_timer *timer, uint64_t after_ms)
{
    (void)timer;
    happened("timer=%u", (unsigned)after_ms);
}

void cw_timer_free(struct cw_timer **timer)
{
    (void)timer;
}

bool gw_edge_is_up(const struct gw_edge *edge)
{
    return edge->is_up;
}

struct cw_str gw_edge_path(const struct gw_edge *edge)
{
    return edge->path;
}

void gw_edge_send_ask(struct gw_edge *edge, uint64_t n, struct cw_str json)
{
    happened("%s<%u%.*s", edge->path.p, (unsigned)n, json.n < 100 ? (int)json.n : 0, json.p);
}

struct gw_edge *gw_edge_pick(struct gateway *gateway, struct cw_str pair)
{
    (void)gateway;
    happened("pick=%.*s", CW_ARG(pair));
    return b.is_up ? &b : NULL;
}

/* --- who asks ---------------------------------------------------------------------------------*/

static void progress(void *arg, struct cw_str edge, json_t *news)
{
    char *text = json_dumps(news, JSON_COMPACT);
    (void)arg;
    happened("%.*s+%s", CW_ARG(edge), text);
    free(text);
}

static void done(void *arg, json_t *answer)
{
    char *text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
    struct gw_ask **ask = arg;
    happened("%s", text);
    free(text);
    json_decref(answer);
    *ask = NULL;
}

static struct cw_policy policy = {.local_domains = locals, .n_local_domains = 1};
static struct gateway gateway = {.policy = &policy, .edges = edges, .n_edges = 2};
static const struct gw_ask_hooks hooks = {.progress = progress, .done = done};

static void start(struct gw_asks *asks, struct gw_ask **ask, const char *request)
{
    json_t *json = json_loads(request, 0, NULL);
    assert_non_null(json);
    *ask = gw_ask_start(asks, json, &hooks, ask);
    json_decref(json);
}

#define Q                     "\"in\":{\"q\":1}"
#define UP(n)                 "\"" n "\""
#define BOTH_ASKED            "timer=4000 /a<1{\"q\":1} /b<1{\"q\":1}"
#define OF(path)              "{\"answer\":{\"ok\":true},\"edge\":\"" path "\"}"
#define RESULT(edges, silent) "{\"edges\":[" edges "],\"ok\":true,\"silent\":[" silent "]}"
#define REFUSED(status, sentence) \
    "{\"ok\":false,\"sentence\":\"" sentence "\",\"status\":" status "}"

static const struct {
    const char *name, *request, *up;
    /* Steps: "a" or "b" answers, "+" in front: with news; "x" before: the edge goes down; "t": the
     * time is over; "w": an answer to another question; "j": b's answer is no JSON. */
    const char *steps;
    const char *events;
} rows[] = {
    {"both answer", "{" Q "}", "ab", "ba", BOTH_ASKED " " RESULT(OF("/a") "," OF("/b"), "")},
    {"one is away", "{" Q "}", "b", "b", "timer=4000 /b<1{\"q\":1} " RESULT(OF("/b"), UP("/a"))},
    {"none is there", "{" Q "}", "", "",
     "timer=4000 " REFUSED("503", "No edge is connected to the gateway.")},
    {"one is late", "{" Q "}", "ab", "atb", BOTH_ASKED " " RESULT(OF("/a"), UP("/b"))},
    {"one goes down", "{" Q "}", "ab", "xab", BOTH_ASKED " " RESULT(OF("/b"), UP("/a"))},
    {"both go down", "{" Q "}", "ab", "xaxb", BOTH_ASKED " " RESULT("", UP("/a") "," UP("/b"))},
    {"one answers twice", "{" Q "}", "ab", "aab", BOTH_ASKED " " RESULT(OF("/a") "," OF("/b"), "")},
    {"another question's answer", "{" Q "}", "ab", "wat",
     BOTH_ASKED " " RESULT(OF("/a"), UP("/b"))},
    {"no JSON", "{" Q "}", "ab", "aj",
     BOTH_ASKED " " RESULT(OF("/a") ",{\"answer\":" REFUSED(
                               "500", "The edge's answer cannot be read.") ",\"edge\":\"/b\"}",
                           "")},
    {"progress", "{" Q "}", "ab", "+a+bb+ba",
     BOTH_ASKED " /a+{\"s\":1} /b+{\"s\":1} " RESULT(OF("/a") "," OF("/b"), "")},
    {"one edge", "{" Q ",\"edge\":\"/b\"}", "ab", "b",
     "timer=4000 /b<1{\"q\":1} " RESULT(OF("/b"), "")},
    {"no such edge", "{" Q ",\"edge\":\"/c\"}", "ab", "",
     "timer=4000 " REFUSED("404", "The gateway has no such edge.")},
    {"that edge is away", "{" Q ",\"edge\":\"/b\"}", "a", "",
     "timer=4000 " REFUSED("503", "No edge is connected to the gateway.")},
    {"the pair's", "{" Q ",\"pick\":\"a.test xn--bcher-kva.test\"}", "ab", "b",
     "timer=4000 pick=a.test b\xc3\xbc"
     "cher.test /b<1{\"q\":1} " RESULT(OF("/b"), "")},
    {"the partner's", "{" Q ",\"pick\":\"B.test\"}", "ab", "b",
     "timer=4000 pick=contoso.test b.test /b<1{\"q\":1} " RESULT(OF("/b"), "")},
    {"more time", "{" Q ",\"timeout-s\":60,\"edge\":\"/a\"}", "a", "a",
     "timer=60000 /a<1{\"q\":1} " RESULT(OF("/a"), "")},
    {"too much time", "{" Q ",\"timeout-s\":9999,\"edge\":\"/a\"}", "a", "a",
     "timer=120000 /a<1{\"q\":1} " RESULT(OF("/a"), "")},
    {"negative time", "{" Q ",\"timeout-s\":-1,\"edge\":\"/a\"}", "a", "a",
     "timer=4000 /a<1{\"q\":1} " RESULT(OF("/a"), "")},
    {"no question", "{}", "ab", "", REFUSED("400", "The question is missing or too long.")},
    {"no object", "{\"in\":\"stream list\"}", "ab", "",
     REFUSED("400", "The question is missing or too long.")},
};

static void take_step(struct gw_asks *asks, const char **step)
{
    bool more = **step == '+', goes = **step == 'x';
    *step += more || goes;
    struct gw_edge *edge = **step == 'a' ? &a : &b;
    if (goes)
        gw_asks_edge_down(asks, edge);
    else if (**step == 't')
        on_timeout(timeout_arg);
    else if (**step == 'w')
        gw_asks_answer(asks, edge, 2, false, CW_S("{\"ok\":true}"));
    else if (**step == 'j')
        gw_asks_answer(asks, edge, 1, true, CW_S("what?"));
    else
        gw_asks_answer(asks, edge, 1, more, more ? CW_S("{\"s\":1}") : CW_S("{\"ok\":true}"));
    ++*step;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gw_asks *asks = gw_asks_new(&gateway);
        struct gw_ask *ask;
        a.is_up = strchr(rows[i].up, 'a') != NULL;
        b.is_up = strchr(rows[i].up, 'b') != NULL;
        forget_events();
        start(asks, &ask, rows[i].request);
        for (const char *step = rows[i].steps; *step;)
            take_step(asks, &step);
        assert_events(rows[i].name, rows[i].events);
        assert_null(ask);
        gw_asks_free(&asks);
    }
}

static void test_too_long(void **state)
{
    struct gw_asks *asks = gw_asks_new(&gateway);
    struct gw_ask *ask;
    struct cw_buf text = {0};
    (void)state;
    cw_buf_putcstr(&text, "{\"in\":{\"q\":\"");
    while (text.n < CW_LINK_MAX_ASK_BYTES + 10)
        cw_buf_putc(&text, 'x');
    cw_buf_putcstr(&text, "\"}}");
    cw_buf_putc(&text, '\0');
    forget_events();
    start(asks, &ask, text.p);
    assert_events("too long", REFUSED("400", "The question is missing or too long."));
    gw_asks_free(&asks);
    cw_buf_free(&text);
}

/* Nobody wants to know any more, or the gateway ends. */
static void test_cancelled(void **state)
{
    struct gw_asks *asks = gw_asks_new(&gateway);
    struct gw_ask *first, *second;
    (void)state;
    a.is_up = b.is_up = true;
    start(asks, &first, "{" Q "}");
    start(asks, &second, "{" Q "}");
    forget_events();
    gw_asks_answer(asks, &a, 1, false, CW_S("{\"ok\":true}"));
    gw_ask_cancel(&first);
    gw_asks_answer(asks, &b, 1, false, CW_S("{\"ok\":true}"));
    gw_ask_cancel(&first);
    gw_asks_free(&asks);
    assert_events("cancelled", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
