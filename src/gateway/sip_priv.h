/* The inside of the gateway's SIP side: sip.c has the sockets and what comes in, sip_out.c the
 * requests of ours with their next hops, fail-over and credentials. */
#ifndef CW_GATEWAY_SIP_PRIV_H
#define CW_GATEWAY_SIP_PRIV_H

#include "gateway/flow.h"
#include "gateway/gateway_priv.h"
#include "gateway/hop.h"
#include "gateway/peer.h"
#include "io/listener.h"
#include "io/udp.h"

struct gw_out;
struct cw_tls_ctx;

/* One configured address that we listen on. */
struct gw_listen {
    struct gw_sip *sip;
    enum cw_sip_transport transport;
    struct cw_addr addr;
    struct cw_udp *udp;
    struct cw_listener *stream;
    size_t index;
};

struct gw_sip {
    struct gateway *gateway;
    struct cw_arena arena;
    struct cw_sip_txns *txns;
    struct gw_flows *flows;
    struct gw_peers *peers;
    struct gw_hops *hops;
    struct gw_out *out;
    struct cw_resolver *resolver;
    struct cw_tls_ctx *tls; /* NULL: nobody uses TLS */
    struct gw_listen *listens;
    size_t n_listens;
    struct cw_timer *timer, *actions_timer;
    uint64_t log_second; /* of the refusals counted below */
    unsigned n_logged;
    bool stopping;
};

/* sip.c: the transaction layer has actions; they run from the loop, together. */
void gw_sip_actions_soon(struct gw_sip *);

/* sip_here.c.  The listener whose socket (UDP) and address a request to that address uses; NULL
 * when there is none of its transport and family (streams: the one that fits best). */
const struct gw_listen *gw_sip_listen_for(const struct gw_sip *, enum cw_sip_transport,
                                          const struct cw_addr *to);
/* The listener's address as that peer sees it, for Via. */
struct cw_addr gw_sip_here(const struct gw_listen *, const struct cw_addr *peer);
/* A URI of that user part at that address, for Contact, with the listener's transport. */
struct cw_str gw_sip_contact(struct cw_arena *, const struct gw_listen *,
                             const struct cw_addr *here, struct cw_str user);
/* The same where a request came in. */
struct cw_str gw_sip_contact_at(const struct gw_sip *, struct cw_arena *,
                                const struct cw_sip_hop *source, struct cw_str user);

/* sip_out.c */
struct gw_out *gw_out_new(struct gw_sip *);
void gw_out_free(struct gw_out **);
/* What the transaction layer says of the request with that number. */
void gw_out_final(struct gw_out *, uint64_t number, const struct cw_sip_message *);
void gw_out_timeout(struct gw_out *, uint64_t number);
void gw_out_failed(struct gw_out *, uint64_t number);
/* Before the transactions of that connection fail: nobody listens at its other end. */
void gw_out_flow_refused(struct gw_out *, uint64_t flow);
void gw_out_targets_found(struct gw_out *, struct gw_hop *);

#endif
