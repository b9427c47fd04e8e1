/* The API described for programs (OpenAPI 3.1, whose schemas are JSON Schema 2020-12).  Each row of
 * the table is one operation; what a row does not say is not said here either. */
#include "api/openapi.h"

#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/openapi_priv.h"
#include "api/rest.h"
#include "api/rest_priv.h"

/* --- what a request holds ---------------------------------------------------------------------*/

static bool is_in_path(const struct cw_api_command *command, const char *name)
{
    char braced[64];
    snprintf(braced, sizeof(braced), "{%s}", name);
    return strstr(command->path, braced) != NULL;
}

static json_t *parameter(const struct cw_api_command *command, const struct cw_api_arg *arg)
{
    bool in_path = is_in_path(command, arg->name);
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(arg->name));
    json_object_set_new(object, "in", json_string(in_path ? "path" : "query"));
    json_object_set_new(object, "description", json_string(arg->help));
    json_object_set_new(object, "required", json_boolean(in_path || arg->is_required));
    json_object_set_new(object, "schema", cw_openapi_schema(command, arg));
    return object;
}

static json_t *parameters(const struct cw_api_command *command)
{
    json_t *list = json_array();
    for (size_t i = 0; i < cw_api_n_args(command); i++) {
        struct cw_api_arg arg = cw_api_arg_at(command, i);
        if (strcmp(arg.name, "if-version") == 0)
            json_array_append_new(list, cw_openapi_reference("parameters", CW_S("IfMatch")));
        else if (cw_rest_is_by_query(command) || is_in_path(command, arg.name))
            json_array_append_new(list, parameter(command, &arg));
    }
    if (command->changes)
        json_array_append_new(list, cw_openapi_reference("parameters", CW_S("DryRun")));
    return list;
}

/* NULL: the row takes no body. */
static json_t *request_body(const struct cw_api_command *command)
{
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < cw_api_n_args(command); i++) {
        struct cw_api_arg arg = cw_api_arg_at(command, i);
        if (strcmp(arg.name, "if-version") == 0 || is_in_path(command, arg.name))
            continue;
        json_t *schema = cw_openapi_schema(command, &arg);
        json_object_set_new(schema, "description", json_string(arg.help));
        json_object_set_new(properties, arg.name, schema);
        if (arg.is_required)
            json_array_append_new(required, json_string(arg.name));
    }
    bool any = json_object_size(properties) > 0 && !cw_rest_is_by_query(command);
    json_t *body = any ? json_pack("{s:b,s:{s:{s:{s:s,s:O,s:O,s:b}}}}", "required",
                                   json_array_size(required) > 0, "content", "application/json",
                                   "schema", "type", "object", "properties", properties, "required",
                                   required, "additionalProperties", 0)
                       : NULL;
    json_decref(properties);
    json_decref(required);
    return body;
}

/* --- what comes back --------------------------------------------------------------------------*/

/* An object of the members that `tells` names, to which others are added. */
static json_t *object_of(const char *tells)
{
    json_t *properties = json_object(), *required = json_array();
    if (tells)
        cw_openapi_members(tells, properties, required);
    return json_pack("{s:s,s:o,s:o}", "type", "object", "properties", properties, "required",
                     required);
}

static void add_member(json_t *object, const char *name, json_t *schema)
{
    json_object_set_new(json_object_get(object, "properties"), name, schema);
    json_array_append_new(json_object_get(object, "required"), json_string(name));
}

static json_t *thing_or_null(const char *name)
{
    return json_pack("{s:[o,{s:s}]}", "anyOf", cw_openapi_reference("schemas", cw_str_of(name)),
                     "type", "null");
}

static json_t *answer_schema(const struct cw_api_command *command)
{
    json_t *answer = object_of(command->tells);
    struct cw_str thing = cw_str_of(command->shows ? command->shows : "");
    if (command->changes) {
        if (command->shows) {
            add_member(answer, "before", thing_or_null(command->shows));
            add_member(answer, "after", thing_or_null(command->shows));
        }
        return json_pack("{s:[o,o]}", "allOf", cw_openapi_reference("schemas", CW_S("Change")),
                         answer);
    }
    if (command->list) {
        add_member(answer, command->list,
                   json_pack("{s:s,s:o}", "type", "array", "items",
                             cw_openapi_reference("schemas", thing)));
        add_member(answer, "next",
                   json_pack("{s:[s,s],s:s}", "type", "string", "null", "description",
                             "The cursor of the part behind this one; null at the end."));
        return answer;
    }
    if (!command->shows)
        return answer;
    json_decref(answer);
    return cw_openapi_reference("schemas", thing);
}

static json_t *success(const struct cw_api_command *command, const char *description, bool made)
{
    json_t *content = json_pack("{s:{s:o}}", "application/json", "schema", answer_schema(command));
    json_t *answer = json_pack("{s:s,s:o}", "description", description, "content", content);
    json_t *headers = json_object();
    if (command->streams)
        json_object_set_new(
            content, "application/x-ndjson",
            json_pack("{s:o}", "schema", cw_openapi_reference("schemas", CW_S("ProgressLine"))));
    if (cw_rest_has_version(command))
        json_object_set_new(headers, "ETag", cw_openapi_reference("headers", CW_S("ETag")));
    if (made)
        json_object_set_new(headers, "Location", cw_openapi_reference("headers", CW_S("Location")));
    if (json_object_size(headers) > 0)
        json_object_set(answer, "headers", headers);
    json_decref(headers);
    return answer;
}

/* What may be answered instead, as far as the row tells. */
static void add_problems(const struct cw_api_command *command, bool has_body, json_t *all)
{
    struct cw_api_arg arg;
    bool has_version = cw_api_arg_find(command, CW_S("if-version"), &arg);
    const struct {
        bool is_one;
        int status;
        const char *name;
    } rows[] = {
        {true, 400, "BadRequest"},
        {true, 401, "Unauthorized"},
        {true, 403, "Forbidden"},
        {strchr(command->path, '{') || cw_api_n_args(command) > 0, 404, "NotFound"},
        {command->changes, 409, "Conflict"},
        {has_version, 412, "PreconditionFailed"},
        {has_body, 413, "ContentTooLarge"},
        {has_body, 415, "UnsupportedMediaType"},
        {has_version, 428, "PreconditionRequired"},
        {true, 429, "TooManyRequests"},
        {true, 503, "ServiceUnavailable"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].is_one)
            cw_openapi_add_problem(all, rows[i].status, rows[i].name);
}

static json_t *responses(const struct cw_api_command *command, bool has_body)
{
    json_t *all = json_object();
    json_object_set_new(
        all, "200",
        success(command,
                command->changes ? "Changed, or with dry_run what would be." : "The answer.",
                false));
    if (command->creates)
        json_object_set_new(all, "201", success(command, "Made.", true));
    add_problems(command, has_body, all);
    json_object_set_new(all, "default", cw_openapi_reference("responses", CW_S("Problem")));
    return all;
}

/* --- the document -----------------------------------------------------------------------------*/

static json_t *operation(const struct cw_api_command *command)
{
    json_t *object = json_object(), *body = request_body(command);
    struct cw_arena arena = {0};
    struct cw_str id = cw_arena_dup(&arena, cw_str_of(command->name));
    ptrdiff_t space = cw_str_index(id, ' ');
    json_object_set_new(object, "tags", json_pack("[s%]", id.p, space > 0 ? (size_t)space : id.n));
    if (space > 0)
        ((char *)(uintptr_t)id.p)[space] = '-';
    json_object_set_new(object, "operationId", json_string(id.p));
    json_object_set_new(object, "summary", json_string(command->summary));
    json_object_set_new(object, "x-command", json_string(command->name));
    json_object_set_new(object, "x-permission",
                        json_string(cw_permission_name(command->permission)));
    json_object_set_new(object, "security",
                        cw_openapi_security(strcmp(command->method, "GET") != 0));
    json_object_set_new(object, "parameters", parameters(command));
    if (body)
        json_object_set_new(object, "requestBody", body);
    json_object_set_new(object, "responses", responses(command, body != NULL));
    cw_arena_free(&arena);
    return object;
}

static json_t *paths(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        char method[8] = "";
        for (size_t k = 0; command->method[k] && k < sizeof(method) - 1; k++)
            method[k] = (char)(command->method[k] | 0x20); /* ASCII lower case */
        json_t *item = json_object_get(all, command->path);
        if (!item)
            json_object_set_new(all, command->path, item = json_object());
        json_object_set_new(item, method, operation(command));
    }
    cw_openapi_own_paths(all);
    return all;
}

json_t *cw_openapi(void)
{
    json_t *document = json_object();
    json_object_set_new(document, "openapi", json_string("3.1.0"));
    json_object_set_new(
        document, "info",
        json_pack("{s:s,s:s,s:s}", "title", "Causeway", "version", CW_VERSION, "description",
                  "Administration of a Causeway installation: the commands of its command line, "
                  "one operation each (x-command), and what the panel has beside them."));
    json_object_set_new(document, "servers", json_pack("[{s:s}]", "url", CW_REST_ROOT));
    json_object_set_new(document, "security", cw_openapi_security(false));
    json_object_set_new(document, "paths", paths());
    json_object_set_new(document, "components", cw_openapi_components());
    return document;
}
