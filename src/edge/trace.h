/* From what a stream and its dial go through to the steps of its attempt (attempt.h), and from how
 * it ended to the failure's name.  Here nothing is decided about the stream: whatever is told wrong
 * here is only told wrong. */
#ifndef CW_EDGE_TRACE_H
#define CW_EDGE_TRACE_H

#include "base/buf.h"
#include "edge/attempt.h"
#include "io/conn.h"
#include "io/target.h"
#include "s2s/stream.h"

struct edge;
struct edge_stream;

/* A stream's own; zeroed at first. */
struct edge_trace {
    struct edge_attempt *attempt; /* NULL: inbound, and nobody has named himself yet */
    enum cw_failure cause;        /* why the edge itself ends the stream; NONE: it does not */
    enum cw_failure noted; /* seen on the way: explains an end for which nobody gives a reason */
    struct cw_buf detail;  /* of what was noted */
    struct cw_str words;   /* the stream error that came: "policy-violation: not here"; in the
                            * stream's arena, as the following */
    struct cw_str address; /* the peer's */
    enum edge_step_kind stage;
    bool has_header, is_authenticated, is_lost;
    unsigned char first_octet; /* that came in the clear; 0: none */
    struct cw_str lost_text;
};

/* --- trace_dial.c: for the dial; attempts may be NULL -----------------------------------------*/

struct edge_trace_target {
    const struct cw_addr *addr;
    struct cw_str host;
    bool is_direct_tls;
};
/* What the DNS said, of the proxy if there is one; NONE when there is something to try. */
enum cw_failure edge_trace_dns(struct edge_attempt *, struct cw_str proxy,
                               const struct cw_target_list *);
/* What became of one address. */
void edge_trace_address(struct edge_attempt *, const struct edge_trace_target *, enum cw_failure,
                        struct cw_str detail);
/* Why a connection attempt, or direct TLS on it, failed; `detail` may be set. */
enum cw_failure edge_trace_conn_failure(const struct cw_conn *, enum cw_conn_end,
                                        struct cw_str sentence, struct cw_str *detail);

/* --- trace.c: for the stream ------------------------------------------------------------------*/

/* Outbound: from now on steps are told. */
void edge_trace_begin(struct edge_stream *);
/* No stream was made: the limit. */
void edge_trace_no_room(struct edge *, struct cw_str local, struct cw_str remote);
/* The dial's failure is the attempt's; returns its sentence for those who wait, in the stream's
 * arena. */
struct cw_str edge_trace_not_dialled(struct edge_stream *, enum cw_failure,
                                     const struct cw_failure_gaps *);
void edge_trace_tls_up(struct edge_stream *);
void edge_trace_tls_failed(struct edge_stream *, struct cw_str sentence);
/* The first bytes tell TLS from XMPP. */
void edge_trace_bytes(struct edge_stream *, struct cw_str);
/* What the authority said about the peer's key. */
void edge_trace_dialback(struct edge_stream *, const struct cw_s2s_dialback *);
/* A stream made for a question is closed, for it was answered or for it never will be. */
void edge_trace_not_needed(struct edge_stream *);
/* The transport is gone. */
void edge_trace_lost(struct edge_stream *, enum cw_conn_end, struct cw_str sentence);
/* Each of the machine's actions, before it is carried out. */
void edge_trace_action(struct edge_stream *, const struct cw_s2s_action *);
/* What to tell those whose stanzas cannot be sent, behind that action; in the stream's arena. */
struct cw_str edge_trace_sentence(struct edge_stream *, const struct cw_s2s_action *);
/* The stream goes. */
void edge_trace_end(struct edge_stream *);

/* --- trace_note.c: what the machine notes on the way ------------------------------------------*/

void edge_trace_note(struct edge_stream *, const struct cw_s2s_action *);
/* Kept for an end that nobody explains. */
void edge_trace_remember(struct edge_stream *, enum cw_failure, struct cw_str detail);
/* A step that went well; the facts are taken over. */
void edge_trace_step(struct edge_stream *, enum edge_step_kind, json_t *facts);
json_t *edge_trace_fact(const char *name, struct cw_str value);

/* --- trace_why.c ------------------------------------------------------------------------------*/

/* What a FAILED or CLOSE action comes from; fills the gaps, borrowed from stream and action. */
enum cw_failure edge_trace_why(struct edge_stream *, const struct cw_s2s_action *,
                               struct cw_failure_gaps *);
/* The fault of the peer's certificate, `detail` with the names or the sentence. */
enum cw_failure edge_trace_cert_failure(const struct cw_cert *, enum cw_cert_verdict,
                                        struct cw_arena *, struct cw_str *detail);
enum cw_failure edge_trace_tls_failure(const struct cw_conn *, struct cw_str sentence,
                                       struct cw_str *detail);

#endif
