/* Lists of the paths that a role keeps; see rights.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rights/rights.h"

enum { GROW_BY = 16, MAX_LINKS = 8 };

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

/* "/a/b/../c" to "/a/c", as the kernel reads it where /a/b is no link. */
static struct cw_str without_dots(struct cw_arena *arena, struct cw_str path)
{
    struct cw_str out = CW_S("");
    while (path.n > 0) {
        ptrdiff_t slash = cw_str_index(path, '/');
        struct cw_str part = cw_str_sub(path, 0, slash < 0 ? path.n : (size_t)slash);
        path = cw_str_sub(path, slash < 0 ? path.n : (size_t)slash + 1, path.n);
        if (cw_str_eq_cstr(part, ".."))
            out = cw_str_sub(out, 0,
                             cw_str_rindex(out, '/') < 0 ? 0 : (size_t)cw_str_rindex(out, '/'));
        else if (part.n > 0 && !cw_str_eq_cstr(part, "."))
            out = cw_arena_printf(arena, "%.*s/%.*s", CW_ARG(out), CW_ARG(part));
    }
    return out;
}

/* What a link points to, one step; absent when it is none. */
static struct cw_str target_of(struct cw_arena *arena, struct cw_str link)
{
    char to[4096];
    ssize_t n = readlink(cw_arena_dup(arena, link).p, to, sizeof to);
    if (n <= 0 || (size_t)n == sizeof to)
        return CW_STR_NONE;
    struct cw_str target = {to, (size_t)n};
    if (to[0] == '/')
        return without_dots(arena, target);
    return without_dots(
        arena, cw_arena_printf(arena, "%.*s/%.*s", CW_ARG(parent_of(link)), CW_ARG(target)));
}

static void add_one_beside(struct cw_paths *paths, struct cw_str file, struct cw_str hidden)
{
    if (cw_path_is_beside(hidden, file))
        cw_paths_add(paths, file, CW_PATH_READ);
    else
        cw_paths_add_parent(paths, file, CW_PATH_READ);
}

void cw_paths_add_beside(struct cw_paths *paths, struct cw_str file, struct cw_str hidden)
{
    struct cw_str step = file;
    if (file.n == 0)
        return;
    /* Each link on the way must be there in a mount namespace; Landlock asks for the end only. */
    for (unsigned i = 0; i < MAX_LINKS && cw_str_is_present(step); i++) {
        add_one_beside(paths, step, hidden);
        step = target_of(paths->arena, step);
    }
    add_one_beside(paths, real_of(paths->arena, file), hidden);
}
