/* See revocation.h. */
#include "revocation.h"

#include "base/mem.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdio.h>

static X509_REVOKED *entry_for(X509 *cert)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *when = X509_gmtime_adj(NULL, -3600);
    cw_assert(entry && when &&
              X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert)) == 1 &&
              X509_REVOKED_set_revocationDate(entry, when) == 1);
    ASN1_TIME_free(when);
    return entry;
}

void crl_write(const struct issued *issuer, const struct issued *revoked, int days_to,
               const struct dir *d, const char *name)
{
    char path[200];
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -2 * 86400L),
              *to = X509_gmtime_adj(NULL, days_to * 86400L);
    cw_assert(crl && from && to);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert));
    X509_CRL_set1_lastUpdate(crl, from);
    X509_CRL_set1_nextUpdate(crl, to);
    if (revoked)
        X509_CRL_add0_revoked(crl, entry_for(revoked->cert));
    X509_CRL_sort(crl);
    cw_assert(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
    snprintf(path, sizeof path, "%s/%s.crl", d->path, name);
    FILE *f = fopen(path, "w");
    cw_assert(f && PEM_write_X509_CRL(f, crl) == 1);
    fclose(f);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    X509_CRL_free(crl);
}

struct cw_str ocsp_make(const struct ocsp_spec *spec)
{
    const struct issued *signer = spec->signer ? spec->signer : spec->issuer;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(spec->is_sha256 ? EVP_sha256() : EVP_sha1(), spec->leaf->cert,
                                      spec->issuer->cert);
    ASN1_TIME *from = X509_gmtime_adj(NULL, spec->minutes_from * 60L),
              *to = X509_gmtime_adj(NULL, spec->minutes_to * 60L);
    unsigned char *der = NULL;
    cw_assert(basic && id && from && to);
    cw_assert(OCSP_basic_add1_status(basic, id, spec->status, OCSP_REVOKED_STATUS_UNSPECIFIED, from,
                                     from, spec->has_no_end ? NULL : to));
    cw_assert(OCSP_basic_sign(basic, signer->cert, signer->key, EVP_sha256(), NULL, 0) == 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    int n = i2d_OCSP_RESPONSE(response, &der);
    cw_assert(n > 0);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return (struct cw_str){(const char *)der, (size_t)n};
}
