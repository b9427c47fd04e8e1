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
