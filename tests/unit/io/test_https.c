/* Documents by HTTPS, from a web server of our own: what comes, what is refused, and when it ends.
 */
#include "certs.h"
#include "harness.h"
#include "revocation.h"

#include "io/https.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char *const zone[] = {
    "--host-record=web.test,127.0.0.1",      "--host-record=wrong.test,127.0.0.1",
    "--host-record=nobody.test,127.0.0.9",   "--host-record=two.test,127.0.0.9",
    "--host-record=two.test,127.0.0.1",      "--host-record=v6.test,::1",
    "--host-record=refused.test,127.0.0.66",
};

/* A certificate each; all of them answer alike. */
enum which { GOOD, SELF_SIGNED, EXPIRED, OLD_TLS, ONLY_CN, CLIENT, REVOKED, N_SERVERS };

static struct {
    struct event_base *base;
    struct dns_server dns;
    struct cw_resolver *resolver;
    struct dir dir;
    struct cw_tls_ctx *tls, *with_crl;
    SSL_CTX *ssl[N_SERVERS];
    struct evhttp *http[N_SERVERS];
    uint16_t port[N_SERVERS];
    int n_requests;
    char host[100], cookie[100];
} world;

/* --- the web server ---------------------------------------------------------------------------*/

static struct bufferevent *on_connection(struct event_base *base, void *ssl)
{
    return bufferevent_openssl_socket_new(base, -1, SSL_new(ssl), BUFFEREVENT_SSL_ACCEPTING,
                                          BEV_OPT_CLOSE_ON_FREE);
}

static void answer_bytes(struct evhttp_request *req, size_t n)
{
    struct evbuffer *body = evbuffer_new();
    for (size_t i = 0; i < n; i++)
        evbuffer_add(body, "x", 1);
    evhttp_send_reply(req, 200, "OK", body);
    evbuffer_free(body);
}

static void redirect(struct evhttp_request *req, int status, const char *to)
{
    evhttp_add_header(evhttp_request_get_output_headers(req), "Location", to);
    evhttp_add_header(evhttp_request_get_output_headers(req), "Set-Cookie", "a=b");
    evhttp_send_reply(req, status, "Elsewhere", NULL);
}

static void answer_chunks(struct evhttp_request *req)
{
    struct evbuffer *chunk = evbuffer_new();
    evhttp_send_reply_start(req, 200, "OK");
    for (int i = 0; i < 3; i++) {
        evbuffer_add(chunk, "part ", 5);
        evhttp_send_reply_chunk(req, chunk);
    }
    evhttp_send_reply_end(req);
    evbuffer_free(chunk);
}

static void answer_long_header(struct evhttp_request *req)
{
    static char value[CW_HTTPS_MAX_HEADERS + 1];
    memset(value, 'h', sizeof value - 1);
    evhttp_add_header(evhttp_request_get_output_headers(req), "X-Long", value);
    answer_bytes(req, 2);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    const char *uri = evhttp_request_get_uri(req);
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    const char *host = evhttp_find_header(headers, "Host");
    char text[80];
    (void)arg;
    world.n_requests++;
    snprintf(world.host, sizeof world.host, "%s", host ? host : "");
    if (evhttp_find_header(headers, "Cookie"))
        snprintf(world.cookie, sizeof world.cookie, "%s", evhttp_find_header(headers, "Cookie"));
    if (strcmp(uri, "/ok?a=b") == 0 || strcmp(uri, "/") == 0)
        answer_bytes(req, 2);
    else if (strcmp(uri, "/limit") == 0)
        answer_bytes(req, CW_HTTPS_MAX_BODY);
    else if (strcmp(uri, "/big") == 0)
        answer_bytes(req, CW_HTTPS_MAX_BODY + 1);
    else if (strcmp(uri, "/empty") == 0)
        answer_bytes(req, 0);
    else if (strcmp(uri, "/chunks") == 0)
        answer_chunks(req);
    else if (strcmp(uri, "/long-header") == 0)
        answer_long_header(req);
    else if (strcmp(uri, "/here") == 0)
        redirect(req, 302, "/ok?a=b");
    else if (strcmp(uri, "/3") == 0)
        redirect(req, 307, "/2");
    else if (strcmp(uri, "/2") == 0)
        redirect(req, 308, "/1");
    else if (strcmp(uri, "/1") == 0)
        redirect(req, 301, "/ok?a=b");
    else if (strcmp(uri, "/round") == 0)
        redirect(req, 302, "/round");
    else if (strcmp(uri, "/plain") == 0)
        redirect(req, 302, "http://web.test/ok?a=b");
    else if (strcmp(uri, "/nowhere") == 0)
        redirect(req, 302, "");
    else if (strcmp(uri, "/no-scheme") == 0)
        redirect(req, 302, "//web.test/ok?a=b");
    else if (strcmp(uri, "/refused") == 0)
        redirect(req, 302, "https://refused.test/");
    else if (strcmp(uri, "/other") == 0) {
        snprintf(text, sizeof text, "https://wrong.test:%u/", world.port[GOOD]);
        redirect(req, 302, text);
    } else if (strcmp(uri, "/silent") != 0)
        evhttp_send_reply(req, 404, "Not Found", NULL);
}

static void serve(enum which which, const struct cert_spec *spec)
{
    struct issued i = issue(spec);
    struct evhttp_bound_socket *bound;
    world.ssl[which] = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(world.ssl[which], i.cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(world.ssl[which], i.key), 1);
    world.http[which] = evhttp_new(world.base);
    evhttp_set_bevcb(world.http[which], on_connection, world.ssl[which]);
    evhttp_set_gencb(world.http[which], on_request, NULL);
    bound = evhttp_bind_socket_with_handle(world.http[which], "127.0.0.1", 0);
    assert_non_null(bound);
    struct sockaddr_storage ss;
    socklen_t n = sizeof ss;
    getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&ss, &n);
    struct cw_addr addr = cw_addr_of((struct sockaddr *)&ss, n);
    world.port[which] = cw_addr_port(&addr);
    if (which == REVOKED)
        crl_write(spec->issuer, &i, 1, &world.dir, "ca");
    issued_free(&i);
}

static int make_world(void **state)
{
    const char *address = world.dns.address;
    char path[128];
    struct cw_buf why = {0};
    struct issued ca = issue(&(struct cert_spec){.cn = "Web CA", .is_ca = true});
    /* It publishes no list of revoked certificates. */
    struct issued quiet = issue(&(struct cert_spec){.cn = "Quiet CA", .is_ca = true});
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    world.base = event_base_new();
    dns_server_start(&world.dns, zone, sizeof zone / sizeof *zone);
    struct cw_resolver_options r = {.base = world.base, .servers = &address, .n_servers = 1};
    world.resolver = cw_resolver_new(&r, &why);
    dir_make(&world.dir);
    issued_write(&ca, &quiet, &world.dir, "ca");
    struct cw_tls_options o = {.ca_file = in_dir(&world.dir, "ca.crt", path)};
    world.tls = cw_tls_ctx_new(&o, &why);
    assert_true(world.resolver && world.tls);
    const char *names = "DNS:web.test,DNS:two.test,DNS:nobody.test";
    serve(GOOD, &(struct cert_spec){.sans = names, .issuer = &quiet});
    serve(SELF_SIGNED, &(struct cert_spec){.sans = names});
    serve(EXPIRED,
          &(struct cert_spec){.sans = names, .issuer = &ca, .days_from = -9, .days_to = -1});
    serve(OLD_TLS, &(struct cert_spec){.sans = names, .issuer = &ca});
    SSL_CTX_set_security_level(world.ssl[OLD_TLS], 0);
    SSL_CTX_set_min_proto_version(world.ssl[OLD_TLS], TLS1_VERSION);
    SSL_CTX_set_max_proto_version(world.ssl[OLD_TLS], TLS1_1_VERSION);
    serve(ONLY_CN, &(struct cert_spec){.cn = "web.test", .issuer = &ca});
    serve(CLIENT, &(struct cert_spec){.sans = names, .issuer = &ca, .eku = "clientAuth"});
    serve(REVOKED, &(struct cert_spec){.sans = names, .issuer = &ca});
    issued_free(&ca);
    issued_free(&quiet);
    char crl[128];
    o.crl_file = in_dir(&world.dir, "ca.crl", crl);
    world.with_crl = cw_tls_ctx_new(&o, &why);
    assert_non_null(world.with_crl);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    for (int i = 0; i < N_SERVERS; i++) {
        evhttp_free(world.http[i]);
        SSL_CTX_free(world.ssl[i]);
    }
    cw_tls_ctx_free(&world.tls);
    cw_tls_ctx_free(&world.with_crl);
    cw_resolver_free(&world.resolver);
    dns_server_stop(&world.dns);
    dir_remove(&world.dir);
    event_base_free(world.base);
    return 0;
}

/* --- asking it --------------------------------------------------------------------------------*/

struct heard {
    int n;
    bool ok;
    unsigned status;
    size_t n_bytes;
    char sentence[400];
};

static void on_answer(void *arg, const struct cw_https_answer *a)
{
    struct heard *h = arg;
    h->n++;
    h->ok = a->ok;
    h->status = a->status;
    h->n_bytes = a->body.n;
    snprintf(h->sentence, sizeof h->sentence, "%.*s", CW_ARG(a->sentence));
}

/* 127.0.0.66 must not be connected to. */
static bool may_connect(void *arg, const struct cw_addr *addr)
{
    struct cw_arena a = {0};
    bool may = !cw_str_eq_cstr(cw_addr_ip(&a, addr), "127.0.0.66");
    (void)arg;
    cw_arena_free(&a);
    return may;
}

static const struct {
    const char *name, *url;
    enum which which;
    unsigned status;
    size_t n_bytes;
    const char *fault; /* NULL: a document */
} rows[] = {
    {"a document", "https://web.test/ok?a=b", GOOD, 200, 2, NULL},
    {"no path", "https://web.test", GOOD, 200, 2, NULL},
    {"scheme and host in capitals", "HTTPS://WEB.test/ok?a=b", GOOD, 200, 2, NULL},
    {"a fragment stays here", "https://web.test/ok?a=b#c", GOOD, 200, 2, NULL},
    {"an empty document", "https://web.test/empty", GOOD, 200, 0, NULL},
    {"in chunks", "https://web.test/chunks", GOOD, 200, 15, NULL},
    {"just small enough", "https://web.test/limit", GOOD, 200, CW_HTTPS_MAX_BODY, NULL},
    {"too large", "https://web.test/big", GOOD, 0, 0, "more than 64 KiB"},
    {"header too long", "https://web.test/long-header", GOOD, 0, 0, "too long"},
    {"not there", "https://web.test/missing", GOOD, 404, 0, "/missing answered 404"},
    {"the second address", "https://two.test/", GOOD, 200, 2, NULL},
    {"nobody listens", "https://nobody.test/", GOOD, 0, 0, "cannot be connected to: "},
    {"no such host", "https://gone.test/", GOOD, 0, 0, "cannot be found: gone.test does not exist"},
    {"a refused address", "https://refused.test/", GOOD, 0, 0, "the settings refuse"},

    {"redirect to a path", "https://web.test/here", GOOD, 200, 2, NULL},
    {"three redirects", "https://web.test/3", GOOD, 200, 2, NULL},
    {"round and round", "https://web.test/round", GOOD, 302, 0, "more than three times"},
    {"redirect to http", "https://web.test/plain", GOOD, 302, 0, "else than an https URL"},
    {"redirect to nothing", "https://web.test/nowhere", GOOD, 302, 0, "else than an https URL"},
    {"redirect without scheme", "https://web.test/no-scheme", GOOD, 302, 0, "than an https URL"},
    {"redirect to a refused address", "https://web.test/refused", GOOD, 302, 0, "settings refuse"},
    {"redirect to a wrong name", "https://web.test/other", GOOD, 0, 0, "ostname mismatch"},

    {"the wrong name", "https://wrong.test/", GOOD, 0, 0, "no good certificate: hostname mismatch"},
    {"self-signed", "https://web.test/", SELF_SIGNED, 0, 0, "certificate: self-signed"},
    {"expired", "https://web.test/", EXPIRED, 0, 0, "certificate has expired"},
    {"the name as CN only", "https://web.test/", ONLY_CN, 0, 0, "ostname mismatch"},
    {"made for clients", "https://web.test/", CLIENT, 0, 0, "purpose"},
    {"TLS 1.1", "https://web.test/", OLD_TLS, 0, 0, "fails in TLS: "},

    {"plain http", "http://web.test/", GOOD, 0, 0, "no https URL"},
    {"no host", "https:///ok", GOOD, 0, 0, "no https URL"},
    {"somebody's password", "https://a:b@web.test/", GOOD, 0, 0, "no https URL"},
    {"port 0", "https://web.test:0/", GOOD, 0, 0, "no https URL"},
    {"a line break", "https://web.test/\r\nX: y", GOOD, 0, 0, "no https URL"},
    {"an empty URL", "", GOOD, 0, 0, "no https URL"},
};

static struct cw_https *ask_with(const struct cw_tls_ctx *tls, const char *url, enum which which,
                                 uint64_t timeout_ms, struct heard *h)
{
    const struct cw_https_ask a = {
        .resolver = world.resolver,
        .tls = tls,
        .url = cw_str_of(url),
        .port = world.port[which],
        .timeout_ms = timeout_ms,
        .may_connect = may_connect,
        .arg = h,
    };
    return cw_https_get(&a, on_answer);
}

static struct cw_https *ask(const char *url, enum which which, uint64_t timeout_ms, struct heard *h)
{
    return ask_with(world.tls, url, which, timeout_ms, h);
}

static void answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard h = {0};
        ask(rows[i].url, rows[i].which, 0, &h);
        assert_int_equal(h.n, 0);
        RUN_UNTIL(world.base, h.n > 0);
        if (h.ok == (rows[i].fault != NULL) || h.status != rows[i].status ||
            h.n_bytes != rows[i].n_bytes || (rows[i].fault && !strstr(h.sentence, rows[i].fault)))
            fail_msg("%s: %s, status %u, %zu octets: %s", rows[i].name, h.ok ? "ok" : "refused",
                     h.status, h.n_bytes, h.sentence);
        run_for(world.base, 20);
        assert_int_equal(h.n, 1);
    }
    assert_string_equal(world.cookie, "");
}

/* The edge's list of revoked certificates counts here too. */
static void revoked(void **state)
{
    struct heard unknown = {0}, known = {0}, other = {0};
    (void)state;
    ask("https://web.test/", REVOKED, 0, &unknown);
    ask_with(world.with_crl, "https://web.test/", REVOKED, 0, &known);
    ask_with(world.with_crl, "https://web.test/", GOOD, 0, &other);
    RUN_UNTIL(world.base, unknown.n && known.n && other.n);
    assert_true(unknown.ok && !known.ok && other.ok);
    assert_non_null(strstr(known.sentence, "certificate revoked"));
}

static void names_host(void **state)
{
    struct heard h = {0};
    char expected[60];
    (void)state;
    ask("https://web.test/", GOOD, 0, &h);
    RUN_UNTIL(world.base, h.n > 0);
    snprintf(expected, sizeof expected, "web.test:%u", world.port[GOOD]);
    assert_string_equal(world.host, expected);
}

/* A web server that takes the request and says nothing. */
static void ends_in_time(void **state)
{
    struct heard h = {0};
    uint64_t from_ms = cw_now_ms();
    (void)state;
    ask("https://web.test/silent", GOOD, 300, &h);
    RUN_UNTIL(world.base, h.n > 0);
    assert_false(h.ok);
    assert_non_null(strstr(h.sentence, "does not answer in time"));
    assert_in_range(cw_now_ms() - from_ms, 290, 1500);
}

/* Whenever it is cancelled, nothing comes and nothing is lost. */
static void cancelled(void **state)
{
    (void)state;
    for (int turns = 0; turns < 12; turns++) {
        struct heard h = {0};
        struct cw_https *request = ask("https://web.test/silent", GOOD, 0, &h);
        for (int i = 0; i < turns; i++)
            turn(world.base);
        cw_https_cancel(&request);
        assert_null(request);
        run_for(world.base, 20);
        assert_int_equal(h.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(revoked),
                                       cmocka_unit_test(names_host), cmocka_unit_test(ends_in_time),
                                       cmocka_unit_test(cancelled)};

    return cmocka_run_group_tests(tests, make_world, end_world);
}
