/* Socket addresses as plain values: parse, format, compare, and networks ("10.0.0.0/8") to match
 * them against.  An IPv4 address mapped into IPv6 (::ffff:192.0.2.1) is turned into IPv4
 * everywhere here, so that a rule for one form cannot be passed by using the other. */
#ifndef CW_IO_ADDR_H
#define CW_IO_ADDR_H

#include "base/mem.h"

#include <sys/socket.h>

struct cw_addr {
    struct sockaddr_storage ss;
    socklen_t len; /* 0: no address */
};

/* "192.0.2.1", "192.0.2.1:5269", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:5269"; without a
 * port the default one is set.  Names are not looked up: false. */
bool cw_addr_parse(struct cw_str text, uint16_t default_port, struct cw_addr *out);
/* The address of a Unix socket; false when the path is empty or too long. */
bool cw_addr_unix(struct cw_str path, struct cw_addr *out);
/* Takes over what the kernel filled in. */
struct cw_addr cw_addr_of(const struct sockaddr *, socklen_t len);
/* 4 or 16 octets of an address, in network order. */
struct cw_addr cw_addr_of_octets(const void *octets, size_t n, uint16_t port);

/* "192.0.2.1:5269", "[2001:db8::1]:5269", "unix:/path"; cw_addr_ip leaves out port and brackets. */
struct cw_str cw_addr_text(struct cw_arena *, const struct cw_addr *);
struct cw_str cw_addr_ip(struct cw_arena *, const struct cw_addr *);
/* What limits for one address count by: "192.0.2.1", but "2001:db8:1:2::/64", for who has one IPv6
 * address has all of these. */
struct cw_str cw_addr_site(struct cw_arena *, const struct cw_addr *);
uint16_t cw_addr_port(const struct cw_addr *);
void cw_addr_set_port(struct cw_addr *, uint16_t port);
bool cw_addr_eq(const struct cw_addr *, const struct cw_addr *);    /* address and port */
bool cw_addr_eq_ip(const struct cw_addr *, const struct cw_addr *); /* address alone */
bool cw_addr_is_wildcard(const struct cw_addr *);                   /* 0.0.0.0, :: */
bool cw_addr_is_loopback(const struct cw_addr *);

struct cw_network {
    uint8_t octets[16];
    uint8_t n_octets;    /* 4 or 16 */
    uint8_t prefix_bits; /* 0..32 or 0..128 */
};
/* "10.0.0.0/8", "fd00::/8", or one address.  Bits set behind the prefix are refused: the writer
 * meant something else. */
bool cw_network_parse(struct cw_str text, struct cw_network *out);
bool cw_network_has(const struct cw_network *, const struct cw_addr *);

#endif
