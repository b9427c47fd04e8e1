/* The counters as JSON, with what is under way in this moment; see counters.h. */
#include "conf/policy_json.h"
#include "gateway/counters.h"
#include "gateway/presence_priv.h"

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *passed_json(const struct gw_passed *passed)
{
    json_t *refused = json_object();
    for (size_t i = GW_REFUSED_NOT + 1; i < GW_REFUSED_N; i++)
        json_object_set_new(refused, gw_refused_name((enum gw_refused)i),
                            number(passed->refused[i]));
    return json_pack("{s:o,s:o,s:o,s:o}", "taken", number(passed->taken), "delivered",
                     number(passed->delivered), "ignored", number(passed->ignored), "refused",
                     refused);
}

static json_t *counted(const struct gw_counters *c)
{
    return json_pack("{s:{s:o,s:o},s:{s:o,s:o},s:o,s:{s:o,s:o},s:{s:o,s:o,s:o}}", "messages", "x2s",
                     passed_json(&c->x2s), "s2x", passed_json(&c->s2x), "signals", "x2s",
                     number(c->x2s_signals), "s2x", number(c->s2x_signals), "returned",
                     number(c->returned), "presence", "x2s", passed_json(&c->watch_x2s), "s2x",
                     passed_json(&c->watch_s2x), "requests", "subscribe", number(c->subscribes),
                     "notify", number(c->notifies), "strangers", number(c->strangers));
}

static json_t *queues(const struct gateway *gateway)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "x2s-pairs", number(gw_x2s_n_pairs(gateway->x2s)),
                     "x2s-open", number(gw_x2s_n_open(gateway->x2s)), "s2x-open",
                     number(gw_s2x_n_open(gateway->s2x)), "presence-open",
                     number(gw_post_n_open(gateway->presence->post)), "paced",
                     number(gw_pace_waiting(gateway->presence->pace)), "store-writes",
                     number(gw_store_n_waiting(gateway->store)));
}

static json_t *now_open(const struct gateway *gateway)
{
    return json_pack("{s:{s:o,s:o},s:{s:o,s:o}}", "subscriptions", "x2s",
                     number(gw_subscriber_count(gateway->presence->subscriber)), "s2x",
                     number(gw_notifier_count(gateway->presence->notifier)), "transactions",
                     "server", number(gw_sip_n_transactions(gateway->sip, true)), "client",
                     number(gw_sip_n_transactions(gateway->sip, false)));
}

static json_t *links(const struct gateway *gateway)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gateway->n_edges; i++) {
        const struct gw_edge *edge = gateway->edges[i];
        int64_t since = gw_edge_since(edge);
        struct cw_str path = gw_edge_path(edge), trouble = gw_edge_trouble(edge);
        json_array_append_new(list,
                              json_pack("{s:s%,s:b,s:o,s:o,s:o}", "edge", path.p, path.n, "up",
                                        gw_edge_is_up(edge), "since",
                                        since ? cw_json_of_time(since) : json_null(),
                                        "policy-version", number(gw_edge_version(edge)), "reason",
                                        cw_str_is_utf8(trouble) ? json_stringn(trouble.p, trouble.n)
                                                                : json_string("")));
    }
    return list;
}

json_t *gw_counters_tell(const struct gateway *gateway)
{
    json_t *all = counted(&gateway->counters);
    cw_assert(all != NULL);
    json_object_update_new(all, now_open(gateway));
    json_object_set_new(all, "queues", queues(gateway));
    return json_pack("{s:b,s:s,s:o,s:o,s:b,s:o,s:o}", "ok", 1, "version", CW_VERSION, "since",
                     cw_json_of_time(gateway->counters.since), "policy-version",
                     number(gateway->policy->version), "store-failing",
                     gw_store_is_failing(gateway->store), "counters", all, "links", links(gateway));
}
