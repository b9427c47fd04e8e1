/* The checks that every command passes before its handler sees anything. */
#include "api/api.h"

#include <string.h>

#include "api/api_priv.h"
#include "policy/settings.h"
#include "store/account.h"

const char *cw_permission_name(enum cw_permission permission)
{
    switch (permission) {
    case CW_VIEWER:
        return "viewer";
    case CW_ADMINISTRATOR:
        return "administrator";
    }
    return "?";
}

size_t cw_api_n_args(const struct cw_api_command *command)
{
    return command->n_args + (command->takes_settings ? cw_setting_n : 0) +
           (command->list ? cw_api_n_page_args : 0);
}

static enum cw_arg_type type_of(enum cw_setting_type type)
{
    switch (type) {
    case CW_SETTING_NUMBER:
        return CW_ARG_NUMBER;
    case CW_SETTING_BOOL:
        return CW_ARG_BOOL;
    case CW_SETTING_SECRET:
        return CW_ARG_TEXT;
    case CW_SETTING_NETWORKS:
    case CW_SETTING_STATES_IN:
    case CW_SETTING_STATES_OUT:
        return CW_ARG_TEXTS;
    }
    return CW_ARG_TEXT;
}

struct cw_api_arg cw_api_arg_at(const struct cw_api_command *command, size_t i)
{
    if (i < command->n_args)
        return command->args[i];
    i -= command->n_args;
    if (!command->takes_settings)
        return cw_api_page_arg(i);
    const struct cw_setting *row = &cw_setting_rows[i];
    return (struct cw_api_arg){
        .name = row->name,
        .type = type_of(row->type),
        .range = "",
        .fallback = row->default_text,
        .help = row->help,
    };
}

bool cw_api_arg_find(const struct cw_api_command *command, struct cw_str name,
                     struct cw_api_arg *out)
{
    for (size_t i = 0; i < cw_api_n_args(command); i++) {
        *out = cw_api_arg_at(command, i);
        if (cw_str_eq_cstr(name, out->name))
            return true;
    }
    return false;
}

json_t *cw_api_refuse(struct cw_api_problem *problem, int status, const char *field,
                      struct cw_str sentence)
{
    *problem = (struct cw_api_problem){.status = status, .field = field, .sentence = sentence};
    return NULL;
}

static int status_of(enum cw_err err)
{
    switch (err) {
    case CW_ERR_INVALID:
        return 400;
    case CW_ERR_NOT_FOUND:
        return 404;
    case CW_ERR_EXISTS:
        return 409;
    case CW_ERR_CONFLICT:
        return 412;
    case CW_OK:
    case CW_ERR_LIMIT:
    case CW_ERR_IO:
    case CW_ERR_TLS:
    case CW_ERR_STORE:
    case CW_ERR_CLOSED:
        break;
    }
    return 500;
}

json_t *cw_api_refuse_store(struct cw_api_problem *problem, enum cw_err err,
                            const struct cw_refusal *refusal)
{
    bool told = cw_str_is_present(refusal->sentence);
    return cw_api_refuse(problem, status_of(err), told ? refusal->field : "",
                         told ? refusal->sentence : cw_str_of(cw_err_text(err)));
}

json_t *cw_api_changed(const struct cw_api_call *call, json_t *before, json_t *after)
{
    json_t *answer = json_object();
    json_object_set_new(answer, "saved", json_boolean(!call->what_if));
    json_object_set_new(answer, "before", before ? before : json_null());
    json_object_set_new(answer, "after", after ? after : json_null());
    return answer;
}

json_t *cw_api_tell_who(const struct cw_api_call *call, const char *prefix, struct cw_str object,
                        struct cw_api_problem *problem)
{
    struct cw_audit_row last;
    if (problem->status == 412 &&
        !cw_store_audit_last(call->store, cw_str_of(prefix), object, call->arena, &last)) {
        problem->changed_by = last.who;
        problem->changed_at = last.at;
    }
    return NULL;
}

uint64_t cw_api_expected(const json_t *in, uint64_t read)
{
    const json_t *given = json_object_get(in, "if-version");
    return given ? (uint64_t)json_integer_value(given) : read;
}

static bool is_list_of_strings(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return false;
    return json_is_array(value);
}

static bool is_choice(struct cw_str range, struct cw_str value)
{
    while (range.n > 0) {
        ptrdiff_t bar = cw_str_index(range, '|');
        size_t end = bar < 0 ? range.n : (size_t)bar;
        if (cw_str_eq_nocase(cw_str_sub(range, 0, end), value))
            return true;
        range = cw_str_sub(range, end + 1, range.n);
    }
    return false;
}

static bool fits(const struct cw_api_arg *arg, const json_t *value)
{
    struct cw_str text = {json_string_value(value), json_string_length(value)};
    switch (arg->type) {
    case CW_ARG_DOMAIN:
    case CW_ARG_TEXT:
    case CW_ARG_SECRET:
    case CW_ARG_DOCUMENT:
    case CW_ARG_FILE:
        return json_is_string(value);
    case CW_ARG_DOMAINS:
    case CW_ARG_TEXTS:
        return is_list_of_strings(value);
    case CW_ARG_CHOICE:
        return json_is_string(value) && is_choice(cw_str_of(arg->range), text);
    case CW_ARG_BOOL:
        return json_is_boolean(value);
    case CW_ARG_NUMBER:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case CW_ARG_FIELDS:
        return json_is_object(value);
    }
    return false;
}

static const char *expected(enum cw_arg_type type)
{
    switch (type) {
    case CW_ARG_DOMAIN:
        return "a domain";
    case CW_ARG_TEXT:
    case CW_ARG_SECRET:
    case CW_ARG_DOCUMENT:
    case CW_ARG_FILE:
        return "text";
    case CW_ARG_DOMAINS:
        return "a list of domains";
    case CW_ARG_TEXTS:
        return "a list of texts";
    case CW_ARG_CHOICE:
        return "one of";
    case CW_ARG_BOOL:
        return "true or false";
    case CW_ARG_NUMBER:
        return "a whole number";
    case CW_ARG_FIELDS:
        return "an object of a partner's fields";
    }
    return "something else";
}

static bool check_value(struct cw_arena *arena, const struct cw_api_arg *arg, const json_t *value,
                        struct cw_api_problem *problem)
{
    bool choice = arg->type == CW_ARG_CHOICE;
    if (fits(arg, value))
        return true;
    cw_api_refuse(problem, 400, arg->name,
                  cw_arena_printf(arena, "%s must be %s%s%s.", arg->name, expected(arg->type),
                                  choice ? " " : "", choice ? arg->range : ""));
    return false;
}

/* Fields of a partner: what `partner set` would not take is no field here either. */
static bool check_fields(struct cw_arena *arena, const struct cw_api_arg *arg, const json_t *fields,
                         struct cw_api_problem *problem)
{
    const struct cw_api_command *set = cw_api_find(CW_S("partner set"));
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)fields, name, value)
    {
        struct cw_api_arg field;
        if (!is_choice(cw_str_of(arg->range), cw_str_of(name)) ||
            !cw_api_arg_find(set, cw_str_of(name), &field)) {
            cw_api_refuse(
                problem, 400, arg->name,
                cw_arena_printf(arena, "%s takes %s, and no \"%s\".", arg->name, arg->range, name));
            return false;
        }
        if (!check_value(arena, &field, value, problem))
            return false;
    }
    return true;
}

/* False with a problem: an argument that the row does not have, lacks, or has in another type. */
static bool check_form(const struct cw_api_command *command, struct cw_arena *arena,
                       const json_t *in, struct cw_api_problem *problem)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in, name, value)
    {
        struct cw_api_arg arg;
        if (!cw_api_arg_find(command, cw_str_of(name), &arg)) {
            cw_api_refuse(
                problem, 400, "",
                cw_arena_printf(arena, "%s has no argument \"%s\".", command->name, name));
            return false;
        }
        if (!check_value(arena, &arg, value, problem))
            return false;
        if (arg.type == CW_ARG_FIELDS && !check_fields(arena, &arg, value, problem))
            return false;
    }
    for (size_t i = 0; i < command->n_args; i++) {
        if (command->args[i].is_required && !json_object_get(in, command->args[i].name)) {
            cw_api_refuse(problem, 400, command->args[i].name,
                          cw_arena_printf(arena, "%s must be given.", command->args[i].name));
            return false;
        }
    }
    return true;
}

json_t *cw_api_run(const struct cw_api_command *command, const struct cw_api_call *call,
                   const json_t *in, struct cw_api_problem *problem)
{
    *problem = (struct cw_api_problem){.field = ""};
    if (call->permission < command->permission)
        return cw_api_refuse(problem, 403, "",
                             cw_arena_printf(call->arena, "%s needs the role %s.", command->name,
                                             cw_permission_name(command->permission)));
    if (!json_is_object(in))
        return cw_api_refuse(problem, 400, "", CW_S("The arguments must be an object."));
    if (call->what_if && !command->changes)
        return cw_api_refuse(problem, 400, "",
                             cw_arena_printf(call->arena,
                                             "%s changes nothing; there is no what-if.",
                                             command->name));
    if (!check_form(command, call->arena, in, problem) || !cw_api_page_check(command, in, problem))
        return NULL;
    json_t *answer = command->run(call, in, problem);
    if (answer)
        cw_api_page_cut(call->arena, command, in, answer);
    return answer;
}
