/* Addresses: every address row of stox-core.json, what the vectors do not say, and the way there
 * and back for addresses drawn at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "vectors.h"
#include "xlate/address.h"

static struct cw_str jid_of(struct cw_arena *arena, struct cw_str uri)
{
    struct cw_jid jid;
    if (cw_addr_sip_to_jid(arena, uri, &jid) != CW_ADDR_OK)
        return CW_STR_NONE;
    return cw_jid_str(arena, &jid);
}

static struct cw_str uri_of(struct cw_arena *arena, struct cw_str address,
                            enum cw_addr_scheme scheme)
{
    struct cw_jid jid;
    if (cw_jid_parse(arena, address, &jid) != CW_JID_OK)
        return CW_STR_NONE;
    return cw_addr_jid_to_uri(arena, &jid, scheme);
}

/* Vectors */

static void check_sip_to_xmpp(struct cw_arena *arena, const char *id, const json_t *row)
{
    expect_str(id, "JID", jid_of(arena, vector_str(row, "input")), vector_str(row, "expected"));
}

static void check_xmpp_to_uri(struct cw_arena *arena, const char *id, const json_t *row)
{
    struct cw_str name = vector_str(json_object_get(row, "options"), "scheme");
    enum cw_addr_scheme scheme = cw_str_eq_cstr(name, "im")     ? CW_ADDR_IM
                                 : cw_str_eq_cstr(name, "pres") ? CW_ADDR_PRES
                                                                : CW_ADDR_SIP;
    struct cw_str expected = vector_str(row, "expected");
    if (!cw_str_is_present(expected)) /* ambiguous rows: the product's choice is the preferred */
        expected = vector_str(row, "preferred");
    expect_str(id, "URI", uri_of(arena, vector_str(row, "input"), scheme), expected);
}

static void check_character(struct cw_arena *arena, const char *id, const json_t *row)
{
    (void)arena;
    const json_t *allowed = json_object_get(row, "allowed");
    char c = vector_str(row, "character").p[0];
    expect(id, "sip",
           cw_addr_uri_allows(CW_ADDR_SIP, c) == json_is_true(json_object_get(allowed, "sip")));
    expect(id, "im",
           cw_addr_uri_allows(CW_ADDR_IM, c) == json_is_true(json_object_get(allowed, "im")));
    expect(id, "xmpp", cw_addr_jid_allows(c) == json_is_true(json_object_get(allowed, "xmpp")));
}

/* Escaping itself is xmpp/jid.h's; here it is seen through an address. */
static void check_escaping(struct cw_arena *arena, const char *id, const json_t *row)
{
    struct cw_buf uri = {0};
    struct cw_str plain = vector_str(row, "unescaped");
    struct cw_jid jid;

    cw_buf_putcstr(&uri, "sip:");
    for (size_t i = 0; i < plain.n; i++)
        cw_buf_printf(&uri, "%%%02X", (unsigned)(unsigned char)plain.p[i]);
    cw_buf_putcstr(&uri, "@example.com");
    enum cw_addr_fault fault = cw_addr_sip_to_jid(arena, cw_buf_str(&uri), &jid);
    if (cw_str_eq_cstr(vector_str(row, "expected"), "reject")) {
        expect(id, "is refused", fault == CW_ADDR_USER_INVALID);
    } else {
        expect(id, "is taken", fault == CW_ADDR_OK);
        expect_str(id, "localpart", jid.local, vector_str(row, "escaped"));
        expect(id, "is reversible", cw_addr_is_reversible(arena, &jid));
    }
    cw_buf_free(&uri);
}

static void vectors_pass(void **state)
{
    (void)state;
    struct vector_file file = vector_file_open("stox-core.json");
    vector_each(&file, "sip-to-xmpp", 26, check_sip_to_xmpp);
    vector_each(&file, "xmpp-to-sip", 20, check_xmpp_to_uri);
    vector_each(&file, "xmpp-to-im", 4, check_xmpp_to_uri);
    vector_each(&file, "character-class", 24, check_character);
    vector_each(&file, "jid-escaping", 16, check_escaping);
    vector_file_close(&file);
}

/* Beyond the vectors */

static const struct sip_row {
    const char *name;
    struct cw_str uri;
    enum cw_addr_fault fault;
    const char *jid;
} sip_rows[] = {
    {"rfc row 2", CW_STR("sip:o'malley@sip.example"), CW_ADDR_OK, "o\\27malley@sip.example"},
    {"port", CW_STR("sip:a@h.example:5060"), CW_ADDR_OK, "a@h.example"},
    {"port and transport", CW_STR("sip:a@h.example:5060;transport=tcp;lr"), CW_ADDR_OK,
     "a@h.example"},
    {"scheme in capitals", CW_STR("SIP:a@h.example"), CW_ADDR_OK, "a@h.example"},
    {"host in capitals", CW_STR("sip:a@H.EXAMPLE"), CW_ADDR_OK, "a@h.example"},
    {"A-labels", CW_STR("sip:a@xn--mller-kva.example"), CW_ADDR_OK, "a@m\u00fcller.example"},
    {"password", CW_STR("sip:a:secret@h.example"), CW_ADDR_OK, "a@h.example"},
    {"phone number", CW_STR("sip:+15551234@h.example;user=phone"), CW_ADDR_OK,
     "+15551234@h.example"},
    {"phone context", CW_STR("sip:+15551234;phone-context=x.example@h.example"), CW_ADDR_OK,
     "+15551234;phone-context=x.example@h.example"},
    {"headers", CW_STR("sip:a@h.example?subject=x;gr=no"), CW_ADDR_OK, "a@h.example"},
    {"no user", CW_STR("sip:h.example"), CW_ADDR_OK, "h.example"},
    {"GR in capitals", CW_STR("sip:a@h.example;GR=desk"), CW_ADDR_OK, "a@h.example/desk"},
    {"gr decoded", CW_STR("sip:a@h.example;gr=%C3%BC%3B"), CW_ADDR_OK, "a@h.example/\u00fc;"},
    {"gr with backslash", CW_STR("sip:a@h.example;gr=%5C20"), CW_ADDR_OK, "a@h.example/\\20"},
    {"grid is not gr", CW_STR("sip:a@h.example;grid=1"), CW_ADDR_OK, "a@h.example"},
    {"IPv4", CW_STR("sip:a@192.0.2.1:5060"), CW_ADDR_OK, "a@192.0.2.1"},
    {"IPv6", CW_STR("sip:a@[2001:db8::1]:5060"), CW_ADDR_OK, "a@[2001:db8::1]"},
    {"two gr", CW_STR("sip:a@h.example;gr=x;gr=y"), CW_ADDR_RESOURCE_INVALID, ""},
    {"gr with NUL", CW_STR("sip:a@h.example;gr=x%00y"), CW_ADDR_RESOURCE_INVALID, ""},
    {"gr not UTF-8", CW_STR("sip:a@h.example;gr=%FF"), CW_ADDR_RESOURCE_INVALID, ""},
    {"user with NUL", CW_STR("sip:boss%00x@h.example"), CW_ADDR_USER_INVALID, ""},
    {"user not UTF-8", CW_STR("sip:%C0%80@h.example"), CW_ADDR_USER_INVALID, ""},
    {"user with CR LF", CW_STR("sip:a%0D%0Ab@h.example"), CW_ADDR_USER_INVALID, ""},
    {"raw space", CW_STR("sip:a b@h.example"), CW_ADDR_USER_INVALID, ""},
    {"raw bracket", CW_STR("sip:a@h.example;gr=<x>"), CW_ADDR_RESOURCE_INVALID, ""},
    {"empty user", CW_STR("sip:@h.example"), CW_ADDR_USER_EMPTY, ""},
    {"two at signs", CW_STR("sip:a@evil.example@h.example"), CW_ADDR_HOST_INVALID, ""},
    {"slash in host", CW_STR("sip:a@h.example/x"), CW_ADDR_HOST_INVALID, ""},
    {"port 0", CW_STR("sip:a@h.example:0"), CW_ADDR_HOST_INVALID, ""},
    {"port 65536", CW_STR("sip:a@h.example:65536"), CW_ADDR_HOST_INVALID, ""},
    {"port missing", CW_STR("sip:a@h.example:"), CW_ADDR_HOST_INVALID, ""},
    {"bracket open", CW_STR("sip:a@[2001:db8::1"), CW_ADDR_HOST_INVALID, ""},
    {"text behind bracket", CW_STR("sip:a@[2001:db8::1]x"), CW_ADDR_HOST_INVALID, ""},
    {"no host", CW_STR("sip:a@"), CW_ADDR_HOST_INVALID, ""},
    {"nothing", CW_STR("sip:"), CW_ADDR_HOST_INVALID, ""},
    {"NUL in host", CW_STR("sip:a@h\0.example"), CW_ADDR_HOST_INVALID, ""},
    {"tel", CW_STR("tel:+15551234"), CW_ADDR_SCHEME, ""},
    {"no scheme", CW_STR("a@h.example"), CW_ADDR_SCHEME, ""},
    {"empty", CW_STR(""), CW_ADDR_SCHEME, ""},
};

static void sip_rows_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sip_rows) / sizeof(sip_rows[0]); i++) {
        const struct sip_row *row = &sip_rows[i];
        struct cw_arena arena = {0};
        struct cw_jid jid;
        enum cw_addr_fault fault = cw_addr_sip_to_jid(&arena, row->uri, &jid);
        if (fault != row->fault)
            fail_msg("%s: %s", row->name, cw_addr_fault_text(fault));
        if (!fault)
            expect_str(row->name, "JID", cw_jid_str(&arena, &jid), cw_str_of(row->jid));
        cw_arena_free(&arena);
    }
}

static const struct uri_row {
    const char *name, *jid, *uri;
} uri_rows[] = {
    {"U-labels", "a@m\u00fcller.example", "sip:a@xn--mller-kva.example"},
    {"domain", "example.com", "sip:example.com"},
    {"IPv6", "a@[2001:db8::1]", "sip:a@[2001:db8::1]"},
    {"quote", "a\\22b@h.example", "sip:a%22b@h.example"},
    {"resource with space and slash", "a@h.example/b c/d", "sip:a@h.example;gr=b%20c/d"},
    {"resource with brackets", "a@h.example/<x>,\"y\"?", "sip:a@h.example;gr=%3Cx%3E%2C%22y%22%3F"},
    {"semicolon and question mark", "a;b?c@h.example", "sip:a;b?c@h.example"},
};

static void uri_rows_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(uri_rows) / sizeof(uri_rows[0]); i++) {
        const struct uri_row *row = &uri_rows[i];
        struct cw_arena arena = {0};
        expect_str(row->name, "URI", uri_of(&arena, cw_str_of(row->jid), CW_ADDR_SIP),
                   cw_str_of(row->uri));
        expect_str(row->name, "JID", jid_of(&arena, cw_str_of(row->uri)), cw_str_of(row->jid));
        cw_arena_free(&arena);
    }
}

static void superfluous_escapes_are_not_reversible(void **state)
{
    static const struct {
        const char *jid;
        bool ok;
    } rows[] = {
        {"a\\5cfoo@h.example", false}, {"\\5cbar@h.example", false}, {"a\\20b@h.example", true},
        {"a\\5c20b@h.example", true},  {"a\\foo@h.example", true},   {"plain@h.example", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_jid jid;
        expect(rows[i].jid, "parses",
               cw_jid_parse(&arena, cw_str_of(rows[i].jid), &jid) == CW_JID_OK);
        expect(rows[i].jid, "is reversible or not",
               cw_addr_is_reversible(&arena, &jid) == rows[i].ok);
        cw_arena_free(&arena);
    }
}

static void xmpp_uris_map(void **state)
{
    static const struct {
        const char *xmpp, *sip; /* sip NULL: none */
    } rows[] = {
        {"xmpp:romeo@afterlife.example.net", "sip:romeo@afterlife.example.net"},
        {"XMPP:romeo@example.net/desk?message", "sip:romeo@example.net;gr=desk"},
        {"xmpp://me@example.com/romeo@example.net", "sip:romeo@example.net"},
        {"romeo@example.net", "sip:romeo@example.net"},
        {" sip:romeo@example.net ", "sip:romeo@example.net"},
        {"xmpp:a%2Fb@example.net", NULL},
        {"http://example.net/", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        expect_str(rows[i].xmpp, "URI", cw_addr_xmpp_to_sip_uri(&arena, cw_str_of(rows[i].xmpp)),
                   cw_str_of(rows[i].sip));
        cw_arena_free(&arena);
    }
    struct cw_arena arena = {0};
    expect_str("gone", "URI", cw_addr_sip_to_xmpp_uri(&arena, CW_S("<sip:a@h.example>")),
               CW_STR_NONE);
    expect_str("gone", "URI", cw_addr_sip_to_xmpp_uri(&arena, CW_S("sip:o'm@h.example;gr=a/b")),
               CW_S("xmpp:o%5C27m@h.example/a%2Fb"));
    cw_arena_free(&arena);
}

static void im_uris_map(void **state)
{
    static const struct {
        const char *jid, *uri;
    } rows[] = {
        {"a%b@h.example", "im:a%25b@h.example"},
        {"a#b^c@h.example/desk", "im:a#b^c@h.example"},
        {"a\\40b@h.example", "im:a%40b@h.example"},
        {"a\\b@h.example", "im:a%5Cb@h.example"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_jid jid;
        expect_str(rows[i].jid, "URI", uri_of(&arena, cw_str_of(rows[i].jid), CW_ADDR_IM),
                   cw_str_of(rows[i].uri));
        expect(rows[i].jid, "parses",
               cw_jid_parse(&arena, cw_str_of(rows[i].jid), &jid) == CW_JID_OK);
        expect_str(rows[i].jid, "JID", jid_of(&arena, cw_str_of(rows[i].uri)),
                   cw_jid_bare(&arena, &jid));
        cw_arena_free(&arena);
    }
}

/* There and back */

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* A localpart that RFC 7622 takes: escapes, marks and letters of several alphabets. */
static struct cw_str random_jid(struct cw_arena *arena, uint64_t *seed)
{
    static const char *const pieces[] = {
        "a",      "z9",   "\\20",   "\\22", "\\26",  "\\27", "\\2f", "\\3a",   "\\3c",
        "\\3e",   "\\40", "#",      "%",    "[",     "]",    "^",    "`",      "{",
        "|",      "}",    "~",      "!",    "$",     "(",    ")",    "*",      "+",
        ",",      "-",    ".",      ";",    "=",     "?",    "_",    "\u03c0", "\u00fc",
        "\u4e2d", "\\",   "\u0436", "%41",  "\\5c20"};
    static const char *const resources[] = {"", "/desk", "/a b", "/;x=y", "/\u03c0/\\20", "/@%41"};
    struct cw_buf text = {0};
    size_t n = 1 + next_random(seed) % 12;

    cw_buf_putcstr(&text, "x");
    for (size_t i = 0; i < n; i++)
        cw_buf_putcstr(&text, pieces[next_random(seed) % (sizeof(pieces) / sizeof(pieces[0]))]);
    cw_buf_putcstr(&text, "y@");
    cw_buf_putcstr(&text, next_random(seed) % 2 ? "example.com" : "b\u00fccher.example");
    cw_buf_putcstr(&text, resources[next_random(seed) % 6]);
    struct cw_str result = cw_arena_dup(arena, cw_buf_str(&text));
    cw_buf_free(&text);
    return result;
}

static void addresses_come_back(void **state)
{
    uint64_t seed = 7247;
    unsigned n_reversible = 0;

    (void)state;
    for (unsigned round = 0; round < 1000; round++) {
        struct cw_arena arena = {0};
        struct cw_str text = random_jid(&arena, &seed);
        struct cw_jid jid;
        if (cw_jid_parse(&arena, text, &jid) != CW_JID_OK)
            fail_msg("round %u: %.*s is no JID", round, CW_ARG(text));
        struct cw_str uri = cw_addr_jid_to_uri(&arena, &jid, CW_ADDR_SIP);
        for (size_t i = 0; i < uri.n; i++)
            if (uri.p[i] <= ' ' || strchr("<>\"\\", uri.p[i]))
                fail_msg("round %u: %.*s is no URI", round, CW_ARG(uri));
        if (cw_addr_is_reversible(&arena, &jid)) {
            n_reversible++;
            expect_str(text.p, uri.p, jid_of(&arena, uri), cw_jid_str(&arena, &jid));
        }
        cw_arena_free(&arena);
    }
    /* A lone backslash may by chance make an escape of what follows; that is rare. */
    assert_true(n_reversible > 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_pass),
        cmocka_unit_test(sip_rows_hold),
        cmocka_unit_test(uri_rows_hold),
        cmocka_unit_test(superfluous_escapes_are_not_reversible),
        cmocka_unit_test(im_uris_map),
        cmocka_unit_test(xmpp_uris_map),
        cmocka_unit_test(addresses_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
