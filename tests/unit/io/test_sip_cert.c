/* Which certificates speak for which SIP domain: RFC 5922 sections 7.1 and 7.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/sip_cert.h"

#define DNS(text)                           \
    {                                       \
        CW_CERT_DNS_ID, CW_STR(text), false \
    }
#define URI(text)                        \
    {                                    \
        CW_CERT_URI, CW_STR(text), false \
    }
#define FORGED_DNS(text)                   \
    {                                      \
        CW_CERT_DNS_ID, CW_STR(text), true \
    }
#define FORGED_URI(text)                \
    {                                   \
        CW_CERT_URI, CW_STR(text), true \
    }
#define MAX_NAMES 4

static const struct row {
    const char *name, *domain;
    struct cw_cert_name names[MAX_NAMES];
    size_t n;
    enum cw_sip_cert_verdict verdict;
} rows[] = {
    {"URI", "example.com", {URI("sip:example.com")}, 1, CW_SIP_CERT_GOOD},
    {"URI in other case", "example.com", {URI("SIP:Example.COM")}, 1, CW_SIP_CERT_GOOD},
    {"URI with a port", "example.com", {URI("sip:example.com:5061")}, 1, CW_SIP_CERT_GOOD},
    {"URI with a parameter", "example.com", {URI("sip:example.com;lr")}, 1, CW_SIP_CERT_GOOD},
    {"one URI of two", "b.test", {URI("sip:a.test"), URI("sip:b.test")}, 2, CW_SIP_CERT_GOOD},
    {"URI with a user", "example.com", {URI("sip:u@example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"sips URI", "example.com", {URI("sips:example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"xmpp URI", "example.com", {URI("xmpp:example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"forged URI", "example.com", {FORGED_URI("sip:example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"evil", "example.com", {URI("sip:evil.test")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"DNS", "example.com", {DNS("EXAMPLE.com")}, 1, CW_SIP_CERT_GOOD},
    {"DNS beside a SIP URI",
     "example.com",
     {DNS("example.com"), URI("sip:other.test")},
     2,
     CW_SIP_CERT_WRONG_NAME},
    {"DNS behind a SIP URI",
     "example.com",
     {URI("sip:other.test"), DNS("example.com")},
     2,
     CW_SIP_CERT_WRONG_NAME},
    {"DNS beside a user's URI",
     "example.com",
     {DNS("example.com"), URI("sip:u@other.test")},
     2,
     CW_SIP_CERT_GOOD},
    {"DNS beside another scheme",
     "example.com",
     {DNS("example.com"), URI("http://other.test")},
     2,
     CW_SIP_CERT_GOOD},
    {"wildcard", "a.example.com", {DNS("*.example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"wildcard URI", "a.example.com", {URI("sip:*.example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"wildcard asked for", "*.example.com", {DNS("*.example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"suffix", "example.com", {DNS("foo.example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"leading dot", "foo.example.com", {DNS(".example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"longer", "foo.example.com", {DNS("example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"forged DNS", "example.com", {FORGED_DNS("example.com")}, 1, CW_SIP_CERT_WRONG_NAME},
    {"CN", "example.com", {{CW_CERT_CN, CW_STR("example.com"), false}}, 1, CW_SIP_CERT_WRONG_NAME},
    {"SRV-ID",
     "example.com",
     {{CW_CERT_SRV_ID, CW_STR("_sip.example.com"), false}},
     1,
     CW_SIP_CERT_WRONG_NAME},
    {"no name", "example.com", {{0}}, 0, CW_SIP_CERT_WRONG_NAME},
    {"nothing asked for", "", {DNS("")}, 1, CW_SIP_CERT_WRONG_NAME},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_cert cert = {
            .present = true, .chain_ok = true, .names = rows[i].names, .n_names = rows[i].n};
        enum cw_sip_cert_verdict got = cw_sip_cert_judge(&cert, cw_str_of(rows[i].domain));
        if (got != rows[i].verdict)
            fail_msg("%s: %s", rows[i].name, cw_sip_cert_verdict_name(got));
    }
}

static void test_trust(void **state)
{
    static const struct cw_cert_name good = URI("sip:example.com");
    struct cw_cert cert = {.present = true, .chain_ok = true, .names = &good, .n_names = 1};
    struct cw_str domain = CW_S("example.com");
    (void)state;
    assert_int_equal(cw_sip_cert_judge(&cert, domain), CW_SIP_CERT_GOOD);
    cert.is_ca = true;
    assert_int_equal(cw_sip_cert_judge(&cert, domain), CW_SIP_CERT_UNTRUSTED);
    cert.is_ca = cert.chain_ok = false;
    assert_int_equal(cw_sip_cert_judge(&cert, domain), CW_SIP_CERT_UNTRUSTED);
    cert.present = false;
    assert_int_equal(cw_sip_cert_judge(&cert, domain), CW_SIP_CERT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_trust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
