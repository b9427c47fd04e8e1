/* The form of a command's arguments, by its row: nothing that the row does not have, all that it
 * must have, types and ranges.  What takes more than the row to judge (is that a domain?  do these
 * settings go together?) is the handler's.
 *
 * One exchange: PATCH /partners/fabrikam.test with {"connection-limit":10001} is refused here, with
 * the field "connection-limit" and the sentence "connection-limit must be a number from 1 to 10000,
 * or 0 (inherit)."; the handler never runs. */
#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
#include "base/buf.h"

enum { MAX_NAME = 255 }; /* of an unknown argument, as it is said back */

/* --- ranges -----------------------------------------------------------------------------------*/

bool cw_api_arg_bounds(const struct cw_api_arg *arg, struct cw_api_bounds *out)
{
    int end = 0;
    *out = (struct cw_api_bounds){.zero = ""};
    if (arg->type == CW_ARG_NUMBER &&
        sscanf(arg->range, "%u..%u%n", &out->min, &out->max, &end) == 2) {
        if (strncmp(arg->range + end, ", 0 = ", 6) == 0)
            out->zero = arg->range + end + 6;
        return true;
    }
    return (arg->type == CW_ARG_TEXT || arg->type == CW_ARG_SECRET) &&
           (sscanf(arg->range, "%u to %u characters", &out->min, &out->max) == 2 ||
            sscanf(arg->range, "at most %u characters", &out->max) == 1);
}

static bool is_in_range(const struct cw_api_arg *arg, const json_t *value,
                        struct cw_api_bounds *bounds)
{
    json_int_t number = json_integer_value(value);
    if (arg->type != CW_ARG_NUMBER || !cw_api_arg_bounds(arg, bounds))
        return true; /* the length of a text is the handler's, whose sentence says more */
    return (number >= bounds->min && number <= bounds->max) || (number == 0 && bounds->zero[0]);
}

static struct cw_str range_sentence(struct cw_arena *arena, const struct cw_api_arg *arg,
                                    const struct cw_api_bounds *bounds)
{
    bool zero = bounds->zero[0];
    return cw_arena_printf(arena, "%s must be a number from %u to %u%s%s%s.", arg->name,
                           bounds->min, bounds->max, zero ? ", or 0 (" : "", bounds->zero,
                           zero ? ")" : "");
}

/* --- one value --------------------------------------------------------------------------------*/

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

/* `field`: the pointer to the value, without its first slash. */
static bool check_value(struct cw_arena *arena, const struct cw_api_arg *arg, const char *field,
                        const json_t *value, struct cw_api_problem *problem)
{
    bool choice = arg->type == CW_ARG_CHOICE;
    struct cw_api_bounds bounds;
    if (!fits(arg, value))
        cw_api_refuse(problem, 400, field,
                      cw_arena_printf(arena, "%s must be %s%s%s.", arg->name, expected(arg->type),
                                      choice ? " " : "", choice ? arg->range : ""));
    else if (!is_in_range(arg, value, &bounds))
        cw_api_refuse(problem, 400, field, range_sentence(arena, arg, &bounds));
    else
        return true;
    return false;
}

/* --- all of them ------------------------------------------------------------------------------*/

const char *cw_api_pointer_step(struct cw_arena *arena, struct cw_str name)
{
    struct cw_buf b = {0};
    if (name.n > MAX_NAME)
        return "";
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '~' || name.p[i] == '/')
            cw_buf_putcstr(&b, name.p[i] == '~' ? "~0" : "~1");
        else
            cw_buf_putc(&b, name.p[i]);
    }
    const char *step = cw_arena_dup(arena, cw_buf_str(&b)).p;
    cw_buf_free(&b);
    return step;
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
        const char *pointer =
            cw_arena_printf(arena, "%s/%s", arg->name, cw_api_pointer_step(arena, cw_str_of(name)))
                .p;
        if (!is_choice(cw_str_of(arg->range), cw_str_of(name)) ||
            !cw_api_arg_find(set, cw_str_of(name), &field)) {
            cw_api_refuse(problem, 400, pointer,
                          cw_arena_printf(arena, "%s takes %s, and no \"%.*s\".", arg->name,
                                          arg->range, MAX_NAME, name));
            return false;
        }
        if (!check_value(arena, &field, pointer, value, problem))
            return false;
    }
    return true;
}

static bool check_given(const struct cw_api_command *command, struct cw_arena *arena,
                        const char *name, const json_t *value, struct cw_api_problem *problem)
{
    struct cw_api_arg arg;
    if (!cw_api_arg_find(command, cw_str_of(name), &arg)) {
        cw_api_refuse(
            problem, 400, cw_api_pointer_step(arena, cw_str_of(name)),
            cw_arena_printf(arena, "%s has no argument \"%.*s\".", command->name, MAX_NAME, name));
        return false;
    }
    return check_value(arena, &arg, arg.name, value, problem) &&
           (arg.type != CW_ARG_FIELDS || check_fields(arena, &arg, value, problem));
}

bool cw_api_check_form(const struct cw_api_command *command, struct cw_arena *arena,
                       const json_t *in, struct cw_api_problem *problem)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in, name, value)
    {
        if (!check_given(command, arena, name, value, problem))
            return false;
    }
    for (size_t i = 0; i < command->n_args; i++) {
        const struct cw_api_arg *arg = &command->args[i];
        if (!arg->is_required || json_object_get(in, arg->name))
            continue;
        cw_api_refuse(problem, 400, arg->name,
                      cw_arena_printf(arena, "%s must be given.", arg->name));
        return false;
    }
    return true;
}
