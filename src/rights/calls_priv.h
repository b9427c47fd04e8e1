/* The table of system calls and what is made of it; see calls.c. */
#ifndef CW_RIGHTS_CALLS_PRIV_H
#define CW_RIGHTS_CALLS_PRIV_H

#include "rights/rights.h"

/* Calls that no code here and no library below it makes once a role runs: whoever makes one has
 * taken the process over. */
struct cw_never_row {
    int number; /* negative: this machine does not have it */
    const char *name;
    bool is_parents; /* the supervisor and the start of a role do make it */
};
extern const struct cw_never_row cw_never_rows[];
extern const size_t cw_n_never_rows;

/* Calls that are allowed whatever their arguments. */
struct cw_call_row {
    int number;
    unsigned calls; /* enum cw_calls, any of them; CW_CALLS_BASE: always */
};
extern const struct cw_call_row cw_call_rows[];
extern const size_t cw_n_call_rows;

#endif
