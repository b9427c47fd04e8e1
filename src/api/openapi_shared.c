/* What the operations of the OpenAPI document share.  Nothing of it follows from any row, so it is
 * written as it is to be read. */
#include "api/openapi_priv.h"

#include <stdio.h>

static const char security_schemes[] =
    "{\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"__Host-causeway\","
    "  \"description\":\"A browser that signed in (POST /session).\"},"
    " \"csrf\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-CSRF-Token\","
    "  \"description\":\"Beside a session, on whatever changes something: as its sign-in told "
    "it.\"},"
    " \"token\":{\"type\":\"http\",\"scheme\":\"bearer\","
    "  \"description\":\"An API token, for scripts (cwt_...).\"}}";

static const char parameters[] =
    "{\"IfMatch\":{\"name\":\"If-Match\",\"in\":\"header\",\"required\":false,"
    "  \"schema\":{\"type\":\"string\"},"
    "  \"description\":\"The entity tag that was read, or *; refused with 412 when it is another "
    "by now. A browser's session must give it.\"},"
    " \"DryRun\":{\"name\":\"dry_run\",\"in\":\"query\",\"required\":false,"
    "  \"schema\":{\"type\":\"boolean\",\"default\":false},"
    "  \"description\":\"Check all and show what would change, but save nothing.\"}}";

static const char headers[] =
    "{\"ETag\":{\"description\":\"The version, for If-Match.\",\"schema\":{\"type\":\"string\"}},"
    " \"Location\":{\"description\":\"Where it is.\",\"schema\":{\"type\":\"string\"}},"
    " \"WWW-Authenticate\":{\"description\":\"How to say who asks.\","
    "  \"schema\":{\"type\":\"string\"}},"
    " \"Retry-After\":{\"description\":\"Seconds to wait.\",\"schema\":{\"type\":\"integer\"}},"
    " \"Set-Cookie\":{\"description\":\"The session's cookie.\",\"schema\":{\"type\":\"string\"}}}";

static const char schemas[] =
    "{\"Problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"detail\"],"
    "  \"properties\":{\"type\":{\"const\":\"about:blank\"},\"title\":{\"type\":\"string\"},"
    "   \"status\":{\"type\":\"integer\",\"minimum\":400,\"maximum\":599},"
    "   \"detail\":{\"type\":\"string\",\"minLength\":1,"
    "    \"description\":\"One sentence: what to change.\"},"
    "   \"field\":{\"type\":\"string\",\"format\":\"json-pointer\","
    "    \"description\":\"The argument to change.\"},"
    "   \"conflict\":{\"type\":\"object\",\"required\":[\"who\",\"at\"],"
    "    \"description\":\"412: who changed it meanwhile, and when.\","
    "    \"properties\":{\"who\":{\"type\":\"string\"},"
    "     \"at\":{\"type\":\"string\",\"format\":\"date-time\"}}}}},"
    " \"Change\":{\"type\":\"object\",\"required\":[\"saved\",\"before\",\"after\"],"
    "  \"properties\":{\"saved\":{\"type\":\"boolean\"},"
    "   \"before\":{\"type\":[\"object\",\"null\"]},"
    "   \"after\":{\"type\":[\"object\",\"null\"]},"
    "   \"gateway\":{\"type\":[\"object\",\"null\"],"
    "    \"description\":\"What the running gateway said to it; null when none runs.\"}}},"
    " \"ProgressLine\":{\"type\":\"object\",\"description\":\"One line each: any number of "
    "progress, then answer or problem.\","
    "  \"properties\":{\"progress\":{\"type\":\"object\"},\"answer\":{\"type\":\"object\"},"
    "   \"problem\":{\"$ref\":\"#/components/schemas/Problem\"}}}}";

/* The statuses that the operations name; Problem stands for all others. */
static const struct {
    const char *name, *description, *header;
} problems[] = {
    {"Problem", "Why it was refused (RFC 9457).", NULL},
    {"BadRequest", "The request cannot be read, or a value cannot be; field points at it.", NULL},
    {"Unauthorized", "Nobody that is known: sign in, or show a token.", "WWW-Authenticate"},
    {"Forbidden", "Not his to do, or without what proves that the panel's own page asks.", NULL},
    {"NotFound", "There is no such thing.", NULL},
    {"Conflict", "It is taken by another, or cannot be done as things are.", NULL},
    {"PreconditionFailed", "Somebody changed it meanwhile; conflict tells who, and when.", NULL},
    {"ContentTooLarge", "The body is too large.", NULL},
    {"UnsupportedMediaType", "The body must be application/json, in UTF-8.", NULL},
    {"PreconditionRequired", "A browser's session must say with If-Match what it read.", NULL},
    {"TooManyRequests", "Too many requests, or wrong passwords; wait.", "Retry-After"},
    {"ServiceUnavailable", "The gateway does not run, or too much is being done at once.",
     "Retry-After"},
};

json_t *cw_openapi_reference(const char *kind, struct cw_str name)
{
    struct cw_arena arena = {0};
    struct cw_str to = cw_arena_printf(&arena, "#/components/%s/%.*s", kind, CW_ARG(name));
    json_t *reference = json_pack("{s:s}", "$ref", to.p);
    cw_arena_free(&arena);
    return reference;
}

void cw_openapi_add_problem(json_t *to, int status, const char *name)
{
    char code[8];
    snprintf(code, sizeof code, "%d", status);
    json_object_set_new(to, code, cw_openapi_reference("responses", cw_str_of(name)));
}

json_t *cw_openapi_security(bool changes)
{
    return changes ? json_pack("[{s:[],s:[]},{s:[]}]", "session", "csrf", "token")
                   : json_pack("[{s:[]},{s:[]}]", "session", "token");
}

static json_t *read(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        cw_fatal("a part of the OpenAPI document is no JSON: %s", error.text);
    return value;
}

static json_t *responses(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        json_t *one = json_pack("{s:s,s:{s:{s:o}}}", "description", problems[i].description,
                                "content", "application/problem+json", "schema",
                                cw_openapi_reference("schemas", CW_S("Problem")));
        const char *header = problems[i].header;
        if (header)
            json_object_set_new(
                one, "headers",
                json_pack("{s:o}", header, cw_openapi_reference("headers", cw_str_of(header))));
        json_object_set_new(all, problems[i].name, one);
    }
    return all;
}

json_t *cw_openapi_components(void)
{
    json_t *all = read(schemas), *things = cw_openapi_things();
    json_object_update(all, things);
    json_decref(things);
    return json_pack("{s:o,s:o,s:o,s:o,s:o}", "securitySchemes", read(security_schemes),
                     "parameters", read(parameters), "headers", read(headers), "responses",
                     responses(), "schemas", all);
}
