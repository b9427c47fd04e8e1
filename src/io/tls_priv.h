/* What the connection needs of the TLS settings. */
#ifndef CW_IO_TLS_PRIV_H
#define CW_IO_TLS_PRIV_H

#include "io/conn.h"
#include "io/tls.h"

#include <openssl/ssl.h>

/* What a server answers to the client's hello; hangs on the SSL as its app data. */
struct cw_tls_server {
    const char *alpn; /* a client that names others is refused; NULL: none is agreed to */
    cw_tls_pick *pick;
    void *pick_arg;
    bool refuses_unknown;
    bool refused_name; /* the client asked for a name that is not ours */
};

SSL_CTX *cw_tls_ctx_ssl(const struct cw_tls_ctx *);
/* OpenSSL's last error as words; clears the queue.  Never NULL. */
const char *cw_tls_error(void);
/* For OpenSSL: no question on a terminal for the passphrase of an encrypted key. */
int cw_tls_no_passphrase(char *buf, int size, int writing, void *arg);

#endif
