/* The OCSP answer that a server staples to its certificate: RFC 6960 section 3.2 (when one is to be
 * believed), RFC 6066 section 8, RFC 7633 (certificates that promise one). */
#include "io/x509_priv.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

enum {
    STATUS_REQUEST = 5, /* the TLS feature */
    SLACK_S = 300,      /* clocks differ */
    MAX_AGE_S = 86400,  /* of an answer that does not say how long it holds */
    MAX_ANSWERS = 64,
};

const char *cw_tls_staple_name(enum cw_tls_staple staple)
{
    switch (staple) {
    case CW_STAPLE_NONE:
        return "none";
    case CW_STAPLE_GOOD:
        return "good";
    case CW_STAPLE_REVOKED:
        return "revoked";
    case CW_STAPLE_BAD:
        return "bad";
    }
    return "?";
}

/* Not a reference.  It need not be trusted here: OCSP_basic_verify sees to that. */
static X509 *issuer_among(STACK_OF(X509) * certs, X509 *leaf)
{
    for (int i = 0; i < sk_X509_num(certs); i++)
        if (X509_check_issued(sk_X509_value(certs, i), leaf) == X509_V_OK)
            return sk_X509_value(certs, i);
    return NULL;
}

/* A reference: from what the peer sent, or an anchor. */
static X509 *issuer_of(const struct cw_x509_chain *chain, X509_STORE *store)
{
    X509 *issuer = issuer_among(chain->untrusted, chain->leaf);
    if (issuer) {
        X509_up_ref(issuer);
        return issuer;
    }
    X509_STORE_CTX *c = X509_STORE_CTX_new();
    cw_assert(c);
    if (X509_STORE_CTX_init(c, store, chain->leaf, NULL) != 1 ||
        X509_STORE_CTX_get1_issuer(&issuer, c, chain->leaf) != 1)
        issuer = NULL;
    X509_STORE_CTX_free(c);
    return issuer;
}

/* The answer is about this certificate; its ids may be made with any digest. */
static bool is_about(OCSP_SINGLERESP *single, X509 *leaf, X509 *issuer)
{
    ASN1_OBJECT *digest = NULL;
    OCSP_CERTID *theirs = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single);
    if (OCSP_id_get0_info(NULL, &digest, NULL, NULL, theirs) != 1)
        return false;
    const EVP_MD *md = EVP_get_digestbyobj(digest);
    OCSP_CERTID *ours = md ? OCSP_cert_to_id(md, leaf, issuer) : NULL;
    bool same = ours && OCSP_id_cmp(ours, theirs) == 0;
    OCSP_CERTID_free(ours);
    return same;
}

static enum cw_tls_staple read_single(OCSP_SINGLERESP *single)
{
    ASN1_GENERALIZEDTIME *from = NULL, *to = NULL;
    int status = OCSP_single_get0_status(single, NULL, NULL, &from, &to);
    if (OCSP_check_validity(from, to, SLACK_S, to ? -1 : MAX_AGE_S) != 1)
        return CW_STAPLE_BAD;
    return status == V_OCSP_CERTSTATUS_GOOD      ? CW_STAPLE_GOOD
           : status == V_OCSP_CERTSTATUS_REVOKED ? CW_STAPLE_REVOKED
                                                 : CW_STAPLE_BAD;
}

static enum cw_tls_staple read_basic(const struct cw_x509_chain *chain, X509_STORE *store,
                                     OCSP_BASICRESP *basic)
{
    enum cw_tls_staple staple = CW_STAPLE_BAD;
    X509 *issuer = issuer_of(chain, store);
    if (issuer && OCSP_basic_verify(basic, chain->untrusted, store, 0) == 1)
        for (int i = 0; i < OCSP_resp_count(basic) && i < MAX_ANSWERS; i++) {
            OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
            if (!is_about(single, chain->leaf, issuer))
                continue;
            staple = read_single(single);
            break;
        }
    X509_free(issuer);
    return staple;
}

enum cw_tls_staple cw_x509_staple(const struct cw_x509_chain *chain, X509_STORE *store)
{
    enum cw_tls_staple staple = CW_STAPLE_BAD;
    const unsigned char *der = (const unsigned char *)chain->ocsp.p;
    if (!cw_str_is_present(chain->ocsp))
        return CW_STAPLE_NONE;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &der, (long)chain->ocsp.n);
    OCSP_BASICRESP *basic =
        response && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL
            ? OCSP_response_get1_basic(response)
            : NULL;
    if (basic)
        staple = read_basic(chain, store, basic);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return staple;
}

bool cw_x509_must_staple(const X509 *leaf)
{
    TLS_FEATURE *features = X509_get_ext_d2i(leaf, NID_tlsfeature, NULL, NULL);
    bool must = false;
    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
        must = must || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == STATUS_REQUEST;
    TLS_FEATURE_free(features);
    return must;
}

static void set_fault(struct cw_cert *out, enum cw_chain_fault fault, const char *reason)
{
    out->chain_ok = false;
    out->fault = fault;
    out->chain_reason = cw_str_of(reason);
}

enum cw_tls_staple cw_x509_apply_staple(const struct cw_x509_chain *chain, X509_STORE *store,
                                        struct cw_cert *out)
{
    enum cw_tls_staple staple = cw_x509_staple(chain, store);
    if (staple == CW_STAPLE_REVOKED)
        set_fault(out, CW_CHAIN_REVOKED, "certificate revoked, says its stapled OCSP response");
    else if (out->chain_ok && chain->is_client && staple != CW_STAPLE_GOOD &&
             cw_x509_must_staple(chain->leaf))
        set_fault(out, CW_CHAIN_NO_STAPLE,
                  staple == CW_STAPLE_NONE
                      ? "certificate promises a stapled OCSP response and none came"
                      : "certificate promises a stapled OCSP response and that which came cannot "
                        "be believed");
    return staple;
}
