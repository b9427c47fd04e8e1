/* Reading HTTP requests; see http_guard.h.  Octets go in one by one; a line is judged when its LF
 * comes, so that it makes no difference how the bytes were cut. */
#include "panel/http_guard.h"

#include <string.h>

struct cw_http_guard {
    struct cw_http_limits limits;
    enum cw_http_verdict verdict;
    struct cw_arena arena; /* of this request */
    struct cw_http_request request;
    struct cw_http_field *fields;
    struct cw_buf line, body, kept;
    size_t head_bytes, body_bytes;
    bool has_start_line, after_cr;
    bool has_length, has_transfer_encoding, has_odd_encoding, has_host, wants_continue;
    int status;
    const char *reason;
};

const char *cw_http_verdict_name(enum cw_http_verdict verdict)
{
    static const char *const names[] = {"idle", "head", "body", "whole", "refused"};
    return names[verdict];
}

struct cw_http_guard *cw_http_guard_new(const struct cw_http_limits *limits)
{
    struct cw_http_guard *guard = cw_alloc(sizeof *guard);
    if (limits)
        guard->limits = *limits;
    if (guard->limits.max_line == 0)
        guard->limits.max_line = 8 << 10;
    if (guard->limits.max_head == 0)
        guard->limits.max_head = 16 << 10;
    if (guard->limits.max_body == 0)
        guard->limits.max_body = 1 << 20;
    if (guard->limits.max_fields == 0)
        guard->limits.max_fields = 64;
    return guard;
}

void cw_http_guard_free(struct cw_http_guard **guard)
{
    if (!*guard)
        return;
    cw_arena_free(&(*guard)->arena);
    cw_buf_free(&(*guard)->line);
    cw_buf_free(&(*guard)->body);
    cw_buf_free(&(*guard)->kept);
    cw_free(*guard);
    *guard = NULL;
}

static bool refuse(struct cw_http_guard *guard, int status, const char *reason)
{
    guard->verdict = CW_HTTP_REFUSED;
    guard->status = status;
    guard->reason = reason;
    return false;
}

/* --- characters -------------------------------------------------------------------------------*/

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *list)
{
    return c != '\0' && strchr(list, c) != NULL;
}

/* RFC 9110 section 5.6.2 */
static bool is_token(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && !is_one_of(s.p[i], "!#$%&'*+-.^_`|~"))
            return false;
    return s.n > 0;
}

/* RFC 3986: what may stand in a path or a query. */
static bool is_target(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && !is_one_of(s.p[i], "-._~%!$&'()*+,;=:@/?"))
            return false;
    return s.n > 0 && s.p[0] == '/';
}

/* "host", "host:8443", "[2001:db8::1]:8443" */
static bool is_host(struct cw_str s)
{
    uint64_t port;
    bool is_bracketed = s.n > 0 && s.p[0] == '[';
    ptrdiff_t end = cw_str_index(s, is_bracketed ? ']' : ':');
    size_t n = end < 0 ? s.n : (size_t)end + (is_bracketed ? 1 : 0);
    if (n == 0 || (is_bracketed && end < 0))
        return false;
    for (size_t i = is_bracketed ? 1 : 0; i < n - (is_bracketed ? 1 : 0); i++)
        if (!is_alnum(s.p[i]) && !is_one_of(s.p[i], is_bracketed ? ":." : "-._"))
            return false;
    struct cw_str rest = cw_str_sub(s, n, s.n);
    return rest.n == 0 || (rest.p[0] == ':' && rest.n <= 6 &&
                           cw_str_to_u64(cw_str_sub(rest, 1, rest.n), &port) && port <= 65535);
}

/* --- the request line -------------------------------------------------------------------------*/

static bool take_version(struct cw_http_guard *guard, struct cw_str version)
{
    struct cw_http_request *request = &guard->request;
    request->is_1_0 = cw_str_eq_cstr(version, "HTTP/1.0");
    request->keeps_alive = !request->is_1_0;
    if (request->is_1_0 || cw_str_eq_cstr(version, "HTTP/1.1"))
        return true;
    bool is_version = version.n == 8 && cw_str_starts(version, CW_S("HTTP/")) &&
                      version.p[5] >= '0' && version.p[5] <= '9' && version.p[6] == '.' &&
                      version.p[7] >= '0' && version.p[7] <= '9';
    return is_version ? refuse(guard, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
                      : refuse(guard, 400, "The request line is malformed.");
}

static bool take_start_line(struct cw_http_guard *guard, struct cw_str line)
{
    struct cw_http_request *request = &guard->request;
    ptrdiff_t first = cw_str_index(line, ' '), last = cw_str_rindex(line, ' ');
    if (first < 0 || last == first)
        return refuse(guard, 400, "The request line is malformed.");
    request->method = cw_str_sub(line, 0, (size_t)first);
    struct cw_str target = cw_str_sub(line, (size_t)first + 1, (size_t)last);
    if (!is_token(request->method))
        return refuse(guard, 400, "The method is no token.");
    if (!is_target(target))
        return refuse(guard, 400, "The target must be a path that begins with a slash.");
    ptrdiff_t mark = cw_str_index(target, '?');
    request->path = cw_str_sub(target, 0, mark < 0 ? target.n : (size_t)mark);
    request->query = mark < 0 ? CW_STR_NONE : cw_str_sub(target, (size_t)mark + 1, target.n);
    guard->has_start_line = true;
    return take_version(guard, cw_str_sub(line, (size_t)last + 1, line.n));
}

/* --- fields -----------------------------------------------------------------------------------*/

static bool take_length(struct cw_http_guard *guard, struct cw_str value)
{
    uint64_t length;
    if (guard->has_length)
        return refuse(guard, 400, "There is more than one Content-Length.");
    if (!cw_str_to_u64(value, &length))
        return refuse(guard, 400, "Content-Length is no number.");
    if (length > guard->limits.max_body)
        return refuse(guard, 413, "The body is too large.");
    guard->has_length = true;
    guard->body_bytes = (size_t)length;
    return true;
}

static void take_connection(struct cw_http_request *request, struct cw_str value)
{
    while (value.n > 0) {
        ptrdiff_t comma = cw_str_index(value, ',');
        size_t n = comma < 0 ? value.n : (size_t)comma;
        struct cw_str word = cw_str_trim(cw_str_sub(value, 0, n));
        if (cw_str_eq_nocase(word, CW_S("close")))
            request->keeps_alive = false;
        value = cw_str_sub(value, n + 1, value.n);
    }
}

/* The fields that frame the message. */
static bool take_framing(struct cw_http_guard *guard, const struct cw_http_field *field)
{
    if (cw_str_eq_nocase(field->name, CW_S("content-length")))
        return take_length(guard, field->value);
    if (cw_str_eq_nocase(field->name, CW_S("transfer-encoding"))) {
        guard->has_odd_encoding = guard->has_odd_encoding || guard->has_transfer_encoding ||
                                  !cw_str_eq_nocase(field->value, CW_S("chunked"));
        guard->has_transfer_encoding = true;
    } else if (cw_str_eq_nocase(field->name, CW_S("host"))) {
        if (guard->has_host || !is_host(field->value))
            return refuse(guard, 400, "There must be one Host, a name or an address.");
        guard->has_host = true;
        guard->request.host = field->value;
    } else if (cw_str_eq_nocase(field->name, CW_S("connection"))) {
        take_connection(&guard->request, field->value);
    } else if (cw_str_eq_nocase(field->name, CW_S("expect"))) {
        if (!cw_str_eq_nocase(field->value, CW_S("100-continue")))
            return refuse(guard, 417, "Only 100-continue can be expected.");
        guard->wants_continue = !guard->request.is_1_0;
    }
    return true;
}

static bool take_field(struct cw_http_guard *guard, struct cw_str line)
{
    ptrdiff_t colon = cw_str_index(line, ':');
    if (line.p[0] == ' ' || line.p[0] == '\t')
        return refuse(guard, 400, "A folded line is not taken.");
    struct cw_http_field field = {cw_str_sub(line, 0, colon < 0 ? 0 : (size_t)colon),
                                  cw_str_trim(cw_str_sub(line, (size_t)(colon + 1), line.n))};
    if (!is_token(field.name))
        return refuse(guard, 400, "A header line has no name that could be one.");
    if (guard->request.n_fields == guard->limits.max_fields)
        return refuse(guard, 431, "There are too many header lines.");
    if (!guard->fields)
        guard->fields = cw_arena_alloc(&guard->arena, guard->limits.max_fields * sizeof field);
    guard->fields[guard->request.n_fields++] = field;
    guard->request.fields = guard->fields;
    return take_framing(guard, &field);
}

static bool end_head(struct cw_http_guard *guard)
{
    const struct cw_http_request *request = &guard->request;
    if (!guard->has_host)
        return refuse(guard, 400, "There must be one Host, a name or an address.");
    if (guard->has_transfer_encoding && (guard->has_length || guard->has_odd_encoding))
        return refuse(guard, 400, "The length of the body is told in more than one way.");
    if (guard->has_transfer_encoding)
        return refuse(guard, 411, "A body needs a Content-Length.");
    if (guard->body_bytes > 0 &&
        (cw_str_eq_cstr(request->method, "GET") || cw_str_eq_cstr(request->method, "HEAD")))
        return refuse(guard, 400, "GET and HEAD take no body.");
    guard->verdict = guard->body_bytes > 0 ? CW_HTTP_BODY : CW_HTTP_WHOLE;
    guard->request.body = CW_S("");
    return true;
}

/* --- octets -----------------------------------------------------------------------------------*/

static bool end_line(struct cw_http_guard *guard)
{
    struct cw_str line = cw_arena_dup(&guard->arena, cw_buf_str(&guard->line));
    cw_buf_reset(&guard->line);
    guard->after_cr = false;
    if (!guard->has_start_line)
        return take_start_line(guard, line);
    return line.n == 0 ? end_head(guard) : take_field(guard, line);
}

static bool take_octet(struct cw_http_guard *guard, char c)
{
    unsigned char octet = (unsigned char)c;
    guard->verdict = CW_HTTP_HEAD;
    if (++guard->head_bytes > guard->limits.max_head)
        return refuse(guard, 431, "The head is too long.");
    if (guard->after_cr || c == '\n')
        return guard->after_cr && c == '\n'
                   ? end_line(guard)
                   : refuse(guard, 400, "Lines end in CR LF, and neither stands alone.");
    guard->after_cr = c == '\r';
    if (guard->after_cr)
        return true;
    if ((octet < ' ' && c != '\t') || octet == 0x7f)
        return refuse(guard, 400, "There is a control character in the head.");
    if (guard->line.n == guard->limits.max_line)
        return guard->has_start_line ? refuse(guard, 431, "A header line is too long.")
                                     : refuse(guard, 414, "The request line is too long.");
    cw_buf_putc(&guard->line, c);
    return true;
}

static size_t take_body(struct cw_http_guard *guard, struct cw_str bytes)
{
    size_t missing = guard->body_bytes - guard->body.n;
    size_t n = bytes.n < missing ? bytes.n : missing;
    cw_buf_put(&guard->body, bytes.p, n);
    if (n == missing) {
        guard->request.body = cw_buf_str(&guard->body);
        guard->verdict = CW_HTTP_WHOLE;
    }
    return n;
}

enum cw_http_verdict cw_http_guard_feed(struct cw_http_guard *guard, struct cw_str bytes)
{
    while (bytes.n > 0 && guard->verdict < CW_HTTP_WHOLE) {
        size_t n = 1;
        if (guard->verdict == CW_HTTP_BODY)
            n = take_body(guard, bytes);
        else
            (void)take_octet(guard, bytes.p[0]); /* the verdict says it */
        bytes = cw_str_sub(bytes, n, bytes.n);
    }
    if (guard->verdict == CW_HTTP_WHOLE)
        cw_buf_puts(&guard->kept, bytes);
    return guard->verdict;
}

enum cw_http_verdict cw_http_guard_next(struct cw_http_guard *guard)
{
    struct cw_http_guard fresh = {.limits = guard->limits};
    cw_assert(guard->verdict == CW_HTTP_WHOLE);
    struct cw_buf kept = guard->kept;
    cw_buf_free(&guard->line);
    cw_buf_free(&guard->body);
    cw_arena_free(&guard->arena);
    *guard = fresh;
    enum cw_http_verdict verdict = cw_http_guard_feed(guard, cw_buf_str(&kept));
    cw_buf_free(&kept);
    return verdict;
}

/* --- answers ----------------------------------------------------------------------------------*/

const struct cw_http_request *cw_http_guard_request(const struct cw_http_guard *guard)
{
    cw_assert(guard->verdict == CW_HTTP_WHOLE);
    return &guard->request;
}

bool cw_http_guard_wants_continue(const struct cw_http_guard *guard)
{
    return guard->verdict == CW_HTTP_BODY && guard->wants_continue;
}

size_t cw_http_guard_body_bytes(const struct cw_http_guard *guard)
{
    return guard->body_bytes;
}

int cw_http_guard_status(const struct cw_http_guard *guard)
{
    return guard->status;
}

const char *cw_http_guard_reason(const struct cw_http_guard *guard)
{
    return guard->reason;
}

size_t cw_http_guard_kept(const struct cw_http_guard *guard)
{
    return guard->kept.n;
}

struct cw_str cw_http_field(const struct cw_http_request *request, const char *name)
{
    struct cw_str value = CW_STR_NONE;
    for (size_t i = 0; i < request->n_fields; i++) {
        if (!cw_str_eq_nocase(request->fields[i].name, cw_str_of(name)))
            continue;
        if (cw_str_is_present(value))
            return CW_STR_NONE;
        value = request->fields[i].value;
    }
    return value;
}
