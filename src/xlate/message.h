/* Pager-mode messages across the border (RFC 7572): <message/> <-> SIP MESSAGE.
 *
 * Pure: the same input gives the same output, so that a stanza sent a second time after a crash
 * becomes the same SIP request (same Call-ID, branch and From tag) and the next hop takes it for a
 * retransmission.
 *
 *     cw_message_to_sip(&arena, stanza, &options, &out);
 *     switch (out.outcome) {
 *     case CW_XLATE_SEND:    // out.request, with out.branch in its Via
 *     case CW_XLATE_NOTHING: // nobody is told anything: chat states, receipts, errors
 *     case CW_XLATE_REFUSED: // out.reply goes back (NULL: none may be sent)
 *     }
 */
#ifndef CW_XLATE_MESSAGE_H
#define CW_XLATE_MESSAGE_H

#include "xlate/sip_values.h"
#include "xml/node.h"
#include "xmpp/error.h"

enum cw_xlate_outcome { CW_XLATE_SEND, CW_XLATE_NOTHING, CW_XLATE_REFUSED };

/* A zeroed struct is good for a call in isolation. */
struct cw_message_options {
    /* Names this one stanza among all (stream and number, say): the same again when the stanza is
     * sent again, another for any other stanza.  Without it two equal stanzas are one request. */
    struct cw_str call_id_seed;
    /* XMPP -> SIP: refuse when the request would be longer (RFC 7572 section 6); 0 = any size.
     * Counted with what is in the request, plus sip_overhead_bytes for what the transport adds
     * (Via, Max-Forwards, Route, ...; 0 = 120). */
    size_t max_sip_bytes, sip_overhead_bytes;
    /* SIP -> XMPP: 413 when the stanza would be longer; 0 = any size. */
    size_t max_stanza_bytes;
    /* XMPP -> SIP: of several bodies, the one in this language; absent: that of the stanza. */
    struct cw_str language;
};

struct cw_message_to_sip {
    enum cw_xlate_outcome outcome;
    /* SEND: all fields that a MESSAGE needs; cseq, from_tag, call_id included. */
    struct cw_sip_request request;
    struct cw_str branch; /* with the magic cookie */
    /* REFUSED: */
    enum cw_stanza_error error;
    struct cw_str text;
    struct cw_xml *reply;
};
/* The stanza's from and to are taken as they stand: who may write to whom was decided before.  The
 * result borrows from the stanza, which has to live as long. */
void cw_message_to_sip(struct cw_arena *, const struct cw_xml *stanza,
                       const struct cw_message_options *, struct cw_message_to_sip *out);
/* Turns a result into a refusal, for limits that only the caller can measure. */
void cw_message_refuse(struct cw_arena *, const struct cw_xml *stanza, enum cw_stanza_error,
                       const char *text, struct cw_message_to_sip *out);

struct cw_message_to_xmpp {
    enum cw_xlate_outcome outcome;   /* SEND or REFUSED */
    struct cw_xml *stanza;           /* SEND: jabber:server, without a type */
    struct cw_str id;                /* SEND: its id, made of Call-ID, CSeq and From tag: stable */
    struct cw_sip_response response; /* REFUSED: 400, 404, 405, 413, 415, 416 */
};
/* The request is a MESSAGE outside any dialog whose syntax the SIP parser has accepted.  The result
 * borrows from it. */
void cw_message_to_xmpp(struct cw_arena *, const struct cw_sip_request *,
                        const struct cw_message_options *, struct cw_message_to_xmpp *out);

#endif
