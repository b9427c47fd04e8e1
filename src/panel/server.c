/* Connections of browsers, scripts and the command line: TLS or the Unix socket, read by the guard,
 * one request at a time.  Whoever is slow, silent or many is let go:
 *
 *     handshake 10 s, a head 10 s from its first byte, a body 30 s, an answer that nobody takes
 *     30 s, between two requests 60 s; so many connections of one address, and together */
#include <errno.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/map.h"
#include "io/conn.h"
#include "io/listener.h"
#include "io/tls.h"
#include "panel/server_priv.h"

enum {
    HEAD_MS = 10000,
    BODY_MS = 30000,
    WRITE_MS = 30000,
    IDLE_MS = 60000,
    GOODBYE_MS = 2000,
    MAX_KEPT = 16 << 10, /* of further requests, while one is answered */
    MAX_GROUPS = 64,
};

struct count {
    unsigned n;
};

struct panel_conn {
    TAILQ_ENTRY(panel_conn) link;
    struct panel_server *server;
    struct cw_conn *conn;
    struct cw_http_guard *guard;
    enum cw_http_verdict verdict;
    struct panel_exchange *exchange; /* NULL: none is being answered */
    struct cw_timer *timer;
    struct cw_timer *next_timer; /* the next request is read from the loop, not from an answer */
    struct cw_arena arena;
    struct panel_peer peer;
    bool said_continue, is_closing;
    bool is_answered; /* the guard has the old request still, until next_timer */
};

struct panel_server {
    struct panel *panel;
    struct cw_tls_ctx *tls;
    struct cw_listener **listeners;
    size_t n_listeners;
    TAILQ_HEAD(, panel_conn) conns;
    unsigned n_conns;
    struct cw_map per_address;
};

/* --- the end of a connection ------------------------------------------------------------------*/

static void forget_address(struct panel_conn *c)
{
    struct count *count = cw_map_get(&c->server->per_address, c->peer.address);
    if (c->peer.is_unix || !count || --count->n > 0)
        return;
    cw_map_remove(&c->server->per_address, c->peer.address);
    cw_free(count);
}

static void end(struct panel_conn *c)
{
    TAILQ_REMOVE(&c->server->conns, c, link);
    c->server->n_conns--;
    if (c->exchange)
        panel_exchange_leave(c->exchange);
    forget_address(c);
    cw_timer_free(&c->timer);
    cw_timer_free(&c->next_timer);
    cw_conn_free(&c->conn);
    cw_http_guard_free(&c->guard);
    cw_arena_free(&c->arena);
    cw_free(c);
}

/* What was written goes out first. */
static void close_soon(struct panel_conn *c)
{
    c->is_closing = true;
    cw_timer_stop(c->timer);
    cw_conn_resume(c->conn);
    cw_conn_close(c->conn, GOODBYE_MS);
}

static void on_timeout(void *arg)
{
    end(arg);
}

/* --- reading ----------------------------------------------------------------------------------*/

/* The bytes could not be read: an answer without anything of theirs. */
static void refuse(struct panel_conn *c)
{
    struct cw_buf body = {0}, head = {0};
    int status = cw_http_guard_status(c->guard);
    CW_LOG(&c->server->panel->log, CW_LOG_INFO, "request-refused", CW_KVI("status", status),
           CW_KVC("reason", cw_http_guard_reason(c->guard)),
           CW_KV("address", c->peer.is_unix ? CW_S("unix") : c->peer.address));
    cw_buf_printf(&body,
                  "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
                  panel_status_text(status), status, cw_http_guard_reason(c->guard));
    cw_buf_printf(&head,
                  "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\n"
                  "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                  "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                  "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                  status, panel_status_text(status), body.n);
    cw_conn_write(c->conn, cw_buf_str(&head));
    cw_conn_write(c->conn, cw_buf_str(&body));
    cw_buf_free(&head);
    cw_buf_free(&body);
    close_soon(c);
}

static void judge(struct panel_conn *c, enum cw_http_verdict verdict)
{
    enum cw_http_verdict before = c->verdict;
    c->verdict = verdict;
    switch (verdict) {
    case CW_HTTP_IDLE:
        break;
    case CW_HTTP_HEAD:
        if (before != CW_HTTP_HEAD)
            cw_timer_set(c->timer, HEAD_MS);
        break;
    case CW_HTTP_BODY:
        if (before != CW_HTTP_BODY)
            cw_timer_set(c->timer, BODY_MS);
        if (cw_http_guard_wants_continue(c->guard) && !c->said_continue)
            cw_conn_write(c->conn, CW_S("HTTP/1.1 100 Continue\r\n\r\n"));
        c->said_continue = true;
        break;
    case CW_HTTP_WHOLE:
        if (c->exchange || c->is_answered)
            break;
        cw_timer_stop(c->timer);
        c->exchange =
            panel_exchange_new(c->server->panel, c, &c->peer, cw_http_guard_request(c->guard));
        panel_request(c->exchange);
        break;
    case CW_HTTP_REFUSED:
        refuse(c);
        break;
    }
}

static void on_data(void *arg, struct cw_str bytes)
{
    struct panel_conn *c = arg;
    if (c->is_closing)
        return;
    judge(c, cw_http_guard_feed(c->guard, bytes));
    if ((c->exchange || c->is_answered) && cw_http_guard_kept(c->guard) > MAX_KEPT)
        cw_conn_pause(c->conn);
}

static void on_next(void *arg)
{
    struct panel_conn *c = arg;
    if (c->is_closing)
        return;
    cw_conn_resume(c->conn);
    c->is_answered = false;
    c->said_continue = false;
    c->verdict = CW_HTTP_IDLE;
    cw_timer_set(c->timer, IDLE_MS);
    judge(c, cw_http_guard_next(c->guard));
}

static void on_closed(void *arg, enum cw_conn_end why, struct cw_str sentence)
{
    (void)why;
    (void)sentence;
    end(arg);
}

static void on_tls_up(void *arg, const struct cw_tls_facts *facts)
{
    struct panel_conn *c = arg;
    (void)facts;
    cw_timer_set(c->timer, HEAD_MS);
}

/* Whoever takes nothing of an answer for so long is gone. */
static void on_flushed(void *arg)
{
    struct panel_conn *c = arg;
    if (c->exchange && !c->is_closing)
        cw_timer_set(c->timer, WRITE_MS);
}

static void on_drained(void *arg)
{
    struct panel_conn *c = arg;
    if (c->exchange)
        cw_timer_stop(c->timer);
}

/* --- answering --------------------------------------------------------------------------------*/

void panel_conn_write(struct panel_conn *c, struct cw_str bytes)
{
    if (cw_conn_queued(c->conn) == 0)
        cw_timer_set(c->timer, WRITE_MS);
    cw_conn_write(c->conn, bytes);
}

size_t panel_conn_waiting(const struct panel_conn *c)
{
    return cw_conn_queued(c->conn);
}

void panel_conn_answered(struct panel_conn *c, bool keeps_alive)
{
    c->exchange = NULL;
    c->is_answered = true;
    if (keeps_alive && !c->is_closing)
        cw_timer_set(c->next_timer, 0);
    else
        close_soon(c);
}

/* --- accepting --------------------------------------------------------------------------------*/

/* root, the account that this process runs as, or a member of its group. */
static bool read_credentials(int fd, struct panel_peer *peer)
{
    struct ucred cred;
    gid_t groups[MAX_GROUPS];
    socklen_t n = sizeof cred, n_groups = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0)
        return false;
    peer->is_unix = true;
    peer->uid = cred.uid;
    peer->is_administrator = cred.uid == 0 || cred.uid == geteuid() || cred.gid == getegid();
#ifdef SO_PEERGROUPS
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n_groups) == 0)
        for (size_t i = 0; i < n_groups / sizeof *groups; i++)
            peer->is_administrator = peer->is_administrator || groups[i] == getegid();
#endif
    return true;
}

static bool has_room(struct panel_server *server, struct cw_str address)
{
    const struct cw_panel_config *config = &server->panel->config.panel;
    const struct count *count = cw_map_get(&server->per_address, address);
    return server->n_conns < config->max_connections &&
           (!count || count->n < config->max_per_address);
}

static void count_address(struct panel_server *server, struct cw_str address)
{
    struct count *count = cw_map_get(&server->per_address, address);
    if (!count) {
        count = cw_alloc(sizeof *count);
        cw_map_set(&server->per_address, address, count);
    }
    count->n++;
}

static struct panel_conn *take(struct panel_server *server, int fd, const struct cw_addr *peer)
{
    static const struct cw_conn_callbacks callbacks = {.on_data = on_data,
                                                       .on_tls_up = on_tls_up,
                                                       .on_flushed = on_flushed,
                                                       .on_drained = on_drained,
                                                       .on_closed = on_closed};
    struct panel_conn *c = cw_alloc(sizeof *c);
    c->server = server;
    c->guard = cw_http_guard_new(&(struct cw_http_limits){.max_body = 8u << 20});
    c->timer = cw_timer_new(server->panel->base, on_timeout, c);
    c->next_timer = cw_timer_new(server->panel->base, on_next, c);
    c->conn = cw_conn_accept(server->panel->base, fd, peer, &callbacks, c);
    TAILQ_INSERT_TAIL(&server->conns, c, link);
    server->n_conns++;
    cw_timer_set(c->timer, HEAD_MS);
    return c;
}

static void on_accept_tls(void *arg, int fd, const struct cw_addr *peer)
{
    struct panel_server *server = arg;
    struct cw_arena arena = {0};
    struct cw_str address = cw_addr_ip(&arena, peer);
    if (!has_room(server, address)) {
        CW_LOG(&server->panel->log, CW_LOG_WARN, "connection-refused", CW_KV("address", address),
               CW_KVC("reason", "too many connections"));
        close(fd);
        cw_arena_free(&arena);
        return;
    }
    struct panel_conn *c = take(server, fd, peer);
    struct cw_addr local = cw_conn_local(c->conn);
    c->peer.address = cw_arena_dup(&c->arena, address);
    c->peer.local = cw_addr_ip(&c->arena, &local);
    count_address(server, address);
    cw_arena_free(&arena);
    cw_conn_start_tls(c->conn, &(struct cw_tls_start){.ctx = server->tls,
                                                      .is_server = true,
                                                      .alpn = "http/1.1",
                                                      .timeout_ms = HEAD_MS});
}

static void on_accept_unix(void *arg, int fd, const struct cw_addr *peer)
{
    struct panel_server *server = arg;
    struct panel_peer credentials = {.address = CW_STR("")};
    if (!read_credentials(fd, &credentials) ||
        server->n_conns >= 2 * server->panel->config.panel.max_connections) {
        close(fd);
        return;
    }
    take(server, fd, peer)->peer = credentials;
}

/* --- the server -------------------------------------------------------------------------------*/

bool panel_server_load_certificate(struct panel_server *server, struct cw_buf *why)
{
    struct cw_str certificate, key;
    if (!panel_certificate_paths(server->panel, &certificate, &key, why))
        return false;
    struct cw_tls_ctx *fresh = cw_tls_ctx_new(&(struct cw_tls_options){.cert_file = certificate.p,
                                                                       .key_file = key.p,
                                                                       .asks_no_certificate = true},
                                              why);
    if (!fresh)
        return false;
    cw_tls_ctx_free(&server->tls);
    server->tls = fresh;
    return true;
}

static bool listen_on(struct panel_server *server, const struct cw_endpoint *where,
                      struct cw_buf *why)
{
    struct cw_addr address;
    if (!cw_addr_parse(where->ip, where->port, &address))
        return false;
    struct cw_listener *listener =
        cw_listener_new(server->panel->base, &address, on_accept_tls, server, why);
    if (!listener)
        return false;
    server->listeners[server->n_listeners++] = listener;
    return true;
}

struct panel_server *panel_server_new(struct panel *panel, struct cw_buf *why)
{
    const struct cw_panel_config *config = &panel->config.panel;
    struct panel_server *server = cw_alloc(sizeof *server);
    server->panel = panel;
    server->listeners = cw_alloc((config->n_listen + 1) * sizeof(struct cw_listener *));
    TAILQ_INIT(&server->conns);
    bool ok = panel_server_load_certificate(server, why);
    for (size_t i = 0; ok && i < config->n_listen; i++)
        ok = listen_on(server, &config->listen[i], why);
    struct cw_listener *local =
        ok ? cw_listener_new_unix(panel->base, config->socket.p, 0660, on_accept_unix, server, why)
           : NULL;
    if (local)
        server->listeners[server->n_listeners++] = local;
    else
        panel_server_free(&server);
    return server;
}

static void free_count(struct cw_str key, void *count, void *arg)
{
    (void)key;
    (void)arg;
    cw_free(count);
}

void panel_server_free(struct panel_server **at)
{
    struct panel_server *server = *at;
    if (!server)
        return;
    for (size_t i = 0; i < server->n_listeners; i++)
        cw_listener_free(&server->listeners[i]);
    while (!TAILQ_EMPTY(&server->conns))
        end(TAILQ_FIRST(&server->conns));
    cw_map_each(&server->per_address, free_count, NULL);
    cw_map_free(&server->per_address);
    cw_tls_ctx_free(&server->tls);
    cw_free(server->listeners);
    cw_free(server);
    *at = NULL;
}
