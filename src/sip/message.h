/* One received SIP message: parsed by sofia's message layer, judged by RFC 3261 sections 7, 8.2,
 * 16.3, 18 and 25.  This folder is the only one that knows sofia; what leaves it are plain values.
 *
 * A message is judged once, as a whole: `valid` says whether the grammar and the rules about the
 * message itself hold, `answer` with which status it would be refused.  A message that sofia cannot
 * take apart still gives up its raw Via, From, To, Call-ID and CSeq lines as far as they can be
 * seen, so that a 400 finds its way back.  What policy says (403, 415, 404) is the gateway's. */
#ifndef CW_SIP_MESSAGE_H
#define CW_SIP_MESSAGE_H

#include "base/str.h"
#include "xlate/sip_values.h"

enum cw_sip_transport { CW_SIP_UDP, CW_SIP_TCP, CW_SIP_TLS };
const char *cw_sip_transport_name(enum cw_sip_transport); /* "UDP", as a Via says it */
static inline bool cw_sip_transport_is_reliable(enum cw_sip_transport t)
{
    return t != CW_SIP_UDP;
}

/* What a message may hold; beyond it 513 (or silence, for a response). */
enum {
    CW_SIP_MAX_MESSAGE_BYTES = 65535,
    CW_SIP_MAX_HEAD_BYTES = 32768,
    CW_SIP_MAX_HEADERS = 256,
    CW_SIP_MAX_HEADER_BYTES = 8192, /* one header with its folds */
    CW_SIP_MAX_FOLDS = 64,          /* continuation lines of one header */
};

struct cw_sip_verdict {
    bool valid; /* well-formed by grammar and by the rules on the message itself */
    /* To be thrown away in silence: no SIP, an ACK, an invalid response, or no way back in it. */
    bool drop;
    int answer;         /* the status to refuse with; 0 = taken on */
    const char *reason; /* one static sentence; "" when taken on */
};

struct cw_sip_message;

/* Judges one datagram (UDP: octets behind Content-Length are cut) or one frame (TCP, TLS: exact).
 * The bytes are copied.  Never NULL; the message is the caller's, to be given back with
 * cw_sip_message_free.  Everything that a getter returns lives as long as the message. */
struct cw_sip_message *cw_sip_message_parse(struct cw_str bytes, enum cw_sip_transport);
void cw_sip_message_free(struct cw_sip_message **);

struct cw_sip_verdict cw_sip_message_verdict(const struct cw_sip_message *);
bool cw_sip_message_is_request(const struct cw_sip_message *);
bool cw_sip_message_is_response(const struct cw_sip_message *); /* neither: not SIP at all */

/* Getters.  Absent string or -1 = the header is not there (or the message is not valid). */
struct cw_str cw_sip_message_method(const struct cw_sip_message *);
struct cw_str cw_sip_message_request_uri(const struct cw_sip_message *);
int cw_sip_message_status(const struct cw_sip_message *); /* 0 for a request */
struct cw_str cw_sip_message_reason_phrase(const struct cw_sip_message *);

/* From and To: the bare URI text with its URI parameters; the display name unquoted; the tag. */
struct cw_sip_party {
    struct cw_str uri, display, tag;
};
struct cw_sip_party cw_sip_message_from(const struct cw_sip_message *);
struct cw_sip_party cw_sip_message_to(const struct cw_sip_message *);

struct cw_str cw_sip_message_call_id(const struct cw_sip_message *);
uint32_t cw_sip_message_cseq(const struct cw_sip_message *);
struct cw_str cw_sip_message_cseq_method(const struct cw_sip_message *);
int64_t cw_sip_message_max_forwards(const struct cw_sip_message *);
int64_t cw_sip_message_expires_s(const struct cw_sip_message *);
struct cw_str cw_sip_message_contact_uri(const struct cw_sip_message *); /* the first one */
struct cw_str cw_sip_message_body(const struct cw_sip_message *);
/* The option tags of Require that nobody here knows, "a, b"; the value of Unsupported in a 420. */
struct cw_str cw_sip_message_unsupported(const struct cw_sip_message *);

/* The index-th header of that name (long form; compact forms count too), its value trimmed and
 * unfolded; absent when there are fewer. */
struct cw_str cw_sip_message_header(const struct cw_sip_message *, struct cw_str name,
                                    size_t index);
size_t cw_sip_message_header_count(const struct cw_sip_message *, struct cw_str name);

/* The top Via (RFC 3261 section 20.42). */
struct cw_sip_via {
    struct cw_str transport; /* "UDP" */
    struct cw_str host;      /* with [ ] for IPv6 */
    uint16_t port;           /* 0 when absent */
    struct cw_str branch;    /* absent or as written */
    struct cw_str received, maddr;
    bool has_rport; /* RFC 3581, with or without a value */
};
bool cw_sip_message_via(const struct cw_sip_message *, struct cw_sip_via *out);

/* The same as the values that translation reads; borrowed from the message. */
void cw_sip_message_values(const struct cw_sip_message *, struct cw_sip_request *out);
void cw_sip_message_response_values(const struct cw_sip_message *, struct cw_sip_response *out);

#endif
