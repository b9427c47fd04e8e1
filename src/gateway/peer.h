/* Which SIP peer is that?  By its address, by its verified certificate (RFC 5922), or by both where
 * the peer's setting asks for it. */
#ifndef CW_GATEWAY_PEER_H
#define CW_GATEWAY_PEER_H

#include "conf/config.h"
#include "io/addr.h"
#include "io/sip_cert.h"

struct gw_peers;

/* Borrows the configuration. */
struct gw_peers *gw_peers_new(const struct cw_gateway_config *);
void gw_peers_free(struct gw_peers **);
/* The peer behind a request; cert is NULL without TLS.  NULL: a stranger. */
const struct cw_sip_peer *gw_peers_find(const struct gw_peers *, const struct cw_addr *,
                                        const struct cw_cert *cert);
/* Does any peer send from there?  That alone does not mean that it may. */
bool gw_peers_has_address(const struct gw_peers *, const struct cw_addr *);

#endif
