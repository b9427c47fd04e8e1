/* message/cpim (RFC 3862), with the header fields of IMDN (RFC 5438): an envelope inside a SIP
 * body, in which its sender asks for reports and reports travel.
 *
 *     From: <sip:alice@contoso.test>                             message headers
 *     To: <sip:juliet@fabrikam.test>
 *     DateTime: 2026-01-02T03:04:05Z
 *     NS: imdn <urn:ietf:params:imdn>
 *     imdn.Message-ID: 34jk324j
 *     imdn.Disposition-Notification: positive-delivery
 *
 *     Content-Type: text/plain                                   headers of the content
 *
 *     Hello World                                                content
 *
 * What an envelope says is not believed: who speaks is the SIP request's From, and whoever takes
 * the envelope for more compares (message_s2x.c).  Header names match exactly, by the namespace
 * that their prefix stands for; what is not known is passed over, unless Require names it. */
#ifndef CW_XLATE_CPIM_H
#define CW_XLATE_CPIM_H

#include "base/buf.h"
#include "base/mem.h"

#define CW_CPIM_TYPE CW_S("message/cpim")

enum {
    CW_CPIM_MAX_HEADERS = 64,    /* of the message, and as many of the content */
    CW_CPIM_MAX_NAMESPACES = 16, /* declared in one message */
    CW_CPIM_MAX_ROUTES = 8,      /* IMDN-Record-Route */
};

/* Disposition-Notification.  Processing, display and what others define are not looked at. */
enum cw_cpim_asks { CW_CPIM_POSITIVE_DELIVERY = 1, CW_CPIM_NEGATIVE_DELIVERY = 2 };

/* Absent string: the header is not there. */
struct cw_cpim {
    struct cw_str from_uri, to_uri; /* without <> and name; of several To the first */
    struct cw_str date_time, subject;
    struct cw_str message_id;
    unsigned asks; /* enum cw_cpim_asks */
    struct cw_str original_to;
    /* IMDN-Record-Route when read, IMDN-Route when written; URIs in their order. */
    struct cw_str routes[CW_CPIM_MAX_ROUTES];
    size_t n_routes;
    struct cw_str content_type, content_disposition, content_encoding;
    struct cw_str body; /* Content-Transfer-Encoding is undone */
};

enum cw_cpim_fault {
    CW_CPIM_OK,
    CW_CPIM_MALFORMED, /* no headers as they have to be, or too many of them */
    CW_CPIM_REQUIRES,  /* it demands to be understood in what is not known here */
    CW_CPIM_ENCODING,  /* a Content-Transfer-Encoding that is not known here */
};
const char *cw_cpim_fault_text(enum cw_cpim_fault); /* one sentence */

/* *out borrows from the text and lives in the arena; it is empty unless CW_CPIM_OK. */
enum cw_cpim_fault cw_cpim_parse(struct cw_arena *, struct cw_str text, struct cw_cpim *out);

/* Appends the message.  Values are escaped (section 2.3), so that none ends its line; a URI or
 * token with a character that has no place in one is left out, its header with it. */
void cw_cpim_write(struct cw_buf *, const struct cw_cpim *);

#endif
