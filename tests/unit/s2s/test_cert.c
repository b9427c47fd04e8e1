/* Certificate identities: the published vectors, and rows of our own.  Where the documents disagree
 * ("ambiguous") the vector's preferred answer is the product's.  Left out: what needs DNSSEC (a
 * later issue) and what only a chain can say (tested with the TLS driver). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "s2s/cert.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

enum { MAX_NAMES = 16 };

struct names {
    struct cw_cert_name list[MAX_NAMES];
    size_t n;
};

static void add(struct names *names, enum cw_cert_name_type type, json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);

    if (!text || length == 0)
        return;
    assert_true(names->n < MAX_NAMES);
    names->list[names->n++] = (struct cw_cert_name){.type = type, .value = {text, length}};
}

static void add_all(struct names *names, enum cw_cert_name_type type, json_t *list)
{
    size_t i;
    json_t *value;

    json_array_foreach(list, i, value) add(names, type, value);
}

static json_t *load(const char *file)
{
    char path[512];
    json_t *root;

    snprintf(path, sizeof path, "%s/%s", getenv("CW_VECTORS"), file);
    root = json_load_file(path, JSON_ALLOW_NUL, NULL);
    assert_non_null(root);
    return root;
}

static bool needs_dnssec(json_t *v)
{
    return json_is_string(json_object_get(json_object_get(v, "context"), "dnssec")) &&
           !strcmp(json_string_value(json_object_get(v, "expected")), "accept");
}

static void check_vector(json_t *v)
{
    json_t *c = json_object_get(v, "certificate");
    const char *id = json_string_value(json_object_get(v, "id"));
    bool want = !strcmp(json_string_value(json_object_get(v, "expected")), "accept");
    struct names names = {0};
    struct cw_cert cert = {.present = true, .chain_ok = true};

    add_all(&names, CW_CERT_DNS_ID, json_object_get(c, "dNSName"));
    add_all(&names, CW_CERT_SRV_ID, json_object_get(c, "SRVName"));
    add_all(&names, CW_CERT_XMPP_ADDR, json_object_get(c, "XmppAddr"));
    add(&names, CW_CERT_CN, json_object_get(c, "CN"));
    cert.names = names.list;
    cert.n_names = names.n;
    if ((cw_cert_match(&cert, cw_str_of(json_string_value(
                                  json_object_get(v, "asserted_domain")))) != NULL) != want)
        fail_msg("%s: expected %s", id, want ? "accept" : "reject");
}

static void vectors(void **state)
{
    json_t *root = load("sasl-external-certificates.json"), *v;
    size_t i, seen = 0;

    (void)state;
    json_array_foreach(json_object_get(root, "vectors"), i, v)
    {
        if (strcmp(json_string_value(json_object_get(v, "kind")), "certificate-identity") != 0 ||
            needs_dnssec(v))
            continue;
        check_vector(v);
        seen++;
    }
    assert_true(seen >= 40);
    json_decref(root);
}

struct row {
    const char *name;
    enum cw_cert_name_type type;
    struct cw_str value;
    const char *domain;
    bool match;
    bool malformed;
};

static const struct row rows[] = {
    {"upper case", CW_CERT_DNS_ID, CW_STR("PARTNER.TEST"), "partner.test", true},
    {"homograph", CW_CERT_DNS_ID, CW_STR("xn--prtner-4nf.test"), "partner.test", false},
    {"wildcard under a single label", CW_CERT_DNS_ID, CW_STR("*.test"), "partner.test", false},
    {"wildcard under a single label with a dot", CW_CERT_DNS_ID, CW_STR("*.test."), "partner.test",
     false},
    {"partial wildcard", CW_CERT_DNS_ID, CW_STR("p*.test"), "partner.test", false},
    {"star", CW_CERT_DNS_ID, CW_STR("*"), "partner.test", false},
    {"two stars", CW_CERT_DNS_ID, CW_STR("*.*"), "partner.test", false},
    {"two stars above", CW_CERT_DNS_ID, CW_STR("*.*.test"), "a.partner.test", false},
    {"wildcard not left-most", CW_CERT_DNS_ID, CW_STR("a.*.test"), "a.partner.test", false},
    {"wildcard", CW_CERT_DNS_ID, CW_STR("*.partner.test"), "sub.partner.test", true},
    {"wildcard and the parent", CW_CERT_DNS_ID, CW_STR("*.partner.test"), "partner.test", false},
    {"malformed", CW_CERT_DNS_ID, CW_STR("partner.test"), "partner.test", false, true},
    {"NUL in XmppAddr", CW_CERT_XMPP_ADDR, CW_STR("partner.test\0.evil"), "partner.test", false},
    {"XmppAddr wildcard", CW_CERT_XMPP_ADDR, CW_STR("*.partner.test"), "a.partner.test", false},
    {"XmppAddr upper case", CW_CERT_XMPP_ADDR, CW_STR("Partner.Test"), "partner.test", true},
    {"CN wildcard", CW_CERT_CN, CW_STR("*.partner.test"), "a.partner.test", false},
    {"CN with a space", CW_CERT_CN, CW_STR("partner.test "), "partner.test", false},
    {"SRV without name", CW_CERT_SRV_ID, CW_STR("_xmpp-server."), "partner.test", false},
    {"SRV bare name", CW_CERT_SRV_ID, CW_STR("partner.test"), "partner.test", false},
    {"empty", CW_CERT_DNS_ID, CW_STR(""), "partner.test", false},
    {"no reference", CW_CERT_DNS_ID, CW_STR("partner.test"), "", false},
};

static void own_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct cw_cert_name name = {.type = r->type, .value = r->value, .malformed = r->malformed};
        struct cw_cert cert = {.present = true, .chain_ok = true, .names = &name, .n_names = 1};

        if ((cw_cert_match(&cert, cw_str_of(r->domain)) != NULL) != r->match)
            fail_msg("%s: expected %s", r->name, r->match ? "a match" : "none");
    }
}

static void verdicts(void **state)
{
    struct cw_cert_name name = {.type = CW_CERT_DNS_ID, .value = CW_STR("partner.test")};
    struct cw_cert cert = {.present = true, .chain_ok = true, .names = &name, .n_names = 1};

    (void)state;
    assert_int_equal(cw_cert_judge(&cert, CW_S("partner.test")), CW_CERT_GOOD);
    assert_int_equal(cw_cert_judge(&cert, CW_S("other.test")), CW_CERT_WRONG_NAME);
    cert.is_ca = true;
    assert_int_equal(cw_cert_judge(&cert, CW_S("partner.test")), CW_CERT_UNTRUSTED);
    cert.is_ca = cert.chain_ok = false;
    assert_int_equal(cw_cert_judge(&cert, CW_S("partner.test")), CW_CERT_UNTRUSTED);
    cert.present = false;
    assert_int_equal(cw_cert_judge(&cert, CW_S("partner.test")), CW_CERT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(own_rows),
        cmocka_unit_test(verdicts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
