/* The small language of scenario files: words, patterns and escapes; see words.h. */
#include "words.h"

#include "base/buf.h"

#include <stdlib.h>

struct cw_str word(struct cw_str *rest)
{
    ptrdiff_t space = cw_str_index(*rest, ' ');
    struct cw_str first = space < 0 ? *rest : cw_str_sub(*rest, 0, (size_t)space);

    *rest = space < 0 ? CW_S("") : cw_str_trim(cw_str_sub(*rest, (size_t)space, rest->n));
    return first;
}

bool matches(struct cw_str pattern, struct cw_str text)
{
    ptrdiff_t star = cw_str_index(pattern, '*');
    struct cw_str head, tail;

    if (star < 0)
        return cw_str_eq(pattern, text);
    head = cw_str_sub(pattern, 0, (size_t)star);
    tail = cw_str_sub(pattern, (size_t)star + 1, pattern.n);
    if (!cw_str_starts(text, head))
        return false;
    for (size_t i = head.n; i <= text.n; i++)
        if (matches(tail, cw_str_sub(text, i, text.n)))
            return true;
    return false;
}

struct cw_str unescape(struct cw_arena *arena, struct cw_str text)
{
    struct cw_buf b = {0};
    struct cw_str out;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : 0;

        if (c != '\\') {
            cw_buf_putc(&b, c);
            continue;
        }
        i++;
        if (next == 'x') {
            char hex[3] = {i + 1 < text.n ? text.p[i + 1] : 0, i + 2 < text.n ? text.p[i + 2] : 0};

            cw_buf_putc(&b, (char)strtol(hex, NULL, 16));
            i += 2;
        } else {
            cw_buf_putc(&b, next == 'n' ? '\n' : next == 'r' ? '\r' : next == 't' ? '\t' : next);
        }
    }
    out = cw_arena_dup(arena, cw_buf_str(&b));
    cw_buf_free(&b);
    return out;
}
