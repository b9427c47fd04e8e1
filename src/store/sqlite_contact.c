/* Contacts in SQLite: which local user invited which XMPP address. */
#include <string.h>

#include "store/sqlite_priv.h"

enum cw_err cw_store_contact_add(struct cw_store *store, struct cw_str local, struct cw_str remote,
                                 int64_t now)
{
    struct cw_sql s = cw_sql_prepare(store, "INSERT INTO contact(local,remote,since) VALUES(?,?,?)"
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
    struct cw_sql s = cw_sql_prepare(store, "DELETE FROM contact WHERE local=? AND remote=?");
    cw_sql_text(&s, local);
    cw_sql_text(&s, remote);
    enum cw_err err = cw_sql_run(&s);
    return !err && sqlite3_changes(store->db) == 0 ? CW_ERR_NOT_FOUND : err;
}

enum cw_err cw_store_contact_list(struct cw_store *store, struct cw_str local,
                                  struct cw_arena *arena, struct cw_contact **out, size_t *n)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT local,remote,since FROM contact"
                                            " WHERE ?=0 OR local=? ORDER BY local,remote");
    size_t room = 0;
    *n = 0;
    *out = NULL;
    cw_sql_int(&s, cw_str_is_present(local));
    cw_sql_text(&s, local);
    while (cw_sql_row(&s)) {
        if (*n == room) {
            struct cw_contact *old = *out;
            room = room ? room * 2 : 16;
            *out = cw_arena_alloc(arena, room * sizeof(**out));
            if (old)
                memcpy(*out, old, *n * sizeof(**out));
        }
        (*out)[(*n)++] = (struct cw_contact){
            .local = cw_sql_column_text(&s, 0, arena),
            .remote = cw_sql_column_text(&s, 1, arena),
            .since = cw_sql_column_int(&s, 2),
        };
    }
    return cw_sql_finish(&s);
}
