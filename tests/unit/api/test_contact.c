/* The commands on contacts, blocks and access: what they answer, what they refuse, and what they
 * leave in the audit trail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

#define PAIR   "{\"user\":\"Alice@contoso.test\",\"partner\":\"j@a.test\"}"
#define BLOCK  "contact block"
#define REMOVE "contact remove"
#define SET    "access set"
#define ALICE  CW_S("alice@contoso.test")
#define J      CW_S("j@a.test")

static const struct refusal_row refusals[] = {
    {"nobody's contacts", REMOVE, "{}", 400, "user", "user or partner must be given."},
    {"no such contact", REMOVE, "{\"partner\":\"a.test\"}", 404, "", "There is no such contact."},
    {"a user without a name", REMOVE, "{\"user\":\"contoso.test\"}", 400, "user",
     "\"contoso.test\" is not an address (user@domain)."},
    {"a user with a resource", "contact list", "{\"user\":\"a@contoso.test/x\"}", 400, "user",
     "\"a@contoso.test/x\" is not an address (user@domain)."},
    {"a partner that is none", "contact list", "{\"partner\":\"a b\"}", 400, "partner",
     "\"a b\" is neither an address nor a valid domain name."},
    {"show needs two", "contact show", "{\"user\":\"a@contoso.test\"}", 400, "partner",
     "partner must be given."},
    {"show needs addresses", "contact show", "{\"user\":\"a@contoso.test\",\"partner\":\"a.test\"}",
     400, "partner", "\"a.test\" is not an address (user@domain)."},

    {"block by nobody", BLOCK, "{\"address\":\"j@a.test\"}", 400, "user", "user must be given."},
    {"block of nobody", BLOCK, "{\"user\":\"alice@contoso.test\"}", 400, "address",
     "address must be given."},
    {"block by a domain", BLOCK, "{\"user\":\"contoso.test\",\"address\":\"j@a.test\"}", 400,
     "user", "\"contoso.test\" is not an address (user@domain)."},
    {"block by a stranger", BLOCK, "{\"user\":\"j@a.test\",\"address\":\"j@b.test\"}", 400, "user",
     "a.test is not a local domain."},
    {"block of no address", BLOCK, "{\"user\":\"alice@contoso.test\",\"address\":\"a b\"}", 400,
     "address", "\"a b\" is neither an address nor a valid domain name."},
    {"block of a resource", BLOCK, "{\"user\":\"alice@contoso.test\",\"address\":\"j@a.test/x\"}",
     400, "address", "\"j@a.test/x\" is neither an address nor a valid domain name."},
    {"block of a local user", BLOCK,
     "{\"user\":\"alice@contoso.test\",\"address\":\"bob@CONTOSO.test\"}", 400, "address",
     "contoso.test is a local domain: only partners' users and domains are blocked here."},
    {"no such block", "contact unblock",
     "{\"user\":\"alice@contoso.test\",\"address\":\"j@a.test\"}", 404, "address",
     "alice@contoso.test has not blocked j@a.test itself."},
    {"blocks of a domain", "contact blocks", "{\"user\":\"contoso.test\"}", 400, "user",
     "\"contoso.test\" is not an address (user@domain)."},

    {"access without a value", SET, "{}", 400, "xmpp", "xmpp must be given."},
    {"access with a text", SET, "{\"xmpp\":\"true\"}", 400, "xmpp", "xmpp must be true or false."},
    {"two scopes", SET,
     "{\"user\":\"alice@contoso.test\",\"domain\":\"contoso.test\",\"xmpp\":false}", 400, "user",
     "Give a domain or a user, not both."},
    {"access of a stranger", SET, "{\"user\":\"j@a.test\",\"xmpp\":true}", 404, "user",
     "j@a.test is not local: access rules are for local users and domains."},
    {"access of a partner", SET, "{\"domain\":\"a.test\",\"xmpp\":true}", 404, "domain",
     "a.test is not local: access rules are for local users and domains."},
    {"access of a subdomain", "access get", "{\"domain\":\"x.contoso.test\"}", 404, "domain",
     "x.contoso.test is not local: access rules are for local users and domains."},
    {"access of a resource", SET, "{\"user\":\"alice@contoso.test/x\",\"xmpp\":true}", 400, "user",
     "\"alice@contoso.test/x\" is not an address (user@domain)."},
    {"no such rule", "access unset", "{\"user\":\"alice@contoso.test\"}", 404, "scope",
     "There is no access rule for alice@contoso.test itself."},
    {"no global rule", "access unset", "{}", 404, "", "There is no access rule for everybody."},
};

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    assert_refusals(f, refusals, sizeof(refusals) / sizeof(refusals[0]));
}

static void assert_audited(struct fixture *f, const char *action, const char *object)
{
    struct cw_audit_row *rows;
    size_t n;
    assert_int_equal(cw_store_audit_list(f->store, 1, &f->arena, &rows, &n), CW_OK);
    assert_int_equal(n, 1);
    if (!cw_str_eq_cstr(rows[0].action, action) || !cw_str_eq_cstr(rows[0].object, object))
        fail_msg("%s of %s: the audit trail has %.*s of %.*s", action, object,
                 CW_ARG(rows[0].action), CW_ARG(rows[0].object));
}

static void assert_may_write(struct fixture *f, const char *type, bool is_invited, bool may_write)
{
    char change[128];
    snprintf(change, sizeof(change), "{\"domain\":\"a.test\",\"type\":\"%s\"}", type);
    json_decref(must(f, "partner set", change));
    json_t *answer = must(f, "contact show", PAIR);
    if (json_is_true(json_object_get(answer, "invited")) != is_invited ||
        json_is_true(json_object_get(answer, "may-write")) != may_write)
        fail_msg("%s: %s", type, json_dumps(answer, JSON_COMPACT));
    json_decref(answer);
}

static void test_contacts(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    assert_may_write(f, "Federated", false, true);
    assert_may_write(f, "PublicVerified", false, true);
    assert_may_write(f, "PublicUnverified", false, false);
    assert_int_equal(cw_store_contact_add(f->store, ALICE, J, 1700000000), CW_OK);
    assert_may_write(f, "PublicUnverified", true, true);
    assert_answer(f, "contact list", "{\"partner\":\"A.test\"}",
                  "{\"contacts\":[{\"user\":\"alice@contoso.test\",\"contact\":\"j@a.test\","
                  "\"invited\":true,\"since\":\"2023-11-14T22:13:20Z\",\"user-sees\":null,"
                  "\"contact-sees\":null}]}");
    json_decref(must(f, REMOVE, PAIR));
    assert_audited(f, REMOVE, "alice@contoso.test j@a.test");
    assert_may_write(f, "PublicUnverified", false, false);
    assert_answer(f, "contact list", "{}", "{\"contacts\":[]}");
}

static void subscribe(struct fixture *f, bool is_x2s, struct cw_str local, struct cw_str remote,
                      bool is_authorised)
{
    const struct cw_store_subscription row = {
        .is_x2s = is_x2s,
        .local = local,
        .remote = remote,
        .is_authorised = is_authorised,
        .state = is_authorised ? CW_S("active") : CW_S("pending"),
        .since = 1700000060,
        .told = CW_S("[]"),
    };
    assert_int_equal(cw_store_subscription_put(f->store, &row), CW_OK);
}

/* Contacts and subscriptions are one row a pair, in order, whichever of the two there is. */
static void test_pairs(void **state)
{
    static const char *const wanted[] = {
        "alice@contoso.test i@a.test false null active",
        "alice@contoso.test j@a.test true active pending",
        "alice@contoso.test k@a.test true null null",
        "bob@contoso.test j@a.test true null null",
        "carol@contoso.test j@a.test false pending null",
    };
    struct fixture *f = *state;
    struct cw_str bob = CW_S("bob@contoso.test"), carol = CW_S("carol@contoso.test");
    json_t *pair;
    size_t i;
    prepare(f);
    subscribe(f, true, ALICE, CW_S("i@a.test"), true);
    subscribe(f, true, ALICE, J, false);
    subscribe(f, false, ALICE, J, true);
    subscribe(f, false, carol, J, false);
    assert_int_equal(cw_store_contact_add(f->store, ALICE, J, 1700000000), CW_OK);
    assert_int_equal(cw_store_contact_add(f->store, ALICE, CW_S("k@a.test"), 1700000000), CW_OK);
    assert_int_equal(cw_store_contact_add(f->store, bob, J, 1700000000), CW_OK);
    json_t *answer = must(f, "contact list", "{}"), *list = json_object_get(answer, "contacts");
    assert_int_equal(json_array_size(list), sizeof(wanted) / sizeof(wanted[0]));
    json_array_foreach(list, i, pair)
    {
        const char *sees =
            json_string_value(json_object_get(json_object_get(pair, "user-sees"), "state"));
        const char *seen =
            json_string_value(json_object_get(json_object_get(pair, "contact-sees"), "state"));
        struct cw_str got = cw_arena_printf(
            &f->arena, "%s %s %s %s %s", json_string_value(json_object_get(pair, "user")),
            json_string_value(json_object_get(pair, "contact")),
            json_is_true(json_object_get(pair, "invited")) ? "true" : "false", sees ? sees : "null",
            seen ? seen : "null");
        if (!cw_str_eq_cstr(got, wanted[i]))
            fail_msg("%.*s is not %s", CW_ARG(got), wanted[i]);
    }
    assert_json(json_object_get(json_array_get(list, 1), "contact-sees"),
                "{\"state\":\"pending\",\"consented\":false,\"since\":\"2023-11-14T22:14:20Z\"}");
    json_decref(answer);
    /* Who only watches can be removed, too. */
    answer = must(f, REMOVE, "{\"user\":\"carol@contoso.test\"}");
    list = json_object_get(json_object_get(answer, "before"), "contacts");
    assert_int_equal(json_array_size(list), 1);
    json_decref(answer);
}

static void assert_rule(struct fixture *f, const char *event, const char *expected)
{
    json_t *answer = must(f, "contact show", PAIR);
    assert_json(json_object_get(json_object_get(answer, "rules"), event), expected);
    json_decref(answer);
}

/* What `contact show` says of a pair follows whatever changes. */
static void test_rules(void **state)
{
    struct fixture *f = *state;
    json_decref(must(f, "partner new", "{\"domain\":\"a.test\",\"type\":\"PublicVerified\"}"));
    assert_rule(f, "message-in",
                "{\"answer\":\"allow\",\"rule\":\"partner type\",\"reason\":\"\"}");
    assert_rule(f, "subscribe-in",
                "{\"answer\":\"ask\",\"rule\":\"partner type\",\"reason\":\"\"}");
    json_decref(must(f, SET, "{\"domain\":\"contoso.test\",\"xmpp\":false}"));
    assert_rule(f, "message-in",
                "{\"answer\":\"refuse\",\"rule\":\"access\",\"reason\":"
                "\"the local user is not allowed to use XMPP federation\"}");
    json_decref(must(f, SET, "{\"user\":\"alice@contoso.test\",\"xmpp\":true}"));
    json_decref(must(f, BLOCK, "{\"user\":\"alice@contoso.test\",\"address\":\"A.test\"}"));
    assert_rule(f, "message-in",
                "{\"answer\":\"refuse\",\"rule\":\"block\",\"reason\":"
                "\"the local user has blocked that address or its domain\"}");
    json_decref(
        must(f, "contact unblock", "{\"user\":\"alice@contoso.test\",\"address\":\"a.test\"}"));
    json_decref(must(f, BLOCK, "{\"user\":\"alice@contoso.test\",\"address\":\"x@a.test\"}"));
    assert_rule(f, "message-in",
                "{\"answer\":\"allow\",\"rule\":\"partner type\",\"reason\":\"\"}");
    json_decref(must(f, "partner disable", "{\"domain\":\"a.test\"}"));
    assert_rule(f, "message-out",
                "{\"answer\":\"refuse\",\"rule\":\"partner list\",\"reason\":"
                "\"the domain is not a federated partner\"}");
}

static void test_blocks(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    f->call.what_if = true;
    json_t *answer = must(f, BLOCK, "{\"user\":\"ALICE@contoso.test\",\"address\":\"J@a.test\"}");
    assert_true(json_is_false(json_object_get(answer, "saved")));
    json_decref(answer);
    f->call.what_if = false;
    assert_answer(f, "contact blocks", "{}", "{\"blocks\":[]}");
    json_decref(must(f, BLOCK, "{\"user\":\"ALICE@contoso.test\",\"address\":\"J@a.test\"}"));
    assert_audited(f, "block add", "alice@contoso.test j@a.test");
    json_decref(
        must(f, BLOCK, "{\"user\":\"bob@contoso.test\",\"address\":\"XN--BCHER-KVA.test\"}"));
    answer = must(f, "contact blocks", "{\"user\":\"bob@contoso.test\"}");
    json_t *list = json_object_get(answer, "blocks");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "blocked")),
                        "bücher.test");
    json_decref(answer);
    /* Once more: it stays as it is. */
    answer = must(f, BLOCK, "{\"user\":\"bob@contoso.test\",\"address\":\"bücher.test\"}");
    assert_true(json_equal(json_object_get(answer, "before"), json_object_get(answer, "after")));
    json_decref(answer);
    json_decref(
        must(f, "contact unblock", "{\"user\":\"bob@contoso.test\",\"address\":\"bücher.test\"}"));
    assert_answer(f, "contact blocks", "{\"user\":\"bob@contoso.test\"}", "{\"blocks\":[]}");
}

#define ASK(text) assert_answer(f, "access get", "{\"user\":\"Alice@contoso.test\"}", text)

static void test_access(void **state)
{
    struct fixture *f = *state;
    ASK("{\"of\":\"alice@contoso.test\",\"xmpp\":true,\"scope\":\"default\",\"name\":\"\",\"version\":0}");
    assert_answer(f, SET, "{\"xmpp\":false}",
                  "{\"saved\":true,\"before\":null,\"after\":{\"scope\":\"global\",\"name\":\"\","
                  "\"xmpp\":false,\"version\":1}}");
    assert_audited(f, SET, "global");
    ASK("{\"of\":\"alice@contoso.test\",\"xmpp\":false,\"scope\":\"global\",\"name\":\"\","
        "\"version\":0}");
    json_decref(must(f, SET, "{\"domain\":\"Contoso.test\",\"xmpp\":true}"));
    ASK("{\"of\":\"alice@contoso.test\",\"xmpp\":true,\"scope\":\"domain\","
        "\"name\":\"contoso.test\",\"version\":0}");
    json_decref(must(f, SET, "{\"user\":\"alice@contoso.test\",\"xmpp\":false}"));
    ASK("{\"of\":\"alice@contoso.test\",\"xmpp\":false,\"scope\":\"user\","
        "\"name\":\"alice@contoso.test\",\"version\":3}");
    assert_answer(f, "access get", "{\"domain\":\"contoso.test\"}",
                  "{\"of\":\"contoso.test\",\"xmpp\":true,\"scope\":\"domain\","
                  "\"name\":\"contoso.test\",\"version\":2}");
    assert_answer(f, "access get", "{}",
                  "{\"of\":\"\",\"xmpp\":false,\"scope\":\"global\",\"name\":\"\",\"version\":1}");
    assert_answer(f, "access list", "{}",
                  "{\"rules\":[{\"scope\":\"global\",\"name\":\"\",\"xmpp\":false,\"version\":1},"
                  "{\"scope\":\"domain\",\"name\":\"contoso.test\",\"xmpp\":true,\"version\":2},"
                  "{\"scope\":\"user\",\"name\":\"alice@contoso.test\",\"xmpp\":false,"
                  "\"version\":3}]}");
    f->call.what_if = true;
    json_decref(must(f, "access unset", "{\"user\":\"alice@contoso.test\"}"));
    f->call.what_if = false;
    assert_answer(f, "access unset", "{\"user\":\"ALICE@contoso.test\"}",
                  "{\"saved\":true,\"before\":{\"scope\":\"user\",\"name\":\"alice@contoso.test\","
                  "\"xmpp\":false,\"version\":3},\"after\":null}");
    json_decref(must(f, "access unset", "{\"domain\":\"contoso.test\"}"));
    ASK("{\"of\":\"alice@contoso.test\",\"xmpp\":false,\"scope\":\"global\",\"name\":\"\","
        "\"version\":0}");
    json_decref(must(f, "access unset", "{}"));
    assert_answer(f, "access list", "{}", "{\"rules\":[]}");
}

/* Whoever changes a rule that another one has changed, made or removed meanwhile is told who did.
 */
static void test_access_versions(void **state)
{
#define CHANGED(of)                                                               \
    "The access rule for " of " was changed by somebody else meanwhile; look at " \
    "it again, then repeat the change."
    static const struct refusal_row rows[] = {
        {"changed", SET, "{\"xmpp\":true,\"if-version\":1}", 412, "", CHANGED("global")},
        {"made", SET, "{\"xmpp\":true,\"if-version\":0}", 412, "", CHANGED("global")},
        {"changed, not to be removed", "access unset", "{\"if-version\":1}", 412, "",
         CHANGED("global")},
        {"another's version", SET, "{\"domain\":\"contoso.test\",\"xmpp\":true,\"if-version\":2}",
         412, "", CHANGED("contoso.test")},
        {"removed", SET, "{\"user\":\"ALICE@contoso.test\",\"xmpp\":true,\"if-version\":4}", 412,
         "", CHANGED("alice@contoso.test")},
        {"removed twice", "access unset", "{\"user\":\"alice@contoso.test\",\"if-version\":4}", 404,
         "scope", "There is no access rule for alice@contoso.test itself."},
    };
    struct fixture *f = *state;
    json_decref(must(f, SET, "{\"xmpp\":false,\"if-version\":0}"));
    json_decref(must(f, SET, "{\"xmpp\":true,\"if-version\":1}"));
    json_decref(must(f, SET, "{\"domain\":\"contoso.test\",\"xmpp\":true}"));
    json_decref(must(f, SET, "{\"user\":\"alice@contoso.test\",\"xmpp\":true}"));
    f->call.who = "bert";
    json_decref(must(f, "access unset", "{\"user\":\"alice@contoso.test\",\"if-version\":4}"));
    f->call.who = "test";
    assert_refusals(f, rows, sizeof(rows) / sizeof(rows[0]));
    assert_null(run(f, SET, rows[4].arguments));
    assert_true(cw_str_eq_cstr(f->problem.changed_by, "bert"));
    assert_true(f->problem.changed_at > 0);
    json_decref(must(f, "access unset", "{\"if-version\":2}"));
    assert_null(run(f, SET, "{\"xmpp\":true,\"if-version\":2}"));
    json_decref(must(f, SET, "{\"xmpp\":true,\"if-version\":0}")); /* made anew: a new version */
    assert_answer(f, "access unset", "{\"if-version\":7}",
                  "{\"saved\":true,\"before\":{\"scope\":\"global\",\"name\":\"\","
                  "\"xmpp\":true,\"version\":7},\"after\":null}");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_refusals), TEST(test_contacts), TEST(test_pairs),           TEST(test_rules),
        TEST(test_blocks),   TEST(test_access),   TEST(test_access_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
