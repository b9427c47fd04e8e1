/* The gateway's end of the link to one edge: connects, over TLS proves itself and sees whom it has
 * met, says hello, sends the policy, connects again when it breaks.  What comes in goes to x2s.c
 * (partners' stanzas) and s2x.c (outcomes). */
#include <time.h>

#include "base/secret.h"
#include "conf/snapshot.h"
#include "gateway/ask.h"
#include "gateway/gateway_priv.h"
#include "gateway/presence.h"
#include "io/authority.h"
#include "io/conn.h"
#include "io/dns.h"
#include "link/rendezvous.h"

enum {
    CONNECT_TIMEOUT_MS = 2000,
    TLS_TIMEOUT_MS = 10000,
    RETRY_MIN_MS = 50,
    RETRY_MAX_MS = 1000,
    MAX_QUEUED_BYTES = 64 * 1024 * 1024, /* an edge that does not read */
};

struct gw_edge {
    struct gateway *gateway;
    struct cw_edge_address address;
    struct cw_str path;           /* as configured; names the edge */
    struct cw_resolver *resolver; /* NULL: the host is no name */
    struct cw_dns_query *query;
    struct cw_conn *conn;
    struct cw_link *link; /* NULL before TLS is up */
    struct cw_timer *retry, *tick;
    struct cw_arena own; /* of the edge's life */
    uint64_t retry_ms;
    struct cw_buf out;
    struct cw_arena arena; /* of one connection: the edge's instance */
    struct cw_str instance;
    uint64_t version; /* confirmed */
    int64_t since;    /* it is up, or down again; seconds since 1970 */
    bool is_up, asks_v4;
    struct cw_buf last_failure; /* each reason is told once, not at every attempt */
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

int64_t gw_edge_since(const struct gw_edge *edge)
{
    return edge->since;
}

struct cw_str gw_edge_trouble(const struct gw_edge *edge)
{
    return cw_buf_str(&edge->last_failure);
}

struct cw_str gw_edge_path(const struct gw_edge *edge)
{
    return edge->path;
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

struct gw_edge *gw_edge_pick(struct gateway *gateway, struct cw_str pair)
{
    struct gw_edge *best = NULL;
    uint64_t best_weight = 0;
    for (size_t i = 0; i < gateway->n_edges; i++) {
        struct gw_edge *edge = gateway->edges[i];
        if (!edge || !edge->is_up)
            continue;
        uint64_t weight = cw_rendezvous_weight(edge->path, pair);
        if (!best || weight > best_weight) {
            best = edge;
            best_weight = weight;
        }
    }
    return best;
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

uint64_t gw_edge_next_n(struct gateway *gateway)
{
    if (gateway->last_n == 0) { /* an edge may still tell outcomes of an earlier life */
        cw_random(&gateway->last_n, sizeof gateway->last_n);
        gateway->last_n >>= 16;
    }
    return ++gateway->last_n;
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

void gw_edge_send_ask(struct gw_edge *edge, uint64_t n, struct cw_str json)
{
    cw_link_write_ask(&edge->out, n, json);
    flush(edge);
}

/* --- the link's messages ----------------------------------------------------------------------*/

static void drop(struct gw_edge *edge, struct cw_str why)
{
    bool was_up = edge->is_up;
    edge->is_up = false;
    edge->version = 0;
    if (!was_up && !cw_str_eq(cw_buf_str(&edge->last_failure), why)) {
        cw_buf_reset(&edge->last_failure);
        cw_buf_puts(&edge->last_failure, why);
        CW_LOG(&edge->gateway->log, CW_LOG_INFO, "link-failed", CW_KV("edge", edge->path),
               CW_KV("reason", why));
    }
    if (was_up)
        CW_LOG(&edge->gateway->log, CW_LOG_WARN, "link-down", CW_KV("edge", edge->path),
               CW_KV("reason", why));
    cw_dns_cancel(&edge->query);
    cw_conn_free(&edge->conn);
    cw_link_free(&edge->link);
    cw_timer_stop(edge->tick);
    edge->instance = CW_STR_NONE;
    cw_arena_reset(&edge->arena);
    if (was_up) {
        edge->since = (int64_t)time(NULL);
        gw_s2x_edge_down(edge->gateway->s2x, edge);
        gw_presence_edge_down(edge->gateway->presence, edge);
        gw_asks_edge_down(edge->gateway->asks, edge);
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
    edge->since = (int64_t)time(NULL);
    edge->retry_ms = RETRY_MIN_MS;
    cw_buf_reset(&edge->last_failure);
    CW_LOG(&edge->gateway->log, CW_LOG_INFO, "link-up", CW_KV("edge", edge->path));
    gw_edge_send_policy(edge);
    gw_s2x_edge_up(edge->gateway->s2x, edge);
    gw_presence_edge_up(edge->gateway->presence, edge);
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
            if (!gw_presence_outcome(edge->gateway->presence, &event.outcome))
                gw_s2x_outcome(edge->gateway->s2x, &event.outcome);
            break;
        case CW_LINK_ANSWER:
            gw_asks_answer(edge->gateway->asks, edge, event.n, event.more, event.json);
            break;
        case CW_LINK_PING:
            break;
        case CW_LINK_ENDED:
            gw_presence_ended(edge->gateway->presence, event.local, event.remote);
            break;
        case CW_LINK_CONFIG:
        case CW_LINK_ASK:
        case CW_LINK_CLOSED:
            drop(edge, CW_S("the edge said goodbye"));
            break;
        case CW_LINK_BROKEN:
            drop(edge, event.text);
            break;
        }
    }
}

/* --- the connection ---------------------------------------------------------------------------*/

static void on_closed(void *arg, enum cw_conn_end end, struct cw_str sentence)
{
    (void)end;
    drop(arg, sentence);
}

static void on_tick(void *arg)
{
    struct gw_edge *edge = arg;
    struct cw_str why = cw_link_tick(edge->link, cw_now_ms(), &edge->out);
    flush(edge);
    if (cw_conn_queued(edge->conn) > MAX_QUEUED_BYTES)
        why = CW_S("it does not read what is sent to it");
    if (cw_str_is_present(why))
        drop(edge, why);
    else
        cw_timer_set(edge->tick, CW_LINK_TICK_MS);
}

/* The other side is whom we looked for: our header and hello. */
static void greet(struct gw_edge *edge)
{
    cw_buf_reset(&edge->out);
    edge->link = cw_link_new(CW_LINK_GATEWAY, edge->gateway->instance);
    (void)cw_link_tick(edge->link, cw_now_ms(), &edge->out);
    cw_timer_set(edge->tick, CW_LINK_TICK_MS);
    cw_link_write_open(edge->link, &edge->out);
    flush(edge);
}

static void on_connected(void *arg)
{
    struct gw_edge *edge = arg;
    struct cw_tls_start start = {.ctx = edge->gateway->link_tls, .timeout_ms = TLS_TIMEOUT_MS};
    if (edge->address.is_tls)
        cw_conn_start_tls(edge->conn, &start);
    else
        greet(edge);
}

static void on_tls_up(void *arg, const struct cw_tls_facts *facts)
{
    struct gw_edge *edge = arg;
    struct cw_arena arena = {0};
    struct cw_str name;
    struct cw_str refusal = cw_link_peer_refusal(&arena, &facts->cert, CW_ROLE_EDGE, &name);
    if (cw_str_is_present(refusal)) {
        drop(edge, refusal);
    } else {
        CW_LOG(&edge->gateway->log, CW_LOG_INFO, "link-secured", CW_KV("edge", edge->path),
               CW_KV("name", name));
        greet(edge);
    }
    cw_arena_free(&arena);
}

static void connect_to(struct gw_edge *edge, const struct cw_addr *addr)
{
    static const struct cw_conn_callbacks callbacks = {.on_connected = on_connected,
                                                       .on_data = on_data,
                                                       .on_tls_up = on_tls_up,
                                                       .on_closed = on_closed};
    edge->conn = cw_conn_connect(edge->gateway->base, addr, CONNECT_TIMEOUT_MS, &callbacks, edge);
}

static void ask(struct gw_edge *, enum cw_dns_type);

/* IPv4 first: an edge inside an installation has the one or the other. */
static void on_answer(void *arg, const struct cw_dns_answer *answer)
{
    struct gw_edge *edge = arg;
    bool was_v4 = edge->asks_v4;
    edge->query = NULL;
    if (answer->status == CW_DNS_OK) {
        struct cw_addr addr = answer->addrs[0];
        cw_addr_set_port(&addr, edge->address.port);
        connect_to(edge, &addr);
    } else if (was_v4) {
        ask(edge, CW_DNS_AAAA);
    } else {
        drop(edge, CW_S("its host name has no address"));
    }
}

static void ask(struct gw_edge *edge, enum cw_dns_type type)
{
    edge->asks_v4 = type == CW_DNS_A;
    edge->query = cw_dns_ask(edge->resolver, type, edge->address.host, on_answer, edge);
}

static void connect_now(void *arg)
{
    struct gw_edge *edge = arg;
    struct cw_addr addr;
    if (!edge->address.is_tls)
        (void)cw_addr_unix(edge->address.path, &addr); /* checked when the edge was made */
    else if (edge->resolver) {
        ask(edge, CW_DNS_A);
        return;
    } else
        (void)cw_addr_parse(edge->address.host, edge->address.port, &addr);
    connect_to(edge, &addr);
}

/* --- life -------------------------------------------------------------------------------------*/

bool gw_edges_load_certificate(struct gateway *gateway, struct cw_buf *why)
{
    const struct cw_gateway_config *config = &gateway->config.gateway;
    struct cw_arena arena = {0};
    struct cw_edge_address address;
    bool any_tls = false;
    for (size_t i = 0; i < config->n_edges; i++)
        any_tls =
            any_tls || (cw_edge_address_of(&arena, config->edges[i], &address) && address.is_tls);
    cw_arena_free(&arena);
    if (!any_tls)
        return true;
    struct cw_tls_ctx *fresh = cw_bundle_load(config->link_certificate.p, CW_ROLE_GATEWAY, why);
    if (!fresh)
        return false;
    cw_tls_ctx_free(&gateway->link_tls);
    gateway->link_tls = fresh;
    if (cw_bundle_days_left(fresh) < CW_BUNDLE_WARN_DAYS)
        CW_LOG(&gateway->log, CW_LOG_WARN, "link-certificate-expires",
               CW_KV("file", config->link_certificate), CW_KVI("days", cw_bundle_days_left(fresh)));
    return true;
}

/* False with a sentence: there is no way to connect there, now or later. */
static bool prepare(struct gw_edge *edge, struct cw_buf *why)
{
    struct cw_addr addr;
    struct cw_resolver_options options = {.base = edge->gateway->base};
    if (!cw_edge_address_of(&edge->own, edge->path, &edge->address)) {
        cw_buf_putcstr(why, "neither a path nor tls:HOST:PORT");
        return false;
    }
    if (!edge->address.is_tls) {
        if (cw_addr_unix(edge->address.path, &addr))
            return true;
        cw_buf_putcstr(why, "the path of the socket is too long");
        return false;
    }
    if (cw_addr_parse(edge->address.host, edge->address.port, &addr))
        return true;
    edge->resolver = cw_resolver_new(&options, why);
    return edge->resolver != NULL;
}

struct gw_edge *gw_edge_new(struct gateway *gateway, struct cw_str address)
{
    struct gw_edge *edge = cw_alloc(sizeof *edge);
    struct cw_buf why = {0};
    edge->gateway = gateway;
    edge->path = address;
    edge->retry_ms = RETRY_MIN_MS;
    edge->retry = cw_timer_new(gateway->base, connect_now, edge);
    edge->tick = cw_timer_new(gateway->base, on_tick, edge);
    if (prepare(edge, &why))
        connect_now(edge);
    else
        CW_LOG(&gateway->log, CW_LOG_ERROR, "link-impossible", CW_KV("edge", address),
               CW_KV("reason", cw_buf_str(&why)));
    cw_buf_free(&why);
    return edge;
}

void gw_edge_free(struct gw_edge **ptr)
{
    struct gw_edge *edge = *ptr;
    *ptr = NULL;
    if (!edge)
        return;
    cw_dns_cancel(&edge->query);
    if (edge->resolver)
        cw_resolver_free(&edge->resolver);
    cw_timer_free(&edge->retry);
    cw_timer_free(&edge->tick);
    cw_conn_free(&edge->conn);
    cw_link_free(&edge->link);
    cw_buf_free(&edge->out);
    cw_buf_free(&edge->last_failure);
    cw_arena_free(&edge->arena);
    cw_arena_free(&edge->own);
    cw_free(edge);
}
