/* The table of commands as REST: status, entity tags, problems, and lists in parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/rest.h"
#include "conf/file.h"
#include "fixture.h"

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

/* docs/api.md tells each row, and no other. */
static void test_documented(void **state)
{
    struct cw_arena arena = {0};
    struct cw_buf page = {0};
    size_t n = 0;
    (void)state;
    assert_int_equal(cw_file_read(CW_API_PAGE, 1 << 20, &page), CW_OK);
    struct cw_str text = cw_buf_str(&page);
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        struct cw_str line = cw_arena_printf(&arena, "| %s | `%s %s` |\n", command->name,
                                             command->method, command->path);
        if (cw_str_find(text, line) < 0)
            fail_msg("docs/api.md lacks %.*s", CW_ARG(line));
    }
    for (ptrdiff_t at = 0; (at = cw_str_find(text, CW_S(" | `"))) >= 0; n++)
        text = cw_str_sub(text, (size_t)at + 1, text.n);
    assert_int_equal(n, cw_api_n_commands());
    cw_buf_free(&page);
    cw_arena_free(&arena);
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
        {"nothing was there", "partner put", "{\"domain\":\"a.test\",\"if-version\":0}", 412, "",
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
    assert_page(f, "{\"limit\":1,\"match\":\"E.test\"}", "[\"e.test\"]", "null");
    assert_page(f, "{\"limit\":1,\"match\":\"a.test\"}", "[\"a.test\"]", "null");
    assert_page(f, "{\"limit\":4,\"match\":\"test\"}",
                "[\"a.test\",\"b.test\",\"c.test\",\"d.test\"]", "\"d.test\"");
    assert_page(f, "{\"limit\":1,\"match\":\"x\"}", "[]", "null");
    assert_page(f, "{\"cursor\":\"d.test\"}", "[\"e.test\"]", "null");
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

/* One item at a time leads through each list, and no item has another's name. */
static void test_every_list(void **state)
{
    static const struct {
        const char *command;
        size_t n;
    } lists[] = {
        {"partner list", 3}, {"contact list", 3}, {"contact blocks", 3}, {"access list", 3}};
    struct fixture *f = *state;
    json_decref(must(f, "partner new", "{\"domain\":\"a.test\"}"));
    json_decref(must(f, "partner new", "{\"domain\":\"b.test\"}"));
    json_decref(must(f, "partner new", "{\"domain\":\"c.test\"}"));
    json_decref(must(f, "access set", "{\"xmpp\":true}"));
    json_decref(must(f, "access set", "{\"domain\":\"contoso.test\",\"xmpp\":true}"));
    json_decref(must(f, "contact block", "{\"user\":\"u@contoso.test\",\"address\":\"w.test\"}"));
    json_decref(must(f, "access set", "{\"user\":\"u@contoso.test\",\"xmpp\":true}"));
    json_decref(must(f, "contact block", "{\"user\":\"u@contoso.test\",\"address\":\"x.test\"}"));
    json_decref(must(f, "contact block", "{\"user\":\"v@contoso.test\",\"address\":\"x.test\"}"));
    for (const char *const *c = (const char *const[]){"x@a.test", "y@a.test", "z@b.test", NULL}; *c;
         c++)
        assert_int_equal(cw_store_contact_add(f->store, CW_S("u@contoso.test"), cw_str_of(*c), 1),
                         CW_OK);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const char *list = cw_api_find(cw_str_of(lists[i].command))->list;
        json_t *in = json_pack("{s:i}", "limit", 1), *next;
        size_t n = 0;
        do {
            char *arguments = json_dumps(in, 0);
            json_t *answer = must(f, lists[i].command, arguments);
            assert_int_equal(json_array_size(json_object_get(answer, list)), 1);
            next = json_incref(json_object_get(answer, "next"));
            json_object_set(in, "cursor", next);
            free(arguments);
            json_decref(answer);
            json_decref(next);
            n++;
        } while (json_is_string(json_object_get(in, "cursor")) && n < 9);
        if (n != lists[i].n)
            fail_msg("%s: %zu parts", lists[i].command, n);
        json_decref(in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_and_back),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_documented),
        cmocka_unit_test_setup_teardown(test_status, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put, setup, teardown),
        cmocka_unit_test(test_problem),
        cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_list, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
