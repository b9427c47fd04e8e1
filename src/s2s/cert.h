/* Identities in a peer's certificate and how they match a domain (RFC 6120 section 13.7, RFC 6125
 * section 6, RFC 4985).  The TLS driver extracts and verifies; matching is pure and done here. */
#ifndef CW_S2S_CERT_H
#define CW_S2S_CERT_H

#include "base/mem.h"
#include "policy/nego.h"

enum cw_cert_name_type {
    CW_CERT_DNS_ID,
    CW_CERT_SRV_ID,
    CW_CERT_XMPP_ADDR,
    CW_CERT_CN,
    CW_CERT_URI, /* for SIP only (io/sip_cert.h); XMPP never matches it */
};
const char *cw_cert_name_type_name(enum cw_cert_name_type); /* "DNS-ID", "SRV-ID", ... */

struct cw_cert_name {
    enum cw_cert_name_type type;
    struct cw_str value; /* octets as in the certificate */
    bool malformed;      /* NUL inside, raw U-label, wrong ASN.1 type: never matches */
};

/* What the TLS driver learnt of the peer's certificate. */
struct cw_cert {
    bool present;
    bool chain_ok;              /* verified up to a trust anchor, valid now, usable for TLS */
    struct cw_str chain_reason; /* when not: OpenSSL's or our sentence */
    const struct cw_cert_name *names;
    size_t n_names;
    bool is_ca; /* basicConstraints cA=TRUE: never accepted (RFC 6120 13.7.1.1) */
    struct cw_str subject, issuer, not_after; /* for people */
};

/* The name that matches the domain (A- or U-labels), or NULL.  CN counts only when there is no
 * DNS-ID, SRV-ID or XmppAddr at all. */
const struct cw_cert_name *cw_cert_match(const struct cw_cert *, struct cw_str domain);
/* All of it as the one fact that cw_nego_decide asks for. */
enum cw_cert_verdict cw_cert_judge(const struct cw_cert *, struct cw_str domain);

#endif
