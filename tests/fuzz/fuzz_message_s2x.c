/* From a SIP message on the wire to a stanza, and back.  A request that is taken gives a stanza
 * that a parser reads as we meant it, from and to addresses that stay the same on the way back; a
 * response gives an error stanza. */
#include "fuzz.h"

#include "sip/build.h"
#include "xlate/address.h"
#include "xlate/errors.h"
#include "xlate/message.h"
#include "xml/reader.h"
#include "xmpp/ns.h"

/* What the partner's parser makes of it. */
static struct cw_xml *on_the_wire(struct cw_arena *a, const struct cw_xml *stanza)
{
    struct cw_buf bytes = {0};
    enum cw_xml_fault fault;
    struct cw_xml *read;

    cw_xml_write(&bytes, stanza, &(struct cw_xml_scope){.default_ns = CW_STR("")});
    read = cw_xml_parse(a, cw_buf_str(&bytes), &CW_XML_LIMITS_DEFAULT, &fault);
    cw_buf_free(&bytes);
    cw_assert(read != NULL);
    return read;
}

static unsigned count_elements(const struct cw_xml *node)
{
    unsigned n = 0;

    CW_XML_EACH_CHILD (child, node)
        n += cw_xml_is_element(child) ? 1 + count_elements(child) : 0;
    return n;
}

static void check_address(struct cw_arena *a, const struct cw_xml *stanza, const char *name,
                          struct cw_str uri)
{
    struct cw_jid jid, same, of_uri;

    cw_assert(cw_jid_parse(a, cw_xml_attr(stanza, name), &jid) == CW_JID_OK);
    cw_assert(cw_str_eq(cw_jid_str(a, &jid), cw_xml_attr(stanza, name)));
    cw_assert(cw_addr_sip_to_jid(a, uri, &of_uri) == CW_ADDR_OK);
    cw_assert(cw_jid_eq_bare(&jid, &of_uri));
    if (cw_addr_is_reversible(a, &jid)) {
        cw_assert(cw_addr_sip_to_jid(a, cw_addr_jid_to_uri(a, &jid, CW_ADDR_SIP), &same) ==
                  CW_ADDR_OK);
        cw_assert(cw_jid_eq(&jid, &same));
    }
}

static void check_refusal(const struct cw_sip_response *r)
{
    struct cw_buf bytes = {0};
    const char *why;

    cw_assert(r->status >= 400 && r->status <= 699);
    cw_assert(cw_sip_build_response(&bytes, CW_S(""),
                                    &(struct cw_sip_reply){.status = r->status,
                                                           .reason_phrase = r->reason_phrase,
                                                           .accept = r->accept,
                                                           .contact_uri = r->contact},
                                    &why) == CW_OK);
    cw_buf_free(&bytes);
}

static void translate_request(struct cw_arena *a, const struct cw_sip_message *m)
{
    struct cw_message_to_xmpp out;
    struct cw_sip_request r;
    struct cw_xml *read;

    cw_sip_message_values(m, &r);
    cw_message_to_xmpp(a, &r, &(struct cw_message_options){.max_stanza_bytes = 4096}, &out);
    if (out.outcome == CW_XLATE_REFUSED) {
        check_refusal(&out.response);
        return;
    }
    if (out.outcome == CW_XLATE_NOTHING) {
        cw_assert(out.kind == CW_MESSAGE_REPORT && !out.stanza);
        return;
    }
    cw_assert(out.outcome == CW_XLATE_SEND && cw_str_eq_cstr(out.stanza->name, "message"));
    read = on_the_wire(a, out.stanza);
    cw_assert(count_elements(read) == count_elements(out.stanza) && count_elements(read) <= 3);
    cw_assert(out.kind != CW_MESSAGE_TEXT || cw_str_eq(cw_xml_attr(read, "id"), out.id));
    cw_assert(out.kind == CW_MESSAGE_TEXT || out.reporting.asks == 0);
    check_address(a, read, "from", r.from_uri);
    check_address(a, read, "to", r.request_uri);
}

static void translate_response(struct cw_arena *a, const struct cw_sip_message *m)
{
    const struct cw_error_origin origin = {.id = CW_STR("m1"),
                                           .from = CW_STR("juliet@fabrikam.test/balcony"),
                                           .to = CW_STR("alice@contoso.test")};
    struct cw_stanza_error_info info;
    struct cw_sip_response r;

    cw_sip_message_response_values(m, &r);
    if (r.status < 300)
        return;
    cw_assert(cw_stanza_error_read(a, on_the_wire(a, cw_error_stanza(a, &origin, &r)), &info));
    cw_assert(info.condition == cw_error_of_status(r.status));
}

void fuzz_input(struct cw_str input)
{
    struct cw_sip_message *m = cw_sip_message_parse(input, CW_SIP_UDP);
    struct cw_sip_verdict v = cw_sip_message_verdict(m);
    struct cw_arena a = {0};

    if (v.valid && cw_sip_message_is_response(m))
        translate_response(&a, m);
    if (v.valid && v.answer == 0 && cw_str_eq_cstr(cw_sip_message_method(m), "MESSAGE"))
        translate_request(&a, m);
    cw_sip_message_free(&m);
    cw_arena_free(&a);
}
