/* Reading an answer of the panel (see panel_answer.h).  The panel is ours, yet what it sends is
 * held to its framing: half an answer must not look like a whole one. */
#include "cli/panel_answer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_HEAD_BYTES  (64 * 1024)
#define MAX_BODY_BYTES  (256 * 1024 * 1024)
#define IDLE_TIMEOUT_MS (150 * 1000) /* tests of a partner may take two minutes */

static enum cw_err read_bytes(struct cw_http_answer *a)
{
    char piece[16384];
    struct pollfd wait = {.fd = a->fd, .events = POLLIN};
    for (;;) {
        int ready = poll(&wait, 1, IDLE_TIMEOUT_MS);
        if (ready == 0)
            return CW_ERR_CLOSED;
        ssize_t n = ready < 0 ? -1 : read(a->fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return CW_ERR_CLOSED;
        cw_buf_put(&a->bytes, piece, (size_t)n);
        return CW_OK;
    }
}

/* The next line without its CRLF, taken out of the bytes into `line`. */
static enum cw_err read_line(struct cw_http_answer *a, struct cw_buf *line)
{
    ptrdiff_t end;
    while ((end = cw_str_find(cw_buf_str(&a->bytes), CW_S("\r\n"))) < 0) {
        enum cw_err err = a->bytes.n > MAX_HEAD_BYTES ? CW_ERR_INVALID : read_bytes(a);
        if (err)
            return err;
    }
    cw_buf_reset(line);
    cw_buf_put(line, a->bytes.p, (size_t)end);
    cw_buf_consume(&a->bytes, (size_t)end + 2);
    return CW_OK;
}

static enum cw_err take_field(struct cw_http_answer *a, struct cw_str line)
{
    ptrdiff_t colon = cw_str_index(line, ':');
    if (colon <= 0)
        return CW_ERR_INVALID;
    struct cw_str name = cw_str_sub(line, 0, (size_t)colon);
    struct cw_str value = cw_str_trim(cw_str_sub(line, (size_t)colon + 1, line.n));
    if (cw_str_eq_nocase(name, CW_S("Content-Length"))) {
        a->is_open_ended = false;
        return cw_str_to_u64(value, &a->left) && a->left <= MAX_BODY_BYTES ? CW_OK : CW_ERR_INVALID;
    }
    if (cw_str_eq_nocase(name, CW_S("Transfer-Encoding"))) {
        a->is_chunked = cw_str_eq_nocase(value, CW_S("chunked"));
        a->is_open_ended = false;
        return a->is_chunked ? CW_OK : CW_ERR_INVALID;
    }
    if (cw_str_eq_nocase(name, CW_S("Content-Type")))
        a->is_lines = cw_str_starts(value, CW_S("application/x-ndjson"));
    return CW_OK;
}

/* "HTTP/1.1 200 OK" */
static enum cw_err take_status(struct cw_http_answer *a, struct cw_str line)
{
    uint64_t status;
    if (!cw_str_starts(line, CW_S("HTTP/1.")) || line.n < 12 ||
        !cw_str_to_u64(cw_str_sub(line, 9, 12), &status))
        return CW_ERR_INVALID;
    a->status = (int)status;
    return CW_OK;
}

enum cw_err cw_http_answer_begin(struct cw_http_answer *a, int fd)
{
    struct cw_buf line = {0};
    *a = (struct cw_http_answer){.fd = fd, .is_open_ended = true};
    enum cw_err err = read_line(a, &line);
    if (!err)
        err = take_status(a, cw_buf_str(&line));
    while (!err && !(err = read_line(a, &line)) && line.n > 0)
        err = take_field(a, cw_buf_str(&line));
    cw_buf_free(&line);
    a->is_over = !a->is_open_ended && !a->is_chunked && a->left == 0;
    return err;
}

/* Moves what is there of a body, or of a chunk, whose length is known. */
static enum cw_err move(struct cw_http_answer *a)
{
    enum cw_err err = a->bytes.n == 0 ? read_bytes(a) : CW_OK;
    size_t n = a->bytes.n < a->left ? a->bytes.n : (size_t)a->left;
    if (err)
        return err;
    cw_buf_put(&a->body, a->bytes.p, n);
    cw_buf_consume(&a->bytes, n);
    a->left -= n;
    return a->body.n > MAX_BODY_BYTES ? CW_ERR_LIMIT : CW_OK;
}

static enum cw_err begin_chunk(struct cw_http_answer *a)
{
    struct cw_buf line = {0};
    enum cw_err err = read_line(a, &line);
    char *end = NULL;
    cw_buf_putc(&line, '\0');
    unsigned long long size = err ? 0 : strtoull(line.p, &end, 16);
    if (!err && (end == line.p || (*end != 0 && *end != ';') || size > MAX_BODY_BYTES))
        err = CW_ERR_INVALID;
    a->left = size;
    a->is_over = !err && size == 0;
    while (a->is_over && !err && !(err = read_line(a, &line)) && line.n > 0)
        ; /* trailers */
    cw_buf_free(&line);
    return err;
}

static enum cw_err end_chunk(struct cw_http_answer *a)
{
    struct cw_buf line = {0};
    enum cw_err err = read_line(a, &line);
    if (!err && line.n > 0)
        err = CW_ERR_INVALID;
    cw_buf_free(&line);
    return err;
}

enum cw_err cw_http_answer_more(struct cw_http_answer *a)
{
    if (a->is_over)
        return CW_OK;
    if (a->is_open_ended) {
        a->left = UINT64_MAX;
        enum cw_err err = move(a);
        a->is_over = err == CW_ERR_CLOSED;
        return a->is_over ? CW_OK : err;
    }
    enum cw_err err = a->is_chunked && a->left == 0 ? begin_chunk(a) : CW_OK;
    if (err || a->is_over)
        return err;
    err = move(a);
    if (!err && a->left == 0 && a->is_chunked)
        err = end_chunk(a);
    a->is_over = !err && a->left == 0 && !a->is_chunked;
    return err;
}

void cw_http_answer_end(struct cw_http_answer *a)
{
    cw_buf_free(&a->bytes);
    cw_buf_free(&a->body);
}
