/* Long lists in parts.  A client asks with "limit" and gets "next"; with that as "cursor" it gets
 * the items behind.  The cursor is the name of the last item shown (the row's `key`), and the list
 * is in the order of these names, so that a cursor holds while others come and go: when its item is
 * gone, the list goes on where it would stand. */
#include <stdlib.h>
#include <string.h>

#include "api/api_priv.h"
#include "conf/policy_json.h"

static const struct cw_api_arg page_args[] = {
    {"limit", CW_ARG_NUMBER, false, false, "1..1000", "", "at most so many; all when left out"},
    {"cursor", CW_ARG_TEXT, false, false, "", "", "go on behind: \"next\" of the answer before"},
};
const size_t cw_api_n_page_args = sizeof(page_args) / sizeof(page_args[0]);

struct cw_api_arg cw_api_page_arg(size_t i)
{
    cw_assert(i < cw_api_n_page_args);
    return page_args[i];
}

/* The place of `text` among choices apart by bars: "1". */
static struct cw_str place_of(struct cw_arena *arena, struct cw_str choices, struct cw_str text)
{
    unsigned place = 0;
    while (choices.n > 0) {
        ptrdiff_t bar = cw_str_index(choices, '|');
        size_t end = bar < 0 ? choices.n : (size_t)bar;
        if (cw_str_eq(cw_str_sub(choices, 0, end), text))
            break;
        place++;
        choices = cw_str_sub(choices, end + 1, choices.n);
    }
    return cw_arena_printf(arena, "%u", place);
}

/* "user@contoso.test friend@fabrikam.test" */
static struct cw_str name_of(struct cw_arena *arena, const struct cw_api_command *command,
                             const json_t *item)
{
    struct cw_str keys = cw_str_of(command->key), name = CW_S("");
    while (keys.n > 0) {
        ptrdiff_t space = cw_str_index(keys, ' ');
        struct cw_str key = cw_str_sub(keys, 0, space < 0 ? keys.n : (size_t)space);
        ptrdiff_t equals = cw_str_index(key, '=');
        struct cw_str member = cw_str_sub(key, 0, equals < 0 ? key.n : (size_t)equals);
        struct cw_str text = cw_json_text(item, cw_arena_dup(arena, member).p);
        if (equals >= 0)
            text = place_of(arena, cw_str_sub(key, (size_t)equals + 1, key.n), text);
        name =
            cw_arena_printf(arena, "%.*s%s%.*s", CW_ARG(name), name.n > 0 ? " " : "", CW_ARG(text));
        keys = cw_str_sub(keys, key.n + 1, keys.n);
    }
    return name;
}

struct item {
    const char *name;
    json_t *value; /* borrowed */
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

static struct item *in_order(struct cw_arena *arena, const struct cw_api_command *command,
                             const json_t *list)
{
    size_t n = json_array_size(list);
    struct item *items = cw_arena_alloc(arena, (n + 1) * sizeof *items);
    for (size_t i = 0; i < n; i++) {
        items[i].value = json_array_get(list, i);
        items[i].name = name_of(arena, command, items[i].value).p;
    }
    qsort(items, n, sizeof *items, by_name);
    return items;
}

void cw_api_page_cut(struct cw_arena *arena, const struct cw_api_command *command, const json_t *in,
                     json_t *answer)
{
    const json_t *limit = json_object_get(in, "limit"), *cursor = json_object_get(in, "cursor");
    const json_t *list = json_object_get(answer, command->list ? command->list : "");
    bool is_cut = json_object_get(answer, "next") != NULL; /* by the row, which knows better */
    if (!json_is_array(list) || is_cut)
        return;
    struct item *items = in_order(arena, command, list);
    size_t n = json_array_size(list), from = 0, to = n;
    while (cursor && from < n && strcmp(items[from].name, json_string_value(cursor)) <= 0)
        from++;
    if (limit && (size_t)json_integer_value(limit) < n - from)
        to = from + (size_t)json_integer_value(limit);
    json_t *part = json_array();
    for (size_t i = from; i < to; i++)
        json_array_append(part, items[i].value);
    if (limit || cursor)
        json_object_set_new(answer, "next",
                            to < n && to > 0 ? json_string(items[to - 1].name) : json_null());
    json_object_set_new(answer, command->list, part);
}
