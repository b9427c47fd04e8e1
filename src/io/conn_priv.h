/* The connection's inside, shared by its files: conn.c (its life), conn_bytes.c (its queue, its
 * bytes), conn_hello.c (before a handshake) and conn_tls.c (what OpenSSL does). */
#ifndef CW_IO_CONN_PRIV_H
#define CW_IO_CONN_PRIV_H

#include "base/buf.h"
#include "io/conn.h"
#include "io/loop.h"
#include "io/tls_priv.h"

#include <openssl/ssl.h>

enum cw_conn_state {
    CW_CONN_CONNECTING, /* the kernel is connecting; the timer bounds it */
    CW_CONN_OPEN,       /* bytes go both ways, or a handshake runs (bounded by the timer) */
    CW_CONN_CLOSING,    /* the queue goes out, then our goodbye; bounded by the timer */
    CW_CONN_OVER,       /* no socket any more; on_closed was called or will be */
};
enum cw_conn_tls {
    CW_CONN_PLAIN,
    CW_CONN_TLS_WAITS,     /* the plain part of the queue must leave first; nothing is read */
    CW_CONN_TLS_HANDSHAKE, /* every byte belongs to OpenSSL */
    CW_CONN_TLS_UP,
};

struct cw_conn {
    struct event_base *base;
    int fd;
    struct cw_addr peer;
    struct cw_conn_callbacks cb;
    void *arg;
    enum cw_conn_state state;
    enum cw_conn_tls tls;

    /* Each NULL until it is first wanted. */
    struct event *can_read, *can_write; /* the socket's; added when wanted (want_*) */
    struct event *turn;                 /* end of the loop's turn: what must not run at once */
    struct cw_timer *timer;
    bool in_turn;    /* inside the turn event: the next one waits for the loop */
    bool read_again; /* the turn reads: OpenSSL or we stopped before the end */
    bool is_paused;
    bool is_blocked;               /* the kernel took less than we had */
    bool said_goodbye, peer_ended; /* while closing */

    struct cw_buf out;
    size_t out_at; /* out.p[out_at..] is queued */
    uint64_t written, flushed, read;

    SSL *ssl;             /* server: NULL until the client's first record is there */
    SSL_CTX *ssl_ctx;     /* server: until then */
    size_t hello_needs;   /* so many bytes of that record are waited for */
    uint64_t plain_until; /* bytes of the queue before this count leave without TLS */
    bool tls_wants_read, tls_wants_write; /* what the handshake waits for */
    bool read_wants_write, write_wants_read;
    enum cw_tls_fault tls_fault;
    const char *tls_alert; /* NULL: none */
    char alpn[32];
    struct cw_tls_server server;
    struct cw_arena arena; /* of facts */
    struct cw_tls_facts facts;
    struct cw_x509_chain *chain; /* the peer's; facts show it */

    enum cw_conn_end pending_end; /* with pending: on_closed from the turn */
    const char *pending;

    int busy;     /* callbacks on the stack; the memory stays until 0 */
    bool is_dead; /* freed by its owner */
};

/* conn.c */
bool cw_conn_is_usable(const struct cw_conn *); /* neither over nor freed */
/* The end, told at once: only from the loop's handlers. */
void cw_conn_finish(struct cw_conn *, enum cw_conn_end, const char *sentence);
void cw_conn_want_turn(struct cw_conn *); /* the turn event shall come */

/* conn_bytes.c; these call back and may end the connection, but for the first two. */
/* How much of the queue may leave now: all, or all plain text before TLS, or nothing. */
size_t cw_conn_sendable(const struct cw_conn *);
/* Gives the kernel what it takes; true when nothing sendable is left. */
bool cw_conn_push(struct cw_conn *, const char **why);
void cw_conn_flush(struct cw_conn *);
void cw_conn_pull(struct cw_conn *);

/* conn_hello.c */
/* Server: is the client's first record there as a whole?  While it is not, nothing is spent on it:
 * OpenSSL takes 8 KiB to begin and 40 KiB more for two bytes.  A client is always ready. */
bool cw_conn_has_hello(struct cw_conn *);

/* conn_tls.c */
/* What one try to read or write gave. */
enum cw_io_result {
    CW_IO_DONE,   /* *n bytes */
    CW_IO_WAIT,   /* not now; the flags say what is waited for */
    CW_IO_END,    /* the peer has ended its side */
    CW_IO_FAILED, /* *why says it */
};
enum cw_io_result cw_conn_tls_read(struct cw_conn *, void *buf, size_t max, size_t *n,
                                   const char **why);
enum cw_io_result cw_conn_tls_write(struct cw_conn *, const void *p, size_t max, size_t *n,
                                    const char **why);
/* CW_IO_DONE: facts are filled. */
enum cw_io_result cw_conn_tls_handshake(struct cw_conn *, const char **why);
/* OpenSSL's object on the connection's socket: a client's at once, a server's with _accept. */
void cw_conn_tls_start(struct cw_conn *, const struct cw_tls_start *);
void cw_conn_tls_accept(struct cw_conn *);
/* Sends close_notify; CW_IO_WAIT when the kernel is full. */
enum cw_io_result cw_conn_tls_goodbye(struct cw_conn *);

#endif
