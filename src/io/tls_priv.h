/* What the connection needs of the TLS settings. */
#ifndef CW_IO_TLS_PRIV_H
#define CW_IO_TLS_PRIV_H

#include "io/tls.h"

#include <openssl/ssl.h>

/* Servers agree by ALPN to the C string that hangs on the SSL as its app data; NULL: to none. */
SSL_CTX *cw_tls_ctx_ssl(const struct cw_tls_ctx *);
/* OpenSSL's last error as words; clears the queue.  Never NULL. */
const char *cw_tls_error(void);
/* For OpenSSL: no question on a terminal for the passphrase of an encrypted key. */
int cw_tls_no_passphrase(char *buf, int size, int writing, void *arg);

#endif
