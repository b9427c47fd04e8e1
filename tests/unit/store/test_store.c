/* The store: what it keeps, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

static void assert_sentence(struct fixture *f, const char *name, const char *sentence)
{
    if (!cw_str_eq_cstr(f->refusal.sentence, sentence))
        fail_msg("%s: \"%.*s\", not \"%s\"", name, CW_ARG(f->refusal.sentence), sentence);
}

static void test_partner_round_trip(void **state)
{
    struct fixture *f = *state;
    struct cw_partner_row row;
    struct cw_partner p = partner_of(f, "a.test b.test c.test");
    p.description = CW_S("with \"quotes\" and ü");
    p.type = CW_FEDERATED;
    p.rules = (struct cw_rules){CW_OPTIONAL, CW_NOT_SUPPORTED, true};
    p.connection_limit = 10000;
    p.keep_alive = false;
    p.proxy_fqdn = CW_S("proxy.test:5270");
    p.enabled = false;
    p.trust_anchor = CW_S("-----BEGIN\nx\n");
    struct cw_str pins[] = {CW_STR("sha256:a"), CW_STR("sha256:b")};
    p.pinned_keys = pins;
    p.n_pinned_keys = 2;
    assert_int_equal(cw_store_partner_add(f->store, &change, &p, &f->arena, &f->refusal), CW_OK);
    assert_int_equal(cw_store_partner_get(f->store, CW_S("a.test"), &f->arena, &row), CW_OK);
    assert_int_equal(row.version, 1);
    assert_true(cw_str_eq(row.partner.description, p.description));
    assert_int_equal(row.partner.type, CW_FEDERATED);
    assert_int_equal(row.partner.rules.tls, CW_OPTIONAL);
    assert_int_equal(row.partner.rules.sasl, CW_NOT_SUPPORTED);
    assert_true(row.partner.rules.dialback);
    assert_int_equal(row.partner.connection_limit, 10000);
    assert_false(row.partner.keep_alive);
    assert_true(cw_str_eq(row.partner.proxy_fqdn, p.proxy_fqdn));
    assert_false(row.partner.enabled);
    assert_true(cw_str_eq(row.partner.trust_anchor, p.trust_anchor));
    assert_int_equal(row.partner.n_pinned_keys, 2);
    assert_true(cw_str_eq_cstr(row.partner.pinned_keys[0], "sha256:a"));
    assert_true(cw_str_eq_cstr(row.partner.pinned_keys[1], "sha256:b"));
    p.n_pinned_keys = 1;
    p.trust_anchor = CW_S("");
    assert_int_equal(cw_store_partner_set(f->store, &change, &p, 1, &f->arena, &f->refusal), CW_OK);
    assert_int_equal(cw_store_partner_get(f->store, CW_S("a.test"), &f->arena, &row), CW_OK);
    assert_true(cw_str_is_empty(row.partner.trust_anchor));
    assert_int_equal(row.partner.n_pinned_keys, 1);
    assert_int_equal(row.partner.n_additional, 2);
    assert_true(cw_str_eq_cstr(row.partner.additional[1], "c.test"));
    /* An additional domain is not the name of a row. */
    assert_int_equal(cw_store_partner_get(f->store, CW_S("b.test"), &f->arena, &row),
                     CW_ERR_NOT_FOUND);
}

struct refusal_row {
    const char *name, *domains;
    enum cw_err err;
    const char *field, *sentence;
};
static const struct refusal_row refusals[] = {
    {"primary again", "a.test", CW_ERR_EXISTS, "domain", "a.test is already a partner."},
    {"primary is another's additional", "b.test", CW_ERR_EXISTS, "domain",
     "b.test already belongs to the partner a.test; remove it there first."},
    {"additional is another's primary", "x.test a.test", CW_ERR_EXISTS, "additional",
     "a.test is already a partner."},
    {"additional is another's additional", "x.test y.test b.test", CW_ERR_EXISTS, "additional",
     "b.test already belongs to the partner a.test; remove it there first."},
    {"primary is local", "contoso.test", CW_ERR_INVALID, "domain",
     "contoso.test is a local domain; a partner's domain must be another."},
    {"additional is local", "x.test xn--bcher-kva.test", CW_ERR_INVALID, "additional",
     "xn--bcher-kva.test is a local domain; a partner's domain must be another."},
};

static void test_unique(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_partner(f, "a.test b.test"), CW_OK);
    uint64_t version = version_of(f->store);
    size_t audit = audit_rows(f);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal_row *row = &refusals[i];
        if (add_partner(f, row->domains) != row->err)
            fail_msg("%s: another error", row->name);
        assert_sentence(f, row->name, row->sentence);
        assert_string_equal(f->refusal.field, row->field);
    }
    assert_int_equal(version_of(f->store), version);
    assert_int_equal(audit_rows(f), audit);
    assert_int_equal(add_partner(f, "sub.a.test"), CW_OK); /* not covered, so not taken */
}

static void test_set(void **state)
{
    struct fixture *f = *state;
    struct cw_partner_row row;
    assert_int_equal(add_partner(f, "a.test b.test"), CW_OK);
    assert_int_equal(add_partner(f, "z.test"), CW_OK);
    struct cw_partner p = partner_of(f, "a.test c.test b.test");
    assert_int_equal(cw_store_partner_set(f->store, &change, &p, 1, &f->arena, &f->refusal), CW_OK);
    assert_int_equal(cw_store_partner_get(f->store, p.domain, &f->arena, &row), CW_OK);
    assert_int_equal(row.version, 2);
    assert_int_equal(row.partner.n_additional, 2);
    assert_true(cw_str_eq_cstr(row.partner.additional[0], "c.test"));
    assert_int_equal(cw_store_partner_set(f->store, &change, &p, 1, &f->arena, &f->refusal),
                     CW_ERR_CONFLICT);
    assert_sentence(f, "old version",
                    "The partner a.test was changed by somebody else meanwhile; look at it again, "
                    "then repeat the change.");
    p = partner_of(f, "a.test z.test");
    assert_int_equal(cw_store_partner_set(f->store, &change, &p, 0, &f->arena, &f->refusal),
                     CW_ERR_EXISTS);
    p = partner_of(f, "nobody.test");
    assert_int_equal(cw_store_partner_set(f->store, &change, &p, 0, &f->arena, &f->refusal),
                     CW_ERR_NOT_FOUND);
    assert_sentence(f, "unknown", "There is no partner nobody.test.");
    assert_int_equal(cw_store_partner_get(f->store, CW_S("a.test"), &f->arena, &row), CW_OK);
    assert_int_equal(row.partner.n_additional, 2); /* the refused ones left no trace */
}

static void test_remove(void **state)
{
    struct fixture *f = *state;
    struct cw_partner_row *rows;
    size_t n;
    assert_int_equal(add_partner(f, "a.test b.test"), CW_OK);
    assert_int_equal(
        cw_store_partner_remove(f->store, &change, CW_S("a.test"), 9, &f->arena, &f->refusal),
        CW_ERR_CONFLICT);
    assert_int_equal(
        cw_store_partner_remove(f->store, &change, CW_S("a.test"), 1, &f->arena, &f->refusal),
        CW_OK);
    assert_int_equal(
        cw_store_partner_remove(f->store, &change, CW_S("a.test"), 0, &f->arena, &f->refusal),
        CW_ERR_NOT_FOUND);
    assert_int_equal(cw_store_partner_list(f->store, &f->arena, &rows, &n), CW_OK);
    assert_int_equal(n, 0);
    assert_int_equal(add_partner(f, "b.test a.test"), CW_OK); /* its domains are free again */
}

static void test_list(void **state)
{
    struct fixture *f = *state;
    struct cw_partner_row *rows;
    size_t n;
    for (int i = 199; i >= 0; i--) {
        struct cw_str names = cw_arena_printf(&f->arena, "p%03d.test q%03d.test", i, i);
        assert_int_equal(add_partner(f, names.p), CW_OK);
    }
    assert_int_equal(cw_store_partner_list(f->store, &f->arena, &rows, &n), CW_OK);
    assert_int_equal(n, 200);
    for (size_t i = 0; i < n; i++) {
        struct cw_str domain = cw_arena_printf(&f->arena, "p%03zu.test", i);
        assert_true(cw_str_eq(rows[i].partner.domain, domain));
        assert_int_equal(rows[i].partner.n_additional, 1);
        assert_int_equal(rows[i].partner.additional[0].p[0], 'q');
    }
}

static void test_what_if(void **state)
{
    struct fixture *f = *state;
    struct cw_change what_if = {.who = "test", .what_if = true};
    struct cw_partner_row row;
    struct cw_partner p = partner_of(f, "a.test b.test");
    uint64_t version = version_of(f->store);
    assert_int_equal(cw_store_partner_add(f->store, &what_if, &p, &f->arena, &f->refusal), CW_OK);
    assert_int_equal(cw_store_partner_get(f->store, p.domain, &f->arena, &row), CW_ERR_NOT_FOUND);
    assert_int_equal(version_of(f->store), version);
    assert_int_equal(audit_rows(f), 0);
    assert_int_equal(add_partner(f, "b.test"), CW_OK);
    assert_int_equal(cw_store_partner_add(f->store, &what_if, &p, &f->arena, &f->refusal),
                     CW_ERR_EXISTS);
}

static void test_audit(void **state)
{
    struct fixture *f = *state;
    struct cw_audit_row *rows;
    struct cw_settings settings;
    uint64_t version;
    size_t n;
    struct cw_partner p = partner_of(f, "a.test");
    assert_int_equal(add_partner(f, "a.test"), CW_OK);
    p.enabled = false;
    assert_int_equal(cw_store_partner_set(f->store, &change, &p, 0, &f->arena, &f->refusal), CW_OK);
    assert_int_equal(cw_store_settings_get(f->store, &f->arena, &settings, &version), CW_OK);
    settings.dialback_secret = CW_S("0123456789abcdef0123456789abcdef");
    assert_int_equal(
        cw_store_settings_set(f->store, &change, &settings, version, &f->arena, &f->refusal),
        CW_OK);
    assert_int_equal(cw_store_audit_list(f->store, 2, &f->arena, &rows, &n), CW_OK);
    assert_int_equal(n, 2);
    assert_true(cw_str_eq_cstr(rows[0].action, "settings set"));
    assert_int_equal(cw_str_find(rows[0].after, settings.dialback_secret), -1);
    assert_true(cw_str_find(rows[0].after, CW_S("\"dialback-secret\":\"(new)\"")) > 0);
    assert_true(cw_str_eq_cstr(rows[1].action, "partner set"));
    assert_true(cw_str_eq_cstr(rows[1].object, "a.test"));
    assert_true(cw_str_eq_cstr(rows[1].who, "test"));
    assert_true(cw_str_find(rows[1].before, CW_S("\"enabled\":true")) > 0);
    assert_true(cw_str_find(rows[1].after, CW_S("\"enabled\":false")) > 0);
    assert_true(rows[1].at > 1700000000);
}

static void test_settings(void **state)
{
    struct fixture *f = *state;
    struct cw_settings settings, again;
    uint64_t version, next;
    assert_int_equal(cw_store_settings_get(f->store, &f->arena, &settings, &version), CW_OK);
    assert_int_equal(settings.dialback_secret.n, 64);
    assert_int_equal(settings.connection_limit, 1000);
    assert_true(settings.n_refused_targets > 0);
    settings.stanza_rate = 7;
    settings.n_refused_targets = 0;
    assert_int_equal(
        cw_store_settings_set(f->store, &change, &settings, version, &f->arena, &f->refusal),
        CW_OK);
    assert_int_equal(cw_store_settings_get(f->store, &f->arena, &again, &next), CW_OK);
    assert_int_equal(again.stanza_rate, 7);
    assert_int_equal(again.n_refused_targets, 0);
    assert_true(cw_str_eq(again.dialback_secret, settings.dialback_secret));
    assert_int_equal(next, version + 1);
    assert_int_equal(
        cw_store_settings_set(f->store, &change, &settings, version, &f->arena, &f->refusal),
        CW_ERR_CONFLICT);
}

static void test_policy(void **state)
{
    struct fixture *f = *state;
    struct cw_store *other;
    struct cw_policy *policy;
    struct cw_settings settings;
    uint64_t version;
    assert_int_equal(open_store(f, &other), CW_OK);
    assert_int_equal(add_partner(f, "a.test b.test"), CW_OK);
    assert_int_equal(cw_store_load_policy(other, &policy), CW_OK); /* another handle sees it */
    assert_int_equal(policy->version, version_of(f->store));
    assert_int_equal(policy->n_local_domains, 2);
    assert_true(cw_policy_is_local(policy, CW_S("bücher.test")));
    assert_ptr_equal(cw_policy_partner(policy, CW_S("b.test")), &policy->partners[0]);
    assert_int_equal(cw_store_settings_get(other, &f->arena, &settings, &version), CW_OK);
    assert_true(cw_str_eq(policy->settings.dialback_secret, settings.dialback_secret));
    cw_policy_unref(&policy);
    cw_store_close(&other);
}

static void test_contacts(void **state)
{
    struct fixture *f = *state;
    struct cw_str alice = CW_S("alice@contoso.test"), juliet = CW_S("juliet@a.test");
    struct cw_contact *list;
    size_t n;
    bool has;
    assert_int_equal(cw_store_contact_add(f->store, alice, juliet, 100), CW_OK);
    assert_int_equal(cw_store_contact_add(f->store, alice, juliet, 200), CW_OK);
    assert_int_equal(cw_store_contact_add(f->store, CW_S("bob@contoso.test"), juliet, 300), CW_OK);
    assert_int_equal(cw_store_contact_has(f->store, alice, juliet, &has), CW_OK);
    assert_true(has);
    assert_int_equal(cw_store_contact_has(f->store, juliet, alice, &has), CW_OK);
    assert_false(has);
    assert_int_equal(cw_store_contact_list(f->store, alice, &f->arena, &list, &n), CW_OK);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].since, 100);
    assert_int_equal(cw_store_contact_list(f->store, CW_STR_NONE, &f->arena, &list, &n), CW_OK);
    assert_int_equal(n, 2);
    assert_int_equal(cw_store_contact_remove(f->store, alice, juliet), CW_OK);
    assert_int_equal(cw_store_contact_remove(f->store, alice, juliet), CW_ERR_NOT_FOUND);
    assert_int_equal(cw_store_contact_has(f->store, alice, juliet, &has), CW_OK);
    assert_false(has);
}

static void add_contacts(struct cw_store *store)
{
    static const struct cw_str pairs[][2] = {
        {CW_STR("alice@contoso.test"), CW_STR("juliet@a.test")},
        {CW_STR("alice@contoso.test"), CW_STR("romeo@a.test")},
        {CW_STR("alice@contoso.test"), CW_STR("x@b.a.test")},
        {CW_STR("bob@contoso.test"), CW_STR("juliet@a.test")},
        {CW_STR("bob@contoso.test"), CW_STR("a.test")},
        {CW_STR("bob@contoso.test"), CW_STR("j@bücher.test")},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        assert_int_equal(cw_store_contact_add(store, pairs[i][0], pairs[i][1], 100), CW_OK);
}

/* Each row alone: what the filter finds, removes, and leaves. */
static void test_withdraw(void **state)
{
    static const struct {
        const char *name;
        struct cw_contact_filter filter;
        size_t n;
    } rows[] = {
        {"all", {CW_STR(""), CW_STR(""), CW_STR("")}, 6},
        {"one user", {.local = CW_STR("alice@contoso.test")}, 3},
        {"one address", {.remote = CW_STR("juliet@a.test")}, 2},
        {"one pair", {.local = CW_STR("bob@contoso.test"), .remote = CW_STR("juliet@a.test")}, 1},
        {"a domain, not those below", {.remote_domain = CW_STR("a.test")}, 4},
        {"a domain below", {.remote_domain = CW_STR("b.a.test")}, 1},
        {"U-labels", {.remote_domain = CW_STR("bücher.test")}, 1},
        {"nobody", {.local = CW_STR("carol@contoso.test")}, 0},
        {"no pattern", {.remote_domain = CW_STR("%.test")}, 0},
    };
    struct fixture *f = *state;
    const struct cw_change real = {.who = "test"}, what_if = {.who = "test", .what_if = true};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_contact *list;
        struct cw_audit_row *audit;
        size_t n;
        enum cw_err want = rows[i].n ? CW_OK : CW_ERR_NOT_FOUND;
        add_contacts(f->store);
        uint64_t version = version_of(f->store);
        enum cw_err err =
            cw_store_contact_withdraw(f->store, &what_if, &rows[i].filter, &f->arena, &list, &n);
        if (err != want || n != rows[i].n || version_of(f->store) != version)
            fail_msg("%s, what if: %s, %zu", rows[i].name, cw_err_text(err), n);
        err = cw_store_contact_withdraw(f->store, &real, &rows[i].filter, &f->arena, &list, &n);
        if (err != want || n != rows[i].n ||
            version_of(f->store) != version + (err == CW_OK ? 1 : 0))
            fail_msg("%s: %s, %zu", rows[i].name, cw_err_text(err), n);
        assert_int_equal(cw_store_contact_list(f->store, CW_STR_NONE, &f->arena, &list, &n), CW_OK);
        if (n != 6 - rows[i].n)
            fail_msg("%s: %zu are left", rows[i].name, n);
        assert_int_equal(cw_store_audit_list(f->store, 1, &f->arena, &audit, &n), CW_OK);
        if (err == CW_OK && !cw_str_eq_cstr(audit[0].action, "contact remove"))
            fail_msg("%s: no audit row", rows[i].name);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_partner_round_trip),
        TEST(test_unique),
        TEST(test_set),
        TEST(test_remove),
        TEST(test_list),
        TEST(test_what_if),
        TEST(test_audit),
        TEST(test_settings),
        TEST(test_policy),
        TEST(test_contacts),
        TEST(test_withdraw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
