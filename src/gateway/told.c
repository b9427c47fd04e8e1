/* Outcomes that an edge was told; see told.h. */
#include "gateway/told.h"

#include <sys/queue.h>

#include "base/map.h"
#include "base/mem.h"

struct item {
    STAILQ_ENTRY(item) link;
    char *key;
    struct cw_link_outcome outcome;
    struct cw_arena arena; /* of the error stanza */
};

struct gw_told {
    STAILQ_HEAD(, item) list; /* the oldest first */
    struct cw_map by_key;
    size_t n, max;
};

struct gw_told *gw_told_new(size_t max)
{
    struct gw_told *told = cw_alloc(sizeof *told);
    told->max = max;
    STAILQ_INIT(&told->list);
    return told;
}

static void forget_oldest(struct gw_told *told)
{
    struct item *item = STAILQ_FIRST(&told->list);
    STAILQ_REMOVE_HEAD(&told->list, link);
    told->n--;
    cw_map_remove(&told->by_key, cw_str_of(item->key));
    cw_arena_free(&item->arena);
    cw_free(item->key);
    cw_free(item);
}

void gw_told_free(struct gw_told **ptr)
{
    struct gw_told *told = *ptr;
    *ptr = NULL;
    if (!told)
        return;
    while (told->n > 0)
        forget_oldest(told);
    cw_map_free(&told->by_key);
    cw_free(told);
}

void gw_told_add(struct gw_told *told, struct cw_str key, const struct cw_link_outcome *outcome)
{
    struct item *item = cw_alloc(sizeof *item);
    cw_assert(!cw_map_get(&told->by_key, key));
    item->key = cw_strdup(key);
    item->outcome = (struct cw_link_outcome){.n = outcome->n, .result = outcome->result};
    if (outcome->error)
        item->outcome.error = cw_xml_copy(&item->arena, outcome->error);
    STAILQ_INSERT_TAIL(&told->list, item, link);
    cw_map_set(&told->by_key, key, item);
    if (++told->n > told->max)
        forget_oldest(told);
}

const struct cw_link_outcome *gw_told_find(const struct gw_told *told, struct cw_str key)
{
    const struct item *item = cw_map_get(&told->by_key, key);
    return item ? &item->outcome : NULL;
}
