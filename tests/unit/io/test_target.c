/* Where a domain's server is: SRV, its order, the fall-back and when there is none. */
#include "harness.h"

#include "io/target.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const zone[] = {
    "--srv-host=_xmpp-server._tcp.full.test,mx2.full.test,5270,20,0",
    "--srv-host=_xmpp-server._tcp.full.test,mx1.full.test,5271,10,0",
    "--srv-host=_xmpps-server._tcp.full.test,mx2.full.test,5223,15,0",
    "--host-record=mx1.full.test,127.0.0.1",
    "--host-record=mx2.full.test,127.0.0.2,::2",
    "--host-record=full.test,127.0.0.99",
    "--host-record=plain.test,127.0.0.3",
    "--srv-host=_xmpp-server._tcp.refuses.test", /* target "." */
    "--host-record=refuses.test,127.0.0.4",
    "--srv-host=_xmpp-server._tcp.nodirect.test,mx1.full.test,5269,1,1",
    "--srv-host=_xmpps-server._tcp.nodirect.test",
    "--srv-host=_xmpp-server._tcp.onlydirect.test",
    "--srv-host=_xmpps-server._tcp.onlydirect.test,mx1.full.test,443,1,1",
    "--srv-host=_xmpps-server._tcp.direct.test,mx1.full.test,443,1,1",
    "--host-record=direct.test,127.0.0.6",
    "--srv-host=_xmpp-server._tcp.never.test",
    "--srv-host=_xmpps-server._tcp.never.test",
    "--host-record=never.test,127.0.0.6",
    "--srv-host=_xmpps-server._tcp.silent.test",
    "--host-record=silent.test,127.0.0.6",
    "--srv-host=_xmpp-server._tcp.dangling.test,nowhere.test,5269,1,1",
    "--host-record=dangling.test,127.0.0.5",
    "--txt-record=empty.test,text",
};
static struct dns_server server;
static struct event_base *base;
static struct cw_resolver *resolver;

struct heard {
    int n;
    enum cw_target_status status;
    char text[400], sentence[300], said[100];
};

/* "ok 2", "ok 0 refused", "-". */
static struct cw_str srv_text(struct cw_arena *arena, const struct cw_target_srv *srv)
{
    return srv->was_asked ? cw_arena_printf(arena, "%s %zu%s", cw_dns_status_name(srv->status),
                                            srv->n, srv->has_refused ? " refused" : "")
                          : CW_S("-");
}

static void on_list(void *arg, const struct cw_target_list *list)
{
    struct heard *h = arg;
    struct cw_arena arena = {0};
    size_t at = 0;
    h->n++;
    h->status = list->status;
    snprintf(h->sentence, sizeof h->sentence, "%.*s", CW_ARG(list->sentence));
    snprintf(h->said, sizeof h->said, "%s, %s, %s", srv_text(&arena, &list->srv).p,
             srv_text(&arena, &list->srv_direct).p, cw_target_dnssec_name(list->dnssec));
    h->text[0] = '\0';
    for (size_t i = 0; i < list->n; i++)
        at += (size_t)snprintf(h->text + at, sizeof h->text - at, "%s%s%s", i ? " " : "",
                               cw_addr_text(&arena, &list->targets[i].addr).p,
                               list->targets[i].is_direct_tls ? "!" : "");
    cw_arena_free(&arena);
}

static int set_up(void **state)
{
    const char *address = server.address;
    struct cw_buf why = {0};
    (void)state;
    base = event_base_new();
    dns_server_start(&server, zone, sizeof zone / sizeof *zone);
    struct cw_resolver_options o = {.base = base, .servers = &address, .n_servers = 1};
    resolver = cw_resolver_new(&o, &why);
    assert_non_null(resolver);
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

static void find(void **state)
{
    const struct {
        const char *domain, *proxy;
        bool with_direct_tls;
        enum cw_target_status want;
        const char *text;
    } rows[] = {
        {"full.test", "", false, CW_TARGET_OK, "127.0.0.1:5271 [::2]:5270 127.0.0.2:5270"},
        {"full.test", "", true, CW_TARGET_OK,
         "127.0.0.1:5271 [::2]:5223! 127.0.0.2:5223! [::2]:5270 127.0.0.2:5270"},
        {"plain.test", "", false, CW_TARGET_OK, "127.0.0.3:5269"},
        {"plain.test", "", true, CW_TARGET_OK, "127.0.0.3:5269"},
        {"refuses.test", "", false, CW_TARGET_NO_SERVICE, ""},
        {"refuses.test", "", true, CW_TARGET_NO_SERVICE, ""},
        {"nodirect.test", "", true, CW_TARGET_OK, "127.0.0.1:5269"},
        {"onlydirect.test", "", true, CW_TARGET_OK, "127.0.0.1:443!"},
        {"onlydirect.test", "", false, CW_TARGET_NO_SERVICE, ""},
        {"direct.test", "", true, CW_TARGET_OK, "127.0.0.1:443!"},
        {"direct.test", "", false, CW_TARGET_OK, "127.0.0.6:5269"},
        {"never.test", "", true, CW_TARGET_NO_SERVICE, ""},
        {"silent.test", "", true, CW_TARGET_NO_SERVICE, ""},    /* no fall-back (XEP-0368, 5) */
        {"dangling.test", "", false, CW_TARGET_NO_ADDRESS, ""}, /* no fall-back */
        {"empty.test", "", false, CW_TARGET_NO_ADDRESS, ""},
        {"none.test", "", false, CW_TARGET_NO_DOMAIN, ""},
        {"a.elsewhere", "", false, CW_TARGET_DNS_FAILED, ""},
        {"127.0.0.8", "", false, CW_TARGET_OK, "127.0.0.8:5269"},
        {"[::8]", "", false, CW_TARGET_OK, "[::8]:5269"},
        {"full.test", "plain.test", true, CW_TARGET_OK, "127.0.0.3:5269"},
        {"full.test", "plain.test:7000", false, CW_TARGET_OK, "127.0.0.3:7000"},
        {"full.test", "127.0.0.9", false, CW_TARGET_OK, "127.0.0.9:5269"},
        {"full.test", "[::9]:7000", false, CW_TARGET_OK, "[::9]:7000"},
        {"full.test", "none.test", false, CW_TARGET_NO_DOMAIN, ""},
        {"full.test", "plain.test:99999", false, CW_TARGET_NO_DOMAIN, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard h = {0};
        struct cw_target_ask ask = {.domain = cw_str_of(rows[i].domain),
                                    .proxy = cw_str_of(rows[i].proxy),
                                    .with_direct_tls = rows[i].with_direct_tls};
        cw_target_find(resolver, &ask, on_list, &h);
        assert_int_equal(h.n, 0);
        RUN_UNTIL(base, h.n);
        if (h.status != rows[i].want || strcmp(h.text, rows[i].text) != 0)
            fail_msg("%s (%s): %s \"%s\", %s", rows[i].domain, rows[i].proxy,
                     cw_target_status_name(h.status), h.text, h.sentence);
        assert_true(strlen(h.sentence) > 0);
    }
}

/* For the timeline. */
static void what_the_dns_said(void **state)
{
    const struct {
        const char *domain, *proxy, *want, *sentence;
    } rows[] = {
        {"full.test", "", "ok 2, ok 1, off",
         "5 addresses, from SRV records (2 for STARTTLS, 1 for direct TLS)"},
        {"nodirect.test", "", "ok 1, ok 0 refused, off", "1 address, from SRV records"},
        {"onlydirect.test", "", "ok 0 refused, ok 1, off",
         "1 address, from SRV records for direct TLS only"},
        {"plain.test", "", "no-domain 0, no-domain 0, off",
         "1 address, no SRV records, its own addresses"},
        {"never.test", "", "ok 0 refused, ok 0 refused, off",
         "never.test says in the DNS that it has no such server"},
        {"a.elsewhere", "", "failed 0, failed 0, off",
         "a.elsewhere cannot be looked up: its name servers answer with an error"},
        {"full.test", "127.0.0.9", "-, -, off", "1 address, as set"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard h = {0};
        struct cw_target_ask ask = {.domain = cw_str_of(rows[i].domain),
                                    .proxy = cw_str_of(rows[i].proxy),
                                    .with_direct_tls = true};
        cw_target_find(resolver, &ask, on_list, &h);
        RUN_UNTIL(base, h.n);
        if (strcmp(h.said, rows[i].want) != 0 || strcmp(h.sentence, rows[i].sentence) != 0)
            fail_msg("%s (%s): \"%s\", \"%s\"", rows[i].domain, rows[i].proxy, h.said, h.sentence);
    }
}

static void cancel(void **state)
{
    static const char *const domains[] = {"full.test", "new.full.test", "127.0.0.8"};
    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (int turns = 0; turns < 3; turns++) {
            struct heard h = {0};
            struct cw_target_ask ask = {.domain = cw_str_of(domains[i]), .with_direct_tls = true};
            struct cw_target_query *q = cw_target_find(resolver, &ask, on_list, &h);
            for (int k = 0; k < turns && !h.n; k++)
                event_base_loop(base, EVLOOP_NONBLOCK);
            if (h.n)
                continue;
            cw_target_cancel(&q);
            run_for(base, 30);
            assert_int_equal(h.n, 0);
        }
}

static void silent_servers(void **state)
{
    struct cw_buf why = {0};
    struct heard h = {0};
    char text[40];
    const char *address = text;
    int fd = silent_server(text);
    struct cw_resolver_options o = {
        .base = base, .servers = &address, .n_servers = 1, .timeout_ms = 100};
    struct cw_resolver *r = cw_resolver_new(&o, &why);
    struct cw_target_ask ask = {.domain = CW_S("full.test")};
    (void)state;
    cw_target_find(r, &ask, on_list, &h);
    RUN_UNTIL(base, h.n);
    assert_true(h.status == CW_TARGET_DNS_TIMEOUT || h.status == CW_TARGET_DNS_FAILED);
    cw_resolver_free(&r);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find),
        cmocka_unit_test(what_the_dns_said),
        cmocka_unit_test(cancel),
        cmocka_unit_test(silent_servers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
