/* The inside of a received message, shared by its reading, judging and getters.  Private to
 * src/sip. */
#ifndef CW_SIP_MESSAGE_PRIV_H
#define CW_SIP_MESSAGE_PRIV_H

#include "sip/grammar_priv.h"
#include "sip/lines_priv.h"
#include "sip/message.h"

#include <sofia-sip/sip.h>

enum cw_sip_kind { CW_SIP_KIND_NONE, CW_SIP_KIND_REQUEST, CW_SIP_KIND_RESPONSE };

struct cw_sip_message {
    struct cw_arena arena;
    enum cw_sip_transport transport;
    enum cw_sip_kind kind;
    struct cw_sip_verdict verdict;
    struct cw_str bytes; /* our copy */
    struct cw_sip_head head;
    msg_t *msg; /* sofia's; NULL until the lines were found good */
    sip_t *sip;

    struct cw_str method, request_uri, reason_phrase;
    struct cw_sip_uri target; /* the Request-URI taken apart */
    int status;
    struct cw_sip_party from, to;
    struct cw_str call_id, cseq_method;
    uint32_t cseq;
    int64_t max_forwards, expires_s;
    struct cw_str contact_uri, unsupported, accept, allow_events, record_route, body;
};

/* The first line of that name, its value; absent when there is none. */
struct cw_str cw_sip_message_first(const struct cw_sip_message *, const char *name);

/* Every header field of the name, as if it stood in one (RFC 3261 section 7.3.1). */
struct cw_str cw_sip_message_joined(struct cw_sip_message *, const char *name);

/* dialog.c: the recorded route, which becomes record_route when it is good. */
enum cw_sip_route { CW_SIP_ROUTE_GOOD, CW_SIP_ROUTE_MALFORMED, CW_SIP_ROUTE_TOO_LONG };
enum cw_sip_route cw_sip_read_route(struct cw_sip_message *);
/* The status with which to refuse a SUBSCRIBE or NOTIFY; 0 for a good one and any other method. */
int cw_sip_judge_dialog(struct cw_sip_message *, const char **why);

/* Reads and judges everything behind the bytes; fills the verdict. */
void cw_sip_message_judge(struct cw_sip_message *);

/* Hands the lines that matter to sofia; false with *why when it does not take them. */
bool cw_sip_sofia_parse(struct cw_sip_message *, const char **why);

#endif
