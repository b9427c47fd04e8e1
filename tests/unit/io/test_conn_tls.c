/* STARTTLS both ways, what may not cross it, and the facts it shows. */
#include "certs.h"
#include "harness.h"
#include "revocation.h"

#include "io/tls_priv.h"

#include <openssl/ocsp.h>
#include <stdlib.h>
#include <string.h>

/* One CA that both trust, one that they do not, and certificates of every sort. */
static struct {
    struct dir dir;
    struct cw_tls_ctx *good, *self_signed, *expired, *stranger, *code_signing, *server_only, *early,
        *none;
} world;

static struct cw_tls_ctx *ctx_of(const struct cert_spec *spec, const char *name)
{
    char cert[128], key[128], ca[128], file[40];
    struct cw_buf why = {0};
    struct issued i = issue(spec);
    issued_write(&i, NULL, &world.dir, name);
    issued_free(&i);
    snprintf(file, sizeof file, "%s.crt", name);
    in_dir(&world.dir, file, cert);
    snprintf(file, sizeof file, "%s.key", name);
    in_dir(&world.dir, file, key);
    struct cw_tls_options o = {cert, key, in_dir(&world.dir, "ca.crt", ca), NULL, false};
    struct cw_tls_ctx *ctx = cw_tls_ctx_new(&o, &why);
    if (!ctx)
        fail_msg("%s: %.*s", name, CW_ARG(cw_buf_str(&why)));
    return ctx;
}

static int make_world(void **state)
{
    struct issued ca = issue(&(struct cert_spec){.cn = "Test CA", .is_ca = true});
    struct issued other = issue(&(struct cert_spec){.cn = "Other CA", .is_ca = true});
    char path[128];
    struct cw_buf why = {0};
    (void)state;
    dir_make(&world.dir);
    issued_write(&ca, NULL, &world.dir, "ca");
    world.good = ctx_of(&(struct cert_spec){.sans = "DNS:a.example", .issuer = &ca}, "good");
    world.self_signed = ctx_of(&(struct cert_spec){.sans = "DNS:a.example"}, "self");
    world.expired = ctx_of(
        &(struct cert_spec){.sans = "DNS:a.example", .issuer = &ca, .days_from = -9, .days_to = -1},
        "expired");
    world.early = ctx_of(
        &(struct cert_spec){.sans = "DNS:a.example", .issuer = &ca, .days_from = 1, .days_to = 9},
        "early");
    world.stranger =
        ctx_of(&(struct cert_spec){.sans = "DNS:a.example", .issuer = &other}, "alien");
    world.code_signing = ctx_of(
        &(struct cert_spec){.sans = "DNS:a.example", .issuer = &ca, .eku = "codeSigning"}, "code");
    world.server_only = ctx_of(
        &(struct cert_spec){.sans = "DNS:a.example", .issuer = &ca, .eku = "serverAuth"}, "server");
    struct cw_tls_options o = {.ca_file = in_dir(&world.dir, "ca.crt", path)};
    world.none = cw_tls_ctx_new(&o, &why);
    assert_non_null(world.none);
    issued_free(&ca);
    issued_free(&other);
    return 0;
}

static int end_world(void **state)
{
    struct cw_tls_ctx **all[] = {&world.good,     &world.self_signed,  &world.expired,
                                 &world.stranger, &world.code_signing, &world.server_only,
                                 &world.early,    &world.none};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cw_tls_ctx_free(all[i]);
    dir_remove(&world.dir);
    return 0;
}

static void start(struct pair *p, const struct cw_tls_ctx *client, const struct cw_tls_ctx *server)
{
    struct cw_tls_start c = {.ctx = client, .sni = CW_S("a.example"), .alpn = "xmpp-server"};
    struct cw_tls_start s = {.ctx = server, .is_server = true, .alpn = "xmpp-server"};
    cw_conn_start_tls(p->a.conn, &c);
    cw_conn_start_tls(p->b.conn, &s);
}

/* Text before, TLS, text after; the last plain bytes leave before the first of TLS. */
static void starttls(void **state)
{
    struct pair p;
    (void)state;
    pair_start(&p);
    cw_conn_write(p.b.conn, CW_S("<proceed/>"));
    start(&p, world.good, world.good);
    cw_conn_write(p.a.conn, CW_S("<secret/>")); /* queued now, inside TLS later */
    RUN_UNTIL(p.base, p.a.n_tls_failed || p.b.n_tls_failed || p.b.n_closed);
    /* a started TLS before it had read <proceed/>: that is a's mistake and must not work. */
    assert_int_equal(p.a.n_tls_up + p.b.n_tls_up, 0);
    assert_int_equal(p.a.in.n, 0);
    assert_null(p.b.in.p ? memmem(p.b.in.p, p.b.in.n, "secret", 6) : NULL);
    pair_stop(&p);

    pair_start(&p);
    cw_conn_write(p.b.conn, CW_S("<proceed/>"));
    struct cw_tls_start s = {.ctx = world.good, .is_server = true};
    cw_conn_start_tls(p.b.conn, &s);
    cw_conn_write(p.b.conn, CW_S("welcome"));
    RUN_UNTIL(p.base, p.a.in.n == 10);
    cw_buf_reset(&p.a.in);
    struct cw_tls_start c = {.ctx = world.good, .sni = CW_S("a.example")};
    cw_conn_start_tls(p.a.conn, &c);
    cw_conn_write(p.a.conn, CW_S("<secret/>"));
    RUN_UNTIL(p.base, p.b.in.n == 9 && p.a.in.n == 7);
    assert_true(cw_conn_is_tls(p.a.conn) && cw_conn_is_tls(p.b.conn));
    assert_memory_equal(p.b.in.p, "<secret/>", 9);
    assert_string_equal(p.a.version, "TLSv1.3");
    assert_true(strlen(p.a.cipher) > 0);
    assert_true(p.a.chain_ok && p.b.chain_ok && p.a.has_cert && p.b.has_cert);
    assert_int_equal(cw_conn_flushed_total(p.b.conn), 17);
    cw_conn_close(p.a.conn, 1000);
    RUN_UNTIL(p.base, p.a.n_closed && p.b.n_closed);
    assert_string_equal(p.b.sentence, "the peer closed the connection"); /* close_notify came */
    pair_stop(&p);
}

static void on_starttls(struct side *s)
{
    if (!memmem(s->in.p, s->in.n, "<starttls/>", 11))
        return;
    struct cw_tls_start server = {.ctx = world.good, .is_server = true};
    s->then = NULL;
    cw_conn_write(s->conn, CW_S("<proceed/>"));
    cw_conn_start_tls(s->conn, &server);
}

/* What follows <starttls/> as plain text never reaches the owner after it, whether it came in the
 * same segment or a later one. */
static void pipelined_text_is_not_replayed(void **state)
{
    (void)state;
    for (int in_one = 0; in_one < 2; in_one++) {
        struct pair p;
        pair_start(&p);
        p.b.then = on_starttls;
        cw_conn_write(p.a.conn, CW_S("<starttls/>"));
        if (!in_one)
            RUN_UNTIL(p.base, p.b.in.n == 11);
        cw_conn_write(p.a.conn, CW_S("<message>injected</message>"));
        RUN_UNTIL(p.base, p.a.in.n >= 10);
        size_t before = p.b.in.n; /* what came together with <starttls/> is the owner's to drop */
        if (before != (in_one ? 38u : 11u))
            fail_msg("%d: %zu bytes", in_one, before);
        struct cw_tls_start c = {.ctx = world.good};
        cw_conn_start_tls(p.a.conn, &c);
        cw_conn_write(p.a.conn, CW_S("inside"));
        RUN_UNTIL(p.base, p.b.n_tls_failed || p.b.in.n > before);
        if (in_one) {
            assert_int_equal(p.b.in.n, before + 6);
            assert_memory_equal(p.b.in.p + before, "inside", 6);
        } else {
            assert_int_equal(p.b.n_tls_up, 0);
            assert_int_equal(p.b.in.n, before);
            RUN_UNTIL(p.base, p.b.n_closed);
            assert_int_equal(p.b.end, CW_CONN_END_TLS);
        }
        pair_stop(&p);
    }
}

/* The same with more than one read's worth waiting: reading stops where TLS was started. */
static void reading_stops_at_start_tls(void **state)
{
    struct pair p;
    char *plain = malloc(100000);
    (void)state;
    memset(plain, 'x', 100000);
    memcpy(plain, "<starttls/>", 11);
    pair_start(&p);
    p.b.then = on_starttls;
    cw_conn_pause(p.b.conn);
    cw_conn_write(p.a.conn, (struct cw_str){plain, 100000});
    run_for(p.base, 30);
    cw_conn_resume(p.b.conn);
    RUN_UNTIL(p.base, p.b.n_closed);
    assert_true(p.b.in.n <= 16384); /* what one read gave */
    assert_int_equal(p.b.n_tls_failed, 1);
    free(plain);
    pair_stop(&p);
}

static void answer(struct side *s)
{
    cw_conn_write(s->conn, CW_S("answer"));
}

/* Text and the end of TLS in one piece: what the text made us say still goes out. */
static void answer_after_peer_end(void **state)
{
    struct pair p;
    (void)state;
    pair_start(&p);
    start(&p, world.good, world.good);
    RUN_UNTIL(p.base, p.a.n_tls_up && p.b.n_tls_up);
    p.b.then = answer;
    cw_conn_pause(p.b.conn);
    cw_conn_write(p.a.conn, CW_S("question"));
    cw_conn_close(p.a.conn, 1000);
    run_for(p.base, 30);
    cw_conn_resume(p.b.conn);
    RUN_UNTIL(p.base, p.b.n_closed);
    assert_int_equal(p.b.end, CW_CONN_END_PEER);
    assert_int_equal(cw_conn_flushed_total(p.b.conn), 6);
    pair_stop(&p);
}

static void chain_verdicts(void **state)
{
    const struct {
        const char *name;
        const struct cw_tls_ctx *ctx;
        bool has_cert, ok;
        const char *reason;
    } rows[] = {
        {"good", world.good, true, true, ""},
        {"serverAuth only", world.server_only, true, true, ""},
        {"self-signed", world.self_signed, true, false, "self-signed"},
        {"expired", world.expired, true, false, "expired"},
        {"not yet valid", world.early, true, false, "not yet valid"},
        {"unknown CA", world.stranger, true, false, "unable to get local issuer"},
        {"codeSigning only", world.code_signing, true, false, "purpose"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int as_client = 0; as_client < 2; as_client++) {
            struct pair p;
            pair_start(&p);
            start(&p, as_client ? rows[i].ctx : world.good, as_client ? world.good : rows[i].ctx);
            RUN_UNTIL(p.base, p.a.n_tls_up && p.b.n_tls_up);
            struct side *judge = as_client ? &p.b : &p.a;
            if (judge->has_cert != rows[i].has_cert || judge->chain_ok != rows[i].ok ||
                !strstr(judge->reason, rows[i].reason))
                fail_msg("%s as %s: %d \"%s\"", rows[i].name, as_client ? "client" : "server",
                         judge->chain_ok, judge->reason);
            assert_string_equal(judge->alpn, "xmpp-server");
            pair_stop(&p);
        }
}

static int staple(SSL *ssl, void *arg)
{
    const struct cw_str *ocsp = arg;
    if (!cw_str_is_present(*ocsp))
        return SSL_TLSEXT_ERR_NOACK;
    unsigned char *copy = OPENSSL_memdup(ocsp->p, ocsp->n);
    return SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)ocsp->n) == 1 ? SSL_TLSEXT_ERR_OK
                                                                          : SSL_TLSEXT_ERR_NOACK;
}

/* Asked for by the client alone, in either version of TLS. */
static void staples(void **state)
{
    const struct {
        const char *name;
        int status; /* below 0: no staple */
        enum cw_tls_staple want;
        enum cw_chain_fault fault;
    } rows[] = {
        {"none, though promised", -1, CW_STAPLE_NONE, CW_CHAIN_NO_STAPLE},
        {"good", V_OCSP_CERTSTATUS_GOOD, CW_STAPLE_GOOD, CW_CHAIN_OK},
        {"revoked", V_OCSP_CERTSTATUS_REVOKED, CW_STAPLE_REVOKED, CW_CHAIN_REVOKED},
    };
    struct issued ca = issue(&(struct cert_spec){.cn = "Staple CA", .is_ca = true});
    struct issued leaf =
        issue(&(struct cert_spec){.sans = "DNS:a.example", .issuer = &ca, .must_staple = true});
    char ca_path[128], path[128], key[128];
    struct cw_buf why = {0};
    (void)state;
    issued_write(&ca, NULL, &world.dir, "staple-ca");
    issued_write(&leaf, NULL, &world.dir, "staple");
    struct cw_tls_options o = {.cert_file = in_dir(&world.dir, "staple.crt", path),
                               .key_file = in_dir(&world.dir, "staple.key", key),
                               .ca_file = in_dir(&world.dir, "staple-ca.crt", ca_path)};
    struct cw_tls_ctx *ctx = cw_tls_ctx_new(&o, &why), *client = cw_tls_ctx_new(&o, &why);
    assert_true(ctx && client);
    struct cw_str ocsp = CW_STR_NONE;
    SSL_CTX_set_tlsext_status_cb(cw_tls_ctx_ssl(ctx), staple);
    SSL_CTX_set_tlsext_status_arg(cw_tls_ctx_ssl(ctx), &ocsp);
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
        struct pair p;
        if (rows[i / 2].status >= 0)
            ocsp = ocsp_make(&(struct ocsp_spec){&leaf, &ca, NULL, rows[i / 2].status, -10, 60});
        SSL_CTX_set_max_proto_version(cw_tls_ctx_ssl(ctx), i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
        pair_start(&p);
        start(&p, client, ctx);
        RUN_UNTIL(p.base, p.a.n_tls_up && p.b.n_tls_up);
        if (p.a.staple != rows[i / 2].want || p.a.fault != rows[i / 2].fault || !p.a.has_chain)
            fail_msg("%s (%s): %s, fault %d", rows[i / 2].name, p.a.version,
                     cw_tls_staple_name(p.a.staple), (int)p.a.fault);
        if (p.b.staple != CW_STAPLE_NONE || !p.b.chain_ok)
            fail_msg("%s: the server judges it: %s", rows[i / 2].name, p.b.reason);
        pair_stop(&p);
        OPENSSL_free((void *)(uintptr_t)ocsp.p);
        ocsp = CW_STR_NONE;
    }
    cw_tls_ctx_free(&ctx);
    cw_tls_ctx_free(&client);
    issued_free(&leaf);
    issued_free(&ca);
}

static void client_without_certificate(void **state)
{
    struct pair p;
    (void)state;
    pair_start(&p);
    start(&p, world.none, world.good);
    RUN_UNTIL(p.base, p.a.n_tls_up && p.b.n_tls_up);
    assert_false(p.b.has_cert);
    assert_false(p.b.chain_ok);
    assert_true(p.a.chain_ok);
    pair_stop(&p);
}

static const struct cw_tls_ctx *pick(void *arg, struct cw_str sni)
{
    ++*(int *)arg;
    return cw_str_eq_cstr(sni, "b.example") ? world.self_signed : NULL;
}

/* The server's certificate goes by the name that the client asks for. */
static void picked_by_name(void **state)
{
    const struct {
        const char *name, *sni;
        bool refuses_unknown;
        int n_asked;
        const char *reason; /* of the chain that the client sees; NULL: the handshake fails */
    } rows[] = {
        {"known", "b.example", true, 1, "self-signed"},
        {"known, not strict", "b.example", false, 1, "self-signed"},
        {"unknown", "c.example", true, 1, NULL},
        {"unknown, not strict", "c.example", false, 1, ""},
        {"no name", "", true, 0, ""},
        {"an address is no name", "192.0.2.1", true, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pair p;
        int n_asked = 0;
        pair_start(&p);
        struct cw_tls_start c = {.ctx = world.good, .sni = cw_str_of(rows[i].sni)};
        struct cw_tls_start s = {.ctx = world.good,
                                 .is_server = true,
                                 .pick = pick,
                                 .pick_arg = &n_asked,
                                 .refuses_unknown = rows[i].refuses_unknown};
        cw_conn_start_tls(p.a.conn, &c);
        cw_conn_start_tls(p.b.conn, &s);
        RUN_UNTIL(p.base, (p.a.n_tls_up && p.b.n_tls_up) || (p.a.n_closed && p.b.n_closed));
        if (n_asked != rows[i].n_asked || (p.a.n_tls_up == 1) != (rows[i].reason != NULL))
            fail_msg("%s: asked %d times, up %d", rows[i].name, n_asked, p.a.n_tls_up);
        if (rows[i].reason && (!strstr(p.a.reason, rows[i].reason) || !p.b.chain_ok ||
                               p.a.chain_ok != (rows[i].reason[0] == '\0')))
            fail_msg("%s: \"%s\"", rows[i].name, p.a.reason);
        if (!rows[i].reason && (!strstr(p.a.sentence, "unrecognized name") ||
                                !strstr(p.b.sentence, "that is not ours")))
            fail_msg("%s: \"%s\", \"%s\"", rows[i].name, p.a.sentence, p.b.sentence);
        pair_stop(&p);
    }
}

/* A client that names protocols and not ours is in the wrong place (RFC 7301 section 3.2). */
static void protocol_is_agreed(void **state)
{
    const struct {
        const char *name, *client, *server;
        const char *agreed; /* NULL: the handshake fails */
    } rows[] = {
        {"the same", "xmpp-server", "xmpp-server", "xmpp-server"},
        {"the client names none", NULL, "xmpp-server", ""},
        {"the server has none", "h2", NULL, ""},
        {"another one", "h2", "xmpp-server", NULL},
        {"the clients' one", "xmpp-client", "xmpp-server", NULL},
        {"a beginning", "xmpp", "xmpp-server", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pair p;
        pair_start(&p);
        struct cw_tls_start c = {
            .ctx = world.good, .sni = CW_S("a.example"), .alpn = rows[i].client};
        struct cw_tls_start s = {.ctx = world.good, .is_server = true, .alpn = rows[i].server};
        cw_conn_start_tls(p.a.conn, &c);
        cw_conn_start_tls(p.b.conn, &s);
        RUN_UNTIL(p.base, (p.a.n_tls_up && p.b.n_tls_up) || (p.a.n_closed && p.b.n_closed));
        if ((p.a.n_tls_up == 1) != (rows[i].agreed != NULL))
            fail_msg("%s: up %d", rows[i].name, p.a.n_tls_up);
        if (rows[i].agreed &&
            (strcmp(p.a.alpn, rows[i].agreed) != 0 || strcmp(p.b.alpn, rows[i].agreed) != 0))
            fail_msg("%s: \"%s\", \"%s\"", rows[i].name, p.a.alpn, p.b.alpn);
        if (!rows[i].agreed && !strstr(p.a.sentence, "no application protocol"))
            fail_msg("%s: \"%s\", \"%s\"", rows[i].name, p.a.sentence, p.b.sentence);
        pair_stop(&p);
    }
}

static void large_write(void **state)
{
    struct pair p;
    const size_t total = 24u << 20; /* more than loopback takes at once */
    char *bytes = malloc(total);
    (void)state;
    for (size_t i = 0; i < total; i++)
        bytes[i] = (char)(i * 13 + i / 509);
    pair_start(&p);
    start(&p, world.good, world.good);
    RUN_UNTIL(p.base, p.a.n_tls_up && p.b.n_tls_up);
    cw_conn_pause(p.b.conn);
    cw_conn_write(p.a.conn, (struct cw_str){bytes, total / 2});
    run_for(p.base, 60);
    uint64_t flushed = cw_conn_flushed_total(p.a.conn);
    /* The rest comes while a record is half out: the buffer has moved since. */
    cw_conn_write(p.a.conn, (struct cw_str){bytes + total / 2, total - total / 2});
    cw_conn_write(p.b.conn, CW_S("the other way"));
    assert_int_equal(p.b.in.n, 0);
    assert_true(flushed > 0 && flushed < total / 2);
    RUN_UNTIL(p.base, p.a.in.n == 13);
    cw_conn_resume(p.b.conn);
    RUN_UNTIL(p.base, p.b.in.n == total);
    assert_memory_equal(p.b.in.p, bytes, total);
    assert_int_equal(cw_conn_flushed_total(p.a.conn), total);
    free(bytes);
    pair_stop(&p);
}

static void freed_in_tls_callbacks(void **state)
{
    static const char *const places[] = {"tls", "data", "tls-failed"};
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct pair p;
        pair_start(&p);
        p.b.when = places[i];
        if (i == 2) {
            struct cw_tls_start s = {.ctx = world.good, .is_server = true};
            cw_conn_start_tls(p.b.conn, &s);
        } else {
            start(&p, world.good, world.good);
        }
        cw_conn_write(p.a.conn, CW_S("no TLS at all, or inside it"));
        RUN_UNTIL(p.base, !p.b.conn);
        run_for(p.base, 20);
        assert_int_equal(p.b.n_closed, 0);
        pair_stop(&p);
    }
}

static void handshake_has_deadline(void **state)
{
    struct pair p;
    (void)state;
    pair_start(&p);
    struct cw_tls_start s = {.ctx = world.good, .is_server = true, .timeout_ms = 50};
    cw_conn_start_tls(p.b.conn, &s);
    RUN_UNTIL(p.base, p.b.n_closed);
    assert_int_equal(p.b.n_tls_failed, 1);
    assert_int_equal(p.b.end, CW_CONN_END_TLS);
    assert_non_null(strstr(p.b.sentence, "too long"));
    pair_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starttls),
        cmocka_unit_test(pipelined_text_is_not_replayed),
        cmocka_unit_test(reading_stops_at_start_tls),
        cmocka_unit_test(answer_after_peer_end),
        cmocka_unit_test(chain_verdicts),
        cmocka_unit_test(client_without_certificate),
        cmocka_unit_test(staples),
        cmocka_unit_test(picked_by_name),
        cmocka_unit_test(protocol_is_agreed),
        cmocka_unit_test(large_write),
        cmocka_unit_test(freed_in_tls_callbacks),
        cmocka_unit_test(handshake_has_deadline),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
