/* What proves a partner and what speaks against it: certificates of every sort against signed zones
 * (lab/signedzone.py) and a web server of our own. */
#include "certs.h"
#include "harness.h"

#include "base/secret.h"
#include "edge/identity_priv.h"
#include "io/x509.h"
#include "s2s/posh.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The edge's own rules on addresses are tested elsewhere: here 127.0.0.66 is refused. */
bool edge_dial_refuses(const struct edge *edge, const struct cw_addr *addr)
{
    struct cw_arena a = {0};
    bool does = cw_str_eq_cstr(cw_addr_ip(&a, addr), "127.0.0.66");
    (void)edge;
    cw_arena_free(&a);
    return does;
}

/* The peers' certificates: who issued them and what they name. */
enum cert {
    GOOD,    /* the common CA: p.test */
    SELF,    /* itself: p.test */
    EXPIRED, /* itself: p.test, long ago */
    HOSTING, /* the common CA: mx.hosting.test */
    ELSE,    /* the common CA: else.test */
    OWN,     /* the partner's own CA: p.test */
    OWN_ELSE,
    N_CERTS
};

static struct {
    struct event_base *base;
    struct dir dir;
    struct dns_server dns;
    struct cw_resolver *validating, *plain, *silent;
    int silent_fd;
    struct cw_tls_ctx *tls;
    X509_STORE *store;
    struct issued ca, own, certs[N_CERTS];
    struct cw_arena arena;
    struct cw_str pins[N_CERTS], sha256[N_CERTS]; /* as pins; of the whole, Base64 */
    struct cw_str own_pem;
    SSL_CTX *web_tls;
    struct evhttp *web;
    uint16_t web_port;
    int n_requests;
} world;

/* And our own certificate, which web servers are not shown. */
const struct cw_tls_ctx *edge_certificates_for(const struct edge_certificates *all,
                                               struct cw_str domain)
{
    (void)all;
    (void)domain;
    return world.tls;
}

/* --- the web server ---------------------------------------------------------------------------*/

static struct bufferevent *on_connection(struct event_base *base, void *ssl)
{
    return bufferevent_openssl_socket_new(base, -1, SSL_new(ssl), BUFFEREVENT_SSL_ACCEPTING,
                                          BEV_OPT_CLOSE_ON_FREE);
}

/* Answers by the host that is asked for. */
static void on_request(struct evhttp_request *req, void *arg)
{
    const char *host = evhttp_request_get_host(req), *uri = evhttp_request_get_uri(req);
    struct evbuffer *body = evbuffer_new();
    (void)arg;
    world.n_requests++;
    if (strcmp(uri, CW_POSH_PATH) != 0 && strcmp(uri, "/elsewhere.json") != 0)
        evhttp_send_reply(req, 404, "Not Found", NULL);
    else if (strcmp(host, "lists.test") == 0)
        evbuffer_add_printf(body, "{\"fingerprints\":[{\"sha-256\":\"%.*s\"}],\"expires\":60}",
                            CW_ARG(world.sha256[SELF]));
    else if (strcmp(host, "others.test") == 0)
        evbuffer_add_printf(body, "{\"fingerprints\":[{\"sha-256\":\"%.*s\"}],\"expires\":60}",
                            CW_ARG(world.sha256[OWN]));
    else if (strcmp(host, "refers.test") == 0)
        evbuffer_add_printf(body,
                            "{\"url\":\"https://lists.test:%u/elsewhere.json\",\"expires\":60}",
                            world.web_port);
    else if (strcmp(host, "loop.test") == 0)
        evbuffer_add_printf(body,
                            "{\"url\":\"https://refers.test:%u/elsewhere.json\",\"expires\":60}",
                            world.web_port);
    else if (strcmp(host, "junk.test") == 0)
        evbuffer_add_printf(body, "<html>");
    else
        evhttp_send_reply(req, 404, "Not Found", NULL);
    if (evbuffer_get_length(body) > 0)
        evhttp_send_reply(req, 200, "OK", body);
    evbuffer_free(body);
}

static void serve_web(void)
{
    struct issued i = issue(&(struct cert_spec){
        .sans = "DNS:lists.test,DNS:others.test,DNS:refers.test,DNS:loop.test,DNS:junk.test,"
                "DNS:nothing.test",
        .issuer = &world.ca});
    struct sockaddr_storage ss;
    socklen_t n = sizeof ss;
    world.web_tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(world.web_tls, i.cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(world.web_tls, i.key), 1);
    world.web = evhttp_new(world.base);
    evhttp_set_bevcb(world.web, on_connection, world.web_tls);
    evhttp_set_gencb(world.web, on_request, NULL);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(world.web, "127.0.0.1", 0);
    assert_non_null(bound);
    getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&ss, &n);
    struct cw_addr addr = cw_addr_of((struct sockaddr *)&ss, n);
    world.web_port = cw_addr_port(&addr);
    issued_free(&i);
}

/* --- the DNS ----------------------------------------------------------------------------------*/

static struct cw_str key_hex(enum cert which)
{
    struct cw_str octets;
    struct cw_str text = cw_str_sub(world.pins[which], strlen("sha256:"), world.pins[which].n);
    assert_true(cw_unbase64(&world.arena, text, &octets));
    return cw_hex(&world.arena, octets);
}

/* A domain with one server, mx, and its TLSA record. */
static void put_zone(FILE *f, const char *domain, const char *more, const char *tlsa,
                     enum cert which)
{
    fprintf(f,
            "\"%s\": {%s \"records\": [\"_xmpp-server._tcp SRV 0 5 5269 mx\", \"mx A 127.0.0.2\"",
            domain, more);
    if (tlsa)
        fprintf(f, ", \"_5269._tcp.mx TLSA %s %.*s\"", tlsa, CW_ARG(key_hex(which)));
    fprintf(f, "]},\n");
}

static void write_zones(const char *path)
{
    static const char *const web[] = {"lists", "others", "refers", "loop", "junk", "nothing"};
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "{");
    put_zone(f, "ee.test", "", "3 1 1", SELF);
    put_zone(f, "old.test", "", "3 1 1", EXPIRED);
    put_zone(f, "wrong.test", "", "3 1 1", OWN);
    put_zone(f, "bogus.test", "\"broken\": [\"TLSA\"],", "3 1 1", SELF);
    put_zone(f, "none.test", "", NULL, 0);
    put_zone(f, "unusable.test", "", "9 1 1", SELF);
    put_zone(f, "pkix.test", "", "1 1 1", ELSE);
    put_zone(f, "unsigned.test", "\"is_signed\": false,", "3 1 1", SELF);
    put_zone(f, "hosting.test", "", NULL, 0);
    fprintf(f,
            "\"own.test\": {\"records\": [\"@ A 127.0.0.2\", \"_5269._tcp TLSA 3 1 1 %.*s\"]},\n",
            CW_ARG(key_hex(SELF)));
    fprintf(f, "\"hosted.test\": {\"records\": [\"_xmpp-server._tcp SRV 0 5 5269 "
               "mx.hosting.test.\"]},\n");
    for (size_t i = 0; i < sizeof web / sizeof *web; i++)
        fprintf(f, "\"%s.test\": {\"is_signed\": false, \"records\": [\"@ A 127.0.0.1\"]},\n",
                web[i]);
    /* Their TLSA records are elsewhere, and cannot be looked up there. */
    fprintf(
        f,
        "\"held.test\": {\"records\": [\"mx A 127.0.0.2\", \"_5269._tcp.mx CNAME tlsa.example.\"]},\n"
        "\"lax.test\": {\"is_signed\": false, "
        "\"records\": [\"mx A 127.0.0.2\", \"_5269._tcp.mx CNAME tlsa.example.\"]},\n");
    fprintf(f, "\"forbidden.test\": {\"records\": [\"@ A 127.0.0.66\"]}}");
    fclose(f);
}

static struct cw_resolver *resolver_of(const char *server, const char *anchor)
{
    struct cw_buf why = {0};
    struct cw_resolver_options o = {
        .base = world.base, .servers = &server, .n_servers = 1, .trust_anchor_file = anchor};
    struct cw_resolver *r = cw_resolver_new(&o, &why);
    if (!r)
        fail_msg("%.*s", CW_ARG(cw_buf_str(&why)));
    return r;
}

/* --- the world --------------------------------------------------------------------------------*/

static struct cw_x509_chain *chain_of(enum cert which, enum cw_direction direction)
{
    return cw_x509_chain_new(&(struct cw_x509_peer){.store = world.store,
                                                    .leaf = world.certs[which].cert,
                                                    .is_client = direction == CW_OUTBOUND});
}

static void make_certs(void)
{
    struct issued *c = world.certs;
    world.ca = issue(&(struct cert_spec){.cn = "Common CA", .is_ca = true});
    world.own = issue(&(struct cert_spec){.cn = "Own CA", .is_ca = true});
    c[GOOD] = issue(&(struct cert_spec){.sans = "DNS:p.test", .issuer = &world.ca});
    c[SELF] = issue(&(struct cert_spec){.sans = "DNS:p.test"});
    c[EXPIRED] = issue(&(struct cert_spec){.sans = "DNS:p.test", .days_from = -9, .days_to = -1});
    c[HOSTING] = issue(&(struct cert_spec){.sans = "DNS:mx.hosting.test", .issuer = &world.ca});
    c[ELSE] = issue(&(struct cert_spec){.sans = "DNS:else.test", .issuer = &world.ca});
    c[OWN] = issue(&(struct cert_spec){.sans = "DNS:p.test", .issuer = &world.own});
    c[OWN_ELSE] = issue(&(struct cert_spec){.sans = "DNS:else.test", .issuer = &world.own});
    world.store = X509_STORE_new();
    X509_STORE_add_cert(world.store, world.ca.cert);
    for (enum cert i = 0; i < N_CERTS; i++) {
        struct cw_x509_chain *chain = chain_of(i, CW_OUTBOUND);
        struct cw_str sha256, sha512;
        world.pins[i] = cw_x509_spki_pin(chain, &world.arena);
        cw_x509_leaf_digests(chain, &world.arena, &sha256, &sha512);
        assert_true(sha256.n == 32 && sha512.n == 64);
        world.sha256[i] = cw_base64(&world.arena, sha256);
        cw_x509_chain_free(&chain);
    }
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    PEM_write_bio_X509(bio, world.own.cert);
    long n = BIO_get_mem_data(bio, &pem);
    world.own_pem = cw_arena_dup(&world.arena, (struct cw_str){pem, (size_t)n});
    BIO_free(bio);
}

static int make_world(void **state)
{
    char path[128], silent[40];
    struct cw_buf why = {0};
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    world.base = event_base_new();
    dir_make(&world.dir);
    make_certs();
    issued_write(&world.ca, NULL, &world.dir, "ca");
    struct cw_tls_options o = {.ca_file = in_dir(&world.dir, "ca.crt", path)};
    world.tls = cw_tls_ctx_new(&o, &why);
    assert_non_null(world.tls);
    serve_web();
    write_zones(in_dir(&world.dir, "zones.json", path));
    signed_zones_start(&world.dns, world.dir.path, path);
    world.validating = resolver_of(world.dns.address, in_dir(&world.dir, "anchor.key", path));
    world.plain = resolver_of(world.dns.address, NULL);
    world.silent_fd = silent_server(silent);
    world.silent = resolver_of(silent, path);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    cw_resolver_free(&world.validating);
    cw_resolver_free(&world.plain);
    cw_resolver_free(&world.silent);
    close(world.silent_fd);
    dns_server_stop(&world.dns);
    evhttp_free(world.web);
    SSL_CTX_free(world.web_tls);
    cw_tls_ctx_free(&world.tls);
    X509_STORE_free(world.store);
    for (size_t i = 0; i < N_CERTS; i++)
        issued_free(&world.certs[i]);
    issued_free(&world.ca);
    issued_free(&world.own);
    cw_arena_free(&world.arena);
    dir_remove(&world.dir);
    event_base_free(world.base);
    return 0;
}

/* --- questions --------------------------------------------------------------------------------*/

enum {                 /* what is unusual */
       PINNED = 1,     /* the key of GOOD */
       ANCHORED = 2,   /* the partner's own CA */
       NO_DANE = 4,    /* the setting */
       NO_POSH = 8,    /* the setting */
       STAPLE = 16,    /* the setting */
       STRANGER = 32,  /* no partner */
       PLAIN_DNS = 64, /* no trust anchor */
       SILENT_DNS = 128,
       FRESH = 256,
       NO_CERT = 512,
       INSECURE = 1024, /* the SRV record that led to the host */
};

struct question {
    const char *name;
    enum cw_direction direction;
    const char *domain;
    enum cert cert;
    const char *host; /* outbound, with is_secure */
    unsigned flags;
    enum cw_cert_proof proof;
    enum cw_chain_fault fault;
    const char *steps; /* a part of "DANE ok: ...; PKIX failed: ..." */
};

#define OUT CW_OUTBOUND
#define IN  CW_INBOUND

static const struct question questions[] = {
    {"good", OUT, "p.test", GOOD, "mx.none.test", 0, CW_PROOF_PKIX, CW_CHAIN_OK,
     "DANE skipped: no TLSA records at _5269._tcp.mx.none.test; PKIX ok: DNS-ID p.test"},
    {"good, inbound", IN, "p.test", GOOD, NULL, 0, CW_PROOF_PKIX, CW_CHAIN_OK, "PKIX ok: DNS-ID"},
    {"self-signed", OUT, "p.test", SELF, NULL, NO_POSH, CW_PROOF_NONE, CW_CHAIN_SELF_SIGNED,
     "DANE skipped: no secure DNS record leads to this server; PKIX failed: self-signed"},
    {"the wrong name", OUT, "none.test", ELSE, NULL, NO_POSH, CW_PROOF_NONE, CW_CHAIN_OK,
     "PKIX failed: it does not name none.test; POSH skipped: switched off"},
    {"a stranger is not looked up for", IN, "ee.test", SELF, NULL, STRANGER, CW_PROOF_NONE,
     CW_CHAIN_SELF_SIGNED, "PKIX failed: self-signed"},
    {"a stranger's good certificate", IN, "p.test", GOOD, NULL, STRANGER, CW_PROOF_PKIX,
     CW_CHAIN_OK, "PKIX ok"},
    {"no certificate", IN, "p.test", GOOD, NULL, NO_CERT, CW_PROOF_NONE, CW_CHAIN_OK, ""},

    {"the pinned key", OUT, "x.test", GOOD, NULL, PINNED, CW_PROOF_PIN, CW_CHAIN_OK,
     "pinned key ok"},
    {"another key", OUT, "p.test", OWN, NULL, PINNED | ANCHORED, CW_PROOF_NONE, CW_CHAIN_PIN,
     "is none of those that are pinned"},
    {"another key, inbound", IN, "ee.test", SELF, NULL, PINNED, CW_PROOF_NONE, CW_CHAIN_PIN,
     "pinned key failed"},
    {"the own anchor", OUT, "p.test", OWN, NULL, ANCHORED, CW_PROOF_ANCHOR, CW_CHAIN_OK,
     "own anchor ok"},
    {"the own anchor, inbound", IN, "p.test", OWN, NULL, ANCHORED, CW_PROOF_ANCHOR, CW_CHAIN_OK,
     "own anchor ok"},
    {"the own anchor, another name", OUT, "p.test", OWN_ELSE, NULL, ANCHORED, CW_PROOF_NONE,
     CW_CHAIN_OK, "does not name the domain"},
    {"the common anchors no more", OUT, "p.test", GOOD, NULL, ANCHORED, CW_PROOF_NONE,
     CW_CHAIN_UNKNOWN_CA, "not by this partner's own anchor"},
    {"the own anchor is nobody else's", OUT, "p.test", OWN, NULL, NO_POSH, CW_PROOF_NONE,
     CW_CHAIN_UNKNOWN_CA, "PKIX failed"},

    {"DANE", OUT, "ee.test", SELF, "mx.ee.test", 0, CW_PROOF_DANE, CW_CHAIN_SELF_SIGNED, "DANE ok"},
    {"DANE ignores dates", OUT, "old.test", EXPIRED, "mx.old.test", 0, CW_PROOF_DANE,
     CW_CHAIN_SELF_SIGNED, "DANE ok"},
    {"DANE, inbound", IN, "ee.test", SELF, NULL, 0, CW_PROOF_DANE, CW_CHAIN_SELF_SIGNED,
     "PKIX failed: self-signed certificate; DANE ok"},
    {"DANE, another key", OUT, "wrong.test", SELF, "mx.wrong.test", 0, CW_PROOF_NONE, CW_CHAIN_DANE,
     "DANE failed: _5269._tcp.mx.wrong.test"},
    {"DANE before PKIX", OUT, "p.test", GOOD, "mx.wrong.test", 0, CW_PROOF_NONE, CW_CHAIN_DANE,
     "DANE failed"},
    {"DANE, another key, inbound", IN, "wrong.test", SELF, NULL, NO_POSH, CW_PROOF_NONE,
     CW_CHAIN_SELF_SIGNED, "DANE failed: _5269._tcp.mx.wrong.test"},
    {"DANE forged", OUT, "bogus.test", SELF, "mx.bogus.test", 0, CW_PROOF_NONE, CW_CHAIN_DANE,
     "forged"},
    {"DANE forged, inbound", IN, "bogus.test", SELF, NULL, NO_POSH, CW_PROOF_NONE,
     CW_CHAIN_SELF_SIGNED, "forged"},
    {"DANE of an unsigned zone", OUT, "p.test", GOOD, "mx.unsigned.test", 0, CW_PROOF_PKIX,
     CW_CHAIN_OK, "not secured by DNSSEC; PKIX ok"},
    {"DANE of an unsigned zone, inbound", IN, "unsigned.test", SELF, NULL, NO_POSH, CW_PROOF_NONE,
     CW_CHAIN_SELF_SIGNED, "no secure DNS record leads to the domain's servers"},
    {"DANE that nobody understands", OUT, "p.test", GOOD, "mx.unusable.test", 0, CW_PROOF_PKIX,
     CW_CHAIN_OK, "PKIX ok"},
    {"DANE without a name", OUT, "pkix.test", ELSE, "mx.pkix.test", 0, CW_PROOF_NONE, CW_CHAIN_DANE,
     "names neither the domain nor the server"},
    {"DANE with the name", OUT, "else.test", ELSE, "mx.pkix.test", 0, CW_PROOF_DANE, CW_CHAIN_OK,
     "DANE ok"},
    {"DANE of the domain's own address", OUT, "own.test", SELF, "own.test", 0, CW_PROOF_DANE,
     CW_CHAIN_SELF_SIGNED, "DANE ok"},
    {"DANE of the domain's own address, inbound", IN, "own.test", SELF, NULL, 0, CW_PROOF_DANE,
     CW_CHAIN_SELF_SIGNED, "DANE ok"},
    {"DANE switched off", OUT, "ee.test", SELF, "mx.ee.test", NO_DANE | NO_POSH, CW_PROOF_NONE,
     CW_CHAIN_SELF_SIGNED, "DANE skipped: switched off"},
    {"DANE switched off, inbound", IN, "ee.test", SELF, NULL, NO_DANE | NO_POSH, CW_PROOF_NONE,
     CW_CHAIN_SELF_SIGNED, "DANE skipped: switched off"},
    {"DANE without a trust anchor", OUT, "ee.test", SELF, "mx.ee.test", PLAIN_DNS | NO_POSH,
     CW_PROOF_NONE, CW_CHAIN_SELF_SIGNED, "DANE skipped: there is no DNSSEC trust anchor"},
    {"DANE held back", OUT, "p.test", GOOD, "mx.held.test", 0, CW_PROOF_NONE, CW_CHAIN_DANE,
     "cannot be looked up, although the zone is signed"},
    {"nothing to hold back", OUT, "p.test", GOOD, "mx.lax.test", 0, CW_PROOF_PKIX, CW_CHAIN_OK,
     "the zone is not signed; PKIX ok"},
    {"DANE kept from us", OUT, "p.test", GOOD, "mx.ee.test", SILENT_DNS, CW_PROOF_NONE,
     CW_CHAIN_DANE, "cannot be looked up"},
    {"nothing kept from us, inbound", IN, "ee.test", SELF, NULL, SILENT_DNS | NO_POSH,
     CW_PROOF_NONE, CW_CHAIN_SELF_SIGNED, "cannot be looked up"},

    {"delegation", OUT, "hosted.test", HOSTING, "mx.hosting.test", 0, CW_PROOF_DELEGATION,
     CW_CHAIN_OK, "DNSSEC delegation ok: DNSSEC proves that mx.hosting.test serves"},
    {"delegation, inbound", IN, "hosted.test", HOSTING, NULL, 0, CW_PROOF_DELEGATION, CW_CHAIN_OK,
     "DNSSEC delegation ok"},
    {"delegation, inbound, without DANE", IN, "hosted.test", HOSTING, NULL, NO_DANE,
     CW_PROOF_DELEGATION, CW_CHAIN_OK, "DNSSEC delegation ok"},
    {"delegation by an insecure record", OUT, "hosted.test", HOSTING, "mx.hosting.test",
     NO_POSH | INSECURE, CW_PROOF_NONE, CW_CHAIN_OK, "DANE skipped: no secure DNS record leads"},
    {"delegation by nobody", OUT, "hosted.test", HOSTING, NULL, NO_POSH, CW_PROOF_NONE, CW_CHAIN_OK,
     "PKIX failed: it does not name"},
    {"delegation, another name", OUT, "hosted.test", ELSE, "mx.hosting.test", NO_POSH,
     CW_PROOF_NONE, CW_CHAIN_OK, "PKIX failed: it does not name"},
    {"delegation, no chain", OUT, "hosted.test", OWN_ELSE, "mx.hosting.test", NO_POSH,
     CW_PROOF_NONE, CW_CHAIN_UNKNOWN_CA, "PKIX failed"},

    {"POSH", OUT, "lists.test", SELF, NULL, 0, CW_PROOF_POSH, CW_CHAIN_SELF_SIGNED,
     "POSH ok: the web server of lists.test lists the certificate"},
    {"POSH, inbound", IN, "lists.test", SELF, NULL, 0, CW_PROOF_POSH, CW_CHAIN_SELF_SIGNED,
     "POSH ok"},
    {"POSH without DNSSEC", OUT, "lists.test", SELF, NULL, PLAIN_DNS, CW_PROOF_POSH,
     CW_CHAIN_SELF_SIGNED, "POSH ok"},
    {"POSH by reference", OUT, "refers.test", SELF, NULL, 0, CW_PROOF_POSH, CW_CHAIN_SELF_SIGNED,
     "POSH ok"},
    {"POSH by two references", OUT, "loop.test", SELF, NULL, 0, CW_PROOF_NONE, CW_CHAIN_SELF_SIGNED,
     "POSH failed: a reference of a reference"},
    {"POSH of another certificate", OUT, "others.test", SELF, NULL, 0, CW_PROOF_NONE,
     CW_CHAIN_SELF_SIGNED, "POSH failed: https://others.test/"},
    {"POSH, expired", OUT, "lists.test", EXPIRED, NULL, 0, CW_PROOF_NONE, CW_CHAIN_SELF_SIGNED,
     "POSH skipped: the certificate has expired"},
    {"POSH, no document", OUT, "nothing.test", SELF, NULL, 0, CW_PROOF_NONE, CW_CHAIN_SELF_SIGNED,
     "answered 404"},
    {"POSH, no JSON", OUT, "junk.test", SELF, NULL, 0, CW_PROOF_NONE, CW_CHAIN_SELF_SIGNED,
     "POSH failed: the document of junk.test is not usable: it is no JSON"},
    {"POSH, no web server", OUT, "none.test", SELF, NULL, 0, CW_PROOF_NONE, CW_CHAIN_SELF_SIGNED,
     "POSH failed: https://none.test/"},
    {"POSH, a refused address", OUT, "forbidden.test", SELF, NULL, 0, CW_PROOF_NONE,
     CW_CHAIN_SELF_SIGNED, "the settings refuse"},

    {"a staple is required", OUT, "p.test", GOOD, NULL, STAPLE, CW_PROOF_NONE, CW_CHAIN_NO_STAPLE,
     "PKIX failed: the settings require a good OCSP staple"},
    {"a staple is required, own anchor", OUT, "p.test", OWN, NULL, STAPLE | ANCHORED, CW_PROOF_NONE,
     CW_CHAIN_NO_STAPLE, "own anchor failed"},
    {"a staple is required, delegation", OUT, "hosted.test", HOSTING, "mx.hosting.test", STAPLE,
     CW_PROOF_NONE, CW_CHAIN_NO_STAPLE, "DNSSEC delegation failed"},
    {"no staple from clients", IN, "p.test", GOOD, NULL, STAPLE, CW_PROOF_PKIX, CW_CHAIN_OK,
     "PKIX ok"},
};

struct heard {
    int n;
    enum cw_cert_proof proof, by_cert;
    enum cw_cert_verdict verdict;
    enum cw_chain_fault fault;
    char domain[60], steps[1000];
};

static void on_done(void *arg, const struct edge_identity_answer *a)
{
    struct heard *h = arg;
    size_t at = 0;
    h->n++;
    h->proof = a->proof;
    h->by_cert = cw_cert_proof(&a->cert, cw_str_of(h->domain));
    h->verdict = cw_cert_judge(&a->cert, cw_str_of(h->domain));
    h->fault = a->cert.fault;
    h->steps[0] = '\0';
    for (size_t i = 0; i < a->n_steps && at < sizeof h->steps; i++)
        at += (size_t)snprintf(h->steps + at, sizeof h->steps - at, "%s%s %s: %.*s", i ? "; " : "",
                               a->steps[i].name, edge_proof_state_name(a->steps[i].state),
                               CW_ARG(a->steps[i].sentence));
}

/* An edge that knows this one partner, and what it learnt in the handshake. */
struct scene {
    struct edge edge;
    struct cw_x509_chain *chain;
    struct cw_arena arena;
    struct cw_tls_facts facts;
};

static void set_scene(struct scene *s, const struct question *q)
{
    static struct cw_str pins[1];
    struct cw_partner *partner;
    memset(s, 0, sizeof *s);
    s->edge.base = world.base;
    s->edge.resolver = q->flags & PLAIN_DNS    ? world.plain
                       : q->flags & SILENT_DNS ? world.silent
                                               : world.validating;
    s->edge.policy = cw_policy_new();
    s->edge.policy->settings = (struct cw_settings){.dane = !(q->flags & NO_DANE),
                                                    .posh = !(q->flags & NO_POSH),
                                                    .require_ocsp_staple = q->flags & STAPLE};
    if (!(q->flags & STRANGER)) {
        partner = cw_arena_alloc(&s->edge.policy->arena, sizeof *partner);
        *partner = CW_PARTNER_DEFAULT;
        partner->domain = cw_str_of(q->domain);
        pins[0] = world.pins[GOOD];
        partner->pinned_keys = pins;
        partner->n_pinned_keys = q->flags & PINNED ? 1 : 0;
        if (q->flags & ANCHORED)
            partner->trust_anchor = world.own_pem;
        s->edge.policy->partners = partner;
        s->edge.policy->n_partners = 1;
    }
    cw_policy_index(s->edge.policy);
    if (q->flags & NO_CERT)
        return;
    s->chain = chain_of(q->cert, q->direction);
    cw_x509_read(world.certs[q->cert].cert, &s->arena, &s->facts.cert);
    s->facts.staple = cw_x509_chain_verify(s->chain, &s->arena, &s->facts.cert);
    s->facts.chain = s->chain;
}

static void end_scene(struct scene *s)
{
    edge_posh_forget(&s->edge);
    cw_policy_unref(&s->edge.policy);
    cw_x509_chain_free(&s->chain);
    cw_arena_free(&s->arena);
}

static struct edge_identity *begin(struct scene *s, const struct question *q, struct heard *h)
{
    const struct edge_identity_ask ask = {
        .edge = &s->edge,
        .domain = cw_str_of(q->domain),
        .direction = q->direction,
        .facts = &s->facts,
        .host = cw_str_of(q->host),
        .port = 5269,
        .is_secure = q->host != NULL && strcmp(q->host, q->domain) != 0 && !(q->flags & INSECURE),
        .is_fresh = q->flags & FRESH,
        .web_port = world.web_port,
    };
    *h = (struct heard){0};
    snprintf(h->domain, sizeof h->domain, "%s", q->domain);
    return edge_identity_begin(&ask, on_done, h);
}

static void answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        const struct question *q = &questions[i];
        struct scene s;
        struct heard h;
        set_scene(&s, q);
        begin(&s, q, &h);
        assert_int_equal(h.n, 0);
        RUN_UNTIL(world.base, h.n);
        if (h.proof != q->proof || h.by_cert != q->proof || h.fault != q->fault ||
            !strstr(h.steps, q->steps))
            fail_msg("%s: %s, %s, fault %s: %s", q->name, cw_cert_proof_name(h.proof),
                     cw_cert_proof_name(h.by_cert), cw_chain_fault_name(h.fault), h.steps);
        if ((h.verdict == CW_CERT_GOOD) != (q->proof != CW_PROOF_NONE))
            fail_msg("%s: verdict %d", q->name, (int)h.verdict);
        end_scene(&s);
    }
}

/* Each question is asked after the former one; `asked` is how often the web server was. */
static void ask_on(struct scene *s, struct question *q, int asked, enum cw_cert_proof proof)
{
    struct heard h;
    world.n_requests = 0;
    begin(s, q, &h);
    RUN_UNTIL(world.base, h.n);
    if (world.n_requests != asked || h.proof != proof)
        fail_msg("%s: asked %d times, %s: %s", q->name, world.n_requests,
                 cw_cert_proof_name(h.proof), h.steps);
}

static void remembers(void **state)
{
    struct question q = {"kept", OUT, "lists.test", SELF, NULL, 0, CW_PROOF_POSH, CW_CHAIN_OK, ""};
    struct scene s;
    (void)state;
    set_scene(&s, &q);
    ask_on(&s, &q, 1, CW_PROOF_POSH);
    ask_on(&s, &q, 0, CW_PROOF_POSH);
    s.edge.policy->version++;
    ask_on(&s, &q, 0, CW_PROOF_POSH);
    q.name = "fresh";
    q.flags = FRESH;
    ask_on(&s, &q, 1, CW_PROOF_POSH);
    end_scene(&s);

    q = (struct question){"none", OUT,           "nothing.test", SELF, NULL,
                          0,      CW_PROOF_NONE, CW_CHAIN_OK,    ""};
    set_scene(&s, &q);
    ask_on(&s, &q, 1, CW_PROOF_NONE);
    ask_on(&s, &q, 0, CW_PROOF_NONE);
    q.flags = FRESH;
    ask_on(&s, &q, 1, CW_PROOF_NONE);
    q.flags = 0;
    ask_on(&s, &q, 0, CW_PROOF_NONE);
    s.edge.policy->version++;
    q.name = "none, after a change of the policy";
    ask_on(&s, &q, 1, CW_PROOF_NONE);
    end_scene(&s);

    q = (struct question){"not listed", OUT, "others.test", SELF, NULL, 0, CW_PROOF_NONE,
                          CW_CHAIN_OK,  ""};
    set_scene(&s, &q);
    ask_on(&s, &q, 1, CW_PROOF_NONE);
    ask_on(&s, &q, 0, CW_PROOF_NONE); /* young */
    end_scene(&s);
}

/* Many at once ask the web server once; one of them may go meanwhile. */
static void shares(void **state)
{
    struct question q = {"at once",   IN, "refers.test", SELF, NULL, 0, CW_PROOF_POSH,
                         CW_CHAIN_OK, ""};
    struct edge_identity *ids[5];
    struct heard heard[5];
    struct scene s;
    (void)state;
    set_scene(&s, &q);
    world.n_requests = 0;
    for (int i = 0; i < 5; i++)
        ids[i] = begin(&s, &q, &heard[i]);
    RUN_UNTIL(world.base, world.n_requests > 0);
    edge_identity_cancel(&ids[2]);
    RUN_UNTIL(world.base, heard[4].n);
    for (int i = 0; i < 5; i++)
        if (heard[i].n != (i != 2) || (i != 2 && heard[i].proof != CW_PROOF_POSH))
            fail_msg("%d of 5: told %d times: %s", i, heard[i].n, heard[i].steps);
    assert_int_equal(world.n_requests, 2); /* reference and document */
    end_scene(&s);
}

/* Wherever it is, cancelling it ends it. */
static void cancelled(void **state)
{
    static const struct question some[] = {
        {"DANE", OUT, "ee.test", SELF, "mx.ee.test", SILENT_DNS, 0, 0, ""},
        {"servers", IN, "ee.test", SELF, NULL, SILENT_DNS, 0, 0, ""},
        {"POSH", IN, "loop.test", SELF, NULL, 0, 0, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < 3 * (sizeof some / sizeof *some); i++) {
        const struct question *q = &some[i % 3];
        struct scene s;
        struct heard h;
        set_scene(&s, q);
        struct edge_identity *id = begin(&s, q, &h);
        for (size_t k = 0; k < i / 3 * 2; k++)
            turn(world.base);
        if (h.n == 0)
            edge_identity_cancel(&id);
        end_scene(&s);
        run_for(world.base, 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(remembers),
                                       cmocka_unit_test(shares), cmocka_unit_test(cancelled)};

    return cmocka_run_group_tests(tests, make_world, end_world);
}
