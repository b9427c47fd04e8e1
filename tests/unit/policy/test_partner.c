/* The check of a partner, field by field, at the bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "policy/partner.h"

#include <string.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static char long_text[4 * 1100];

struct row {
    const char *name;
    const char *domain, *additional[3], *proxy, *want_proxy;
    struct cw_str description;
    struct cw_rules rules;
    unsigned limit;
    const char *field; /* refused here; NULL: fine */
    const char *want_domain;
};
#define FINE .rules = {CW_REQUIRED, CW_REQUIRED, true}

static const struct row rows[] = {
    {"plain", "fabrikam.test", FINE, .want_domain = "fabrikam.test"},
    {"upper case", "Fabrikam.TEST", FINE, .want_domain = "fabrikam.test"},
    {"trailing dot", "fabrikam.test.", FINE, .want_domain = "fabrikam.test"},
    {"U-label",
     "b\xC3\xBC"
     "cher.test",
     FINE, .want_domain = "xn--bcher-kva.test"},
    {"no domain", NULL, FINE, .field = "domain"},
    {"empty domain", "", FINE, .field = "domain"},
    {"underscore", "a_b.test", FINE, .field = "domain"},
    {"space", "fabri kam.test", FINE, .field = "domain"},
    {"wildcard", "*.fabrikam.test", FINE, .field = "domain"},
    {"additional", "a.test", {"b.test", "C.test"}, FINE},
    {"additional empty", "a.test", {""}, FINE, .field = "additional"},
    {"additional is the primary", "a.test", {"A.test."}, FINE, .field = "additional"},
    {"additional twice", "a.test", {"b.test", "B.TEST"}, FINE, .field = "additional"},
    {"description of 1024", "a.test", .description = {long_text, 1024}, FINE},
    {"description of 1025", "a.test", .description = {long_text, 1025}, FINE,
     .field = "description"},
    {"description of 1024 wide", "a.test", .description = {long_text + 1100, 2048}, FINE},
    {"description with NUL", "a.test", .description = CW_STR("a\0b"), FINE, .field = "description"},
    {"description with escape", "a.test", .description = CW_STR("\x1b[2J"), FINE,
     .field = "description"},
    {"description not UTF-8", "a.test", .description = CW_STR("\xC0\xBC"), FINE,
     .field = "description"},
    {"description of two lines", "a.test", .description = CW_STR("a\n\tb"), FINE},
    {"limit 10000", "a.test", .limit = 10000, FINE},
    {"limit 10001", "a.test", .limit = 10001, FINE, .field = "connection_limit"},
    {"proxy host", "a.test", .proxy = "Xmpp.A.test", .want_proxy = "xmpp.a.test", FINE},
    {"proxy host and port", "a.test", .proxy = "xmpp.a.test:5270", .want_proxy = "xmpp.a.test:5270",
     FINE},
    {"proxy port 65535", "a.test", .proxy = "x.test:65535", .want_proxy = "x.test:65535", FINE},
    {"proxy port 65536", "a.test", .proxy = "x.test:65536", FINE, .field = "proxy_fqdn"},
    {"proxy port 0", "a.test", .proxy = "x.test:0", FINE, .field = "proxy_fqdn"},
    {"proxy port empty", "a.test", .proxy = "x.test:", FINE, .field = "proxy_fqdn"},
    {"proxy without host", "a.test", .proxy = ":5269", FINE, .field = "proxy_fqdn"},
    {"proxy IPv4", "a.test", .proxy = "192.0.2.1:5269", .want_proxy = "192.0.2.1:5269", FINE},
    {"proxy IPv6", "a.test", .proxy = "[2001:db8::1]:5269", .want_proxy = "[2001:db8::1]:5269",
     FINE},
    {"proxy IPv6 without port", "a.test", .proxy = "[::1]", .want_proxy = "[::1]", FINE},
    {"proxy bare IPv6", "a.test", .proxy = "2001:db8::1", FINE, .field = "proxy_fqdn"},
    {"proxy with a path", "a.test", .proxy = "x.test/y", FINE, .field = "proxy_fqdn"},
    {"SASL without TLS", "a.test", .rules = {CW_NOT_SUPPORTED, CW_REQUIRED, true}, .field = "tls"},
    {"nothing enabled", "a.test", .rules = {CW_REQUIRED, CW_NOT_SUPPORTED, false},
     .field = "dialback"},
};

static void check_row(const struct row *r)
{
    struct cw_arena arena = {0};
    struct cw_partner p = CW_PARTNER_DEFAULT;
    struct cw_str additional[3], refusal;
    const char *field = "";

    p.domain = cw_str_of(r->domain);
    p.additional = additional;
    for (size_t i = 0; i < LEN(r->additional) && r->additional[i]; i++)
        additional[p.n_additional++] = cw_str_of(r->additional[i]);
    if (r->description.p)
        p.description = r->description;
    if (r->proxy)
        p.proxy_fqdn = cw_str_of(r->proxy);
    p.rules = r->rules;
    p.connection_limit = r->limit;

    refusal = cw_partner_check(&arena, &p, &field);
    if (cw_str_is_present(refusal) != (r->field != NULL))
        fail_msg("%s: \"%.*s\"", r->name, CW_ARG(refusal));
    if (r->field && strcmp(field, r->field) != 0)
        fail_msg("%s: field %s", r->name, field);
    if (r->want_domain && !cw_str_eq_cstr(p.domain, r->want_domain))
        fail_msg("%s: domain %.*s", r->name, CW_ARG(p.domain));
    if (r->want_proxy && !cw_str_eq_cstr(p.proxy_fqdn, r->want_proxy))
        fail_msg("%s: proxy %.*s", r->name, CW_ARG(p.proxy_fqdn));
    cw_arena_free(&arena);
}

static void check_rows(void **state)
{
    (void)state;
    memset(long_text, 'x', 1100);
    for (size_t i = 1100; i + 1 < sizeof long_text; i += 2)
        memcpy(long_text + i, "\xC3\xA4", 2);
    for (size_t i = 0; i < LEN(rows); i++)
        check_row(&rows[i]);
}

static void names_go_both_ways(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        enum cw_requirement r;
        enum cw_partner_type t;

        assert_true(cw_requirement_of(cw_str_of(cw_requirement_name(i)), &r));
        assert_int_equal(r, i);
        assert_true(cw_partner_type_of(cw_str_of(cw_partner_type_name(i)), &t));
        assert_int_equal(t, i);
        assert_false(cw_requirement_of(cw_str_of(cw_partner_type_name(i)), &r));
    }
    enum cw_requirement r;
    assert_true(cw_requirement_of(CW_S("notsupported"), &r));
    assert_int_equal(r, CW_NOT_SUPPORTED);
    assert_false(cw_requirement_of(CW_STR_NONE, &r));
}

/* A list that a stranger might make long costs in proportion to its length. */
static void test_many_additional(void **state)
{
    enum { MANY = 20000 };
    struct cw_arena arena = {0};
    struct cw_partner p = CW_PARTNER_DEFAULT;
    const char *field;
    clock_t from;

    (void)state;
    p.domain = CW_S("a.test");
    p.n_additional = MANY;
    p.additional = cw_arena_alloc(&arena, MANY * sizeof *p.additional);
    for (int i = 0; i < MANY; i++)
        p.additional[i] = cw_arena_printf(&arena, "b%d.test", i);
    from = clock();
    assert_false(cw_str_is_present(cw_partner_check(&arena, &p, &field)));
    assert_true(clock() - from < CLOCKS_PER_SEC);
    p.additional[MANY - 1] = CW_S("B0.test");
    assert_true(cw_str_is_present(cw_partner_check(&arena, &p, &field)));
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(check_rows),
                                       cmocka_unit_test(names_go_both_ways),
                                       cmocka_unit_test(test_many_additional)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
