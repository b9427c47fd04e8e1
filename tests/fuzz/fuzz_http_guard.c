/* The reader of HTTP requests: however the bytes are cut, the same requests come out; what is whole
 * holds to the limits and to the form that others rely on. */
#include "fuzz.h"

#include "panel/http_guard.h"

static const struct cw_http_limits limits = {
    .max_line = 200, .max_head = 600, .max_body = 300, .max_fields = 8};

struct reading {
    struct cw_http_guard *guard;
    struct cw_buf events;
};

static void tell(struct reading *r)
{
    const struct cw_http_request *request = cw_http_guard_request(r->guard);
    cw_assert(request->body.n <= limits.max_body && request->n_fields <= limits.max_fields);
    cw_assert(request->path.n > 0 && request->path.p[0] == '/' && request->host.n > 0);
    cw_assert(cw_str_index(request->path, '\\') < 0);
    for (size_t i = 0; i < request->n_fields; i++) {
        cw_assert(request->fields[i].name.n > 0);
        cw_assert(cw_str_index(request->fields[i].value, '\n') < 0);
        cw_assert(!cw_str_eq_nocase(request->fields[i].name, CW_S("transfer-encoding")));
    }
    cw_buf_printf(&r->events, "%.*s %.*s %zu ", CW_ARG(request->method), CW_ARG(request->path),
                  request->n_fields);
    cw_buf_puts(&r->events, request->body);
}

static void on_piece(void *arg, struct cw_str piece)
{
    struct reading *r = arg;
    enum cw_http_verdict verdict = cw_http_guard_feed(r->guard, piece);
    while (verdict == CW_HTTP_WHOLE) {
        tell(r);
        verdict = cw_http_guard_next(r->guard);
    }
}

static struct cw_buf read_in_pieces(struct cw_str input, size_t piece_bytes)
{
    struct reading r = {.guard = cw_http_guard_new(&limits)};
    fuzz_feed(input, piece_bytes, on_piece, &r);
    cw_buf_printf(&r.events, "%d", cw_http_guard_status(r.guard));
    cw_http_guard_free(&r.guard);
    return r.events;
}

void fuzz_input(struct cw_str input)
{
    struct cw_buf whole = read_in_pieces(input, 0), bytes = read_in_pieces(input, 1),
                  pieces = read_in_pieces(input, 5);
    cw_assert(cw_str_eq(cw_buf_str(&whole), cw_buf_str(&bytes)));
    cw_assert(cw_str_eq(cw_buf_str(&whole), cw_buf_str(&pieces)));
    cw_buf_free(&whole);
    cw_buf_free(&bytes);
    cw_buf_free(&pieces);
}
