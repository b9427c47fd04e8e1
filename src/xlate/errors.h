/* Errors across the border (RFC 7247 section 7): stanza error conditions <-> SIP status codes, and
 * the answers themselves, each with what ties it to the request it answers. */
#ifndef CW_XLATE_ERRORS_H
#define CW_XLATE_ERRORS_H

#include "xlate/sip_values.h"
#include "xml/node.h"
#include "xmpp/error.h"

/* What is known of an XMPP error when a SIP status is chosen for it. */
struct cw_error_facts {
    enum cw_stanza_error condition;
    bool is_full;          /* it concerns a full JID (4xx), not a bare one (6xx) */
    bool no_such_server;   /* remote-server-not-found: it does not exist (404), else 408 */
    struct cw_str address; /* content of <gone/> or <redirect/>, or absent */
};
/* Section 7.1, table 2 and its notes: a status of 300 to 699, never 503. */
int cw_error_to_status(const struct cw_error_facts *);
/* Section 7.2, table 3, with the class's own condition for a code that is not listed.  status must
 * be 300..699. */
enum cw_stanza_error cw_error_of_status(int status);
/* The phrase registered for the code, else that of its class (x00). Never NULL. */
const char *cw_sip_reason(int status);

/* What must be kept of a translated stanza, so that its error can be built later.  Strings are
 * those of the stanza's own attributes. */
struct cw_error_origin {
    struct cw_str name; /* "message" when absent */
    struct cw_str id, from, to;
};
/* The error stanza for a final SIP answer of 300 or above: to the original's sender, from its
 * addressee, with its id; the reason phrase as <text/>; the address with <gone/> (301 only) and
 * <redirect/>, when the Contact can be translated.  Namespace jabber:server. */
struct cw_xml *cw_error_stanza(struct cw_arena *, const struct cw_error_origin *,
                               const struct cw_sip_response *);
/* The same for an error that arose on our own side. */
struct cw_xml *cw_error_stanza_of(struct cw_arena *, const struct cw_error_origin *,
                                  enum cw_stanza_error, struct cw_str text);

/* The SIP answer for an error stanza that came back for a request: status, the stanza's text (else
 * the registered phrase) as reason, Contact from <gone/> or <redirect/>.  The stanza's sender says
 * whether the error concerns a full or a bare JID. */
void cw_error_response(struct cw_arena *, const struct cw_xml *error_stanza,
                       struct cw_sip_response *out);
/* The SIP answer for a condition of our own. */
void cw_error_response_of(struct cw_arena *, const struct cw_error_facts *, struct cw_str text,
                          struct cw_sip_response *out);

#endif
