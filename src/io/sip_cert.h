/* Does a certificate speak for a SIP domain (RFC 5922 section 7)?  Other rules than XMPP's: a URI
 * "sip:domain" without a user counts, a DNS-ID only when there is no such URI, never a wildcard,
 * never the CN. */
#ifndef CW_IO_SIP_CERT_H
#define CW_IO_SIP_CERT_H

#include "s2s/cert.h"

enum cw_sip_cert_verdict {
    CW_SIP_CERT_GOOD,       /* verified, and it names the domain */
    CW_SIP_CERT_NONE,       /* the peer showed none */
    CW_SIP_CERT_UNTRUSTED,  /* not verified up to an anchor, expired, a CA's own */
    CW_SIP_CERT_WRONG_NAME, /* verified, but for somebody else */
};
const char *cw_sip_cert_verdict_name(enum cw_sip_cert_verdict);

/* `domain` in A-labels. */
enum cw_sip_cert_verdict cw_sip_cert_judge(const struct cw_cert *, struct cw_str domain);

#endif
