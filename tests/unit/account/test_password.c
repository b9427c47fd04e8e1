/* Passwords: what may be one, and that a hash is of one password only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "account/password.h"

#define GOOD "tall green lamps"

static void test_check(void **state)
{
    static const struct {
        const char *name;
        struct cw_str password;
        const char *part; /* of the sentence; NULL: it may be one */
    } rows[] = {
        {"words", CW_STR(GOOD), NULL},
        {"random", CW_STR("x7Qp-2mLk-w9Zr"), NULL},
        {"umlauts", CW_STR("gr\xC3\xBC\xC3\x9F Gott, Mond"), NULL},
        {"11 characters", CW_STR("tall green "), "at least 12"},
        {"11 characters, 13 octets",
         CW_STR("t\xC3\xA4ll gr\xC3\xA9"
                "en "),
         "at least 12"},
        {"empty", CW_STR(""), "at least 12"},
        {"a common word", CW_STR("Password1234!"), "first that would be tried"},
        {"the role", CW_STR("administrator"), "first that would be tried"},
        {"one key", CW_STR("aaaaaaaaaaaaaaaa"), "first that would be tried"},
        {"three keys", CW_STR("abcabcabcabc"), "first that would be tried"},
        {"digits in their order", CW_STR("123456789012"), "first that would be tried"},
        {"and back", CW_STR("098765432109"), "first that would be tried"},
        {"the name", CW_STR("Anna.Karenina1"), "account's name"},
        {"the name in a long one", CW_STR("not anna.karenina by far"), NULL},
        {"a control character", CW_STR("tall green\x07 lamps"), "no keyboard"},
        {"not UTF-8", CW_STR("tall green \xFF lamps"), "no keyboard"},
    };
    struct cw_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_str said = cw_password_check(&arena, rows[i].password, CW_S("anna.karenina"));
        bool fits = rows[i].part ? cw_str_find(said, cw_str_of(rows[i].part)) >= 0
                                 : !cw_str_is_present(said);
        if (!fits)
            fail_msg("%s: %.*s", rows[i].name, CW_ARG(said));
    }
    cw_arena_free(&arena);
}

static void test_longest(void **state)
{
    struct cw_arena arena = {0};
    char text[CW_PASSWORD_MAX + 2];
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * 7 % 26);
    assert_false(cw_str_is_present(
        cw_password_check(&arena, (struct cw_str){text, CW_PASSWORD_MAX}, CW_S("anna"))));
    assert_true(cw_str_is_present(
        cw_password_check(&arena, (struct cw_str){text, CW_PASSWORD_MAX + 1}, CW_S("anna"))));
    cw_arena_free(&arena);
}

static void test_hash(void **state)
{
    struct cw_arena arena = {0};
    (void)state;
    struct cw_str hash = cw_password_hash(&arena, CW_S(GOOD));
    struct cw_str again = cw_password_hash(&arena, CW_S(GOOD));
    assert_true(cw_str_starts(hash, CW_S("$argon2id$v=19$m=32768,t=3,p=1$")));
    assert_false(cw_str_eq(hash, again)); /* a fresh salt */
    assert_true(cw_password_is(hash, CW_S(GOOD)));
    assert_true(cw_password_is(again, CW_S(GOOD)));
    assert_false(cw_password_is(hash, CW_S("tall green lamp")));
    assert_false(cw_password_is(hash, CW_S("")));
    assert_false(cw_password_is(hash, CW_STR_NONE));
    assert_false(cw_password_is(hash, CW_S(GOOD "\xFF")));
    assert_false(cw_password_is(CW_S(""), CW_S(GOOD)));
    assert_false(cw_password_is(CW_S("damaged"), CW_S(GOOD)));
    struct cw_str composed = cw_password_hash(&arena, CW_S("caf\xC3\xA9 au lait, merci"));
    assert_true(cw_password_is(composed, CW_S("cafe\xCC\x81 au lait, merci")));
    cw_arena_free(&arena);
}

static void test_current(void **state)
{
    (void)state;
    assert_true(cw_password_is_current(CW_S("$argon2id$v=19$m=32768,t=3,p=1$c2FsdA$aGFzaA")));
    assert_false(cw_password_is_current(CW_S("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")));
    assert_false(cw_password_is_current(CW_S("")));
}

static double cpu_ms(struct cw_str hash, const char *password)
{
    clock_t best = 0;
    for (int i = 0; i < 3; i++) { /* the best of three: others use this machine, too */
        clock_t begin = clock();
        cw_password_is(hash, cw_str_of(password));
        clock_t took = clock() - begin;
        best = i == 0 || took < best ? took : best;
    }
    return (double)best * 1000 / CLOCKS_PER_SEC;
}

/* Whoever measures learns nothing: no account, a damaged hash, a text that is no password. */
static void test_time(void **state)
{
    struct cw_arena arena = {0};
    (void)state;
    struct cw_str hash = cw_password_hash(&arena, CW_S(GOOD));
    double right = cpu_ms(hash, GOOD);
    const struct {
        const char *name;
        double ms;
    } rows[] = {
        {"wrong", cpu_ms(hash, "tall green lamp")}, {"no account", cpu_ms(CW_S(""), GOOD)},
        {"damaged", cpu_ms(CW_S("damaged"), GOOD)}, {"no text", cpu_ms(hash, "\xFF")},
        {"neither", cpu_ms(CW_S(""), "")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].ms < right / 2 || rows[i].ms > right * 2)
            fail_msg("%s: %.1f ms instead of %.1f", rows[i].name, rows[i].ms, right);
    cw_arena_free(&arena);
}

static void test_generate(void **state)
{
    struct cw_arena arena = {0};
    bool seen[256] = {false};
    size_t n_seen = 0;
    (void)state;
    for (int round = 0; round < 100; round++) {
        struct cw_str password = cw_password_generate(&arena);
        assert_int_equal(password.n, 24);
        for (size_t i = 0; i < password.n; i++) {
            assert_int_equal(password.p[i] == '-', i % 5 == 4);
            assert_null(strchr("il1o0", password.p[i]));
            n_seen += !seen[(unsigned char)password.p[i]];
            seen[(unsigned char)password.p[i]] = true;
        }
        assert_false(cw_str_is_present(cw_password_check(&arena, password, CW_S("anna"))));
    }
    assert_int_equal(n_seen, 32);
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check), cmocka_unit_test(test_longest),
        cmocka_unit_test(test_hash),  cmocka_unit_test(test_current),
        cmocka_unit_test(test_time),  cmocka_unit_test(test_generate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
