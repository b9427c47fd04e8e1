/* The gateway's SIP side: UDP sockets, TCP and TLS connections below, the transaction layer in the
 * middle, x2s.c and s2x.c above.  Requests are taken from configured peers only, known by their
 * address or their certificate; everybody else gets 403, without a transaction. */
#include <stdio.h>
#include <string.h>

#include "gateway/presence.h"
#include "gateway/sip_priv.h"
#include "io/tls.h"
#include "xlate/content.h"

enum { MAX_REFUSALS_LOGGED = 50 /* a second: a flood must not fill the disk */ };

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
            gw_out_timeout(sip->out, action.user);
            break;
        case CW_SIP_ACTION_FAILED:
            gw_out_failed(sip->out, action.user);
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

void gw_sip_actions_soon(struct gw_sip *sip)
{
    if (!cw_timer_is_set(sip->actions_timer))
        cw_timer_set(sip->actions_timer, 0);
}

/* --- what comes in ----------------------------------------------------------------------------*/

static bool is_peer(const struct gw_sip *sip, const struct cw_sip_hop *source)
{
    struct cw_addr addr;
    const struct cw_cert *cert =
        source->transport == CW_SIP_TLS ? gw_flows_cert(sip->flows, source->flow) : NULL;
    return cw_addr_parse(cw_str_of(source->ip), source->port, &addr) &&
           gw_peers_find(sip->peers, &addr, cert);
}

static bool may_log(struct gw_sip *sip)
{
    uint64_t second = cw_now_ms() / 1000;
    if (second != sip->log_second) {
        if (sip->n_logged > MAX_REFUSALS_LOGGED)
            CW_LOG(&sip->gateway->log, CW_LOG_WARN, "sip-refusals-not-logged",
                   CW_KVI("requests", sip->n_logged - MAX_REFUSALS_LOGGED));
        sip->log_second = second;
        sip->n_logged = 0;
    }
    return ++sip->n_logged <= MAX_REFUSALS_LOGGED;
}

static void log_refusal(struct gw_sip *sip, const struct cw_sip_message *message,
                        const struct cw_sip_hop *source, int status, const char *reason)
{
    if (may_log(sip))
        CW_LOG(&sip->gateway->log, CW_LOG_INFO, "sip-refused", CW_KVC("source", source->ip),
               CW_KVI("port", source->port),
               CW_KVC("transport", cw_sip_transport_name(source->transport)),
               CW_KV("method", cw_sip_message_method(message)), CW_KVI("status", status),
               CW_KVC("reason", reason));
}

static void answer_options(struct gw_sip *sip, cw_sip_txn_id id)
{
    gw_sip_respond(sip, id,
                   &(struct cw_sip_reply){.status = 200,
                                          .allow = true,
                                          .accept = CW_S(CW_CONTENT_TYPES ", application/pidf+xml"),
                                          .allow_events = cw_str_of(cw_sip_allow_events)});
}

static void give(struct gw_sip *sip, cw_sip_txn_id id, const struct cw_sip_message *message)
{
    struct cw_str method = cw_sip_message_method(message);
    if (cw_str_eq_cstr(method, "OPTIONS"))
        answer_options(sip, id);
    else if (cw_str_eq_cstr(method, "SUBSCRIBE") || cw_str_eq_cstr(method, "NOTIFY"))
        gw_presence_request(sip->gateway->presence, id, message);
    else
        gw_s2x_request(sip->gateway->s2x, id, message);
}

static void on_request(struct gw_sip *sip, const struct cw_sip_message *message,
                       const struct cw_sip_hop *source)
{
    cw_sip_txn_id id = 0;
    if (!is_peer(sip, source)) {
        sip->gateway->counters.strangers++;
        log_refusal(sip, message, source, 403, "not a configured SIP peer");
        cw_sip_txns_refuse(sip->txns, message, source, &(struct cw_sip_reply){.status = 403});
        return;
    }
    switch (cw_sip_txns_request(sip->txns, message, source, cw_now_ms(), &id)) {
    case CW_SIP_REQUEST_NEW:
        give(sip, id, message);
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

/* Only from where its request went: nobody else answers in the next hop's name. */
static void on_response(struct gw_sip *sip, const struct cw_sip_message *message,
                        const struct cw_sip_hop *source)
{
    cw_sip_txn_id id;
    uint64_t number = 0;
    if (cw_sip_txns_is_awaited(sip->txns, message, source) &&
        cw_sip_txns_response(sip->txns, message, cw_now_ms(), &id, &number) ==
            CW_SIP_RESPONSE_FINAL)
        gw_out_final(sip->out, number, message);
}

static void on_message(struct gw_sip *sip, struct cw_str bytes, const struct cw_sip_hop *source)
{
    struct cw_sip_message *message = cw_sip_message_parse(bytes, source->transport);
    if (cw_sip_message_is_request(message))
        on_request(sip, message, source);
    else if (cw_sip_message_is_response(message))
        on_response(sip, message, source);
    cw_sip_message_free(&message);
    run_actions(sip);
}

static void on_datagram(void *arg, struct cw_str bytes, const struct cw_addr *from)
{
    struct gw_listen *listen = arg;
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

static void on_flow_gone(void *arg, enum cw_sip_transport transport, uint64_t flow,
                         bool was_refused)
{
    struct gw_sip *sip = arg;
    if (sip->stopping)
        return;
    if (was_refused)
        gw_out_flow_refused(sip->out, flow);
    cw_sip_txns_flow_failed(sip->txns, transport, flow);
    gw_sip_actions_soon(sip);
}

static void on_accept(void *arg, int fd, const struct cw_addr *peer)
{
    struct gw_listen *listen = arg;
    gw_flows_accept(listen->sip->flows, listen->transport, fd, peer);
}

static bool is_known(void *arg, const struct cw_addr *peer)
{
    const struct gw_sip *sip = arg;
    return gw_peers_has_address(sip->peers, peer);
}

static void on_targets_found(void *arg, struct gw_hop *hop)
{
    struct gw_sip *sip = arg;
    gw_out_targets_found(sip->out, hop);
}

/* --- what goes out ----------------------------------------------------------------------------*/

/* With our own address as Contact, when it is wanted. */
static enum cw_err respond(struct gw_sip *sip, cw_sip_txn_id id, const struct cw_sip_reply *reply)
{
    struct cw_sip_reply whole = *reply;
    struct cw_arena arena = {0};
    struct cw_sip_hop source;
    if (cw_str_is_present(reply->contact_user) && cw_sip_txns_source(sip->txns, id, &source))
        whole.contact_uri = gw_sip_contact_at(sip, &arena, &source, reply->contact_user);
    enum cw_err err = cw_sip_txns_respond(sip->txns, id, &whole, cw_now_ms());
    cw_arena_free(&arena);
    return err;
}

void gw_sip_respond(struct gw_sip *sip, cw_sip_txn_id id, const struct cw_sip_reply *reply)
{
    enum cw_err err = respond(sip, id, reply);
    if (err == CW_ERR_INVALID) {
        /* A text of a peer did not fit into the phrase: the status is what matters.  But no dialog
         * is made without a Contact. */
        bool makes_dialog = cw_str_is_present(reply->contact_user);
        struct cw_sip_reply plain = {.status = makes_dialog ? 500 : reply->status,
                                     .retry_after_s = reply->retry_after_s};
        err = cw_sip_txns_respond(sip->txns, id, &plain, cw_now_ms());
    }
    if (err != CW_OK)
        CW_LOG(&sip->gateway->log, CW_LOG_WARN, "sip-answer-lost", CW_KVI("status", reply->status),
               CW_KVC("reason", cw_err_text(err)));
    gw_sip_actions_soon(sip);
}

size_t gw_sip_n_transactions(const struct gw_sip *sip, bool of_peers)
{
    return of_peers ? cw_sip_txns_n_server(sip->txns) : cw_sip_txns_n_client(sip->txns);
}

/* --- life -------------------------------------------------------------------------------------*/

static bool open_listen(struct gw_sip *sip, const struct cw_sip_listen *wanted, struct cw_buf *why)
{
    static const enum cw_sip_transport transports[] = {[CW_TRANSPORT_UDP] = CW_SIP_UDP,
                                                       [CW_TRANSPORT_TCP] = CW_SIP_TCP,
                                                       [CW_TRANSPORT_TLS] = CW_SIP_TLS};
    struct gw_listen *listen = &sip->listens[sip->n_listens];
    struct cw_addr addr;
    *listen = (struct gw_listen){
        .sip = sip, .transport = transports[wanted->transport], .index = sip->n_listens};
    if (!cw_addr_parse(wanted->address.ip, wanted->address.port, &addr))
        return false;
    if (listen->transport == CW_SIP_UDP)
        listen->udp = cw_udp_new(sip->gateway->base, &addr, on_datagram, listen, why);
    else
        listen->stream = cw_listener_new(sip->gateway->base, &addr, on_accept, listen, why);
    if (!listen->udp && !listen->stream)
        return false;
    listen->addr = listen->udp ? *cw_udp_addr(listen->udp) : *cw_listener_addr(listen->stream);
    sip->n_listens++;
    return true;
}

static bool open_listens(struct gw_sip *sip, struct cw_buf *why)
{
    const struct cw_gateway_config *config = &sip->gateway->config.gateway;
    bool ok = true;
    sip->listens = cw_arena_alloc(&sip->arena, config->sip.n_listen * sizeof *sip->listens);
    for (size_t i = 0; ok && i < config->sip.n_listen; i++)
        ok = open_listen(sip, &config->sip.listen[i], why);
    return ok;
}

static bool uses_tls(const struct cw_gateway_config *config)
{
    bool found = false;
    for (size_t i = 0; i < config->sip.n_listen; i++)
        found = found || config->sip.listen[i].transport == CW_TRANSPORT_TLS;
    for (size_t i = 0; i < config->sip.n_next_hops; i++)
        found = found || config->sip.next_hops[i].transport == CW_TRANSPORT_TLS;
    return found;
}

static const char *file_of(struct cw_str path)
{
    return cw_str_is_empty(path) ? NULL : path.p;
}

bool gw_sip_load_certificate(struct gw_sip *sip, struct cw_buf *why)
{
    const struct cw_gateway_config *config = &sip->gateway->config.gateway;
    struct cw_tls_options options = {.cert_file = file_of(config->sip.certificate),
                                     .key_file = file_of(config->sip.key),
                                     .ca_file = file_of(config->sip.ca)};
    if (!uses_tls(config))
        return true;
    struct cw_tls_ctx *fresh = cw_tls_ctx_new(&options, why);
    if (!fresh)
        return false;
    gw_flows_set_tls(sip->flows, fresh);
    cw_tls_ctx_free(&sip->tls);
    sip->tls = fresh;
    return true;
}

static bool open_resolver(struct gw_sip *sip, struct cw_buf *why)
{
    const struct cw_gateway_config *config = &sip->gateway->config.gateway;
    size_t n = config->sip.dns.n_servers;
    const char **servers = cw_arena_alloc(&sip->arena, (n + 1) * sizeof *servers);
    for (size_t i = 0; i < n; i++) {
        const struct cw_endpoint *server = &config->sip.dns.servers[i];
        bool is_v6 = cw_str_index(server->ip, ':') >= 0;
        servers[i] = cw_arena_printf(&sip->arena, is_v6 ? "[%.*s]:%u" : "%.*s:%u",
                                     CW_ARG(server->ip), server->port)
                         .p;
    }
    struct cw_resolver_options options = {
        .base = sip->gateway->base, .servers = servers, .n_servers = n, .timeout_ms = 5000};
    if (gw_hops_need_resolver(config))
        sip->resolver = cw_resolver_new(&options, why);
    return sip->resolver || !gw_hops_need_resolver(config);
}

/* A peer that floods leaves a quarter of the places to the others. */
static uint32_t share_of(const struct cw_gateway_config *config)
{
    uint32_t most = config->sip.max_transactions / 4 * 3;
    uint32_t share = config->sip.max_transactions_per_peer;
    return most > 0 && share > most ? most : share;
}

struct gw_sip *gw_sip_new(struct gateway *gateway, struct cw_buf *why)
{
    const struct cw_gateway_config *config = &gateway->config.gateway;
    struct gw_sip *sip = cw_alloc(sizeof *sip);
    struct gw_flows_owner owner = {.on_frame = on_frame,
                                   .on_gone = on_flow_gone,
                                   .is_known = is_known,
                                   .log = &gateway->log,
                                   .arg = sip};
    struct gw_flows_options options = {
        .base = gateway->base,
        .max_message_bytes = config->sip.max_message_bytes,
        .keep_alive_ms = (uint64_t)config->sip.keep_alive_s * 1000,
    };
    struct cw_sip_txns_limits limits = {.t1_ms = config->sip.t1_ms,
                                        .max_server = config->sip.max_transactions,
                                        .max_server_per_source = share_of(config),
                                        .max_client = config->sip.max_transactions};
    sip->gateway = gateway;
    sip->txns = cw_sip_txns_new(&limits);
    sip->flows = gw_flows_new(&options, &owner);
    sip->timer = cw_timer_new(gateway->base, on_timer, sip);
    sip->actions_timer = cw_timer_new(gateway->base, on_actions, sip);
    sip->peers = gw_peers_new(config);
    sip->out = gw_out_new(sip);
    if (!gw_sip_load_certificate(sip, why) || !open_resolver(sip, why) || !open_listens(sip, why)) {
        gw_sip_free(&sip);
        return NULL;
    }
    sip->hops = gw_hops_new(config, sip->resolver, on_targets_found, sip);
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
        cw_listener_free(&sip->listens[i].stream);
    }
    gw_out_free(&sip->out);
    gw_hops_free(&sip->hops);
    cw_resolver_free(&sip->resolver);
    gw_flows_free(&sip->flows);
    gw_peers_free(&sip->peers);
    cw_sip_txns_free(&sip->txns);
    cw_tls_ctx_free(&sip->tls);
    cw_timer_free(&sip->timer);
    cw_timer_free(&sip->actions_timer);
    cw_arena_free(&sip->arena);
    cw_free(sip);
}
