/* Stream headers and features: to text, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "xml/reader.h"
#include "xmpp/ns.h"
#include "xmpp/stream.h"

#define STREAM "http://etherx.jabber.org/streams"

static struct cw_xml *read_root(struct cw_arena *arena, struct cw_str text)
{
    struct cw_xml_reader *reader = cw_xml_reader_new(&CW_XML_LIMITS_DEFAULT);
    struct cw_xml *root;
    cw_xml_reader_feed(reader, text);
    if (cw_xml_reader_next(reader, arena, &root) != CW_XML_STREAM_OPEN)
        fail_msg("%.*s: %s", CW_ARG(text), cw_xml_reader_fault_text(reader));
    cw_xml_reader_free(&reader);
    return root;
}

struct header_row {
    const char *name;
    const char *root;
    enum cw_stream_header_fault fault;
    unsigned major, minor;
};

#define VERSION(v) "<s:stream xmlns:s='" STREAM "' version='" v "'>"
static const struct header_row headers[] = {
    {"1.0", VERSION("1.0"), CW_HEADER_OK, 1, 0},
    {"no version", "<s:stream xmlns:s='" STREAM "'>", CW_HEADER_OK, 0, 9},
    {"leading zeros", VERSION("01.00"), CW_HEADER_OK, 1, 0},
    {"two numbers, no fraction", VERSION("1.13"), CW_HEADER_OK, 1, 13},
    {"later major", VERSION("11.2"), CW_HEADER_OK, 11, 2},
    {"no dot", VERSION("1"), CW_HEADER_UNSUPPORTED_VERSION},
    {"no minor", VERSION("1."), CW_HEADER_UNSUPPORTED_VERSION},
    {"no major", VERSION(".0"), CW_HEADER_UNSUPPORTED_VERSION},
    {"three numbers", VERSION("1.0.0"), CW_HEADER_UNSUPPORTED_VERSION},
    {"sign", VERSION("+1.0"), CW_HEADER_UNSUPPORTED_VERSION},
    {"space", VERSION("1.0 "), CW_HEADER_UNSUPPORTED_VERSION},
    {"empty", VERSION(""), CW_HEADER_UNSUPPORTED_VERSION},
    {"huge", VERSION("99999999999999999999.0"), CW_HEADER_UNSUPPORTED_VERSION},
    {"X10 other namespace", "<stream:stream xmlns:stream='http://evil.example/streams'>",
     CW_HEADER_INVALID_NAMESPACE},
    {"no namespace", "<stream version='1.0'>", CW_HEADER_INVALID_NAMESPACE},
    {"other name", "<s:steam xmlns:s='" STREAM "'>", CW_HEADER_BAD_FORMAT},
};

static void test_header_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        const struct header_row *row = &headers[i];
        struct cw_arena arena = {0};
        struct cw_stream_header header;
        enum cw_stream_header_fault fault =
            cw_stream_header_read(read_root(&arena, cw_str_of(row->root)), &header);
        if (fault != row->fault)
            fail_msg("%s: fault %d", row->name, fault);
        if (fault == CW_HEADER_OK && (header.major != row->major || header.minor != row->minor))
            fail_msg("%s: version %u.%u", row->name, header.major, header.minor);
        cw_arena_free(&arena);
    }
}

static void test_header_write(void **state)
{
    (void)state;
    struct cw_arena arena = {0};
    struct cw_buf out = {0};
    const struct cw_stream_header header = {.default_ns = CW_NS_SERVER,
                                            .from = CW_S("a'<&"),
                                            .to = CW_S("b"),
                                            .id = CW_S("i1"),
                                            .lang = CW_S("en"),
                                            .declares_db = true};
    cw_stream_header_write(&out, &header);
    assert_true(cw_str_eq_cstr(
        cw_buf_str(&out),
        "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='" STREAM
        "' xmlns:db='jabber:server:dialback' from='a&apos;&lt;&amp;' to='b' id='i1' "
        "xml:lang='en' version='1.0'>"));
    struct cw_stream_header again;
    assert_int_equal(cw_stream_header_read(read_root(&arena, cw_buf_str(&out)), &again),
                     CW_HEADER_OK);
    assert_true(cw_str_eq(again.from, header.from) && cw_str_eq(again.to, header.to));
    assert_true(cw_str_eq(again.id, header.id) && cw_str_eq(again.lang, header.lang));
    cw_buf_reset(&out);
    cw_stream_header_write(&out, &(struct cw_stream_header){.default_ns = CW_NS_COMPONENT});
    cw_stream_header_read(read_root(&arena, cw_buf_str(&out)), &again);
    assert_false(cw_str_is_present(again.from) || cw_str_is_present(again.id));
    assert_int_equal(again.major, 1);
    cw_buf_reset(&out);
    cw_stream_header_write(
        &out, &(struct cw_stream_header){.default_ns = CW_NS_SERVER, .before_1_0 = true});
    assert_int_equal(cw_stream_header_read(read_root(&arena, cw_buf_str(&out)), &again),
                     CW_HEADER_OK);
    assert_int_equal(again.major, 0);
    cw_buf_free(&out);
    cw_arena_free(&arena);
}

struct features_row {
    const char *name;
    const char *inside;
    struct cw_stream_features features;
    bool is_not_ours; /* we make no such features */
};

#define SASL(inside) "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" inside "</mechanisms>"
static const struct features_row features[] = {
    {"none", "", {0}},
    {"starttls", "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", {.starttls = true}},
    {"starttls required",
     "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>",
     {.starttls = true, .starttls_required = true}},
    {"starttls of another namespace", "<starttls xmlns='u:x'/>", {0}, .is_not_ours = true},
    {"external", SASL("<mechanism>EXTERNAL</mechanism>"), {.mechanisms = true, .external = true}},
    {"other mechanism",
     SASL("<mechanism>PLAIN</mechanism>"),
     {.mechanisms = true},
     .is_not_ours = true},
    {"external among others",
     SASL("<mechanism>PLAIN</mechanism><mechanism> EXTERNAL </mechanism>"),
     {.mechanisms = true, .external = true},
     .is_not_ours = true},
    {"name is case-sensitive",
     SASL("<mechanism>external</mechanism>"),
     {.mechanisms = true},
     .is_not_ours = true},
    {"mechanism with an element in it",
     SASL("<mechanism>EXTER<a/>NAL</mechanism>"),
     {.mechanisms = true},
     .is_not_ours = true},
    {"no mechanism", SASL(""), {0}, .is_not_ours = true},
    {"dialback", "<dialback xmlns='urn:xmpp:features:dialback'/>", {.dialback = true}},
    {"dialback with errors",
     "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>",
     {.dialback = true, .dialback_errors = true}},
    {"bidi", "<bidi xmlns='urn:xmpp:features:bidi'/>", {.bidi = true}},
    {"bidi of the element's namespace", "<bidi xmlns='urn:xmpp:bidi'/>", {0}, .is_not_ours = true},
    {"stream management", "<sm xmlns='urn:xmpp:sm:3'/>", {.sm = true}, .is_not_ours = true},
    {"stream management, required",
     "<sm xmlns='urn:xmpp:sm:3'><required/></sm>",
     {.sm = true, .other_required = true},
     .is_not_ours = true},
    {"unknown", "<x xmlns='u:x'><optional/></x>", {0}, .is_not_ours = true},
    {"unknown and required",
     "<x xmlns='u:x'><required/></x>",
     {.other_required = true},
     .is_not_ours = true},
    {"white space between",
     "\n <dialback xmlns='urn:xmpp:features:dialback'/> ",
     {.dialback = true}},
};

static bool same(const struct cw_stream_features *a, const struct cw_stream_features *b)
{
    return a->starttls == b->starttls && a->starttls_required == b->starttls_required &&
           a->mechanisms == b->mechanisms && a->external == b->external && a->bidi == b->bidi &&
           a->sm == b->sm && a->dialback == b->dialback &&
           a->dialback_errors == b->dialback_errors && a->other_required == b->other_required;
}

static void test_features(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        const struct features_row *row = &features[i];
        struct cw_arena arena = {0};
        struct cw_stream_features seen;
        struct cw_str text = cw_arena_printf(
            &arena, "<f:features xmlns:f='" STREAM "'>%s</f:features>", row->inside);
        cw_stream_features_read(cw_xml_parse(&arena, text, &CW_XML_LIMITS_DEFAULT, NULL), &seen);
        if (!same(&seen, &row->features))
            fail_msg("%s: read wrongly", row->name);
        const struct cw_xml *made = cw_stream_features_make(&arena, &row->features);
        assert_true(cw_xml_is(made, CW_NS_STREAM, "features"));
        cw_stream_features_read(made, &seen);
        if (!row->is_not_ours && !same(&seen, &row->features))
            fail_msg("%s: made wrongly", row->name);
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_read),
        cmocka_unit_test(test_header_write),
        cmocka_unit_test(test_features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
