/* Thin words over SQLite's statements: the first failure sticks, so that a caller binds, steps and
 * reads without looking, and asks once at the end. */
#include <string.h>

#include "base/log.h"
#include "store/sqlite_priv.h"

static const struct cw_log_ctx log_ctx = {.role = "store"};

enum cw_err cw_sql_err(struct cw_store *store, const char *doing)
{
    int code = sqlite3_errcode(store->db);
    CW_LOG(&log_ctx, CW_LOG_ERROR, "store-failed", CW_KVC("doing", doing), CW_KVI("code", code),
           CW_KVC("reason", sqlite3_errmsg(store->db)));
    return CW_ERR_STORE;
}

struct cw_sql cw_sql_prepare(struct cw_store *store, const char *sql)
{
    struct cw_sql s = {.store = store};
    if (sqlite3_prepare_v2(store->db, sql, -1, &s.statement, NULL) != SQLITE_OK)
        s.err = cw_sql_err(store, "prepare");
    return s;
}

struct cw_sql cw_sql_keep(struct cw_store *store, const char *sql)
{
    size_t i = 0;
    while (i < CW_SQL_KEPT && store->kept[i].sql && store->kept[i].sql != sql)
        i++;
    if (i == CW_SQL_KEPT)
        return cw_sql_prepare(store, sql);
    if (store->kept[i].sql)
        return (struct cw_sql){
            .store = store, .statement = store->kept[i].statement, .is_kept = true};
    struct cw_sql s = cw_sql_prepare(store, sql);
    if (!s.err) {
        store->kept[i].sql = sql;
        store->kept[i].statement = s.statement;
        s.is_kept = true;
    }
    return s;
}

void cw_sql_free_kept(struct cw_store *store)
{
    for (size_t i = 0; i < CW_SQL_KEPT; i++)
        (void)sqlite3_finalize(store->kept[i].statement);
}

static void check_bound(struct cw_sql *s, int code)
{
    if (code != SQLITE_OK)
        s->err = cw_sql_err(s->store, "bind");
}

void cw_sql_text(struct cw_sql *s, struct cw_str text)
{
    s->n_bound++;
    if (s->err)
        return;
    check_bound(s, sqlite3_bind_text64(s->statement, s->n_bound, text.p ? text.p : "", text.n,
                                       SQLITE_TRANSIENT, SQLITE_UTF8));
}

void cw_sql_int(struct cw_sql *s, int64_t number)
{
    s->n_bound++;
    if (!s->err)
        check_bound(s, sqlite3_bind_int64(s->statement, s->n_bound, number));
}

bool cw_sql_row(struct cw_sql *s)
{
    if (s->err)
        return false;
    int code = sqlite3_step(s->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        s->err = cw_sql_err(s->store, "step");
    return code == SQLITE_ROW;
}

struct cw_str cw_sql_column_text(struct cw_sql *s, int column, struct cw_arena *arena)
{
    const char *text = (const char *)sqlite3_column_text(s->statement, column);
    int n = sqlite3_column_bytes(s->statement, column);
    return cw_arena_dup(arena, (struct cw_str){text ? text : "", text ? (size_t)n : 0});
}

int64_t cw_sql_column_int(struct cw_sql *s, int column)
{
    return sqlite3_column_int64(s->statement, column);
}

enum cw_err cw_sql_finish(struct cw_sql *s)
{
    if (s->is_kept) /* both repeat the failure of the step */
        (void)sqlite3_reset(s->statement);
    else
        (void)sqlite3_finalize(s->statement);
    s->statement = NULL;
    return s->err;
}

enum cw_err cw_sql_run(struct cw_sql *s)
{
    while (cw_sql_row(s))
        ;
    return cw_sql_finish(s);
}

void *cw_sql_grow(struct cw_arena *arena, void *rows, size_t n, size_t *room, size_t row_bytes)
{
    if (n < *room)
        return rows;
    *room = n ? n * 2 : 16;
    void *longer = cw_arena_alloc(arena, *room * row_bytes);
    if (n)
        memcpy(longer, rows, n * row_bytes);
    return longer;
}

enum cw_err cw_sql_exec(struct cw_store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? CW_OK
                                                                       : cw_sql_err(store, sql);
}
