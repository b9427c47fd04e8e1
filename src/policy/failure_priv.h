/* The rows of the failures: failure_text.c has them, failure.c fills their gaps. */
#ifndef CW_POLICY_FAILURE_PRIV_H
#define CW_POLICY_FAILURE_PRIV_H

#include "policy/failure.h"

struct cw_failure_words {
    const char *name;
    enum cw_side side;
    bool is_harmless;
    const char *sentence; /* what is wrong: {domain} {local} {address} {detail}, [left out] */
    const char *advice;   /* what to change, and on whose side */
};
const struct cw_failure_words *cw_failure_words(enum cw_failure);

#endif
