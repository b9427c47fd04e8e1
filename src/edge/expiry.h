/* Warnings ahead of a certificate's end: one when 30, 14, 7 and 1 days are left, one when it is
 * over.  For whom has been warned already is remembered by name; only certificates that end soon
 * take memory, and that is bounded.  This module knows no clock and no certificate. */
#ifndef CW_EDGE_EXPIRY_H
#define CW_EDGE_EXPIRY_H

#include "base/map.h"

enum { EDGE_EXPIRY_MAX = 4096 }; /* names; when they are too many, all are forgotten at once */

/* Whole days from now until then, rounded down: negative when it is over.  Seconds since 1970. */
int64_t edge_expiry_days(int64_t not_after, int64_t now);
/* How pressing: 0 is more than 30 days, 5 is over. */
unsigned edge_expiry_level(int64_t not_after, int64_t now);

/* A zeroed struct has warned of nothing. */
struct edge_expiry {
    struct cw_map warned; /* name -> struct warned (expiry.c) */
};
/* True when the next warning is due: the certificate of that name is more pressing than when this
 * said so last, or is another one. */
bool edge_expiry_is_due(struct edge_expiry *, struct cw_str name, int64_t not_after, int64_t now);
void edge_expiry_free(struct edge_expiry *);

#endif
