/* One UDP socket, read in batches; see udp.h. */
#include "io/udp.h"

#include "base/mem.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define BATCH         32
#define MAX_DATAGRAM  65535
#define KERNEL_BUFFER (1 << 20) /* a burst while the loop is busy elsewhere */

struct cw_udp {
    struct event *event;
    int fd;
    struct cw_addr addr;
    cw_udp_fn *fn;
    void *arg;
    bool is_busy, is_dead; /* inside on_readable; freed meanwhile, memory to be given back there */
    struct mmsghdr msgs[BATCH];
    struct iovec iovs[BATCH];
    struct sockaddr_storage from[BATCH];
    char *space; /* BATCH * MAX_DATAGRAM, touched by the kernel only as far as needed */
};

static void give_back(struct cw_udp *u)
{
    cw_free(u->space);
    cw_free(u);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct cw_udp *u = arg;
    (void)what;

    for (int i = 0; i < BATCH; i++)
        u->msgs[i].msg_hdr.msg_namelen = sizeof u->from[i];
    /* Errors (ICMP of an earlier send, EAGAIN) concern no datagram: the next event tells more. */
    int n = recvmmsg(fd, u->msgs, BATCH, MSG_DONTWAIT, NULL);
    u->is_busy = true;
    for (int i = 0; i < n && !u->is_dead; i++) {
        const struct msghdr *m = &u->msgs[i].msg_hdr;
        struct cw_addr from = cw_addr_of(m->msg_name, m->msg_namelen);
        struct cw_str bytes = {u->iovs[i].iov_base, u->msgs[i].msg_len};
        u->fn(u->arg, bytes, &from);
    }
    u->is_busy = false;
    if (u->is_dead)
        give_back(u);
}

static int open_bound(const struct cw_addr *addr)
{
    const int on = 1, size = KERNEL_BUFFER;
    int fd = socket(addr->ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* Best effort: the system may allow less. */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if ((addr->ss.ss_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
        bind(fd, (const struct sockaddr *)&addr->ss, addr->len) < 0) {
        int err = errno;
        close(fd);
        errno = err;
        return -1;
    }
    return fd;
}

struct cw_udp *cw_udp_new(struct event_base *base, const struct cw_addr *addr, cw_udp_fn *fn,
                          void *arg, struct cw_buf *why)
{
    int fd = open_bound(addr);
    if (fd < 0) {
        int err = errno;
        struct cw_arena arena = {0};
        struct cw_str text = cw_addr_text(&arena, addr);
        cw_buf_printf(why, "cannot use UDP on %.*s: %s", CW_ARG(text),
                      err == EADDRINUSE ? "the address is in use by another process"
                                        : strerror(err));
        cw_arena_free(&arena);
        return NULL;
    }
    struct cw_udp *u = cw_alloc(sizeof *u);
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof ss;
    u->fd = fd;
    u->fn = fn;
    u->arg = arg;
    if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
        u->addr = cw_addr_of((struct sockaddr *)&ss, len);
    u->space = cw_alloc((size_t)BATCH * MAX_DATAGRAM);
    for (int i = 0; i < BATCH; i++) {
        u->iovs[i] = (struct iovec){u->space + (size_t)i * MAX_DATAGRAM, MAX_DATAGRAM};
        u->msgs[i].msg_hdr.msg_iov = &u->iovs[i];
        u->msgs[i].msg_hdr.msg_iovlen = 1;
        u->msgs[i].msg_hdr.msg_name = &u->from[i];
    }
    u->event = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, u);
    cw_assert(u->event && event_add(u->event, NULL) == 0);
    return u;
}

enum cw_err cw_udp_send(struct cw_udp *u, struct cw_str bytes, const struct cw_addr *to)
{
    if (sendto(u->fd, bytes.p, bytes.n, MSG_DONTWAIT, (const struct sockaddr *)&to->ss, to->len) >=
        0)
        return CW_OK;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? CW_ERR_LIMIT : CW_ERR_IO;
}

const struct cw_addr *cw_udp_addr(const struct cw_udp *u)
{
    return &u->addr;
}

bool cw_udp_towards(const struct cw_addr *peer, struct cw_addr *out)
{
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof ss;
    int fd = socket(peer->ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (const struct sockaddr *)&peer->ss, peer->len) == 0 &&
              getsockname(fd, (struct sockaddr *)&ss, &len) == 0;
    if (fd >= 0)
        close(fd);
    if (ok)
        *out = cw_addr_of((struct sockaddr *)&ss, len);
    return ok;
}

void cw_udp_free(struct cw_udp **udp)
{
    struct cw_udp *u = *udp;
    if (!u)
        return;
    *udp = NULL;
    event_free(u->event);
    close(u->fd);
    if (u->is_busy)
        u->is_dead = true;
    else
        give_back(u);
}
