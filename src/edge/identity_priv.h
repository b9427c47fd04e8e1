/* Inside one question about an identity: identity.c has the order, identity_dns.c asks the DNS
 * (DANE, delegation), identity_posh.c web servers. */
#ifndef CW_EDGE_IDENTITY_PRIV_H
#define CW_EDGE_IDENTITY_PRIV_H

#include "edge/edge_priv.h"
#include "edge/identity.h"
#include "edge/posh.h"
#include "io/x509_proof.h"

enum { EDGE_IDENTITY_MAX_PLACES = 4, EDGE_IDENTITY_MAX_STEPS = 12 };

/* A server of the domain. */
struct edge_place {
    struct edge_identity *identity;
    struct cw_str host;
    uint16_t port;
    bool is_secure;             /* DNSSEC proved that it serves the domain */
    struct cw_dns_query *query; /* its TLSA records, then whether its zone is signed */
};

struct edge_identity {
    struct edge *edge;
    struct cw_policy *policy;         /* a reference: that of the beginning counts to the end */
    const struct cw_partner *partner; /* in it */
    struct cw_str domain;
    enum cw_direction direction;
    const struct cw_tls_facts *facts;
    bool is_fresh;
    uint16_t web_port;
    void (*done)(void *arg, const struct edge_identity_answer *);
    void *arg;
    struct cw_arena arena;
    struct cw_cert cert; /* the answer, as far as it is known */
    enum cw_cert_proof proof;
    struct edge_proof_step steps[EDGE_IDENTITY_MAX_STEPS];
    size_t n_steps;

    struct cw_timer *timer; /* the beginning; then the patience with what is asked */
    void (*on_timer)(struct edge_identity *);
    struct edge_place places[EDGE_IDENTITY_MAX_PLACES];
    size_t n_places, n_pending;
    struct cw_target_query *servers;
    bool is_matched; /* inbound: a TLSA record fits */
    struct edge_posh_question *posh;
};

/* --- identity.c */

/* One more line of the story. */
void edge_identity_note(struct edge_identity *, enum cw_cert_proof, enum edge_proof_state,
                        struct cw_str sentence);
/* It is proved; the end. */
void edge_identity_proved(struct edge_identity *, enum cw_cert_proof, struct cw_str sentence);
/* Something speaks against it; the end. */
void edge_identity_refused(struct edge_identity *, enum cw_cert_proof, enum cw_chain_fault,
                           struct cw_str sentence);
/* Nothing has proved it; the end. */
void edge_identity_unproved(struct edge_identity *);
/* A chain proves only with a good OCSP staple, where the settings ask for it; says the end itself
 * when there is none. */
bool edge_identity_has_staple(struct edge_identity *, enum cw_cert_proof, enum cw_tls_staple);
void edge_identity_after_dane(struct edge_identity *); /* outbound: no TLSA record decides */
void edge_identity_set_timer(struct edge_identity *, uint64_t after_ms,
                             void (*fn)(struct edge_identity *));

/* --- identity_dns.c: each goes on by itself */

void edge_identity_ask_dane(struct edge_identity *);    /* outbound, places[0] */
void edge_identity_ask_servers(struct edge_identity *); /* inbound */
/* The chain is good and names a server that DNSSEC says is the domain's: the end, true. */
bool edge_identity_is_delegated(struct edge_identity *);
void edge_identity_stop_dns(struct edge_identity *);

/* --- identity_posh.c: goes on by itself */

void edge_identity_ask_posh(struct edge_identity *);

#endif
