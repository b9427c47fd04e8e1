/* One small document from a web server by HTTPS, on the loop: evhttp over OpenSSL.  For what other
 * servers publish about themselves (POSH, RFC 7711), which is why little is allowed: https only,
 * TLS 1.2 or newer with a chain to the anchors given and the host's name in the certificate (RFC
 * 2818; no CN), 64 KiB, few redirects, no cookies, no proxies, no cache. */
#ifndef CW_IO_HTTPS_H
#define CW_IO_HTTPS_H

#include "io/dns.h"
#include "io/tls.h"

#define CW_HTTPS_MAX_BODY      (64 * 1024)
#define CW_HTTPS_MAX_HEADERS   (16 * 1024)
#define CW_HTTPS_MAX_REDIRECTS 3
#define CW_HTTPS_MAX_URL       2048

struct cw_https;

struct cw_https_ask {
    struct cw_resolver *resolver; /* of the loop; outlives the request */
    const struct cw_tls_ctx *tls; /* whose anchors count; needed for the call only */
    struct cw_str url;            /* "https://host[:port][/path]", the host in A-labels */
    uint16_t port;                /* where the URL names none; 0 for 443 */
    uint64_t timeout_ms;          /* for all of it, redirects included; 0 for 3 s */
    /* Asked for each address before it is connected to; NULL: every one may be. */
    bool (*may_connect)(void *arg, const struct cw_addr *);
    void *arg; /* of both functions */
};

/* Borrowed for the call of `fn`. */
struct cw_https_answer {
    bool ok;                /* there is a document: `body`, maybe empty */
    unsigned status;        /* of the last answer; 0: there was none */
    struct cw_str body;     /* when ok */
    struct cw_str sentence; /* when not: what is wrong, beginning with the URL */
};

/* fn is called once, from the loop, never from inside this call; the request is gone when fn
 * returns and must not be cancelled in it or later. */
struct cw_https *cw_https_get(const struct cw_https_ask *,
                              void (*fn)(void *arg, const struct cw_https_answer *));
void cw_https_cancel(struct cw_https **); /* fn will not be called; NULL inside is fine */

#endif
