/* What a domain of ours answers by itself to a partner's iq, and to presence that is for no user:
 * the same for every address in it, so that nobody can tell from an answer whether a user exists.
 *
 * Stanza in, answer out; NULL means that nothing is sent.  The stanza's from and to are present and
 * were checked before.  Answers are never given to results and errors (RFC 6120 section 8.3.1), so
 * that two servers cannot answer each other for ever. */
#ifndef CW_XMPP_ANSWER_H
#define CW_XMPP_ANSWER_H

#include "xml/node.h"

/* Ping (XEP-0199), disco#info (XEP-0030) and version (XEP-0092, without an operating system) get a
 * result; what disco#info lists of an address with a local part is also what the gateway translates
 * for users (XEP-0085, XEP-0184).  Any other request gets <service-unavailable/>; one that is no
 * request by its form (no id, no type, not exactly one child) <bad-request/> (RFC 6120
 * section 8.2.3). */
struct cw_xml *cw_answer_iq(struct cw_arena *, const struct cw_xml *iq);

/* Presence for a user, of a type that there is: the gateway's, not ours to answer. */
bool cw_presence_is_for_user(const struct cw_xml *presence);
/* The other presence: a type that is none gets <bad-request/> (RFC 6121 section 4.7.1).  A domain
 * shares nothing: a subscription request and a probe get `unsubscribed` (sections 3.1.3 and 4.3.2),
 * everything else is taken note of in silence. */
struct cw_xml *cw_answer_presence(struct cw_arena *, const struct cw_xml *presence);

#endif
