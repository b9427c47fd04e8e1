/* See check_priv.h. */
#include "sip/check_priv.h"

#include <string.h>

#include "sip/grammar_priv.h"

/* Octets of the control character at i: 1 (C0, DEL), 2 (C1 in UTF-8), 0 when it is none.  NEL and
 * its kind count: some readers take them for line ends. */
static size_t control_length(struct cw_str s, size_t i)
{
    unsigned char c = (unsigned char)s.p[i];
    if (c < 0x20 || c == 0x7f)
        return 1;
    if (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0)
        return 2;
    return 0;
}

bool cw_sip_is_field_value(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (control_length(s, i) > 0)
            return false;
    return cw_str_is_utf8(s);
}

bool cw_sip_is_media_type(struct cw_str s)
{
    ptrdiff_t slash = cw_str_index(s, '/'), semicolon = cw_str_index(s, ';');
    size_t end = semicolon < 0 ? s.n : (size_t)semicolon;
    if (slash <= 0 || !cw_sip_is_field_value(s) ||
        !cw_sip_is_token(cw_str_sub(s, 0, (size_t)slash)) ||
        !cw_sip_is_token(cw_str_trim(cw_str_sub(s, (size_t)slash + 1, end))))
        return false;
    struct cw_sip_param param;
    size_t at = end;
    while (cw_sip_param_next(s, &at, &param))
        if (!cw_sip_is_token(param.name) || !cw_str_is_present(param.value) || param.value.n == 0)
            return false;
    return at == s.n;
}

bool cw_sip_is_event(struct cw_str s)
{
    ptrdiff_t semicolon = cw_str_index(s, ';');
    size_t at = semicolon < 0 ? s.n : (size_t)semicolon;
    struct cw_sip_param param;
    if (!cw_sip_is_field_value(s) || !cw_sip_is_token(cw_str_trim(cw_str_sub(s, 0, at))))
        return false;
    while (cw_sip_param_next(s, &at, &param))
        if (!cw_sip_is_token(param.name) ||
            (cw_str_is_present(param.value) && !cw_sip_is_token(param.value)))
            return false;
    return at == s.n;
}

bool cw_sip_is_route(struct cw_str s)
{
    while (s.n > 0) {
        struct cw_sip_name_addr split;
        size_t end = cw_sip_first_element(s);
        struct cw_str one = cw_str_trim(cw_str_sub(s, 0, end));
        if (cw_str_index(one, '<') < 0 || !cw_sip_is_field_value(one) ||
            !cw_sip_name_addr_split(one, &split) || !cw_sip_is_header_uri(split.uri))
            return false;
        if (end == s.n)
            return true;
        s = cw_str_sub(s, end + 1, s.n);
    }
    return false; /* nothing, or nothing behind a comma */
}

bool cw_sip_is_language_list(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_alnum && c != '-' && c != ',' && c != ' ')
            return false;
    }
    return s.n > 0;
}

bool cw_sip_is_header_uri(struct cw_str s)
{
    struct cw_sip_uri uri;
    return cw_sip_uri_parse(s, &uri) && !uri.has_headers;
}

bool cw_sip_is_branch(struct cw_str s)
{
    return s.n > 7 && cw_str_starts(s, CW_S("z9hG4bK")) && cw_sip_is_token(s);
}

static void put_safe(struct cw_buf *out, struct cw_str text, const char *escaped)
{
    bool after_control = false;
    for (size_t i = 0; i < text.n; i++) {
        size_t n = control_length(text, i);
        if (n > 0) {
            if (!after_control)
                cw_buf_putc(out, ' ');
            after_control = true;
            i += n - 1;
            continue;
        }
        after_control = false;
        if (strchr(escaped, text.p[i]))
            cw_buf_putc(out, '\\');
        cw_buf_putc(out, text.p[i]);
    }
}

void cw_sip_put_text(struct cw_buf *out, struct cw_str text)
{
    put_safe(out, text, "");
}

void cw_sip_put_quoted(struct cw_buf *out, struct cw_str text)
{
    cw_buf_putc(out, '"');
    put_safe(out, text, "\"\\");
    cw_buf_putc(out, '"');
}
