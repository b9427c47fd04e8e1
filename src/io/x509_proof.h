/* Questions to a peer's chain beyond the common anchors: a partner's own anchors, a pinned key, and
 * TLSA records (RFC 6698, 7671, 7673).  The chain is that of struct cw_tls_facts; everything here
 * may be asked at any time while the connection lives, and answers depend on nothing but the
 * arguments and today's date.  Which of the proofs counts for a partner is not decided here. */
#ifndef CW_IO_X509_PROOF_H
#define CW_IO_X509_PROOF_H

#include "io/conn.h"
#include "io/dns.h"

struct cw_x509_chain;

/* The chain verified up to the anchors in `pem` and to no other: sets chain_ok, fault and
 * chain_reason.  One or more certificates, which need not be self-signed (an intermediate CA, or
 * the peer's certificate itself, will do).  CRLs count as with the common anchors, and so does
 * the staple; what it is worth under these anchors is returned.  A text without any usable
 * certificate makes fault OTHER. */
enum cw_tls_staple cw_x509_verify_anchor(const struct cw_x509_chain *, struct cw_str pem,
                                         struct cw_arena *, struct cw_cert *out);

/* The leaf's SubjectPublicKeyInfo (RFC 7469 section 2.4) as cw_pin_parse writes it:
 * "sha256:BASE64". */
struct cw_str cw_x509_spki_pin(const struct cw_x509_chain *, struct cw_arena *);

/* The digests of the leaf, whole, as octets (RFC 7711 section 3.1). */
void cw_x509_leaf_digests(const struct cw_x509_chain *, struct cw_arena *, struct cw_str *sha256,
                          struct cw_str *sha512);
/* OK, EXPIRED or NOT_YET_VALID: the leaf's own dates, whoever issued it. */
enum cw_chain_fault cw_x509_leaf_dates(const struct cw_x509_chain *);

enum cw_dane_verdict {
    CW_DANE_UNUSABLE, /* no record that we understand: as if there were none (RFC 7671 4.1) */
    CW_DANE_MATCHES,
    CW_DANE_MISMATCH, /* there are usable records and none fits: the peer must not be trusted */
};
struct cw_dane {
    enum cw_dane_verdict verdict;
    unsigned usage;  /* MATCHES: of the record that fits, 0..3 */
    bool needs_name; /* MATCHES by usage 0..2: the caller must find the domain or the SRV host in
                        the certificate (cw_cert_match; RFC 7673 section 4.1).  Usage 3 stands for
                        both by itself and ignores names and dates (RFC 7671 section 5.1). */
    struct cw_str sentence;
};
/* The chain held against the TLSA records of one SRV target, which the caller knows to be secure by
 * DNSSEC.  Usages 0 and 1 also need the common anchors. */
struct cw_dane cw_x509_dane(const struct cw_x509_chain *, const struct cw_dns_tlsa *, size_t n,
                            struct cw_arena *);

#endif
