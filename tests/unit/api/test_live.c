/* The commands that ask the running gateway: what is asked, and what becomes of each answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

static const char *gateway_answer; /* NULL: it gives none */
static char *asked;

static json_t *gateway(void *arg, const json_t *request, unsigned timeout_s,
                       struct cw_api_problem *problem)
{
    (void)arg;
    assert_true(timeout_s >= 6 && timeout_s <= 122);
    asked = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
    if (gateway_answer)
        return json_loads(gateway_answer, 0, NULL);
    *problem = (struct cw_api_problem){.status = 504, .field = "", .sentence = CW_S("Silence.")};
    return NULL;
}

#define ASK(in)            "{\"command\":\"ask\",\"in\":{" in "}}"
#define EDGES(edges)       "{\"ok\":true,\"edges\":[" edges "],\"silent\":[\"/c\"]}"
#define EDGE(path, answer) "{\"edge\":\"" path "\",\"answer\":{" answer "}}"
#define NOT_FOUND          "\"ok\":false,\"status\":404,\"field\":\"id\",\"sentence\":\"None.\""
#define LIST               "\"ok\":true,\"streams\":"
#define STATE(partner, streams, methods, failure)                                              \
    "{\"partner\":\"" partner "\",\"pending\":1,\"inbound\":" streams ",\"methods\":[" methods \
    "],\"failure\":" failure "}"
#define ATTEMPTS "\"ok\":true,\"attempts\":"
#define ASK_TEST(with)                                                                                \
    "{\"command\":\"ask\",\"in\":{\"command\":\"test partner\",\"domain\":\"a.test\",\"with\":{" with \
    "}},\"pick\":\"a.test\",\"timeout-s\":120}"
#define ALICE "{\"from\":\"sip:alice@contoso.test\",\"to\":\"juliet@a.test\"}"
#define ASK_IM                                                                              \
    "{\"command\":\"test im\",\"from\":\"sip:alice@contoso.test\",\"timeout-s\":60,\"to\":" \
    "\"juliet@a.test\"}"

static const struct row {
    const char *name, *command, *arguments, *answer;
    const char *asked;  /* NULL: the gateway was not asked */
    const char *result; /* or, with a status, the sentence */
    int status;
    const char *field; /* NULL: not looked at */
} rows[] = {
    {"streams of two edges", "stream list",
     "{\"partner\":\"B\xc3\xbc"
     "cher.test\"}",
     EDGES(EDGE("/a", LIST "[{\"id\":\"1\"}],\"left-out\":2") "," EDGE(
         "/b", LIST "[{\"id\":\"2\"},{\"id\":\"3\"}],\"left-out\":3")),
     ASK("\"command\":\"stream list\",\"partner\":\"xn--bcher-kva.test\""),
     "{\"left-out\":5,\"silent\":[\"/c\"],\"streams\":[{\"edge\":\"/a\",\"id\":\"1\"},"
     "{\"edge\":\"/b\",\"id\":\"2\"},{\"edge\":\"/b\",\"id\":\"3\"}]}"},
    {"no domain", "stream list", "{\"partner\":\"a b\"}", NULL, NULL,
     "partner is not a valid domain name (IDNA 2008).", 400},
    {"no direction", "stream list", "{\"direction\":\"up\"}", NULL, NULL,
     "direction must be one of inbound|outbound.", 400},
    {"silence", "stream list", "{}", NULL, ASK("\"command\":\"stream list\""), "Silence.", 504},
    {"silent edges", "stream list", "{}", EDGES(""), ASK("\"command\":\"stream list\""),
     "No edge gave an answer in time; try again, or look at their logs.", 504},
    {"no edge", "stream list", "{}", "{\"ok\":false,\"status\":503,\"sentence\":\"No edge.\"}",
     ASK("\"command\":\"stream list\""), "No edge.", 503},
    {"an edge that cannot", "stream list", "{}",
     EDGES(EDGE("/a", LIST "[]") "," EDGE("/b",
                                          "\"ok\":false,\"status\":400,\"sentence\":\"Unknown.\"")),
     ASK("\"command\":\"stream list\""), "Unknown.", 400},
    {"no answer of ours", "stream list", "{}", "{\"ok\":true}", ASK("\"command\":\"stream list\""),
     "The gateway's answer cannot be read.", 500},
    {"an older gateway's refusal", "stream list", "{}",
     "{\"ok\":false,\"error\":\"unknown command\"}", ASK("\"command\":\"stream list\""),
     "The answer cannot be read.", 500},
    {"no list", "stream list", "{}", EDGES(EDGE("/a", LIST "{}")),
     ASK("\"command\":\"stream list\""), "An edge's answer cannot be read.", 500},
    {"list of no objects", "stream list", "{}", EDGES(EDGE("/a", LIST "[1]")),
     ASK("\"command\":\"stream list\""), "An edge's answer cannot be read.", 500},
    {"one edge has it", "stream show", "{\"id\":\"1\"}",
     EDGES(EDGE("/a", NOT_FOUND) "," EDGE("/b", "\"ok\":true,\"stream\":{\"id\":\"1\"}")),
     ASK("\"command\":\"stream show\",\"id\":\"1\""),
     "{\"stream\":{\"edge\":\"/b\",\"id\":\"1\"}}"},
    {"no edge has it", "stream show", "{\"id\":\"1\"}", EDGES(EDGE("/a", NOT_FOUND)),
     ASK("\"command\":\"stream show\",\"id\":\"1\""), "None.", 404},
    {"no stream in it", "stream show", "{\"id\":\"1\"}", EDGES(EDGE("/a", "\"ok\":true")),
     ASK("\"command\":\"stream show\",\"id\":\"1\""), "An edge's answer cannot be read.", 500},
    {"closed at two", "stream close", "{\"partner\":\"a.test\"}",
     EDGES(EDGE("/a", "\"ok\":true,\"closed\":1") "," EDGE("/b", "\"ok\":true,\"closed\":2")),
     ASK("\"command\":\"stream close\",\"partner\":\"a.test\""), "{\"closed\":3}"},
    {"close which", "stream close", "{}", NULL, NULL, "Say which streams: one's id, or --partner.",
     400},
    {"attempts in order", "partner diagnose", "{\"domain\":\"A.test\",\"limit\":3}",
     EDGES(EDGE("/a", ATTEMPTS "[{\"at\":\"3\",\"id\":\"n\"},{\"at\":\"3\",\"id\":\"m\"},"
                               "{\"at\":\"1\"}]") "," EDGE("/b", ATTEMPTS "[{\"at\":\"2\"}]")),
     ASK("\"command\":\"attempts\",\"domain\":\"a.test\",\"limit\":3"),
     "{\"attempts\":[{\"at\":\"2\",\"edge\":\"/b\"},{\"at\":\"3\",\"edge\":\"/a\",\"id\":\"m\"},"
     "{\"at\":\"3\",\"edge\":\"/a\",\"id\":\"n\"}],\"domain\":\"a.test\",\"silent\":[\"/c\"]}"},
    {"states of two edges", "partner states", "{\"limit\":10}",
     EDGES(EDGE(
         "/a",
         "\"ok\":true,\"left-out\":1,\"partners\":[" STATE("b.test", "1,\"outbound\":2", "\"SASL over TLS\"", "null") "," STATE(
             "a.test", "0,\"outbound\":0", "",
             "{\"at\":\"1\"}") "]") "," EDGE("/b",
                                             "\"ok\":true,\"left-out\":0,\"partners\":[" STATE(
                                                 "b.test", "1,\"outbound\":0",
                                                 "\"SASL over TLS\",\"TLS dialback\"",
                                                 "{\"at\":\"2\"}") "," STATE("a.test",
                                                                             "0,\"outbound\":0", "",
                                                                             "{\"at\":\"3\"}") "]")),
     ASK("\"command\":\"partner states\""),
     "{\"left-out\":1,\"next\":null,\"silent\":[\"/c\"],\"states\":["
     "{\"failure\":{\"at\":\"3\",\"edge\":\"/b\"},\"inbound\":0,\"methods\":[],\"outbound\":0,"
     "\"partner\":\"a.test\",\"pending\":2},"
     "{\"failure\":{\"at\":\"2\",\"edge\":\"/b\"},\"inbound\":2,"
     "\"methods\":[\"SASL over TLS\",\"TLS dialback\"],\"outbound\":2,"
     "\"partner\":\"b.test\",\"pending\":2}]}"},
    {"states of an older edge", "partner states", "{}", EDGES(EDGE("/a", "\"ok\":true")),
     ASK("\"command\":\"partner states\""), "An edge's answer cannot be read.", 500},
    {"no attempts", "partner diagnose", "{\"domain\":\"a.test\"}", EDGES(EDGE("/a", ATTEMPTS "[]")),
     ASK("\"command\":\"attempts\",\"domain\":\"a.test\",\"limit\":50"),
     "{\"attempts\":[],\"domain\":\"a.test\",\"silent\":[\"/c\"]}"},
    {"too many", "partner diagnose", "{\"domain\":\"a.test\",\"limit\":51}", NULL, NULL,
     "limit must be a number from 1 to 50.", 400},
    {"test as it is", "test partner", "{\"domain\":\"a.test\"}",
     EDGES(EDGE("/a", "\"ok\":true,\"passed\":false,\"attempt\":{}")), ASK_TEST(""),
     "{\"attempt\":{},\"edge\":\"/a\",\"passed\":false}"},
    {"test with changes", "test partner",
     "{\"domain\":\"a.test\",\"with\":{\"tls\":\"optional\",\"dialback\":false}}",
     EDGES(EDGE("/a", "\"ok\":true,\"passed\":true,\"attempt\":{}")),
     ASK_TEST("\"dialback\":false,\"tls\":\"Optional\""),
     "{\"attempt\":{},\"edge\":\"/a\",\"passed\":true}"},
    {"test for another domain of ours", "test partner",
     "{\"domain\":\"a.test\",\"local\":\"CONTOSO.test\"}",
     EDGES(EDGE("/a", "\"ok\":true,\"passed\":true,\"attempt\":{}")),
     "{\"command\":\"ask\",\"in\":{\"command\":\"test partner\",\"domain\":\"a.test\","
     "\"local\":\"contoso.test\",\"with\":{}},\"pick\":\"contoso.test a.test\","
     "\"timeout-s\":120}",
     "{\"attempt\":{},\"edge\":\"/a\",\"passed\":true}"},
    {"test for no domain", "test partner", "{\"domain\":\"a.test\",\"local\":\"a b\"}", NULL, NULL,
     "local is not a valid domain name (IDNA 2008).", 400},
    {"test with what would be refused", "test partner",
     "{\"domain\":\"a.test\",\"with\":{\"tls\":\"NotSupported\"}}", NULL, NULL,
     "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported", 400, "with/tls"},
    {"test with another field", "test partner",
     "{\"domain\":\"a.test\",\"with\":{\"enabled\":true}}", NULL, NULL,
     "with takes tls|sasl|dialback|proxy-fqdn|trust-anchor|pinned-keys, and no \"enabled\".", 400,
     "with/enabled"},
    {"test with a wrong type", "test partner",
     "{\"domain\":\"a.test\",\"with\":{\"dialback\":\"true\"}}", NULL, NULL,
     "dialback must be true or false.", 400, "with/dialback"},
    {"test with text", "test partner", "{\"domain\":\"a.test\",\"with\":\"tls\"}", NULL, NULL,
     "with must be an object of a partner's fields.", 400},
    {"test of a stranger", "test partner", "{\"domain\":\"x.test\"}", NULL, NULL,
     "There is no partner x.test.", 404},
    {"test that the edge refuses", "test partner", "{\"domain\":\"a.test\"}",
     EDGES(EDGE("/a", "\"ok\":false,\"status\":409,\"sentence\":\"Later.\"")), ASK_TEST(""),
     "Later.", 409},
    {"test without an end", "test partner", "{\"domain\":\"a.test\"}", EDGES(""), ASK_TEST(""),
     "The edge gave no answer in time.", 504},
    {"test without an attempt", "test partner", "{\"domain\":\"a.test\"}",
     EDGES(EDGE("/a", "\"ok\":true,\"passed\":true")), ASK_TEST(""),
     "The edge's answer cannot be read.", 500},
    {"message", "test im", ALICE,
     "{\"ok\":true,\"result\":\"delivered\",\"reason\":\"\",\"sentence\":\"\",\"latency-ms\":3}",
     ASK_IM, "{\"latency-ms\":3,\"reason\":\"\",\"result\":\"delivered\",\"sentence\":\"\"}"},
    {"message without a sender", "test im", "{\"to\":\"juliet@a.test\"}", NULL, NULL,
     "from must be given.", 400},
    {"message without a result", "test im", ALICE, "{\"ok\":true}", ASK_IM,
     "The gateway's answer cannot be read.", 500},
    {"certificates", "certificate list", "{}",
     EDGES(
         EDGE("/a", "\"ok\":true,\"certificates\":[{\"file\":\"x\"}],\"uncovered\":[\"u\"]") "," EDGE(
             "/b", "\"ok\":true,\"certificates\":[],\"uncovered\":[\"u\",\"v\"]")),
     ASK("\"command\":\"certificate list\""),
     "{\"certificates\":[{\"edge\":\"/a\",\"file\":\"x\"}],\"silent\":[\"/c\"],"
     "\"uncovered\":[\"u\",\"v\"]}"},
    {"reload", "certificate reload", "{}",
     EDGES(EDGE("/a", "\"ok\":true,\"certificates\":[{\"file\":\"x\"}]")),
     ASK("\"command\":\"certificate reload\""),
     "{\"reloaded\":[{\"edge\":\"/a\",\"file\":\"x\"}],\"silent\":[\"/c\"]}"},
    {"door", "door list", "{}",
     EDGES(EDGE("/a", "\"ok\":true,\"addresses\":[{\"address\":\"192.0.2.1\"}]")),
     ASK("\"command\":\"door list\""),
     "{\"addresses\":[{\"address\":\"192.0.2.1\",\"edge\":\"/a\"}],\"left-out\":0,"
     "\"silent\":[\"/c\"]}"},
    {"door lift", "door lift", "{\"address\":\"192.0.2.1\"}",
     EDGES(EDGE("/a", "\"ok\":true,\"lifted\":true")),
     ASK("\"address\":\"192.0.2.1\",\"command\":\"door lift\""),
     "{\"edges\":[{\"edge\":\"/a\",\"lifted\":true}],\"silent\":[\"/c\"]}"},
};

static void check(struct fixture *f, const struct row *row)
{
    const struct cw_api_problem *problem = &f->problem;
    gateway_answer = row->answer;
    asked = NULL;
    json_t *answer = run(f, row->command, row->arguments);
    char *text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
    if (!row->asked != !asked || (asked && strcmp(asked, row->asked) != 0))
        fail_msg("%s: asked %s", row->name, asked ? asked : "nobody");
    if (row->status == 0 && (!text || strcmp(text, row->result) != 0))
        fail_msg("%s: %s, %.*s", row->name, text ? text : "", CW_ARG(problem->sentence));
    if (row->status != 0 &&
        (text || problem->status != row->status || !cw_str_eq_cstr(problem->sentence, row->result)))
        fail_msg("%s: %s, %d %.*s", row->name, text ? text : "", problem->status,
                 CW_ARG(problem->sentence));
    if (row->field && strcmp(problem->field, row->field) != 0)
        fail_msg("%s: %s", row->name, problem->field);
    free(text);
    free(asked);
    json_decref(answer);
}

static void test_rows(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    f->call.ask = gateway;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(f, &rows[i]);
}

static void test_nobody_to_ask(void **state)
{
    struct fixture *f = *state;
    static const struct row row = {
        "nobody", "stream list", "{}", NULL, NULL, "The gateway is not running on this machine.",
        503};
    check(f, &row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_to_ask, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
