/* Lists of the paths that a role keeps; see rights.h. */
#include <stdlib.h>
#include <string.h>

#include "rights/rights.h"

enum { GROW_BY = 16 };

void cw_paths_add(struct cw_paths *paths, struct cw_str path, enum cw_path_right right)
{
    if (path.n == 0)
        return;
    if (paths->n % GROW_BY == 0) {
        struct cw_path *list = cw_arena_alloc(paths->arena, (paths->n + GROW_BY) * sizeof *list);
        if (paths->n > 0)
            memcpy(list, paths->list, paths->n * sizeof *list);
        paths->list = list;
    }
    paths->list[paths->n++] = (struct cw_path){cw_arena_dup(paths->arena, path).p, right};
}

/* Without the slash, but "/" stays. */
static struct cw_str parent_of(struct cw_str path)
{
    size_t n = path.n;
    while (n > 1 && path.p[n - 1] != '/')
        n--;
    return cw_str_sub(path, 0, n > 1 ? n - 1 : n);
}

void cw_paths_add_parent(struct cw_paths *paths, struct cw_str path, enum cw_path_right right)
{
    if (path.n > 0)
        cw_paths_add(paths, parent_of(path), right);
}

static bool is_below(struct cw_str path, struct cw_str directory)
{
    return cw_str_starts(path, directory) &&
           (directory.n == 1 || path.n == directory.n || path.p[directory.n] == '/');
}

/* Links resolved, for as much of the path as is there. */
static struct cw_str real_of(struct cw_arena *arena, struct cw_str path)
{
    char *real = realpath(cw_arena_dup(arena, path).p, NULL);
    struct cw_str out = real ? cw_arena_dup(arena, cw_str_of(real)) : CW_STR_NONE;
    free(real);
    if (real || path.n <= 1)
        return real ? out : path;
    struct cw_str directory = parent_of(path), upper = real_of(arena, directory);
    struct cw_str name = cw_str_sub(path, directory.n > 1 ? directory.n + 1 : 1, path.n);
    return cw_arena_printf(arena, "%.*s%s%.*s", CW_ARG(upper), upper.n > 1 ? "/" : "",
                           CW_ARG(name));
}

bool cw_path_is_beside(struct cw_str path, struct cw_str file)
{
    struct cw_arena arena = {0};
    bool is_beside = path.n > 0 && file.n > 0 &&
                     is_below(real_of(&arena, path), real_of(&arena, parent_of(file)));
    cw_arena_free(&arena);
    return is_beside;
}

void cw_paths_add_beside(struct cw_paths *paths, struct cw_str file, struct cw_str hidden)
{
    if (file.n == 0)
        return;
    struct cw_str real = real_of(paths->arena, file);
    struct cw_str both[] = {file, real};
    for (size_t i = 0; i < 2; i++) {
        if (cw_path_is_beside(hidden, both[i]))
            cw_paths_add(paths, both[i], CW_PATH_READ);
        else
            cw_paths_add_parent(paths, both[i], CW_PATH_READ);
    }
}
