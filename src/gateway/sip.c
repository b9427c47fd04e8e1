/* The gateway's SIP side: UDP sockets and TCP connections below, the transaction layer in the
 * middle, x2s.c and s2x.c above.  Requests are taken from configured peers only; everybody else
 * gets 403, without a transaction. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "gateway/flow.h"
#include "gateway/gateway_priv.h"
#include "io/listener.h"
#include "io/udp.h"

enum { MAX_FLOWS = 1000 };

/* One configured address that we listen on. */
struct listen {
    struct gw_sip *sip;
    enum cw_transport transport;
    struct cw_udp *udp;
    struct cw_listener *tcp;
    struct cw_str sent_by; /* for Via */
    size_t index;
};

struct hop {
    struct cw_str domain;
    enum cw_transport transport;
    struct cw_addr addr;
};

struct gw_sip {
    struct gateway *gateway;
    struct cw_arena arena;
    struct cw_sip_txns *txns;
    struct gw_flows *flows;
    struct listen *listens;
    size_t n_listens;
    struct hop *hops;
    size_t n_hops;
    struct cw_network *peers; /* addresses that may send requests */
    size_t n_peers;
    struct cw_timer *timer, *actions_timer;
    bool stopping;
};

/* --- what the transaction layer asks for ------------------------------------------------------*/

static void send_udp(struct gw_sip *sip, const struct cw_sip_hop *hop, struct cw_str bytes)
{
    struct cw_addr addr;
    if (hop->flow < sip->n_listens && sip->listens[hop->flow].udp &&
        cw_addr_parse(cw_str_of(hop->ip), hop->port, &addr)) {
        cw_addr_set_port(&addr, hop->port);
        /* A datagram that the kernel does not take is lost like any other: timer E repeats it. */
        (void)cw_udp_send(sip->listens[hop->flow].udp, bytes, &addr);
    }
}

static void do_send(struct gw_sip *sip, const struct cw_sip_action *action)
{
    if (action->hop.transport == CW_SIP_UDP)
        send_udp(sip, &action->hop, action->bytes);
    else if (!gw_flows_write(sip->flows, action->hop.flow, action->bytes))
        cw_sip_txns_flow_failed(sip->txns, action->hop.transport, action->hop.flow);
}

static void run_actions(struct gw_sip *sip)
{
    struct cw_sip_action action;
    while (cw_sip_txns_next(sip->txns, &action)) {
        switch (action.kind) {
        case CW_SIP_ACTION_SEND:
            do_send(sip, &action);
            break;
        case CW_SIP_ACTION_TIMEOUT:
        case CW_SIP_ACTION_FAILED:
            gw_x2s_final(sip->gateway->x2s, action.user,
                         &(struct cw_sip_response){
                             .status = action.kind == CW_SIP_ACTION_TIMEOUT ? 408 : 503,
                             .reason_phrase = action.kind == CW_SIP_ACTION_TIMEOUT
                                                  ? CW_S("the SIP server gave no answer")
                                                  : CW_S("the SIP server cannot be reached"),
                         });
            break;
        case CW_SIP_ACTION_EXPIRED:
        case CW_SIP_ACTION_TERMINATED:
            break;
        }
    }
    uint64_t due = cw_sip_txns_deadline_ms(sip->txns), now = cw_now_ms();
    if (due == UINT64_MAX)
        cw_timer_stop(sip->timer);
    else
        cw_timer_set(sip->timer, due > now ? due - now : 0);
}

static void on_timer(void *arg)
{
    struct gw_sip *sip = arg;
    cw_sip_txns_tick(sip->txns, cw_now_ms());
    run_actions(sip);
}

/* Sending from inside an upcall only queues; the actions run once from the loop, together. */
static void on_actions(void *arg)
{
    run_actions(arg);
}

static void actions_soon(struct gw_sip *sip)
{
    if (!cw_timer_is_set(sip->actions_timer))
        cw_timer_set(sip->actions_timer, 0);
}

/* --- what comes in ----------------------------------------------------------------------------*/

static bool is_peer(const struct gw_sip *sip, const struct cw_sip_hop *source)
{
    struct cw_addr addr;
    if (!cw_addr_parse(cw_str_of(source->ip), source->port, &addr))
        return false;
    for (size_t i = 0; i < sip->n_peers; i++)
        if (cw_network_has(&sip->peers[i], &addr))
            return true;
    return false;
}

static void log_refusal(struct gw_sip *sip, const struct cw_sip_message *message,
                        const struct cw_sip_hop *source, int status, const char *reason)
{
    CW_LOG(&sip->gateway->log, CW_LOG_INFO, "sip-refused", CW_KVC("source", source->ip),
           CW_KVI("port", source->port), CW_KV("method", cw_sip_message_method(message)),
           CW_KVI("status", status), CW_KVC("reason", reason));
}

static void answer_options(struct gw_sip *sip, cw_sip_txn_id id)
{
    gw_sip_respond(
        sip, id,
        &(struct cw_sip_reply){.status = 200, .allow = true, .accept = CW_S("text/plain")});
}

static void on_request(struct gw_sip *sip, const struct cw_sip_message *message,
                       const struct cw_sip_hop *source)
{
    cw_sip_txn_id id = 0;
    if (!is_peer(sip, source)) {
        log_refusal(sip, message, source, 403, "not a configured SIP peer");
        cw_sip_txns_refuse(sip->txns, message, source, &(struct cw_sip_reply){.status = 403});
        return;
    }
    switch (cw_sip_txns_request(sip->txns, message, source, cw_now_ms(), &id)) {
    case CW_SIP_REQUEST_NEW:
        if (cw_str_eq_cstr(cw_sip_message_method(message), "OPTIONS"))
            answer_options(sip, id);
        else
            gw_s2x_request(sip->gateway->s2x, id, message);
        break;
    case CW_SIP_REQUEST_ANSWERED:
        log_refusal(sip, message, source, cw_sip_message_verdict(message).answer,
                    cw_sip_message_verdict(message).reason);
        break;
    case CW_SIP_REQUEST_ABSORBED:
    case CW_SIP_REQUEST_DROPPED:
        break;
    }
}

static void on_response(struct gw_sip *sip, const struct cw_sip_message *message)
{
    cw_sip_txn_id id;
    uint64_t user = 0;
    struct cw_sip_response response;
    if (cw_sip_txns_response(sip->txns, message, cw_now_ms(), &id, &user) != CW_SIP_RESPONSE_FINAL)
        return;
    cw_sip_message_response_values(message, &response);
    gw_x2s_final(sip->gateway->x2s, user, &response);
}

static void on_message(struct gw_sip *sip, struct cw_str bytes, const struct cw_sip_hop *source)
{
    struct cw_sip_message *message = cw_sip_message_parse(bytes, source->transport);
    if (cw_sip_message_is_request(message))
        on_request(sip, message, source);
    else if (cw_sip_message_is_response(message))
        on_response(sip, message);
    cw_sip_message_free(&message);
    run_actions(sip);
}

static void on_datagram(void *arg, struct cw_str bytes, const struct cw_addr *from)
{
    struct listen *listen = arg;
    struct cw_sip_hop source = {
        .transport = CW_SIP_UDP, .flow = listen->index, .port = cw_addr_port(from)};
    struct cw_arena arena = {0};
    snprintf(source.ip, sizeof source.ip, "%.*s", CW_ARG(cw_addr_ip(&arena, from)));
    cw_arena_free(&arena);
    on_message(listen->sip, bytes, &source);
}

static void on_frame(void *arg, const struct cw_sip_hop *source, struct cw_str bytes, int malformed)
{
    struct gw_sip *sip = arg;
    if (malformed == 0) {
        on_message(sip, bytes, source);
        return;
    }
    struct cw_sip_message *message = cw_sip_message_parse(bytes, source->transport);
    log_refusal(sip, message, source, malformed, "the message cannot be framed");
    cw_sip_txns_refuse(sip->txns, message, source, &(struct cw_sip_reply){.status = malformed});
    cw_sip_message_free(&message);
    run_actions(sip);
}

static void on_flow_gone(void *arg, uint64_t flow)
{
    struct gw_sip *sip = arg;
    if (sip->stopping)
        return;
    cw_sip_txns_flow_failed(sip->txns, CW_SIP_TCP, flow);
    actions_soon(sip);
}

static void on_accept(void *arg, int fd, const struct cw_addr *peer)
{
    struct listen *listen = arg;
    gw_flows_accept(listen->sip->flows, fd, peer);
}

/* --- what goes out ----------------------------------------------------------------------------*/

void gw_sip_respond(struct gw_sip *sip, cw_sip_txn_id id, const struct cw_sip_reply *reply)
{
    enum cw_err err = cw_sip_txns_respond(sip->txns, id, reply, cw_now_ms());
    if (err == CW_ERR_INVALID) {
        /* A text of a peer did not fit into the phrase: the status is what matters. */
        struct cw_sip_reply plain = {.status = reply->status,
                                     .retry_after_s = reply->retry_after_s};
        err = cw_sip_txns_respond(sip->txns, id, &plain, cw_now_ms());
    }
    if (err != CW_OK)
        CW_LOG(&sip->gateway->log, CW_LOG_WARN, "sip-answer-lost", CW_KVI("status", reply->status),
               CW_KVC("reason", cw_err_text(err)));
    actions_soon(sip);
}

static const struct hop *find_hop(const struct gw_sip *sip, struct cw_str domain)
{
    for (size_t i = 0; i < sip->n_hops; i++)
        if (cw_str_eq(sip->hops[i].domain, domain))
            return &sip->hops[i];
    return NULL;
}

/* The first listener of the transport gives the socket (UDP) and the sent-by. */
static const struct listen *find_listen(const struct gw_sip *sip, const struct hop *hop)
{
    for (size_t i = 0; i < sip->n_listens; i++)
        if (sip->listens[i].transport == hop->transport)
            return &sip->listens[i];
    return NULL;
}

enum cw_err gw_sip_send(struct gw_sip *sip, struct cw_str local_domain, struct cw_sip_draft *draft,
                        uint64_t user)
{
    const struct hop *hop = find_hop(sip, local_domain);
    const struct listen *listen = hop ? find_listen(sip, hop) : NULL;
    struct cw_buf bytes = {0};
    struct cw_arena arena = {0};
    const char *why = "";
    cw_sip_txn_id id;
    if (!listen)
        return CW_ERR_NOT_FOUND;
    struct cw_sip_outgoing out = {.branch = draft->branch, .method = draft->method, .user = user};
    bool is_udp = hop->transport == CW_TRANSPORT_UDP;
    out.hop.transport = is_udp ? CW_SIP_UDP : CW_SIP_TCP;
    out.hop.port = cw_addr_port(&hop->addr);
    snprintf(out.hop.ip, sizeof out.hop.ip, "%.*s", CW_ARG(cw_addr_ip(&arena, &hop->addr)));
    draft->transport = out.hop.transport;
    draft->sent_by = listen->sent_by;
    enum cw_err err = cw_sip_build_request(&bytes, draft, &why);
    if (err == CW_OK) {
        out.hop.flow = is_udp ? listen->index : gw_flows_to(sip->flows, &hop->addr);
        out.bytes = cw_buf_str(&bytes);
        err = cw_sip_txns_send(sip->txns, &out, cw_now_ms(), &id);
    } else {
        CW_LOG(&sip->gateway->log, CW_LOG_WARN, "sip-request-refused", CW_KVC("field", why));
    }
    cw_buf_free(&bytes);
    cw_arena_free(&arena);
    actions_soon(sip);
    return err;
}

/* --- life -------------------------------------------------------------------------------------*/

static bool open_listens(struct gw_sip *sip, struct cw_buf *why)
{
    const struct cw_gateway_config *config = &sip->gateway->config.gateway;
    sip->listens = cw_arena_alloc(&sip->arena, config->sip.n_listen * sizeof *sip->listens);
    for (size_t i = 0; i < config->sip.n_listen; i++) {
        const struct cw_sip_listen *wanted = &config->sip.listen[i];
        struct listen *listen = &sip->listens[i];
        struct cw_addr addr;
        *listen = (struct listen){.sip = sip, .transport = wanted->transport, .index = i};
        if (!cw_addr_parse(wanted->address.ip, wanted->address.port, &addr))
            return false;
        if (wanted->transport == CW_TRANSPORT_UDP)
            listen->udp = cw_udp_new(sip->gateway->base, &addr, on_datagram, listen, why);
        else
            listen->tcp = cw_listener_new(sip->gateway->base, &addr, on_accept, listen, why);
        if (!listen->udp && !listen->tcp)
            return false;
        listen->sent_by = cw_addr_text(&sip->arena, listen->udp ? cw_udp_addr(listen->udp)
                                                                : cw_listener_addr(listen->tcp));
        sip->n_listens++;
    }
    return true;
}

/* A next hop is looked up once, at start. */
static bool resolve(struct cw_str host, uint16_t port, struct cw_addr *out)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    if (cw_addr_parse(host, port, out))
        return true;
    if (getaddrinfo(host.p, NULL, &hints, &found) != 0 || !found)
        return false;
    *out = cw_addr_of(found->ai_addr, found->ai_addrlen);
    cw_addr_set_port(out, port);
    freeaddrinfo(found);
    return true;
}

static bool read_hops(struct gw_sip *sip, struct cw_buf *why)
{
    const struct cw_gateway_config *config = &sip->gateway->config.gateway;
    sip->hops = cw_arena_alloc(&sip->arena, (config->sip.n_next_hops + 1) * sizeof *sip->hops);
    for (size_t i = 0; i < config->sip.n_next_hops; i++) {
        const struct cw_next_hop *next = &config->sip.next_hops[i];
        struct hop *hop = &sip->hops[sip->n_hops++];
        hop->domain = next->domain;
        hop->transport = next->transport;
        if (!resolve(next->host, next->port, &hop->addr)) {
            cw_buf_printf(why, "the next hop %.*s has no address", CW_ARG(next->host));
            return false;
        }
    }
    return true;
}

static void read_peers(struct gw_sip *sip)
{
    const struct cw_gateway_config *config = &sip->gateway->config.gateway;
    size_t n = 0;
    for (size_t i = 0; i < config->sip.n_peers; i++)
        n += config->sip.peers[i].n_addresses;
    sip->peers = cw_arena_alloc(&sip->arena, (n + 1) * sizeof *sip->peers);
    for (size_t i = 0; i < config->sip.n_peers; i++)
        for (size_t j = 0; j < config->sip.peers[i].n_addresses; j++)
            if (cw_network_parse(config->sip.peers[i].addresses[j], &sip->peers[sip->n_peers]))
                sip->n_peers++;
}

struct gw_sip *gw_sip_new(struct gateway *gateway, struct cw_buf *why)
{
    const struct cw_gateway_config *config = &gateway->config.gateway;
    struct gw_sip *sip = cw_alloc(sizeof *sip);
    struct gw_flows_owner owner = {.on_frame = on_frame, .on_gone = on_flow_gone, .arg = sip};
    struct cw_sip_txns_limits limits = {.t1_ms = config->sip.t1_ms,
                                        .max_server = config->sip.max_transactions,
                                        .max_client = config->sip.max_transactions};
    sip->gateway = gateway;
    sip->txns = cw_sip_txns_new(&limits);
    sip->flows = gw_flows_new(gateway->base, config->sip.max_message_bytes, MAX_FLOWS, &owner);
    sip->timer = cw_timer_new(gateway->base, on_timer, sip);
    sip->actions_timer = cw_timer_new(gateway->base, on_actions, sip);
    read_peers(sip);
    if (!read_hops(sip, why) || !open_listens(sip, why))
        gw_sip_free(&sip);
    return sip;
}

void gw_sip_free(struct gw_sip **ptr)
{
    struct gw_sip *sip = *ptr;
    *ptr = NULL;
    if (!sip)
        return;
    sip->stopping = true;
    for (size_t i = 0; i < sip->n_listens; i++) {
        cw_udp_free(&sip->listens[i].udp);
        cw_listener_free(&sip->listens[i].tcp);
    }
    gw_flows_free(&sip->flows);
    cw_sip_txns_free(&sip->txns);
    cw_timer_free(&sip->timer);
    cw_timer_free(&sip->actions_timer);
    cw_arena_free(&sip->arena);
    cw_free(sip);
}
