/* SIP connections over TCP: each has a number (the `flow` of a hop), a framer, and a way to find
 * it again by its peer's address, so that requests reuse it (RFC 3261 section 18.1.1). */
#ifndef CW_GATEWAY_FLOW_H
#define CW_GATEWAY_FLOW_H

#include "io/conn.h"
#include "sip/framing.h"
#include "sip/hop.h"

struct gw_flows;

struct gw_flows_owner {
    /* One whole frame; `malformed` is 0, or the status with which to refuse it before the
     * connection is closed. */
    void (*on_frame)(void *arg, const struct cw_sip_hop *source, struct cw_str bytes,
                     int malformed);
    /* The connection is gone; its number is never used again. */
    void (*on_gone)(void *arg, uint64_t flow);
    void *arg;
};

struct gw_flows *gw_flows_new(struct event_base *, size_t max_message_bytes, size_t max_flows,
                              const struct gw_flows_owner *);
void gw_flows_free(struct gw_flows **);
/* Takes the socket over; closes it at once when too many are open. */
void gw_flows_accept(struct gw_flows *, int fd, const struct cw_addr *peer);
/* The connection to that address, made if there is none; bytes wait until it is up. */
uint64_t gw_flows_to(struct gw_flows *, const struct cw_addr *);
/* False: there is no such connection any more. */
bool gw_flows_write(struct gw_flows *, uint64_t flow, struct cw_str bytes);

#endif
