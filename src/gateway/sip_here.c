/* Where we are, as a peer sees it: what goes into Via and Contact.  A listener with an address of
 * its own is there.  One that listens everywhere (0.0.0.0, ::) is wherever the system sends from
 * when it sends to that peer; for a connection that the peer made, where he reached us.  The port
 * is the listener's in any case: the one of a connection that we made leads nowhere. */
#include <stdio.h>

#include "gateway/sip_priv.h"

/* The more, the better: its transport counts before its family; 0: not at all. */
static unsigned fit(const struct gw_listen *listen, enum cw_sip_transport transport,
                    const struct cw_addr *addr)
{
    bool is_transport = listen->transport == transport;
    bool is_family = listen->addr.ss.ss_family == addr->ss.ss_family;
    if (transport == CW_SIP_UDP && !(is_transport && is_family))
        return 0; /* streams take their answers on the connection; a datagram needs the socket */
    return 1 + is_family + 2 * is_transport;
}

const struct gw_listen *gw_sip_listen_for(const struct gw_sip *sip, enum cw_sip_transport transport,
                                          const struct cw_addr *to)
{
    const struct gw_listen *best = NULL;
    unsigned best_fit = 0;
    for (size_t i = 0; i < sip->n_listens; i++) {
        unsigned n = fit(&sip->listens[i], transport, to);
        if (n > best_fit) {
            best = &sip->listens[i];
            best_fit = n;
        }
    }
    return best;
}

/* The listener's address with the one that the peer sees in the place of a wildcard.  When the
 * system knows no way to him, nothing that we write could lead back. */
static struct cw_addr here(const struct gw_listen *listen, const struct cw_addr *seen)
{
    struct cw_addr addr = listen->addr;
    if (cw_addr_is_wildcard(&addr) && seen->len > 0) {
        addr = *seen;
        cw_addr_set_port(&addr, cw_addr_port(&listen->addr));
    }
    return addr;
}

struct cw_addr gw_sip_here(const struct gw_listen *listen, const struct cw_addr *peer)
{
    struct cw_addr seen = {.len = 0};
    if (cw_addr_is_wildcard(&listen->addr))
        (void)cw_udp_towards(peer, &seen);
    return here(listen, &seen);
}

struct cw_str gw_sip_contact(struct cw_arena *arena, const struct gw_listen *listen,
                             const struct cw_addr *addr, struct cw_str user)
{
    static const char *const transports[] = {
        [CW_SIP_UDP] = "", [CW_SIP_TCP] = ";transport=tcp", [CW_SIP_TLS] = ";transport=tls"};
    return cw_arena_printf(arena, "sip:%.*s@%.*s%s", CW_ARG(user),
                           CW_ARG(cw_addr_text(arena, addr)), transports[listen->transport]);
}

/* Of the listeners that a connection may have come to, the one with its port. */
static const struct gw_listen *listen_of(const struct gw_sip *sip, enum cw_sip_transport transport,
                                         const struct cw_addr *local)
{
    for (size_t i = 0; i < sip->n_listens; i++) {
        const struct gw_listen *listen = &sip->listens[i];
        if (listen->transport == transport && listen->addr.ss.ss_family == local->ss.ss_family &&
            cw_addr_port(&listen->addr) == cw_addr_port(local) &&
            (cw_addr_is_wildcard(&listen->addr) || cw_addr_eq_ip(&listen->addr, local)))
            return listen;
    }
    return gw_sip_listen_for(sip, transport, local);
}

struct cw_str gw_sip_contact_at(const struct gw_sip *sip, struct cw_arena *arena,
                                const struct cw_sip_hop *source, struct cw_str user)
{
    bool is_udp = source->transport == CW_SIP_UDP;
    struct cw_addr peer, addr, local = {.len = 0};
    const struct gw_listen *listen;
    if (!cw_addr_parse(cw_str_of(source->ip), source->port, &peer) ||
        (is_udp && source->flow >= sip->n_listens))
        return CW_STR_NONE;
    if (is_udp) {
        listen = &sip->listens[source->flow];
        addr = gw_sip_here(listen, &peer);
    } else {
        local = gw_flows_local(sip->flows, source->flow);
        listen = listen_of(sip, source->transport, local.len > 0 ? &local : &peer);
        addr = here(listen, &local);
    }
    return gw_sip_contact(arena, listen, &addr, user);
}
