/* The edge's end of the link.  A gateway connects; the newest connection is the link, an older one
 * is dropped.  Partners' stanzas are numbered and kept until their outcome comes.  When the link
 * breaks they stay; a gateway that comes back within `link-hold` gets them again under the same
 * numbers, otherwise their senders get an error.  Nothing is dropped in silence. */
#include "edge/edge_priv.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/secret.h"
#include "conf/snapshot.h"

enum {
    OUTCOME_TIMEOUT_MS = 90000, /* longer than any SIP transaction; a gateway that hangs */
    SWEEP_MS = 500,
};

/* A partner's stanza without an outcome. */
struct unresolved {
    TAILQ_ENTRY(unresolved) link;
    struct cw_arena arena;
    struct cw_xml *stanza;
    uint64_t n, since_ms;
};
TAILQ_HEAD(unresolved_list, unresolved);

struct edge_gateway {
    struct edge *edge;
    struct cw_listener *listener;
    struct cw_conn *conn;
    struct cw_link *link;
    bool is_up; /* hello was said */
    uint64_t down_since_ms;
    struct cw_arena arena;
    struct cw_str instance;
    uint64_t last_n;
    struct unresolved_list unresolved; /* by number */
    size_t n_unresolved;
    struct cw_map by_n; /* number as text -> struct unresolved */
    struct cw_timer *sweep;
    struct cw_buf out;
};

static void flush(struct edge_gateway *g)
{
    if (g->conn)
        cw_conn_write(g->conn, cw_buf_str(&g->out));
    cw_buf_reset(&g->out);
}

/* --- unresolved stanzas -----------------------------------------------------------------------*/

static struct cw_str number_key(char buf[24], uint64_t n)
{
    return (struct cw_str){buf, (size_t)snprintf(buf, 24, "%" PRIu64, n)};
}

static void forget(struct edge_gateway *g, struct unresolved *u)
{
    char key[24];
    TAILQ_REMOVE(&g->unresolved, u, link);
    cw_map_remove(&g->by_n, number_key(key, u->n));
    g->n_unresolved--;
    cw_arena_free(&u->arena);
    cw_free(u);
}

static void bounce(struct edge_gateway *g, struct unresolved *u, enum cw_stanza_error condition,
                   const char *text)
{
    CW_LOG(&g->edge->log, CW_LOG_WARN, "stanza-bounced", CW_KVI("n", u->n), CW_KVC("reason", text));
    edge_bounce(g->edge, u->stanza, condition, cw_str_of(text));
    forget(g, u);
}

static void on_sweep(void *arg)
{
    struct edge_gateway *g = arg;
    uint64_t now = cw_now_ms(), hold_ms = (uint64_t)g->edge->config.edge.link_hold_s * 1000;
    struct unresolved *u, *next;
    for (u = TAILQ_FIRST(&g->unresolved); u; u = next) {
        next = TAILQ_NEXT(u, link);
        uint64_t waits_since = u->since_ms > g->down_since_ms ? u->since_ms : g->down_since_ms;
        if (!g->is_up && now - waits_since >= hold_ms)
            bounce(g, u, CW_STANZA_RECIPIENT_UNAVAILABLE, "the gateway is away");
        else if (now - u->since_ms >= OUTCOME_TIMEOUT_MS)
            bounce(g, u, CW_STANZA_REMOTE_SERVER_TIMEOUT, "the gateway gave no answer");
    }
    if (g->n_unresolved > 0)
        cw_timer_set(g->sweep, SWEEP_MS);
}

static void send_stanza(struct edge_gateway *g, const struct unresolved *u)
{
    cw_link_write_stanza(&g->out, u->n, u->stanza);
    flush(g);
}

void edge_gateway_deliver(struct edge_gateway *g, const struct cw_xml *stanza)
{
    const struct cw_edge_config *config = &g->edge->config.edge;
    char key[24];
    if (g->n_unresolved >= (size_t)config->queue.max_stanzas * 16) {
        edge_bounce(g->edge, stanza, CW_STANZA_RESOURCE_CONSTRAINT,
                    CW_S("too many stanzas wait for the gateway"));
        return;
    }
    struct unresolved *u = cw_alloc(sizeof *u);
    u->stanza = cw_xml_copy(&u->arena, stanza);
    u->n = ++g->last_n;
    u->since_ms = cw_now_ms();
    TAILQ_INSERT_TAIL(&g->unresolved, u, link);
    cw_map_set(&g->by_n, number_key(key, u->n), u);
    g->n_unresolved++;
    if (!cw_timer_is_set(g->sweep))
        cw_timer_set(g->sweep, SWEEP_MS);
    if (g->is_up)
        send_stanza(g, u);
}

static void on_outcome(struct edge_gateway *g, const struct cw_link_outcome *outcome)
{
    char key[24];
    struct unresolved *u = cw_map_get(&g->by_n, number_key(key, outcome->n));
    if (!u)
        return; /* bounced meanwhile */
    if (outcome->result == CW_LINK_REFUSED && outcome->error)
        edge_route_own(g->edge, outcome->error);
    forget(g, u);
}

void edge_gateway_outcome(struct edge_gateway *g, uint64_t n, enum cw_link_reason reason,
                          struct cw_str text)
{
    struct cw_link_outcome outcome = {
        .n = n,
        .result = reason == CW_LINK_REASON_NONE ? CW_LINK_DELIVERED : CW_LINK_REFUSED,
        .reason = reason,
        .text = text,
    };
    cw_link_write_outcome(&g->out, &outcome);
    flush(g);
}

/* --- the link's messages ----------------------------------------------------------------------*/

static void on_hello(struct edge_gateway *g, struct cw_str instance)
{
    struct unresolved *u;
    CW_LOG(&g->edge->log, CW_LOG_INFO, "link-up", CW_KV("gateway", instance),
           CW_KVI("unresolved", g->n_unresolved));
    g->is_up = true;
    TAILQ_FOREACH (u, &g->unresolved, link)
        send_stanza(g, u);
}

static void on_config(struct edge_gateway *g, uint64_t version, struct cw_str json)
{
    struct cw_arena arena = {0};
    struct cw_policy *policy = NULL;
    struct cw_str why = CW_STR_NONE;
    struct edge *edge = g->edge;
    if (cw_snapshot_read(json, &policy, &arena, &why) == CW_OK) {
        edge_set_policy(edge, policy);
        if (cw_snapshot_save(policy, edge->config.edge.state_dir.p, &arena, &why) != CW_OK)
            CW_LOG(&edge->log, CW_LOG_ERROR, "snapshot-not-saved", CW_KV("reason", why));
        why = CW_STR_NONE;
        cw_policy_unref(&policy);
    } else {
        CW_LOG(&edge->log, CW_LOG_ERROR, "snapshot-refused", CW_KV("reason", why));
    }
    cw_link_write_configured(&g->out, version, why);
    flush(g);
    cw_arena_free(&arena);
}

static void drop_link(struct edge_gateway *g, struct cw_str why)
{
    if (!g->conn)
        return;
    CW_LOG(&g->edge->log, CW_LOG_WARN, "link-down", CW_KV("reason", why));
    cw_conn_free(&g->conn);
    cw_link_free(&g->link);
    g->is_up = false;
    g->down_since_ms = cw_now_ms();
}

static void on_data(void *arg, struct cw_str bytes)
{
    struct edge_gateway *g = arg;
    struct cw_link_event event;
    cw_link_feed(g->link, bytes);
    while (g->link) {
        switch (cw_link_next(g->link, &event)) {
        case CW_LINK_MORE:
            return;
        case CW_LINK_HELLO:
            on_hello(g, event.instance);
            break;
        case CW_LINK_CONFIG:
            on_config(g, event.version, event.json);
            break;
        case CW_LINK_STANZA:
            edge_route_from_gateway(g->edge, event.stanza, event.n);
            break;
        case CW_LINK_OUTCOME:
            on_outcome(g, &event.outcome);
            break;
        case CW_LINK_CONFIGURED:
        case CW_LINK_CLOSED:
            drop_link(g, CW_S("the gateway said goodbye"));
            break;
        case CW_LINK_BROKEN:
            drop_link(g, event.text);
            break;
        }
    }
}

static void on_closed(void *arg, enum cw_conn_end end, struct cw_str sentence)
{
    (void)end;
    drop_link(arg, sentence);
}

static void on_accept(void *arg, int fd, const struct cw_addr *peer)
{
    static const struct cw_conn_callbacks callbacks = {.on_data = on_data, .on_closed = on_closed};
    struct edge_gateway *g = arg;
    drop_link(g, CW_S("another gateway connected"));
    g->link = cw_link_new(CW_LINK_EDGE, g->instance);
    g->conn = cw_conn_accept(g->edge->base, fd, peer, &callbacks, g);
    cw_buf_reset(&g->out);
    cw_link_write_open(g->link, &g->out);
    flush(g);
}

/* --- life -------------------------------------------------------------------------------------*/

struct edge_gateway *edge_gateway_new(struct edge *edge, struct cw_buf *why)
{
    struct edge_gateway *g = cw_alloc(sizeof *g);
    g->edge = edge;
    g->instance = cw_random_hex(&g->arena, 8);
    /* Numbers of an earlier life of this edge must not be mistaken for ours. */
    cw_random(&g->last_n, sizeof g->last_n);
    g->last_n >>= 16;
    g->down_since_ms = cw_now_ms();
    g->sweep = cw_timer_new(edge->base, on_sweep, g);
    TAILQ_INIT(&g->unresolved);
    g->listener =
        cw_listener_new_unix(edge->base, edge->config.edge.link_socket.p, 0660, on_accept, g, why);
    if (!g->listener)
        edge_gateway_free(&g);
    return g;
}

void edge_gateway_shutdown(struct edge_gateway *g)
{
    struct unresolved *u;
    while ((u = TAILQ_FIRST(&g->unresolved)))
        bounce(g, u, CW_STANZA_RECIPIENT_UNAVAILABLE, "this server is going down");
}

void edge_gateway_free(struct edge_gateway **ptr)
{
    struct edge_gateway *g = *ptr;
    struct unresolved *u;
    *ptr = NULL;
    if (!g)
        return;
    while ((u = TAILQ_FIRST(&g->unresolved)))
        forget(g, u);
    cw_map_free(&g->by_n);
    cw_timer_free(&g->sweep);
    cw_conn_free(&g->conn);
    cw_link_free(&g->link);
    cw_listener_free(&g->listener);
    cw_buf_free(&g->out);
    cw_arena_free(&g->arena);
    cw_free(g);
}
