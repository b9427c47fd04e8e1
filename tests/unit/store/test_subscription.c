/* Subscriptions, their dialogs, batches of them, and withdrawals of contacts. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "fixture.h"

#define ALICE  CW_STR("alice@contoso.test")
#define JULIET CW_STR("juliet@a.test")

static const struct cw_contact_filter all = {.local = {NULL, 0}};

static size_t subscriptions(struct fixture *f, const struct cw_contact_filter *filter,
                            struct cw_store_subscription **rows)
{
    size_t n;
    assert_int_equal(cw_store_subscription_find(f->store, filter, &f->arena, rows, &n), CW_OK);
    return n;
}

static size_t dialogs(struct fixture *f, struct cw_store_dialog **rows)
{
    size_t n;
    assert_int_equal(cw_store_dialog_list(f->store, &f->arena, rows, &n), CW_OK);
    return n;
}

static void put(struct fixture *f, bool is_x2s, const char *local, const char *remote)
{
    struct cw_store_subscription row = {.is_x2s = is_x2s,
                                        .local = cw_str_of(local),
                                        .remote = cw_str_of(remote),
                                        .state = CW_STR("active"),
                                        .since = 5};
    assert_int_equal(cw_store_subscription_put(f->store, &row), CW_OK);
}

static void test_subscriptions(void **state)
{
    struct fixture *f = *state;
    struct cw_store_subscription *rows;
    struct cw_store_subscription row = {.is_x2s = true,
                                        .local = ALICE,
                                        .remote = JULIET,
                                        .is_authorised = true,
                                        .state = CW_STR("active"),
                                        .since = 1700000000,
                                        .told = CW_STR("[\"desk\",\"\"]")};
    assert_int_equal(cw_store_subscription_put(f->store, &row), CW_OK);
    put(f, false, "alice@contoso.test", "juliet@a.test");
    put(f, true, "alice@contoso.test", "juliet@bücher.test");
    put(f, true, "bob@contoso.test", "juliet@a.test");
    assert_int_equal(subscriptions(f, &all, &rows), 4);
    assert_int_equal(
        subscriptions(f, &(struct cw_contact_filter){.remote_domain = CW_S("a.test")}, &rows), 3);
    assert_int_equal(
        subscriptions(f, &(struct cw_contact_filter){.local = ALICE, .remote = JULIET}, &rows), 2);
    assert_false(rows[0].is_x2s);
    assert_true(rows[1].is_x2s && rows[1].is_authorised);
    assert_int_equal(rows[1].since, 1700000000);
    assert_true(cw_str_eq(rows[1].told, row.told) && cw_str_eq(rows[1].state, row.state));
    row.is_authorised = false;
    row.state = CW_S("pending");
    row.told = CW_STR_NONE;
    assert_int_equal(cw_store_subscription_put(f->store, &row), CW_OK);
    assert_int_equal(subscriptions(f, &all, &rows), 4);
    assert_true(cw_str_eq_cstr(rows[1].state, "pending") && !rows[1].is_authorised);
    assert_int_equal(cw_store_subscription_remove(f->store, true, row.local, row.remote), CW_OK);
    assert_int_equal(cw_store_subscription_remove(f->store, true, row.local, row.remote), CW_OK);
    assert_int_equal(subscriptions(f, &all, &rows), 3);
    assert_false(rows[0].is_x2s);
}

static void test_dialogs(void **state)
{
    struct fixture *f = *state;
    struct cw_store_dialog *rows;
    const struct cw_store_dialog row = {.is_x2s = true,
                                        .local = ALICE,
                                        .remote = JULIET,
                                        .call_id = CW_STR("c1"),
                                        .local_tag = CW_STR("t1"),
                                        .remote_tag = CW_STR("t2"),
                                        .remote_target =
                                            CW_STR("sip:alice@192.0.2.1;transport=tcp"),
                                        .route_set = CW_STR("<sip:a;lr>, <sip:b;lr>"),
                                        .event_id = CW_STR("e"),
                                        .local_cseq = UINT32_MAX,
                                        .remote_cseq = 2147483648u,
                                        .expires_at = 1700003600};
    struct cw_store_dialog other = {
        .local = ALICE, .remote = JULIET, .call_id = CW_STR("c1"), .local_tag = CW_STR("t3")};
    assert_int_equal(cw_store_dialog_put(f->store, &row), CW_OK);
    assert_int_equal(cw_store_dialog_put(f->store, &other), CW_OK);
    other.local_cseq = 9;
    assert_int_equal(cw_store_dialog_put(f->store, &other), CW_OK);
    assert_int_equal(dialogs(f, &rows), 2);
    assert_int_equal(rows[1].local_cseq, 9);
    assert_true(rows[0].is_x2s && rows[0].local_cseq == row.local_cseq &&
                rows[0].remote_cseq == row.remote_cseq && rows[0].expires_at == row.expires_at);
    assert_true(cw_str_eq(rows[0].local, row.local) && cw_str_eq(rows[0].remote, row.remote) &&
                cw_str_eq(rows[0].remote_tag, row.remote_tag) &&
                cw_str_eq(rows[0].remote_target, row.remote_target) &&
                cw_str_eq(rows[0].route_set, row.route_set) &&
                cw_str_eq(rows[0].event_id, row.event_id));
    assert_int_equal(cw_store_dialog_remove(f->store, row.call_id, row.local_tag), CW_OK);
    assert_int_equal(dialogs(f, &rows), 1);
    assert_true(cw_str_eq_cstr(rows[0].local_tag, "t3"));
}

/* --- batches ----------------------------------------------------------------------------------*/

static void put_many(struct fixture *f, int n)
{
    for (int i = 0; i < n; i++)
        put(f, i % 2, cw_arena_printf(&f->arena, "u%d@contoso.test", i).p, "juliet@a.test");
}

static void test_batch(void **state)
{
    struct fixture *f = *state;
    struct cw_store_subscription *rows;
    struct cw_store *other;
    bool has;
    assert_int_equal(open_store(f, &other), CW_OK);
    assert_int_equal(cw_store_batch_begin(f->store), CW_OK);
    put_many(f, 100);
    assert_int_equal(cw_store_contact_add(f->store, (struct cw_str)ALICE, (struct cw_str)JULIET, 1),
                     CW_OK);
    assert_int_equal(cw_store_contact_has(other, (struct cw_str)ALICE, (struct cw_str)JULIET, &has),
                     CW_OK);
    assert_false(has); /* nobody sees half a batch */
    assert_int_equal(cw_store_batch_commit(f->store), CW_OK);
    assert_int_equal(cw_store_contact_has(other, (struct cw_str)ALICE, (struct cw_str)JULIET, &has),
                     CW_OK);
    assert_true(has);
    assert_int_equal(cw_store_batch_begin(f->store), CW_OK);
    put_many(f, 300);
    cw_store_batch_cancel(f->store);
    cw_store_batch_cancel(f->store);
    assert_int_equal(subscriptions(f, &all, &rows), 100);
    cw_store_close(&other);
}

/* A process dies in the middle: what it began is not there, and the next one may write. */
static void test_crash_in_a_batch(void **state)
{
    struct fixture *f = *state;
    struct cw_store_subscription *rows;
    int status = 0;
    put_many(f, 3);
    cw_store_close(&f->store); /* a handle must not cross a fork */
    pid_t child = fork();
    if (child == 0) {
        if (open_store(f, &f->store) == CW_OK && cw_store_batch_begin(f->store) == CW_OK)
            put_many(f, 50);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(open_store(f, &f->store), CW_OK);
    assert_int_equal(subscriptions(f, &all, &rows), 3);
    assert_int_equal(cw_store_batch_begin(f->store), CW_OK);
    put_many(f, 4);
    assert_int_equal(cw_store_batch_commit(f->store), CW_OK);
    assert_int_equal(subscriptions(f, &all, &rows), 4);
}

/* --- withdrawals ------------------------------------------------------------------------------*/

static enum cw_err withdraw(struct fixture *f, const struct cw_change *by,
                            const struct cw_contact_filter *filter, size_t *n)
{
    struct cw_contact *rows;
    return cw_store_contact_withdraw(f->store, by, filter, &f->arena, &rows, n);
}

static size_t withdrawals(struct fixture *f, struct cw_withdrawal **rows)
{
    size_t n;
    assert_int_equal(cw_store_withdrawal_list(f->store, &f->arena, rows, &n), CW_OK);
    return n;
}

static void test_withdrawals(void **state)
{
    struct fixture *f = *state;
    const struct cw_change what_if = {.who = "test", .what_if = true};
    const struct cw_contact_filter of_alice = {.local = ALICE}, of_juliet = {.remote = JULIET},
                                   of_domain = {.remote_domain = CW_STR("a.test")},
                                   of_nobody = {.local = CW_STR("carol@contoso.test")};
    struct cw_withdrawal *rows;
    struct cw_store_subscription *left;
    size_t n;
    put(f, true, "bob@contoso.test", "juliet@a.test"); /* a watcher whom bob has not invited */
    assert_int_equal(cw_store_contact_add(f->store, (struct cw_str)ALICE, CW_S("r@b.test"), 1),
                     CW_OK);
    uint64_t version = version_of(f->store);
    assert_int_equal(withdraw(f, &change, &of_nobody, &n), CW_ERR_NOT_FOUND);
    assert_int_equal(withdraw(f, &what_if, &of_alice, &n), CW_OK);
    assert_int_equal(withdrawals(f, &rows), 0);
    assert_int_equal(version_of(f->store), version);
    assert_int_equal(withdraw(f, &change, &of_alice, &n), CW_OK);
    assert_int_equal(n, 1);
    assert_int_equal(withdraw(f, &change, &of_juliet, &n), CW_OK);
    assert_int_equal(n, 0);
    assert_int_equal(withdraw(f, &change, &of_domain, &n), CW_OK);
    assert_int_equal(version_of(f->store), version + 3);
    assert_int_equal(audit_rows(f), 3);
    assert_int_equal(subscriptions(f, &all, &left), 1); /* until it was carried out */
    assert_int_equal(withdrawals(f, &rows), 3);
    assert_true(cw_str_eq(rows[0].filter.local, of_alice.local));
    assert_false(cw_str_is_present(rows[0].filter.remote));
    assert_false(cw_str_is_present(rows[0].filter.remote_domain));
    assert_true(cw_str_eq(rows[1].filter.remote, of_juliet.remote));
    assert_true(cw_str_eq(rows[2].filter.remote_domain, of_domain.remote_domain));
    int64_t last = rows[2].id;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(cw_store_withdrawal_remove(f->store, rows[i].id), CW_OK);
    assert_int_equal(withdraw(f, &change, &of_domain, &n), CW_OK);
    assert_int_equal(withdrawals(f, &rows), 1);
    assert_true(rows[0].id > last); /* a number is never used again */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(test_subscriptions), TEST(test_dialogs),
                                       TEST(test_batch), TEST(test_crash_in_a_batch),
                                       TEST(test_withdrawals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
