/* XMPP -> SIP: RFC 7572 section 4, table 1.  The other direction is message_s2x.c. */
#include "xlate/message.h"

#include <string.h>

#include "xlate/address.h"
#include "xlate/errors.h"
#include "xlate/text.h"
#include "xmpp/ns.h"

enum { DEFAULT_OVERHEAD_BYTES = 120, MAX_CALL_ID_BYTES = 255 };

void cw_message_refuse(struct cw_arena *arena, const struct cw_xml *stanza,
                       enum cw_stanza_error error, const char *text, struct cw_message_to_sip *out)
{
    *out = (struct cw_message_to_sip){
        .outcome = CW_XLATE_REFUSED,
        .error = error,
        .text = cw_str_of(text),
        .reply = cw_stanza_error_reply(arena, stanza, error, cw_str_of(text)),
    };
}

/* Which of the stanza's texts goes along */

/* The child of that name in the language asked for, else the one without a language of its own,
 * else the first (RFC 6121 section 5.2.3: one for each language). */
static const struct cw_xml *pick(const struct cw_xml *stanza, const char *name,
                                 struct cw_str language)
{
    const struct cw_xml *first = NULL, *plain = NULL;
    CW_XML_EACH_CHILD (child, stanza) {
        if (!cw_xml_is(child, stanza->ns, name))
            continue;
        struct cw_str own = cw_xml_lang(child);
        if (language.n && cw_str_eq_nocase(own, language))
            return child;
        if (!first)
            first = child;
        if (!plain && !cw_str_is_present(own))
            plain = child;
    }
    return plain ? plain : first;
}

struct texts {
    const struct cw_xml *body;
    struct cw_str body_text, subject, thread, language;
};

static void read_texts(struct cw_arena *arena, const struct cw_xml *stanza, struct cw_str wanted,
                       struct texts *out)
{
    struct cw_str default_language = cw_xml_lang(stanza);
    if (!wanted.n)
        wanted = default_language;
    const struct cw_xml *body = pick(stanza, "body", wanted);
    struct cw_str own = body ? cw_xml_lang(body) : CW_STR_NONE;
    struct cw_str language = cw_str_is_present(own) ? own : default_language;
    const struct cw_xml *subject = pick(stanza, "subject", language);
    const struct cw_xml *thread = cw_xml_child(stanza, stanza->ns, "thread");

    *out = (struct texts){
        .body = body,
        .body_text = body ? cw_xml_text(arena, body) : CW_S(""),
        .subject = subject ? cw_text_line(arena, cw_xml_text(arena, subject)) : CW_STR_NONE,
        .thread = thread ? cw_xml_text(arena, thread) : CW_STR_NONE,
        .language = cw_text_language(language),
    };
    if (!out->subject.n)
        out->subject = CW_STR_NONE;
}

/* Names of the request */

/* RFC 3261 section 25.1: callid = word [ "@" word ]. */
static bool is_call_id(struct cw_str text)
{
    static const char marks[] = "-.!%*_+`'~()<>:\\\"/[]?{}";
    unsigned ats = 0;

    if (text.n == 0 || text.n > MAX_CALL_ID_BYTES)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c == '@' && ++ats == 1 && i > 0 && i + 1 < text.n)
            continue;
        if (!is_alphanumeric && (c == '\0' || !strchr(marks, c)))
            return false;
    }
    return true;
}

/* A thread that can be a Call-ID is one (table 1).  Another thread gets a name of its own for each
 * pair of users, so that a conversation stays together and nobody walks into another's.  Without a
 * thread the stanza is its own conversation. */
struct cw_str cw_message_call_id(struct cw_arena *arena, struct cw_str thread,
                                 struct cw_str from_uri, struct cw_str to_uri)
{
    if (!thread.n)
        return CW_STR_NONE;
    if (is_call_id(thread))
        return thread;
    const struct cw_str parts[] = {CW_STR("thread"), thread, from_uri, to_uri};
    return cw_text_digest(arena, parts, 4);
}

static struct cw_str call_id_of(struct cw_arena *arena, const struct texts *texts,
                                const struct cw_sip_request *request, struct cw_str identity)
{
    const struct cw_str parts[] = {CW_STR("call-id"), identity};
    return texts->thread.n
               ? cw_message_call_id(arena, texts->thread, request->from_uri, request->to_uri)
               : cw_text_digest(arena, parts, 2);
}

/* Call-ID, tag and branch follow from the stanza alone.  The tag differs from message to message:
 * those of one thread share Call-ID and CSeq, and a third thing has to keep a proxy from taking
 * them for one merged request (RFC 3261 section 8.2.2.2). */
static void name_request(struct cw_arena *arena, const struct cw_xml *stanza,
                         const struct texts *texts, const struct cw_message_options *options,
                         struct cw_message_to_sip *out)
{
    struct cw_sip_request *request = &out->request;
    struct cw_str seed = options->call_id_seed;
    bool is_second = options->is_second;
    const struct cw_str parts[] = {
        seed,           cw_xml_attr(stanza, "id"), request->from_uri, request->to_uri,
        texts->subject, texts->body_text,          texts->thread,
    };
    struct cw_str identity = cw_text_digest(arena, parts, sizeof(parts) / sizeof(parts[0]));
    const struct cw_str tag_parts[] = {is_second ? CW_S("tag 2") : CW_S("tag"), identity};
    const struct cw_str branch_parts[] = {is_second ? CW_S("branch 2") : CW_S("branch"), identity};

    request->call_id = call_id_of(arena, texts, request, identity);
    request->from_tag = cw_str_sub(cw_text_digest(arena, tag_parts, 2), 0, 16);
    request->cseq = 1;
    out->branch =
        cw_arena_printf(arena, "z9hG4bK%.*s", CW_ARG(cw_text_digest(arena, branch_parts, 2)));
}

/* Size */

static size_t field_size(const char *name, struct cw_str value)
{
    return cw_str_is_present(value) ? strlen(name) + 4 + value.n : 0; /* ": " and CRLF */
}

static size_t request_size(const struct cw_sip_request *request, size_t overhead)
{
    return strlen("MESSAGE  SIP/2.0\r\n") + request->request_uri.n +
           field_size("From", request->from_uri) + strlen("<>;tag=") + request->from_tag.n +
           field_size("To", request->to_uri) + strlen("<>") +
           field_size("Call-ID", request->call_id) + strlen("CSeq: 1 MESSAGE\r\n") +
           field_size("Subject", request->subject) +
           field_size("Content-Language", request->content_language) +
           field_size("Content-Type", request->content_type) +
           strlen("Content-Length: 00000\r\n\r\n") + request->body.n +
           (overhead ? overhead : DEFAULT_OVERHEAD_BYTES);
}

static bool is_too_long(const struct cw_sip_request *request,
                        const struct cw_message_options *options)
{
    return options->max_sip_bytes &&
           request_size(request, options->sip_overhead_bytes) > options->max_sip_bytes;
}

/* Receipts */

/* Puts the text into an envelope that asks for reports (RFC 5438 section 7.1.1), unless it would be
 * too long in it.  What the report names is a name of this one stanza that nobody can guess who has
 * not seen the request. */
static void ask_for_report(struct cw_arena *arena, const struct cw_xml *stanza,
                           const struct cw_message_options *options, struct cw_message_to_sip *out)
{
    struct cw_signals signals;
    struct cw_buf text = {0};
    const struct cw_str parts[] = {CW_STR("message-id"), options->call_id_seed, out->branch};

    cw_signals_read(stanza, &signals);
    if (!signals.asks_receipt || !cw_str_is_present(options->date_time))
        return;
    struct cw_sip_request wrapped = out->request;
    const struct cw_cpim cpim = {
        .from_uri = wrapped.from_uri,
        .to_uri = wrapped.to_uri,
        .date_time = options->date_time,
        .message_id = cw_text_digest(arena, parts, 3),
        .asks = CW_CPIM_POSITIVE_DELIVERY | CW_CPIM_NEGATIVE_DELIVERY,
        .content_type = wrapped.content_type,
        .body = wrapped.body,
    };
    cw_cpim_write(&text, &cpim);
    wrapped.content_type = CW_CPIM_TYPE;
    wrapped.body = cw_arena_dup(arena, cw_buf_str(&text));
    cw_buf_free(&text);
    if (is_too_long(&wrapped, options))
        return;
    out->request = wrapped;
    out->message_id = cpim.message_id;
}

/* The whole */

/* A parsed address that stands for one SIP URI and comes back from it. */
static bool read_address(struct cw_arena *arena, const struct cw_xml *stanza, const char *name,
                         struct cw_jid *out)
{
    struct cw_str text = cw_xml_attr(stanza, name);
    return cw_jid_parse(arena, text, out) == CW_JID_OK && cw_addr_is_reversible(arena, out);
}

static bool is_ascii(struct cw_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] >= 0x80)
            return false;
    return true;
}

static void fill_request(struct cw_arena *arena, const struct cw_jid *from, const struct cw_jid *to,
                         const struct texts *texts, struct cw_sip_request *request)
{
    request->method = CW_S("MESSAGE");
    request->from_uri = cw_addr_jid_to_uri(arena, from, CW_ADDR_SIP);
    request->to_uri = cw_addr_jid_to_uri(arena, to, CW_ADDR_SIP);
    request->request_uri = request->to_uri;
    request->subject = texts->subject;
    request->content_language = texts->language;
    /* UTF-8 is the default of SIP (RFC 3261 section 7.4.1); it is said where it matters, for the
     * phones that go by MIME's default instead. */
    request->content_type =
        is_ascii(texts->body_text) ? CW_S("text/plain") : CW_S("text/plain;charset=utf-8");
    request->body = texts->body_text;
}

/* RFC 6121 section 5.2.2: a type that is not known is "normal".  Neither an error nor its text is
 * a message (RFC 6120 section 8.3.1). */
static bool is_refused_by_type(struct cw_arena *arena, const struct cw_xml *stanza,
                               struct cw_message_to_sip *out)
{
    struct cw_str type = cw_xml_attr(stanza, "type");
    if (cw_str_eq_cstr(type, "error")) {
        *out = (struct cw_message_to_sip){.outcome = CW_XLATE_NOTHING};
        return true;
    }
    if (cw_str_eq_cstr(type, "groupchat")) {
        cw_message_refuse(arena, stanza, CW_STANZA_SERVICE_UNAVAILABLE,
                          "a SIP user is no chat room", out);
        return true;
    }
    return false;
}

/* A chat state instead of a text (RFC 7573 table 4): only who is typing is not idle. */
static bool read_state(struct cw_arena *arena, const struct cw_xml *stanza,
                       const struct cw_message_options *options, struct texts *texts)
{
    struct cw_signals signals;
    struct cw_buf document = {0};

    cw_signals_read(stanza, &signals);
    if (!options->takes_states || signals.is_text || signals.state == CW_CHAT_UNSAID)
        return false;
    bool is_active = signals.state == CW_CHAT_COMPOSING;
    cw_composing_write(&document,
                       &(struct cw_composing){is_active, is_active ? CW_COMPOSING_REFRESH_S : 0});
    texts->body_text = cw_arena_dup(arena, cw_buf_str(&document));
    texts->language = CW_STR_NONE;
    cw_buf_free(&document);
    return true;
}

void cw_message_to_sip(struct cw_arena *arena, const struct cw_xml *stanza,
                       const struct cw_message_options *options, struct cw_message_to_sip *out)
{
    struct cw_jid from, to;
    struct texts texts;

    if (is_refused_by_type(arena, stanza, out))
        return;
    read_texts(arena, stanza, options->language, &texts);
    /* Only direct children count: what is forwarded, carbon-copied or addressed in an extension
     * (XEP-0297, 0280, 0033) is no message of this sender to this addressee. */
    bool is_state = read_state(arena, stanza, options, &texts);
    if (!texts.body && !texts.subject.n && !is_state) {
        *out = (struct cw_message_to_sip){.outcome = CW_XLATE_NOTHING};
        return;
    }
    if (!read_address(arena, stanza, "from", &from) || !read_address(arena, stanza, "to", &to)) {
        cw_message_refuse(arena, stanza, CW_STANZA_JID_MALFORMED,
                          "the address cannot be translated to SIP", out);
        return;
    }
    if (!cw_str_is_present(to.local)) {
        cw_message_refuse(arena, stanza, CW_STANZA_SERVICE_UNAVAILABLE,
                          "a message needs a user as its addressee", out);
        return;
    }
    *out = (struct cw_message_to_sip){.outcome = CW_XLATE_SEND};
    fill_request(arena, &from, &to, &texts, &out->request);
    if (is_state)
        out->request.content_type = CW_COMPOSING_TYPE;
    name_request(arena, stanza, &texts, options, out);
    if (is_too_long(&out->request, options))
        cw_message_refuse(arena, stanza, CW_STANZA_POLICY_VIOLATION,
                          "the message is too long for the SIP side", out);
    else if (!is_state)
        ask_for_report(arena, stanza, options, out);
}
