/* Next hops: where the requests for a local domain go, found by RFC 3263 and kept up to date, with
 * the servers that failed not long ago set behind the others.
 *
 *   an address               -> itself
 *   a name with a port       -> its A and AAAA
 *   a name without           -> SRV of the transport that is written (_sip._udp, _sip._tcp,
 *                               _sips._tcp), or of UDP, then TCP, when none is; without any such
 *                               record its A and AAAA, with the standard port
 *
 * The answers are used until newer ones are there.  NAPTR is not asked for: a platform that wants
 * another transport writes it into the configuration. */
#ifndef CW_GATEWAY_HOP_H
#define CW_GATEWAY_HOP_H

#include "conf/config.h"
#include "io/dns.h"
#include "sip/digest.h"
#include "sip/hop.h"

enum { GW_MAX_TARGETS = 16 };

struct gw_target {
    enum cw_sip_transport transport;
    struct cw_addr addr;
};

struct gw_hops;
struct gw_hop;

/* on_found: the targets of that hop are known now, or it is known that there are none; never called
 * from inside a function of this header.  Borrows the configuration and the resolver, which may be
 * NULL when no hop has a name. */
struct gw_hops *gw_hops_new(const struct cw_gateway_config *, struct cw_resolver *,
                            void (*on_found)(void *arg, struct gw_hop *), void *arg);
void gw_hops_free(struct gw_hops **);
bool gw_hops_need_resolver(const struct cw_gateway_config *);

/* The hop of a local domain (A-labels); NULL when there is none. */
struct gw_hop *gw_hops_find(struct gw_hops *, struct cw_str domain);
const struct cw_next_hop *gw_hop_config(const struct gw_hop *);
/* Copies the targets, the best first, and returns how many; 0 with *is_pending: on_found follows;
 * 0 without: nowhere to go. */
size_t gw_hop_targets(struct gw_hop *, struct gw_target out[GW_MAX_TARGETS], bool *is_pending);
/* The target refused, was silent or said 503: others come first for a while. */
void gw_hop_failed(struct gw_hop *, const struct gw_target *);

/* The challenge that the hop's server gave last, for the credentials of the next request too (RFC
 * 7616 section 3.4); NULL: none yet. */
struct gw_challenge {
    struct cw_sip_challenge challenge;
    bool is_proxy; /* 407: Proxy-Authorization */
    uint32_t nc;   /* uses so far */
    struct cw_arena arena;
};
struct gw_challenge *gw_hop_challenge(struct gw_hop *);
/* Takes the arena over, which holds the challenge's texts. */
void gw_hop_set_challenge(struct gw_hop *, const struct gw_challenge *);
void gw_hop_forget_challenge(struct gw_hop *);

#endif
