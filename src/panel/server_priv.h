/* What server.c, conn.c and exchange.c ask of each other. */
#ifndef CW_PANEL_SERVER_PRIV_H
#define CW_PANEL_SERVER_PRIV_H

#include <sys/queue.h>

#include "base/map.h"
#include "io/conn.h"
#include "panel/panel_priv.h"

struct cw_listener;

struct panel_server {
    struct panel *panel;
    struct cw_tls_ctx *tls;
    struct cw_listener **listeners;
    size_t n_listeners;
    TAILQ_HEAD(panel_conns, panel_conn) conns; /* the oldest first */
    unsigned n_conns;
    struct cw_timer *daily;
    size_t body_bytes; /* that were promised to those who send large bodies */
    struct cw_map per_address;
    bool is_stopping;
};

struct panel_conn {
    TAILQ_ENTRY(panel_conn) link;
    struct panel_server *server;
    struct cw_conn *conn;
    struct cw_http_guard *guard;
    enum cw_http_verdict verdict;
    struct panel_exchange *exchange; /* NULL: none is being answered */
    struct cw_timer *timer;
    struct cw_arena arena;
    struct panel_peer peer;
    size_t body_bytes; /* its share of the server's */
    uint64_t taken;    /* cw_conn_flushed_total when the timer for it was set */
    bool said_continue;
    bool is_answered; /* the answer goes out; the guard has the old request still */
    bool is_last;     /* no other request is read after this one */
    bool is_closing;
};

/* --- conn.c: reading requests, one at a time, and their answers' way out ----------------------*/

/* TLS when the peer is no Unix one; `peer` is copied. */
struct panel_conn *panel_conn_new(struct panel_server *, int fd, const struct cw_addr *,
                                  const struct panel_peer *peer);
void panel_conn_end(struct panel_conn *); /* at once */
/* The answer that is under way is the last one; ends now when there is none. */
void panel_conn_wind_up(struct panel_conn *);
/* Nothing was asked that is not answered; it could ask again anew. */
bool panel_conn_is_idle(const struct panel_conn *);

/* --- server.c ---------------------------------------------------------------------------------*/

/* False: too many send large bodies already. */
bool panel_server_promise(struct panel_server *, struct panel_conn *, size_t n_bytes);
void panel_server_forget(struct panel_conn *); /* its end: called once */

/* --- exchange.c -------------------------------------------------------------------------------*/

/* Everything is copied; ends by an answer. */
struct panel_exchange *panel_exchange_new(struct panel *, struct panel_conn *,
                                          const struct panel_peer *,
                                          const struct cw_http_request *);
/* The connection is gone.  The exchange may have ended when this returns. */
void panel_exchange_leave(struct panel_exchange *);

#endif
