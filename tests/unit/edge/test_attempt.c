/* Attempts: what is kept of them, for whom, and how it reads. */
#include "edge/attempt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/loop.h"

static struct edge_attempt *begin(struct edge_attempts *all, const char *remote,
                                  const char *partner)
{
    return edge_attempt_begin(
        all, &(struct edge_attempt_start){.direction = CW_OUTBOUND,
                                          .id = CW_S("5f0c9a"),
                                          .local = CW_S("local.test"),
                                          .remote = cw_str_of(remote),
                                          .partner = partner ? cw_str_of(partner) : CW_STR_NONE,
                                          .since_ms = cw_now_ms()});
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void fail_with(struct edge_attempt *attempt, enum cw_failure failure)
{
    edge_attempt_failed(attempt, failure, &(struct cw_failure_gaps){0});
}

static void test_a_whole_one(void **state)
{
    struct edge_attempts *all = edge_attempts_new(50);
    struct edge_attempt *attempt = begin(all, "a.test", "a.test");
    (void)state;
    edge_attempt_step(attempt, &(struct edge_step){.kind = EDGE_STEP_DNS,
                                                   .facts = json_pack("{s:s}", "dnssec", "off")});
    edge_attempt_step(attempt, &(struct edge_step){.kind = EDGE_STEP_TCP,
                                                   .state = EDGE_STEP_FAILED,
                                                   .failure = CW_FAIL_CONNECTION_REFUSED,
                                                   .gaps = {.address = CW_STR("192.0.2.1:5269")}});
    edge_attempt_failed(attempt, CW_FAIL_CONNECTION_REFUSED,
                        &(struct cw_failure_gaps){.address = CW_STR("192.0.2.1:5269")});
    edge_attempt_end(&attempt);
    assert_null(attempt);
    json_t *list = edge_attempts_of_partner(all, CW_S("a.test"), 10);
    assert_int_equal(json_array_size(list), 1);
    const json_t *one = json_array_get(list, 0), *steps = json_object_get(one, "steps");
    assert_string_equal(text_of(one, "id"), "5f0c9a");
    assert_string_equal(text_of(one, "direction"), "outbound");
    assert_string_equal(text_of(one, "local"), "local.test");
    assert_string_equal(text_of(one, "remote"), "a.test");
    assert_string_equal(text_of(one, "result"), "failed");
    assert_string_equal(text_of(one, "reason"), "connection-refused");
    assert_string_equal(text_of(one, "side"), "partner");
    assert_string_equal(text_of(one, "sentence"), "192.0.2.1:5269 refuses the connection.");
    assert_true(strlen(text_of(one, "advice")) > 20);
    assert_int_equal(strlen(text_of(one, "at")), strlen("2026-11-22T10:00:00.000Z"));
    assert_int_equal(json_array_size(steps), 3);
    assert_string_equal(text_of(json_array_get(steps, 0), "step"), "dns");
    assert_string_equal(text_of(json_array_get(steps, 0), "state"), "ok");
    assert_string_equal(text_of(json_object_get(json_array_get(steps, 0), "facts"), "dnssec"),
                        "off");
    assert_null(json_object_get(json_array_get(steps, 0), "reason"));
    assert_string_equal(text_of(json_array_get(steps, 1), "reason"), "connection-refused");
    assert_string_equal(text_of(json_array_get(steps, 2), "step"), "verdict");
    json_decref(list);
    edge_attempts_free(&all);
}

/* The first verdict counts; after READY the end follows, and nothing more. */
static void test_verdicts(void **state)
{
    struct edge_attempts *all = edge_attempts_new(50);
    struct edge_attempt *attempt = begin(all, "a.test", "a.test");
    (void)state;
    assert_int_equal(edge_attempt_result(attempt), EDGE_ATTEMPT_PENDING);
    edge_attempt_ready(attempt, CW_METHOD_SASL_EXTERNAL);
    assert_int_equal(edge_attempt_result(attempt), EDGE_ATTEMPT_READY);
    assert_true(edge_attempt_failure(attempt) == CW_FAIL_NONE);
    assert_int_equal(edge_attempt_sentence(attempt).n, 0);
    fail_with(attempt, CW_FAIL_INACTIVITY);
    fail_with(attempt, CW_FAIL_CONNECTION_LOST);
    edge_attempt_ready(attempt, CW_METHOD_TCP_DIALBACK);
    assert_int_equal(edge_attempt_result(attempt), EDGE_ATTEMPT_ENDED);
    assert_true(edge_attempt_failure(attempt) == CW_FAIL_INACTIVITY);
    json_t *json = edge_attempt_json(attempt);
    const json_t *steps = json_object_get(json, "steps");
    assert_string_equal(text_of(json, "method"), "SASL over TLS");
    assert_int_equal(json_array_size(steps), 2);
    assert_string_equal(text_of(json_array_get(steps, 1), "step"), "end");
    assert_string_equal(text_of(json_array_get(steps, 1), "state"), "ok");
    json_decref(json);
    edge_attempt_end(&attempt);
    attempt = begin(all, "a.test", "a.test");
    fail_with(attempt, CW_FAIL_CERT_EXPIRED);
    edge_attempt_ready(attempt, CW_METHOD_TCP_DIALBACK);
    assert_int_equal(edge_attempt_result(attempt), EDGE_ATTEMPT_REFUSED);
    edge_attempt_end(&attempt);
    edge_attempts_free(&all);
}

static size_t n_of(const struct edge_attempts *all, const char *partner)
{
    json_t *list = edge_attempts_of_partner(all, cw_str_of(partner), 1000);
    size_t n = json_array_size(list);
    json_decref(list);
    return n;
}

/* A stream that lives long may tell its end when it was pushed out of the list. */
static void test_only_the_last_are_kept(void **state)
{
    struct edge_attempts *all = edge_attempts_new(3);
    struct edge_attempt *long_lived = begin(all, "first.test", "a.test"), *attempt;
    char name[32];
    (void)state;
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "n%d.test", i);
        attempt = begin(all, name, "a.test");
        edge_attempt_end(&attempt);
    }
    attempt = begin(all, "b.test", "b.test");
    edge_attempt_end(&attempt);
    json_t *list = edge_attempts_of_partner(all, CW_S("a.test"), 2);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(text_of(json_array_get(list, 0), "remote"), "n4.test");
    assert_string_equal(text_of(json_array_get(list, 1), "remote"), "n3.test");
    json_decref(list);
    assert_int_equal(n_of(all, "a.test"), 3);
    assert_int_equal(n_of(all, "b.test"), 1);
    assert_int_equal(n_of(all, "nobody.test"), 0);
    fail_with(long_lived, CW_FAIL_SHUTDOWN);
    edge_attempt_end(&long_lived);
    edge_attempts_free(&all);
}

/* What is newer and came up does not hide it; what is of another partner, or under way, is none. */
static void test_last_failure(void **state)
{
    struct edge_attempts *all = edge_attempts_new(5);
    (void)state;
    assert_null(edge_attempts_last_failure(all, CW_S("a.test")));
    for (int i = 0; i < 4; i++) {
        struct edge_attempt *attempt = begin(all, "a.test", "a.test");
        if (i == 0)
            fail_with(attempt, CW_FAIL_SHUTDOWN);
        else if (i == 1)
            fail_with(attempt, CW_FAIL_CERT_EXPIRED);
        else if (i == 2)
            edge_attempt_ready(attempt, CW_METHOD_SASL_EXTERNAL);
        edge_attempt_end(&attempt);
    }
    json_t *failure = edge_attempts_last_failure(all, CW_S("a.test"));
    assert_string_equal(text_of(failure, "reason"), cw_failure_name(CW_FAIL_CERT_EXPIRED));
    assert_null(json_object_get(failure, "steps"));
    assert_null(edge_attempts_last_failure(all, CW_S("b.test")));
    json_decref(failure);
    edge_attempts_free(&all);
}

static void test_strangers_share_one_list(void **state)
{
    struct edge_attempts *all = edge_attempts_new(3);
    struct edge_attempt *attempt;
    (void)state;
    for (int i = 0; i < EDGE_ATTEMPTS_STRANGERS; i++) {
        attempt = begin(all, i % 2 ? "odd.test" : "even.test", NULL);
        edge_attempt_end(&attempt);
    }
    json_t *odd = edge_attempts_of_stranger(all, CW_S("ODD.test"), 1000);
    assert_int_equal(json_array_size(odd), EDGE_ATTEMPTS_STRANGERS / 2);
    json_decref(odd);
    for (int i = 0; i < EDGE_ATTEMPTS_STRANGERS; i++) {
        attempt = begin(all, "flood.test", NULL);
        edge_attempt_end(&attempt);
    }
    odd = edge_attempts_of_stranger(all, CW_S("odd.test"), 1000);
    assert_int_equal(json_array_size(odd), 0);
    json_decref(odd);
    edge_attempts_free(&all);
}

static bool is_b(void *arg, struct cw_str partner)
{
    (void)arg;
    return cw_str_eq_cstr(partner, "b.test");
}

static void test_forgotten_with_the_partner(void **state)
{
    struct edge_attempts *all = edge_attempts_new(3);
    struct edge_attempt *told = begin(all, "a.test", "a.test");
    struct edge_attempt *attempt = begin(all, "a.test", "a.test");
    (void)state;
    edge_attempt_end(&attempt);
    attempt = begin(all, "b.test", "b.test");
    edge_attempt_end(&attempt);
    attempt = begin(all, "s.test", NULL);
    edge_attempt_end(&attempt);
    edge_attempts_forget(all, is_b, NULL);
    assert_int_equal(n_of(all, "a.test"), 0);
    assert_int_equal(n_of(all, "b.test"), 1);
    json_t *strangers = edge_attempts_of_stranger(all, CW_S("s.test"), 10);
    assert_int_equal(json_array_size(strangers), 1);
    json_decref(strangers);
    fail_with(told, CW_FAIL_POLICY_CHANGED); /* its stream still tells */
    edge_attempt_end(&told);
    edge_attempts_free(&all);
}

/* However many addresses were tried, the verdict is told. */
static void test_steps_are_bounded(void **state)
{
    struct edge_attempts *all = edge_attempts_new(3);
    struct edge_attempt *attempt = begin(all, "a.test", "a.test");
    (void)state;
    for (int i = 0; i < 3 * EDGE_ATTEMPT_MAX_STEPS; i++)
        edge_attempt_step(attempt, &(struct edge_step){.kind = EDGE_STEP_TCP,
                                                       .facts = json_pack("{s:i}", "n", i)});
    edge_attempt_ready(attempt, CW_METHOD_TLS_DIALBACK);
    fail_with(attempt, CW_FAIL_CONNECTION_LOST);
    json_t *json = edge_attempt_json(attempt);
    const json_t *steps = json_object_get(json, "steps");
    size_t n = json_array_size(steps);
    assert_in_range(n, EDGE_ATTEMPT_MAX_STEPS - 2, EDGE_ATTEMPT_MAX_STEPS);
    assert_string_equal(text_of(json_array_get(steps, n - 2), "step"), "verdict");
    assert_string_equal(text_of(json_array_get(steps, n - 1), "step"), "end");
    json_decref(json);
    edge_attempt_end(&attempt);
    edge_attempts_free(&all);
}

/* 32 MiB in all, whosever they are: the oldest go first, and one that is still told survives. */
static void test_bytes_are_bounded(void **state)
{
    enum { MANY = 20000, BYTES_EACH = 4000 };
    struct edge_attempts *all = edge_attempts_new(1000);
    struct edge_attempt *first = begin(all, "first.test", "first.test"), *attempt;
    char words[201], partner[32];
    (void)state;
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    for (int i = 0; i < MANY; i++) {
        snprintf(partner, sizeof partner, "p%d.test", i % 1000);
        attempt = begin(all, partner, partner);
        for (int k = 0; k < BYTES_EACH / 200; k++)
            edge_attempt_step(
                attempt, &(struct edge_step){.kind = EDGE_STEP_TCP, .sentence = cw_str_of(words)});
        edge_attempt_end(&attempt);
    }
    size_t kept = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(partner, sizeof partner, "p%d.test", i);
        kept += n_of(all, partner);
    }
    assert_in_range(kept, 1000, EDGE_ATTEMPTS_MAX_BYTES / BYTES_EACH);
    assert_int_equal(n_of(all, "first.test"), 0);
    assert_int_equal(n_of(all, "p999.test") > 0, 1);
    fail_with(first, CW_FAIL_CONNECTION_LOST);
    edge_attempt_end(&first);
    edge_attempts_free(&all);
}

/* --- the observer -----------------------------------------------------------------------------*/

static char seen[128];

static void on_step(void *arg, const struct edge_attempt *attempt, json_t *step)
{
    size_t at = strlen(seen);
    (void)arg;
    (void)attempt;
    snprintf(seen + at, sizeof seen - at, "%s:%s ", text_of(step, "step"), text_of(step, "state"));
}

/* A peer's certificate or error may hold anything; the list must be readable all the same. */
static void test_no_utf8(void **state)
{
    struct edge_attempts *all = edge_attempts_new(50);
    struct edge_attempt *attempt = begin(all, "a.test", "a.test");
    const struct cw_failure_gaps gaps = {.detail = CW_STR("cut \xc3")};
    (void)state;
    edge_attempt_step(attempt, &(struct edge_step){.kind = EDGE_STEP_PROOF,
                                                   .sentence = CW_S("names caf\xe9\xc2\x9b")});
    edge_attempt_failed(attempt, CW_FAIL_CERT_WRONG_NAME, &gaps);
    edge_attempt_end(&attempt);
    json_t *list = edge_attempts_of_partner(all, CW_S("a.test"), 10);
    char *text = json_dumps(list, JSON_COMPACT);
    assert_non_null(text);
    assert_non_null(strstr(text, "names caf? "));
    free(text);
    json_decref(list);
    edge_attempts_free(&all);
}

static void test_observed(void **state)
{
    struct edge_attempts *all = edge_attempts_new(3);
    struct edge_attempt *attempt =
        edge_attempt_begin(all, &(struct edge_attempt_start){.remote = CW_S("a.test"),
                                                             .partner = CW_S("a.test"),
                                                             .since_ms = cw_now_ms(),
                                                             .is_apart = true});
    (void)state;
    seen[0] = '\0';
    edge_attempt_observe(attempt, on_step, NULL);
    edge_attempt_step(attempt, &(struct edge_step){.kind = EDGE_STEP_DNS});
    edge_attempt_step(attempt,
                      &(struct edge_step){.kind = EDGE_STEP_SRV, .state = EDGE_STEP_SKIPPED});
    fail_with(attempt, CW_FAIL_STUCK);
    assert_string_equal(seen, "dns:ok srv:skipped verdict:failed ");
    assert_int_equal(n_of(all, "a.test"), 0); /* a test is nobody's history */
    edge_attempt_end(&attempt);
    edge_attempts_free(&all);
}

static void test_nobody_listens(void **state)
{
    struct edge_attempt *none = NULL;
    (void)state;
    edge_attempt_step(NULL, &(struct edge_step){.facts = json_object()});
    edge_attempt_ready(NULL, CW_METHOD_NONE);
    fail_with(NULL, CW_FAIL_OTHER);
    edge_attempt_end(&none);
}

static void test_facts(void **state)
{
    static const struct {
        const char *name;
        struct cw_str text;
        const char *fact;
    } rows[] = {
        {"plain", CW_STR("a.test"), "a.test"},
        {"UTF-8", CW_STR("\xc3\xa9.test"), "\xc3\xa9.test"},
        {"no UTF-8", CW_STR("a\xff.test"), "a?.test"},
        {"absent", {NULL, 0}, ""},
    };
    char words[301];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *fact = edge_fact(rows[i].text);
        if (!fact || strcmp(json_string_value(fact), rows[i].fact) != 0)
            print_message("%s\n", rows[i].name);
        assert_non_null(fact);
        assert_string_equal(json_string_value(fact), rows[i].fact);
        json_decref(fact);
    }
    for (size_t i = 0; i < 300; i += 2)
        memcpy(words + i, "\xc3\xa9", 2);
    json_t *cut = edge_fact((struct cw_str){words, 299});
    assert_in_range(json_string_length(cut), 200, 250);
    assert_null(strchr(json_string_value(cut), '?'));
    json_decref(cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_one),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_only_the_last_are_kept),
        cmocka_unit_test(test_last_failure),
        cmocka_unit_test(test_strangers_share_one_list),
        cmocka_unit_test(test_forgotten_with_the_partner),
        cmocka_unit_test(test_steps_are_bounded),
        cmocka_unit_test(test_bytes_are_bounded),
        cmocka_unit_test(test_no_utf8),
        cmocka_unit_test(test_observed),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
