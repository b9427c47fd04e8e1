/* Addresses and networks; see addr.h. */
#include "io/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

struct cw_addr cw_addr_of_octets(const void *octets, size_t n, uint16_t port)
{
    struct cw_addr a = {0};
    const uint8_t *p = octets;
    if (n == 16 && memcmp(p, mapped_prefix, sizeof mapped_prefix) == 0) {
        p += 12;
        n = 4;
    }
    if (n == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)&a.ss;
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, p, 4);
        a.len = sizeof *in;
    } else {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.ss;
        cw_assert(n == 16);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        memcpy(&in6->sin6_addr, p, 16);
        a.len = sizeof *in6;
    }
    return a;
}

/* The octets of an IP address in *out; their number, 0 for other families. */
static size_t octets_of(const struct cw_addr *a, const uint8_t **out)
{
    *out = NULL;
    if (a->len == 0)
        return 0;
    if (a->ss.ss_family == AF_INET) {
        *out = (const uint8_t *)&((const struct sockaddr_in *)&a->ss)->sin_addr;
        return 4;
    }
    if (a->ss.ss_family == AF_INET6) {
        *out = (const uint8_t *)&((const struct sockaddr_in6 *)&a->ss)->sin6_addr;
        return 16;
    }
    return 0;
}

struct cw_addr cw_addr_of(const struct sockaddr *sa, socklen_t len)
{
    struct cw_addr a = {0};
    const uint8_t *octets;
    cw_assert(len <= sizeof a.ss);
    memcpy(&a.ss, sa, len);
    a.len = len;
    /* Only a mapped address changes: a link-local one keeps its scope. */
    if (octets_of(&a, &octets) == 16 && memcmp(octets, mapped_prefix, sizeof mapped_prefix) == 0) {
        uint8_t copy[16];
        memcpy(copy, octets, 16);
        return cw_addr_of_octets(copy, 16, cw_addr_port(&a));
    }
    return a;
}

/* 4 or 16 octets, or 0. */
static size_t parse_ip(struct cw_str text, uint8_t out[16])
{
    char ip[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof ip || memchr(text.p, '\0', text.n))
        return 0;
    memcpy(ip, text.p, text.n);
    ip[text.n] = '\0';
    if (inet_pton(AF_INET, ip, out) == 1)
        return 4;
    return inet_pton(AF_INET6, ip, out) == 1 ? 16 : 0;
}

static bool parse_port(struct cw_str text, uint16_t *out)
{
    uint64_t port;
    if (text.n > 5 || !cw_str_to_u64(text, &port) || port > UINT16_MAX)
        return false;
    *out = (uint16_t)port;
    return true;
}

bool cw_addr_parse(struct cw_str text, uint16_t default_port, struct cw_addr *out)
{
    struct cw_str ip = text;
    uint16_t port = default_port;
    bool in_brackets = text.n > 0 && text.p[0] == '[';
    ptrdiff_t colon = -1;

    if (in_brackets) {
        ptrdiff_t end = cw_str_index(text, ']');
        if (end < 0)
            return false;
        ip = cw_str_sub(text, 1, (size_t)end);
        if ((size_t)end + 1 < text.n && text.p[end + 1] != ':')
            return false;
        if ((size_t)end + 1 < text.n)
            colon = end + 1;
    } else if (cw_str_index(text, ':') == cw_str_rindex(text, ':')) {
        colon = cw_str_index(text, ':'); /* one colon only: no IPv6 */
        if (colon >= 0)
            ip = cw_str_sub(text, 0, (size_t)colon);
    }
    if (colon >= 0 && !parse_port(cw_str_sub(text, (size_t)colon + 1, text.n), &port))
        return false;

    uint8_t octets[16];
    size_t n = parse_ip(ip, octets);
    if (n == 0 || (in_brackets && n != 16))
        return false;
    *out = cw_addr_of_octets(octets, n, port);
    return true;
}

bool cw_addr_unix(struct cw_str path, struct cw_addr *out)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&out->ss;
    if (path.n == 0 || path.n >= sizeof un->sun_path || memchr(path.p, '\0', path.n))
        return false;
    memset(out, 0, sizeof *out);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path.p, path.n);
    out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
    return true;
}

struct cw_str cw_addr_ip(struct cw_arena *arena, const struct cw_addr *a)
{
    char text[INET6_ADDRSTRLEN];
    const uint8_t *octets;
    if (octets_of(a, &octets) > 0) {
        inet_ntop(a->ss.ss_family, octets, text, sizeof text);
        return cw_arena_dup(arena, cw_str_of(text));
    }
    if (a->len == 0 || a->ss.ss_family != AF_UNIX)
        return cw_arena_dup(arena, CW_S("none"));
    /* A path, or nothing: the connecting side of a Unix socket has no name. */
    const struct sockaddr_un *un = (const struct sockaddr_un *)&a->ss;
    size_t max = a->len - offsetof(struct sockaddr_un, sun_path);
    return cw_arena_printf(arena, "unix:%.*s", (int)strnlen(un->sun_path, max), un->sun_path);
}

struct cw_str cw_addr_site(struct cw_arena *arena, const struct cw_addr *a)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr network = {0};
    const uint8_t *octets;
    if (octets_of(a, &octets) != 16)
        return cw_addr_ip(arena, a);
    memcpy(&network, octets, 8);
    inet_ntop(AF_INET6, &network, text, sizeof text);
    return cw_arena_printf(arena, "%s/64", text);
}

struct cw_str cw_addr_text(struct cw_arena *arena, const struct cw_addr *a)
{
    struct cw_str ip = cw_addr_ip(arena, a);
    const uint8_t *octets;
    switch (octets_of(a, &octets)) {
    case 4:
        return cw_arena_printf(arena, "%s:%u", ip.p, cw_addr_port(a));
    case 16:
        return cw_arena_printf(arena, "[%s]:%u", ip.p, cw_addr_port(a));
    default:
        return ip;
    }
}

uint16_t cw_addr_port(const struct cw_addr *a)
{
    if (a->len > 0 && a->ss.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&a->ss)->sin_port);
    if (a->len > 0 && a->ss.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&a->ss)->sin6_port);
    return 0;
}

void cw_addr_set_port(struct cw_addr *a, uint16_t port)
{
    if (a->len > 0 && a->ss.ss_family == AF_INET)
        ((struct sockaddr_in *)&a->ss)->sin_port = htons(port);
    else if (a->len > 0 && a->ss.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&a->ss)->sin6_port = htons(port);
}

bool cw_addr_eq_ip(const struct cw_addr *a, const struct cw_addr *b)
{
    const uint8_t *oa, *ob;
    size_t na = octets_of(a, &oa), nb = octets_of(b, &ob);
    return na > 0 && na == nb && memcmp(oa, ob, na) == 0;
}

bool cw_addr_eq(const struct cw_addr *a, const struct cw_addr *b)
{
    const uint8_t *octets;
    if (octets_of(a, &octets) > 0)
        return cw_addr_eq_ip(a, b) && cw_addr_port(a) == cw_addr_port(b);
    return a->len == b->len && memcmp(&a->ss, &b->ss, a->len) == 0;
}

bool cw_addr_is_wildcard(const struct cw_addr *a)
{
    static const uint8_t zeros[16];
    const uint8_t *octets;
    size_t n = octets_of(a, &octets);
    return n > 0 && memcmp(octets, zeros, n) == 0;
}

bool cw_addr_is_loopback(const struct cw_addr *a)
{
    const uint8_t *octets;
    switch (octets_of(a, &octets)) {
    case 4:
        return octets[0] == 127;
    case 16:
        return memcmp(octets, &in6addr_loopback, 16) == 0;
    default:
        return false;
    }
}

/* True when the bits [from, to) of a and b are the same; b NULL stands for zeros. */
static bool bits_eq(const uint8_t *a, const uint8_t *b, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        unsigned mask = 0x80u >> (i % 8);
        if ((a[i / 8] & mask) != (b ? b[i / 8] & mask : 0))
            return false;
    }
    return true;
}

bool cw_network_parse(struct cw_str text, struct cw_network *out)
{
    struct cw_network net = {0};
    ptrdiff_t slash = cw_str_index(text, '/');
    struct cw_str ip = slash < 0 ? text : cw_str_sub(text, 0, (size_t)slash);
    size_t n = parse_ip(ip, net.octets);
    uint64_t bits = n * 8;

    if (n == 0)
        return false;
    if (slash >= 0 &&
        (!cw_str_to_u64(cw_str_sub(text, (size_t)slash + 1, text.n), &bits) || bits > n * 8))
        return false;
    if (!bits_eq(net.octets, NULL, (unsigned)bits, (unsigned)n * 8))
        return false;
    if (n == 16 && bits >= 96 && memcmp(net.octets, mapped_prefix, 12) == 0) {
        memmove(net.octets, net.octets + 12, 4);
        memset(net.octets + 4, 0, 12);
        n = 4;
        bits -= 96;
    }
    net.n_octets = (uint8_t)n;
    net.prefix_bits = (uint8_t)bits;
    *out = net;
    return true;
}

bool cw_network_has(const struct cw_network *net, const struct cw_addr *a)
{
    struct cw_addr plain = cw_addr_of((const struct sockaddr *)&a->ss, a->len);
    const uint8_t *octets;
    return octets_of(&plain, &octets) == net->n_octets && net->n_octets > 0 &&
           bits_eq(octets, net->octets, 0, net->prefix_bits);
}
