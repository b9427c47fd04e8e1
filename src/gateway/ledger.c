/* What is remembered for a while; see ledger.h. */
#include "gateway/ledger.h"

#include <sys/queue.h>

#include "base/map.h"
#include "io/loop.h"

struct entry {
    TAILQ_ENTRY(entry) link;
    struct cw_arena arena;
    struct cw_str key;
    uint64_t since_ms;
    void *value;
};

struct gw_ledger {
    TAILQ_HEAD(, entry) list; /* the oldest first */
    struct cw_map by_key;
    size_t n, max;
    uint64_t max_age_ms;
};

struct gw_ledger *gw_ledger_new(size_t max, uint64_t max_age_ms)
{
    struct gw_ledger *ledger = cw_alloc(sizeof *ledger);
    ledger->max = max;
    ledger->max_age_ms = max_age_ms;
    TAILQ_INIT(&ledger->list);
    return ledger;
}

static void forget(struct gw_ledger *ledger, struct entry *entry)
{
    cw_map_remove(&ledger->by_key, entry->key);
    TAILQ_REMOVE(&ledger->list, entry, link);
    ledger->n--;
    cw_arena_free(&entry->arena);
    cw_free(entry);
}

void gw_ledger_free(struct gw_ledger **ptr)
{
    struct gw_ledger *ledger = *ptr;
    *ptr = NULL;
    if (!ledger)
        return;
    while (ledger->n > 0)
        forget(ledger, TAILQ_FIRST(&ledger->list));
    cw_map_free(&ledger->by_key);
    cw_free(ledger);
}

static bool is_old(const struct gw_ledger *ledger, const struct entry *entry)
{
    return cw_now_ms() - entry->since_ms >= ledger->max_age_ms;
}

void *gw_ledger_put(struct gw_ledger *ledger, struct cw_str key, size_t size,
                    struct cw_arena **arena)
{
    struct entry *entry = cw_alloc(sizeof *entry);
    entry->key = cw_arena_dup(&entry->arena, key);
    entry->value = cw_arena_alloc(&entry->arena, size);
    entry->since_ms = cw_now_ms();
    gw_ledger_remove(ledger, key);
    TAILQ_INSERT_TAIL(&ledger->list, entry, link);
    cw_map_set(&ledger->by_key, entry->key, entry);
    ledger->n++;
    while (ledger->n > ledger->max || is_old(ledger, TAILQ_FIRST(&ledger->list)))
        forget(ledger, TAILQ_FIRST(&ledger->list));
    *arena = &entry->arena;
    return entry->value;
}

void *gw_ledger_find(struct gw_ledger *ledger, struct cw_str key)
{
    struct entry *entry = cw_map_get(&ledger->by_key, key);
    if (!entry)
        return NULL;
    if (!is_old(ledger, entry))
        return entry->value;
    forget(ledger, entry);
    return NULL;
}

void gw_ledger_remove(struct gw_ledger *ledger, struct cw_str key)
{
    struct entry *entry = cw_map_get(&ledger->by_key, key);
    if (entry)
        forget(ledger, entry);
}
