/* A rate limit: each event costs 1/rate seconds; what was not spent is kept up to the burst.  Who
 * spends more than that owes time and rests until it has passed: nothing is dropped.  Who takes
 * gets nothing beyond it and owes nothing. */
#ifndef CW_EDGE_RATE_H
#define CW_EDGE_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* A zeroed struct has a full burst to spend. */
struct edge_rate {
    int64_t tokens_us; /* time earned and not spent; negative: owed */
    uint64_t at_ms;
};

/* One event.  per_second 0: no limit. */
void edge_rate_spend(struct edge_rate *, uint64_t now_ms, unsigned per_second, unsigned burst);
/* One event, if it can be paid. */
bool edge_rate_take(struct edge_rate *, uint64_t now_ms, unsigned per_second, unsigned burst);
/* How long to rest, in ms; 0: not at all. */
uint64_t edge_rate_debt_ms(const struct edge_rate *);

#endif
