/* Random addresses and texts all the way across and back: stanza as XML -> request as octets ->
 * parsed by the SIP side -> stanza as XML, and the other way round.  What comes back is what went
 * in, and nothing in a text ever becomes a header field, an element or another address.
 *
 * CW_ROUNDS: how many in each direction (100000 when it is not set); CW_SEED: where to begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sip/build.h"
#include "sip/message.h"
#include "vectors.h"
#include "xlate/address.h"
#include "xlate/message.h"
#include "xml/reader.h"
#include "xmpp/ns.h"

#define COUNT(a) ((uint32_t)(sizeof(a) / sizeof(a)[0]))

static unsigned rounds_of(void)
{
    const char *text = getenv("CW_ROUNDS");
    return text ? (unsigned)strtoul(text, NULL, 10) : 100000;
}

static uint32_t seed_of(void)
{
    const char *text = getenv("CW_SEED");
    return text ? (uint32_t)strtoul(text, NULL, 10) : 7247;
}

static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

/* --- texts ------------------------------------------------------------------------------------*/

/* Characters that a user part or localpart can hold, escaped or not, and that PRECIS leaves as they
 * are. */
static const char *const user_pieces[] = {
    "a",  "z9", "%",  "#", "&",  "'",      "/",      ":",      "<",      ">",     "@",
    "\"", "\\", " x", ";", "?",  "=",      "+",      "$",      ",",      "!",     "~",
    "*",  "_",  "-",  ".", "(",  ")",      "[",      "]",      "^",      "`",     "{",
    "|",  "}",  "ü",  "ж", "中", "\u05d0", "\u0e01", "\u00df", "\u03c2", "%0d%0a"};
static const char *const resource_pieces[] = {
    "a",  "desk", " ", "/", "@", ";", "=", ",",      "?",  "\"", "<",      ">",      "&", "'",
    "\\", "\\20", "%", ":", "[", "]", "ü", "\u05d0", "中", "💬",  "\u0430", "gr=x;y", "#", "|"};
static const char *const domains[] = {
    "example.com",          "b\u00fccher.example", "中国.example",  "xn--fiq.example.com.example",
    "\u05d0\u05d1.example", "h-1.example",         "пример.example"};
/* What somebody might try, and what people write. */
static const char *const text_pieces[] = {
    "a",
    " ",
    "Hello, world",
    "\n",
    "\t",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "]]>",
    "<!--",
    "&#13;&#10;",
    "&amp;",
    "</body><body>",
    "</message><message from='boss@example.com'>",
    "</stream:stream>",
    "\nRoute: <sip:evil@example.org>\n",
    "\n\nMESSAGE sip:x@example.org SIP/2.0\n",
    "%0d%0aFrom: x",
    "ü",
    "é",
    "e\u0301",
    "中文",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u202e",
    "\u2066",
    "\u200d",
    "👋🏽",
    "👩\u200d👧",
    "\u2028",
    "\u00a0",
    "\ufffd",
    "\U0010fffd",
};
/* Octets that no XML holds, or that are no UTF-8. */
static const struct cw_str hostile_pieces[] = {
    CW_STR("\0"),
    CW_STR("\x08"),
    CW_STR("\x1b[2J"),
    CW_STR("\r"),
    CW_STR("\r\n"),
    CW_STR("\x7f"),
    CW_STR("\xc0\x80"),
    CW_STR("\xed\xa0\x80"),
    CW_STR("\xef\xbf\xbe"),
    CW_STR("\xf4\x90\x80\x80"),
    CW_STR("\xe2\x82"),
    CW_STR("\xff\xfe"),
    CW_STR("\r\n\r\n"),
    CW_STR("\xc2\x85"),
    CW_STR("\r\nRoute: <sip:evil@example.org>\r\n"),
};

static struct cw_str take(struct cw_arena *arena, struct cw_buf *buf)
{
    struct cw_str text = cw_arena_dup(arena, cw_buf_str(buf));
    cw_buf_free(buf);
    return text;
}

static struct cw_str from_pieces(struct cw_arena *arena, uint32_t *seed, const char *const *pieces,
                                 uint32_t n_pieces, uint32_t max)
{
    struct cw_buf out = {0};
    for (uint32_t n = draw(seed, max); n; n--)
        cw_buf_putcstr(&out, pieces[draw(seed, n_pieces)]);
    return take(arena, &out);
}

/* A letter at both ends: a localpart neither begins nor ends with a space, and a right-to-left one
 * is not mixed with others. */
static struct cw_str random_user(struct cw_arena *arena, uint32_t *seed)
{
    struct cw_str middle = from_pieces(arena, seed, user_pieces, COUNT(user_pieces), 8);
    return cw_arena_printf(arena, "j%.*sm", CW_ARG(middle));
}

static struct cw_str random_text(struct cw_arena *arena, uint32_t *seed)
{
    return from_pieces(arena, seed, text_pieces, COUNT(text_pieces), 12);
}

static struct cw_str hostile_text(struct cw_arena *arena, uint32_t *seed)
{
    struct cw_buf out = {0};
    for (uint32_t n = draw(seed, 8); n; n--) {
        cw_buf_putcstr(&out, text_pieces[draw(seed, COUNT(text_pieces))]);
        cw_buf_puts(&out, hostile_pieces[draw(seed, COUNT(hostile_pieces))]);
    }
    return take(arena, &out);
}

/* --- both sides' own forms --------------------------------------------------------------------*/

/* The stanza as the next server reads it. */
static const struct cw_xml *over_xml(struct cw_arena *arena, const struct cw_xml *stanza)
{
    struct cw_buf out = {0};
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    enum cw_xml_fault fault;
    cw_xml_write(&out, stanza, &(struct cw_xml_scope){0});
    const struct cw_xml *read = cw_xml_parse(arena, take(arena, &out), &limits, &fault);
    if (!read)
        fail_msg("the stanza cannot be read");
    return read;
}

/* The request as octets, with what the transport adds, as the gateway sends it. */
static struct cw_str octets(struct cw_arena *arena, const struct cw_sip_request *r,
                            struct cw_str branch)
{
    struct cw_sip_draft draft = cw_sip_draft_of(r, branch);
    draft.transport = CW_SIP_TCP;
    draft.sent_by = CW_S("gw.example.net:5098");
    struct cw_buf out = {0};
    const char *why = "";
    if (cw_sip_build_request(&out, &draft, &why) != CW_OK)
        fail_msg("no request: %s: from %.*s to %.*s", why, CW_ARG(r->from_uri), CW_ARG(r->to_uri));
    return take(arena, &out);
}

/* Lines before the body.  A bare CR or LF would count as one, too. */
static size_t count_lines(struct cw_str bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        if (cw_str_starts(cw_str_sub(bytes, i, bytes.n), CW_S("\r\n\r\n")))
            return n;
        n += bytes.p[i] == '\n' || bytes.p[i] == '\r';
    }
    return n;
}

/* Request line, Via, Max-Forwards, From, To, Call-ID, CSeq, Content-Length. */
enum { FIXED_LINES = 8 };

static struct cw_sip_message *over_sip(struct cw_arena *arena, const struct cw_sip_request *r,
                                       struct cw_str branch, struct cw_sip_request *out)
{
    struct cw_str bytes = octets(arena, r, branch);
    size_t expected =
        FIXED_LINES + (r->subject.n > 0) + (r->content_language.n > 0) + (r->body.n > 0);
    if (count_lines(bytes) != (expected - 1) * 2)
        fail_msg("%zu line ends for %zu lines: %.*s", count_lines(bytes), expected, CW_ARG(bytes));
    struct cw_sip_message *message = cw_sip_message_parse(bytes, CW_SIP_TCP);
    if (!cw_sip_message_verdict(message).valid)
        fail_msg("%s: %.*s", cw_sip_message_verdict(message).reason, CW_ARG(bytes));
    cw_sip_message_values(message, out);
    return message;
}

/* --- XMPP -> SIP -> XMPP ----------------------------------------------------------------------*/

static void add_text(struct cw_arena *arena, struct cw_xml *stanza, const char *name,
                     struct cw_str text)
{
    cw_xml_add_text(arena, cw_xml_add(arena, stanza, CW_NS_SERVER, name), text);
}

static bool random_jid(struct cw_arena *arena, uint32_t *seed, struct cw_jid *out)
{
    struct cw_str local = cw_jid_escape(arena, random_user(arena, seed));
    struct cw_str resource = from_pieces(arena, seed, resource_pieces, COUNT(resource_pieces), 6);
    struct cw_str text =
        cw_arena_printf(arena, "%.*s@%s%s%.*s", CW_ARG(local), domains[draw(seed, COUNT(domains))],
                        resource.n ? "/" : "", CW_ARG(resource));
    return cw_jid_parse(arena, text, out) == CW_JID_OK;
}

static struct cw_str child_text(struct cw_arena *arena, const struct cw_xml *stanza,
                                const char *name)
{
    const struct cw_xml *child = cw_xml_child(stanza, CW_NS_SERVER, name);
    return child ? cw_xml_text(arena, child) : CW_STR_NONE;
}

/* A translated stanza has a subject, a body and a thread at most once, and nothing else. */
static void expect_shape(const struct cw_xml *stanza)
{
    static const char *const names[] = {"subject", "body", "thread"};
    size_t next = 0;
    CW_XML_EACH_CHILD (child, stanza) {
        while (next < 3 && !cw_xml_is(child, CW_NS_SERVER, names[next]))
            next++;
        if (next++ >= 3 || (child->first && child->first != child->last) ||
            (child->first && cw_xml_is_element(child->first)))
            fail_msg("an element too many");
    }
}

static void there_and_back(struct cw_arena *arena, const struct cw_jid *from,
                           const struct cw_jid *to, struct cw_str body, struct cw_str subject)
{
    struct cw_xml *stanza = cw_xml_new(arena, CW_NS_SERVER, "message");
    struct cw_message_to_sip sip;
    struct cw_message_to_xmpp back;
    struct cw_sip_request read;
    cw_xml_set(arena, stanza, "from", cw_jid_str(arena, from));
    cw_xml_set(arena, stanza, "to", cw_jid_str(arena, to));
    cw_xml_set_lang(arena, stanza, CW_S("ar"));
    add_text(arena, stanza, "body", body);
    if (subject.n)
        add_text(arena, stanza, "subject", subject);
    cw_message_to_sip(arena, over_xml(arena, stanza), &(struct cw_message_options){0}, &sip);
    bool is_reversible = cw_addr_is_reversible(arena, from) && cw_addr_is_reversible(arena, to);
    expect("there", "is sent when the way back exists",
           sip.outcome == (is_reversible ? CW_XLATE_SEND : CW_XLATE_REFUSED));
    if (!is_reversible)
        return;
    struct cw_sip_message *message = over_sip(arena, &sip.request, sip.branch, &read);
    cw_message_to_xmpp(arena, &read, &(struct cw_message_options){0}, &back);
    if (back.outcome != CW_XLATE_SEND)
        fail_msg("back: %d %.*s: %.*s to %.*s", back.response.status,
                 CW_ARG(back.response.reason_phrase), CW_ARG(read.from_uri), CW_ARG(read.to_uri));
    const struct cw_xml *result = over_xml(arena, back.stanza);
    expect_shape(result);
    expect_str("back", "from", cw_xml_attr(result, "from"), cw_jid_str(arena, from));
    expect_str("back", "to", cw_xml_attr(result, "to"), cw_jid_str(arena, to));
    expect_str("back", "language", cw_xml_lang(result), CW_S("ar"));
    expect_str("back", "body", child_text(arena, result, "body"), body);
    struct cw_str line = child_text(arena, result, "subject");
    for (size_t i = 0; i < line.n; i++)
        expect("back", "the subject is one line", (unsigned char)line.p[i] >= 0x20);
    cw_sip_message_free(&message);
}

static void stanzas_come_back(void **state)
{
    uint32_t seed = seed_of();
    unsigned n = rounds_of(), sent = 0;
    (void)state;
    for (unsigned round = 0; round < n; round++) {
        struct cw_arena arena = {0};
        struct cw_jid from, to;
        if (random_jid(&arena, &seed, &from) && random_jid(&arena, &seed, &to)) {
            struct cw_str body = random_text(&arena, &seed);
            there_and_back(&arena, &from, &to, body, random_text(&arena, &seed));
            sent++;
        }
        cw_arena_free(&arena);
    }
    /* Mixed directions make some of the addresses none. */
    if (sent < n / 3)
        fail_msg("only %u of %u had addresses", sent, n);
}

/* --- SIP -> XMPP -> SIP -----------------------------------------------------------------------*/

static struct cw_str percent(struct cw_arena *arena, struct cw_str text)
{
    struct cw_buf out = {0};
    for (size_t i = 0; i < text.n; i++)
        cw_buf_printf(&out, "%%%02x", (unsigned)(unsigned char)text.p[i]);
    return take(arena, &out);
}

static struct cw_str random_uri(struct cw_arena *arena, uint32_t *seed, struct cw_jid *jid)
{
    struct cw_str user = random_user(arena, seed), host;
    cw_domain_to_ascii(arena, cw_str_of(domains[draw(seed, COUNT(domains))]), &host);
    struct cw_str uri =
        cw_arena_printf(arena, "sip:%.*s@%.*s", CW_ARG(percent(arena, user)), CW_ARG(host));
    if (cw_addr_sip_to_jid(arena, uri, jid) != CW_ADDR_OK)
        return CW_STR_NONE;
    expect_str("sip", "localpart", jid->local, cw_jid_escape(arena, user));
    return uri;
}

static void over_and_back(struct cw_arena *arena, uint32_t *seed, struct cw_sip_request *request,
                          bool is_hostile)
{
    struct cw_message_to_xmpp xmpp;
    struct cw_message_to_sip back;
    struct cw_sip_request read, returned;
    struct cw_jid jid;
    struct cw_sip_message *message = over_sip(
        arena, request, cw_arena_printf(arena, "z9hG4bK%u", (unsigned)draw(seed, 1u << 24)), &read);
    cw_message_to_xmpp(arena, &read, &(struct cw_message_options){0}, &xmpp);
    expect("over", "is sent", xmpp.outcome == CW_XLATE_SEND);
    const struct cw_xml *stanza = over_xml(arena, xmpp.stanza);
    expect_shape(stanza);
    cw_message_to_sip(arena, stanza, &(struct cw_message_options){0}, &back);
    expect("over", "comes back", back.outcome == CW_XLATE_SEND);
    struct cw_sip_message *second = over_sip(arena, &back.request, back.branch, &returned);
    if (!is_hostile)
        expect_str("over", "body", returned.body, request->body);
    expect_str("over", "Call-ID", returned.call_id, request->call_id);
    expect("over", "From is an address",
           cw_addr_sip_to_jid(arena, returned.from_uri, &jid) == CW_ADDR_OK);
    expect_str("over", "From", cw_jid_str(arena, &jid), cw_xml_attr(stanza, "from"));
    expect("over", "To is an address",
           cw_addr_sip_to_jid(arena, returned.to_uri, &jid) == CW_ADDR_OK);
    expect_str("over", "To", cw_jid_str(arena, &jid), cw_xml_attr(stanza, "to"));
    cw_sip_message_free(&second);
    cw_sip_message_free(&message);
}

static void requests_come_back(void **state)
{
    uint32_t seed = seed_of() + 1;
    unsigned n = rounds_of(), sent = 0;
    (void)state;
    for (unsigned round = 0; round < n; round++) {
        struct cw_arena arena = {0};
        struct cw_jid from, to;
        bool is_hostile = round % 3 == 0;
        struct cw_sip_request request = {
            .method = CW_STR("MESSAGE"),
            .from_uri = random_uri(&arena, &seed, &from),
            .to_uri = random_uri(&arena, &seed, &to),
            .from_tag = CW_STR("t1"),
            .call_id = cw_arena_printf(&arena, "c%u@h.example", round),
            .cseq = 1 + round,
            .content_type = CW_STR("text/plain;charset=utf-8"),
            .subject = random_text(&arena, &seed),
            .body = is_hostile ? hostile_text(&arena, &seed) : random_text(&arena, &seed),
        };
        request.request_uri = request.to_uri;
        if (!request.subject.n || !cw_str_trim(request.subject).n)
            request.subject = CW_STR_NONE;
        if (request.from_uri.n && request.to_uri.n && cw_addr_is_reversible(&arena, &from) &&
            cw_addr_is_reversible(&arena, &to)) {
            over_and_back(&arena, &seed, &request, is_hostile);
            sent++;
        }
        cw_arena_free(&arena);
    }
    if (sent < n / 3)
        fail_msg("only %u of %u had addresses", sent, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stanzas_come_back),
        cmocka_unit_test(requests_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
