/* SUBSCRIBE and NOTIFY as messages: what they must have, and the route that comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "sip/build.h"

#define REQUEST_REST                                                                             \
    "Via: SIP/2.0/UDP h.example;branch=z9hG4bKa\r\nMax-Forwards: 70\r\nCall-ID: x\r\nCSeq: 1 %s" \
    "\r\nContent-Length: 0\r\n"
#define SUBSCRIBER "From: <sip:a@b.c>;tag=1\r\nTo: <sip:d@e.f>\r\n"
#define IN_DIALOG  "From: <sip:a@b.c>;tag=1\r\nTo: <sip:d@e.f>;tag=2\r\n"
#define CONTACT    "Contact: <sip:a@192.0.2.1>\r\n"

static struct cw_sip_message *parse(const char *method, const char *lines)
{
    struct cw_buf bytes = {0};
    cw_buf_printf(&bytes, "%s sip:d@e.f SIP/2.0\r\n" REQUEST_REST "%s\r\n", method, method, lines);
    struct cw_sip_message *m = cw_sip_message_parse(cw_buf_str(&bytes), CW_SIP_UDP);
    cw_buf_free(&bytes);
    return m;
}

static void test_rules(void **state)
{
    static const struct {
        const char *name, *method, *lines;
        int answer;
    } rows[] = {
        {"SUBSCRIBE", "SUBSCRIBE", SUBSCRIBER CONTACT "Event: presence\r\n", 0},
        {"compact Event", "SUBSCRIBE", SUBSCRIBER CONTACT "o: presence;id=1\r\n", 0},
        {"another package is known later", "SUBSCRIBE", SUBSCRIBER CONTACT "Event: dialog\r\n", 0},
        {"refresh without Contact", "SUBSCRIBE", IN_DIALOG "Event: presence\r\n", 0},
        {"SUBSCRIBE without Event", "SUBSCRIBE", SUBSCRIBER CONTACT, 489},
        {"two Event", "SUBSCRIBE", SUBSCRIBER CONTACT "Event: presence\r\no: presence\r\n", 400},
        {"empty Event", "SUBSCRIBE", SUBSCRIBER CONTACT "Event:\r\n", 400},
        {"Event is no token", "SUBSCRIBE", SUBSCRIBER CONTACT "Event: \"x\"\r\n", 400},
        {"no Contact", "SUBSCRIBE", SUBSCRIBER "Event: presence\r\n", 400},
        {"Contact *", "SUBSCRIBE", SUBSCRIBER "Contact: *\r\nEvent: presence\r\n", 400},
        {"a Contact with headers", "SUBSCRIBE",
         SUBSCRIBER "Contact: <sip:a@192.0.2.1?Route=x>\r\nEvent: presence\r\n", 400},
        {"two Contact", "SUBSCRIBE", SUBSCRIBER CONTACT CONTACT "Event: presence\r\n", 400},
        {"two in one", "SUBSCRIBE",
         SUBSCRIBER "Contact: <sip:a@192.0.2.1>, <sip:a@192.0.2.2>\r\nEvent: presence\r\n", 400},
        {"no From tag", "SUBSCRIBE",
         "From: <sip:a@b.c>\r\nTo: <sip:d@e.f>\r\n" CONTACT "Event: presence\r\n", 400},
        {"Expires out of range", "SUBSCRIBE",
         SUBSCRIBER CONTACT "Event: presence\r\nExpires: 4294967296\r\n", 400},
        {"route", "SUBSCRIBE",
         SUBSCRIBER CONTACT
         "Event: presence\r\nRecord-Route: <sip:p.test;lr>, \"P, 2\" <sip:q>;x\r\n",
         0},
        {"route of Kamailio", "SUBSCRIBE",
         SUBSCRIBER CONTACT "Event: presence\r\nRecord-Route: <sip:10.0.0.1;transport=tcp;r2=on;"
                            "lr=on;ftag=a1b2;did=7c5.3f41>\r\nRecord-Route: "
                            "<sip:[2001:db8::1]:5061;transport=tls;r2=on;lr;nat=yes>\r\n",
         0},
        {"route of Lync", "SUBSCRIBE",
         SUBSCRIBER
         "Contact: <sip:alice@contoso.com;opaque=user:epid:x_Y-z;gruu>;text;+sip.instance"
         "=\"<urn:uuid:1,2>\"\r\nEvent: presence\r\nRecord-Route: "
         "<sip:pool.contoso.com:5061;transport=tls;opaque=state:F:Ci.Rf80000;lr;"
         "ms-route-sig=bbAb1Q-3zVL7dhd_k2>;tag=7D31B2CC\r\n",
         0},
        {"route without < >", "SUBSCRIBE",
         SUBSCRIBER CONTACT "Event: presence\r\nRecord-Route: sip:p.test;lr\r\n", 400},
        {"route that ends in a comma", "SUBSCRIBE",
         SUBSCRIBER CONTACT "Event: presence\r\nRecord-Route: <sip:p.test>,\r\n", 400},
        {"empty route", "SUBSCRIBE", SUBSCRIBER CONTACT "Event: presence\r\nRecord-Route:\r\n",
         400},
        {"NOTIFY", "NOTIFY", IN_DIALOG "Event: presence\r\nSubscription-State: active\r\n", 0},
        {"NOTIFY without Event", "NOTIFY", IN_DIALOG "Subscription-State: active\r\n", 489},
        {"NOTIFY without a state", "NOTIFY", IN_DIALOG "Event: presence\r\n", 400},
        {"two states", "NOTIFY",
         IN_DIALOG "Event: presence\r\nSubscription-State: active\r\nSubscription-State: x\r\n",
         400},
        {"outside a dialog", "NOTIFY",
         SUBSCRIBER "Event: presence\r\nSubscription-State: active\r\n", 481},
        {"MESSAGE needs nothing of it", "MESSAGE", SUBSCRIBER "Event: x\r\nRecord-Route: y\r\n", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_sip_message *m = parse(rows[i].method, rows[i].lines);
        struct cw_sip_verdict verdict = cw_sip_message_verdict(m);
        if (verdict.answer != rows[i].answer || verdict.drop)
            fail_msg("%s: %d, %s", rows[i].name, verdict.answer, verdict.reason);
        cw_sip_message_free(&m);
    }
}

/* A SUBSCRIBE with many header fields of one kind. */
static struct cw_sip_message *parse_many(const char *line, size_t n)
{
    struct cw_buf lines = {0};
    cw_buf_putcstr(&lines, SUBSCRIBER CONTACT "Event: presence\r\n");
    for (size_t i = 0; i < n; i++)
        cw_buf_printf(&lines, "%s\r\n", line);
    cw_buf_putc(&lines, '\0');
    struct cw_sip_message *m = parse("SUBSCRIBE", lines.p);
    cw_buf_free(&lines);
    return m;
}

static void test_many_routes(void **state)
{
    static const struct {
        size_t n;
        int answer;
    } rows[] = {{60, 0}, {100, 513}, {500, 513}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_sip_request r;
        struct cw_sip_message *m =
            parse_many("Record-Route: <sip:proxy.of.some.length.example.test;lr>", rows[i].n);
        cw_sip_message_values(m, &r);
        if (cw_sip_message_verdict(m).answer != rows[i].answer ||
            cw_str_is_present(r.record_route) != (rows[i].answer == 0))
            fail_msg("%zu routes: %d, %zu octets", rows[i].n, cw_sip_message_verdict(m).answer,
                     r.record_route.n);
        cw_sip_message_free(&m);
    }
}

/* AST-2018-004: fifty Accept, each of 300 octets; all of them are read, none is cut. */
static void test_many_accepts(void **state)
{
    struct cw_sip_request r;
    struct cw_buf line = {0};
    (void)state;
    cw_buf_putcstr(&line, "Accept: a/");
    for (int i = 0; i < 300; i++)
        cw_buf_putc(&line, 'A');
    cw_buf_putc(&line, '\0');
    struct cw_sip_message *m = parse_many(line.p, 50);
    assert_int_equal(cw_sip_message_verdict(m).answer, 0);
    cw_sip_message_values(m, &r);
    assert_int_equal(r.accept.n, 50 * 302 + 49 * 2);
    cw_sip_message_free(&m);
    cw_buf_free(&line);
}

static void test_route_order(void **state)
{
    struct cw_sip_request r;
    struct cw_sip_response a;
    (void)state;
    struct cw_sip_message *m =
        parse("SUBSCRIBE", SUBSCRIBER CONTACT "Event: presence\r\nRecord-Route: <sip:a;lr>\r\n"
                                              "Record-Route: <sip:b;lr>, <sip:c;lr>\r\n");
    cw_sip_message_values(m, &r);
    assert_true(cw_str_eq_cstr(r.record_route, "<sip:a;lr>, <sip:b;lr>, <sip:c;lr>"));
    cw_sip_message_free(&m);
    m = cw_sip_message_parse(
        CW_S("SIP/2.0 489 Bad Event\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n" IN_DIALOG
             "Call-ID: x\r\nCSeq: 1 SUBSCRIBE\r\nAllow-Events: a\r\nu: b, c\r\nExpires: 9\r\n"
             "Min-Expires: 7\r\nRetry-After: 5\r\nRecord-Route: <sip:a;lr>\r\n"
             "Record-Route: <sip:b>\r\nContent-Length: 0\r\n\r\n"),
        CW_SIP_UDP);
    cw_sip_message_response_values(m, &a);
    assert_true(cw_sip_message_verdict(m).valid);
    assert_true(cw_str_eq_cstr(a.record_route, "<sip:a;lr>, <sip:b>"));
    assert_true(cw_str_eq_cstr(a.allow_events, "a, b, c"));
    assert_true(cw_str_eq_cstr(a.to_tag, "2"));
    assert_true(cw_str_eq_cstr(a.expires, "9"));
    assert_true(cw_str_eq_cstr(a.min_expires, "7"));
    assert_true(cw_str_eq_cstr(a.retry_after, "5"));
    cw_sip_message_free(&m);
}

/* A bad route in an answer is as if it were not there. */
static void test_bad_route_in_answer(void **state)
{
    struct cw_sip_response a;
    (void)state;
    struct cw_sip_message *m = cw_sip_message_parse(
        CW_S("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n" IN_DIALOG
             "Call-ID: x\r\nCSeq: 1 SUBSCRIBE\r\nRecord-Route: <sip:a;lr\r\nContent-Length: 0\r\n"
             "\r\n"),
        CW_SIP_UDP);
    cw_sip_message_response_values(m, &a);
    assert_true(cw_sip_message_verdict(m).valid);
    assert_false(cw_str_is_present(a.record_route));
    cw_sip_message_free(&m);
}

/* What translation asks for comes out as it stands there, and is read as the same. */
static void test_draft(void **state)
{
    static const struct cw_sip_request request = {
        .method = CW_STR("NOTIFY"),
        .request_uri = CW_STR("sip:a@192.0.2.1:5071;transport=tcp"),
        .from_uri = CW_STR("sip:d@e.f"),
        .from_tag = CW_STR("2"),
        .to_uri = CW_STR("sip:a@b.c"),
        .to_tag = CW_STR("1"),
        .call_id = CW_STR("x"),
        .cseq = 4,
        .contact_uri = CW_STR("sip:not@looked.at"),
        .event = CW_STR("presence;id=7"),
        .subscription_state = CW_STR("active;expires=60"),
        .route = CW_STR("<sip:p.test;lr>, <sip:q.test;lr>"),
        .content_type = CW_STR("application/pidf+xml"),
        .body = CW_STR("<p/>"),
    };
    struct cw_sip_draft draft = cw_sip_draft_of(&request, CW_S("z9hG4bKb"));
    struct cw_buf out = {0};
    (void)state;
    draft.transport = CW_SIP_TCP;
    draft.sent_by = CW_S("192.0.2.2:5060");
    draft.contact_uri = CW_S("sip:d@192.0.2.2:5060;transport=tcp");
    assert_int_equal(cw_sip_build_request(&out, &draft, NULL), CW_OK);
    cw_buf_putc(&out, '\0');
    assert_string_equal(out.p, "NOTIFY sip:a@192.0.2.1:5071;transport=tcp SIP/2.0\r\n"
                               "Via: SIP/2.0/TCP 192.0.2.2:5060;branch=z9hG4bKb\r\n"
                               "Max-Forwards: 70\r\n"
                               "From: <sip:d@e.f>;tag=2\r\n"
                               "To: <sip:a@b.c>;tag=1\r\n"
                               "Call-ID: x\r\n"
                               "CSeq: 4 NOTIFY\r\n"
                               "Contact: <sip:d@192.0.2.2:5060;transport=tcp>\r\n"
                               "Route: <sip:p.test;lr>, <sip:q.test;lr>\r\n"
                               "Event: presence;id=7\r\n"
                               "Subscription-State: active;expires=60\r\n"
                               "Content-Type: application/pidf+xml\r\n"
                               "Content-Length: 4\r\n\r\n<p/>");
    out.n--;
    struct cw_sip_message *m = cw_sip_message_parse(cw_buf_str(&out), CW_SIP_TCP);
    struct cw_sip_request read;
    cw_sip_message_values(m, &read);
    assert_int_equal(cw_sip_message_verdict(m).answer, 0);
    assert_true(cw_str_eq(read.event, request.event));
    assert_true(cw_str_eq(read.subscription_state, request.subscription_state));
    cw_sip_message_free(&m);
    cw_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_many_routes),
        cmocka_unit_test(test_many_accepts),
        cmocka_unit_test(test_route_order),
        cmocka_unit_test(test_bad_route_in_answer),
        cmocka_unit_test(test_draft),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
