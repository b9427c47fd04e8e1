/* The installation's own authority: what it makes, and whom the ends of a link refuse.  The
 * handshakes are real ones over loopback. */
#include "certs.h"
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/authority.h"
#include "io/tls_priv.h"

static struct {
    struct dir dir;
    struct cw_buf ca, ca_key, other_ca, other_key;
} world;

static void write_file(const char *path, struct cw_str content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.p, content.n), content.n);
    close(fd);
}

static int make_world(void **state)
{
    (void)state;
    dir_make(&world.dir);
    cw_authority_make(10, &world.ca, &world.ca_key);
    cw_authority_make(10, &world.other_ca, &world.other_key);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    dir_remove(&world.dir);
    cw_buf_free(&world.ca);
    cw_buf_free(&world.ca_key);
    cw_buf_free(&world.other_ca);
    cw_buf_free(&world.other_key);
    return 0;
}

/* The bundle as a file; path in a buffer of the caller. */
static const char *bundle(enum cw_link_role role, const char *name, bool is_strangers, int from,
                          int to, char path[128])
{
    struct cw_buf out = {0}, why = {0};
    char file[64];
    struct cw_bundle_ask ask = {
        .ca_certificate = cw_buf_str(is_strangers ? &world.other_ca : &world.ca),
        .ca_key = cw_buf_str(is_strangers ? &world.other_key : &world.ca_key),
        .role = role,
        .name = cw_str_of(name),
        .days_from = from,
        .days_to = to};
    assert_true(cw_bundle_make(&ask, &out, &why));
    snprintf(file, sizeof file, "%s-%s-%d-%d-%d.pem", cw_link_role_name(role), name, is_strangers,
             from, to);
    in_dir(&world.dir, file, path);
    write_file(path, cw_buf_str(&out));
    cw_buf_free(&out);
    cw_buf_free(&why);
    return path;
}

static void test_names(void **state)
{
    static const char *const good[] = {"a", "edge-1", "0", "main"};
    static const char *const bad[] = {"",  "-a",       "a-",
                                      "A", "a.b",      "a b",
                                      "*", "\xc3\xbc", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!cw_link_name_is_valid(cw_str_of(good[i])))
            fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (cw_link_name_is_valid(cw_str_of(bad[i])))
            fail_msg("%s is taken", bad[i]);
}

static void test_load(void **state)
{
    char path[128];
    struct cw_buf why = {0};
    (void)state;
    struct cw_tls_ctx *ctx =
        cw_bundle_load(bundle(CW_ROLE_EDGE, "e1", false, 0, 5, path), CW_ROLE_EDGE, &why);
    assert_non_null(ctx);
    assert_in_range(cw_bundle_days_left(ctx), 4, 5); /* the clock goes on */
    cw_tls_ctx_free(&ctx);
    /* Never valid for longer than the authority itself. */
    ctx = cw_bundle_load(bundle(CW_ROLE_EDGE, "e1", false, 0, 99, path), CW_ROLE_EDGE, &why);
    assert_in_range(cw_bundle_days_left(ctx), 9, 10);
    cw_tls_ctx_free(&ctx);
    assert_int_equal(why.n, 0);
}

static void refuse_load(const char *path, enum cw_link_role role, const char *word)
{
    struct cw_buf why = {0};
    assert_null(cw_bundle_load(path, role, &why));
    if (cw_str_find(cw_buf_str(&why), cw_str_of(word)) < 0 ||
        cw_str_find(cw_buf_str(&why), cw_str_of(path)) < 0)
        fail_msg("no \"%s\" in: %.*s", word, CW_ARG(cw_buf_str(&why)));
    cw_buf_free(&why);
}

static void test_load_refused(void **state)
{
    char path[128];
    (void)state;
    refuse_load(in_dir(&world.dir, "missing.pem", path), CW_ROLE_EDGE,
                "No such file or directory; causeway link enroll makes one");
    refuse_load(bundle(CW_ROLE_GATEWAY, "g", false, 0, 5, path), CW_ROLE_EDGE, "role edge");
    refuse_load(bundle(CW_ROLE_EDGE, "e", false, 0, 5, path), CW_ROLE_GATEWAY, "role gateway");
    refuse_load(bundle(CW_ROLE_EDGE, "e", false, -9, -1, path), CW_ROLE_EDGE, "expired");
    refuse_load(bundle(CW_ROLE_EDGE, "e", false, 2, 5, path), CW_ROLE_EDGE, "not yet valid");
    in_dir(&world.dir, "half.pem", path);
    write_file(path, cw_buf_str(&world.ca));
    refuse_load(path, CW_ROLE_EDGE, "key");
}

static void refuse_make(struct cw_str ca, struct cw_str key, const char *word)
{
    struct cw_buf out = {0}, why = {0};
    struct cw_bundle_ask ask = {ca, key, CW_ROLE_EDGE, CW_S("e"), 0, 5};
    assert_false(cw_bundle_make(&ask, &out, &why));
    assert_int_equal(out.n, 0);
    if (cw_str_find(cw_buf_str(&why), cw_str_of(word)) < 0)
        fail_msg("no \"%s\" in: %.*s", word, CW_ARG(cw_buf_str(&why)));
    cw_buf_free(&why);
}

static void test_make_refused(void **state)
{
    struct cw_buf old = {0}, old_key = {0};
    struct cw_str ca = cw_buf_str(&world.ca), key = cw_buf_str(&world.ca_key);
    (void)state;
    refuse_make(CW_S("garbage"), key, "certificate cannot be read");
    refuse_make(ca, CW_S("garbage"), "key cannot be read");
    refuse_make(ca, cw_buf_str(&world.other_key), "does not belong");
    cw_authority_make(-1, &old, &old_key);
    refuse_make(cw_buf_str(&old), cw_buf_str(&old_key), "expired");
    cw_buf_free(&old);
    cw_buf_free(&old_key);
}

/* --- both ends of a handshake ---------------------------------------------------------------- */

struct judge {
    enum cw_link_role wants;
    char refusal[300], name[50];
    bool is_up, is_over;
};

static void on_tls_up(void *arg, const struct cw_tls_facts *facts)
{
    struct judge *j = arg;
    struct cw_arena arena = {0};
    struct cw_str name, refusal = cw_link_peer_refusal(&arena, &facts->cert, j->wants, &name);
    assert_true(cw_str_eq_cstr(facts->version, "TLSv1.3"));
    snprintf(j->refusal, sizeof j->refusal, "%.*s", CW_ARG(refusal));
    snprintf(j->name, sizeof j->name, "%.*s", CW_ARG(name));
    j->is_up = true;
    cw_arena_free(&arena);
}

static void on_closed(void *arg, enum cw_conn_end end, struct cw_str sentence)
{
    struct judge *j = arg;
    (void)end;
    (void)sentence;
    j->is_over = true;
}

/* Sees whom the two ends find: the gateway connects to the edge. */
static void meet(struct cw_tls_ctx *gateway, struct cw_tls_ctx *edge, struct judge *at_gateway,
                 struct judge *at_edge)
{
    static const struct cw_conn_callbacks callbacks = {.on_tls_up = on_tls_up,
                                                       .on_closed = on_closed};
    struct pair p;
    struct cw_tls_start client = {.ctx = gateway}, server = {.ctx = edge, .is_server = true};
    *at_gateway = (struct judge){.wants = CW_ROLE_EDGE};
    *at_edge = (struct judge){.wants = CW_ROLE_GATEWAY};
    pair_start(&p);
    cw_conn_set_callbacks(p.a.conn, &callbacks, at_gateway);
    cw_conn_set_callbacks(p.b.conn, &callbacks, at_edge);
    cw_conn_start_tls(p.a.conn, &client);
    cw_conn_start_tls(p.b.conn, &server);
    RUN_UNTIL(p.base,
              (at_gateway->is_up || at_gateway->is_over) && (at_edge->is_up || at_edge->is_over));
    pair_stop(&p);
}

static struct cw_tls_ctx *raw_ctx(const char *path, bool shows, bool tls13_only)
{
    struct cw_buf why = {0};
    struct cw_tls_options o = {.cert_file = shows ? path : NULL,
                               .key_file = shows ? path : NULL,
                               .ca_file = path,
                               .tls13_only = tls13_only};
    struct cw_tls_ctx *ctx = cw_tls_ctx_new(&o, &why);
    if (!ctx)
        fail_msg("%.*s", CW_ARG(cw_buf_str(&why)));
    return ctx;
}

static const struct row {
    const char *name;
    enum cw_link_role role; /* of the bundle that the client shows */
    bool is_strangers, shows_none;
    int from, to;
    const char *refusal; /* in the edge's sentence; NULL: taken */
} rows[] = {
    {"a gateway", CW_ROLE_GATEWAY, .to = 5},
    {"another authority's gateway", CW_ROLE_GATEWAY, .is_strangers = true, .to = 5,
     .refusal = "certificate"},
    {"an edge in the place of a gateway", CW_ROLE_EDGE, .to = 5, .refusal = "role gateway"},
    {"an expired gateway", CW_ROLE_GATEWAY, .from = -9, .to = -1, .refusal = "expired"},
    {"a gateway of tomorrow", CW_ROLE_GATEWAY, .from = 2, .to = 5, .refusal = "not yet valid"},
    {"nobody", CW_ROLE_GATEWAY, .shows_none = true, .to = 5, .refusal = "no certificate"},
};

static void test_edge_checks(void **state)
{
    char path[128];
    struct cw_tls_ctx *edge = raw_ctx(bundle(CW_ROLE_EDGE, "e1", false, 0, 5, path), true, true);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct judge at_gateway, at_edge;
        bundle(row->role, "n1", row->is_strangers, row->from, row->to, path);
        struct cw_tls_ctx *client = raw_ctx(path, !row->shows_none, true);
        meet(client, edge, &at_gateway, &at_edge);
        if (row->refusal ? !strstr(at_edge.refusal, row->refusal) : at_edge.refusal[0])
            fail_msg("%s: %s", row->name, at_edge.refusal);
        if (strcmp(at_edge.name, row->refusal ? "" : "n1") != 0)
            fail_msg("%s: the name is \"%s\"", row->name, at_edge.name);
        cw_tls_ctx_free(&client);
    }
    cw_tls_ctx_free(&edge);
}

static const struct row edge_rows[] = {
    {"an edge", CW_ROLE_EDGE, .to = 5},
    {"another authority's edge", CW_ROLE_EDGE, .is_strangers = true, .to = 5,
     .refusal = "certificate"},
    {"a gateway in the place of an edge", CW_ROLE_GATEWAY, .to = 5, .refusal = "role edge"},
    {"an expired edge", CW_ROLE_EDGE, .from = -9, .to = -1, .refusal = "expired"},
};

static void test_gateway_checks(void **state)
{
    char path[128];
    struct cw_tls_ctx *gateway =
        raw_ctx(bundle(CW_ROLE_GATEWAY, "main", false, 0, 5, path), true, true);
    (void)state;
    for (size_t i = 0; i < sizeof edge_rows / sizeof *edge_rows; i++) {
        const struct row *row = &edge_rows[i];
        struct judge at_gateway, at_edge;
        bundle(row->role, "n1", row->is_strangers, row->from, row->to, path);
        struct cw_tls_ctx *server = raw_ctx(path, true, true);
        meet(gateway, server, &at_gateway, &at_edge);
        if (row->refusal ? !strstr(at_gateway.refusal, row->refusal) : at_gateway.refusal[0])
            fail_msg("%s: %s", row->name, at_gateway.refusal);
        if (strcmp(at_gateway.name, row->refusal ? "" : "n1") != 0)
            fail_msg("%s: the name is \"%s\"", row->name, at_gateway.name);
        cw_tls_ctx_free(&server);
    }
    cw_tls_ctx_free(&gateway);
}

/* An end that is made from its bundle takes nothing older than TLS 1.3. */
static void test_old_tls(void **state)
{
    char path[128];
    struct cw_buf why = {0};
    struct judge at_gateway, at_edge;
    (void)state;
    struct cw_tls_ctx *edge =
        cw_bundle_load(bundle(CW_ROLE_EDGE, "e1", false, 0, 5, path), CW_ROLE_EDGE, &why);
    struct cw_tls_ctx *gateway =
        raw_ctx(bundle(CW_ROLE_GATEWAY, "main", false, 0, 5, path), true, false);
    SSL_CTX_set_max_proto_version(cw_tls_ctx_ssl(gateway), TLS1_2_VERSION);
    meet(gateway, edge, &at_gateway, &at_edge);
    assert_true(at_gateway.is_over && at_edge.is_over);
    assert_false(at_gateway.is_up || at_edge.is_up);
    cw_tls_ctx_free(&edge);
    cw_tls_ctx_free(&gateway);
}

/* A certificate of a public authority's kind: the name alone is not enough, and neither is a part
 * of it. */
static void test_strange_names(void **state)
{
    static const char *const names[] = {
        "edge.e1",           "edge.e1.causeway.example", "edge..causeway", "edge.a.b.causeway",
        "edge.*.causeway",   "gateway.e1.causeway",      ".edge.causeway", "edge.causeway",
        "xedge.e1.causeway", "exit.e1.causeway",         "edgee1.causeway"};
    struct cw_arena arena = {0};
    struct cw_str name;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct cw_cert_name dns_id = {.type = CW_CERT_DNS_ID, .value = cw_str_of(names[i])};
        struct cw_cert cert = {.present = true, .chain_ok = true, .names = &dns_id, .n_names = 1};
        if (!cw_str_is_present(cw_link_peer_refusal(&arena, &cert, CW_ROLE_EDGE, &name)))
            fail_msg("%s is taken for an edge", names[i]);
    }
    struct cw_cert_name cn = {.type = CW_CERT_CN, .value = CW_S("edge.e1.causeway")};
    struct cw_cert cert = {.present = true, .chain_ok = true, .names = &cn, .n_names = 1};
    assert_true(cw_str_is_present(cw_link_peer_refusal(&arena, &cert, CW_ROLE_EDGE, &name)));
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),         cmocka_unit_test(test_load),
        cmocka_unit_test(test_load_refused),  cmocka_unit_test(test_make_refused),
        cmocka_unit_test(test_edge_checks),   cmocka_unit_test(test_gateway_checks),
        cmocka_unit_test(test_strange_names), cmocka_unit_test(test_old_tls),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
