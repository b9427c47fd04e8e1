/* Settings in SQLite: name and text of each row of the settings table.  A setting without a row has
 * its default, so that a new setting needs no migration. */
#include "base/secret.h"
#include "conf/policy_json.h"
#include "policy/settings.h"
#include "store/sqlite_priv.h"

#define SECRET_BYTES 32

static enum cw_err write_setting(struct cw_store *store, const char *name, struct cw_str value)
{
    struct cw_sql s =
        cw_sql_prepare(store, "INSERT INTO setting(name,value) VALUES(?,?)"
                              " ON CONFLICT(name) DO UPDATE SET value=excluded.value");
    cw_sql_text(&s, cw_str_of(name));
    cw_sql_text(&s, value);
    return cw_sql_run(&s);
}

enum cw_err cw_settings_store_first(struct cw_store *store)
{
    struct cw_arena arena = {0};
    enum cw_err err = write_setting(store, "dialback-secret", cw_random_hex(&arena, SECRET_BYTES));
    cw_arena_free(&arena);
    return err;
}

static enum cw_err read_version(struct cw_store *store, uint64_t *out)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT value FROM counter WHERE name='settings'");
    *out = cw_sql_row(&s) ? (uint64_t)cw_sql_column_int(&s, 0) : 0;
    return cw_sql_finish(&s);
}

/* Names that no release of this age knows are left alone: a newer one may have written them. */
static enum cw_err read_all(struct cw_store *store, struct cw_arena *arena, struct cw_settings *out)
{
    cw_settings_defaults(arena, out);
    struct cw_sql s = cw_sql_prepare(store, "SELECT name,value FROM setting");
    bool understood = true;
    while (cw_sql_row(&s)) {
        const struct cw_setting *row = cw_setting_find(cw_sql_column_text(&s, 0, arena));
        struct cw_str value = cw_sql_column_text(&s, 1, arena);
        if (row && cw_str_is_present(cw_setting_set(arena, row, out, value)))
            understood = false;
    }
    enum cw_err err = cw_sql_finish(&s);
    return err ? err : understood ? CW_OK : CW_ERR_STORE;
}

enum cw_err cw_store_settings_get(struct cw_store *store, struct cw_arena *arena,
                                  struct cw_settings *out, uint64_t *version)
{
    enum cw_err err = read_version(store, version);
    return err ? err : read_all(store, arena, out);
}

enum cw_err cw_store_settings_set(struct cw_store *store, const struct cw_change *change,
                                  const struct cw_settings *settings, uint64_t expected_version,
                                  struct cw_arena *arena, struct cw_refusal *refusal)
{
    struct cw_settings before;
    uint64_t version;
    struct cw_audit audit = {.action = "settings set", .object = CW_STR("")};
    *refusal = (struct cw_refusal){.field = ""};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = cw_store_settings_get(store, arena, &before, &version);
    if (!err && expected_version != 0 && version != expected_version)
        err = cw_store_refuse(refusal, CW_ERR_CONFLICT, "",
                              CW_S("The settings were changed by somebody else meanwhile; look at "
                                   "them again, then repeat the change."));
    for (size_t i = 0; i < cw_setting_n && !err; i++)
        err = write_setting(store, cw_setting_rows[i].name,
                            cw_setting_get(arena, &cw_setting_rows[i], settings));
    if (!err)
        err = cw_sql_exec(store, "UPDATE counter SET value=value+1 WHERE name='settings'");
    if (!err) {
        audit.before = cw_settings_to_json(&before, false);
        audit.after = cw_settings_to_json_after(settings, &before);
    }
    return cw_store_commit(store, change, &audit, err);
}

static void copy_local_domains(struct cw_store *store, struct cw_policy *policy)
{
    policy->local_domains =
        cw_arena_alloc(&policy->arena, (store->n_local_domains + 1) * sizeof(struct cw_str));
    policy->n_local_domains = store->n_local_domains;
    for (size_t i = 0; i < store->n_local_domains; i++)
        policy->local_domains[i] = cw_arena_dup(&policy->arena, store->local_domains[i]);
}

enum cw_err cw_store_load_policy(struct cw_store *store, struct cw_policy **out)
{
    struct cw_policy *policy = cw_policy_new();
    struct cw_partner_row *rows = NULL;
    uint64_t settings_version;
    size_t n = 0;
    *out = NULL;
    copy_local_domains(store, policy);
    enum cw_err err = cw_sql_exec(store, "BEGIN"); /* all reads see one state */
    if (err)
        goto out;
    err = cw_store_version(store, &policy->version);
    if (!err)
        err = cw_store_settings_get(store, &policy->arena, &policy->settings, &settings_version);
    if (!err)
        err = cw_store_partner_list(store, &policy->arena, &rows, &n);
    enum cw_err end = cw_sql_exec(store, "ROLLBACK"); /* nothing was written */
    err = err ? err : end;
    if (err)
        goto out;
    policy->partners = cw_arena_alloc(&policy->arena, (n + 1) * sizeof(struct cw_partner));
    for (; policy->n_partners < n; policy->n_partners++)
        policy->partners[policy->n_partners] = rows[policy->n_partners].partner;
    cw_policy_index(policy);
    *out = policy;
    return CW_OK;
out:
    cw_policy_unref(&policy);
    return err;
}
