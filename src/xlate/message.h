/* Pager-mode messages across the border (RFC 7572): <message/> <-> SIP MESSAGE.
 *
 * Pure: the same input gives the same output, so that a stanza sent a second time after a crash
 * becomes the same SIP request (same Call-ID, branch and From tag) and the next hop takes it for a
 * retransmission.
 *
 *     cw_message_to_sip(&arena, stanza, &options, &out);
 *     switch (out.outcome) {
 *     case CW_XLATE_SEND:    // out.request, with out.branch in its Via
 *     case CW_XLATE_NOTHING: // nobody is told anything: errors, receipts, states
 *     case CW_XLATE_REFUSED: // out.reply goes back (NULL: none may be sent)
 *     }
 */
#ifndef CW_XLATE_MESSAGE_H
#define CW_XLATE_MESSAGE_H

#include "xlate/composing.h"
#include "xlate/report.h"
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
    /* XMPP -> SIP: present (RFC 3339) when the SIP user understands reports: a message that asks
     * for a receipt then goes in a CPIM envelope of that date that asks for one. */
    struct cw_str date_time;
    /* XMPP -> SIP: the SIP user takes isComposing documents; a stanza with a chat state and no text
     * becomes one. */
    bool takes_states;
    /* XMPP -> SIP: the same stanza once more, because what was made of it was not taken: another
     * request for every server on the way. */
    bool is_second;
};

struct cw_message_to_sip {
    enum cw_xlate_outcome outcome;
    /* SEND: all fields that a MESSAGE needs; cseq, from_tag, call_id included. */
    struct cw_sip_request request;
    struct cw_str branch; /* with the magic cookie */
    /* SEND: what the SIP user's report will name; absent when none is asked for. */
    struct cw_str message_id;
    /* REFUSED: */
    enum cw_stanza_error error;
    struct cw_str text;
    struct cw_xml *reply;
};
/* The stanza's from and to are taken as they stand: who may write to whom was decided before.  The
 * result borrows from the stanza, which has to live as long. */
void cw_message_to_sip(struct cw_arena *, const struct cw_xml *stanza,
                       const struct cw_message_options *, struct cw_message_to_sip *out);
/* The Call-ID for messages of that thread between these two (RFC 7572 table 1); absent without a
 * thread. */
struct cw_str cw_message_call_id(struct cw_arena *, struct cw_str thread, struct cw_str from_uri,
                                 struct cw_str to_uri);
/* Turns a result into a refusal, for limits that only the caller can measure. */
void cw_message_refuse(struct cw_arena *, const struct cw_xml *stanza, enum cw_stanza_error,
                       const char *text, struct cw_message_to_sip *out);

/* What a MESSAGE is about. */
enum cw_message_kind { CW_MESSAGE_TEXT, CW_MESSAGE_COMPOSING, CW_MESSAGE_REPORT };

struct cw_message_to_xmpp {
    enum cw_xlate_outcome outcome; /* SEND or REFUSED; NOTHING: a report without a counterpart */
    enum cw_message_kind kind;     /* unless REFUSED */
    struct cw_jid from, to;        /* unless REFUSED */
    /* SEND.  TEXT: jabber:server, without a type.  COMPOSING: the chat state for one that was read
     * alone.  REPORT of a delivery: the receipt, or the error stanza, for a stanza whose id is the
     * report's message id; whoever knows the true id makes it anew (report.h). */
    struct cw_xml *stanza;
    struct cw_str id; /* SEND, TEXT: its id, made of Call-ID, CSeq and From tag: stable */
    struct cw_composing composing;      /* COMPOSING */
    struct cw_imdn report;              /* REPORT */
    bool is_wrapped;                    /* it came in a CPIM envelope */
    struct cw_report_request reporting; /* TEXT: what its sender asks to be told */
    struct cw_sip_response response;    /* REFUSED: 400, 403, 404, 405, 413, 415, 416 */
};
/* The request is a MESSAGE outside any dialog whose syntax the SIP parser has accepted.  The result
 * borrows from it. */
void cw_message_to_xmpp(struct cw_arena *, const struct cw_sip_request *,
                        const struct cw_message_options *, struct cw_message_to_xmpp *out);

#endif
