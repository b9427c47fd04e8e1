/* Messages with typing and receipts, both ways: what is asked and told where it is taken, and what
 * a SIP request is about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "messages.h"
#include "vectors.h"
#include "xlate/content.h"
#include "xmpp/ns.h"

/* RFC 7573 table 4, and what is sent to nobody. */
static void states_become_documents(void **state)
{
    static const struct {
        const char *name, *inside, *says;
        bool takes_none;
    } rows[] = {
        {"composing", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", "active"},
        {"active", "<active xmlns='http://jabber.org/protocol/chatstates'/>", "idle"},
        {"paused", "<paused xmlns='http://jabber.org/protocol/chatstates'/>", "idle"},
        {"inactive", "<inactive xmlns='http://jabber.org/protocol/chatstates'/>", "idle"},
        {"gone", "<gone xmlns='http://jabber.org/protocol/chatstates'/>", "idle"},
        {"a thread", "<thread>t</thread><gone xmlns='http://jabber.org/protocol/chatstates'/>",
         "idle"},
        {"an unknown one", "<away xmlns='http://jabber.org/protocol/chatstates'/>", NULL},
        {"a receipt", "<received xmlns='urn:xmpp:receipts' id='i'/>", NULL},
        {"not taken", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", NULL, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_composing said;
        struct cw_str text =
            cw_arena_printf(&arena, "<message " TO_ROMEO ">%s</message>", rows[i].inside);
        struct cw_message_options options = {.takes_states = !rows[i].takes_none};
        struct cw_message_to_sip out = to_sip_with(&arena, text.p, &options);
        expect(rows[i].name, "sent",
               out.outcome == (rows[i].says ? CW_XLATE_SEND : CW_XLATE_NOTHING));
        if (rows[i].says) {
            expect_str(rows[i].name, "type", out.request.content_type, CW_COMPOSING_TYPE);
            cw_composing_parse(&arena, out.request.body, &said);
            expect(rows[i].name, "state",
                   said.is_active == cw_str_eq_cstr(cw_str_of(rows[i].says), "active"));
        }
        cw_arena_free(&arena);
    }
}

/* A receipt is asked for in an envelope, where one is understood, and where it fits. */
static void receipts_are_asked_for(void **state)
{
#define ASKS "<body>b</body><request xmlns='urn:xmpp:receipts'/>"
    static const struct {
        const char *name, *attributes, *inside;
        const char *date_time;
        size_t max_bytes;
        bool is_wrapped;
    } rows[] = {
        {"asked", TO_ROMEO, ASKS, "2026-01-02T03:04:05Z", 0, true},
        {"not understood", TO_ROMEO, ASKS, NULL, 0, false},
        {"not asked", TO_ROMEO, "<body>b</body>", "2026-01-02T03:04:05Z", 0, false},
        {"too long with it", TO_ROMEO, ASKS, "2026-01-02T03:04:05Z", 600, false},
        {"no id to refer to", "from='juliet@example.com' to='romeo@example.net'", ASKS,
         "2026-01-02T03:04:05Z", 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_cpim cpim = {.asks = 0};
        struct cw_str text =
            cw_arena_printf(&arena, "<message %s>%s</message>", rows[i].attributes, rows[i].inside);
        struct cw_message_options options = {.date_time = cw_str_of(rows[i].date_time),
                                             .max_sip_bytes = rows[i].max_bytes};
        struct cw_message_to_sip out = to_sip_with(&arena, text.p, &options);
        expect(rows[i].name, "sent", out.outcome == CW_XLATE_SEND);
        expect(rows[i].name, "wrapped",
               cw_str_is_present(out.message_id) == rows[i].is_wrapped &&
                   cw_str_eq(out.request.content_type, CW_CPIM_TYPE) == rows[i].is_wrapped);
        if (rows[i].is_wrapped) {
            expect(rows[i].name, "an envelope",
                   cw_cpim_parse(&arena, out.request.body, &cpim) == CW_CPIM_OK);
            expect_str(rows[i].name, "Message-ID", cpim.message_id, out.message_id);
            expect_str(rows[i].name, "From", cpim.from_uri, out.request.from_uri);
            expect_str(rows[i].name, "DateTime", cpim.date_time, options.date_time);
            expect(rows[i].name, "asks", cpim.asks == 3);
        }
        expect_str(rows[i].name, "body", rows[i].is_wrapped ? cpim.body : out.request.body,
                   CW_S("b"));
        cw_arena_free(&arena);
    }
}

/* --- from SIP ---------------------------------------------------------------------------------*/

#define COMPOSING(state)                                                       \
    "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>" state \
    "</state></isComposing>"
#define REPORT(kind, status)                                                                 \
    "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>m1</message-id><datetime/><" kind \
    "-notification><status><" status "/></status></" kind "-notification></imdn>"
#define ENVELOPE                                                          \
    "From: <im:romeo@example.net>\r\nNS: imdn <urn:ietf:params:imdn>\r\n" \
    "imdn.Message-ID: q1\r\nimdn.Disposition-Notification: positive-delivery\r\n\r\n"

/* RFC 7573 table 3; each as it is and in an envelope. */
static void requests_become_signals(void **state)
{
    static const struct {
        const char *name, *type, *body;
        enum cw_message_kind kind;
        const char *child; /* of the stanza, NULL: there is none */
        bool is_wrapped;
    } rows[] = {
        {"text", "text/plain", "b", CW_MESSAGE_TEXT, "body", false},
        {"text in an envelope", "message/cpim", ENVELOPE "Content-Type: text/plain\r\n\r\nb",
         CW_MESSAGE_TEXT, "body", true},
        {"typing", "application/im-iscomposing+xml", COMPOSING("active"), CW_MESSAGE_COMPOSING,
         "composing", false},
        {"typing no more", "Application/im-isComposing+XML", COMPOSING("idle"),
         CW_MESSAGE_COMPOSING, "active", false},
        {"typing in an envelope", "message/cpim",
         ENVELOPE "Content-Type: application/im-iscomposing+xml\r\n\r\n" COMPOSING("active"),
         CW_MESSAGE_COMPOSING, "composing", true},
        {"a report", "message/imdn+xml", REPORT("delivery", "delivered"), CW_MESSAGE_REPORT,
         "received", false},
        {"a report in an envelope", "message/cpim",
         ENVELOPE
         "Content-Type: message/imdn+xml\r\nContent-Disposition: notification\r\n\r\n" REPORT(
             "delivery", "delivered"),
         CW_MESSAGE_REPORT, "received", true},
        {"a failure", "message/imdn+xml", REPORT("delivery", "failed"), CW_MESSAGE_REPORT, "error",
         false},
        {"what has no counterpart", "message/imdn+xml", REPORT("display", "displayed"),
         CW_MESSAGE_REPORT, NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_message_to_xmpp out;
        const struct cw_sip_request request = {
            .method = CW_STR("MESSAGE"),
            .from_uri = CW_STR("sip:romeo@example.net"),
            .to_uri = CW_STR("sip:juliet@example.com"),
            .request_uri = CW_STR("sip:juliet@example.com"),
            .call_id = CW_STR("c1"),
            .content_type = cw_str_of(rows[i].type),
            .body = cw_str_of(rows[i].body),
        };
        const char *name = rows[i].name;
        cw_message_to_xmpp(&arena, &request, &(struct cw_message_options){0}, &out);
        expect(name, "outcome", out.outcome == (rows[i].child ? CW_XLATE_SEND : CW_XLATE_NOTHING));
        expect(name, "kind", out.kind == rows[i].kind);
        expect(name, "wrapped", out.is_wrapped == rows[i].is_wrapped);
        if (rows[i].child)
            expect(name, rows[i].child,
                   cw_xml_child(out.stanza, CW_STR_NONE, rows[i].child) != NULL);
        if (out.kind == CW_MESSAGE_TEXT)
            expect_str(name, "asks", out.reporting.message_id,
                       rows[i].is_wrapped ? CW_S("q1") : CW_STR_NONE);
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_become_documents),
        cmocka_unit_test(receipts_are_asked_for),
        cmocka_unit_test(requests_become_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
