/* Accounts, sessions and tokens: what is kept, what is refused, what ends with what, and what the
 * audit trail says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "fixture.h"
#include "store/account.h"

static const struct cw_account anna = {
    .name = CW_STR("anna"),
    .is_administrator = true,
    .is_enabled = true,
    .password_hash = CW_STR("$argon2id$secret"),
};
static const struct cw_account viktor = {.name = CW_STR("viktor"), .is_enabled = true};

static void add(struct fixture *f, const struct cw_account *account)
{
    assert_int_equal(cw_store_account_add(f->store, &change, account, &f->arena, &f->refusal),
                     CW_OK);
}

static enum cw_err set(struct fixture *f, const struct cw_account *account, uint64_t expected)
{
    return cw_store_account_set(f->store, &change, account, expected, &f->arena, &f->refusal);
}

static enum cw_err password(struct fixture *f, uint64_t expected, struct cw_str keep_session)
{
    struct cw_new_password new = {viktor.name, CW_S("hash"), false, expected, keep_session};
    return cw_store_account_password(f->store, &change, &new, &f->arena, &f->refusal);
}

static struct cw_account get(struct fixture *f, const char *name)
{
    struct cw_account account;
    assert_int_equal(cw_store_account_get(f->store, cw_str_of(name), &f->arena, &account), CW_OK);
    return account;
}

static struct cw_audit_row last_row(struct fixture *f)
{
    struct cw_audit_row *rows;
    size_t n;
    assert_int_equal(cw_store_audit_list(f->store, 1, &f->arena, &rows, &n), CW_OK);
    assert_int_equal(n, 1);
    return rows[0];
}

static void begin_session(struct fixture *f, const char *key, const char *account, bool directory)
{
    const struct cw_session session = {
        .key = cw_str_of(key),
        .account = cw_str_of(account),
        .csrf = CW_STR("csrf"),
        .address = CW_STR("127.0.0.1"),
        .is_directory = directory,
        .since = 1000,
        .seen = 1000,
    };
    assert_int_equal(cw_store_session_add(f->store, &session), CW_OK);
}

/* "key key ..." of all sessions of the account, or of all. */
static const char *sessions(struct fixture *f, struct cw_str account)
{
    struct cw_session *list;
    size_t n;
    struct cw_str text = CW_S("");
    assert_int_equal(cw_store_session_list(f->store, account, &f->arena, &list, &n), CW_OK);
    for (size_t i = 0; i < n; i++)
        text = cw_arena_printf(&f->arena, "%.*s%s%.*s", CW_ARG(text), i ? " " : "",
                               CW_ARG(list[i].key));
    return cw_arena_dup(&f->arena, text).p;
}

/* --- accounts ---------------------------------------------------------------------------------*/

static void test_account_is_kept(void **state)
{
    struct fixture *f = *state;
    uint64_t version = version_of(f->store);
    int64_t now = time(NULL);
    add(f, &anna);
    struct cw_account account = get(f, "anna");
    assert_true(account.is_administrator && account.is_enabled && !account.must_change_password);
    assert_true(cw_str_eq(account.password_hash, anna.password_hash));
    assert_int_equal(account.version, 1);
    assert_in_range(account.since, now, now + 5);
    struct cw_audit_row row = last_row(f);
    assert_true(cw_str_eq_cstr(row.action, "account new"));
    assert_true(cw_str_eq_cstr(row.after, "{\"name\":\"anna\",\"role\":\"administrator\","
                                          "\"enabled\":true,\"must-change-password\":false}"));
    assert_int_equal(cw_store_account_add(f->store, &change, &anna, &f->arena, &f->refusal),
                     CW_ERR_EXISTS);
    assert_string_equal(f->refusal.field, "name");
    assert_int_equal(audit_rows(f), 1);
    assert_int_equal(version_of(f->store), version); /* no gateway needs to know */
}

static void test_version_of_an_account(void **state)
{
    struct fixture *f = *state;
    struct cw_account changed = viktor;
    add(f, &anna);
    add(f, &viktor);
    changed.must_change_password = true;
    assert_int_equal(set(f, &changed, 1), CW_OK);
    assert_int_equal(set(f, &viktor, 1), CW_ERR_CONFLICT);
    assert_true(get(f, "viktor").must_change_password);
    assert_int_equal(get(f, "viktor").version, 2);
    assert_int_equal(password(f, 1, CW_STR_NONE), CW_ERR_CONFLICT);
    assert_true(get(f, "viktor").must_change_password);
    assert_int_equal(password(f, 2, CW_STR_NONE), CW_OK);
    assert_int_equal(get(f, "viktor").version, 3);
    assert_false(get(f, "viktor").must_change_password);
    assert_null(strstr(last_row(f).after.p, "hash"));
    assert_int_equal(
        cw_store_account_remove(f->store, &change, viktor.name, 2, &f->arena, &f->refusal),
        CW_ERR_CONFLICT);
    assert_int_equal(
        cw_store_account_remove(f->store, &change, viktor.name, 3, &f->arena, &f->refusal), CW_OK);
    assert_int_equal(set(f, &viktor, 0), CW_ERR_NOT_FOUND);
    assert_int_equal(password(f, 0, CW_STR_NONE), CW_ERR_NOT_FOUND);
}

/* A password in a hash of this release's instead of an older one's changes nothing for people. */
static void test_renewed_hash(void **state)
{
    struct fixture *f = *state;
    add(f, &viktor);
    size_t rows = audit_rows(f);
    assert_int_equal(cw_store_account_renew_hash(f->store, viktor.name, CW_S("another"), CW_S("x")),
                     CW_OK);
    assert_true(cw_str_eq(get(f, "viktor").password_hash, viktor.password_hash));
    assert_int_equal(
        cw_store_account_renew_hash(f->store, viktor.name, viktor.password_hash, CW_S("newer")),
        CW_OK);
    assert_true(cw_str_eq_cstr(get(f, "viktor").password_hash, "newer"));
    assert_int_equal(get(f, "viktor").version, 1);
    assert_int_equal(audit_rows(f), rows);
}

static void test_last_administrator(void **state)
{
    static const struct {
        const char *name;
        bool is_administrator, is_enabled;
    } rows[] = {{"made a viewer", false, true}, {"disabled", true, false}};
    struct fixture *f = *state;
    struct cw_account bert = anna;
    bert.name = CW_S("bert");
    bert.is_enabled = false; /* no help */
    add(f, &anna);
    add(f, &viktor);
    add(f, &bert);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_account less = anna;
        less.is_administrator = rows[i].is_administrator;
        less.is_enabled = rows[i].is_enabled;
        if (set(f, &less, 0) != CW_ERR_INVALID || !cw_str_is_present(f->refusal.sentence))
            fail_msg("the last administrator was %s", rows[i].name);
    }
    assert_int_equal(
        cw_store_account_remove(f->store, &change, anna.name, 0, &f->arena, &f->refusal),
        CW_ERR_INVALID);
    bert.is_enabled = true;
    assert_int_equal(set(f, &bert, 0), CW_OK);
    assert_int_equal(
        cw_store_account_remove(f->store, &change, anna.name, 0, &f->arena, &f->refusal), CW_OK);
}

/* --- sessions ---------------------------------------------------------------------------------*/

static void test_rights_taken_end_sessions(void **state)
{
    struct fixture *f = *state;
    struct cw_account less = viktor;
    add(f, &anna);
    add(f, &viktor);
    begin_session(f, "a", "anna", false);
    begin_session(f, "d", "viktor", true);
    begin_session(f, "v", "viktor", false);
    less.must_change_password = true;
    assert_int_equal(set(f, &less, 0), CW_OK);
    assert_string_equal(sessions(f, CW_STR_NONE), "a d v");
    less.is_administrator = true;
    assert_int_equal(set(f, &less, 0), CW_OK);
    assert_string_equal(sessions(f, CW_STR_NONE), "a d");
    begin_session(f, "v", "viktor", false);
    less.is_enabled = false;
    assert_int_equal(set(f, &less, 0), CW_OK);
    assert_string_equal(sessions(f, CW_STR_NONE), "a d");
    begin_session(f, "v", "viktor", false);
    begin_session(f, "w", "viktor", false);
    assert_int_equal(password(f, 0, CW_S("w")), CW_OK);
    assert_string_equal(sessions(f, CW_S("viktor")), "d w");
    assert_int_equal(
        cw_store_account_remove(f->store, &change, viktor.name, 0, &f->arena, &f->refusal), CW_OK);
    assert_string_equal(sessions(f, CW_STR_NONE), "a d");
}

/* Whoever signs in while his account changes: the password that was checked may be another by now,
 * and the sessions have ended already. */
static void test_session_of_changed_account(void **state)
{
    struct fixture *f = *state;
    struct cw_session session = {.key = CW_STR("k"),
                                 .account = viktor.name,
                                 .csrf = CW_STR("csrf"),
                                 .address = CW_STR("127.0.0.1"),
                                 .since = 1000};
    add(f, &viktor);
    session.account_version = get(f, "viktor").version;
    assert_int_equal(password(f, 0, CW_STR_NONE), CW_OK);
    assert_int_equal(cw_store_session_add(f->store, &session), CW_ERR_CONFLICT);
    assert_string_equal(sessions(f, CW_STR_NONE), "");
    session.account_version++;
    assert_int_equal(cw_store_session_add(f->store, &session), CW_OK);
    session.key = CW_S("l");
    assert_int_equal(
        cw_store_account_remove(f->store, &change, viktor.name, 0, &f->arena, &f->refusal), CW_OK);
    assert_int_equal(cw_store_session_add(f->store, &session), CW_ERR_CONFLICT);
    assert_string_equal(sessions(f, CW_STR_NONE), "");
}

static void test_session_ages(void **state)
{
    static const struct {
        const char *name;
        int64_t now;
        enum cw_err expected;
        int64_t seen;
    } rows[] = {
        {"at once", 1001, CW_OK, 1000},      {"a minute later", 1060, CW_OK, 1060},
        {"nearly idle", 1160, CW_OK, 1160},  {"used again", 1260, CW_OK, 1260},
        {"near its end", 1300, CW_OK, 1260}, {"too old", 1301, CW_ERR_NOT_FOUND, 0},
        {"gone", 1270, CW_ERR_NOT_FOUND, 0},
    };
    struct fixture *f = *state;
    begin_session(f, "a", "anna", false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_session session;
        enum cw_err err =
            cw_store_session_use(f->store, CW_S("a"), rows[i].now, 100, 300, &f->arena, &session);
        if (err != rows[i].expected || (!err && session.seen != rows[i].seen))
            fail_msg("%s: %d, seen %lld", rows[i].name, err, (long long)session.seen);
    }
    begin_session(f, "b", "anna", false);
    struct cw_session session;
    assert_int_equal(cw_store_session_use(f->store, CW_S("b"), 1101, 100, 300, &f->arena, &session),
                     CW_ERR_NOT_FOUND);
    assert_string_equal(sessions(f, CW_STR_NONE), "");
}

static void test_sessions_expire(void **state)
{
    struct fixture *f = *state;
    struct cw_session session;
    begin_session(f, "idle", "anna", false);
    begin_session(f, "used", "anna", false);
    assert_int_equal(
        cw_store_session_use(f->store, CW_S("used"), 1090, 100, 300, &f->arena, &session), CW_OK);
    assert_int_equal(cw_store_session_expire(f->store, 1100, 100, 300), CW_OK);
    assert_string_equal(sessions(f, CW_STR_NONE), "idle used");
    assert_int_equal(cw_store_session_expire(f->store, 1101, 100, 300), CW_OK);
    assert_string_equal(sessions(f, CW_STR_NONE), "used");
    assert_int_equal(cw_store_session_expire(f->store, 1180, 100, 179), CW_OK);
    assert_string_equal(sessions(f, CW_STR_NONE), "");
}

static void test_session_ends(void **state)
{
    struct fixture *f = *state;
    begin_session(f, "a", "anna", false);
    begin_session(f, "b", "anna", false);
    begin_session(f, "v", "viktor", false);
    assert_int_equal(cw_store_session_end(f->store, CW_S("a"), CW_S("viktor")), CW_OK);
    assert_string_equal(sessions(f, CW_STR_NONE), "a b v");
    assert_int_equal(cw_store_session_end(f->store, CW_S("a"), CW_S("anna")), CW_OK);
    assert_string_equal(sessions(f, CW_STR_NONE), "b v");
    assert_int_equal(cw_store_session_end(f->store, CW_STR_NONE, CW_S("anna")), CW_OK);
    assert_string_equal(sessions(f, CW_STR_NONE), "v");
}

static void test_sessions_are_bounded(void **state)
{
    struct fixture *f = *state;
    struct cw_session *list;
    size_t n;
    begin_session(f, "v", "viktor", false);
    for (int i = 0; i < 70; i++) {
        const struct cw_session session = {.key = cw_arena_printf(&f->arena, "%02d", i),
                                           .account = CW_STR("anna"),
                                           .since = i,
                                           .seen = i};
        assert_int_equal(cw_store_session_add(f->store, &session), CW_OK);
    }
    assert_int_equal(cw_store_session_list(f->store, CW_S("anna"), &f->arena, &list, &n), CW_OK);
    assert_int_equal(n, 64);
    assert_true(cw_str_eq_cstr(list[0].key, "06"));
    assert_string_equal(sessions(f, CW_S("viktor")), "v");
}

/* --- tokens -----------------------------------------------------------------------------------*/

static void test_token(void **state)
{
    struct fixture *f = *state;
    struct cw_token token = {.name = CW_STR("backup"),
                             .digest = CW_STR("d1"),
                             .is_administrator = true,
                             .since = 1000,
                             .expires = 2000};
    struct cw_token used, *list;
    int64_t id, other;
    size_t n;
    assert_int_equal(cw_store_token_add(f->store, &change, &token, &id), CW_OK);
    assert_null(strstr(last_row(f).after.p, "d1"));
    assert_int_equal(cw_store_token_add(f->store, &change, &token, &other), CW_ERR_EXISTS);
    assert_int_equal(cw_store_token_use(f->store, CW_S("d2"), 1500, &f->arena, &used),
                     CW_ERR_NOT_FOUND);
    assert_int_equal(cw_store_token_use(f->store, CW_S(""), 1500, &f->arena, &used),
                     CW_ERR_NOT_FOUND);
    assert_int_equal(cw_store_token_use(f->store, CW_S("d1"), 1500, &f->arena, &used), CW_OK);
    assert_true(used.is_administrator && used.id == id && used.used == 1500);
    assert_int_equal(cw_store_token_use(f->store, CW_S("d1"), 1559, &f->arena, &used), CW_OK);
    assert_int_equal(used.used, 1500);
    assert_int_equal(cw_store_token_use(f->store, CW_S("d1"), 1999, &f->arena, &used), CW_OK);
    assert_int_equal(cw_store_token_use(f->store, CW_S("d1"), 2000, &f->arena, &used),
                     CW_ERR_NOT_FOUND);
    assert_int_equal(cw_store_token_list(f->store, &f->arena, &list, &n), CW_OK);
    assert_int_equal(n, 1); /* expired, but there */
    assert_int_equal(cw_store_token_remove(f->store, &change, id), CW_OK);
    assert_true(cw_str_eq_cstr(last_row(f).object, "backup"));
    assert_int_equal(cw_store_token_remove(f->store, &change, id), CW_ERR_NOT_FOUND);
    token.expires = 0;
    assert_int_equal(cw_store_token_add(f->store, &change, &token, &other), CW_OK);
    assert_true(other > id); /* a number is never used again */
    assert_int_equal(cw_store_token_use(f->store, CW_S("d1"), INT64_MAX, &f->arena, &used), CW_OK);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_account_is_kept),
        TEST(test_version_of_an_account),
        TEST(test_renewed_hash),
        TEST(test_last_administrator),
        TEST(test_rights_taken_end_sessions),
        TEST(test_session_of_changed_account),
        TEST(test_session_ages),
        TEST(test_sessions_expire),
        TEST(test_session_ends),
        TEST(test_sessions_are_bounded),
        TEST(test_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
