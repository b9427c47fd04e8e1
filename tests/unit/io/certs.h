/* Certificates for tests, made on the spot. */
#ifndef TEST_IO_CERTS_H
#define TEST_IO_CERTS_H

#include "base/str.h"

#include <openssl/x509.h>

struct issued {
    X509 *cert;
    EVP_PKEY *key;
};
struct cert_spec {
    const char *cn;
    const char *sans; /* as in an OpenSSL configuration file: "DNS:a.example,otherName:..." */
    struct cw_str raw_dns, raw_dns_2; /* dNSName octets as they are; absent for none */
    const char *eku;                  /* "serverAuth", ... or NULL */
    bool is_ca;
    bool must_staple;            /* RFC 7633 */
    unsigned rsa_bits;           /* 0: an ECDSA key, P-256 */
    int days_from, days_to;      /* both 0: from yesterday to tomorrow */
    const struct issued *issuer; /* NULL: signed by itself */
};
struct issued issue(const struct cert_spec *);
void issued_free(struct issued *);

/* A new directory; it and the files in it go with dir_remove. */
struct dir {
    char path[64];
};
void dir_make(struct dir *);
void dir_remove(struct dir *);
/* "path/name" in a buffer of the caller. */
const char *in_dir(const struct dir *, const char *name, char out[128]);
/* Writes NAME.crt (with the chain behind it, may be NULL) and NAME.key. */
void issued_write(const struct issued *, const struct issued *chain, const struct dir *,
                  const char *name);

#endif
