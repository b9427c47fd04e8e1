/* Requests to rows of the table of commands and back, and every request that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/rest.h"
#include "base/buf.h"
#include "fixture.h"

struct route_row {
    const char *name, *method, *path, *query, *body, *if_match;
    const char *command, *in; /* what it means */
    bool what_if;
    int status; /* or why it does not mean anything */
    const char *field, *sentence, *allow;
};

#define NOTHING "There is nothing at this path."
#define PATH    "The path is not well escaped, or no UTF-8."
#define QUERY   "The query must be NAME=VALUE, several apart by \"&\", escaped with %XX, in UTF-8."

static const struct route_row rows[] = {
    {.name = "list",
     .method = "GET",
     .path = "/partners",
     .command = "partner list",
     .in = "{\"limit\":100}"},
    {.name = "list in parts",
     .method = "GET",
     .path = "/partners",
     .query = "limit=5&cursor=a%20b&match=.test",
     .command = "partner list",
     .in = "{\"limit\":5,\"cursor\":\"a b\",\"match\":\".test\"}"},
    {.name = "HEAD",
     .method = "HEAD",
     .path = "/partners/a.test",
     .command = "partner get",
     .in = "{\"domain\":\"a.test\"}"},
    {.name = "escaped",
     .method = "GET",
     .path = "/partners/b%C3%BCcher.test",
     .command = "partner get",
     .in = "{\"domain\":\"b\303\274cher.test\"}"},
    {.name = "an escaped slash stays",
     .method = "GET",
     .path = "/partners/a%2Ftest",
     .command = "partner get",
     .in = "{\"domain\":\"a/test\"}"},
    {.name = "an escaped word",
     .method = "GET",
     .path = "/p%61rtners",
     .command = "partner list",
     .in = "{\"limit\":100}"},
    {.name = "an empty name",
     .method = "GET",
     .path = "/partners/",
     .command = "partner get",
     .in = "{\"domain\":\"\"}"},
    {.name = "plus in a path",
     .method = "GET",
     .path = "/streams/a+b",
     .command = "stream show",
     .in = "{\"id\":\"a+b\"}"},
    {.name = "plus in a query",
     .method = "GET",
     .path = "/contacts",
     .query = "user=a+b%2B@contoso.test",
     .command = "contact list",
     .in = "{\"user\":\"a b+@contoso.test\",\"limit\":100}"},
    {.name = "PATCH",
     .method = "PATCH",
     .path = "/partners/a.test",
     .body = "{\"tls\":\"Optional\"}",
     .if_match = "\"7\"",
     .command = "partner set",
     .in = "{\"domain\":\"a.test\",\"tls\":\"Optional\",\"if-version\":7}"},
    {.name = "tag of what is not there",
     .method = "PUT",
     .path = "/access",
     .body = "{\"xmpp\":false}",
     .if_match = "\"0\"",
     .command = "access set",
     .in = "{\"xmpp\":false,\"if-version\":0}"},
    {.name = "PUT of what there is",
     .method = "PUT",
     .path = "/partners/a.test",
     .body = "{}",
     .if_match = "*",
     .command = "partner put",
     .in = "{\"domain\":\"a.test\",\"must-exist\":true}"},
    {.name = "the same in path and body",
     .method = "PUT",
     .path = "/partners/a.test",
     .body = "{\"domain\":\"a.test\"}",
     .command = "partner put",
     .in = "{\"domain\":\"a.test\"}"},
    {.name = "any version",
     .method = "DELETE",
     .path = "/partners/a.test",
     .if_match = "*",
     .command = "partner remove",
     .in = "{\"domain\":\"a.test\"}"},
    {.name = "dry run",
     .method = "POST",
     .path = "/partners",
     .query = "dry_run=true",
     .body = "{\"domain\":\"a.test\"}",
     .command = "partner new",
     .in = "{\"domain\":\"a.test\"}",
     .what_if = true},
    {.name = "no dry run",
     .method = "POST",
     .path = "/partners",
     .query = "dry_run=false",
     .body = "{}",
     .command = "partner new",
     .in = "{}"},
    {.name = "no body",
     .method = "POST",
     .path = "/partners/a.test/enable",
     .command = "partner enable",
     .in = "{\"domain\":\"a.test\"}"},
    {.name = "typed",
     .method = "GET",
     .path = "/negotiation",
     .query = "tls=Required&sasl=Optional&dialback=false",
     .command = "negotiation preview",
     .in = "{\"tls\":\"Required\",\"sasl\":\"Optional\",\"dialback\":false}"},
    {.name = "of another type",
     .method = "GET",
     .path = "/negotiation",
     .query = "dialback=maybe",
     .command = "negotiation preview",
     .in = "{\"dialback\":\"maybe\"}"},
    {.name = "a word before an id",
     .method = "POST",
     .path = "/streams/close",
     .body = "{\"id\":\"x\"}",
     .command = "stream close",
     .in = "{\"id\":\"x\"}"},
    {.name = "DELETE by query",
     .method = "DELETE",
     .path = "/blocks",
     .query = "user=u@contoso.test&address=x.test",
     .command = "contact unblock",
     .in = "{\"user\":\"u@contoso.test\",\"address\":\"x.test\"}"},

    {.name = "nothing", .method = "GET", .path = "/colours", .status = 404, .sentence = NOTHING},
    {.name = "root", .method = "GET", .path = "", .status = 404, .sentence = NOTHING},
    {.name = "slash", .method = "GET", .path = "/", .status = 404, .sentence = NOTHING},
    {.name = "no slash", .method = "GET", .path = "partners", .status = 404, .sentence = NOTHING},
    {.name = "too long",
     .method = "GET",
     .path = "/partners/a.test/test/x",
     .status = 404,
     .sentence = NOTHING},
    {.name = "far too long",
     .method = "GET",
     .path = "/a/a/a/a/a/a/a/a/a/a",
     .status = 404,
     .sentence = NOTHING},
    {.name = "case", .method = "GET", .path = "/Partners", .status = 404, .sentence = NOTHING},
    {.name = "method",
     .method = "POST",
     .path = "/partners/a.test",
     .status = 405,
     .sentence = "This takes PATCH, PUT, GET, HEAD, DELETE.",
     .allow = "PATCH, PUT, GET, HEAD, DELETE"},
    {.name = "method in small letters",
     .method = "get",
     .path = "/streams",
     .status = 405,
     .sentence = "This takes GET, HEAD.",
     .allow = "GET, HEAD"},
    {.name = "a word is no id",
     .method = "GET",
     .path = "/streams/close",
     .status = 405,
     .sentence = "This takes POST.",
     .allow = "POST"},
    {.name = "NUL", .method = "GET", .path = "/partners/a%00", .status = 400, .sentence = PATH},
    {.name = "half an escape",
     .method = "GET",
     .path = "/partners/a%4",
     .status = 400,
     .sentence = PATH},
    {.name = "no escape",
     .method = "GET",
     .path = "/partners/a%zz",
     .status = 400,
     .sentence = PATH},
    {.name = "no UTF-8", .method = "GET", .path = "/partners/%C3", .status = 400, .sentence = PATH},
    {.name = "overlong",
     .method = "GET",
     .path = "/partners/%C0%AF",
     .status = 400,
     .sentence = PATH},
    {.name = "not escaped",
     .method = "GET",
     .path = "/partners/\303\274",
     .status = 400,
     .sentence = PATH},
    {.name = "query without value",
     .method = "GET",
     .path = "/partners",
     .query = "limit",
     .status = 400,
     .sentence = QUERY},
    {.name = "query without name",
     .method = "GET",
     .path = "/partners",
     .query = "=1",
     .status = 400,
     .sentence = QUERY},
    {.name = "query with a gap",
     .method = "GET",
     .path = "/partners",
     .query = "limit=1&&match=a",
     .status = 400,
     .sentence = QUERY},
    {.name = "query with NUL",
     .method = "GET",
     .path = "/partners",
     .query = "match=%00",
     .status = 400,
     .sentence = QUERY},
    {.name = "twice",
     .method = "GET",
     .path = "/partners",
     .query = "limit=1&limit=2",
     .status = 400,
     .field = "limit",
     .sentence = "limit is given twice."},
    {.name = "in path and query",
     .method = "GET",
     .path = "/partners/a.test",
     .query = "domain=b.test",
     .status = 400,
     .field = "domain",
     .sentence = "domain is given twice."},
    {.name = "unknown",
     .method = "GET",
     .path = "/partners",
     .query = "colour=1",
     .status = 400,
     .field = "colour",
     .sentence = "partner list has no argument \"colour\" in the query."},
    {.name = "version in the query",
     .method = "DELETE",
     .path = "/partners/a.test",
     .query = "if-version=1",
     .status = 400,
     .field = "if-version",
     .sentence = "partner remove has no argument \"if-version\" in the query."},
    {.name = "query of a body's",
     .method = "POST",
     .path = "/partners",
     .query = "domain=a.test",
     .status = 400,
     .sentence = "partner new takes nothing but dry_run in the query; say the rest in the body."},
    {.name = "dry run maybe",
     .method = "POST",
     .path = "/partners",
     .query = "dry_run=1",
     .status = 400,
     .field = "dry_run",
     .sentence = "dry_run must be true or false."},
    {.name = "dry run twice",
     .method = "POST",
     .path = "/partners",
     .query = "dry_run=true&dry_run=false",
     .status = 400,
     .field = "dry_run",
     .sentence = "dry_run is given twice."},
    {.name = "body of GET",
     .method = "GET",
     .path = "/partners",
     .body = "{}",
     .status = 400,
     .sentence = "GET takes no body."},
    {.name = "no JSON",
     .method = "POST",
     .path = "/partners",
     .body = "domain",
     .status = 400,
     .sentence = "The body is no JSON: '[' or '{' expected near 'domain' (line 1, column 6)."},
    {.name = "key twice",
     .method = "POST",
     .path = "/partners",
     .body = "{\"domain\":\"a\",\"domain\":\"b\"}",
     .status = 400,
     .sentence =
         "The body is no JSON: duplicate object key near '\"domain\"' (line 1, column 22)."},
    {.name = "key twice by escape",
     .method = "POST",
     .path = "/partners",
     .body = "{\"domain\":\"a\",\"\\u0064omain\":\"b\"}",
     .status = 400},
    {.name = "bytes behind", .method = "POST", .path = "/partners", .body = "{}x", .status = 400},
    {.name = "two documents", .method = "POST", .path = "/partners", .body = "{}{}", .status = 400},
    {.name = "BOM", .method = "POST", .path = "/partners", .body = "\357\273\277{}", .status = 400},
    {.name = "NUL in text",
     .method = "POST",
     .path = "/partners",
     .body = "{\"domain\":\"a\\u0000b\"}",
     .status = 400},
    {.name = "half a surrogate",
     .method = "POST",
     .path = "/partners",
     .body = "{\"domain\":\"\\ud800\"}",
     .status = 400},
    {.name = "no UTF-8 in text",
     .method = "POST",
     .path = "/partners",
     .body = "{\"domain\":\"\377\"}",
     .status = 400},
    {.name = "too deep",
     .method = "POST",
     .path = "/partners",
     .body = "{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}",
     .status = 400,
     .sentence = "The body is nested too deeply."},
    {.name = "a number out of range",
     .method = "POST",
     .path = "/partners",
     .body = "{\"connection-limit\":1e400}",
     .status = 400},
    {.name = "a number out of range of integers",
     .method = "POST",
     .path = "/partners",
     .body = "{\"connection-limit\":99999999999999999999}",
     .status = 400},
    {.name = "a list",
     .method = "POST",
     .path = "/partners",
     .body = "[]",
     .status = 400,
     .sentence = "The body must be a JSON object."},
    {.name = "another in the path",
     .method = "PATCH",
     .path = "/partners/a.test",
     .body = "{\"domain\":\"b.test\"}",
     .status = 400,
     .field = "domain",
     .sentence = "domain is another in the body than in the path."},
    {.name = "version in the body",
     .method = "PATCH",
     .path = "/partners/a.test",
     .body = "{\"if-version\":1}",
     .status = 400,
     .sentence = "Say the version with the header If-Match."},
    {.name = "weak tag",
     .method = "PATCH",
     .path = "/partners/a.test",
     .if_match = "W/\"7\"",
     .status = 412,
     .sentence = "That entity tag is none that was given out here."},
    {.name = "another's tag",
     .method = "PATCH",
     .path = "/partners/a.test",
     .if_match = "\"x\"",
     .status = 412,
     .sentence = "That entity tag is none that was given out here."},
    {.name = "two tags",
     .method = "PATCH",
     .path = "/partners/a.test",
     .if_match = "\"1\", \"2\"",
     .status = 400,
     .sentence = "If-Match must be one entity tag in quotes, or *."},
    {.name = "no tag",
     .method = "PATCH",
     .path = "/partners/a.test",
     .if_match = "7",
     .status = 400,
     .sentence = "If-Match must be one entity tag in quotes, or *."},
    {.name = "nothing to compare",
     .method = "POST",
     .path = "/partners",
     .if_match = "\"1\"",
     .status = 400,
     .sentence = "There is no version here for If-Match to compare."},
};

static void check_refused(const struct route_row *row, const struct cw_api_problem *problem,
                          struct cw_str allow)
{
    const char *field = row->field ? row->field : "";
    if (problem->status != row->status || strcmp(problem->field, field) != 0 ||
        (row->sentence && !cw_str_eq_cstr(problem->sentence, row->sentence)) ||
        !cw_str_eq_cstr(allow, row->allow ? row->allow : ""))
        fail_msg("%s: %d [%s] \"%.*s\" allow \"%.*s\"", row->name, problem->status, problem->field,
                 CW_ARG(problem->sentence), CW_ARG(allow));
}

static void check_route(struct cw_arena *arena, const struct route_row *row)
{
    struct cw_rest_request request = {
        cw_str_of(row->method), cw_str_of(row->path), cw_str_of(row->query ? row->query : ""),
        cw_str_of(row->body ? row->body : ""), cw_str_of(row->if_match)};
    struct cw_rest_call call;
    struct cw_api_problem problem;
    struct cw_str allow;
    bool found = cw_rest_route(arena, &request, &call, &problem, &allow);
    if (!found && row->command)
        fail_msg("%s: %.*s", row->name, CW_ARG(problem.sentence));
    if (!found) {
        assert_null(call.in);
        check_refused(row, &problem, allow);
        return;
    }
    if (!row->command || strcmp(call.command->name, row->command) != 0 ||
        call.what_if != row->what_if)
        fail_msg("%s: taken as %s", row->name, call.command->name);
    assert_json(call.in, row->in);
    json_decref(call.in);
}

static void test_routes(void **state)
{
    struct cw_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_route(&arena, &rows[i]);
    cw_arena_free(&arena);
}

/* Refused before anything is built of it. */
static void test_very_deep(void **state)
{
    struct cw_arena arena = {0};
    struct cw_buf body = {0};
    (void)state;
    cw_buf_putcstr(&body, "{\"a\":");
    for (int i = 0; i < 100000; i++)
        cw_buf_putc(&body, '[');
    char *text = cw_strdup(cw_buf_str(&body));
    check_route(&arena, &(struct route_row){.name = "100,000 deep",
                                            .method = "POST",
                                            .path = "/partners",
                                            .body = text,
                                            .status = 400,
                                            .sentence = "The body is nested too deeply."});
    cw_free(text);
    cw_buf_free(&body);
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_very_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
