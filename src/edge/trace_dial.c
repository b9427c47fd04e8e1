/* The steps before there is a stream: DNS, SRV choice, and each address; see trace.h. */
#include <errno.h>
#include <string.h>

#include "edge/edge_priv.h"
#include "edge/trace.h"

enum { MAX_NAMED_TARGETS = 8 };

/* --- DNS --------------------------------------------------------------------------------------*/

static enum cw_failure failure_of(const struct cw_target_list *list)
{
    switch (list->status) {
    case CW_TARGET_OK:
        return CW_FAIL_NONE;
    case CW_TARGET_NO_DOMAIN:
        return CW_FAIL_NO_DOMAIN;
    case CW_TARGET_NO_SERVICE:
        return CW_FAIL_NO_SERVICE;
    case CW_TARGET_NO_ADDRESS:
        return list->from_srv ? CW_FAIL_NO_TARGET_ADDRESS : CW_FAIL_NO_ADDRESS;
    case CW_TARGET_DNS_FAILED:
        return CW_FAIL_DNS_FAILED;
    case CW_TARGET_DNS_TIMEOUT:
        return CW_FAIL_DNS_TIMEOUT;
    case CW_TARGET_DNS_BOGUS:
        return CW_FAIL_DNS_BOGUS;
    }
    return CW_FAIL_OTHER;
}

/* Is it the choice of servers that fails, and not the DNS itself? */
static bool is_of_choice(enum cw_failure failure)
{
    return failure == CW_FAIL_NO_SERVICE || failure == CW_FAIL_NO_ADDRESS ||
           failure == CW_FAIL_NO_TARGET_ADDRESS;
}

static void put_srv(json_t *facts, const char *name, const struct cw_target_srv *srv)
{
    if (!srv->was_asked)
        return;
    json_t *said = json_object();
    json_object_set_new(said, "status", json_string(cw_dns_status_name(srv->status)));
    json_object_set_new(said, "targets", json_integer((json_int_t)srv->n));
    if (srv->has_refused)
        json_object_set_new(said, "refused", json_true());
    json_object_set_new(facts, name, said);
}

static json_t *dns_facts(struct cw_str proxy, const struct cw_target_list *list)
{
    json_t *facts = json_object();
    if (proxy.n > 0)
        json_object_set_new(facts, "proxy-fqdn", edge_fact(proxy));
    put_srv(facts, "_xmpp-server", &list->srv);
    put_srv(facts, "_xmpps-server", &list->srv_direct);
    json_object_set_new(facts, "dnssec", json_string(cw_target_dnssec_name(list->dnssec)));
    return facts;
}

static json_t *choice_facts(const struct cw_target_list *list)
{
    struct cw_arena arena = {0};
    json_t *facts = json_object(), *targets = json_array();
    for (size_t i = 0; i < list->n && i < MAX_NAMED_TARGETS; i++) {
        const struct cw_target *target = &list->targets[i];
        json_t *one = json_object();
        json_object_set_new(one, "host", edge_fact(target->host));
        json_object_set_new(one, "address", edge_fact(cw_addr_text(&arena, &target->addr)));
        json_object_set_new(one, "direct-tls", json_boolean(target->is_direct_tls));
        json_array_append_new(targets, one);
    }
    if (list->n > 0)
        json_object_set_new(facts, "targets", targets);
    else
        json_decref(targets);
    json_object_set_new(facts, "from-srv", json_boolean(list->from_srv));
    cw_arena_free(&arena);
    return facts;
}

enum cw_failure edge_trace_dns(struct edge_attempt *attempt, struct cw_str proxy,
                               const struct cw_target_list *list)
{
    enum cw_failure failure = failure_of(list);
    bool is_dns = failure != CW_FAIL_NONE && !is_of_choice(failure);
    if (!attempt)
        return failure;
    edge_attempt_step(attempt,
                      &(struct edge_step){.kind = EDGE_STEP_DNS,
                                          .state = is_dns ? EDGE_STEP_FAILED : EDGE_STEP_OK,
                                          .facts = dns_facts(proxy, list),
                                          .failure = is_dns ? failure : CW_FAIL_NONE});
    if (is_dns)
        return failure;
    edge_attempt_step(attempt, &(struct edge_step){.kind = EDGE_STEP_SRV,
                                                   .state = failure          ? EDGE_STEP_FAILED
                                                            : list->from_srv ? EDGE_STEP_OK
                                                                             : EDGE_STEP_SKIPPED,
                                                   .facts = choice_facts(list),
                                                   .failure = failure,
                                                   .sentence = list->sentence});
    return failure;
}

/* --- addresses --------------------------------------------------------------------------------*/

static bool is_of_tls(enum cw_failure failure)
{
    return failure == CW_FAIL_PLAIN_ON_TLS_PORT ||
           (failure >= CW_FAIL_TLS_ALERT && failure <= CW_FAIL_TLS_FAILED);
}

void edge_trace_address(struct edge_attempt *attempt, const struct edge_trace_target *target,
                        enum cw_failure failure, struct cw_str detail)
{
    struct cw_arena arena = {0};
    if (!attempt)
        return;
    json_t *facts = json_object();
    struct cw_str address = cw_addr_text(&arena, target->addr);
    json_object_set_new(facts, "host", edge_fact(target->host));
    json_object_set_new(facts, "address", edge_fact(address));
    json_object_set_new(facts, "direct-tls", json_boolean(target->is_direct_tls));
    edge_attempt_step(attempt, &(struct edge_step){
                                   .kind = is_of_tls(failure) ? EDGE_STEP_TLS : EDGE_STEP_TCP,
                                   .state = failure ? EDGE_STEP_FAILED : EDGE_STEP_OK,
                                   .facts = facts,
                                   .failure = failure,
                                   .gaps = {.address = address, .detail = detail},
                               });
    cw_arena_free(&arena);
}

enum cw_failure edge_trace_conn_failure(const struct cw_conn *conn, enum cw_conn_end end,
                                        struct cw_str sentence, struct cw_str *detail)
{
    *detail = CW_STR_NONE;
    switch (end) {
    case CW_CONN_END_CONNECT_REFUSED:
        if (cw_str_eq_cstr(sentence, strerror(ECONNREFUSED)))
            return CW_FAIL_CONNECTION_REFUSED;
        *detail = sentence;
        return CW_FAIL_UNREACHABLE;
    case CW_CONN_END_CONNECT_TIMEOUT:
        return CW_FAIL_CONNECT_TIMEOUT;
    case CW_CONN_END_TLS:
        return edge_trace_tls_failure(conn, sentence, detail);
    case CW_CONN_END_LOCAL:
    case CW_CONN_END_PEER:
    case CW_CONN_END_ERROR:
        break;
    }
    *detail = sentence;
    return CW_FAIL_CLOSED_WITHOUT_WORD;
}
