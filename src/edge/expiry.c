/* Who was warned of what; see expiry.h. */
#include "edge/expiry.h"

#include "base/mem.h"

enum { DAY_S = 86400 };

struct warned {
    int64_t not_after; /* of the certificate that was warned of */
    unsigned level;
};

int64_t edge_expiry_days(int64_t not_after, int64_t now)
{
    int64_t left = not_after - now, days = left / DAY_S;
    return left < 0 && left % DAY_S != 0 ? days - 1 : days;
}

unsigned edge_expiry_level(int64_t not_after, int64_t now)
{
    static const int64_t days_left[] = {30, 14, 7, 1, 0};
    unsigned level = 0;
    while (level < sizeof days_left / sizeof *days_left &&
           not_after - now <= days_left[level] * DAY_S)
        level++;
    return level;
}

static void free_one(struct cw_str name, void *value, void *arg)
{
    (void)name;
    (void)arg;
    cw_free(value);
}

void edge_expiry_free(struct edge_expiry *expiry)
{
    cw_map_each(&expiry->warned, free_one, NULL);
    cw_map_free(&expiry->warned);
    *expiry = (struct edge_expiry){0};
}

bool edge_expiry_is_due(struct edge_expiry *expiry, struct cw_str name, int64_t not_after,
                        int64_t now)
{
    unsigned level = edge_expiry_level(not_after, now);
    struct warned *warned = cw_map_get(&expiry->warned, name);
    if (level == 0) {
        cw_free(cw_map_remove(&expiry->warned, name));
        return false;
    }
    if (warned && warned->not_after == not_after && warned->level >= level)
        return false;
    if (!warned) {
        if (expiry->warned.n >= EDGE_EXPIRY_MAX)
            edge_expiry_free(expiry);
        warned = cw_alloc(sizeof *warned);
        cw_map_set(&expiry->warned, name, warned);
    }
    *warned = (struct warned){not_after, level};
    return true;
}
