/* Streams without authentication, counted; see strangers.h. */
#include "edge/strangers.h"

#include <string.h>

#include "base/map.h"
#include "edge/door.h"

enum { ADDRESS_SHARE = 4 }; /* one address may hold a fourth of them */
enum { KEY_OCTETS = 8 };

TAILQ_HEAD(queue, edge_stranger);

struct edge_strangers_home {
    char octets[KEY_OCTETS];
    struct cw_str key; /* in octets */
    struct queue queue;
    size_t n;
};

struct edge_strangers {
    unsigned max, share;
    struct queue queue; /* the oldest first */
    size_t n;
    struct cw_map homes;
};

static struct edge_strangers_home *home_of(const struct edge_strangers *all,
                                           const struct cw_addr *addr)
{
    return cw_map_get(&all->homes, edge_door_key(addr));
}

static struct edge_strangers_home *new_home(struct edge_strangers *all, struct cw_str key)
{
    struct edge_strangers_home *home = cw_alloc(sizeof *home);
    cw_assert(key.n <= KEY_OCTETS);
    memcpy(home->octets, key.p, key.n);
    home->key = (struct cw_str){home->octets, key.n};
    TAILQ_INIT(&home->queue);
    cw_map_set(&all->homes, home->key, home);
    return home;
}

void edge_strangers_add(struct edge_strangers *all, struct edge_stranger *one,
                        const struct cw_addr *addr)
{
    cw_assert(!one->home);
    one->home = home_of(all, addr);
    if (!one->home)
        one->home = new_home(all, edge_door_key(addr));
    TAILQ_INSERT_TAIL(&all->queue, one, link);
    TAILQ_INSERT_TAIL(&one->home->queue, one, neighbours);
    one->home->n++;
    all->n++;
}

void edge_strangers_remove(struct edge_strangers *all, struct edge_stranger *one)
{
    struct edge_strangers_home *home = one->home;
    if (!home)
        return;
    one->home = NULL;
    TAILQ_REMOVE(&all->queue, one, link);
    TAILQ_REMOVE(&home->queue, one, neighbours);
    all->n--;
    if (--home->n > 0)
        return;
    cw_map_remove(&all->homes, home->key);
    cw_free(home);
}

struct edge_stranger *edge_strangers_in_the_way(const struct edge_strangers *all,
                                                const struct cw_addr *addr)
{
    const struct edge_strangers_home *home = home_of(all, addr);
    if (home && home->n >= all->share)
        return TAILQ_FIRST(&home->queue);
    return all->n >= all->max ? TAILQ_FIRST(&all->queue) : NULL;
}

size_t edge_strangers_count(const struct edge_strangers *all)
{
    return all->n;
}

size_t edge_strangers_from(const struct edge_strangers *all, const struct cw_addr *addr)
{
    const struct edge_strangers_home *home = home_of(all, addr);
    return home ? home->n : 0;
}

struct edge_strangers *edge_strangers_new(unsigned max)
{
    struct edge_strangers *all = cw_alloc(sizeof *all);
    all->max = max;
    all->share = max / ADDRESS_SHARE;
    TAILQ_INIT(&all->queue);
    return all;
}

void edge_strangers_free(struct edge_strangers **ptr)
{
    struct edge_strangers *all = *ptr;
    *ptr = NULL;
    if (!all)
        return;
    cw_assert(all->n == 0);
    cw_map_free(&all->homes);
    cw_free(all);
}
