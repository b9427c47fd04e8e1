/* Who watches whom, and the dialogs below it, in SQLite: for the gateway's next life.  It writes
 * many rows at once, so there is one transaction for many calls too. */
#include "store/sqlite_priv.h"

/* --- batches ----------------------------------------------------------------------------------*/

enum cw_err cw_store_batch_begin(struct cw_store *store)
{
    return cw_store_begin(store);
}

enum cw_err cw_store_batch_commit(struct cw_store *store)
{
    enum cw_err err = cw_sql_exec(store, "COMMIT");
    if (err)
        cw_store_batch_cancel(store);
    return err;
}

void cw_store_batch_cancel(struct cw_store *store)
{
    if (!sqlite3_get_autocommit(store->db)) /* a full disk has ended it already */
        (void)cw_sql_exec(store, "ROLLBACK");
}

/* --- subscriptions ----------------------------------------------------------------------------*/

enum cw_err cw_store_subscription_put(struct cw_store *store,
                                      const struct cw_store_subscription *row)
{
    struct cw_sql s = cw_sql_keep(
        store, "INSERT OR REPLACE INTO subscription"
               "(local,remote,is_x2s,is_authorised,state,since,told) VALUES(?,?,?,?,?,?,?)");
    cw_sql_text(&s, row->local);
    cw_sql_text(&s, row->remote);
    cw_sql_int(&s, row->is_x2s);
    cw_sql_int(&s, row->is_authorised);
    cw_sql_text(&s, row->state);
    cw_sql_int(&s, row->since);
    cw_sql_text(&s, row->told);
    return cw_sql_run(&s);
}

enum cw_err cw_store_subscription_remove(struct cw_store *store, bool is_x2s, struct cw_str local,
                                         struct cw_str remote)
{
    struct cw_sql s =
        cw_sql_keep(store, "DELETE FROM subscription WHERE local=? AND remote=? AND is_x2s=?");
    cw_sql_text(&s, local);
    cw_sql_text(&s, remote);
    cw_sql_int(&s, is_x2s);
    return cw_sql_run(&s);
}

enum cw_err cw_store_subscription_find(struct cw_store *store,
                                       const struct cw_contact_filter *filter,
                                       struct cw_arena *arena, struct cw_store_subscription **out,
                                       size_t *n)
{
    struct cw_sql s =
        cw_sql_prepare_filter(store,
                              "SELECT local,remote,is_x2s,is_authorised,state,since,told"
                              " FROM subscription" CW_SQL_MATCHES " ORDER BY local,remote,is_x2s",
                              filter);
    size_t room = 0;
    *n = 0;
    *out = NULL;
    while (cw_sql_row(&s)) {
        *out = cw_sql_grow(arena, *out, *n, &room, sizeof(**out));
        (*out)[(*n)++] = (struct cw_store_subscription){
            .local = cw_sql_column_text(&s, 0, arena),
            .remote = cw_sql_column_text(&s, 1, arena),
            .is_x2s = cw_sql_column_int(&s, 2) != 0,
            .is_authorised = cw_sql_column_int(&s, 3) != 0,
            .state = cw_sql_column_text(&s, 4, arena),
            .since = cw_sql_column_int(&s, 5),
            .told = cw_sql_column_text(&s, 6, arena),
        };
    }
    return cw_sql_finish(&s);
}

/* --- dialogs ----------------------------------------------------------------------------------*/

#define DIALOG_COLUMNS                                                                   \
    "call_id,local_tag,is_x2s,local,remote,remote_tag,remote_target,route_set,event_id," \
    "local_cseq,remote_cseq,expires_at"

enum cw_err cw_store_dialog_put(struct cw_store *store, const struct cw_store_dialog *row)
{
    struct cw_sql s = cw_sql_keep(store, "INSERT OR REPLACE INTO dialog(" DIALOG_COLUMNS
                                         ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
    cw_sql_text(&s, row->call_id);
    cw_sql_text(&s, row->local_tag);
    cw_sql_int(&s, row->is_x2s);
    cw_sql_text(&s, row->local);
    cw_sql_text(&s, row->remote);
    cw_sql_text(&s, row->remote_tag);
    cw_sql_text(&s, row->remote_target);
    cw_sql_text(&s, row->route_set);
    cw_sql_text(&s, row->event_id);
    cw_sql_int(&s, row->local_cseq);
    cw_sql_int(&s, row->remote_cseq);
    cw_sql_int(&s, row->expires_at);
    return cw_sql_run(&s);
}

enum cw_err cw_store_dialog_remove(struct cw_store *store, struct cw_str call_id,
                                   struct cw_str local_tag)
{
    struct cw_sql s = cw_sql_keep(store, "DELETE FROM dialog WHERE call_id=? AND local_tag=?");
    cw_sql_text(&s, call_id);
    cw_sql_text(&s, local_tag);
    return cw_sql_run(&s);
}

enum cw_err cw_store_dialog_list(struct cw_store *store, struct cw_arena *arena,
                                 struct cw_store_dialog **out, size_t *n)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT " DIALOG_COLUMNS
                                            " FROM dialog ORDER BY local,remote,call_id,local_tag");
    size_t room = 0;
    *n = 0;
    *out = NULL;
    while (cw_sql_row(&s)) {
        *out = cw_sql_grow(arena, *out, *n, &room, sizeof(**out));
        (*out)[(*n)++] = (struct cw_store_dialog){
            .call_id = cw_sql_column_text(&s, 0, arena),
            .local_tag = cw_sql_column_text(&s, 1, arena),
            .is_x2s = cw_sql_column_int(&s, 2) != 0,
            .local = cw_sql_column_text(&s, 3, arena),
            .remote = cw_sql_column_text(&s, 4, arena),
            .remote_tag = cw_sql_column_text(&s, 5, arena),
            .remote_target = cw_sql_column_text(&s, 6, arena),
            .route_set = cw_sql_column_text(&s, 7, arena),
            .event_id = cw_sql_column_text(&s, 8, arena),
            .local_cseq = (uint32_t)cw_sql_column_int(&s, 9),
            .remote_cseq = (uint32_t)cw_sql_column_int(&s, 10),
            .expires_at = cw_sql_column_int(&s, 11),
        };
    }
    return cw_sql_finish(&s);
}
