/* Partners and settings as JSON, field by field over the rows of each. */
#include "conf/policy_json.h"

#include <time.h>

#include "base/buf.h"
#include "policy/settings.h"

#define FIELD(member) offsetof(struct cw_partner, member)

const struct cw_partner_field cw_partner_fields[] = {
    {"domain", CW_FIELD_DOMAIN, FIELD(domain)},
    {"description", CW_FIELD_TEXT, FIELD(description)},
    {"additional", CW_FIELD_DOMAINS, FIELD(additional), FIELD(n_additional)},
    {"type", CW_FIELD_TYPE, FIELD(type)},
    {"tls", CW_FIELD_REQUIREMENT, FIELD(rules.tls)},
    {"sasl", CW_FIELD_REQUIREMENT, FIELD(rules.sasl)},
    {"dialback", CW_FIELD_BOOL, FIELD(rules.dialback)},
    {"connection-limit", CW_FIELD_NUMBER, FIELD(connection_limit)},
    {"keep-alive", CW_FIELD_BOOL, FIELD(keep_alive)},
    {"proxy-fqdn", CW_FIELD_TEXT, FIELD(proxy_fqdn)},
    {"enabled", CW_FIELD_BOOL, FIELD(enabled)},
    {"trust-anchor", CW_FIELD_TEXT, FIELD(trust_anchor)},
    {"pinned-keys", CW_FIELD_TEXTS, FIELD(pinned_keys), FIELD(n_pinned_keys)},
};
const size_t cw_partner_n_fields = sizeof(cw_partner_fields) / sizeof(cw_partner_fields[0]);

const struct cw_partner_field *cw_partner_field_find(struct cw_str name)
{
    for (size_t i = 0; i < cw_partner_n_fields; i++)
        if (cw_str_eq_cstr(name, cw_partner_fields[i].name))
            return &cw_partner_fields[i];
    return NULL;
}

struct cw_str cw_json_str(const json_t *value)
{
    return (struct cw_str){json_string_value(value), json_string_length(value)};
}

struct cw_str cw_json_text(const json_t *object, const char *name)
{
    return cw_json_str(json_object_get(object, name));
}

json_t *cw_json_of_str(struct cw_str text)
{
    json_t *value = cw_str_is_present(text) ? json_stringn(text.p, text.n) : NULL;
    return value ? value : json_null();
}

json_t *cw_json_of_time(int64_t at)
{
    char text[40];
    time_t seconds = (time_t)at;
    struct tm utc;
    if (!gmtime_r(&seconds, &utc) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return json_null();
    return json_string(text);
}

static json_t *list_to_json(const struct cw_str *list, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, cw_json_of_str(list[i]));
    return array;
}

static json_t *field_to_json(const struct cw_partner *partner, const struct cw_partner_field *field)
{
    const void *at = (const char *)partner + field->offset;
    const void *count = (const char *)partner + field->count_offset;
    switch (field->type) {
    case CW_FIELD_DOMAIN:
    case CW_FIELD_TEXT:
        return cw_json_of_str(*(const struct cw_str *)at);
    case CW_FIELD_DOMAINS:
    case CW_FIELD_TEXTS:
        return list_to_json(*(struct cw_str *const *)at, *(const size_t *)count);
    case CW_FIELD_TYPE:
        return json_string(cw_partner_type_name(*(const enum cw_partner_type *)at));
    case CW_FIELD_REQUIREMENT:
        return json_string(cw_requirement_name(*(const enum cw_requirement *)at));
    case CW_FIELD_BOOL:
        return json_boolean(*(const bool *)at);
    case CW_FIELD_NUMBER:
        return json_integer(*(const unsigned *)at);
    }
    return json_null();
}

json_t *cw_partner_to_json(const struct cw_partner *partner)
{
    json_t *object = json_object();
    for (size_t i = 0; i < cw_partner_n_fields; i++)
        json_object_set_new(object, cw_partner_fields[i].name,
                            field_to_json(partner, &cw_partner_fields[i]));
    return object;
}

static bool set_list(struct cw_arena *arena, struct cw_str **to, size_t *to_n, const json_t *value)
{
    size_t n = json_array_size(value);
    struct cw_str *list = cw_arena_alloc(arena, (n + 1) * sizeof(*list));
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_string(item))
            return false;
        list[i] = cw_arena_dup(arena, cw_json_str(item));
    }
    *to = list;
    *to_n = n;
    return json_is_array(value);
}

static bool set_number(unsigned *to, const json_t *value)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > UINT32_MAX)
        return false;
    *to = (unsigned)number;
    return true;
}

static bool set_field(struct cw_arena *arena, struct cw_partner *partner,
                      const struct cw_partner_field *field, const json_t *value)
{
    void *at = (char *)partner + field->offset, *count = (char *)partner + field->count_offset;
    switch (field->type) {
    case CW_FIELD_DOMAIN:
    case CW_FIELD_TEXT:
        *(struct cw_str *)at = cw_arena_dup(arena, cw_json_str(value));
        return json_is_string(value);
    case CW_FIELD_DOMAINS:
    case CW_FIELD_TEXTS:
        return set_list(arena, at, count, value);
    case CW_FIELD_TYPE:
        return json_is_string(value) && cw_partner_type_of(cw_json_str(value), at);
    case CW_FIELD_REQUIREMENT:
        return json_is_string(value) && cw_requirement_of(cw_json_str(value), at);
    case CW_FIELD_BOOL:
        *(bool *)at = json_is_true(value);
        return json_is_boolean(value);
    case CW_FIELD_NUMBER:
        return set_number(at, value);
    }
    return false;
}

static const char *expected(enum cw_partner_field_type type)
{
    switch (type) {
    case CW_FIELD_DOMAIN:
        return "a domain";
    case CW_FIELD_TEXT:
        return "text";
    case CW_FIELD_DOMAINS:
        return "a list of domains";
    case CW_FIELD_TEXTS:
        return "a list of texts";
    case CW_FIELD_TYPE:
        return "Federated, PublicVerified or PublicUnverified";
    case CW_FIELD_REQUIREMENT:
        return "Required, Optional or NotSupported";
    case CW_FIELD_BOOL:
        return "true or false";
    case CW_FIELD_NUMBER:
        return "a whole number that is not negative";
    }
    return "something else";
}

struct cw_str cw_partner_set_json(struct cw_arena *arena, struct cw_partner *partner,
                                  const struct cw_partner_field *field, const json_t *value)
{
    if (set_field(arena, partner, field, value))
        return CW_STR_NONE;
    return cw_arena_printf(arena, "%s must be %s.", field->name, expected(field->type));
}

/* Text with commas as a list, each item a text of its own. */
static json_t *items_to_json(struct cw_str text)
{
    json_t *array = json_array();
    while (text.n > 0) {
        ptrdiff_t comma = cw_str_index(text, ',');
        size_t end = comma < 0 ? text.n : (size_t)comma;
        json_array_append_new(array, cw_json_of_str(cw_str_sub(text, 0, end)));
        text = comma < 0 ? CW_S("") : cw_str_sub(text, end + 1, text.n);
    }
    return array;
}

static json_t *setting_to_json(struct cw_arena *arena, const struct cw_setting *row,
                               const struct cw_settings *settings, bool with_secrets)
{
    struct cw_str text = cw_setting_get(arena, row, settings);
    uint64_t number = 0;
    switch (row->type) {
    case CW_SETTING_NUMBER:
        (void)cw_str_to_u64(text, &number); /* the row wrote it */
        return json_integer((json_int_t)number);
    case CW_SETTING_BOOL:
        return json_boolean(cw_str_eq(text, CW_S("true")));
    case CW_SETTING_SECRET:
        if (!with_secrets && !cw_str_is_empty(text))
            return json_string("(set)");
        return cw_json_of_str(text);
    case CW_SETTING_NETWORKS:
        return list_to_json(settings->refused_targets, settings->n_refused_targets);
    case CW_SETTING_STATES_IN:
    case CW_SETTING_STATES_OUT:
        return items_to_json(text);
    }
    return json_null();
}

json_t *cw_settings_to_json(const struct cw_settings *settings, bool with_secrets)
{
    struct cw_arena arena = {0};
    json_t *object = json_object();
    for (size_t i = 0; i < cw_setting_n; i++)
        json_object_set_new(object, cw_setting_rows[i].name,
                            setting_to_json(&arena, &cw_setting_rows[i], settings, with_secrets));
    cw_arena_free(&arena);
    return object;
}

json_t *cw_settings_to_json_after(const struct cw_settings *settings,
                                  const struct cw_settings *before)
{
    struct cw_arena arena = {0};
    json_t *object = cw_settings_to_json(settings, false);
    for (size_t i = 0; i < cw_setting_n; i++) {
        const struct cw_setting *row = &cw_setting_rows[i];
        struct cw_str now = cw_setting_get(&arena, row, settings);
        if (row->type == CW_SETTING_SECRET && now.n > 0 &&
            !cw_str_eq(now, cw_setting_get(&arena, row, before)))
            json_object_set_new(object, row->name, json_string("(new)"));
    }
    cw_arena_free(&arena);
    return object;
}

/* The text that the row takes, or the absent string when the value cannot be one. */
static struct cw_str text_of(struct cw_arena *arena, const json_t *value)
{
    struct cw_buf joined = {0};
    struct cw_str text = CW_STR_NONE;
    if (json_is_string(value))
        return cw_json_str(value);
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        return cw_arena_printf(arena, "%lld", (long long)json_integer_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? CW_S("true") : CW_S("false");
    if (!json_is_array(value))
        return text;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_string(item))
            goto out;
        if (i > 0)
            cw_buf_putc(&joined, ',');
        cw_buf_puts(&joined, cw_json_str(item));
    }
    text = cw_arena_dup(arena, cw_buf_str(&joined));
out:
    cw_buf_free(&joined);
    return text;
}

struct cw_str cw_setting_set_json(struct cw_arena *arena, const struct cw_setting *row,
                                  struct cw_settings *settings, const json_t *value)
{
    struct cw_str text = text_of(arena, value);
    if (!cw_str_is_present(text))
        return cw_arena_printf(arena, "%s has a value of the wrong type.", row->name);
    return cw_setting_set(arena, row, settings, text);
}
