/* A growing byte buffer.  A zeroed struct is an empty buffer; cw_buf_free gives it back. */
#ifndef CW_BASE_BUF_H
#define CW_BASE_BUF_H

#include "base/str.h"

struct cw_buf {
    char *p;
    size_t n, cap;
};

void cw_buf_put(struct cw_buf *, const void *bytes, size_t n);
void cw_buf_puts(struct cw_buf *, struct cw_str s);
void cw_buf_putcstr(struct cw_buf *, const char *s);
void cw_buf_putc(struct cw_buf *, char c);
void cw_buf_printf(struct cw_buf *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What somebody else said, for people and JSON: at most `max` octets, cut between characters; a
 * control character (C0, DEL, C1) becomes a space, what is no UTF-8 a "?". */
void cw_buf_put_clean(struct cw_buf *, struct cw_str s, size_t max);
/* Drops the first n bytes (n <= b->n). */
void cw_buf_consume(struct cw_buf *, size_t n);
void cw_buf_reset(struct cw_buf *); /* empty, memory kept */
void cw_buf_free(struct cw_buf *);
/* The content, valid until the next change. */
static inline struct cw_str cw_buf_str(const struct cw_buf *b)
{
    return (struct cw_str){b->p ? b->p : "", b->n};
}

#endif
