/* The octets to and from the directory; see directory_priv.h.  libldap has sockets and TLS of its
 * own, but as Debian builds it a server that falls silent within the handshake is waited for in
 * vain, at full speed.  Here each wait ends when the question's time is over. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "panel/directory_priv.h"

static int left_ms(const struct panel_wire *wire)
{
    uint64_t now = cw_now_ms();
    return now < wire->until_ms ? (int)(wire->until_ms - now) : 0;
}

/* False, with errno: the time is over. */
static bool wait_for(const struct panel_wire *wire, short events)
{
    struct pollfd wait = {.fd = wire->fd, .events = events};
    if (poll(&wait, 1, left_ms(wire)) == 1)
        return true;
    errno = ETIMEDOUT;
    return false;
}

/* --- TCP --------------------------------------------------------------------------------------*/

/* False: errno says why not, and there is no socket. */
static bool connect_to(struct panel_wire *wire, const struct addrinfo *address, int timeout_ms)
{
    wire->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (wire->fd < 0)
        return false;
    struct pollfd wait = {.fd = wire->fd, .events = POLLOUT};
    int err = connect(wire->fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    socklen_t n = sizeof err;
    if (err == EINPROGRESS && poll(&wait, 1, timeout_ms) == 1)
        (void)getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &err, &n);
    else if (err == EINPROGRESS)
        err = ETIMEDOUT;
    if (!err)
        return true;
    close(wire->fd);
    wire->fd = -1;
    errno = err;
    return false;
}

/* Each of the name's addresses in turn; each gets its part of the time that is left. */
const char *panel_wire_connect(struct panel_wire *wire, const struct cw_ldap_config *config)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct cw_arena arena = {0};
    struct addrinfo *list = NULL, *at;
    int n = 0;
    int code =
        getaddrinfo(config->host.p, cw_arena_printf(&arena, "%u", config->port).p, &hints, &list);
    cw_arena_free(&arena);
    if (code != 0)
        return gai_strerror(code);
    for (at = list; at; at = at->ai_next)
        n++;
    for (at = list; at && wire->fd < 0; at = at->ai_next)
        (void)connect_to(wire, at, left_ms(wire) / n--);
    int err = errno;
    freeaddrinfo(list);
    return wire->fd < 0 ? strerror(err) : NULL;
}

/* --- TLS --------------------------------------------------------------------------------------*/

static const char *openssl_error(void)
{
    unsigned long err = ERR_peek_last_error();
    const char *text = ERR_SYSTEM_ERROR(err) ? NULL : ERR_reason_error_string(err);
    ERR_clear_error();
    return text ? text : "the connection was lost";
}

/* True: the call is to be made again.  False: errno, and nothing more can be read or written. */
static bool wait_for_tls(struct panel_wire *wire, int result)
{
    switch (SSL_get_error(wire->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(wire, POLLIN);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(wire, POLLOUT);
    default:
        errno = ECONNRESET;
        return false;
    }
}

static bool set_name(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    struct in6_addr address;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* Made for each connection: an exchanged CA file counts from the next one on. */
static SSL *new_tls(const struct cw_ldap_config *config, int fd)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    bool has_ca = !cw_str_is_empty(config->ca);
    bool ok = ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
              (has_ca ? SSL_CTX_load_verify_file(ctx, config->ca.p) == 1
                      : SSL_CTX_set_default_verify_paths(ctx) == 1);
    SSL *ssl = NULL;
    if (ok) {
        SSL_CTX_set_security_level(ctx, 2);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        ssl = SSL_new(ctx);
    }
    SSL_CTX_free(ctx);
    if (ssl && set_name(ssl, config->host.p) && SSL_set_fd(ssl, fd) == 1)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

const char *panel_wire_begin_tls(struct panel_wire *wire, const struct cw_ldap_config *config)
{
    int result;
    ERR_clear_error();
    wire->ssl = new_tls(config, wire->fd);
    if (!wire->ssl)
        return cw_str_is_empty(config->ca) ? openssl_error() : "the CA file cannot be used";
    while ((result = SSL_connect(wire->ssl)) != 1 && wait_for_tls(wire, result))
        ;
    if (result == 1)
        return NULL;
    long verdict = SSL_get_verify_result(wire->ssl);
    bool is_late = errno == ETIMEDOUT;
    SSL_free(wire->ssl);
    wire->ssl = NULL;
    wire->is_dead = true;
    if (verdict != X509_V_OK)
        return X509_verify_cert_error_string(verdict);
    return is_late ? strerror(ETIMEDOUT) : openssl_error();
}

void panel_wire_close(struct panel_wire *wire)
{
    SSL_free(wire->ssl);
    if (wire->fd >= 0)
        close(wire->fd);
    *wire = (struct panel_wire){.fd = -1};
}

/* --- as libldap calls it ----------------------------------------------------------------------*/

static ber_slen_t read_some(Sockbuf_IO_Desc *io, void *to, ber_len_t n)
{
    struct panel_wire *wire = io->sbiod_pvt;
    ssize_t got = -1;
    ERR_clear_error();
    while (!wire->is_dead) {
        got = wire->ssl ? SSL_read(wire->ssl, to, (int)n) : recv(wire->fd, to, n, 0);
        if (got > 0 || (got == 0 && !wire->ssl))
            break;
        bool again =
            wire->ssl ? wait_for_tls(wire, (int)got) : errno == EAGAIN && wait_for(wire, POLLIN);
        wire->is_dead = !again;
        got = -1;
    }
    return got;
}

static ber_slen_t write_some(Sockbuf_IO_Desc *io, void *from, ber_len_t n)
{
    struct panel_wire *wire = io->sbiod_pvt;
    ssize_t put = -1;
    ERR_clear_error();
    while (!wire->is_dead) {
        put = wire->ssl ? SSL_write(wire->ssl, from, (int)n) : send(wire->fd, from, n, 0);
        if (put > 0)
            break;
        bool again =
            wire->ssl ? wait_for_tls(wire, (int)put) : errno == EAGAIN && wait_for(wire, POLLOUT);
        wire->is_dead = !again;
        put = -1;
    }
    return put;
}

static int set_up(Sockbuf_IO_Desc *io, void *wire)
{
    io->sbiod_pvt = wire;
    return 0;
}

/* Octets that TLS has taken from the socket already: no use to wait for more there. */
static int control(Sockbuf_IO_Desc *io, int option, void *arg)
{
    const struct panel_wire *wire = io->sbiod_pvt;
    (void)arg;
    return option == LBER_SB_OPT_DATA_READY && wire->ssl && SSL_pending(wire->ssl) > 0;
}

/* The socket is ours to close. */
static int do_nothing(Sockbuf_IO_Desc *io)
{
    (void)io;
    return 0;
}

static Sockbuf_IO layer = {.sbi_setup = set_up,
                           .sbi_remove = do_nothing,
                           .sbi_ctrl = control,
                           .sbi_read = read_some,
                           .sbi_write = write_some,
                           .sbi_close = do_nothing};

bool panel_wire_attach(struct panel_wire *wire, Sockbuf *buffer)
{
    return ber_sockbuf_add_io(buffer, &layer, LBER_SBIOD_LEVEL_PROVIDER, wire) == 0;
}
