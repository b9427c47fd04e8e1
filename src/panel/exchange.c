/* One request and its answer; see panel_priv.h.  Every answer has the headers that keep a browser
 * from doing more with it than it is meant for. */
#include <stdlib.h>
#include <time.h>

#include "api/rest.h"
#include "panel/panel_priv.h"
#include "panel/server_priv.h"

#define SECURITY_HEADERS                                                                 \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; " \
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "    \
    "frame-ancestors 'none'; base-uri 'none'\r\n"                                        \
    "Strict-Transport-Security: max-age=31536000\r\n"                                    \
    "X-Content-Type-Options: nosniff\r\n"                                                \
    "X-Frame-Options: DENY\r\n"                                                          \
    "Referrer-Policy: no-referrer\r\n"                                                   \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                        \
    "Cross-Origin-Embedder-Policy: require-corp\r\n"                                     \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                      \
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"

void panel_header(struct panel_exchange *x, const char *name, struct cw_str value)
{
    /* A line of the answer's head is one line, whatever went into it (W16). */
    cw_assert(cw_str_index(value, '\r') < 0 && cw_str_index(value, '\n') < 0);
    cw_buf_printf(&x->headers, "%s: %.*s\r\n", name, CW_ARG(value));
}

static void log_it(const struct panel_exchange *x, int status)
{
    bool is_safe = panel_method_is_safe(x->request.method);
    CW_LOG(&x->panel->log, is_safe ? CW_LOG_DEBUG : CW_LOG_INFO, "request",
           CW_KV("method", x->request.method), CW_KV("path", x->request.path),
           CW_KVI("status", status), CW_KV("who", cw_str_is_present(x->who) ? x->who : CW_S("-")),
           CW_KV("address", x->peer.is_unix ? CW_S("unix") : x->peer.address),
           CW_KVI("ms", cw_now_ms() - x->since_ms));
}

static void put_date(struct cw_buf *head)
{
    char text[64];
    struct tm tm;
    time_t now = time(NULL);
    if (gmtime_r(&now, &tm) && strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
        cw_buf_printf(head, "Date: %s\r\n", text);
}

static void put_head(struct panel_exchange *x, int status, const char *content_type,
                     const char *cache, struct cw_buf *head)
{
    cw_buf_printf(head, "HTTP/1.1 %d %s\r\n", status, cw_rest_status_text(status));
    put_date(head);
    cw_buf_putcstr(head, SECURITY_HEADERS);
    cw_buf_printf(head, "Cache-Control: %s\r\n", cache);
    if (content_type)
        cw_buf_printf(head, "Content-Type: %s\r\n", content_type);
    cw_buf_puts(head, cw_buf_str(&x->headers));
    if (!x->request.keeps_alive)
        cw_buf_putcstr(head, "Connection: close\r\n");
}

static void end(struct panel_exchange *x)
{
    x->panel->n_exchanges--;
    if (x->conn)
        panel_conn_answered(x->conn, x->request.keeps_alive);
    cw_buf_free(&x->headers);
    struct cw_arena arena = x->arena; /* holds the exchange itself */
    cw_arena_free(&arena);
}

void panel_answer_cached(struct panel_exchange *x, int status, const char *content_type,
                         const char *cache, struct cw_str body)
{
    struct cw_buf head = {0};
    cw_assert(!x->is_begun);
    log_it(x, status);
    if (x->conn) {
        put_head(x, status, content_type, cache, &head);
        if (status != 204 && status != 304)
            cw_buf_printf(&head, "Content-Length: %zu\r\n", body.n);
        cw_buf_putcstr(&head, "\r\n");
        panel_conn_write(x->conn, cw_buf_str(&head));
        if (!cw_str_eq_cstr(x->request.method, "HEAD") && status != 304)
            panel_conn_write(x->conn, body);
        cw_buf_free(&head);
    }
    end(x);
}

void panel_answer(struct panel_exchange *x, int status, const char *content_type,
                  struct cw_str body)
{
    panel_answer_cached(x, status, content_type, "no-store", body);
}

static void answer_text(struct panel_exchange *x, int status, const char *type, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    cw_assert(text != NULL);
    panel_answer(x, status, type, cw_str_of(text));
    free(text);
}

void panel_answer_json(struct panel_exchange *x, int status, const json_t *value)
{
    answer_text(x, status, status < 400 ? "application/json" : "application/problem+json", value);
}

void panel_answer_problem(struct panel_exchange *x, int status, const char *field,
                          struct cw_str sentence)
{
    struct cw_api_problem problem = {.status = status, .field = field, .sentence = sentence};
    json_t *value = cw_rest_problem(&problem);
    answer_text(x, status, "application/problem+json", value);
    json_decref(value);
}

/* --- in parts ---------------------------------------------------------------------------------*/

void panel_answer_begin(struct panel_exchange *x, const char *content_type, void (*gone)(void *arg),
                        void *arg)
{
    struct cw_buf head = {0};
    cw_assert(!x->is_begun);
    log_it(x, 200);
    x->is_begun = true;
    x->gone = gone;
    x->gone_arg = arg;
    x->is_chunked = !x->request.is_1_0;
    if (!x->conn) {
        return;
    }
    put_head(x, 200, content_type, "no-store", &head);
    cw_buf_putcstr(&head, x->is_chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    panel_conn_write(x->conn, cw_buf_str(&head));
    cw_buf_free(&head);
}

void panel_answer_part(struct panel_exchange *x, struct cw_str bytes)
{
    struct cw_buf part = {0};
    cw_assert(x->is_begun);
    if (!x->conn || bytes.n == 0)
        return;
    if (x->is_chunked)
        cw_buf_printf(&part, "%zx\r\n", bytes.n);
    cw_buf_puts(&part, bytes);
    if (x->is_chunked)
        cw_buf_putcstr(&part, "\r\n");
    panel_conn_write(x->conn, cw_buf_str(&part));
    cw_buf_free(&part);
}

void panel_answer_end(struct panel_exchange *x)
{
    cw_assert(x->is_begun);
    if (x->conn && x->is_chunked)
        panel_conn_write(x->conn, CW_S("0\r\n\r\n"));
    end(x);
}

size_t panel_answer_waiting(const struct panel_exchange *x)
{
    return x->conn ? panel_conn_waiting(x->conn) : 0;
}

/* --- the beginning ----------------------------------------------------------------------------*/

static struct cw_str copy(struct cw_arena *arena, struct cw_str s)
{
    return cw_arena_dup(arena, s);
}

static void copy_request(struct cw_arena *arena, const struct cw_http_request *from,
                         struct cw_http_request *to)
{
    struct cw_http_field *fields = cw_arena_alloc(arena, (from->n_fields + 1) * sizeof *fields);
    *to = *from;
    to->method = copy(arena, from->method);
    to->path = copy(arena, from->path);
    to->query = copy(arena, from->query);
    to->host = copy(arena, from->host);
    to->body = copy(arena, from->body);
    for (size_t i = 0; i < from->n_fields; i++)
        fields[i] = (struct cw_http_field){copy(arena, from->fields[i].name),
                                           copy(arena, from->fields[i].value)};
    to->fields = fields;
}

struct panel_exchange *panel_exchange_new(struct panel *panel, struct panel_conn *conn,
                                          const struct panel_peer *peer,
                                          const struct cw_http_request *request)
{
    struct cw_arena arena = {0};
    struct panel_exchange *x = cw_arena_alloc(&arena, sizeof *x);
    x->panel = panel;
    x->conn = conn;
    x->since_ms = cw_now_ms();
    x->peer = *peer;
    x->peer.address = copy(&arena, peer->address);
    x->peer.site = copy(&arena, peer->site);
    x->peer.local = copy(&arena, peer->local);
    copy_request(&arena, request, &x->request);
    x->arena = arena;
    panel->n_exchanges++;
    return x;
}

void panel_exchange_leave(struct panel_exchange *x)
{
    void (*gone)(void *arg) = x->gone;
    x->conn = NULL;
    x->gone = NULL;
    if (gone)
        gone(x->gone_arg);
}
