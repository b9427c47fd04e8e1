/* XEP-0106: characters that a localpart cannot hold, as \hh.  A backslash is escaped only where
 * it would read as an escape, so that both ways together change nothing. */
#include <string.h>

#include "base/buf.h"
#include "base/secret.h"
#include "xmpp/jid.h"

static const char escaped_characters[] = " \"&'/:<>@\\";

/* The character that "\hh" at the start of s stands for, 0 when it is no escape. */
static char escape_at(struct cw_str s)
{
    if (s.n < 3 || s.p[0] != '\\')
        return 0;
    /* In upper case too: enforcement makes it lower case, and then it is an escape. */
    int high = cw_hex_value(s.p[1]), low = cw_hex_value(s.p[2]);
    if (high < 0 || low < 0)
        return 0;
    char c = (char)(high * 16 + low);
    return c && strchr(escaped_characters, c) ? c : 0;
}

struct cw_str cw_jid_escape(struct cw_arena *arena, struct cw_str unescaped)
{
    struct cw_buf out = {0};
    if (cw_str_starts(unescaped, CW_S(" ")) || cw_str_ends(unescaped, CW_S(" ")))
        return CW_STR_NONE;
    for (size_t i = 0; i < unescaped.n; i++) {
        char c = unescaped.p[i];
        bool is_special = c && strchr(escaped_characters, c);
        if (c == '\\')
            is_special = escape_at(cw_str_sub(unescaped, i, i + 3)) != 0;
        if (is_special)
            cw_buf_printf(&out, "\\%02x", (unsigned)(unsigned char)c);
        else
            cw_buf_putc(&out, c);
    }
    struct cw_str escaped = cw_arena_dup(arena, cw_buf_str(&out));
    cw_buf_free(&out);
    return escaped;
}

struct cw_str cw_jid_unescape(struct cw_arena *arena, struct cw_str escaped)
{
    char *out = cw_arena_alloc(arena, escaped.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < escaped.n;) {
        char c = escape_at(cw_str_sub(escaped, i, i + 3));
        out[n++] = c ? c : escaped.p[i];
        i += c ? 3 : 1;
    }
    return (struct cw_str){out, n};
}
