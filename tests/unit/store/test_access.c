/* Access rules and blocks: what is kept, what is refused, and what the audit trail says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

static enum cw_err set(struct fixture *f, const struct cw_change *by, const char *scope, bool xmpp)
{
    struct cw_str own = cw_access_scope(&f->arena, cw_str_of(scope), locals, 2);
    struct cw_access_rule rule;
    (void)cw_store_access_get(f->store, own, &rule);
    rule.scope = cw_str_of(scope);
    rule.xmpp = xmpp;
    return cw_store_access_set(f->store, by, &rule, &f->arena, &f->refusal);
}

static enum cw_err unset(struct fixture *f, const char *scope)
{
    struct cw_access_rule rule;
    (void)cw_store_access_get(f->store, cw_access_scope(&f->arena, cw_str_of(scope), locals, 2),
                              &rule);
    return cw_store_access_unset(f->store, &change, cw_str_of(scope), rule.version, &f->arena,
                                 &f->refusal);
}

static void assert_rules(struct fixture *f, const char *expected)
{
    struct cw_access_rule *rules;
    size_t n;
    struct cw_str text = CW_S("");
    assert_int_equal(cw_store_access_list(f->store, &f->arena, &rules, &n), CW_OK);
    for (size_t i = 0; i < n; i++)
        text = cw_arena_printf(&f->arena, "%.*s[%.*s]%c", CW_ARG(text), CW_ARG(rules[i].scope),
                               rules[i].xmpp ? '+' : '-');
    assert_string_equal(text.n ? text.p : "", expected);
}

/* The newest row of the trail: action, object, before, after. */
static void assert_audit(struct fixture *f, const char *expected)
{
    struct cw_audit_row *rows;
    size_t n;
    assert_int_equal(cw_store_audit_list(f->store, 1, &f->arena, &rows, &n), CW_OK);
    assert_int_equal(n, 1);
    assert_true(cw_str_eq_cstr(rows[0].who, "test"));
    assert_string_equal(cw_arena_printf(&f->arena, "%.*s|%.*s|%.*s|%.*s", CW_ARG(rows[0].action),
                                        CW_ARG(rows[0].object), CW_ARG(rows[0].before),
                                        CW_ARG(rows[0].after))
                            .p,
                        expected);
}

static void test_rules(void **state)
{
    struct fixture *f = *state;
    uint64_t version = version_of(f->store);
    assert_int_equal(set(f, &change, "Alice@Contoso.test", true), CW_OK);
    assert_audit(f, "access set|alice@contoso.test||{\"xmpp\":true}");
    assert_int_equal(set(f, &change, "bücher.test", true), CW_OK);
    assert_int_equal(set(f, &change, "contoso.test", true), CW_OK);
    assert_int_equal(set(f, &change, "", false), CW_OK);
    assert_audit(f, "access set|global||{\"xmpp\":false}");
    assert_rules(f, "[]-[contoso.test]+[xn--bcher-kva.test]+[alice@contoso.test]+");
    struct cw_access_rule rule;
    assert_int_equal(cw_store_access_get(f->store, CW_S(""), &rule), CW_OK);
    assert_false(rule.xmpp);
    assert_int_equal(cw_store_access_get(f->store, CW_S("alice@contoso.test"), &rule), CW_OK);
    assert_true(rule.xmpp);
    assert_int_equal(cw_store_access_get(f->store, CW_S("bert@contoso.test"), &rule),
                     CW_ERR_NOT_FOUND);
    assert_int_equal(rule.version, 0);
    assert_int_equal(set(f, &change, "contoso.test", false), CW_OK);
    assert_audit(f, "access set|contoso.test|{\"xmpp\":true}|{\"xmpp\":false}");
    assert_int_equal(version_of(f->store), version + 5);
    assert_int_equal(unset(f, "CONTOSO.test"), CW_OK);
    assert_audit(f, "access unset|contoso.test|{\"xmpp\":false}|");
    assert_int_equal(unset(f, ""), CW_OK);
    assert_int_equal(version_of(f->store), version + 7);
    assert_rules(f, "[xn--bcher-kva.test]+[alice@contoso.test]+");
}

static void test_rule_refusals(void **state)
{
    static const char *const foreign[] = {"fabrikam.test",  "j@fabrikam.test",
                                          "x.contoso.test", "alice@contoso.test/desk",
                                          "not a name",     "@contoso.test"};
    struct fixture *f = *state;
    const struct cw_change what_if = {.who = "test", .what_if = true};
    uint64_t version = version_of(f->store);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        if (set(f, &change, foreign[i], false) != CW_ERR_INVALID ||
            !cw_str_is_present(f->refusal.sentence) || strcmp(f->refusal.field, "scope") != 0)
            fail_msg("\"%s\" was taken", foreign[i]);
    }
    assert_int_equal(unset(f, "contoso.test"), CW_ERR_NOT_FOUND);
    assert_true(
        cw_str_eq_cstr(f->refusal.sentence, "There is no access rule for contoso.test itself."));
    assert_int_equal(set(f, &what_if, "contoso.test", false), CW_OK);
    assert_rules(f, "");
    assert_int_equal(version_of(f->store), version);
    assert_int_equal(audit_rows(f), 0);
}

/* A rule outlives its domain in the configuration, and can be taken away then. */
static void test_rule_of_a_former_domain(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(set(f, &change, "alice@bücher.test", false), CW_OK);
    cw_store_close(&f->store);
    struct cw_store_options options = {f->scratch.path, locals, 1};
    assert_int_equal(cw_store_open(&options, &f->store, &f->arena, &f->refusal), CW_OK);
    assert_int_equal(set(f, &change, "alice@bücher.test", true), CW_ERR_INVALID);
    assert_int_equal(unset(f, "alice@bücher.test"), CW_OK);
    assert_rules(f, "");
}

static void test_blocks(void **state)
{
    struct fixture *f = *state;
    const struct cw_str alice = CW_S("alice@contoso.test"), juliet = CW_S("juliet@a.test");
    struct cw_block *list;
    size_t n;
    uint64_t version = version_of(f->store);
    assert_int_equal(cw_store_block_add(f->store, &change, alice, juliet, 100), CW_OK);
    assert_audit(f, "block add|alice@contoso.test juliet@a.test||{\"user\":\"alice@contoso.test\","
                    "\"blocked\":\"juliet@a.test\",\"since\":100}");
    assert_int_equal(cw_store_block_add(f->store, &change, alice, juliet, 200), CW_OK);
    assert_int_equal(cw_store_block_add(f->store, &change, alice, CW_S("bücher.test"), 0), CW_OK);
    assert_int_equal(cw_store_block_add(f->store, &change, CW_S("bob@contoso.test"), juliet, 300),
                     CW_OK);
    assert_int_equal(version_of(f->store), version + 4);
    assert_int_equal(cw_store_block_list(f->store, alice, &f->arena, &list, &n), CW_OK);
    assert_int_equal(n, 2);
    assert_true(cw_str_eq_cstr(list[0].remote, "bücher.test"));
    assert_int_equal(list[0].since, 0);
    assert_int_equal(list[1].since, 100);
    assert_int_equal(cw_store_block_list(f->store, CW_STR_NONE, &f->arena, &list, &n), CW_OK);
    assert_int_equal(n, 3);
    assert_int_equal(cw_store_block_remove(f->store, &change, alice, juliet), CW_OK);
    assert_audit(f,
                 "block remove|alice@contoso.test juliet@a.test|{\"user\":\"alice@contoso.test\","
                 "\"blocked\":\"juliet@a.test\",\"since\":100}|");
    assert_int_equal(cw_store_block_remove(f->store, &change, alice, juliet), CW_ERR_NOT_FOUND);
    assert_int_equal(version_of(f->store), version + 5);
    assert_int_equal(audit_rows(f), 5);
    assert_int_equal(cw_store_block_list(f->store, alice, &f->arena, &list, &n), CW_OK);
    assert_int_equal(n, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(test_rules), TEST(test_rule_refusals),
                                       TEST(test_rule_of_a_former_domain), TEST(test_blocks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
