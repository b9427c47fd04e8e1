/* Reports: what is read out of them, what is refused, and that writing and reading are the same
 * values; what they are on the other side of the border. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"
#include "xlate/report.h"
#include "xmpp/error.h"
#include "xmpp/ns.h"

#define DOC(inside) "<imdn xmlns='urn:ietf:params:xml:ns:imdn'>" inside "</imdn>"
#define HEAD        "<message-id>34jk324j</message-id><datetime>2008-04-04T12:16:49-05:00</datetime>"
#define DELIVERY(status) \
    DOC(HEAD "<delivery-notification><status>" status "</status></delivery-notification>")

static const struct row {
    const char *name, *document;
    enum cw_imdn_fault fault;
    enum cw_imdn_kind kind;
    enum cw_imdn_status status;
} rows[] = {
    {"the RFC's example",
     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">\n"
     " <message-id>34jk324j</message-id>\n <datetime>2008-04-04T12:16:49-05:00</datetime>\n"
     " <recipient-uri>im:bob@example.com</recipient-uri>\n <original-recipient-uri\n"
     "  >im:bob@example.com</original-recipient-uri>\n <delivery-notification>\n  <status>\n"
     "   <delivered/>\n  </status>\n </delivery-notification>\n</imdn>\n",
     CW_IMDN_OK, CW_IMDN_DELIVERY, CW_IMDN_DELIVERED},
    {"failed", DELIVERY("<failed/>"), CW_IMDN_OK, CW_IMDN_DELIVERY, CW_IMDN_FAILED},
    {"forbidden", DELIVERY("<forbidden/>"), CW_IMDN_OK, CW_IMDN_DELIVERY, CW_IMDN_FORBIDDEN},
    {"error", DELIVERY("<error/>"), CW_IMDN_OK, CW_IMDN_DELIVERY, CW_IMDN_ERROR},
    {"displayed",
     DOC(HEAD "<display-notification><status><displayed/></status></display-notification>"),
     CW_IMDN_OK, CW_IMDN_DISPLAY, CW_IMDN_DISPLAYED},
    {"stored",
     DOC(HEAD "<processing-notification><status><stored/></status></processing-notification>"),
     CW_IMDN_OK, CW_IMDN_PROCESSING, CW_IMDN_STORED},
    {"an extension's status", DELIVERY("<x xmlns='u:x'/>"), CW_IMDN_OK, CW_IMDN_DELIVERY,
     CW_IMDN_UNSAID},
    {"a status beside an extension's", DELIVERY("<x xmlns='u:x'/><delivered/>"), CW_IMDN_OK,
     CW_IMDN_DELIVERY, CW_IMDN_DELIVERED},
    {"two that contradict each other", DELIVERY("<delivered/><failed/>"), CW_IMDN_OK,
     CW_IMDN_DELIVERY, CW_IMDN_UNSAID},
    {"a status of another notification", DELIVERY("<displayed/>"), CW_IMDN_OK, CW_IMDN_DELIVERY,
     CW_IMDN_UNSAID},
    {"and the other way",
     DOC(HEAD "<display-notification><status><delivered/></status></display-notification>"),
     CW_IMDN_OK, CW_IMDN_DISPLAY, CW_IMDN_UNSAID},
    {"a status of another namespace", DELIVERY("<delivered xmlns='u:x'/>"), CW_IMDN_OK,
     CW_IMDN_DELIVERY, CW_IMDN_UNSAID},
    {"delivered outside of a status",
     DOC(HEAD "<delivery-notification><delivered/></delivery-notification>"), CW_IMDN_OK,
     CW_IMDN_DELIVERY, CW_IMDN_UNSAID},
    {"no notification", DOC(HEAD), CW_IMDN_OK, CW_IMDN_NOTHING, CW_IMDN_UNSAID},
    {"no message", DOC("<datetime/>"), CW_IMDN_NOT_REPORT, CW_IMDN_NOTHING, CW_IMDN_UNSAID},
    {"an empty message id", DOC("<message-id> </message-id>"), CW_IMDN_NOT_REPORT, CW_IMDN_NOTHING,
     CW_IMDN_UNSAID},
    {"another document", "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'/>",
     CW_IMDN_NOT_REPORT, CW_IMDN_NOTHING, CW_IMDN_UNSAID},
    {"nothing", "", CW_IMDN_NOT_XML, CW_IMDN_NOTHING, CW_IMDN_UNSAID},
    {"external entity",
     "<!DOCTYPE imdn [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" DOC(
         "<message-id>&x;</message-id>"),
     CW_IMDN_NOT_XML, CW_IMDN_NOTHING, CW_IMDN_UNSAID},
};

static void documents_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_imdn got;
        const char *name = rows[i].name;
        expect(name, "fault",
               cw_imdn_parse(&arena, cw_str_of(rows[i].document), &got) == rows[i].fault);
        expect(name, "kind", got.kind == rows[i].kind);
        expect(name, "status", got.status == rows[i].status);
        if (!rows[i].fault)
            expect_str(name, "message id", got.message_id, CW_S("34jk324j"));
        cw_arena_free(&arena);
    }
}

/* A document cut anywhere is refused, never read in part. */
static void cut_documents_are_refused(void **state)
{
    struct cw_str document = cw_str_trim(cw_str_of(rows[0].document));
    (void)state;
    for (size_t n = 0; n < document.n; n++) {
        struct cw_arena arena = {0};
        struct cw_imdn got;
        assert_int_not_equal(cw_imdn_parse(&arena, cw_str_sub(document, 0, n), &got), CW_IMDN_OK);
        assert_false(cw_str_is_present(got.message_id));
        cw_arena_free(&arena);
    }
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (unsigned status = CW_IMDN_DELIVERED; status <= CW_IMDN_FAILED; status++) {
        struct cw_arena arena = {0};
        struct cw_buf text = {0};
        struct cw_imdn got, value = {
                                .message_id = CW_STR("<&\">]]>"),
                                .date_time = CW_STR("\r\n<x/>"),
                                .recipient_uri = CW_STR("im:a&b@c.example"),
                                .kind = CW_IMDN_DELIVERY,
                                .status = (enum cw_imdn_status)status,
                            };
        cw_imdn_write(&text, &value);
        assert_int_equal(cw_imdn_parse(&arena, cw_buf_str(&text), &got), CW_IMDN_OK);
        expect_str("written", "message id", got.message_id, value.message_id);
        expect_str("written", "date", got.date_time, CW_S("<x/>"));
        expect_str("written", "recipient", got.recipient_uri, value.recipient_uri);
        expect("written", "no original", !cw_str_is_present(got.original_recipient_uri));
        expect("written", "status", got.kind == value.kind && got.status == value.status);
        cw_buf_free(&text);
        cw_arena_free(&arena);
    }
}

/* What each status is in XMPP: nothing is made of what has no counterpart there. */
static void reports_become_stanzas(void **state)
{
    static const struct cw_jid alice = {.local = CW_STR("alice"), .domain = CW_STR("a.example")};
    static const struct cw_jid juliet = {
        .local = CW_STR("juliet"), .domain = CW_STR("j.example"), .resource = CW_STR("r")};
    (void)state;
    for (unsigned status = CW_IMDN_UNSAID; status <= CW_IMDN_ERROR; status++) {
        struct cw_arena arena = {0};
        const char *name = cw_imdn_status_name((enum cw_imdn_status)status);
        const struct cw_imdn report = {.status = (enum cw_imdn_status)status};
        const struct cw_xml *stanza = cw_report_stanza(&arena, &report, &alice, &juliet, CW_S("i"));
        expect(name, "stanza",
               (stanza != NULL) == (status == CW_IMDN_DELIVERED || status == CW_IMDN_FAILED));
        if (stanza) {
            expect_str(name, "from", cw_xml_attr(stanza, "from"), CW_S("alice@a.example"));
            expect_str(name, "to", cw_xml_attr(stanza, "to"), CW_S("juliet@j.example/r"));
        }
        if (status == CW_IMDN_DELIVERED)
            expect_str(name, "id",
                       cw_xml_attr(cw_xml_child(stanza, CW_NS_RECEIPTS, "received"), "id"),
                       CW_S("i"));
        if (status == CW_IMDN_FAILED)
            expect_str(name, "id", cw_xml_attr(stanza, "id"), CW_S("i"));
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read),
        cmocka_unit_test(cut_documents_are_refused),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(reports_become_stanzas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
