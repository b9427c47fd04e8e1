/* Reads a message and judges it, in this order: what it is, its lines, its start line (505), the
 * headers that everything rests on and the length (400), sofia's opinion (400), method (405, 501,
 * 481), Request-URI (416), Max-Forwards (483), Require (420), what SUBSCRIBE and NOTIFY need (400,
 * 481, 489, 513; dialog.c).  The first complaint is the verdict; RFC 3261 sections 8.2, 16.3, 18.3,
 * RFC 4475.
 *
 * A Via that names another transport than the one used is no fault: the answer goes back the way
 * that the request came, and what the Via says is only echoed. */
#include "sip/message_priv.h"

#include <string.h>

#include "sip/build.h"

static bool refuse(struct cw_sip_message *m, int status, const char *reason)
{
    m->verdict = (struct cw_sip_verdict){
        .valid = status != 400 && status != 513 && m->kind == CW_SIP_KIND_REQUEST,
        .answer = status,
        .reason = reason,
    };
    return false;
}

/* --- what it is --- */

/* The start line as far as it shows whether this is a request, a response or no SIP at all. */
static enum cw_sip_kind kind_of(struct cw_str start)
{
    if (start.n >= 4 && cw_str_eq_nocase(cw_str_sub(start, 0, 4), CW_S("SIP/")))
        return CW_SIP_KIND_RESPONSE;
    ptrdiff_t space = cw_str_index(start, ' ');
    if (space <= 0 || !cw_sip_is_token(cw_str_sub(start, 0, (size_t)space)))
        return CW_SIP_KIND_NONE;
    return cw_str_find(start, CW_S(" SIP/")) > 0 ? CW_SIP_KIND_REQUEST : CW_SIP_KIND_NONE;
}

/* A version of the right form that is not ours is 505; anything else is no version. */
static bool read_version(struct cw_sip_message *m, struct cw_str version)
{
    if (cw_str_eq_nocase(version, CW_S("SIP/2.0")))
        return true;
    struct cw_str rest = cw_str_sub(version, 4, version.n);
    ptrdiff_t dot = cw_str_index(rest, '.');
    uint64_t number;
    if (version.n > 4 && cw_str_eq_nocase(cw_str_sub(version, 0, 4), CW_S("SIP/")) && dot > 0 &&
        cw_str_to_u64(cw_str_sub(rest, 0, (size_t)dot), &number) &&
        cw_str_to_u64(cw_str_sub(rest, (size_t)dot + 1, rest.n), &number))
        return refuse(m, 505, "the SIP version is not 2.0");
    return refuse(m, 400, "the start line has no SIP version");
}

/* Method SP Request-URI SP SIP-Version, with single spaces and nothing behind. */
static bool read_request_line(struct cw_sip_message *m)
{
    struct cw_str line = m->head.start;
    ptrdiff_t first = cw_str_index(line, ' '), last = cw_str_rindex(line, ' ');
    m->method = cw_str_sub(line, 0, (size_t)first);
    if (last <= first)
        return refuse(m, 400, "the request line is not method, URI and version");
    struct cw_str uri = cw_str_sub(line, (size_t)first + 1, (size_t)last);
    if (!read_version(m, cw_str_sub(line, (size_t)last + 1, line.n)))
        return false;
    if (uri.n == 0 || cw_str_index(uri, ' ') >= 0 || cw_str_index(uri, '\t') >= 0)
        return refuse(m, 400, "the request line holds more white space than its two spaces");
    if (!cw_sip_uri_parse(uri, &m->target))
        return refuse(m, 400, "the Request-URI is malformed");
    if (m->target.has_headers)
        return refuse(m, 400, "the Request-URI carries header fields");
    m->request_uri = uri;
    return true;
}

/* SIP-Version SP Status-Code SP Reason-Phrase; the phrase may be empty. */
static bool read_status_line(struct cw_sip_message *m)
{
    struct cw_str line = m->head.start;
    ptrdiff_t space = cw_str_index(line, ' ');
    if (!read_version(m, cw_str_sub(line, 0, space < 0 ? line.n : (size_t)space)))
        return false;
    struct cw_str rest = cw_str_sub(line, (size_t)space + 1, line.n);
    uint64_t status;
    if (space < 0 || rest.n < 4 || rest.p[3] != ' ' ||
        !cw_str_to_u64(cw_str_sub(rest, 0, 3), &status) || status < 100 || status > 699)
        return refuse(m, 400, "the status line has no status from 100 to 699");
    m->status = (int)status;
    m->reason_phrase = cw_str_trim(cw_str_sub(rest, 4, rest.n));
    return true;
}

/* --- headers that everything rests on --- */

static bool read_singles(struct cw_sip_message *m)
{
    static const struct {
        const char *name;
        bool is_required;
        const char *missing, *repeated;
    } singles[] = {
        {"from", true, "From is missing", "From is there more than once"},
        {"to", true, "To is missing", "To is there more than once"},
        {"call-id", true, "Call-ID is missing", "Call-ID is there more than once"},
        {"cseq", true, "CSeq is missing", "CSeq is there more than once"},
        {"max-forwards", false, "", "Max-Forwards is there more than once"},
        {"content-type", false, "", "Content-Type is there more than once"},
        {"date", false, "", "Date is there more than once"},
        {"expires", false, "", "Expires is there more than once"},
        {"subject", false, "", "Subject is there more than once"},
    };
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++) {
        size_t n = cw_sip_head_count(&m->head, cw_str_of(singles[i].name));
        if (n == 0 && singles[i].is_required)
            return refuse(m, 400, singles[i].missing);
        if (n > 1)
            return refuse(m, 400, singles[i].repeated);
    }
    return true;
}

static bool read_party(struct cw_sip_message *m, const char *name, struct cw_sip_party *out)
{
    struct cw_sip_name_addr split;
    struct cw_sip_uri uri;
    if (!cw_sip_name_addr_split(cw_sip_message_first(m, name), &split) ||
        !cw_sip_uri_parse(split.uri, &uri) || uri.has_headers)
        return false;
    out->uri = split.uri;
    out->display = cw_sip_display_text(&m->arena, split.display);
    out->tag = cw_sip_param_get(split.params, CW_S("tag"));
    return !cw_str_is_present(out->tag) || cw_sip_is_token(out->tag);
}

static bool read_cseq(struct cw_sip_message *m)
{
    struct cw_str value = cw_sip_message_first(m, "cseq");
    ptrdiff_t space = cw_str_index(value, ' ');
    if (space < 0)
        space = cw_str_index(value, '\t');
    uint64_t number;
    if (space <= 0 || !cw_str_to_u64(cw_str_sub(value, 0, (size_t)space), &number) ||
        number > INT32_MAX)
        return refuse(m, 400, "CSeq is no number below 2^31 with a method");
    m->cseq = (uint32_t)number;
    m->cseq_method = cw_str_trim(cw_str_sub(value, (size_t)space, value.n));
    if (!cw_sip_is_token(m->cseq_method))
        return refuse(m, 400, "CSeq has no method");
    if (m->kind == CW_SIP_KIND_REQUEST && !cw_str_eq(m->cseq_method, m->method))
        return refuse(m, 400, "the method of CSeq is not the method of the request");
    return true;
}

/* A number that may be absent (-1). */
static bool read_number(struct cw_sip_message *m, const char *name, uint64_t max, int64_t *out)
{
    struct cw_str value = cw_sip_message_first(m, name);
    uint64_t number;
    if (!cw_str_is_present(value))
        return true;
    if (!cw_str_to_u64(value, &number) || number > max)
        return false;
    *out = (int64_t)number;
    return true;
}

static bool read_headers(struct cw_sip_message *m)
{
    if (!read_singles(m))
        return false;
    if (!read_party(m, "from", &m->from))
        return refuse(m, 400, "From is malformed");
    if (!read_party(m, "to", &m->to))
        return refuse(m, 400, "To is malformed");
    m->call_id = cw_sip_message_first(m, "call-id");
    if (!cw_sip_is_call_id(m->call_id))
        return refuse(m, 400, "Call-ID is malformed");
    if (!read_cseq(m))
        return false;
    if (!read_number(m, "max-forwards", 255, &m->max_forwards))
        return refuse(m, 400, "Max-Forwards is no number from 0 to 255");
    if (!read_number(m, "expires", UINT32_MAX, &m->expires_s))
        return refuse(m, 400, "Expires is no number below 2^32");
    return true;
}

/* --- length --- */

/* On UDP the datagram ends the message and octets behind Content-Length are ignored; on a stream
 * the frame was cut by Content-Length, which must be there (RFC 3261 sections 18.3, 20.14). */
static bool read_body(struct cw_sip_message *m)
{
    const char *why = "";
    size_t length = 0;
    struct cw_str rest = cw_str_sub(m->bytes, m->head.n_bytes, m->bytes.n);
    int found = cw_sip_head_length(&m->head, &length, &why);
    if (found < 0)
        return refuse(m, 400, why);
    if (found == 0) {
        if (cw_sip_transport_is_reliable(m->transport))
            return refuse(m, 400, "Content-Length is missing on a stream");
        length = rest.n;
    }
    if (length > rest.n)
        return refuse(m, 400, "Content-Length is larger than the message");
    if (length < rest.n && cw_sip_transport_is_reliable(m->transport))
        return refuse(m, 400, "Content-Length is smaller than the frame");
    m->body = cw_str_sub(rest, 0, length);
    return true;
}

/* --- what sofia took apart --- */

static bool read_via(struct cw_sip_message *m)
{
    struct cw_sip_via via;
    if (!cw_sip_message_via(m, &via) || !cw_sip_is_host(via.host))
        return refuse(m, 400, "the sent-by of the top Via is malformed");
    if (!cw_str_is_present(via.branch))
        return true;
    if (!cw_sip_is_token(via.branch))
        return refuse(m, 400, "the branch of the top Via is no token");
    if (cw_str_eq_nocase(via.branch, CW_S("z9hG4bK")))
        return refuse(m, 400, "the branch of the top Via is the magic cookie and nothing else");
    if (m->kind == CW_SIP_KIND_RESPONSE && m->sip->sip_via->v_next)
        return refuse(m, 400, "a response with more than one Via is not for us");
    return true;
}

static bool read_contact(struct cw_sip_message *m)
{
    struct cw_str value = cw_sip_message_first(m, "contact");
    struct cw_sip_name_addr split;
    struct cw_sip_uri uri;
    if (!cw_str_is_present(value) || cw_str_eq_cstr(value, "*"))
        return true;
    value = cw_str_trim(cw_str_sub(value, 0, cw_sip_first_element(value)));
    if (!cw_sip_name_addr_split(value, &split) || !cw_sip_uri_parse(split.uri, &uri))
        return refuse(m, 400, "Contact is malformed");
    if (!uri.has_headers) /* no request can go to such a one (RFC 3261 section 19.1.1) */
        m->contact_uri = split.uri;
    return true;
}

/* --- what we could not do with a good request --- */

static bool judge_method(struct cw_sip_message *m)
{
    if (cw_sip_method_is_offered(m->method) || cw_str_eq_cstr(m->method, "ACK"))
        return true;
    if (cw_str_eq_cstr(m->method, "CANCEL") || cw_str_eq_cstr(m->method, "BYE"))
        return refuse(m, 481, "there is no such call or transaction");
    if (cw_sip_method_is_known(m->method))
        return refuse(m, 405, "the method is not offered here");
    return refuse(m, 501, "the method is unknown");
}

/* Every Require is for us and nothing of it is supported; Proxy-Require is for proxies. */
static bool judge_require(struct cw_sip_message *m)
{
    for (size_t i = 0;; i++) {
        struct cw_str value = cw_sip_message_header(m, CW_S("require"), i);
        if (!cw_str_is_present(value))
            break;
        if (value.n == 0)
            continue;
        m->unsupported =
            cw_str_is_present(m->unsupported)
                ? cw_arena_printf(&m->arena, "%.*s, %.*s", CW_ARG(m->unsupported), CW_ARG(value))
                : value;
    }
    if (cw_str_is_present(m->unsupported))
        return refuse(m, 420, "an extension is required that is not supported here");
    return true;
}

static bool judge_request(struct cw_sip_message *m)
{
    if (!judge_method(m))
        return false;
    if (m->target.scheme == CW_SIP_SCHEME_OTHER)
        return refuse(m, 416, "the scheme of the Request-URI is neither sip nor sips");
    /* OPTIONS without a user is for the gateway itself; all else would travel on. */
    bool is_for_us = cw_str_eq_cstr(m->method, "OPTIONS") && !cw_str_is_present(m->target.user);
    if (m->max_forwards == 0 && !is_for_us)
        return refuse(m, 483, "Max-Forwards is used up");
    const char *why = "";
    if (!judge_require(m))
        return false;
    int status = cw_sip_judge_dialog(m, &why);
    return status == 0 || refuse(m, status, why);
}

static bool judge(struct cw_sip_message *m)
{
    /* Empty lines before the start line are skipped (RFC 3261 section 7.5). */
    while (m->bytes.n >= 2 && m->bytes.p[0] == '\r' && m->bytes.p[1] == '\n')
        m->bytes = cw_str_sub(m->bytes, 2, m->bytes.n);
    bool is_too_long = m->bytes.n > CW_SIP_MAX_MESSAGE_BYTES;
    cw_sip_head_scan(&m->arena, m->bytes, &m->head);
    m->kind = kind_of(m->head.start);
    if (m->kind == CW_SIP_KIND_NONE)
        return refuse(m, 400, "this is no SIP message");
    if (is_too_long)
        return refuse(m, 513, "the message is too long");
    if (!(m->kind == CW_SIP_KIND_REQUEST ? read_request_line(m) : read_status_line(m)))
        return false;
    if (m->head.fault_status != 0)
        return refuse(m, m->head.fault_status, m->head.fault);
    if (cw_sip_head_count(&m->head, CW_S("via")) == 0)
        return refuse(m, 400, "Via is missing");
    const char *why = "";
    if (!read_headers(m) || !read_body(m))
        return false;
    if (!cw_sip_sofia_parse(m, &why))
        return refuse(m, 400, why);
    if (!read_via(m) || !read_contact(m))
        return false;
    if (m->kind == CW_SIP_KIND_REQUEST)
        return judge_request(m);
    (void)cw_sip_read_route(m);
    return true;
}

void cw_sip_message_judge(struct cw_sip_message *m)
{
    if (judge(m))
        m->verdict.valid = true;
    /* Never answered: what is no request, ACK (RFC 3261 section 17), and what shows no way back. */
    bool can_answer = m->kind == CW_SIP_KIND_REQUEST && !cw_str_eq_cstr(m->method, "ACK") &&
                      cw_sip_head_count(&m->head, CW_S("via")) > 0;
    if (m->kind != CW_SIP_KIND_REQUEST)
        m->verdict.answer = 0;
    m->verdict.drop = !can_answer && !(m->kind == CW_SIP_KIND_RESPONSE && m->verdict.valid);
}
