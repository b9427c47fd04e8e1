/* CRLs beside the anchors; see x509.h.  The rules live in the store itself, as its callback, so
 * that every verification with it follows them, those inside OpenSSL's OCSP code too. */
#include "io/x509_priv.h"

#include "base/log.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

/* Missing and outdated lists are no failure; what a list says is. */
static int on_verify(int ok, X509_STORE_CTX *c)
{
    int err = X509_STORE_CTX_get_error(c);
    return ok || err == X509_V_ERR_UNABLE_TO_GET_CRL || err == X509_V_ERR_CRL_HAS_EXPIRED ||
           err == X509_V_ERR_CRL_NOT_YET_VALID;
}

static void note_expired(const X509_CRL *crl, const char *file)
{
    static const struct cw_log_ctx log = {.role = "tls"};
    const ASN1_TIME *end = X509_CRL_get0_nextUpdate(crl);
    if (!end || X509_cmp_time(end, NULL) > 0)
        return;
    char *issuer = X509_NAME_oneline(X509_CRL_get_issuer(crl), NULL, 0);
    CW_LOG(&log, CW_LOG_WARN, "crl-expired", CW_KVC("file", file),
           CW_KVC("issuer", issuer ? issuer : "?"),
           CW_KVC("why", "who was revoked since is not known: fetch the next one"));
    OPENSSL_free(issuer);
}

static void follow_lists(X509_STORE *store)
{
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    X509_STORE_set_verify_cb(store, on_verify);
}

void cw_x509_store_share_crls(X509_STORE *from, X509_STORE *to)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(from);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509_CRL *crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
        if (crl && X509_STORE_add_crl(to, crl) == 1)
            follow_lists(to);
    }
    ERR_clear_error();
}

bool cw_x509_store_add_crls(X509_STORE *store, const char *file, struct cw_buf *why)
{
    BIO *bio = BIO_new_file(file, "r");
    X509_CRL *crl;
    size_t n = 0;
    if (!bio) {
        cw_buf_printf(why, "cannot read the CRL file %s: %s", file, strerror(errno));
        ERR_clear_error();
        return false;
    }
    while ((crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL))) {
        if (X509_STORE_add_crl(store, crl) == 1)
            n++;
        note_expired(crl, file);
        X509_CRL_free(crl);
    }
    /* The end of the file reads as "no start line"; anything else is a list that we cannot read,
     * and whom it revokes we would not know. */
    bool is_whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(bio);
    ERR_clear_error();
    if (n == 0 || !is_whole) {
        cw_buf_printf(why, "the CRL file %s holds %s", file,
                      n == 0 ? "no usable PEM CRL" : "a CRL that cannot be read");
        return false;
    }
    follow_lists(store);
    return true;
}
