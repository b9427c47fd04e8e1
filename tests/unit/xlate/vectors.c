#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct vector_file vector_file_open(const char *name)
{
    struct cw_arena arena = {0};
    const char *directory = getenv("CW_VECTORS");
    json_error_t error;

    if (!directory)
        fail_msg("CW_VECTORS does not name the directory of the vectors");
    struct cw_str path = cw_arena_printf(&arena, "%s/%s", directory, name);
    struct vector_file file = {json_load_file(path.p, JSON_ALLOW_NUL, &error)};
    if (!file.root)
        fail_msg("%s: %s", path.p, error.text);
    cw_arena_free(&arena);
    return file;
}

void vector_file_close(struct vector_file *file)
{
    json_decref(file->root);
    file->root = NULL;
}

void vector_each(const struct vector_file *file, const char *kind, size_t n_expected,
                 void (*check)(struct cw_arena *, const char *id, const json_t *row))
{
    const json_t *row;
    size_t i, n = 0;

    json_array_foreach(json_object_get(file->root, "vectors"), i, row)
    {
        struct cw_arena arena = {0};
        if (!cw_str_eq_cstr(vector_str(row, "kind"), kind))
            continue;
        check(&arena, json_string_value(json_object_get(row, "id")), row);
        cw_arena_free(&arena);
        n++;
    }
    if (n != n_expected)
        fail_msg("%zu rows of kind %s instead of %zu", n, kind, n_expected);
}

struct cw_str vector_str(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    if (!json_is_string(value))
        return CW_STR_NONE;
    return (struct cw_str){json_string_value(value), json_string_length(value)};
}

bool vector_has(const json_t *strings, struct cw_str text)
{
    const json_t *value;
    size_t i;

    if (json_is_string(strings))
        return cw_str_eq_cstr(text, json_string_value(strings));
    json_array_foreach(strings, i, value)
    {
        if (json_is_string(value) && cw_str_eq_cstr(text, json_string_value(value)))
            return true;
    }
    return false;
}

bool vector_has_int(const json_t *numbers, int n)
{
    const json_t *value;
    size_t i;

    json_array_foreach(numbers, i, value)
    {
        if (json_integer_value(value) == n)
            return true;
    }
    return false;
}

void expect_str(const char *id, const char *what, struct cw_str got, struct cw_str expected)
{
    if (!cw_str_eq(got, expected) || cw_str_is_present(got) != cw_str_is_present(expected))
        fail_msg("%s: %s is \"%.*s\" instead of \"%.*s\"", id, what, CW_ARG(got), CW_ARG(expected));
}

void expect(const char *id, const char *what, bool ok)
{
    if (!ok)
        fail_msg("%s: %s", id, what);
}
