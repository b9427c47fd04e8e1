/* What the files of the gateway's store share:
 *
 *   store.c         the thread that talks to the database, the readings that it brings, life
 *   store_known.c   what is known of the local users: invitations, blocks, access rules
 *   store_behind.c  what waits to be written */
#ifndef CW_GATEWAY_STORE_PRIV_H
#define CW_GATEWAY_STORE_PRIV_H

#include <pthread.h>

#include "gateway/gateway_priv.h"
#include "store/store.h"

/* --- store_known.c ----------------------------------------------------------------------------*/

/* One reading, in maps by "local remote", and by scope. */
struct gw_known {
    struct cw_map contacts, blocks; /* that a key is there is what counts */
    struct cw_map access;           /* -> struct cw_access_rule */
    struct cw_arena arena;
};
struct cw_str gw_pair_key(struct cw_arena *, struct cw_str local, struct cw_str remote);
enum cw_err gw_known_read(struct cw_store *, struct gw_known *out);
void gw_known_free(struct gw_known *);
void gw_known_set_contact(struct gw_known *, struct cw_str local, struct cw_str remote, bool is);

/* --- store_behind.c ---------------------------------------------------------------------------*/

struct gw_write;
TAILQ_HEAD(gw_write_list, gw_write);
/* In their order; at most one for each row: the last. */
struct gw_writes {
    struct gw_write_list list;
    struct cw_map by_key;
};
void gw_writes_init(struct gw_writes *);
void gw_writes_free(struct gw_writes *);
bool gw_writes_is_empty(const struct gw_writes *);
size_t gw_writes_count(const struct gw_writes *);
/* Adds one; all that it points to is copied. */
void gw_writes_contact(struct gw_writes *, const struct cw_contact *, bool is_put);
void gw_writes_subscription(struct gw_writes *, const struct cw_store_subscription *, bool is_put);
void gw_writes_dialog(struct gw_writes *, const struct cw_store_dialog *, bool is_put);
void gw_writes_withdrawal(struct gw_writes *, int64_t id); /* carried out: to be removed */
/* All in one transaction. */
enum cw_err gw_writes_run(const struct gw_writes *, struct cw_store *);
/* What could not be written goes back in front of what came since, which counts where both are
 * about one row.  The first set is empty afterwards. */
void gw_writes_give_back(struct gw_writes *failed, struct gw_writes *since);
/* Repeats what these say of invitations on what was read, maybe before they were written. */
void gw_writes_repeat(const struct gw_writes *, struct gw_known *);

/* --- store.c ----------------------------------------------------------------------------------*/

enum gw_job_kind { GW_JOB_RELOAD, GW_JOB_WRITE, GW_JOB_STOP };

/* A call to the database; its results with it. */
struct gw_job {
    TAILQ_ENTRY(gw_job) link;
    enum gw_job_kind kind;
    uint64_t known_version;
    void (*done)(void *arg);
    void *arg;
    struct gw_writes writes;
    enum cw_err err;
    struct cw_policy *policy; /* the new one, or NULL when nothing changed */
    struct gw_known known;    /* together with the policy */
    struct cw_withdrawal *withdrawals;
    size_t n_withdrawals;
    struct cw_arena arena;
};
TAILQ_HEAD(gw_jobs, gw_job);

struct gw_store {
    struct gateway *gateway;
    struct gw_known known;
    struct gw_writes queued; /* wait for the next batch */
    struct gw_job *writing;  /* the batch under way; NULL: none.  One at a time keeps their order */
    uint64_t last_batch_ms;
    bool is_failing; /* the last batch could not be written, as was said */
    uint64_t retry_ms;
    struct cw_timer *batch, *poll;
    int64_t last_withdrawal; /* carried out; those up to it are known */
    struct gw_restored restored;
    struct cw_arena restored_arena;
    struct event *wake_event;
    int wake_fd;
    pthread_t thread;
    bool has_thread;
    struct cw_store *handle; /* the thread's, while it runs */
    pthread_mutex_t lock;    /* guards the two queues */
    pthread_cond_t work;
    struct gw_jobs todo, finished;
};

/* Something was queued: sees to it that a batch goes out, after this turn of the loop or within
 * 100 ms; when one is under way, after it. */
void gw_store_batch_now(struct gw_store *);
void gw_store_batch_soon(struct gw_store *);

#endif
