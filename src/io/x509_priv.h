/* What the files on certificates share. */
#ifndef CW_IO_X509_PRIV_H
#define CW_IO_X509_PRIV_H

#include "io/conn.h"
#include "io/x509.h"

/* A peer's chain, kept as long as its connection. */
struct cw_x509_chain {
    X509_STORE *store;
    X509 *leaf;
    STACK_OF(X509) * untrusted;
    struct cw_str ocsp; /* owned */
    bool is_client;
};

/* "sha256:BASE64" of its SubjectPublicKeyInfo (RFC 7469 section 2.4). */
struct cw_str cw_x509_pin_of(const X509 *, struct cw_arena *);

/* Our bounds and strength for every verification; the purpose is an X509_PURPOSE_. */
bool cw_x509_ctx_set(X509_STORE_CTX *, int purpose);

/* The lists of one store count in the other too. */
void cw_x509_store_share_crls(X509_STORE *from, X509_STORE *to);

/* What the chain's OCSP answer says, when checked with the anchors of the store. */
enum cw_tls_staple cw_x509_staple(const struct cw_x509_chain *, X509_STORE *);
/* RFC 7633: the certificate promises a staple. */
bool cw_x509_must_staple(const X509 *);
/* The staple's part of a verdict; see x509.h. */
enum cw_tls_staple cw_x509_apply_staple(const struct cw_x509_chain *, X509_STORE *,
                                        struct cw_cert *);

#endif
