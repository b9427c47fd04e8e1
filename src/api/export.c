/* `export`: everything that an administrator entered and users agreed upon, as one JSON document
 * that `import` takes.  Accounts, tokens and the audit trail stay where they are. */
#include <time.h>

#include "api/api_priv.h"
#include "conf/policy_json.h"
#include "store/account.h"

/* What a list command shows, without what only its reader needs. */
static json_t *listed(const struct cw_api_call *call, const char *command, const char *member,
                      struct cw_api_problem *problem)
{
    json_t *in = json_object();
    json_t *answer = cw_api_run(cw_api_find(cw_str_of(command)), call, in, problem);
    json_t *list = json_incref(json_object_get(answer, member)), *one;
    size_t i;
    json_array_foreach(list, i, one) json_object_del(one, "version");
    json_decref(answer);
    json_decref(in);
    return list;
}

static json_t *partners(const struct cw_api_call *call, struct cw_api_problem *problem)
{
    struct cw_partner_row *rows;
    size_t n;
    enum cw_err err = cw_store_partner_list(call->store, call->arena, &rows, &n);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, cw_partner_to_json(&rows[i].partner));
    return list;
}

static json_t *settings(const struct cw_api_call *call, bool with_secrets,
                        struct cw_api_problem *problem)
{
    struct cw_settings read;
    uint64_t version;
    enum cw_err err = cw_store_settings_get(call->store, call->arena, &read, &version);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *object = cw_settings_to_json(&read, with_secrets);
    for (size_t i = 0; i < cw_setting_n && !with_secrets; i++)
        if (cw_setting_rows[i].type == CW_SETTING_SECRET)
            json_object_del(object, cw_setting_rows[i].name);
    return object;
}

static json_t *contacts(const struct cw_api_call *call, struct cw_api_problem *problem)
{
    struct cw_contact *rows;
    size_t n;
    enum cw_err err = cw_store_contact_list(call->store, CW_STR_NONE, call->arena, &rows, &n);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *row = json_object();
        json_object_set_new(row, "user", cw_json_of_str(rows[i].local));
        json_object_set_new(row, "contact", cw_json_of_str(rows[i].remote));
        json_object_set_new(row, "since", cw_json_of_time(rows[i].since));
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *header(void)
{
    json_t *object = json_object();
    json_object_set_new(object, "format", json_integer(1));
    json_object_set_new(object, "version", json_string(CW_VERSION));
    json_object_set_new(object, "at", cw_json_of_time(time(NULL)));
    return object;
}

json_t *cw_api_export(const struct cw_api_call *call, const json_t *in,
                      struct cw_api_problem *problem)
{
    bool with_secrets = json_is_true(json_object_get(in, "secrets"));
    if (with_secrets && call->permission < CW_ADMINISTRATOR)
        return cw_api_refuse(problem, 403, "secrets", CW_S("Secrets are for administrators."));
    if (with_secrets && cw_store_audit_note(call->store, call->who, "export", CW_S("secrets"),
                                            CW_S("the settings' secrets were exported")))
        return cw_api_refuse(problem, 500, "", CW_S("The audit trail cannot be written."));
    json_t *document = json_object();
    struct {
        const char *name;
        json_t *value;
    } sections[] = {
        {"partners", partners(call, problem)},
        {"settings", settings(call, with_secrets, problem)},
        {"access", listed(call, "access list", "rules", problem)},
        {"blocks", listed(call, "contact blocks", "blocks", problem)},
        {"contacts", contacts(call, problem)},
    };
    bool whole = true;
    json_object_set_new(document, "causeway", header());
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        whole = whole && sections[i].value;
        json_object_set_new(document, sections[i].name, sections[i].value);
    }
    if (whole)
        return document;
    json_decref(document);
    return NULL;
}
