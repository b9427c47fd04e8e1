/* Reads HTTP requests, strictly (RFC 9112): the one place where a request's bytes are judged, so
 * that nobody behind can read them otherwise.
 *
 *     CRLF only; no folded lines; no space before a colon; a token for each field name
 *     one Host; at most one Content-Length, digits only; no Transfer-Encoding (411, or 400 when it
 *     is none that we could mean); no body with GET and HEAD
 *     HTTP/1.0 and 1.1; origin-form targets only; sizes within limits
 *
 * Anything else ends the connection with a status, and nothing that follows is read.  Pure.
 *
 * One exchange: a browser sends a GET and, not waiting, a POST behind it.  The first is WHOLE at
 * its empty line and is answered; the bytes of the second are kept meanwhile.  cw_http_guard_next
 * then reads them: a line ends in LF alone, REFUSED with 400.  The first was answered, the second
 * never ran. */
#ifndef CW_PANEL_HTTP_GUARD_H
#define CW_PANEL_HTTP_GUARD_H

#include "base/buf.h"
#include "base/mem.h"

struct cw_http_limits {
    size_t max_line, max_head, max_body; /* 8 KiB, 16 KiB, 1 MiB where 0 */
    unsigned max_fields;                 /* 64 where 0 */
};
enum cw_http_verdict {
    CW_HTTP_IDLE,    /* nothing of a request is there */
    CW_HTTP_HEAD,    /* its head is not whole yet */
    CW_HTTP_BODY,    /* its head is */
    CW_HTTP_WHOLE,   /* cw_http_guard_request; what follows waits for cw_http_guard_next */
    CW_HTTP_REFUSED, /* cw_http_guard_status */
};
const char *cw_http_verdict_name(enum cw_http_verdict);

struct cw_http_field {
    struct cw_str name, value; /* without white space around */
};
/* Slices live until cw_http_guard_next. */
struct cw_http_request {
    struct cw_str method;
    struct cw_str path, query; /* query absent: no "?" */
    struct cw_str host;        /* a name or address, perhaps with a port */
    struct cw_str body;
    const struct cw_http_field *fields;
    size_t n_fields;
    bool is_1_0, keeps_alive;
};
/* The value of the only field of that name, in any case; absent: there is none, or several. */
struct cw_str cw_http_field(const struct cw_http_request *, const char *name);

struct cw_http_guard;
struct cw_http_guard *cw_http_guard_new(const struct cw_http_limits *); /* NULL: the defaults */
void cw_http_guard_free(struct cw_http_guard **);
enum cw_http_verdict cw_http_guard_feed(struct cw_http_guard *, struct cw_str bytes);
const struct cw_http_request *cw_http_guard_request(const struct cw_http_guard *); /* WHOLE */
/* The answer has been given: what was kept is read. */
enum cw_http_verdict cw_http_guard_next(struct cw_http_guard *);
/* BODY: the client waits to hear that it may send it (RFC 9110 section 10.1.1). */
bool cw_http_guard_wants_continue(const struct cw_http_guard *);
size_t cw_http_guard_body_bytes(const struct cw_http_guard *); /* BODY: as announced */
/* REFUSED: 400, 411, 413, 414, 417, 431, 505, and one sentence. */
int cw_http_guard_status(const struct cw_http_guard *);
const char *cw_http_guard_reason(const struct cw_http_guard *);
size_t cw_http_guard_kept(const struct cw_http_guard *); /* bytes that wait for their turn */

#endif
