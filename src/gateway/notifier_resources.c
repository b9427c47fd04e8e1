/* What the resources of one XMPP user say; see notifier_priv.h.
 *
 * There are thousands of users, most of them with one client that says one word: a list of
 * struct cw_presence would be large and mostly empty.  Here all that is known of one user lies in
 * one piece of memory of exactly the size it needs, made anew with each change; nothing grows. */
#include "gateway/notifier_priv.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "base/mem.h"

enum { MAX_BYTES = 32768 }; /* of one user; beyond it the new one's notes are not kept */

struct item {
    struct cw_str resource, lang;
    const struct cw_pidf_note *notes;
    uint8_t n_notes;
    int8_t priority;
    bool has_priority, is_available, is_doubted;
    enum cw_show show;
};

struct gw_resources {
    size_t n;
    struct item items[]; /* then their notes, then the octets of all strings */
};

/* A list while it is changed. */
struct list {
    struct item items[CW_PIDF_MAX_TUPLES];
    size_t n;
};

/* --- packing ----------------------------------------------------------------------------------*/

static size_t notes_bytes(const struct item *item)
{
    size_t n = 0;
    for (size_t i = 0; i < item->n_notes; i++)
        n += item->notes[i].text.n + item->notes[i].lang.n;
    return n;
}

static struct cw_str put(char **at, struct cw_str s)
{
    if (!s.p)
        return CW_STR_NONE;
    char *p = *at;
    if (s.n)
        memcpy(p, s.p, s.n);
    *at += s.n;
    return (struct cw_str){p, s.n};
}

static struct gw_resources *pack(const struct list *list)
{
    size_t n_notes = 0, n_bytes = 0;
    if (list->n == 0)
        return NULL;
    for (size_t i = 0; i < list->n; i++) {
        const struct item *item = &list->items[i];
        n_notes += item->n_notes;
        n_bytes += item->resource.n + item->lang.n + notes_bytes(item);
    }
    struct gw_resources *r = cw_alloc(sizeof *r + list->n * sizeof *r->items +
                                      n_notes * sizeof(struct cw_pidf_note) + n_bytes + 1);
    struct cw_pidf_note *notes = (struct cw_pidf_note *)(void *)(r->items + list->n);
    char *at = (char *)(notes + n_notes);
    static_assert(sizeof(struct item) % alignof(struct cw_pidf_note) == 0, "notes are aligned");
    r->n = list->n;
    for (size_t i = 0; i < list->n; i++) {
        struct item *item = &r->items[i];
        *item = list->items[i];
        item->resource = put(&at, item->resource);
        item->lang = put(&at, item->lang);
        for (size_t k = 0; k < item->n_notes; k++)
            notes[k] = (struct cw_pidf_note){.text = put(&at, item->notes[k].text),
                                             .lang = put(&at, item->notes[k].lang)};
        item->notes = notes;
        notes += item->n_notes;
    }
    return r;
}

static void open_list(const struct gw_resources *r, struct list *list)
{
    list->n = r ? r->n : 0;
    if (list->n)
        memcpy(list->items, r->items, r->n * sizeof *r->items);
}

static void replace(struct gw_resources **r, const struct list *list)
{
    struct gw_resources *packed = pack(list);
    cw_free(*r);
    *r = packed;
}

/* --- changes ----------------------------------------------------------------------------------*/

static bool is_same_note(const struct cw_pidf_note *a, const struct cw_pidf_note *b)
{
    return cw_str_eq(a->text, b->text) && cw_str_eq(a->lang, b->lang);
}

static bool is_same(const struct item *a, const struct item *b)
{
    if (a->is_available != b->is_available || a->show != b->show ||
        a->has_priority != b->has_priority || a->priority != b->priority ||
        a->n_notes != b->n_notes || !cw_str_eq(a->lang, b->lang))
        return false;
    for (size_t i = 0; i < a->n_notes; i++)
        if (!is_same_note(&a->notes[i], &b->notes[i]))
            return false;
    return true;
}

static struct item item_of(const struct cw_presence *p, struct cw_pidf_note *notes)
{
    struct item item = {
        .resource = p->resource,
        .lang = p->lang,
        .notes = notes,
        .n_notes = (uint8_t)p->n_notes,
        .priority = p->priority,
        .has_priority = p->has_priority,
        .is_available = p->is_available,
        .show = p->show,
    };
    /* No more is ever written into a document; where exactly it is cut is the writer's business. */
    for (size_t i = 0; i < p->n_notes; i++) {
        notes[i] = p->notes[i];
        notes[i].text = cw_str_sub(notes[i].text, 0, CW_PIDF_MAX_NOTE_BYTES + 4);
    }
    return item;
}

static size_t bytes_of(const struct list *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        n += list->items[i].resource.n + notes_bytes(&list->items[i]);
    return n;
}

static void remove_gone(struct list *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].is_available)
            list->items[n++] = list->items[i];
    list->n = n;
}

static bool close_items(struct item *items, size_t n, bool only_doubted)
{
    bool changed = false;
    for (size_t i = 0; i < n; i++) {
        if (!items[i].is_available || (only_doubted && !items[i].is_doubted))
            continue;
        items[i] = (struct item){.resource = items[i].resource};
        changed = true;
    }
    return changed;
}

static struct item *find(struct item *items, size_t n, struct cw_str resource)
{
    for (size_t i = 0; i < n; i++)
        if (cw_str_eq(items[i].resource, resource))
            return &items[i];
    return NULL;
}

bool gw_resources_take(struct gw_resources **r, const struct cw_presence *presence)
{
    struct cw_pidf_note notes[CW_PIDF_MAX_NOTES];
    struct item one = item_of(presence, notes);
    struct item *old = *r ? find((*r)->items, (*r)->n, one.resource) : NULL;
    struct list list;

    if (!one.is_available && !cw_str_is_present(one.resource))
        return *r && close_items((*r)->items, (*r)->n, false);
    if (old && is_same(old, &one)) {
        old->is_doubted = false;
        return false;
    }
    if (!old && !one.is_available)
        return false;
    open_list(*r, &list);
    if (!old && list.n == CW_PIDF_MAX_TUPLES)
        remove_gone(&list);
    if (!old && list.n == CW_PIDF_MAX_TUPLES)
        return false;
    if (bytes_of(&list) + notes_bytes(&one) > MAX_BYTES)
        one.n_notes = 0;
    *(old ? &list.items[old - (*r)->items] : &list.items[list.n++]) = one;
    replace(r, &list);
    return true;
}

void gw_resources_doubt(struct gw_resources *r)
{
    for (size_t i = 0; r && i < r->n; i++)
        r->items[i].is_doubted = true;
}

bool gw_resources_close_doubted(struct gw_resources *r)
{
    return r && close_items(r->items, r->n, true);
}

void gw_resources_prune(struct gw_resources **r)
{
    struct list list;
    open_list(*r, &list);
    remove_gone(&list);
    if (*r && list.n < (*r)->n)
        replace(r, &list);
}

void gw_resources_free(struct gw_resources **r)
{
    cw_free(*r);
    *r = NULL;
}

size_t gw_resources_load(const struct gw_resources *r, struct cw_arena *arena,
                         struct cw_presence **out)
{
    size_t n = r ? r->n : 0;
    *out = cw_arena_alloc(arena, (n + 1) * sizeof **out);
    for (size_t i = 0; i < n; i++) {
        const struct item *item = &r->items[i];
        struct cw_presence *p = &(*out)[i];
        *p = (struct cw_presence){
            .resource = item->resource,
            .lang = item->lang,
            .n_notes = item->n_notes,
            .priority = item->priority,
            .has_priority = item->has_priority,
            .is_available = item->is_available,
            .show = item->show,
        };
        for (size_t k = 0; k < item->n_notes; k++)
            p->notes[k] = item->notes[k];
    }
    return n;
}
