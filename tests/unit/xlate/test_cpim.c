/* CPIM messages: what is read out of them, what is refused, and that nothing written into one ends
 * a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"
#include "xlate/content.h"
#include "xlate/cpim.h"

#define NS   "NS: imdn <urn:ietf:params:imdn>\r\n"
#define TEXT "\r\nContent-Type: text/plain\r\n\r\nb"

static const struct row {
    const char *name, *text;
    enum cw_cpim_fault fault;
    const char *from, *subject, *message_id, *body;
    unsigned asks;
} rows[] = {
    {"RFC 5438 section 7.1.1.3",
     "From: Alice <im:alice@example.com>\r\nTo: Bob <im:bob@example.com>\r\n" NS
     "imdn.Message-ID: 34jk324j\r\nDateTime: 2006-04-04T12:16:49-05:00\r\n"
     "imdn.Disposition-Notification: positive-delivery, negative-delivery\r\n\r\n"
     "Content-type: text/plain\r\nContent-length: 12\r\n\r\nHello World\n",
     CW_CPIM_OK, "im:alice@example.com", NULL, "34jk324j", "Hello World\n", 3},
    {"RFC 3862 section 5.1, without what it requires",
     "From: MR SANDERS <im:piglet@100akerwood.com>\r\n"
     "To: Depressed Donkey <im:eeyore@100akerwood.com>\r\nDateTime: 2000-12-13T13:40:00-08:00\r\n"
     "Subject: the weather will be fine today\r\n"
     "Subject:;lang=fr beau temps prevu pour aujourd'hui\r\n"
     "NS: MyFeatures <mid:MessageFeatures@id.foo.com>\r\n"
     "MyFeatures.WackyMessageOption: Use-silly-font\r\n\r\nContent-type: text/xml; charset=utf-8"
     "\r\nContent-ID: <1234567890@foo.com>\r\n\r\n<body>\r\n</body>",
     CW_CPIM_OK, "im:piglet@100akerwood.com", "the weather will be fine today", NULL,
     "<body>\r\n</body>", 0},
    {"what it requires is not known",
     "NS: MyFeatures <mid:MessageFeatures@id.foo.com>\r\n"
     "Require: MyFeatures.VitalMessageOption\r\n" TEXT,
     CW_CPIM_REQUIRES, NULL, NULL, NULL, NULL, 0},
    {"what it requires is known", NS "Require: From,imdn.Message-ID\r\n" TEXT, CW_CPIM_OK, NULL,
     NULL, NULL, "b", 0},
    {"another prefix",
     "NS: x <urn:ietf:params:imdn>\r\nx.Message-ID: m\r\n"
     "x.Disposition-Notification: negative-delivery;a=b,processing , display,x\r\n" TEXT,
     CW_CPIM_OK, NULL, NULL, "m", "b", 2},
    {"the usual prefix for something else",
     "NS: imdn <mid:other@example.com>\r\nimdn.Message-ID: m\r\n"
     "imdn.Disposition-Notification: positive-delivery\r\n" TEXT,
     CW_CPIM_OK, NULL, NULL, NULL, "b", 0},
    {"a prefix before its declaration", "imdn.Message-ID: m\r\n" NS TEXT, CW_CPIM_OK, NULL, NULL,
     NULL, "b", 0},
    {"a prefix declared anew", NS "NS: imdn <u:x>\r\nimdn.Message-ID: m\r\n" TEXT, CW_CPIM_OK, NULL,
     NULL, NULL, "b", 0},
    {"a default of its own", "NS: <u:x>\r\nFrom: <im:a@b.example>\r\n" TEXT, CW_CPIM_OK, NULL, NULL,
     NULL, "b", 0},
    {"names in another case are other names", "from: <im:a@b.example>\r\n" TEXT, CW_CPIM_OK, NULL,
     NULL, NULL, "b", 0},
    {"the first one counts", "From: <im:a@b.example>\r\nFrom: <im:c@d.example>\r\n" TEXT,
     CW_CPIM_OK, "im:a@b.example", NULL, NULL, "b", 0},
    {"an address in the name", "From: \"<im:x@y.example>\" <im:a@b.example>\r\n" TEXT, CW_CPIM_OK,
     "im:a@b.example", NULL, NULL, "b", 0},
    {"escapes", "Subject: a\\tb\\u00e9\\u2028\\ud800\\\"\\q\\\r\n" TEXT, CW_CPIM_OK, NULL,
     "a\tb\u00e9\u2028\uFFFD\"q", NULL, "b", 0},
    {"lines without CR", "Subject: s\n\nContent-Type: text/plain\n\nb", CW_CPIM_OK, NULL, "s", NULL,
     "b", 0},
    {"no headers of the message", "\r\nContent-Type: text/plain\r\n\r\nb", CW_CPIM_OK, NULL, NULL,
     NULL, "b", 0},
    {"no headers of the content", "Subject: s\r\n\r\n\r\nb", CW_CPIM_OK, NULL, "s", NULL, "b", 0},
    {"a folded header of the content",
     "\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nX: y\r\n\r\nb", CW_CPIM_OK, NULL, NULL,
     NULL, "b", 0},
    {"content cut by its length", "\r\nContent-Length: 1\r\n\r\nbxyz", CW_CPIM_OK, NULL, NULL, NULL,
     "b", 0},
    {"base64", "\r\nContent-Transfer-Encoding: BASE64\r\n\r\nYg==\r\n", CW_CPIM_OK, NULL, NULL,
     NULL, "b", 0},
    {"base64 that is none", "\r\nContent-Transfer-Encoding: base64\r\n\r\n?", CW_CPIM_MALFORMED,
     NULL, NULL, NULL, NULL, 0},
    {"quoted-printable", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nb",
     CW_CPIM_ENCODING, NULL, NULL, NULL, NULL, 0},
    {"longer than it is", "\r\nContent-Length: 2\r\n\r\nb", CW_CPIM_MALFORMED, NULL, NULL, NULL,
     NULL, 0},
    {"no length at all", "\r\nContent-Length: x\r\n\r\nb", CW_CPIM_MALFORMED, NULL, NULL, NULL,
     NULL, 0},
    {"no blank line", "From: <im:a@b.example>\r\n", CW_CPIM_MALFORMED, NULL, NULL, NULL, NULL, 0},
    {"one blank line", "From: <im:a@b.example>\r\n\r\nb", CW_CPIM_MALFORMED, NULL, NULL, NULL, NULL,
     0},
    {"no header", "hello\r\n" TEXT, CW_CPIM_MALFORMED, NULL, NULL, NULL, NULL, 0},
    {"a name with a space", "Fr om: x\r\n" TEXT, CW_CPIM_MALFORMED, NULL, NULL, NULL, NULL, 0},
    {"no UTF-8", "Subject: \xFF\r\n" TEXT, CW_CPIM_MALFORMED, NULL, NULL, NULL, NULL, 0},
    {"a namespace without its name", "NS: imdn\r\n" TEXT, CW_CPIM_MALFORMED, NULL, NULL, NULL, NULL,
     0},
    {"nothing", "", CW_CPIM_MALFORMED, NULL, NULL, NULL, NULL, 0},
};

static void messages_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_cpim got;
        const char *name = rows[i].name;
        expect(name, "fault",
               cw_cpim_parse(&arena, cw_str_of(rows[i].text), &got) == rows[i].fault);
        expect_str(name, "From", got.from_uri, cw_str_of(rows[i].from));
        expect_str(name, "Subject", got.subject, cw_str_of(rows[i].subject));
        expect_str(name, "Message-ID", got.message_id, cw_str_of(rows[i].message_id));
        expect_str(name, "body", got.body, cw_str_of(rows[i].body));
        expect(name, "asks", got.asks == rows[i].asks);
        expect(name, "a sentence", *cw_cpim_fault_text(rows[i].fault) != '\0');
        cw_arena_free(&arena);
    }
}

/* Cut before its content a message is refused; cut in it, only what names its length is. */
static void cut_messages_are_refused(void **state)
{
    struct cw_str text = cw_str_of(rows[0].text);
    size_t content = (size_t)cw_str_find(text, CW_S("Hello"));
    (void)state;
    for (size_t n = 0; n < text.n; n++) {
        struct cw_arena arena = {0};
        struct cw_cpim got;
        enum cw_cpim_fault fault = cw_cpim_parse(&arena, cw_str_sub(text, 0, n), &got);
        if (!fault || got.from_uri.p)
            fail_msg("cut at %zu of %zu", n, content);
        cw_arena_free(&arena);
    }
}

static void headers_are_counted(void **state)
{
    static const struct {
        const char *name, *line;
        size_t n;
        enum cw_cpim_fault fault;
    } many[] = {
        {"as many as may be", "X: y\r\n", CW_CPIM_MAX_HEADERS, CW_CPIM_OK},
        {"one more", "X: y\r\n", CW_CPIM_MAX_HEADERS + 1, CW_CPIM_MALFORMED},
        {"namespaces", NS, CW_CPIM_MAX_NAMESPACES, CW_CPIM_OK},
        {"one namespace more", NS, CW_CPIM_MAX_NAMESPACES + 1, CW_CPIM_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        struct cw_arena arena = {0};
        struct cw_buf text = {0};
        struct cw_cpim got;
        for (size_t j = 0; j < many[i].n; j++)
            cw_buf_putcstr(&text, many[i].line);
        cw_buf_putcstr(&text, TEXT);
        expect(many[i].name, "fault",
               cw_cpim_parse(&arena, cw_buf_str(&text), &got) == many[i].fault);
        cw_buf_free(&text);
        cw_arena_free(&arena);
    }
}

static void routes_are_read(void **state)
{
    struct cw_arena arena = {0};
    struct cw_cpim got;
    (void)state;
    assert_int_equal(cw_cpim_parse(&arena,
                                   CW_S(NS "imdn.IMDN-Record-Route: One <sip:a@b.example>\r\n"
                                           "imdn.IMDN-Record-Route: <sip:c@d.example>\r\n"
                                           "imdn.IMDN-Record-Route: none\r\n"
                                           "imdn.Original-To: <im:x@y.example>\r\n" TEXT),
                                   &got),
                     CW_CPIM_OK);
    assert_int_equal(got.n_routes, 2);
    expect_str("routes", "first", got.routes[0], CW_S("sip:a@b.example"));
    expect_str("routes", "second", got.routes[1], CW_S("sip:c@d.example"));
    expect_str("routes", "original", got.original_to, CW_S("im:x@y.example"));
    cw_arena_free(&arena);
}

/* Whatever a value holds: the lines stay the ones they are. */
static void nothing_ends_a_header(void **state)
{
    static const char *const nasty[] = {
        "x\r\nimdn.Disposition-Notification: display",
        "x\n\n",
        "\r",
        "a\\",
        "\\u000d\\n",
        "\x01\x7F",
        "x> <sip:evil@e.example",
        "\"",
        "\u00fc",
    };
    (void)state;
    for (size_t i = 0; i < sizeof nasty / sizeof *nasty; i++) {
        struct cw_arena arena = {0};
        struct cw_buf text = {0};
        struct cw_str value = cw_str_of(nasty[i]);
        const struct cw_cpim cpim = {
            .from_uri = value,
            .to_uri = CW_STR("sip:r@s.example"),
            .date_time = value,
            .subject = value,
            .message_id = CW_STR("m"),
            .original_to = value,
            .routes = {value},
            .n_routes = 1,
            .content_type = CW_STR("text/plain"),
            .content_disposition = value,
            .body = CW_STR("\r\nFrom: <sip:in@the.body>\r\n\r\n"),
        };
        struct cw_cpim got;
        cw_cpim_write(&text, &cpim);
        assert_int_equal(cw_cpim_parse(&arena, cw_buf_str(&text), &got), CW_CPIM_OK);
        /* The same, or not written: never something else. */
        expect(nasty[i], "From", !got.from_uri.p || cw_str_eq(got.from_uri, value));
        expect_str(nasty[i], "To", got.to_uri, cpim.to_uri);
        expect(nasty[i], "asks", got.asks == 0);
        expect(nasty[i], "original", !got.original_to.p || cw_str_eq(got.original_to, value));
        expect_str(nasty[i], "Subject", got.subject, value);
        expect_str(nasty[i], "Message-ID", got.message_id, cpim.message_id);
        expect_str(nasty[i], "type", got.content_type, cpim.content_type);
        expect_str(nasty[i], "body", got.body, cpim.body);
        for (size_t j = 0; j < text.n; j++)
            expect(nasty[i], "no control character",
                   ((unsigned char)text.p[j] >= ' ' && text.p[j] != 0x7F) || text.p[j] == '\r' ||
                       text.p[j] == '\n');
        cw_buf_free(&text);
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_read),     cmocka_unit_test(cut_messages_are_refused),
        cmocka_unit_test(headers_are_counted),   cmocka_unit_test(routes_are_read),
        cmocka_unit_test(nothing_ends_a_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
