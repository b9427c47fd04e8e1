/* See lines_priv.h. */
#include "sip/lines_priv.h"

#include <string.h>

#include "sip/grammar_priv.h"
#include "sip/message.h"

static const struct {
    char compact;
    struct cw_str name;
} compact_forms[] = {
    {'a', CW_STR("accept-contact")},
    {'b', CW_STR("referred-by")},
    {'c', CW_STR("content-type")},
    {'d', CW_STR("request-disposition")},
    {'e', CW_STR("content-encoding")},
    {'f', CW_STR("from")},
    {'i', CW_STR("call-id")},
    {'j', CW_STR("reject-contact")},
    {'k', CW_STR("supported")},
    {'l', CW_STR("content-length")},
    {'m', CW_STR("contact")},
    {'o', CW_STR("event")},
    {'r', CW_STR("refer-to")},
    {'s', CW_STR("subject")},
    {'t', CW_STR("to")},
    {'u', CW_STR("allow-events")},
    {'v', CW_STR("via")},
    {'x', CW_STR("session-expires")},
    {'y', CW_STR("identity")},
};

bool cw_sip_name_is(struct cw_str written, struct cw_str name)
{
    if (written.n != 1)
        return written.n == name.n && cw_str_eq_nocase(written, name);
    char c = (char)(written.p[0] | 0x20);
    for (size_t i = 0; i < sizeof compact_forms / sizeof *compact_forms; i++)
        if (compact_forms[i].compact == c)
            return cw_str_eq_nocase(compact_forms[i].name, name);
    return cw_str_eq_nocase(written, name);
}

size_t cw_sip_head_end(struct cw_str bytes, size_t from)
{
    for (size_t i = from; i + 4 <= bytes.n; i++) {
        const char *cr = memchr(bytes.p + i, '\r', bytes.n - i - 3);
        if (!cr)
            return 0;
        i = (size_t)(cr - bytes.p);
        if (memcmp(cr, "\r\n\r\n", 4) == 0)
            return i + 4;
    }
    return 0;
}

static void set_fault(struct cw_sip_head *h, int status, const char *sentence)
{
    if (h->fault_status == 0) {
        h->fault_status = status;
        h->fault = sentence;
    }
}

/* One physical line from *at on, without its end; false at the end of the bytes. */
static bool next_line(struct cw_sip_head *h, struct cw_str bytes, size_t *at, struct cw_str *out)
{
    if (*at >= bytes.n)
        return false;
    const char *lf = memchr(bytes.p + *at, '\n', bytes.n - *at);
    size_t end = lf ? (size_t)(lf - bytes.p) : bytes.n;
    *out = cw_str_sub(bytes, *at, end);
    *at = lf ? end + 1 : end;
    if (lf && out->n > 0 && out->p[out->n - 1] == '\r') {
        out->n--;
    } else if (lf) {
        h->is_framing_broken = true;
        set_fault(h, 400, "a line ends in LF without CR");
    }
    if (out->n > 0 && memchr(out->p, '\r', out->n)) {
        h->is_framing_broken = true;
        set_fault(h, 400, "a CR stands alone inside a line");
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* Controls may only stand as quoted-pair in a display name (RFC 4475 section 3.1.1.2). */
static void check_controls(struct cw_sip_head *h, struct cw_str name, struct cw_str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (!is_control(value.p[i]))
            continue;
        bool is_pair = i > 0 && value.p[i - 1] == '\\' && value.p[i] != '\r' && value.p[i] != '\n';
        if (!is_pair || !(cw_sip_name_is(name, CW_S("from")) || cw_sip_name_is(name, CW_S("to"))))
            set_fault(h, 400, "a control octet stands in the head");
    }
}

/* The field from its physical lines [from, to) of the bytes, folds included. */
static void add_field(struct cw_sip_head *h, struct cw_arena *arena, struct cw_str raw,
                      size_t folds)
{
    ptrdiff_t colon = cw_str_index(raw, ':');
    if (colon <= 0) {
        set_fault(h, 400, "a header line has no name and colon");
        return;
    }
    struct cw_str name = cw_str_sub(raw, 0, (size_t)colon);
    while (name.n > 0 && is_blank(name.p[name.n - 1]))
        name.n--;
    if (!cw_sip_is_token(name)) {
        set_fault(h, 400, "a header name is not a token");
        return;
    }
    struct cw_str value = cw_str_trim(cw_str_sub(raw, (size_t)colon + 1, raw.n));
    if (raw.n > CW_SIP_MAX_HEADER_BYTES) {
        set_fault(h, 513, "a header field is too long");
        return;
    }
    if (folds > 0 && value.n > 0) {
        char *flat = cw_arena_alloc(arena, value.n);
        size_t n = 0;
        for (size_t i = 0; i < value.n; i++) {
            if (value.p[i] != '\r' && value.p[i] != '\n') {
                flat[n++] = value.p[i];
                continue;
            }
            while (n > 0 && is_blank(flat[n - 1]))
                n--;
            while (i + 1 < value.n && cw_str_index(CW_S("\r\n \t"), value.p[i + 1]) >= 0)
                i++;
            flat[n++] = ' ';
        }
        value = (struct cw_str){flat, n};
    }
    check_controls(h, name, value);
    if (!cw_str_is_utf8(value))
        set_fault(h, 400, "a header field is not UTF-8");
    h->lines[h->n++] = (struct cw_sip_line){name, value};
}

static size_t count_lines(struct cw_str bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes.n && n < CW_SIP_MAX_HEADERS; i++) {
        const char *lf = memchr(bytes.p + i, '\n', bytes.n - i);
        if (!lf)
            break;
        i = (size_t)(lf - bytes.p);
        n++;
    }
    return n;
}

static void scan_fields(struct cw_sip_head *h, struct cw_arena *arena, struct cw_str bytes,
                        size_t at)
{
    struct cw_str line, raw = CW_STR_NONE;
    size_t folds = 0, max = count_lines(bytes) + 1;
    h->lines = cw_arena_alloc(arena, max * sizeof *h->lines);
    for (;;) {
        bool has_line = next_line(h, bytes, &at, &line);
        if (has_line && line.n > 0 && is_blank(line.p[0])) {
            if (!cw_str_is_present(raw)) {
                set_fault(h, 400, "the first header line begins with white space");
                continue;
            }
            raw.n = (size_t)(line.p + line.n - raw.p);
            if (++folds > CW_SIP_MAX_FOLDS) {
                set_fault(h, 513, "a header field is folded too often");
                return;
            }
            continue;
        }
        if (cw_str_is_present(raw))
            add_field(h, arena, raw, folds);
        if (!has_line || line.n == 0)
            break;
        if (h->n >= CW_SIP_MAX_HEADERS || h->n + 1 >= max) {
            set_fault(h, 513, "there are too many header fields");
            return;
        }
        raw = line;
        folds = 0;
    }
    h->n_bytes = at;
}

void cw_sip_head_scan(struct cw_arena *arena, struct cw_str bytes, struct cw_sip_head *out)
{
    *out = (struct cw_sip_head){.fault = ""};
    size_t end = cw_sip_head_end(bytes, 0), at = 0;
    struct cw_str head = cw_str_sub(bytes, 0, end ? end : bytes.n);
    if (!end)
        set_fault(out, 400, "the empty line behind the header fields is missing");
    if (head.n > CW_SIP_MAX_HEAD_BYTES) {
        set_fault(out, 513, "the head is too long");
        head.n = CW_SIP_MAX_HEAD_BYTES;
    }
    if (!next_line(out, head, &at, &out->start))
        return;
    for (size_t i = 0; i < out->start.n; i++)
        if (is_control(out->start.p[i]))
            set_fault(out, 400, "a control octet stands in the start line");
    scan_fields(out, arena, head, at);
    /* An empty line made of LFs ends the lines sooner than CRLFCRLF does: a fault already. */
    out->n_bytes = end;
}

const struct cw_sip_line *cw_sip_head_line(const struct cw_sip_head *h, struct cw_str name,
                                           size_t index)
{
    for (size_t i = 0; i < h->n; i++)
        if (cw_sip_name_is(h->lines[i].name, name) && index-- == 0)
            return &h->lines[i];
    return NULL;
}

size_t cw_sip_head_count(const struct cw_sip_head *h, struct cw_str name)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n; i++)
        n += cw_sip_name_is(h->lines[i].name, name);
    return n;
}

int cw_sip_head_length(const struct cw_sip_head *h, size_t *out, const char **why)
{
    uint64_t length;
    const struct cw_sip_line *line = cw_sip_head_line(h, CW_S("content-length"), 0);
    if (!line)
        return 0;
    if (cw_sip_head_line(h, CW_S("content-length"), 1)) {
        *why = "Content-Length is there more than once";
        return -1;
    }
    if (!cw_str_to_u64(line->value, &length) || length > INT32_MAX) {
        *why = "Content-Length is not a decimal number of a sane size";
        return -1;
    }
    *out = (size_t)length;
    return 1;
}
