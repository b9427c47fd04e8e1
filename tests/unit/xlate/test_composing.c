/* Who is typing: what is read out of documents, what is refused, and that writing and reading are
 * the same values; chat states and receipts of stanzas beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"
#include "xlate/composing.h"
#include "xlate/signals.h"
#include "xml/reader.h"
#include "xmpp/ns.h"

#define DOC(inside) \
    "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'>" inside "</isComposing>"

static const struct row {
    const char *name, *document;
    enum cw_composing_fault fault;
    bool is_active;
    unsigned refresh_s, holds_s;
} rows[] = {
    /* RFC 3994 section 5; the schema's place is in another namespace than the document's. */
    {"the first example",
     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
     "<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\"\n"
     "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n"
     "xsi:schemaLocation=\"urn:ietf:params:xml:ns:im-composing iscomposing.xsd\">\n"
     "  <state>active</state>\n  <contenttype>text/plain</contenttype>\n"
     "  <refresh>90</refresh>\n</isComposing>\n",
     CW_COMPOSING_OK, true, 90, 90},
    {"the second example",
     DOC("<state>idle</state><lastactive>2003-01-27T10:43:00Z</lastactive>"
         "<contenttype>audio</contenttype>"),
     CW_COMPOSING_OK, false, 0, 120},
    {"active", DOC("<state>active</state>"), CW_COMPOSING_OK, true, 0, 120},
    {"white space", DOC("<state>\n active\t</state><refresh> 60 </refresh>"), CW_COMPOSING_OK, true,
     60, 60},
    {"prefixed",
     "<c:isComposing xmlns:c='urn:ietf:params:xml:ns:im-iscomposing'><c:state>active</c:state>"
     "</c:isComposing>",
     CW_COMPOSING_OK, true, 0, 120},
    {"another state is idle (section 3.5)", DOC("<state>pondering</state>"), CW_COMPOSING_OK, false,
     0, 120},
    {"a state in capitals is another", DOC("<state>ACTIVE</state>"), CW_COMPOSING_OK, false, 0,
     120},
    {"extensions", DOC("<x:a xmlns:x='u:x'><x:b/></x:a><state>active</state><x xmlns='u:y'/>"),
     CW_COMPOSING_OK, true, 0, 120},
    {"refresh zero", DOC("<state>active</state><refresh>0</refresh>"), CW_COMPOSING_OK, true, 0,
     120},
    {"refresh with a sign", DOC("<state>active</state><refresh>+70</refresh>"), CW_COMPOSING_OK,
     true, 70, 70},
    {"refresh below zero", DOC("<state>active</state><refresh>-5</refresh>"), CW_COMPOSING_OK, true,
     0, 120},
    {"refresh that is none", DOC("<state>active</state><refresh>1e3</refresh>"), CW_COMPOSING_OK,
     true, 0, 120},
    {"refresh without end",
     DOC("<state>active</state><refresh>99999999999999999999999999</refresh>"), CW_COMPOSING_OK,
     true, 3600, 3600},
    {"no state", DOC("<refresh>60</refresh>"), CW_COMPOSING_NOT_STATE, false, 0, 120},
    {"a state of another namespace", DOC("<state xmlns='u:x'>active</state>"),
     CW_COMPOSING_NOT_STATE, false, 0, 120},
    {"no namespace", "<isComposing><state>active</state></isComposing>", CW_COMPOSING_NOT_STATE,
     false, 0, 120},
    {"a stanza", "<message xmlns='jabber:server'/>", CW_COMPOSING_NOT_STATE, false, 0, 120},
    {"nothing", "", CW_COMPOSING_NOT_XML, false, 0, 120},
    {"text", "active", CW_COMPOSING_NOT_XML, false, 0, 120},
    {"external entity",
     "<!DOCTYPE isComposing [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" DOC("<state>&x;</state>"),
     CW_COMPOSING_NOT_XML, false, 0, 120},
    {"entity bomb",
     "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>" DOC(
         "<state>&b;</state>"),
     CW_COMPOSING_NOT_XML, false, 0, 120},
    {"two documents", DOC("<state>active</state>") DOC("<state>idle</state>"), CW_COMPOSING_NOT_XML,
     false, 0, 120},
};

static void documents_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_composing got;
        expect(rows[i].name, "fault",
               cw_composing_parse(&arena, cw_str_of(rows[i].document), &got) == rows[i].fault);
        expect(rows[i].name, "state", got.is_active == rows[i].is_active);
        expect(rows[i].name, "refresh", got.refresh_s == rows[i].refresh_s);
        expect(rows[i].name, "holds", cw_composing_holds_s(&got) == rows[i].holds_s);
        expect(rows[i].name, "a sentence", *cw_composing_fault_text(rows[i].fault) != '\0');
        cw_arena_free(&arena);
    }
}

/* A document cut anywhere is refused, never read in part. */
static void cut_documents_are_refused(void **state)
{
    struct cw_str document = cw_str_of(DOC("<state>active</state><refresh>90</refresh>"));
    (void)state;
    for (size_t n = 0; n < document.n; n++) {
        struct cw_arena arena = {0};
        struct cw_composing got;
        assert_int_not_equal(cw_composing_parse(&arena, cw_str_sub(document, 0, n), &got),
                             CW_COMPOSING_OK);
        assert_false(got.is_active);
        cw_arena_free(&arena);
    }
}

static void sizes_are_limited(void **state)
{
    static const struct {
        const char *name, *open, *close;
        size_t n;
    } nests[] = {{"deep", "<a>", "</a>", 20}, {"long", "x", "", CW_COMPOSING_MAX_BYTES}};
    (void)state;
    for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
        struct cw_buf text = {0};
        struct cw_arena arena = {0};
        struct cw_composing got;
        cw_buf_putcstr(&text, "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'>"
                              "<state>active</state>");
        for (size_t j = 0; j < nests[i].n; j++)
            cw_buf_putcstr(&text, nests[i].open);
        for (size_t j = 0; j < nests[i].n; j++)
            cw_buf_putcstr(&text, nests[i].close);
        cw_buf_putcstr(&text, "</isComposing>");
        expect(nests[i].name, "refused",
               cw_composing_parse(&arena, cw_buf_str(&text), &got) == CW_COMPOSING_TOO_LARGE);
        cw_buf_free(&text);
        cw_arena_free(&arena);
    }
}

static void what_is_written_is_read(void **state)
{
    static const struct cw_composing values[] = {{true, 120}, {true, 0}, {false, 0}, {true, 3600}};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct cw_arena arena = {0};
        struct cw_buf text = {0};
        struct cw_composing got;
        cw_composing_write(&text, &values[i]);
        assert_int_equal(cw_composing_parse(&arena, cw_buf_str(&text), &got), CW_COMPOSING_OK);
        assert_true(got.is_active == values[i].is_active && got.refresh_s == values[i].refresh_s);
        cw_buf_free(&text);
        cw_arena_free(&arena);
    }
}

/* --- stanzas ----------------------------------------------------------------------------------*/

#define STATE(name) "<" name " xmlns='http://jabber.org/protocol/chatstates'/>"

static const struct {
    const char *name, *stanza;
    enum cw_chat_state state;
    bool asks, is_alone;
    const char *received;
} stanzas[] = {
    {"active", "<message id='i'>" STATE("active") "</message>", CW_CHAT_ACTIVE, false, true, NULL},
    {"composing", "<message>" STATE("composing") "</message>", CW_CHAT_COMPOSING, false, true,
     NULL},
    {"paused", "<message>" STATE("paused") "</message>", CW_CHAT_PAUSED, false, true, NULL},
    {"inactive", "<message>" STATE("inactive") "</message>", CW_CHAT_INACTIVE, false, true, NULL},
    {"gone", "<message><thread>t</thread>" STATE("gone") "</message>", CW_CHAT_GONE, false, true,
     NULL},
    {"another word", "<message>" STATE("asleep") "</message>", CW_CHAT_UNSAID, false, false, NULL},
    {"two states", "<message>" STATE("active") STATE("gone") "</message>", CW_CHAT_UNSAID, false,
     false, NULL},
    {"with text", "<message><body>b</body>" STATE("active") "</message>", CW_CHAT_ACTIVE, false,
     false, NULL},
    {"with a subject", "<message><subject>s</subject>" STATE("active") "</message>", CW_CHAT_ACTIVE,
     false, false, NULL},
    {"of a room", "<message type='groupchat'>" STATE("active") "</message>", CW_CHAT_UNSAID, false,
     false, NULL},
    {"of somebody inside",
     "<message><forwarded xmlns='urn:xmpp:forward:0'><message>" STATE(
         "gone") "</message>"
                 "</forwarded></message>",
     CW_CHAT_UNSAID, false, false, NULL},
    {"asks", "<message id='i'><body>b</body><request xmlns='urn:xmpp:receipts'/></message>",
     CW_CHAT_UNSAID, true, false, NULL},
    {"asks without an id", "<message><body>b</body><request xmlns='urn:xmpp:receipts'/></message>",
     CW_CHAT_UNSAID, false, false, NULL},
    {"received", "<message><received xmlns='urn:xmpp:receipts' id='x'/></message>", CW_CHAT_UNSAID,
     false, true, "x"},
    {"received what", "<message><received xmlns='urn:xmpp:receipts'/></message>", CW_CHAT_UNSAID,
     false, false, NULL},
    {"a carbon is no receipt", "<message><received xmlns='urn:xmpp:carbons:2' id='x'/></message>",
     CW_CHAT_UNSAID, false, false, NULL},
};

static void signals_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stanzas / sizeof *stanzas; i++) {
        struct cw_arena arena = {0};
        enum cw_xml_fault fault;
        struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
        struct cw_signals got;
        const char *name = stanzas[i].name;
        cw_signals_read(cw_xml_parse(&arena, cw_str_of(stanzas[i].stanza), &limits, &fault), &got);
        expect(name, "state", got.state == stanzas[i].state);
        expect(name, "asks", got.asks_receipt == stanzas[i].asks);
        expect(name, "alone", cw_signals_are_alone(&got) == stanzas[i].is_alone);
        expect_str(name, "received", got.received, cw_str_of(stanzas[i].received));
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read), cmocka_unit_test(cut_documents_are_refused),
        cmocka_unit_test(sizes_are_limited),  cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(signals_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
