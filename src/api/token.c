/* The commands on API tokens.  The token itself is in the answer that made it, and nowhere else. */
#include "account/token.h"

#include <time.h>

#include "api/api_priv.h"
#include "conf/policy_json.h"
#include "store/account.h"

enum { DEFAULT_DAYS = 365, DAY_S = 86400, LONGEST_NAME = 64 };

/* null: not yet, or never */
static json_t *time_or_null(int64_t at)
{
    return at ? cw_json_of_time(at) : json_null();
}

static json_t *show(const struct cw_token *token)
{
    json_t *object = json_object();
    json_object_set_new(object, "id", json_integer(token->id));
    json_object_set_new(object, "name", cw_json_of_str(token->name));
    json_object_set_new(
        object, "role",
        json_string(cw_permission_name(token->is_administrator ? CW_ADMINISTRATOR : CW_VIEWER)));
    json_object_set_new(object, "since", cw_json_of_time(token->since));
    json_object_set_new(object, "expires", time_or_null(token->expires));
    json_object_set_new(object, "used", time_or_null(token->used));
    json_object_set_new(object, "expired",
                        json_boolean(token->expires != 0 && token->expires <= time(NULL)));
    return object;
}

/* A name stands in the audit trail as "token:NAME"; false with a problem. */
static bool name_arg(const struct cw_api_call *call, const json_t *in, struct cw_str *out,
                     struct cw_api_problem *problem)
{
    bool is_clean = true;
    *out = cw_str_trim(cw_json_text(in, "name"));
    for (size_t i = 0; i < out->n; i++)
        is_clean = is_clean && (unsigned char)out->p[i] >= ' ' && out->p[i] != 0x7F;
    if (out->n > 0 && cw_str_n_characters(*out) <= LONGEST_NAME && is_clean)
        return true;
    cw_api_refuse(problem, 400, "name",
                  cw_arena_printf(call->arena,
                                  "A token's name has 1 to %d characters of plain text.",
                                  LONGEST_NAME));
    return false;
}

json_t *cw_api_token_new(const struct cw_api_call *call, const json_t *in,
                         struct cw_api_problem *problem)
{
    const json_t *given = json_object_get(in, "days");
    json_int_t days = given ? json_integer_value(given) : DEFAULT_DAYS;
    struct cw_change change = {.who = call->who, .what_if = call->what_if};
    struct cw_token token = {.is_administrator = cw_api_is_administrator_role(in),
                             .since = time(NULL)};
    if (!name_arg(call, in, &token.name, problem))
        return NULL;
    struct cw_str text = cw_token_generate(call->arena);
    token.digest = cw_token_digest(call->arena, text);
    token.expires = days ? token.since + days * DAY_S : 0;
    enum cw_err err = cw_store_token_add(call->store, &change, &token, &token.id);
    if (err == CW_ERR_EXISTS)
        return cw_api_refuse(
            problem, 409, "name",
            cw_arena_printf(call->arena, "There is a token %.*s already.", CW_ARG(token.name)));
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *answer = cw_api_changed(call, NULL, show(&token));
    if (!call->what_if)
        json_object_set_new(answer, "token", cw_json_of_str(text));
    return answer;
}

json_t *cw_api_token_list(const struct cw_api_call *call, const json_t *in,
                          struct cw_api_problem *problem)
{
    struct cw_token *tokens;
    size_t n;
    (void)in;
    enum cw_err err = cw_store_token_list(call->store, call->arena, &tokens, &n);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, show(&tokens[i]));
    return json_pack("{s:o}", "tokens", list);
}

json_t *cw_api_token_remove(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_change change = {.who = call->who, .what_if = call->what_if};
    int64_t id = json_integer_value(json_object_get(in, "id"));
    struct cw_token *tokens;
    json_t *before = NULL;
    size_t n;
    enum cw_err err = cw_store_token_list(call->store, call->arena, &tokens, &n);
    for (size_t i = 0; !err && i < n; i++)
        if (tokens[i].id == id)
            before = show(&tokens[i]);
    if (!err)
        err = cw_store_token_remove(call->store, &change, id);
    if (!err)
        return cw_api_changed(call, before, NULL);
    json_decref(before);
    if (err == CW_ERR_NOT_FOUND)
        return cw_api_refuse(
            problem, 404, "id",
            cw_arena_printf(call->arena, "There is no token %lld.", (long long)id));
    return cw_api_refuse_store(problem, err, NULL);
}
