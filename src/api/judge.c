/* The facts of a pair, read from the store; see judge.h. */
#include "api/judge.h"

#include "policy/access.h"

static enum cw_err is_blocked(struct cw_store *store, struct cw_str local, struct cw_str remote,
                              struct cw_str domain, struct cw_arena *arena, bool *out)
{
    struct cw_block *rows;
    size_t n;
    enum cw_err err = cw_store_block_list(store, local, arena, &rows, &n);
    *out = false;
    for (size_t i = 0; !err && i < n; i++)
        *out = *out || cw_str_eq(rows[i].remote, remote) || cw_str_eq(rows[i].remote, domain);
    return err;
}

static enum cw_err has_access(struct cw_store *store, const struct cw_jid *local,
                              struct cw_arena *arena, bool *out)
{
    struct cw_access_rule *rules;
    struct cw_map index = {0};
    size_t n;
    enum cw_err err = cw_store_access_list(store, arena, &rules, &n);
    if (err)
        return err;
    cw_access_index(&index, rules, n);
    *out = cw_access_is_allowed(&index, local);
    cw_map_free(&index);
    return CW_OK;
}

enum cw_err cw_api_facts(struct cw_store *store, const struct cw_policy *policy,
                         const struct cw_jid *local, const struct cw_jid *remote,
                         struct cw_arena *arena, struct cw_contact_facts *out)
{
    struct cw_str local_bare = cw_jid_bare(arena, local), remote_bare = cw_jid_bare(arena, remote);

    *out = (struct cw_contact_facts){.partner = cw_policy_partner(policy, remote->domain)};
    enum cw_err err = cw_store_contact_has(store, local_bare, remote_bare, &out->is_invited);
    if (!err)
        err = is_blocked(store, local_bare, remote_bare, remote->domain, arena, &out->is_blocked);
    if (!err)
        err = has_access(store, local, arena, &out->has_access);
    return err;
}
