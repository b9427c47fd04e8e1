/* Arguments as JSON schemas, and what all operations share. */
#include "api/api_priv.h"
#include "api/openapi_priv.h"
#include "policy/settings.h"

static json_t *choice(struct cw_str range)
{
    json_t *values = json_array();
    while (range.n > 0) {
        ptrdiff_t bar = cw_str_index(range, '|');
        size_t end = bar < 0 ? range.n : (size_t)bar;
        json_array_append_new(values, json_stringn(range.p, end));
        range = cw_str_sub(range, end + 1, range.n);
    }
    return json_pack("{s:s,s:o}", "type", "string", "enum", values);
}

/* `zero`: 0 is taken beside the range. */
static json_t *number(unsigned min, unsigned max, bool zero)
{
    json_t *schema = json_pack("{s:s,s:I}", "type", "integer", "minimum", (json_int_t)min);
    if (max > 0)
        json_object_set_new(schema, "maximum", json_integer(max));
    return zero && min > 0 ? json_pack("{s:[o,{s:i}]}", "anyOf", schema, "const", 0) : schema;
}

static json_t *text(unsigned min, unsigned max)
{
    json_t *schema = json_pack("{s:s}", "type", "string");
    if (min > 0)
        json_object_set_new(schema, "minLength", json_integer(min));
    if (max > 0)
        json_object_set_new(schema, "maxLength", json_integer(max));
    return schema;
}

static json_t *list_of(json_t *items)
{
    return json_pack("{s:s,s:o}", "type", "array", "items", items);
}

/* The fields that the range names, each as `partner set` takes it. */
static json_t *fields(struct cw_str range)
{
    const struct cw_api_command *set = cw_api_find(CW_S("partner set"));
    json_t *properties = json_object();
    while (range.n > 0) {
        struct cw_api_arg field;
        ptrdiff_t bar = cw_str_index(range, '|');
        size_t end = bar < 0 ? range.n : (size_t)bar;
        if (cw_api_arg_find(set, cw_str_sub(range, 0, end), &field))
            json_object_set_new(properties, field.name, cw_openapi_schema(set, &field));
        range = cw_str_sub(range, end + 1, range.n);
    }
    return json_pack("{s:s,s:o,s:b}", "type", "object", "properties", properties,
                     "additionalProperties", 0);
}

/* The numbers of a setting's row, or those in the argument's range. */
static struct cw_api_bounds bounds_of(const struct cw_api_arg *arg,
                                      const struct cw_setting *setting)
{
    struct cw_api_bounds bounds;
    if (setting)
        return (struct cw_api_bounds){setting->min, setting->max, setting->zero ? "0" : ""};
    (void)cw_api_arg_bounds(arg, &bounds);
    return bounds;
}

static json_t *schema_of(const struct cw_api_arg *arg, const struct cw_setting *setting)
{
    struct cw_api_bounds bounds = bounds_of(arg, setting);
    switch (arg->type) {
    case CW_ARG_DOMAIN:
        return text(1, 255);
    case CW_ARG_DOMAINS:
        return list_of(text(1, 255));
    case CW_ARG_SECRET:
        return json_pack("{s:s,s:s,s:b,s:I,s:I}", "type", "string", "format", "password",
                         "writeOnly", 1, "minLength", (json_int_t)bounds.min, "maxLength",
                         (json_int_t)bounds.max);
    case CW_ARG_DOCUMENT:
    case CW_ARG_FILE:
        return text(0, 0);
    case CW_ARG_TEXT:
        if (!setting)
            return text(bounds.min, bounds.max);
        /* "new" is taken, too: it generates one */
        return json_pack("{s:b,s:[o,{s:[s,s]}]}", "writeOnly", 1, "anyOf",
                         text(bounds.min, bounds.max), "enum", "new", "");
    case CW_ARG_TEXTS:
        return list_of(text(0, 0));
    case CW_ARG_CHOICE:
        return choice(cw_str_of(arg->range));
    case CW_ARG_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case CW_ARG_NUMBER:
        return number(bounds.min, bounds.max, bounds.zero[0]);
    case CW_ARG_FIELDS:
        return fields(cw_str_of(arg->range));
    }
    return json_object();
}

static bool is_own_arg(const struct cw_api_command *command, const char *name)
{
    for (size_t i = 0; i < command->n_args; i++)
        if (cw_str_eq_cstr(cw_str_of(name), command->args[i].name))
            return true;
    return false;
}

json_t *cw_openapi_schema(const struct cw_api_command *command, const struct cw_api_arg *arg)
{
    bool is_setting = command->takes_settings && !is_own_arg(command, arg->name);
    return schema_of(arg, is_setting ? cw_setting_find(cw_str_of(arg->name)) : NULL);
}

json_t *cw_openapi_thing(const char *name)
{
    struct cw_arena arena = {0};
    const struct cw_api_command *set = cw_api_find(cw_arena_printf(&arena, "%s set", name));
    json_t *properties = json_object();
    cw_assert(set != NULL);
    for (size_t i = 0; i < cw_api_n_args(set); i++) {
        struct cw_api_arg arg = cw_api_arg_at(set, i);
        json_t *schema = cw_openapi_schema(set, &arg);
        if (json_object_get(schema, "writeOnly")) { /* a secret: "(set)", or "" */
            json_decref(schema);
            schema = text(0, 0);
        }
        json_object_set_new(schema, "description", json_string(arg.help));
        if (!cw_str_eq_cstr(cw_str_of(arg.name), "if-version"))
            json_object_set_new(properties, arg.name, schema);
        else
            json_decref(schema);
    }
    json_object_set_new(properties, "version", json_pack("{s:s}", "type", "integer"));
    cw_arena_free(&arena);
    return json_pack("{s:s,s:o}", "type", "object", "properties", properties);
}

/* --- components -------------------------------------------------------------------------------*/

/* What does not follow from any row is written as it is to be read. */
static const char components[] =
    "{\"securitySchemes\":{"
    " \"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"__Host-causeway\","
    "  \"description\":\"A browser that signed in.\"},"
    " \"token\":{\"type\":\"http\",\"scheme\":\"bearer\","
    "  \"description\":\"An API token, for scripts.\"}},"
    "\"parameters\":{"
    " \"IfMatch\":{\"name\":\"If-Match\",\"in\":\"header\",\"required\":false,"
    "  \"schema\":{\"type\":\"string\"},"
    "  \"description\":\"The entity tag that was read; refused with 412 when it is another by "
    "now. A browser's session must give it.\"},"
    " \"DryRun\":{\"name\":\"dry_run\",\"in\":\"query\",\"required\":false,"
    "  \"schema\":{\"type\":\"boolean\",\"default\":false},"
    "  \"description\":\"Check all and show what would change, but save nothing.\"},"
    " \"Csrf\":{\"name\":\"X-CSRF-Token\",\"in\":\"header\",\"required\":false,"
    "  \"schema\":{\"type\":\"string\"},"
    "  \"description\":\"A browser's session must give it, as its sign-in told it.\"}},"
    "\"headers\":{"
    " \"ETag\":{\"description\":\"The version, for If-Match.\","
    "  \"schema\":{\"type\":\"string\"}},"
    " \"Location\":{\"description\":\"Where it is.\",\"schema\":{\"type\":\"string\"}}},"
    "\"responses\":{\"Problem\":{\"description\":\"Why it was refused (RFC 9457).\","
    " \"content\":{\"application/problem+json\":{"
    "  \"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}},"
    "\"schemas\":{"
    " \"Problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"detail\"],"
    "  \"properties\":{\"type\":{\"const\":\"about:blank\"},\"title\":{\"type\":\"string\"},"
    "   \"status\":{\"type\":\"integer\"},"
    "   \"detail\":{\"type\":\"string\",\"description\":\"One sentence: what to change.\"},"
    "   \"field\":{\"type\":\"string\",\"format\":\"json-pointer\"},"
    "   \"conflict\":{\"type\":\"object\",\"required\":[\"who\",\"at\"],"
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
    "   \"problem\":{\"$ref\":\"#/components/schemas/Problem\"}}}}}";

json_t *cw_openapi_components(void)
{
    json_error_t error;
    json_t *value = json_loads(components, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        cw_fatal("the components of the OpenAPI document are no JSON: %s", error.text);
    return value;
}
