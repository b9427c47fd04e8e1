/* What there is to tell about the store itself. */
#include "store/sqlite_priv.h"

static enum cw_err pragma(struct cw_store *store, const char *sql, int64_t *out)
{
    struct cw_sql s = cw_sql_prepare(store, sql);
    *out = cw_sql_row(&s) ? cw_sql_column_int(&s, 0) : 0;
    return cw_sql_finish(&s);
}

enum cw_err cw_store_facts(struct cw_store *store, struct cw_store_facts *out)
{
    int64_t pages = 0, page_bytes = 0;
    *out = (struct cw_store_facts){0};
    enum cw_err err = pragma(store, "PRAGMA page_count", &pages);
    if (!err)
        err = pragma(store, "PRAGMA page_size", &page_bytes);
    if (!err)
        err = pragma(store, "PRAGMA user_version", &out->schema);
    if (!err)
        err = cw_store_version(store, &out->policy_version);
    out->bytes = pages * page_bytes;
    return err;
}
