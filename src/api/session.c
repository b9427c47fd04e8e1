/* The commands on sessions: who is signed in to the panel.  A viewer sees and ends his own, an
 * administrator those of all. */
#include "account/name.h"
#include "api/api_priv.h"
#include "conf/policy_json.h"
#include "store/account.h"

/* Enough of the key to tell sessions apart by; it opens nothing. */
enum { SHOWN_OF_KEY = 16 };

static json_t *show(const struct cw_session *session)
{
    json_t *object = json_object();
    json_object_set_new(object, "id", cw_json_of_str(cw_str_sub(session->key, 0, SHOWN_OF_KEY)));
    json_object_set_new(object, "account", cw_json_of_str(session->account));
    json_object_set_new(object, "directory", json_boolean(session->is_directory));
    json_object_set_new(object, "address", cw_json_of_str(session->address));
    json_object_set_new(object, "since", cw_json_of_time(session->since));
    json_object_set_new(object, "seen", cw_json_of_time(session->seen));
    return object;
}

/* The account that is asked for; absent: all, for an administrator.  False with a problem. */
static bool account_arg(const struct cw_api_call *call, const json_t *in, struct cw_str *out,
                        struct cw_api_problem *problem)
{
    struct cw_str typed = cw_json_text(in, "account"), own = cw_str_of(call->who);
    *out = CW_STR_NONE;
    if (cw_str_is_present(typed) && typed.n == 0) { /* to the store it would be every account */
        cw_api_refuse(problem, 400, "account", CW_S("Name an account, or leave it out."));
        return false;
    }
    if (cw_str_is_present(typed)) {
        if (!cw_account_name(call->arena, typed, out))
            *out = typed; /* a directory may have other names */
    } else if (call->permission < CW_ADMINISTRATOR) {
        *out = own;
    }
    if (call->permission >= CW_ADMINISTRATOR || cw_str_eq(*out, own))
        return true;
    cw_api_refuse(problem, 403, "account", CW_S("Others' sessions are the administrators'."));
    return false;
}

static json_t *list(const struct cw_api_call *call, struct cw_str account,
                    struct cw_api_problem *problem)
{
    struct cw_session *sessions;
    size_t n;
    enum cw_err err = cw_store_session_list(call->store, account, call->arena, &sessions, &n);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(all, show(&sessions[i]));
    return json_pack("{s:o}", "sessions", all);
}

json_t *cw_api_session_list(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_str account;
    return account_arg(call, in, &account, problem) ? list(call, account, problem) : NULL;
}

/* Without an account: one's own, whoever asks. */
json_t *cw_api_session_end(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    struct cw_str account;
    if (!account_arg(call, in, &account, problem))
        return NULL;
    if (!cw_str_is_present(account))
        account = cw_str_of(call->who);
    json_t *before = list(call, account, problem);
    if (!before)
        return NULL;
    enum cw_err err = CW_OK;
    if (!call->what_if)
        err = cw_store_session_end(call->store, CW_STR_NONE, account);
    if (!err && !call->what_if)
        err = cw_store_audit_note(call->store, call->who, "session end", account, CW_S(""));
    if (!err)
        return cw_api_changed(call, before, NULL);
    json_decref(before);
    return cw_api_refuse_store(problem, err, NULL);
}
