/* The table of commands as REST: each row by its route and back, and every request that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/rest.h"
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
     .sentence = "partner list has no argument \"colour\" in the query."},
    {.name = "version in the query",
     .method = "DELETE",
     .path = "/partners/a.test",
     .query = "if-version=1",
     .status = 400,
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
    {.name = "tag 0",
     .method = "PATCH",
     .path = "/partners/a.test",
     .if_match = "\"0\"",
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

/* --- the table --------------------------------------------------------------------------------*/

static json_t *sample(const struct cw_api_arg *arg)
{
    switch (arg->type) {
    case CW_ARG_DOMAIN:
    case CW_ARG_TEXT:
    case CW_ARG_DOCUMENT:
    case CW_ARG_FILE:
    case CW_ARG_SECRET:
        return json_string("a b/\303\274&=%+?#.test");
    case CW_ARG_DOMAINS:
    case CW_ARG_TEXTS:
        return json_pack("[s,s]", "a/b", "c d");
    case CW_ARG_CHOICE:
        return json_stringn(arg->range, strcspn(arg->range, "|"));
    case CW_ARG_BOOL:
        return json_true();
    case CW_ARG_NUMBER:
        return json_integer(7);
    case CW_ARG_FIELDS:
        return json_pack("{s:s}", "tls", "Optional");
    }
    return NULL;
}

/* What the client says is what the server hears, for every row with all of its arguments. */
static void test_every_row_and_back(void **state)
{
    struct cw_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        json_t *in = json_object();
        struct cw_rest_request request;
        struct cw_rest_call call;
        struct cw_api_problem problem;
        struct cw_str allow;
        for (size_t k = 0; k < cw_api_n_args(command); k++) {
            struct cw_api_arg arg = cw_api_arg_at(command, k);
            json_object_set_new(in, arg.name, sample(&arg));
        }
        if (!cw_rest_request_of(&arena, command, in, command->changes, &request))
            fail_msg("%s: no request", command->name);
        if (!cw_rest_route(&arena, &request, &call, &problem, &allow))
            fail_msg("%s: %.*s", command->name, CW_ARG(problem.sentence));
        if (call.command != command || call.what_if != command->changes || !json_equal(call.in, in))
            fail_msg("%s: became %s %s", command->name, call.command->name, json_dumps(call.in, 0));
        json_decref(call.in);
        json_decref(in);
    }
    cw_arena_free(&arena);
}

/* Each name, and each method at a path, once; what stands in braces is an argument that must be. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        bool reads = strcmp(command->method, "GET") == 0;
        if (reads && command->permission == CW_VIEWER ? command->changes : false)
            fail_msg("%s: GET changes", command->name);
        if (command->changes && reads)
            fail_msg("%s: GET changes", command->name);
        if (command->list && (!reads || !command->key))
            fail_msg("%s: a list is read, and its items have names", command->name);
        for (size_t k = 0; k < i; k++) {
            const struct cw_api_command *other = cw_api_command_at(k);
            if (strcmp(other->name, command->name) == 0 ||
                (strcmp(other->path, command->path) == 0 &&
                 strcmp(other->method, command->method) == 0))
                fail_msg("%s and %s", command->name, other->name);
        }
        for (const char *p = strchr(command->path, '{'); p; p = strchr(p + 1, '{')) {
            struct cw_api_arg arg;
            struct cw_str name = {p + 1, strcspn(p + 1, "}")};
            if (!cw_api_arg_find(command, name, &arg) || !arg.is_required)
                fail_msg("%s: %.*s is no argument that must be", command->name, CW_ARG(name));
        }
    }
}

/* --- answers ----------------------------------------------------------------------------------*/

static void assert_status(struct fixture *f, const struct cw_rest_request *request, int status,
                          const char *location, const char *etag)
{
    struct cw_rest_call call;
    struct cw_str allow, got_location, got_etag;
    if (!cw_rest_route(&f->arena, request, &call, &f->problem, &allow))
        fail_msg("%.*s", CW_ARG(f->problem.sentence));
    f->call.what_if = call.what_if;
    json_t *answer = cw_api_run(call.command, &f->call, call.in, &f->problem);
    if (!answer)
        fail_msg("%.*s", CW_ARG(f->problem.sentence));
    assert_int_equal(cw_rest_status(&f->arena, &call, answer, &got_location, &got_etag), status);
    if (!cw_str_eq(got_location, cw_str_of(location)) || !cw_str_eq(got_etag, cw_str_of(etag)))
        fail_msg("%.*s %.*s: Location \"%.*s\", ETag %.*s", CW_ARG(request->method),
                 CW_ARG(request->path), CW_ARG(got_location), CW_ARG(got_etag));
    json_decref(answer);
    json_decref(call.in);
}

#define ASK(m, p, ...) \
    (&(struct cw_rest_request){.method = CW_STR(m), .path = CW_STR(p), __VA_ARGS__})
#define BODY(b)  .body = CW_STR(b)
#define MATCH(t) .if_match = CW_STR(t)
#define DRY_RUN  .query = CW_STR("dry_run=true")
#define A_TEST   "/api/v1/partners/a.test"

static void test_status(void **state)
{
    struct fixture *f = *state;
    assert_status(f, ASK("POST", "/partners", BODY("{\"domain\":\"a.test\"}"), DRY_RUN), 200, NULL,
                  NULL);
    assert_status(f, ASK("POST", "/partners", BODY("{\"domain\":\"a.test\"}")), 201, A_TEST,
                  "\"1\"");
    assert_status(f, ASK("GET", "/partners/a.test"), 200, NULL, "\"1\"");
    assert_status(f, ASK("GET", "/partners"), 200, NULL, NULL);
    assert_status(f,
                  ASK("PATCH", "/partners/a.test", MATCH("\"1\""), BODY("{\"sasl\":\"Optional\"}")),
                  200, NULL, "\"2\"");
    assert_status(f, ASK("PUT", "/partners/a.test", BODY("{}")), 200, NULL, "\"3\"");
    assert_status(f, ASK("PUT", "/partners/%62.test", BODY("{}")), 201, "/api/v1/partners/b.test",
                  "\"1\"");
    assert_status(f, ASK("POST", "/partners/a.test/disable", MATCH("\"3\"")), 200, NULL, "\"4\"");
    assert_status(f, ASK("DELETE", "/partners/a.test", MATCH("\"4\"")), 200, NULL, NULL);
    assert_status(f, ASK("GET", "/settings"), 200, NULL, "\"1\"");
    assert_status(f, ASK("PATCH", "/settings", BODY("{\"stanza-rate\":7}")), 200, NULL, "\"2\"");
    assert_status(f, ASK("GET", "/settings"), 200, NULL, "\"2\"");
}

static void test_put(void **state)
{
    struct fixture *f = *state;
    json_decref(must(f, "partner put", "{\"domain\":\"a.test\",\"description\":\"x\"}"));
    json_t *answer = must(f, "partner put", "{\"domain\":\"a.test\",\"tls\":\"Optional\"}");
    const json_t *after = json_object_get(answer, "after");
    assert_json(json_object_get(after, "description"), "\"\"");
    assert_json(json_object_get(after, "tls"), "\"Optional\"");
    json_decref(answer);
    static const struct refusal_row refusals[] = {
        {"must exist", "partner put", "{\"domain\":\"b.test\",\"must-exist\":true}", 412, "domain",
         "There is no partner b.test."},
        {"is gone", "partner put", "{\"domain\":\"b.test\",\"if-version\":1}", 412, "domain",
         "There is no partner b.test."},
        {"stale", "partner put", "{\"domain\":\"a.test\",\"if-version\":1}", 412, "",
         "The partner a.test was changed by somebody else meanwhile; look at it again, then repeat "
         "the change."},
        {"checked", "partner put", "{\"domain\":\"c.test\",\"tls\":\"NotSupported\"}", 400, "tls",
         "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported"},
        {"settings meanwhile", "settings set", "{\"stanza-rate\":1,\"if-version\":9}", 412, "",
         "The settings were changed by somebody else meanwhile; look at them again, then repeat "
         "the change."},
        {"no setting", "settings set", "{\"if-version\":1}", 400, "",
         "Give at least one setting to change."},
    };
    assert_refusals(f, refusals, sizeof(refusals) / sizeof(refusals[0]));
    assert_null(run(f, "partner remove", "{\"domain\":\"a.test\",\"if-version\":9}"));
    assert_int_equal(f->problem.status, 412);
    assert_true(cw_str_eq_cstr(f->problem.changed_by, "test"));
    assert_true(f->problem.changed_at > 1700000000);
}

static void test_problem(void **state)
{
    struct cw_api_problem problem = {.status = 412,
                                     .field = "sasl",
                                     .sentence = CW_STR("Changed."),
                                     .changed_by = CW_STR("anna"),
                                     .changed_at = 1795359600};
    (void)state;
    json_t *answer = cw_rest_problem(&problem);
    assert_json(answer,
                "{\"type\":\"about:blank\",\"title\":\"Precondition Failed\",\"status\":412,"
                "\"detail\":\"Changed.\",\"field\":\"/sasl\","
                "\"conflict\":{\"who\":\"anna\",\"at\":\"2026-11-22T15:00:00Z\"}}");
    json_decref(answer);
    answer = cw_rest_problem(&(struct cw_api_problem){.status = 404, .field = ""});
    assert_json(answer, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                        "\"detail\":\"\"}");
    json_decref(answer);
}

/* --- lists in parts ---------------------------------------------------------------------------*/

static void assert_page(struct fixture *f, const char *arguments, const char *domains,
                        const char *next)
{
    json_t *answer = must(f, "partner list", arguments), *got = json_array(), *partner;
    size_t i;
    json_array_foreach(json_object_get(answer, "partners"), i, partner)
        json_array_append(got, json_object_get(partner, "domain"));
    assert_json(got, domains);
    assert_json(json_object_get(answer, "next"), next);
    json_decref(got);
    json_decref(answer);
}

static void test_pages(void **state)
{
    struct fixture *f = *state;
    for (char c = 'a'; c <= 'e'; c++) {
        char in[64];
        snprintf(in, sizeof(in), "{\"domain\":\"%c.test\"}", c);
        json_decref(must(f, "partner new", in));
    }
    assert_page(f, "{\"limit\":2}", "[\"a.test\",\"b.test\"]", "\"b.test\"");
    assert_page(f, "{\"limit\":2,\"cursor\":\"b.test\"}", "[\"c.test\",\"d.test\"]", "\"d.test\"");
    assert_page(f, "{\"limit\":2,\"cursor\":\"d.test\"}", "[\"e.test\"]", "null");
    assert_page(f, "{\"limit\":5}", "[\"a.test\",\"b.test\",\"c.test\",\"d.test\",\"e.test\"]",
                "null");
    assert_page(f, "{\"limit\":2,\"cursor\":\"z\"}", "[]", "null");
    json_decref(must(f, "partner remove", "{\"domain\":\"b.test\"}"));
    assert_page(f, "{\"limit\":2,\"cursor\":\"b.test\"}", "[\"c.test\",\"d.test\"]", "\"d.test\"");
    static const struct refusal_row refusals[] = {
        {"none", "partner list", "{\"limit\":0}", 400, "limit",
         "limit must be a number from 1 to 1000."},
        {"too many", "contact list", "{\"limit\":1001}", 400, "limit",
         "limit must be a number from 1 to 1000."},
    };
    assert_refusals(f, refusals, sizeof(refusals) / sizeof(refusals[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_every_row_and_back),
        cmocka_unit_test(test_table),
        cmocka_unit_test_setup_teardown(test_status, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put, setup, teardown),
        cmocka_unit_test(test_problem),
        cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
