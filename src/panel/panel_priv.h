/* The panel's process and what its parts ask of each other.
 *
 *     server.c    connections: TLS or the Unix socket, http_guard.c, evhttp above
 *     request.c   one request: who asks (session cookie, token, peer of the socket), may he, which
 *                 row of the table; then worker.c runs it on a thread, and the answer goes out
 *     worker.c    threads with a store handle each: whatever may wait for a disk, for argon2 or for
 *                 the gateway is done there
 *     sign_in.c   passwords, directory.c: LDAP; session cookies
 *     events.c    server-sent events: what changed, to every browser that listens
 *     files.c     the web application, as installed
 *
 * One exchange: a browser sends PATCH /api/v1/partners/fabrikam.test with its cookie, the CSRF
 * token and If-Match.  The guard lets it pass, evhttp reads it; request.c finds no fault with
 * Origin, gives it to a worker; there the session is looked up (an administrator's), the route
 * found, the row run, the gateway told.  Back on the loop the answer goes out with the new entity
 * tag, and all listeners hear that a partner changed. */
#ifndef CW_PANEL_PANEL_PRIV_H
#define CW_PANEL_PANEL_PRIV_H

#include <event2/event.h>
#include <event2/http.h>

#include "account/lockout.h"
#include "api/api.h"
#include "base/log.h"
#include "conf/config.h"
#include "io/loop.h"
#include "rights/rights.h"

struct panel_server;
struct panel_workers;
struct panel_events;
struct panel_files;

struct panel {
    struct event_base *base;
    struct cw_config config;
    struct cw_log_ctx log;
    struct cw_arena arena;
    struct panel_server *server;
    struct panel_workers *workers;
    struct panel_events *events;
    struct panel_files *files;
    struct cw_lockout *lockout; /* of the loop */
    struct cw_rights rights;
};

/* Where a request came in. */
struct panel_peer {
    bool is_unix;
    unsigned uid;          /* unix */
    bool is_administrator; /* unix: root, the program's own account, or a member of its group */
    struct cw_str address; /* TLS: without the port */
};

/* --- server.c: calls panel_request for each whole request; it must be answered by panel_answer --
 */
struct panel_exchange; /* one request and its answer */
const struct panel_peer *panel_exchange_peer(const struct panel_exchange *);
struct evhttp_request *panel_exchange_http(const struct panel_exchange *);
void panel_request(struct panel *, struct panel_exchange *);
/* Security headers are added here.  body may be empty. */
void panel_answer(struct panel_exchange *, int status, struct cw_str content_type,
                  struct cw_str body);
/* Instead: an answer in parts (events, progress); `gone` is called once when the browser is away.
 */
void panel_answer_begin(struct panel_exchange *, int status, struct cw_str content_type,
                        void (*gone)(void *arg), void *arg);
void panel_answer_part(struct panel_exchange *, struct cw_str bytes);
void panel_answer_end(struct panel_exchange *);

/* --- worker.c -------------------------------------------------------------------------------- */
/* What a thread has while it works: a store handle of its own, an arena for the job. */
struct panel_work {
    struct panel *panel; /* read only: configuration */
    struct cw_store *store;
    struct cw_arena *arena;
    /* To the loop while the work goes on: `part` of a streamed answer; copied. */
    void (*tell)(struct panel_work *, struct cw_str part);
};
/* `work` on a thread, then `done` on the loop with the same argument.  False: too much waits (503).
 */
bool panel_work_post(struct panel_workers *, void (*work)(struct panel_work *, void *arg),
                     void (*part)(void *arg, struct cw_str), void (*done)(void *arg), void *arg);

#endif
