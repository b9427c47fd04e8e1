/* The commands on contacts: the invitations by which local users let addresses of PublicUnverified
 * partners write to them.  Users make them by writing first; here they are shown and taken back. */
#include <time.h>

#include "api/api_priv.h"
#include "conf/policy_json.h"
#include "policy/contact.h"
#include "policy/view.h"
#include "xmpp/jid.h"

/* An address argument as a bare JID with a localpart; false with a problem. */
static bool address_arg(const struct cw_api_call *call, const json_t *in, const char *name,
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
        if (!address_arg(call, in, "user", &jid, problem))
            return false;
        filter->local = cw_jid_bare(call->arena, &jid);
    }
    if (!partner)
        return true;
    struct cw_str text = cw_json_str(partner);
    if (cw_str_index(text, '@') >= 0) {
        if (!address_arg(call, in, "partner", &jid, problem))
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

static json_t *show(struct cw_arena *arena, const struct cw_contact *row)
{
    time_t since = (time_t)row->since;
    struct tm parts;
    char text[32] = "";
    json_t *object = json_object();
    if (gmtime_r(&since, &parts))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    json_object_set_new(object, "user", cw_json_of_str(row->local));
    json_object_set_new(object, "contact", cw_json_of_str(row->remote));
    json_object_set_new(object, "since", cw_json_of_str(cw_arena_dup(arena, cw_str_of(text))));
    return object;
}

static json_t *show_all(struct cw_arena *arena, const struct cw_contact *rows, size_t n)
{
    json_t *answer = json_object(), *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, show(arena, &rows[i]));
    json_object_set_new(answer, "contacts", list);
    return answer;
}

json_t *cw_api_contact_list(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_contact_filter filter;
    struct cw_contact *rows;
    size_t n;
    if (!filter_args(call, in, &filter, problem))
        return NULL;
    enum cw_err err = cw_store_contact_find(call->store, &filter, call->arena, &rows, &n);
    if (err)
        return cw_api_refuse_store(problem, err, &(struct cw_refusal){.field = ""});
    return show_all(call->arena, rows, n);
}

/* What the pair's state comes to: would a message from the partner's user be let through? */
static json_t *judge(const struct cw_contact *pair, const struct cw_partner *partner,
                     bool is_invited, struct cw_arena *arena)
{
    json_t *object = show(arena, pair);
    if (!is_invited)
        json_object_set_new(object, "since", json_null());
    json_object_set_new(object, "invited", json_boolean(is_invited));
    json_object_set_new(object, "partner", partner ? cw_json_of_str(partner->domain) : json_null());
    json_object_set_new(object, "type",
                        partner ? json_string(cw_partner_type_name(partner->type)) : json_null());
    json_object_set_new(object, "may-write",
                        json_boolean(partner && cw_contact_may_message(partner->type, is_invited)));
    return object;
}

json_t *cw_api_contact_show(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_jid user, remote;
    struct cw_contact *rows;
    struct cw_policy *policy = NULL;
    size_t n = 0;
    if (!address_arg(call, in, "user", &user, problem) ||
        !address_arg(call, in, "partner", &remote, problem))
        return NULL;
    struct cw_contact pair = {.local = cw_jid_bare(call->arena, &user),
                              .remote = cw_jid_bare(call->arena, &remote)};
    struct cw_contact_filter filter = {.local = pair.local, .remote = pair.remote};
    enum cw_err err = cw_store_contact_find(call->store, &filter, call->arena, &rows, &n);
    if (!err)
        err = cw_store_load_policy(call->store, &policy);
    if (err)
        return cw_api_refuse_store(problem, err, &(struct cw_refusal){.field = ""});
    json_t *answer =
        judge(n ? &rows[0] : &pair, cw_policy_partner(policy, remote.domain), n > 0, call->arena);
    cw_policy_unref(&policy);
    return answer;
}

json_t *cw_api_contact_remove(const struct cw_api_call *call, const json_t *in,
                              struct cw_api_problem *problem)
{
    struct cw_change change = {.who = call->who, .what_if = call->what_if};
    struct cw_contact_filter filter;
    struct cw_contact *rows;
    size_t n;
    if (!json_object_get(in, "user") && !json_object_get(in, "partner"))
        return cw_api_refuse(problem, 400, "user", CW_S("user or partner must be given."));
    if (!filter_args(call, in, &filter, problem))
        return NULL;
    enum cw_err err =
        cw_store_contact_withdraw(call->store, &change, &filter, call->arena, &rows, &n);
    if (err == CW_ERR_NOT_FOUND)
        return cw_api_refuse(problem, 404, "", CW_S("There is no such contact."));
    if (err)
        return cw_api_refuse_store(problem, err, &(struct cw_refusal){.field = ""});
    return cw_api_changed(call, show_all(call->arena, rows, n), NULL);
}
