/* The OpenAPI document against the table it is made of, and against the form that readers expect.
 * Called with a file's name it writes the document there, for validators. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/api.h"
#include "api/openapi.h"

static int setup_document(void **state)
{
    *state = cw_openapi();
    return *state ? 0 : 1;
}

static int teardown_document(void **state)
{
    json_decref(*state);
    return 0;
}

/* "#/components/parameters/DryRun" */
static const json_t *resolve(const json_t *document, const char *reference)
{
    char step[64];
    const json_t *at = document;
    int n = 0;
    if (strncmp(reference, "#/", 2) != 0)
        return NULL;
    for (const char *p = reference + 2; at && sscanf(p, "%63[^/]%n", step, &n) == 1;) {
        at = json_object_get(at, step);
        p += n;
        if (*p++ == 0)
            break;
    }
    return at;
}

static void check_references(const json_t *document, json_t *at, size_t *n)
{
    const char *name;
    json_t *value;
    size_t i;
    json_array_foreach(at, i, value) check_references(document, value, n);
    json_object_foreach(at, name, value)
    {
        if (strcmp(name, "$ref") == 0) {
            ++*n;
            if (!resolve(document, json_string_value(value)))
                fail_msg("%s leads nowhere", json_string_value(value));
        }
        check_references(document, value, n);
    }
}

static void test_references(void **state)
{
    size_t n = 0;
    check_references(*state, *state, &n);
    assert_true(n > 50);
}

static const json_t *operation_of(const json_t *document, const struct cw_api_command *command)
{
    char method[8] = "";
    for (size_t i = 0; command->method[i] && i < sizeof(method) - 1; i++)
        method[i] = (char)(command->method[i] | 0x20);
    const json_t *paths = json_object_get(document, "paths");
    return json_object_get(json_object_get(paths, command->path), method);
}

static const json_t *named(const json_t *parameters, const char *name)
{
    size_t i;
    json_t *parameter;
    json_array_foreach((json_t *)(uintptr_t)parameters, i, parameter)
    {
        const char *other = json_string_value(json_object_get(parameter, "name"));
        if (other && strcmp(other, name) == 0)
            return parameter;
    }
    return NULL;
}

static bool has_reference(const json_t *parameters, const char *reference)
{
    size_t i;
    json_t *parameter;
    bool found = false;
    json_array_foreach((json_t *)(uintptr_t)parameters, i, parameter)
    {
        const char *other = json_string_value(json_object_get(parameter, "$ref"));
        found = found || (other && strcmp(other, reference) == 0);
    }
    return found;
}

static void check_argument(const struct cw_api_command *command, const json_t *operation,
                           const struct cw_api_arg *arg)
{
    char braced[64];
    const json_t *parameters = json_object_get(operation, "parameters");
    const json_t *body = json_object_get(
        json_object_get(json_object_get(json_object_get(operation, "requestBody"), "content"),
                        "application/json"),
        "schema");
    const json_t *property = json_object_get(json_object_get(body, "properties"), arg->name);
    const json_t *parameter = named(parameters, arg->name);
    snprintf(braced, sizeof(braced), "{%s}", arg->name);
    bool in_path = strstr(command->path, braced) != NULL;
    if (strcmp(arg->name, "if-version") == 0) {
        if (!has_reference(parameters, "#/components/parameters/IfMatch"))
            fail_msg("%s: no If-Match", command->name);
        return;
    }
    if (!parameter == !property)
        fail_msg("%s: %s is in the query and in the body, or in neither", command->name, arg->name);
    if (in_path &&
        (!parameter || strcmp(json_string_value(json_object_get(parameter, "in")), "path") != 0 ||
         !json_is_true(json_object_get(parameter, "required"))))
        fail_msg("%s: %s must be in the path", command->name, arg->name);
    const json_t *schema = parameter ? json_object_get(parameter, "schema") : property;
    if (!json_object_get(schema, "type") && !json_object_get(schema, "anyOf"))
        fail_msg("%s: %s has no schema", command->name, arg->name);
}

static void test_operations(void **state)
{
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        const json_t *operation = operation_of(*state, command);
        if (!operation)
            fail_msg("%s is missing", command->name);
        const json_t *responses = json_object_get(operation, "responses");
        const json_t *parameters = json_object_get(operation, "parameters");
        assert_string_equal(json_string_value(json_object_get(operation, "summary")),
                            command->summary);
        assert_non_null(json_object_get(responses, "200"));
        assert_non_null(json_object_get(responses, "default"));
        assert_int_equal(json_object_get(responses, "201") != NULL, command->creates != NULL);
        assert_int_equal(has_reference(parameters, "#/components/parameters/DryRun"),
                         command->changes);
        assert_int_equal(json_object_get(responses, "412") != NULL,
                         has_reference(parameters, "#/components/parameters/IfMatch"));
        for (size_t k = 0; k < cw_api_n_args(command); k++) {
            struct cw_api_arg arg = cw_api_arg_at(command, k);
            check_argument(command, operation, &arg);
        }
    }
}

static const json_t *at(const json_t *object, const char *a, const char *b, const char *c)
{
    return json_object_get(json_object_get(json_object_get(object, a), b), c);
}

/* Not one more than the table has, but what the panel itself has; and each is another. */
static void test_nothing_else(void **state)
{
    static const char *const own[] = {"session-show",     "session-sign-in", "session-sign-out",
                                      "session-password", "events",          "health-samples",
                                      "openapi",          "metrics"};
    const char *path, *method;
    json_t *item, *operation, *ids = json_object();
    json_object_foreach(json_object_get(*state, "paths"), path, item)
    {
        json_object_foreach(item, method, operation)
        {
            const char *id = json_string_value(json_object_get(operation, "operationId"));
            if (json_object_get(ids, id))
                fail_msg("%s is there twice", id);
            json_object_set_new(ids, id, json_true());
            assert_non_null(json_object_get(operation, "x-permission"));
            assert_non_null(json_object_get(operation, "security"));
        }
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!json_object_get(ids, own[i]))
            fail_msg("%s is missing", own[i]);
    assert_int_equal(json_object_size(ids), cw_api_n_commands() + sizeof own / sizeof *own);
    json_decref(ids);
}

/* Where the panel's own paths are, and who may ask. */
static void test_own(void **state)
{
    const json_t *paths = json_object_get(*state, "paths");
    const json_t *metrics = at(paths, "/metrics", "get", "servers");
    assert_string_equal(json_string_value(json_object_get(json_array_get(metrics, 0), "url")), "/");
    assert_int_equal(json_array_size(at(paths, "/session", "post", "security")), 0);
    const json_t *security = at(paths, "/session", "delete", "security");
    assert_int_equal(json_array_size(security), 1); /* no token signs out */
    assert_non_null(json_object_get(json_array_get(security, 0), "csrf"));
}

/* What reads needs no CSRF token; what changes does, beside a session and not beside a token. */
static void test_security(void **state)
{
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        const json_t *ways = json_object_get(operation_of(*state, command), "security");
        bool wants = json_object_get(json_array_get(ways, 0), "csrf") != NULL;
        assert_int_equal(json_array_size(ways), 2);
        assert_int_equal(wants, strcmp(command->method, "GET") != 0);
        assert_int_equal(json_object_size(json_array_get(ways, 1)), 1);
    }
}

static void assert_schema(const json_t *document, const char *command, const char *name,
                          const char *expected)
{
    const json_t *operation = operation_of(document, cw_api_find(cw_str_of(command)));
    const json_t *schema =
        json_object_get(named(json_object_get(operation, "parameters"), name), "schema");
    json_t *wanted = json_loads(expected, 0, NULL), *bare;
    if (!schema)
        schema = resolve(operation, "#/requestBody/content");
    if (json_object_get(schema, "application/json"))
        schema = json_object_get(
            json_object_get(json_object_get(json_object_get(schema, "application/json"), "schema"),
                            "properties"),
            name);
    bare = json_copy((json_t *)(uintptr_t)schema);
    json_object_del(bare, "description");
    if (!json_equal(bare, wanted))
        fail_msg("%s %s: %s", command, name, json_dumps(bare, JSON_ENCODE_ANY));
    json_decref(bare);
    json_decref(wanted);
}

static void test_schemas(void **state)
{
    assert_schema(*state, "partner new", "tls",
                  "{\"type\":\"string\",\"enum\":[\"Required\",\"Optional\",\"NotSupported\"]}");
    assert_schema(*state, "partner set", "connection-limit",
                  "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000},"
                  "{\"const\":0}]}");
    assert_schema(*state, "partner list", "limit",
                  "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000}");
    assert_schema(*state, "settings set", "keep-alive-interval",
                  "{\"type\":\"integer\",\"minimum\":10,\"maximum\":3600}");
    assert_schema(*state, "settings set", "stanza-rate",
                  "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000},"
                  "{\"const\":0}]}");
    assert_schema(*state, "settings set", "outbound-targets-refused",
                  "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
    assert_schema(*state, "settings set", "dane", "{\"type\":\"boolean\"}");
}

/* What is read has the fields that are written, in the form in which they are written; secrets are
 * not told. */
static void test_things(void **state)
{
    static const char form[] = "{\"type\":\"string\",\"description\":\"TLS on its streams\","
                               "\"enum\":[\"Required\",\"Optional\",\"NotSupported\"]}";
    const json_t *partner = resolve(*state, "#/components/schemas/Partner/properties");
    const json_t *settings = resolve(*state, "#/components/schemas/Settings/properties");
    json_t *wanted = json_loads(form, 0, NULL);
    assert_true(json_equal(json_object_get(partner, "tls"), wanted));
    assert_null(json_object_get(partner, "if-version"));
    assert_non_null(json_object_get(partner, "methods"));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(settings, "dialback-secret"), "type")),
        "string");
    json_decref(wanted);
}

/* Each row's answer is described: a thing, a list of things, or a change of one. */
static void test_answers(void **state)
{
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        if (!command->shows && !command->tells && strcmp(command->name, "audit restore") != 0)
            fail_msg("%s shows nothing", command->name);
        if (command->shows &&
            !json_object_get(resolve(*state, "#/components/schemas"), command->shows))
            fail_msg("%s shows %s, which is nothing", command->name, command->shows);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references),   cmocka_unit_test(test_operations),
        cmocka_unit_test(test_nothing_else), cmocka_unit_test(test_own),
        cmocka_unit_test(test_security),     cmocka_unit_test(test_schemas),
        cmocka_unit_test(test_things),       cmocka_unit_test(test_answers),
    };
    if (argc > 1) {
        json_t *document = cw_openapi();
        int status = json_dump_file(document, argv[1], JSON_INDENT(2));
        json_decref(document);
        return status ? 1 : 0;
    }
    return cmocka_run_group_tests(tests, setup_document, teardown_document);
}
