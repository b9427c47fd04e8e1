/* One connection: its bytes are read by the guard, one request at a time, and the next one is read
 * when the answer before it has left.  So a client that sends and takes nothing costs one answer's
 * memory, and whoever is slow is let go:
 *
 *     handshake 10 s, a head 10 s from its first byte, a body 30 s, between two requests 60 s;
 *     of an answer 64 KiB must be taken in 30 s, or what there is of it
 *
 *     IDLE --> HEAD --> BODY --> WHOLE: an exchange --> answered: bytes leave --> IDLE
 *
 * Every whole request is answered once, or its connection ends. */
#include "api/rest.h"
#include "io/tls.h"
#include "panel/server_priv.h"

enum {
    HEAD_MS = 10000,
    BODY_MS = 30000,
    TAKE_MS = 30000,
    TAKE_BYTES = 64 << 10,
    IDLE_MS = 60000,
    GOODBYE_MS = 2000,
    MAX_KEPT = 16 << 10, /* of further requests, while one is answered */
    MAX_BODY = 8 << 20,
};

/* --- the end ----------------------------------------------------------------------------------*/

void panel_conn_end(struct panel_conn *c)
{
    if (c->exchange)
        panel_exchange_leave(c->exchange);
    panel_server_forget(c);
    cw_timer_free(&c->timer);
    cw_conn_free(&c->conn);
    cw_http_guard_free(&c->guard);
    cw_arena_free(&c->arena);
    cw_free(c);
}

static void on_timeout(void *arg)
{
    panel_conn_end(arg);
}

static void on_closed(void *arg, enum cw_conn_end why, struct cw_str sentence)
{
    (void)why;
    (void)sentence;
    panel_conn_end(arg);
}

static void say_goodbye(struct panel_conn *c)
{
    c->is_closing = true;
    cw_timer_stop(c->timer);
    cw_conn_resume(c->conn);
    cw_conn_close(c->conn, GOODBYE_MS);
}

void panel_conn_wind_up(struct panel_conn *c)
{
    c->is_last = true;
    if (c->exchange)
        c->exchange->request.keeps_alive = false;
    if (panel_conn_is_idle(c))
        say_goodbye(c);
}

bool panel_conn_is_idle(const struct panel_conn *c)
{
    return !c->exchange && !c->is_answered && !c->is_closing;
}

/* --- reading ----------------------------------------------------------------------------------*/

/* An answer without anything of the request's. */
static void refuse(struct panel_conn *c, int status, const char *reason)
{
    struct cw_buf body = {0}, answer = {0};
    CW_LOG(&c->server->panel->log, CW_LOG_INFO, "request-refused", CW_KVI("status", status),
           CW_KVC("reason", reason),
           CW_KV("address", c->peer.is_unix ? CW_S("unix") : c->peer.address));
    cw_buf_printf(&body,
                  "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}",
                  cw_rest_status_text(status), status, reason);
    cw_buf_printf(&answer,
                  "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\n"
                  "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                  "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                  "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                  status, cw_rest_status_text(status), body.n);
    cw_buf_puts(&answer, cw_buf_str(&body));
    cw_conn_write(c->conn, cw_buf_str(&answer));
    cw_buf_free(&answer);
    cw_buf_free(&body);
    say_goodbye(c);
}

static void begin_body(struct panel_conn *c)
{
    if (!panel_server_promise(c->server, c, cw_http_guard_body_bytes(c->guard))) {
        refuse(c, 503, "Too many large bodies are being sent at once; try again.");
        return;
    }
    cw_timer_set(c->timer, BODY_MS);
    if (cw_http_guard_wants_continue(c->guard))
        cw_conn_write(c->conn, CW_S("HTTP/1.1 100 Continue\r\n\r\n"));
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
            begin_body(c);
        break;
    case CW_HTTP_WHOLE:
        cw_timer_stop(c->timer);
        c->exchange =
            panel_exchange_new(c->server->panel, c, &c->peer, cw_http_guard_request(c->guard));
        panel_request(c->exchange);
        break;
    case CW_HTTP_REFUSED:
        refuse(c, cw_http_guard_status(c->guard), cw_http_guard_reason(c->guard));
        break;
    }
}

static void on_data(void *arg, struct cw_str bytes)
{
    struct panel_conn *c = arg;
    if (c->is_closing)
        return;
    enum cw_http_verdict verdict = cw_http_guard_feed(c->guard, bytes);
    if (!c->exchange && !c->is_answered)
        judge(c, verdict);
    if ((c->exchange || c->is_answered) && cw_http_guard_kept(c->guard) > MAX_KEPT)
        cw_conn_pause(c->conn);
}

static void on_tls_up(void *arg, const struct cw_tls_facts *facts)
{
    struct panel_conn *c = arg;
    (void)facts;
    cw_timer_set(c->timer, HEAD_MS);
}

/* --- answering --------------------------------------------------------------------------------*/

static void expect_taking(struct panel_conn *c)
{
    c->taken = cw_conn_flushed_total(c->conn);
    cw_timer_set(c->timer, TAKE_MS);
}

static void read_next(struct panel_conn *c)
{
    c->is_answered = false;
    c->verdict = CW_HTTP_IDLE;
    panel_server_promise(c->server, c, 0);
    cw_conn_resume(c->conn);
    cw_timer_set(c->timer, IDLE_MS);
    judge(c, cw_http_guard_next(c->guard));
}

static void on_flushed(void *arg)
{
    struct panel_conn *c = arg;
    bool is_answer = c->exchange || c->is_answered;
    if (is_answer && cw_conn_flushed_total(c->conn) - c->taken >= TAKE_BYTES)
        expect_taking(c);
}

static void on_drained(void *arg)
{
    struct panel_conn *c = arg;
    if (c->exchange)
        cw_timer_stop(c->timer);
    else if (c->is_answered && c->is_last)
        say_goodbye(c);
    else if (c->is_answered)
        read_next(c);
}

void panel_conn_write(struct panel_conn *c, struct cw_str bytes)
{
    if (cw_conn_queued(c->conn) == 0)
        expect_taking(c);
    cw_conn_write(c->conn, bytes);
}

size_t panel_conn_waiting(const struct panel_conn *c)
{
    return cw_conn_queued(c->conn);
}

/* All of the answer may have left before its end was known: of one in parts, to HTTP/1.0. */
void panel_conn_answered(struct panel_conn *c, bool keeps_alive)
{
    c->exchange = NULL;
    c->is_answered = true;
    c->is_last = c->is_last || !keeps_alive;
    if (c->is_last && cw_conn_queued(c->conn) == 0)
        say_goodbye(c);
}

/* --- the beginning ----------------------------------------------------------------------------*/

struct panel_conn *panel_conn_new(struct panel_server *server, int fd, const struct cw_addr *from,
                                  const struct panel_peer *peer)
{
    static const struct cw_conn_callbacks callbacks = {.on_data = on_data,
                                                       .on_tls_up = on_tls_up,
                                                       .on_flushed = on_flushed,
                                                       .on_drained = on_drained,
                                                       .on_closed = on_closed};
    struct panel_conn *c = cw_alloc(sizeof *c);
    c->server = server;
    c->guard = cw_http_guard_new(&(struct cw_http_limits){.max_body = MAX_BODY});
    c->timer = cw_timer_new(server->panel->base, on_timeout, c);
    c->conn = cw_conn_accept(server->panel->base, fd, from, &callbacks, c);
    c->peer = *peer;
    c->peer.address = cw_arena_dup(&c->arena, peer->address);
    c->peer.site = cw_arena_dup(&c->arena, peer->site);
    c->peer.local = cw_arena_dup(&c->arena, peer->local);
    cw_timer_set(c->timer, HEAD_MS);
    if (!peer->is_unix)
        cw_conn_start_tls(c->conn, &(struct cw_tls_start){.ctx = server->tls,
                                                          .is_server = true,
                                                          .alpn = "http/1.1",
                                                          .timeout_ms = HEAD_MS});
    return c;
}
