/* What the SIP user is told of messages that were delivered: words, reports, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"
#include "fake_loop.h"
#include "gateway/notice.h"
#include "xlate/content.h"
#include "xmpp/error.h"
#include "xmpp/ns.h"

static const struct cw_jid juliet = {
    .local = CW_STR("juliet"), .domain = CW_STR("partner.test"), .resource = CW_STR("balcony")};
static const struct cw_jid alice = {.local = CW_STR("alice"), .domain = CW_STR("sip.test")};

static struct gateway gateway;
static struct gw_notices *notices;
static struct cw_arena arena;
static char request_uri[128];
static struct cw_content content;

enum cw_err gw_sip_send(struct gw_sip *sip, const struct gw_sip_sending *sending)
{
    struct cw_sip_response refusal;
    (void)sip;
    struct cw_sip_request *copy = cw_arena_alloc(&arena, sizeof *copy);
    *copy = *sending->request;
    copy->body = cw_arena_dup(&arena, copy->body);
    assert_int_equal(cw_content_read(&arena, copy, &content, &refusal), 0);
    assert_true(cw_str_eq_cstr(copy->from_uri, "sip:juliet@partner.test"));
    assert_true(cw_str_eq_cstr(copy->to_uri, "sip:alice@sip.test"));
    snprintf(request_uri, sizeof request_uri, "%.*s", CW_ARG(copy->request_uri));
    happened("%s", content.kind == CW_CONTENT_TEXT ? "words"
                                                   : cw_imdn_status_name(content.report.status));
    return CW_OK;
}

static int set_up(void **state)
{
    (void)state;
    forget_events();
    gateway = (struct gateway){.log.role = "test"};
    notices = gw_notices_new(&gateway);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gw_notices_free(&notices);
    cw_arena_free(&arena);
    return 0;
}

static struct cw_xml *stanza_of(const char *from, const char *to)
{
    struct cw_xml *stanza = cw_xml_new(&arena, CW_NS_SERVER, "message");
    cw_xml_set(&arena, stanza, "id", CW_S("i1"));
    cw_xml_set(&arena, stanza, "from", cw_str_of(from));
    cw_xml_set(&arena, stanza, "to", cw_str_of(to));
    return stanza;
}

static void error_comes(const char *from)
{
    struct cw_xml *stanza = stanza_of("alice@sip.test", from);
    gw_notices_error(notices, cw_stanza_error_reply(&arena, stanza, CW_STANZA_SERVICE_UNAVAILABLE,
                                                    CW_S("away")));
}

static void receipt_comes(const char *id)
{
    gw_notices_received(notices, &juliet, &alice, cw_str_of(id));
}

/* What happens, a letter each: E an error, e one of somebody else, R a receipt, r one for another
 * stanza, D a day passes. */
static void happen(const char *what)
{
    for (; *what; what++) {
        if (*what == 'E')
            error_comes("juliet@partner.test/balcony");
        else if (*what == 'e')
            error_comes("romeo@partner.test");
        else if (*what == 'D')
            fake_pass(24 * 3600 * 1000);
        else
            receipt_comes(*what == 'R' ? "i1" : "i2");
    }
}

static void test_what_is_told(void **state)
{
    enum { P = CW_CPIM_POSITIVE_DELIVERY, N = CW_CPIM_NEGATIVE_DELIVERY };
    static const struct {
        const char *name;
        unsigned asks;
        bool is_test;
        const char *happens, *told;
    } rows[] = {
        {"an error, nothing asked", 0, false, "E", "words"},
        {"a test's error", 0, true, "E", ""},
        {"only once", 0, false, "EE", "words"},
        {"somebody else's error", N, false, "e", ""},
        {"failed", P | N, false, "E", "failed"},
        {"failed, not asked", P, false, "E", "words"},
        {"delivered", P, false, "R", "delivered"},
        {"two clients", P | N, false, "RR", "delivered"},
        {"another stanza's receipt", P, false, "r", ""},
        {"delivered, not asked", N, false, "R", ""},
        {"one client received it, another's server did not", P | N, false, "RE", "delivered"},
        {"received, not asked, and an error", N, false, "RE", ""},
        {"failed for good", P | N, false, "ER", "failed"},
        {"a day later", P | N, false, "DR", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_report_request request = {.asks = rows[i].asks, .message_id = CW_STR("m1")};
        set_up(state);
        gw_notices_remember(notices, stanza_of("alice@sip.test", "juliet@partner.test"), &request,
                            rows[i].is_test);
        happen(rows[i].happens);
        assert_events(rows[i].name, rows[i].told);
        tear_down(state);
    }
    set_up(state);
}

/* Section 7.2.1 of RFC 5438: what a report repeats, and where it goes. */
static void test_what_a_report_says(void **state)
{
    static const struct {
        const char *name, *route, *request_uri;
    } rows[] = {
        {"no route", NULL, "sip:alice@sip.test"},
        {"a route of our own", "sip:relay@sip.test", "sip:relay@sip.test"},
        {"a route that leads away", "sip:victim@else.test", "sip:alice@sip.test"},
        {"a route that is none", "mailto:x", "sip:alice@sip.test"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_report_request request = {
            .asks = CW_CPIM_POSITIVE_DELIVERY,
            .message_id = CW_STR("m1"),
            .date_time = CW_STR("2026-01-02T03:04:05Z"),
            .to_uri = CW_STR("im:juliet@partner.test"),
            .original_to = CW_STR("im:capulet@partner.test"),
            .routes = {cw_str_of(rows[i].route)},
            .n_routes = rows[i].route != NULL,
        };
        set_up(state);
        gw_notices_remember(notices, stanza_of("alice@sip.test", "juliet@partner.test"), &request,
                            false);
        receipt_comes("i1");
        assert_events(rows[i].name, "delivered");
        if (strcmp(request_uri, rows[i].request_uri) != 0)
            fail_msg("%s: to %s", rows[i].name, request_uri);
        assert_true(cw_str_eq_cstr(content.report.message_id, "m1"));
        assert_true(cw_str_eq(content.report.date_time, request.date_time));
        assert_true(cw_str_eq(content.report.recipient_uri, request.to_uri));
        assert_true(cw_str_eq(content.report.original_recipient_uri, request.original_to));
        assert_true(cw_str_eq_cstr(content.cpim.content_disposition, "notification"));
        assert_true(content.cpim.message_id.n == 32 && content.cpim.asks == 0);
        assert_true(cw_str_eq_cstr(content.cpim.from_uri, "sip:juliet@partner.test"));
        tear_down(state);
    }
    set_up(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_told, NULL, tear_down),
        cmocka_unit_test_setup_teardown(test_what_a_report_says, NULL, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
