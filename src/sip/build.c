/* See build.h.  Checks come first and name the field; writing cannot fail after that.  Here are the
 * fields that requests and answers have in common, and the requests. */
#include "sip/build_priv.h"

#include "sip/lines_priv.h"

/* --- fields --- */

/* Headers that have a place of their own in a draft or a reply; never as a further field. */
static const struct cw_str own_headers[] = {
    CW_STR("via"),
    CW_STR("from"),
    CW_STR("to"),
    CW_STR("call-id"),
    CW_STR("cseq"),
    CW_STR("max-forwards"),
    CW_STR("contact"),
    CW_STR("content-type"),
    CW_STR("content-length"),
    CW_STR("subject"),
    CW_STR("content-language"),
    CW_STR("date"),
    CW_STR("expires"),
    CW_STR("user-agent"),
    CW_STR("allow"),
    CW_STR("accept"),
    CW_STR("unsupported"),
    CW_STR("retry-after"),
    CW_STR("event"),
    CW_STR("subscription-state"),
    CW_STR("route"),
    CW_STR("record-route"),
    CW_STR("allow-events"),
    CW_STR("min-expires"),
};

bool cw_sip_are_fields_good(const struct cw_sip_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!cw_sip_is_token(fields[i].name) || !cw_sip_is_field_value(fields[i].value))
            return false;
        for (size_t k = 0; k < sizeof own_headers / sizeof *own_headers; k++)
            if (cw_sip_name_is(fields[i].name, own_headers[k]))
                return false;
    }
    return true;
}

void cw_sip_put_field(struct cw_buf *out, const char *name, struct cw_str value)
{
    if (!cw_str_is_present(value))
        return;
    cw_buf_putcstr(out, name);
    cw_buf_putcstr(out, ": ");
    cw_sip_put_text(out, value);
    cw_buf_putcstr(out, "\r\n");
}

void cw_sip_put_fields(struct cw_buf *out, const struct cw_sip_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cw_buf_puts(out, fields[i].name);
        cw_buf_putcstr(out, ": ");
        cw_buf_puts(out, fields[i].value);
        cw_buf_putcstr(out, "\r\n");
    }
}

void cw_sip_put_body(struct cw_buf *out, struct cw_str content_type, struct cw_str body)
{
    cw_sip_put_field(out, "Content-Type", body.n > 0 ? content_type : CW_STR_NONE);
    cw_buf_printf(out, "Content-Length: %zu\r\n\r\n", body.n);
    cw_buf_puts(out, body);
}

void cw_sip_put_party(struct cw_buf *out, const char *name, struct cw_sip_party party)
{
    cw_buf_putcstr(out, name);
    cw_buf_putcstr(out, ": ");
    if (party.display.n > 0) {
        cw_sip_put_quoted(out, party.display);
        cw_buf_putc(out, ' ');
    }
    cw_buf_putc(out, '<');
    cw_buf_puts(out, party.uri);
    cw_buf_putc(out, '>');
    if (cw_str_is_present(party.tag)) {
        cw_buf_putcstr(out, ";tag=");
        cw_buf_puts(out, party.tag);
    }
    cw_buf_putcstr(out, "\r\n");
}

/* --- requests --- */

bool cw_sip_is_absent_or(bool (*is_good)(struct cw_str), struct cw_str s)
{
    return !cw_str_is_present(s) || is_good(s);
}

bool cw_sip_is_short_text(struct cw_str s)
{
    return s.n <= CW_SIP_MAX_HEADER_BYTES / 2 && cw_str_is_utf8(s);
}

bool cw_sip_is_number(struct cw_str s)
{
    uint64_t number;
    return cw_str_to_u64(s, &number) && number <= UINT32_MAX;
}

static bool is_sent_by(struct cw_str s)
{
    return cw_sip_split_host_port(s, NULL, NULL);
}

/* The name of the first field that must not be written so, or NULL. */
static const char *find_flaw(const struct cw_sip_draft *d)
{
    const struct {
        const char *name;
        bool is_good;
    } checks[] = {
        {"method", cw_sip_is_token(d->method)},
        {"Request-URI", cw_sip_is_header_uri(d->request_uri)},
        {"Via sent-by", is_sent_by(d->sent_by)},
        {"Via branch", cw_sip_is_branch(d->branch)},
        {"From URI", cw_sip_is_header_uri(d->from_uri)},
        {"From display name", cw_sip_is_short_text(d->from_display)},
        {"From tag", cw_sip_is_token(d->from_tag)},
        {"To URI", cw_sip_is_header_uri(d->to_uri)},
        {"To display name", cw_sip_is_short_text(d->to_display)},
        {"To tag", cw_sip_is_absent_or(cw_sip_is_token, d->to_tag)},
        {"Call-ID", cw_sip_is_call_id(d->call_id)},
        {"CSeq", d->cseq <= INT32_MAX},
        {"Contact", cw_sip_is_absent_or(cw_sip_is_header_uri, d->contact_uri)},
        {"Subject", cw_sip_is_short_text(d->subject)},
        {"Content-Language", cw_sip_is_absent_or(cw_sip_is_language_list, d->content_language)},
        {"Date", cw_sip_is_absent_or(cw_sip_is_date, d->date)},
        {"Expires", cw_sip_is_absent_or(cw_sip_is_number, d->expires)},
        {"User-Agent", cw_sip_is_absent_or(cw_sip_is_field_value, d->user_agent)},
        {"Accept", cw_sip_is_absent_or(cw_sip_is_field_value, d->accept)},
        {"Event", cw_sip_is_absent_or(cw_sip_is_event, d->event)},
        {"Subscription-State", cw_sip_is_absent_or(cw_sip_is_event, d->subscription_state)},
        {"Route", cw_sip_is_absent_or(cw_sip_is_route, d->route)},
        {"further header field", cw_sip_are_fields_good(d->fields, d->n_fields)},
        {"Content-Type", d->body.n == 0 || cw_sip_is_media_type(d->content_type)},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (!checks[i].is_good)
            return checks[i].name;
    return NULL;
}

enum cw_err cw_sip_say_flaw(const char *flaw, const char **why)
{
    if (why)
        *why = flaw ? flaw : "";
    return flaw ? CW_ERR_INVALID : CW_OK;
}

enum cw_err cw_sip_build_request(struct cw_buf *out, const struct cw_sip_draft *d, const char **why)
{
    enum cw_err err = cw_sip_say_flaw(find_flaw(d), why);
    if (err)
        return err;
    cw_buf_printf(out, "%.*s %.*s SIP/2.0\r\n", CW_ARG(d->method), CW_ARG(d->request_uri));
    /* rport: answers come back through address translation (RFC 3581). */
    cw_buf_printf(out, "Via: SIP/2.0/%s %.*s;branch=%.*s%s\r\n",
                  cw_sip_transport_name(d->transport), CW_ARG(d->sent_by), CW_ARG(d->branch),
                  d->transport == CW_SIP_UDP ? ";rport" : "");
    cw_buf_printf(out, "Max-Forwards: %u\r\n", d->max_forwards ? d->max_forwards : 70u);
    cw_sip_put_party(out, "From", (struct cw_sip_party){d->from_uri, d->from_display, d->from_tag});
    cw_sip_put_party(out, "To", (struct cw_sip_party){d->to_uri, d->to_display, d->to_tag});
    cw_buf_printf(out, "Call-ID: %.*s\r\nCSeq: %u %.*s\r\n", CW_ARG(d->call_id), d->cseq,
                  CW_ARG(d->method));
    if (cw_str_is_present(d->contact_uri))
        cw_sip_put_party(out, "Contact", (struct cw_sip_party){.uri = d->contact_uri});
    cw_sip_put_field(out, "Route", d->route);
    cw_sip_put_field(out, "Event", d->event);
    cw_sip_put_field(out, "Subscription-State", d->subscription_state);
    cw_sip_put_field(out, "Date", d->date);
    cw_sip_put_field(out, "Expires", d->expires);
    cw_sip_put_field(out, "User-Agent", d->user_agent);
    cw_sip_put_field(out, "Accept", d->accept);
    cw_sip_put_field(out, "Subject", d->subject);
    cw_sip_put_field(out, "Content-Language", d->content_language);
    cw_sip_put_fields(out, d->fields, d->n_fields);
    cw_sip_put_body(out, d->content_type, d->body);
    return CW_OK;
}

struct cw_sip_draft cw_sip_draft_of(const struct cw_sip_request *r, struct cw_str branch)
{
    return (struct cw_sip_draft){
        .method = r->method,
        .request_uri = r->request_uri,
        .branch = branch,
        .from_uri = r->from_uri,
        .from_display = r->from_display,
        .from_tag = r->from_tag,
        .to_uri = r->to_uri,
        .to_tag = r->to_tag,
        .call_id = r->call_id,
        .cseq = r->cseq,
        .content_type = r->content_type,
        .content_language = r->content_language,
        .subject = r->subject,
        .date = r->date,
        .expires = r->expires,
        .accept = r->accept,
        .event = r->event,
        .subscription_state = r->subscription_state,
        .route = r->route,
        .body = r->body,
    };
}
