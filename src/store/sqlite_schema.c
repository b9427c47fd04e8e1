/* The schema and its steps.  user_version counts the steps that a store has taken; a step, once
 * released, is never edited: what changes is a new step.  All steps that are missing run in one
 * transaction, so that a crash leaves the old schema whole. */
#include "store/sqlite_priv.h"

static const char *const steps[] = {
    /* 1 */
    "CREATE TABLE partner("
    " id INTEGER PRIMARY KEY,"
    " version INTEGER NOT NULL DEFAULT 1,"
    " description TEXT NOT NULL,"
    " type TEXT NOT NULL CHECK(type IN('Federated','PublicVerified','PublicUnverified')),"
    " tls TEXT NOT NULL CHECK(tls IN('Required','Optional','NotSupported')),"
    " sasl TEXT NOT NULL CHECK(sasl IN('Required','Optional','NotSupported')),"
    " dialback INTEGER NOT NULL CHECK(dialback IN(0,1)),"
    " connection_limit INTEGER NOT NULL CHECK(connection_limit BETWEEN 0 AND 10000),"
    " keep_alive INTEGER NOT NULL CHECK(keep_alive IN(0,1)),"
    " proxy_fqdn TEXT NOT NULL,"
    " enabled INTEGER NOT NULL CHECK(enabled IN(0,1)),"
    " CHECK(NOT(sasl<>'NotSupported' AND tls='NotSupported')),"
    " CHECK(NOT(sasl='NotSupported' AND dialback=0)));"
    /* Primaries (position 0) and additionals (1..) in one table: unique over both. */
    "CREATE TABLE partner_domain("
    " domain TEXT PRIMARY KEY,"
    " partner INTEGER NOT NULL REFERENCES partner(id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL,"
    " UNIQUE(partner,position)) WITHOUT ROWID;"
    "CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE contact("
    " local TEXT NOT NULL, remote TEXT NOT NULL, since INTEGER NOT NULL,"
    " PRIMARY KEY(local,remote)) WITHOUT ROWID;"
    "CREATE TABLE audit("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL,"
    " action TEXT NOT NULL, object TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL);"
    /* policy: partners and settings together; settings: the settings alone. */
    "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO counter VALUES('policy',1),('settings',1);",
    /* 2: what is believed of a partner's certificate; pins in one text, separated by spaces */
    "ALTER TABLE partner ADD COLUMN trust_anchor TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE partner ADD COLUMN pinned_keys TEXT NOT NULL DEFAULT '';",
    /* 3: who may use the federation, whom users do not want to hear from, who watches whom */
    "CREATE TABLE access(scope TEXT PRIMARY KEY, xmpp INTEGER NOT NULL CHECK(xmpp IN(0,1)))"
    " WITHOUT ROWID;"
    "CREATE TABLE block("
    " local TEXT NOT NULL, remote TEXT NOT NULL, since INTEGER NOT NULL,"
    " PRIMARY KEY(local,remote)) WITHOUT ROWID;"
    "CREATE TABLE subscription("
    " local TEXT NOT NULL, remote TEXT NOT NULL,"
    " is_x2s INTEGER NOT NULL CHECK(is_x2s IN(0,1)),"
    " is_authorised INTEGER NOT NULL CHECK(is_authorised IN(0,1)),"
    " state TEXT NOT NULL, since INTEGER NOT NULL, told TEXT NOT NULL,"
    " PRIMARY KEY(local,remote,is_x2s)) WITHOUT ROWID;"
    "CREATE TABLE dialog("
    " call_id TEXT NOT NULL, local_tag TEXT NOT NULL,"
    " is_x2s INTEGER NOT NULL CHECK(is_x2s IN(0,1)),"
    " local TEXT NOT NULL, remote TEXT NOT NULL,"
    " remote_tag TEXT NOT NULL, remote_target TEXT NOT NULL, route_set TEXT NOT NULL,"
    " event_id TEXT NOT NULL, local_cseq INTEGER NOT NULL, remote_cseq INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL,"
    " PRIMARY KEY(call_id,local_tag)) WITHOUT ROWID;"
    /* A filter that no row fits any more, until who runs the subscriptions has ended them. Numbers
     * are never used again: what was carried out stays known as such. */
    "CREATE TABLE withdrawal("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " local TEXT NOT NULL, remote TEXT NOT NULL, remote_domain TEXT NOT NULL);",
    /* 4: who administers.  A session may be of a directory's account, which has no row. */
    "CREATE TABLE account("
    " name TEXT PRIMARY KEY, version INTEGER NOT NULL DEFAULT 1,"
    " is_administrator INTEGER NOT NULL CHECK(is_administrator IN(0,1)),"
    " is_enabled INTEGER NOT NULL CHECK(is_enabled IN(0,1)),"
    " must_change_password INTEGER NOT NULL CHECK(must_change_password IN(0,1)),"
    " password_hash TEXT NOT NULL, since INTEGER NOT NULL, changed INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE session("
    " key TEXT PRIMARY KEY, account TEXT NOT NULL, csrf TEXT NOT NULL, address TEXT NOT NULL,"
    " is_administrator INTEGER NOT NULL CHECK(is_administrator IN(0,1)),"
    " is_directory INTEGER NOT NULL CHECK(is_directory IN(0,1)),"
    " since INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX session_account ON session(account);"
    "CREATE TABLE token("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    " digest TEXT NOT NULL UNIQUE,"
    " is_administrator INTEGER NOT NULL CHECK(is_administrator IN(0,1)),"
    " since INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL);"
    "CREATE INDEX audit_object ON audit(object);"
    "CREATE INDEX audit_action ON audit(action);",
};
#define LATEST ((int64_t)(sizeof(steps) / sizeof(steps[0])))

static enum cw_err read_version(struct cw_store *store, int64_t *out)
{
    struct cw_sql s = cw_sql_prepare(store, "PRAGMA user_version");
    *out = cw_sql_row(&s) ? cw_sql_column_int(&s, 0) : 0;
    return cw_sql_finish(&s);
}

static enum cw_err run_steps(struct cw_store *store, struct cw_arena *arena, int64_t from)
{
    enum cw_err err = CW_OK;
    for (int64_t i = from; i < LATEST && !err; i++)
        err = cw_sql_exec(store, steps[i]);
    if (!err && from == 0)
        err = cw_settings_store_first(store);
    if (!err) /* a pragma takes no bound value */
        err = cw_sql_exec(store,
                          cw_arena_printf(arena, "PRAGMA user_version=%lld", (long long)LATEST).p);
    return err;
}

enum cw_err cw_schema_migrate(struct cw_store *store, struct cw_arena *arena,
                              struct cw_refusal *refusal)
{
    int64_t version;
    enum cw_err err = read_version(store, &version);
    if (err || version == LATEST)
        return err;
    /* Again inside the transaction: another process may have been first. */
    err = cw_store_begin(store);
    if (err)
        return err;
    err = read_version(store, &version);
    if (!err && version > LATEST)
        err = cw_store_refuse(
            refusal, CW_ERR_INVALID, "store",
            cw_arena_printf(arena,
                            "the store has schema %lld, made by a newer release; this one knows "
                            "up to %lld: install the newer release, or restore a backup",
                            (long long)version, (long long)LATEST));
    if (!err && version < LATEST)
        err = run_steps(store, arena, version);
    if (!err)
        return cw_sql_exec(store, "COMMIT");
    if (!sqlite3_get_autocommit(store->db))
        (void)cw_sql_exec(store, "ROLLBACK");
    return err;
}
