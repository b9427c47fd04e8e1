/* The commands on the audit trail: who changed what, and bringing a state back.
 *
 * One exchange: somebody set a partner's TLS to Optional by mistake.  `audit list --object
 * fabrikam.test` shows rows 12 (new) and 17 (set, fields: tls); `audit show 17` shows "Required" ->
 * "Optional"; `audit restore 12` makes the partner again as row 12 left it, which is a change like
 * any other, with a row 18 of its own. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/api_priv.h"
#include "conf/policy_json.h"
#include "store/account.h"

enum { DEFAULT_LIMIT = 100 };

/* --- showing ----------------------------------------------------------------------------------*/

static json_t *read_json(struct cw_str text)
{
    json_t *value = text.n ? json_loadb(text.p, text.n, JSON_DECODE_ANY, NULL) : NULL;
    return value ? value : json_null();
}

static void add_difference(json_t *list, const char *name, const json_t *before,
                           const json_t *after)
{
    json_t *row = json_object();
    json_object_set_new(row, "field", json_string(name));
    json_object_set_new(row, "before", before ? json_deep_copy(before) : json_null());
    json_object_set_new(row, "after", after ? json_deep_copy(after) : json_null());
    json_array_append_new(list, row);
}

/* The members that differ, those of the later state first.  Of what came or went: all. */
static json_t *differences(const json_t *before, const json_t *after)
{
    json_t *list = json_array(), *value;
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)after, name, value)
    {
        const json_t *so_far = json_object_get(before, name);
        if (!so_far || !json_equal(so_far, value))
            add_difference(list, name, so_far, value);
    }
    json_object_foreach((json_t *)(uintptr_t)before, name, value)
    {
        if (!json_object_get(after, name))
            add_difference(list, name, value, NULL);
    }
    return list;
}

static json_t *show(const struct cw_audit_row *row)
{
    json_t *object = json_object();
    json_object_set_new(object, "id", json_integer(row->id));
    json_object_set_new(object, "at", cw_json_of_time(row->at));
    json_object_set_new(object, "who", cw_json_of_str(row->who));
    json_object_set_new(object, "action", cw_json_of_str(row->action));
    json_object_set_new(object, "object", cw_json_of_str(row->object));
    return object;
}

/* In a list: the names of the fields are enough; of what is new or gone not even they. */
static json_t *show_short(const struct cw_audit_row *row)
{
    json_t *object = show(row), *names = json_array(), *difference;
    json_t *before = read_json(row->before), *after = read_json(row->after);
    if (json_is_object(before) && json_is_object(after)) {
        json_t *all = differences(before, after);
        size_t i;
        json_array_foreach(all, i, difference)
            json_array_append(names, json_object_get(difference, "field"));
        json_decref(all);
    }
    json_object_set_new(object, "fields", names);
    json_object_set(object, "detail", json_object_get(after, "detail")); /* of a sign-in */
    json_decref(before);
    json_decref(after);
    return object;
}

/* --- filters ----------------------------------------------------------------------------------*/

/* "2026-11-22" or "2026-11-22T14:00:00Z"; a day's end is its last second.  False with a problem. */
static bool time_arg(const json_t *in, const char *name, bool is_end, int64_t *out,
                     struct cw_api_problem *problem)
{
    const char *text = json_string_value(json_object_get(in, name)), *rest;
    struct tm day = {0}, moment = {0};
    *out = 0;
    if (!text)
        return true;
    rest = strptime(text, "%Y-%m-%d", &day);
    if (rest && !*rest) {
        *out = timegm(&day) + (is_end ? 86399 : 0);
        return true;
    }
    rest = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &moment);
    if (rest && !*rest) {
        *out = timegm(&moment);
        return true;
    }
    cw_api_refuse(problem, 400, name,
                  CW_S("A time is written as 2026-11-22, or as 2026-11-22T14:00:00Z in UTC."));
    return false;
}

/* The id of the last row that was shown. */
static bool cursor_arg(const json_t *in, int64_t *out, struct cw_api_problem *problem)
{
    const json_t *given = json_object_get(in, "cursor");
    uint64_t id = 0;
    bool is_one = !given || (cw_str_to_u64(cw_json_str(given), &id) && id > 0 && id <= INT64_MAX);
    *out = (int64_t)id;
    if (!is_one)
        cw_api_refuse(problem, 400, "cursor", CW_S("Give what \"next\" of the answer before was."));
    return is_one;
}

json_t *cw_api_audit_list(const struct cw_api_call *call, const json_t *in,
                          struct cw_api_problem *problem)
{
    struct cw_audit_filter filter = {
        .who = cw_json_text(in, "who"),
        .object = cw_json_text(in, "object"),
        .action = cw_json_text(in, "action"),
        .leaves_out_accounts = call->permission < CW_ADMINISTRATOR,
    };
    struct cw_audit_row *rows;
    const json_t *given = json_object_get(in, "limit");
    size_t limit = given ? (size_t)json_integer_value(given) : DEFAULT_LIMIT, n;
    if (!time_arg(in, "since", false, &filter.since, problem) ||
        !time_arg(in, "until", true, &filter.until, problem) ||
        !cursor_arg(in, &filter.before, problem))
        return NULL;
    /* One more than is shown tells whether there is a next part. */
    enum cw_err err = cw_store_audit_find(call->store, &filter, limit + 1, call->arena, &rows, &n);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *answer = json_object(), *list = json_array(), *next = json_null();
    for (size_t i = 0; i < n && i < limit; i++)
        json_array_append_new(list, show_short(&rows[i]));
    if (n > limit)
        next = json_string(cw_arena_printf(call->arena, "%lld", (long long)rows[limit - 1].id).p);
    json_object_set_new(answer, "audit", list);
    json_object_set_new(answer, "next", next);
    return answer;
}

/* --- restoring --------------------------------------------------------------------------------*/

/* How the object was after the row; after a removal: how it was before.  Borrowed. */
static json_t *state_of(json_t *before, json_t *after)
{
    return json_is_object(after) ? after : json_is_object(before) ? before : NULL;
}

/* What every restorer gets: the arguments of `audit restore`, the row, the state to come back. */
struct restoring {
    const json_t *in;
    const struct cw_audit_row *row;
    const json_t *state;
};

/* The version that whoever asks has seen, for the command that makes the change. */
static void pass_version(const struct restoring *what, json_t *in)
{
    json_t *version = json_object_get(what->in, "if-version");
    if (version)
        json_object_set(in, "if-version", version);
}

static json_t *restore_partner(const struct cw_api_call *call, const struct restoring *what,
                               struct cw_api_problem *problem)
{
    json_t *in = json_copy((json_t *)(uintptr_t)what->state);
    pass_version(what, in);
    json_t *answer = cw_api_partner_put(call, in, problem);
    json_decref(in);
    return answer;
}

/* Secrets are not in the trail: they stay.  So does what that release did not have. */
static json_t *restore_settings(const struct cw_api_call *call, const struct restoring *what,
                                struct cw_api_problem *problem)
{
    json_t *in = json_object(), *value;
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)what->state, name, value)
    {
        const struct cw_setting *setting = cw_setting_find(cw_str_of(name));
        if (setting && setting->type != CW_SETTING_SECRET)
            json_object_set(in, name, value);
    }
    pass_version(what, in);
    json_t *answer = cw_api_settings_set(call, in, problem);
    json_decref(in);
    return answer;
}

static json_t *restore_access(const struct cw_api_call *call, const struct restoring *what,
                              struct cw_api_problem *problem)
{
    struct cw_str object = what->row->object;
    json_t *in = json_object();
    pass_version(what, in);
    json_object_set(in, "xmpp", json_object_get(what->state, "xmpp"));
    if (!cw_str_eq_cstr(object, "global"))
        json_object_set_new(in, cw_str_index(object, '@') < 0 ? "domain" : "user",
                            cw_json_of_str(object));
    json_t *answer = cw_api_access_set(call, in, problem);
    json_decref(in);
    return answer;
}

static json_t *restore_block(const struct cw_api_call *call, const struct restoring *what,
                             struct cw_api_problem *problem)
{
    struct cw_api_call then = *call;
    if (json_object_get(what->in, "if-version"))
        return cw_api_refuse(problem, 400, "if-version",
                             CW_S("Blocks have no version to compare."));
    json_t *in = json_object();
    then.since = json_integer_value(json_object_get(what->state, "since"));
    json_object_set(in, "user", json_object_get(what->state, "user"));
    json_object_set(in, "address", json_object_get(what->state, "blocked"));
    json_t *answer = cw_api_contact_block(&then, in, problem);
    json_decref(in);
    return answer;
}

/* By the first word of the action. */
static const struct restorer {
    struct cw_str of;
    json_t *(*restore)(const struct cw_api_call *, const struct restoring *,
                       struct cw_api_problem *);
} restorers[] = {
    {CW_STR("partner "), restore_partner},
    {CW_STR("settings "), restore_settings},
    {CW_STR("access "), restore_access},
    {CW_STR("block "), restore_block},
};

static const struct restorer *restorer_of(const struct cw_audit_row *row)
{
    for (size_t i = 0; i < sizeof(restorers) / sizeof(restorers[0]); i++)
        if (cw_str_starts(row->action, restorers[i].of))
            return &restorers[i];
    return NULL;
}

/* As the list has it: for a viewer there are no rows on accounts. */
static enum cw_err get(const struct cw_api_call *call, int64_t id, struct cw_audit_row *row)
{
    const struct cw_audit_filter filter = {.before = id < INT64_MAX ? id + 1 : id,
                                           .leaves_out_accounts = true};
    struct cw_audit_row *rows;
    size_t n;
    if (call->permission >= CW_ADMINISTRATOR)
        return cw_store_audit_get(call->store, id, call->arena, row);
    enum cw_err err = cw_store_audit_find(call->store, &filter, 1, call->arena, &rows, &n);
    if (err || n == 0 || rows->id != id)
        return err ? err : CW_ERR_NOT_FOUND;
    *row = *rows;
    return CW_OK;
}

/* The row of the argument `id`; false with a problem. */
static bool find(const struct cw_api_call *call, const json_t *in, struct cw_audit_row *row,
                 struct cw_api_problem *problem)
{
    int64_t id = json_integer_value(json_object_get(in, "id"));
    struct cw_refusal refusal = {.field = "id"};
    enum cw_err err = get(call, id, row);
    if (err == CW_ERR_NOT_FOUND)
        refusal.sentence =
            cw_arena_printf(call->arena, "The audit trail has no row %lld.", (long long)id);
    if (err)
        cw_api_refuse_store(problem, err, &refusal);
    return !err;
}

json_t *cw_api_audit_show(const struct cw_api_call *call, const json_t *in,
                          struct cw_api_problem *problem)
{
    struct cw_audit_row row;
    if (!find(call, in, &row, problem))
        return NULL;
    json_t *object = show(&row);
    json_t *before = read_json(row.before), *after = read_json(row.after);
    json_object_set_new(object, "changes", differences(before, after));
    json_object_set_new(object, "restorable",
                        json_boolean(restorer_of(&row) && state_of(before, after)));
    json_object_set_new(object, "before", before);
    json_object_set_new(object, "after", after);
    return object;
}

json_t *cw_api_audit_restore(const struct cw_api_call *call, const json_t *in,
                             struct cw_api_problem *problem)
{
    struct cw_audit_row row;
    if (!find(call, in, &row, problem))
        return NULL;
    json_t *before = read_json(row.before), *after = read_json(row.after), *answer;
    const json_t *state = state_of(before, after);
    const struct restorer *restorer = restorer_of(&row);
    if (restorer && state)
        answer = restorer->restore(call, &(struct restoring){.in = in, .row = &row, .state = state},
                                   problem);
    else
        answer = cw_api_refuse(problem, 409, "id",
                               cw_arena_printf(call->arena,
                                               "\"%.*s\" is nothing that can be brought back; "
                                               "partners, settings, access rules and blocks can.",
                                               CW_ARG(row.action)));
    json_decref(before);
    json_decref(after);
    return answer;
}
