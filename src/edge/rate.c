/* A rate limit; see rate.h. */
#include "edge/rate.h"

static void earn(struct edge_rate *rate, uint64_t now_ms, unsigned per_second, unsigned burst)
{
    int64_t most = (int64_t)burst * 1000000 / per_second;
    uint64_t passed_ms = now_ms - rate->at_ms;
    rate->tokens_us += (int64_t)(passed_ms < 3600000 ? passed_ms : 3600000) * 1000;
    rate->at_ms = now_ms;
    if (rate->tokens_us > most)
        rate->tokens_us = most;
}

void edge_rate_spend(struct edge_rate *rate, uint64_t now_ms, unsigned per_second, unsigned burst)
{
    if (per_second == 0) {
        rate->tokens_us = 0;
        return;
    }
    earn(rate, now_ms, per_second, burst);
    rate->tokens_us -= 1000000 / per_second;
}

bool edge_rate_take(struct edge_rate *rate, uint64_t now_ms, unsigned per_second, unsigned burst)
{
    if (per_second == 0)
        return true;
    earn(rate, now_ms, per_second, burst);
    if (rate->tokens_us < 1000000 / per_second)
        return false;
    rate->tokens_us -= 1000000 / per_second;
    return true;
}

uint64_t edge_rate_debt_ms(const struct edge_rate *rate)
{
    return rate->tokens_us < 0 ? (uint64_t)(-rate->tokens_us) / 1000 + 1 : 0;
}
