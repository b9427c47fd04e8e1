/* Failures: every one has a name of its own and says what is wrong and what to change. */
#include "policy/failure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct cw_failure_gaps all_gaps = {.domain = CW_STR("partner.test"),
                                                .local = CW_STR("local.test"),
                                                .address = CW_STR("192.0.2.1:5269"),
                                                .detail = CW_STR("detail")};

static void test_names(void **state)
{
    (void)state;
    for (int a = 0; a < CW_N_FAILURES; a++) {
        const char *name = cw_failure_name((enum cw_failure)a);
        assert_non_null(name);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
        assert_true(strlen(name) > 0);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(name, cw_failure_name((enum cw_failure)b));
    }
}

static void check_words(const char *name, struct cw_str text)
{
    bool is_fine = text.n > 15 && text.p[text.n - 1] == '.' && text.p[text.n - 2] != '.' &&
                   (text.p[0] < 'a' || text.p[0] > 'z' || cw_str_starts(text, all_gaps.domain)) &&
                   cw_str_index(text, '{') < 0 && cw_str_index(text, '[') < 0 &&
                   cw_str_index(text, ']') < 0 && cw_str_find(text, CW_S("  ")) < 0;
    if (!is_fine)
        print_message("%s: \"%.*s\"\n", name, CW_ARG(text));
    assert_true(is_fine);
}

static void check_failure(enum cw_failure failure, const struct cw_failure_gaps *gaps)
{
    struct cw_arena arena = {0};
    check_words(cw_failure_name(failure), cw_failure_sentence(&arena, failure, gaps));
    check_words(cw_failure_name(failure), cw_failure_advice(&arena, failure, gaps));
    cw_arena_free(&arena);
}

/* Whole sentences, whatever is known. */
static void test_words(void **state)
{
    (void)state;
    for (int f = 0; f < CW_N_FAILURES; f++) {
        struct cw_failure_gaps no_detail = all_gaps;
        no_detail.detail = CW_STR_NONE;
        check_failure((enum cw_failure)f, &all_gaps);
        if ((enum cw_failure)f == CW_FAIL_NONE)
            continue;
        check_failure((enum cw_failure)f, &no_detail);
    }
}

static void test_gaps(void **state)
{
    static const struct row {
        const char *name;
        enum cw_failure failure;
        struct cw_failure_gaps gaps;
        const char *sentence;
    } rows[] = {
        {"plain",
         CW_FAIL_NO_DOMAIN,
         {.domain = CW_STR("a.test")},
         "a.test does not exist in the DNS."},
        {"bracket left out",
         CW_FAIL_UNREACHABLE,
         {.address = CW_STR("192.0.2.1:5269")},
         "192.0.2.1:5269 cannot be reached."},
        {"bracket filled",
         CW_FAIL_UNREACHABLE,
         {.address = CW_STR("192.0.2.1:5269"), .detail = CW_STR("No route to host")},
         "192.0.2.1:5269 cannot be reached: No route to host."},
        {"nothing known",
         CW_FAIL_NO_DOMAIN,
         {.domain = CW_STR_NONE},
         "The partner's server does not exist in the DNS."},
        {"control characters",
         CW_FAIL_PARTNER_ERROR,
         {.domain = CW_STR("a.test"), .detail = CW_STR("conflict: one\ntwo\x7f")},
         "The server of a.test ended the stream with an error (conflict: one two)."},
        {"control characters beyond ASCII",
         CW_FAIL_PARTNER_ERROR,
         {.domain = CW_STR("a.test"),
          .detail = CW_STR("\xc2\x9b"
                           "2J \xc3\xa9")},
         "The server of a.test ended the stream with an error (2J \xc3\xa9)."},
        {"no UTF-8",
         CW_FAIL_PARTNER_ERROR,
         {.domain = CW_STR("a.test"), .detail = CW_STR("caf\xe9 au lait")},
         "The server of a.test ended the stream with an error (caf? au lait)."},
        {"full stop of their own",
         CW_FAIL_PARTNER_POLICY_VIOLATION,
         {.domain = CW_STR("a.test"), .detail = CW_STR(" Not here. ")},
         "The server of a.test says that we violate its policy (policy-violation: Not here)."},
        {"braces of their own",
         CW_FAIL_PARTNER_ERROR,
         {.domain = CW_STR("a.test"), .detail = CW_STR("{domain} [x]")},
         "The server of a.test ended the stream with an error ({domain} [x])."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_str text = cw_failure_sentence(&arena, rows[i].failure, &rows[i].gaps);
        if (!cw_str_eq_cstr(text, rows[i].sentence))
            print_message("%s: \"%.*s\"\n", rows[i].name, CW_ARG(text));
        assert_true(cw_str_eq_cstr(text, rows[i].sentence));
        cw_arena_free(&arena);
    }
}

/* A long word is cut between two characters. */
static void test_cut(void **state)
{
    struct cw_arena arena = {0};
    char words[301];
    (void)state;
    for (size_t i = 0; i < 300; i += 2)
        memcpy(words + i, "\xc3\xa9", 3);
    memmove(words + 1, words, 299);
    words[0] = 'x';
    struct cw_failure_gaps gaps = {.domain = CW_STR("a.test"), .detail = {words, 299}};
    struct cw_str text = cw_failure_sentence(&arena, CW_FAIL_PARTNER_ERROR, &gaps);
    assert_true(cw_str_is_utf8(text));
    assert_true(text.n > 200 && text.n < 300);
    cw_arena_free(&arena);
}

static void test_every_decision_and_error_has_one(void **state)
{
    (void)state;
    for (int r = CW_REASON_NONE + 1; r <= CW_REASON_NOTHING_OFFERED; r++) {
        enum cw_failure failure = cw_failure_of_reason((enum cw_nego_reason)r);
        assert_true(failure != CW_FAIL_NONE && failure != CW_FAIL_OTHER);
    }
    for (int e = 0; e <= CW_STREAM_UNSUPPORTED_VERSION; e++) {
        enum cw_failure failure = cw_failure_of_partners_error((enum cw_stream_error)e);
        assert_true(failure >= CW_FAIL_PARTNER_POLICY_VIOLATION &&
                    failure <= CW_FAIL_PARTNER_ERROR);
    }
}

static void test_dialback_errors(void **state)
{
    const struct {
        const char *name;
        enum cw_failure failure;
    } rows[] = {
        {"policy-violation", CW_FAIL_PARTNER_POLICY_VIOLATION},
        {"forbidden", CW_FAIL_NOT_LISTED_THERE},
        {"not-allowed", CW_FAIL_NOT_LISTED_THERE},
        {"not-authorized", CW_FAIL_NOT_LISTED_THERE},
        {"item-not-found", CW_FAIL_NOT_SERVED_THERE},
        {"resource-constraint", CW_FAIL_PARTNER_LIMIT},
        {"remote-server-not-found", CW_FAIL_DIALBACK_ERROR},
        {"remote-server-timeout", CW_FAIL_DIALBACK_ERROR},
        {"internal-server-error", CW_FAIL_DIALBACK_ERROR},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum cw_stanza_error error;
        assert_true(cw_stanza_error_of(cw_str_of(rows[i].name), &error));
        if (cw_failure_of_dialback_error(error) != rows[i].failure)
            fail_msg("%s: %s", rows[i].name, cw_failure_name(cw_failure_of_dialback_error(error)));
    }
}

static void test_harmless_is_no_refusal(void **state)
{
    (void)state;
    for (int f = 0; f < CW_N_FAILURES; f++)
        assert_false(cw_failure_is_harmless((enum cw_failure)f) &&
                     cw_failure_is_refusal((enum cw_failure)f));
    assert_true(cw_failure_is_refusal(CW_FAIL_STRANGER));
    assert_true(cw_failure_is_harmless(CW_FAIL_INACTIVITY));
    assert_false(cw_failure_is_harmless(CW_FAIL_CONNECTION_LOST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_every_decision_and_error_has_one),
        cmocka_unit_test(test_dialback_errors),
        cmocka_unit_test(test_harmless_is_no_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
