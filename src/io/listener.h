/* Listening sockets, TCP and Unix.  When the process has no file descriptor left, accepting rests
 * for a moment instead of spinning. */
#ifndef CW_IO_LISTENER_H
#define CW_IO_LISTENER_H

#include "base/buf.h"
#include "io/addr.h"

struct event_base;
struct cw_listener;

/* The descriptor is non-blocking, close-on-exec and the callee's to close (cw_conn_accept).  For a
 * Unix socket peer->len may be that of an unnamed address.  The listener may be freed inside. */
typedef void cw_accept_fn(void *arg, int fd, const struct cw_addr *peer);

/* NULL with a sentence in `why` when the address is in use, not ours, not allowed.  Port 0 takes a
 * free one (see cw_listener_addr).  An IPv6 socket takes IPv6 only, so that "0.0.0.0" and "::" may
 * both be listened on. */
struct cw_listener *cw_listener_new(struct event_base *, const struct cw_addr *, cw_accept_fn *,
                                    void *arg, struct cw_buf *why);
/* A socket file with that mode (0600, 0660).  A file left over by a dead process is removed; one
 * where somebody listens is not. */
struct cw_listener *cw_listener_new_unix(struct event_base *, const char *path, unsigned mode,
                                         cw_accept_fn *, void *arg, struct cw_buf *why);
void cw_listener_pause(struct cw_listener *); /* further peers wait in the kernel's queue */
void cw_listener_resume(struct cw_listener *);
const struct cw_addr *cw_listener_addr(const struct cw_listener *);
void cw_listener_free(struct cw_listener **); /* a socket file is removed */

#endif
