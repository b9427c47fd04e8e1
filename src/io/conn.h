/* One stream connection, TCP or Unix, plain or with TLS: non-blocking, buffered, driven by the
 * loop.
 *
 * The life of a connection: cw_conn_connect or cw_conn_accept -> on_connected (connect only) ->
 * on_data ... -> perhaps cw_conn_start_tls -> on_tls_up or on_tls_failed -> on_data ... ->
 * on_closed.  The owner then calls cw_conn_free, at the latest.
 *
 * Callbacks are called from the loop only, never from inside a function of this header.  on_closed
 * comes exactly once and is the last one; it does not come after cw_conn_free.  Inside every
 * callback the connection may be written to, closed, aborted and freed.
 *
 * Every callback may be NULL.  The program ignores SIGPIPE. */
#ifndef CW_IO_CONN_H
#define CW_IO_CONN_H

#include "io/addr.h"
#include "s2s/cert.h"

struct event_base;
struct cw_conn;
struct cw_tls_ctx;
struct cw_x509_chain;

/* Why a connection is over. */
enum cw_conn_end {
    CW_CONN_END_LOCAL,           /* cw_conn_close or cw_conn_abort, as asked */
    CW_CONN_END_PEER,            /* the peer closed; everything it sent was delivered */
    CW_CONN_END_CONNECT_REFUSED, /* never connected: refused, unreachable, no such socket */
    CW_CONN_END_CONNECT_TIMEOUT, /* never connected: no answer in time */
    CW_CONN_END_TLS,             /* the handshake or the TLS layer failed */
    CW_CONN_END_ERROR,           /* the system says so: reset, timed out */
};
const char *cw_conn_end_name(enum cw_conn_end);

/* What the stapled OCSP answer is worth (RFC 6066 section 8); asked for on outbound connections. */
enum cw_tls_staple {
    CW_STAPLE_NONE,    /* none came */
    CW_STAPLE_GOOD,    /* the CA says, in time, that the certificate is good */
    CW_STAPLE_REVOKED, /* the CA says that it is revoked */
    CW_STAPLE_BAD,     /* not signed by the CA, out of date, for another certificate, unreadable */
};
const char *cw_tls_staple_name(enum cw_tls_staple); /* "none", "good", ... */

/* What the handshake showed; the slices live as long as the connection. */
struct cw_tls_facts {
    struct cw_cert cert; /* cert.present is false when the peer sent none */
    /* For further questions (io/x509_proof.h); NULL when the peer sent none. */
    const struct cw_x509_chain *chain;
    enum cw_tls_staple staple;
    struct cw_str version, cipher; /* "TLSv1.3", "TLS_AES_256_GCM_SHA384" */
    struct cw_str alpn;            /* as agreed; absent when none was */
};

/* What went wrong with TLS, in the handshake or later. */
enum cw_tls_fault {
    CW_TLS_FAULT_NONE,
    CW_TLS_FAULT_ALERT,   /* the peer broke it off with an alert: cw_conn_tls_alert */
    CW_TLS_FAULT_VERSION, /* no version that both speak */
    CW_TLS_FAULT_NOT_TLS, /* what came is no TLS at all */
    CW_TLS_FAULT_CLOSED,  /* the connection ended in the middle */
    CW_TLS_FAULT_TIMEOUT,
    CW_TLS_FAULT_OTHER,
};

struct cw_conn_callbacks {
    void (*on_connected)(void *arg);
    /* Bytes as they came; borrowed for the call.  Comes again and again until paused. */
    void (*on_data)(void *arg, struct cw_str bytes);
    void (*on_tls_up)(void *arg, const struct cw_tls_facts *);
    /* on_closed with CW_CONN_END_TLS follows unless the connection is freed here. */
    void (*on_tls_failed)(void *arg, struct cw_str sentence);
    /* More bytes reached the kernel and nothing is queued any more. */
    void (*on_drained)(void *arg);
    /* Some or all queued bytes reached the kernel: cw_conn_flushed_total has grown. */
    void (*on_flushed)(void *arg);
    void (*on_closed)(void *arg, enum cw_conn_end, struct cw_str sentence);
};

/* Starts connecting; a failure arrives as on_closed, also an immediate one.  The callbacks struct
 * is copied. */
struct cw_conn *cw_conn_connect(struct event_base *, const struct cw_addr *, uint64_t timeout_ms,
                                const struct cw_conn_callbacks *, void *arg);
/* The same from one of our own addresses (its port 0); another family than the peer's, or NULL:
 * the system chooses. */
struct cw_conn *cw_conn_connect_from(struct event_base *, const struct cw_addr *source,
                                     const struct cw_addr *peer, uint64_t timeout_ms,
                                     const struct cw_conn_callbacks *, void *arg);
/* Takes over a connected socket (it is made non-blocking and will be closed). */
struct cw_conn *cw_conn_accept(struct event_base *, int fd, const struct cw_addr *peer,
                               const struct cw_conn_callbacks *, void *arg);
/* Closes at once without a goodbye and frees; no callback comes any more.  NULL inside is fine. */
void cw_conn_free(struct cw_conn **);
/* Hands the connection to another owner. */
void cw_conn_set_callbacks(struct cw_conn *, const struct cw_conn_callbacks *, void *arg);

/* Queues bytes (copied); they go out at the end of the loop's turn, together.  Bytes may be queued
 * before the connection is up and during the handshake (then they go out inside TLS).  Ignored
 * once the connection is closing or over. */
void cw_conn_write(struct cw_conn *, struct cw_str bytes);
/* Bytes queued that the kernel has not taken yet. */
size_t cw_conn_queued(const struct cw_conn *);
/* All bytes ever given to cw_conn_write, and how many of these the kernel has taken: the byte that
 * was written when written_total was N has left once flushed_total > N.  Bytes of the payload, not
 * of TLS. */
uint64_t cw_conn_written_total(const struct cw_conn *);
uint64_t cw_conn_flushed_total(const struct cw_conn *);
/* All bytes ever given to on_data. */
uint64_t cw_conn_read_total(const struct cw_conn *);

/* Back-pressure: while paused no on_data comes and the peer's end of stream is not noticed; what
 * it sends stays in the kernel.  A handshake goes on. */
void cw_conn_pause(struct cw_conn *);
void cw_conn_resume(struct cw_conn *);

/* Server: the settings for the name that the client asks for (SNI, RFC 6066 section 3), needed for
 * the call only; NULL: there is no such name here. */
typedef const struct cw_tls_ctx *cw_tls_pick(void *arg, struct cw_str sni);

struct cw_tls_start {
    const struct cw_tls_ctx *ctx; /* needed for the call only */
    bool is_server;
    struct cw_str sni;   /* client: the name asked for, A-labels; absent for none */
    const char *alpn;    /* client: offered; server: who offers only others is refused; or NULL */
    uint64_t timeout_ms; /* the handshake's end; 0 for 30 s */
    /* Server, until the handshake is done: asked when the client names somebody, ctx being for
     * those who do not; NULL: ctx for all. */
    cw_tls_pick *pick;
    void *pick_arg;
    bool refuses_unknown; /* server: a name that pick does not know ends the handshake, before a
                           * key was used (alert unrecognized_name); else ctx serves it too */
};
/* TLS from here on: the handshake starts once everything queued so far left as plain text.  From
 * this call on no plain text is delivered: what was handed to on_data before is the caller's to
 * throw away (RFC 6120 section 5.4.3.3), and the next byte read from the socket is taken as TLS.
 * Whether the peer's certificate is good enough is for the owner to decide from the facts: a bad
 * chain does not fail the handshake. */
void cw_conn_start_tls(struct cw_conn *, const struct cw_tls_start *);
bool cw_conn_is_tls(const struct cw_conn *); /* the handshake is done */
/* Also inside on_tls_failed and on_closed. */
enum cw_tls_fault cw_conn_tls_fault(const struct cw_conn *);
const char *cw_conn_tls_alert(const struct cw_conn *); /* "unknown CA"; "" for none */

/* Says goodbye: what is queued goes out, then TLS close_notify, then end of stream; what the peer
 * still sends is thrown away.  on_closed comes when the peer closes too or after the deadline.
 * While connecting and during a handshake there is nobody to say it to: the same as cw_conn_abort.
 */
void cw_conn_close(struct cw_conn *, uint64_t deadline_ms);
/* Closes at once, without a goodbye; on_closed comes from the loop. */
void cw_conn_abort(struct cw_conn *);

const struct cw_addr *cw_conn_peer(const struct cw_conn *);
/* Our side's address; len 0 while not connected. */
struct cw_addr cw_conn_local(const struct cw_conn *);

#endif
