/* Secure, insecure and bogus, from a real server with signed zones (lab/signedzone.py). */
#include "certs.h"
#include "harness.h"

#include "io/target.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SRV(port, host) "\"_xmpp-server._tcp SRV 0 5 " port " " host "\""

static const char zones[] = "{\"good.test\": {\"records\": [" SRV(
    "5269",
    "mx") ", "
          "\"_xmpps-server._tcp SRV 5 5 5270 mx\", \"mx A 127.0.0.2\", \"mx AAAA ::2\", "
          "\"_5269._tcp.mx TLSA 3 1 1 aabb\", \"_5269._tcp.mx TLSA 3 1 1 ccdd\", "
          "\"_5270._tcp.mx TXT text\"]},"
          "\"plain.test\": {\"is_signed\": false, \"records\": [" SRV(
              "5269",
              "mx") ", "
                    "\"mx A 127.0.0.3\", \"own A 127.0.0.8\", \"_5269._tcp.mx TLSA 3 1 1 aabb\"]},"
                    "\"half.test\": {\"records\": [" SRV(
                        "5269",
                        "mx.plain.test.") "]},"
                                          "\"mixed.test\": {\"is_signed\": false, \"records\": [" SRV(
                                              "5269",
                                              "mx.good.test.") "]},"
                                                               "\"nosrv.test\": {\"records\": [\"@ A 127.0.0.4\"]},"
                                                               "\"badsrv.test\": {\"broken\": [\"SRV\"], \"records\": [" SRV(
                                                                   "5269",
                                                                   "mx") ", "
                                                                         "\"mx A 127.0.0.5\"]},"
                                                                         "\"badaddr.test\": {\"broken\": [\"A\"], \"records\": [" SRV(
                                                                             "5269",
                                                                             "mx") ", "
                                                                                   "\"mx A 127.0.0.6\", \"mx AAAA ::6\"]},"
                                                                                   "\"badtlsa.test\": {\"broken\": [\"TLSA\"], \"records\": [" SRV(
                                                                                       "5269",
                                                                                       "mx") ", "
                                                                                             "\"mx A 127.0.0.7\", \"_5269._tcp.mx TLSA 3 1 1 aabb\"]}}";

static struct dir dir;
static struct event_base *base;
static struct cw_resolver *validating, *trusting;
static struct dns_server server;

static struct cw_resolver *resolver_at(const char *address, const char *anchor)
{
    struct cw_buf why = {0};
    struct cw_resolver_options o = {
        .base = base, .servers = &address, .n_servers = 1, .trust_anchor_file = anchor};
    struct cw_resolver *r = cw_resolver_new(&o, &why);
    if (!r)
        fail_msg("%.*s", CW_ARG(cw_buf_str(&why)));
    return r;
}

static struct cw_resolver *resolver_with(const char *anchor)
{
    return resolver_at(server.address, anchor);
}

static int set_up(void **state)
{
    char path[128];
    (void)state;
    base = event_base_new();
    dir_make(&dir);
    FILE *f = fopen(in_dir(&dir, "zones.json", path), "w");
    assert_non_null(f);
    fputs(zones, f);
    fclose(f);
    signed_zones_start(&server, dir.path, path);
    validating = resolver_with(in_dir(&dir, "anchor.key", path));
    trusting = resolver_with(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cw_resolver_free(&validating);
    cw_resolver_free(&trusting);
    dns_server_stop(&server);
    dir_remove(&dir);
    event_base_free(base);
    return 0;
}

struct heard {
    int n;
    char text[300];
};

/* "ok secure 2", ... */
static void on_answer(void *arg, const struct cw_dns_answer *a)
{
    struct heard *h = arg;
    h->n++;
    int at = snprintf(h->text, sizeof h->text, "%s%s %zu", cw_dns_status_name(a->status),
                      a->is_secure ? " secure" : "", a->n_srvs + a->n_addrs + a->n_tlsas);
    for (size_t i = 0; i < a->n_tlsas; i++)
        at +=
            snprintf(h->text + at, sizeof h->text - (size_t)at, " %u/%u/%u/%zu", a->tlsas[i].usage,
                     a->tlsas[i].selector, a->tlsas[i].matching, a->tlsas[i].data.n);
}

static void answers(void **state)
{
    const struct {
        const char *name;
        enum cw_dns_type type;
        const char *want, *without_anchor;
    } rows[] = {
        {"_xmpp-server._tcp.good.test", CW_DNS_SRV, "ok secure 1", "ok 1"},
        {"mx.good.test", CW_DNS_A, "ok secure 1", "ok 1"},
        {"mx.good.test", CW_DNS_AAAA, "ok secure 1", "ok 1"},
        {"_5269._tcp.mx.good.test", CW_DNS_TLSA, "ok secure 2 3/1/1/2 3/1/1/2",
         "ok 2 3/1/1/2 3/1/1/2"},
        {"_5270._tcp.mx.good.test", CW_DNS_TLSA, "no-data secure 0", "no-data 0"},
        {"none.good.test", CW_DNS_TLSA, "no-domain secure 0", "no-domain 0"},
        {"_xmpp-server._tcp.plain.test", CW_DNS_SRV, "ok 1", "ok 1"},
        {"mx.plain.test", CW_DNS_A, "ok 1", "ok 1"},
        {"_5269._tcp.mx.plain.test", CW_DNS_TLSA, "ok 1 3/1/1/2", "ok 1 3/1/1/2"},
        {"_xmpp-server._tcp.badsrv.test", CW_DNS_SRV, "bogus 0", "ok 1"},
        {"mx.badsrv.test", CW_DNS_A, "ok secure 1", "ok 1"},
        {"mx.badaddr.test", CW_DNS_A, "bogus 0", "ok 1"},
        {"_5269._tcp.mx.badtlsa.test", CW_DNS_TLSA, "bogus 0", "ok 1 3/1/1/2"},
    };
    (void)state;
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
        bool is_validating = i % 2 == 0;
        const char *want = is_validating ? rows[i / 2].want : rows[i / 2].without_anchor;
        struct heard h = {0};
        cw_dns_ask(is_validating ? validating : trusting, rows[i / 2].type,
                   cw_str_of(rows[i / 2].name), on_answer, &h);
        RUN_UNTIL(base, h.n);
        if (strcmp(h.text, want) != 0)
            fail_msg("%s %d: \"%s\", not \"%s\"", rows[i / 2].name, rows[i / 2].type, h.text, want);
    }
}

/* "ok secure 127.0.0.2:5269+": s the SRV record is proved, + an address too, ! direct TLS. */
static void on_list(void *arg, const struct cw_target_list *list)
{
    struct heard *h = arg;
    struct cw_arena arena = {0};
    size_t at =
        (size_t)snprintf(h->text, sizeof h->text, "%s %s", cw_target_status_name(list->status),
                         cw_target_dnssec_name(list->dnssec));
    h->n++;
    for (size_t i = 0; i < list->n; i++)
        at += (size_t)snprintf(h->text + at, sizeof h->text - at, " %s%s%s%s",
                               cw_addr_text(&arena, &list->targets[i].addr).p,
                               list->targets[i].is_direct_tls ? "!" : "",
                               list->targets[i].is_secure ? "s" : "",
                               list->targets[i].has_secure_address ? "+" : "");
    cw_arena_free(&arena);
}

static void targets(void **state)
{
    const struct {
        const char *domain;
        bool with_direct_tls;
        const char *want;
    } rows[] = {
        {"good.test", false, "ok secure [::2]:5269s+ 127.0.0.2:5269s+"},
        {"good.test", true,
         "ok secure [::2]:5269s+ 127.0.0.2:5269s+ [::2]:5270!s+ 127.0.0.2:5270!s+"},
        {"plain.test", false, "ok insecure 127.0.0.3:5269"},
        {"half.test", false, "ok secure 127.0.0.3:5269s"},
        {"mixed.test", false, "ok insecure [::2]:5269 127.0.0.2:5269"},
        {"nosrv.test", true, "ok insecure 127.0.0.4:5269"},
        {"badsrv.test", false, "dns-bogus bogus"},
        {"badaddr.test", false, "dns-bogus bogus"},
        {"badtlsa.test", false, "ok secure 127.0.0.7:5269s+"},
        {"none.test", false, "no-such-domain insecure"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard h = {0};
        struct cw_target_ask ask = {.domain = cw_str_of(rows[i].domain),
                                    .with_direct_tls = rows[i].with_direct_tls};
        cw_target_find(validating, &ask, on_list, &h);
        RUN_UNTIL(base, h.n);
        if (strcmp(h.text, rows[i].want) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].domain, h.text, rows[i].want);
    }
}

/* Hands questions on to the server, but for those for SRV, which fail (SERVFAIL). */
struct relay {
    int fd, server_fd;
    struct event *event;
    char address[40];
};

static bool is_for_srv(const unsigned char *query, ssize_t n)
{
    ssize_t at = 12;
    while (at < n && query[at] != 0)
        at += 1 + query[at];
    return at + 2 < n && query[at + 2] == CW_DNS_SRV;
}

static void on_question(evutil_socket_t fd, short what, void *arg)
{
    struct relay *r = arg;
    unsigned char message[4096];
    struct sockaddr_in client;
    socklen_t len = sizeof client;
    ssize_t n = recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&client, &len);
    (void)what;
    if (is_for_srv(message, n)) {
        message[2] |= 0x80;
        message[3] = 2;
    } else {
        assert_int_equal(send(r->server_fd, message, (size_t)n, 0), n);
        n = recv(r->server_fd, message, sizeof message, 0);
    }
    assert_int_equal(sendto(fd, message, (size_t)n, 0, (struct sockaddr *)&client, len), n);
}

static void relay_start(struct relay *r)
{
    struct cw_addr to;
    struct timeval patience = {5, 0};
    assert_true(cw_addr_parse(cw_str_of(server.address), 0, &to));
    r->fd = silent_server(r->address);
    r->server_fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(connect(r->server_fd, (struct sockaddr *)&to.ss, to.len), 0);
    setsockopt(r->server_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    r->event = event_new(base, r->fd, EV_READ | EV_PERSIST, on_question, r);
    event_add(r->event, NULL);
}

static void relay_stop(struct relay *r)
{
    event_free(r->event);
    close(r->fd);
    close(r->server_fd);
}

/* Whoever drops SRV answers of a signed domain does not choose where we connect to; an unsigned
 * domain is found at its own address as ever. */
static void no_way_round_srv(void **state)
{
    const struct {
        const char *domain;
        bool validates;
        const char *want;
    } rows[] = {
        {"nosrv.test", true, "dns-failed insecure"},
        {"nosrv.test", false, "ok off 127.0.0.4:5269"},
        {"own.plain.test", true, "ok insecure 127.0.0.8:5269"},
    };
    char path[128];
    struct relay relay;
    (void)state;
    relay_start(&relay);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard h = {0};
        struct cw_target_ask ask = {.domain = cw_str_of(rows[i].domain)};
        struct cw_resolver *r =
            resolver_at(relay.address, rows[i].validates ? in_dir(&dir, "anchor.key", path) : NULL);
        cw_target_find(r, &ask, on_list, &h);
        RUN_UNTIL(base, h.n);
        if (strcmp(h.text, rows[i].want) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].domain, h.text, rows[i].want);
        cw_resolver_free(&r);
    }
    relay_stop(&relay);
}

/* The shipped form of the root's key is read too. */
static void anchor_files(void **state)
{
    char path[128];
    struct cw_buf why = {0};
    const char *address = server.address;
    struct cw_resolver_options o = {
        .base = base, .servers = &address, .n_servers = 1, .trust_anchor_file = path};
    (void)state;
    FILE *f = fopen(in_dir(&dir, "broken.key", path), "w");
    fputs("test. IN DS rubbish\n", f);
    fclose(f);
    struct cw_resolver *r = cw_resolver_new(&o, &why);
    assert_null(r);
    assert_true(cw_str_find(cw_buf_str(&why), CW_S("broken.key holds no DNSSEC")) > 0);
    cw_buf_reset(&why);
    in_dir(&dir, "missing.key", path);
    assert_null(cw_resolver_new(&o, &why));
    assert_true(cw_str_find(cw_buf_str(&why), CW_S("missing.key: No such file")) > 0);
    cw_buf_free(&why);
    r = resolver_with("/usr/share/dns/root.key");
    assert_true(cw_resolver_validates(r));
    cw_resolver_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(targets),
        cmocka_unit_test(no_way_round_srv),
        cmocka_unit_test(anchor_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
