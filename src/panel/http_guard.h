/* What stands before the HTTP server: one message framing, strictly (RFC 9112).  Bytes come in, the
 * same bytes go on, as long as nobody behind could read them otherwise:
 *
 *     CRLF only; no folded lines; no space before a colon; a token for each field name
 *     one Host; at most one Content-Length, digits only; no Transfer-Encoding at all (411)
 *     HTTP/1.0 and 1.1; origin-form targets only; sizes within limits; no bytes after a body but
 * the next request, and that only when the answer to the first one has been given
 *
 * Anything else ends the connection with a status, and nothing that follows is read.  Pure. */
#ifndef CW_PANEL_HTTP_GUARD_H
#define CW_PANEL_HTTP_GUARD_H

#include "base/buf.h"

struct cw_http_limits {
    size_t max_line, max_head, max_body; /* 8 KiB, 16 KiB, 1 MiB where 0 */
    unsigned max_fields;                 /* 64 where 0 */
};
enum cw_http_verdict {
    CW_HTTP_MORE,    /* all is passed on; the request is not whole yet */
    CW_HTTP_WHOLE,   /* a request has ended here; what follows waits for cw_http_guard_next */
    CW_HTTP_REFUSED, /* `status`: 400, 411, 413, 414, 431, 505 */
};

struct cw_http_guard;
struct cw_http_guard *cw_http_guard_new(const struct cw_http_limits *);
void cw_http_guard_free(struct cw_http_guard **);
/* Appends to `out` what may go on of the bytes; the rest is kept inside. */
enum cw_http_verdict cw_http_guard_feed(struct cw_http_guard *, struct cw_str bytes,
                                        struct cw_buf *out);
/* The answer has been given: what was kept is fed on. */
enum cw_http_verdict cw_http_guard_next(struct cw_http_guard *, struct cw_buf *out);
int cw_http_guard_status(const struct cw_http_guard *); /* REFUSED */

#endif
