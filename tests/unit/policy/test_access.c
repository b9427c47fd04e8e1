/* Access rules: which one is the nearest, and which scopes there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/access.h"

static const struct cw_str locals[] = {CW_STR("contoso.test"), CW_STR("xn--bcher-kva.test")};

static void test_nearest(void **state)
{
    static const struct {
        const char *name;
        struct cw_access_rule rules[4];
        size_t n;
        const char *user;
        const char *scope; /* of the rule that counts; NULL: none */
        bool is_allowed;
    } rows[] = {
        {"no rules", {{CW_STR(""), false}}, 0, "alice@contoso.test", NULL, true},
        {"the global one", {{CW_STR(""), false}}, 1, "alice@contoso.test", "", false},
        {"the domain's before it",
         {{CW_STR(""), false}, {CW_STR("contoso.test"), true}},
         2,
         "alice@contoso.test",
         "contoso.test",
         true},
        {"the user's before both",
         {{CW_STR(""), true},
          {CW_STR("contoso.test"), true},
          {CW_STR("alice@contoso.test"), false}},
         3,
         "alice@contoso.test",
         "alice@contoso.test",
         false},
        {"with a resource",
         {{CW_STR("alice@contoso.test"), false}},
         1,
         "alice@contoso.test/desk",
         "alice@contoso.test",
         false},
        {"another user",
         {{CW_STR("alice@contoso.test"), false}},
         1,
         "bob@contoso.test",
         NULL,
         true},
        {"another domain", {{CW_STR("contoso.test"), false}}, 1, "bob@b.contoso.test", NULL, true},
        {"a domain in A-labels, its user in U-labels",
         {{CW_STR(""), true}, {CW_STR("xn--bcher-kva.test"), false}},
         2,
         "alice@bücher.test",
         "xn--bcher-kva.test",
         false},
        {"a user in U-labels",
         {{CW_STR("xn--bcher-kva.test"), false}, {CW_STR("alice@bücher.test"), true}},
         2,
         "alice@xn--bcher-kva.test",
         "alice@bücher.test",
         true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_map map = {0};
        struct cw_jid user;
        assert_int_equal(cw_jid_parse(&arena, cw_str_of(rows[i].user), &user), CW_JID_OK);
        cw_access_index(&map, rows[i].rules, rows[i].n);
        const struct cw_access_rule *rule = cw_access_nearest(&map, &user);
        if ((rule != NULL) != (rows[i].scope != NULL) ||
            (rule && !cw_str_eq_cstr(rule->scope, rows[i].scope)) ||
            cw_access_is_allowed(&map, &user) != rows[i].is_allowed)
            fail_msg("%s: %.*s", rows[i].name, CW_ARG(rule ? rule->scope : CW_S("none")));
        cw_map_free(&map);
        cw_arena_free(&arena);
    }
}

static void test_scopes(void **state)
{
    static const struct {
        const char *text;
        const char *scope; /* NULL: there is none */
        const char *name;
    } rows[] = {
        {"", "", "global"},
        {"contoso.test", "contoso.test", "domain"},
        {"Contoso.Test.", "contoso.test", "domain"},
        {"bücher.test", "xn--bcher-kva.test", "domain"},
        {"Alice@CONTOSO.test", "alice@contoso.test", "user"},
        {"alice@xn--bcher-kva.test", "alice@bücher.test", "user"},
        {"alice@contoso.test/desk", NULL, NULL},
        {"fabrikam.test", NULL, NULL},
        {"alice@fabrikam.test", NULL, NULL},
        {"a.contoso.test", NULL, NULL},
        {"@contoso.test", NULL, NULL},
        {"alice@", NULL, NULL},
        {"*", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_str scope = cw_access_scope(&arena, cw_str_of(rows[i].text), locals, 2);
        if (cw_str_is_present(scope) != (rows[i].scope != NULL) ||
            (rows[i].scope &&
             (!cw_str_eq_cstr(scope, rows[i].scope) ||
              !cw_str_eq(cw_str_of(cw_access_scope_name(scope)), cw_str_of(rows[i].name)))))
            fail_msg("\"%s\": \"%.*s\"", rows[i].text, CW_ARG(scope));
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
