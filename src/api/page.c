/* Long lists in parts.  A client asks with "limit" and gets "next"; with that as "cursor" it gets
 * the items behind.  The cursor is the name of the last item shown (the row's `key`), so that it
 * holds while others come and go: when that item is gone, the list goes on where it would stand. */
#include <string.h>

#include "api/api_priv.h"

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

/* "user@contoso.test friend@fabrikam.test" */
static struct cw_str name_of(struct cw_arena *arena, const struct cw_api_command *command,
                             const json_t *item)
{
    struct cw_str keys = cw_str_of(command->key), name = CW_S("");
    while (keys.n > 0) {
        ptrdiff_t space = cw_str_index(keys, ' ');
        size_t end = space < 0 ? keys.n : (size_t)space;
        const char *key = cw_arena_dup(arena, cw_str_sub(keys, 0, end)).p;
        const char *text = json_string_value(json_object_get(item, key));
        name = cw_arena_printf(arena, "%.*s%s%s", CW_ARG(name), name.n > 0 ? " " : "",
                               text ? text : "");
        keys = cw_str_sub(keys, end + 1, keys.n);
    }
    return name;
}

/* The first item behind the one that the cursor names. */
static size_t begin_at(struct cw_arena *arena, const struct cw_api_command *command,
                       const json_t *list, struct cw_str cursor)
{
    size_t n = json_array_size(list), greater = n;
    for (size_t i = 0; i < n; i++) {
        struct cw_str name = name_of(arena, command, json_array_get(list, i));
        if (cw_str_eq(name, cursor))
            return i + 1;
        if (greater == n && strcmp(name.p, cursor.p) > 0)
            greater = i;
    }
    return greater;
}

void cw_api_page_cut(struct cw_arena *arena, const struct cw_api_command *command, const json_t *in,
                     json_t *answer)
{
    const json_t *limit = json_object_get(in, "limit"), *cursor = json_object_get(in, "cursor");
    const json_t *list = json_object_get(answer, command->list ? command->list : "");
    bool is_cut = json_object_get(answer, "next") != NULL; /* by the row, which knows better */
    if (!json_is_array(list) || (!limit && !cursor) || is_cut)
        return;
    size_t n = json_array_size(list), from = 0, to = n;
    if (cursor)
        from = begin_at(arena, command, list, cw_str_of(json_string_value(cursor)));
    if (limit && (size_t)json_integer_value(limit) < n - from)
        to = from + (size_t)json_integer_value(limit);
    json_t *part = json_array(), *next = json_null();
    for (size_t i = from; i < to; i++)
        json_array_append(part, json_array_get(list, i));
    if (to < n && to > 0) {
        struct cw_str name = name_of(arena, command, json_array_get(list, to - 1));
        next = json_stringn(name.p, name.n);
    }
    json_object_set_new(answer, command->list, part);
    json_object_set_new(answer, "next", next);
}
