/* What the files of the SQLite store share: the handle, statements and transactions. */
#ifndef CW_STORE_SQLITE_PRIV_H
#define CW_STORE_SQLITE_PRIV_H

#include <jansson.h>
#include <sqlite3.h>

#include "store/store.h"

enum { CW_SQL_KEPT = 24 };

struct cw_store {
    sqlite3 *db;
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } kept[CW_SQL_KEPT]; /* prepared once (cw_sql_keep) */
    bool is_nested; /* the change under way is one of a batch: a savepoint in its transaction */
    const struct cw_str *local_domains;
    size_t n_local_domains;
};

/* --- sqlite_statement.c: a statement is prepared, bound left to right, stepped, finished --- */

struct cw_sql {
    struct cw_store *store;
    sqlite3_stmt *statement; /* NULL after a failure to prepare; later calls then do nothing */
    bool is_kept;
    int n_bound;
    enum cw_err err; /* the first failure; CW_OK so far */
};
struct cw_sql cw_sql_prepare(struct cw_store *, const char *sql);
/* The same for a literal that is run many times in a row, which costs most of its time to prepare:
 * kept until the store is closed.  Used once at a time. */
struct cw_sql cw_sql_keep(struct cw_store *, const char *sql);
void cw_sql_free_kept(struct cw_store *);
void cw_sql_text(struct cw_sql *, struct cw_str);
void cw_sql_int(struct cw_sql *, int64_t);
/* True: a row stands ready.  False: the end, or a failure (cw_sql_finish says which). */
bool cw_sql_row(struct cw_sql *);
struct cw_str cw_sql_column_text(struct cw_sql *, int column, struct cw_arena *);
int64_t cw_sql_column_int(struct cw_sql *, int column);
enum cw_err cw_sql_finish(struct cw_sql *);
/* Steps to the end, without results. */
enum cw_err cw_sql_run(struct cw_sql *);
/* Room for one more row in a list that is read: `rows`, or a longer copy when all *room are taken.
 */
void *cw_sql_grow(struct cw_arena *, void *rows, size_t n, size_t *room, size_t row_bytes);
/* One statement without values. */
enum cw_err cw_sql_exec(struct cw_store *, const char *sql);
/* Maps the database's last failure, and logs it. */
enum cw_err cw_sql_err(struct cw_store *, const char *doing);

/* --- sqlite.c: changes --- */

/* What a change is about, for its audit row; before and after may be NULL, their references are
 * taken over by cw_store_commit. */
struct cw_audit {
    const char *action;   /* "partner new" */
    struct cw_str object; /* the domain, or empty */
    json_t *before, *after;
    bool is_no_policy; /* accounts, tokens: the policy's version stays */
};

/* Begins a transaction that others' writes wait for; in a batch, a part of it. */
enum cw_err cw_store_begin(struct cw_store *);
/* The end of every change: with err CW_OK counts the policy's version up, writes the audit row and
 * commits (or, for what-if, rolls back); otherwise rolls back.  Returns the first error. */
enum cw_err cw_store_commit(struct cw_store *, const struct cw_change *, struct cw_audit *,
                            enum cw_err err);

/* Fills a refusal and returns `err`, in one expression. */
enum cw_err cw_store_refuse(struct cw_refusal *, enum cw_err err, const char *field,
                            struct cw_str sentence);

/* --- sqlite_audit.c --- */
enum cw_err cw_audit_write(struct cw_store *, const struct cw_change *, const struct cw_audit *);

/* --- sqlite_session.c --- */
/* Of the store's own account, but the session kept (absent: all). */
enum cw_err cw_session_end_all(struct cw_store *, struct cw_str account, struct cw_str keep);

/* --- sqlite_contact.c: rows of a table with the columns local and remote --- */

/* The end of a statement whose first three values a filter gives. A bare JID has one at sign before
 * its domain, or none; an absent value is bound as ''. */
/* Column `local` is ?1, or ?1 is empty: as a range, so that an index is of use (an empty BLOB comes
 * behind all texts). */
#define CW_SQL_IS_LOCAL "local>=?1 AND local<=iif(?1='',x'',?1)"
#define CW_SQL_MATCHES                                    \
    " WHERE " CW_SQL_IS_LOCAL " AND (?2='' OR remote=?2)" \
    " AND (?3='' OR substr(remote,instr(remote,'@')+1)=?3)"
struct cw_sql cw_sql_prepare_filter(struct cw_store *, const char *sql,
                                    const struct cw_contact_filter *);

/* --- sqlite_schema.c --- */
enum cw_err cw_schema_migrate(struct cw_store *, struct cw_arena *, struct cw_refusal *);

/* --- sqlite_settings.c: at first open, inside the migration's transaction --- */
enum cw_err cw_settings_store_first(struct cw_store *);

#endif
