/* The certificates that the edge shows, and which one a stream gets.
 *
 * Each pair of files (certificate with its chain, and key) is one frozen object of io/tls.h.  When
 * the files change, a new object is made of them and judged; if it is good, streams that begin from
 * then on get it, and those that are up keep what they were made with.  If not, the object from
 * before stays, with a line certificate-refused that says why:
 *
 *     the key belongs to another certificate, a file is missing or unreadable, the key is weak
 *     the new certificate is expired or not valid yet
 *     it names no local domain, and the one before it did
 *
 * Files are looked at every two seconds and read when they have changed and then stayed the same
 * for one look: whoever replaces the certificate and then the key is not caught in between.
 *
 * A stream gets the certificate that names its local domain (s2s/cert.h), a valid one before an
 * expired one, an exact name before a wildcard, else the first of the configuration. */
#ifndef CW_EDGE_CERTIFICATES_H
#define CW_EDGE_CERTIFICATES_H

#include <jansson.h>

#include "base/log.h"
#include "conf/config.h"
#include "io/tls.h"

struct event_base;
struct edge_certificates;

/* All of it must outlive the object. */
struct edge_certificates_config {
    struct event_base *base;
    const struct cw_log_ctx *log;
    const struct cw_certificate_config *files;
    size_t n_files;
    const struct cw_str *local_domains;
    size_t n_local_domains;
    struct cw_tls_options tls; /* anchors and the like, for all pairs; no files of ours */
    uint64_t look_every_ms;    /* 0: two seconds */
};

/* Reads all pairs; those that cannot be used are told in the log.  NULL with a sentence when there
 * is none that can. */
struct edge_certificates *edge_certificates_new(const struct edge_certificates_config *,
                                                struct cw_buf *why);
void edge_certificates_free(struct edge_certificates **);

/* The settings for a stream of that local domain (absent: nobody said which); never NULL.  To be
 * used at once: the object goes when its files change. */
const struct cw_tls_ctx *edge_certificates_for(const struct edge_certificates *,
                                               struct cw_str domain);
/* The same for a name that a client asks for (cw_tls_pick); NULL: it is no local domain, and no
 * certificate names it. */
const struct cw_tls_ctx *edge_certificates_pick(void *certificates, struct cw_str sni);

/* Reads everything again, now, trust anchors and revocations included.  The answer to "certificate
 * reload":
 * {"ok":true,"certificates":[{"file","result":"reloaded|unchanged|refused","sentence"}]} */
json_t *edge_certificates_reload(struct edge_certificates *);
/* The answer to "certificate list": {"ok":true,"certificates":[{"file","key","names","covers",
 * "not-before","not-after","days-left","issuer","subject","chain":"ok|why not","warnings"}],
 * "uncovered":[local domains]}; a pair that never could be used has "file", "key" and "warnings"
 * only. */
json_t *edge_certificates_list(const struct edge_certificates *);

#endif
