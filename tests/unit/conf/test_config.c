/* The configuration file: what is taken, what it comes to, and every sentence of refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/config.h"

#define BASE          "local-domains: [contoso.test]\n"
#define LDAP(options) BASE "panel:\n  ldap:\n    base: dc=x\n    " options "\n"
#define GROUPS        "    viewers: [\"cn=v,dc=x\"]\n"

struct refusal_row {
    const char *name, *text, *sentence;
};

static const struct refusal_row refusals[] = {
    {"empty", "", "f: local-domains: at least one must be given"},
    {"no local domain", "local-domains: []\n", "f: local-domains: at least one must be given"},
    {"unknown key", BASE "log:\n  level: info\n\n  # colour\n  colour: red\n",
     "f: line 6: unknown option \"colour\""},
    {"unknown key on top", "nonsense: 1\n" BASE, "f: line 1: unknown option \"nonsense\""},
    {"unknown key of a flow mapping", BASE "log: {level: info, colour: red}\n",
     "f: line 2: unknown option \"colour\""},
    {"unknown key in a list",
     BASE "gateway:\n  sip:\n    peers:\n      - name: a\n        addresses: [10.0.0.1]\n"
          "        port: 5060\n",
     "f: line 7: unknown option \"port\""},
    {"twice", BASE "user: a\nlog: {}\nuser: b\n",
     "f: line 4: this option is given twice: \"user\""},
    {"twice in one line", BASE "log: {level: info, format: text, level: warn}\n",
     "f: line 2: this option is given twice: \"level\""},
    {"list for a value", BASE "user: [a]\n", "f: line 2: a single value is expected here"},
    {"value for a list", "local-domains: contoso.test\n", "f: line 1: a list is expected here"},
    {"value for a section", BASE "edge: yes\n", "f: line 2: a section of options is expected here"},
    {"list for all", "- a\n", "f: a section of options is expected here"},
    {"no YAML", BASE "user: 'a\n", "f: line 2: this is not YAML:"},
    {"two documents", BASE "---\n" BASE, "f: the file holds more than one YAML document"},
    {"alias", "local-domains: [&a contoso.test, *a]\n",
     "f: line 1: YAML aliases are not taken; write the value out"},
    {"domain", "local-domains: [\"con toso\"]\n",
     "f: local-domains[1]: \"con toso\" is not a domain name"},
    {"domain twice", "local-domains: [contoso.test, Contoso.TEST]\n",
     "f: local-domains: \"contoso.test\" is given twice"},
    {"relative path", BASE "data-dir: here\n",
     "f: data-dir: \"here\" is not an absolute path; it must begin with /"},
    {"empty path", BASE "data-dir: \"\"\n",
     "f: data-dir: \"\" is not an absolute path; it must begin with /"},
    {"tag without a value", BASE "data-dir: !!strlib/ay\n",
     "f: data-dir: \"\" is not an absolute path; it must begin with /"},
    {"choice", BASE "log: {level: loud}\n",
     "f: log.level: \"loud\" is not one of: error, warn, info, debug"},
    {"number below", BASE "edge: {queue: {max-stanzas: 0}}\n",
     "f: edge.queue.max-stanzas: \"0\" is not a number from 1 to 1000000"},
    {"number above", BASE "gateway: {sip: {t1-ms: 601}}\n",
     "f: gateway.sip.t1-ms: \"601\" is not a number from 10 to 600"},
    {"directory's url", LDAP("url: http://dc1") GROUPS,
     "f: panel.ldap.url: \"http://dc1\" is neither ldap://HOST[:PORT] nor ldaps://HOST[:PORT]"},
    {"directory's url with more", LDAP("url: \"ldap://dc1/dc=x??sub\"") GROUPS,
     "f: panel.ldap.url: \"ldap://dc1/dc=x??sub\" is neither ldap://HOST[:PORT] nor "
     "ldaps://HOST[:PORT]"},
    {"directory's port", LDAP("url: \"ldaps://dc1:0\"") GROUPS,
     "f: panel.ldap.url: \"ldaps://dc1:0\" is neither ldap://HOST[:PORT] nor ldaps://HOST[:PORT]"},
    {"no password for the directory", LDAP("url: ldap://dc1\n    bind-dn: cn=a") GROUPS,
     "f: panel.ldap: bind-dn and bind-password-file go together"},
    {"nobody of the directory", LDAP("url: ldap://dc1"),
     "f: panel.ldap: nobody could sign in; give groups in administrators or viewers"},
    {"user filter with a place", LDAP("url: ldap://dc1\n    user-filter: (uid={name})") GROUPS,
     "f: panel.ldap.user-filter: is not a filter in parentheses (RFC 4515); the name is not part of "
     "it, see name-attributes"},
    {"group filter that closes early",
     LDAP("url: ldap://dc1\n    group-filter: (member={dn})(a=b)") GROUPS,
     "f: panel.ldap.group-filter: is not a filter in parentheses (RFC 4515) with {dn} or {name}"},
    {"group filter with another place",
     LDAP("url: ldap://dc1\n    group-filter: (member={user})") GROUPS,
     "f: panel.ldap.group-filter: is not a filter in parentheses (RFC 4515) with {dn} or {name}"},
    {"name attribute", LDAP("url: ldap://dc1\n    name-attributes: [\"uid)(a\"]") GROUPS,
     "f: panel.ldap.name-attributes[1]: \"uid)(a\" is not the name of an attribute"},
    {"number negative", BASE "edge: {link-hold-s: -1}\n",
     "f: edge.link-hold-s: \"-1\" is not a number from 0 to 60"},
    {"no port", BASE "edge: {listen: [\"0.0.0.0\"]}\n", "f: edge.listen[1]: \"0.0.0.0\" is not"},
    {"port 0", BASE "edge: {listen: [\"0.0.0.0:0\"]}\n", "f: edge.listen[1]: \"0.0.0.0:0\" is not"},
    {"port 65536", BASE "edge: {listen: [\"0.0.0.0:65536\"]}\n", "f: edge.listen[1]:"},
    {"name for an address", BASE "edge: {listen: [\"localhost:5269\"]}\n", "f: edge.listen[1]:"},
    {"source", BASE "edge: {source-address: nowhere}\n",
     "f: edge.source-address: \"nowhere\" is not an IP address"},
    {"key without certificate", BASE "edge: {key: /k}\n", "f: edge.key: needs edge.certificate"},
    {"certificate of the list without a file", BASE "edge: {certificates: [{key: /k}]}\n",
     "f: edge.certificates[1].certificate: must be given"},
    {"peer without name", BASE "gateway: {sip: {peers: [{addresses: [10.0.0.1]}]}}\n",
     "f: gateway.sip.peers[1].name: must be given (for the log)"},
    {"peer without addresses", BASE "gateway: {sip: {peers: [{name: a}]}}\n",
     "f: gateway.sip.peers[1].addresses: at least one must be given"},
    {"network too long", BASE "gateway: {sip: {peers: [{name: a, addresses: [10.0.0.0/33]}]}}\n",
     "f: gateway.sip.peers[1].addresses[1]: \"10.0.0.0/33\" is not an IP address or a network"},
    {"next hop elsewhere", BASE "gateway: {sip: {next-hop: [{domain: a.test, uri: \"sip:b\"}]}}\n",
     "f: gateway.sip.next-hop[1]: \"a.test\" is not one of the local-domains"},
    {"next hop by TLS",
     BASE "gateway: {sip: {next-hop: [{domain: contoso.test, uri: \"sips:b\"}]}}\n",
     "f: gateway.sip.next-hop[1].uri: \"sips:b\" is not of the form"},
    {"next hop by SCTP",
     BASE "gateway: {sip: {next-hop: [{domain: contoso.test, uri: \"sip:b;transport=sctp\"}]}}\n",
     "f: gateway.sip.next-hop[1].uri: \"sip:b;transport=sctp\" is not of the form"},
    {"user without realm",
     BASE
     "gateway: {sip: {next-hop: [{domain: contoso.test, uri: \"sip:b\", user: u, password: p}]}}"
     "\n",
     "f: gateway.sip.next-hop[1]: user, password and realm go together"},
    {"TLS without certificate",
     BASE "gateway: {sip: {listen: [{transport: tls, address: \"0.0.0.0\"}]}}\n",
     "f: gateway.sip.listen[1]: tls needs gateway.sip.certificate and key"},
    {"SIP certificate without key", BASE "gateway: {sip: {certificate: /c}}\n",
     "f: gateway.sip: certificate and key go together"},
    {"link without certificate", BASE "edge: {link-listen: [\"0.0.0.0:23456\"]}\n",
     "f: edge.link-listen: needs edge.link-certificate; causeway link enroll makes it"},
    {"edge by name alone", BASE "gateway: {edges: [edge1.contoso.test]}\n",
     "f: gateway.edges[1]: \"edge1.contoso.test\" is neither an absolute path nor tls:HOST:PORT"},
    {"edge without port", BASE "gateway: {edges: [/a, \"tls:edge1.contoso.test\"]}\n",
     "f: gateway.edges[2]: \"tls:edge1.contoso.test\" is neither"},
    {"edge with an odd port", BASE "gateway: {edges: [\"tls:a:0\"]}\n", "f: gateway.edges[1]:"},
    {"edge by IPv6 without brackets", BASE "gateway: {edges: [\"tls:2001:db8::1:23456\"]}\n",
     "f: gateway.edges[1]:"},
    {"component without listener", BASE "edge: {components: [{domain: contoso.test, secret: s}]}\n",
     "f: edge.components: nothing listens for them; give edge.component-listen"},
    {"component of a foreign domain",
     BASE "edge: {component-listen: [\"127.0.0.1:5347\"], components: [{domain: a.test, "
          "secret: s}]}\n",
     "f: edge.components[1]: \"a.test\" is not one of the local-domains"},
    {"component twice",
     BASE "edge: {component-listen: [\"127.0.0.1\"], components: [{domain: contoso.test, "
          "secret: s}, {domain: CONTOSO.test, secret: t}]}\n",
     "f: edge.components: \"contoso.test\" is given twice"},
    {"component without secret",
     BASE "edge: {component-listen: [\"127.0.0.1\"], components: [{domain: contoso.test}]}\n",
     "f: edge.components[1].secret: must be given"},
    {"certificate of nobody",
     BASE "gateway: {sip: {peers: [{name: a, addresses: [10.0.0.1], require-certificate: on}]}}\n",
     "f: gateway.sip.peers[1].require-certificate: needs tls-names"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal_row *row = &refusals[i];
        struct cw_arena errors = {0};
        struct cw_config config;
        struct cw_str why = CW_STR_NONE;
        enum cw_err err = cw_config_parse(cw_str_of(row->text), "f", &config, &errors, &why);
        if (err != CW_ERR_INVALID || !cw_str_starts(why, cw_str_of(row->sentence)))
            fail_msg("%s: %d \"%.*s\", not \"%s\"", row->name, (int)err, CW_ARG(why),
                     row->sentence);
        assert_null(config.local_domains);
        cw_arena_free(&errors);
    }
}

static void assert_text(struct cw_str text, const char *expected)
{
    if (!cw_str_eq_cstr(text, expected))
        fail_msg("\"%.*s\" is not \"%s\"", CW_ARG(text), expected);
}

static void parse(const char *text, struct cw_config *config, struct cw_arena *errors)
{
    struct cw_str why = CW_STR_NONE;
    if (cw_config_parse(cw_str_of(text), "f", config, errors, &why))
        fail_msg("%.*s", CW_ARG(why));
}

static void test_links(void **state)
{
    struct cw_arena errors = {0};
    struct cw_config c;
    struct cw_edge_address address;
    (void)state;
    parse("local-domains: [contoso.test, rooms.contoso.test]\ndata-dir: /d\n"
          "edge: {link-listen: [\"192.0.2.1\"], link-certificate: /c, component-listen: "
          "[\"127.0.0.1\"], components: [{domain: Rooms.Contoso.test, secret: ' a b'}]}\n"
          "gateway: {edges: [/l, \"tls:edge-1.contoso.test:1\", \"tls:[2001:db8::1]:23456\"]}\n",
          &c, &errors);
    assert_int_equal(c.edge.link_listen[0].port, 23456);
    assert_text(c.edge.link_certificate, "/c");
    assert_int_equal(c.edge.component_listen[0].port, 5347);
    assert_int_equal(c.edge.n_components, 1);
    assert_text(c.edge.components[0].domain, "rooms.contoso.test");
    assert_text(c.edge.components[0].secret, " a b");
    assert_text(c.gateway.link_certificate, "/d/link/gateway.pem");
    assert_int_equal(c.gateway.n_edges, 3);
    assert_true(cw_edge_address_of(&errors, c.gateway.edges[0], &address));
    assert_false(address.is_tls);
    assert_text(address.path, "/l");
    assert_true(cw_edge_address_of(&errors, c.gateway.edges[1], &address));
    assert_true(address.is_tls);
    assert_text(address.host, "edge-1.contoso.test");
    assert_int_equal(address.port, 1);
    assert_true(cw_edge_address_of(&errors, c.gateway.edges[2], &address));
    assert_text(address.host, "2001:db8::1");
    assert_int_equal(address.port, 23456);
    cw_config_free(&c);
    cw_arena_free(&errors);
}

/* This program is PREFIX/DIRECTORY/test_config. */
static void assert_in_prefix(struct cw_str path, const char *end)
{
    char *program = realpath("/proc/self/exe", NULL);
    assert_non_null(program);
    *strrchr(program, '/') = '\0';
    *strrchr(program, '/') = '\0';
    assert_true(cw_str_starts(path, cw_str_of(program)));
    assert_text(cw_str_sub(path, strlen(program), path.n), end);
    free(program);
}

static void test_defaults(void **state)
{
    struct cw_arena errors = {0};
    struct cw_config c;
    (void)state;
    parse("local-domains: [contoso.test]\ndata-dir: /d\n", &c, &errors);
    assert_text(c.data_dir, "/d");
    assert_text(c.user, "");
    assert_int_equal(c.log.level, CW_LOG_INFO);
    assert_int_equal(c.log.format, CW_LOG_TEXT);
    assert_int_equal(c.edge.n_listen, 2);
    assert_text(c.edge.listen[0].ip, "::");
    assert_text(c.edge.listen[1].ip, "0.0.0.0");
    assert_int_equal(c.edge.listen[1].port, 5269);
    assert_text(c.edge.link_socket, "/d/link.sock");
    assert_text(c.edge.state_dir, "/d/edge");
    assert_int_equal(c.edge.dns.n_servers, 0);
    assert_text(c.edge.dns.trust_anchor, "");
    assert_text(c.edge.crl, "");
    assert_int_equal(c.edge.queue.max_stanzas, 1000);
    assert_int_equal(c.edge.queue.max_bytes, 4194304);
    assert_int_equal(c.edge.queue.timeout_s, 30);
    assert_int_equal(c.edge.max_unauthenticated, 200);
    assert_int_equal(c.edge.connections_per_s, 20);
    assert_int_equal(c.edge.connections_burst, 100);
    assert_int_equal(c.edge.handshakes_per_s, 10);
    assert_int_equal(c.edge.handshakes_burst, 100);
    assert_int_equal(c.edge.ban_after, 20);
    assert_int_equal(c.edge.ban_s, 60);
    assert_int_equal(c.edge.link_hold_s, 5);
    assert_text(c.gateway.store, "/d/causeway.db");
    assert_text(c.gateway.control_socket, "/d/gateway.sock");
    assert_in_prefix(c.panel.files, "/share/causeway/panel");
    assert_int_equal(c.gateway.n_edges, 1);
    assert_text(c.gateway.edges[0], "/d/link.sock");
    assert_int_equal(c.gateway.sip.n_listen, 2);
    assert_int_equal(c.gateway.sip.listen[0].transport, CW_TRANSPORT_UDP);
    assert_int_equal(c.gateway.sip.listen[1].transport, CW_TRANSPORT_TCP);
    assert_int_equal(c.gateway.sip.listen[0].address.port, 5098);
    assert_int_equal(c.gateway.sip.t1_ms, 500);
    assert_int_equal(c.gateway.sip.max_message_bytes, 65536);
    assert_int_equal(c.gateway.sip.max_transactions, 100000);
    cw_config_free(&c);
    cw_arena_free(&errors);
}

static void test_values(void **state)
{
    struct cw_arena errors = {0};
    struct cw_config c;
    (void)state;
    parse("data-dir: /d\nuser: cw\nlog: {level: debug, format: json}\n"
          "local-domains: [Bücher.Example, contoso.test]\n"
          "edge:\n"
          "  listen: [\"192.0.2.1:5270\"]\n  link-hold-s: 0\n  link-socket: /run/l\n"
          "  certificate: /c\n  key: /k\n  source-address: \"::1\"\n"
          "  crl: /d/crl.pem\n"
          "  dns: {servers: [192.0.2.53, \"[2001:db8::1]:5353\", \"2001:db8::2\"],\n"
          "        trust-anchor: /usr/share/dns/root.key}\n"
          "gateway:\n  sip:\n"
          "    listen: [{transport: tcp, address: \"127.0.0.1\"}]\n"
          "    peers: [{name: p, addresses: [10.0.0.0/8, \"::1\"]}, {name: q, tls-names: [Q.test], "
          "require-certificate: on}]\n"
          "    next-hop:\n"
          "      - {domain: bücher.example, uri: \"sip:[::1]:5062;transport=tcp\"}\n"
          "      - {domain: contoso.test, uri: \"sip:proxy.contoso.test\",\n"
          "         user: u, password: p, realm: r}\n",
          &c, &errors);
    assert_text(c.user, "cw");
    assert_int_equal(c.log.level, CW_LOG_DEBUG);
    assert_int_equal(c.log.format, CW_LOG_JSON);
    assert_text(c.local_domains[0], "xn--bcher-kva.example");
    assert_int_equal(c.edge.listen[0].port, 5270);
    assert_int_equal(c.edge.n_listen, 1);
    assert_int_equal(c.edge.link_hold_s, 0);
    assert_text(c.edge.source_address, "::1");
    assert_int_equal(c.edge.dns.n_servers, 3);
    assert_text(c.edge.dns.trust_anchor, "/usr/share/dns/root.key");
    assert_text(c.edge.crl, "/d/crl.pem");
    assert_int_equal(c.edge.dns.servers[0].port, 53);
    assert_int_equal(c.edge.dns.servers[1].port, 5353);
    assert_text(c.edge.dns.servers[2].ip, "2001:db8::2");
    assert_text(c.gateway.edges[0], "/run/l");
    assert_int_equal(c.gateway.sip.n_listen, 1);
    assert_int_equal(c.gateway.sip.listen[0].address.port, 5098);
    assert_text(c.gateway.sip.peers[0].addresses[1], "::1");
    assert_text(c.gateway.sip.peers[1].tls_names[0], "q.test");
    assert_int_equal(c.gateway.sip.peers[1].require_certificate, CW_ON);
    assert_int_equal(c.gateway.sip.peers[0].require_certificate, CW_OFF);
    assert_text(c.gateway.sip.next_hops[0].tls_name, "xn--bcher-kva.example");
    assert_true(c.gateway.sip.next_hops[0].has_port);
    assert_text(c.gateway.sip.next_hops[1].tls_name, "proxy.contoso.test");
    assert_text(c.gateway.sip.next_hops[1].realm, "r");
    assert_false(c.gateway.sip.next_hops[1].has_port || c.gateway.sip.next_hops[1].has_transport);
    assert_text(c.gateway.sip.next_hops[0].host, "::1");
    assert_int_equal(c.gateway.sip.next_hops[0].port, 5062);
    assert_int_equal(c.gateway.sip.next_hops[0].transport, CW_TRANSPORT_TCP);
    assert_text(c.gateway.sip.next_hops[1].host, "proxy.contoso.test");
    assert_int_equal(c.gateway.sip.next_hops[1].port, 5060);
    assert_int_equal(c.gateway.sip.next_hops[1].transport, CW_TRANSPORT_UDP);
    cw_config_free(&c);
    cw_arena_free(&errors);
}

/* The one certificate and the list of more of them are one list, whatever is written. */
static void test_certificates(void **state)
{
    static const struct {
        const char *name, *edge;
        size_t n;
        const char *first, *first_key, *last, *last_key;
    } rows[] = {
        {"none", "{}", 0, "", "", "", ""},
        {"one", "{certificate: /c, key: /k}", 1, "/c", "/k", "/c", "/k"},
        {"one file", "{certificate: /c}", 1, "/c", "/c", "/c", "/c"},
        {"a list", "{certificates: [{certificate: /a, key: /ak}, {certificate: /b}]}", 2, "/a",
         "/ak", "/b", "/b"},
        {"both", "{certificate: /c, key: /k, certificates: [{certificate: /a}]}", 2, "/c", "/k",
         "/a", "/a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena errors = {0};
        struct cw_config c;
        struct cw_str text =
            cw_arena_printf(&errors, "local-domains: [a.test]\nedge: %s\n", rows[i].edge);
        parse(text.p, &c, &errors);
        size_t n = c.edge.n_certificates;
        if (n != rows[i].n || !cw_str_eq_cstr(c.edge.certificate, rows[i].first) ||
            !cw_str_eq_cstr(c.edge.key, rows[i].first_key))
            fail_msg("%s: %zu, %.*s", rows[i].name, n, CW_ARG(c.edge.certificate));
        if (n > 0 && (!cw_str_eq_cstr(c.edge.certificates[0].certificate, rows[i].first) ||
                      !cw_str_eq_cstr(c.edge.certificates[n - 1].certificate, rows[i].last) ||
                      !cw_str_eq_cstr(c.edge.certificates[n - 1].key, rows[i].last_key)))
            fail_msg("%s: %.*s", rows[i].name, CW_ARG(c.edge.certificates[n - 1].certificate));
        cw_config_free(&c);
        cw_arena_free(&errors);
    }
}

/* The annotated example loads, and what it shows behind "#" or writes out are the defaults. */
static void test_example(void **state)
{
    struct cw_arena errors = {0};
    struct cw_config c;
    struct cw_str why = CW_STR_NONE;
    (void)state;
    if (cw_config_load(getenv("CW_EXAMPLE"), &c, &errors, &why))
        fail_msg("%.*s", CW_ARG(why));
    assert_text(c.data_dir, "/var/lib/causeway");
    assert_int_equal(c.edge.n_listen, 2);
    assert_int_equal(c.edge.queue.max_bytes, 4194304);
    assert_int_equal(c.gateway.sip.n_next_hops, 1);
    assert_int_equal(c.gateway.sip.max_transactions, 100000);
    cw_config_free(&c);
    cw_arena_free(&errors);
}

static void test_missing_file(void **state)
{
    struct cw_arena errors = {0};
    struct cw_config c;
    struct cw_str why = CW_STR_NONE;
    (void)state;
    assert_int_equal(cw_config_load("/nowhere/c.yaml", &c, &errors, &why), CW_ERR_NOT_FOUND);
    assert_text(why, "/nowhere/c.yaml: cannot read the configuration file: No such file or "
                     "directory");
    cw_arena_free(&errors);
}

/* A text cut anywhere is refused or taken, and never more than that. */
static void test_cut(void **state)
{
    static const char text[] = "data-dir: /d\nlocal-domains: [a.test, \"b.test\"]\n"
                               "gateway: {sip: {peers: [{name: p, addresses: [10.0.0.0/8]}]}}\n";
    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        struct cw_arena errors = {0};
        struct cw_config c;
        struct cw_str why = CW_STR_NONE;
        enum cw_err err = cw_config_parse((struct cw_str){text, n}, "f", &c, &errors, &why);
        assert_true(err ? cw_str_is_present(why) : c.n_local_domains > 0);
        cw_config_free(&c);
        cw_arena_free(&errors);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),     cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_links),        cmocka_unit_test(test_values),
        cmocka_unit_test(test_certificates), cmocka_unit_test(test_example),
        cmocka_unit_test(test_cut),          cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
