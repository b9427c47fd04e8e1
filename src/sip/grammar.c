/* See grammar_priv.h. */
#include "sip/grammar_priv.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static size_t skip_blanks(struct cw_str s, size_t at)
{
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
        at++;
    return at;
}

bool cw_sip_is_token(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && !is_one_of(s.p[i], "-.!%*_+`'~"))
            return false;
    return s.n > 0;
}

bool cw_sip_is_call_id(struct cw_str s)
{
    size_t n_at = 0;
    for (size_t i = 0; i < s.n; i++) {
        n_at += s.p[i] == '@';
        if (!is_alnum(s.p[i]) && !is_one_of(s.p[i], "-.!%*_+`'~()<>:\\\"/[]?{}@"))
            return false;
    }
    return s.n > 0 && n_at <= 1 && s.p[0] != '@' && s.p[s.n - 1] != '@';
}

static bool is_ipv6_reference(struct cw_str s)
{
    char text[INET6_ADDRSTRLEN + 1];
    struct in6_addr address;
    if (s.n < 4 || s.p[0] != '[' || s.p[s.n - 1] != ']' || s.n - 2 >= sizeof text)
        return false;
    memcpy(text, s.p + 1, s.n - 2);
    text[s.n - 2] = '\0';
    return strlen(text) == s.n - 2 && inet_pton(AF_INET6, text, &address) == 1;
}

bool cw_sip_is_host(struct cw_str s)
{
    if (s.n > 0 && s.p[0] == '[')
        return is_ipv6_reference(s);
    if (s.n == 0 || s.n > 255 || s.p[0] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        /* "_" is in no host name by the RFCs, but in many networks. */
        if (!is_alnum(s.p[i]) && !is_one_of(s.p[i], "-._"))
            return false;
        if (s.p[i] == '.' && i + 1 < s.n && s.p[i + 1] == '.')
            return false;
    }
    return true;
}

bool cw_sip_split_host_port(struct cw_str s, struct cw_str *host, uint16_t *port)
{
    size_t host_end = s.n;
    uint64_t number = 0;
    ptrdiff_t bracket = s.n > 0 && s.p[0] == '[' ? cw_str_index(s, ']') : -1;
    size_t from = bracket >= 0 ? (size_t)bracket : 0;
    ptrdiff_t colon = cw_str_index(cw_str_sub(s, from, s.n), ':');
    if (colon >= 0) {
        host_end = from + (size_t)colon;
        struct cw_str digits = cw_str_sub(s, host_end + 1, s.n);
        if (digits.n > 5 || !cw_str_to_u64(digits, &number) || number == 0 || number > 65535)
            return false;
    }
    if (!cw_sip_is_host(cw_str_sub(s, 0, host_end)))
        return false;
    if (host)
        *host = cw_str_sub(s, 0, host_end);
    if (port)
        *port = (uint16_t)number;
    return true;
}

/* Every octet is alphanumeric, in the set, or a whole %-escape. */
static bool is_escaped_text(struct cw_str s, const char *set)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%') {
            if (i + 2 >= s.n || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2]))
                return false;
            i += 2;
        } else if (!is_alnum(s.p[i]) && !is_one_of(s.p[i], set)) {
            return false;
        }
    }
    return true;
}

static bool parse_sip_rest(struct cw_str rest, struct cw_sip_uri *out)
{
    ptrdiff_t at = cw_str_index(rest, '@');
    if (at >= 0) {
        out->user = cw_str_sub(rest, 0, (size_t)at);
        rest = cw_str_sub(rest, (size_t)at + 1, rest.n);
        if (out->user.n == 0 || !is_escaped_text(out->user, "-_.!~*'()&=+$,;?/:"))
            return false;
    }
    size_t host_end = 0;
    while (host_end < rest.n && rest.p[host_end] != ';' && rest.p[host_end] != '?')
        host_end++;
    if (!cw_sip_split_host_port(cw_str_sub(rest, 0, host_end), &out->host, &out->port))
        return false;
    rest = cw_str_sub(rest, host_end, rest.n);
    ptrdiff_t headers = cw_str_index(rest, '?');
    out->has_headers = headers >= 0;
    out->params = headers >= 0 ? cw_str_sub(rest, 0, (size_t)headers) : rest;
    return is_escaped_text(out->params, "-_.!~*'()[]/:&+$=;") &&
           (headers < 0 ||
            is_escaped_text(cw_str_sub(rest, (size_t)headers + 1, rest.n), "-_.!~*'()[]/?:+$&="));
}

bool cw_sip_uri_parse(struct cw_str s, struct cw_sip_uri *out)
{
    *out = (struct cw_sip_uri){.scheme = CW_SIP_SCHEME_OTHER};
    ptrdiff_t colon = cw_str_index(s, ':');
    if (colon <= 0)
        return false;
    struct cw_str scheme = cw_str_sub(s, 0, (size_t)colon);
    struct cw_str rest = cw_str_sub(s, (size_t)colon + 1, s.n);
    if (cw_str_eq_nocase(scheme, CW_S("sip")))
        out->scheme = CW_SIP_SCHEME_SIP;
    else if (cw_str_eq_nocase(scheme, CW_S("sips")))
        out->scheme = CW_SIP_SCHEME_SIPS;
    if (out->scheme != CW_SIP_SCHEME_OTHER)
        return parse_sip_rest(rest, out);
    for (size_t i = 0; i < scheme.n; i++)
        if (!is_alnum(scheme.p[i]) && (i == 0 || !is_one_of(scheme.p[i], "+-.")))
            return false;
    return rest.n > 0 && is_escaped_text(rest, "-_.!~*'();/?:@&=+$,#[]");
}

/* Index just behind the closing quote of the quoted-string at `at`, or 0. */
static size_t skip_quoted(struct cw_str s, size_t at)
{
    for (size_t i = at + 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return 0;
}

/* A display name without quotes is a row of tokens (RFC 4475 section 3.1.2.15). */
static bool is_token_row(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && !is_one_of(s.p[i], "-.!%*_+`'~ \t"))
            return false;
    return true;
}

bool cw_sip_name_addr_split(struct cw_str value, struct cw_sip_name_addr *out)
{
    *out = (struct cw_sip_name_addr){.display = CW_STR_NONE};
    size_t at = 0;
    if (value.n > 0 && value.p[0] == '"') {
        at = skip_quoted(value, 0);
        if (at == 0)
            return false;
        out->display = cw_str_sub(value, 0, at);
        at = skip_blanks(value, at);
        if (at >= value.n || value.p[at] != '<')
            return false;
    }
    ptrdiff_t open = cw_str_index(cw_str_sub(value, at, value.n), '<');
    if (open < 0) {
        ptrdiff_t semicolon = cw_str_index(value, ';');
        size_t end = semicolon < 0 ? value.n : (size_t)semicolon;
        out->uri = cw_str_trim(cw_str_sub(value, 0, end));
        out->params = cw_str_sub(value, end, value.n);
        /* RFC 3261 section 20: a URI with comma or question mark must be enclosed in < >. */
        return out->uri.n > 0 && cw_str_index(out->uri, ',') < 0 && cw_str_index(out->uri, '?') < 0;
    }
    size_t from = at + (size_t)open;
    if (!cw_str_is_present(out->display) && from > 0) {
        out->display = cw_str_trim(cw_str_sub(value, 0, from));
        if (!is_token_row(out->display))
            return false;
    }
    ptrdiff_t length = cw_str_index(cw_str_sub(value, from, value.n), '>');
    if (length < 0)
        return false;
    out->uri = cw_str_sub(value, from + 1, from + (size_t)length);
    size_t rest = skip_blanks(value, from + (size_t)length + 1);
    out->params = cw_str_sub(value, rest, value.n);
    return out->uri.n > 0 && (out->params.n == 0 || out->params.p[0] == ';');
}

struct cw_str cw_sip_display_text(struct cw_arena *arena, struct cw_str raw)
{
    if (raw.n < 2 || raw.p[0] != '"')
        return raw;
    char *text = cw_arena_alloc(arena, raw.n);
    size_t n = 0;
    for (size_t i = 1; i + 1 < raw.n; i++) {
        if (raw.p[i] == '\\' && i + 2 < raw.n)
            i++;
        unsigned char c = (unsigned char)raw.p[i];
        text[n++] = c < 0x20 || c == 0x7f ? ' ' : raw.p[i];
    }
    return (struct cw_str){text, n};
}

bool cw_sip_param_next(struct cw_str s, size_t *at, struct cw_sip_param *out)
{
    size_t i = skip_blanks(s, *at);
    if (i >= s.n || s.p[i] != ';')
        return false;
    *out = (struct cw_sip_param){.value = CW_STR_NONE, .from = i};
    size_t from = i = skip_blanks(s, i + 1);
    while (i < s.n && !is_one_of(s.p[i], ";,= \t\""))
        i++;
    out->name = cw_str_sub(s, from, i);
    size_t equals = skip_blanks(s, i);
    if (equals < s.n && s.p[equals] == '=') {
        from = i = skip_blanks(s, equals + 1);
        if (i < s.n && s.p[i] == '"') {
            i = skip_quoted(s, i);
            if (i == 0)
                return false;
        } else {
            while (i < s.n && !is_one_of(s.p[i], ";, \t\""))
                i++;
        }
        out->value = cw_str_sub(s, from, i);
    }
    *at = out->to = i;
    return out->name.n > 0;
}

struct cw_str cw_sip_param_get(struct cw_str params, struct cw_str name)
{
    struct cw_sip_param param;
    for (size_t at = 0; cw_sip_param_next(params, &at, &param);)
        if (cw_str_eq_nocase(param.name, name))
            return cw_str_is_present(param.value) ? param.value : CW_S("");
    return CW_STR_NONE;
}

size_t cw_sip_first_element(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == ',')
            return i;
        if (s.p[i] == '"') {
            size_t end = skip_quoted(s, i);
            if (end == 0)
                return s.n;
            i = end - 1;
        } else if (s.p[i] == '<') {
            ptrdiff_t close = cw_str_index(cw_str_sub(s, i, s.n), '>');
            if (close < 0)
                return s.n;
            i += (size_t)close;
        }
    }
    return s.n;
}
