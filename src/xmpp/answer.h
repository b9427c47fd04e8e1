/* What a domain of ours answers by itself to a partner's iq or presence, for the domain and for
 * every address in it alike: nobody can tell from an answer whether a user exists.
 *
 * Stanza in, answer out; NULL means that nothing is sent.  The stanza's from and to are present and
 * were checked before.  Answers are never given to results and errors (RFC 6120 section 8.3.1), so
 * that two servers cannot answer each other for ever. */
#ifndef CW_XMPP_ANSWER_H
#define CW_XMPP_ANSWER_H

#include "xml/node.h"

/* Ping (XEP-0199), disco#info (XEP-0030) and version (XEP-0092, without an operating system) get a
 * result; any other request <service-unavailable/>; one that is no request by its form (no id, no
 * type, not exactly one child) <bad-request/> (RFC 6120 section 8.2.3). */
struct cw_xml *cw_answer_iq(struct cw_arena *, const struct cw_xml *iq);

/* No presence state is given while presence is not translated: a subscription request and a probe
 * get `unsubscribed`, which is what RFC 6121 (sections 3.1.3 and 4.3.2) has for users who do not
 * exist or do not share; a type that is none gets <bad-request/> (section 4.7.1); everything else
 * is taken note of in silence.  In particular `subscribed`, asked for by nobody, changes nothing.
 */
struct cw_xml *cw_answer_presence(struct cw_arena *, const struct cw_xml *presence);

#endif
