/* Administrators' questions: each is answered once, and nobody speaks to a link that is gone. */
#include "edge/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "edge/link_priv.h"

static char told[1024]; /* "5+{...} 6={...}": with + there is more to come */
static struct edge_reply *kept;
static int n_cancelled;
static bool ends_in_hook;

static void assert_told(const char *expected)
{
    assert_string_equal(told, expected);
    told[0] = '\0';
}

/* --- the link, and what the handlers are here -------------------------------------------------*/

void edge_link_send_answer(struct edge_link *link, uint64_t n, bool more, struct cw_str json)
{
    size_t at = strlen(told);
    (void)link;
    snprintf(told + at, sizeof told - at, "%s%u%c%.*s", at ? " " : "", (unsigned)n,
             more ? '+' : '=', json.n < 200 ? (int)json.n : 0, json.p);
}

static void answer_now(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    (void)edge;
    edge_reply_progress(reply, json_pack("{s:i}", "step", 1));
    edge_reply_end(reply, json_pack("{s:b,s:O}", "ok", 1, "id", json_object_get(in, "id")));
}

static void refuse(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    (void)edge;
    (void)in;
    edge_reply_refuse(reply, 404, "id", CW_S("There is none."));
}

static void on_cancel(void *arg)
{
    struct edge_reply *reply = arg;
    n_cancelled++;
    edge_reply_progress(reply, json_pack("{s:i}", "step", 3));
    if (ends_in_hook)
        edge_reply_end(reply, json_pack("{s:b}", "ok", 1));
}

static void keep(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    (void)edge;
    (void)in;
    kept = reply;
    edge_reply_on_cancel(reply, on_cancel, reply);
}

static void say_much(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    struct cw_buf text = {0};
    (void)edge;
    (void)in;
    while (text.n <= CW_LINK_MAX_ANSWER_BYTES)
        cw_buf_putc(&text, 'x');
    edge_reply_progress(reply, json_pack("{s:s%}", "a", text.p, text.n));
    edge_reply_end(reply, json_pack("{s:s%}", "a", text.p, text.n));
    cw_buf_free(&text);
}

edge_command *edge_control_find(struct cw_str name)
{
    static const struct {
        const char *name;
        edge_command *run;
    } rows[] = {{"now", answer_now}, {"refuse", refuse}, {"keep", keep}, {"much", say_much}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (cw_str_eq_cstr(name, rows[i].name))
            return rows[i].run;
    return NULL;
}

/* --- tests ------------------------------------------------------------------------------------*/

static void ask(struct edge_replies *replies, uint64_t n, const char *json)
{
    edge_control_ask(NULL, NULL, replies, n, cw_str_of(json));
}

#define UNKNOWN                                            \
    "={\"ok\":false,\"status\":400,\"field\":\"command\"," \
    "\"sentence\":\"This edge does not know that question.\"}"

static void test_answers(void **state)
{
    static const struct {
        const char *name, *asked, *told;
    } rows[] = {
        {"progress, then the end", "{\"command\":\"now\",\"id\":\"a\"}",
         "5+{\"step\":1} 5={\"ok\":true,\"id\":\"a\"}"},
        {"refusal", "{\"command\":\"refuse\"}",
         "5={\"ok\":false,\"status\":404,\"field\":\"id\",\"sentence\":\"There is none.\"}"},
        {"too long", "{\"command\":\"much\"}",
         "5={\"ok\":false,\"status\":500,\"field\":\"\","
         "\"sentence\":\"The answer is too long; ask for less.\"}"},
        {"unknown", "{\"command\":\"dance\"}", "5" UNKNOWN},
        {"no command", "{}", "5" UNKNOWN},
        {"command of another type", "{\"command\":1}", "5" UNKNOWN},
        {"no object", "[1]", "5" UNKNOWN},
        {"no JSON", "{", "5" UNKNOWN},
        {"nothing", "", "5" UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct edge_replies replies = {0};
        ask(&replies, 5, rows[i].asked);
        if (strcmp(told, rows[i].told) != 0 || replies.n != 0)
            fail_msg("%s: %s", rows[i].name, told);
        told[0] = '\0';
    }
}

static void test_later(void **state)
{
    struct edge_replies replies = {0};
    (void)state;
    ask(&replies, 5, "{\"command\":\"keep\"}");
    struct edge_reply *first = kept;
    ask(&replies, 6, "{\"command\":\"keep\"}");
    assert_int_equal(replies.n, 2);
    assert_told("");
    edge_reply_progress(first, json_pack("{s:i}", "step", 1));
    edge_reply_end(first, json_pack("{s:b}", "ok", 1));
    edge_reply_end(kept, json_pack("{s:b}", "ok", 1));
    assert_told("5+{\"step\":1} 5={\"ok\":true} 6={\"ok\":true}");
    assert_int_equal(replies.n, 0);
    assert_null(replies.first);
}

/* The link goes away: the handler is told, and may speak into the void, then or later. */
static void test_cancelled(void **state)
{
    (void)state;
    for (int in_hook = 0; in_hook < 2; in_hook++) {
        struct edge_replies replies = {0};
        ends_in_hook = in_hook;
        n_cancelled = 0;
        ask(&replies, 5, "{\"command\":\"keep\"}");
        edge_replies_cancel(&replies);
        assert_int_equal(n_cancelled, 1);
        assert_int_equal(replies.n, 0);
        if (!in_hook) {
            edge_reply_progress(kept, json_pack("{s:i}", "step", 2));
            edge_reply_end(kept, json_pack("{s:b}", "ok", 1));
        }
        assert_told("");
    }
}

static void test_too_many(void **state)
{
    struct edge_replies replies = {0};
    (void)state;
    ends_in_hook = true;
    for (unsigned n = 1; n <= 64; n++)
        ask(&replies, n, "{\"command\":\"keep\"}");
    assert_told("");
    ask(&replies, 65, "{\"command\":\"keep\"}");
    assert_told("65={\"ok\":false,\"status\":503,\"field\":\"\","
                "\"sentence\":\"Too many questions are open; try again.\"}");
    assert_int_equal(replies.n, 64);
    edge_replies_cancel(&replies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
