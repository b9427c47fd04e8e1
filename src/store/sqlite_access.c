/* What holds users back, in SQLite: the access rules of administrators, and the addresses that
 * local users do not want to hear from. */
#include "policy/access.h"
#include "store/sqlite_priv.h"

/* --- access rules -----------------------------------------------------------------------------*/

static struct cw_str object_of(struct cw_str scope)
{
    return cw_str_is_empty(scope) ? CW_S("global") : scope;
}

/* {"xmpp":false}; NULL: there is none. */
static enum cw_err read_rule(struct cw_store *store, struct cw_str scope, uint64_t *version,
                             json_t **out)
{
    struct cw_access_rule rule;
    enum cw_err err = cw_store_access_get(store, scope, &rule);
    *out = err ? NULL : json_pack("{s:b}", "xmpp", rule.xmpp);
    *version = rule.version;
    return err == CW_ERR_NOT_FOUND ? CW_OK : err;
}

static enum cw_err check_version(uint64_t version, uint64_t expected, struct cw_str object,
                                 struct cw_arena *arena, struct cw_refusal *refusal)
{
    if (version == expected)
        return CW_OK;
    return cw_store_refuse(refusal, CW_ERR_CONFLICT, "",
                           cw_arena_printf(arena,
                                           "The access rule for %.*s was changed by somebody else "
                                           "meanwhile; look at it again, then repeat the change.",
                                           CW_ARG(object)));
}

static enum cw_err write_rule(struct cw_store *store, struct cw_str scope, bool xmpp)
{
    struct cw_sql s = cw_sql_prepare(store, "INSERT INTO access(scope,xmpp) VALUES(?,?)"
                                            " ON CONFLICT(scope) DO UPDATE SET xmpp=excluded.xmpp");
    cw_sql_text(&s, scope);
    cw_sql_int(&s, xmpp);
    return cw_sql_run(&s);
}

enum cw_err cw_store_access_set(struct cw_store *store, const struct cw_change *change,
                                struct cw_access_rule *rule, struct cw_arena *arena,
                                struct cw_refusal *refusal)
{
    uint64_t version;
    struct cw_str scope =
        cw_access_scope(arena, rule->scope, store->local_domains, store->n_local_domains);
    struct cw_audit audit = {.action = "access set", .object = object_of(scope)};
    *refusal = (struct cw_refusal){.field = ""};
    if (!cw_str_is_present(scope))
        return cw_store_refuse(refusal, CW_ERR_INVALID, "scope",
                               cw_arena_printf(arena,
                                               "\"%.*s\" is neither a local domain nor an address "
                                               "in one; name one of those, or nothing for all.",
                                               CW_ARG(rule->scope)));
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = read_rule(store, scope, &version, &audit.before);
    if (!err)
        err = check_version(version, rule->version, audit.object, arena, refusal);
    if (!err)
        err = write_rule(store, scope, rule->xmpp);
    if (!err)
        audit.after = json_pack("{s:b}", "xmpp", rule->xmpp);
    err = cw_store_commit(store, change, &audit, err);
    if (!err) /* of the audit row, the last that was written; for what-if as it would be */
        rule->version = (uint64_t)sqlite3_last_insert_rowid(store->db);
    return err;
}

enum cw_err cw_store_access_unset(struct cw_store *store, const struct cw_change *change,
                                  struct cw_str scope, uint64_t expected_version,
                                  struct cw_arena *arena, struct cw_refusal *refusal)
{
    uint64_t version;
    /* A rule may outlive its domain in the configuration; it can still be taken away. */
    struct cw_str own = cw_access_scope(arena, scope, store->local_domains, store->n_local_domains);
    scope = cw_str_is_present(own) ? own : scope;
    struct cw_audit audit = {.action = "access unset", .object = object_of(scope)};
    *refusal = (struct cw_refusal){.field = ""};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = read_rule(store, scope, &version, &audit.before);
    if (!err && !audit.before)
        err = cw_store_refuse(refusal, CW_ERR_NOT_FOUND, "scope",
                              cw_arena_printf(arena, "There is no access rule for %.*s itself.",
                                              CW_ARG(audit.object)));
    if (!err)
        err = check_version(version, expected_version, audit.object, arena, refusal);
    if (!err) {
        struct cw_sql s = cw_sql_prepare(store, "DELETE FROM access WHERE scope=?");
        cw_sql_text(&s, scope);
        err = cw_sql_run(&s);
    }
    return cw_store_commit(store, change, &audit, err);
}

/* The rule's last row in the audit trail, under the name that object_of gives. */
#define VERSION                                                            \
    "(SELECT max(id) FROM audit WHERE object=iif(scope='','global',scope)" \
    " AND action IN('access set','access unset'))"

enum cw_err cw_store_access_get(struct cw_store *store, struct cw_str scope,
                                struct cw_access_rule *out)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT xmpp," VERSION " FROM access WHERE scope=?");
    cw_sql_text(&s, scope);
    bool found = cw_sql_row(&s);
    *out = (struct cw_access_rule){.scope = scope};
    if (found) {
        out->xmpp = cw_sql_column_int(&s, 0) != 0;
        out->version = (uint64_t)cw_sql_column_int(&s, 1);
    }
    enum cw_err err = cw_sql_finish(&s);
    return err || found ? err : CW_ERR_NOT_FOUND;
}

enum cw_err cw_store_access_list(struct cw_store *store, struct cw_arena *arena,
                                 struct cw_access_rule **out, size_t *n)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT scope,xmpp," VERSION " FROM access"
                                            " ORDER BY instr(scope,'@')>0,scope");
    size_t room = 0;
    *n = 0;
    *out = NULL;
    while (cw_sql_row(&s)) {
        *out = cw_sql_grow(arena, *out, *n, &room, sizeof(**out));
        (*out)[(*n)++] = (struct cw_access_rule){.scope = cw_sql_column_text(&s, 0, arena),
                                                 .xmpp = cw_sql_column_int(&s, 1) != 0,
                                                 .version = (uint64_t)cw_sql_column_int(&s, 2)};
    }
    return cw_sql_finish(&s);
}

/* --- blocks -----------------------------------------------------------------------------------*/

/* {"user":"alice@contoso.test","blocked":"fabrikam.test","since":1700000000}; NULL: it is none. */
static enum cw_err read_block(struct cw_store *store, const struct cw_block *block, json_t **out)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT since FROM block WHERE local=? AND remote=?");
    cw_sql_text(&s, block->local);
    cw_sql_text(&s, block->remote);
    *out = cw_sql_row(&s) ? json_pack("{s:s%,s:s%,s:I}", "user", block->local.p, block->local.n,
                                      "blocked", block->remote.p, block->remote.n, "since",
                                      (json_int_t)cw_sql_column_int(&s, 0))
                          : NULL;
    return cw_sql_finish(&s);
}

/* One change of a block: `sql` takes local, remote and, where it has a third value, since. */
static enum cw_err change_block(struct cw_store *store, const struct cw_change *change,
                                const char *action, const char *sql, const struct cw_block *block)
{
    struct cw_arena arena = {0};
    struct cw_audit audit = {.action = action,
                             .object = cw_arena_printf(&arena, "%.*s %.*s", CW_ARG(block->local),
                                                       CW_ARG(block->remote))};
    enum cw_err err = read_block(store, block, &audit.before);
    if (!err) {
        struct cw_sql s = cw_sql_prepare(store, sql);
        cw_sql_text(&s, block->local);
        cw_sql_text(&s, block->remote);
        if (sqlite3_bind_parameter_count(s.statement) == 3)
            cw_sql_int(&s, block->since);
        err = cw_sql_run(&s);
    }
    if (!err)
        err = read_block(store, block, &audit.after);
    if (!err && !audit.before && !audit.after)
        err = CW_ERR_NOT_FOUND;
    err = cw_store_commit(store, change, &audit, err);
    cw_arena_free(&arena);
    return err;
}

enum cw_err cw_store_block_add(struct cw_store *store, const struct cw_change *change,
                               struct cw_str local, struct cw_str remote, int64_t now)
{
    const struct cw_block block = {local, remote, now};
    enum cw_err err = cw_store_begin(store);
    return err ? err
               : change_block(store, change, "block add",
                              "INSERT INTO block(local,remote,since) VALUES(?,?,?)"
                              " ON CONFLICT DO NOTHING",
                              &block);
}

enum cw_err cw_store_block_remove(struct cw_store *store, const struct cw_change *change,
                                  struct cw_str local, struct cw_str remote)
{
    const struct cw_block block = {.local = local, .remote = remote};
    enum cw_err err = cw_store_begin(store);
    return err ? err
               : change_block(store, change, "block remove",
                              "DELETE FROM block WHERE local=? AND remote=?", &block);
}

enum cw_err cw_store_block_list(struct cw_store *store, struct cw_str local, struct cw_arena *arena,
                                struct cw_block **out, size_t *n)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT local,remote,since FROM block"
                                            " WHERE " CW_SQL_IS_LOCAL " ORDER BY local,remote");
    size_t room = 0;
    *n = 0;
    *out = NULL;
    cw_sql_text(&s, local);
    while (cw_sql_row(&s)) {
        *out = cw_sql_grow(arena, *out, *n, &room, sizeof(**out));
        (*out)[(*n)++] = (struct cw_block){.local = cw_sql_column_text(&s, 0, arena),
                                           .remote = cw_sql_column_text(&s, 1, arena),
                                           .since = cw_sql_column_int(&s, 2)};
    }
    return cw_sql_finish(&s);
}
