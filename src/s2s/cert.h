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

/* What is wrong with a chain, by what its administrator has to change. */
enum cw_chain_fault {
    CW_CHAIN_OK,
    CW_CHAIN_SELF_SIGNED,   /* the certificate vouches for itself */
    CW_CHAIN_UNKNOWN_CA,    /* its issuer is none of our anchors, or an intermediate is missing */
    CW_CHAIN_EXPIRED,       /* it or one of its issuers */
    CW_CHAIN_NOT_YET_VALID, /* or our clock is wrong */
    CW_CHAIN_REVOKED,       /* by a CRL or an OCSP staple */
    CW_CHAIN_PURPOSE,       /* made for something else than TLS */
    CW_CHAIN_WEAK,          /* a key or a digest that is not accepted any more */
    CW_CHAIN_NO_STAPLE,     /* a staple is required and there is none that is good */
    CW_CHAIN_PIN,           /* the administrator pinned another key, or another anchor */
    CW_CHAIN_DANE,          /* TLSA records stand in the DNS and none fits */
    CW_CHAIN_OTHER,
};
const char *cw_chain_fault_name(enum cw_chain_fault); /* "ok", "self-signed", ... */

/* What made a certificate stand for a domain. */
enum cw_cert_proof {
    CW_PROOF_NONE,
    CW_PROOF_PKIX,       /* a chain to an anchor that everybody here trusts, and a name in it */
    CW_PROOF_ANCHOR,     /* the same, to the partner's own anchor */
    CW_PROOF_PIN,        /* the administrator pinned its key */
    CW_PROOF_DANE,       /* TLSA records, secure by DNSSEC (RFC 7673) */
    CW_PROOF_DELEGATION, /* a chain, and the name that a secure SRV record delegates to (RFC 7712)
                          */
    CW_PROOF_POSH,       /* the domain's own web server vouches for it (RFC 7711) */
};
const char *cw_cert_proof_name(enum cw_cert_proof); /* "PKIX", "DANE", ... */

/* What the TLS driver learnt of the peer's certificate. */
struct cw_cert {
    bool present;
    bool chain_ok;              /* verified up to a trust anchor, valid now, usable for TLS */
    enum cw_chain_fault fault;  /* when not: what kind */
    struct cw_str chain_reason; /* when not: OpenSSL's or our sentence */
    /* The one domain (A-labels) that a proof other than names in the certificate was found for, or
     * that such a proof speaks against (proof NONE, fault PIN or DANE); absent: names decide. */
    struct cw_str proven_for;
    enum cw_cert_proof proof; /* what proven_for was proven by */
    const struct cw_cert_name *names;
    size_t n_names;
    bool is_ca; /* basicConstraints cA=TRUE: never accepted (RFC 6120 13.7.1.1) */
    struct cw_str subject, issuer, not_after; /* for people */
    int64_t not_after_s;                      /* the same in seconds since 1970; 0: unreadable */
    struct cw_str pin; /* of its key, as a partner's pinned keys are written (policy/trust.h) */
};

/* The name that matches the domain (A- or U-labels), or NULL.  CN counts only when there is no
 * DNS-ID, SRV-ID or XmppAddr at all. */
const struct cw_cert_name *cw_cert_match(const struct cw_cert *, struct cw_str domain);
/* What makes it stand for the domain; NONE when nothing does. */
enum cw_cert_proof cw_cert_proof(const struct cw_cert *, struct cw_str domain);
/* All of it as the one fact that cw_nego_decide asks for. */
enum cw_cert_verdict cw_cert_judge(const struct cw_cert *, struct cw_str domain);

#endif
