/* The base library: strings, arena, map, text forms of bytes, and the log's escaping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct {
    const char *name;
    struct cw_str text;
    bool good;
} utf8_rows[] = {
    {"empty", CW_STR(""), true},
    {"ASCII with NUL", CW_STR("a\0b"), true},
    {"first of two octets", CW_STR("\xC2\x80"), true},
    {"first of three", CW_STR("\xE0\xA0\x80"), true},
    {"last before the surrogates", CW_STR("\xED\x9F\xBF"), true},
    {"first behind the surrogates", CW_STR("\xEE\x80\x80"), true},
    {"first of four", CW_STR("\xF0\x90\x80\x80"), true},
    {"U+10FFFF", CW_STR("\xF4\x8F\xBF\xBF"), true},
    {"over U+10FFFF", CW_STR("\xF4\x90\x80\x80"), false},
    {"overlong solidus", CW_STR("\xC0\xAF"), false},
    {"overlong of two", CW_STR("\xC1\xBF"), false},
    {"overlong of three", CW_STR("\xE0\x9F\xBF"), false},
    {"overlong of four", CW_STR("\xF0\x8F\xBF\xBF"), false},
    {"surrogate", CW_STR("\xED\xA0\x80"), false},
    {"last surrogate", CW_STR("\xED\xBF\xBF"), false},
    {"five octets", CW_STR("\xF8\x88\x80\x80\x80"), false},
    {"lone continuation", CW_STR("a\x80"), false},
    {"cut", CW_STR("\xE2\x82"), false},
    {"continuation missing", CW_STR("\xE2\x82z"), false},
};

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(utf8_rows); i++) {
        if (cw_str_is_utf8(utf8_rows[i].text) != utf8_rows[i].good)
            fail_msg("%s", utf8_rows[i].name);
    }
}

static void test_strings(void **state)
{
    (void)state;
    struct cw_str s = CW_S("a=b=c");
    assert_int_equal(cw_str_index(s, '='), 1);
    assert_int_equal(cw_str_rindex(s, '='), 3);
    assert_int_equal(cw_str_index(s, 'x'), -1);
    assert_int_equal(cw_str_index(CW_STR_NONE, 'x'), -1);
    assert_int_equal(cw_str_find(s, CW_S("b=")), 2);
    assert_int_equal(cw_str_find(s, CW_S("d")), -1);
    assert_true(cw_str_eq(cw_str_sub(s, 2, 99), CW_S("b=c")));
    assert_true(cw_str_is_empty(cw_str_sub(s, 9, 12)));
    assert_true(cw_str_is_present(cw_str_sub(s, 9, 12)));
    assert_true(cw_str_eq(cw_str_trim(CW_S(" \t\r\na b\n")), CW_S("a b")));
    assert_true(cw_str_eq(cw_str_trim(CW_S(" \n")), CW_S("")));
    assert_true(cw_str_eq_nocase(CW_S("StArT"), CW_S("sTaRt")));
    assert_false(cw_str_eq_nocase(CW_S("@"), CW_S("`")));
    assert_false(cw_str_eq(CW_S("a\0b"), CW_S("a\0c")));
    assert_true(cw_str_cmp(CW_S("a"), CW_S("ab")) < 0 && cw_str_cmp(CW_S("b"), CW_S("ab")) > 0);
    assert_true(cw_str_starts(s, CW_S("a=")) && !cw_str_starts(CW_S("a"), CW_S("a=")));
    assert_true(cw_str_ends(s, CW_S("=c")) && !cw_str_ends(CW_S("c"), CW_S("=c")));
}

static const struct {
    const char *name;
    struct cw_str text;
    bool good;
    uint64_t value;
} number_rows[] = {
    {"zero", CW_STR("0"), true, 0},
    {"leading zeros", CW_STR("007"), true, 7},
    {"greatest", CW_STR("18446744073709551615"), true, UINT64_MAX},
    {"one more", CW_STR("18446744073709551616"), false, 0},
    {"ten times as much", CW_STR("184467440737095516150"), false, 0},
    {"empty", CW_STR(""), false, 0},
    {"sign", CW_STR("+1"), false, 0},
    {"space", CW_STR(" 1"), false, 0},
    {"NUL behind", CW_STR("1\0"), false, 0},
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(number_rows); i++) {
        uint64_t value = 0;
        if (cw_str_to_u64(number_rows[i].text, &value) != number_rows[i].good ||
            value != number_rows[i].value)
            fail_msg("%s", number_rows[i].name);
    }
}

static const struct {
    const char *name;
    struct cw_str text;
    bool good;
    struct cw_str bytes;
} base64_rows[] = {
    /* RFC 4648 section 10 */
    {"empty", CW_STR(""), true, CW_STR("")},
    {"f", CW_STR("Zg=="), true, CW_STR("f")},
    {"fo", CW_STR("Zm8="), true, CW_STR("fo")},
    {"foo", CW_STR("Zm9v"), true, CW_STR("foo")},
    {"foobar", CW_STR("Zm9vYmFy"), true, CW_STR("foobar")},
    {"all ones", CW_STR("////"), true, CW_STR("\xFF\xFF\xFF")},
    {"no padding", CW_STR("Zg"), false, {NULL, 0}},
    {"half the padding", CW_STR("Zg="), false, {NULL, 0}},
    {"too much padding", CW_STR("Z==="), false, {NULL, 0}},
    {"only padding", CW_STR("===="), false, {NULL, 0}},
    {"padding inside", CW_STR("Zg==Zg=="), false, {NULL, 0}},
    {"trailing bits of one octet", CW_STR("Zh=="), false, {NULL, 0}},
    {"trailing bits of two octets", CW_STR("Zm9="), false, {NULL, 0}},
    {"white space", CW_STR("Zm9v\n   "), false, {NULL, 0}},
    {"URL alphabet", CW_STR("-__-"), false, {NULL, 0}},
    {"NUL", CW_STR("Zm\0v"), false, {NULL, 0}},
    {"eighth bit", CW_STR("Zm9\xF6"), false, {NULL, 0}},
};

static void test_base64(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(base64_rows); i++) {
        struct cw_arena arena = {0};
        struct cw_str bytes = CW_STR_NONE;
        if (cw_unbase64(&arena, base64_rows[i].text, &bytes) != base64_rows[i].good ||
            !cw_str_eq(bytes, base64_rows[i].bytes))
            fail_msg("%s: decoding", base64_rows[i].name);
        if (base64_rows[i].good &&
            !cw_str_eq(cw_base64(&arena, base64_rows[i].bytes), base64_rows[i].text))
            fail_msg("%s: encoding", base64_rows[i].name);
        cw_arena_free(&arena);
    }
}

static void test_secrets(void **state)
{
    (void)state;
    struct cw_arena arena = {0};
    assert_true(cw_str_eq_cstr(cw_hex(&arena, CW_S("\x00\x7F\xFF")), "007fff"));
    struct cw_str a = cw_random_hex(&arena, 16), b = cw_random_hex(&arena, 16);
    assert_int_equal(a.n, 32);
    assert_false(cw_secret_eq(a, b));
    assert_true(cw_secret_eq(a, cw_arena_dup(&arena, a)));
    assert_false(cw_secret_eq(CW_S("ab"), CW_S("abc")));
    char secret[] = "key";
    cw_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0", 4);
    cw_arena_free(&arena);
}

static void test_arena(void **state)
{
    (void)state;
    struct cw_arena arena = {0};
    const size_t sizes[] = {0, 1, 7, 64, 5000, 3, 200000, 16};
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            unsigned char *p = cw_arena_alloc(&arena, sizes[i]);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(p[j], 0);
            memset(p, 0xFF, sizes[i]); /* the next round must find zeros again */
        }
        cw_arena_reset(&arena);
    }
    assert_false(cw_str_is_present(cw_arena_dup(&arena, CW_STR_NONE)));
    assert_true(cw_str_is_present(cw_arena_dup(&arena, CW_S(""))));
    struct cw_str copy = cw_arena_dup(&arena, cw_str_sub(CW_S("abc"), 0, 2));
    assert_int_equal(copy.p[2], 0);
    assert_true(cw_str_eq_cstr(cw_arena_printf(&arena, "%d-%s", 7, "x"), "7-x"));
    cw_arena_free(&arena);
    cw_arena_free(&arena);
}

static void test_clean(void **state)
{
    static const struct {
        const char *name, *text, *clean;
        size_t max;
    } rows[] = {
        {"plain", "plain", "plain", 9},
        {"nothing", "", "", 9},
        {"controls", "a\n\x1b[2J\x7f", "a  [2J ", 9},
        {"C1",
         "\xc2\x9b"
         "2J\xc2\xa0",
         " 2J\xc2\xa0", 9},
        {"cut", "abc", "ab", 2},
        {"cut through a character", "a\xc3\xa9", "a", 2},
        {"cut behind a character", "\xc3\xa9z", "\xc3\xa9", 2},
        {"cut to nothing", "\xe2\x82\xac", "", 2},
        {"Latin-1", "caf\xe9\xc2\x9b", "caf? ", 9},
        {"ends inside a character", "cut \xc2", "cut ?", 9},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_buf b = {0};
        cw_buf_put_clean(&b, cw_str_of(rows[i].text), rows[i].max);
        if (!cw_str_eq_cstr(cw_buf_str(&b), rows[i].clean))
            print_message("%s: \"%.*s\"\n", rows[i].name, CW_ARG(cw_buf_str(&b)));
        assert_true(cw_str_eq_cstr(cw_buf_str(&b), rows[i].clean));
        cw_buf_free(&b);
    }
}

static void test_buffer(void **state)
{
    (void)state;
    struct cw_buf b = {0};
    assert_true(cw_str_is_present(cw_buf_str(&b)));
    cw_buf_puts(&b, CW_STR_NONE);
    for (int i = 0; i < 1000; i++)
        cw_buf_printf(&b, "%03d", i);
    assert_int_equal(b.n, 3000);
    cw_buf_consume(&b, 2997);
    assert_true(cw_str_eq_cstr(cw_buf_str(&b), "999"));
    cw_buf_consume(&b, 3);
    assert_int_equal(b.n, 0);
    cw_buf_free(&b);
}

/* The reference key, and two of the reference outputs, of the SipHash paper. */
static void test_siphash(void **state)
{
    (void)state;
    uint8_t key[16];
    char message[15];
    for (int i = 0; i < 16; i++)
        key[i] = (uint8_t)i;
    for (int i = 0; i < 15; i++)
        message[i] = (char)i;
    assert_true(cw_siphash(key, CW_S("")) == 0x726fdb47dd0e0e31ULL);
    assert_true(cw_siphash(key, (struct cw_str){message, 8}) == 0x93f5f5799a932462ULL);
    assert_true(cw_siphash(key, (struct cw_str){message, 15}) == 0xa129ca6149be45e5ULL);
}

static void count_entry(struct cw_str key, void *value, void *arg)
{
    assert_true(cw_str_eq_cstr(key, value));
    ++*(size_t *)arg;
}

static void test_map(void **state)
{
    (void)state;
    struct cw_map map = {0};
    static char keys[1000][8];
    assert_null(cw_map_get(&map, CW_S("k0")));
    assert_null(cw_map_remove(&map, CW_S("k0")));
    for (int i = 0; i < 1000; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        assert_null(cw_map_set(&map, cw_str_of(keys[i]), keys[i]));
    }
    for (int i = 0; i < 1000; i += 2)
        assert_ptr_equal(cw_map_remove(&map, cw_str_of(keys[i])), keys[i]);
    for (int i = 0; i < 1000; i++)
        assert_ptr_equal(cw_map_get(&map, cw_str_of(keys[i])), i % 2 ? keys[i] : NULL);
    size_t n = 0;
    cw_map_each(&map, count_entry, &n);
    assert_int_equal(n, 500);
    assert_int_equal(map.n, 500);
    char other[] = "other";
    assert_ptr_equal(cw_map_set(&map, CW_S("k1"), other), keys[1]);
    assert_ptr_equal(cw_map_get(&map, CW_S("k1")), other);
    assert_null(cw_map_get(&map, CW_S("k1\0")));
    cw_map_free(&map);
    assert_int_equal(map.n, 0);
}

static void test_err(void **state)
{
    (void)state;
    for (int i = CW_OK; i <= CW_ERR_CLOSED; i++)
        assert_true(strlen(cw_err_text((enum cw_err)i)) > 0);
}

/* What one call writes to standard error, without the time before the first space or comma. */
static struct cw_str logged(struct cw_arena *arena, enum cw_log_format format, struct cw_str value)
{
    int fds[2], saved = dup(STDERR_FILENO);
    char text[4096];
    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], STDERR_FILENO);
    cw_log_setup(CW_LOG_INFO, format);
    const struct cw_log_ctx ctx = {.role = "edge", .id = CW_STR("s1")};
    CW_LOG(&ctx, CW_LOG_INFO, "test", CW_KV("v", value), CW_KVI("n", -1));
    CW_LOG(&ctx, CW_LOG_DEBUG, "hidden", CW_KVI("n", 2));
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fds[1]);
    ssize_t n = read(fds[0], text, sizeof text);
    close(fds[0]);
    assert_true(n > 0);
    struct cw_str line = {text, (size_t)n};
    ptrdiff_t at = cw_str_index(line, format == CW_LOG_JSON ? ',' : ' ');
    return cw_arena_dup(arena, cw_str_sub(line, (size_t)at + 1, line.n));
}

static const struct {
    const char *name;
    struct cw_str value;
    const char *text, *json; /* of the value as written */
} log_rows[] = {
    {"plain", CW_STR("a.example"), "a.example", "\"a.example\""},
    {"space", CW_STR("a b"), "\"a b\"", "\"a b\""},
    {"forged line", CW_STR("a\nerror edge x=1"), "\"a\\u000aerror edge x=1\"",
     "\"a\\u000aerror edge x=1\""},
    {"forged pair", CW_STR("a=b"), "\"a=b\"", "\"a=b\""},
    {"quote and backslash", CW_STR("\"\\"), "\"\\\"\\\\\"", "\"\\\"\\\\\""},
    {"escape and DEL", CW_STR("\x1B[2J\x7F"), "\"\\u001b[2J\\u007f\"", "\"\\u001b[2J\\u007f\""},
    {"UTF-8", CW_STR("\xC3\xA9"), "\"\xC3\xA9\"", "\"\xC3\xA9\""},
    {"no UTF-8", CW_STR("\xE9"), "\"\\u00e9\"", "\"\\u00e9\""},
    {"empty", CW_STR(""), "\"\"", "\"\""},
};

static void test_log(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(log_rows); i++) {
        struct cw_arena arena = {0};
        struct cw_str line = logged(&arena, CW_LOG_TEXT, log_rows[i].value);
        struct cw_str want =
            cw_arena_printf(&arena, "info edge test id=s1 v=%s n=-1\n", log_rows[i].text);
        if (!cw_str_eq(line, want))
            fail_msg("%s: text: %.*s", log_rows[i].name, CW_ARG(line));
        line = logged(&arena, CW_LOG_JSON, log_rows[i].value);
        want = cw_arena_printf(&arena,
                               "\"level\":\"info\",\"role\":\"edge\",\"event\":\"test\","
                               "\"id\":\"s1\",\"v\":%s,\"n\":-1}\n",
                               log_rows[i].json);
        if (!cw_str_eq(line, want))
            fail_msg("%s: JSON: %.*s", log_rows[i].name, CW_ARG(line));
        cw_arena_free(&arena);
    }
}

/* A long value is cut, and never inside a character. */
static void test_log_cuts(void **state)
{
    (void)state;
    struct cw_arena arena = {0};
    struct cw_buf value = {0};
    cw_buf_putc(&value, 'a');
    for (int i = 0; i < 1000; i++)
        cw_buf_putcstr(&value, "\xC3\xA9");
    struct cw_str line = logged(&arena, CW_LOG_TEXT, cw_buf_str(&value));
    assert_true(cw_str_find(line, CW_S("\xC3\xA9...\" n=-1")) > 0);
    assert_true(line.n < 600 && cw_str_is_utf8(line));
    cw_buf_free(&value);
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),     cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_base64),
        cmocka_unit_test(test_secrets),  cmocka_unit_test(test_arena),
        cmocka_unit_test(test_buffer),   cmocka_unit_test(test_clean),
        cmocka_unit_test(test_siphash),  cmocka_unit_test(test_map),
        cmocka_unit_test(test_err),      cmocka_unit_test(test_log),
        cmocka_unit_test(test_log_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
