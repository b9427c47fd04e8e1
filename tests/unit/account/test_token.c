/* Tokens: their form and their digest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account/token.h"

static void test_token(void **state)
{
    struct cw_arena arena = {0};
    (void)state;
    struct cw_str token = cw_token_generate(&arena), other = cw_token_generate(&arena);
    assert_int_equal(token.n, 68);
    assert_true(cw_token_is_form(token));
    assert_false(cw_str_eq(token, other));
    assert_false(cw_token_is_form(cw_str_sub(token, 0, 67)));
    assert_false(cw_token_is_form(cw_cookie_generate(&arena)));
    assert_false(cw_token_is_form(cw_arena_printf(&arena, "cwt_%s%060d", "zzzz", 0)));
    assert_false(cw_token_is_form(CW_STR_NONE));
    assert_int_equal(cw_cookie_generate(&arena).n, 64);
    /* FIPS 180-4's example */
    assert_true(cw_str_eq_cstr(cw_token_digest(&arena, CW_S("abc")),
                               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    assert_true(cw_str_eq_cstr(cw_token_digest(&arena, CW_STR_NONE),
                               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_token)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
