/* The push parser: each row whole and byte by byte.  Rows are what strangers send; the numbers in
 * the names are those of the list of bad input that the product is held against. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "xml/reader.h"

#define HEADER                                                   \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' " \
    "xmlns:stream='http://etherx.jabber.org/streams' from='a' to='b' version='1.0'>"
#define MESSAGE "<message from='a@x' to='b@y'><body>hi</body></message>"

/* Events as letters: O open, E element, C close, B broken. */
struct row {
    const char *name;
    struct cw_str input;
    const char *events;
    enum cw_xml_fault fault;
    const char *text; /* of the last element's first child element, or NULL */
};

static const struct row rows[] = {
    {"header only", CW_STR(HEADER), "O"},
    {"header without declaration", CW_STR("<s xmlns='jabber:server'>"), "O"},
    {"UTF-8 declared", CW_STR("<?xml version='1.0' encoding='utf-8'?><s>"), "O"},
    {"stanza", CW_STR(HEADER MESSAGE), "OE", .text = "hi"},
    {"three elements and close", CW_STR(HEADER MESSAGE "<a/><b></b></stream:stream>"), "OEEEC"},
    {"white space between", CW_STR(HEADER " \r\n\t" MESSAGE "\n\n" MESSAGE " "), "OEE"},
    {"empty root", CW_STR("<s/>"), "OC"},
    {"unfinished stanza", CW_STR(HEADER "<message><body>hi</body>"), "O"},
    {"white space in stanza stays", CW_STR(HEADER "<m><b> \n </b></m>"), "OE", .text = " \n "},
    {"predefined entities", CW_STR(HEADER "<m><b>&lt;&amp;&gt;&quot;&apos;</b></m>"), "OE",
     .text = "<&>\"'"},
    {"character reference", CW_STR(HEADER "<m><b>&#x263A;&#10;</b></m>"), "OE",
     .text = "\xE2\x98\xBA\n"},
    {"X04 comment", CW_STR(HEADER "<m><b>a<!-- c -->b</b></m>"), "OB", CW_XML_FAULT_RESTRICTED_XML},
    {"X04 comment in stream", CW_STR(HEADER "<!-- c -->" MESSAGE), "OB",
     CW_XML_FAULT_RESTRICTED_XML},
    {"X04 comment before root", CW_STR("<!-- c -->" HEADER), "B", CW_XML_FAULT_RESTRICTED_XML},
    {"processing instruction", CW_STR(HEADER "<?php x?>" MESSAGE), "OB",
     CW_XML_FAULT_RESTRICTED_XML},
    {"processing instruction before root", CW_STR("<?x y?>" HEADER), "B",
     CW_XML_FAULT_RESTRICTED_XML},
    {"document type", CW_STR("<!DOCTYPE s [<!ENTITY a 'b'>]><s>&a;"), "B",
     CW_XML_FAULT_RESTRICTED_XML},
    {"external document type", CW_STR("<!DOCTYPE s SYSTEM 'file:///etc/passwd'><s>"), "B",
     CW_XML_FAULT_RESTRICTED_XML},
    {"document type in stream", CW_STR(HEADER "<!DOCTYPE s [<!ENTITY a 'b'>]>"), "OB",
     CW_XML_FAULT_NOT_WELL_FORMED},
    {"X05 undefined entity", CW_STR(HEADER "<m><b>&nbsp;</b></m>"), "OB",
     CW_XML_FAULT_RESTRICTED_XML},
    {"undefined entity in attribute", CW_STR(HEADER "<m a='&nbsp;'/>"), "OB",
     CW_XML_FAULT_RESTRICTED_XML},
    {"X06 UTF-16LE with mark", CW_STR("\xFF\xFE<\0s\0>\0"), "B", CW_XML_FAULT_UNSUPPORTED_ENCODING},
    {"X06 UTF-16BE with mark", CW_STR("\xFE\xFF\0<\0s\0>"), "B", CW_XML_FAULT_UNSUPPORTED_ENCODING},
    {"X06 UTF-16LE without mark", CW_STR("<\0s\0>\0"), "B", CW_XML_FAULT_UNSUPPORTED_ENCODING},
    {"X06 UTF-16BE without mark", CW_STR("\0<\0s\0>"), "B", CW_XML_FAULT_UNSUPPORTED_ENCODING},
    {"X06 NUL behind what is broken already", CW_STR("<\r\x01\0"), "B",
     CW_XML_FAULT_NOT_WELL_FORMED},
    {"X06 NUL behind a reference", CW_STR("&<\0"), "B", CW_XML_FAULT_NOT_WELL_FORMED},
    {"X06 Latin-1 declared", CW_STR("<?xml version='1.0' encoding='ISO-8859-1'?><s>"), "B",
     CW_XML_FAULT_UNSUPPORTED_ENCODING},
    {"X06 UTF-16 declared", CW_STR("<?xml version='1.0' encoding='UTF-16'?><s>"), "B",
     CW_XML_FAULT_UNSUPPORTED_ENCODING},
    {"X07 overlong", CW_STR(HEADER "<m><b>\xC0\xBC</b></m>"), "OB", CW_XML_FAULT_NOT_WELL_FORMED},
    {"X07 surrogate", CW_STR(HEADER "<m><b>\xED\xA0\x80</b></m>"), "OB",
     CW_XML_FAULT_NOT_WELL_FORMED},
    {"X07 over U+10FFFF", CW_STR(HEADER "<m><b>\xF5\x80\x80\x80</b></m>"), "OB",
     CW_XML_FAULT_NOT_WELL_FORMED},
    {"X07 unfinished character", CW_STR(HEADER "<m><b>\xE2\x82</b></m>"), "OB",
     CW_XML_FAULT_NOT_WELL_FORMED},
    {"X08 form feed in namespace", CW_STR(HEADER "<m xmlns='jabber:server&#x0c;evil'/>"), "OB",
     CW_XML_FAULT_NOT_WELL_FORMED},
    {"X08 our separator in namespace", CW_STR(HEADER "<m xmlns='jabber:server&#1;evil'/>"), "OB",
     CW_XML_FAULT_NOT_WELL_FORMED},
    {"X08 our separator, raw",
     CW_STR(HEADER "<m xmlns='jabber:server\x01"
                   "evil'/>"),
     "OB", CW_XML_FAULT_NOT_WELL_FORMED},
    {"X12 HTTP", CW_STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "B", CW_XML_FAULT_NOT_WELL_FORMED},
    {"X12 SSH", CW_STR("SSH-2.0-x\r\n"), "B", CW_XML_FAULT_NOT_WELL_FORMED},
    {"X12 TLS", CW_STR("\x16\x03\x01\x02\x03\x01\x04\x05"), "B", CW_XML_FAULT_NOT_WELL_FORMED},
    {"X13 prefix not declared", CW_STR(HEADER "<db:result/>"), "OB",
     CW_XML_FAULT_BAD_NAMESPACE_PREFIX},
    {"X13 attribute's prefix", CW_STR(HEADER "<m foo:a=''/>"), "OB",
     CW_XML_FAULT_BAD_NAMESPACE_PREFIX},
    {"X13 prefix not declared in the root", CW_STR("<stream:stream xmlns='jabber:server'>"), "B",
     CW_XML_FAULT_BAD_NAMESPACE_PREFIX},
    {"xmlns prefix bound", CW_STR("<s xmlns:xmlns='u:x'>"), "B", CW_XML_FAULT_BAD_NAMESPACE_PREFIX},
    {"X24 after the close", CW_STR(HEADER "</stream:stream>" MESSAGE "<<<"), "OC"},
    {"X25 newline before declaration", CW_STR("\n" HEADER), "B", CW_XML_FAULT_NOT_WELL_FORMED},
    {"X25 second declaration", CW_STR(HEADER "<?xml version='1.0'?>"), "OB",
     CW_XML_FAULT_NOT_WELL_FORMED},
    {"X27 CDATA is text", CW_STR(HEADER "<m><b><![CDATA[</b><m/>]]></b></m>"), "OE",
     .text = "</b><m/>"},
    {"CDATA in stream", CW_STR(HEADER "<![CDATA[]]>"), "OB", CW_XML_FAULT_BAD_FORMAT},
    {"text in stream", CW_STR(HEADER MESSAGE "x" MESSAGE), "OEB", CW_XML_FAULT_BAD_FORMAT},
    {"wrong end tag", CW_STR(HEADER "<a></b>"), "OB", CW_XML_FAULT_NOT_WELL_FORMED},
    {"wrong end of stream", CW_STR("<s xmlns='u'></stream>"), "OB", CW_XML_FAULT_NOT_WELL_FORMED},
    {"attribute twice", CW_STR(HEADER "<m a='1' a='2'/>"), "OB", CW_XML_FAULT_NOT_WELL_FORMED},
    {"attribute twice by two prefixes",
     CW_STR(HEADER "<m xmlns:p='u:x' xmlns:q='u:x' p:a='1' q:a='2'/>"), "OB",
     CW_XML_FAULT_NOT_WELL_FORMED},
    {"NUL in text", CW_STR(HEADER "<m><b>a\0b</b></m>"), "OB", CW_XML_FAULT_NOT_WELL_FORMED},
    {"element after a fault", CW_STR(HEADER "<a></b>" MESSAGE), "OB", CW_XML_FAULT_NOT_WELL_FORMED},
};

static struct cw_xml_reader *new_reader(void)
{
    return cw_xml_reader_new(&CW_XML_LIMITS_DEFAULT);
}

struct seen {
    char events[32];
    size_t n;
    char text[64];
};

static void note(struct seen *seen, struct cw_arena *arena, enum cw_xml_event event,
                 const struct cw_xml *node)
{
    assert_true(seen->n + 1 < sizeof seen->events);
    seen->events[seen->n++] = "MOECB"[event];
    struct cw_xml *first = event == CW_XML_ELEMENT ? cw_xml_first_element(node) : NULL;
    if (first) {
        struct cw_str text = cw_xml_text(arena, first);
        assert_true(text.n < sizeof seen->text);
        memcpy(seen->text, text.p, text.n);
        seen->text[text.n] = 0;
    }
}

/* Feeds in steps of that many octets; ends at BROKEN. */
static void run(const struct row *row, size_t step, struct seen *seen)
{
    struct cw_arena arena = {0};
    struct cw_xml_reader *reader = new_reader();
    bool broken = false;
    for (size_t at = 0; at < row->input.n && !broken; at += step) {
        cw_xml_reader_feed(reader, cw_str_sub(row->input, at, at + step));
        struct cw_xml *node;
        enum cw_xml_event event;
        while (!broken && (event = cw_xml_reader_next(reader, &arena, &node)) != CW_XML_MORE) {
            note(seen, &arena, event, node);
            cw_arena_reset(&arena);
            broken = event == CW_XML_BROKEN;
        }
    }
    if (cw_xml_reader_fault(reader) != row->fault)
        fail_msg("%s (steps of %zu): fault: %s", row->name, step, cw_xml_reader_fault_text(reader));
    struct cw_xml *node;
    cw_xml_reader_feed(reader, CW_S("<a/>"));
    if (broken && cw_xml_reader_next(reader, &arena, &node) != CW_XML_BROKEN)
        fail_msg("%s: the reader lives after a fault", row->name);
    cw_xml_reader_free(&reader);
    cw_arena_free(&arena);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        const size_t steps[] = {row->input.n, 1, 3, 7};
        for (size_t s = 0; s < 4; s++) {
            struct seen seen = {0};
            run(row, steps[s], &seen);
            if (strcmp(seen.events, row->events) != 0)
                fail_msg("%s (steps of %zu): %s, not %s", row->name, steps[s], seen.events,
                         row->events);
            if (row->text && strcmp(seen.text, row->text) != 0)
                fail_msg("%s (steps of %zu): text \"%s\"", row->name, steps[s], seen.text);
        }
    }
}

/* An event comes with the octet that completes it, not with a later one. */
static void test_completing_octet(void **state)
{
    (void)state;
    static const char *const parts[] = {HEADER, MESSAGE, " \n<a b='>'/>", "<c><d/></c>",
                                        "</stream:stream>"};
    static const enum cw_xml_event events[] = {CW_XML_STREAM_OPEN, CW_XML_ELEMENT, CW_XML_ELEMENT,
                                               CW_XML_ELEMENT, CW_XML_STREAM_CLOSE};
    struct cw_arena arena = {0};
    struct cw_xml_reader *reader = new_reader();
    for (size_t p = 0; p < 5; p++) {
        for (size_t i = 0; parts[p][i]; i++) {
            struct cw_xml *node;
            cw_xml_reader_feed(reader, (struct cw_str){parts[p] + i, 1});
            enum cw_xml_event want = parts[p][i + 1] ? CW_XML_MORE : events[p];
            if (cw_xml_reader_next(reader, &arena, &node) != want)
                fail_msg("part %zu, octet %zu", p, i);
            assert_int_equal(cw_xml_reader_next(reader, &arena, &node), CW_XML_MORE);
        }
    }
    cw_xml_reader_free(&reader);
    cw_arena_free(&arena);
}

static void test_names_are_resolved(void **state)
{
    (void)state;
    struct cw_arena arena = {0};
    struct cw_xml_reader *reader = new_reader();
    struct cw_xml *node;
    cw_xml_reader_feed(
        reader, CW_S(HEADER "<x:message xmlns:x='jabber:server' xml:lang='de' id='&#10;&lt;'>"
                            "<body xmlns=''/></x:message>"));
    assert_int_equal(cw_xml_reader_next(reader, &arena, &node), CW_XML_STREAM_OPEN);
    assert_true(cw_xml_is(node, CW_S("http://etherx.jabber.org/streams"), "stream"));
    assert_true(cw_str_eq_cstr(cw_xml_reader_default_ns(reader), "jabber:server"));
    assert_true(cw_str_eq_cstr(cw_xml_attr(node, "to"), "b"));
    assert_false(cw_str_is_present(cw_xml_attr(node, "xmlns")));
    assert_int_equal(cw_xml_reader_next(reader, &arena, &node), CW_XML_ELEMENT);
    assert_true(cw_xml_is(node, CW_S("jabber:server"), "message"));
    assert_true(cw_str_eq_cstr(cw_xml_lang(node), "de"));
    assert_true(cw_str_eq_cstr(cw_xml_attr(node, "id"), "\n<"));
    assert_non_null(cw_xml_child(node, CW_S(""), "body"));
    assert_null(cw_xml_child(node, CW_S("jabber:server"), "body"));
    cw_xml_reader_free(&reader);
    cw_arena_free(&arena);
}

/* What the root declares counts, whatever the prefix; what is inside does not. */
static void test_declarations(void **state)
{
    (void)state;
    struct cw_arena arena = {0};
    struct cw_xml_reader *reader = new_reader();
    struct cw_xml *node;

    cw_xml_reader_feed(reader,
                       CW_S("<s:s xmlns='u:default' xmlns:s='u:s' xmlns:x='u:x'><a xmlns='u:a'/>"));
    assert_false(cw_xml_reader_declares(reader, CW_S("u:s")));
    assert_int_equal(cw_xml_reader_next(reader, &arena, &node), CW_XML_STREAM_OPEN);
    assert_int_equal(cw_xml_reader_next(reader, &arena, &node), CW_XML_ELEMENT);
    assert_true(cw_xml_reader_declares(reader, CW_S("u:default")));
    assert_true(cw_xml_reader_declares(reader, CW_S("u:s")));
    assert_true(cw_xml_reader_declares(reader, CW_S("u:x")));
    assert_false(cw_xml_reader_declares(reader, CW_S("u:")));
    assert_false(cw_xml_reader_declares(reader, CW_S("u:a")));
    assert_false(cw_xml_reader_declares(reader, CW_S("")));
    cw_xml_reader_free(&reader);
    cw_arena_free(&arena);
}

/* What stands behind the event at hand, wherever the input is cut in two. */
static void test_rest(void **state)
{
    static const char input[] = HEADER "<a b='>'/> <c>d</c>" MESSAGE "tail";
    size_t total = sizeof input - 1;

    (void)state;
    for (size_t cut = 0; cut <= total; cut++) {
        struct cw_arena arena = {0};
        struct cw_xml_reader *reader = new_reader();
        struct cw_xml *node;
        size_t fed = cut, n_events = 0;

        cw_xml_reader_feed(reader, (struct cw_str){input, cut});
        while (n_events < 4) {
            static const char *const ends[] = {HEADER, HEADER "<a b='>'/>",
                                               HEADER "<a b='>'/> <c>d</c>",
                                               HEADER "<a b='>'/> <c>d</c>" MESSAGE};
            enum cw_xml_event event = cw_xml_reader_next(reader, &arena, &node);
            if (event == CW_XML_MORE) {
                assert_int_equal(fed, cut);
                cw_xml_reader_feed(reader, (struct cw_str){input + cut, total - cut});
                fed = total;
                continue;
            }
            size_t end = strlen(ends[n_events++]);
            struct cw_str want = {input + end, fed - end};
            if (!cw_str_eq(cw_xml_reader_rest(reader), want))
                fail_msg("cut at %zu, event %zu: %.*s", cut, n_events,
                         CW_ARG(cw_xml_reader_rest(reader)));
        }
        cw_xml_reader_free(&reader);
        cw_arena_free(&arena);
    }
}

/* What a limit lets through and what not, one octet or element apart. */
struct limit_row {
    const char *name;
    struct cw_str input;
    struct cw_xml_limits limits;
    const char *events;
};
#define LIMITS(bytes, depth, attrs, children)                                     \
    {                                                                             \
        .max_element_bytes = (bytes), .max_depth = (depth), .max_attrs = (attrs), \
        .max_children = (children)                                                \
    }

static const struct limit_row limit_rows[] = {
    {"bytes, header fits", CW_STR("<s a='12'>"), LIMITS(10, 9, 9, 9), "O"},
    {"bytes, header over", CW_STR("<s a='123'>"), LIMITS(10, 9, 9, 9), "B"},
    {"bytes, element fits", CW_STR("<s><a>1234</a>"), LIMITS(11, 9, 9, 9), "OE"},
    {"bytes, element over", CW_STR("<s><a>12345</a>"), LIMITS(11, 9, 9, 9), "OB"},
    {"bytes, each element anew", CW_STR("<s><a>1234</a><a>1234</a>  <a>1234</a>"),
     LIMITS(11, 9, 9, 9), "OEEE"},
    {"bytes, white space is free", CW_STR("<s>                             <a/>"),
     LIMITS(8, 9, 9, 9), "OE"},
    {"bytes, white space before the root is not", CW_STR("              <s>"), LIMITS(8, 9, 9, 9),
     "B"},
    {"depth fits", CW_STR("<s><a><b><c/></b></a>"), LIMITS(99, 3, 9, 9), "OE"},
    {"depth over", CW_STR("<s><a><b><c/></b></a>"), LIMITS(99, 2, 9, 9), "OB"},
    {"attributes fit", CW_STR("<s><a b='' xmlns:c='u:c'/>"), LIMITS(99, 9, 2, 9), "OE"},
    {"attributes over", CW_STR("<s><a b='' xmlns:c='u:c'/>"), LIMITS(99, 9, 1, 9), "OB"},
    {"attributes of the root over", CW_STR("<s a='' b=''>"), LIMITS(99, 9, 1, 9), "B"},
    {"children fit", CW_STR("<s><a><b/><b><c/></b></a><a><b/><b/><b/></a>"), LIMITS(99, 9, 9, 3),
     "OEE"},
    {"children over", CW_STR("<s><a><b/><b><c/></b></a>"), LIMITS(99, 9, 9, 2), "OB"},
};

static void test_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof limit_rows / sizeof limit_rows[0]; i++) {
        const struct limit_row *row = &limit_rows[i / 2];
        size_t step = i % 2 ? 1 : row->input.n;
        struct cw_arena arena = {0};
        struct cw_xml_reader *reader = cw_xml_reader_new(&row->limits);
        struct seen seen = {0};
        struct cw_xml *node;
        enum cw_xml_event event = CW_XML_MORE;
        for (size_t at = 0; at < row->input.n && event != CW_XML_BROKEN; at += step) {
            cw_xml_reader_feed(reader, cw_str_sub(row->input, at, at + step));
            while ((event = cw_xml_reader_next(reader, &arena, &node)) != CW_XML_MORE) {
                note(&seen, &arena, event, node);
                if (event == CW_XML_BROKEN)
                    break;
            }
        }
        if (strcmp(seen.events, row->events) != 0)
            fail_msg("%s (steps of %zu): %s, not %s", row->name, step, seen.events, row->events);
        if (event == CW_XML_BROKEN)
            assert_int_equal(cw_xml_reader_fault(reader), CW_XML_FAULT_POLICY_VIOLATION);
        cw_xml_reader_free(&reader);
        cw_arena_free(&arena);
    }
}

/* Feeds the piece again and again; the number of octets taken until the fault, or `most`. */
static size_t flood(const char *start, const char *piece, size_t most, enum cw_xml_fault *fault)
{
    struct cw_arena arena = {0};
    struct cw_xml_reader *reader = new_reader();
    struct cw_xml *node;
    size_t fed = 0;
    enum cw_xml_event event = CW_XML_MORE;
    cw_xml_reader_feed(reader, cw_str_of(start));
    while (fed < most && event != CW_XML_BROKEN) {
        while ((event = cw_xml_reader_next(reader, &arena, &node)) != CW_XML_MORE) {
            if (event == CW_XML_BROKEN)
                break;
            cw_arena_reset(&arena);
        }
        cw_xml_reader_feed(reader, cw_str_of(piece));
        fed += strlen(piece);
    }
    *fault = cw_xml_reader_fault(reader);
    cw_xml_reader_free(&reader);
    cw_arena_free(&arena);
    return fed;
}

struct flood_row {
    const char *name, *start, *piece;
    enum cw_xml_fault fault;
};

static const struct flood_row flood_rows[] = {
    {"X15 long header", "<s from='", "AAAAAAAAAAAAAAAA", CW_XML_FAULT_POLICY_VIOLATION},
    {"X18 long value, an octet at a time", HEADER "<m a='", "A", CW_XML_FAULT_POLICY_VIOLATION},
    {"X18 ends that are none, an octet at a time", HEADER "<m a='", ">",
     CW_XML_FAULT_POLICY_VIOLATION},
    {"X18 long text, an octet at a time", HEADER "<m>", "A", CW_XML_FAULT_POLICY_VIOLATION},
    {"X19 same attribute", HEADER "<message", " a=''", CW_XML_FAULT_POLICY_VIOLATION},
    {"X20 nesting", HEADER, "<x xmlns:n123='u:123'>", CW_XML_FAULT_POLICY_VIOLATION},
    {"X21 white space first", "", "  ", CW_XML_FAULT_POLICY_VIOLATION},
    {"X21 white space in the stream", HEADER, "    ", CW_XML_FAULT_NONE},
    {"many children", HEADER "<m>", "<a/>", CW_XML_FAULT_POLICY_VIOLATION},
    {"long comment", HEADER "<!--", "A", CW_XML_FAULT_POLICY_VIOLATION},
    {"long name", HEADER "<", "A", CW_XML_FAULT_POLICY_VIOLATION},
};

static void test_floods(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof flood_rows / sizeof flood_rows[0]; i++) {
        const struct flood_row *row = &flood_rows[i];
        const size_t most = 600000;
        enum cw_xml_fault fault;
        clock_t before = clock();
        size_t fed = flood(row->start, row->piece, most, &fault);
        if (fault != row->fault || (fault != CW_XML_FAULT_NONE && fed >= 300000))
            fail_msg("%s: fault %d after %zu", row->name, fault, fed);
        /* An attack costs seconds or minutes here; the bound leaves room for sanitizers. */
        if ((clock() - before) / CLOCKS_PER_SEC >= 5)
            fail_msg("%s: took %ld s", row->name, (long)((clock() - before) / CLOCKS_PER_SEC));
    }
}

/* X19: distinct names, in one piece: 60,000 of them must not cost a second. */
static void test_many_attributes(void **state)
{
    (void)state;
    struct cw_buf tag = {0};
    cw_buf_putcstr(&tag, HEADER "<message");
    for (int i = 0; i < 60000; i++)
        cw_buf_printf(&tag, " a%d=''", i);
    cw_buf_putcstr(&tag, "/>");
    struct cw_arena arena = {0};
    struct cw_xml_reader *reader = new_reader();
    struct cw_xml *node;
    clock_t before = clock();
    cw_xml_reader_feed(reader, cw_buf_str(&tag));
    assert_int_equal(cw_xml_reader_next(reader, &arena, &node), CW_XML_STREAM_OPEN);
    assert_int_equal(cw_xml_reader_next(reader, &arena, &node), CW_XML_BROKEN);
    assert_int_equal(cw_xml_reader_fault(reader), CW_XML_FAULT_POLICY_VIOLATION);
    assert_true((clock() - before) / CLOCKS_PER_SEC < 5);
    cw_xml_reader_free(&reader);
    cw_buf_free(&tag);
    cw_arena_free(&arena);
}

struct document_row {
    const char *name;
    struct cw_str text;
    bool good;
    enum cw_xml_fault fault;
};

static const struct document_row documents[] = {
    {"element", CW_STR("<a/>"), true},
    {"declaration and white space", CW_STR("<?xml version='1.0' encoding='UTF-8'?>\n<a> </a>\n"),
     true},
    {"two roots", CW_STR("<a/><b/>"), false, CW_XML_FAULT_NOT_WELL_FORMED},
    {"unfinished", CW_STR("<a><b/>"), false, CW_XML_FAULT_NOT_WELL_FORMED},
    {"empty", CW_STR(""), false, CW_XML_FAULT_NOT_WELL_FORMED},
    {"comment behind", CW_STR("<a/><!-- -->"), false, CW_XML_FAULT_RESTRICTED_XML},
    {"text behind", CW_STR("<a/>x"), false, CW_XML_FAULT_NOT_WELL_FORMED},
    {"UTF-16", CW_STR("\xFF\xFE<\0a\0/\0>\0"), false, CW_XML_FAULT_UNSUPPORTED_ENCODING},
    {"laughs", CW_STR("<!DOCTYPE a [<!ENTITY b 'ha'>]><a>&b;</a>"), false,
     CW_XML_FAULT_RESTRICTED_XML},
};

static void test_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        struct cw_arena arena = {0};
        enum cw_xml_fault fault;
        struct cw_xml *node =
            cw_xml_parse(&arena, documents[i].text, &CW_XML_LIMITS_DEFAULT, &fault);
        if (documents[i].good != (node != NULL) || fault != documents[i].fault)
            fail_msg("%s: fault %d", documents[i].name, fault);
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_completing_octet),
        cmocka_unit_test(test_names_are_resolved),
        cmocka_unit_test(test_declarations),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_many_attributes),
        cmocka_unit_test(test_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
