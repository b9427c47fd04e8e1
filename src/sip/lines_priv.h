/* The head of a SIP message as lines: start line and header fields, unfolded and trimmed (RFC 3261
 * sections 7.3.1 and 25.1).  One reading of the lines serves the framing of streams, the judging
 * of messages and the echo in responses, so that no two of them can disagree about where a header
 * begins or a message ends.  Private to src/sip. */
#ifndef CW_SIP_LINES_PRIV_H
#define CW_SIP_LINES_PRIV_H

#include "base/mem.h"

struct cw_sip_line {
    struct cw_str name;  /* as written */
    struct cw_str value; /* folds are one space; no white space around it */
};

struct cw_sip_head {
    struct cw_str start;
    struct cw_sip_line *lines;
    size_t n;
    size_t n_bytes;         /* with the empty line; 0: the empty line is not there */
    int fault_status;       /* 0, 400 or 513 */
    const char *fault;      /* the sentence */
    bool is_framing_broken; /* bare CR or LF: two readers may see different lines */
};

/* Reads the head at the beginning of the bytes.  After a fault the lines read so far (and those
 * behind it, where that is safe) are still there, for the way back of a 400.  Lines point into the
 * bytes or the arena. */
void cw_sip_head_scan(struct cw_arena *, struct cw_str bytes, struct cw_sip_head *out);

/* Offset just behind CRLFCRLF, searched from `from`; 0 when there is none. */
size_t cw_sip_head_end(struct cw_str bytes, size_t from);

/* The index-th line of that long name, or NULL; compact forms count. */
const struct cw_sip_line *cw_sip_head_line(const struct cw_sip_head *, struct cw_str name,
                                           size_t index);
size_t cw_sip_head_count(const struct cw_sip_head *, struct cw_str name);
/* True when the name as written is that header, long or compact. */
bool cw_sip_name_is(struct cw_str written, struct cw_str name);

/* Reads Content-Length: 1 = *out is set, 0 = absent, -1 = malformed or repeated (*why). */
int cw_sip_head_length(const struct cw_sip_head *, size_t *out, const char **why);

#endif
