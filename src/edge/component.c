/* Components that attach to the edge (XEP-0114): other servers of ours, each with a domain of its
 * own.  The machine (link/component.h) says who they are and checks what they write; here are the
 * sockets, the register of domains, and the errors for what cannot be delivered.
 *
 * A component's domain is a local domain: partners reach it by the same listing, negotiation and
 * limits as every other, on streams of its own.  What its users may do is the component's to say;
 * partner types and contacts are the gateway's, and are not asked. */
#include <unistd.h>

#include "base/secret.h"
#include "edge/edge_priv.h"
#include "link/component.h"
#include "xmpp/jid.h"

enum {
    TICK_MS = 2500,
    PING_MS = 60000, /* white space: a component that is gone is noticed by TCP */
    CLOSE_DEADLINE_MS = 2000,
    MAX_CONNECTIONS = 256,
    MAX_QUEUED_BYTES = 16 * 1024 * 1024, /* a component that does not read */
};

struct edge_component {
    TAILQ_ENTRY(edge_component) link;
    struct edge_components *all;
    struct cw_conn *conn;
    struct cw_component *machine;
    struct cw_buf out;
    struct cw_arena arena;
    struct cw_log_ctx log;
    const struct cw_component_account *account; /* accepted for it; NULL before */
    uint64_t since_ms, pinged_ms;
    bool is_over; /* the last word was said */
};

struct edge_components {
    struct edge *edge;
    struct cw_component_account *accounts;
    size_t n_accounts;
    struct cw_listener **listeners;
    size_t n_listeners;
    TAILQ_HEAD(, edge_component) list;
    size_t n;
    struct cw_map connected; /* domain, A-labels -> struct edge_component */
    struct cw_timer *tick;
};

static void flush(struct edge_component *c)
{
    cw_conn_write(c->conn, cw_buf_str(&c->out));
    cw_buf_reset(&c->out);
}

/* Its domain is free again. */
static void unregister(struct edge_component *c)
{
    if (!c->account)
        return;
    cw_map_remove(&c->all->connected, c->account->domain);
    c->account = NULL;
}

static void end(struct edge_component *c)
{
    unregister(c);
    TAILQ_REMOVE(&c->all->list, c, link);
    c->all->n--;
    cw_conn_free(&c->conn);
    cw_component_free(&c->machine);
    cw_buf_free(&c->out);
    cw_arena_free(&c->arena);
    cw_free(c);
}

/* --- from the component -----------------------------------------------------------------------*/

static void on_ready(struct edge_component *c, const struct cw_component_account *account)
{
    if (cw_map_get(&c->all->connected, account->domain)) {
        cw_component_refuse(c->machine, CW_STREAM_CONFLICT,
                            "A component of that name is connected already.");
        return;
    }
    c->account = account;
    cw_map_set(&c->all->connected, account->domain, c);
    cw_component_accept(c->machine);
    CW_LOG(&c->log, CW_LOG_INFO, "component-up", CW_KV("domain", account->domain));
}

static void on_over(struct edge_component *c, const struct cw_component_event *event)
{
    CW_LOG(&c->log, c->account ? CW_LOG_INFO : CW_LOG_WARN,
           c->account ? "component-down" : "component-refused",
           CW_KV("domain", c->account ? c->account->domain : CW_STR_NONE),
           CW_KVC("error", event->has_error ? cw_stream_error_name(event->error) : "none"),
           CW_KV("reason", event->text));
    unregister(c);
    c->is_over = true;
    flush(c);
    cw_conn_close(c->conn, CLOSE_DEADLINE_MS);
}

/* What the machine has to tell. */
static void attend(struct edge_component *c)
{
    struct cw_component_event event;
    while (!c->is_over) {
        switch (cw_component_next(c->machine, &event)) {
        case CW_COMPONENT_MORE:
            flush(c);
            return;
        case CW_COMPONENT_READY:
            on_ready(c, event.account);
            break;
        case CW_COMPONENT_STANZA:
            edge_route_own(c->all->edge, event.stanza);
            break;
        case CW_COMPONENT_CLOSED:
            on_over(c, &event);
            break;
        }
    }
}

static void refuse(struct edge_component *c, enum cw_stream_error error, const char *text)
{
    cw_component_refuse(c->machine, error, text);
    attend(c);
}

static void on_data(void *arg, struct cw_str bytes)
{
    struct edge_component *c = arg;
    if (c->is_over)
        return;
    cw_component_feed(c->machine, bytes);
    attend(c);
}

static void on_closed(void *arg, enum cw_conn_end why, struct cw_str sentence)
{
    struct edge_component *c = arg;
    (void)why;
    if (c->account)
        CW_LOG(&c->log, CW_LOG_WARN, "component-down", CW_KV("domain", c->account->domain),
               CW_KV("reason", sentence));
    end(c);
}

/* --- from partners ----------------------------------------------------------------------------*/

bool edge_component_serves(const struct edge *edge, struct cw_str domain)
{
    const struct edge_components *all = edge->components;
    for (size_t i = 0; all && i < all->n_accounts; i++)
        if (cw_str_eq(all->accounts[i].domain, domain))
            return true;
    return false;
}

void edge_component_deliver(struct edge *edge, struct cw_str domain, const struct cw_xml *stanza)
{
    struct edge_component *c = cw_map_get(&edge->components->connected, domain);
    if (c && cw_conn_queued(c->conn) > MAX_QUEUED_BYTES) {
        edge_bounce(edge, stanza, CW_STANZA_RESOURCE_CONSTRAINT,
                    CW_S("the component does not read what is sent to it"));
        return;
    }
    if (!c) {
        edge_bounce(edge, stanza, CW_STANZA_RECIPIENT_UNAVAILABLE,
                    CW_S("the component is not connected"));
        return;
    }
    cw_component_write_stanza(c->machine, stanza);
    flush(c);
}

/* The same words as for a SIP sender (gateway/s2x.c), by RFC 7247's table. */
static enum cw_stanza_error condition_of(enum cw_link_reason reason)
{
    switch (reason) {
    case CW_LINK_REASON_NOT_LISTED:
        return CW_STANZA_FORBIDDEN;
    case CW_LINK_REASON_NOT_FOUND:
        return CW_STANZA_REMOTE_SERVER_NOT_FOUND;
    case CW_LINK_REASON_UNREACHABLE:
    case CW_LINK_REASON_REFUSED:
    case CW_LINK_REASON_TIMEOUT:
    case CW_LINK_REASON_STREAM_FAILED:
        return CW_STANZA_REMOTE_SERVER_TIMEOUT;
    case CW_LINK_REASON_QUEUE_FULL:
    case CW_LINK_REASON_LIMIT:
        return CW_STANZA_RESOURCE_CONSTRAINT;
    case CW_LINK_REASON_TOO_LARGE:
        return CW_STANZA_POLICY_VIOLATION;
    case CW_LINK_REASON_SHUTDOWN:
        return CW_STANZA_RECIPIENT_UNAVAILABLE;
    case CW_LINK_REASON_NONE:
        break;
    }
    return CW_STANZA_UNDEFINED_CONDITION;
}

/* It writes and does not read: there is no way to tell it anything. */
static void give_up(struct edge_component *c)
{
    CW_LOG(&c->log, CW_LOG_WARN, "component-stuck", CW_KV("domain", c->account->domain),
           CW_KVI("queued", cw_conn_queued(c->conn)));
    unregister(c);
    c->is_over = true;
    cw_conn_abort(c->conn);
}

void edge_component_undelivered(struct edge *edge, const struct cw_xml *stanza,
                                enum cw_link_reason reason, struct cw_str text)
{
    struct cw_arena arena = {0};
    struct cw_jid from;
    struct cw_str domain;
    struct edge_component *c = NULL;
    struct cw_xml *reply;
    if (!edge->components || edge->components->connected.n == 0)
        return;
    if (cw_jid_parse(&arena, cw_xml_attr(stanza, "from"), &from) == CW_JID_OK &&
        cw_domain_to_ascii(&arena, from.domain, &domain))
        c = cw_map_get(&edge->components->connected, domain);
    if (c && cw_conn_queued(c->conn) > MAX_QUEUED_BYTES) {
        give_up(c);
        c = NULL;
    }
    reply = c ? cw_stanza_error_reply(&arena, stanza, condition_of(reason), text) : NULL;
    if (reply) {
        cw_component_write_stanza(c->machine, reply);
        flush(c);
    }
    cw_arena_free(&arena);
}

/* --- life -------------------------------------------------------------------------------------*/

static void on_tick(void *arg)
{
    struct edge_components *all = arg;
    struct edge_component *c, *next;
    uint64_t now = cw_now_ms();
    for (c = TAILQ_FIRST(&all->list); c; c = next) {
        next = TAILQ_NEXT(c, link);
        if (c->is_over)
            continue;
        if (!c->account && now - c->since_ms >= CW_COMPONENT_HANDSHAKE_MS) {
            refuse(c, CW_STREAM_CONNECTION_TIMEOUT, "The handshake did not come in time.");
        } else if (c->account && now - c->pinged_ms >= PING_MS) {
            c->pinged_ms = now;
            cw_conn_write(c->conn, CW_S(" "));
        }
    }
    if (all->n > 0)
        cw_timer_set(all->tick, TICK_MS);
}

static void on_accept(void *arg, int fd, const struct cw_addr *peer)
{
    static const struct cw_conn_callbacks callbacks = {.on_data = on_data, .on_closed = on_closed};
    struct edge_components *all = arg;
    if (all->n >= MAX_CONNECTIONS) {
        close(fd);
        return;
    }
    struct edge_component *c = cw_alloc(sizeof *c);
    c->all = all;
    c->since_ms = c->pinged_ms = cw_now_ms();
    c->log = all->edge->log;
    c->log.id = cw_random_hex(&c->arena, 16);
    c->machine = cw_component_new(all->accounts, all->n_accounts, c->log.id, &c->out);
    c->conn = cw_conn_accept(all->edge->base, fd, peer, &callbacks, c);
    TAILQ_INSERT_TAIL(&all->list, c, link);
    all->n++;
    if (!cw_timer_is_set(all->tick))
        cw_timer_set(all->tick, TICK_MS);
}

static bool listen_all(struct edge_components *all, struct cw_buf *why)
{
    const struct cw_edge_config *config = &all->edge->config.edge;
    all->listeners = cw_alloc((config->n_component_listen + 1) * sizeof *all->listeners);
    for (size_t i = 0; i < config->n_component_listen; i++) {
        struct cw_addr addr;
        const struct cw_endpoint *at = &config->component_listen[i];
        struct cw_listener *listener =
            cw_addr_parse(at->ip, at->port, &addr)
                ? cw_listener_new(all->edge->base, &addr, on_accept, all, why)
                : NULL;
        if (!listener)
            return false;
        all->listeners[all->n_listeners++] = listener;
    }
    return true;
}

bool edge_components_start(struct edge *edge, struct cw_buf *why)
{
    const struct cw_edge_config *config = &edge->config.edge;
    struct edge_components *all = cw_alloc(sizeof *all);
    edge->components = all;
    all->edge = edge;
    all->n_accounts = config->n_components;
    all->accounts = cw_alloc((config->n_components + 1) * sizeof *all->accounts);
    for (size_t i = 0; i < config->n_components; i++)
        all->accounts[i] = (struct cw_component_account){config->components[i].domain,
                                                         config->components[i].secret};
    TAILQ_INIT(&all->list);
    all->tick = cw_timer_new(edge->base, on_tick, all);
    return listen_all(all, why);
}

void edge_components_shutdown(struct edge *edge)
{
    struct edge_component *c, *next;
    for (c = TAILQ_FIRST(&edge->components->list); c; c = next) {
        next = TAILQ_NEXT(c, link);
        if (!c->is_over)
            refuse(c, CW_STREAM_SYSTEM_SHUTDOWN, "This server is going down.");
    }
}

void edge_components_free(struct edge *edge)
{
    struct edge_components *all = edge->components;
    struct edge_component *c;
    edge->components = NULL;
    if (!all)
        return;
    while ((c = TAILQ_FIRST(&all->list)))
        end(c);
    for (size_t i = 0; i < all->n_listeners; i++)
        cw_listener_free(&all->listeners[i]);
    cw_free(all->listeners);
    cw_map_free(&all->connected);
    cw_timer_free(&all->tick);
    cw_free(all->accounts);
    cw_free(all);
}
