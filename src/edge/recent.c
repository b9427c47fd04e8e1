/* Stanzas of gateways that are under way or were not long ago; see recent.h.
 *
 *     ask --new--> open --done--> known for a while --> forgotten
 *          `-seen-> joins the one that is open, or hears at once what is known
 */
#include "edge/recent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/secret.h"

/* A longer sentence is told, but not remembered. */
enum { MAX_TEXT_BYTES = 256, PRINT_BYTES = 16 };

struct asker {
    SLIST_ENTRY(asker) link;
    void *who;
    uint64_t n;
};

struct item {
    TAILQ_ENTRY(item) link; /* of open or of known */
    uint64_t number;
    SLIST_HEAD(, asker) askers;
    bool has_print;
    uint8_t print[PRINT_BYTES]; /* of from, to and id */
    /* once it is known: */
    bool is_known;
    uint64_t known_ms;
    enum cw_link_reason reason;
    char *text; /* NULL: absent */
};
TAILQ_HEAD(items, item);

struct edge_recent {
    edge_recent_tell *tell;
    struct items open, known; /* known: the oldest first */
    size_t n_known, max;
    struct cw_map open_by_number, by_print;
    uint64_t last_number;
    uint8_t keys[2][16];
};

static struct cw_str number_key(char buf[24], uint64_t n)
{
    return (struct cw_str){buf, (size_t)snprintf(buf, 24, "%" PRIu64, n)};
}

static struct cw_str print_key(const struct item *item)
{
    return (struct cw_str){(const char *)item->print, sizeof item->print};
}

/* Two keyed hashes in place of three strings that may be long: nobody outside can make them meet.
 */
static bool take_print(const struct edge_recent *r, struct item *item, const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    struct cw_str from = cw_xml_attr(stanza, "from"), to = cw_xml_attr(stanza, "to");
    struct cw_str id = cw_xml_attr(stanza, "id");
    item->has_print = id.n > 0 && !cw_str_eq_cstr(cw_xml_attr(stanza, "type"), "error");
    /* No address has a line break in it. */
    struct cw_str all =
        cw_arena_printf(&arena, "%.*s\n%.*s\n%.*s", CW_ARG(from), CW_ARG(to), CW_ARG(id));
    for (size_t i = 0; i < 2; i++) {
        uint64_t hash = cw_siphash(r->keys[i], all);
        memcpy(item->print + i * sizeof hash, &hash, sizeof hash);
    }
    cw_arena_free(&arena);
    return item->has_print;
}

static void free_item(struct item *item)
{
    struct asker *a;
    while ((a = SLIST_FIRST(&item->askers))) {
        SLIST_REMOVE_HEAD(&item->askers, link);
        cw_free(a);
    }
    cw_free(item->text);
    cw_free(item);
}

static void forget_old(struct edge_recent *r, uint64_t now_ms)
{
    struct item *item;
    while ((item = TAILQ_FIRST(&r->known)) &&
           (r->n_known > r->max || now_ms - item->known_ms >= EDGE_RECENT_MS)) {
        TAILQ_REMOVE(&r->known, item, link);
        r->n_known--;
        cw_map_remove(&r->by_print, print_key(item));
        free_item(item);
    }
}

static void join(struct item *item, void *who, uint64_t n)
{
    struct asker *a = cw_alloc(sizeof *a);
    a->who = who;
    a->n = n;
    SLIST_INSERT_HEAD(&item->askers, a, link);
}

/* True: it was asked for before, and whoever asks now is served. */
static bool serve_again(struct edge_recent *r, const struct item *asked, void *who, uint64_t n)
{
    struct item *item = cw_map_get(&r->by_print, print_key(asked));
    if (!item)
        return false;
    if (item->is_known)
        r->tell(who, n, item->reason, item->text ? cw_str_of(item->text) : CW_STR_NONE);
    else
        join(item, who, n);
    return true;
}

uint64_t edge_recent_ask(struct edge_recent *r, void *asker, uint64_t n,
                         const struct cw_xml *stanza, uint64_t now_ms)
{
    char key[24];
    struct item *item = cw_alloc(sizeof *item);
    forget_old(r, now_ms);
    if (take_print(r, item, stanza) && serve_again(r, item, asker, n)) {
        free_item(item);
        return 0;
    }
    item->number = ++r->last_number;
    join(item, asker, n);
    TAILQ_INSERT_TAIL(&r->open, item, link);
    cw_map_set(&r->open_by_number, number_key(key, item->number), item);
    if (item->has_print)
        cw_map_set(&r->by_print, print_key(item), item);
    return item->number;
}

static void remember(struct edge_recent *r, struct item *item, enum cw_link_reason reason,
                     struct cw_str text, uint64_t now_ms)
{
    item->is_known = true;
    item->known_ms = now_ms;
    item->reason = reason;
    item->text = text.n > 0 && text.n <= MAX_TEXT_BYTES ? cw_strdup(text) : NULL;
    TAILQ_INSERT_TAIL(&r->known, item, link);
    r->n_known++;
}

void edge_recent_done(struct edge_recent *r, uint64_t number, enum cw_link_reason reason,
                      struct cw_str text, uint64_t now_ms)
{
    char key[24];
    struct item *item = cw_map_remove(&r->open_by_number, number_key(key, number));
    struct asker *a;
    if (!item)
        return;
    TAILQ_REMOVE(&r->open, item, link);
    while ((a = SLIST_FIRST(&item->askers))) {
        SLIST_REMOVE_HEAD(&item->askers, link);
        r->tell(a->who, a->n, reason, text);
        cw_free(a);
    }
    if (item->has_print)
        remember(r, item, reason, text, now_ms);
    else
        free_item(item);
    forget_old(r, now_ms);
}

void edge_recent_leave(struct edge_recent *r, const void *asker)
{
    struct item *item;
    TAILQ_FOREACH (item, &r->open, link) {
        struct asker *a, *next;
        for (a = SLIST_FIRST(&item->askers); a; a = next) {
            next = SLIST_NEXT(a, link);
            if (a->who == asker) {
                SLIST_REMOVE(&item->askers, a, asker, link);
                cw_free(a);
            }
        }
    }
}

struct edge_recent *edge_recent_new(size_t max, edge_recent_tell *tell)
{
    struct edge_recent *r = cw_alloc(sizeof *r);
    r->tell = tell;
    r->max = max;
    TAILQ_INIT(&r->open);
    TAILQ_INIT(&r->known);
    cw_random(r->keys, sizeof r->keys);
    return r;
}

void edge_recent_free(struct edge_recent **ptr)
{
    struct edge_recent *r = *ptr;
    struct item *item;
    *ptr = NULL;
    if (!r)
        return;
    TAILQ_CONCAT(&r->known, &r->open, link);
    while ((item = TAILQ_FIRST(&r->known))) {
        TAILQ_REMOVE(&r->known, item, link);
        free_item(item);
    }
    cw_map_free(&r->open_by_number);
    cw_map_free(&r->by_print);
    cw_free(r);
}
