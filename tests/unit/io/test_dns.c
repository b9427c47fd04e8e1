/* The resolver against a real server. */
#include "harness.h"

#include "io/dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const zone[] = {
    "--address=/a.test/127.0.0.7",
    "--host-record=six.test,::7",
    "--srv-host=_xmpp-server._tcp.a.test,mx.a.test,5270,10,20",
};
static struct dns_server server;
static struct event_base *base;
static struct cw_resolver *resolver;

struct heard {
    int n;
    enum cw_dns_status status;
    char text[200];
    bool asks_again;
};

static void on_answer(void *arg, const struct cw_dns_answer *a)
{
    struct heard *h = arg;
    struct cw_arena arena = {0};
    h->n++;
    h->status = a->status;
    h->text[0] = '\0';
    if (a->n_addrs > 0)
        snprintf(h->text, sizeof h->text, "%s", cw_addr_ip(&arena, &a->addrs[0]).p);
    if (a->n_srvs > 0)
        snprintf(h->text, sizeof h->text, "%s %u %u %u", a->srvs[0].target.p, a->srvs[0].port,
                 a->srvs[0].priority, a->srvs[0].weight);
    cw_arena_free(&arena);
    if (h->asks_again && h->n == 1)
        cw_dns_ask(resolver, CW_DNS_A, CW_S("a.test"), on_answer, h);
}

static struct cw_resolver *resolver_at(const char *address, uint64_t timeout_ms)
{
    struct cw_buf why = {0};
    struct cw_resolver_options o = {
        .base = base, .servers = &address, .n_servers = 1, .timeout_ms = timeout_ms};
    struct cw_resolver *r = cw_resolver_new(&o, &why);
    if (!r)
        fail_msg("%.*s", CW_ARG(cw_buf_str(&why)));
    return r;
}

static int set_up(void **state)
{
    (void)state;
    base = event_base_new();
    dns_server_start(&server, zone, sizeof zone / sizeof *zone);
    resolver = resolver_at(server.address, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cw_resolver_free(&resolver);
    dns_server_stop(&server);
    event_base_free(base);
    return 0;
}

static void answers(void **state)
{
    const struct {
        const char *ask;
        enum cw_dns_type type;
        enum cw_dns_status want;
        const char *text;
    } rows[] = {
        {"a.test", CW_DNS_A, CW_DNS_OK, "127.0.0.7"},
        {"a.test", CW_DNS_A, CW_DNS_OK, "127.0.0.7"}, /* from the cache */
        {"six.test", CW_DNS_AAAA, CW_DNS_OK, "::7"},
        {"six.test", CW_DNS_A, CW_DNS_NO_DATA, ""},
        {"_xmpp-server._tcp.a.test", CW_DNS_SRV, CW_DNS_OK, "mx.a.test 5270 10 20"},
        {"none.test", CW_DNS_A, CW_DNS_NO_DOMAIN, ""},
        {"none.test", CW_DNS_SRV, CW_DNS_NO_DOMAIN, ""},
        {"a.elsewhere", CW_DNS_A, CW_DNS_FAILED, ""}, /* the server refuses */
        {"a..test", CW_DNS_A, CW_DNS_NO_DOMAIN, ""},
        {"a b.test", CW_DNS_A, CW_DNS_NO_DOMAIN, ""},
        {"", CW_DNS_A, CW_DNS_NO_DOMAIN, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard h = {0};
        cw_dns_ask(resolver, rows[i].type, cw_str_of(rows[i].ask), on_answer, &h);
        assert_int_equal(h.n, 0); /* never from inside the call */
        RUN_UNTIL(base, h.n);
        if (h.status != rows[i].want || strcmp(h.text, rows[i].text) != 0)
            fail_msg("%s %d: %s \"%s\"", rows[i].ask, rows[i].type, cw_dns_status_name(h.status),
                     h.text);
    }
}

static void ask_inside(void **state)
{
    struct heard h = {.asks_again = true};
    (void)state;
    cw_dns_ask(resolver, CW_DNS_A, CW_S("a.test"), on_answer, &h);
    RUN_UNTIL(base, h.n == 2);
    assert_string_equal(h.text, "127.0.0.7");
}

static void cancel(void **state)
{
    struct heard cached = {0}, fresh = {0}, left = {0};
    (void)state;
    struct cw_resolver *r = resolver_at(server.address, 0);
    struct cw_dns_query *a = cw_dns_ask(resolver, CW_DNS_A, CW_S("a.test"), on_answer, &cached);
    struct cw_dns_query *b = cw_dns_ask(r, CW_DNS_A, CW_S("new.a.test"), on_answer, &fresh);
    cw_dns_ask(r, CW_DNS_A, CW_S("other.a.test"), on_answer, &left);
    cw_dns_cancel(&a);
    cw_dns_cancel(&b);
    cw_dns_cancel(&b);
    cw_resolver_free(&r);
    run_for(base, 100);
    assert_int_equal(cached.n + fresh.n + left.n, 0);
}

/* A server that says nothing. */
static void silence(void **state)
{
    char address[40];
    struct heard h = {0};
    int fd = silent_server(address);
    (void)state;
    struct cw_resolver *r = resolver_at(address, 100);
    cw_dns_ask(r, CW_DNS_A, CW_S("a.test"), on_answer, &h);
    RUN_UNTIL(base, h.n);
    assert_int_equal(h.status, CW_DNS_TIMEOUT);
    run_for(base, 50);
    assert_int_equal(h.n, 1);
    cw_resolver_free(&r);
    close(fd);
}

static void settings(void **state)
{
    const char *bad = "dns.example";
    struct cw_buf why = {0};
    struct cw_resolver_options o = {.base = base, .servers = &bad, .n_servers = 1};
    (void)state;
    assert_null(cw_resolver_new(&o, &why));
    assert_true(why.n > 0);
    cw_buf_reset(&why);
    o.n_servers = 0;
    struct cw_resolver *r = cw_resolver_new(&o, &why);
    assert_non_null(r);
    cw_resolver_free(&r);
    cw_buf_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers), cmocka_unit_test(ask_inside), cmocka_unit_test(cancel),
        cmocka_unit_test(silence), cmocka_unit_test(settings),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
