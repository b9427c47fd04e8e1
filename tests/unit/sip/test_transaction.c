/* The transaction layer beyond the scenarios (tests/scenario_sip): many transactions at once, all
 * torture messages through it, how much goes out for what comes in, stray responses, and a long
 * random run under invariants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sip/transaction.h"

static const struct cw_sip_hop peer = {
    .transport = CW_SIP_UDP, .flow = 1, .port = 5070, .ip = "192.0.2.1"};

static struct cw_sip_message *request(unsigned number, enum cw_sip_transport transport)
{
    char text[512];
    snprintf(text, sizeof text,
             "MESSAGE sip:j@example.com SIP/2.0\r\n"
             "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK%u\r\n"
             "From: <sip:r@example.net>;tag=1\r\nTo: <sip:j@example.com>\r\n"
             "Call-ID: c%u\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
             number, number);
    return cw_sip_message_parse(cw_str_of(text), transport);
}

static struct cw_sip_message *response(unsigned number, int status)
{
    char text[512];
    snprintf(text, sizeof text,
             "SIP/2.0 %d x\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKo%u\r\n"
             "From: <sip:r@example.net>;tag=1\r\nTo: <sip:j@example.com>;tag=2\r\n"
             "Call-ID: c\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
             status, number);
    return cw_sip_message_parse(cw_str_of(text), CW_SIP_UDP);
}

/* Takes all actions; returns how many of that kind there were. */
static size_t drain(struct cw_sip_txns *t, enum cw_sip_action_kind kind)
{
    struct cw_sip_action action;
    size_t n = 0;
    while (cw_sip_txns_next(t, &action))
        n += action.kind == kind;
    return n;
}

static void test_many(void **state)
{
    (void)state;
    enum { N = 5000 };
    static cw_sip_txn_id ids[N];
    struct cw_sip_txns *t = cw_sip_txns_new(NULL);
    for (unsigned i = 0; i < N; i++) {
        struct cw_sip_message *m = request(i, CW_SIP_UDP);
        assert_int_equal(cw_sip_txns_request(t, m, &peer, i, &ids[i]), CW_SIP_REQUEST_NEW);
        cw_sip_message_free(&m);
    }
    for (unsigned i = 0; i < N; i += 2) /* every other one, backwards */
        assert_int_equal(
            cw_sip_txns_respond(t, ids[N - 1 - i], &(struct cw_sip_reply){.status = 200}, N),
            CW_OK);
    assert_int_equal(drain(t, CW_SIP_ACTION_SEND), N / 2);
    assert_int_equal(cw_sip_txns_n_server(t), N);
    uint64_t last = 0, deadline;
    size_t n_over = 0;
    while ((deadline = cw_sip_txns_deadline_ms(t)) != UINT64_MAX) {
        assert_true(deadline > last);
        last = deadline;
        cw_sip_txns_tick(t, deadline);
        struct cw_sip_action action;
        while (cw_sip_txns_next(t, &action))
            n_over += action.kind != CW_SIP_ACTION_SEND;
    }
    assert_int_equal(n_over, N);
    assert_int_equal(cw_sip_txns_n_server(t), 0);
    cw_sip_txns_free(&t);
    assert_null(t);
}

static void test_freed_while_open(void **state)
{
    (void)state;
    struct cw_sip_txns *t = cw_sip_txns_new(NULL);
    cw_sip_txn_id id;
    struct cw_sip_message *m = request(1, CW_SIP_UDP);
    (void)cw_sip_txns_request(t, m, &peer, 0, &id);
    cw_sip_message_free(&m);
    struct cw_sip_outgoing outgoing = {
        .bytes = CW_S("x"), .branch = CW_S("z9hG4bKo1"), .method = CW_S("MESSAGE"), .hop = peer};
    assert_int_equal(cw_sip_txns_send(t, &outgoing, 0, &id), CW_OK);
    cw_sip_txns_free(&t); /* the leak checker says the rest */
}

static const struct {
    const char *name;
    struct cw_sip_hop sent_to, source;
    unsigned number; /* of the branch that is answered; 1 is ours */
    bool is_awaited;
} answerers[] = {
    {"the same", {CW_SIP_UDP, 1, 5060, "192.0.2.9"}, {CW_SIP_UDP, 1, 5060, "192.0.2.9"}, 1, true},
    {"port", {CW_SIP_UDP, 1, 5060, "192.0.2.9"}, {CW_SIP_UDP, 1, 5061, "192.0.2.9"}, 1, true},
    {"address", {CW_SIP_UDP, 1, 5060, "192.0.2.9"}, {CW_SIP_UDP, 1, 5060, "192.0.2.8"}, 1, false},
    {"socket", {CW_SIP_UDP, 1, 5060, "192.0.2.9"}, {CW_SIP_UDP, 2, 5060, "192.0.2.9"}, 1, false},
    {"transport", {CW_SIP_UDP, 1, 5060, "192.0.2.9"}, {CW_SIP_TCP, 1, 5060, "192.0.2.9"}, 1, false},
    {"branch", {CW_SIP_UDP, 1, 5060, "192.0.2.9"}, {CW_SIP_UDP, 1, 5060, "192.0.2.9"}, 2, false},
    {"connection", {CW_SIP_TLS, 7, 5061, "192.0.2.9"}, {CW_SIP_TLS, 7, 9, "192.0.2.9"}, 1, true},
    {"other one", {CW_SIP_TLS, 7, 5061, "192.0.2.9"}, {CW_SIP_TLS, 8, 9, "192.0.2.9"}, 1, false},
};

static void test_who_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answerers / sizeof *answerers; i++) {
        struct cw_sip_txns *t = cw_sip_txns_new(NULL);
        struct cw_sip_message *m = response(answerers[i].number, 200);
        struct cw_sip_outgoing out = {.bytes = CW_S("x"),
                                      .branch = CW_S("z9hG4bKo1"),
                                      .method = CW_S("MESSAGE"),
                                      .hop = answerers[i].sent_to};
        cw_sip_txn_id id;
        assert_int_equal(cw_sip_txns_send(t, &out, 0, &id), CW_OK);
        if (cw_sip_txns_is_awaited(t, m, &answerers[i].source) != answerers[i].is_awaited)
            fail_msg("%s", answerers[i].name);
        cw_sip_message_free(&m);
        cw_sip_txns_free(&t);
    }
}

static void test_stray_responses(void **state)
{
    (void)state;
    struct cw_sip_txns *t = cw_sip_txns_new(NULL);
    static const int statuses[] = {100, 200, 401, 408, 600};
    cw_sip_txn_id id;
    uint64_t user;
    for (unsigned i = 0; i < 5000; i++) {
        struct cw_sip_message *m = response(i, statuses[i % 5]);
        assert_int_equal(cw_sip_txns_response(t, m, i, &id, &user), CW_SIP_RESPONSE_DROPPED);
        assert_int_equal(cw_sip_txns_request(t, m, &peer, i, &id), CW_SIP_REQUEST_DROPPED);
        cw_sip_message_free(&m);
    }
    assert_int_equal(cw_sip_txns_deadline_ms(t), UINT64_MAX);
    assert_int_equal(drain(t, CW_SIP_ACTION_SEND), 0);
    cw_sip_txns_free(&t);
}

/* Every torture message is answered or dropped as judged; nothing goes anywhere but to the source,
 * and no answer is larger than one and a half times what asked for it. */
static void test_torture(void **state)
{
    (void)state;
    char path[512], line[512];
    static char bytes[8192];
    struct cw_sip_txns *t = cw_sip_txns_new(NULL);
    snprintf(path, sizeof path, "%s/expected.tsv", getenv("CW_SIP_TORTURE"));
    FILE *list = fopen(path, "r");
    assert_non_null(list);
    size_t n_files = 0;
    while (fgets(line, sizeof line, list)) {
        if (strncmp(line, "rfc", 3) != 0)
            continue;
        line[strcspn(line, "\t")] = '\0';
        snprintf(path, sizeof path, "%s/%s", getenv("CW_SIP_TORTURE"), line);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        struct cw_str text = {bytes, fread(bytes, 1, sizeof bytes, file)};
        fclose(file);
        n_files++;
        struct cw_sip_message *m = cw_sip_message_parse(text, CW_SIP_UDP);
        struct cw_sip_verdict verdict = cw_sip_message_verdict(m);
        struct cw_sip_action action;
        cw_sip_txn_id id;
        enum cw_sip_request_fate fate = cw_sip_txns_request(t, m, &peer, 0, &id);
        bool has_action = cw_sip_txns_next(t, &action);
        if (has_action != (verdict.answer != 0 && !verdict.drop) ||
            has_action != (fate == CW_SIP_REQUEST_ANSWERED))
            fail_msg("%s: %s", line, cw_sip_request_fate_name(fate));
        if (has_action) {
            char start[32];
            snprintf(start, sizeof start, "SIP/2.0 %d ", verdict.answer);
            if (!cw_str_starts(action.bytes, cw_str_of(start)) ||
                strcmp(action.hop.ip, peer.ip) != 0 || action.bytes.n * 2 > text.n * 3)
                fail_msg("%s: answered with\n%.*s", line, CW_ARG(action.bytes));
            if ((verdict.answer == 405 || verdict.answer == 501) &&
                cw_str_find(action.bytes, CW_S("\r\nAllow: ")) < 0)
                fail_msg("%s: no Allow", line);
            assert_false(cw_sip_txns_next(t, &action));
        }
        cw_sip_message_free(&m);
    }
    fclose(list);
    assert_int_equal(n_files, 61);
    cw_sip_txns_free(&t);
}

/* The answer without a transaction has the same To tag each time, another for another request. */
static void test_stateless_tag(void **state)
{
    (void)state;
    struct cw_sip_txns *t = cw_sip_txns_new(NULL);
    struct cw_sip_action action;
    char first[17] = "";
    for (unsigned i = 0; i < 3; i++) {
        struct cw_sip_message *m = request(i / 2, CW_SIP_UDP);
        cw_sip_txns_refuse(t, m, &peer, &(struct cw_sip_reply){.status = 403});
        assert_true(cw_sip_txns_next(t, &action));
        ptrdiff_t at = cw_str_find(action.bytes, CW_S("To: <sip:j@example.com>;tag="));
        assert_true(at > 0);
        struct cw_str tag = cw_str_sub(action.bytes, (size_t)at + 28, (size_t)at + 44);
        if (i > 0)
            assert_int_equal(cw_str_eq_cstr(tag, first), i == 1);
        snprintf(first, sizeof first, "%.*s", CW_ARG(tag));
        assert_false(cw_sip_txns_next(t, &action));
        cw_sip_message_free(&m);
    }
    cw_sip_txns_free(&t);
}

/* A long random run: each client transaction ends exactly once (final, timeout or failed), no
 * transaction outlives its timers, the deadline is never in the past. */
static void test_random(void **state)
{
    (void)state;
    enum { N = 400 };
    static int ends[N];
    memset(ends, 0, sizeof ends);
    uint64_t now = 0, seed = 88172645463325252u;
    unsigned n_sent = 0;
    struct cw_sip_txns *t = cw_sip_txns_new(NULL);
    for (unsigned step = 0; step < 6000; step++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        unsigned pick = (unsigned)(seed >> 32);
        cw_sip_txn_id id;
        uint64_t user = 0;
        if (pick % 4 == 0 && n_sent < N) {
            char branch[32];
            snprintf(branch, sizeof branch, "z9hG4bKo%u", n_sent);
            struct cw_sip_outgoing outgoing = {.bytes = CW_S("x"),
                                               .branch = cw_str_of(branch),
                                               .method = CW_S("MESSAGE"),
                                               .hop = peer,
                                               .user = ++n_sent};
            outgoing.hop.transport = pick & 64 ? CW_SIP_TCP : CW_SIP_UDP;
            outgoing.hop.flow = pick >> 8 & 3;
            assert_int_equal(cw_sip_txns_send(t, &outgoing, now, &id), CW_OK);
        } else if (pick % 4 == 1) {
            struct cw_sip_message *m = response((pick >> 8) % N, pick & 64 ? 100 : 200);
            if (cw_sip_txns_response(t, m, now, &id, &user) == CW_SIP_RESPONSE_FINAL)
                ends[user - 1]++;
            cw_sip_message_free(&m);
        } else if (pick % 64 == 2) {
            cw_sip_txns_flow_failed(t, pick & 64 ? CW_SIP_TCP : CW_SIP_UDP, pick >> 8 & 3);
        } else {
            now += pick >> 8 & 255;
            cw_sip_txns_tick(t, now);
        }
        struct cw_sip_action action;
        while (cw_sip_txns_next(t, &action))
            if (action.kind == CW_SIP_ACTION_TIMEOUT || action.kind == CW_SIP_ACTION_FAILED)
                ends[action.user - 1]++;
        if (pick % 4 == 3)
            assert_true(cw_sip_txns_deadline_ms(t) > now);
    }
    assert_int_equal(n_sent, N);
    cw_sip_txns_tick(t, now + 100000);
    struct cw_sip_action action;
    while (cw_sip_txns_next(t, &action))
        if (action.kind == CW_SIP_ACTION_TIMEOUT)
            ends[action.user - 1]++;
    for (unsigned i = 0; i < N; i++)
        if (ends[i] != 1)
            fail_msg("transaction %u ended %d times", i, ends[i]);
    assert_int_equal(cw_sip_txns_n_client(t), 0);
    assert_int_equal(cw_sip_txns_deadline_ms(t), UINT64_MAX);
    cw_sip_txns_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),        cmocka_unit_test(test_freed_while_open),
        cmocka_unit_test(test_who_answers), cmocka_unit_test(test_stray_responses),
        cmocka_unit_test(test_torture),     cmocka_unit_test(test_stateless_tag),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
