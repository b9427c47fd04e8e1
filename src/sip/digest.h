/* Answers to a digest challenge (RFC 3261 section 22, RFC 7616, RFC 8760): what a 401 or 407 asks
 * for becomes the value of Authorization or Proxy-Authorization.  MD5 and SHA-256, qop `auth`, and
 * servers of RFC 2069 that know no qop.
 *
 * Credentials go to the realm that they were made for and to no other: whoever can answer our
 * requests could otherwise ask for them in any name, and try passwords on what comes back. */
#ifndef CW_SIP_DIGEST_H
#define CW_SIP_DIGEST_H

#include "base/buf.h"
#include "base/mem.h"

enum cw_sip_digest_algorithm { CW_SIP_DIGEST_MD5, CW_SIP_DIGEST_SHA_256 };
const char *cw_sip_digest_algorithm_name(enum cw_sip_digest_algorithm); /* "SHA-256" */

struct cw_sip_challenge {
    enum cw_sip_digest_algorithm algorithm;
    struct cw_str realm, nonce;
    struct cw_str opaque; /* absent when there is none */
    bool has_qop;         /* qop=auth; else the old way of RFC 2069 */
    bool is_stale;        /* the nonce was too old, the password right */
};

/* One WWW-Authenticate or Proxy-Authenticate value; texts are copied into the arena.  False: not
 * Digest, malformed, or nothing that we could answer (another algorithm, only auth-int). */
bool cw_sip_challenge_parse(struct cw_arena *, struct cw_str value, struct cw_sip_challenge *out);
/* The strongest of those for that realm; false when there is none.  On equal terms the first one
 * counts, as the server prefers it (RFC 8760 section 2.4). */
bool cw_sip_challenge_pick(struct cw_arena *, const struct cw_str *values, size_t n,
                           struct cw_str realm, struct cw_sip_challenge *out);

struct cw_sip_answer {
    struct cw_str user, password;
    struct cw_str method, uri; /* of the request: the Request-URI as it stands there */
    struct cw_str cnonce;      /* fresh and random */
    uint32_t nc;               /* how often this nonce has been used, this time included */
};
/* Appends the header's value ("Digest username=...").  False: a value holds control characters. */
bool cw_sip_challenge_answer(const struct cw_sip_challenge *, const struct cw_sip_answer *,
                             struct cw_buf *out);

#endif
