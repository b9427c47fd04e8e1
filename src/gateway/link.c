/* The gateway's end of the link to one edge: connects, says hello, sends the policy, connects
 * again when it breaks.  What comes in goes to x2s.c (partners' stanzas) and s2x.c (outcomes). */
#include "conf/snapshot.h"
#include "gateway/gateway_priv.h"
#include "io/conn.h"

enum { CONNECT_TIMEOUT_MS = 2000, RETRY_MIN_MS = 50, RETRY_MAX_MS = 1000 };

struct gw_edge {
    struct gateway *gateway;
    struct cw_addr addr;
    struct cw_str path;
    struct cw_conn *conn;
    struct cw_link *link;
    struct cw_timer *retry;
    uint64_t retry_ms;
    struct cw_buf out;
    struct cw_arena arena; /* of one connection: the edge's instance */
    struct cw_str instance;
    uint64_t version; /* confirmed */
    bool is_up;
};

static void flush(struct gw_edge *edge)
{
    if (edge->conn)
        cw_conn_write(edge->conn, cw_buf_str(&edge->out));
    cw_buf_reset(&edge->out);
}

bool gw_edge_is_up(const struct gw_edge *edge)
{
    return edge->is_up;
}

uint64_t gw_edge_version(const struct gw_edge *edge)
{
    return edge->is_up ? edge->version : 0;
}

struct gw_edge *gw_edge_find(struct gateway *gateway, struct cw_str instance)
{
    for (size_t i = 0; i < gateway->n_edges; i++) {
        struct gw_edge *edge = gateway->edges[i];
        if (edge && edge->is_up && cw_str_eq(edge->instance, instance))
            return edge;
    }
    return NULL;
}

struct gw_edge *gw_edge_pick(struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->n_edges; i++)
        if (gateway->edges[i] && gateway->edges[i]->is_up)
            return gateway->edges[i];
    return NULL;
}

void gw_edge_send_policy(struct gw_edge *edge)
{
    struct cw_buf json = {0};
    if (!edge->is_up)
        return;
    cw_snapshot_write(edge->gateway->policy, &json);
    cw_link_write_config(&edge->out, edge->gateway->policy->version, cw_buf_str(&json));
    flush(edge);
    cw_buf_free(&json);
}

void gw_edge_send_stanza(struct gw_edge *edge, uint64_t n, const struct cw_xml *stanza)
{
    cw_link_write_stanza(&edge->out, n, stanza);
    flush(edge);
}

void gw_edge_send_outcome(struct gw_edge *edge, const struct cw_link_outcome *outcome)
{
    cw_link_write_outcome(&edge->out, outcome);
    flush(edge);
}

/* --- the connection ---------------------------------------------------------------------------*/

static void drop(struct gw_edge *edge, struct cw_str why)
{
    bool was_up = edge->is_up;
    edge->is_up = false;
    edge->version = 0;
    cw_conn_free(&edge->conn);
    cw_link_free(&edge->link);
    cw_arena_reset(&edge->arena);
    edge->instance = CW_STR_NONE;
    if (was_up) {
        CW_LOG(&edge->gateway->log, CW_LOG_WARN, "link-down", CW_KV("edge", edge->path),
               CW_KV("reason", why));
        gw_s2x_edge_down(edge->gateway->s2x, edge);
        gw_control_policy_confirmed(edge->gateway->control);
        edge->retry_ms = RETRY_MIN_MS;
    }
    if (!edge->gateway->stopping)
        cw_timer_set(edge->retry, edge->retry_ms);
    edge->retry_ms = edge->retry_ms * 2 < RETRY_MAX_MS ? edge->retry_ms * 2 : RETRY_MAX_MS;
}

static void on_hello(struct gw_edge *edge, struct cw_str instance)
{
    edge->instance = cw_arena_dup(&edge->arena, instance);
    edge->is_up = true;
    edge->retry_ms = RETRY_MIN_MS;
    CW_LOG(&edge->gateway->log, CW_LOG_INFO, "link-up", CW_KV("edge", edge->path));
    gw_edge_send_policy(edge);
    gw_s2x_edge_up(edge->gateway->s2x, edge);
}

static void on_configured(struct gw_edge *edge, uint64_t version, struct cw_str refusal)
{
    if (cw_str_is_present(refusal))
        CW_LOG(&edge->gateway->log, CW_LOG_ERROR, "policy-refused", CW_KV("edge", edge->path),
               CW_KV("reason", refusal));
    else
        edge->version = version;
    gw_control_policy_confirmed(edge->gateway->control);
}

static void on_data(void *arg, struct cw_str bytes)
{
    struct gw_edge *edge = arg;
    struct cw_link_event event;
    cw_link_feed(edge->link, bytes);
    while (edge->link) {
        switch (cw_link_next(edge->link, &event)) {
        case CW_LINK_MORE:
            return;
        case CW_LINK_HELLO:
            on_hello(edge, event.instance);
            break;
        case CW_LINK_CONFIGURED:
            on_configured(edge, event.version, event.text);
            break;
        case CW_LINK_STANZA:
            gw_x2s_stanza(edge->gateway->x2s, edge->instance, event.n, event.stanza);
            break;
        case CW_LINK_OUTCOME:
            gw_s2x_outcome(edge->gateway->s2x, &event.outcome);
            break;
        case CW_LINK_CONFIG:
        case CW_LINK_CLOSED:
            drop(edge, CW_S("the edge said goodbye"));
            break;
        case CW_LINK_BROKEN:
            drop(edge, event.text);
            break;
        }
    }
}

static void on_closed(void *arg, enum cw_conn_end end, struct cw_str sentence)
{
    (void)end;
    drop(arg, sentence);
}

static void connect_now(void *arg)
{
    static const struct cw_conn_callbacks callbacks = {.on_data = on_data, .on_closed = on_closed};
    struct gw_edge *edge = arg;
    edge->link = cw_link_new(CW_LINK_GATEWAY, edge->gateway->instance);
    edge->conn =
        cw_conn_connect(edge->gateway->base, &edge->addr, CONNECT_TIMEOUT_MS, &callbacks, edge);
    cw_buf_reset(&edge->out);
    cw_link_write_open(edge->link, &edge->out);
    flush(edge);
}

struct gw_edge *gw_edge_new(struct gateway *gateway, struct cw_str socket_path)
{
    struct gw_edge *edge = cw_alloc(sizeof *edge);
    edge->gateway = gateway;
    edge->path = socket_path;
    edge->retry_ms = RETRY_MIN_MS;
    edge->retry = cw_timer_new(gateway->base, connect_now, edge);
    if (cw_addr_unix(socket_path, &edge->addr))
        connect_now(edge);
    else
        CW_LOG(&gateway->log, CW_LOG_ERROR, "link-path-too-long", CW_KV("edge", socket_path));
    return edge;
}

void gw_edge_free(struct gw_edge **ptr)
{
    struct gw_edge *edge = *ptr;
    *ptr = NULL;
    if (!edge)
        return;
    cw_timer_free(&edge->retry);
    cw_conn_free(&edge->conn);
    cw_link_free(&edge->link);
    cw_buf_free(&edge->out);
    cw_arena_free(&edge->arena);
    cw_free(edge);
}
