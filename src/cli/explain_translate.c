/* `causeway explain translate`: what goes out for one stanza or SIP message, by the functions of
 * xlate and sip.  The gateway's own affairs (who may write to whom, streams, timers) are left out:
 * every partner is one, and every stream is there.  A stanza that was translated waits in the
 * state for its SIP answer; a MESSAGE, for an error that its stanza may bring back. */
#include <stdio.h>
#include <time.h>

#include "cli/args.h"
#include "cli/explain.h"
#include "cli/explain_input.h"
#include "cli/explain_presence.h"
#include "sip/build.h"
#include "sip/message.h"
#include "xlate/address.h"
#include "xlate/errors.h"
#include "xlate/message.h"
#include "xml/reader.h"
#include "xmpp/ns.h"

static const char usage[] = "translate --local-domain D [--state FILE] [--shown] [--json]";

/* RFC 7572 section 6: what a MESSAGE may be long (RFC 3428 section 8). */
enum { MAX_MESSAGE_BYTES = 1300 };

/* What goes out */

static json_t *xml_json(struct cw_arena *arena, const struct cw_xml *stanza)
{
    struct cw_buf text = {0};
    cw_xml_write(&text, stanza, &(struct cw_xml_scope){.default_ns = CW_NS_SERVER});
    json_t *value = cw_explain_json(arena, cw_buf_str(&text));
    cw_buf_free(&text);
    return value;
}

void cw_explain_put_stanza(struct cw_explain_translation *t, const struct cw_xml *stanza)
{
    json_array_append_new(
        t->out, json_pack("{s:s, s:o}", "kind", "xmpp", "xml", xml_json(&t->arena, stanza)));
}

void cw_explain_put_error(struct cw_explain_translation *t, struct cw_xml *stanza)
{
    struct cw_stanza_error_info info;
    if (!stanza) /* none may be sent (RFC 6120 section 8.3.1) */
        return;
    cw_stanza_error_read(&t->arena, stanza, &info);
    json_array_append_new(t->out, json_pack("{s:s, s:o, s:s, s:o}", "kind", "stanza-error", "xml",
                                            xml_json(&t->arena, stanza), "condition",
                                            cw_stanza_error_name(info.condition), "type",
                                            cw_explain_json(&t->arena, info.type)));
}

void cw_explain_put_response(struct cw_explain_translation *t,
                             const struct cw_sip_response *response, struct cw_str unsupported)
{
    const struct {
        const char *name;
        struct cw_str value;
    } fields[] = {
        {"Accept", response->accept},
        {"Accept-Encoding", response->accept_encoding},
        {"Allow", response->allow},
        {"Allow-Events", response->allow_events},
        {"Contact", response->contact},
        {"Expires", response->expires},
        {"Min-Expires", response->min_expires},
        {"Unsupported", unsupported},
    };
    json_t *headers = json_object();
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].value.n)
            json_object_set_new(headers, fields[i].name,
                                cw_explain_json(&t->arena, fields[i].value));
    json_array_append_new(t->out,
                          json_pack("{s:s, s:i, s:o, s:o, s:o}", "kind", "sip-response", "status",
                                    response->status, "reason_phrase",
                                    cw_explain_json(&t->arena, response->reason_phrase), "headers",
                                    headers, "body", cw_explain_json(&t->arena, response->body)));
}

static void put_status(struct cw_explain_translation *t, int status)
{
    struct cw_sip_response response = {
        .status = status,
        .reason_phrase = cw_str_of(cw_sip_reason(status)),
        .allow = status == 405 || status == 200 ? cw_str_of(cw_sip_allow) : CW_STR_NONE,
    };
    cw_explain_put_response(t, &response, CW_STR_NONE);
}

/* Stanzas */

static bool is_local(const struct cw_explain_translation *t, const struct cw_jid *jid)
{
    return cw_str_eq(jid->domain, t->local.domain);
}

struct cw_str cw_explain_host(struct cw_explain_translation *t)
{
    struct cw_str host;
    return cw_domain_to_ascii(&t->arena, t->local.domain, &host) ? host : t->local.domain;
}

static bool build(struct cw_explain_translation *t, const struct cw_message_to_sip *sip,
                  struct cw_buf *out)
{
    const struct cw_sip_request *request = &sip->request;
    const struct cw_sip_draft draft = {
        .method = request->method,
        .request_uri = request->request_uri,
        .transport = CW_SIP_TCP,
        .sent_by = cw_explain_host(t),
        .branch = sip->branch,
        .from_uri = request->from_uri,
        .from_tag = request->from_tag,
        .to_uri = request->to_uri,
        .call_id = request->call_id,
        .cseq = request->cseq,
        .content_type = request->content_type,
        .subject = request->subject,
        .content_language = request->content_language,
        .body = request->body,
    };
    return cw_sip_build_request(out, &draft, NULL) == CW_OK;
}

/* For a SIP user who has shown nothing, a text is a text and a state is nothing. */
static struct cw_message_options message_options(struct cw_explain_translation *t)
{
    time_t now = time(NULL);
    struct tm utc;
    char date[32] = "";

    if (!t->shown)
        return (struct cw_message_options){0};
    if (gmtime_r(&now, &utc))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return (struct cw_message_options){.takes_states = true,
                                       .max_sip_bytes = MAX_MESSAGE_BYTES,
                                       .date_time = cw_arena_dup(&t->arena, cw_str_of(date))};
}

static void translate_message(struct cw_explain_translation *t, const struct cw_xml *stanza)
{
    struct cw_message_options options = message_options(t);
    struct cw_message_to_sip sip;
    struct cw_buf text = {0};

    cw_message_to_sip(&t->arena, stanza, &options, &sip);
    if (sip.outcome == CW_XLATE_SEND && !build(t, &sip, &text))
        cw_message_refuse(&t->arena, stanza, CW_STANZA_NOT_ACCEPTABLE,
                          "the message cannot be written as SIP", &sip);
    else if (sip.outcome == CW_XLATE_SEND && text.n > MAX_MESSAGE_BYTES)
        cw_message_refuse(&t->arena, stanza, CW_STANZA_POLICY_VIOLATION,
                          "the message is too long for the SIP side", &sip);
    if (sip.outcome == CW_XLATE_SEND) {
        json_array_append_new(t->out, json_pack("{s:s, s:o}", "kind", "sip", "text",
                                                cw_explain_json(&t->arena, cw_buf_str(&text))));
        cw_explain_state_add(&t->state, &(struct cw_explain_pending){
                                            .id = cw_xml_attr(stanza, "id"),
                                            .call_id = sip.request.call_id,
                                            .from = cw_xml_attr(stanza, "from"),
                                            .to = cw_xml_attr(stanza, "to"),
                                            .cseq = sip.request.cseq,
                                        });
    } else if (sip.outcome == CW_XLATE_REFUSED) {
        cw_explain_put_error(t, sip.reply);
    }
    cw_buf_free(&text);
}

/* An error is never answered and never sent on as a message: it tells the sender of the MESSAGE
 * what became of it. */
static void translate_error(struct cw_explain_translation *t, const struct cw_xml *stanza)
{
    const struct cw_explain_pending like = {
        .id = cw_xml_attr(stanza, "id"),
        .from = cw_xml_attr(stanza, "to"),
        .to = cw_xml_attr(stanza, "from"),
    };
    struct cw_explain_pending request;
    struct cw_sip_response response;

    if (!like.id.n || !cw_explain_state_find(&t->state, &t->arena, &like, true, &request))
        return;
    cw_error_response(&t->arena, stanza, &response);
    cw_explain_put_response(t, &response, CW_STR_NONE);
}

/* No iq is carried to SIP users: what asks for an answer gets one. */
static void refuse_stanza(struct cw_explain_translation *t, const struct cw_xml *stanza)
{
    if (!cw_str_eq_cstr(cw_xml_attr(stanza, "type"), "result"))
        cw_explain_put_error(t, cw_stanza_error_reply(&t->arena, stanza,
                                                      CW_STANZA_SERVICE_UNAVAILABLE, CW_STR_NONE));
}

static void translate_stanza(struct cw_explain_translation *t, struct cw_xml *stanza)
{
    struct cw_jid from, to;
    bool has_from = cw_jid_parse(&t->arena, cw_xml_attr(stanza, "from"), &from) == CW_JID_OK;
    bool has_to = cw_jid_parse(&t->arena, cw_xml_attr(stanza, "to"), &to) == CW_JID_OK;

    cw_xml_rename_ns(stanza, stanza->ns, CW_NS_SERVER);
    if (has_from && is_local(t, &from))
        return; /* nobody outside speaks for our users: the stream ends, nothing is sent on */
    bool is_error = cw_str_eq_cstr(cw_xml_attr(stanza, "type"), "error");
    bool is_presence = cw_str_eq_cstr(stanza->name, "presence");
    if (is_error && !is_presence)
        translate_error(t, stanza);
    else if (has_to && !is_local(t, &to))
        cw_explain_put_error(
            t, cw_stanza_error_reply(&t->arena, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                     CW_S("the addressee's domain is not served here")));
    else if (cw_str_eq_cstr(stanza->name, "message"))
        translate_message(t, stanza);
    else if (is_presence)
        cw_explain_presence_stanza(t, stanza);
    else
        refuse_stanza(t, stanza);
}

/* SIP */

/* Our user to somebody elsewhere, or the status that says why not. */
static int check_direction(struct cw_explain_translation *t, const struct cw_xml *stanza)
{
    struct cw_jid from, to;
    if (cw_jid_parse(&t->arena, cw_xml_attr(stanza, "from"), &from) != CW_JID_OK ||
        !cw_str_is_present(from.local) || !is_local(t, &from))
        return 403;
    if (cw_jid_parse(&t->arena, cw_xml_attr(stanza, "to"), &to) != CW_JID_OK || is_local(t, &to))
        return 404;
    return 0;
}

static void translate_request(struct cw_explain_translation *t,
                              const struct cw_sip_message *message)
{
    struct cw_sip_request request;
    struct cw_message_to_xmpp xmpp;

    cw_sip_message_values(message, &request);
    if (cw_str_eq_cstr(request.method, "OPTIONS")) {
        put_status(t, 200);
        return;
    }
    cw_message_to_xmpp(&t->arena, &request, &(struct cw_message_options){0}, &xmpp);
    if (xmpp.outcome == CW_XLATE_REFUSED) {
        cw_explain_put_response(t, &xmpp.response, CW_STR_NONE);
        return;
    }
    int refusal = xmpp.stanza ? check_direction(t, xmpp.stanza) : 0;
    if (refusal) {
        put_status(t, refusal);
        return;
    }
    if (xmpp.kind != CW_MESSAGE_TEXT) {
        if (xmpp.stanza && t->shown)
            cw_explain_put_stanza(t, xmpp.stanza);
        put_status(t, 200);
        return;
    }
    if (t->shown && xmpp.reporting.asks & CW_CPIM_POSITIVE_DELIVERY)
        cw_signals_add_request(&t->arena, xmpp.stanza);
    cw_explain_put_stanza(t, xmpp.stanza);
    put_status(t, 202);
    cw_explain_state_add(&t->state, &(struct cw_explain_pending){
                                        .id = xmpp.id,
                                        .call_id = request.call_id,
                                        .from = cw_xml_attr(xmpp.stanza, "from"),
                                        .to = cw_xml_attr(xmpp.stanza, "to"),
                                        .cseq = request.cseq,
                                    });
}

static void translate_response(struct cw_explain_translation *t,
                               const struct cw_sip_message *message)
{
    struct cw_sip_response response;
    struct cw_explain_pending request;
    struct cw_jid from, to;

    cw_sip_message_response_values(message, &response);
    if (cw_explain_presence_response(t, message))
        return;
    if (response.status < 200 ||
        cw_addr_sip_to_jid(&t->arena, cw_sip_message_from(message).uri, &from) != CW_ADDR_OK ||
        cw_addr_sip_to_jid(&t->arena, cw_sip_message_to(message).uri, &to) != CW_ADDR_OK)
        return;
    const struct cw_explain_pending like = {
        .call_id = cw_sip_message_call_id(message),
        .cseq = cw_sip_message_cseq(message),
        .from = cw_jid_bare(&t->arena, &from),
        .to = cw_jid_bare(&t->arena, &to),
    };
    if (!cw_explain_state_find(&t->state, &t->arena, &like, true, &request) ||
        response.status < 300)
        return;
    const struct cw_error_origin origin = {
        .id = request.id, .from = request.from, .to = request.to};
    cw_explain_put_error(t, cw_error_stanza(&t->arena, &origin, &response));
}

static void translate_sip(struct cw_explain_translation *t, struct cw_str bytes)
{
    /* As a datagram: what stands behind Content-Length (an editor's last line end) is cut. */
    struct cw_sip_message *message = cw_sip_message_parse(bytes, CW_SIP_UDP);
    struct cw_sip_verdict verdict = cw_sip_message_verdict(message);

    if (cw_explain_presence_request(t, message)) {
        cw_sip_message_free(&message);
        return;
    }
    if (verdict.answer && !verdict.drop) {
        struct cw_sip_response response = {
            .status = verdict.answer,
            .reason_phrase = cw_str_of(cw_sip_reason(verdict.answer)),
            .allow = verdict.answer == 405 ? cw_str_of(cw_sip_allow) : CW_STR_NONE,
            .allow_events = verdict.answer == 489 ? cw_str_of(cw_sip_allow_events) : CW_STR_NONE,
        };
        cw_explain_put_response(t, &response, cw_sip_message_unsupported(message));
    } else if (verdict.valid && cw_sip_message_is_response(message)) {
        translate_response(t, message);
    } else if (verdict.valid && !verdict.drop) {
        translate_request(t, message);
    }
    cw_sip_message_free(&message);
}

/* The command */

struct options {
    struct cw_str domain, state; /* absent when not given */
    bool json, shown;
};

static const char *read_options(struct cw_arena *arena, int argc, char **argv, struct options *out)
{
    const struct cw_explain_option options[] = {{"local-domain", &out->domain},
                                                {"state", &out->state}};
    const struct cw_explain_flag flags[] = {{"shown", &out->shown}};
    const char *sentence =
        cw_explain_words(arena, argc, argv,
                         &(struct cw_explain_words){.options = options,
                                                    .n_options = sizeof options / sizeof options[0],
                                                    .flags = flags,
                                                    .n_flags = sizeof flags / sizeof flags[0],
                                                    .json = &out->json});

    if (!sentence && !cw_str_is_present(out->domain))
        sentence = "--local-domain is needed";
    return sentence;
}

static void print_text(const json_t *out)
{
    const json_t *one;
    size_t i;

    json_array_foreach(out, i, one)
    {
        const char *text = json_string_value(json_object_get(one, "text"));
        const char *xml = json_string_value(json_object_get(one, "xml"));
        printf("%s:\n", json_string_value(json_object_get(one, "kind")));
        if (text || xml)
            printf("%s\n", text ? text : xml);
        else
            printf("%d %s\n", (int)json_integer_value(json_object_get(one, "status")),
                   json_string_value(json_object_get(one, "reason_phrase")));
    }
    if (json_array_size(out) == 0)
        puts("nothing is sent");
}

/* NULL, or why there is no answer. */
static const char *translate(struct cw_explain_translation *t, struct cw_str input)
{
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    enum cw_xml_fault fault;

    if (!cw_str_starts(cw_str_trim(input), CW_S("<"))) {
        translate_sip(t, input);
        return NULL;
    }
    struct cw_xml *stanza = cw_xml_parse(&t->arena, cw_str_trim(input), &limits, &fault);
    if (!stanza)
        return "standard input is no stanza: a stream would end here";
    translate_stanza(t, stanza);
    return NULL;
}

int cw_explain_translate(int argc, char **argv)
{
    struct cw_explain_translation t = {.out = json_array()};
    struct options options = {0};
    struct cw_str input;
    int status = CW_EXIT_USAGE;
    const char *sentence = read_options(&t.arena, argc, argv, &options);

    if (!sentence && (cw_jid_parse(&t.arena, options.domain, &t.local) != CW_JID_OK ||
                      cw_str_is_present(t.local.local) || cw_str_is_present(t.local.resource)))
        sentence = "--local-domain is no domain";
    if (sentence)
        goto out;
    if (!cw_explain_stdin(&t.arena, &input) || !cw_explain_state_load(&t.state, options.state.p))
        goto out;
    t.shown = options.shown;
    sentence = translate(&t, input);
    if (sentence || !cw_explain_state_save(&t.state))
        goto out;
    if (options.json)
        cw_explain_print(json_incref(t.out));
    else
        print_text(t.out);
    status = CW_EXIT_OK;
out:
    if (sentence)
        cw_explain_usage(sentence, usage);
    cw_explain_state_free(&t.state);
    json_decref(t.out);
    cw_arena_free(&t.arena);
    return status;
}
