/* The audit trail: finding rows, and notes that are bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "fixture.h"
#include "store/account.h"

/* The ids of what is found, the newest first: "5 3". */
static const char *found(struct fixture *f, const struct cw_audit_filter *filter, size_t limit)
{
    struct cw_audit_row *rows;
    size_t n;
    struct cw_str text = CW_S("");
    assert_int_equal(cw_store_audit_find(f->store, filter, limit, &f->arena, &rows, &n), CW_OK);
    for (size_t i = 0; i < n; i++)
        text = cw_arena_printf(&f->arena, "%.*s%s%lld", CW_ARG(text), i ? " " : "",
                               (long long)rows[i].id);
    return cw_arena_dup(&f->arena, text).p;
}

static void test_find(void **state)
{
    static const struct {
        const char *name;
        struct cw_audit_filter filter;
        size_t limit;
        const char *expected;
    } rows[] = {
        {"all", {0}, 10, "5 4 3 2 1"},
        {"the newest", {0}, 2, "5 4"},
        {"the next", {.before = 4}, 2, "3 2"},
        {"by whom", {.who = CW_STR("anna")}, 10, "4 1"},
        {"of an object", {.object = CW_STR("a.test")}, 10, "3 1"},
        {"of the settings", {.object = CW_STR("")}, 10, "2"},
        {"an action", {.action = CW_STR("partner set")}, 10, "3"},
        {"all on partners", {.action = CW_STR("partner")}, 10, "3 1"},
        {"not a part of a word", {.action = CW_STR("part")}, 10, ""},
        {"from a time on", {.since = 300}, 10, "5 4 3"},
        {"until a time", {.until = 300}, 10, "3 2 1"},
        {"all at once",
         {.before = 5,
          .since = 200,
          .until = 400,
          .who = CW_STR("anna"),
          .object = CW_STR("b.test"),
          .action = CW_STR("partners")},
         10,
         "4"},
    };
    struct fixture *f = *state;
    sql(f, "INSERT INTO audit VALUES(1,100,'anna','partner new','a.test','','{}'),"
           "(2,200,'bert','settings set','','',''),(3,300,'bert','partner set','a.test','',''),"
           "(4,400,'anna','partners','b.test','',''),(5,500,'bert','sign-in','','','')"
           ",(6,0,'','','','','');DELETE FROM audit WHERE id=6;"
           "UPDATE audit SET object='bert' WHERE id=5");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *ids = found(f, &rows[i].filter, rows[i].limit);
        if (strcmp(ids, rows[i].expected) != 0)
            fail_msg("%s: %s", rows[i].name, ids);
    }
}

static void test_get_and_last(void **state)
{
    struct fixture *f = *state;
    struct cw_access_rule rule = {.scope = CW_STR("contoso.test")};
    const struct cw_change other = {.who = "bert"};
    struct cw_audit_row row, same;
    assert_int_equal(cw_store_access_set(f->store, &change, &rule, &f->arena, &f->refusal), CW_OK);
    assert_int_equal(cw_store_access_set(f->store, &other, &rule, &f->arena, &f->refusal), CW_OK);
    assert_int_equal(
        cw_store_audit_note(f->store, "anna", "sign-in", CW_S("contoso.test"), CW_S("")), CW_OK);
    assert_int_equal(
        cw_store_audit_last(f->store, CW_S("access"), CW_S("contoso.test"), &f->arena, &row),
        CW_OK);
    assert_true(cw_str_eq_cstr(row.who, "bert"));
    assert_int_equal(cw_store_audit_get(f->store, row.id, &f->arena, &same), CW_OK);
    assert_true(cw_str_eq_cstr(same.before, "{\"xmpp\":false}"));
    assert_int_equal(
        cw_store_audit_last(f->store, CW_S("partner"), CW_S("contoso.test"), &f->arena, &row),
        CW_ERR_NOT_FOUND);
    assert_int_equal(cw_store_audit_get(f->store, 99, &f->arena, &row), CW_ERR_NOT_FOUND);
}

static void test_notes_are_bounded(void **state)
{
    struct fixture *f = *state;
    struct cw_audit_row row;
    uint64_t version = version_of(f->store);
    sql(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10001)"
           "INSERT INTO audit SELECT i,1,'x','sign-in refused','','','' FROM n;"
           "UPDATE audit SET action='partner set' WHERE id=1");
    for (int i = 0; i < 2; i++)
        assert_int_equal(cw_store_audit_note(f->store, "127.0.0.1", "sign-in refused", CW_S("anna"),
                                             CW_S("The password is wrong.")),
                         CW_OK);
    assert_string_equal(found(f, &(struct cw_audit_filter){.before = 5}, 10), "4 3 1");
    assert_int_equal(cw_store_audit_get(f->store, 10003, &f->arena, &row), CW_OK);
    assert_true(cw_str_eq_cstr(row.after, "{\"detail\":\"The password is wrong.\"}"));
    assert_int_equal(version_of(f->store), version);
}

/* A name as long as a request's body is one that somebody types to fill the disk. */
static void test_notes_are_short(void **state)
{
    struct fixture *f = *state;
    struct cw_audit_row row;
    char name[1000];
    memset(name, 'a', sizeof name);
    memcpy(name + 254, "\xE2\x82\xAC", 3); /* a character across the end */
    assert_int_equal(cw_store_audit_note(f->store, "127.0.0.1", "sign-in refused",
                                         (struct cw_str){name, sizeof name},
                                         (struct cw_str){name, sizeof name}),
                     CW_OK);
    assert_int_equal(cw_store_audit_get(f->store, 1, &f->arena, &row), CW_OK);
    assert_int_equal(row.object.n, 254);
    assert_int_equal(row.after.n, 254 + sizeof "{\"detail\":\"\"}" - 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(test_find), TEST(test_get_and_last),
                                       TEST(test_notes_are_bounded), TEST(test_notes_are_short)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
