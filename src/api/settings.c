/* The commands on settings.  Secrets never leave: "(set)" stands in their place. */
#include "policy/settings.h"
#include "api/api_priv.h"
#include "base/secret.h"
#include "conf/policy_json.h"

#define SECRET_BYTES 32

static const struct cw_setting *name_arg(const struct cw_api_call *call, const json_t *in,
                                         struct cw_api_problem *problem)
{
    struct cw_str name = cw_json_str(json_object_get(in, "name"));
    const struct cw_setting *row = cw_setting_find(name);
    if (!row)
        cw_api_refuse(problem, 404, "name",
                      cw_arena_printf(call->arena,
                                      "There is no setting \"%.*s\"; settings get lists all.",
                                      (int)(name.n < 255 ? name.n : 255), name.p));
    return row;
}

/* All settings, or the one. */
static json_t *show(const struct cw_settings *settings, const struct cw_setting *only)
{
    json_t *all = cw_settings_to_json(settings, false), *one;
    if (!only)
        return all;
    one = json_object();
    json_object_set(one, only->name, json_object_get(all, only->name));
    json_decref(all);
    return one;
}

json_t *cw_api_settings_get(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    const struct cw_setting *row = NULL;
    struct cw_settings settings;
    uint64_t version;
    if (json_object_get(in, "name")) {
        row = name_arg(call, in, problem);
        if (!row)
            return NULL;
    }
    enum cw_err err = cw_store_settings_get(call->store, call->arena, &settings, &version);
    if (err)
        return cw_api_refuse_store(problem, err, &(struct cw_refusal){.field = ""});
    return show(&settings, row);
}

/* Rotation overlaps: keys made with the secret so far stay valid until the next change, so that
 * dialback under way does not fail. */
static struct cw_str set_value(const struct cw_api_call *call, const struct cw_setting *row,
                               struct cw_settings *settings, struct cw_str value)
{
    bool is_secret = cw_str_eq(cw_str_of(row->name), CW_S("dialback-secret"));
    struct cw_str so_far = settings->dialback_secret;
    if (is_secret && cw_str_eq(value, CW_S("new")))
        value = cw_random_hex(call->arena, SECRET_BYTES);
    struct cw_str refusal = cw_setting_set(call->arena, row, settings, value);
    if (!cw_str_is_present(refusal) && is_secret && !cw_str_eq(so_far, settings->dialback_secret))
        settings->dialback_secret_previous = so_far;
    return refusal;
}

json_t *cw_api_settings_set(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_change change = {.who = call->who, .what_if = call->what_if};
    struct cw_settings before, after;
    struct cw_refusal refusal = {.field = ""};
    uint64_t version;
    const char *field = "";
    const struct cw_setting *row = name_arg(call, in, problem);
    if (!row)
        return NULL;
    enum cw_err err = cw_store_settings_get(call->store, call->arena, &before, &version);
    if (err)
        return cw_api_refuse_store(problem, err, &refusal);
    after = before;
    struct cw_str sentence =
        set_value(call, row, &after, cw_json_str(json_object_get(in, "value")));
    if (cw_str_is_present(sentence))
        return cw_api_refuse(problem, 400, "value", sentence);
    sentence = cw_settings_check(&after, &field);
    if (cw_str_is_present(sentence))
        return cw_api_refuse(problem, 400, field, sentence);
    err = cw_store_settings_set(call->store, &change, &after, version, call->arena, &refusal);
    if (err)
        return cw_api_refuse_store(problem, err, &refusal);
    return cw_api_changed(call, show(&before, row), show(&after, row));
}
