/* SIP over TCP and TLS connections; see flow.h. */
#include "gateway/flow.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/map.h"
#include "io/loop.h"
#include "io/sip_cert.h"

enum {
    CONNECT_TIMEOUT_MS = 4000,
    HANDSHAKE_TIMEOUT_MS = 8000,
    CLOSE_DEADLINE_MS = 2000,
    MESSAGE_DEADLINE_MS = 30000, /* from the first to the last byte of one message */
    IDLE_MS = 900000,
    STRANGER_IDLE_MS = 60000,
    PONG_MS = 10000, /* RFC 5626 section 4.4.1 */
    SWEEP_MS = 1000,
    MAX_QUEUED_PONGS = 4096,
    MAX_FLOWS = 1000,
    MAX_PER_ADDRESS = 500,
    MAX_STRANGERS = 200,
    MAX_STRANGERS_PER_ADDRESS = 50,
};

struct flow {
    TAILQ_ENTRY(flow) link;
    struct gw_flows *flows;
    uint64_t number;
    enum cw_sip_transport transport;
    struct cw_addr peer;
    struct cw_conn *conn;
    struct cw_sip_framer *framer;
    struct cw_arena arena;
    struct cw_str target;   /* where it leads, as in by_target; absent when the peer opened it */
    struct cw_str tls_name; /* likewise: what the certificate must name */
    struct cw_buf waiting;  /* bytes for a peer that has not proved itself yet */
    struct cw_tls_facts facts;
    uint64_t heard_ms, written_ms, inside_since_ms, pinged_ms;
    bool is_up; /* bytes may go out: connected or connecting by TCP, or proved by TLS */
    bool is_stranger, awaits_pong, answers_pings, closing;
    char key[24];
};

struct gw_flows {
    struct gw_flows_options options;
    const struct cw_tls_ctx *tls;
    size_t n, n_strangers;
    struct gw_flows_owner owner;
    TAILQ_HEAD(, flow) list;
    struct cw_map by_number, by_target;
    uint64_t last_number;
    struct cw_timer *sweep;
};

static struct flow *find(const struct gw_flows *flows, uint64_t number)
{
    char key[24];
    snprintf(key, sizeof key, "%llu", (unsigned long long)number);
    return cw_map_get(&flows->by_number, cw_str_of(key));
}

static void end(struct flow *flow, bool was_refused)
{
    struct gw_flows *flows = flow->flows;
    uint64_t number = flow->number;
    enum cw_sip_transport transport = flow->transport;
    TAILQ_REMOVE(&flows->list, flow, link);
    flows->n--;
    flows->n_strangers -= flow->is_stranger;
    cw_map_remove(&flows->by_number, cw_str_of(flow->key));
    if (cw_map_get(&flows->by_target, flow->target) == flow)
        cw_map_remove(&flows->by_target, flow->target);
    cw_conn_free(&flow->conn);
    cw_sip_framer_free(&flow->framer);
    cw_buf_free(&flow->waiting);
    cw_arena_free(&flow->arena);
    cw_free(flow);
    flows->owner.on_gone(flows->owner.arg, transport, number, was_refused);
}

static struct cw_sip_hop hop_of(const struct flow *flow)
{
    struct cw_sip_hop hop = {
        .transport = flow->transport, .flow = flow->number, .port = cw_addr_port(&flow->peer)};
    struct cw_arena arena = {0};
    struct cw_str ip = cw_addr_ip(&arena, &flow->peer);
    snprintf(hop.ip, sizeof hop.ip, "%.*s", CW_ARG(ip));
    cw_arena_free(&arena);
    return hop;
}

static void close_after_answer(struct flow *flow)
{
    flow->closing = true;
    cw_conn_close(flow->conn, CLOSE_DEADLINE_MS);
}

static void abort_flow(struct flow *flow)
{
    flow->closing = true;
    cw_conn_abort(flow->conn);
}

/* --- bytes in ---------------------------------------------------------------------------------*/

/* The answer to our ping is one CRLF.  It must not stay in the framer: together with the next one
 * it would look like a ping of the peer's. */
static struct cw_str take_pong(struct flow *flow, struct cw_str bytes)
{
    if (!flow->awaits_pong)
        return bytes;
    flow->awaits_pong = false;
    if (!cw_str_starts(bytes, CW_S("\r\n")) || cw_str_starts(bytes, CW_S("\r\n\r\n")) ||
        cw_sip_framer_is_inside(flow->framer))
        return bytes;
    flow->answers_pings = true;
    return cw_str_sub(bytes, 2, bytes.n);
}

/* At most one pong a ping, and none for a peer that does not read them. */
static void answer_ping(struct flow *flow)
{
    if (cw_conn_queued(flow->conn) < MAX_QUEUED_PONGS)
        cw_conn_write(flow->conn, CW_S("\r\n"));
}

/* Hands over what is whole.  The owner never ends a flow from inside on_frame. */
static void on_data(void *arg, struct cw_str bytes)
{
    struct flow *flow = arg;
    struct gw_flows *flows = flow->flows;
    struct cw_sip_hop source = hop_of(flow);
    struct cw_str frame;
    flow->heard_ms = cw_now_ms();
    if (flow->closing || !flow->is_up)
        return;
    cw_sip_framer_feed(flow->framer, take_pong(flow, bytes));
    for (;;) {
        switch (cw_sip_framer_next(flow->framer, &frame)) {
        case CW_SIP_FRAME_NEED_MORE:
            if (!cw_sip_framer_is_inside(flow->framer))
                flow->inside_since_ms = 0;
            else if (flow->inside_since_ms == 0)
                flow->inside_since_ms = flow->heard_ms;
            return;
        case CW_SIP_FRAME_MESSAGE:
            flow->inside_since_ms = 0;
            flows->owner.on_frame(flows->owner.arg, &source, frame, 0);
            break;
        case CW_SIP_FRAME_PING:
            answer_ping(flow);
            break;
        case CW_SIP_FRAME_MALFORMED:
            flows->owner.on_frame(flows->owner.arg, &source, frame,
                                  cw_sip_framer_status(flow->framer));
            close_after_answer(flow);
            return;
        }
    }
}

/* --- connecting -------------------------------------------------------------------------------*/

static void start_tls(struct flow *flow, bool is_server)
{
    struct cw_tls_start start = {.ctx = flow->flows->tls,
                                 .is_server = is_server,
                                 .sni = is_server ? CW_STR_NONE : flow->tls_name,
                                 .timeout_ms = HANDSHAKE_TIMEOUT_MS};
    cw_conn_start_tls(flow->conn, &start);
}

static void on_connected(void *arg)
{
    struct flow *flow = arg;
    if (flow->transport == CW_SIP_TLS)
        start_tls(flow, false);
}

static void log_tls(const struct flow *flow, const char *event, const char *reason,
                    struct cw_str detail)
{
    struct cw_arena arena = {0};
    CW_LOG(flow->flows->owner.log, CW_LOG_INFO, event,
           CW_KV("peer", cw_addr_text(&arena, &flow->peer)), CW_KV("name", flow->tls_name),
           CW_KVC("reason", reason), CW_KV("detail", detail));
    cw_arena_free(&arena);
}

/* A next hop must prove that it is what we asked for.  A peer that called us may show anything, or
 * nothing: its requests are judged by it. */
static void on_tls_up(void *arg, const struct cw_tls_facts *facts)
{
    struct flow *flow = arg;
    flow->facts = *facts;
    if (cw_str_is_present(flow->target)) {
        enum cw_sip_cert_verdict verdict = cw_sip_cert_judge(&facts->cert, flow->tls_name);
        if (verdict != CW_SIP_CERT_GOOD) {
            log_tls(flow, "sip-certificate-refused", cw_sip_cert_verdict_name(verdict),
                    facts->cert.chain_ok ? facts->cert.subject : facts->cert.chain_reason);
            abort_flow(flow);
            return;
        }
    }
    flow->is_up = true;
    flow->heard_ms = cw_now_ms();
    cw_conn_write(flow->conn, cw_buf_str(&flow->waiting));
    cw_buf_free(&flow->waiting);
}

static void on_tls_failed(void *arg, struct cw_str sentence)
{
    log_tls(arg, "sip-tls-failed", "handshake", sentence);
}

static void on_closed(void *arg, enum cw_conn_end why, struct cw_str sentence)
{
    (void)sentence;
    end(arg, why == CW_CONN_END_CONNECT_REFUSED);
}

static const struct cw_conn_callbacks callbacks = {.on_connected = on_connected,
                                                   .on_data = on_data,
                                                   .on_tls_up = on_tls_up,
                                                   .on_tls_failed = on_tls_failed,
                                                   .on_closed = on_closed};

static struct flow *new_flow(struct gw_flows *flows, enum cw_sip_transport transport,
                             const struct cw_addr *peer)
{
    struct flow *flow = cw_alloc(sizeof *flow);
    flow->flows = flows;
    flow->number = ++flows->last_number;
    flow->transport = transport;
    flow->is_up = transport != CW_SIP_TLS;
    flow->peer = *peer;
    flow->framer = cw_sip_framer_new(flows->options.max_message_bytes);
    flow->heard_ms = flow->written_ms = cw_now_ms();
    snprintf(flow->key, sizeof flow->key, "%llu", (unsigned long long)flow->number);
    TAILQ_INSERT_TAIL(&flows->list, flow, link);
    cw_map_set(&flows->by_number, cw_str_of(flow->key), flow);
    flows->n++;
    return flow;
}

/* No address takes all the places, a stranger's least of all. */
static bool has_room(const struct gw_flows *flows, const struct cw_addr *peer, bool is_stranger)
{
    const struct flow *flow;
    size_t n = 0;
    TAILQ_FOREACH (flow, &flows->list, link)
        n += cw_addr_eq_ip(&flow->peer, peer);
    if (is_stranger && flows->n_strangers >= MAX_STRANGERS)
        return false;
    return flows->n < MAX_FLOWS && n < (is_stranger ? MAX_STRANGERS_PER_ADDRESS : MAX_PER_ADDRESS);
}

void gw_flows_accept(struct gw_flows *flows, enum cw_sip_transport transport, int fd,
                     const struct cw_addr *peer)
{
    bool is_stranger = !flows->owner.is_known(flows->owner.arg, peer);
    if (!has_room(flows, peer, is_stranger) || (transport == CW_SIP_TLS && !flows->tls)) {
        close(fd);
        return;
    }
    struct flow *flow = new_flow(flows, transport, peer);
    flow->is_stranger = is_stranger;
    flows->n_strangers += is_stranger;
    flow->conn = cw_conn_accept(flows->options.base, fd, peer, &callbacks, flow);
    if (transport == CW_SIP_TLS)
        start_tls(flow, true);
}

uint64_t gw_flows_to(struct gw_flows *flows, enum cw_sip_transport transport,
                     const struct cw_addr *addr, struct cw_str tls_name)
{
    struct cw_arena arena = {0};
    struct cw_str name = transport == CW_SIP_TLS ? tls_name : CW_STR_NONE;
    struct cw_str key = cw_arena_printf(&arena, "%s %.*s %.*s", cw_sip_transport_name(transport),
                                        CW_ARG(name), CW_ARG(cw_addr_text(&arena, addr)));
    struct flow *flow = cw_map_get(&flows->by_target, key);
    if (!flow || flow->closing) {
        flow = new_flow(flows, transport, addr);
        flow->target = cw_arena_dup(&flow->arena, key);
        flow->tls_name = cw_arena_dup(&flow->arena, name);
        cw_map_set(&flows->by_target, flow->target, flow);
        flow->conn =
            cw_conn_connect(flows->options.base, addr, CONNECT_TIMEOUT_MS, &callbacks, flow);
    }
    cw_arena_free(&arena);
    return flow->number;
}

bool gw_flows_write(struct gw_flows *flows, uint64_t number, struct cw_str bytes)
{
    struct flow *flow = find(flows, number);
    if (!flow || flow->closing)
        return false;
    flow->written_ms = cw_now_ms();
    if (gw_flows_queued(flows, number) + bytes.n > GW_FLOW_MAX_QUEUED) {
        abort_flow(flow);
        return false;
    }
    if (flow->is_up)
        cw_conn_write(flow->conn, bytes);
    else
        cw_buf_puts(&flow->waiting, bytes);
    return true;
}

size_t gw_flows_queued(const struct gw_flows *flows, uint64_t number)
{
    const struct flow *flow = find(flows, number);
    return flow ? cw_conn_queued(flow->conn) + flow->waiting.n : 0;
}

struct cw_addr gw_flows_local(const struct gw_flows *flows, uint64_t number)
{
    const struct flow *flow = find(flows, number);
    return flow ? cw_conn_local(flow->conn) : (struct cw_addr){.len = 0};
}

const struct cw_cert *gw_flows_cert(const struct gw_flows *flows, uint64_t number)
{
    const struct flow *flow = find(flows, number);
    return flow && flow->transport == CW_SIP_TLS ? &flow->facts.cert : NULL;
}

/* --- time -------------------------------------------------------------------------------------*/

static void keep_alive(struct flow *flow, uint64_t now)
{
    uint64_t interval = flow->flows->options.keep_alive_ms;
    uint64_t used_ms = flow->heard_ms > flow->written_ms ? flow->heard_ms : flow->written_ms;
    if (interval == 0 || !cw_str_is_present(flow->target) || !flow->is_up || flow->closing)
        return;
    if (flow->awaits_pong) {
        if (flow->answers_pings && now - flow->pinged_ms > PONG_MS)
            abort_flow(flow);
        else if (now - flow->pinged_ms > PONG_MS)
            flow->awaits_pong = false; /* it knows no pings, which is its right */
    } else if (now - used_ms >= interval && cw_conn_queued(flow->conn) == 0) {
        cw_conn_write(flow->conn, CW_S("\r\n\r\n"));
        flow->pinged_ms = flow->written_ms = now;
        flow->awaits_pong = true;
    }
}

static void on_sweep(void *arg)
{
    struct gw_flows *flows = arg;
    struct flow *flow;
    uint64_t now = cw_now_ms();
    TAILQ_FOREACH (flow, &flows->list, link) {
        uint64_t idle_ms = flow->is_stranger ? STRANGER_IDLE_MS : IDLE_MS;
        bool is_stuck =
            flow->inside_since_ms != 0 && now - flow->inside_since_ms > MESSAGE_DEADLINE_MS;
        if (!flow->closing && (is_stuck || now - flow->heard_ms > idle_ms))
            close_after_answer(flow);
        keep_alive(flow, now);
    }
    cw_timer_set(flows->sweep, SWEEP_MS);
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_flows *gw_flows_new(const struct gw_flows_options *options,
                              const struct gw_flows_owner *owner)
{
    struct gw_flows *flows = cw_alloc(sizeof *flows);
    flows->options = *options;
    flows->owner = *owner;
    TAILQ_INIT(&flows->list);
    flows->sweep = cw_timer_new(options->base, on_sweep, flows);
    cw_timer_set(flows->sweep, SWEEP_MS);
    return flows;
}

void gw_flows_set_tls(struct gw_flows *flows, const struct cw_tls_ctx *tls)
{
    flows->tls = tls;
}

void gw_flows_free(struct gw_flows **ptr)
{
    struct gw_flows *flows = *ptr;
    struct flow *flow;
    *ptr = NULL;
    if (!flows)
        return;
    while ((flow = TAILQ_FIRST(&flows->list)))
        end(flow, false);
    cw_map_free(&flows->by_number);
    cw_map_free(&flows->by_target);
    cw_timer_free(&flows->sweep);
    cw_free(flows);
}
