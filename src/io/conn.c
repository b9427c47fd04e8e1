/* A connection's life, its queue and its plain bytes; see conn.h.
 *
 * All work runs in four handlers called by the loop (socket readable, socket writable, end of the
 * turn, timer).  Each holds the connection while it runs (enter, leave), so that a callback may
 * free it: cw_conn_free takes away the socket at once, the memory goes when the last handler is
 * left. After every callback a handler asks is_usable before it goes on. */
#include "io/conn.h"

#include "io/conn_priv.h"
#include "io/x509.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES           16384
#define READS_PER_EVENT      8 /* then the others' turn */
#define HANDSHAKE_TIMEOUT_MS 30000

/* --- holding and letting go --- */

static void enter(struct cw_conn *c)
{
    c->busy++;
}

static void free_event(struct event **ev)
{
    if (*ev)
        event_free(*ev);
    *ev = NULL;
}

/* The socket and all events; nothing is called back from here on. */
static void let_go(struct cw_conn *c)
{
    c->state = CW_CONN_OVER;
    free_event(&c->turn);
    cw_timer_free(&c->timer);
    free_event(&c->can_read);
    free_event(&c->can_write);
    SSL_free(c->ssl);
    SSL_CTX_free(c->ssl_ctx);
    c->ssl = NULL;
    c->ssl_ctx = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    cw_buf_free(&c->out);
    c->out_at = 0;
}

static void leave(struct cw_conn *c)
{
    if (--c->busy > 0 || !c->is_dead)
        return;
    cw_x509_chain_free(&c->chain);
    cw_arena_free(&c->arena);
    cw_free(c);
}

void cw_conn_free(struct cw_conn **conn)
{
    struct cw_conn *c = *conn;
    if (!c)
        return;
    *conn = NULL;
    enter(c);
    c->is_dead = true;
    let_go(c);
    leave(c);
}

bool cw_conn_is_usable(const struct cw_conn *c)
{
    return c->state != CW_CONN_OVER && !c->is_dead;
}

/* The end: only from a handler. */
void cw_conn_finish(struct cw_conn *c, enum cw_conn_end end, const char *sentence)
{
    if (!cw_conn_is_usable(c))
        return;
    let_go(c);
    if (c->cb.on_closed)
        c->cb.on_closed(c->arg, end, cw_str_of(sentence));
}

/* --- what is waited for --- */

static void on_socket(evutil_socket_t, short what, void *conn);
static void on_turn(evutil_socket_t, short what, void *conn);
static void on_timeout(void *conn);

/* Events are made when they are first wanted: a silent stranger costs the one that reads. */
static void need_event(struct cw_conn *c, struct event **ev, evutil_socket_t fd, short what)
{
    if (!*ev)
        *ev = event_new(c->base, fd, what, fd < 0 ? on_turn : on_socket, c);
    cw_assert(*ev);
}

static void set_deadline(struct cw_conn *c, uint64_t after_ms)
{
    if (!c->timer)
        c->timer = cw_timer_new(c->base, on_timeout, c);
    cw_timer_set(c->timer, after_ms);
}

void cw_conn_want_turn(struct cw_conn *c)
{
    const struct timeval now = {0, 0};
    need_event(c, &c->turn, -1, 0);
    /* From inside the turn by way of the loop: a busy connection must not keep others waiting. */
    if (c->in_turn)
        event_add(c->turn, &now);
    else
        event_active(c->turn, EV_TIMEOUT, 0);
}

static bool wants_read(const struct cw_conn *c)
{
    if (c->state == CW_CONN_CONNECTING)
        return false;
    if (c->state == CW_CONN_CLOSING)
        return !c->peer_ended;
    if (c->tls == CW_CONN_TLS_WAITS)
        return false;
    if (c->tls == CW_CONN_TLS_HANDSHAKE)
        return c->tls_wants_read;
    return !c->is_paused || c->write_wants_read;
}

static bool wants_write(const struct cw_conn *c)
{
    return c->state == CW_CONN_CONNECTING || c->is_blocked || c->read_wants_write ||
           (c->tls == CW_CONN_TLS_HANDSHAKE && c->tls_wants_write);
}

static void listen_for(struct cw_conn *c, struct event **ev, short what, bool is_wanted)
{
    if (!is_wanted) {
        if (*ev)
            event_del(*ev);
        return;
    }
    need_event(c, ev, c->fd, what | EV_PERSIST);
    if (!event_pending(*ev, what, NULL))
        event_add(*ev, NULL);
}

static void update_events(struct cw_conn *c)
{
    if (!cw_conn_is_usable(c) || c->fd < 0)
        return;
    listen_for(c, &c->can_read, EV_READ, wants_read(c));
    listen_for(c, &c->can_write, EV_WRITE, wants_write(c));
}

/* --- asking for more or less --- */

void cw_conn_pause(struct cw_conn *c)
{
    c->is_paused = true;
    update_events(c);
}

void cw_conn_resume(struct cw_conn *c)
{
    if (!c->is_paused)
        return;
    c->is_paused = false;
    update_events(c);
    if (cw_conn_is_usable(c) && c->tls == CW_CONN_TLS_UP) {
        c->read_again = true;
        cw_conn_want_turn(c);
    }
}

/* --- TLS --- */

void cw_conn_start_tls(struct cw_conn *c, const struct cw_tls_start *s)
{
    if (!cw_conn_is_usable(c) || c->state == CW_CONN_CLOSING || c->pending)
        return;
    cw_assert(c->state == CW_CONN_OPEN && c->tls == CW_CONN_PLAIN);
    cw_conn_tls_start(c, s);
    c->tls = CW_CONN_TLS_WAITS;
    c->plain_until = c->written;
    set_deadline(c, s->timeout_ms ? s->timeout_ms : HANDSHAKE_TIMEOUT_MS);
    update_events(c);
    cw_conn_want_turn(c);
}

bool cw_conn_is_tls(const struct cw_conn *c)
{
    return c->tls == CW_CONN_TLS_UP;
}

enum cw_tls_fault cw_conn_tls_fault(const struct cw_conn *c)
{
    return c->tls_fault;
}

const char *cw_conn_tls_alert(const struct cw_conn *c)
{
    return c->tls_alert ? c->tls_alert : "";
}

static void on_tls_failure(struct cw_conn *c, const char *why)
{
    char sentence[200];
    snprintf(sentence, sizeof sentence, "the TLS handshake failed: %s", why);
    cw_timer_stop(c->timer);
    if (c->cb.on_tls_failed)
        c->cb.on_tls_failed(c->arg, cw_str_of(sentence));
    cw_conn_finish(c, CW_CONN_END_TLS, sentence);
}

static void shake_hands(struct cw_conn *c)
{
    const char *why = NULL;
    if (c->tls == CW_CONN_TLS_WAITS && c->flushed == c->plain_until)
        c->tls = CW_CONN_TLS_HANDSHAKE;
    if (c->tls != CW_CONN_TLS_HANDSHAKE || !cw_conn_has_hello(c))
        return;
    switch (cw_conn_tls_handshake(c, &why)) {
    case CW_IO_WAIT:
        return;
    case CW_IO_END:
    case CW_IO_FAILED:
        on_tls_failure(c, why);
        return;
    case CW_IO_DONE:
        break;
    }
    c->tls = CW_CONN_TLS_UP;
    cw_timer_stop(c->timer);
    if (c->cb.on_tls_up)
        c->cb.on_tls_up(c->arg, &c->facts);
    if (!cw_conn_is_usable(c))
        return;
    /* The first bytes may have come with the handshake's last; our own have waited for it. */
    c->read_again = true;
    cw_conn_want_turn(c);
}

/* --- closing --- */

void cw_conn_close(struct cw_conn *c, uint64_t deadline_ms)
{
    if (!cw_conn_is_usable(c) || c->state == CW_CONN_CLOSING || c->pending)
        return;
    /* Nobody is there to take leave of, or not in a language both know. */
    if (c->state == CW_CONN_CONNECTING || c->tls == CW_CONN_TLS_WAITS ||
        c->tls == CW_CONN_TLS_HANDSHAKE) {
        cw_conn_abort(c);
        return;
    }
    c->state = CW_CONN_CLOSING;
    set_deadline(c, deadline_ms);
    cw_conn_want_turn(c);
}

void cw_conn_abort(struct cw_conn *c)
{
    if (!cw_conn_is_usable(c) || c->pending)
        return;
    c->pending = "closed at once";
    c->pending_end = CW_CONN_END_LOCAL;
    cw_conn_want_turn(c);
}

/* Throws away what the peer still sends, as it comes, TLS or not: unread bytes would turn our close
 * into a reset, which may overtake our last words. */
static void drop_input(struct cw_conn *c)
{
    char buf[READ_BYTES];
    for (int i = 0; i < READS_PER_EVENT && !c->peer_ended; i++) {
        ssize_t n = recv(c->fd, buf, sizeof buf, 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return;
        if (n <= 0)
            c->peer_ended = true;
    }
}

static void go_on_closing(struct cw_conn *c)
{
    drop_input(c);
    cw_conn_flush(c);
    if (!cw_conn_is_usable(c))
        return;
    if (cw_conn_queued(c) == 0 && !c->said_goodbye) {
        if (c->tls == CW_CONN_TLS_UP && cw_conn_tls_goodbye(c) == CW_IO_WAIT) {
            c->is_blocked = true;
            return;
        }
        c->said_goodbye = true;
        (void)shutdown(c->fd, SHUT_WR); /* fails only when the peer is gone: seen by reading */
    }
    if (c->said_goodbye && c->peer_ended)
        cw_conn_finish(c, CW_CONN_END_LOCAL, "closed");
}

/* --- the loop's handlers --- */

static void go_on(struct cw_conn *c, bool is_readable)
{
    if (c->state == CW_CONN_CLOSING) {
        go_on_closing(c);
        return;
    }
    if (c->tls == CW_CONN_TLS_HANDSHAKE) {
        shake_hands(c);
        return;
    }
    if (is_readable)
        cw_conn_pull(c);
    if (cw_conn_is_usable(c) && c->state == CW_CONN_OPEN && cw_conn_sendable(c) > 0)
        cw_conn_flush(c);
    if (cw_conn_is_usable(c) && c->state == CW_CONN_OPEN)
        shake_hands(c);
}

static void on_connect_done(struct cw_conn *c)
{
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
        err = errno;
    if (err) {
        cw_conn_finish(c, CW_CONN_END_CONNECT_REFUSED, strerror(err));
        return;
    }
    c->state = CW_CONN_OPEN;
    cw_timer_stop(c->timer);
    if (c->cb.on_connected)
        c->cb.on_connected(c->arg);
    if (cw_conn_is_usable(c) && cw_conn_sendable(c) > 0)
        cw_conn_want_turn(c);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct cw_conn *c = arg;
    (void)fd;
    enter(c);
    if (c->pending)
        cw_conn_want_turn(c); /* over already; said at the end of the turn */
    else if (c->state == CW_CONN_CONNECTING)
        on_connect_done(c);
    else
        go_on(c, (what & EV_READ) || c->read_wants_write);
    update_events(c);
    leave(c);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct cw_conn *c = arg;
    (void)fd;
    (void)what;
    enter(c);
    c->in_turn = true;
    if (c->pending)
        cw_conn_finish(c, c->pending_end, c->pending);
    else if (c->state != CW_CONN_CONNECTING)
        go_on(c, c->read_again);
    update_events(c);
    c->in_turn = false;
    leave(c);
}

static void on_timeout(void *arg)
{
    struct cw_conn *c = arg;
    enter(c);
    switch (c->state) {
    case CW_CONN_CONNECTING:
        cw_conn_finish(c, CW_CONN_END_CONNECT_TIMEOUT,
                       "no answer to the connection attempt in time");
        break;
    case CW_CONN_OPEN:
        c->tls_fault = CW_TLS_FAULT_TIMEOUT;
        on_tls_failure(c, "it took too long");
        break;
    case CW_CONN_CLOSING:
        cw_conn_finish(c, CW_CONN_END_LOCAL, "closed; the peer did not close its side in time");
        break;
    case CW_CONN_OVER:
        break;
    }
    leave(c);
}

/* --- making one --- */

static struct cw_conn *conn_of(struct event_base *base, int fd, const struct cw_addr *peer,
                               const struct cw_conn_callbacks *cb, void *arg)
{
    struct cw_conn *c = cw_alloc(sizeof *c);
    c->base = base;
    c->fd = fd;
    c->peer = *peer;
    c->cb = *cb;
    c->arg = arg;
    return c;
}

/* Small writes are gathered by us; waiting for more by the kernel as well only adds delay. */
static void set_nodelay(int fd, const struct cw_addr *peer)
{
    const int on = 1;
    if (peer->len > 0 && peer->ss.ss_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct cw_conn *cw_conn_accept(struct event_base *base, int fd, const struct cw_addr *peer,
                               const struct cw_conn_callbacks *cb, void *arg)
{
    struct cw_conn *c = conn_of(base, fd, peer, cb, arg);
    evutil_make_socket_nonblocking(fd);
    set_nodelay(fd, peer);
    c->state = CW_CONN_OPEN;
    update_events(c);
    return c;
}

/* The port stays the system's choice, made at connect, so that ports are not used up by bind. */
static bool bind_source(int fd, const struct cw_addr *source, const struct cw_addr *peer)
{
    int on = 1;
    if (!source || source->len == 0 || source->ss.ss_family != peer->ss.ss_family)
        return true;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (const struct sockaddr *)&source->ss, source->len) == 0;
}

struct cw_conn *cw_conn_connect(struct event_base *base, const struct cw_addr *peer,
                                uint64_t timeout_ms, const struct cw_conn_callbacks *cb, void *arg)
{
    return cw_conn_connect_from(base, NULL, peer, timeout_ms, cb, arg);
}

struct cw_conn *cw_conn_connect_from(struct event_base *base, const struct cw_addr *source,
                                     const struct cw_addr *peer, uint64_t timeout_ms,
                                     const struct cw_conn_callbacks *cb, void *arg)
{
    int fd = socket(peer->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct cw_conn *c = conn_of(base, fd, peer, cb, arg);
    c->state = CW_CONN_CONNECTING;
    if (fd < 0 || !bind_source(fd, source, peer) ||
        (connect(fd, (const struct sockaddr *)&peer->ss, peer->len) < 0 && errno != EINPROGRESS &&
         errno != EINTR)) {
        c->pending = strerror(errno);
        c->pending_end = CW_CONN_END_CONNECT_REFUSED;
        cw_conn_want_turn(c);
        return c;
    }
    set_nodelay(fd, peer);
    set_deadline(c, timeout_ms);
    update_events(c); /* connected at once or not: the socket becomes writable */
    return c;
}

void cw_conn_set_callbacks(struct cw_conn *c, const struct cw_conn_callbacks *cb, void *arg)
{
    c->cb = *cb;
    c->arg = arg;
}

const struct cw_addr *cw_conn_peer(const struct cw_conn *c)
{
    return &c->peer;
}

struct cw_addr cw_conn_local(const struct cw_conn *c)
{
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof ss;
    if (c->fd < 0 || c->state == CW_CONN_CONNECTING ||
        getsockname(c->fd, (struct sockaddr *)&ss, &len) < 0)
        return (struct cw_addr){0};
    return cw_addr_of((struct sockaddr *)&ss, len);
}
