/* Does the certificate that a partner shows stand for its domain?  All ways to prove it, in the
 * order in which they count:
 *
 *     pinned keys        the administrator pinned them: they alone decide, whatever else it says
 *     own anchor         the partner's own trust anchor, and the name: decides too
 *     DANE               TLSA records of the server connected to (RFC 7673): where there are usable
 *                        ones, they decide.  Inbound we do not know which server speaks: a record
 *                        of any of the domain's servers proves, none speaks against
 *     PKIX               a chain to the common anchors, and the domain's name
 *     DNSSEC delegation  a chain, and the name of the server that a secure SRV record names
 *     POSH               the domain's web server lists the certificate (RFC 7711)
 *
 * What costs a look-up is begun only when nothing before it has proved the domain, but for DANE
 * outbound.  All of it ends within about five seconds.  Only partners are proved for. */
#ifndef CW_EDGE_IDENTITY_H
#define CW_EDGE_IDENTITY_H

#include "io/conn.h"
#include "policy/nego.h"

struct edge;
struct edge_identity;

enum edge_proof_state { EDGE_PROOF_OK, EDGE_PROOF_FAILED, EDGE_PROOF_SKIPPED };
const char *edge_proof_state_name(enum edge_proof_state); /* "ok", "failed", "skipped" */

/* One way that was tried, or why it was not. */
struct edge_proof_step {
    const char *name; /* "PKIX", "DANE", ...: cw_cert_proof_name */
    enum edge_proof_state state;
    struct cw_str sentence;
};

struct edge_identity_ask {
    struct edge *edge;
    struct cw_policy *policy; /* NULL: the edge's */
    struct cw_str domain;     /* A-labels; copied */
    enum cw_direction direction;
    const struct cw_tls_facts *facts; /* must outlive the question */
    /* Outbound: the server that we are connected to. */
    struct cw_str host; /* A-labels; copied */
    uint16_t port;
    bool is_secure;    /* DNSSEC proved that it serves the domain */
    bool is_fresh;     /* nothing that was fetched before counts: the administrator tests */
    uint16_t web_port; /* of domains' web servers; 0 for 443, which is all that RFC 7711 knows */
};

/* Borrowed for the call of `done`. */
struct edge_identity_answer {
    /* The peer's, for CW_S2S_PROVEN: a proof, or what speaks against it. */
    struct cw_cert cert;
    enum cw_cert_proof proof; /* NONE: it does not stand for the domain */
    const struct edge_proof_step *steps;
    size_t n_steps;
};

/* done is called once, from the loop, never from inside this call; the question is gone when it
 * returns and must not be cancelled in it or later. */
struct edge_identity *
edge_identity_begin(const struct edge_identity_ask *,
                    void (*done)(void *arg, const struct edge_identity_answer *), void *arg);
void edge_identity_cancel(struct edge_identity **); /* done will not be called; NULL is fine */

#endif
