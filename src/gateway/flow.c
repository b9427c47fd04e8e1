/* SIP over TCP connections; see flow.h. */
#include "gateway/flow.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/map.h"
#include "io/loop.h"

enum {
    CONNECT_TIMEOUT_MS = 4000,
    CLOSE_DEADLINE_MS = 2000,
    MESSAGE_DEADLINE_MS = 30000, /* from the first to the last byte of one message */
    IDLE_MS = 900000,
    SWEEP_MS = 5000,
    MAX_QUEUED_BYTES = 4 * 1024 * 1024, /* a peer that does not read */
};

struct flow {
    TAILQ_ENTRY(flow) link;
    struct gw_flows *flows;
    uint64_t number;
    struct cw_addr peer;
    struct cw_conn *conn;
    struct cw_sip_framer *framer;
    uint64_t heard_ms, inside_since_ms;
    bool closing;
    char key[24], address[80];
};

struct gw_flows {
    struct event_base *base;
    size_t max_message_bytes, max_flows, n;
    struct gw_flows_owner owner;
    TAILQ_HEAD(, flow) list;
    struct cw_map by_number, by_address;
    uint64_t last_number;
    struct cw_timer *sweep;
};

static struct flow *find(const struct gw_flows *flows, uint64_t number)
{
    char key[24];
    snprintf(key, sizeof key, "%llu", (unsigned long long)number);
    return cw_map_get(&flows->by_number, cw_str_of(key));
}

static void end(struct flow *flow)
{
    struct gw_flows *flows = flow->flows;
    uint64_t number = flow->number;
    TAILQ_REMOVE(&flows->list, flow, link);
    flows->n--;
    cw_map_remove(&flows->by_number, cw_str_of(flow->key));
    if (cw_map_get(&flows->by_address, cw_str_of(flow->address)) == flow)
        cw_map_remove(&flows->by_address, cw_str_of(flow->address));
    cw_conn_free(&flow->conn);
    cw_sip_framer_free(&flow->framer);
    cw_free(flow);
    flows->owner.on_gone(flows->owner.arg, number);
}

static struct cw_sip_hop hop_of(const struct flow *flow)
{
    struct cw_sip_hop hop = {
        .transport = CW_SIP_TCP, .flow = flow->number, .port = cw_addr_port(&flow->peer)};
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

/* Hands over what is whole.  The owner never ends a flow from inside on_frame. */
static void on_data(void *arg, struct cw_str bytes)
{
    struct flow *flow = arg;
    struct gw_flows *flows = flow->flows;
    struct cw_sip_hop source = hop_of(flow);
    struct cw_str frame;
    flow->heard_ms = cw_now_ms();
    if (flow->closing)
        return;
    cw_sip_framer_feed(flow->framer, bytes);
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
            cw_conn_write(flow->conn, CW_S("\r\n"));
            break;
        case CW_SIP_FRAME_MALFORMED:
            flows->owner.on_frame(flows->owner.arg, &source, frame,
                                  cw_sip_framer_status(flow->framer));
            close_after_answer(flow);
            return;
        }
    }
}

static void on_closed(void *arg, enum cw_conn_end why, struct cw_str sentence)
{
    (void)why;
    (void)sentence;
    end(arg);
}

static const struct cw_conn_callbacks callbacks = {.on_data = on_data, .on_closed = on_closed};

static struct flow *new_flow(struct gw_flows *flows, const struct cw_addr *peer)
{
    struct flow *flow = cw_alloc(sizeof *flow);
    struct cw_arena arena = {0};
    flow->flows = flows;
    flow->number = ++flows->last_number;
    flow->peer = *peer;
    flow->framer = cw_sip_framer_new(flows->max_message_bytes);
    flow->heard_ms = cw_now_ms();
    snprintf(flow->key, sizeof flow->key, "%llu", (unsigned long long)flow->number);
    snprintf(flow->address, sizeof flow->address, "%.*s", CW_ARG(cw_addr_text(&arena, peer)));
    cw_arena_free(&arena);
    TAILQ_INSERT_TAIL(&flows->list, flow, link);
    cw_map_set(&flows->by_number, cw_str_of(flow->key), flow);
    cw_map_set(&flows->by_address, cw_str_of(flow->address), flow);
    flows->n++;
    return flow;
}

void gw_flows_accept(struct gw_flows *flows, int fd, const struct cw_addr *peer)
{
    if (flows->n >= flows->max_flows) {
        close(fd);
        return;
    }
    struct flow *flow = new_flow(flows, peer);
    flow->conn = cw_conn_accept(flows->base, fd, peer, &callbacks, flow);
}

uint64_t gw_flows_to(struct gw_flows *flows, const struct cw_addr *addr)
{
    struct cw_arena arena = {0};
    struct flow *flow = cw_map_get(&flows->by_address, cw_addr_text(&arena, addr));
    cw_arena_free(&arena);
    if (!flow || flow->closing) {
        flow = new_flow(flows, addr);
        flow->conn = cw_conn_connect(flows->base, addr, CONNECT_TIMEOUT_MS, &callbacks, flow);
    }
    return flow->number;
}

bool gw_flows_write(struct gw_flows *flows, uint64_t number, struct cw_str bytes)
{
    struct flow *flow = find(flows, number);
    if (!flow)
        return false;
    if (cw_conn_queued(flow->conn) + bytes.n > MAX_QUEUED_BYTES) {
        flow->closing = true;
        cw_conn_abort(flow->conn);
        return false;
    }
    cw_conn_write(flow->conn, bytes);
    return true;
}

static void on_sweep(void *arg)
{
    struct gw_flows *flows = arg;
    struct flow *flow;
    uint64_t now = cw_now_ms();
    TAILQ_FOREACH (flow, &flows->list, link) {
        bool is_stuck =
            flow->inside_since_ms != 0 && now - flow->inside_since_ms > MESSAGE_DEADLINE_MS;
        if (!flow->closing && (is_stuck || now - flow->heard_ms > IDLE_MS))
            close_after_answer(flow);
    }
    cw_timer_set(flows->sweep, SWEEP_MS);
}

struct gw_flows *gw_flows_new(struct event_base *base, size_t max_message_bytes, size_t max_flows,
                              const struct gw_flows_owner *owner)
{
    struct gw_flows *flows = cw_alloc(sizeof *flows);
    flows->base = base;
    flows->max_message_bytes = max_message_bytes;
    flows->max_flows = max_flows;
    flows->owner = *owner;
    TAILQ_INIT(&flows->list);
    flows->sweep = cw_timer_new(base, on_sweep, flows);
    cw_timer_set(flows->sweep, SWEEP_MS);
    return flows;
}

void gw_flows_free(struct gw_flows **ptr)
{
    struct gw_flows *flows = *ptr;
    struct flow *flow;
    *ptr = NULL;
    if (!flows)
        return;
    while ((flow = TAILQ_FIRST(&flows->list)))
        end(flow);
    cw_map_free(&flows->by_number);
    cw_map_free(&flows->by_address);
    cw_timer_free(&flows->sweep);
    cw_free(flows);
}
