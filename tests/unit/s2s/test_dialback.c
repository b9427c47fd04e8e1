/* Dialback keys: the published vectors, and the five wrong ways to make one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "s2s/dialback.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cw_str field(json_t *v, const char *name)
{
    return cw_str_of(json_string_value(json_object_get(v, name)));
}

static void vectors(void **state)
{
    char path[512];
    json_t *root, *v;
    size_t i, keys = 0, wrong = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/dialback.json", getenv("CW_VECTORS"));
    root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    json_array_foreach(json_object_get(root, "vectors"), i, v)
    {
        struct cw_arena arena = {0};
        struct cw_str kind = field(v, "kind"), key;

        if (!cw_str_eq_cstr(kind, "key") && !cw_str_eq_cstr(kind, "key-wrong"))
            continue;
        key = cw_dialback_key(&arena, field(v, "secret"), field(v, "receiving"),
                              field(v, "originating"), field(v, "stream_id"));
        if (cw_str_eq_cstr(kind, "key")) {
            keys++;
            if (!cw_str_eq(key, field(v, "key")))
                fail_msg("%s: %.*s", field(v, "id").p, CW_ARG(key));
        } else {
            wrong++;
            if (cw_str_eq(key, field(v, "wrong_key")))
                fail_msg("%s: %s", field(v, "id").p, field(v, "mistake").p);
        }
        cw_arena_free(&arena);
    }
    assert_true(keys >= 8 && wrong >= 4);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
