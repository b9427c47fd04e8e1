/* The commands on the audit trail: reading it, and bringing states back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "store/account.h"

static void done(struct fixture *f, const char *command, const char *arguments)
{
    json_decref(must(f, command, arguments));
}

/* The ids that are shown, and the cursor: "3 2 next 2". */
static const char *listed(struct fixture *f, const char *arguments)
{
    json_t *answer = must(f, "audit list", arguments), *row;
    struct cw_str text = CW_S("");
    const char *next = json_string_value(json_object_get(answer, "next"));
    size_t i;
    json_array_foreach(json_object_get(answer, "audit"), i, row) text =
        cw_arena_printf(&f->arena, "%.*s%s%lld", CW_ARG(text), i ? " " : "",
                        (long long)json_integer_value(json_object_get(row, "id")));
    if (next)
        text = cw_arena_printf(&f->arena, "%.*s next %s", CW_ARG(text), next);
    json_decref(answer);
    return cw_arena_dup(&f->arena, text).p;
}

/* Rows 1 to 8. */
static void prepare_rows(struct fixture *f)
{
    done(f, "partner new",
         "{\"domain\":\"a.test\",\"additional\":[\"b.test\"],\"type\":"
         "\"Federated\",\"description\":\"The others\"}");
    done(f, "partner set", "{\"domain\":\"a.test\",\"tls\":\"Optional\",\"connection-limit\":7}");
    f->call.who = "bert";
    done(f, "settings set", "{\"log-message-bodies\":true}");
    done(f, "access set", "{\"user\":\"alice@contoso.test\",\"xmpp\":false}");
    done(f, "access unset", "{\"user\":\"alice@contoso.test\"}");
    done(f, "contact block", "{\"user\":\"alice@contoso.test\",\"address\":\"spam.test\"}");
    done(f, "contact unblock", "{\"user\":\"alice@contoso.test\",\"address\":\"spam.test\"}");
    f->call.who = "test";
    done(f, "partner remove", "{\"domain\":\"a.test\"}");
}

static void test_list(void **state)
{
    static const struct {
        const char *arguments, *expected;
    } rows[] = {
        {"{}", "8 7 6 5 4 3 2 1"},
        {"{\"limit\":3}", "8 7 6 next 6"},
        {"{\"limit\":3,\"cursor\":\"6\"}", "5 4 3 next 3"},
        {"{\"limit\":3,\"cursor\":\"3\"}", "2 1"},
        {"{\"limit\":8}", "8 7 6 5 4 3 2 1"},
        {"{\"who\":\"bert\",\"limit\":2}", "7 6 next 6"},
        {"{\"object\":\"a.test\"}", "8 2 1"},
        {"{\"action\":\"partner\"}", "8 2 1"},
        {"{\"action\":\"access unset\"}", "5"},
        {"{\"until\":\"2020-01-01\"}", ""},
        {"{\"since\":\"2020-01-01T00:00:00Z\",\"until\":\"2999-12-31\"}", "8 7 6 5 4 3 2 1"},
        {"{\"since\":\"2999-01-01\"}", ""},
    };
    struct fixture *f = *state;
    prepare_rows(f);
    f->call.permission = CW_VIEWER;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *ids = listed(f, rows[i].arguments);
        if (strcmp(ids, rows[i].expected) != 0)
            fail_msg("%s: %s", rows[i].arguments, ids);
    }
    json_t *answer = must(f, "audit list", "{\"object\":\"a.test\",\"limit\":2}");
    assert_json(json_object_get(json_array_get(json_object_get(answer, "audit"), 1), "fields"),
                "[\"tls\",\"connection-limit\"]");
    json_decref(answer);
}

/* A day ends with its last second. */
static void test_times(void **state)
{
    struct fixture *f = *state;
    done(f, "partner new", "{\"domain\":\"a.test\"}");
    json_t *answer = must(f, "audit list", "{}");
    const char *at = json_string_value(
        json_object_get(json_array_get(json_object_get(answer, "audit"), 0), "at"));
    struct cw_str day = cw_str_sub(cw_str_of(at), 0, 10);
    assert_string_equal(
        listed(f, cw_arena_printf(&f->arena, "{\"since\":\"%.*s\",\"until\":\"%.*s\"}", CW_ARG(day),
                                  CW_ARG(day))
                      .p),
        "1");
    assert_string_equal(
        listed(f, cw_arena_printf(&f->arena, "{\"since\":\"%s\",\"until\":\"%s\"}", at, at).p),
        "1");
    json_decref(answer);
}

static void test_show(void **state)
{
    struct fixture *f = *state;
    prepare_rows(f);
    f->call.permission = CW_VIEWER;
    json_t *answer = must(f, "audit show", "{\"id\":2}");
    assert_json(json_object_get(answer, "changes"),
                "[{\"field\":\"tls\",\"before\":\"Required\",\"after\":\"Optional\"},"
                "{\"field\":\"connection-limit\",\"before\":0,\"after\":7}]");
    assert_true(json_is_true(json_object_get(answer, "restorable")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(answer, "before"), "description")),
        "The others");
    json_decref(answer);
    answer = must(f, "audit show", "{\"id\":5}");
    assert_json(json_object_get(answer, "changes"),
                "[{\"field\":\"xmpp\",\"before\":false,\"after\":null}]");
    json_decref(answer);
}

/* A partner that was removed comes back whole; then as it was first. */
static void test_restore_partner(void **state)
{
    struct fixture *f = *state;
    prepare_rows(f);
    done(f, "audit restore", "{\"id\":8}");
    json_t *partner = must(f, "partner get", "{\"domain\":\"a.test\"}");
    assert_json(json_object_get(partner, "additional"), "[\"b.test\"]");
    assert_json(json_object_get(partner, "tls"), "\"Optional\"");
    assert_json(json_object_get(partner, "connection-limit"), "7");
    json_decref(partner);
    json_t *answer = must(f, "audit restore", "{\"id\":1}");
    assert_json(json_object_get(json_object_get(answer, "before"), "tls"), "\"Optional\"");
    assert_json(json_object_get(json_object_get(answer, "after"), "tls"), "\"Required\"");
    json_decref(answer);
    partner = must(f, "partner get", "{\"domain\":\"a.test\"}");
    assert_json(json_object_get(partner, "connection-limit"), "0");
    assert_json(json_object_get(partner, "description"), "\"The others\"");
    assert_json(json_object_get(partner, "version"), "2");
    json_decref(partner);
    assert_string_equal(listed(f, "{\"object\":\"a.test\"}"), "10 9 8 2 1");
}

static void test_restore_others(void **state)
{
    struct fixture *f = *state;
    struct cw_settings before, after;
    uint64_t version;
    prepare_rows(f);
    assert_int_equal(cw_store_settings_get(f->store, &f->arena, &before, &version), CW_OK);
    done(f, "settings set", "{\"log-message-bodies\":false,\"dialback-secret\":\"new\"}");
    assert_int_equal(cw_store_settings_get(f->store, &f->arena, &after, &version), CW_OK);
    done(f, "audit restore", "{\"id\":3}");
    json_t *answer = must(f, "settings get", "{\"name\":\"log-message-bodies\"}");
    assert_json(json_object_get(answer, "log-message-bodies"), "true");
    json_decref(answer);
    assert_int_equal(cw_store_settings_get(f->store, &f->arena, &before, &version), CW_OK);
    assert_true(cw_str_eq(before.dialback_secret, after.dialback_secret)); /* a secret stays */
    done(f, "audit restore", "{\"id\":5}");
    answer = must(f, "access get", "{\"user\":\"alice@contoso.test\"}");
    assert_json(json_object_get(answer, "xmpp"), "false");
    json_decref(answer);
    done(f, "audit restore", "{\"id\":7}");
    answer = must(f, "contact blocks", "{}");
    assert_int_equal(json_array_size(json_object_get(answer, "blocks")), 1);
    json_decref(answer);
    done(f, "access set", "{\"xmpp\":false}");
    done(f, "access set", "{\"domain\":\"contoso.test\",\"xmpp\":false}");
    done(f, "access unset", "{}");
    done(f, "access unset", "{\"domain\":\"contoso.test\"}");
    done(f, "audit restore", "{\"id\":13}"); /* of all */
    done(f, "audit restore", "{\"id\":14}"); /* of the domain */
    answer = must(f, "access list", "{}");
    assert_int_equal(json_array_size(json_object_get(answer, "rules")), 3);
    json_decref(answer);
}

static void test_restore_what_if(void **state)
{
    struct fixture *f = *state;
    prepare_rows(f);
    f->call.what_if = true;
    json_t *answer = must(f, "audit restore", "{\"id\":8}");
    assert_true(json_is_false(json_object_get(answer, "saved")));
    json_decref(answer);
    f->call.what_if = false;
    assert_null(run(f, "partner get", "{\"domain\":\"a.test\"}"));
}

/* Somebody looked at what the restoring would do, and meanwhile another one changed the partner. */
static void test_restore_conflict(void **state)
{
    static const struct refusal_row rows[] = {
        {"changed", "audit restore", "{\"id\":1,\"if-version\":2}", 412, "",
         "The partner a.test was changed by somebody else meanwhile; look at it again, then repeat "
         "the change."},
        {"settings", "audit restore", "{\"id\":3,\"if-version\":1}", 412, "",
         "The settings were changed by somebody else meanwhile; look at them again, then repeat "
         "the change."},
        {"an access rule", "audit restore", "{\"id\":4,\"if-version\":4}", 412, "",
         "The access rule for alice@contoso.test was changed by somebody else meanwhile; look at it "
         "again, then repeat the change."},
        {"what has no version", "audit restore", "{\"id\":6,\"if-version\":1}", 400, "if-version",
         "Blocks have no version to compare."},
    };
    struct fixture *f = *state;
    prepare_rows(f);
    done(f, "audit restore", "{\"id\":8}");
    done(f, "partner disable", "{\"domain\":\"a.test\"}");
    done(f, "partner disable", "{\"domain\":\"a.test\"}");
    assert_refusals(f, rows, sizeof(rows) / sizeof(rows[0]));
    assert_null(run(f, "audit restore", "{\"id\":1,\"if-version\":2}"));
    assert_true(cw_str_eq_cstr(f->problem.changed_by, "test"));
    done(f, "audit restore", "{\"id\":1,\"if-version\":3}");
    done(f, "audit restore", "{\"id\":3,\"if-version\":2}");
    done(f, "audit restore", "{\"id\":4,\"if-version\":0}");
    done(f, "partner remove", "{\"domain\":\"a.test\"}");
    assert_null(run(f, "audit restore", "{\"id\":1,\"if-version\":4}"));
    assert_int_equal(f->problem.status, 412);
}

/* What is forbidden by now does not come back: the domain has become one of ours. */
static void test_restore_by_todays_rules(void **state)
{
    static const struct cw_str locals[] = {CW_STR("contoso.test"), CW_STR("a.test")};
    static const struct refusal_row rows[] = {
        {"a local domain", "audit restore", "{\"id\":2}", 400, "domain",
         "a.test is a local domain; a partner's domain must be another."},
    };
    struct fixture *f = *state;
    struct cw_store_options options = {f->scratch.path, locals, 2};
    struct cw_refusal refusal;
    prepare(f);
    done(f, "partner remove", "{\"domain\":\"a.test\"}");
    assert_int_equal(cw_store_open(&options, &f->call.store, &f->arena, &refusal), CW_OK);
    assert_refusals(f, rows, 1);
    cw_store_close(&f->call.store);
}

/* What an import changed has a row each, and goes back as any other. */
static void test_restore_after_import(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    done(f, "import",
         "{\"document\":\"{\\\"causeway\\\":{\\\"format\\\":1},\\\"partners\\\":[{\\\"domain\\\":"
         "\\\"c.test\\\"}]}\",\"mode\":\"replace\"}");
    assert_string_equal(listed(f, "{\"action\":\"partner\"}"), "3 2 1");
    done(f, "audit restore", "{\"id\":2}");
    json_t *partner = must(f, "partner get", "{\"domain\":\"a.test\"}");
    assert_json(json_object_get(partner, "additional"), "[\"b.test\"]");
    json_decref(partner);
    json_t *note = must(f, "audit show", "{\"id\":4}");
    assert_json(json_object_get(note, "action"), "\"import\"");
    assert_json(json_object_get(note, "restorable"), "false");
    json_decref(note);
}

static const struct refusal_row refusals[] = {
    {"a domain taken meanwhile", "audit restore", "{\"id\":8}", 409, "additional",
     "b.test is already a partner."},
    {"no such row", "audit restore", "{\"id\":99}", 404, "id", "The audit trail has no row 99."},
    {"no such row to show", "audit show", "{\"id\":0}", 404, "id", "The audit trail has no row 0."},
    {"a token", "audit restore", "{\"id\":10}", 409, "id",
     "\"token new\" is nothing that can be brought back; partners, settings, access rules and "
     "blocks can."},
    {"a sign-in", "audit restore", "{\"id\":11}", 409, "id",
     "\"sign-in\" is nothing that can be brought back; partners, settings, access rules and blocks "
     "can."},
    {"a limit of none", "audit list", "{\"limit\":0}", 400, "limit",
     "limit must be a number from 1 to 1000."},
    {"a limit too high", "audit list", "{\"limit\":1001}", 400, "limit",
     "limit must be a number from 1 to 1000."},
    {"a cursor that is none", "audit list", "{\"cursor\":\"x\"}", 400, "cursor",
     "Give what \"next\" of the answer before was."},
    {"a time that is none", "audit list", "{\"since\":\"yesterday\"}", 400, "since",
     "A time is written as 2026-11-22, or as 2026-11-22T14:00:00Z in UTC."},
    {"a time with more behind it", "audit list", "{\"until\":\"2026-11-22T14:00:00Z x\"}", 400,
     "until", "A time is written as 2026-11-22, or as 2026-11-22T14:00:00Z in UTC."},
};

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    prepare_rows(f);
    done(f, "partner new", "{\"domain\":\"b.test\"}");
    done(f, "token new", "{\"name\":\"backup\",\"role\":\"viewer\"}");
    assert_int_equal(
        cw_store_audit_note(f->store, "anna", "sign-in", CW_S("anna"), CW_S("from 127.0.0.1")),
        CW_OK);
    assert_refusals(f, refusals, sizeof(refusals) / sizeof(refusals[0]));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_list),
        TEST(test_times),
        TEST(test_show),
        TEST(test_restore_partner),
        TEST(test_restore_others),
        TEST(test_restore_what_if),
        TEST(test_refusals),
        TEST(test_restore_conflict),
        TEST(test_restore_after_import),
        TEST(test_restore_by_todays_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
