/* From a stanza to a SIP request, on the wire, and back.  The input is a message element.  Whatever
 * it holds, our request has exactly the headers that we wrote, and leads back to the same
 * addresses; error stanzas become answers that are valid too. */
#include "fuzz.h"

#include "sip/build.h"
#include "xlate/address.h"
#include "xlate/errors.h"
#include "xlate/message.h"
#include "xml/reader.h"
#include "xmpp/ns.h"

/* As the stream machine hands it on: with enforced addresses.  False: it would not have passed. */
static bool enforce(struct cw_arena *a, struct cw_xml *stanza, const char *name, struct cw_jid *jid)
{
    if (cw_jid_parse(a, cw_xml_attr(stanza, name), jid) != CW_JID_OK)
        return false;
    cw_xml_set(a, stanza, name, cw_jid_str(a, jid));
    return true;
}

/* Each line of the head begins with a header that a draft can hold, each at most once. */
static void check_head(struct cw_str bytes)
{
    static const char *const names[] = {
        "MESSAGE ",           "Via: ",          "Max-Forwards: ",  "From: ",    "To: ",
        "Call-ID: ",          "CSeq: ",         "Date: ",          "Expires: ", "Subject: ",
        "Content-Language: ", "Content-Type: ", "Content-Length: "};
    ptrdiff_t end = cw_str_find(bytes, CW_S("\r\n\r\n"));
    struct cw_str head = cw_str_sub(bytes, 0, end < 0 ? 0 : (size_t)end + 2), line;
    size_t next = 0;

    cw_assert(head.n > 0);
    while (fuzz_part(&head, '\n', &line)) {
        cw_assert(cw_str_index(line, '\r') == (ptrdiff_t)line.n - 1);
        while (next < sizeof names / sizeof *names && !cw_str_starts(line, cw_str_of(names[next])))
            next++;
        cw_assert(next++ < sizeof names / sizeof *names);
    }
}

static void check_back(struct cw_arena *a, const struct cw_sip_message *m,
                       const struct cw_jid *from, const struct cw_jid *to)
{
    struct cw_message_to_xmpp back;
    struct cw_sip_request r;
    struct cw_jid jid;

    cw_sip_message_values(m, &r);
    cw_message_to_xmpp(a, &r, &(struct cw_message_options){0}, &back);
    cw_assert(back.outcome == CW_XLATE_SEND);
    if (cw_addr_is_reversible(a, from)) {
        cw_assert(cw_jid_parse(a, cw_xml_attr(back.stanza, "from"), &jid) == CW_JID_OK);
        cw_assert(cw_jid_eq(&jid, from));
    }
    if (cw_addr_is_reversible(a, to)) {
        cw_assert(cw_jid_parse(a, cw_xml_attr(back.stanza, "to"), &jid) == CW_JID_OK);
        cw_assert(cw_jid_eq_bare(&jid, to));
    }
}

static void check_request(struct cw_arena *a, const struct cw_message_to_sip *sip,
                          const struct cw_jid *from, const struct cw_jid *to)
{
    struct cw_sip_draft draft = cw_sip_draft_of(&sip->request, sip->branch);
    struct cw_buf bytes = {0};
    struct cw_sip_message *m;
    const char *why;

    draft.transport = CW_SIP_TCP;
    draft.sent_by = CW_S("192.0.2.1:5098");
    cw_assert(cw_sip_build_request(&bytes, &draft, &why) == CW_OK);
    check_head(cw_buf_str(&bytes));
    m = cw_sip_message_parse(cw_buf_str(&bytes), CW_SIP_TCP);
    cw_assert(cw_sip_message_verdict(m).valid && cw_sip_message_verdict(m).answer == 0);
    cw_assert(cw_str_eq(cw_sip_message_from(m).uri, draft.from_uri));
    cw_assert(cw_str_eq(cw_sip_message_to(m).uri, draft.to_uri));
    cw_assert(cw_str_eq(cw_sip_message_call_id(m), draft.call_id));
    cw_assert(cw_str_eq(cw_sip_message_body(m), draft.body));
    check_back(a, m, from, to);
    cw_sip_message_free(&m);
    cw_buf_free(&bytes);
}

static void check_response(struct cw_arena *a, const struct cw_xml *stanza)
{
    struct cw_sip_response r = {0};
    struct cw_buf bytes = {0};
    const char *why;

    (void)a;
    cw_error_response(a, stanza, &r);
    cw_assert(r.status >= 300 && r.status <= 699);
    cw_assert(cw_sip_build_response(&bytes, CW_S("Call-ID: x\r\n"),
                                    &(struct cw_sip_reply){.status = r.status,
                                                           .reason_phrase = r.reason_phrase,
                                                           .contact_uri = r.contact},
                                    &why) == CW_OK);
    cw_assert(cw_str_find(cw_buf_str(&bytes), CW_S("\r\n\r\n")) == (ptrdiff_t)bytes.n - 4);
    cw_buf_free(&bytes);
}

static void translate(struct cw_arena *a, struct cw_xml *stanza)
{
    const struct cw_message_options options = {.call_id_seed = CW_S("edge 1"),
                                               .max_sip_bytes = 1300,
                                               .takes_states = true,
                                               .date_time = CW_S("2026-01-02T03:04:05Z")};
    struct cw_message_to_sip sip;
    struct cw_jid from, to;

    if (!enforce(a, stanza, "from", &from) || !enforce(a, stanza, "to", &to))
        return;
    if (cw_str_eq_cstr(cw_xml_attr(stanza, "type"), "error")) {
        check_response(a, stanza);
        return;
    }
    cw_message_to_sip(a, stanza, &options, &sip);
    cw_assert(sip.outcome != CW_XLATE_REFUSED || sip.text.n > 0);
    if (sip.outcome == CW_XLATE_SEND)
        check_request(a, &sip, &from, &to);
}

void fuzz_input(struct cw_str input)
{
    struct cw_arena a = {0};
    enum cw_xml_fault fault;
    struct cw_xml *stanza = cw_xml_parse(&a, input, &CW_XML_LIMITS_DEFAULT, &fault);

    if (stanza && cw_str_eq_cstr(stanza->name, "message")) {
        cw_xml_rename_ns(stanza, CW_S(""), CW_NS_SERVER);
        cw_xml_rename_ns(stanza, CW_NS_CLIENT, CW_NS_SERVER);
        translate(&a, stanza);
    }
    cw_arena_free(&a);
}
