/* Answers; see build.h.  The echo is made when the request comes and kept until the final answer,
 * for the request itself is gone by then. */
#include "sip/build_priv.h"

#include <arpa/inet.h>
#include <string.h>

#include "sip/message_priv.h"

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

/* To comes last, and without its line end where a tag may follow. */
bool cw_sip_build_echo(struct cw_buf *out, const struct cw_sip_message *m,
                       const struct cw_sip_hop *source)
{
    static const char *const taken[] = {"from", "call-id", "cseq", "to"};
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
        if (strcmp(taken[i], "to") != 0 || has_tag(line->value))
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
        {"reason phrase", cw_sip_is_short_text(r->reason_phrase)},
        {"Accept", cw_sip_is_absent_or(cw_sip_is_field_value, r->accept)},
        {"To tag", cw_sip_is_absent_or(cw_sip_is_token, r->to_tag)},
        {"Expires", cw_sip_is_absent_or(cw_sip_is_number, r->expires)},
        {"Min-Expires", cw_sip_is_absent_or(cw_sip_is_number, r->min_expires)},
        {"Allow-Events", cw_sip_is_absent_or(cw_sip_is_field_value, r->allow_events)},
        {"Record-Route", cw_sip_is_absent_or(cw_sip_is_route, r->record_route)},
        {"Unsupported", cw_sip_is_absent_or(cw_sip_is_field_value, r->unsupported)},
        {"Contact", cw_sip_is_absent_or(cw_sip_is_header_uri, r->contact_uri)},
        {"further header field", cw_sip_are_fields_good(r->fields, r->n_fields)},
        {"Content-Type", r->body.n == 0 || cw_sip_is_media_type(r->content_type)},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (!checks[i].is_good)
            return checks[i].name;
    return NULL;
}

/* The echo, and the To tag where the request had none. */
static void put_echo(struct cw_buf *out, struct cw_str echo, struct cw_str to_tag)
{
    cw_buf_puts(out, echo);
    if (echo.n == 0 || echo.p[echo.n - 1] == '\n')
        return;
    if (cw_str_is_present(to_tag))
        cw_buf_printf(out, ";tag=%.*s", CW_ARG(to_tag));
    cw_buf_putcstr(out, "\r\n");
}

enum cw_err cw_sip_build_response(struct cw_buf *out, struct cw_str echo,
                                  const struct cw_sip_reply *r, const char **why)
{
    enum cw_err err = cw_sip_say_flaw(find_reply_flaw(r), why);
    if (err)
        return err;
    cw_buf_printf(out, "SIP/2.0 %d ", r->status);
    cw_sip_put_text(out, cw_str_is_present(r->reason_phrase)
                             ? r->reason_phrase
                             : cw_str_of(cw_sip_reason_phrase(r->status)));
    cw_buf_putcstr(out, "\r\n");
    put_echo(out, echo, r->to_tag);
    cw_sip_put_field(out, "Record-Route", r->record_route);
    if (r->allow)
        cw_sip_put_field(out, "Allow", cw_str_of(cw_sip_allow));
    cw_sip_put_field(out, "Accept", r->accept);
    cw_sip_put_field(out, "Allow-Events",
                     r->status == 489 && !cw_str_is_present(r->allow_events)
                         ? cw_str_of(cw_sip_allow_events)
                         : r->allow_events);
    cw_sip_put_field(out, "Unsupported", r->unsupported);
    cw_sip_put_field(out, "Expires", r->expires);
    cw_sip_put_field(out, "Min-Expires", r->min_expires);
    if (r->retry_after_s > 0)
        cw_buf_printf(out, "Retry-After: %u\r\n", r->retry_after_s);
    if (cw_str_is_present(r->contact_uri))
        cw_sip_put_party(out, "Contact", (struct cw_sip_party){.uri = r->contact_uri});
    cw_sip_put_fields(out, r->fields, r->n_fields);
    cw_sip_put_body(out, r->content_type, r->body);
    return CW_OK;
}
