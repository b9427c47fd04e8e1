/* Every combination of settings and facts on one stream, as coordinates: the reference table and
 * the invariants walk the same space. */
#ifndef CW_TESTS_TABLE_SPACE_H
#define CW_TESTS_TABLE_SPACE_H

#include "policy/nego.h"

enum dim {
    DIM_RULES,
    DIM_DIRECTION,
    DIM_TLS,
    DIM_OFFERS,
    DIM_CERT,
    DIM_SASL,
    DIM_DIALBACK,
    N_DIMS
};

struct point {
    unsigned at[N_DIMS];
};

/* Number of values of a dimension at this point (an inbound stream has no peer's offers). */
unsigned space_size(const struct point *, enum dim);
const char *space_dim_name(enum dim);
/* The value's name at this point, "TLS Required, SASL Optional, dialback true", "up", ... */
void space_value_name(const struct point *, enum dim, char *out, size_t size);
void space_read(const struct point *, struct cw_rules *, struct cw_facts *);
/* The first point is all zero; false after the last. */
bool space_next(struct point *);
/* "outbound, TLS up, ..." for failures. */
void space_describe(const struct point *, char *out, size_t size);

#endif
