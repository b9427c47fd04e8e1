/* Addresses as they are written in the configuration and the settings: endpoints and networks. */
#include <arpa/inet.h>
#include <string.h>

#include "conf/config_priv.h"

/* 4, 6, or 0 when the text is no literal. */
static int ip_family(struct cw_str text)
{
    char literal[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.n == 0 || text.n >= sizeof(literal) || memchr(text.p, 0, text.n))
        return 0;
    memcpy(literal, text.p, text.n);
    literal[text.n] = 0;
    if (inet_pton(AF_INET, literal, &address) == 1)
        return 4;
    return inet_pton(AF_INET6, literal, &address) == 1 ? 6 : 0;
}

static bool port_of(struct cw_str text, uint16_t *out)
{
    uint64_t number;
    if (!cw_str_to_u64(text, &number) || number == 0 || number > 65535)
        return false;
    *out = (uint16_t)number;
    return true;
}

/* Splits host and port text; an IPv6 literal with a port needs brackets. */
static bool split(struct cw_str text, struct cw_str *host, struct cw_str *port)
{
    *port = CW_STR_NONE;
    if (cw_str_starts(text, CW_S("["))) {
        ptrdiff_t end = cw_str_index(text, ']');
        if (end < 0)
            return false;
        *host = cw_str_sub(text, 1, (size_t)end);
        struct cw_str rest = cw_str_sub(text, (size_t)end + 1, text.n);
        if (rest.n == 0)
            return true;
        *port = cw_str_sub(rest, 1, rest.n);
        return rest.p[0] == ':';
    }
    ptrdiff_t colon = cw_str_index(text, ':');
    *host = text;
    if (colon < 0 || colon != cw_str_rindex(text, ':'))
        return true;
    *host = cw_str_sub(text, 0, (size_t)colon);
    *port = cw_str_sub(text, (size_t)colon + 1, text.n);
    return true;
}

bool cw_endpoint_of(struct cw_arena *arena, struct cw_str text, uint16_t default_port,
                    struct cw_endpoint *out)
{
    struct cw_str host, port;
    if (!split(text, &host, &port) || ip_family(host) == 0)
        return false;
    if (cw_str_starts(text, CW_S("[")) && ip_family(host) != 6)
        return false;
    out->port = default_port;
    if (cw_str_is_present(port) && !port_of(port, &out->port))
        return false;
    out->ip = cw_arena_dup(arena, host);
    return out->port != 0;
}

bool cw_network_is_valid(struct cw_str text)
{
    ptrdiff_t slash = cw_str_index(text, '/');
    if (slash < 0)
        return ip_family(text) != 0;
    int family = ip_family(cw_str_sub(text, 0, (size_t)slash));
    uint64_t length;
    return family != 0 && cw_str_to_u64(cw_str_sub(text, (size_t)slash + 1, text.n), &length) &&
           length <= (family == 4 ? 32u : 128u);
}

/* A host name or a literal, as a SIP URI may name it. */
static bool host_is_plain(struct cw_str host)
{
    for (size_t i = 0; i < host.n; i++) {
        unsigned char c = (unsigned char)host.p[i];
        if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') && c != '.' &&
            c != '-')
            return false;
    }
    return host.n > 0 && host.n <= 253;
}

bool cw_edge_address_of(struct cw_arena *arena, struct cw_str text, struct cw_edge_address *out)
{
    struct cw_str host, port;
    *out = (struct cw_edge_address){0};
    if (cw_str_starts(text, CW_S("/"))) {
        out->path = cw_arena_dup(arena, text);
        return true;
    }
    if (!cw_str_starts(text, CW_S("tls:")))
        return false;
    text = cw_str_sub(text, 4, text.n);
    if (!split(text, &host, &port) || !cw_str_is_present(port) || !port_of(port, &out->port))
        return false;
    if (cw_str_starts(text, CW_S("[")) ? ip_family(host) != 6 : !host_is_plain(host))
        return false;
    out->is_tls = true;
    out->host = cw_arena_dup(arena, host);
    return true;
}

static bool transport_of(struct cw_str parameters, struct cw_next_hop *hop)
{
    static const struct {
        struct cw_str text;
        enum cw_transport transport;
    } forms[] = {
        {CW_STR("transport=udp"), CW_TRANSPORT_UDP},
        {CW_STR("transport=tcp"), CW_TRANSPORT_TCP},
        {CW_STR("transport=tls"), CW_TRANSPORT_TLS},
    };
    hop->transport = CW_TRANSPORT_UDP;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (cw_str_eq_nocase(parameters, forms[i].text)) {
            hop->transport = forms[i].transport;
            hop->has_transport = true;
        }
    }
    return hop->has_transport || parameters.n == 0;
}

bool cw_next_hop_read(struct cw_arena *arena, struct cw_next_hop *hop)
{
    struct cw_str rest = hop->uri, parameters = CW_S(""), host, port;
    if (!cw_str_eq_nocase(cw_str_sub(rest, 0, 4), CW_S("sip:")))
        return false;
    rest = cw_str_sub(rest, 4, rest.n);
    ptrdiff_t semicolon = cw_str_index(rest, ';');
    if (semicolon >= 0) {
        parameters = cw_str_sub(rest, (size_t)semicolon + 1, rest.n);
        rest = cw_str_sub(rest, 0, (size_t)semicolon);
        if (parameters.n == 0)
            return false;
    }
    if (!split(rest, &host, &port) || !transport_of(parameters, hop))
        return false;
    if (cw_str_starts(rest, CW_S("[")) ? ip_family(host) != 6 : !host_is_plain(host))
        return false;
    hop->port = hop->transport == CW_TRANSPORT_TLS ? 5061 : 5060;
    hop->has_port = cw_str_is_present(port);
    if (hop->has_port && !port_of(port, &hop->port))
        return false;
    hop->host = cw_arena_dup(arena, host);
    return true;
}

bool cw_ip_is_literal(struct cw_str text)
{
    return ip_family(text) != 0;
}

bool cw_ldap_url_read(struct cw_arena *arena, struct cw_ldap_config *ldap)
{
    struct cw_str clear = CW_S("ldap://"), tls = CW_S("ldaps://"), rest, host, port;
    ldap->is_ldaps = cw_str_eq_nocase(cw_str_sub(ldap->url, 0, tls.n), tls);
    if (!ldap->is_ldaps && !cw_str_eq_nocase(cw_str_sub(ldap->url, 0, clear.n), clear))
        return false;
    rest = cw_str_sub(ldap->url, ldap->is_ldaps ? tls.n : clear.n, ldap->url.n);
    if (cw_str_ends(rest, CW_S("/")))
        rest.n--;
    ldap->port = ldap->is_ldaps ? 636 : 389;
    if (!split(rest, &host, &port) || (cw_str_is_present(port) && !port_of(port, &ldap->port)))
        return false;
    if (cw_str_starts(rest, CW_S("[")) ? ip_family(host) != 6 : !host_is_plain(host))
        return false;
    ldap->host = cw_arena_dup(arena, host);
    return true;
}
