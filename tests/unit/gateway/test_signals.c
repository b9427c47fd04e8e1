/* Typing and receipts: who gets what, by what he has shown, and how long it holds.  Requests and
 * stanzas come out as words; time is fake_loop's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "events.h"
#include "fake_loop.h"
#include "gateway/contact.h"
#include "gateway/signals.h"
#include "gateway/support.h"
#include "gateway/typing.h"
#include "xlate/content.h"
#include "xml/reader.h"
#include "xmpp/ns.h"

#define STATE(name) "<" name " xmlns='http://jabber.org/protocol/chatstates'/>"
#define REQUEST     "<request xmlns='urn:xmpp:receipts'/>"

static const struct cw_jid juliet = {
    .local = CW_STR("juliet"), .domain = CW_STR("partner.test"), .resource = CW_STR("balcony")};
static const struct cw_jid bare_juliet = {.local = CW_STR("juliet"),
                                          .domain = CW_STR("partner.test")};
static const struct cw_jid alice = {.local = CW_STR("alice"), .domain = CW_STR("sip.test")};

static struct gateway gateway;
static struct gw_signals *signals;
static struct cw_arena arena;
static struct gw_sip_sending last;
static bool is_refused; /* by the rules */

/* --- the gateway's other parts
 * ------------------------------------------------------------------*/

enum cw_err gw_sip_send(struct gw_sip *sip, const struct gw_sip_sending *sending)
{
    struct cw_composing composing;
    (void)sip;
    last = *sending;
    assert_true(cw_str_eq(sending->domain, alice.domain));
    assert_int_equal(cw_composing_parse(&arena, sending->request->body, &composing),
                     CW_COMPOSING_OK);
    happened(composing.is_active ? "sip:active" : "sip:idle");
    return CW_OK;
}

/* "<composing>", "<received>", with the resource of who gets it. */
void gw_s2x_send(struct gw_s2x *s, const struct cw_xml *stanza)
{
    struct cw_jid to;
    (void)s;
    assert_int_equal(cw_jid_parse(&arena, cw_xml_attr(stanza, "to"), &to), CW_JID_OK);
    const struct cw_xml *child = cw_xml_first_element(stanza);
    happened("<%.*s>%.*s", CW_ARG(child->name), CW_ARG(to.resource));
}

void gw_s2x_received(struct gw_s2x *s, const struct cw_jid *remote, const struct cw_jid *local,
                     struct cw_str id)
{
    (void)s;
    (void)remote;
    (void)local;
    (void)id;
}

void gw_contact_judge(const struct gateway *g, enum cw_contact_event event,
                      const struct cw_jid *local, const struct cw_jid *remote,
                      struct cw_contact_verdict *out)
{
    (void)g;
    (void)event;
    assert_true(cw_jid_eq_bare(local, &alice) && cw_jid_eq_bare(remote, &juliet));
    out->answer = is_refused ? CW_CONTACT_REFUSE : CW_CONTACT_ALLOW;
}

static int set_up(void **state)
{
    (void)state;
    forget_events();
    is_refused = false;
    gateway = (struct gateway){.log.role = "test"};
    gateway.signals = signals = gw_signals_new(&gateway);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gw_signals_free(&signals);
    assert_int_equal(fake_timers(), 0);
    cw_arena_free(&arena);
    return 0;
}

/* --- what they do
 * -------------------------------------------------------------------------------*/

static const struct cw_xml *stanza_with(const char *inside)
{
    enum cw_xml_fault fault;
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    return cw_xml_parse(
        &arena,
        cw_arena_printf(&arena, "<message xmlns='jabber:server' id='m'>%s</message>", inside),
        &limits, &fault);
}

/* The partner's user writes: heard, and as x2s.c does, passed on when it is a state alone. */
static void juliet_says(const struct cw_jid *client, const char *inside)
{
    const struct cw_xml *stanza = stanza_with(inside);
    struct cw_signals said;
    cw_signals_read(stanza, &said);
    gw_signals_heard(signals, client, &alice, stanza, &said);
    if (said.is_text)
        gw_signals_goes(signals, client, &alice, CW_STR_NONE, CW_S("m"));
    else if (gw_signals_pass(signals, client, &alice, stanza))
        happened(said.state == CW_CHAT_COMPOSING ? "sip:active" : "sip:idle");
}

static struct cw_xml *alice_says(const char *type, const char *body, struct cw_str accept)
{
    const struct cw_sip_request request = {
        .method = CW_STR("MESSAGE"),
        .from_uri = CW_STR("sip:alice@sip.test"),
        .to_uri = CW_STR("sip:juliet@partner.test"),
        .request_uri = CW_STR("sip:juliet@partner.test"),
        .call_id = CW_STR("c1"),
        .content_type = cw_str_of(type),
        .accept = accept,
        .body = cw_str_of(body),
    };
    struct cw_message_to_xmpp out;
    cw_message_to_xmpp(&arena, &request, &(struct cw_message_options){0}, &out);
    assert_int_not_equal(out.outcome, CW_XLATE_REFUSED);
    return gw_signals_request(signals, &arena, &request, &out, out.stanza) ? out.stanza : NULL;
}

static void alice_types(bool is_active, unsigned refresh_s)
{
    struct cw_buf text = {0};
    cw_composing_write(&text, &(struct cw_composing){is_active, refresh_s});
    cw_buf_putc(&text, '\0');
    assert_null(alice_says("application/im-iscomposing+xml", text.p, CW_STR_NONE));
    cw_buf_free(&text);
}

/* --- what holds how long
 * ------------------------------------------------------------------------*/

static void test_active_is_refreshed(void **state)
{
    (void)state;
    alice_types(false, 0);
    juliet_says(&juliet, STATE("composing"));
    assert_events("typing", "sip:active");
    juliet_says(&juliet, STATE("composing"));
    fake_pass(89999);
    assert_events("not yet", "");
    fake_pass(1);
    assert_events("before two minutes are over", "sip:active");
    juliet_says(&juliet, STATE("paused"));
    assert_events("paused", "sip:idle");
    juliet_says(&juliet, STATE("inactive"));
    juliet_says(&juliet, STATE("gone"));
    fake_pass(600000);
    assert_events("idle once", "");
    juliet_says(&juliet, STATE("composing"));
    juliet_says(&juliet, "<body>b</body>" STATE("active"));
    fake_pass(600000);
    assert_events("a text ends it without a word", "sip:active");
}

static void test_a_client_that_vanished(void **state)
{
    (void)state;
    alice_types(false, 0);
    juliet_says(&juliet, STATE("composing"));
    fake_pass(3600 * 1000);
    assert_events("ten minutes",
                  "sip:active sip:active sip:active sip:active sip:active sip:active "
                  "sip:active");
    assert_int_equal(fake_timers(), 0);
    juliet_says(&juliet, STATE("composing"));
    assert_events("it came back", "sip:active");
    is_refused = true;
    fake_pass(600000);
    assert_events("the rules have changed", "");
}

static void test_a_phone_that_refuses(void **state)
{
    (void)state;
    alice_types(false, 0);
    juliet_says(&juliet, STATE("composing"));
    fake_pass(90000);
    assert_events("again", "sip:active sip:active");
    last.final(last.arg, last.user, &(struct cw_sip_response){.status = 415});
    fake_pass(600000);
    juliet_says(&juliet, STATE("paused"));
    juliet_says(&juliet, STATE("composing"));
    assert_events("no more of it", "");
}

static void test_composing_expires(void **state)
{
    static const struct {
        const char *name;
        unsigned refresh_s;
        uint64_t holds_ms;
    } rows[] = {{"as said", 60, 60000}, {"not said", 0, 120000}};
    (void)state;
    juliet_says(&juliet, "<body>b</body>" STATE("active"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        alice_types(true, rows[i].refresh_s);
        assert_events(rows[i].name, "<composing>balcony");
        fake_pass(rows[i].holds_ms - 1);
        alice_types(true, rows[i].refresh_s);
        fake_pass(rows[i].holds_ms - 1);
        assert_events("said again, once for XMPP", "");
        fake_pass(1);
        assert_events(rows[i].name, "<paused>balcony");
    }
    alice_types(true, 60);
    alice_types(false, 0);
    fake_pass(600000);
    assert_events("idle", "<composing>balcony <active>balcony");
    alice_types(false, 0);
    assert_events("idle already", "");
    alice_types(true, 60);
    assert_non_null(alice_says("text/plain", "b", CW_STR_NONE));
    fake_pass(600000);
    assert_events("a text ends it", "<composing>balcony");
    alice_types(true, 60);
    is_refused = true;
    fake_pass(600000);
    assert_events("the rules have changed", "<composing>balcony");
}

/* --- who has shown what
 * -------------------------------------------------------------------------*/

static const struct cw_jid orchard = {
    .local = CW_STR("juliet"), .domain = CW_STR("partner.test"), .resource = CW_STR("orchard")};

static void test_what_the_client_has_shown(void **state)
{
    static const struct {
        const char *name, *inside;   /* of balcony */
        const struct cw_jid *client; /* NULL: that is all */
        const char *then;            /* what that one says */
        const char *events;          /* when alice types */
    } rows[] = {
        {"nothing", "", NULL, NULL, ""},
        {"text", "<body>b</body>", NULL, NULL, ""},
        {"a state with text", "<body>b</body>" STATE("active"), NULL, NULL, "<composing>balcony"},
        {"a state alone", STATE("inactive"), NULL, NULL, "<composing>balcony"},
        {"two states are none", STATE("active") STATE("gone"), NULL, NULL, ""},
        {"a state of another namespace", "<body>b</body><active xmlns='x:y'/>", NULL, NULL, ""},
        {"it stops", STATE("active"), &juliet, "<body>b</body>", ""},
        {"another client does not begin", STATE("active"), &orchard, "<body>b</body>", ""},
        {"another client", STATE("active"), &orchard, STATE("active"), "<composing>orchard"},
        {"a receipt of another client", STATE("active"), &orchard,
         "<received xmlns='urn:xmpp:receipts' id='x'/>", "<composing>balcony"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up(state);
        juliet_says(&juliet, rows[i].inside);
        if (rows[i].client)
            juliet_says(rows[i].client, rows[i].then);
        alice_types(true, 0);
        assert_events(rows[i].name, rows[i].events);
        gw_signals_free(&signals);
    }
    set_up(state);
}

/* What a text from SIP takes along. */
static void test_what_goes_with_a_text(void **state)
{
#define ASKS "NS: i <urn:ietf:params:imdn>\r\ni.Message-ID: m\r\ni.Disposition-Notification: "
#define TEXT "\r\n\r\nContent-Type: text/plain\r\n\r\nb"
    static const struct {
        const char *name, *inside; /* juliet has written */
        const char *since;         /* from another client; NULL: nothing */
        bool has_typed;            /* alice */
        const char *type, *body;
        bool has_state, has_request;
    } rows[] = {
        {"nothing shown", "<body>b</body>", NULL, true, "text/plain", "b", false, false},
        {"one side types", STATE("active"), NULL, false, "text/plain", "b", false, false},
        {"both type", STATE("active"), NULL, true, "text/plain", "b", true, false},
        {"no receipts shown", "<body>b</body>", NULL, false, "message/cpim",
         ASKS "positive-delivery" TEXT, false, false},
        {"receipts", "<body>b</body>" REQUEST, NULL, false, "message/cpim",
         ASKS "positive-delivery" TEXT, false, true},
        {"negative only", "<body>b</body>" REQUEST, NULL, false, "message/cpim",
         ASKS "negative-delivery" TEXT, false, false},
        {"receipts of a client that he has left", "<body>b</body>" REQUEST, "<body>b</body>", false,
         "message/cpim", ASKS "positive-delivery" TEXT, false, false},
        {"not asked", "<body>b</body>" REQUEST, NULL, false, "text/plain", "b", false, false},
        {"both", "<body>b</body>" STATE("active") REQUEST, NULL, true, "message/cpim",
         ASKS "positive-delivery" TEXT, true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up(state);
        juliet_says(&juliet, rows[i].inside);
        if (rows[i].since)
            juliet_says(&orchard, rows[i].since);
        if (rows[i].has_typed)
            alice_types(false, 0);
        const struct cw_xml *stanza = alice_says(rows[i].type, rows[i].body, CW_STR_NONE);
        if (!stanza ||
            (cw_xml_child(stanza, CW_NS_CHAT_STATES, "active") != NULL) != rows[i].has_state ||
            (cw_xml_child(stanza, CW_NS_RECEIPTS, "request") != NULL) != rows[i].has_request)
            fail_msg("%s", rows[i].name);
        gw_signals_free(&signals);
    }
    set_up(state);
}

/* Reports are for who asked, from whom was asked, once. */
static void test_reports(void **state)
{
#define REPORT(id, status)                                                                 \
    "NS: i <urn:ietf:params:imdn>\r\n\r\nContent-Type: message/imdn+xml\r\n\r\n"           \
    "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>" id "</message-id><datetime/>" \
    "<delivery-notification><status><" status "/></status></delivery-notification></imdn>"
    static const struct {
        const char *name, *body, *events;
    } rows[] = {
        {"nobody asked", REPORT("n", "delivered"), ""},
        {"it cannot be known", REPORT("m", "error"), ""},
        {"it is not told", REPORT("m", "forbidden"), ""},
        {"delivered", REPORT("m", "delivered"), "<received>balcony"},
        {"delivered again", REPORT("m", "delivered"), ""},
        {"failed", REPORT("f", "failed"), "<error>balcony"},
        {"an old one", REPORT("old", "delivered"), ""},
    };
    static const struct cw_jid bob = {.local = CW_STR("bob"), .domain = CW_STR("sip.test")};
    (void)state;
    gw_signals_goes(signals, &juliet, &alice, CW_S("old"), CW_S("id0"));
    fake_pass(24 * 3600 * 1000);
    gw_signals_goes(signals, &juliet, &alice, CW_S("m"), CW_S("id1"));
    gw_signals_goes(signals, &juliet, &alice, CW_S("f"), CW_S("id2"));
    gw_signals_goes(signals, &juliet, &bob, CW_S("n"), CW_S("id3"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_null(alice_says("message/cpim", rows[i].body, CW_STR_NONE));
        assert_events(rows[i].name, rows[i].events);
    }
}

/* What the SIP user says that he takes, in any header. */
static void test_accept(void **state)
{
    static const struct {
        const char *name, *accept;
        bool composing, reports;
    } rows[] = {
        {"none", "", false, false},
        {"plain", "text/plain", false, false},
        {"anything is nothing said", "*/*", false, false},
        {"typing", "text/plain,Application/IM-isComposing+xml;q=0.5", true, false},
        {"envelopes", "message/cpim , text/plain", false, true},
        {"both", "message/cpim,application/im-iscomposing+xml", true, true},
        {"a name in a parameter", "text/plain;x=\"message/cpim\"", false, false},
        {"no grammar at all", ",,;=,message/", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up(state);
        alice_says("text/plain", "b", cw_str_of(rows[i].accept));
        juliet_says(&bare_juliet, STATE("composing"));
        assert_events(rows[i].name, rows[i].composing ? "sip:active" : "");
        if (cw_str_is_present(gw_signals_date(signals, &arena, &juliet, &alice)) != rows[i].reports)
            fail_msg("%s: reports", rows[i].name);
        gw_signals_free(&signals);
    }
    set_up(state);
}

/* He began to type at one client, and goes on at another. */
static void test_the_client_of_now(void **state)
{
    (void)state;
    alice_types(false, 0);
    juliet_says(&juliet, STATE("composing"));
    juliet_says(&orchard, STATE("composing"));
    alice_types(true, 0);
    alice_types(false, 0);
    assert_events("to orchard", "sip:active <composing>orchard <active>orchard");
}

/* Of those who type without number the first ones are given up, and told so. */
static void test_only_so_many_type(void **state)
{
    enum { MAX = 4096 };
    struct gw_typing *typing = gw_typing_new(&gateway, NULL, NULL);
    const struct cw_composing active = {.is_active = true};
    (void)state;
    for (unsigned i = 0; i <= MAX; i++) {
        struct cw_jid user = {.local = cw_arena_printf(&arena, "u%u", i),
                              .domain = CW_STR("partner.test")};
        if (i == 0)
            gw_typing_of_local(typing, &user, &alice, &active, CW_STR_NONE);
        else
            assert_true(gw_typing_of_remote(typing, &user, &alice, true, CW_STR_NONE));
    }
    assert_events("the first one", "<composing> <paused>");
    assert_int_equal(fake_timers(), 2 * MAX);
    gw_typing_free(&typing);
}

/* Of pairs without number only so many are remembered. */
static void test_only_so_many_pairs(void **state)
{
    enum { MAX = 8 };
    struct gw_support *support = gw_support_new(MAX);
    (void)state;
    for (unsigned i = 0; i <= MAX; i++) {
        struct cw_jid user = {.local = cw_arena_printf(&arena, "u%u", i),
                              .domain = CW_STR("partner.test")};
        gw_support_shown(support, &user, &alice, GW_SHOWN_REPORTS);
    }
    struct cw_jid first = {.local = CW_STR("u0"), .domain = CW_STR("partner.test")};
    struct cw_jid second = {.local = CW_STR("u1"), .domain = CW_STR("partner.test")};
    assert_int_equal(gw_support_of(support, &first, &alice).shown, 0);
    assert_int_equal(gw_support_of(support, &second, &alice).shown, GW_SHOWN_REPORTS);
    fake_pass(24 * 3600 * 1000);
    assert_int_equal(gw_support_of(support, &second, &alice).shown, 0);
    gw_support_free(&support);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_active_is_refreshed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_client_that_vanished, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_phone_that_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_composing_expires, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_the_client_has_shown, NULL, tear_down),
        cmocka_unit_test_setup_teardown(test_what_goes_with_a_text, NULL, tear_down),
        cmocka_unit_test_setup_teardown(test_reports, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_accept, NULL, tear_down),
        cmocka_unit_test_setup_teardown(test_the_client_of_now, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_so_many_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_so_many_pairs, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
