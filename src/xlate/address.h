/* Addresses across the border (RFC 7247 section 6): SIP, SIPS, IM and PRES URIs <-> JIDs.
 *
 * The user part and the localpart are one name in two alphabets: what the other side may not hold
 * is percent-encoded in a URI (RFC 3986) and written as \hh in a JID (XEP-0106), and decoded first,
 * so that nothing is escaped twice.  The value of the "gr" URI parameter is the resource.  The
 * host of a URI stands as A-labels, the domain of a JID as U-labels.
 *
 * A sips: URI maps like a sip: one; that a request to a sips: address must not be translated
 * (section 8) is message.h's to refuse. */
#ifndef CW_XLATE_ADDRESS_H
#define CW_XLATE_ADDRESS_H

#include "xmpp/jid.h"

enum cw_addr_scheme { CW_ADDR_SIP, CW_ADDR_IM, CW_ADDR_PRES };

enum cw_addr_fault {
    CW_ADDR_OK,
    CW_ADDR_SCHEME,           /* neither sip, sips, im nor pres */
    CW_ADDR_USER_EMPTY,       /* "sip:@host" */
    CW_ADDR_USER_INVALID,     /* no localpart can be made of the user part */
    CW_ADDR_HOST_INVALID,     /* no domain name and no IP literal, or a bad port */
    CW_ADDR_RESOURCE_INVALID, /* no resourcepart can be made of "gr", or it stands there twice */
};
const char *cw_addr_fault_text(enum cw_addr_fault); /* one sentence */

bool cw_addr_is_sips(struct cw_str uri);

/* Reads the bare text of a URI (without <>).  Password, port, other parameters and headers do not
 * reach the JID; a "gr" without a value marks a temporary GRUU and gives no resource.  Parts of
 * *out live in the arena; untouched unless CW_ADDR_OK. */
enum cw_addr_fault cw_addr_sip_to_jid(struct cw_arena *, struct cw_str uri, struct cw_jid *out);

/* Writes a JID as a URI; the resource goes along as "gr" with CW_ADDR_SIP, and is left out with
 * the others (section 6.5 step 8).  Absent only for a domain that has no A-label form, which a
 * parsed JID never has. */
struct cw_str cw_addr_jid_to_uri(struct cw_arena *, const struct cw_jid *, enum cw_addr_scheme);

/* Whether the way out and back leads to the same address.  It does not for a localpart with a
 * superfluous escape ("\5cfoo"): two such JIDs would share one URI, and answers go astray. */
bool cw_addr_is_reversible(struct cw_arena *, const struct cw_jid *);

/* RFC 7247 table 1: may this ASCII character stand unescaped in the local part of the scheme? */
bool cw_addr_uri_allows(enum cw_addr_scheme, char c);
bool cw_addr_jid_allows(char c);

/* "xmpp:" URIs as <gone/> and <redirect/> hold them (RFC 5122) <-> SIP URIs of a Contact.  Both
 * give the absent string for an address that cannot be translated. */
struct cw_str cw_addr_xmpp_to_sip_uri(struct cw_arena *, struct cw_str xmpp_uri_or_jid);
struct cw_str cw_addr_sip_to_xmpp_uri(struct cw_arena *, struct cw_str sip_uri);

#endif
