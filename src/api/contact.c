/* The commands on contacts: whom local users have invited, by writing or by asking to see their
 * presence, and who sees whom.  Users make them; here they are shown and taken back. */
#include "api/api_priv.h"
#include "api/judge.h"
#include "conf/policy_json.h"

bool cw_api_address_arg(const struct cw_api_call *call, const json_t *in, const char *name,
                        struct cw_jid *out, struct cw_api_problem *problem)
{
    struct cw_str text = cw_json_str(json_object_get(in, name));
    if (cw_jid_parse(call->arena, text, out) == CW_JID_OK && cw_str_is_present(out->local) &&
        !cw_str_is_present(out->resource))
        return true;
    cw_api_refuse(problem, 400, name,
                  cw_arena_printf(call->arena, "\"%.*s\" is not an address (user@domain).",
                                  (int)(text.n < 255 ? text.n : 255), text.p));
    return false;
}

/* `user` and `partner`, where they are given; the latter is an address or a domain. */
static bool filter_args(const struct cw_api_call *call, const json_t *in,
                        struct cw_contact_filter *filter, struct cw_api_problem *problem)
{
    const json_t *partner = json_object_get(in, "partner");
    struct cw_jid jid;
    *filter = (struct cw_contact_filter){.local = CW_STR_NONE};
    if (json_object_get(in, "user")) {
        if (!cw_api_address_arg(call, in, "user", &jid, problem))
            return false;
        filter->local = cw_jid_bare(call->arena, &jid);
    }
    if (!partner)
        return true;
    struct cw_str text = cw_json_str(partner);
    if (cw_str_index(text, '@') >= 0) {
        if (!cw_api_address_arg(call, in, "partner", &jid, problem))
            return false;
        filter->remote = cw_jid_bare(call->arena, &jid);
    } else if (!cw_domain_to_unicode(call->arena, text, &filter->remote_domain)) {
        cw_api_refuse(problem, 400, "partner",
                      cw_arena_printf(call->arena,
                                      "\"%.*s\" is neither an address nor a valid domain name.",
                                      (int)(text.n < 255 ? text.n : 255), text.p));
        return false;
    }
    return true;
}

json_t *cw_api_contact_list(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_contact_filter filter;
    struct cw_api_pair *pairs;
    size_t n;
    if (!filter_args(call, in, &filter, problem))
        return NULL;
    enum cw_err err = cw_api_pairs(call, &filter, &pairs, &n);
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    return cw_api_pairs_to_json(pairs, n);
}

/* What the rules say now, event by event. */
static void add_rules(json_t *object, const struct cw_contact_facts *facts)
{
    json_t *rules = json_object();
    for (int i = CW_CONTACT_MESSAGE_IN; i <= CW_CONTACT_PRESENCE_OUT; i++) {
        enum cw_contact_event event = (enum cw_contact_event)i;
        struct cw_contact_verdict verdict;
        cw_contact_judge(event, facts, &verdict);
        json_object_set_new(rules, cw_contact_event_name(event),
                            json_pack("{s:s,s:s,s:s}", "answer",
                                      cw_contact_answer_name(verdict.answer), "rule", verdict.rule,
                                      "reason", verdict.reason ? verdict.reason : ""));
        if (event == CW_CONTACT_MESSAGE_IN)
            json_object_set_new(object, "may-write",
                                json_boolean(verdict.answer == CW_CONTACT_ALLOW));
    }
    json_object_set_new(object, "rules", rules);
}

static json_t *show(const struct cw_api_pair *pair, const struct cw_contact_facts *facts)
{
    const struct cw_partner *partner = facts->partner;
    json_t *object = cw_api_pair_to_json(pair);
    json_object_set_new(object, "partner", partner ? cw_json_of_str(partner->domain) : json_null());
    json_object_set_new(object, "type",
                        partner ? json_string(cw_partner_type_name(partner->type)) : json_null());
    json_object_set_new(object, "blocked", json_boolean(facts->is_blocked));
    json_object_set_new(object, "access", json_boolean(facts->has_access));
    add_rules(object, facts);
    return object;
}

json_t *cw_api_contact_show(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_jid user, remote;
    struct cw_api_pair *pairs;
    struct cw_policy *policy = NULL;
    struct cw_contact_facts facts;
    json_t *answer = NULL;
    size_t n = 0;
    if (!cw_api_address_arg(call, in, "user", &user, problem) ||
        !cw_api_address_arg(call, in, "partner", &remote, problem))
        return NULL;
    struct cw_api_pair nothing = {.local = cw_jid_bare(call->arena, &user),
                                  .remote = cw_jid_bare(call->arena, &remote)};
    struct cw_contact_filter filter = {.local = nothing.local, .remote = nothing.remote};
    enum cw_err err = cw_api_pairs(call, &filter, &pairs, &n);
    if (!err)
        err = cw_store_load_policy(call->store, &policy);
    if (!err)
        err = cw_api_facts(call->store, policy, &user, &remote, call->arena, &facts);
    if (!err)
        answer = show(n ? &pairs[0] : &nothing, &facts);
    cw_policy_unref(&policy);
    return err ? cw_api_refuse_store(problem, err, NULL) : answer;
}

json_t *cw_api_contact_remove(const struct cw_api_call *call, const json_t *in,
                              struct cw_api_problem *problem)
{
    struct cw_change change = {.who = call->who, .what_if = call->what_if};
    struct cw_contact_filter filter;
    struct cw_api_pair *pairs;
    struct cw_contact *rows;
    size_t n, n_rows;
    if (!json_object_get(in, "user") && !json_object_get(in, "partner"))
        return cw_api_refuse(problem, 400, "user", CW_S("user or partner must be given."));
    if (!filter_args(call, in, &filter, problem))
        return NULL;
    enum cw_err err = cw_api_pairs(call, &filter, &pairs, &n);
    if (!err)
        err = cw_store_contact_withdraw(call->store, &change, &filter, call->arena, &rows, &n_rows);
    if (err == CW_ERR_NOT_FOUND)
        return cw_api_refuse(problem, 404, "", CW_S("There is no such contact."));
    if (err)
        return cw_api_refuse_store(problem, err, NULL);
    return cw_api_changed(call, cw_api_pairs_to_json(pairs, n), NULL);
}
