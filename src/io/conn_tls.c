/* The TLS side of a connection: OpenSSL on the non-blocking socket.  Decides nothing: it turns
 * OpenSSL's answers into those of conn_priv.h and gathers the facts. */
#include "io/conn_priv.h"
#include "io/tls_priv.h"
#include "io/x509.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <string.h>

/* A whole handshake, in octets: OpenSSL bounds each message, this bounds their number. */
#define MAX_HANDSHAKE_BYTES (256 * 1024)
#define RECORD_BYTES        16384

/* Reasons from SSL_AD_REASON_OFFSET on are alerts of the peer. */
static enum cw_tls_fault fault_of(int reason)
{
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_AD_REASON_OFFSET + SSL_AD_PROTOCOL_VERSION:
        return CW_TLS_FAULT_VERSION;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
        return CW_TLS_FAULT_NOT_TLS;
    default:
        return reason >= SSL_AD_REASON_OFFSET ? CW_TLS_FAULT_ALERT : CW_TLS_FAULT_OTHER;
    }
}

static void note_fault(struct cw_conn *c)
{
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    c->tls_fault = fault_of(reason);
    if (reason >= SSL_AD_REASON_OFFSET)
        c->tls_alert = SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET);
}

static enum cw_io_result failure_of(struct cw_conn *c, int ssl_error, const char **why)
{
    c->tls_fault = CW_TLS_FAULT_CLOSED;
    if (ssl_error == SSL_ERROR_ZERO_RETURN) {
        *why = "the peer closed the connection";
        return CW_IO_END;
    }
    if (ssl_error == SSL_ERROR_SSL &&
        ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
        *why = "the peer closed the connection without ending TLS first";
        return CW_IO_END;
    }
    if (ssl_error == SSL_ERROR_SYSCALL) {
        *why = errno ? strerror(errno) : "the connection broke";
        ERR_clear_error();
        return CW_IO_FAILED;
    }
    note_fault(c);
    *why = cw_tls_error();
    return CW_IO_FAILED;
}

enum cw_io_result cw_conn_tls_read(struct cw_conn *c, void *buf, size_t max, size_t *n,
                                   const char **why)
{
    c->read_wants_write = false;
    ERR_clear_error();
    errno = 0;
    if (SSL_read_ex(c->ssl, buf, max, n) == 1)
        return CW_IO_DONE;
    int err = SSL_get_error(c->ssl, 0);
    if (err == SSL_ERROR_WANT_WRITE)
        c->read_wants_write = true;
    if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE)
        return CW_IO_WAIT;
    return failure_of(c, err, why);
}

enum cw_io_result cw_conn_tls_write(struct cw_conn *c, const void *p, size_t max, size_t *n,
                                    const char **why)
{
    c->write_wants_read = false;
    ERR_clear_error();
    errno = 0;
    /* One record a call: after "not now" OpenSSL wants the same bytes, at least as many. */
    if (SSL_write_ex(c->ssl, p, max < RECORD_BYTES ? max : RECORD_BYTES, n) == 1)
        return CW_IO_DONE;
    int err = SSL_get_error(c->ssl, 0);
    if (err == SSL_ERROR_WANT_READ)
        c->write_wants_read = true;
    if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE)
        return CW_IO_WAIT;
    return failure_of(c, err, why);
}

static struct cw_x509_chain *chain_of(SSL *ssl, X509 *leaf)
{
    const unsigned char *ocsp = NULL;
    long n = SSL_is_server(ssl) ? 0 : SSL_get_tlsext_status_ocsp_resp(ssl, &ocsp);
    return cw_x509_chain_new(&(struct cw_x509_peer){
        .store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)),
        .leaf = leaf,
        .untrusted = SSL_get_peer_cert_chain(ssl),
        .ocsp = {(const char *)ocsp, n > 0 ? (size_t)n : 0},
        .is_client = !SSL_is_server(ssl),
    });
}

static void gather_facts(struct cw_conn *c)
{
    struct cw_tls_facts *f = &c->facts;
    const unsigned char *alpn = NULL;
    unsigned n = 0;
    X509 *x = SSL_get1_peer_certificate(c->ssl);

    memset(f, 0, sizeof *f);
    if (x) {
        cw_x509_read(x, &c->arena, &f->cert);
        f->chain = c->chain = chain_of(c->ssl, x);
        f->staple = cw_x509_chain_verify(c->chain, &c->arena, &f->cert);
    } else {
        f->cert.chain_reason = (struct cw_str)CW_STR("the peer sent no certificate");
    }
    X509_free(x);
    f->version = cw_str_of(SSL_get_version(c->ssl));
    f->cipher = cw_str_of(SSL_get_cipher_name(c->ssl));
    SSL_get0_alpn_selected(c->ssl, &alpn, &n);
    if (n > 0)
        f->alpn = cw_arena_dup(&c->arena, (struct cw_str){(const char *)alpn, n});
}

enum cw_io_result cw_conn_tls_handshake(struct cw_conn *c, const char **why)
{
    c->tls_wants_read = c->tls_wants_write = false;
    ERR_clear_error();
    errno = 0;
    if (SSL_do_handshake(c->ssl) == 1) {
        gather_facts(c);
        return CW_IO_DONE;
    }
    int err = SSL_get_error(c->ssl, 0);
    if (BIO_number_read(SSL_get_rbio(c->ssl)) > MAX_HANDSHAKE_BYTES) {
        *why = "the peer's handshake is too long";
        return CW_IO_FAILED;
    }
    c->tls_wants_read = err == SSL_ERROR_WANT_READ;
    c->tls_wants_write = err == SSL_ERROR_WANT_WRITE;
    if (c->tls_wants_read || c->tls_wants_write)
        return CW_IO_WAIT;
    enum cw_io_result r = failure_of(c, err, why);
    if (c->server.refused_name)
        *why = "the peer asked for a name (SNI) that is not ours";
    if (r == CW_IO_END)
        *why = "the peer closed the connection during the handshake";
    return r == CW_IO_END ? CW_IO_FAILED : r;
}

enum cw_io_result cw_conn_tls_goodbye(struct cw_conn *c)
{
    ERR_clear_error();
    int rc = SSL_shutdown(c->ssl);
    if (rc < 0 && SSL_get_error(c->ssl, rc) == SSL_ERROR_WANT_WRITE)
        return CW_IO_WAIT;
    ERR_clear_error();
    return CW_IO_DONE;
}

/* SNI is for names only (RFC 6066 section 3). */
static void set_sni(SSL *ssl, struct cw_str name)
{
    char *host = cw_strdup(name);
    uint8_t octets[16];
    if (strlen(host) == name.n && name.n > 0 && inet_pton(AF_INET, host, octets) != 1 &&
        inet_pton(AF_INET6, host, octets) != 1)
        SSL_set_tlsext_host_name(ssl, host);
    cw_free(host);
}

static void offer_alpn(SSL *ssl, const char *name)
{
    unsigned char wire[33];
    size_t n = strlen(name);
    cw_assert(n > 0 && n < sizeof wire);
    wire[0] = (unsigned char)n;
    memcpy(wire + 1, name, n);
    int rc = SSL_set_alpn_protos(ssl, wire, (unsigned)n + 1);
    cw_assert(rc == 0);
}

static void start_client(struct cw_conn *c, SSL_CTX *ctx, const struct cw_tls_start *s)
{
    c->ssl = SSL_new(ctx);
    cw_assert(c->ssl && SSL_set_fd(c->ssl, c->fd) == 1);
    SSL_set_connect_state(c->ssl);
    set_sni(c->ssl, s->sni);
    SSL_set_tlsext_status_type(c->ssl, TLSEXT_STATUSTYPE_ocsp);
    if (s->alpn)
        offer_alpn(c->ssl, s->alpn);
}

void cw_conn_tls_start(struct cw_conn *c, const struct cw_tls_start *s)
{
    SSL_CTX *ctx = cw_tls_ctx_ssl(s->ctx);
    if (s->alpn) {
        cw_assert(strlen(s->alpn) < sizeof c->alpn);
        strcpy(c->alpn, s->alpn);
    }
    if (!s->is_server) {
        start_client(c, ctx, s);
        return;
    }
    c->server = (struct cw_tls_server){.alpn = s->alpn ? c->alpn : NULL,
                                       .pick = s->pick,
                                       .pick_arg = s->pick_arg,
                                       .refuses_unknown = s->refuses_unknown};
    SSL_CTX_up_ref(ctx);
    c->ssl_ctx = ctx;
}

void cw_conn_tls_accept(struct cw_conn *c)
{
    c->ssl = SSL_new(c->ssl_ctx);
    cw_assert(c->ssl && SSL_set_fd(c->ssl, c->fd) == 1);
    SSL_set_app_data(c->ssl, &c->server);
    SSL_set_accept_state(c->ssl);
    SSL_CTX_free(c->ssl_ctx);
    c->ssl_ctx = NULL;
}
