/* The panel's process and what its parts ask of each other.
 *
 *     server.c       who may connect: TLS or the Unix socket, how many
 *     conn.c         one connection: http_guard.c on it, time limits, back-pressure
 *     exchange.c     one request and its answer, whole or in parts
 *     request.c      who may pass at all (name, rate), and whose business a path is
 *     worker.c       threads with a store handle each: whatever may wait for a disk, for argon2 or
 *                    for the gateway is done there
 *     identity.c     on a worker: who asks (session cookie, token, peer of the socket)
 *     call.c         on a worker: which row of the table, run, answer
 *     session.c      signing in and out, one's own password
 *     directory.c    signing in with an account of a directory; more in directory_priv.h
 *     events.c       server-sent events: what changed, to every browser that listens
 *     health.c       how everything is and was: a look once a minute, samples, Prometheus
 *     files.c        the web application, as installed
 *     fields.c       what some fields of a request ask for
 *     certificate.c  a certificate of our own making
 *
 * One exchange: a browser sends PATCH /api/v1/partners/fabrikam.test with its cookie, the CSRF
 * token and If-Match.  The guard reads it; request.c finds no fault with Host and gives it to a
 * worker; there the session is looked up (an administrator's, Origin and token are right), the
 * route found, the row run, the gateway told.  Back on the loop the answer goes out with the new
 * entity tag, and a second later all listeners hear that a partner changed. */
#ifndef CW_PANEL_PANEL_PRIV_H
#define CW_PANEL_PANEL_PRIV_H

#include <event2/event.h>
#include <jansson.h>

#include "account/lockout.h"
#include "api/api.h"
#include "base/log.h"
#include "conf/config.h"
#include "io/loop.h"
#include "panel/http_guard.h"
#include "rights/rights.h"

struct cw_tls_ctx;
struct panel_server;
struct panel_workers;
struct panel_events;
struct panel_health;
struct panel_rates;
struct panel_directory;

struct panel {
    struct event_base *base;
    struct cw_config config;
    struct cw_log_ctx log;
    struct cw_arena arena;
    struct cw_str host_name; /* this machine's, lower case */
    struct panel_server *server;
    struct panel_workers *workers;
    struct panel_events *events;
    struct panel_health *health;
    struct panel_directory *directory;         /* NULL: none is configured */
    struct panel_rates *rates, *address_rates; /* of a session or token; of an address */
    struct cw_lockout *lockout;                /* of the loop */
    struct cw_rights rights;
    unsigned n_exchanges;
    bool is_stopping;
};

/* --- exchange.c: one request and its answer ---------------------------------------------------*/

/* Where a request came in. */
struct panel_peer {
    bool is_unix;
    unsigned uid;          /* unix */
    bool is_administrator; /* unix: root, the program's own account, or a member of its group */
    struct cw_str address; /* TLS: without the port */
    struct cw_str site;    /* TLS: what limits count by (cw_addr_site) */
    struct cw_str local;   /* TLS: our own address, without the port */
};

/* Lives until it is answered, whether the browser is still there or not. */
struct panel_exchange {
    struct panel *panel;
    struct cw_arena arena; /* of the loop until a worker has it, and again after */
    struct panel_peer peer;
    struct cw_http_request request; /* a copy */
    uint64_t since_ms;
    struct cw_str who; /* for the log; absent: not known */
    /* Of the loop. */
    struct panel_conn *conn; /* NULL: the browser is away */
    struct cw_buf headers;   /* further lines of the answer */
    bool is_begun, is_chunked;
    void (*gone)(void *arg);
    void *gone_arg;
};

/* One more line of the answer's head; the value is ours or was checked. */
void panel_header(struct panel_exchange *, const char *name, struct cw_str value);
/* Ends the exchange.  Security headers are added here; `cache` is Cache-Control's value. */
void panel_answer(struct panel_exchange *, int status, const char *content_type,
                  struct cw_str body);
void panel_answer_cached(struct panel_exchange *, int status, const char *content_type,
                         const char *cache, struct cw_str body);
void panel_answer_json(struct panel_exchange *, int status, const json_t *);
void panel_answer_problem(struct panel_exchange *, int status, const char *field,
                          struct cw_str sentence);
/* Instead: an answer in parts (events, progress), ended by panel_answer_end.  `gone` (or NULL) is
 * called once when the browser goes away before; the exchange still wants its end then. */
void panel_answer_begin(struct panel_exchange *, const char *content_type, void (*gone)(void *arg),
                        void *arg);
void panel_answer_part(struct panel_exchange *, struct cw_str bytes);
void panel_answer_end(struct panel_exchange *);
/* Bytes that the browser has not taken yet. */
size_t panel_answer_waiting(const struct panel_exchange *);

/* --- server.c ---------------------------------------------------------------------------------*/

struct panel_server *panel_server_new(struct panel *, struct cw_buf *why);
void panel_server_free(struct panel_server **);
/* Nobody new; what is being done is answered.  Ends the loop when the last one has left. */
void panel_server_wind_up(struct panel_server *);
unsigned panel_server_connections(const struct panel_server *);
bool panel_server_load_certificate(struct panel_server *, struct cw_buf *why);
/* conn.c, for exchange.c: the bytes of an answer; the end of it. */
void panel_conn_write(struct panel_conn *, struct cw_str bytes);
void panel_conn_answered(struct panel_conn *, bool keeps_alive);
size_t panel_conn_waiting(const struct panel_conn *);

/* --- request.c: called for each whole request -------------------------------------------------*/

void panel_request(struct panel_exchange *);

/* --- worker.c ---------------------------------------------------------------------------------*/

/* What a thread has while it works: a store handle of its own; NULL: it cannot be opened. */
struct panel_work {
    struct panel *panel; /* read only: configuration */
    struct cw_store *store;
    struct panel_job *job;
};
struct panel_task {
    void (*run)(struct panel_work *, void *arg);  /* on a thread */
    void (*part)(void *arg, struct cw_str bytes); /* on the loop, or NULL */
    void (*done)(void *arg);                      /* on the loop */
    void *arg;
};
struct panel_workers *panel_workers_new(struct panel *, struct cw_buf *why);
void panel_workers_free(struct panel_workers **); /* waits for what runs */
/* False: too much waits (503); none of the functions will be called then. */
bool panel_work_post(struct panel_workers *, const struct panel_task *);
unsigned panel_work_jobs(const struct panel_workers *); /* that are not done */
/* From inside `run`: to `part` on the loop, in order and before `done`; copied. */
void panel_work_tell(struct panel_work *, struct cw_str part);
/* Around what may take minutes, so that threads are left for the rest.  False: not now (503). */
bool panel_work_begin_slow(struct panel_work *);
void panel_work_end_slow(struct panel_work *);

/* --- identity.c -------------------------------------------------------------------------------*/

struct panel_identity {
    struct cw_str who;
    enum cw_permission permission;
    bool is_session;           /* a browser's: the rest is there */
    bool must_change_password; /* and may do nothing else first */
    bool is_directory;
    struct cw_str key; /* of the session or the token; absent: the socket's */
    struct cw_str csrf;
};
/* On a worker.  `touches`: the request counts as one of the user's.  False with a problem (401,
 * 403): nobody, or a session without what proves that its own page asks. */
bool panel_identify(struct panel_work *, const struct panel_exchange *, struct cw_arena *,
                    bool touches, struct panel_identity *, struct cw_api_problem *);
/* Does the session or the token still hold?  Does not count as a request of the user's. */
bool panel_key_holds(struct panel_work *, struct cw_arena *, struct cw_str key);
/* The session's cookie in the request, or absent. */
struct cw_str panel_cookie(const struct cw_http_request *);
/* Origin, when sent, is the name that the request is for. */
bool panel_origin_is_own(const struct cw_http_request *);
bool panel_method_is_safe(struct cw_str method);

/* --- what request.c hands exchanges to --------------------------------------------------------*/

void panel_call(struct panel_exchange *);                        /* call.c: a row of the table */
void panel_session(struct panel_exchange *, struct cw_str path); /* session.c */
void panel_sign_in(struct panel_exchange *);                     /* sign_in.c */
void panel_file(struct panel_exchange *);                        /* files.c */
void panel_listen(struct panel_exchange *);                      /* events.c */

/* call.c.  On a worker: runs a row and tells the gateway of a change; `news`: NULL. */
struct cw_rest_call;
json_t *panel_run_row(struct panel_work *, struct cw_arena *, const struct panel_identity *,
                      const struct cw_rest_call *, void *news, struct cw_api_problem *);
bool panel_body_is_json(const struct cw_http_request *, struct cw_api_problem *);
/* False (403): a password of one's own must be chosen first. */
bool panel_may_act(const struct panel_identity *, struct cw_api_problem *);
/* On the loop: answers with the problem and the headers that go with its status. */
void panel_answer_refusal(struct panel_exchange *, const struct cw_api_problem *);
/* panel_work_post; false: it is answered that too much waits, and the argument is freed. */
bool panel_post(struct panel_exchange *, const struct panel_task *);

/* session.c: {"name":...}, strictly: a JSON object with these texts and nothing else.  False with a
 * problem. */
struct panel_text {
    const char *name;
    struct cw_str *value;
};
bool panel_read_texts(struct panel_exchange *, const struct panel_text *, size_t n,
                      struct cw_api_problem *);
/* sign_in.c: true when that was tried too often; it is answered with 429 then. */
bool panel_must_wait(struct panel_exchange *, struct cw_str account);
/* Of who is signed in: the answer to GET and POST /session. */
json_t *panel_show_identity(const struct panel *, const struct panel_identity *);
/* Sets the session's cookie; absent: takes it away. */
void panel_set_cookie(struct panel_exchange *, struct cw_str value);

struct panel_events *panel_events_new(struct panel *);
void panel_events_free(struct panel_events **);
unsigned panel_events_listeners(const struct panel_events *);
void panel_events_wind_up(struct panel_events *); /* nobody listens any more */

/* rate.c: takes one of the tokens of that key; seconds to wait, or 0: go on. */
struct panel_rates *panel_rates_new(unsigned per_s, unsigned burst);
void panel_rates_free(struct panel_rates **);
unsigned panel_rates_take(struct panel_rates *, struct cw_str key, uint64_t now_ms);

/* certificate.c: the pair to show; made when none is configured and none is there, or it ends soon.
 */
bool panel_certificate_paths(struct panel *, struct cw_str *certificate, struct cw_str *key,
                             struct cw_buf *why);
bool panel_certificate_is_due(const struct panel *); /* ours is to be made anew */

/* rights.c */
bool panel_rights_files(struct panel *, struct cw_buf *why);
bool panel_rights_drop(struct panel *, struct cw_buf *why);

#endif
