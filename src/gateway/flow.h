/* SIP connections over TCP and TLS: each has a number (the `flow` of a hop), a framer, and, when we
 * opened it, a way to find it again by where it leads, so that requests reuse it (RFC 3261 section
 * 18.1.1).
 *
 * A connection to a next hop by TLS: connect, handshake, and only when the certificate speaks for
 * the name that was asked for (RFC 5922 section 7.3) does the first byte of a message leave; else
 * the connection ends and its transactions with it.  A connection from a peer: whatever it shows is
 * kept, and gw_flows_cert gives it to the one who decides whom to serve.
 *
 * An idle connection that we opened gets CRLFCRLF now and then (RFC 5626 section 4.4.1).  A peer
 * that has once answered with CRLF and then does not within ten seconds is gone. */
#ifndef CW_GATEWAY_FLOW_H
#define CW_GATEWAY_FLOW_H

#include "base/log.h"
#include "io/conn.h"
#include "sip/framing.h"
#include "sip/hop.h"

struct gw_flows;

struct gw_flows_owner {
    /* One whole frame; `malformed` is 0, or the status with which to refuse it before the
     * connection is closed. */
    void (*on_frame)(void *arg, const struct cw_sip_hop *source, struct cw_str bytes,
                     int malformed);
    /* The connection is gone; its number is never used again.  was_refused: nobody listens there.
     */
    void (*on_gone)(void *arg, enum cw_sip_transport, uint64_t flow, bool was_refused);
    /* Is that the address of a configured peer?  Connections of strangers are few and short. */
    bool (*is_known)(void *arg, const struct cw_addr *peer);
    const struct cw_log_ctx *log;
    void *arg;
};

struct gw_flows_options {
    struct event_base *base;
    size_t max_message_bytes;
    uint64_t keep_alive_ms; /* 0: no pings */
};

struct gw_flows *gw_flows_new(const struct gw_flows_options *, const struct gw_flows_owner *);
void gw_flows_free(struct gw_flows **);
/* For TLS from now on; may change while connections are open.  NULL: no TLS. */
void gw_flows_set_tls(struct gw_flows *, const struct cw_tls_ctx *);
/* Takes the socket over; closes it at once when too many are open. */
void gw_flows_accept(struct gw_flows *, enum cw_sip_transport, int fd, const struct cw_addr *peer);
/* The connection to that address, made if there is none; bytes wait until it is up.  tls_name: for
 * TLS, what the certificate must name. */
uint64_t gw_flows_to(struct gw_flows *, enum cw_sip_transport, const struct cw_addr *,
                     struct cw_str tls_name);
/* False: there is no such connection any more. */
bool gw_flows_write(struct gw_flows *, uint64_t flow, struct cw_str bytes);
/* May be queued for one peer; who does not read loses his connection beyond it. */
enum { GW_FLOW_MAX_QUEUED = 4 * 1024 * 1024 };
/* Octets that wait for the peer. */
size_t gw_flows_queued(const struct gw_flows *, uint64_t flow);
/* Our own address of it; len 0 while it is not connected. */
struct cw_addr gw_flows_local(const struct gw_flows *, uint64_t flow);
/* What the peer has shown; NULL without TLS. */
const struct cw_cert *gw_flows_cert(const struct gw_flows *, uint64_t flow);

#endif
