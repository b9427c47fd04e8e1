/* A chain held against TLSA records, by OpenSSL's own DANE code; see x509_proof.h.  OpenSSL keeps
 * the records in an SSL and nowhere else, so one that never speaks holds them for the time of the
 * question. */
#include "io/x509_priv.h"
#include "io/x509_proof.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static const char *const usage_names[] = {"PKIX-TA(0)", "PKIX-EE(1)", "DANE-TA(2)", "DANE-EE(3)"};

/* NULL only when OpenSSL has no DANE. */
static SSL *holder_new(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = ctx && SSL_CTX_dane_enable(ctx) == 1 ? SSL_new(ctx) : NULL;
    SSL_CTX_free(ctx);
    cw_assert(ssl);
    /* The name stays unused: names are the caller's (x509_proof.h). */
    int rc = SSL_dane_enable(ssl, NULL);
    cw_assert(rc == 1);
    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    return ssl;
}

/* How many are usable. */
static size_t add_records(SSL *ssl, const struct cw_dns_tlsa *records, size_t n)
{
    size_t usable = 0;
    for (size_t i = 0; i < n; i++) {
        const struct cw_dns_tlsa *r = &records[i];
        if (SSL_dane_tlsa_add(ssl, r->usage, r->selector, r->matching,
                              (const unsigned char *)r->data.p, r->data.n) > 0)
            usable++;
    }
    return usable;
}

/* X509_V_OK or the error. */
static int verify(const struct cw_x509_chain *chain, SSL *ssl, int purpose)
{
    X509_STORE_CTX *c = X509_STORE_CTX_new();
    int err = X509_V_ERR_UNSPECIFIED;
    cw_assert(c);
    if (X509_STORE_CTX_init(c, chain->store, chain->leaf, chain->untrusted) == 1 &&
        cw_x509_ctx_set(c, purpose)) {
        X509_STORE_CTX_set0_dane(c, SSL_get0_dane(ssl));
        err = X509_verify_cert(c) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(c);
        if (err == X509_V_OK && SSL_get0_dane_authority(ssl, NULL, NULL) < 0)
            err = X509_V_ERR_DANE_NO_MATCH;
    }
    X509_STORE_CTX_free(c);
    return err;
}

struct cw_dane cw_x509_dane(const struct cw_x509_chain *chain, const struct cw_dns_tlsa *records,
                            size_t n, struct cw_arena *arena)
{
    SSL *ssl = holder_new();
    struct cw_dane dane = {.verdict = CW_DANE_UNUSABLE,
                           .sentence = CW_STR("no TLSA record is usable")};
    uint8_t usage = 0;
    if (add_records(ssl, records, n) > 0) {
        int err = verify(chain, ssl, X509_PURPOSE_SSL_SERVER);
        if (err == X509_V_ERR_INVALID_PURPOSE)
            err = verify(chain, ssl, X509_PURPOSE_SSL_CLIENT);
        bool matches = err == X509_V_OK &&
                       SSL_get0_dane_tlsa(ssl, &usage, NULL, NULL, NULL, NULL) >= 0 && usage <= 3;
        dane.verdict = matches ? CW_DANE_MATCHES : CW_DANE_MISMATCH;
        dane.usage = usage;
        dane.needs_name = matches && usage != 3;
        if (matches)
            dane.sentence = cw_arena_printf(arena, "a TLSA record matches, %s", usage_names[usage]);
        else
            dane.sentence = cw_arena_printf(
                arena, "the TLSA records in the DNS do not fit the certificate: %s",
                err == X509_V_ERR_DANE_NO_MATCH ? "another key or CA than theirs"
                                                : X509_verify_cert_error_string(err));
    }
    SSL_free(ssl);
    ERR_clear_error();
    return dane;
}
