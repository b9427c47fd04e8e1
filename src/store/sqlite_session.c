/* Sessions in SQLite.  Not audited here: who signed in is noted by whoever checked the password.
 * A session that is used writes once a minute at most, so that a busy browser costs no disk. */
#include "store/account.h"
#include "store/sqlite_priv.h"

#define COLUMNS        "key,account,csrf,address,is_administrator,is_directory,since,seen"
#define MAX_OF_ACCOUNT "64"
enum { SEEN_EVERY_S = 60 };

static struct cw_session read_row(struct cw_sql *s, struct cw_arena *arena)
{
    return (struct cw_session){
        .key = cw_sql_column_text(s, 0, arena),
        .account = cw_sql_column_text(s, 1, arena),
        .csrf = cw_sql_column_text(s, 2, arena),
        .address = cw_sql_column_text(s, 3, arena),
        .is_administrator = cw_sql_column_int(s, 4) != 0,
        .is_directory = cw_sql_column_int(s, 5) != 0,
        .since = cw_sql_column_int(s, 6),
        .seen = cw_sql_column_int(s, 7),
    };
}

/* The one that was used longest ago makes room. */
static enum cw_err keep_last(struct cw_store *store, struct cw_str account)
{
    struct cw_sql s = cw_sql_prepare(
        store, "DELETE FROM session WHERE key IN(SELECT key FROM session WHERE account=?"
               " ORDER BY seen DESC,since DESC LIMIT -1 OFFSET " MAX_OF_ACCOUNT ")");
    cw_sql_text(&s, account);
    return cw_sql_run(&s);
}

enum cw_err cw_store_session_add(struct cw_store *store, const struct cw_session *session)
{
    struct cw_sql s = cw_sql_prepare(
        store, "INSERT INTO session(" COLUMNS ") SELECT ?1,?2,?3,?4,?5,?6,?7,?8"
               " WHERE ?9=0 OR EXISTS(SELECT 1 FROM account WHERE name=?2 AND version=?9)");
    cw_sql_text(&s, session->key);
    cw_sql_text(&s, session->account);
    cw_sql_text(&s, session->csrf);
    cw_sql_text(&s, session->address);
    cw_sql_int(&s, session->is_administrator);
    cw_sql_int(&s, session->is_directory);
    cw_sql_int(&s, session->since);
    cw_sql_int(&s, session->seen);
    cw_sql_int(&s, (int64_t)session->account_version);
    enum cw_err err = cw_sql_run(&s);
    if (!err && sqlite3_changes(store->db) == 0)
        err = CW_ERR_CONFLICT;
    return err ? err : keep_last(store, session->account);
}

static enum cw_err touch(struct cw_store *store, struct cw_str key, int64_t now)
{
    struct cw_sql s = cw_sql_prepare(store, "UPDATE session SET seen=? WHERE key=?");
    cw_sql_int(&s, now);
    cw_sql_text(&s, key);
    return cw_sql_run(&s);
}

enum cw_err cw_store_session_use(struct cw_store *store, struct cw_str key, int64_t now,
                                 int64_t idle_s, int64_t absolute_s, struct cw_arena *arena,
                                 struct cw_session *out)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT " COLUMNS " FROM session WHERE key=?");
    cw_sql_text(&s, key);
    bool found = cw_sql_row(&s);
    *out = found ? read_row(&s, arena) : (struct cw_session){0};
    enum cw_err err = cw_sql_finish(&s);
    if (err)
        return err;
    if (!found)
        return CW_ERR_NOT_FOUND;
    if (now - out->seen > idle_s || now - out->since > absolute_s) {
        err = cw_store_session_end(store, key, CW_STR_NONE);
        return err ? err : CW_ERR_NOT_FOUND;
    }
    if (now - out->seen < SEEN_EVERY_S)
        return CW_OK;
    out->seen = now;
    return touch(store, key, now);
}

enum cw_err cw_store_session_expire(struct cw_store *store, int64_t now, int64_t idle_s,
                                    int64_t absolute_s)
{
    struct cw_sql s = cw_sql_prepare(store, "DELETE FROM session WHERE seen<? OR since<?");
    cw_sql_int(&s, now - idle_s);
    cw_sql_int(&s, now - absolute_s);
    return cw_sql_run(&s);
}

enum cw_err cw_store_session_end(struct cw_store *store, struct cw_str key, struct cw_str account)
{
    struct cw_sql s = cw_sql_prepare(store, "DELETE FROM session WHERE (?1='' OR key=?1)"
                                            " AND (?2='' OR account=?2)");
    cw_sql_text(&s, key);
    cw_sql_text(&s, account);
    return cw_sql_run(&s);
}

enum cw_err cw_session_end_all(struct cw_store *store, struct cw_str account, struct cw_str keep)
{
    struct cw_sql s =
        cw_sql_prepare(store, "DELETE FROM session WHERE account=? AND is_directory=0 AND key<>?");
    cw_sql_text(&s, account);
    cw_sql_text(&s, keep);
    return cw_sql_run(&s);
}

enum cw_err cw_store_session_list(struct cw_store *store, struct cw_str account,
                                  struct cw_arena *arena, struct cw_session **out, size_t *n)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT " COLUMNS " FROM session"
                                            " WHERE (?1='' OR account=?1) ORDER BY since,key");
    size_t room = 0;
    *n = 0;
    *out = NULL;
    cw_sql_text(&s, account);
    while (cw_sql_row(&s)) {
        *out = cw_sql_grow(arena, *out, *n, &room, sizeof(**out));
        (*out)[(*n)++] = read_row(&s, arena);
    }
    return cw_sql_finish(&s);
}
