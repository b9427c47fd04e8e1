/* Taking over many things at once (import.c, import_lync.c): each is a command of the table, run in
 * one transaction, and told as one row. */
#ifndef CW_API_TRANSFER_PRIV_H
#define CW_API_TRANSFER_PRIV_H

#include "api/api_priv.h"
#include "base/map.h"

enum cw_transfer_result {
    CW_TRANSFER_NEW,
    CW_TRANSFER_CHANGED,
    CW_TRANSFER_SAME,
    CW_TRANSFER_REMOVED,
    CW_TRANSFER_REFUSED,
};
enum { CW_TRANSFER_N_RESULTS = CW_TRANSFER_REFUSED + 1 };

struct cw_transfer {
    const struct cw_api_call *call;
    json_t *rows; /* {"kind","name","result","sentence","before","after"}, "streams" perhaps */
    size_t counts[CW_TRANSFER_N_RESULTS];
    struct cw_map seen; /* "kind name" of all that the file has */
    int64_t version;    /* of all that can be taken over: the id of the last change's audit row */
    int64_t since;      /* of what is applied next (cw_api_call's); 0: now */
    enum cw_err err;    /* the store failed: nothing of it counts */
};

/* Begins the transaction; false with a problem, also when something has changed since the version
 * that the arguments name. */
bool cw_transfer_begin(struct cw_transfer *, const struct cw_api_call *, const json_t *in,
                       struct cw_api_problem *);
/* False, and a refused row, when the file had that one before. */
bool cw_transfer_is_first(struct cw_transfer *, const char *kind, struct cw_str name);
bool cw_transfer_has(struct cw_transfer *, const char *kind, struct cw_str name);
/* Runs the command, takes `in` over, and adds a row of what came of it. */
void cw_transfer_apply(struct cw_transfer *, const char *kind, struct cw_str name,
                       const char *command, json_t *in);
/* The same, but a refusal adds no row: false with the problem. */
bool cw_transfer_try(struct cw_transfer *, const char *kind, struct cw_str name,
                     const char *command, json_t *in, struct cw_api_problem *);
void cw_transfer_add(struct cw_transfer *, const char *kind, struct cw_str name,
                     enum cw_transfer_result, struct cw_str sentence);
/* Commits, or rolls back: for what-if, and when a row was refused though not `is_partial`.  What is
 * kept is noted in the audit trail as `action`, beside a row for each change.  The answer of the
 * command, or NULL with a problem. */
json_t *cw_transfer_end(struct cw_transfer *, const char *action, bool is_partial,
                        struct cw_api_problem *);

/* transfer_live.c: adds to the rows of partners that would go or change how many `streams` they
 * have, when somebody can tell. */
void cw_transfer_tell_streams(const struct cw_api_call *, json_t *rows);

#endif
