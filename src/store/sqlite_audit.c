/* The audit trail in SQLite: what was changed, by whom, and how it was before and after.  Rows are
 * written in the transaction of the change (sqlite.c); nothing here edits one. */
#include <stdlib.h>
#include <time.h>

#include "store/account.h"
#include "store/sqlite_priv.h"

enum { NOTE_OCTETS = 256 };
#define COLUMNS "id,at,who,action,object,before,after"

static void bind_json(struct cw_sql *s, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    cw_sql_text(s, text ? cw_str_of(text) : CW_S(""));
    free(text);
}

enum cw_err cw_audit_write(struct cw_store *store, const struct cw_change *change,
                           const struct cw_audit *audit)
{
    struct cw_sql s = cw_sql_keep(
        store, "INSERT INTO audit(at,who,action,object,before,after) VALUES(?,?,?,?,?,?)");
    cw_sql_int(&s, time(NULL));
    cw_sql_text(&s, cw_str_of(change->who));
    cw_sql_text(&s, cw_str_of(audit->action));
    cw_sql_text(&s, audit->object);
    bind_json(&s, audit->before);
    bind_json(&s, audit->after);
    return cw_sql_run(&s);
}

/* The id of the 10,000th row of an action from the end, and all older ones of it, go. */
static enum cw_err forget_old(struct cw_store *store, const char *action)
{
    struct cw_sql s = cw_sql_prepare(
        store, "DELETE FROM audit WHERE action=?1 AND id<="
               "(SELECT id FROM audit WHERE action=?1 ORDER BY id DESC LIMIT 1 OFFSET 10000)");
    cw_sql_text(&s, cw_str_of(action));
    return cw_sql_run(&s);
}

/* Strangers choose what is noted; a character is not cut in two. */
static struct cw_str cut(struct cw_str text)
{
    size_t n = text.n < NOTE_OCTETS ? text.n : NOTE_OCTETS;
    while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80)
        n--;
    return cw_str_sub(text, 0, n);
}

enum cw_err cw_store_audit_note(struct cw_store *store, const char *who, const char *what,
                                struct cw_str object, struct cw_str detail)
{
    const struct cw_change change = {.who = who};
    struct cw_audit audit = {.action = what, .object = cut(object), .is_no_policy = true};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    detail = cut(detail);
    if (detail.n)
        audit.after = json_pack("{s:s%}", "detail", detail.p, detail.n);
    return cw_store_commit(store, &change, &audit, forget_old(store, what));
}

static struct cw_audit_row read_row(struct cw_sql *s, struct cw_arena *arena)
{
    return (struct cw_audit_row){
        .id = cw_sql_column_int(s, 0),
        .at = cw_sql_column_int(s, 1),
        .who = cw_sql_column_text(s, 2, arena),
        .action = cw_sql_column_text(s, 3, arena),
        .object = cw_sql_column_text(s, 4, arena),
        .before = cw_sql_column_text(s, 5, arena),
        .after = cw_sql_column_text(s, 6, arena),
    };
}

static enum cw_err read_one(struct cw_sql *s, struct cw_arena *arena, struct cw_audit_row *out)
{
    bool found = cw_sql_row(s);
    *out = found ? read_row(s, arena) : (struct cw_audit_row){0};
    enum cw_err err = cw_sql_finish(s);
    return err ? err : found ? CW_OK : CW_ERR_NOT_FOUND;
}

enum cw_err cw_store_audit_get(struct cw_store *store, int64_t id, struct cw_arena *arena,
                               struct cw_audit_row *out)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT " COLUMNS " FROM audit WHERE id=?");
    cw_sql_int(&s, id);
    return read_one(&s, arena, out);
}

enum cw_err cw_store_audit_last(struct cw_store *store, struct cw_str action_prefix,
                                struct cw_str object, struct cw_arena *arena,
                                struct cw_audit_row *out)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT " COLUMNS " FROM audit"
                                            " WHERE substr(action,1,length(?1))=?1 AND object=?2"
                                            " ORDER BY id DESC LIMIT 1");
    cw_sql_text(&s, action_prefix);
    cw_sql_text(&s, object);
    return read_one(&s, arena, out);
}

/* Newer rows are sign-ins and the like at most, of which only so many are kept. */
enum cw_err cw_store_audit_last_change(struct cw_store *store, struct cw_arena *arena,
                                       struct cw_audit_row *out)
{
    struct cw_sql s = cw_sql_prepare(
        store, "SELECT " COLUMNS " FROM audit WHERE substr(action,1,instr(action,' '))"
               " IN('partner ','settings ','access ','block ','contact ')"
               " ORDER BY id DESC LIMIT 1");
    return read_one(&s, arena, out);
}

/* A whole action, or its first word; the values are numbered, each used more than once. */
#define MATCHES                                                          \
    " WHERE (?1=0 OR id<?1)"                                             \
    " AND (?2=0 OR at>=?2)"                                              \
    " AND (?3=0 OR at<=?3)"                                              \
    " AND (?4='' OR who=?4)"                                             \
    " AND (?5=0 OR object=?6)"                                           \
    " AND (?7='' OR action=?7 OR substr(action,1,length(?7)+1)=?7||' ')" \
    " AND (?8=0 OR substr(action,1,instr(action||' ',' ')-1) NOT IN"     \
    "('account','token','session','sign-in','sign-out'))"

enum cw_err cw_store_audit_find(struct cw_store *store, const struct cw_audit_filter *filter,
                                size_t limit, struct cw_arena *arena, struct cw_audit_row **out,
                                size_t *n)
{
    struct cw_sql s =
        cw_sql_prepare(store, "SELECT " COLUMNS " FROM audit" MATCHES " ORDER BY id DESC LIMIT ?9");
    size_t room = 0;
    *n = 0;
    *out = NULL;
    cw_sql_int(&s, filter->before);
    cw_sql_int(&s, filter->since);
    cw_sql_int(&s, filter->until);
    cw_sql_text(&s, filter->who);
    cw_sql_int(&s, cw_str_is_present(filter->object)); /* that of the settings is empty */
    cw_sql_text(&s, filter->object);
    cw_sql_text(&s, filter->action);
    cw_sql_int(&s, filter->leaves_out_accounts);
    cw_sql_int(&s, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
    while (cw_sql_row(&s)) {
        *out = cw_sql_grow(arena, *out, *n, &room, sizeof(**out));
        (*out)[(*n)++] = read_row(&s, arena);
    }
    return cw_sql_finish(&s);
}

enum cw_err cw_store_audit_list(struct cw_store *store, size_t limit, struct cw_arena *arena,
                                struct cw_audit_row **out, size_t *n)
{
    return cw_store_audit_find(store, &(struct cw_audit_filter){0}, limit, arena, out, n);
}
