/* Where a message came from or goes to: one value that the gateway fills from its sockets and gets
 * back with what is to be sent.  No name is ever looked up here: the address is a literal. */
#ifndef CW_SIP_HOP_H
#define CW_SIP_HOP_H

#include "sip/message.h"

struct cw_sip_hop {
    enum cw_sip_transport transport;
    uint64_t flow; /* the gateway's number of the connection, or of the UDP socket */
    uint16_t port;
    char ip[46]; /* IPv4 or IPv6 literal without [ ], NUL-terminated */
};

#endif
