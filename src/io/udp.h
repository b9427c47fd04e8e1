/* One UDP socket. */
#ifndef CW_IO_UDP_H
#define CW_IO_UDP_H

#include "base/buf.h"
#include "base/err.h"
#include "io/addr.h"

struct event_base;
struct cw_udp;

/* One whole datagram, borrowed for the call, also when the socket is freed inside.  Datagrams
 * longer than 65535 octets do not exist; none is cut. */
typedef void cw_udp_fn(void *arg, struct cw_str bytes, const struct cw_addr *from);

/* NULL with a sentence in `why` when the address cannot be bound.  Port 0 takes a free one. */
struct cw_udp *cw_udp_new(struct event_base *, const struct cw_addr *, cw_udp_fn *, void *arg,
                          struct cw_buf *why);
/* CW_OK, or CW_ERR_LIMIT when the kernel's buffer is full (send later or let the retransmission do
 * it), or CW_ERR_IO with errno set. */
enum cw_err cw_udp_send(struct cw_udp *, struct cw_str bytes, const struct cw_addr *to);
const struct cw_addr *cw_udp_addr(const struct cw_udp *); /* bound, with the real port */
/* Our own address when the system sends to that one, with some port; nothing is sent.  False: it
 * knows no way there. */
bool cw_udp_towards(const struct cw_addr *peer, struct cw_addr *out);
void cw_udp_free(struct cw_udp **);

#endif
