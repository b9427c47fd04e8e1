/* How often one asks: a bucket of tokens for each key; see panel_priv.h.  Bounded: when there are
 * too many keys all are forgotten, which lets somebody ask a little more for a moment. */
#include "base/map.h"
#include "panel/panel_priv.h"

enum { MAX_KEYS = 4096 };

struct bucket {
    uint64_t milli_tokens, at_ms;
};

struct panel_rates {
    struct cw_map buckets;
    unsigned per_s, burst;
};

static void free_bucket(struct cw_str key, void *bucket, void *arg)
{
    (void)key;
    (void)arg;
    cw_free(bucket);
}

static void forget(struct panel_rates *rates)
{
    cw_map_each(&rates->buckets, free_bucket, NULL);
    cw_map_free(&rates->buckets);
    rates->buckets = (struct cw_map){0};
}

struct panel_rates *panel_rates_new(unsigned per_s, unsigned burst)
{
    struct panel_rates *rates = cw_alloc(sizeof *rates);
    rates->per_s = per_s;
    rates->burst = burst;
    return rates;
}

void panel_rates_free(struct panel_rates **rates)
{
    if (!*rates)
        return;
    forget(*rates);
    cw_free(*rates);
    *rates = NULL;
}

unsigned panel_rates_take(struct panel_rates *rates, struct cw_str key, uint64_t now_ms)
{
    uint64_t full = (uint64_t)rates->burst * 1000;
    if (rates->per_s == 0)
        return 0;
    struct bucket *bucket = cw_map_get(&rates->buckets, key);
    if (!bucket) {
        if (rates->buckets.n >= MAX_KEYS)
            forget(rates);
        bucket = cw_alloc(sizeof *bucket);
        *bucket = (struct bucket){full, now_ms};
        cw_map_set(&rates->buckets, key, bucket);
    }
    uint64_t passed_ms = now_ms - bucket->at_ms;
    /* So long that it is full again: no product of it is needed. */
    bucket->milli_tokens =
        passed_ms > full ? full : bucket->milli_tokens + passed_ms * rates->per_s;
    bucket->milli_tokens = bucket->milli_tokens > full ? full : bucket->milli_tokens;
    bucket->at_ms = now_ms;
    if (bucket->milli_tokens < 1000)
        return 1;
    bucket->milli_tokens -= 1000;
    return 0;
}
