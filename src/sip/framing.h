/* Cuts the byte stream of a TCP or TLS connection into messages (RFC 3261 sections 18.3, 20.14;
 * RFC 5626 section 3.5.1).  The reader sees only what framing needs: the empty line and
 * Content-Length.  A length that is missing, repeated, signed, not decimal or too large means that
 * nobody knows where the next message begins: the frame is handed over as malformed, to be
 * answered with 400 (513 when only too large), and the connection is closed; nothing behind it is
 * ever read. */
#ifndef CW_SIP_FRAMING_H
#define CW_SIP_FRAMING_H

#include "base/buf.h"

enum cw_sip_frame {
    CW_SIP_FRAME_NEED_MORE, /* nothing whole yet */
    CW_SIP_FRAME_MESSAGE,   /* *out is one message, exact */
    CW_SIP_FRAME_PING,      /* CRLFCRLF between messages: answer with one CRLF */
    CW_SIP_FRAME_MALFORMED, /* *out is the head as far as it came: answer cw_sip_framer_status,
                               close */
};
const char *cw_sip_frame_name(enum cw_sip_frame);

struct cw_sip_framer;
struct cw_sip_framer *cw_sip_framer_new(size_t max_bytes); /* 0: CW_SIP_MAX_MESSAGE_BYTES */
void cw_sip_framer_free(struct cw_sip_framer **);
void cw_sip_framer_feed(struct cw_sip_framer *, struct cw_str bytes);
/* Call until NEED_MORE.  *out is valid until the next call with this framer.  After MALFORMED every
 * further call gives NEED_MORE and what is fed is dropped. */
enum cw_sip_frame cw_sip_framer_next(struct cw_sip_framer *, struct cw_str *out);
/* After MALFORMED: 400 or 513, and the sentence. */
int cw_sip_framer_status(const struct cw_sip_framer *);
const char *cw_sip_framer_reason(const struct cw_sip_framer *);
/* True while a message has begun but not ended: the owner's message deadline runs. */
bool cw_sip_framer_is_inside(const struct cw_sip_framer *);

#endif
