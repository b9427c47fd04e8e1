/* See harness.h. */
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

void turn(struct event_base *base)
{
    const struct timeval tick = {0, 10000};
    event_base_once(base, -1, EV_TIMEOUT, nothing, NULL, &tick);
    event_base_loop(base, EVLOOP_ONCE);
}

void run_for(struct event_base *base, uint64_t ms)
{
    uint64_t until = cw_now_ms() + ms;
    while (cw_now_ms() < until)
        turn(base);
}

static bool free_in(struct side *s, const char *place)
{
    if (!s->when || strcmp(s->when, place) != 0)
        return false;
    cw_conn_free(&s->conn);
    return true;
}

static void on_connected(void *arg)
{
    struct side *s = arg;
    s->n_connected++;
    free_in(s, "connected");
}

static void on_data(void *arg, struct cw_str bytes)
{
    struct side *s = arg;
    cw_buf_puts(&s->in, bytes);
    if (!free_in(s, "data") && s->then)
        s->then(s);
}

static void copy(char *to, size_t n, struct cw_str from)
{
    snprintf(to, n, "%.*s", CW_ARG(from));
}

static void on_tls_up(void *arg, const struct cw_tls_facts *f)
{
    struct side *s = arg;
    s->n_tls_up++;
    s->has_cert = f->cert.present;
    s->has_chain = f->chain != NULL;
    s->chain_ok = f->cert.chain_ok;
    s->fault = f->cert.fault;
    s->staple = f->staple;
    copy(s->reason, sizeof s->reason, f->cert.chain_reason);
    copy(s->version, sizeof s->version, f->version);
    copy(s->cipher, sizeof s->cipher, f->cipher);
    copy(s->alpn, sizeof s->alpn, f->alpn);
    free_in(s, "tls");
}

static void on_tls_failed(void *arg, struct cw_str sentence)
{
    struct side *s = arg;
    s->n_tls_failed++;
    copy(s->sentence, sizeof s->sentence, sentence);
    free_in(s, "tls-failed");
}

static void on_drained(void *arg)
{
    struct side *s = arg;
    s->n_drained++;
    free_in(s, "drained");
}

static void on_closed(void *arg, enum cw_conn_end end, struct cw_str sentence)
{
    struct side *s = arg;
    s->n_closed++;
    s->end = end;
    copy(s->sentence, sizeof s->sentence, sentence);
    free_in(s, "closed");
}

const struct cw_conn_callbacks side_callbacks = {
    .on_connected = on_connected,
    .on_data = on_data,
    .on_tls_up = on_tls_up,
    .on_tls_failed = on_tls_failed,
    .on_drained = on_drained,
    .on_closed = on_closed,
};

void side_end(struct side *s)
{
    cw_conn_free(&s->conn);
    cw_buf_free(&s->in);
}

static void on_accept(void *arg, int fd, const struct cw_addr *peer)
{
    struct pair *p = arg;
    assert_null(p->b.conn);
    p->b.conn = cw_conn_accept(p->base, fd, peer, &side_callbacks, &p->b);
}

void pair_start(struct pair *p)
{
    struct cw_buf why = {0};
    struct cw_addr any;
    memset(p, 0, sizeof *p);
    signal(SIGPIPE, SIG_IGN);
    p->base = event_base_new();
    assert_true(cw_addr_parse(CW_S("127.0.0.1:0"), 0, &any));
    p->listener = cw_listener_new(p->base, &any, on_accept, p, &why);
    assert_non_null(p->listener);
    p->a.conn =
        cw_conn_connect(p->base, cw_listener_addr(p->listener), 1000, &side_callbacks, &p->a);
    assert_int_equal(p->a.n_connected, 0); /* never from inside the call */
    RUN_UNTIL(p->base, p->a.n_connected && p->b.conn);
}

void pair_stop(struct pair *p)
{
    side_end(&p->a);
    side_end(&p->b);
    cw_listener_free(&p->listener);
    event_base_free(p->base);
}

/* A port free for UDP and TCP at this moment. */
static unsigned free_port(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    close(fd);
    return ntohs(in.sin_port);
}

static bool is_answering(unsigned port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = connect(fd, (struct sockaddr *)&in, sizeof in) == 0;
    close(fd);
    return ok;
}

void dns_server_start(struct dns_server *d, const char *const *options, size_t n)
{
    char port_option[20];
    const char *argv[64] = {"/usr/sbin/dnsmasq",
                            "--keep-in-foreground",
                            "--no-hosts",
                            "--no-resolv",
                            "--conf-file=/dev/null",
                            "--bind-interfaces",
                            "--listen-address=127.0.0.1",
                            "--user=",
                            "--group=",
                            "--pid-file",
                            "--local=/test/",
                            "--no-daemon",
                            port_option};
    unsigned port = free_port();
    size_t argc = 13;
    snprintf(port_option, sizeof port_option, "--port=%u", port);
    snprintf(d->address, sizeof d->address, "127.0.0.1:%u", port);
    assert_true(argc + n < 64);
    for (size_t i = 0; i < n; i++)
        argv[argc++] = options[i];
    d->pid = fork();
    if (d->pid == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(126);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    for (int i = 0; i < 200 && !is_answering(port); i++)
        usleep(10000);
    assert_true(is_answering(port));
}

void signed_zones_start(struct dns_server *d, const char *directory, const char *zones)
{
    unsigned port = free_port();
    char text[20];
    snprintf(text, sizeof text, "%u", port);
    snprintf(d->address, sizeof d->address, "127.0.0.1:%u", port);
    d->pid = fork();
    if (d->pid == 0) {
        if (!freopen("/dev/null", "w", stderr) || chdir(SOURCE_ROOT) != 0)
            _exit(126);
        execl("/usr/bin/python3", "python3", "-m", "lab.signedzone", directory, "127.0.0.1", text,
              zones, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 1000 && !is_answering(port); i++)
        usleep(10000);
    assert_true(is_answering(port));
}

void dns_server_stop(struct dns_server *d)
{
    kill(d->pid, SIGTERM);
    waitpid(d->pid, NULL, 0);
}

int silent_server(char address[40])
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    snprintf(address, 40, "127.0.0.1:%u", ntohs(in.sin_port));
    return fd;
}
