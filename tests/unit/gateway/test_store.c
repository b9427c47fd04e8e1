/* The gateway's store: what counts at once, what is written behind, what a failing disk and the end
 * of the process do to it, and what a change by somebody else sets off.  The database is a real
 * one; presence is this file's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "gateway/gateway_priv.h"
#include "gateway/presence.h"
#include "scratch.h"
#include "store/store.h"

#define ALICE  CW_S("alice@contoso.test")
#define JULIET CW_S("juliet@a.test")

static struct cw_str locals[] = {CW_STR("contoso.test")};
static const struct cw_change change = {.who = "test"};
static char happened[512]; /* "review", "withdraw alice@contoso.test - -", ... */

struct fixture {
    struct scratch scratch;
    struct gateway gateway;
    struct cw_store *other; /* another process's handle */
    struct cw_arena arena;
    struct cw_refusal refusal;
};

/* --- the gateway's other parts ----------------------------------------------------------------*/

static void note(const char *what)
{
    size_t at = strlen(happened);
    snprintf(happened + at, sizeof happened - at, "%s%s", at ? ";" : "", what);
}

static void assert_happened(const char *expected)
{
    assert_string_equal(happened, expected);
    happened[0] = '\0';
}

void gw_set_policy(struct gateway *gateway, struct cw_policy *policy)
{
    cw_policy_unref(&gateway->policy);
    gateway->policy = cw_policy_ref(policy);
}

void gw_presence_review(struct gw_presence *presence)
{
    (void)presence;
    note("review");
}

void gw_presence_withdraw(struct gw_presence *presence, struct cw_str local, struct cw_str remote,
                          struct cw_str domain)
{
    char what[128];
    (void)presence;
    snprintf(what, sizeof what, "withdraw %.*s %.*s %.*s", CW_ARG(local.p ? local : CW_S("-")),
             CW_ARG(remote.p ? remote : CW_S("-")), CW_ARG(domain.p ? domain : CW_S("-")));
    note(what);
}

/* --- life -------------------------------------------------------------------------------------*/

static void start(struct fixture *f)
{
    struct cw_buf why = {0};
    f->gateway.store = gw_store_new(&f->gateway, &why);
    if (!f->gateway.store)
        fail_msg("%.*s", CW_ARG(cw_buf_str(&why)));
    cw_buf_free(&why);
}

static void stop(struct fixture *f)
{
    gw_store_free(&f->gateway.store);
    cw_policy_unref(&f->gateway.policy);
}

static int set_up(void **state)
{
    struct fixture *f = cw_alloc(sizeof *f);
    scratch_make(&f->scratch);
    struct cw_store_options options = {f->scratch.path, locals, 1};
    assert_int_equal(cw_store_open(&options, &f->other, &f->arena, &f->refusal), CW_OK);
    f->gateway.base = event_base_new();
    f->gateway.log.role = "test";
    f->gateway.config.gateway.store = cw_str_of(f->scratch.path);
    f->gateway.config.local_domains = locals;
    f->gateway.config.n_local_domains = 1;
    f->gateway.presence = (struct gw_presence *)(void *)f;
    happened[0] = '\0';
    start(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    stop(f);
    event_base_free(f->gateway.base);
    cw_store_close(&f->other);
    scratch_remove(&f->scratch);
    cw_arena_free(&f->arena);
    cw_free(f);
    return 0;
}

static void on_done(void *arg)
{
    *(bool *)arg = true;
}

/* Runs the loop until a reading has come. */
static void reload(struct fixture *f)
{
    bool done = false;
    gw_store_reload(f->gateway.store, on_done, &done);
    while (!done)
        event_base_loop(f->gateway.base, EVLOOP_ONCE);
}

/* Runs the loop until the database says so; at most ten seconds. */
static bool runs_until(struct fixture *f, bool (*holds)(struct fixture *))
{
    for (uint64_t end_ms = cw_now_ms() + 10000; cw_now_ms() < end_ms;) {
        if (holds(f))
            return true;
        event_base_loop(f->gateway.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    }
    return false;
}

static bool sql(struct fixture *f, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->scratch.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    bool ok = sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(db);
    return ok;
}

static bool is_in_store(struct fixture *f)
{
    bool has = false;
    assert_int_equal(cw_store_contact_has(f->other, ALICE, JULIET, &has), CW_OK);
    return has;
}

static bool is_not_in_store(struct fixture *f)
{
    return !is_in_store(f);
}

static struct cw_store_subscription subscription_of(struct fixture *f, int i)
{
    return (struct cw_store_subscription){
        .is_x2s = true,
        .local = cw_arena_printf(&f->arena, "user%d@contoso.test", i),
        .remote = JULIET,
        .state = CW_S("active"),
        .told = CW_S("[\"desk\"]"),
        .since = 1700000000,
    };
}

static struct cw_store_dialog dialog_of(struct fixture *f, int i)
{
    return (struct cw_store_dialog){
        .is_x2s = true,
        .local = cw_arena_printf(&f->arena, "user%d@contoso.test", i),
        .remote = JULIET,
        .call_id = cw_arena_printf(&f->arena, "call-%d@192.0.2.1", i),
        .local_tag = CW_S("0123456789abcdef"),
        .remote_tag = CW_S("fedcba9876543210"),
        .remote_target = CW_S("sip:presence@192.0.2.2:5060;transport=tcp"),
    };
}

/* --- invitations ------------------------------------------------------------------------------*/

static void test_invitation(void **state)
{
    struct fixture *f = *state;
    struct gw_store *store = f->gateway.store;
    assert_false(gw_store_is_invited(store, ALICE, JULIET));
    gw_store_invite(store, ALICE, JULIET);
    assert_true(gw_store_is_invited(store, ALICE, JULIET));
    assert_true(runs_until(f, is_in_store));
    gw_store_uninvite(store, ALICE, JULIET);
    assert_false(gw_store_is_invited(store, ALICE, JULIET));
    gw_store_invite(store, ALICE, JULIET);
    gw_store_uninvite(store, ALICE, JULIET);
    assert_true(runs_until(f, is_not_in_store));
    assert_false(gw_store_is_invited(store, ALICE, JULIET));
}

/* A reading that was made before the last word of the users was written does not undo it. */
static void test_reading_between(void **state)
{
    struct fixture *f = *state;
    struct gw_store *store = f->gateway.store;
    struct cw_access_rule rule = {.scope = CW_STR("bob@contoso.test")};
    const struct cw_str bob = CW_S("bob@contoso.test");
    gw_store_invite(store, ALICE, JULIET);
    assert_true(runs_until(f, is_in_store));
    assert_int_equal(cw_store_access_set(f->other, &change, &rule, &f->arena, &f->refusal), CW_OK);
    bool done = false;
    gw_store_reload(store, on_done, &done); /* is read before the loop runs and writes */
    gw_store_uninvite(store, ALICE, JULIET);
    gw_store_invite(store, bob, JULIET);
    while (!done)
        event_base_loop(f->gateway.base, EVLOOP_ONCE);
    assert_false(gw_store_is_invited(store, ALICE, JULIET));
    assert_true(gw_store_is_invited(store, bob, JULIET));
    assert_true(runs_until(f, is_not_in_store));
}

/* --- what others change -----------------------------------------------------------------------*/

static void test_blocks_and_access(void **state)
{
    struct fixture *f = *state;
    struct gw_store *store = f->gateway.store;
    struct cw_jid alice, juliet, other;
    struct cw_access_rule rule = {.scope = CW_STR("")};
    assert_int_equal(cw_jid_parse(&f->arena, ALICE, &alice), CW_JID_OK);
    assert_int_equal(cw_jid_parse(&f->arena, CW_S("juliet@a.test/b"), &juliet), CW_JID_OK);
    assert_int_equal(cw_jid_parse(&f->arena, CW_S("x@bücher.test"), &other), CW_JID_OK);
    reload(f);
    assert_happened(""); /* nothing has changed */
    assert_true(gw_store_has_access(store, &alice));
    assert_false(gw_store_is_blocked(store, &alice, &juliet));
    assert_int_equal(cw_store_block_add(f->other, &change, ALICE, JULIET, 1), CW_OK);
    assert_int_equal(cw_store_block_add(f->other, &change, ALICE, CW_S("bücher.test"), 1), CW_OK);
    assert_int_equal(cw_store_access_set(f->other, &change, &rule, &f->arena, &f->refusal), CW_OK);
    reload(f);
    assert_happened("review");
    assert_false(gw_store_has_access(store, &alice));
    assert_true(gw_store_is_blocked(store, &alice, &juliet));
    assert_true(gw_store_is_blocked(store, &alice, &other));
    assert_int_equal(cw_store_block_remove(f->other, &change, ALICE, JULIET), CW_OK);
    reload(f);
    assert_happened("review");
    assert_false(gw_store_is_blocked(store, &alice, &juliet));
}

static size_t withdrawals(struct fixture *f)
{
    struct cw_withdrawal *rows;
    size_t n;
    assert_int_equal(cw_store_withdrawal_list(f->other, &f->arena, &rows, &n), CW_OK);
    return n;
}

static bool none_is_left(struct fixture *f)
{
    return withdrawals(f) == 0;
}

/* Made while the gateway runs, and while it does not: each is carried out once. */
static void test_withdrawals(void **state)
{
    struct fixture *f = *state;
    const struct cw_contact_filter pair = {.local = ALICE, .remote = JULIET},
                                   domain = {.remote_domain = CW_STR("a.test")};
    struct cw_contact *gone;
    size_t n;
    gw_store_invite(f->gateway.store, ALICE, JULIET);
    assert_true(runs_until(f, is_in_store));
    assert_int_equal(cw_store_contact_withdraw(f->other, &change, &pair, &f->arena, &gone, &n),
                     CW_OK);
    reload(f);
    assert_false(gw_store_is_invited(f->gateway.store, ALICE, JULIET));
    reload(f);
    assert_happened("review;withdraw alice@contoso.test juliet@a.test -");
    assert_true(runs_until(f, none_is_left));

    gw_store_invite(f->gateway.store, ALICE, JULIET);
    stop(f);
    assert_int_equal(cw_store_contact_withdraw(f->other, &change, &domain, &f->arena, &gone, &n),
                     CW_OK);
    assert_int_equal(n, 1); /* it was written before the end */
    start(f);
    assert_happened("");
    assert_true(runs_until(f, none_is_left));
    assert_happened("withdraw - - a.test");
}

/* Without presence nobody could carry it out: it stays. */
static void test_withdrawal_waits(void **state)
{
    struct fixture *f = *state;
    const struct cw_contact_filter pair = {.local = ALICE, .remote = JULIET};
    struct cw_contact *gone;
    size_t n;
    struct gw_presence *presence = f->gateway.presence;
    f->gateway.presence = NULL;
    assert_int_equal(cw_store_contact_add(f->other, ALICE, JULIET, 1), CW_OK);
    assert_int_equal(cw_store_contact_withdraw(f->other, &change, &pair, &f->arena, &gone, &n),
                     CW_OK);
    reload(f);
    assert_int_equal(withdrawals(f), 1);
    f->gateway.presence = presence;
    assert_true(runs_until(f, none_is_left));
    assert_happened("withdraw alice@contoso.test juliet@a.test -");
}

/* --- written behind ---------------------------------------------------------------------------*/

enum { MANY = 20000 };

static long max_kb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* A burst: rows and their dialogs, each twice, some removed again; and then the end. */
static void test_many_and_the_end(void **state)
{
    struct fixture *f = *state;
    uint64_t begin_ms = cw_now_ms();
    long before_kb = max_kb();
    for (int i = 0; i < MANY; i++) {
        struct cw_store_subscription row = subscription_of(f, i);
        struct cw_store_dialog dialog = dialog_of(f, i);
        row.state = CW_S("pending");
        gw_store_put_subscription(f->gateway.store, &row);
        gw_store_put_dialog(f->gateway.store, &dialog);
        dialog.local_cseq = (uint32_t)i;
        gw_store_put_dialog(f->gateway.store, &dialog);
        row.state = CW_S("active");
        gw_store_put_subscription(f->gateway.store, &row);
        if (i % 10 == 0) {
            gw_store_remove_dialog(f->gateway.store, dialog.call_id, dialog.local_tag);
            gw_store_remove_subscription(f->gateway.store, true, row.local, row.remote);
        }
    }
    print_message("queued after %u ms, with %ld KB\n", (unsigned)(cw_now_ms() - begin_ms),
                  max_kb() - before_kb);
    stop(f);
    print_message("written after %u ms\n", (unsigned)(cw_now_ms() - begin_ms));
    start(f);
    const struct gw_restored *restored = gw_store_restored(f->gateway.store);
    assert_int_equal(restored->n_subscriptions, MANY - MANY / 10);
    assert_int_equal(restored->n_dialogs, MANY - MANY / 10);
    for (size_t i = 0; i < restored->n_subscriptions; i++)
        assert_true(cw_str_eq_cstr(restored->subscriptions[i].state, "active"));
    for (size_t i = 0; i < restored->n_dialogs; i++)
        assert_true(cw_str_eq(restored->dialogs[i].call_id,
                              dialog_of(f, (int)restored->dialogs[i].local_cseq).call_id));
    gw_store_forget_restored(f->gateway.store);
    assert_int_equal(gw_store_restored(f->gateway.store)->n_dialogs, 0);
}

static size_t n_subscriptions(struct fixture *f, const char **last_state)
{
    const struct cw_contact_filter all = {.local = CW_STR_NONE};
    struct cw_store_subscription *rows;
    size_t n;
    assert_int_equal(cw_store_subscription_find(f->other, &all, &f->arena, &rows, &n), CW_OK);
    *last_state = n ? rows[n - 1].state.p : "";
    return n;
}

static bool are_three(struct fixture *f)
{
    const char *last;
    return n_subscriptions(f, &last) == 3;
}

#define BREAK                                                                       \
    "CREATE TRIGGER broken BEFORE INSERT ON subscription BEGIN SELECT RAISE(ABORT," \
    "'disk full'); END"

/* Nothing of a batch that fails is kept, nothing is forgotten, and the last word counts. */
static void test_failing(void **state)
{
    struct fixture *f = *state;
    const char *last;
    assert_true(sql(f, BREAK));
    gw_store_invite(f->gateway.store, ALICE, JULIET);
    for (int i = 0; i < 3; i++) {
        struct cw_store_subscription row = subscription_of(f, i);
        gw_store_put_subscription(f->gateway.store, &row);
    }
    for (int turn = 0; turn < 3; turn++)
        reload(f); /* behind the batch: it has failed now */
    struct cw_store_subscription row = subscription_of(f, 2);
    row.state = CW_S("pending");
    gw_store_put_subscription(f->gateway.store, &row);
    assert_int_equal(n_subscriptions(f, &last), 0);
    assert_true(is_not_in_store(f)); /* one transaction */
    assert_true(gw_store_is_invited(f->gateway.store, ALICE, JULIET));
    assert_true(sql(f, "DROP TRIGGER broken"));
    assert_true(runs_until(f, are_three));
    assert_int_equal(n_subscriptions(f, &last), 3);
    assert_string_equal(last, "pending");
    assert_true(is_in_store(f));
}

/* What failed so far is tried once more before the end. */
static void test_failing_until_the_end(void **state)
{
    struct fixture *f = *state;
    struct cw_store_subscription row = subscription_of(f, 0);
    const char *last;
    assert_true(sql(f, BREAK));
    gw_store_put_subscription(f->gateway.store, &row);
    for (int turn = 0; turn < 3; turn++)
        reload(f);
    assert_int_equal(n_subscriptions(f, &last), 0);
    assert_true(sql(f, "DROP TRIGGER broken"));
    stop(f);
    assert_int_equal(n_subscriptions(f, &last), 1);
    start(f);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_invitation),  TEST(test_reading_between),       TEST(test_blocks_and_access),
        TEST(test_withdrawals), TEST(test_withdrawal_waits),      TEST(test_many_and_the_end),
        TEST(test_failing),     TEST(test_failing_until_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
