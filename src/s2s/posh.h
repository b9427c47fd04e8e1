/* POSH documents (RFC 7711): a domain's web server says which certificates its XMPP server may
 * show, by their digests, or refers to another web server that says it.  Fetching them is left to
 * others, and so is everything that asks for the time. */
#ifndef CW_S2S_POSH_H
#define CW_S2S_POSH_H

#include "base/mem.h"

/* Where S2S documents stand on a domain's web server (RFC 7712 section 5.2). */
#define CW_POSH_PATH             "/.well-known/posh/xmpp-server.json"

#define CW_POSH_MAX_BYTES        (64 * 1024)
#define CW_POSH_MAX_FINGERPRINTS 64
#define CW_POSH_MAX_URL          2048
/* A document may ask for less, never for more: it is fetched anew each day. */
#define CW_POSH_MAX_EXPIRES_S (24 * 60 * 60)

/* One certificate: its digests, as octets; absent where the document gives none. */
struct cw_posh_fingerprint {
    struct cw_str sha256, sha512;
};

struct cw_posh {
    struct cw_str url; /* present: a reference document, and there are no fingerprints */
    const struct cw_posh_fingerprint *fingerprints;
    size_t n_fingerprints;
    unsigned expires_s; /* 1 to CW_POSH_MAX_EXPIRES_S */
};

/* Reads a document; what is kept is copied into the arena.  Absent when all is well, else one
 * sentence that says what is wrong with it, and *out is empty. */
struct cw_str cw_posh_read(struct cw_arena *, struct cw_str json, struct cw_posh *out);

/* Does one of the fingerprints stand for the certificate with these digests of its DER?  Every
 * digest that a fingerprint gives must agree. */
bool cw_posh_matches(const struct cw_posh *, struct cw_str sha256, struct cw_str sha512);

#endif
