/* The bytes of a connection: the queue that goes out and what comes in; see conn.h. */
#include "io/conn_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define READ_BYTES      16384
#define READS_PER_EVENT 8    /* then the others' turn */
#define KEEP_OUT_BYTES  4096 /* an idle connection keeps no more memory than this */

const char *cw_conn_end_name(enum cw_conn_end end)
{
    switch (end) {
    case CW_CONN_END_LOCAL:
        return "local";
    case CW_CONN_END_PEER:
        return "peer";
    case CW_CONN_END_CONNECT_REFUSED:
        return "connect-refused";
    case CW_CONN_END_CONNECT_TIMEOUT:
        return "connect-timeout";
    case CW_CONN_END_TLS:
        return "tls";
    case CW_CONN_END_ERROR:
        return "error";
    }
    return "unknown";
}

size_t cw_conn_queued(const struct cw_conn *c)
{
    return (size_t)(c->written - c->flushed);
}

uint64_t cw_conn_written_total(const struct cw_conn *c)
{
    return c->written;
}

uint64_t cw_conn_flushed_total(const struct cw_conn *c)
{
    return c->flushed;
}

uint64_t cw_conn_read_total(const struct cw_conn *c)
{
    return c->read;
}

void cw_conn_write(struct cw_conn *c, struct cw_str bytes)
{
    if (!cw_conn_is_usable(c) || c->state == CW_CONN_CLOSING || c->pending || bytes.n == 0)
        return;
    cw_buf_put(&c->out, bytes.p, bytes.n);
    c->written += bytes.n;
    if (c->state == CW_CONN_OPEN && !c->is_blocked)
        cw_conn_want_turn(c);
}

size_t cw_conn_sendable(const struct cw_conn *c)
{
    if (c->state == CW_CONN_CONNECTING || c->tls == CW_CONN_TLS_HANDSHAKE)
        return 0;
    if (c->tls == CW_CONN_TLS_WAITS)
        return (size_t)(c->plain_until - c->flushed);
    return cw_conn_queued(c);
}

static enum cw_io_result plain_write(struct cw_conn *c, const void *p, size_t max, size_t *n,
                                     const char **why)
{
    ssize_t rc = send(c->fd, p, max, MSG_NOSIGNAL);
    if (rc >= 0) {
        *n = (size_t)rc;
        return CW_IO_DONE;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return CW_IO_WAIT;
    *why = strerror(errno);
    return CW_IO_FAILED;
}

static void took(struct cw_conn *c, size_t n)
{
    c->flushed += n;
    c->out_at += n;
    if (c->out_at == c->out.n) {
        c->out_at = 0;
        if (c->out.cap > KEEP_OUT_BYTES)
            cw_buf_free(&c->out);
        else
            cw_buf_reset(&c->out);
    } else if (c->out_at > c->out.n / 2) {
        cw_buf_consume(&c->out, c->out_at);
        c->out_at = 0;
    }
}

bool cw_conn_push(struct cw_conn *c, const char **why)
{
    enum cw_io_result r = CW_IO_DONE;
    size_t left, n = 0;
    while ((left = cw_conn_sendable(c)) > 0 && r == CW_IO_DONE) {
        const char *p = c->out.p + c->out_at;
        r = c->tls == CW_CONN_TLS_UP ? cw_conn_tls_write(c, p, left, &n, why)
                                     : plain_write(c, p, left, &n, why);
        if (r == CW_IO_DONE)
            took(c, n);
    }
    c->is_blocked = r == CW_IO_WAIT && !c->write_wants_read;
    return left == 0;
}

/* The peer's last words (a stream error) may still be readable: they come before the end. */
static void on_write_failed(struct cw_conn *c, const char *why)
{
    if (c->state == CW_CONN_CLOSING) {
        cw_conn_finish(c, CW_CONN_END_LOCAL, "closed; the peer was gone already");
        return;
    }
    cw_conn_pull(c);
    cw_conn_finish(c, CW_CONN_END_ERROR, why);
}

void cw_conn_flush(struct cw_conn *c)
{
    const char *why = NULL;
    uint64_t before = c->flushed;
    bool is_drained = cw_conn_push(c, &why);

    if (c->flushed > before && c->cb.on_flushed && c->state == CW_CONN_OPEN)
        c->cb.on_flushed(c->arg);
    if (cw_conn_is_usable(c) && c->flushed > before && is_drained && cw_conn_queued(c) == 0 &&
        c->cb.on_drained && c->state == CW_CONN_OPEN)
        c->cb.on_drained(c->arg);
    if (cw_conn_is_usable(c) && why)
        on_write_failed(c, why);
}

/* --- reading --- */

static enum cw_io_result plain_read(struct cw_conn *c, void *buf, size_t max, size_t *n,
                                    const char **why)
{
    ssize_t rc = recv(c->fd, buf, max, 0);
    if (rc > 0) {
        *n = (size_t)rc;
        return CW_IO_DONE;
    }
    if (rc == 0) {
        *why = "the peer closed the connection";
        return CW_IO_END;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return CW_IO_WAIT;
    *why = strerror(errno);
    return CW_IO_FAILED;
}

/* The peer ended its side: answers queued so far still go out if the kernel takes them. */
static void on_peer_end(struct cw_conn *c, const char *why)
{
    const char *ignored = NULL;
    if (cw_conn_push(c, &ignored) && c->tls == CW_CONN_TLS_UP && !ignored)
        (void)cw_conn_tls_goodbye(c);
    cw_conn_finish(c, CW_CONN_END_PEER, why);
}

static bool may_read(const struct cw_conn *c)
{
    return cw_conn_is_usable(c) && c->state == CW_CONN_OPEN && !c->is_paused && !c->pending &&
           (c->tls == CW_CONN_PLAIN || c->tls == CW_CONN_TLS_UP);
}

void cw_conn_pull(struct cw_conn *c)
{
    char buf[READ_BYTES];
    c->read_again = false;
    for (int i = 0; i < READS_PER_EVENT && may_read(c); i++) {
        const char *why = NULL;
        size_t n = 0;
        bool is_tls = c->tls == CW_CONN_TLS_UP;
        enum cw_io_result r = is_tls ? cw_conn_tls_read(c, buf, sizeof buf, &n, &why)
                                     : plain_read(c, buf, sizeof buf, &n, &why);
        switch (r) {
        case CW_IO_DONE:
            c->read += n;
            if (c->cb.on_data)
                c->cb.on_data(c->arg, (struct cw_str){buf, n});
            break;
        case CW_IO_WAIT:
            return;
        case CW_IO_END:
            on_peer_end(c, why);
            return;
        case CW_IO_FAILED:
            cw_conn_finish(c, is_tls && errno == 0 ? CW_CONN_END_TLS : CW_CONN_END_ERROR, why);
            return;
        }
        if (!is_tls && n < sizeof buf)
            return; /* the kernel had no more; saves a call */
    }
    /* What OpenSSL holds already does not make the socket readable. */
    if (may_read(c) && c->tls == CW_CONN_TLS_UP && SSL_has_pending(c->ssl)) {
        c->read_again = true;
        cw_conn_want_turn(c);
    }
}
