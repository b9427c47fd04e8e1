/* SIP -> XMPP: RFC 7572 section 5, table 2. */
#include "xlate/address.h"
#include "xlate/content.h"
#include "xlate/message.h"
#include "xlate/text.h"
#include "xmpp/ns.h"

static void refuse(struct cw_message_to_xmpp *out, int status, const char *reason)
{
    *out = (struct cw_message_to_xmpp){
        .outcome = CW_XLATE_REFUSED,
        .response = {.status = status, .reason_phrase = cw_str_of(reason)},
    };
}

/* Reads From and Request-URI; false when out holds a refusal. */
static bool read_addresses(struct cw_arena *arena, const struct cw_sip_request *request,
                           struct cw_jid *from, struct cw_jid *to, struct cw_message_to_xmpp *out)
{
    /* RFC 7247 section 8: XMPP cannot promise what sips asks for on every hop. */
    if (cw_addr_is_sips(request->request_uri) || cw_addr_is_sips(request->to_uri)) {
        refuse(out, 416, "sips Is Not Translated");
        return false;
    }
    if (cw_addr_sip_to_jid(arena, request->from_uri, from) != CW_ADDR_OK) {
        refuse(out, 400, "From Cannot Be Translated");
        return false;
    }
    enum cw_addr_fault fault = cw_addr_sip_to_jid(arena, request->request_uri, to);
    if (fault == CW_ADDR_SCHEME) {
        refuse(out, 416, "Unsupported URI Scheme");
        return false;
    }
    if (fault != CW_ADDR_OK) {
        refuse(out, 400, "Request-URI Cannot Be Translated");
        return false;
    }
    if (!cw_str_is_present(to->local)) {
        refuse(out, 404, "Not Found");
        return false;
    }
    return true;
}

/* The transaction has no name of its own that both sides see (table 2, last row): Call-ID, CSeq
 * and From tag identify it, also for a request that was sent again. */
static struct cw_str stanza_id(struct cw_arena *arena, const struct cw_sip_request *request)
{
    const struct cw_str parts[] = {
        request->call_id,
        request->from_tag,
        cw_arena_printf(arena, "%u", (unsigned)request->cseq),
    };
    return cw_text_digest(arena, parts, 3);
}

static void add_text(struct cw_arena *arena, struct cw_xml *stanza, const char *name,
                     struct cw_str text)
{
    struct cw_xml *element = cw_xml_add(arena, stanza, CW_NS_SERVER, name);
    if (text.n)
        cw_xml_add_text(arena, element, text);
}

static bool is_over(const struct cw_xml *stanza, size_t max_bytes, size_t text_bytes)
{
    /* An octet takes at most six when escaped, the tags less than 512: most stanzas need no
     * measuring. */
    if (max_bytes == 0 || text_bytes * 6 + 512 <= max_bytes)
        return false;
    struct cw_buf out = {0};
    cw_xml_write(&out, stanza, &(struct cw_xml_scope){.default_ns = CW_NS_SERVER});
    bool over = out.n > max_bytes;
    cw_buf_free(&out);
    return over;
}

/* What an envelope says of its sender must be what SIP says, or nobody would know whom a client
 * shows.  RFC 3323's anonymous says nothing. */
static bool is_sender(struct cw_arena *arena, const struct cw_cpim *cpim, const struct cw_jid *from)
{
    struct cw_jid inner;
    if (!cw_str_is_present(cpim->from_uri))
        return true;
    return cw_addr_sip_to_jid(arena, cpim->from_uri, &inner) == CW_ADDR_OK &&
           (cw_jid_eq_bare(&inner, from) || cw_str_eq_cstr(inner.domain, "anonymous.invalid"));
}

static void make_text(struct cw_arena *arena, const struct cw_sip_request *request,
                      const struct cw_content *content, struct cw_message_to_xmpp *out)
{
    struct cw_xml *stanza = out->stanza = cw_xml_new(arena, CW_NS_SERVER, "message");
    struct cw_str subject =
        cw_text_line(arena, request->subject.n ? request->subject : content->cpim.subject);
    struct cw_str thread = cw_text_line(arena, request->call_id);
    out->id = stanza_id(arena, request);
    /* No type: it must not be "chat" (section 5). */
    cw_xml_set(arena, stanza, "from", cw_jid_str(arena, &out->from));
    cw_xml_set(arena, stanza, "to", cw_jid_str(arena, &out->to));
    cw_xml_set(arena, stanza, "id", out->id);
    struct cw_str language = cw_text_language(request->content_language);
    if (cw_str_is_present(language))
        cw_xml_set_lang(arena, stanza, language);
    if (subject.n)
        add_text(arena, stanza, "subject", subject);
    add_text(arena, stanza, "body", content->text);
    if (thread.n)
        add_text(arena, stanza, "thread", thread);
    cw_report_request_of(&content->cpim, &out->reporting);
}

static void make_stanza(struct cw_arena *arena, const struct cw_sip_request *request,
                        const struct cw_content *content, struct cw_message_to_xmpp *out)
{
    switch (content->kind) {
    case CW_CONTENT_TEXT:
        out->kind = CW_MESSAGE_TEXT;
        make_text(arena, request, content, out);
        break;
    case CW_CONTENT_COMPOSING:
        out->kind = CW_MESSAGE_COMPOSING;
        out->composing = content->composing;
        out->stanza =
            cw_chat_state_stanza(arena, &out->from, &out->to,
                                 content->composing.is_active ? CW_CHAT_COMPOSING : CW_CHAT_ACTIVE,
                                 cw_text_line(arena, request->call_id));
        break;
    case CW_CONTENT_REPORT:
        out->kind = CW_MESSAGE_REPORT;
        out->report = content->report;
        out->report.message_id = cw_text_line(arena, content->report.message_id);
        out->stanza =
            cw_report_stanza(arena, &out->report, &out->from, &out->to, out->report.message_id);
        if (!out->stanza)
            out->outcome = CW_XLATE_NOTHING;
        break;
    }
}

void cw_message_to_xmpp(struct cw_arena *arena, const struct cw_sip_request *request,
                        const struct cw_message_options *options, struct cw_message_to_xmpp *out)
{
    struct cw_jid from, to;
    struct cw_content content;
    struct cw_sip_response refusal;

    if (!cw_str_eq_cstr(request->method, "MESSAGE")) {
        refuse(out, 405, "Method Not Allowed");
        out->response.allow = CW_S("MESSAGE");
        return;
    }
    if (!read_addresses(arena, request, &from, &to, out))
        return;
    if (cw_content_read(arena, request, &content, &refusal)) {
        *out = (struct cw_message_to_xmpp){.outcome = CW_XLATE_REFUSED, .response = refusal};
        return;
    }
    if (!is_sender(arena, &content.cpim, &from)) {
        refuse(out, 403, "The Envelope Names Another Sender");
        return;
    }
    *out = (struct cw_message_to_xmpp){
        .outcome = CW_XLATE_SEND, .from = from, .to = to, .is_wrapped = content.is_wrapped};
    make_stanza(arena, request, &content, out);
    size_t text_bytes = content.text.n + request->subject.n + content.cpim.subject.n +
                        request->call_id.n + request->from_uri.n + request->request_uri.n;
    if (out->stanza && is_over(out->stanza, options->max_stanza_bytes, text_bytes))
        refuse(out, 413, "Request Entity Too Large");
}
