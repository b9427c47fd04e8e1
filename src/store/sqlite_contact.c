/* Contacts in SQLite: which local user invited which XMPP address, and what an administrator took
 * back of it. */
#include "store/sqlite_priv.h"

enum cw_err cw_store_contact_add(struct cw_store *store, struct cw_str local, struct cw_str remote,
                                 int64_t now)
{
    struct cw_sql s = cw_sql_keep(store, "INSERT INTO contact(local,remote,since) VALUES(?,?,?)"
                                         " ON CONFLICT DO NOTHING");
    cw_sql_text(&s, local);
    cw_sql_text(&s, remote);
    cw_sql_int(&s, now);
    return cw_sql_run(&s);
}

enum cw_err cw_store_contact_has(struct cw_store *store, struct cw_str local, struct cw_str remote,
                                 bool *out)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT 1 FROM contact WHERE local=? AND remote=?");
    cw_sql_text(&s, local);
    cw_sql_text(&s, remote);
    *out = cw_sql_row(&s);
    return cw_sql_finish(&s);
}

enum cw_err cw_store_contact_remove(struct cw_store *store, struct cw_str local,
                                    struct cw_str remote)
{
    struct cw_sql s = cw_sql_keep(store, "DELETE FROM contact WHERE local=? AND remote=?");
    cw_sql_text(&s, local);
    cw_sql_text(&s, remote);
    enum cw_err err = cw_sql_run(&s);
    return !err && sqlite3_changes(store->db) == 0 ? CW_ERR_NOT_FOUND : err;
}

/* --- by filter --------------------------------------------------------------------------------*/

struct cw_sql cw_sql_prepare_filter(struct cw_store *store, const char *sql,
                                    const struct cw_contact_filter *filter)
{
    struct cw_sql s = cw_sql_prepare(store, sql);
    cw_sql_text(&s, filter->local);
    cw_sql_text(&s, filter->remote);
    cw_sql_text(&s, filter->remote_domain);
    return s;
}

enum cw_err cw_store_contact_find(struct cw_store *store, const struct cw_contact_filter *filter,
                                  struct cw_arena *arena, struct cw_contact **out, size_t *n)
{
    struct cw_sql s = cw_sql_prepare_filter(
        store, "SELECT local,remote,since FROM contact" CW_SQL_MATCHES " ORDER BY local,remote",
        filter);
    size_t room = 0;
    *n = 0;
    *out = NULL;
    while (cw_sql_row(&s)) {
        *out = cw_sql_grow(arena, *out, *n, &room, sizeof(**out));
        (*out)[(*n)++] = (struct cw_contact){
            .local = cw_sql_column_text(&s, 0, arena),
            .remote = cw_sql_column_text(&s, 1, arena),
            .since = cw_sql_column_int(&s, 2),
        };
    }
    return cw_sql_finish(&s);
}

enum cw_err cw_store_contact_list(struct cw_store *store, struct cw_str local,
                                  struct cw_arena *arena, struct cw_contact **out, size_t *n)
{
    return cw_store_contact_find(store, &(struct cw_contact_filter){.local = local}, arena, out, n);
}

/* For the audit trail: [["alice@contoso.test","juliet@fabrikam.test",1700000000],...]. */
static json_t *to_json(const struct cw_contact *rows, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("[s%,s%,I]", rows[i].local.p, rows[i].local.n,
                                              rows[i].remote.p, rows[i].remote.n,
                                              (json_int_t)rows[i].since));
    return list;
}

static struct cw_str object_of(struct cw_arena *arena, const struct cw_contact_filter *filter)
{
    struct cw_str local = cw_str_is_present(filter->local) ? filter->local : CW_S("*");
    struct cw_str remote = cw_str_is_present(filter->remote)          ? filter->remote
                           : cw_str_is_present(filter->remote_domain) ? filter->remote_domain
                                                                      : CW_S("*");
    return cw_arena_printf(arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
}

/* Does somebody watch somebody, invited or not? */
static enum cw_err is_watched(struct cw_store *store, const struct cw_contact_filter *filter,
                              bool *out)
{
    struct cw_sql s = cw_sql_prepare_filter(
        store, "SELECT 1 FROM subscription" CW_SQL_MATCHES " LIMIT 1", filter);
    *out = cw_sql_row(&s);
    return cw_sql_finish(&s);
}

/* Takes the rows away and leaves word for who runs the subscriptions. */
static enum cw_err withdraw(struct cw_store *store, const struct cw_contact_filter *filter)
{
    struct cw_sql gone = cw_sql_prepare_filter(store, "DELETE FROM contact" CW_SQL_MATCHES, filter);
    enum cw_err err = cw_sql_run(&gone);
    if (err)
        return err;
    struct cw_sql word = cw_sql_prepare_filter(
        store, "INSERT INTO withdrawal(local,remote,remote_domain) VALUES(?1,?2,?3)", filter);
    return cw_sql_run(&word);
}

enum cw_err cw_store_contact_withdraw(struct cw_store *store, const struct cw_change *change,
                                      const struct cw_contact_filter *filter,
                                      struct cw_arena *arena, struct cw_contact **out, size_t *n)
{
    struct cw_audit audit = {.action = "contact remove", .object = object_of(arena, filter)};
    bool watched = false;
    *out = NULL;
    *n = 0;
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = cw_store_contact_find(store, filter, arena, out, n);
    if (!err)
        err = is_watched(store, filter, &watched);
    if (!err && *n == 0 && !watched)
        err = CW_ERR_NOT_FOUND;
    if (!err)
        err = withdraw(store, filter);
    if (!err)
        audit.before = to_json(*out, *n);
    return cw_store_commit(store, change, &audit, err);
}

/* --- what is left to be carried out -----------------------------------------------------------*/

/* What was absent is so again. */
static struct cw_str column_or_any(struct cw_sql *s, int column, struct cw_arena *arena)
{
    struct cw_str text = cw_sql_column_text(s, column, arena);
    return text.n ? text : CW_STR_NONE;
}

enum cw_err cw_store_withdrawal_list(struct cw_store *store, struct cw_arena *arena,
                                     struct cw_withdrawal **out, size_t *n)
{
    struct cw_sql s =
        cw_sql_prepare(store, "SELECT id,local,remote,remote_domain FROM withdrawal ORDER BY id");
    size_t room = 0;
    *n = 0;
    *out = NULL;
    while (cw_sql_row(&s)) {
        *out = cw_sql_grow(arena, *out, *n, &room, sizeof(**out));
        (*out)[(*n)++] = (struct cw_withdrawal){
            .id = cw_sql_column_int(&s, 0),
            .filter = {.local = column_or_any(&s, 1, arena),
                       .remote = column_or_any(&s, 2, arena),
                       .remote_domain = column_or_any(&s, 3, arena)},
        };
    }
    return cw_sql_finish(&s);
}

enum cw_err cw_store_withdrawal_remove(struct cw_store *store, int64_t id)
{
    struct cw_sql s = cw_sql_prepare(store, "DELETE FROM withdrawal WHERE id=?");
    cw_sql_int(&s, id);
    return cw_sql_run(&s);
}
