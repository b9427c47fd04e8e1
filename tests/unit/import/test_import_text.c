/* Encodings of imported files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "import/text.h"

static const struct {
    const char *name;
    struct cw_str bytes;
    const char *text; /* NULL: refused */
} rows[] = {
    {"plain", CW_STR("abc"), "abc"},
    {"empty", CW_STR(""), ""},
    {"UTF-8 with its mark", CW_STR("\xef\xbb\xbf\xc3\xbc"), "\xc3\xbc"},
    {"little endian", CW_STR("\xff\xfe<\0\xfc\0"), "<\xc3\xbc"},
    {"big endian", CW_STR("\xfe\xff\0<\0\xfc"), "<\xc3\xbc"},
    {"a pair", CW_STR("\xff\xfe\x3d\xd8\x00\xde"), "\xf0\x9f\x98\x80"},
    {"three octets", CW_STR("\xff\xfe\xac\x20"), "\xe2\x82\xac"},
    {"only the mark", CW_STR("\xff\xfe"), ""},
    {"half a unit", CW_STR("\xff\xfe<"), NULL},
    {"half a pair", CW_STR("\xff\xfe\x3d\xd8"), NULL},
    {"half a pair, then text", CW_STR("\xff\xfe\x3d\xd8<\0"), NULL},
    {"a pair the wrong way", CW_STR("\xff\xfe\x00\xde\x3d\xd8"), NULL},
    {"NUL", CW_STR("a\0b"), NULL},
    {"NUL in UTF-16", CW_STR("\xff\xfe\0\0"), NULL},
    {"UTF-16 without a mark", CW_STR("<\0a\0"), NULL},
    {"Latin-1", CW_STR("\xfc"), NULL},
};

static void test_text(void **state)
{
    struct cw_arena arena = {0};
    struct cw_str out;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool good = cw_import_utf8(&arena, rows[i].bytes, &out);
        if (good != (rows[i].text != NULL) || (good && !cw_str_eq_cstr(out, rows[i].text)))
            fail_msg("%s: %s \"%.*s\"", rows[i].name, good ? "taken" : "refused", CW_ARG(out));
    }
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
