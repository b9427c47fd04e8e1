/* Messages beyond the vectors: what is refused and how, what is silent, what hostile text becomes,
 * the names that stay the same, and a thousand messages there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "messages.h"
#include "vectors.h"
#include "xmpp/ns.h"

static struct cw_message_to_sip to_sip(struct cw_arena *arena, const char *text)
{
    return to_sip_with(arena, text, &(struct cw_message_options){.call_id_seed = CW_STR("1")});
}

/* XMPP -> SIP */

static const struct x2s_row {
    const char *name, *stanza;
    enum cw_xlate_outcome outcome;
    enum cw_stanza_error error; /* of REFUSED */
    const char *body;           /* of SEND */
} x2s_rows[] = {
    {"normal", "<message " TO_ROMEO " type='normal'><body>x</body></message>", .body = "x"},
    {"headline", "<message " TO_ROMEO " type='headline'><body>x</body></message>", .body = "x"},
    {"unknown type", "<message " TO_ROMEO " type='telegram'><body>x</body></message>", .body = "x"},
    {"groupchat", "<message " TO_ROMEO " type='groupchat'><body>x</body></message>",
     CW_XLATE_REFUSED, CW_STANZA_SERVICE_UNAVAILABLE},
    {"error", "<message " TO_ROMEO " type='error'><body>x</body></message>", CW_XLATE_NOTHING},
    {"chat state",
     "<message " TO_ROMEO " type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/>"
     "</message>",
     CW_XLATE_NOTHING},
    {"receipt", "<message " TO_ROMEO "><received xmlns='urn:xmpp:receipts' id='x'/></message>",
     CW_XLATE_NOTHING},
    {"thread only", "<message " TO_ROMEO "><thread>t</thread></message>", CW_XLATE_NOTHING},
    {"subject only", "<message " TO_ROMEO "><subject>s</subject></message>", .body = ""},
    {"body of another namespace",
     "<message " TO_ROMEO "><body xmlns='http://www.w3.org/1999/xhtml'>x</body></message>",
     CW_XLATE_NOTHING},
    {"carbon",
     "<message " TO_ROMEO "><received xmlns='urn:xmpp:carbons:2'><forwarded "
     "xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='boss@example.com'><body>pay"
     "</body></message></forwarded></received></message>",
     CW_XLATE_NOTHING},
    {"multicast",
     "<message " TO_ROMEO "><addresses xmlns='http://jabber.org/protocol/address'><address "
     "type='to' jid='all@example.net'/></addresses><body>x</body></message>",
     .body = "x"},
    {"bodies by language",
     "<message " TO_ROMEO " xml:lang='cs'><body xml:lang='en'>hi</body><body>ahoj</body></message>",
     .body = "ahoj"},
    {"body in the stanza's language",
     "<message " TO_ROMEO " xml:lang='cs'><body xml:lang='en'>hi</body><body "
     "xml:lang='CS'>ahoj</body></message>",
     .body = "ahoj"},
    {"bodies in other languages",
     "<message " TO_ROMEO "><body xml:lang='en'>hi</body><body xml:lang='de'>hallo</body>"
     "</message>",
     .body = "hi"},
    {"two bodies without a language",
     "<message " TO_ROMEO "><body>first</body><body>second</body></message>", .body = "first"},
    {"no from", "<message to='romeo@example.net'><body>x</body></message>", CW_XLATE_REFUSED,
     CW_STANZA_JID_MALFORMED},
    {"bad to", "<message from='a@example.com' to='@example.net'><body>x</body></message>",
     CW_XLATE_REFUSED, CW_STANZA_JID_MALFORMED},
    {"not reversible",
     "<message from='a\\5cb@example.com' to='romeo@example.net'><body>x</body></message>",
     CW_XLATE_REFUSED, CW_STANZA_JID_MALFORMED},
    {"to a domain", "<message from='a@example.com' to='example.net'><body>x</body></message>",
     CW_XLATE_REFUSED, CW_STANZA_SERVICE_UNAVAILABLE},
};

static void x2s_rows_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(x2s_rows) / sizeof(x2s_rows[0]); i++) {
        const struct x2s_row *row = &x2s_rows[i];
        struct cw_arena arena = {0};
        struct cw_message_to_sip out = to_sip(&arena, row->stanza);
        expect(row->name, "outcome", out.outcome == row->outcome);
        if (out.outcome == CW_XLATE_REFUSED) {
            expect(row->name, "condition", out.error == row->error);
            expect_str(row->name, "reply", cw_xml_attr(out.reply, "type"), CW_S("error"));
        }
        if (out.outcome == CW_XLATE_SEND)
            expect_str(row->name, "body", out.request.body, cw_str_of(row->body));
        cw_arena_free(&arena);
    }
}

static bool is_one_line(struct cw_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20)
            return false;
    return true;
}

/* M06, M20: whatever is in a stanza, a header field stays the one it is. */
static void nothing_ends_a_header(void **state)
{
    static const char *const rows[] = {
        "<message " TO_ROMEO "><subject>x&#13;&#10;Route: &lt;sip:evil&gt;&#10;</subject>"
        "<body>b</body></message>",
        "<message " TO_ROMEO "><thread>t&#13;&#10;Route: x</thread><body>b</body></message>",
        "<message " TO_ROMEO " xml:lang='en&#13;&#10;Route: x'><body>b</body></message>",
        "<message " TO_ROMEO "><thread>a b</thread><body>b</body></message>",
        "<message " TO_ROMEO "><thread>@evil</thread><body>b</body></message>",
        "<message " TO_ROMEO "><thread>a@b@c</thread><body>b</body></message>",
        "<message " TO_ROMEO "><thread>\u00fc</thread><body>b</body></message>",
        ("<message from='juliet@example.com/b&#x85;&#x2028;' to='romeo@example.net'>"
         "<body>b</body></message>"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_message_to_sip out = to_sip(&arena, rows[i]);
        const struct cw_sip_request *r = &out.request;
        if (out.outcome == CW_XLATE_REFUSED) { /* an address that is none */
            cw_arena_free(&arena);
            continue;
        }
        expect(rows[i], "subject", is_one_line(r->subject));
        expect(rows[i], "call-id", r->call_id.n > 0 && is_one_line(r->call_id));
        expect(rows[i], "call-id has no space", cw_str_index(r->call_id, ' ') < 0);
        expect(rows[i], "language", is_one_line(r->content_language));
        expect(rows[i], "from", is_one_line(r->from_uri) && cw_str_index(r->from_uri, ' ') < 0);
        cw_arena_free(&arena);
    }
}

/* RFC 3261 section 25.1: callid = word [ "@" word ].  Another thread is not copied. */
static void threads_become_call_ids(void **state)
{
    static const struct {
        const char *thread;
        bool copied;
    } rows[] = {
        {"29377446-0CBB-4296-8958-590D79094C50", true},
        {"abc@192.0.2.1", true},
        {"a!%*_+`'~()[]{}?:/.", true},
        {"@evil", false},
        {"evil@", false},
        {"a@b@c", false},
        {"a b", false},
        {"a;b", false},
        {"a,b", false},
        {"\u00fc", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_str stanza = cw_arena_printf(
            &arena, "<message " TO_ROMEO "><thread>%s</thread><body>b</body></message>",
            rows[i].thread);
        struct cw_message_to_sip out = to_sip(&arena, stanza.p);
        expect(rows[i].thread, "is copied or not",
               cw_str_eq_cstr(out.request.call_id, rows[i].thread) == rows[i].copied);
        cw_arena_free(&arena);
    }
    struct cw_arena arena = {0};
    char *thread = cw_arena_alloc(&arena, 10001);
    memset(thread, 't', 10000);
    struct cw_str stanza = cw_arena_printf(
        &arena, "<message " TO_ROMEO "><thread>%s</thread><body>b</body></message>", thread);
    assert_int_equal(to_sip(&arena, stanza.p).request.call_id.n, 32);
    cw_arena_free(&arena);
}

static void names_are_stable(void **state)
{
    static const char hi[] = "<message " TO_ROMEO "><body>hi</body></message>";
    static const char thread[] =
        "<message " TO_ROMEO "><body>%s</body><thread>two words</thread></message>";
    struct cw_arena arena = {0};
    (void)state;
    struct cw_message_to_sip one = to_sip(&arena, hi), again = to_sip(&arena, hi);
    struct cw_message_to_sip other =
        to_sip_with(&arena, hi, &(struct cw_message_options){.call_id_seed = CW_STR("2")});

    expect_str("again", "Call-ID", again.request.call_id, one.request.call_id);
    expect_str("again", "branch", again.branch, one.branch);
    expect_str("again", "tag", again.request.from_tag, one.request.from_tag);
    expect("another stanza", "Call-ID", !cw_str_eq(other.request.call_id, one.request.call_id));
    expect("another stanza", "branch", !cw_str_eq(other.branch, one.branch));
    expect("branch", "cookie", cw_str_starts(one.branch, CW_S("z9hG4bK")));

    /* A thread: one Call-ID for the pair, another tag and branch for each message. */
    struct cw_message_to_sip a = to_sip(&arena, cw_arena_printf(&arena, thread, "a").p);
    struct cw_message_to_sip b = to_sip(&arena, cw_arena_printf(&arena, thread, "b").p);
    struct cw_message_to_sip stranger =
        to_sip(&arena, "<message from='eve@example.com' to='romeo@example.net'><body>a</body>"
                       "<thread>two words</thread></message>");
    expect_str("thread", "Call-ID", b.request.call_id, a.request.call_id);
    expect("thread", "tag", !cw_str_eq(b.request.from_tag, a.request.from_tag));
    expect("thread", "branch", !cw_str_eq(b.branch, a.branch));
    expect("stranger", "Call-ID", !cw_str_eq(stranger.request.call_id, a.request.call_id));
    cw_arena_free(&arena);
}

static void size_is_limited_when_asked(void **state)
{
    struct cw_arena arena = {0};
    char body[1400], *stanza;
    (void)state;
    memset(body, 'x', sizeof(body));
    for (size_t n = 200; n < sizeof(body); n += 100) {
        struct cw_message_options options = {.max_sip_bytes = 1300};
        stanza = (char *)cw_arena_printf(
                     &arena, "<message " TO_ROMEO "><body>%.*s</body></message>", (int)n, body)
                     .p;
        struct cw_message_to_sip out = to_sip_with(&arena, stanza, &options);
        if (n <= 700)
            expect("short", "is sent", out.outcome == CW_XLATE_SEND);
        if (n >= 1000)
            expect("long", "policy-violation",
                   out.outcome == CW_XLATE_REFUSED && out.error == CW_STANZA_POLICY_VIOLATION);
        expect("any size", "is sent without a limit",
               to_sip(&arena, stanza).outcome == CW_XLATE_SEND);
    }
    cw_arena_free(&arena);
}

/* SIP -> XMPP */

static struct cw_sip_request request_with(struct cw_str content_type, struct cw_str body)
{
    return (struct cw_sip_request){
        .method = CW_S("MESSAGE"),
        .request_uri = CW_S("sip:juliet@example.com"),
        .to_uri = CW_S("sip:juliet@example.com"),
        .from_uri = CW_S("sip:romeo@example.net"),
        .from_tag = CW_S("t"),
        .call_id = CW_S("c1"),
        .cseq = 1,
        .content_type = content_type,
        .body = body,
    };
}

static const struct content_row {
    const char *name;
    struct cw_str type, body;
    int status; /* 0: taken */
    struct cw_str text;
} content_rows[] = {
    {"plain", CW_STR("text/plain"), CW_STR("x"), 0, CW_STR("x")},
    {"latin 1", CW_STR("text/plain; charset=ISO-8859-1"), CW_STR("\xFC"), 0, CW_STR("\u00fc")},
    {"quoted charset", CW_STR("text/plain; charset=\"utf-8\""), CW_STR("\u00fc"), 0,
     CW_STR("\u00fc")},
    {"empty", CW_STR("text/plain"), CW_STR(""), 0, CW_STR("")},
    {"controls", CW_STR("text/plain"), CW_STR("a\0b\x08"), 0,
     CW_STR("a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD")},
    {"overlong", CW_STR("text/plain"), CW_STR("\xC0\x80"), 0, CW_STR("\xEF\xBF\xBD\xEF\xBF\xBD")},
    {"CR LF", CW_STR("text/plain"), CW_STR("a\r\nb"), 0, CW_STR("a\nb")},
    {"markup", CW_STR("text/plain"), CW_STR("</body>&lt;"), 0, CW_STR("</body>&lt;")},
    {"unknown charset", CW_STR("text/plain;charset=utf-7"), CW_STR("x"), 415, CW_STR("")},
    {"html", CW_STR("text/html"), CW_STR("x"), 415, CW_STR("")},
    {"plain in a parameter", CW_STR("image/png;x=\"text/plain\""), CW_STR("x"), 415, CW_STR("")},
    /* M16, M17: nobody is named inside who did not send it; one envelope is opened, no more. */
    {"CPIM", CW_STR("message/cpim"),
     CW_STR("To: <im:x@y.example>\r\nDateTime: 1970-01-01T00:00:00Z\r\n\r\n"
            "Content-Type: text/plain;charset=iso-8859-1\r\n\r\n\xFC"),
     0, CW_STR("\u00fc")},
    {"CPIM of somebody else", CW_STR("message/cpim"),
     CW_STR("From: <im:boss@example.net>\r\n\r\nContent-Type: text/plain\r\n\r\nx"), 403,
     CW_STR("")},
    {"CPIM of an address that is none", CW_STR("message/cpim"),
     CW_STR("From: <tel:+1>\r\n\r\nContent-Type: text/plain\r\n\r\nx"), 403, CW_STR("")},
    {"CPIM of anonymous", CW_STR("message/cpim"),
     CW_STR("From: <sip:anonymous@anonymous.invalid>\r\n\r\nContent-Type: text/plain\r\n\r\nx"), 0,
     CW_STR("x")},
    {"CPIM without a blank line", CW_STR("Message/CPIM"), CW_STR("From: x"), 400, CW_STR("")},
    {"CPIM in CPIM", CW_STR("message/cpim"),
     CW_STR("NS: a <b:c>\r\n\r\nContent-Type: message/cpim\r\n\r\n\r\n"
            "Content-Type: text/plain\r\n\r\nx"),
     415, CW_STR("")},
    {"CPIM with a multipart", CW_STR("message/cpim"),
     CW_STR("NS: a <b:c>\r\n\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n--b--"), 415,
     CW_STR("")},
    {"CPIM with compressed content", CW_STR("message/cpim"),
     CW_STR("NS: a <b:c>\r\n\r\nContent-Type: text/plain\r\nContent-Encoding: identity"
            "\r\nContent-Type: text/html\r\n\r\nx"),
     0, CW_STR("x")},
    {"a report without a document", CW_STR("message/imdn+xml"), CW_STR("x"), 400, CW_STR("")},
    {"a state without a document", CW_STR("application/im-iscomposing+xml"), CW_STR("x"), 400,
     CW_STR("")},
    {"multipart", CW_STR("multipart/alternative;boundary=b"),
     CW_STR("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--"), 415, CW_STR("")},
    {"multipart without a boundary", CW_STR("multipart/mixed"), CW_STR("x"), 415, CW_STR("")},
    {"two types", CW_STR("text/plain, text/html"), CW_STR("x"), 400, CW_STR("")},
    {"type cut", CW_STR("text/"), CW_STR("x"), 400, CW_STR("")},
    {"quote open", CW_STR("text/plain;charset=\"utf-8"), CW_STR("x"), 400, CW_STR("")},
    {"type with NUL", CW_STR("text/plain\0;x"), CW_STR("x"), 400, CW_STR("")},
    {"two charsets", CW_STR("text/plain;charset=utf-7;charset=utf-8"), CW_STR("x"), 415,
     CW_STR("")},
    {"windows-1252", CW_STR("text/plain;charset=Windows-1252"), CW_STR("\x80"), 0,
     CW_STR("\u20ac")},
    {"iso-8859-15", CW_STR("text/plain;charset=iso-8859-15"), CW_STR("\xA4"), 0, CW_STR("\u20ac")},
    {"utf-16", CW_STR("text/plain;charset=utf-16"), CW_STR("\xFF\xFEx\0"), 415, CW_STR("")},
    {"surrogates and cuts", CW_STR("text/plain"), CW_STR("\xED\xA0\x80x\xE2\x82"), 0,
     CW_STR("\uFFFD\uFFFD\uFFFDx\uFFFD\uFFFD")},
    {"non-characters", CW_STR("text/plain"), CW_STR("\xEF\xBF\xBE\xEF\xBF\xBF"), 0,
     CW_STR("\uFFFD\uFFFD")},
    {"every control", CW_STR("text/plain"),
     CW_STR("\x01\x02\x03\x04\x05\x06\x07\x08\x0B\x0C\x0E\x0F\x1F"), 0,
     CW_STR("\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD")},
    {"right to left", CW_STR("text/plain"), CW_STR("\u202e\u05e9\u2066"), 0,
     CW_STR("\u202e\u05e9\u2066")},
    {"emoji", CW_STR("text/plain"), CW_STR("\U0001F469\u200d\U0001F467"), 0,
     CW_STR("\U0001F469\u200d\U0001F467")},
    {"malformed type", CW_STR("text plain"), CW_STR("x"), 400, CW_STR("")},
    {"no type", {NULL, 0}, CW_STR("x"), 400, CW_STR("")},
    {"no type, no body", {NULL, 0}, {NULL, 0}, 0, CW_STR("")},
};

static void content_rows_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(content_rows) / sizeof(content_rows[0]); i++) {
        const struct content_row *row = &content_rows[i];
        struct cw_arena arena = {0};
        struct cw_message_to_xmpp out;
        struct cw_sip_request request = request_with(row->type, row->body);
        cw_message_to_xmpp(&arena, &request, &(struct cw_message_options){0}, &out);
        if (out.response.status != row->status)
            fail_msg("%s: %d", row->name, out.response.status);
        expect(row->name, "outcome",
               out.outcome == (row->status ? CW_XLATE_REFUSED : CW_XLATE_SEND));
        if (row->status == 415)
            expect(row->name, "Accept", cw_str_starts(out.response.accept, CW_S("text/plain")));
        if (!row->status)
            expect_str(row->name, "text",
                       cw_xml_text(&arena, cw_xml_child(out.stanza, CW_NS_SERVER, "body")),
                       row->text);
        cw_arena_free(&arena);
    }
}

/* M18: never inflated, whatever the bytes are. */
static void encodings_are_refused(void **state)
{
    static const struct {
        const char *value;
        int status;
    } rows[] = {
        {"gzip", 415},           {"x-gzip", 415},         {"deflate", 415},
        {"identity, gzip", 415}, {"gzip, identity", 415}, {"identity;q=1", 415},
        {"identity", 0},         {" Identity ", 0},       {"", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_message_to_xmpp out;
        struct cw_sip_request request = request_with(CW_S("text/plain"), CW_S("\x1F\x8B\x08"));
        request.content_encoding = cw_str_of(rows[i].value);
        cw_message_to_xmpp(&arena, &request, &(struct cw_message_options){0}, &out);
        if (out.response.status != rows[i].status)
            fail_msg("%s: %d", rows[i].value, out.response.status);
        if (rows[i].status) {
            expect_str(rows[i].value, "Accept-Encoding", out.response.accept_encoding,
                       CW_S("identity"));
            expect(rows[i].value, "no Accept", !cw_str_is_present(out.response.accept));
        }
        cw_arena_free(&arena);
    }
}

/* M11: what looks like a domain is not it; what is it in another form, is. */
static void homographs_are_other_domains(void **state)
{
    static const struct {
        const char *host;
        bool is_same;
    } rows[] = {
        {"example.com", true},         {"EXAMPLE.com", true},
        {"xn--exmple-cua.com", false}, /* \u00e4 */
        {"xn--exmple-4nf.com", false}, /* Cyrillic \u0430 */
        {"ex\u0430mple.com", false},   {"ex\u0251mple.com", false},
        {"\uff45xample.com", false},   {"example.com.evil.example", false},
        {"evilexample.com", false},    {"example\u3002com", false},
        {"example.com%00", false},     {"example.com\\@evil.example", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_message_to_xmpp out;
        struct cw_sip_request request = request_with(CW_S("text/plain"), CW_S("x"));
        request.request_uri = cw_arena_printf(&arena, "sip:juliet@%s", rows[i].host);
        cw_message_to_xmpp(&arena, &request, &(struct cw_message_options){0}, &out);
        bool is_same = out.outcome == CW_XLATE_SEND &&
                       cw_str_eq_cstr(cw_xml_attr(out.stanza, "to"), "juliet@example.com");
        expect(rows[i].host, "is the same or another", is_same == rows[i].is_same);
        cw_arena_free(&arena);
    }
}

static void requests_are_refused(void **state)
{
    struct cw_sip_request good = request_with(CW_S("text/plain"), CW_S("x"));
    struct {
        const char *name;
        struct cw_sip_request request;
        int status;
    } rows[] = {
        {"method", good, 405},          {"sips Request-URI", good, 416},
        {"sips To", good, 416},         {"tel", good, 416},
        {"bad Request-URI", good, 400}, {"no user", good, 404},
        {"bad From", good, 400},        {"gzip", good, 415},
    };
    rows[0].request.method = CW_S("INVITE");
    rows[1].request.request_uri = CW_S("sips:juliet@example.com");
    rows[2].request.to_uri = CW_S("SIPS:juliet@example.com");
    rows[3].request.request_uri = CW_S("tel:+1555");
    rows[4].request.request_uri = CW_S("sip:%00@example.com");
    rows[5].request.request_uri = CW_S("sip:example.com");
    rows[6].request.from_uri = CW_S("sip:%FF@example.net");
    rows[7].request.content_encoding = CW_S("gzip");
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_message_to_xmpp out;
        cw_message_to_xmpp(&arena, &rows[i].request, &(struct cw_message_options){0}, &out);
        expect(rows[i].name, "is refused", out.outcome == CW_XLATE_REFUSED && !out.stanza);
        if (out.response.status != rows[i].status)
            fail_msg("%s: %d", rows[i].name, out.response.status);
        expect(rows[i].name, "has a reason", out.response.reason_phrase.n > 0);
        cw_arena_free(&arena);
    }
}

/* M10: 413 above the limit; an escaped body counts as it is written. */
static void stanza_size_is_limited(void **state)
{
    static const struct {
        const char *name, *fill;
        size_t n;
        bool over;
    } rows[] = {{"short", "x", 100, false},
                {"near", "x", 9000, false},
                {"over", "x", 10000, true},
                {"escaped", "&", 3000, true},
                {"far over", "x", 300000, true}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_message_to_xmpp out;
        char *body = cw_arena_alloc(&arena, rows[i].n);
        memset(body, rows[i].fill[0], rows[i].n);
        struct cw_sip_request request =
            request_with(CW_S("text/plain"), (struct cw_str){body, rows[i].n});
        cw_message_to_xmpp(&arena, &request,
                           &(struct cw_message_options){.max_stanza_bytes = 10000}, &out);
        expect(rows[i].name, "413", (out.response.status == 413) == rows[i].over);
        cw_arena_free(&arena);
    }
}

static void stanza_id_is_stable(void **state)
{
    struct cw_arena arena = {0};
    struct cw_message_to_xmpp a, b, c;
    struct cw_sip_request request = request_with(CW_S("text/plain"), CW_S("x"));
    const struct cw_message_options options = {0};
    (void)state;
    cw_message_to_xmpp(&arena, &request, &options, &a);
    cw_message_to_xmpp(&arena, &request, &options, &b);
    request.cseq = 2;
    cw_message_to_xmpp(&arena, &request, &options, &c);
    expect_str("again", "id", b.id, a.id);
    expect("next", "id", !cw_str_eq(c.id, a.id));
    cw_arena_free(&arena);
}

/* There and back: M24 */

static uint32_t draw(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static struct cw_str random_text(struct cw_arena *arena, uint32_t *seed, bool is_line)
{
    static const char *const pieces[] = {
        "a",  "B",  " ", "\n", "<", "&amp;", "]]>", "\u00fc", "'", "\u4e2d", "\xF0\x9F\x98\x80",
        "\"", "\t", ";"};
    struct cw_buf text = {0};
    uint32_t n = draw(seed, 40);
    cw_buf_putcstr(&text, "x");
    for (uint32_t i = 0; i < n; i++) {
        const char *piece = pieces[draw(seed, sizeof(pieces) / sizeof(pieces[0]))];
        cw_buf_putcstr(&text, is_line && (*piece == '\n' || *piece == '\t') ? " " : piece);
    }
    cw_buf_putcstr(&text, "y");
    struct cw_str result = cw_arena_dup(arena, cw_buf_str(&text));
    cw_buf_free(&text);
    return result;
}

static void add(struct cw_arena *arena, struct cw_xml *stanza, const char *name, struct cw_str text)
{
    cw_xml_add_text(arena, cw_xml_add(arena, stanza, CW_NS_SERVER, name), text);
}

static void messages_come_back(void **state)
{
    static const char *const locals[] = {"juliet", "o\\27malley", "f\u00fc", "a\\20b", "x%y#z"};
    uint32_t seed = 7572;

    (void)state;
    for (unsigned round = 0; round < 1000; round++) {
        struct cw_arena arena = {0};
        struct cw_message_to_sip sip;
        struct cw_message_to_xmpp back;
        struct cw_str from =
            cw_arena_printf(&arena, "%s@example.com/r%u", locals[draw(&seed, 5)], draw(&seed, 100));
        struct cw_str to =
            cw_arena_printf(&arena, "%s@b\u00fccher.example", locals[draw(&seed, 5)]);
        struct cw_str body = random_text(&arena, &seed, false);
        struct cw_str subject = random_text(&arena, &seed, true);
        struct cw_str thread = cw_arena_printf(&arena, "t%u@h", draw(&seed, 1000));
        struct cw_xml *stanza = cw_xml_new(&arena, CW_NS_SERVER, "message");
        cw_xml_set(&arena, stanza, "from", from);
        cw_xml_set(&arena, stanza, "to", to);
        cw_xml_set_lang(&arena, stanza, CW_S("en-GB"));
        add(&arena, stanza, "subject", subject);
        add(&arena, stanza, "body", body);
        add(&arena, stanza, "thread", thread);

        cw_message_to_sip(&arena, stanza, &(struct cw_message_options){0}, &sip);
        expect("there", "is sent", sip.outcome == CW_XLATE_SEND);
        cw_message_to_xmpp(&arena, &sip.request, &(struct cw_message_options){0}, &back);
        expect("back", "is sent", back.outcome == CW_XLATE_SEND);
        expect_str("round", "from", cw_xml_attr(back.stanza, "from"), from);
        expect_str("round", "to", cw_xml_attr(back.stanza, "to"), to);
        expect_str("round", "language", cw_xml_lang(back.stanza), CW_S("en-GB"));
        const char *const names[] = {"subject", "body", "thread"};
        for (size_t i = 0; i < 3; i++)
            expect_str("round", names[i],
                       cw_xml_text(&arena, cw_xml_child(back.stanza, CW_NS_SERVER, names[i])),
                       cw_xml_text(&arena, cw_xml_child(stanza, CW_NS_SERVER, names[i])));
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x2s_rows_hold),
        cmocka_unit_test(nothing_ends_a_header),
        cmocka_unit_test(threads_become_call_ids),
        cmocka_unit_test(names_are_stable),
        cmocka_unit_test(size_is_limited_when_asked),
        cmocka_unit_test(content_rows_hold),
        cmocka_unit_test(encodings_are_refused),
        cmocka_unit_test(homographs_are_other_domains),
        cmocka_unit_test(requests_are_refused),
        cmocka_unit_test(stanza_size_is_limited),
        cmocka_unit_test(stanza_id_is_stable),
        cmocka_unit_test(messages_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
