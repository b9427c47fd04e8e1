/* The timeline: what happened, step by step, whenever a stream to or from a partner was tried, so
 * that an administrator learns in one sentence why it did not come up.
 *
 * One exchange, outbound: edge_attempt_begin; the dial tells DNS (ok), SRV (ok: two targets), TCP
 * (failed: refused) and TCP (ok); the stream tells FEATURES, TLS with the partner's certificate,
 * FEATURES again, PROOF, AUTHENTICATION (failed: external-refused) and with edge_attempt_verdict
 * what came of it.  A stream that was READY gets a last step when it ends.
 *
 * The last attempts of each partner are kept, and those of all strangers together in one more list.
 * Memory is bounded: texts are cut, steps counted, and when all attempts together become too many
 * bytes the oldest go, whosever they are.  An attempt has two owners, its list and whoever tells
 * its steps; it is gone when both have let go. */
#ifndef CW_EDGE_ATTEMPT_H
#define CW_EDGE_ATTEMPT_H

#include <jansson.h>

#include "policy/failure.h"
#include "s2s/cert.h"

enum {
    EDGE_ATTEMPT_MAX_STEPS = 40, /* further addresses are left out */
    EDGE_ATTEMPTS_MAX_BYTES = 32 * 1024 * 1024,
    EDGE_ATTEMPTS_STRANGERS = 50, /* kept, of all strangers together */
};

enum edge_step_kind {
    EDGE_STEP_DNS,
    EDGE_STEP_SRV, /* which servers the DNS names, in which order */
    EDGE_STEP_TCP, /* one address */
    EDGE_STEP_TLS,
    EDGE_STEP_FEATURES, /* the stream header and what is offered */
    EDGE_STEP_PROOF,    /* what the certificate stands for, beyond its names */
    EDGE_STEP_AUTHENTICATION,
    EDGE_STEP_VERDICT,
    EDGE_STEP_END, /* after READY */
};
const char *edge_step_name(enum edge_step_kind); /* "dns", "srv", ... */

enum edge_step_state { EDGE_STEP_OK, EDGE_STEP_FAILED, EDGE_STEP_SKIPPED };

enum edge_attempt_result {
    EDGE_ATTEMPT_PENDING,
    EDGE_ATTEMPT_READY,
    EDGE_ATTEMPT_FAILED,  /* it did not work out */
    EDGE_ATTEMPT_REFUSED, /* one of the two servers said no */
    EDGE_ATTEMPT_ENDED,   /* it was READY */
};

struct edge_attempt;
struct edge_attempts;

/* `kept`: of each partner. */
struct edge_attempts *edge_attempts_new(size_t kept);
/* Whoever still tells steps may go on and must let go of its attempt before this. */
void edge_attempts_free(struct edge_attempts **);

struct edge_attempt_start {
    enum cw_direction direction;
    struct cw_str id;            /* the stream's in the log */
    struct cw_str local, remote; /* as far as they are known */
    struct cw_str partner;       /* its primary domain; absent: a stranger's */
    uint64_t since_ms;           /* when it began (cw_now_ms) */
    bool is_apart;               /* a test's own: in no list */
};
struct edge_attempt *edge_attempt_begin(struct edge_attempts *, const struct edge_attempt_start *);
/* The teller lets go. */
void edge_attempt_end(struct edge_attempt **);

struct edge_step {
    enum edge_step_kind kind;
    enum edge_step_state state;
    json_t *facts; /* an object, taken over; NULL: none */
    /* FAILED: why; its sentence and advice are written from the gaps (domain and local: the
     * attempt's own when absent). */
    enum cw_failure failure;
    struct cw_failure_gaps gaps;
    struct cw_str sentence; /* otherwise: or absent */
};
/* Does nothing with NULL for the attempt (the facts are let go of). */
void edge_attempt_step(struct edge_attempt *, const struct edge_step *);
/* What came of it: READY with a method, or the failure.  After READY: how it ended.  The first
 * verdict on either counts; each is a step of its own. */
void edge_attempt_ready(struct edge_attempt *, enum cw_method);
void edge_attempt_failed(struct edge_attempt *, enum cw_failure, const struct cw_failure_gaps *);
enum edge_attempt_result edge_attempt_result(const struct edge_attempt *);
/* Why it failed or ended, and what is wrong in one sentence; NONE: ready or pending.  Lives as long
 * as the attempt. */
enum cw_failure edge_attempt_failure(const struct edge_attempt *);
struct cw_str edge_attempt_sentence(const struct edge_attempt *);

/* Called for each new step, borrowed for the call; {"step":...} as in the list below. */
typedef void edge_attempt_fn(void *arg, const struct edge_attempt *, json_t *step);
void edge_attempt_observe(struct edge_attempt *, edge_attempt_fn *, void *arg);

/* {"id","at","direction","local","remote","result","method","reason","side","sentence","advice",
 *  "steps":[{"step","state","ms","facts":{},"reason","side","sentence","advice"}]}; a new
 * reference. */
json_t *edge_attempt_json(const struct edge_attempt *);
/* Those of a partner (primary domain), newest first, at most `limit`. */
json_t *edge_attempts_of_partner(const struct edge_attempts *, struct cw_str partner, size_t limit);
/* The newest of them that failed or was refused, without its steps; NULL: there is none. */
json_t *edge_attempts_last_failure(const struct edge_attempts *, struct cw_str partner);
/* Those of a domain that is no partner. */
json_t *edge_attempts_of_stranger(const struct edge_attempts *, struct cw_str domain, size_t limit);
/* Forgets the lists of partners for whom `is_known` says no. */
void edge_attempts_forget(struct edge_attempts *, bool (*is_known)(void *arg, struct cw_str),
                          void *arg);

/* Any peer's text as a JSON string: cut, and with what is no UTF-8 taken out. */
json_t *edge_fact(struct cw_str);
/* Those of a certificate's first `max` names that are well-formed. */
json_t *edge_fact_names(const struct cw_cert *, size_t max);
/* A time of cw_now_ms as RFC 3339 in UTC, with milliseconds. */
json_t *edge_fact_time(uint64_t at_ms);

#endif
