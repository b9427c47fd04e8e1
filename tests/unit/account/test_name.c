/* Names of accounts: what becomes of what was typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account/name.h"

#define TEN "aaaaaaaaaa"

static void test_names(void **state)
{
    static const struct {
        const char *name;
        struct cw_str typed;
        const char *expected; /* NULL: refused */
    } rows[] = {
        {"plain", CW_STR("anna"), "anna"},
        {"case", CW_STR("Anna"), "anna"},
        {"full width", CW_STR("\xEF\xBC\xA1nna"), "anna"},
        {"decomposed", CW_STR("Jose\xCC\x81"), "jos\xC3\xA9"},
        {"an address", CW_STR("anna@contoso.test"), "anna@contoso.test"},
        {"64 characters", CW_STR(TEN TEN TEN TEN TEN TEN "aaa\xC3\xA9"),
         TEN TEN TEN TEN TEN TEN "aaa\xC3\xA9"},
        {"65 characters", CW_STR(TEN TEN TEN TEN TEN TEN "aaaaa"), NULL},
        {"empty", CW_STR(""), NULL},
        {"a space", CW_STR("anna b"), NULL},
        {"a slash", CW_STR("a/b"), NULL},
        {"a full-width slash",
         CW_STR("a\xEF\xBC\x8F"
                "b"),
         NULL},
        {"a colon", CW_STR("cli:root"), NULL},
        {"NUL", CW_STR("an\0na"), NULL},
        {"a control character", CW_STR("an\nna"), NULL},
        {"zero width", CW_STR("an\xE2\x80\x8Bna"), NULL},
        {"right to left override",
         CW_STR("\xE2\x80\xAE"
                "anna"),
         NULL},
        {"not UTF-8", CW_STR("\xFF"), NULL},
    };
    struct cw_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_str out = CW_STR_NONE;
        bool taken = cw_account_name(&arena, rows[i].typed, &out);
        if (taken != (rows[i].expected != NULL) ||
            (taken && !cw_str_eq_cstr(out, rows[i].expected)))
            fail_msg("%s: %d \"%.*s\"", rows[i].name, taken, CW_ARG(out));
    }
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
