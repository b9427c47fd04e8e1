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
    bool told = refusal && cw_str_is_present(refusal->sentence);
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

uint64_t cw_api_given_version(const json_t *in, uint64_t read)
{
    const json_t *given = json_object_get(in, "if-version");
    return given ? (uint64_t)json_integer_value(given) : read;
}

uint64_t cw_api_expected(const json_t *in, uint64_t read)
{
    uint64_t version = cw_api_given_version(in, read);
    return version == 0 ? UINT64_MAX : version;
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
    if (!cw_api_check_form(command, call->arena, in, problem))
        return NULL;
    json_t *answer = command->run(call, in, problem);
    if (answer)
        cw_api_page_cut(call->arena, command, in, answer);
    return answer;
}
