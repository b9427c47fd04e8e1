/* From OpenSSL's certificate to the plain value of s2s/cert.h: identities (RFC 6120 section
 * 13.7.1.2: DNS-ID, SRV-ID, XmppAddr, CN), the marks of forgery, and the verdict on the chain. */
#ifndef CW_IO_X509_H
#define CW_IO_X509_H

#include "base/buf.h"
#include "s2s/cert.h"

#include <openssl/x509.h>

/* Everything but the verdict; texts are copied into the arena. */
void cw_x509_read(X509 *, struct cw_arena *, struct cw_cert *out);

/* The verdict: sets chain_ok, fault and chain_reason.  The leaf must be usable for TLS as server or
 * as client (public CAs no longer issue clientAuth, so serverAuth alone is enough for both roles);
 * one made for signing code or the like is not.  untrusted may be NULL. */
void cw_x509_verify(X509_STORE *, X509 *leaf, STACK_OF(X509) * untrusted, struct cw_arena *,
                    struct cw_cert *);

/* The first certificate of a PEM file, the others being its chain; verified against the CA file, or
 * with NULL against the system's CAs.  False with a sentence when the file holds none. */
bool cw_x509_read_pem_file(const char *path, const char *ca_file, struct cw_arena *,
                           struct cw_cert *out, struct cw_buf *why);

/* Adds the CRLs of a PEM file, which cw_x509_verify then asks for every certificate of a chain
 * whose issuer has one there; an issuer without one revokes nothing.  A CRL that ran out goes on
 * revoking what it lists, and nothing else fails by it: a forgotten update must not cut off every
 * partner of that CA.  It is logged here, though.  False with a sentence when the file holds none,
 * or one that cannot be read. */
bool cw_x509_store_add_crls(X509_STORE *, const char *file, struct cw_buf *why);

/* The peer's chain for later questions (io/x509_proof.h): references, and a copy of the OCSP answer
 * (absent: none came).  The role is ours: only as a client do we ask for staples. */
struct cw_x509_peer {
    X509_STORE *store;
    X509 *leaf;
    STACK_OF(X509) * untrusted; /* may be NULL */
    struct cw_str ocsp;         /* DER */
    bool is_client;
};
struct cw_x509_chain *cw_x509_chain_new(const struct cw_x509_peer *);
void cw_x509_chain_free(struct cw_x509_chain **);
/* cw_x509_verify with the store's anchors, and then the staple: one that says revoked makes fault
 * REVOKED; a certificate that promises one (RFC 7633) without a good one NO_STAPLE, when we are the
 * client. */
enum cw_tls_staple cw_x509_chain_verify(const struct cw_x509_chain *, struct cw_arena *,
                                        struct cw_cert *);

/* not_after in seconds since 1970. */
int64_t cw_x509_not_after(const X509 *);

#endif
