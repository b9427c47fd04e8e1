/* The commands on blocks: whom a local user does not want to hear from, an address or a whole
 * domain.  Who is blocked is answered as if the user had no access to the federation. */
#include <time.h>

#include "api/api_priv.h"
#include "conf/policy_json.h"

/* What is blocked: a bare JID, or a domain in U-labels; false with a problem. */
static bool blocked_arg(const struct cw_api_call *call, const json_t *in, struct cw_jid *out,
                        struct cw_str *text, struct cw_api_problem *problem)
{
    struct cw_str typed = cw_json_str(json_object_get(in, "address"));
    if (cw_jid_parse(call->arena, typed, out) == CW_JID_OK && !cw_str_is_present(out->resource)) {
        *text = cw_str_is_present(out->local) ? cw_jid_bare(call->arena, out) : out->domain;
        return true;
    }
    cw_api_refuse(problem, 400, "address",
                  cw_arena_printf(call->arena,
                                  "\"%.*s\" is neither an address nor a valid domain "
                                  "name.",
                                  (int)(typed.n < 255 ? typed.n : 255), typed.p));
    return false;
}

/* False with a problem: only a local user blocks, and only somebody elsewhere. */
static bool check_sides(const struct cw_api_call *call, const struct cw_jid *user,
                        const struct cw_jid *other, struct cw_api_problem *problem)
{
    bool is_ours = cw_api_is_local(call, user->domain);
    bool is_theirs = !cw_api_is_local(call, other->domain);
    if (!is_ours)
        cw_api_refuse(
            problem, 400, "user",
            cw_arena_printf(call->arena, "%.*s is not a local domain.", CW_ARG(user->domain)));
    else if (!is_theirs)
        cw_api_refuse(problem, 400, "address",
                      cw_arena_printf(call->arena,
                                      "%.*s is a local domain: only partners' users and domains "
                                      "are blocked here.",
                                      CW_ARG(other->domain)));
    return is_ours && is_theirs;
}

static json_t *show(const struct cw_block *row)
{
    json_t *object = json_object();
    json_object_set_new(object, "user", cw_json_of_str(row->local));
    json_object_set_new(object, "blocked", cw_json_of_str(row->remote));
    json_object_set_new(object, "since", cw_json_of_time(row->since));
    return object;
}

/* Those of the user, or of all when absent; only of `remote`, unless it is absent, too. */
static enum cw_err find(const struct cw_api_call *call, struct cw_str local, struct cw_str remote,
                        json_t **out)
{
    struct cw_block *rows;
    size_t n;
    enum cw_err err = cw_store_block_list(call->store, local, call->arena, &rows, &n);
    if (err)
        return err;
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        if (!cw_str_is_present(remote) || cw_str_eq(rows[i].remote, remote))
            json_array_append_new(list, show(&rows[i]));
    *out = json_object();
    json_object_set_new(*out, "blocks", list);
    return CW_OK;
}

json_t *cw_api_contact_blocks(const struct cw_api_call *call, const json_t *in,
                              struct cw_api_problem *problem)
{
    struct cw_str local = CW_STR_NONE;
    struct cw_jid user;
    json_t *answer;
    if (json_object_get(in, "user")) {
        if (!cw_api_address_arg(call, in, "user", &user, problem))
            return NULL;
        local = cw_jid_bare(call->arena, &user);
    }
    enum cw_err err = find(call, local, CW_STR_NONE, &answer);
    return err ? cw_api_refuse_store(problem, err, NULL) : answer;
}

json_t *cw_api_contact_block(const struct cw_api_call *call, const json_t *in,
                             struct cw_api_problem *problem)
{
    struct cw_change change = {.who = call->who, .what_if = call->what_if};
    struct cw_block row = {.since = call->since ? call->since : time(NULL)};
    struct cw_jid user, other;
    json_t *before;
    if (!cw_api_address_arg(call, in, "user", &user, problem) ||
        !blocked_arg(call, in, &other, &row.remote, problem) ||
        !check_sides(call, &user, &other, problem))
        return NULL;
    row.local = cw_jid_bare(call->arena, &user);
    enum cw_err err = find(call, row.local, row.remote, &before);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *list = json_object_get(before, "blocks");
    bool is_there = json_array_size(list) > 0; /* it stays as it is */
    json_t *after = is_there ? json_deep_copy(before) : json_object();
    if (!is_there)
        json_object_set_new(after, "blocks", json_pack("[o]", show(&row)));
    err = cw_store_block_add(call->store, &change, row.local, row.remote, row.since);
    if (!err)
        return cw_api_changed(call, before, after);
    json_decref(before);
    json_decref(after);
    return cw_api_refuse_store(problem, err, NULL);
}

json_t *cw_api_contact_unblock(const struct cw_api_call *call, const json_t *in,
                               struct cw_api_problem *problem)
{
    struct cw_change change = {.who = call->who, .what_if = call->what_if};
    struct cw_str local, remote;
    struct cw_jid user, other;
    json_t *before;
    if (!cw_api_address_arg(call, in, "user", &user, problem) ||
        !blocked_arg(call, in, &other, &remote, problem))
        return NULL;
    local = cw_jid_bare(call->arena, &user);
    enum cw_err err = find(call, local, remote, &before);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    err = cw_store_block_remove(call->store, &change, local, remote);
    if (!err)
        return cw_api_changed(call, before, NULL);
    json_decref(before);
    if (err == CW_ERR_NOT_FOUND)
        return cw_api_refuse(problem, 404, "address",
                             cw_arena_printf(call->arena, "%.*s has not blocked %.*s itself.",
                                             CW_ARG(local), CW_ARG(remote)));
    return cw_api_refuse_store(problem, err, NULL);
}
