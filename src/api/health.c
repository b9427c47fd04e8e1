/* How the whole is: the gateway and its links, the edges behind them, certificates, queues, the
 * store.  Nothing of it is a reason to refuse: what does not answer is what is to be told.
 *
 * One exchange: the gateway tells its counters and that one of its two links is down; the other
 * edge tells its own and its certificates.  The answer has both edges, one of them not up, the
 * state `warning` and a sentence for it (health_judge.c). */
#include <time.h>

#include "api/api_priv.h"
#include "api/health_priv.h"
#include "conf/policy_json.h"

enum { GATEWAY_TIMEOUT_S = 6, EDGES_TIMEOUT_S = 6 };

/* To that edge, or (NULL) every edge that is up; the array of those that answered. */
static json_t *ask_edges(const struct cw_api_call *call, const char *question, json_t *path)
{
    struct cw_api_problem problem;
    json_t *request =
        json_pack("{s:s,s:{s:s},s:O*}", "command", "ask", "in", "command", question, "edge", path);
    json_t *answer = cw_api_ask(call, request, EDGES_TIMEOUT_S, "edges", JSON_ARRAY, &problem);
    json_t *edges = answer ? json_incref(json_object_get(answer, "edges")) : json_array();
    json_decref(answer);
    return edges;
}

static json_t *answer_of(const json_t *edges, const json_t *path)
{
    size_t i;
    json_t *edge;
    json_array_foreach(edges, i, edge)
    {
        json_t *answer = json_object_get(edge, "answer");
        if (json_equal(json_object_get(edge, "edge"), path) &&
            json_is_true(json_object_get(answer, "ok")))
            return answer;
    }
    return NULL;
}

/* Only those that have answered already are asked: nobody waits twice for a silent one. */
static json_t *ask_certificates(const struct cw_api_call *call, const json_t *edges)
{
    json_t *all = json_array(), *edge;
    size_t i;
    json_array_foreach(edges, i, edge)
    {
        json_t *one = ask_edges(call, "certificate list", json_object_get(edge, "edge"));
        json_array_extend(all, one);
        json_decref(one);
    }
    return all;
}

static void copy(json_t *to, const json_t *from, const char *name)
{
    json_t *value = json_object_get(from, name);
    json_object_set(to, name, value ? value : json_null());
}

static json_t *component(const char *kind, const json_t *name, const json_t *told, bool is_up)
{
    json_t *one = json_pack("{s:s,s:O,s:b}", "kind", kind, "name", name, "up", is_up);
    copy(one, told, "version");
    copy(one, told, "since");
    copy(one, told, "policy-version");
    return one;
}

static json_t *edge_component(const json_t *link, const json_t *told)
{
    bool is_linked = json_is_true(json_object_get(link, "up"));
    json_t *one = component("edge", json_object_get(link, "edge"), told, is_linked && told);
    json_object_set_new(one, "linked", json_boolean(is_linked));
    json_object_set(one, "link-since", json_object_get(link, "since"));
    json_object_set(one, "reason", json_object_get(link, "reason"));
    /* Which it works from, as it confirmed; its own word may be older than the question. */
    json_object_set(one, "policy-version", json_object_get(link, "policy-version"));
    return one;
}

static void put_components(json_t *health, const json_t *gateway, const json_t *edges,
                           struct cw_str why)
{
    json_t *list = json_array(), *link, *name = json_string("gateway");
    size_t i;
    json_t *first = component("gateway", name, gateway, gateway != NULL);
    json_object_set_new(first, "reason", gateway ? json_string("") : cw_json_of_str(why));
    json_array_append_new(list, first);
    json_array_foreach(json_object_get(gateway, "links"), i, link) json_array_append_new(
        list, edge_component(link, answer_of(edges, json_object_get(link, "edge"))));
    json_object_set_new(health, "components", list);
    json_decref(name);
}

/* Queues apart: they are what one looks at first. */
static void put_counters(json_t *health, const json_t *gateway, const json_t *edges)
{
    json_t *own = json_object_get(gateway, "counters"), *edge;
    json_t *all = json_array(), *all_queues = json_array();
    size_t i;
    json_array_foreach(edges, i, edge)
    {
        json_t *path = json_object_get(edge, "edge");
        json_t *counters = json_object_get(answer_of(edges, path), "counters");
        json_t *queues = json_object_get(counters, "queues");
        if (!counters)
            continue;
        json_array_append_new(all, json_pack("{s:O,s:O}", "edge", path, "counters", counters));
        json_array_append_new(all_queues, json_pack("{s:O,s:O?}", "edge", path, "queues", queues));
    }
    json_object_set_new(health, "counters", json_pack("{s:O?,s:o}", "gateway", own, "edges", all));
    json_object_set_new(
        health, "queues",
        json_pack("{s:O?,s:o}", "gateway", json_object_get(own, "queues"), "edges", all_queues));
}

static void put_certificates(json_t *health, const json_t *edges)
{
    json_t *list = json_array(), *uncovered = json_array(), *edge, *one, *domain;
    size_t i, j;
    json_array_foreach(edges, i, edge)
    {
        json_t *answer = json_object_get(edge, "answer");
        json_array_foreach(json_object_get(answer, "certificates"), j, one)
        {
            json_object_set(one, "edge", json_object_get(edge, "edge"));
            json_array_append(list, one);
        }
        json_array_foreach(json_object_get(answer, "uncovered"), j, domain)
            json_array_append(uncovered, domain);
    }
    json_object_set_new(health, "certificates", list);
    json_object_set_new(health, "uncovered", uncovered);
}

static void put_store(const struct cw_api_call *call, json_t *health, const json_t *gateway)
{
    struct cw_store_facts facts;
    bool is_read = cw_store_facts(call->store, &facts) == CW_OK;
    json_t *store = json_pack("{s:b,s:I,s:I,s:I}", "readable", is_read, "schema",
                              (json_int_t)facts.schema, "bytes", (json_int_t)facts.bytes,
                              "policy-version", (json_int_t)facts.policy_version);
    json_object_set_new(store, "failing",
                        json_boolean(json_is_true(json_object_get(gateway, "store-failing"))));
    json_object_set_new(health, "store", store);
}

json_t *cw_api_health_show(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    struct cw_api_problem away = {.sentence = CW_STR_NONE};
    json_t *health = json_object(), *edges, *certificates;
    json_t *gateway = cw_api_ask(call, json_pack("{s:s}", "command", "counters"), GATEWAY_TIMEOUT_S,
                                 "counters", JSON_OBJECT, &away);
    (void)in;
    (void)problem;
    edges = gateway ? ask_edges(call, "counters", NULL) : json_array();
    certificates = ask_certificates(call, edges);
    json_object_set_new(health, "at", cw_json_of_time((int64_t)time(NULL)));
    put_components(health, gateway, edges, away.sentence);
    put_certificates(health, certificates);
    put_store(call, health, gateway);
    put_counters(health, gateway, edges);
    cw_health_judge(health);
    json_decref(gateway);
    json_decref(edges);
    json_decref(certificates);
    return health;
}
