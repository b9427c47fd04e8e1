/* See peer.h. */
#include "gateway/peer.h"

#include "base/mem.h"

struct peer {
    const struct cw_sip_peer *config;
    struct cw_network *networks;
    size_t n_networks;
};

struct gw_peers {
    struct cw_arena arena;
    struct peer *list;
    size_t n;
};

struct gw_peers *gw_peers_new(const struct cw_gateway_config *config)
{
    struct gw_peers *peers = cw_alloc(sizeof *peers);
    peers->n = config->sip.n_peers;
    peers->list = cw_arena_alloc(&peers->arena, (peers->n + 1) * sizeof *peers->list);
    for (size_t i = 0; i < peers->n; i++) {
        struct peer *peer = &peers->list[i];
        peer->config = &config->sip.peers[i];
        peer->networks =
            cw_arena_alloc(&peers->arena, (peer->config->n_addresses + 1) * sizeof *peer->networks);
        for (size_t k = 0; k < peer->config->n_addresses; k++)
            if (cw_network_parse(peer->config->addresses[k], &peer->networks[peer->n_networks]))
                peer->n_networks++;
    }
    return peers;
}

void gw_peers_free(struct gw_peers **ptr)
{
    struct gw_peers *peers = *ptr;
    *ptr = NULL;
    if (!peers)
        return;
    cw_arena_free(&peers->arena);
    cw_free(peers);
}

static bool has_address(const struct peer *peer, const struct cw_addr *addr)
{
    for (size_t i = 0; i < peer->n_networks; i++)
        if (cw_network_has(&peer->networks[i], addr))
            return true;
    return false;
}

static bool has_name(const struct peer *peer, const struct cw_cert *cert)
{
    for (size_t i = 0; cert && i < peer->config->n_tls_names; i++)
        if (cw_sip_cert_judge(cert, peer->config->tls_names[i]) == CW_SIP_CERT_GOOD)
            return true;
    return false;
}

const struct cw_sip_peer *gw_peers_find(const struct gw_peers *peers, const struct cw_addr *addr,
                                        const struct cw_cert *cert)
{
    for (size_t i = 0; i < peers->n; i++) {
        const struct peer *peer = &peers->list[i];
        bool by_address = has_address(peer, addr), by_name = has_name(peer, cert);
        bool is_it = peer->config->require_certificate == CW_ON
                         ? by_name && (by_address || peer->config->n_addresses == 0)
                         : by_name || by_address;
        if (is_it)
            return peer->config;
    }
    return NULL;
}

bool gw_peers_has_address(const struct gw_peers *peers, const struct cw_addr *addr)
{
    for (size_t i = 0; i < peers->n; i++)
        if (has_address(&peers->list[i], addr))
            return true;
    return false;
}
