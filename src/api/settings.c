/* The commands on settings.  Secrets never leave: "(set)" stands in their place, or "(new)" after a
 * change of them. */
#include "policy/settings.h"
#include "api/api_priv.h"
#include "base/secret.h"
#include "conf/policy_json.h"

#define SECRET_BYTES 32

static const struct cw_setting *find(const struct cw_api_call *call, const json_t *in,
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

json_t *cw_api_settings_get(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    const struct cw_setting *only = NULL;
    struct cw_settings settings;
    uint64_t version;
    if (json_object_get(in, "name")) {
        only = find(call, in, problem);
        if (!only)
            return NULL;
    }
    enum cw_err err = cw_store_settings_get(call->store, call->arena, &settings, &version);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *all = cw_settings_to_json(&settings, false);
    json_t *shown = only ? json_object() : json_incref(all);
    if (only)
        json_object_set(shown, only->name, json_object_get(all, only->name));
    json_decref(all);
    json_object_set_new(shown, "version", json_integer((json_int_t)version));
    return shown;
}

/* "new" generates the secret. */
static struct cw_str set_one(const struct cw_api_call *call, const struct cw_setting *row,
                             struct cw_settings *settings, const json_t *value)
{
    if (row->type == CW_SETTING_SECRET && cw_str_eq(cw_json_str(value), CW_S("new")))
        return cw_setting_set(call->arena, row, settings, cw_random_hex(call->arena, SECRET_BYTES));
    return cw_setting_set_json(call->arena, row, settings, value);
}

/* False with a problem. */
static bool apply(const struct cw_api_call *call, const json_t *in, struct cw_settings *settings,
                  struct cw_api_problem *problem)
{
    struct cw_str so_far = settings->dialback_secret;
    const char *name, *field = "";
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in, name, value)
    {
        const struct cw_setting *row = cw_setting_find(cw_str_of(name));
        if (!row)
            continue;                                                /* if-version */
        struct cw_str refusal = set_one(call, row, settings, value); /* the form was checked */
        if (cw_str_is_present(refusal)) {
            cw_api_refuse(problem, 400, row->name, refusal);
            return false;
        }
    }
    /* Rotation overlaps: keys made with the secret so far stay valid until the next change, so
     * that dialback under way does not fail. */
    if (!json_object_get(in, "dialback-secret-previous") &&
        !cw_str_eq(so_far, settings->dialback_secret))
        settings->dialback_secret_previous = so_far;
    struct cw_str refusal = cw_settings_check(settings, &field);
    if (!cw_str_is_present(refusal))
        return true;
    cw_api_refuse(problem, 400, field, refusal);
    return false;
}

/* The settings that were named, as they are in these, which came after those before. */
static json_t *show(const struct cw_settings *settings, const struct cw_settings *before,
                    const json_t *in, uint64_t version)
{
    json_t *all = cw_settings_to_json_after(settings, before), *some = json_object();
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in, name, value)
    {
        if (cw_setting_find(cw_str_of(name)))
            json_object_set(some, name, json_object_get(all, name));
    }
    json_object_set_new(some, "version", json_integer((json_int_t)version));
    json_decref(all);
    return some;
}

json_t *cw_api_settings_set(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_change change = {.who = call->who, .what_if = call->what_if};
    struct cw_settings before, after;
    struct cw_refusal refusal = {.field = ""};
    uint64_t version;
    if (json_object_size(in) == (json_object_get(in, "if-version") ? 1 : 0))
        return cw_api_refuse(problem, 400, "", CW_S("Give at least one setting to change."));
    enum cw_err err = cw_store_settings_get(call->store, call->arena, &before, &version);
    if (err)
        return cw_api_refuse_store(problem, err, &refusal);
    after = before;
    if (!apply(call, in, &after, problem))
        return NULL;
    err = cw_store_settings_set(call->store, &change, &after, cw_api_expected(in, version),
                                call->arena, &refusal);
    if (err) {
        cw_api_refuse_store(problem, err, &refusal);
        return cw_api_tell_who(call, "settings", CW_S(""), problem);
    }
    return cw_api_changed(call, show(&before, &before, in, version),
                          show(&after, &before, in, version + 1));
}
