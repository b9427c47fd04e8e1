/* Text made fit for XML and for a header line; charsets; language tags; media types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"
#include "xlate/content.h"
#include "xlate/text.h"

#define BAD "\xEF\xBF\xBD"

static const struct text_row {
    const char *name;
    struct cw_str in, xml, line;
} text_rows[] = {
    {"plain", CW_STR("abc"), CW_STR("abc"), CW_STR("abc")},
    {"empty", CW_STR(""), CW_STR(""), CW_STR("")},
    {"tab and LF", CW_STR("a\tb\nc"), CW_STR("a\tb\nc"), CW_STR("a b c")},
    {"CR LF", CW_STR("a\r\nb\rc"), CW_STR("a\nb\nc"), CW_STR("a b c")},
    {"header", CW_STR("x\r\nRoute: <sip:evil>\n"), CW_STR("x\nRoute: <sip:evil>\n"),
     CW_STR("x Route: <sip:evil>")},
    {"folded", CW_STR(" a \r\n\t b "), CW_STR(" a \n\t b "), CW_STR("a   b")},
    {"NUL", CW_STR("a\0b"), CW_STR("a" BAD "b"), CW_STR("a" BAD "b")},
    {"controls", CW_STR("\x01\x08\x0b\x0c\x0e\x1f"), CW_STR(BAD BAD BAD BAD BAD BAD),
     CW_STR(BAD BAD BAD BAD BAD BAD)},
    {"U+FFFE U+FFFF", CW_STR("\xEF\xBF\xBE\xEF\xBF\xBF"), CW_STR(BAD BAD), CW_STR(BAD BAD)},
    {"overlong NUL", CW_STR("\xC0\x80"), CW_STR(BAD BAD), CW_STR(BAD BAD)},
    {"surrogate", CW_STR("\xED\xA0\x80x"), CW_STR(BAD BAD BAD "x"), CW_STR(BAD BAD BAD "x")},
    {"cut at a lead byte", CW_STR("a\xC3"), CW_STR("a" BAD), CW_STR("a" BAD)},
    {"cut in four", CW_STR("a\xF0\x9F\x98"), CW_STR("a" BAD BAD BAD), CW_STR("a" BAD BAD BAD)},
    {"emoji", CW_STR("\xF0\x9F\x98\x80"), CW_STR("\xF0\x9F\x98\x80"), CW_STR("\xF0\x9F\x98\x80")},
    {"NEL, LS and DEL",
     CW_STR("a\xC2\x85"
            "b\xE2\x80\xA8"
            "c\x7f"
            "d"),
     CW_STR("a\xC2\x85"
            "b\xE2\x80\xA8"
            "c\x7f"
            "d"),
     CW_STR("a b c d")},
};

static void texts_are_made_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(text_rows) / sizeof(text_rows[0]); i++) {
        const struct text_row *row = &text_rows[i];
        struct cw_arena arena = {0};
        expect_str(row->name, "XML", cw_text_xml(&arena, row->in), row->xml);
        expect_str(row->name, "line", cw_text_line(&arena, row->in), row->line);
        cw_arena_free(&arena);
    }
}

/* Whatever the octets: the result is UTF-8, and a line has no line break. */
static void any_octets_are_made_fit(void **state)
{
    uint32_t seed = 3629;
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct cw_arena arena = {0};
        char octets[24];
        for (size_t i = 0; i < sizeof(octets); i++) {
            seed = seed * 1664525u + 1013904223u;
            octets[i] = (char)(seed >> 24);
        }
        struct cw_str in = {octets, round % sizeof(octets)};
        struct cw_str line = cw_text_line(&arena, in);
        assert_true(cw_str_is_utf8(cw_text_xml(&arena, in)));
        assert_true(cw_str_is_utf8(line));
        for (size_t i = 0; i < line.n; i++)
            assert_true((unsigned char)line.p[i] >= 0x20);
        cw_arena_free(&arena);
    }
}

static void charsets_are_converted(void **state)
{
    static const struct {
        const char *charset;
        struct cw_str in, out;
        bool ok;
    } rows[] = {
        {"utf-8", CW_STR("\u00fc"), CW_STR("\u00fc"), true},
        {"UTF-8", CW_STR("\u00fc"), CW_STR("\u00fc"), true},
        {"us-ascii", CW_STR("u"), CW_STR("u"), true},
        {"ISO-8859-1", CW_STR("gr\xFC\xDF"), CW_STR("gr\u00fc\u00df"), true},
        {"iso-8859-15", CW_STR("\xA4"), CW_STR("\u20ac"), true},
        {"windows-1252", CW_STR("\x80"), CW_STR("\u20ac"), true},
        {"iso-8859-1", CW_STR(""), CW_STR(""), true},
        {"utf-7", CW_STR("+AAA-"), CW_STR(""), false},
        {"utf-16", CW_STR("x"), CW_STR(""), false},
        {"", CW_STR("x"), CW_STR(""), false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_str out = CW_S("");
        expect(rows[i].charset, "is known",
               cw_text_from_charset(&arena, rows[i].in, cw_str_of(rows[i].charset), &out) ==
                   rows[i].ok);
        if (rows[i].ok)
            expect_str(rows[i].charset, "text", out, rows[i].out);
        cw_arena_free(&arena);
    }
}

static void languages_are_tags(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"cs", "cs"},
        {"de-CH-1996", "de-CH-1996"},
        {" en , fr", "en"},
        {"", NULL},
        {"e\r\nX: y", NULL},
        {"en_US", NULL},
        {"-en", NULL},
        {"en-", NULL},
        {"toolongsubtag", NULL},
        {"en;q=1", NULL},
        {",en", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_str(rows[i].in, "language", cw_text_language(cw_str_of(rows[i].in)),
                   cw_str_of(rows[i].out));
}

static void media_types_are_parsed(void **state)
{
    static const struct {
        const char *in;
        bool ok;
        const char *subtype, *charset;
    } rows[] = {
        {"text/plain", true, "plain", NULL},
        {"Text/PLAIN ; Charset=UTF-8", true, "PLAIN", "UTF-8"},
        {"text/plain;charset=\"utf\\-8\"", true, "plain", "utf-8"},
        {"text/plain;x=\"a;charset=b\";charset=c", true, "plain", "c"},
        {"text/plain;charset=a;charset=b", true, "plain", "a"},
        {"text", false, NULL, NULL},
        {"text/", false, NULL, NULL},
        {"text/plain;charset", false, NULL, NULL},
        {"text/plain;charset=\"x", false, NULL, NULL},
        {"text/plain charset=x", false, NULL, NULL},
        {"text/plain;", false, NULL, NULL},
        {"", false, NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_media_type media;
        expect(rows[i].in, "is one",
               cw_media_type_parse(&arena, cw_str_of(rows[i].in), &media) == rows[i].ok);
        if (rows[i].ok) {
            expect_str(rows[i].in, "subtype", media.subtype, cw_str_of(rows[i].subtype));
            expect_str(rows[i].in, "charset", media.charset, cw_str_of(rows[i].charset));
        }
        cw_arena_free(&arena);
    }
}

static void digests_know_their_borders(void **state)
{
    struct cw_arena arena = {0};
    const struct cw_str a[] = {CW_STR("ab"), CW_STR("c")}, b[] = {CW_STR("a"), CW_STR("bc")};
    (void)state;
    struct cw_str one = cw_text_digest(&arena, a, 2);
    assert_int_equal(one.n, 32);
    expect_str("digest", "again", cw_text_digest(&arena, a, 2), one);
    assert_false(cw_str_eq(cw_text_digest(&arena, b, 2), one));
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_made_fit),     cmocka_unit_test(any_octets_are_made_fit),
        cmocka_unit_test(charsets_are_converted), cmocka_unit_test(languages_are_tags),
        cmocka_unit_test(media_types_are_parsed), cmocka_unit_test(digests_know_their_borders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
