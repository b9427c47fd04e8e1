/* Addresses and domain names: the shared vectors, then rows of our own for the profiles.
 *
 * Of the ambiguous vectors: a resourcepart that begins with a space (jid-i18) is accepted, which
 * is what OpaqueString gives (RFC 8265 section 4.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "xmpp/jid.h"

static json_t *load(const char *file)
{
    char path[1024];
    json_error_t error;
    const char *directory = getenv("CW_VECTORS");
    snprintf(path, sizeof path, "%s/%s", directory ? directory : ".", file);
    json_t *all = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!all)
        fail_msg("%s: %s", path, error.text);
    return all;
}

/* The member as a string; absent when it is missing or null. */
static struct cw_str member(const json_t *vector, const char *key)
{
    const json_t *value = json_object_get(vector, key);
    if (!json_is_string(value))
        return CW_STR_NONE;
    return (struct cw_str){json_string_value(value), json_string_length(value)};
}

static struct cw_jid parse(struct cw_arena *arena, const char *name, struct cw_str text)
{
    struct cw_jid jid;
    enum cw_jid_fault fault = cw_jid_parse(arena, text, &jid);
    if (fault != CW_JID_OK)
        fail_msg("%s: %s", name, cw_jid_fault_text(fault));
    return jid;
}

static void expect_part(const char *name, const json_t *vector, const char *key, struct cw_str part)
{
    struct cw_str want = member(vector, key);
    if (cw_str_is_present(want) != cw_str_is_present(part) || !cw_str_eq(want, part))
        fail_msg("%s: %s is \"%.*s\"", name, key, CW_ARG(part));
}

static void check_valid(struct cw_arena *arena, const char *name, const json_t *vector)
{
    struct cw_jid jid = parse(arena, name, member(vector, "jid"));
    struct cw_str enforced = member(vector, "enforced");
    if (cw_str_is_present(enforced)) {
        if (!cw_str_eq(cw_jid_str(arena, &jid), enforced))
            fail_msg("%s: %.*s", name, CW_ARG(cw_jid_str(arena, &jid)));
        return;
    }
    expect_part(name, vector, "local", jid.local);
    expect_part(name, vector, "domain", jid.domain);
    expect_part(name, vector, "resource", jid.resource);
}

static void check_invalid(struct cw_arena *arena, const char *name, const json_t *vector)
{
    struct cw_jid jid;
    bool is_accepted = cw_jid_parse(arena, member(vector, "jid"), &jid) == CW_JID_OK;
    bool want = json_is_true(json_object_get(vector, "ambiguous"));
    if (is_accepted != want)
        fail_msg("%s: %s", name, is_accepted ? "accepted" : "refused");
}

static void check_compare(struct cw_arena *arena, const char *name, const json_t *vector)
{
    /* What is no address equals none (the apostrophe of jid-cmp-9). */
    struct cw_jid a, b;
    bool both = cw_jid_parse(arena, member(vector, "a"), &a) == CW_JID_OK;
    both = cw_jid_parse(arena, member(vector, "b"), &b) == CW_JID_OK && both;
    bool want = json_is_true(json_object_get(vector, "equal"));
    if ((both && cw_jid_eq(&a, &b)) != want)
        fail_msg("%s: equal is not %d", name, want);
}

static void put_many(struct cw_buf *out, struct cw_str one, json_int_t n)
{
    for (json_int_t i = 0; i < n; i++)
        cw_buf_puts(out, one);
}

static void check_length(struct cw_arena *arena, const char *name, const json_t *vector)
{
    const json_t *build = json_object_get(vector, "build");
    json_int_t local = json_integer_value(json_object_get(build, "local"));
    json_int_t chars = json_integer_value(json_object_get(build, "local_utf8_chars"));
    json_int_t resource = json_integer_value(json_object_get(build, "resource"));
    struct cw_buf text = {0};
    struct cw_jid jid;
    put_many(&text, chars ? member(build, "char") : CW_S("a"), chars ? chars : local);
    cw_buf_putcstr(&text, text.n ? "@example.com" : "example.com");
    if (resource)
        cw_buf_putc(&text, '/');
    put_many(&text, CW_S("a"), resource);
    bool is_accepted = cw_jid_parse(arena, cw_buf_str(&text), &jid) == CW_JID_OK;
    if (is_accepted != json_is_true(json_object_get(vector, "valid")))
        fail_msg("%s: %s", name, is_accepted ? "accepted" : "refused");
    cw_buf_free(&text);
}

/* "rule" rows say what the stream machine answers; they are not of this module. */
static void check_rule(struct cw_arena *arena, const char *name, const json_t *vector)
{
    (void)arena;
    (void)name;
    (void)vector;
}

static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        void (*check)(struct cw_arena *, const char *name, const json_t *vector);
    } kinds[] = {{"valid", check_valid},   {"invalid", check_invalid}, {"compare", check_compare},
                 {"length", check_length}, {"enforce", check_valid},   {"rule", check_rule}};
    json_t *all = load("jid.json"), *vector;
    size_t i, n_checked = 0;
    json_array_foreach(json_object_get(all, "vectors"), i, vector)
    {
        struct cw_arena arena = {0};
        const char *name = member(vector, "id").p;
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            if (!cw_str_eq_cstr(member(vector, "kind"), kinds[k].kind))
                continue;
            kinds[k].check(&arena, name, vector);
            n_checked++;
        }
        cw_arena_free(&arena);
    }
    assert_int_equal(n_checked, json_integer_value(json_object_get(all, "count")));
    json_decref(all);
}

static void test_escaping_vectors(void **state)
{
    (void)state;
    json_t *all = load("stox-core.json"), *vector;
    size_t i, n_checked = 0;
    json_array_foreach(json_object_get(all, "vectors"), i, vector)
    {
        struct cw_arena arena = {0};
        const char *name = member(vector, "id").p;
        if (!cw_str_eq_cstr(member(vector, "kind"), "jid-escaping"))
            continue;
        n_checked++;
        struct cw_str unescaped = member(vector, "unescaped"), escaped = member(vector, "escaped");
        struct cw_str got = cw_jid_escape(&arena, unescaped);
        /* No "escaped" member: to be refused. */
        if (cw_str_is_present(got) != cw_str_is_present(escaped) || !cw_str_eq(got, escaped))
            fail_msg("%s: escaped: %.*s", name, CW_ARG(got));
        if (cw_str_is_present(escaped) && !cw_str_eq(cw_jid_unescape(&arena, escaped), unescaped))
            fail_msg("%s: unescaped: %.*s", name, CW_ARG(cw_jid_unescape(&arena, escaped)));
        cw_arena_free(&arena);
    }
    assert_in_range(n_checked, 16, 1000);
    json_decref(all);
}

struct row {
    const char *name;
    struct cw_str text;
    const char *enforced; /* or NULL with the fault */
    enum cw_jid_fault fault;
};

static const struct row rows[] = {
    {"local, final sigma", CW_STR("ΝΙΚΟΣ@x"), "νικος@x"},
    {"local, dotted capital I", CW_STR("İ@x"), "i̇@x"},
    {"local, decomposed", CW_STR("u\xCC\x88@x"), "ü@x"},
    {"local, full-width capital", CW_STR("Ａlice@x"), "alice@x"},
    {"local, half-width katakana", CW_STR("ｱ@x"), "ア@x"},
    {"local, full-width commercial at", CW_STR("a＠b@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, full-width solidus", CW_STR("a／b@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, no-break space",
     CW_STR("a\xC2\xA0"
            "b@x"),
     NULL, CW_JID_LOCAL_CHARACTER},
    {"local, ligature", CW_STR("ﬁ@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, emoji", CW_STR("😀@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, zero width space",
     CW_STR("a\xE2\x80\x8B"
            "b@x"),
     NULL, CW_JID_LOCAL_CHARACTER},
    {"local, soft hyphen",
     CW_STR("a\xC2\xAD"
            "b@x"),
     NULL, CW_JID_LOCAL_CHARACTER},
    {"local, joiner without virama",
     CW_STR("a\xE2\x80\x8D"
            "b@x"),
     NULL, CW_JID_LOCAL_CHARACTER},
    {"local, joiner behind virama", CW_STR("क्\xE2\x80\x8Dष@x"), "क्\xE2\x80\x8Dष@x"},
    {"local, non-joiner between letters that join", CW_STR("بی\xE2\x80\x8Cبی@x"),
     "بی\xE2\x80\x8Cبی@x"},
    {"local, non-joiner between letters that do not",
     CW_STR("a\xE2\x80\x8C"
            "b@x"),
     NULL, CW_JID_LOCAL_CHARACTER},
    {"local, middle dot between l", CW_STR("l·l@x"), "l·l@x"},
    {"local, middle dot elsewhere", CW_STR("a·l@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, geresh behind Hebrew", CW_STR("א׳@x"), "א׳@x"},
    {"local, geresh alone", CW_STR("׳א@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, katakana middle dot", CW_STR("ア・イ@x"), "ア・イ@x"},
    {"local, katakana middle dot alone", CW_STR("a・b@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, digits of two kinds", CW_STR("ب٠۰@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, keraia before Greek", CW_STR("͵α@x"), "͵α@x"},
    {"local, keraia at the end", CW_STR("α͵@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, from right to left", CW_STR("אב1@x"), "אב1@x"},
    {"local, both ways", CW_STR("אa@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, digit before right to left", CW_STR("1א@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, from right to left with digits of two kinds", CW_STR("א1٢@x"), NULL,
     CW_JID_LOCAL_CHARACTER},
    {"local, tatweel", CW_STR("ـ@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, old jamo", CW_STR("ᄀ@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, unassigned", CW_STR("\xCD\xB8@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"local, apostrophe", CW_STR("d'a@x"), NULL, CW_JID_LOCAL_CHARACTER},
    {"resource, ideographic space", CW_STR("x/a\xE3\x80\x80z"), "x/a z"},
    {"resource, emoji", CW_STR("x/😀"), "x/😀"},
    {"resource, case stays", CW_STR("x/Ä"), "x/Ä"},
    {"resource, full-width stays", CW_STR("x/Ａ"), "x/Ａ"},
    {"resource, decomposed", CW_STR("x/u\xCC\x88"), "x/ü"},
    {"resource, dot that becomes one allowed between l's", CW_STR("x/a\xCE\x87z"), NULL,
     CW_JID_RESOURCE_CHARACTER},
    {"resource, the same between l's", CW_STR("x/l\xCE\x87l"), "x/l·l"},
    {"resource, control", CW_STR("x/a\x07"), NULL, CW_JID_RESOURCE_CHARACTER},
    {"resource, C1 control", CW_STR("x/a\xC2\x85"), NULL, CW_JID_RESOURCE_CHARACTER},
    {"resource, direction override", CW_STR("x/a\xE2\x80\xAE"), NULL, CW_JID_RESOURCE_CHARACTER},
    {"resource, line feed", CW_STR("x/a\nb"), NULL, CW_JID_RESOURCE_CHARACTER},
    {"resource, empty", CW_STR("x/"), NULL, CW_JID_RESOURCE_EMPTY},
    {"UTF-8 broken", CW_STR("a\xFF@x"), NULL, CW_JID_NOT_UTF8},
    {"local, empty", CW_STR("@x"), NULL, CW_JID_LOCAL_EMPTY},
    {"domain, IDN", CW_STR("a@BÜCHER.example"), "a@bücher.example"},
    {"domain, A-label", CW_STR("a@xn--bcher-kva.example"), "a@bücher.example"},
    {"domain, A-label in capitals", CW_STR("a@XN--BCHER-KVA.example"), "a@bücher.example"},
    {"domain, sharp s stays", CW_STR("faß.de"), "faß.de"},
    {"domain, ideographic full stop", CW_STR("例え。テスト"), "例え.テスト"},
    {"domain, symbol", CW_STR("♚.example"), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, emoji as A-label", CW_STR("xn--ls8h.example"), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, A-label that is none", CW_STR("xn--a.example"), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, underscore", CW_STR("a_b.example"), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, hyphen first", CW_STR("-a.example"), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, hyphens third and fourth", CW_STR("ab--c.example"), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, NUL", CW_STR("a\0b.example"), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, two final dots", CW_STR("example.com.."), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, only a dot", CW_STR("."), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, second at", CW_STR("a@b@c"), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, IPv4", CW_STR("a@192.0.2.1"), "a@192.0.2.1"},
    {"domain, IPv6", CW_STR("a@[2001:DB8:0::1]"), "a@[2001:db8::1]"},
    {"domain, IPv6 without brackets", CW_STR("a@2001:db8::1"), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, IPv4 in brackets", CW_STR("a@[192.0.2.1]"), NULL, CW_JID_DOMAIN_INVALID},
    {"domain, zone", CW_STR("a@[fe80::1%eth0]"), NULL, CW_JID_DOMAIN_INVALID},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cw_arena arena = {0};
        struct cw_jid jid, again;
        enum cw_jid_fault fault = cw_jid_parse(&arena, rows[i].text, &jid);
        if (fault != rows[i].fault)
            fail_msg("%s: %s", rows[i].name, cw_jid_fault_text(fault));
        struct cw_str text = fault == CW_JID_OK ? cw_jid_str(&arena, &jid) : CW_STR_NONE;
        if (rows[i].enforced && !cw_str_eq_cstr(text, rows[i].enforced))
            fail_msg("%s: %.*s", rows[i].name, CW_ARG(text));
        /* Enforced once is enforced for ever. */
        if (fault == CW_JID_OK &&
            (cw_jid_parse(&arena, text, &again) != CW_JID_OK || !cw_jid_eq(&jid, &again)))
            fail_msg("%s: changes when enforced again", rows[i].name);
        cw_arena_free(&arena);
    }
}

struct domain_row {
    const char *name;
    struct cw_str text;
    const char *ascii, *unicode; /* NULL: refused */
};

static const struct domain_row domains[] = {
    {"plain", CW_STR("Example.COM."), "example.com", "example.com"},
    {"IDN", CW_STR("Bücher.example"), "xn--bcher-kva.example", "bücher.example"},
    {"IDN from A-label", CW_STR("xn--bcher-kva.example"), "xn--bcher-kva.example",
     "bücher.example"},
    {"IPv4", CW_STR("192.0.2.1"), NULL, NULL},
    {"full-width IPv4", CW_STR("１92.0.2.1"), NULL, NULL},
    {"IPv6", CW_STR("[::1]"), NULL, NULL},
    {"empty", CW_STR(""), NULL, NULL},
    {"absent", {NULL, 0}, NULL, NULL},
    {"label of 63", CW_STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b"),
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b"},
    {"label of 64", CW_STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b"),
     NULL, NULL},
};

static void test_domains(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        const struct domain_row *row = &domains[i];
        struct cw_arena arena = {0};
        struct cw_str ascii = CW_STR_NONE, unicode = CW_STR_NONE;
        bool good = cw_domain_to_ascii(&arena, row->text, &ascii);
        if (good != (row->ascii != NULL) || (good && !cw_str_eq_cstr(ascii, row->ascii)))
            fail_msg("%s: ASCII: %.*s", row->name, CW_ARG(ascii));
        good = cw_domain_to_unicode(&arena, row->text, &unicode);
        if (good != (row->unicode != NULL) || (good && !cw_str_eq_cstr(unicode, row->unicode)))
            fail_msg("%s: Unicode: %.*s", row->name, CW_ARG(unicode));
        cw_arena_free(&arena);
    }
}

static void test_bare(void **state)
{
    (void)state;
    struct cw_arena arena = {0};
    struct cw_jid a = parse(&arena, "a", CW_S("u@x/r")), b = parse(&arena, "b", CW_S("U@X/s"));
    struct cw_jid host = parse(&arena, "host", CW_S("x"));
    assert_true(cw_jid_eq_bare(&a, &b));
    assert_false(cw_jid_eq(&a, &b));
    assert_false(cw_jid_eq_bare(&a, &host));
    assert_true(cw_str_eq_cstr(cw_jid_bare(&arena, &a), "u@x"));
    assert_true(cw_str_eq_cstr(cw_jid_bare(&arena, &host), "x"));
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_escaping_vectors),
        cmocka_unit_test(test_rows),    cmocka_unit_test(test_domains),
        cmocka_unit_test(test_bare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
