/* The commands on accounts: who may sign in to the panel.  A password comes in as it is typed and
 * goes on as a hash; the answer shows one only when it was made here, once. */
#include "api/account.h"

#include <time.h>

#include "account/name.h"
#include "account/password.h"
#include "api/api_priv.h"
#include "conf/policy_json.h"
#include "store/account.h"

static const char *role_name(bool is_administrator)
{
    return cw_permission_name(is_administrator ? CW_ADMINISTRATOR : CW_VIEWER);
}

bool cw_api_is_administrator_role(const json_t *in)
{
    return cw_str_eq_nocase(cw_json_text(in, "role"), CW_S("administrator"));
}

static json_t *show(const struct cw_account *account)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", cw_json_of_str(account->name));
    json_object_set_new(object, "role", json_string(role_name(account->is_administrator)));
    json_object_set_new(object, "enabled", json_boolean(account->is_enabled));
    json_object_set_new(object, "must-change-password",
                        json_boolean(account->must_change_password));
    json_object_set_new(object, "since", cw_json_of_time(account->since));
    json_object_set_new(object, "password-changed", cw_json_of_time(account->changed));
    json_object_set_new(object, "version", json_integer((json_int_t)account->version));
    return object;
}

static struct cw_change change_of(const struct cw_api_call *call)
{
    return (struct cw_change){.who = call->who, .what_if = call->what_if};
}

static bool refuse(struct cw_api_problem *problem, int status, const char *field,
                   struct cw_str sentence)
{
    cw_api_refuse(problem, status, field, sentence);
    return false;
}

/* The argument `name` as it is kept; false with a problem. */
static bool name_arg(const struct cw_api_call *call, const json_t *in, struct cw_str *out,
                     struct cw_api_problem *problem)
{
    struct cw_str typed = cw_json_text(in, "name");
    return cw_account_name(call->arena, typed, out) ||
           refuse(problem, 400, "name",
                  CW_S("An account's name has 1 to 64 letters, digits and signs, without spaces, "
                       "slashes and colons."));
}

/* The account of the argument `name`; false with a problem. */
static bool find(const struct cw_api_call *call, const json_t *in, struct cw_account *out,
                 struct cw_api_problem *problem)
{
    struct cw_str name;
    struct cw_refusal refusal = {.field = "name"};
    if (!name_arg(call, in, &name, problem))
        return false;
    enum cw_err err = cw_store_account_get(call->store, name, call->arena, out);
    if (err == CW_ERR_NOT_FOUND)
        refusal.sentence = cw_arena_printf(call->arena, "There is no account %.*s.", CW_ARG(name));
    if (err)
        cw_api_refuse_store(problem, err, &refusal);
    return !err;
}

/* --- passwords --------------------------------------------------------------------------------*/

struct password {
    struct cw_str hash;
    struct cw_str made; /* to be shown once; absent: it was given */
    bool must_change;
};

static bool take_password(const struct cw_api_call *call, const json_t *in, struct cw_str account,
                          struct password *out, struct cw_api_problem *problem)
{
    struct cw_str given = cw_json_text(in, "password");
    bool generate = json_is_true(json_object_get(in, "generate"));
    const json_t *must_change = json_object_get(in, "must-change-password");
    *out = (struct password){.made = CW_STR_NONE};
    if (generate == cw_str_is_present(given))
        return refuse(problem, 400, "password",
                      CW_S("Give a password, or let one be made with generate."));
    if (generate) {
        out->made = given = cw_password_generate(call->arena);
    } else {
        struct cw_str why = cw_password_check(call->arena, given, account);
        if (cw_str_is_present(why))
            return refuse(problem, 400, "password", why);
    }
    out->must_change = must_change ? json_is_true(must_change) : generate;
    out->hash = cw_password_hash(call->arena, given);
    return true;
}

/* A password that was made is told with the answer, unless nothing was saved. */
static json_t *with_password(const struct cw_api_call *call, json_t *answer,
                             const struct password *password)
{
    if (cw_str_is_present(password->made) && !call->what_if)
        json_object_set_new(answer, "password", cw_json_of_str(password->made));
    return answer;
}

json_t *cw_api_account_password(const struct cw_api_call *call, const json_t *in,
                                struct cw_api_problem *problem)
{
    struct cw_change change = change_of(call);
    struct cw_account before, after;
    struct password password;
    if (!find(call, in, &before, problem) ||
        !take_password(call, in, before.name, &password, problem))
        return NULL;
    struct cw_new_password new = {before.name, password.hash, password.must_change,
                                  cw_api_expected(in, before.version), CW_STR_NONE};
    struct cw_refusal refusal;
    enum cw_err err = cw_store_account_password(call->store, &change, &new, call->arena, &refusal);
    if (err) {
        cw_api_refuse_store(problem, err, &refusal);
        return cw_api_tell_who(call, "account", before.name, problem);
    }
    after = before; /* as it would be */
    after.must_change_password = password.must_change;
    after.changed = time(NULL);
    after.version++;
    if (!err && !call->what_if)
        err = cw_store_account_get(call->store, before.name, call->arena, &after);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    return with_password(call, cw_api_changed(call, show(&before), show(&after)), &password);
}

bool cw_api_own_password(const struct cw_api_call *call, const struct cw_api_own_password *own,
                         struct cw_api_problem *problem)
{
    struct cw_change change = change_of(call);
    struct cw_account account;
    enum cw_err err = cw_store_account_get(call->store, own->account, call->arena, &account);
    bool is_right = cw_password_is(err ? CW_S("") : account.password_hash, own->so_far);
    *problem = (struct cw_api_problem){.field = ""};
    if (err && err != CW_ERR_NOT_FOUND) {
        cw_api_refuse_store(problem, err, NULL);
        return false;
    }
    if (!is_right)
        return refuse(problem, 403, "so-far", CW_S("That is not your password."));
    if (cw_str_eq(own->so_far, own->wanted))
        return refuse(problem, 400, "password", CW_S("Choose another password than so far."));
    struct cw_str why = cw_password_check(call->arena, own->wanted, own->account);
    if (cw_str_is_present(why))
        return refuse(problem, 400, "password", why);
    struct cw_refusal refusal;
    struct cw_new_password new = {account.name, cw_password_hash(call->arena, own->wanted), false,
                                  account.version, own->keep_session};
    err = cw_store_account_password(call->store, &change, &new, call->arena, &refusal);
    if (err)
        cw_api_refuse_store(problem, err, &refusal);
    return !err;
}

enum cw_err cw_api_first_account(struct cw_store *store, struct cw_arena *arena,
                                 struct cw_str *password)
{
    const struct cw_change change = {.who = "first start"};
    struct cw_refusal refusal;
    struct cw_account *accounts;
    size_t n;
    *password = CW_STR_NONE;
    enum cw_err err = cw_store_account_list(store, arena, &accounts, &n);
    if (err || n > 0)
        return err;
    struct cw_str made = cw_password_generate(arena);
    const struct cw_account first = {
        .name = CW_STR(CW_FIRST_ACCOUNT),
        .is_administrator = true,
        .is_enabled = true,
        .must_change_password = true,
        .password_hash = cw_password_hash(arena, made),
    };
    err = cw_store_account_add(store, &change, &first, arena, &refusal);
    if (err == CW_ERR_EXISTS) /* another start was quicker, and shows its own */
        return CW_OK;
    if (!err)
        *password = made;
    return err;
}

/* --- accounts ---------------------------------------------------------------------------------*/

json_t *cw_api_account_new(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    struct cw_change change = change_of(call);
    struct cw_account account = {.is_administrator = cw_api_is_administrator_role(in),
                                 .is_enabled = true};
    struct cw_refusal refusal;
    struct password password;
    if (!name_arg(call, in, &account.name, problem) ||
        !take_password(call, in, account.name, &password, problem))
        return NULL;
    account.password_hash = password.hash;
    account.must_change_password = password.must_change;
    enum cw_err err = cw_store_account_add(call->store, &change, &account, call->arena, &refusal);
    if (err)
        return cw_api_refuse_store(problem, err, &refusal);
    account.since = account.changed = time(NULL); /* as it would be */
    account.version = 1;
    if (!call->what_if)
        err = cw_store_account_get(call->store, account.name, call->arena, &account);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    return with_password(call, cw_api_changed(call, NULL, show(&account)), &password);
}

json_t *cw_api_account_list(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_account *accounts;
    size_t n;
    (void)in;
    enum cw_err err = cw_store_account_list(call->store, call->arena, &accounts, &n);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, show(&accounts[i]));
    return json_pack("{s:o}", "accounts", list);
}

json_t *cw_api_account_get(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    struct cw_account account;
    return find(call, in, &account, problem) ? show(&account) : NULL;
}

json_t *cw_api_account_set(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    const json_t *role = json_object_get(in, "role"), *enabled = json_object_get(in, "enabled");
    const json_t *must_change = json_object_get(in, "must-change-password");
    struct cw_change change = change_of(call);
    struct cw_account before;
    struct cw_refusal refusal;
    if (!find(call, in, &before, problem))
        return NULL;
    if (!role && !enabled && !must_change)
        return cw_api_refuse(problem, 400, "", CW_S("Give at least one field to change."));
    struct cw_account after = before;
    after.version++;
    if (role)
        after.is_administrator = cw_api_is_administrator_role(in);
    if (enabled)
        after.is_enabled = json_is_true(enabled);
    if (must_change)
        after.must_change_password = json_is_true(must_change);
    enum cw_err err = cw_store_account_set(
        call->store, &change, &after, cw_api_expected(in, before.version), call->arena, &refusal);
    if (!err)
        return cw_api_changed(call, show(&before), show(&after));
    cw_api_refuse_store(problem, err, &refusal);
    return cw_api_tell_who(call, "account", before.name, problem);
}

json_t *cw_api_account_remove(const struct cw_api_call *call, const json_t *in,
                              struct cw_api_problem *problem)
{
    struct cw_change change = change_of(call);
    struct cw_account account;
    struct cw_refusal refusal;
    if (!find(call, in, &account, problem))
        return NULL;
    enum cw_err err =
        cw_store_account_remove(call->store, &change, account.name,
                                cw_api_expected(in, account.version), call->arena, &refusal);
    if (!err)
        return cw_api_changed(call, show(&account), NULL);
    cw_api_refuse_store(problem, err, &refusal);
    return cw_api_tell_who(call, "account", account.name, problem);
}
