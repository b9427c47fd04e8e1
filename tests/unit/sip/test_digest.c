/* Digest challenges and what answers them: the vectors of RFC 7616 section 3.9.1, the example of
 * RFC 2617 section 3.5, the picking of RFC 8760, and what must not be answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sip/digest.h"

#define RFC7616_REALM  "realm=\"http-auth@example.org\", "
#define RFC7616_NONCE  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
#define RFC7616_OPAQUE "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
#define RFC2617        "realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\""

static const struct answer_row {
    const char *name, *challenge, *password, *cnonce, *response;
} answers[] = {
    {"RFC 7616 MD5",
     "Digest " RFC7616_REALM "qop=\"auth, auth-int\", algorithm=MD5, " RFC7616_NONCE RFC7616_OPAQUE,
     "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
     "8ca523f5e9506fed4657c9700eebdbec"},
    {"RFC 7616 SHA-256",
     "Digest " RFC7616_REALM
     "qop=\"auth, auth-int\", algorithm=SHA-256, " RFC7616_NONCE RFC7616_OPAQUE,
     "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
     "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
    {"RFC 2617", "Digest " RFC2617 ", qop=auth, opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
     "Circle Of Life", "0a4f113b", "6629fae49393a05397450978507c4ef1"},
    {"RFC 2069, without qop", "Digest " RFC2617, "Circle Of Life", "0a4f113b",
     "670fd8c2df070c60b045671b8b24ff02"},
    {"names and values in other case",
     "dIGEST REALM=\"testrealm@host.com\",QOP=\"AUTH\","
     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\",ALGORITHM=md5",
     "Circle Of Life", "0a4f113b", "6629fae49393a05397450978507c4ef1"},
};

static bool answer(const struct cw_sip_challenge *c, const char *password, const char *cnonce,
                   struct cw_buf *out)
{
    struct cw_sip_answer a = {.user = CW_S("Mufasa"),
                              .password = cw_str_of(password),
                              .method = CW_S("GET"),
                              .uri = CW_S("/dir/index.html"),
                              .cnonce = cw_str_of(cnonce),
                              .nc = 1};
    return cw_sip_challenge_answer(c, &a, out);
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct answer_row *r = &answers[i];
        struct cw_arena arena = {0};
        struct cw_buf out = {0};
        struct cw_sip_challenge c;
        if (!cw_sip_challenge_parse(&arena, cw_str_of(r->challenge), &c))
            fail_msg("%s: not read", r->name);
        if (!answer(&c, r->password, r->cnonce, &out))
            fail_msg("%s: not answered", r->name);
        struct cw_str want = cw_arena_printf(&arena, "response=\"%s\"", r->response);
        if (cw_str_find(cw_buf_str(&out), want) < 0)
            fail_msg("%s: %.*s", r->name, CW_ARG(cw_buf_str(&out)));
        cw_buf_free(&out);
        cw_arena_free(&arena);
    }
}

static void test_form(void **state)
{
    struct cw_arena arena = {0};
    struct cw_buf out = {0};
    struct cw_sip_challenge c;
    (void)state;
    assert_true(cw_sip_challenge_parse(
        &arena, CW_S("Digest realm=\"r\\\"x\", nonce=\"n\", qop=auth, opaque=\"\", stale=TRUE"),
        &c));
    assert_true(c.is_stale);
    struct cw_sip_answer a = {CW_S("a\"b\\c"), CW_S("secret"), CW_S("MESSAGE"),
                              CW_S("sip:a@b"), CW_S("00ff"),   0x12ab};
    assert_true(cw_sip_challenge_answer(&c, &a, &out));
    const char *parts[] = {"Digest username=\"a\\\"b\\\\c\", realm=\"r\\\"x\", nonce=\"n\", "
                           "uri=\"sip:a@b\", response=\"",
                           ", algorithm=MD5, cnonce=\"00ff\", qop=auth, nc=000012ab, opaque=\"\""};
    for (size_t i = 0; i < 2; i++)
        if (cw_str_find(cw_buf_str(&out), cw_str_of(parts[i])) < 0)
            fail_msg("%s is not in %.*s", parts[i], CW_ARG(cw_buf_str(&out)));
    cw_buf_free(&out);
    a.uri = CW_S("sip:a@b\r\nX: y");
    assert_false(cw_sip_challenge_answer(&c, &a, &out));
    a.uri = CW_S("sip:a@b\", x=\"");
    assert_false(cw_sip_challenge_answer(&c, &a, &out));
    assert_int_equal(out.n, 0);
    cw_buf_free(&out);
    cw_arena_free(&arena);
}

static const struct {
    const char *name, *challenge;
} refused[] = {
    {"empty", ""},
    {"the scheme alone", "Digest"},
    {"basic", "Basic realm=\"r\", nonce=\"n\""},
    {"scheme glued", "Digestrealm=\"r\", nonce=\"n\""},
    {"no realm", "Digest nonce=\"n\""},
    {"no nonce", "Digest realm=\"r\""},
    {"realm twice", "Digest realm=\"r\", realm=\"s\", nonce=\"n\""},
    {"auth-int only", "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""},
    {"another algorithm", "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256"},
    {"a session algorithm", "Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess"},
    {"unterminated quote", "Digest realm=\"r\", nonce=\"n"},
    {"quote ends in a backslash", "Digest realm=\"r\", nonce=\"n\\"},
    {"no comma", "Digest realm=\"r\" nonce=\"n\""},
    {"no value", "Digest realm=\"r\", nonce="},
    {"no equals sign", "Digest realm, nonce=\"n\""},
    {"line break in the nonce", "Digest realm=\"r\", nonce=\"n\r\nX: y\""},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct cw_arena arena = {0};
        struct cw_sip_challenge c;
        if (cw_sip_challenge_parse(&arena, cw_str_of(refused[i].challenge), &c))
            fail_msg("%s: taken", refused[i].name);
        cw_arena_free(&arena);
    }
}

static void test_pick(void **state)
{
    static const struct cw_str all[] = {
        CW_STR("Basic realm=\"ours\""),
        CW_STR("Digest realm=\"other gateway\", nonce=\"0\", algorithm=SHA-256"),
        CW_STR("Digest realm=\"ours\", nonce=\"1\", algorithm=MD5, qop=auth"),
        CW_STR("Digest realm=\"ours\", nonce=\"2\", algorithm=SHA-256, qop=auth"),
        CW_STR("Digest realm=\"ours\", nonce=\"3\", algorithm=SHA-256, qop=auth"),
        CW_STR("Digest realm=\"ours\", nonce=\"4\", algorithm=SHA-512-256, qop=auth"),
    };
    static const struct {
        const char *name, *realm, *nonce;
        size_t n;
    } rows[] = {
        {"the strongest, then the first", "ours", "2", 6},
        {"what is there", "ours", "1", 3},
        {"another realm", "other gateway", "0", 6},
        {"never a realm that was not set", "OURS", NULL, 6},
        {"only what we cannot", "ours", NULL, 2},
        {"none at all", "ours", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_sip_challenge c;
        bool found = cw_sip_challenge_pick(&arena, all, rows[i].n, cw_str_of(rows[i].realm), &c);
        if (found != (rows[i].nonce != NULL) || (found && !cw_str_eq_cstr(c.nonce, rows[i].nonce)))
            fail_msg("%s", rows[i].name);
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_pick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
