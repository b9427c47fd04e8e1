/* The table of commands: its form, what each command answers, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"

#define NEW     "partner new"
#define SET     "partner set"
#define SETTING "settings set"

static const struct refusal_row refusals[] = {
    {"SASL without TLS", NEW, "{\"domain\":\"x.test\",\"tls\":\"NotSupported\"}", 400, "tls",
     "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported"},
    {"optional SASL without TLS", NEW,
     "{\"domain\":\"x.test\",\"tls\":\"NotSupported\",\"sasl\":\"Optional\"}", 400, "tls",
     "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported"},
    {"neither", NEW, "{\"domain\":\"x.test\",\"sasl\":\"NotSupported\",\"dialback\":false}", 400,
     "dialback", "SASL or dialback must be enabled"},
    {"neither, by set", SET, "{\"domain\":\"a.test\",\"sasl\":\"NotSupported\",\"dialback\":false}",
     400, "dialback", "SASL or dialback must be enabled"},
    {"domain missing", NEW, "{}", 400, "domain", "domain must be given."},
    {"domain a number", NEW, "{\"domain\":1}", 400, "domain", "domain must be a domain."},
    {"no domain", NEW, "{\"domain\":\"a b\"}", 400, "domain",
     "The primary domain \"a b\" is not a valid domain name (IDNA 2008)."},
    {"local", NEW, "{\"domain\":\"CONTOSO.test\"}", 400, "domain",
     "contoso.test is a local domain; a partner's domain must be another."},
    {"taken", NEW, "{\"domain\":\"A.test\"}", 409, "domain", "a.test is already a partner."},
    {"taken as additional", NEW, "{\"domain\":\"x.test\",\"additional\":[\"b.test\"]}", 409,
     "additional", "b.test already belongs to the partner a.test; remove it there first."},
    {"no pin", NEW, "{\"domain\":\"x.test\",\"pinned-keys\":[\"x\"]}", 400, "pinned-keys",
     "The pinned key \"x\" is no SHA-256 digest of a public key: write sha256: and 44 characters of "
     "base64, or 64 hexadecimal digits."},
    {"no anchor", NEW, "{\"domain\":\"x.test\",\"trust-anchor\":\"x\"}", 400, "trust-anchor",
     "The trust anchor must be one or more certificates in PEM: text that begins with "
     "\"-----BEGIN CERTIFICATE-----\"."},
    {"anchor a list", NEW, "{\"domain\":\"x.test\",\"trust-anchor\":[]}", 400, "trust-anchor",
     "trust-anchor must be text."},
    {"unknown argument to point at", NEW, "{\"domain\":\"x.test\",\"a/b~c\":1}", 400, "a~1b~0c",
     "partner new has no argument \"a/b~c\"."},
    {"unknown argument", NEW, "{\"domain\":\"x.test\",\"colour\":1}", 400, "colour",
     "partner new has no argument \"colour\"."},
    {"list for a text", NEW, "{\"domain\":\"x.test\",\"description\":[]}", 400, "description",
     "description must be text."},
    {"text for a list", NEW, "{\"domain\":\"x.test\",\"additional\":\"y.test\"}", 400, "additional",
     "additional must be a list of domains."},
    {"choice", NEW, "{\"domain\":\"x.test\",\"type\":\"Friend\"}", 400, "type",
     "type must be one of Federated|PublicVerified|PublicUnverified."},
    {"text for a boolean", NEW, "{\"domain\":\"x.test\",\"dialback\":\"true\"}", 400, "dialback",
     "dialback must be true or false."},
    {"negative", NEW, "{\"domain\":\"x.test\",\"connection-limit\":-1}", 400, "connection-limit",
     "connection-limit must be a whole number."},
    {"over the limit", NEW, "{\"domain\":\"x.test\",\"connection-limit\":10001}", 400,
     "connection-limit", "connection-limit must be a number from 1 to 10000, or 0 (inherit)."},
    {"set unknown", SET, "{\"domain\":\"x.test\"}", 404, "domain", "There is no partner x.test."},
    {"set by an additional", SET, "{\"domain\":\"b.test\"}", 404, "domain",
     "There is no partner b.test."},
    {"set nothing", SET, "{\"domain\":\"a.test\",\"if-version\":1}", 400, "",
     "Give at least one field to change."},
    {"set to another's version", SET, "{\"domain\":\"a.test\",\"enabled\":false,\"if-version\":2}",
     412, "",
     "The partner a.test was changed by somebody else meanwhile; look at it again, then repeat the "
     "change."},
    {"get no domain", "partner get", "{\"domain\":\"a b\"}", 400, "domain",
     "\"a b\" is not a valid domain name (IDNA 2008)."},
    {"remove unknown", "partner remove", "{\"domain\":\"x.test\"}", 404, "domain",
     "There is no partner x.test."},
    {"enable unknown", "partner enable", "{\"domain\":\"x.test\"}", 404, "domain",
     "There is no partner x.test."},
    {"setting unknown", "settings get", "{\"name\":\"colour\"}", 404, "name",
     "There is no setting \"colour\"; settings get lists all."},
    {"no setting", SETTING, "{}", 400, "", "Give at least one setting to change."},
    {"setting of no row", SETTING, "{\"colour\":1}", 400, "colour",
     "settings set has no argument \"colour\"."},
    {"setting out of range", SETTING, "{\"connection-limit\":100001}", 400, "connection-limit",
     "connection-limit must be a whole number from 1 to 100000."},
    {"network", SETTING, "{\"outbound-targets-refused\":[\"10.0.0.0/8\",\"x\"]}", 400,
     "outbound-targets-refused",
     "outbound-targets-refused: \"x\" is no network: write address/length, such as 192.0.2.0/24 or "
     "2001:db8::/32, separated by commas."},
    {"limits that contradict", SETTING,
     "{\"stanza-size-limit\":20000,\"stanza-size-limit-before-authentication\":30000}", 400,
     "stanza-size-limit-before-authentication",
     "The stanza size limit before authentication is above stanza-size-limit: lower it, or raise "
     "the other."},
};

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    assert_refusals(f, refusals, sizeof(refusals) / sizeof(refusals[0]));
}

static void test_permissions(void **state)
{
    struct fixture *f = *state;
    f->call.permission = CW_VIEWER;
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        json_t *in = json_object();
        json_t *answer = cw_api_run(command, &f->call, in, &f->problem);
        if ((command->permission == CW_ADMINISTRATOR) != (!answer && f->problem.status == 403))
            fail_msg("%s: a viewer got %d", command->name, f->problem.status);
        bool is_own = strcmp(command->name, "session end") == 0; /* his own alone */
        if (command->changes && command->permission != CW_ADMINISTRATOR && !is_own)
            fail_msg("%s changes, and a viewer may run it", command->name);
        json_decref(answer);
        json_decref(in);
    }
}

/* Rows that help and forms are made from: complete, and no name twice. */
static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        assert_ptr_equal(cw_api_find(cw_str_of(command->name)), command);
        assert_true(command->summary[0] != 0);
        for (size_t k = 0; k < cw_api_n_args(command); k++) {
            struct cw_api_arg arg = cw_api_arg_at(command, k), found;
            assert_true(cw_api_arg_find(command, cw_str_of(arg.name), &found));
            assert_ptr_equal(arg.help, found.help); /* the first of that name is itself */
            assert_true(arg.help[0] != 0 && arg.range && arg.fallback);
        }
    }
    assert_null(cw_api_find(CW_S("partner")));
}

static void test_new(void **state)
{
    struct fixture *f = *state;
    json_t *answer = must(f, NEW,
                          "{\"domain\":\"Bücher.test\",\"additional\":[\"Σ.test\"],"
                          "\"tls\":\"optional\"}");
    assert_json(
        answer,
        "{\"saved\":true,\"before\":null,\"after\":{\"domain\":\"xn--bcher-kva.test\","
        "\"domain-unicode\":\"bücher.test\",\"description\":\"\","
        "\"additional\":[\"xn--4xa.test\"],\"additional-unicode\":[\"σ.test\"],"
        "\"type\":\"PublicUnverified\",\"tls\":\"Optional\",\"sasl\":\"Required\","
        "\"dialback\":true,\"connection-limit\":0,\"keep-alive\":true,\"proxy-fqdn\":\"\",\"trust-anchor\":\"\",\"pinned-keys\":[],"
        "\"enabled\":true,\"methods\":[\"SASL over TLS\",\"TLS dialback\","
        "\"TCP dialback\"],\"note\":\"SASL needs TLS; optional TLS may make negotiation "
        "fail or weaker\",\"version\":1}}");
    json_decref(answer);
}

static void test_set_keeps_the_rest(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    json_t *answer = must(f, SET, "{\"domain\":\"a.test\",\"description\":\"d\"}");
    const json_t *after = json_object_get(answer, "after");
    assert_json(json_object_get(after, "additional"), "[\"b.test\"]");
    assert_json(json_object_get(after, "description"), "\"d\"");
    assert_json(json_object_get(after, "version"), "2");
    json_decref(answer);
    answer = must(f, SET, "{\"domain\":\"a.test\",\"additional\":[],\"if-version\":2}");
    assert_json(json_object_get(json_object_get(answer, "after"), "description"), "\"d\"");
    json_decref(answer);
    answer = must(f, "partner get", "{\"domain\":\"a.test\"}");
    assert_json(json_object_get(answer, "additional"), "[]");
    assert_json(json_object_get(answer, "version"), "3");
    json_decref(answer);
}

static void test_enable_and_remove(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    json_t *answer = must(f, "partner disable", "{\"domain\":\"a.test\"}");
    assert_json(json_object_get(json_object_get(answer, "after"), "enabled"), "false");
    json_decref(answer);
    answer = must(f, "partner enable", "{\"domain\":\"a.test\"}");
    assert_json(json_object_get(json_object_get(answer, "before"), "enabled"), "false");
    assert_json(json_object_get(json_object_get(answer, "after"), "enabled"), "true");
    json_decref(answer);
    answer = must(f, "partner remove", "{\"domain\":\"A.TEST\"}");
    assert_json(json_object_get(answer, "after"), "null");
    json_decref(answer);
    assert_null(run(f, "partner get", "{\"domain\":\"a.test\"}"));
    assert_int_equal(f->problem.status, 404);
}

static void test_what_if(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    f->call.what_if = true;
    json_t *answer = must(f, SET, "{\"domain\":\"a.test\",\"tls\":\"Optional\"}");
    assert_json(json_object_get(answer, "saved"), "false");
    assert_json(json_object_get(json_object_get(answer, "after"), "tls"), "\"Optional\"");
    json_decref(answer);
    json_decref(must(f, "partner remove", "{\"domain\":\"a.test\"}"));
    json_decref(must(f, SETTING, "{\"stanza-rate\":1}"));
    assert_null(run(f, NEW, "{\"domain\":\"b.test\"}"));
    assert_int_equal(f->problem.status, 409);
    assert_null(run(f, "partner list", "{}"));
    f->call.what_if = false;
    answer = must(f, "partner get", "{\"domain\":\"a.test\"}");
    assert_json(json_object_get(answer, "tls"), "\"Required\"");
    json_decref(answer);
    answer = must(f, "settings get", "{\"name\":\"stanza-rate\"}");
    assert_json(answer, "{\"stanza-rate\":500,\"version\":1}");
    json_decref(answer);
}

struct match_row {
    const char *name, *suffix;
    size_t n;
};
static const struct match_row matches[] = {
    {"all", "", 3},
    {"text, not labels", "a.test", 2},
    {"suffix", ".org", 1},
    {"additional", "b.test", 1},
    {"U-labels", "ücher.test", 1},
    {"A-labels", "kva.test", 1},
    {"case", "B.TEST", 1},
    {"none", "x.test", 0},
    {"longer than a name", "aaaaaaaaaaaaaaaa", 0},
};

static void test_list(void **state)
{
    struct fixture *f = *state;
    prepare(f);
    json_decref(must(f, NEW, "{\"domain\":\"bücher.test\"}"));
    json_decref(must(f, NEW, "{\"domain\":\"c.org\"}"));
    for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
        const char *in = cw_arena_printf(&f->arena, "{\"match\":\"%s\"}", matches[i].suffix).p;
        json_t *answer = must(f, "partner list", in);
        size_t n = json_array_size(json_object_get(answer, "partners"));
        if (n != matches[i].n)
            fail_msg("%s: %zu partners", matches[i].name, n);
        json_decref(answer);
    }
}

static void test_rotation(void **state)
{
    struct fixture *f = *state;
    struct cw_settings first, second;
    uint64_t version;
    assert_int_equal(cw_store_settings_get(f->store, &f->arena, &first, &version), CW_OK);
    json_t *answer = must(f, SETTING, "{\"dialback-secret\":\"new\"}");
    assert_json(answer, "{\"saved\":true,\"before\":{\"dialback-secret\":\"(set)\",\"version\":1},"
                        "\"after\":{\"dialback-secret\":\"(new)\",\"version\":2}}");
    json_decref(answer);
    assert_int_equal(cw_store_settings_get(f->store, &f->arena, &second, &version), CW_OK);
    assert_false(cw_str_eq(first.dialback_secret, second.dialback_secret));
    assert_int_equal(second.dialback_secret.n, 64);
    assert_true(cw_str_eq(first.dialback_secret, second.dialback_secret_previous));
    json_decref(must(f, SETTING, "{\"dialback-secret-previous\":\"\"}"));
    assert_int_equal(cw_store_settings_get(f->store, &f->arena, &second, &version), CW_OK);
    assert_true(cw_str_is_empty(second.dialback_secret_previous));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_refusals),
        TEST(test_permissions),
        TEST(test_rows),
        TEST(test_new),
        TEST(test_set_keeps_the_rest),
        TEST(test_what_if),
        TEST(test_enable_and_remove),
        TEST(test_list),
        TEST(test_rotation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
