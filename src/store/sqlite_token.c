/* API tokens in SQLite: what a script shows instead of a password.  Only the digest is kept. */
#include "store/account.h"
#include "store/sqlite_priv.h"

#define COLUMNS "id,name,digest,is_administrator,since,expires,used"
enum { USED_EVERY_S = 60 };

static struct cw_token read_row(struct cw_sql *s, struct cw_arena *arena)
{
    return (struct cw_token){
        .id = cw_sql_column_int(s, 0),
        .name = cw_sql_column_text(s, 1, arena),
        .digest = cw_sql_column_text(s, 2, arena),
        .is_administrator = cw_sql_column_int(s, 3) != 0,
        .since = cw_sql_column_int(s, 4),
        .expires = cw_sql_column_int(s, 5),
        .used = cw_sql_column_int(s, 6),
    };
}

static json_t *to_json(const struct cw_token *token)
{
    return json_pack("{s:I,s:s%,s:s,s:I}", "id", (json_int_t)token->id, "name", token->name.p,
                     token->name.n, "role", token->is_administrator ? "administrator" : "viewer",
                     "expires", (json_int_t)token->expires);
}

static enum cw_err check_name(struct cw_store *store, struct cw_str name)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT 1 FROM token WHERE name=?");
    cw_sql_text(&s, name);
    bool taken = cw_sql_row(&s);
    enum cw_err err = cw_sql_finish(&s);
    return err ? err : taken ? CW_ERR_EXISTS : CW_OK;
}

enum cw_err cw_store_token_add(struct cw_store *store, const struct cw_change *change,
                               const struct cw_token *token, int64_t *id)
{
    struct cw_audit audit = {.action = "token new", .object = token->name, .is_no_policy = true};
    struct cw_token added = *token;
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = check_name(store, token->name);
    if (!err) {
        struct cw_sql s = cw_sql_prepare(
            store, "INSERT INTO token(name,digest,is_administrator,since,expires,used)"
                   " VALUES(?,?,?,?,?,0)");
        cw_sql_text(&s, token->name);
        cw_sql_text(&s, token->digest);
        cw_sql_int(&s, token->is_administrator);
        cw_sql_int(&s, token->since);
        cw_sql_int(&s, token->expires);
        err = cw_sql_run(&s);
    }
    if (!err) {
        *id = added.id = sqlite3_last_insert_rowid(store->db);
        audit.after = to_json(&added);
    }
    return cw_store_commit(store, change, &audit, err);
}

static enum cw_err find(struct cw_store *store, const char *sql, struct cw_str digest, int64_t id,
                        struct cw_arena *arena, struct cw_token *out)
{
    struct cw_sql s = cw_sql_prepare(store, sql);
    if (cw_str_is_present(digest))
        cw_sql_text(&s, digest);
    else
        cw_sql_int(&s, id);
    bool found = cw_sql_row(&s);
    *out = found ? read_row(&s, arena) : (struct cw_token){0};
    enum cw_err err = cw_sql_finish(&s);
    return err ? err : found ? CW_OK : CW_ERR_NOT_FOUND;
}

enum cw_err cw_store_token_use(struct cw_store *store, struct cw_str digest, int64_t now,
                               struct cw_arena *arena, struct cw_token *out)
{
    if (cw_str_is_empty(digest))
        return CW_ERR_NOT_FOUND;
    enum cw_err err =
        find(store, "SELECT " COLUMNS " FROM token WHERE digest=?", digest, 0, arena, out);
    if (err)
        return err;
    if (out->expires != 0 && now >= out->expires)
        return CW_ERR_NOT_FOUND;
    if (now - out->used < USED_EVERY_S)
        return CW_OK;
    out->used = now;
    struct cw_sql s = cw_sql_prepare(store, "UPDATE token SET used=? WHERE id=?");
    cw_sql_int(&s, now);
    cw_sql_int(&s, out->id);
    return cw_sql_run(&s);
}

enum cw_err cw_store_token_list(struct cw_store *store, struct cw_arena *arena,
                                struct cw_token **out, size_t *n)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT " COLUMNS " FROM token ORDER BY id");
    size_t room = 0;
    *n = 0;
    *out = NULL;
    while (cw_sql_row(&s)) {
        *out = cw_sql_grow(arena, *out, *n, &room, sizeof(**out));
        (*out)[(*n)++] = read_row(&s, arena);
    }
    return cw_sql_finish(&s);
}

enum cw_err cw_store_token_remove(struct cw_store *store, const struct cw_change *change,
                                  int64_t id)
{
    struct cw_arena arena = {0};
    struct cw_token token = {0};
    struct cw_audit audit = {.action = "token remove", .is_no_policy = true};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = find(store, "SELECT " COLUMNS " FROM token WHERE id=?", CW_STR_NONE, id, &arena, &token);
    if (!err) {
        struct cw_sql s = cw_sql_prepare(store, "DELETE FROM token WHERE id=?");
        cw_sql_int(&s, id);
        err = cw_sql_run(&s);
        audit.object = token.name;
        audit.before = to_json(&token);
    }
    err = cw_store_commit(store, change, &audit, err);
    cw_arena_free(&arena);
    return err;
}
