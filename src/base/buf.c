/* A growing byte buffer; see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static void reserve(struct cw_buf *b, size_t more)
{
    if (more > SIZE_MAX / 4 - b->n)
        cw_fatal("buffer: size overflow");
    size_t need = b->n + more;
    if (need <= b->cap)
        return;
    size_t cap = b->cap ? b->cap : 256;
    while (cap < need)
        cap *= 2;
    b->p = cw_realloc(b->p, cap);
    b->cap = cap;
}

void cw_buf_put(struct cw_buf *b, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    reserve(b, n);
    memcpy(b->p + b->n, bytes, n);
    b->n += n;
}

void cw_buf_puts(struct cw_buf *b, struct cw_str s)
{
    cw_buf_put(b, s.p, s.n);
}

void cw_buf_putcstr(struct cw_buf *b, const char *s)
{
    cw_buf_put(b, s, strlen(s));
}

void cw_buf_putc(struct cw_buf *b, char c)
{
    cw_buf_put(b, &c, 1);
}

static bool is_control(const char *character)
{
    unsigned char c = (unsigned char)character[0];
    return c < 0x20 || c == 0x7F || (c == 0xC2 && (unsigned char)character[1] < 0xA0);
}

void cw_buf_put_clean(struct cw_buf *b, struct cw_str s, size_t max)
{
    for (size_t i = 0, n; i < s.n && i < max; i += n) {
        size_t len = cw_str_utf8_len(s, i);
        n = len ? len : 1;
        if (n > max - i)
            return;
        if (len == 0)
            cw_buf_putc(b, '?');
        else if (is_control(s.p + i))
            cw_buf_putc(b, ' ');
        else
            cw_buf_put(b, s.p + i, n);
    }
}

void cw_buf_printf(struct cw_buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    cw_assert(n >= 0);
    reserve(b, (size_t)n + 1);
    vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
    va_end(again);
    b->n += (size_t)n;
}

void cw_buf_consume(struct cw_buf *b, size_t n)
{
    cw_assert(n <= b->n);
    b->n -= n;
    if (b->n)
        memmove(b->p, b->p + n, b->n);
}

void cw_buf_reset(struct cw_buf *b)
{
    b->n = 0;
}

void cw_buf_free(struct cw_buf *b)
{
    cw_free(b->p);
    *b = (struct cw_buf){0};
}
