/* What the stages of the notifier's and the subscriber's tests share: the store's rows, the pace,
 * and whatever waits for the test to go on. */
#ifndef CW_TEST_PRESENCE_STAGE_H
#define CW_TEST_PRESENCE_STAGE_H

#include "gateway/presence_priv.h"

/* The store of one pair. */
struct gw_store {
    bool is_x2s;     /* what all its rows must say */
    bool keeps_rows; /* when events are silent, too */
    size_t n_row_puts, n_dialog_puts;
    struct cw_arena arena;            /* of the two rows */
    struct cw_store_subscription row; /* state absent: there is none */
    struct cw_store_dialog dialog;    /* the one put last; call_id absent: removed */
};

/* A request without an answer, a turn that has not come, a stanza without an outcome. */
struct waiting {
    TAILQ_ENTRY(waiting) link;
    gw_sip_final_fn *final;
    gw_pace_fn *turn;
    gw_posted_fn *posted;
    void *arg;
    uint64_t user;
    char call_id[128]; /* of a request; what is posted: "+orchard", "-" */
};
TAILQ_HEAD(waitings, waiting);
struct waiting *wait_in(struct waitings *, void *arg, uint64_t user);
struct waiting *take(struct waitings *); /* the oldest; NULL: there is none */
size_t count(const struct waitings *);
void forget(struct waitings *);

size_t take_turns(void); /* all that waits in the pace; how many */
void forget_turns(void);

struct gw_pair pair_of(struct cw_arena *, const char *local, const char *remote);
void keep_text(char *to, size_t size, struct cw_str);

/* The presence of a gateway that has that store; its machine is made and freed by the stage. */
void presence_begin(struct gw_presence *, struct gateway *, struct gw_store *,
                    unsigned probe_timeout_s);
void presence_end(struct gw_presence *);

#endif
