/* See build.h.  Checks come first and name the field; writing cannot fail after that. */
#include "sip/build.h"

#include <arpa/inet.h>
#include <string.h>

#include "sip/check_priv.h"
#include "sip/message_priv.h"

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
};

static bool are_fields_good(const struct cw_sip_field *fields, size_t n)
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

static void put_field(struct cw_buf *out, const char *name, struct cw_str value)
{
    if (!cw_str_is_present(value))
        return;
    cw_buf_putcstr(out, name);
    cw_buf_putcstr(out, ": ");
    cw_sip_put_text(out, value);
    cw_buf_putcstr(out, "\r\n");
}

static void put_fields(struct cw_buf *out, const struct cw_sip_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cw_buf_puts(out, fields[i].name);
        cw_buf_putcstr(out, ": ");
        cw_buf_puts(out, fields[i].value);
        cw_buf_putcstr(out, "\r\n");
    }
}

static void put_body(struct cw_buf *out, struct cw_str content_type, struct cw_str body)
{
    put_field(out, "Content-Type", body.n > 0 ? content_type : CW_STR_NONE);
    cw_buf_printf(out, "Content-Length: %zu\r\n\r\n", body.n);
    cw_buf_puts(out, body);
}

static void put_party(struct cw_buf *out, const char *name, struct cw_sip_party party)
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

static bool is_absent_or(bool (*is_good)(struct cw_str), struct cw_str s)
{
    return !cw_str_is_present(s) || is_good(s);
}

static bool is_short_text(struct cw_str s)
{
    return s.n <= CW_SIP_MAX_HEADER_BYTES / 2 && cw_str_is_utf8(s);
}

static bool is_number(struct cw_str s)
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
        {"From display name", is_short_text(d->from_display)},
        {"From tag", cw_sip_is_token(d->from_tag)},
        {"To URI", cw_sip_is_header_uri(d->to_uri)},
        {"To display name", is_short_text(d->to_display)},
        {"To tag", is_absent_or(cw_sip_is_token, d->to_tag)},
        {"Call-ID", cw_sip_is_call_id(d->call_id)},
        {"CSeq", d->cseq <= INT32_MAX},
        {"Contact", is_absent_or(cw_sip_is_header_uri, d->contact_uri)},
        {"Subject", is_short_text(d->subject)},
        {"Content-Language", is_absent_or(cw_sip_is_language_list, d->content_language)},
        {"Date", is_absent_or(cw_sip_is_date, d->date)},
        {"Expires", is_absent_or(is_number, d->expires)},
        {"User-Agent", is_absent_or(cw_sip_is_field_value, d->user_agent)},
        {"Accept", is_absent_or(cw_sip_is_field_value, d->accept)},
        {"Event", is_absent_or(cw_sip_is_field_value, d->event)},
        {"Subscription-State", is_absent_or(cw_sip_is_field_value, d->subscription_state)},
        {"Route", is_absent_or(cw_sip_is_field_value, d->route)},
        {"further header field", are_fields_good(d->fields, d->n_fields)},
        {"Content-Type", d->body.n == 0 || cw_sip_is_media_type(d->content_type)},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (!checks[i].is_good)
            return checks[i].name;
    return NULL;
}

static enum cw_err say_flaw(const char *flaw, const char **why)
{
    if (why)
        *why = flaw ? flaw : "";
    return flaw ? CW_ERR_INVALID : CW_OK;
}

enum cw_err cw_sip_build_request(struct cw_buf *out, const struct cw_sip_draft *d, const char **why)
{
    enum cw_err err = say_flaw(find_flaw(d), why);
    if (err)
        return err;
    cw_buf_printf(out, "%.*s %.*s SIP/2.0\r\n", CW_ARG(d->method), CW_ARG(d->request_uri));
    /* rport: answers come back through address translation (RFC 3581). */
    cw_buf_printf(out, "Via: SIP/2.0/%s %.*s;branch=%.*s%s\r\n",
                  cw_sip_transport_name(d->transport), CW_ARG(d->sent_by), CW_ARG(d->branch),
                  d->transport == CW_SIP_UDP ? ";rport" : "");
    cw_buf_printf(out, "Max-Forwards: %u\r\n", d->max_forwards ? d->max_forwards : 70u);
    put_party(out, "From", (struct cw_sip_party){d->from_uri, d->from_display, d->from_tag});
    put_party(out, "To", (struct cw_sip_party){d->to_uri, d->to_display, d->to_tag});
    cw_buf_printf(out, "Call-ID: %.*s\r\nCSeq: %u %.*s\r\n", CW_ARG(d->call_id), d->cseq,
                  CW_ARG(d->method));
    if (cw_str_is_present(d->contact_uri))
        put_party(out, "Contact", (struct cw_sip_party){.uri = d->contact_uri});
    put_field(out, "Route", d->route);
    put_field(out, "Event", d->event);
    put_field(out, "Subscription-State", d->subscription_state);
    put_field(out, "Date", d->date);
    put_field(out, "Expires", d->expires);
    put_field(out, "User-Agent", d->user_agent);
    put_field(out, "Accept", d->accept);
    put_field(out, "Subject", d->subject);
    put_field(out, "Content-Language", d->content_language);
    put_fields(out, d->fields, d->n_fields);
    put_body(out, d->content_type, d->body);
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

/* --- what an answer takes over --- */

/* A header value as received.  A lone control can only be there when the request is refused for
 * it; it must not cut a line of ours. */
static void put_echoed(struct cw_buf *out, struct cw_str value)
{
    size_t from = out->n;
    cw_buf_puts(out, value);
    for (size_t i = from; i < out->n; i++) {
        unsigned char c = (unsigned char)out->p[i];
        bool is_control = (c < 0x20 && c != '\t') || c == 0x7f;
        bool is_pair = i > from && out->p[i - 1] == '\\' && c != '\r' && c != '\n';
        if (is_control && !is_pair)
            out->p[i] = ' ';
    }
}

/* Where the parameters of the first Via element begin. */
static size_t via_params_at(struct cw_str element)
{
    ptrdiff_t semicolon = cw_str_index(element, ';');
    return semicolon < 0 ? element.n : (size_t)semicolon;
}

/* The top Via without the received and rport that the sender may have put there himself, with
 * those that we saw; the elements behind it unchanged. */
static void put_top_via(struct cw_buf *out, struct cw_str value, const struct cw_sip_hop *source,
                        bool is_host_same)
{
    size_t end = cw_sip_first_element(value), at = via_params_at(cw_str_sub(value, 0, end));
    struct cw_str element = cw_str_sub(value, 0, end);
    struct cw_sip_param param;
    bool has_rport = false;
    put_echoed(out, cw_str_trim(cw_str_sub(element, 0, at)));
    size_t done = at;
    while (cw_sip_param_next(element, &at, &param)) {
        if (cw_str_eq_nocase(param.name, CW_S("rport")))
            has_rport = true;
        else if (!cw_str_eq_nocase(param.name, CW_S("received")))
            put_echoed(out, cw_str_sub(element, param.from, param.to));
        done = param.to;
    }
    put_echoed(out, cw_str_sub(element, done, element.n)); /* what is no parameter stays */
    if (has_rport || !is_host_same)
        cw_buf_printf(out, ";received=%s", source->ip);
    if (has_rport)
        cw_buf_printf(out, ";rport=%u", source->port);
    put_echoed(out, cw_str_sub(value, end, value.n));
}

/* Is the host of the Via the address that we see (RFC 3261 section 18.2.1)? */
static bool is_same_host(const struct cw_sip_message *m, const char *ip)
{
    struct cw_sip_via via;
    char text[INET6_ADDRSTRLEN] = "";
    struct in6_addr a, b;
    if (!cw_sip_message_via(m, &via) || via.host.n >= sizeof text)
        return false;
    if (via.host.n < 2 || via.host.p[0] != '[')
        return cw_str_eq_cstr(via.host, ip);
    memcpy(text, via.host.p + 1, via.host.n - 2);
    return inet_pton(AF_INET6, text, &a) == 1 && inet_pton(AF_INET6, ip, &b) == 1 &&
           memcmp(&a, &b, sizeof a) == 0;
}

static bool has_tag(struct cw_str to)
{
    struct cw_sip_name_addr split;
    return !cw_sip_name_addr_split(to, &split) ||
           cw_str_is_present(cw_sip_param_get(split.params, CW_S("tag")));
}

bool cw_sip_build_echo(struct cw_buf *out, const struct cw_sip_message *m,
                       const struct cw_sip_hop *source, struct cw_str to_tag)
{
    static const char *const taken[] = {"from", "to", "call-id", "cseq"};
    if (!cw_sip_message_is_request(m) || cw_sip_head_count(&m->head, CW_S("via")) == 0)
        return false;
    for (size_t i = 0, n_via = 0; i < m->head.n; i++) {
        const struct cw_sip_line *line = &m->head.lines[i];
        if (!cw_sip_name_is(line->name, CW_S("via")))
            continue;
        cw_buf_puts(out, line->name);
        cw_buf_putcstr(out, ": ");
        if (n_via++ == 0)
            put_top_via(out, line->value, source, is_same_host(m, source->ip));
        else
            put_echoed(out, line->value);
        cw_buf_putcstr(out, "\r\n");
    }
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        const struct cw_sip_line *line = cw_sip_head_line(&m->head, cw_str_of(taken[i]), 0);
        if (!line)
            continue; /* only when just that is the reason of the answer */
        cw_buf_puts(out, line->name);
        cw_buf_putcstr(out, ": ");
        put_echoed(out, line->value);
        if (strcmp(taken[i], "to") == 0 && cw_sip_is_token(to_tag) && !has_tag(line->value))
            cw_buf_printf(out, ";tag=%.*s", CW_ARG(to_tag));
        cw_buf_putcstr(out, "\r\n");
    }
    return true;
}

struct cw_sip_hop cw_sip_reply_hop(const struct cw_sip_message *m, const struct cw_sip_hop *source)
{
    struct cw_sip_hop hop = *source;
    struct cw_sip_via via;
    if (source->transport == CW_SIP_UDP && cw_sip_message_via(m, &via) && !via.has_rport)
        hop.port = via.port ? via.port : 5060;
    return hop;
}

/* --- responses --- */

static const char *find_reply_flaw(const struct cw_sip_reply *r)
{
    const struct {
        const char *name;
        bool is_good;
    } checks[] = {
        {"status", r->status >= 100 && r->status <= 699},
        {"reason phrase", is_short_text(r->reason_phrase)},
        {"Accept", is_absent_or(cw_sip_is_field_value, r->accept)},
        {"Unsupported", is_absent_or(cw_sip_is_field_value, r->unsupported)},
        {"Contact", is_absent_or(cw_sip_is_header_uri, r->contact_uri)},
        {"further header field", are_fields_good(r->fields, r->n_fields)},
        {"Content-Type", r->body.n == 0 || cw_sip_is_media_type(r->content_type)},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (!checks[i].is_good)
            return checks[i].name;
    return NULL;
}

enum cw_err cw_sip_build_response(struct cw_buf *out, struct cw_str echo,
                                  const struct cw_sip_reply *r, const char **why)
{
    enum cw_err err = say_flaw(find_reply_flaw(r), why);
    if (err)
        return err;
    cw_buf_printf(out, "SIP/2.0 %d ", r->status);
    cw_sip_put_text(out, cw_str_is_present(r->reason_phrase)
                             ? r->reason_phrase
                             : cw_str_of(cw_sip_reason_phrase(r->status)));
    cw_buf_putcstr(out, "\r\n");
    cw_buf_puts(out, echo);
    if (r->allow)
        put_field(out, "Allow", cw_str_of(cw_sip_allow));
    put_field(out, "Accept", r->accept);
    put_field(out, "Unsupported", r->unsupported);
    if (r->retry_after_s > 0)
        cw_buf_printf(out, "Retry-After: %u\r\n", r->retry_after_s);
    if (cw_str_is_present(r->contact_uri))
        put_party(out, "Contact", (struct cw_sip_party){.uri = r->contact_uri});
    put_fields(out, r->fields, r->n_fields);
    put_body(out, r->content_type, r->body);
    return CW_OK;
}
