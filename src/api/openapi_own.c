/* The paths that the panel serves beside the rows: its sessions, its events, what it has sampled.
 * Who answers them is in src/panel/request.c. */
#include <stdio.h>

#include "api/api_priv.h"
#include "api/openapi_priv.h"

/* Who may ask. */
enum who { ANYBODY, SESSION, VIEWER };

static const struct own {
    const char *path, *method, *id, *summary;
    enum who who;
    const char *body;  /* its members, all needed; NULL: none */
    const char *query; /* one argument, a whole number, and its range; NULL: none */
    unsigned min, max;
    int status;         /* when all is well */
    const char *type;   /* of the answer; NULL: it is empty */
    const char *shows;  /* the thing, when it is JSON */
    const char *header; /* of the answer */
    const char *server; /* where it is, when not under the API's root */
} rows[] = {
    {"/session", "get", "session-show", "Show who asks, and the CSRF token of a session", VIEWER,
     .status = 200, .type = "application/json", .shows = "Identity"},
    {"/session", "post", "session-sign-in", "Sign in; the cookie is the session", ANYBODY,
     .body = "name text, password text", .status = 200, .type = "application/json",
     .shows = "Identity", .header = "Set-Cookie"},
    {"/session", "delete", "session-sign-out", "Sign out", SESSION, .status = 204,
     .header = "Set-Cookie"},
    {"/session/password", "put", "session-password", "Change one's own password", SESSION,
     .body = "so-far text, password text", .status = 204},
    {"/events", "get", "events",
     "Hear what changed: hello, then partners, settings, streams, each without data", VIEWER,
     .status = 200, .type = "text/event-stream"},
    {"/health/samples", "get", "health-samples", "Show the last hours, minute by minute", VIEWER,
     .query = "hours", .min = 1, .max = 24, .status = 200, .type = "application/json",
     .shows = "Samples"},
    {"/openapi.json", "get", "openapi", "Show this document", VIEWER, .status = 200,
     .type = "application/json"},
    {"/metrics", "get", "metrics", "Show how everything is, for Prometheus", VIEWER, .status = 200,
     .type = "text/plain", .server = "/"},
};

static json_t *security_of(const struct own *row)
{
    bool changes = !cw_str_eq_cstr(cw_str_of(row->method), "get");
    switch (row->who) {
    case ANYBODY:
        return json_array();
    case SESSION:
        return json_pack("[{s:[],s:[]}]", "session", "csrf");
    case VIEWER:
        return cw_openapi_security(changes);
    }
    return json_null();
}

static const char *permission_of(const struct own *row)
{
    switch (row->who) {
    case ANYBODY:
        return "anybody";
    case SESSION:
        return "session";
    case VIEWER:
        return cw_permission_name(CW_VIEWER);
    }
    return "?";
}

static json_t *body_of(const struct own *row)
{
    json_t *properties = json_object(), *required = json_array();
    cw_openapi_members(row->body, properties, required);
    return json_pack("{s:b,s:{s:{s:{s:s,s:o,s:o,s:b}}}}", "required", 1, "content",
                     "application/json", "schema", "type", "object", "properties", properties,
                     "required", required, "additionalProperties", 0);
}

static json_t *answer_of(const struct own *row)
{
    json_t *answer = json_pack("{s:s}", "description", "The answer.");
    json_t *schema =
        row->shows ? cw_openapi_reference("schemas", cw_str_of(row->shows)) : json_object();
    if (row->type)
        json_object_set_new(answer, "content", json_pack("{s:{s:O}}", row->type, "schema", schema));
    json_decref(schema);
    if (row->header)
        json_object_set_new(answer, "headers",
                            json_pack("{s:o}", row->header,
                                      cw_openapi_reference("headers", cw_str_of(row->header))));
    return answer;
}

static json_t *responses_of(const struct own *row)
{
    char status[8];
    snprintf(status, sizeof status, "%d", row->status);
    json_t *all = json_pack("{s:o}", status, answer_of(row));
    cw_openapi_add_problem(all, 401, "Unauthorized");
    cw_openapi_add_problem(all, 429, "TooManyRequests");
    cw_openapi_add_problem(all, 503, "ServiceUnavailable");
    if (row->body || row->query)
        cw_openapi_add_problem(all, 400, "BadRequest");
    if (row->body)
        cw_openapi_add_problem(all, 415, "UnsupportedMediaType");
    cw_openapi_add_problem(all, 403, "Forbidden");
    json_object_set_new(all, "default", cw_openapi_reference("responses", CW_S("Problem")));
    return all;
}

static json_t *operation_of(const struct own *row)
{
    const char *tag = row->server || row->path[1] == 'h' ? "health" : "panel";
    json_t *object = json_pack("{s:[s],s:s,s:s,s:s,s:o,s:o}", "tags", tag, "operationId", row->id,
                               "summary", row->summary, "x-permission", permission_of(row),
                               "security", security_of(row), "responses", responses_of(row));
    if (row->query)
        json_object_set_new(object, "parameters",
                            json_pack("[{s:s,s:s,s:{s:s,s:i,s:i}}]", "name", row->query, "in",
                                      "query", "schema", "type", "integer", "minimum",
                                      (int)row->min, "maximum", (int)row->max));
    if (row->body)
        json_object_set_new(object, "requestBody", body_of(row));
    if (row->server)
        json_object_set_new(object, "servers", json_pack("[{s:s}]", "url", row->server));
    return object;
}

void cw_openapi_own_paths(json_t *paths)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *item = json_object_get(paths, rows[i].path);
        if (!item)
            json_object_set_new(paths, rows[i].path, item = json_object());
        json_object_set_new(item, rows[i].method, operation_of(&rows[i]));
    }
}
