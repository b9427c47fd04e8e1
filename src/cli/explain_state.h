/* What one call of `causeway explain translate` leaves for the next in its --state file: the
 * requests that went out and have no final answer.  Fields of other parts are kept as they are. */
#ifndef CW_CLI_EXPLAIN_STATE_H
#define CW_CLI_EXPLAIN_STATE_H

#include <jansson.h>

#include "base/mem.h"

struct cw_explain_state {
    const char *path; /* NULL: there is no file, and nothing is kept */
    json_t *root;
};

/* Reads the file; one that is not there is an empty state.  False: a sentence stands on standard
 * error. */
bool cw_explain_state_load(struct cw_explain_state *, const char *path);
bool cw_explain_state_save(const struct cw_explain_state *);
void cw_explain_state_free(struct cw_explain_state *);

struct cw_explain_pending {
    struct cw_str id, call_id, from, to; /* from, to: JIDs, of the one who sent it and whom to */
    uint32_t cseq;
};
/* A request that was sent again is there once. */
void cw_explain_state_add(struct cw_explain_state *, const struct cw_explain_pending *);
/* Finds the oldest request that has what `like` has (absent and 0: anything; from and to are
 * compared as bare JIDs).  It is taken out of the state when `take` is set. */
bool cw_explain_state_find(struct cw_explain_state *, struct cw_arena *,
                           const struct cw_explain_pending *like, bool take,
                           struct cw_explain_pending *out);

#endif
