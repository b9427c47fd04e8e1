/* Encodings of a file that is imported (see text.h). */
#include "import/text.h"

#include <string.h>

#include "base/buf.h"

static void put_utf8(struct cw_buf *to, uint32_t c)
{
    if (c < 0x80) {
        cw_buf_putc(to, (char)c);
    } else if (c < 0x800) {
        cw_buf_putc(to, (char)(0xc0 | c >> 6));
        cw_buf_putc(to, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        cw_buf_putc(to, (char)(0xe0 | c >> 12));
        cw_buf_putc(to, (char)(0x80 | (c >> 6 & 0x3f)));
        cw_buf_putc(to, (char)(0x80 | (c & 0x3f)));
    } else {
        cw_buf_putc(to, (char)(0xf0 | c >> 18));
        cw_buf_putc(to, (char)(0x80 | (c >> 12 & 0x3f)));
        cw_buf_putc(to, (char)(0x80 | (c >> 6 & 0x3f)));
        cw_buf_putc(to, (char)(0x80 | (c & 0x3f)));
    }
}

static uint32_t unit_at(struct cw_str bytes, size_t i, bool is_big)
{
    uint32_t first = (unsigned char)bytes.p[i], second = (unsigned char)bytes.p[i + 1];
    return is_big ? first << 8 | second : second << 8 | first;
}

/* False: an odd number of octets, or half a pair of surrogates. */
static bool from_utf16(struct cw_str bytes, bool is_big, struct cw_buf *to)
{
    if (bytes.n % 2 != 0)
        return false;
    for (size_t i = 0; i < bytes.n; i += 2) {
        uint32_t c = unit_at(bytes, i, is_big);
        if (c >= 0xd800 && c < 0xdc00 && i + 2 < bytes.n) {
            uint32_t low = unit_at(bytes, i + 2, is_big);
            if (low < 0xdc00 || low > 0xdfff)
                return false;
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        } else if (c >= 0xd800 && c <= 0xdfff) {
            return false;
        }
        put_utf8(to, c);
    }
    return true;
}

bool cw_import_utf8(struct cw_arena *arena, struct cw_str bytes, struct cw_str *out)
{
    struct cw_buf text = {0};
    bool is_big = cw_str_starts(bytes, CW_S("\xfe\xff"));
    bool good = true;
    *out = CW_S("");
    if (is_big || cw_str_starts(bytes, CW_S("\xff\xfe"))) {
        good = from_utf16(cw_str_sub(bytes, 2, bytes.n), is_big, &text);
        *out = cw_arena_dup(arena, cw_buf_str(&text));
        cw_buf_free(&text);
    } else {
        bool is_marked = cw_str_starts(bytes, CW_S("\xef\xbb\xbf"));
        *out = cw_str_sub(bytes, is_marked ? 3 : 0, bytes.n);
    }
    return good && cw_str_is_utf8(*out) && cw_str_index(*out, '\0') < 0;
}
