/* The installation's own certificate authority, for the links between gateways and edges only.
 *
 * It is made on the gateway's machine (`causeway link enroll`) and signs one certificate for each
 * end of a link.  What an end may be stands in the certificate as its one DNS-ID:
 * `edge.NAME.causeway` or `gateway.NAME.causeway`; nobody is asked for such a name in the DNS, and
 * no public authority can sign one.  A gateway talks to edges only and an edge to gateways only, so
 * that a stolen edge cannot pass for a gateway.
 *
 * A bundle is one PEM file, mode 0600: key, certificate, the authority's certificate. */
#ifndef CW_IO_AUTHORITY_H
#define CW_IO_AUTHORITY_H

#include "base/buf.h"
#include "io/tls.h"

enum cw_link_role { CW_ROLE_EDGE, CW_ROLE_GATEWAY };
const char *cw_link_role_name(enum cw_link_role); /* "edge", "gateway" */

enum { CW_AUTHORITY_DAYS = 3650, CW_BUNDLE_DAYS = 730, CW_BUNDLE_WARN_DAYS = 30 };

/* A new authority, two PEM texts. */
void cw_authority_make(int days, struct cw_buf *certificate, struct cw_buf *key);

/* May NAME stand in a certificate?  A label of a domain name: a-z, 0-9, inner hyphens, at most 40.
 */
bool cw_link_name_is_valid(struct cw_str name);

struct cw_bundle_ask {
    struct cw_str ca_certificate, ca_key; /* PEM */
    enum cw_link_role role;
    struct cw_str name;
    int days_from, days_to; /* from now; the end is cut to the authority's own */
};
/* Appends a bundle with a new key.  False with a sentence: the authority cannot be read, has
 * expired, or its key is another's. */
bool cw_bundle_make(const struct cw_bundle_ask *, struct cw_buf *out, struct cw_buf *why);

/* The TLS settings of one end, from its bundle: TLS 1.3, no other authority trusted.  NULL with a
 * sentence: unreadable, expired, or made for the other role. */
struct cw_tls_ctx *cw_bundle_load(const char *path, enum cw_link_role own, struct cw_buf *why);
/* Days until the end's certificate expires, rounded down. */
int64_t cw_bundle_days_left(const struct cw_tls_ctx *);

/* Is the peer, whose certificate this is, an end of that role?  The absent string and its NAME, or
 * a sentence; both in the arena. */
struct cw_str cw_link_peer_refusal(struct cw_arena *, const struct cw_cert *, enum cw_link_role,
                                   struct cw_str *name);

#endif
