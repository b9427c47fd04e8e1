/* A local user and a partner's user, as people are shown them: invited since when, and who of the
 * two sees the other's presence. */
#include "api/api_priv.h"
#include "conf/policy_json.h"

static int order_of_pair(const struct cw_contact *contact, const struct cw_store_subscription *sub)
{
    int by_local = cw_str_cmp(contact->local, sub->local);
    return by_local ? by_local : cw_str_cmp(contact->remote, sub->remote);
}

static bool is_of(const struct cw_api_pair *pair, const struct cw_store_subscription *sub)
{
    return cw_str_eq(pair->local, sub->local) && cw_str_eq(pair->remote, sub->remote);
}

enum cw_err cw_api_pairs(const struct cw_api_call *call, const struct cw_contact_filter *filter,
                         struct cw_api_pair **out, size_t *n)
{
    struct cw_contact *contacts;
    struct cw_store_subscription *subs;
    size_t n_contacts, n_subs;
    enum cw_err err =
        cw_store_contact_find(call->store, filter, call->arena, &contacts, &n_contacts);
    if (!err)
        err = cw_store_subscription_find(call->store, filter, call->arena, &subs, &n_subs);
    if (err)
        return err;
    struct cw_api_pair *list =
        cw_arena_alloc(call->arena, (n_contacts + n_subs + 1) * sizeof *list);
    *n = 0;
    for (size_t i = 0, k = 0; i < n_contacts || k < n_subs;) { /* both are by local, then remote */
        struct cw_api_pair *pair = &list[(*n)++];
        int first = k == n_subs ? -1 : i == n_contacts ? 1 : order_of_pair(&contacts[i], &subs[k]);
        *pair = (struct cw_api_pair){.local = first <= 0 ? contacts[i].local : subs[k].local,
                                     .remote = first <= 0 ? contacts[i].remote : subs[k].remote,
                                     .contact = first <= 0 ? &contacts[i] : NULL};
        i += first <= 0;
        for (; k < n_subs && is_of(pair, &subs[k]); k++)
            *(subs[k].is_x2s ? &pair->x2s : &pair->s2x) = &subs[k];
    }
    *out = list;
    return CW_OK;
}

static json_t *sub_to_json(const struct cw_store_subscription *sub)
{
    if (!sub)
        return json_null();
    json_t *object = json_object();
    json_object_set_new(object, "state", cw_json_of_str(sub->state));
    json_object_set_new(object, "consented", json_boolean(sub->is_authorised));
    json_object_set_new(object, "since", cw_json_of_time(sub->since));
    return object;
}

json_t *cw_api_pair_to_json(const struct cw_api_pair *pair)
{
    json_t *object = json_object();
    json_object_set_new(object, "user", cw_json_of_str(pair->local));
    json_object_set_new(object, "contact", cw_json_of_str(pair->remote));
    json_object_set_new(object, "invited", json_boolean(pair->contact != NULL));
    json_object_set_new(object, "since",
                        pair->contact ? cw_json_of_time(pair->contact->since) : json_null());
    json_object_set_new(object, "user-sees", sub_to_json(pair->s2x));
    json_object_set_new(object, "contact-sees", sub_to_json(pair->x2s));
    return object;
}

json_t *cw_api_pairs_to_json(const struct cw_api_pair *pairs, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, cw_api_pair_to_json(&pairs[i]));
    return json_pack("{s:o}", "contacts", list);
}
