/* What goes together on the SIP side of the configuration: listeners and certificates, peers and
 * how they are known, next hops and their credentials. */
#include "conf/config_priv.h"

bool cw_config_is_local(const struct cw_config *config, struct cw_str domain)
{
    for (size_t i = 0; i < config->n_local_domains; i++)
        if (cw_str_eq(config->local_domains[i], domain))
            return true;
    return false;
}

static struct cw_str check_peer(const struct cw_sip_peer *peer, size_t n, struct cw_arena *errors)
{
    if (peer->require_certificate == CW_ON && peer->n_tls_names == 0)
        return cw_arena_printf(errors,
                               "gateway.sip.peers[%zu].require-certificate: needs tls-names", n);
    if (peer->n_addresses == 0 && peer->n_tls_names == 0)
        return cw_arena_printf(
            errors, "gateway.sip.peers[%zu].addresses: at least one must be given, or tls-names",
            n);
    return CW_STR_NONE;
}

/* The certificate must name what was asked for (RFC 5922 section 7.3): the host of the URI, never
 * what the DNS made of it; for an address, the domain whose requests go there. */
static void set_tls_name(struct cw_next_hop *hop)
{
    if (cw_str_is_empty(hop->tls_name))
        hop->tls_name = cw_ip_is_literal(hop->host) ? hop->domain : hop->host;
}

static struct cw_str check_hop(struct cw_config *config, size_t i, struct cw_arena *errors)
{
    struct cw_next_hop *hop = &config->gateway.sip.next_hops[i];
    if (!cw_config_is_local(config, hop->domain))
        return cw_arena_printf(errors,
                               "gateway.sip.next-hop[%zu]: \"%.*s\" is not one of the "
                               "local-domains",
                               i + 1, CW_ARG(hop->domain));
    for (size_t k = 0; k < i; k++)
        if (cw_str_eq(hop->domain, config->gateway.sip.next_hops[k].domain))
            return cw_arena_printf(errors, "gateway.sip.next-hop: \"%.*s\" is given twice",
                                   CW_ARG(hop->domain));
    if (!cw_next_hop_read(&config->arena, hop))
        return cw_arena_printf(errors,
                               "gateway.sip.next-hop[%zu].uri: \"%.*s\" is not of the form "
                               "sip:HOST[:PORT][;transport=udp|tcp|tls]",
                               i + 1, CW_ARG(hop->uri));
    if (cw_str_is_empty(hop->user) != cw_str_is_empty(hop->realm) ||
        cw_str_is_empty(hop->user) != cw_str_is_empty(hop->password))
        return cw_arena_printf(errors,
                               "gateway.sip.next-hop[%zu]: user, password and realm go together; "
                               "give all or none",
                               i + 1);
    set_tls_name(hop);
    return CW_STR_NONE;
}

struct cw_str cw_config_check_sip(struct cw_config *config, struct cw_arena *errors)
{
    struct cw_gateway_config *gateway = &config->gateway;
    struct cw_str fault = CW_STR_NONE;
    if (cw_str_is_empty(gateway->sip.certificate) != cw_str_is_empty(gateway->sip.key))
        return CW_S("gateway.sip: certificate and key go together; give both or neither");
    for (size_t i = 0; i < gateway->sip.n_listen; i++)
        if (gateway->sip.listen[i].transport == CW_TRANSPORT_TLS &&
            cw_str_is_empty(gateway->sip.certificate))
            return cw_arena_printf(errors,
                                   "gateway.sip.listen[%zu]: tls needs gateway.sip.certificate and "
                                   "key",
                                   i + 1);
    for (size_t i = 0; i < gateway->sip.n_peers && !cw_str_is_present(fault); i++)
        fault = check_peer(&gateway->sip.peers[i], i + 1, errors);
    for (size_t i = 0; i < gateway->sip.n_next_hops && !cw_str_is_present(fault); i++)
        fault = check_hop(config, i, errors);
    return fault;
}
