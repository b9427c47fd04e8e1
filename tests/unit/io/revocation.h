/* CRLs and OCSP answers for tests, made on the spot. */
#ifndef TEST_IO_REVOCATION_H
#define TEST_IO_REVOCATION_H

#include "certs.h"

/* Writes NAME.crl: the issuer's list with that certificate in it (NULL: empty), from yesterday,
 * running out after so many days. */
void crl_write(const struct issued *issuer, const struct issued *revoked, int days_to,
               const struct dir *, const char *name);

struct ocsp_spec {
    const struct issued *leaf, *issuer;
    const struct issued *signer; /* NULL: the issuer */
    int status;                  /* V_OCSP_CERTSTATUS_GOOD, ... */
    int minutes_from, minutes_to;
    bool has_no_end; /* nextUpdate left out */
    bool is_sha256;  /* certificate ids made with it, instead of SHA-1 */
};
/* DER in memory of OpenSSL's: free with OPENSSL_free. */
struct cw_str ocsp_make(const struct ocsp_spec *);

#endif
