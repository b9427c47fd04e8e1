/* DNS messages as they come from the wire (RFC 1035 section 4, RFC 2782): the answer section read
 * into plain values.  Pure; every length and pointer is checked. */
#ifndef CW_IO_DNS_WIRE_H
#define CW_IO_DNS_WIRE_H

#include "io/dns.h"

/* Fills status and records; memory from the arena.  A message that is not well-formed has the
 * status CW_DNS_FAILED.  A record whose target is no host name is left out. */
void cw_dns_wire_read(struct cw_str message, enum cw_dns_type, struct cw_arena *,
                      struct cw_dns_answer *out);

#endif
