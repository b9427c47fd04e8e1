/* The table of states out of words that somebody chose; see cw_state_map_of in presence.h. */
#include "xlate/presence.h"

static bool show_or_none(struct cw_str word, enum cw_show *out)
{
    *out = CW_SHOW_NONE;
    return word.n == 0 || cw_show_of(word, out);
}

bool cw_state_map_of(struct cw_arena *arena, const struct cw_str_pairs *in,
                     const struct cw_str_pairs *out, struct cw_state_map *map)
{
    struct cw_activity_row *rows = cw_arena_alloc(arena, (in->n + 1) * sizeof *rows);

    *map = (struct cw_state_map){.activities = rows, .n_activities = in->n};
    for (size_t i = 0; i < CW_SHOW_COUNT; i++)
        map->rank[i] = cw_state_map_default.rank[i];
    for (size_t i = 0; i < in->n; i++) {
        rows[i].activity = cw_arena_dup(arena, in->list[i].name).p;
        if (!show_or_none(in->list[i].value, &rows[i].show))
            return false;
    }
    for (size_t i = 0; i < out->n; i++) {
        enum cw_show show;
        if (!cw_show_of(out->list[i].name, &show))
            return false;
        if (out->list[i].value.n)
            map->of_show[show] = cw_arena_dup(arena, out->list[i].value).p;
    }
    return true;
}
