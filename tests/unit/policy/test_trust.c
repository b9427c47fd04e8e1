/* Trust anchors and pins as administrators write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/partner.h"
#include "policy/trust.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

#define BASE64     "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8="
#define PIN        "sha256:" BASE64
#define HEX        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define COLONS                                        \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF" \
    ":00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

static void pins(void **state)
{
    const struct {
        const char *name, *text;
        bool is_pin;
    } rows[] = {
        {"as written", PIN, true},
        {"without its kind", BASE64, true},
        {"kind in capitals", "SHA256:" BASE64, true},
        {"spaces around", "  " PIN "\n", true},
        {"hexadecimal", HEX, true},
        {"hexadecimal with kind", "sha256:" HEX, true},
        {"with colons", COLONS, true},
        {"with colons and kind", "sha256:" COLONS, true},
        {"empty", "", false},
        {"kind alone", "sha256:", false},
        {"another kind", "sha1:" BASE64, false},
        {"no padding", "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8", false},
        {"too short", "sha256:ABEiM0RVZneImaq7zN3u/w==", false},
        {"too long", "sha256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8A", false},
        {"a digit missing", "0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
         false},
        {"a colon missing",
         "0011:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
         ":00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
         false},
        {"a letter too far", "0g112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
         false},
    };
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cw_arena arena = {0};
        struct cw_str pin = CW_STR("");
        if (cw_pin_parse(&arena, cw_str_of(rows[i].text), &pin) != rows[i].is_pin ||
            (rows[i].is_pin && !cw_str_eq_cstr(pin, PIN)))
            fail_msg("%s: \"%.*s\"", rows[i].name, CW_ARG(pin));
        cw_arena_free(&arena);
    }
}

#define BODY  "MAMCAQEwAwIBATADAgEBMAMCAQEwAwIBATADAgEBMAMCAQEwAwIBATADAgEBMAMC"
#define BLOCK "-----BEGIN CERTIFICATE-----\n" BODY "\nAQE=\n-----END CERTIFICATE-----\n"

static void anchors(void **state)
{
    const struct {
        const char *name, *pem;
        const char *want; /* NULL: refused with `refusal` in the sentence */
        const char *refusal;
    } rows[] = {
        {"none", "", ""},
        {"blank", " \n", ""},
        {"one", BLOCK, BLOCK},
        {"two", BLOCK BLOCK, BLOCK BLOCK},
        {"text around", "the CA\nsubject=x\n" BLOCK "\n" BLOCK "end\n", BLOCK BLOCK},
        {"other line ends",
         "-----BEGIN CERTIFICATE-----\r\n" BODY "\r\nAQE=\r\n-----END CERTIFICATE-----\r\n", BLOCK},
        {"one long line", "-----BEGIN CERTIFICATE-----\n" BODY "AQE=\n-----END CERTIFICATE-----",
         BLOCK},
        {"no PEM", "a certificate", NULL, "must be one or more certificates in PEM"},
        {"a key", "-----BEGIN PRIVATE KEY-----\nMAMCAQE=\n-----END PRIVATE KEY-----\n", NULL,
         "something else than certificates"},
        {"a key behind", BLOCK "-----BEGIN PRIVATE KEY-----\nMAMCAQE=\n-----END PRIVATE KEY-----\n",
         NULL, "something else than certificates"},
        {"no end", "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n", NULL, "cut short"},
        {"ends otherwise", "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END X-----\n", NULL,
         "cut short"},
        {"no base64", "-----BEGIN CERTIFICATE-----\nMAM?AQE=\n-----END CERTIFICATE-----\n", NULL,
         "no certificate"},
        {"empty block", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", NULL,
         "no certificate"},
        {"no sequence", "-----BEGIN CERTIFICATE-----\nAAMCAQE=\n-----END CERTIFICATE-----\n", NULL,
         "no certificate"},
        {"17",
         BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK BLOCK
             BLOCK BLOCK,
         NULL, "more than 16"},
    };
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cw_arena arena = {0};
        struct cw_str got = CW_STR("");
        struct cw_str refusal = cw_anchor_parse(&arena, cw_str_of(rows[i].pem), &got);
        if (cw_str_is_present(refusal) != !rows[i].want)
            fail_msg("%s: refused: \"%.*s\"", rows[i].name, CW_ARG(refusal));
        if (rows[i].want && !cw_str_eq_cstr(got, rows[i].want))
            fail_msg("%s: \"%.*s\"", rows[i].name, CW_ARG(got));
        if (rows[i].refusal && cw_str_find(refusal, cw_str_of(rows[i].refusal)) < 0)
            fail_msg("%s: \"%.*s\"", rows[i].name, CW_ARG(refusal));
        cw_arena_free(&arena);
    }
}

static void too_long(void **state)
{
    static char text[CW_MAX_ANCHOR_BYTES + 1];
    struct cw_arena arena = {0};
    struct cw_str out;
    (void)state;
    memset(text, ' ', sizeof text);
    struct cw_str all = {text, sizeof text};
    assert_false(cw_str_is_present(cw_anchor_parse(&arena, cw_str_sub(all, 1, all.n), &out)));
    assert_true(cw_str_is_present(cw_anchor_parse(&arena, all, &out)));
    cw_arena_free(&arena);
}

/* The check that every way of changing a partner passes knows both. */
static void of_a_partner(void **state)
{
    const struct {
        const char *name, *anchor;
        const char *pins[2];
        size_t n_pins;
        const char *field; /* NULL: fine */
    } rows[] = {
        {"nothing", ""},
        {"both", BLOCK, {PIN}, 1},
        {"bad anchor", "x", .field = "trust_anchor"},
        {"bad pin", "", {PIN, "x"}, 2, "pinned_keys"},
        {"the same twice", "", {HEX, BASE64}, 2, "pinned_keys"},
        {"too many", "", .n_pins = CW_MAX_PINS + 1, .field = "pinned_keys"},
    };
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cw_arena arena = {0};
        struct cw_partner p = CW_PARTNER_DEFAULT;
        struct cw_str list[CW_MAX_PINS + 1];
        const char *field = "";
        p.domain = CW_S("a.test");
        p.trust_anchor = cw_str_of(rows[i].anchor);
        p.pinned_keys = list;
        p.n_pinned_keys = rows[i].n_pins;
        for (size_t k = 0; k < rows[i].n_pins; k++)
            list[k] = cw_str_of(k < 2 ? rows[i].pins[k] : "");
        struct cw_str refusal = cw_partner_check(&arena, &p, &field);
        if (cw_str_is_present(refusal) != (rows[i].field != NULL) ||
            (rows[i].field && strcmp(field, rows[i].field) != 0))
            fail_msg("%s: %s \"%.*s\"", rows[i].name, field, CW_ARG(refusal));
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pins), cmocka_unit_test(anchors),
                                       cmocka_unit_test(too_long), cmocka_unit_test(of_a_partner)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
