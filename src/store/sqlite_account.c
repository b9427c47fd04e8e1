/* Accounts in SQLite.  One administrator who is enabled must stay, so that nobody locks everybody
 * out; a change that takes rights away ends the account's sessions in the same transaction. */
#include <time.h>

#include "store/account.h"
#include "store/sqlite_priv.h"

#define COLUMNS \
    "name,version,is_administrator,is_enabled,must_change_password,password_hash,since,changed"

static struct cw_account read_row(struct cw_sql *s, struct cw_arena *arena)
{
    return (struct cw_account){
        .name = cw_sql_column_text(s, 0, arena),
        .version = (uint64_t)cw_sql_column_int(s, 1),
        .is_administrator = cw_sql_column_int(s, 2) != 0,
        .is_enabled = cw_sql_column_int(s, 3) != 0,
        .must_change_password = cw_sql_column_int(s, 4) != 0,
        .password_hash = cw_sql_column_text(s, 5, arena),
        .since = cw_sql_column_int(s, 6),
        .changed = cw_sql_column_int(s, 7),
    };
}

enum cw_err cw_store_account_get(struct cw_store *store, struct cw_str name, struct cw_arena *arena,
                                 struct cw_account *out)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT " COLUMNS " FROM account WHERE name=?");
    cw_sql_text(&s, name);
    bool found = cw_sql_row(&s);
    *out = found ? read_row(&s, arena) : (struct cw_account){0};
    enum cw_err err = cw_sql_finish(&s);
    return err ? err : found ? CW_OK : CW_ERR_NOT_FOUND;
}

enum cw_err cw_store_account_list(struct cw_store *store, struct cw_arena *arena,
                                  struct cw_account **out, size_t *n)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT " COLUMNS " FROM account ORDER BY name");
    size_t room = 0;
    *n = 0;
    *out = NULL;
    while (cw_sql_row(&s)) {
        *out = cw_sql_grow(arena, *out, *n, &room, sizeof(**out));
        (*out)[(*n)++] = read_row(&s, arena);
    }
    return cw_sql_finish(&s);
}

/* For the audit trail: no hash. */
static json_t *to_json(const struct cw_account *account)
{
    return json_pack("{s:s%,s:s,s:b,s:b}", "name", account->name.p, account->name.n, "role",
                     account->is_administrator ? "administrator" : "viewer", "enabled",
                     account->is_enabled, "must-change-password", account->must_change_password);
}

enum cw_err cw_store_account_add(struct cw_store *store, const struct cw_change *change,
                                 const struct cw_account *account, struct cw_arena *arena,
                                 struct cw_refusal *refusal)
{
    struct cw_account there;
    struct cw_audit audit = {
        .action = "account new", .object = account->name, .is_no_policy = true};
    int64_t now = time(NULL);
    *refusal = (struct cw_refusal){.field = ""};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = cw_store_account_get(store, account->name, arena, &there);
    if (!err)
        err = cw_store_refuse(
            refusal, CW_ERR_EXISTS, "name",
            cw_arena_printf(arena, "There is an account %.*s already.", CW_ARG(account->name)));
    else if (err == CW_ERR_NOT_FOUND)
        err = CW_OK;
    if (!err) {
        struct cw_sql s = cw_sql_prepare(
            store, "INSERT INTO account(name,is_administrator,is_enabled,must_change_password,"
                   "password_hash,since,changed) VALUES(?,?,?,?,?,?,?)");
        cw_sql_text(&s, account->name);
        cw_sql_int(&s, account->is_administrator);
        cw_sql_int(&s, account->is_enabled);
        cw_sql_int(&s, account->must_change_password);
        cw_sql_text(&s, account->password_hash);
        cw_sql_int(&s, now);
        cw_sql_int(&s, now);
        err = cw_sql_run(&s);
        audit.after = to_json(account);
    }
    return cw_store_commit(store, change, &audit, err);
}

/* The account to change, when it is there and still the one that the caller saw. */
static enum cw_err find_expected(struct cw_store *store, struct cw_str name, uint64_t expected,
                                 struct cw_arena *arena, struct cw_account *out,
                                 struct cw_refusal *refusal)
{
    enum cw_err err = cw_store_account_get(store, name, arena, out);
    if (err == CW_ERR_NOT_FOUND)
        return cw_store_refuse(refusal, err, "name",
                               cw_arena_printf(arena, "There is no account %.*s.", CW_ARG(name)));
    if (!err && expected != 0 && out->version != expected)
        return cw_store_refuse(
            refusal, CW_ERR_CONFLICT, "",
            cw_arena_printf(arena,
                            "The account %.*s was changed by somebody else meanwhile; look at it "
                            "again, then repeat the change.",
                            CW_ARG(name)));
    return err;
}

/* Refuses when nobody but the account of that name could administer. */
static enum cw_err check_last(struct cw_store *store, struct cw_str name, struct cw_arena *arena,
                              struct cw_refusal *refusal)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT 1 FROM account WHERE is_administrator=1"
                                            " AND is_enabled=1 AND name<>? LIMIT 1");
    cw_sql_text(&s, name);
    bool another = cw_sql_row(&s);
    enum cw_err err = cw_sql_finish(&s);
    if (err || another)
        return err;
    return cw_store_refuse(refusal, CW_ERR_INVALID, "name",
                           cw_arena_printf(arena,
                                           "%.*s is the last enabled administrator; make another "
                                           "one first.",
                                           CW_ARG(name)));
}

static bool can_administer(const struct cw_account *account)
{
    return account->is_administrator && account->is_enabled;
}

static enum cw_err write_row(struct cw_store *store, const struct cw_account *account)
{
    struct cw_sql s = cw_sql_prepare(store, "UPDATE account SET version=version+1,"
                                            "is_administrator=?,is_enabled=?,"
                                            "must_change_password=? WHERE name=?");
    cw_sql_int(&s, account->is_administrator);
    cw_sql_int(&s, account->is_enabled);
    cw_sql_int(&s, account->must_change_password);
    cw_sql_text(&s, account->name);
    return cw_sql_run(&s);
}

enum cw_err cw_store_account_set(struct cw_store *store, const struct cw_change *change,
                                 const struct cw_account *account, uint64_t expected_version,
                                 struct cw_arena *arena, struct cw_refusal *refusal)
{
    struct cw_account so_far;
    struct cw_audit audit = {
        .action = "account set", .object = account->name, .is_no_policy = true};
    *refusal = (struct cw_refusal){.field = ""};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = find_expected(store, account->name, expected_version, arena, &so_far, refusal);
    if (!err && can_administer(&so_far) && !can_administer(account))
        err = check_last(store, account->name, arena, refusal);
    if (!err)
        err = write_row(store, account);
    if (!err && (!account->is_enabled || account->is_administrator != so_far.is_administrator))
        err = cw_session_end_all(store, account->name, CW_STR_NONE);
    if (!err) {
        audit.before = to_json(&so_far);
        audit.after = to_json(account);
    }
    return cw_store_commit(store, change, &audit, err);
}

enum cw_err cw_store_account_password(struct cw_store *store, const struct cw_change *change,
                                      const struct cw_new_password *new, struct cw_arena *arena,
                                      struct cw_refusal *refusal)
{
    struct cw_audit audit = {
        .action = "account password", .object = new->account, .is_no_policy = true};
    struct cw_account account;
    *refusal = (struct cw_refusal){.field = ""};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = find_expected(store, new->account, new->expected_version, arena, &account, refusal);
    if (!err) {
        struct cw_sql s =
            cw_sql_prepare(store, "UPDATE account SET version=version+1,password_hash=?,"
                                  "must_change_password=?,changed=? WHERE name=?");
        cw_sql_text(&s, new->hash);
        cw_sql_int(&s, new->must_change);
        cw_sql_int(&s, time(NULL));
        cw_sql_text(&s, new->account);
        err = cw_sql_run(&s);
    }
    if (!err)
        err = cw_session_end_all(store, new->account, new->keep_session);
    if (!err)
        audit.after = json_pack("{s:b}", "must-change-password", new->must_change);
    return cw_store_commit(store, change, &audit, err);
}

enum cw_err cw_store_account_renew_hash(struct cw_store *store, struct cw_str name,
                                        struct cw_str so_far, struct cw_str password_hash)
{
    struct cw_sql s = cw_sql_prepare(
        store, "UPDATE account SET password_hash=? WHERE name=? AND password_hash=?");
    cw_sql_text(&s, password_hash);
    cw_sql_text(&s, name);
    cw_sql_text(&s, so_far);
    return cw_sql_run(&s);
}

enum cw_err cw_store_account_remove(struct cw_store *store, const struct cw_change *change,
                                    struct cw_str name, uint64_t expected_version,
                                    struct cw_arena *arena, struct cw_refusal *refusal)
{
    struct cw_account account;
    struct cw_audit audit = {.action = "account remove", .object = name, .is_no_policy = true};
    *refusal = (struct cw_refusal){.field = ""};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = find_expected(store, name, expected_version, arena, &account, refusal);
    if (!err && can_administer(&account))
        err = check_last(store, name, arena, refusal);
    if (!err) {
        struct cw_sql s = cw_sql_prepare(store, "DELETE FROM account WHERE name=?");
        cw_sql_text(&s, name);
        err = cw_sql_run(&s);
        audit.before = to_json(&account);
    }
    if (!err)
        err = cw_session_end_all(store, name, CW_STR_NONE);
    return cw_store_commit(store, change, &audit, err);
}
