/* From OpenSSL's certificate to the plain value of s2s/cert.h: identities (RFC 6120 section
 * 13.7.1.2: DNS-ID, SRV-ID, XmppAddr, CN), the marks of forgery, and the verdict on the chain. */
#ifndef CW_IO_X509_H
#define CW_IO_X509_H

#include "base/buf.h"
#include "s2s/cert.h"

#include <openssl/x509.h>

/* Everything but the verdict; texts are copied into the arena. */
void cw_x509_read(X509 *, struct cw_arena *, struct cw_cert *out);

/* The verdict: sets chain_ok and chain_reason.  The leaf must be usable for TLS as server or as
 * client (public CAs no longer issue clientAuth, so serverAuth alone is enough for both roles); one
 * made for signing code or the like is not.  untrusted may be NULL. */
void cw_x509_verify(X509_STORE *, X509 *leaf, STACK_OF(X509) * untrusted, struct cw_arena *,
                    struct cw_cert *);

/* The first certificate of a PEM file, the others being its chain; verified against the CA file, or
 * with NULL against the system's CAs.  False with a sentence when the file holds none. */
bool cw_x509_read_pem_file(const char *path, const char *ca_file, struct cw_arena *,
                           struct cw_cert *out, struct cw_buf *why);

/* not_after in seconds since 1970. */
int64_t cw_x509_not_after(const X509 *);

#endif
