/* TLS settings; see tls.h. */
#include "io/tls.h"

#include "io/tls_priv.h"
#include "io/x509.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* RFC 9325 section 4.2, and ChaCha20 (RFC 7905) for machines without AES instructions. */
#define TLS12_SUITES                                             \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384:P-521"
/* A peer's certificates together, in octets, before it has proved anything. */
#define MAX_PEER_CHAIN_BYTES (64 * 1024)

struct cw_tls_ctx {
    SSL_CTX *ssl;
    struct cw_arena arena;
    struct cw_cert cert;
    int64_t not_before, not_after;
    uint8_t shown[32]; /* a digest of our certificate and its chain */
};

SSL_CTX *cw_tls_ctx_ssl(const struct cw_tls_ctx *ctx)
{
    return ctx->ssl;
}

const char *cw_tls_error(void)
{
    unsigned long err = ERR_peek_last_error();
    const char *text =
        ERR_SYSTEM_ERROR(err) ? strerror(ERR_GET_REASON(err)) : ERR_reason_error_string(err);
    ERR_clear_error();
    return text ? text : "unknown error";
}

/* The chain is judged after the handshake (x509.h) and told as a fact. */
static int accept_any_chain(X509_STORE_CTX *c, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(c, X509_V_OK);
    return 1;
}

/* Server: agrees to our protocol; a client that names only others is in the wrong place, where its
 * words must not be taken for ours (RFC 7301 section 3.2). */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                   const unsigned char *in, unsigned in_n, void *arg)
{
    const struct cw_tls_server *server = SSL_get_app_data(ssl);
    const char *ours = server ? server->alpn : NULL;
    size_t n = ours ? strlen(ours) : 0;
    (void)arg;
    for (unsigned i = 0; n > 0 && i < in_n && in[i] <= in_n - i - 1; i += 1u + in[i])
        if (in[i] == n && memcmp(in + i + 1, ours, n) == 0) {
            *out = in + i + 1;
            *out_n = in[i];
            return SSL_TLSEXT_ERR_OK;
        }
    return ours ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
}

/* Server: the certificate for the name that the client asks for.  Comes before any key is used. */
static int on_name(SSL *ssl, int *alert, void *arg)
{
    struct cw_tls_server *server = SSL_get_app_data(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)arg;
    if (!server || !server->pick || !name)
        return SSL_TLSEXT_ERR_NOACK;
    const struct cw_tls_ctx *ctx = server->pick(server->pick_arg, cw_str_of(name));
    if (!ctx && server->refuses_unknown) {
        server->refused_name = true;
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    if (!ctx || !SSL_set_SSL_CTX(ssl, ctx->ssl))
        return SSL_TLSEXT_ERR_NOACK;
    return SSL_TLSEXT_ERR_OK;
}

int cw_tls_no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return 0;
}

static bool set_rules(SSL_CTX *ssl, bool tls13_only)
{
    SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_security_level(ssl, 2);
    SSL_CTX_set_max_cert_list(ssl, MAX_PEER_CHAIN_BYTES);
    /* Asks for the client's certificate; none is fine too, and no CA names are sent. */
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, accept_any_chain, NULL);
    SSL_CTX_set_alpn_select_cb(ssl, on_alpn, NULL);
    SSL_CTX_set_tlsext_servername_callback(ssl, on_name);
    SSL_CTX_set_default_passwd_cb(ssl, cw_tls_no_passphrase);
    return SSL_CTX_set_min_proto_version(ssl, tls13_only ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ssl, TLS12_SUITES) == 1 &&
           SSL_CTX_set1_groups_list(ssl, GROUPS) == 1 && SSL_CTX_set_num_tickets(ssl, 0) == 1 &&
           SSL_CTX_set_max_early_data(ssl, 0) == 1 &&
           SSL_CTX_set_session_id_context(ssl, (const unsigned char *)"cw", 2) == 1;
}

static bool is_readable(const char *what, const char *path, struct cw_buf *why)
{
    if (access(path, R_OK) == 0)
        return true;
    cw_buf_printf(why, "cannot read the %s %s: %s", what, path, strerror(errno));
    return false;
}

static bool load_anchors(SSL_CTX *ssl, const struct cw_tls_options *o, struct cw_buf *why)
{
    if (!o->ca_file && !o->ca_dir) {
        if (SSL_CTX_set_default_verify_paths(ssl) == 1)
            return true;
        cw_buf_printf(why, "cannot read the system's CA certificates: %s", cw_tls_error());
        return false;
    }
    if (o->ca_file && (!is_readable("CA certificates", o->ca_file, why)))
        return false;
    if (o->ca_file && SSL_CTX_load_verify_file(ssl, o->ca_file) != 1) {
        cw_buf_printf(why, "the CA file %s holds no usable PEM certificate: %s", o->ca_file,
                      cw_tls_error());
        return false;
    }
    if (o->ca_dir && (!is_readable("CA folder", o->ca_dir, why)))
        return false;
    if (o->ca_dir && SSL_CTX_load_verify_dir(ssl, o->ca_dir) != 1) {
        cw_buf_printf(why, "cannot use the CA folder %s: %s", o->ca_dir, cw_tls_error());
        return false;
    }
    return true;
}

static void say_certificate_fault(const char *file, struct cw_buf *why)
{
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (reason == SSL_R_EE_KEY_TOO_SMALL || reason == SSL_R_CA_KEY_TOO_SMALL)
        cw_buf_printf(why,
                      "the certificate file %s holds a key that is too weak: RSA needs 2048 bits "
                      "or more, ECDSA 224",
                      file);
    else
        cw_buf_printf(why, "the certificate file %s cannot be used: %s", file, cw_tls_error());
}

static bool load_identity(SSL_CTX *ssl, const struct cw_tls_options *o, struct cw_buf *why)
{
    if (!o->cert_file)
        return true;
    if (!o->key_file) {
        cw_buf_printf(why, "the certificate %s needs a key file", o->cert_file);
        return false;
    }
    if (!is_readable("certificate", o->cert_file, why) || !is_readable("key", o->key_file, why))
        return false;
    if (SSL_CTX_use_certificate_chain_file(ssl, o->cert_file) != 1) {
        say_certificate_fault(o->cert_file, why);
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(ssl, o->key_file, SSL_FILETYPE_PEM) != 1) {
        int reason = ERR_GET_REASON(ERR_peek_last_error());
        if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)
            cw_buf_printf(why, "the key %s does not belong to the certificate %s", o->key_file,
                          o->cert_file);
        else
            cw_buf_printf(why,
                          "the key file %s holds no usable PEM key (encrypted ones are not "
                          "read): %s",
                          o->key_file, cw_tls_error());
        return false;
    }
    if (SSL_CTX_check_private_key(ssl) != 1) {
        cw_buf_printf(why, "the key %s does not belong to the certificate %s", o->key_file,
                      o->cert_file);
        return false;
    }
    return true;
}

static int64_t not_before_of(const X509 *x)
{
    struct tm tm;
    return ASN1_TIME_to_tm(X509_get0_notBefore(x), &tm) ? (int64_t)timegm(&tm) : 0;
}

static void add_to_digest(EVP_MD_CTX *digest, X509 *x)
{
    uint8_t one[32]; /* of fixed length, so that nothing can be shifted between two */
    unsigned n = sizeof one;
    cw_assert(X509_digest(x, EVP_sha256(), one, &n) == 1 &&
              EVP_DigestUpdate(digest, one, sizeof one) == 1);
}

static void read_shown(struct cw_tls_ctx *ctx, X509 *x, STACK_OF(X509) * chain)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    cw_assert(digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1);
    add_to_digest(digest, x);
    for (int i = 0; chain && i < sk_X509_num(chain); i++)
        add_to_digest(digest, sk_X509_value(chain, i));
    cw_assert(EVP_DigestFinal_ex(digest, ctx->shown, NULL) == 1);
    EVP_MD_CTX_free(digest);
}

static void read_own_cert(struct cw_tls_ctx *ctx)
{
    X509 *x = SSL_CTX_get0_certificate(ctx->ssl);
    STACK_OF(X509) *chain = NULL;
    if (!x)
        return;
    SSL_CTX_get0_chain_certs(ctx->ssl, &chain);
    cw_x509_read(x, &ctx->arena, &ctx->cert);
    cw_x509_verify(SSL_CTX_get_cert_store(ctx->ssl), x, chain, &ctx->arena, &ctx->cert);
    read_shown(ctx, x, chain);
    ctx->not_before = not_before_of(x);
    ctx->not_after = cw_x509_not_after(x);
}

struct cw_tls_ctx *cw_tls_ctx_new(const struct cw_tls_options *o, struct cw_buf *why)
{
    struct cw_tls_ctx *ctx = cw_alloc(sizeof *ctx);
    ERR_clear_error();
    ctx->ssl = SSL_CTX_new(TLS_method());
    if (!ctx->ssl || !set_rules(ctx->ssl, o->tls13_only)) {
        cw_buf_printf(why, "cannot set up TLS: %s", cw_tls_error());
        goto fail;
    }
    if (o->asks_no_certificate)
        SSL_CTX_set_verify(ctx->ssl, SSL_VERIFY_NONE, NULL);
    if (o->crl_file && !cw_x509_store_add_crls(SSL_CTX_get_cert_store(ctx->ssl), o->crl_file, why))
        goto fail;
    if (!load_anchors(ctx->ssl, o, why) || !load_identity(ctx->ssl, o, why))
        goto fail;
    read_own_cert(ctx);
    ERR_clear_error();
    return ctx;

fail:
    ERR_clear_error();
    cw_tls_ctx_free(&ctx);
    return NULL;
}

void cw_tls_ctx_free(struct cw_tls_ctx **ctx)
{
    if (!*ctx)
        return;
    SSL_CTX_free((*ctx)->ssl);
    cw_arena_free(&(*ctx)->arena);
    cw_free(*ctx);
    *ctx = NULL;
}

const struct cw_cert *cw_tls_ctx_cert(const struct cw_tls_ctx *ctx)
{
    return &ctx->cert;
}

int64_t cw_tls_ctx_not_before(const struct cw_tls_ctx *ctx)
{
    return ctx->not_before;
}

bool cw_tls_ctx_shows_same(const struct cw_tls_ctx *a, const struct cw_tls_ctx *b)
{
    return memcmp(a->shown, b->shown, sizeof a->shown) == 0;
}

int64_t cw_tls_ctx_not_after(const struct cw_tls_ctx *ctx)
{
    return ctx->not_after;
}
