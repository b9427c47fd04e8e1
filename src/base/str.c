/* Borrowed strings; see str.h. */
#include "base/str.h"

#include <string.h>
#include <strings.h>

struct cw_str cw_str_of(const char *cstr)
{
    return cstr ? (struct cw_str){cstr, strlen(cstr)} : CW_STR_NONE;
}

bool cw_str_eq(struct cw_str a, struct cw_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool cw_str_eq_cstr(struct cw_str a, const char *b)
{
    return cw_str_eq(a, cw_str_of(b));
}

bool cw_str_eq_nocase(struct cw_str a, struct cw_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];
        if (x >= 'A' && x <= 'Z')
            x = (unsigned char)(x + 32);
        if (y >= 'A' && y <= 'Z')
            y = (unsigned char)(y + 32);
        if (x != y)
            return false;
    }
    return true;
}

bool cw_str_starts(struct cw_str s, struct cw_str prefix)
{
    return s.n >= prefix.n && cw_str_eq(cw_str_sub(s, 0, prefix.n), prefix);
}

bool cw_str_ends(struct cw_str s, struct cw_str suffix)
{
    return s.n >= suffix.n && cw_str_eq(cw_str_sub(s, s.n - suffix.n, s.n), suffix);
}

int cw_str_cmp(struct cw_str a, struct cw_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

ptrdiff_t cw_str_index(struct cw_str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? at - s.p : -1;
}

ptrdiff_t cw_str_rindex(struct cw_str s, char c)
{
    const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
    return at ? at - s.p : -1;
}

ptrdiff_t cw_str_find(struct cw_str s, struct cw_str needle)
{
    if (needle.n == 0)
        return 0;
    const char *at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at ? at - s.p : -1;
}

struct cw_str cw_str_sub(struct cw_str s, size_t from, size_t to)
{
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    return (struct cw_str){s.p ? s.p + from : NULL, to - from};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct cw_str cw_str_trim(struct cw_str s)
{
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool cw_str_to_u64(struct cw_str s, uint64_t *out)
{
    uint64_t value = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        unsigned digit = (unsigned)(s.p[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

/* Unicode table 3-7. */
static size_t utf8_len(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xC2 && p[0] <= 0xDF   ? 2
                 : p[0] >= 0xE0 && p[0] <= 0xEF ? 3
                 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4
                                                : 0;
    if (len == 0 || n < len)
        return 0;
    unsigned char low = 0x80, high = 0xBF;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return len;
}

size_t cw_str_utf8_len(struct cw_str s, size_t at)
{
    return utf8_len((const unsigned char *)s.p + at, s.n - at);
}

bool cw_str_is_utf8(struct cw_str s)
{
    for (size_t i = 0; i < s.n;) {
        size_t len = cw_str_utf8_len(s, i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

size_t cw_str_n_characters(struct cw_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}
