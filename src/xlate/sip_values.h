/* The parts of a SIP message that translation reads and writes, as plain values.  The SIP library
 * stays in src/sip; the gateway fills and empties these. */
#ifndef CW_XLATE_SIP_VALUES_H
#define CW_XLATE_SIP_VALUES_H

#include "base/str.h"

/* A request.  Absent string = the header is not there.  URIs are the bare text without <>, with
 * their URI parameters ("sip:romeo@example.net;gr=orchard"); header parameters are apart. */
struct cw_sip_request {
    struct cw_str method;
    struct cw_str request_uri, from_uri, to_uri;
    struct cw_str from_display, from_tag, to_tag;
    struct cw_str call_id;
    uint32_t cseq;
    struct cw_str content_type; /* with its parameters: "text/plain;charset=utf-8" */
    struct cw_str content_language;
    struct cw_str content_encoding;
    struct cw_str subject, date, expires, accept_language;
    struct cw_str contact_uri;
    struct cw_str accept;                    /* all of them, joined by commas */
    struct cw_str event, subscription_state; /* with their parameters (RFC 6665) */
    struct cw_str record_route;              /* received: all of them in order, joined by commas */
    struct cw_str route; /* to be sent: the same, in the order in which it goes */
    struct cw_str body;
};

struct cw_sip_response {
    int status;
    uint32_t cseq; /* with which our request went out at last: credentials raise it; 0: as given */
    struct cw_str reason_phrase;
    struct cw_str contact; /* 3xx: where to, URI text */
    struct cw_str body;
    struct cw_str accept, accept_encoding; /* 415: what would have been taken */
    struct cw_str allow;                   /* 405: the methods there are */
    struct cw_str to_tag;
    struct cw_str expires, min_expires, retry_after; /* as written: numbers of seconds */
    struct cw_str allow_events;                      /* 489: the event packages there are */
    struct cw_str record_route;                      /* as in a request */
};

#endif
