/* TLS settings made from PEM files: TLS 1.2 and 1.3 with the suites of RFC 9325, no compression,
 * no renegotiation, no tickets, no session cache, no early data.  One object serves both roles.
 * Verification is told as facts (struct cw_cert), never by breaking the handshake.
 *
 * Certificates are exchanged by making a new object and using it from then on: connections made
 * with the old one keep what they need of it. */
#ifndef CW_IO_TLS_H
#define CW_IO_TLS_H

#include "base/buf.h"
#include "s2s/cert.h"

struct cw_tls_ctx;

/* A chain is at most this long, leaf and anchor not counted. */
#define CW_TLS_MAX_CHAIN 10

struct cw_tls_options {
    const char *cert_file;    /* PEM: our certificate, then its chain; NULL: we show none */
    const char *key_file;     /* PEM: its key, not encrypted */
    const char *ca_file;      /* PEM: the anchors we trust */
    const char *ca_dir;       /* a directory as c_rehash makes it; with neither: the system's CAs */
    bool tls13_only;          /* for links between our own processes */
    bool asks_no_certificate; /* of clients: browsers would ask their users which one to show */
    const char *crl_file;     /* PEM: revoked certificates (cw_x509_store_add_crls); NULL: none */
};

/* NULL when a file cannot be read, a key does not match its certificate and the like: `why` then
 * holds one sentence naming the file. */
struct cw_tls_ctx *cw_tls_ctx_new(const struct cw_tls_options *, struct cw_buf *why);
void cw_tls_ctx_free(struct cw_tls_ctx **);

/* Our own certificate, with the verdict of our own anchors; not present when we show none.  Lives
 * as long as the object. */
const struct cw_cert *cw_tls_ctx_cert(const struct cw_tls_ctx *);
/* From when and until when it is valid, in seconds since 1970; 0 when there is none. */
int64_t cw_tls_ctx_not_before(const struct cw_tls_ctx *);
int64_t cw_tls_ctx_not_after(const struct cw_tls_ctx *);
/* Do both show the same certificate with the same chain? */
bool cw_tls_ctx_shows_same(const struct cw_tls_ctx *, const struct cw_tls_ctx *);

#endif
