/* The order of SRV targets: RFC 2782, "Usage rules".  Pure. */
#include "io/target.h"

#include <string.h>

static void move(struct cw_dns_srv *srvs, size_t from, size_t to)
{
    struct cw_dns_srv chosen = srvs[from];
    memmove(srvs + to + 1, srvs + to, (from - to) * sizeof *srvs);
    srvs[to] = chosen;
}

/* Sorted by priority and, within one, records of weight 0 first, as the RFC has them drawn. */
static bool comes_before(const struct cw_dns_srv *a, const struct cw_dns_srv *b)
{
    if (a->priority != b->priority)
        return a->priority < b->priority;
    return a->weight == 0 && b->weight != 0;
}

/* The index, within [at, end), of the record that is drawn. */
static size_t draw_one(const struct cw_dns_srv *srvs, size_t at, size_t end,
                       uint32_t (*draw)(void *arg, uint32_t max), void *arg)
{
    uint32_t sum = 0, running = 0;
    for (size_t i = at; i < end; i++)
        sum += srvs[i].weight;
    uint32_t drawn = draw(arg, sum);
    for (size_t i = at; i < end; i++) {
        running += srvs[i].weight;
        if (running >= drawn)
            return i;
    }
    return at;
}

void cw_srv_order(struct cw_dns_srv *srvs, size_t n, uint32_t (*draw)(void *arg, uint32_t max),
                  void *arg)
{
    for (size_t i = 1; i < n; i++) {
        size_t to = i;
        while (to > 0 && comes_before(&srvs[i], &srvs[to - 1]))
            to--;
        move(srvs, i, to);
    }
    for (size_t at = 0; at < n; at++) {
        size_t end = at + 1;
        while (end < n && srvs[end].priority == srvs[at].priority)
            end++;
        move(srvs, draw_one(srvs, at, end, draw, arg), at);
    }
}
