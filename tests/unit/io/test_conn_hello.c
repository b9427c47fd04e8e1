/* What a server does before the client's hello is there as a whole: nothing. */
#include "certs.h"
#include "harness.h"

#include "io/conn_priv.h"
#include "io/tls.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct cw_tls_ctx *server_ctx(void)
{
    char cert[128], key[128];
    struct dir dir;
    struct cw_buf why = {0};
    struct issued i = issue(&(struct cert_spec){.sans = "DNS:a.example"});
    dir_make(&dir);
    issued_write(&i, NULL, &dir, "a");
    struct cw_tls_options o = {.cert_file = in_dir(&dir, "a.crt", cert),
                               .key_file = in_dir(&dir, "a.key", key),
                               .ca_file = cert};
    struct cw_tls_ctx *ctx = cw_tls_ctx_new(&o, &why);
    assert_non_null(ctx);
    issued_free(&i);
    dir_remove(&dir);
    return ctx;
}

/* A server's connection that waits for a handshake, and a client whose every byte is the test's. */
struct scene {
    struct event_base *base;
    struct cw_tls_ctx *ctx;
    struct side server;
    int fd;
    SSL_CTX *client_ctx;
    SSL *client;
};

static void connect_both(struct scene *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *addr = (struct sockaddr *)&at;
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, addr, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, addr, &len), 0);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(s->fd, addr, len), 0);
    int accepted = accept(listener, NULL, NULL);
    struct cw_addr peer = cw_addr_of(addr, len);
    s->server.conn = cw_conn_accept(s->base, accepted, &peer, &side_callbacks, &s->server);
    close(listener);
}

static void scene_start(struct scene *s)
{
    *s = (struct scene){.base = event_base_new(), .ctx = server_ctx()};
    connect_both(s);
    cw_conn_start_tls(s->server.conn, &(struct cw_tls_start){.ctx = s->ctx, .is_server = true});
    s->client_ctx = SSL_CTX_new(TLS_client_method());
    s->client = SSL_new(s->client_ctx);
    SSL_set_connect_state(s->client);
    SSL_set_bio(s->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    run_for(s->base, 20);
}

static void scene_end(struct scene *s)
{
    side_end(&s->server);
    SSL_free(s->client);
    SSL_CTX_free(s->client_ctx);
    close(s->fd);
    cw_tls_ctx_free(&s->ctx);
    event_base_free(s->base);
}

/* What the client wants to send now. */
static size_t client_says(struct scene *s, char *bytes, size_t max)
{
    (void)SSL_do_handshake(s->client);
    int n = BIO_read(SSL_get_wbio(s->client), bytes, (int)max);
    return n > 0 ? (size_t)n : 0;
}

static void client_hears(struct scene *s)
{
    char bytes[4096];
    ssize_t n;
    while ((n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        assert_int_equal(BIO_write(SSL_get_rbio(s->client), bytes, (int)n), n);
}

static bool has_begun(const struct scene *s)
{
    return s->server.conn->ssl != NULL;
}

static void test_dripped(void **state)
{
    struct scene s;
    char hello[4096], answer[4096];
    (void)state;
    scene_start(&s);
    size_t n = client_says(&s, hello, sizeof hello);
    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        assert_false(has_begun(&s));
        assert_int_equal(send(s.fd, hello + i, 1, 0), 1);
        if (i < 8 || i > n - 3 || i % 50 == 0)
            run_for(s.base, 15);
    }
    RUN_UNTIL(s.base, has_begun(&s));
    /* From here on the kernel wakes us for little things again. */
    while (s.server.n_tls_up == 0 && !s.server.n_closed) {
        client_hears(&s);
        n = client_says(&s, answer, sizeof answer);
        if (n > 0)
            assert_int_equal(send(s.fd, answer, n, 0), n);
        turn(s.base);
    }
    assert_int_equal(s.server.n_tls_up, 1);
    assert_int_equal(SSL_write(s.client, "x", 1), 1);
    n = client_says(&s, answer, sizeof answer);
    assert_int_equal(send(s.fd, answer, n, 0), n);
    RUN_UNTIL(s.base, s.server.in.n == 1);
    scene_end(&s);
}

/* Bytes of which it is known early that no hello will come of them. */
static const struct row {
    const char *name;
    struct cw_str bytes;
    bool ends; /* the client closes behind them */
} rows[] = {
    {"plain text", CW_STR("GET / HTTP/1.1\r\n\r\n"), false},
    {"five octets of plain text", CW_STR("<iq/>"), false},
    {"one octet of plain text and the end", CW_STR("<"), true},
    {"another protocol's version", CW_STR("\x16\x05\x01\x02\x00"), false},
    {"an alert", CW_STR("\x15\x03\x01\x00\x02\x02\x28"), false},
    {"nothing and the end", CW_STR(""), true},
    {"two octets and the end", CW_STR("\x16\x03"), true},
    {"half a record and the end", CW_STR("\x16\x03\x01\x00\x40\x01\x00"), true},
    {"an empty record", CW_STR("\x16\x03\x01\x00\x00"), true},
};

static void test_none_will_come(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene s;
        print_message("%s\n", rows[i].name);
        scene_start(&s);
        assert_int_equal(send(s.fd, rows[i].bytes.p, rows[i].bytes.n, 0), rows[i].bytes.n);
        if (rows[i].ends)
            shutdown(s.fd, SHUT_WR);
        RUN_UNTIL(s.base, s.server.n_closed);
        assert_int_equal(s.server.n_tls_failed, 1);
        assert_int_equal(s.server.end, CW_CONN_END_TLS);
        assert_null(strstr(s.server.sentence, "too long"));
        scene_end(&s);
    }
}

/* An unfinished one waits for the handshake's end, without work. */
static void test_unfinished(void **state)
{
    struct scene s;
    (void)state;
    scene_start(&s);
    assert_int_equal(send(s.fd, "\x16\x03\x01\x02\x00\x01", 6, 0), 6);
    run_for(s.base, 20);
    uint64_t until_ms = cw_now_ms() + 50;
    unsigned n_turns = 0;
    while (cw_now_ms() < until_ms) {
        turn(s.base);
        n_turns++;
    }
    assert_true(n_turns < 20); /* 10 ms each: nothing wakes the loop */
    assert_false(has_begun(&s));
    assert_int_equal(s.server.n_closed, 0);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dripped),
        cmocka_unit_test(test_none_will_come),
        cmocka_unit_test(test_unfinished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
