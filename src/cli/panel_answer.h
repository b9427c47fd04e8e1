/* An answer in HTTP/1.1, read from a blocking socket (RFC 9112). */
#ifndef CW_CLI_PANEL_ANSWER_H
#define CW_CLI_PANEL_ANSWER_H

#include "base/buf.h"
#include "base/err.h"

struct cw_http_answer {
    int status;
    bool is_lines;      /* application/x-ndjson */
    struct cw_buf body; /* what came of it so far; the reader may consume it */
    /* the reading itself */
    int fd;
    struct cw_buf bytes;
    bool is_chunked, is_open_ended, is_over;
    uint64_t left; /* of the body, or of the chunk */
};

/* Reads up to the body.  CW_ERR_CLOSED: the connection ended, or nothing came for a long time;
 * CW_ERR_INVALID: that is no HTTP. */
enum cw_err cw_http_answer_begin(struct cw_http_answer *, int fd);
/* Waits for more of the body; CW_OK with is_over: it is whole. */
enum cw_err cw_http_answer_more(struct cw_http_answer *);
void cw_http_answer_end(struct cw_http_answer *);

#endif
