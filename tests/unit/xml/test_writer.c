/* What is written reads back equal: chosen rows with their exact text, then random trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "xml/reader.h"

#define STREAM   "http://etherx.jabber.org/streams"
#define DIALBACK "jabber:server:dialback"
#define ENVELOPE \
    "<stream:stream xmlns='jabber:server' xmlns:stream='" STREAM "' xmlns:db='" DIALBACK "'>"

static const struct cw_xml_scope in_stream = {
    .default_ns = CW_STR("jabber:server"), .stream_prefix = true, .db_prefix = true};
static const struct cw_xml_scope nowhere = {.default_ns = CW_STR("")};

static bool equal(const struct cw_xml *a, const struct cw_xml *b);

static bool equal_attrs(const struct cw_xml *a, const struct cw_xml *b)
{
    size_t n_a = 0, n_b = 0;
    CW_XML_EACH_ATTR (other, b)
        n_b++;
    CW_XML_EACH_ATTR (attr, a) {
        bool found = false;
        n_a++;
        CW_XML_EACH_ATTR (other, b)
            found =
                found || (cw_str_eq(attr->ns, other->ns) && cw_str_eq(attr->name, other->name) &&
                          cw_str_eq(attr->value, other->value));
        if (!found)
            return false;
    }
    return n_a == n_b;
}

static bool equal(const struct cw_xml *a, const struct cw_xml *b)
{
    if (cw_xml_is_element(a) != cw_xml_is_element(b) || !cw_str_eq(a->ns, b->ns) ||
        !cw_str_eq(a->name, b->name) || !cw_str_eq(a->text, b->text) || !equal_attrs(a, b))
        return false;
    const struct cw_xml *x = a->first, *y = b->first;
    while (x && y && equal(x, y)) {
        x = x->next;
        y = y->next;
    }
    return !x && !y;
}

/* Reads the text as the one first-level element of a stream. */
static struct cw_xml *read_in_stream(struct cw_arena *arena, struct cw_str text)
{
    struct cw_xml_reader *reader = cw_xml_reader_new(&CW_XML_LIMITS_DEFAULT);
    struct cw_xml *node, *rest;
    cw_xml_reader_feed(reader, CW_S(ENVELOPE));
    assert_int_equal(cw_xml_reader_next(reader, arena, &node), CW_XML_STREAM_OPEN);
    cw_xml_reader_feed(reader, text);
    enum cw_xml_event event = cw_xml_reader_next(reader, arena, &node);
    if (event != CW_XML_ELEMENT || cw_xml_reader_next(reader, arena, &rest) != CW_XML_MORE)
        node = NULL;
    cw_xml_reader_free(&reader);
    return node;
}

struct row {
    const char *name;
    const char *input; /* a document */
    const char *output;
    bool is_alone; /* written without a stream around it */
};

static const struct row rows[] = {
    {"stanza in the default namespace",
     "<message xmlns='jabber:server' to='b'><body>hi</body></message>",
     "<message to='b'><body>hi</body></message>"},
    {"X28 prefixed stanza", "<x:message xmlns:x='jabber:server'><x:body/></x:message>",
     "<message><body/></message>"},
    {"X28 no namespace inside", "<m xmlns='jabber:server'><b xmlns=''><c/></b></m>",
     "<m><b xmlns=''><c/></b></m>"},
    {"X28 values", "<m xmlns='jabber:server' a='&#10;&#9;&#13;&apos;\"&lt;&gt;&amp;'/>",
     "<m a='&#10;&#9;&#13;&apos;&quot;&lt;&gt;&amp;'/>"},
    {"X27 text that looks like a stanza",
     "<m xmlns='jabber:server'><![CDATA[</m><m from='x'/>]]></m>",
     "<m>&lt;/m&gt;&lt;m from='x'/&gt;</m>"},
    {"CR in text", "<m xmlns='jabber:server'>a&#13;b\nc</m>", "<m>a&#13;b\nc</m>"},
    {"child in another namespace, and back",
     "<m xmlns='jabber:server'><x xmlns='u:x'><b xmlns='jabber:server'/></x></m>",
     "<m><x xmlns='u:x'><b xmlns='jabber:server'/></x></m>"},
    {"stream prefix", "<stream:error xmlns:stream='" STREAM "'><a xmlns='u:a'/></stream:error>",
     "<stream:error><a xmlns='u:a'/></stream:error>"},
    {"db prefix", "<result xmlns='" DIALBACK "' from='a'>k</result>",
     "<db:result from='a'>k</db:result>"},
    {"db prefix where none is declared", "<db:result xmlns:db='" DIALBACK "'>k</db:result>",
     "<result xmlns='" DIALBACK "'>k</result>", .is_alone = true},
    {"xml:lang", "<m xmlns='jabber:server' xml:lang='de'/>", "<m xml:lang='de'/>"},
    {"attributes in namespaces",
     "<m xmlns='jabber:server' xmlns:p='u:p' xmlns:q='u:q' a='0' p:a='1' q:a='2' p:b='3'/>",
     "<m a='0' xmlns:ns2='u:p' ns2:a='1' xmlns:ns3='u:q' ns3:a='2' ns2:b='3'/>"},
    {"stands alone", "<a xmlns='u:a'><b/></a>", "<a xmlns='u:a'><b/></a>", .is_alone = true},
    {"stands alone without namespace", "<a><b/></a>", "<a><b/></a>", .is_alone = true},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cw_arena arena = {0};
        struct cw_buf out = {0};
        struct cw_xml *node =
            cw_xml_parse(&arena, cw_str_of(rows[i].input), &CW_XML_LIMITS_DEFAULT, NULL);
        assert_non_null(node);
        cw_xml_write(&out, node, rows[i].is_alone ? &nowhere : &in_stream);
        if (!cw_str_eq_cstr(cw_buf_str(&out), rows[i].output))
            fail_msg("%s: %.*s", rows[i].name, CW_ARG(cw_buf_str(&out)));
        struct cw_xml *again =
            rows[i].is_alone ? cw_xml_parse(&arena, cw_buf_str(&out), &CW_XML_LIMITS_DEFAULT, NULL)
                             : read_in_stream(&arena, cw_buf_str(&out));
        if (!again || !equal(node, again))
            fail_msg("%s: reads back differently", rows[i].name);
        cw_buf_free(&out);
        cw_arena_free(&arena);
    }
}

/* A small generator of our own: the same trees on every machine. */
static uint32_t seed = 1;

static unsigned pick(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 16) % n;
}

static struct cw_str pick_ns(void)
{
    static const struct cw_str all[] = {CW_STR("jabber:server"), CW_STR(""),
                                        CW_STR(STREAM),          CW_STR(DIALBACK),
                                        CW_STR("u:a&'\"<>"),     CW_STR("u:b")};
    return all[pick(6)];
}

static struct cw_str pick_text(void)
{
    static const struct cw_str all[] = {CW_STR("a"),
                                        CW_STR(" \n\t\r\n "),
                                        CW_STR("<&>'\""),
                                        CW_STR("]]>"),
                                        CW_STR("\xE2\x98\xBA"),
                                        CW_STR("\xF0\x9F\x98\x80"),
                                        CW_STR("&amp;"),
                                        CW_STR("\r")};
    return all[pick(8)];
}

static const char *pick_name(void)
{
    static const char *const all[] = {"a", "b", "c-d", "message", "\xC3\xA9"};
    return all[pick(5)];
}

static void fill(struct cw_arena *arena, struct cw_xml *node, unsigned depth)
{
    if (pick(2))
        cw_xml_set(arena, node, pick_name(), pick_text());
    if (pick(4) == 0)
        cw_xml_set_lang(arena, node, pick_text());
    for (unsigned i = pick(3); i > 0; i--) {
        struct cw_xml_attr *attr = cw_arena_alloc(arena, sizeof *attr);
        char name[8];
        snprintf(name, sizeof name, "n%u", i);
        *attr = (struct cw_xml_attr){.next = node->attrs,
                                     .ns = pick_ns(),
                                     .name = cw_arena_dup(arena, cw_str_of(name)),
                                     .value = pick_text()};
        node->attrs = attr;
        if (!node->last_attr)
            node->last_attr = attr;
    }
    for (unsigned i = depth ? pick(4) : 0; i > 0; i--) {
        if (pick(3) == 0 && (!node->last || cw_xml_is_element(node->last)))
            cw_xml_add_text(arena, node, pick_text());
        else
            fill(arena, cw_xml_add(arena, node, pick_ns(), pick_name()), depth - 1);
    }
}

static void test_random_trees(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        struct cw_arena arena = {0};
        struct cw_buf out = {0};
        seed = i;
        struct cw_xml *node = cw_xml_new(&arena, pick_ns(), pick_name());
        fill(&arena, node, 5);
        cw_xml_write(&out, node, i % 2 ? &in_stream : &nowhere);
        struct cw_xml *again =
            i % 2 ? read_in_stream(&arena, cw_buf_str(&out))
                  : cw_xml_parse(&arena, cw_buf_str(&out), &CW_XML_LIMITS_DEFAULT, NULL);
        if (!again || !equal(node, again))
            fail_msg("tree %u reads back differently: %.*s", i, CW_ARG(cw_buf_str(&out)));
        if (!equal(node, cw_xml_copy(&arena, node)))
            fail_msg("tree %u: its copy differs", i);
        cw_buf_free(&out);
        cw_arena_free(&arena);
    }
}

struct escape_row {
    const char *name;
    struct cw_str input;
    const char *output;
};

static const struct escape_row escapes[] = {
    {"markup", CW_STR("a<b>&'\""), "a&lt;b&gt;&amp;&apos;&quot;"},
    {"control character", CW_STR("a\x07z"), "a\xEF\xBF\xBDz"},
    {"NUL", CW_STR("a\0z"), "a\xEF\xBF\xBDz"},
    {"broken UTF-8", CW_STR("\xFFz"), "\xEF\xBF\xBDz"},
    {"cut UTF-8", CW_STR("z\xE2\x98"), "z\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"non-character", CW_STR("\xEF\xBF\xBF"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"four octets", CW_STR("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80"},
    {"absent", {NULL, 0}, ""},
};

static void test_escapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        struct cw_buf out = {0};
        cw_xml_escape(&out, escapes[i].input);
        if (!cw_str_eq_cstr(cw_buf_str(&out), escapes[i].output))
            fail_msg("%s: %.*s", escapes[i].name, CW_ARG(cw_buf_str(&out)));
        cw_buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_random_trees),
        cmocka_unit_test(test_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
