/* The commands on external access: which local users may use the federation.  A rule stands for
 * everybody, for a local domain or for a user; the nearest one counts whole (policy/access.h). */
#include "policy/access.h"

#include "api/api_priv.h"
#include "conf/policy_json.h"

/* "" for everybody, or the domain or user of the arguments, as it was typed; false with a problem.
 */
static bool scope_arg(const struct cw_api_call *call, const json_t *in, struct cw_str *out,
                      struct cw_api_problem *problem)
{
    const json_t *user = json_object_get(in, "user"), *domain = json_object_get(in, "domain");
    struct cw_jid jid;
    *out = CW_S("");
    if (user && domain) {
        cw_api_refuse(problem, 400, "user", CW_S("Give a domain or a user, not both."));
        return false;
    }
    if (domain)
        return cw_api_domain_arg(call, in, out, problem);
    if (!user)
        return true;
    if (!cw_api_address_arg(call, in, "user", &jid, problem))
        return false;
    *out = cw_jid_bare(call->arena, &jid);
    return true;
}

static json_t *rule_to_json(const struct cw_access_rule *rule)
{
    json_t *object = json_object();
    json_object_set_new(object, "scope", json_string(cw_access_scope_name(rule->scope)));
    json_object_set_new(object, "name", cw_json_of_str(rule->scope));
    json_object_set_new(object, "xmpp", json_boolean(rule->xmpp));
    json_object_set_new(object, "version", json_integer((json_int_t)rule->version));
    return object;
}

json_t *cw_api_access_list(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    struct cw_access_rule *rules;
    size_t n;
    (void)in;
    enum cw_err err = cw_store_access_list(call->store, call->arena, &rules, &n);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, rule_to_json(&rules[i]));
    return json_pack("{s:o}", "rules", list);
}

/* The rule that counts for what a scope names; NULL: there is none, and all are allowed. */
static const struct cw_access_rule *effective(struct cw_arena *arena, struct cw_str scope,
                                              const struct cw_access_rule *rules, size_t n)
{
    struct cw_map index = {0};
    const struct cw_access_rule *rule = NULL;
    struct cw_jid jid;
    cw_access_index(&index, rules, n);
    if (cw_str_is_empty(scope))
        rule = cw_map_get(&index, scope);
    else if (cw_jid_parse(arena, scope, &jid) == CW_JID_OK)
        rule = cw_access_nearest(&index, &jid);
    cw_map_free(&index);
    return rule;
}

/* False with a problem: who is asked about is none of ours. */
static bool check_scope(const struct cw_api_call *call, struct cw_str *scope,
                        struct cw_api_problem *problem)
{
    size_t n;
    const struct cw_str *local = cw_store_local_domains(call->store, &n);
    struct cw_str own = cw_access_scope(call->arena, *scope, local, n);
    if (!cw_str_is_present(own)) {
        const char *field = cw_access_scope_name(*scope); /* the argument's name, too */
        cw_api_refuse(problem, 404, field,
                      cw_arena_printf(call->arena,
                                      "%.*s is not local: access rules are for local "
                                      "users and domains.",
                                      CW_ARG(*scope)));
        return false;
    }
    *scope = own;
    return true;
}

json_t *cw_api_access_get(const struct cw_api_call *call, const json_t *in,
                          struct cw_api_problem *problem)
{
    struct cw_access_rule *rules;
    struct cw_str scope;
    uint64_t own = 0;
    size_t n;
    if (!scope_arg(call, in, &scope, problem) || !check_scope(call, &scope, problem))
        return NULL;
    enum cw_err err = cw_store_access_list(call->store, call->arena, &rules, &n);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    const struct cw_access_rule *rule = effective(call->arena, scope, rules, n);
    for (size_t i = 0; i < n; i++)
        if (cw_str_eq(rules[i].scope, scope))
            own = rules[i].version;
    json_t *answer = json_object();
    json_object_set_new(answer, "of", cw_json_of_str(scope));
    json_object_set_new(answer, "xmpp", json_boolean(!rule || rule->xmpp));
    json_object_set_new(answer, "scope",
                        json_string(rule ? cw_access_scope_name(rule->scope) : "default"));
    json_object_set_new(answer, "name", rule ? cw_json_of_str(rule->scope) : json_string(""));
    json_object_set_new(answer, "version", json_integer((json_int_t)own));
    return answer;
}

/* The rule of that very scope, as JSON; NULL: there is none.  *version: the one that a change of it
 * expects. */
static enum cw_err own_rule(const struct cw_api_call *call, const json_t *in, struct cw_str scope,
                            json_t **out, uint64_t *version)
{
    struct cw_access_rule rule;
    enum cw_err err = cw_store_access_get(call->store, scope, &rule);
    *out = err ? NULL : rule_to_json(&rule);
    *version = cw_api_given_version(in, rule.version);
    return err == CW_ERR_NOT_FOUND ? CW_OK : err;
}

/* As the audit trail has it. */
static json_t *refuse(const struct cw_api_call *call, struct cw_str scope, enum cw_err err,
                      const struct cw_refusal *refusal, struct cw_api_problem *problem)
{
    cw_api_refuse_store(problem, err, refusal);
    return cw_api_tell_who(call, "access ", cw_str_is_empty(scope) ? CW_S("global") : scope,
                           problem);
}

json_t *cw_api_access_set(const struct cw_api_call *call, const json_t *in,
                          struct cw_api_problem *problem)
{
    struct cw_change change = {.who = call->who, .what_if = call->what_if};
    struct cw_access_rule rule = {.xmpp = json_is_true(json_object_get(in, "xmpp"))};
    struct cw_refusal refusal = {.field = ""};
    json_t *before = NULL;
    if (!scope_arg(call, in, &rule.scope, problem) || !check_scope(call, &rule.scope, problem))
        return NULL;
    enum cw_err err = own_rule(call, in, rule.scope, &before, &rule.version);
    if (!err)
        err = cw_store_access_set(call->store, &change, &rule, call->arena, &refusal);
    if (!err)
        return cw_api_changed(call, before, rule_to_json(&rule));
    json_decref(before);
    return refuse(call, rule.scope, err, &refusal, problem);
}

json_t *cw_api_access_unset(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_change change = {.who = call->who, .what_if = call->what_if};
    struct cw_refusal refusal = {.field = ""};
    struct cw_str scope;
    uint64_t version = 0;
    json_t *before = NULL;
    if (!scope_arg(call, in, &scope, problem)) /* a rule may outlive its local domain */
        return NULL;
    enum cw_err err = own_rule(call, in, scope, &before, &version);
    if (!err && !before && cw_str_is_empty(scope))
        return cw_api_refuse(problem, 404, "", CW_S("There is no access rule for everybody."));
    if (!err)
        err = cw_store_access_unset(call->store, &change, scope, version, call->arena, &refusal);
    if (!err)
        return cw_api_changed(call, before, NULL);
    json_decref(before);
    return refuse(call, scope, err, &refusal, problem);
}
