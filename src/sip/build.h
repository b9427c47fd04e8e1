/* Builds the SIP messages that go out.  Every value is checked on its way in: nothing that comes
 * from a stanza can end a line, open a header or leave the field it was meant for.  Text fields
 * (display name, Subject, reason phrase) are made safe: line breaks and controls become a space,
 * the display name is quoted and escaped.  Structural fields (URIs, tags, Call-ID, tokens, header
 * names) are refused when they do not have their form.  Body and Content-Length always agree. */
#ifndef CW_SIP_BUILD_H
#define CW_SIP_BUILD_H

#include "base/buf.h"
#include "base/err.h"
#include "sip/hop.h"

struct cw_sip_field {
    struct cw_str name, value; /* name: token; value: TEXT-UTF8 without controls */
};

/* A request.  Absent string = the header is left out, unless said otherwise. */
struct cw_sip_draft {
    struct cw_str method, request_uri;
    enum cw_sip_transport transport;
    struct cw_str sent_by;                          /* "host[:port]" */
    struct cw_str branch;                           /* with the magic cookie z9hG4bK */
    struct cw_str from_uri, from_display, from_tag; /* the tag is required */
    struct cw_str to_uri, to_display, to_tag;
    struct cw_str call_id;
    uint32_t cseq;
    uint8_t max_forwards; /* 0 means 70 */
    struct cw_str contact_uri;
    struct cw_str content_type; /* required when there is a body */
    struct cw_str subject, content_language, date, expires, user_agent, accept;
    struct cw_str event, subscription_state, route; /* as in cw_sip_request */
    const struct cw_sip_field *fields; /* further headers, in order; none of those above */
    size_t n_fields;
    struct cw_str body;
};
/* The draft of a request as translation gives it; borrows.  What the transport adds stays empty. */
struct cw_sip_draft cw_sip_draft_of(const struct cw_sip_request *, struct cw_str branch);

/* Appends the whole request, or leaves the buffer as it was: CW_ERR_INVALID names the field in
 * *why (static text; why may be NULL). */
enum cw_err cw_sip_build_request(struct cw_buf *, const struct cw_sip_draft *, const char **why);

/* An answer.  Zero and absent mean "leave out"; an absent reason phrase means the standard one. */
struct cw_sip_reply {
    int status;
    struct cw_str reason_phrase;
    bool allow;                 /* Allow: the methods that are offered */
    struct cw_str accept;       /* with 415, and in the answer to OPTIONS */
    struct cw_str unsupported;  /* with 420 */
    struct cw_str contact_uri;  /* with 3xx, and 2xx to SUBSCRIBE */
    struct cw_str contact_user; /* instead: at our own address (the gateway fills in which) */
    struct cw_str to_tag;       /* the dialog's; absent: the transaction's own */
    struct cw_str expires, min_expires;
    struct cw_str allow_events; /* absent in a 489: the packages that there are */
    struct cw_str record_route; /* of the request, when the answer makes a dialog */
    uint32_t retry_after_s;
    const struct cw_sip_field *fields;
    size_t n_fields;
    struct cw_str content_type, body;
};

/* What an answer takes over from its request: all Via lines (the top one with received and rport
 * as RFC 3261 section 18.2.1 and RFC 3581 want them), From, Call-ID, CSeq, To, as raw text; a To
 * without a tag ends open, for the tag of the reply.  Kept by a transaction until its final answer.
 * False when the request lacks what an answer needs. */
bool cw_sip_build_echo(struct cw_buf *, const struct cw_sip_message *request,
                       const struct cw_sip_hop *source);
/* Appends the whole response made of the echo and the reply; CW_ERR_INVALID as above.  The To tag
 * of the reply counts only where the request had none. */
enum cw_err cw_sip_build_response(struct cw_buf *, struct cw_str echo, const struct cw_sip_reply *,
                                  const char **why);
/* Where a response goes: the connection, or for UDP the source address with the source port
 * (rport) or the port of the Via (RFC 3261 section 18.2.2; never maddr, never a name). */
struct cw_sip_hop cw_sip_reply_hop(const struct cw_sip_message *request,
                                   const struct cw_sip_hop *source);

/* The standard reason phrase (RFC 3261 section 21 and later); "Unknown" is never said: a class
 * word stands for a status without one. */
const char *cw_sip_reason_phrase(int status);
/* The methods that the gateway offers, as in Allow; the event packages, as in Allow-Events. */
extern const char cw_sip_allow[];
extern const char cw_sip_allow_events[];
/* Known elsewhere (INVITE, REFER ...), so 405; anything else is 501. */
bool cw_sip_method_is_known(struct cw_str method);
bool cw_sip_method_is_offered(struct cw_str method);

#endif
