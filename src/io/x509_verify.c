/* The verdict on a chain, and certificates in files; see x509.h. */
#include "io/tls.h"
#include "io/x509_priv.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

/* 112 bits: no SHA-1 signatures, no RSA below 2048. */
#define AUTH_LEVEL 2

static enum cw_chain_fault fault_of(int err)
{
    switch (err) {
    case X509_V_OK:
        return CW_CHAIN_OK;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return CW_CHAIN_SELF_SIGNED;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return CW_CHAIN_UNKNOWN_CA;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return CW_CHAIN_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return CW_CHAIN_NOT_YET_VALID;
    case X509_V_ERR_CERT_REVOKED:
        return CW_CHAIN_REVOKED;
    case X509_V_ERR_INVALID_PURPOSE:
        return CW_CHAIN_PURPOSE;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return CW_CHAIN_WEAK;
    default:
        return CW_CHAIN_OTHER;
    }
}

bool cw_x509_ctx_set(X509_STORE_CTX *c, int purpose)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(c);
    if (X509_STORE_CTX_set_purpose(c, purpose) != 1)
        return false;
    X509_VERIFY_PARAM_set_depth(param, CW_TLS_MAX_CHAIN);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    return true;
}

/* X509_V_OK or the error, with how far above the leaf it is. */
static int verify_for(int purpose, X509_STORE *store, X509 *leaf, STACK_OF(X509) * untrusted,
                      int *depth)
{
    X509_STORE_CTX *c = X509_STORE_CTX_new();
    int err = X509_V_ERR_UNSPECIFIED;
    cw_assert(c);
    if (X509_STORE_CTX_init(c, store, leaf, untrusted) == 1 && cw_x509_ctx_set(c, purpose)) {
        int ok = X509_verify_cert(c);
        err = X509_STORE_CTX_get_error(c);
        *depth = X509_STORE_CTX_get_error_depth(c);
        if (ok == 1)
            err = X509_V_OK;
        else if (err == X509_V_OK)
            err = X509_V_ERR_UNSPECIFIED;
    }
    X509_STORE_CTX_free(c);
    ERR_clear_error();
    return err;
}

void cw_x509_verify(X509_STORE *store, X509 *leaf, STACK_OF(X509) * untrusted,
                    struct cw_arena *arena, struct cw_cert *out)
{
    int depth = 0;
    int err = verify_for(X509_PURPOSE_SSL_SERVER, store, leaf, untrusted, &depth);
    if (err == X509_V_ERR_INVALID_PURPOSE)
        err = verify_for(X509_PURPOSE_SSL_CLIENT, store, leaf, untrusted, &depth);
    out->chain_ok = err == X509_V_OK;
    out->fault = fault_of(err);
    out->chain_reason = CW_STR_NONE;
    if (err == X509_V_OK)
        return;
    const char *text = X509_verify_cert_error_string(err);
    out->chain_reason =
        depth == 0 ? cw_arena_dup(arena, cw_str_of(text))
                   : cw_arena_printf(arena, "%s (issuer %d above the certificate)", text, depth);
}

static X509_STORE *store_of(const char *ca_file)
{
    X509_STORE *store = X509_STORE_new();
    cw_assert(store);
    int ok = ca_file ? X509_STORE_load_file(store, ca_file) : X509_STORE_set_default_paths(store);
    if (ok == 1)
        return store;
    X509_STORE_free(store);
    return NULL;
}

bool cw_x509_read_pem_file(const char *path, const char *ca_file, struct cw_arena *arena,
                           struct cw_cert *out, struct cw_buf *why)
{
    X509_STORE *store = NULL;
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *leaf = NULL, *next;
    bool ok = false;
    BIO *file = BIO_new_file(path, "r");
    cw_assert(chain);

    if (!file) {
        cw_buf_printf(why, "cannot read %s: %s", path, strerror(errno));
        goto out;
    }
    leaf = PEM_read_bio_X509(file, NULL, NULL, NULL);
    if (!leaf) {
        cw_buf_printf(why, "%s holds no PEM certificate", path);
        goto out;
    }
    while (sk_X509_num(chain) < CW_TLS_MAX_CHAIN &&
           (next = PEM_read_bio_X509(file, NULL, NULL, NULL)))
        if (!sk_X509_push(chain, next))
            cw_fatal("out of memory");
    store = store_of(ca_file);
    if (!store) {
        cw_buf_printf(why, "cannot read the CA certificates in %s",
                      ca_file ? ca_file : "the system's folder");
        goto out;
    }
    cw_x509_read(leaf, arena, out);
    cw_x509_verify(store, leaf, chain, arena, out);
    ok = true;

out:
    X509_STORE_free(store);
    X509_free(leaf);
    sk_X509_pop_free(chain, X509_free);
    BIO_free(file);
    ERR_clear_error();
    return ok;
}
