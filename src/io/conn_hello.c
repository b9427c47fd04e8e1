/* Before a server's handshake: the client's hello stays in the kernel until all of its record is
 * there (RFC 8446 section 5.1), so that one who begins a handshake and falls silent, or drips it,
 * costs a socket.  The kernel wakes us when enough has come (SO_RCVLOWAT), not at every byte. */
#include "io/conn_priv.h"

#include <errno.h>
#include <sys/socket.h>

enum { HEAD_BYTES = 5, MAJOR_VERSION = 3, MAX_BYTES = 16384 };

/* True: the kernel wakes us no sooner. */
static bool wait_for(const struct cw_conn *c, int bytes)
{
    return setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes) == 0;
}

/* How many bytes the handshake needs to begin with, by the n that are there. */
static size_t needed(const unsigned char *head, size_t n)
{
    if (n < HEAD_BYTES || head[1] != MAJOR_VERSION)
        return HEAD_BYTES; /* or it is no TLS, which OpenSSL tells by the head */
    size_t whole = HEAD_BYTES + (size_t)head[3] * 256 + head[4];
    return whole < MAX_BYTES ? whole : MAX_BYTES;
}

bool cw_conn_has_hello(struct cw_conn *c)
{
    unsigned char bytes[MAX_BYTES];
    if (c->ssl)
        return true;
    ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_PEEK);
    bool is_nothing = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    size_t there = n > 0 ? (size_t)n : 0;
    size_t needs = needed(bytes, there);
    /* Woken although there is less than was asked for: the peer has ended, there will be no more.
     * What that means is OpenSSL's to say, as in every case that is none of ours. */
    bool is_last = (n <= 0 && !is_nothing) || (there > 0 && there < c->hello_needs);
    if (there < needs && !is_last && wait_for(c, (int)needs)) {
        c->hello_needs = needs;
        c->tls_wants_read = true;
        return false;
    }
    (void)wait_for(c, 1);
    cw_conn_tls_accept(c);
    return true;
}
