/* Building: what goes in comes out of our own parser, and nothing can forge a header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sip/build.h"

#define assert_str(got, want)                             \
    do {                                                  \
        struct cw_str got_ = (got);                       \
        if (!cw_str_eq(got_, cw_str_of(want)))            \
            fail_msg("%s is '%.*s'", #got, CW_ARG(got_)); \
    } while (0)

static struct cw_sip_draft good_draft(void)
{
    return (struct cw_sip_draft){
        .method = CW_S("MESSAGE"),
        .request_uri = CW_S("sip:romeo@example.net"),
        .transport = CW_SIP_UDP,
        .sent_by = CW_S("[2001:db8::1]:5060"),
        .branch = CW_S("z9hG4bKabc"),
        .from_uri = CW_S("sip:juliet@example.com;gr=balcony"),
        .from_display = CW_S("Juliet \"C\" \\"),
        .from_tag = CW_S("ft1"),
        .to_uri = CW_S("sip:romeo@example.net"),
        .call_id = CW_S("cid-1@example.com"),
        .cseq = 3,
        .content_type = CW_S("text/plain;charset=utf-8"),
        .subject = CW_S("Gr\xc3\xbc\xc3\x9f"
                        "e"),
        .content_language = CW_S("de"),
        .body = CW_S("Hallo\r\nVia: x\r\n"),
    };
}

static void test_request_exact(void **state)
{
    (void)state;
    struct cw_buf out = {0};
    struct cw_sip_draft d = good_draft();
    assert_int_equal(cw_sip_build_request(&out, &d, NULL), CW_OK);
    assert_str(cw_buf_str(&out),
               "MESSAGE sip:romeo@example.net SIP/2.0\r\n"
               "Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKabc;rport\r\n"
               "Max-Forwards: 70\r\n"
               "From: \"Juliet \\\"C\\\" \\\\\" <sip:juliet@example.com;gr=balcony>;tag=ft1\r\n"
               "To: <sip:romeo@example.net>\r\n"
               "Call-ID: cid-1@example.com\r\n"
               "CSeq: 3 MESSAGE\r\n"
               "Subject: Gr\xc3\xbc\xc3\x9f"
               "e\r\n"
               "Content-Language: de\r\n"
               "Content-Type: text/plain;charset=utf-8\r\n"
               "Content-Length: 15\r\n\r\n"
               "Hallo\r\nVia: x\r\n");
    struct cw_sip_message *m = cw_sip_message_parse(cw_buf_str(&out), CW_SIP_TCP);
    assert_int_equal(cw_sip_message_verdict(m).answer, 0);
    assert_str(cw_sip_message_from(m).display, "Juliet \"C\" \\");
    cw_sip_message_free(&m);
    cw_buf_free(&out);
}

/* --- forging --- */

static const char *const forgeries[] = {
    "x\r\nVia: forged",
    "x\nVia: forged",
    "x\rVia: forged",
    "x\r\n\r\nbody",
    "x\r\n Via: forged",
    "x\xc2\x85Via: forged",
    "\"\r\nVia: forged\r\nX: \"",
    "\\",
    "x\\",
    "x\"; tag=forged",
    "x\" <sip:boss@example.com>;tag=y, \"",
    "sip:a@b.c>;tag=forged",
    "sip:a@b.c?Via=forged",
    "sip:a@b.c;x\r\nVia: forged",
    "text/plain\r\nVia: forged",
    "text/plain;charset=x,Via",
    "\x1b[31m",
    "",
    "x\x7f",
    "\xff\xfe",
};

/* Every field that may be given by a stanza, each set to each forgery: refused, or the message that
 * comes out has exactly the headers that it should have. */
static void test_forging(void **state)
{
    (void)state;
    static const size_t fields[] = {
        offsetof(struct cw_sip_draft, method),
        offsetof(struct cw_sip_draft, request_uri),
        offsetof(struct cw_sip_draft, sent_by),
        offsetof(struct cw_sip_draft, branch),
        offsetof(struct cw_sip_draft, from_uri),
        offsetof(struct cw_sip_draft, from_display),
        offsetof(struct cw_sip_draft, from_tag),
        offsetof(struct cw_sip_draft, to_uri),
        offsetof(struct cw_sip_draft, to_display),
        offsetof(struct cw_sip_draft, to_tag),
        offsetof(struct cw_sip_draft, call_id),
        offsetof(struct cw_sip_draft, contact_uri),
        offsetof(struct cw_sip_draft, content_type),
        offsetof(struct cw_sip_draft, subject),
        offsetof(struct cw_sip_draft, content_language),
        offsetof(struct cw_sip_draft, date),
        offsetof(struct cw_sip_draft, expires),
        offsetof(struct cw_sip_draft, user_agent),
        offsetof(struct cw_sip_draft, event),
        offsetof(struct cw_sip_draft, subscription_state),
        offsetof(struct cw_sip_draft, route),
    };
    size_t n_refused = 0, n_built = 0;
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
        for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
            struct cw_buf out = {0};
            struct cw_sip_draft d = good_draft();
            const char *why = NULL;
            struct cw_str value = cw_str_of(forgeries[i]);
            memcpy((char *)&d + fields[f], &value, sizeof value);
            cw_buf_putcstr(&out, "kept");
            if (cw_sip_build_request(&out, &d, &why) != CW_OK) {
                assert_true(why && *why);
                assert_str(cw_buf_str(&out), "kept");
                n_refused++;
                cw_buf_free(&out);
                continue;
            }
            n_built++;
            cw_buf_consume(&out, 4);
            struct cw_sip_message *m = cw_sip_message_parse(cw_buf_str(&out), CW_SIP_TCP);
            bool is_good =
                cw_sip_message_header_count(m, CW_S("via")) == 1 &&
                cw_sip_message_header_count(m, CW_S("from")) == 1 &&
                cw_sip_message_header_count(m, CW_S("x")) == 0 &&
                cw_str_eq(cw_sip_message_body(m), d.body) &&
                cw_str_eq_cstr(cw_sip_message_from(m).uri, "sip:juliet@example.com;gr=balcony") &&
                cw_str_eq_cstr(cw_sip_message_from(m).tag, "ft1") &&
                cw_str_find(cw_buf_str(&out), CW_S("\xc2\x85")) < 0 &&
                cw_sip_message_verdict(m).answer != 400;
            if (!is_good)
                fail_msg("field %zu, forgery %zu: %s\n%.*s", f, i, cw_sip_message_verdict(m).reason,
                         CW_ARG(cw_buf_str(&out)));
            cw_sip_message_free(&m);
            cw_buf_free(&out);
        }
    }
    assert_true(n_refused > 200 && n_built > 20);
}

static void test_further_fields(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct cw_sip_field field;
        bool is_taken;
    } rows[] = {
        {"plain", {CW_STR("X-Thread"), CW_STR("a b")}, true},
        {"empty value", {CW_STR("X"), CW_STR("")}, true},
        {"own header", {CW_STR("Via"), CW_STR("x")}, false},
        {"own header, compact", {CW_STR("v"), CW_STR("x")}, false},
        {"own header, other case", {CW_STR("cONTENT-lENGTH"), CW_STR("9")}, false},
        {"own header, compact length", {CW_STR("L"), CW_STR("9")}, false},
        {"blank in the name", {CW_STR("Via "), CW_STR("x")}, false},
        {"colon in the name", {CW_STR("X:Via"), CW_STR("x")}, false},
        {"no name", {CW_STR(""), CW_STR("x")}, false},
        {"line break", {CW_STR("X"), CW_STR("x\r\nVia: y")}, false},
        {"fold", {CW_STR("X"), CW_STR("x\r\n y")}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_buf out = {0};
        struct cw_sip_draft d = good_draft();
        d.fields = &rows[i].field;
        d.n_fields = 1;
        if ((cw_sip_build_request(&out, &d, NULL) == CW_OK) != rows[i].is_taken)
            fail_msg("%s", rows[i].name);
        cw_buf_free(&out);
    }
}

/* --- responses --- */

static const struct cw_sip_hop source = {
    .transport = CW_SIP_UDP, .flow = 1, .port = 4444, .ip = "198.51.100.7"};

static void echo_of(struct cw_buf *out, const char *text, struct cw_sip_hop *hop)
{
    struct cw_sip_message *m = cw_sip_message_parse(cw_str_of(text), CW_SIP_UDP);
    cw_buf_reset(out);
    if (!cw_sip_build_echo(out, m, &source))
        cw_buf_putcstr(out, "no");
    *hop = cw_sip_reply_hop(m, &source);
    cw_sip_message_free(&m);
}

#define REST                                                                          \
    "From: <sip:a@b.c>;tag=1\r\nTo: <sip:d@e.f>\r\nCall-ID: x\r\nCSeq: 1 MESSAGE\r\n" \
    "Content-Length: 0\r\n\r\n"
#define REST_OUT "From: <sip:a@b.c>;tag=1\r\nCall-ID: x\r\nCSeq: 1 MESSAGE\r\nTo: <sip:d@e.f>"
#define START    "MESSAGE sip:d@e.f SIP/2.0\r\n"

static void test_echo(void **state)
{
    (void)state;
    static const struct {
        const char *name, *in, *out;
        unsigned port;
    } rows[] = {
        {"the same host", START "Via: SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bKa\r\n" REST,
         "Via: SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bKa\r\n" REST_OUT, 5070},
        {"another host", START "Via: SIP/2.0/UDP h.example;branch=z9hG4bKa\r\n" REST,
         "Via: SIP/2.0/UDP h.example;branch=z9hG4bKa;received=198.51.100.7\r\n" REST_OUT, 5060},
        {"rport", START "v: SIP/2.0/UDP 198.51.100.7:1;rport;branch=z9hG4bKa\r\n" REST,
         "v: SIP/2.0/UDP "
         "198.51.100.7:1;branch=z9hG4bKa;received=198.51.100.7;rport=4444\r\n" REST_OUT,
         4444},
        {"forged received, rport and maddr",
         START "Via: SIP/2.0/UDP h.example:7;maddr=203.0.113.1;received=203.0.113.2;rport=9;"
               "branch=z9hG4bKa;x=\"a;received=b\"\r\n" REST,
         "Via: SIP/2.0/UDP h.example:7;maddr=203.0.113.1;branch=z9hG4bKa;x=\"a;received=b\";"
         "received=198.51.100.7;rport=4444\r\n" REST_OUT,
         4444},
        {"several",
         START "Via: SIP/2.0/UDP h.example;branch=z9hG4bKa, SIP/2.0/TCP "
               "i.example;branch=z9hG4bKb\r\nVia: SIP/2.0/TCP j.example;branch=z9hG4bKc\r\n" REST,
         "Via: SIP/2.0/UDP h.example;branch=z9hG4bKa;received=198.51.100.7, SIP/2.0/TCP "
         "i.example;branch=z9hG4bKb\r\nVia: SIP/2.0/TCP j.example;branch=z9hG4bKc\r\n" REST_OUT,
         5060},
        {"malformed via", START "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n" REST,
         "Via: SIP/2.0/UDP 192.0.2.15;;;received=198.51.100.7,;,,\r\n" REST_OUT, 4444},
        {"bare LF in what is echoed",
         START "Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@b.c>;tag=1\rX: y\r\n"
               "To: <sip:d@e.f>;tag=theirs\r\n\r\n",
         "Via: SIP/2.0/UDP h;branch=z9hG4bKa;received=198.51.100.7\r\n"
         "From: <sip:a@b.c>;tag=1 X: y\r\nTo: <sip:d@e.f>;tag=theirs\r\n",
         4444},
        {"no via", START REST, "no", 4444},
        {"response", "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n" REST, "no", 5060},
    };
    struct cw_buf out = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_sip_hop hop;
        echo_of(&out, rows[i].in, &hop);
        if (!cw_str_eq_cstr(cw_buf_str(&out), rows[i].out))
            fail_msg("%s:\n%.*s", rows[i].name, CW_ARG(cw_buf_str(&out)));
        if (hop.port != rows[i].port || strcmp(hop.ip, source.ip) != 0)
            fail_msg("%s: to %s:%u", rows[i].name, hop.ip, hop.port);
    }
    cw_buf_free(&out);
}

static void test_response(void **state)
{
    (void)state;
    struct cw_buf out = {0};
    const char *why = NULL;
    struct cw_sip_reply reply = {
        .status = 415, .allow = true, .accept = CW_S("text/plain"), .retry_after_s = 7};
    assert_int_equal(cw_sip_build_response(&out, CW_S("Via: x\r\n"), &reply, &why), CW_OK);
    assert_str(cw_buf_str(&out),
               "SIP/2.0 415 Unsupported Media Type\r\nVia: x\r\n"
               "Allow: MESSAGE, OPTIONS, SUBSCRIBE, NOTIFY\r\nAccept: text/plain\r\n"
               "Retry-After: 7\r\nContent-Length: 0\r\n\r\n");
    cw_buf_reset(&out);
    reply = (struct cw_sip_reply){.status = 403, .reason_phrase = CW_S("No\r\nVia: forged")};
    assert_int_equal(cw_sip_build_response(&out, CW_S(""), &reply, &why), CW_OK);
    assert_str(cw_buf_str(&out), "SIP/2.0 403 No Via: forged\r\nContent-Length: 0\r\n\r\n");
    cw_buf_reset(&out);
    reply = (struct cw_sip_reply){.status = 302, .contact_uri = CW_S("sip:a@b.c>\r\nVia: x")};
    assert_int_equal(cw_sip_build_response(&out, CW_S(""), &reply, &why), CW_ERR_INVALID);
    assert_string_equal(why, "Contact");
    cw_buf_reset(&out);
    reply = (struct cw_sip_reply){.status = 42};
    assert_int_equal(cw_sip_build_response(&out, CW_S(""), &reply, &why), CW_ERR_INVALID);
    assert_int_equal(out.n, 0);
    cw_buf_free(&out);
}

/* The answers of a dialog: what each field of the reply becomes. */
static void test_dialog_response(void **state)
{
    (void)state;
    static const struct cw_sip_field recorded = {CW_STR("Record-Route"), CW_STR("<sip:a>")};
    static const struct {
        const char *name, *echo;
        struct cw_sip_reply reply;
        const char *out; /* NULL: refused */
    } rows[] = {
        {"the dialog's tag",
         "Via: x\r\nTo: <sip:d@e.f>",
         {.status = 200, .to_tag = CW_STR("d1")},
         "SIP/2.0 200 OK\r\nVia: x\r\nTo: <sip:d@e.f>;tag=d1\r\nContent-Length: 0\r\n\r\n"},
        {"the request has a tag already",
         "To: <sip:d@e.f>;tag=theirs\r\n",
         {.status = 200, .to_tag = CW_STR("d1")},
         "SIP/2.0 200 OK\r\nTo: <sip:d@e.f>;tag=theirs\r\nContent-Length: 0\r\n\r\n"},
        {"no tag yet",
         "To: <sip:d@e.f>",
         {.status = 100},
         "SIP/2.0 100 Trying\r\nTo: <sip:d@e.f>\r\nContent-Length: 0\r\n\r\n"},
        {"what makes a dialog",
         "",
         {.status = 200,
          .expires = CW_STR("3600"),
          .contact_uri = CW_STR("sip:d@192.0.2.1:5060;transport=tcp"),
          .record_route = CW_STR("<sip:a;lr>, <sip:b;lr>")},
         "SIP/2.0 200 OK\r\nRecord-Route: <sip:a;lr>, <sip:b;lr>\r\nExpires: 3600\r\n"
         "Contact: <sip:d@192.0.2.1:5060;transport=tcp>\r\nContent-Length: 0\r\n\r\n"},
        {"too brief",
         "",
         {.status = 423, .min_expires = CW_STR("60")},
         "SIP/2.0 423 Interval Too Brief\r\nMin-Expires: 60\r\nContent-Length: 0\r\n\r\n"},
        {"bad event",
         "",
         {.status = 489},
         "SIP/2.0 489 Bad Event\r\nAllow-Events: presence\r\nContent-Length: 0\r\n\r\n"},
        {"options",
         "",
         {.status = 200,
          .allow_events = CW_STR("presence"),
          .accept = CW_STR("text/plain, application/pidf+xml")},
         "SIP/2.0 200 OK\r\nAccept: text/plain, application/pidf+xml\r\n"
         "Allow-Events: presence\r\nContent-Length: 0\r\n\r\n"},
        {"forged tag", "", {.status = 200, .to_tag = CW_STR("a;b")}, NULL},
        {"forged Expires", "", {.status = 200, .expires = CW_STR("1\r\nVia: x")}, NULL},
        {"Expires is no number", "", {.status = 200, .expires = CW_STR("4294967296")}, NULL},
        {"Min-Expires is no number", "", {.status = 423, .min_expires = CW_STR("")}, NULL},
        {"forged Record-Route",
         "",
         {.status = 200, .record_route = CW_STR("<sip:a>\r\nVia: x")},
         NULL},
        {"forged Allow-Events", "", {.status = 489, .allow_events = CW_STR("a\nb")}, NULL},
        {"Record-Route as a further field",
         "",
         {.status = 200, .fields = &recorded, .n_fields = 1},
         NULL},
    };
    struct cw_buf out = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cw_buf_reset(&out);
        enum cw_err err =
            cw_sip_build_response(&out, cw_str_of(rows[i].echo), &rows[i].reply, NULL);
        if ((err == CW_OK) != (rows[i].out != NULL) ||
            (rows[i].out && !cw_str_eq_cstr(cw_buf_str(&out), rows[i].out)))
            fail_msg("%s: %s\n%.*s", rows[i].name, cw_err_text(err), CW_ARG(cw_buf_str(&out)));
    }
    cw_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_exact),  cmocka_unit_test(test_forging),
        cmocka_unit_test(test_further_fields), cmocka_unit_test(test_echo),
        cmocka_unit_test(test_response),       cmocka_unit_test(test_dialog_response),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
