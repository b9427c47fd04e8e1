/* The edge's ends of its links; see link_priv.h.  A gateway that comes by TLS proves itself with a
 * certificate of the installation's own authority before a byte is said to it; one that comes by
 * the Unix socket has passed the socket's permissions.  Whoever says nothing, drips, floods or
 * speaks nonsense is dropped, and nothing else happens. */
#include "edge/link_priv.h"

#include <unistd.h>

#include "conf/snapshot.h"
#include "edge/control.h"
#include "io/authority.h"
#include "link/rendezvous.h"

enum {
    TLS_TIMEOUT_MS = 10000,
    MAX_LINKS = 64,                      /* the oldest without hello makes room */
    MAX_QUEUED_BYTES = 64 * 1024 * 1024, /* a gateway that does not read */
};

struct edge_link {
    TAILQ_ENTRY(edge_link) entry;
    struct edge_links *links;
    struct cw_conn *conn;
    struct cw_link *link; /* NULL before TLS is up */
    struct cw_arena arena;
    struct cw_str name;     /* of the certificate; "local" by the Unix socket */
    struct cw_str instance; /* present: hello was said, the link is up */
    struct edge_replies replies;
};

struct edge_links {
    struct edge *edge;
    struct edge_gateway *owner;
    struct cw_str instance; /* ours */
    struct cw_tls_ctx *tls;
    struct cw_listener **listeners;
    size_t n_listeners;
    TAILQ_HEAD(, edge_link) list;
    size_t n;
    struct cw_timer *tick;
    struct cw_buf out;
};

static bool is_up(const struct edge_link *l)
{
    return cw_str_is_present(l->instance);
}

static void drop(struct edge_link *l, struct cw_str why)
{
    struct edge_links *links = l->links;
    CW_LOG(&links->edge->log, CW_LOG_WARN, is_up(l) ? "link-down" : "link-refused",
           CW_KV("gateway", l->name), CW_KV("reason", why));
    TAILQ_REMOVE(&links->list, l, entry);
    links->n--;
    if (is_up(l))
        edge_gateway_on_down(links->owner, l);
    edge_replies_cancel(&l->replies);
    cw_conn_free(&l->conn);
    cw_link_free(&l->link);
    cw_arena_free(&l->arena);
    cw_free(l);
}

/* --- writing ----------------------------------------------------------------------------------*/

/* A link that cannot take more is ended by the next tick, never from inside a write. */
static void flush(struct edge_link *l)
{
    struct cw_buf *out = &l->links->out;
    if (l->conn)
        cw_conn_write(l->conn, cw_buf_str(out));
    cw_buf_reset(out);
}

void edge_link_send_stanza(struct edge_link *l, uint64_t n, const struct cw_xml *stanza)
{
    cw_link_write_stanza(&l->links->out, n, stanza);
    flush(l);
}

void edge_link_send_outcome(struct edge_link *l, const struct cw_link_outcome *outcome)
{
    cw_link_write_outcome(&l->links->out, outcome);
    flush(l);
}

void edge_links_send_ended(struct edge_links *links, struct cw_str local, struct cw_str remote)
{
    struct edge_link *l;
    TAILQ_FOREACH (l, &links->list, entry) {
        if (!is_up(l))
            continue;
        cw_link_write_ended(&links->out, local, remote);
        flush(l);
    }
}

void edge_link_send_answer(struct edge_link *l, uint64_t n, bool more, struct cw_str json)
{
    cw_link_write_answer(&l->links->out, n, more, json);
    flush(l);
}

/* --- which gateway ----------------------------------------------------------------------------*/

struct edge_link *edge_links_pick(const struct edge_links *links, struct cw_str local_bare)
{
    struct edge_link *l, *best = NULL;
    uint64_t best_weight = 0;
    TAILQ_FOREACH (l, &links->list, entry) {
        uint64_t weight = is_up(l) ? cw_rendezvous_weight(l->name, local_bare) : 0;
        bool is_better = weight > best_weight || (best && weight == best_weight &&
                                                  cw_str_cmp(l->instance, best->instance) > 0);
        if (is_up(l) && (!best || is_better)) {
            best = l;
            best_weight = weight;
        }
    }
    return best;
}

/* --- messages ---------------------------------------------------------------------------------*/

static void on_hello(struct edge_link *l, struct cw_str instance)
{
    struct edge_links *links = l->links;
    struct edge_link *other, *next;
    for (other = TAILQ_FIRST(&links->list); other; other = next) {
        next = TAILQ_NEXT(other, entry);
        if (other != l && cw_str_eq(other->instance, instance) && is_up(other))
            drop(other, CW_S("the same gateway connected anew"));
    }
    l->instance = cw_arena_dup(&l->arena, instance);
    CW_LOG(&links->edge->log, CW_LOG_INFO, "link-up", CW_KV("gateway", l->name),
           CW_KV("instance", instance));
    edge_gateway_on_up(links->owner, l);
}

static void on_config(struct edge_link *l, uint64_t version, struct cw_str json)
{
    struct cw_arena arena = {0};
    struct cw_policy *policy = NULL;
    struct cw_str why = CW_STR_NONE;
    struct edge *edge = l->links->edge;
    if (cw_snapshot_read(json, &policy, &arena, &why) == CW_OK) {
        edge_set_policy(edge, policy);
        if (cw_snapshot_save(policy, edge->config.edge.state_dir.p, &arena, &why) != CW_OK)
            CW_LOG(&edge->log, CW_LOG_ERROR, "snapshot-not-saved", CW_KV("reason", why));
        why = CW_STR_NONE;
        cw_policy_unref(&policy);
    } else {
        CW_LOG(&edge->log, CW_LOG_ERROR, "snapshot-refused", CW_KV("reason", why));
    }
    cw_link_write_configured(&l->links->out, version, why);
    flush(l);
    cw_arena_free(&arena);
}

static void on_data(void *arg, struct cw_str bytes)
{
    struct edge_link *l = arg;
    struct edge_gateway *owner = l->links->owner;
    struct cw_link_event event;
    cw_link_feed(l->link, bytes);
    for (;;) {
        switch (cw_link_next(l->link, &event)) {
        case CW_LINK_MORE:
            return;
        case CW_LINK_HELLO:
            on_hello(l, event.instance);
            break;
        case CW_LINK_CONFIG:
            on_config(l, event.version, event.json);
            break;
        case CW_LINK_STANZA:
            edge_gateway_on_stanza(owner, l, event.n, event.stanza);
            break;
        case CW_LINK_OUTCOME:
            edge_gateway_on_outcome(owner, l, &event.outcome);
            break;
        case CW_LINK_ASK:
            edge_control_ask(l->links->edge, l, &l->replies, event.n, event.json);
            break;
        case CW_LINK_PING:
            break;
        case CW_LINK_CONFIGURED:
        case CW_LINK_ANSWER:
        case CW_LINK_ENDED:
        case CW_LINK_CLOSED:
            drop(l, CW_S("the gateway said goodbye"));
            return;
        case CW_LINK_BROKEN:
            drop(l, event.text);
            return;
        }
    }
}

/* --- connections ------------------------------------------------------------------------------*/

static void on_tick(void *arg)
{
    struct edge_links *links = arg;
    struct edge_link *l, *next;
    uint64_t now = cw_now_ms();
    for (l = TAILQ_FIRST(&links->list); l; l = next) {
        next = TAILQ_NEXT(l, entry);
        struct cw_str why = l->link ? cw_link_tick(l->link, now, &links->out) : CW_STR_NONE;
        if (cw_conn_queued(l->conn) > MAX_QUEUED_BYTES)
            why = CW_S("it does not read what is sent to it");
        flush(l);
        if (cw_str_is_present(why))
            drop(l, why);
    }
    if (links->n > 0)
        cw_timer_set(links->tick, CW_LINK_TICK_MS);
}

/* The other side is whom it claims to be: our header and hello. */
static void greet(struct edge_link *l)
{
    struct edge_links *links = l->links;
    l->link = cw_link_new(CW_LINK_EDGE, links->instance);
    (void)cw_link_tick(l->link, cw_now_ms(), &links->out);
    cw_link_write_open(l->link, &links->out);
    flush(l);
}

static void on_tls_up(void *arg, const struct cw_tls_facts *facts)
{
    struct edge_link *l = arg;
    struct cw_str name;
    struct cw_str refusal = cw_link_peer_refusal(&l->arena, &facts->cert, CW_ROLE_GATEWAY, &name);
    if (cw_str_is_present(refusal)) {
        drop(l, refusal);
        return;
    }
    l->name = name;
    greet(l);
}

static void on_closed(void *arg, enum cw_conn_end end, struct cw_str sentence)
{
    (void)end;
    drop(arg, sentence);
}

static void make_room(struct edge_links *links)
{
    struct edge_link *l;
    TAILQ_FOREACH (l, &links->list, entry) {
        if (!is_up(l)) {
            drop(l, CW_S("too many connections that have not said hello"));
            return;
        }
    }
}

static struct edge_link *take(struct edge_links *links, int fd, const struct cw_addr *peer)
{
    static const struct cw_conn_callbacks callbacks = {
        .on_data = on_data, .on_tls_up = on_tls_up, .on_closed = on_closed};
    if (links->n >= MAX_LINKS)
        make_room(links);
    if (links->n >= MAX_LINKS) {
        close(fd);
        return NULL;
    }
    struct edge_link *l = cw_alloc(sizeof *l);
    l->links = links;
    l->conn = cw_conn_accept(links->edge->base, fd, peer, &callbacks, l);
    TAILQ_INSERT_TAIL(&links->list, l, entry);
    links->n++;
    if (!cw_timer_is_set(links->tick))
        cw_timer_set(links->tick, CW_LINK_TICK_MS);
    return l;
}

static void on_accept_unix(void *arg, int fd, const struct cw_addr *peer)
{
    struct edge_link *l = take(arg, fd, peer);
    if (!l)
        return;
    l->name = CW_S("local");
    greet(l);
}

static void on_accept_tls(void *arg, int fd, const struct cw_addr *peer)
{
    struct edge_links *links = arg;
    struct edge_link *l = take(links, fd, peer);
    struct cw_tls_start start = {
        .ctx = links->tls, .is_server = true, .timeout_ms = TLS_TIMEOUT_MS};
    if (!l)
        return;
    l->name = cw_addr_text(&l->arena, peer);
    cw_conn_start_tls(l->conn, &start);
}

/* --- life -------------------------------------------------------------------------------------*/

static struct cw_tls_ctx *load(const struct edge *edge, struct cw_buf *why)
{
    struct cw_tls_ctx *ctx =
        cw_bundle_load(edge->config.edge.link_certificate.p, CW_ROLE_EDGE, why);
    if (ctx && cw_bundle_days_left(ctx) < CW_BUNDLE_WARN_DAYS)
        CW_LOG(&edge->log, CW_LOG_WARN, "link-certificate-expires",
               CW_KV("file", edge->config.edge.link_certificate),
               CW_KVI("days", cw_bundle_days_left(ctx)));
    return ctx;
}

void edge_links_reload(struct edge_links *links)
{
    struct cw_buf why = {0};
    struct cw_tls_ctx *fresh;
    if (!links->tls)
        return;
    fresh = load(links->edge, &why);
    if (fresh) {
        cw_tls_ctx_free(&links->tls);
        links->tls = fresh;
    } else {
        CW_LOG(&links->edge->log, CW_LOG_ERROR, "link-certificate-refused",
               CW_KV("reason", cw_buf_str(&why)));
    }
    cw_buf_free(&why);
}

static bool listen_all(struct edge_links *links, struct cw_buf *why)
{
    const struct cw_edge_config *config = &links->edge->config.edge;
    struct event_base *base = links->edge->base;
    links->listeners = cw_alloc((config->n_link_listen + 1) * sizeof *links->listeners);
    links->listeners[0] =
        cw_listener_new_unix(base, config->link_socket.p, 0660, on_accept_unix, links, why);
    links->n_listeners = 1;
    if (!links->listeners[0])
        return false;
    for (size_t i = 0; i < config->n_link_listen; i++) {
        struct cw_addr addr;
        if (!cw_addr_parse(config->link_listen[i].ip, config->link_listen[i].port, &addr))
            return false;
        struct cw_listener *listener = cw_listener_new(base, &addr, on_accept_tls, links, why);
        if (!listener)
            return false;
        links->listeners[links->n_listeners++] = listener;
    }
    return true;
}

struct edge_links *edge_links_new(struct edge *edge, struct edge_gateway *owner,
                                  struct cw_str instance, struct cw_buf *why)
{
    struct edge_links *links = cw_alloc(sizeof *links);
    links->edge = edge;
    links->owner = owner;
    links->instance = instance;
    links->tick = cw_timer_new(edge->base, on_tick, links);
    TAILQ_INIT(&links->list);
    if (edge->config.edge.n_link_listen > 0)
        links->tls = load(edge, why);
    if ((edge->config.edge.n_link_listen > 0 && !links->tls) || !listen_all(links, why))
        edge_links_free(&links);
    return links;
}

void edge_links_free(struct edge_links **ptr)
{
    struct edge_links *links = *ptr;
    struct edge_link *l;
    *ptr = NULL;
    if (!links)
        return;
    while ((l = TAILQ_FIRST(&links->list)))
        drop(l, CW_S("this edge is going down"));
    for (size_t i = 0; i < links->n_listeners; i++)
        cw_listener_free(&links->listeners[i]);
    cw_free(links->listeners);
    cw_tls_ctx_free(&links->tls);
    cw_timer_free(&links->tick);
    cw_buf_free(&links->out);
    cw_free(links);
}
