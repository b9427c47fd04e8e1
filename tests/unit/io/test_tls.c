/* TLS settings from files: what is refused, and with which sentence. */
#include "certs.h"
#include "harness.h"

#include "io/tls.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct dir dir;

static int make_files(void **state)
{
    struct issued ca = issue(&(struct cert_spec){.cn = "CA", .is_ca = true});
    struct issued one = issue(&(struct cert_spec){.sans = "DNS:a.example", .issuer = &ca});
    struct issued two = issue(&(struct cert_spec){.sans = "DNS:b.example"});
    struct issued weak = issue(&(struct cert_spec){.sans = "DNS:c.example", .rsa_bits = 1024});
    char path[128];
    (void)state;
    dir_make(&dir);
    issued_write(&ca, NULL, &dir, "ca");
    issued_write(&one, &ca, &dir, "one");
    issued_write(&two, NULL, &dir, "two");
    issued_write(&weak, NULL, &dir, "weak");
    FILE *f = fopen(in_dir(&dir, "junk", path), "w");
    fputs("junk\n", f);
    fclose(f);
    for (int key_first = 0; key_first < 2; key_first++) {
        f = fopen(in_dir(&dir, key_first ? "key-first" : "key-last", path), "w");
        if (key_first)
            PEM_write_PrivateKey(f, one.key, NULL, NULL, 0, NULL, NULL);
        PEM_write_X509(f, one.cert);
        PEM_write_X509(f, ca.cert);
        if (!key_first)
            PEM_write_PrivateKey(f, one.key, NULL, NULL, 0, NULL, NULL);
        fclose(f);
    }
    issued_free(&ca);
    issued_free(&one);
    issued_free(&two);
    issued_free(&weak);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    dir_remove(&dir);
    return 0;
}

static void refused(void **state)
{
    const struct {
        const char *name, *cert, *key, *ca, *want;
    } rows[] = {
        {"all well", "one.crt", "one.key", "ca.crt", NULL},
        {"key behind the chain", "key-last", "key-last", "ca.crt", NULL},
        {"key before the certificate", "key-first", "key-first", "ca.crt", NULL},
        {"weak key", "weak.crt", "weak.key", "ca.crt", "weak.crt holds a key that is too weak"},
        {"no certificate", NULL, NULL, "ca.crt", NULL},
        {"missing", "none.crt", "one.key", "ca.crt", "none.crt: No such file"},
        {"missing key", "one.crt", "none.key", "ca.crt", "none.key: No such file"},
        {"missing CA", "one.crt", "one.key", "none.crt", "none.crt: No such file"},
        {"no key named", "one.crt", NULL, "ca.crt", "needs a key"},
        {"not its key", "one.crt", "two.key", "ca.crt", "does not belong"},
        {"junk", "junk", "one.key", "ca.crt", "junk cannot be used"},
        {"junk key", "one.crt", "junk", "ca.crt", "no usable PEM key"},
        {"junk CA", "one.crt", "one.key", "junk", "no usable PEM certificate"},
        {"certificate as key", "one.crt", "one.crt", "ca.crt", "no usable PEM key"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char cert[128], key[128], ca[128];
        struct cw_buf why = {0};
        struct cw_tls_options o = {
            .cert_file = rows[i].cert ? in_dir(&dir, rows[i].cert, cert) : NULL,
            .key_file = rows[i].key ? in_dir(&dir, rows[i].key, key) : NULL,
            .ca_file = in_dir(&dir, rows[i].ca, ca),
        };
        struct cw_tls_ctx *ctx = cw_tls_ctx_new(&o, &why);
        cw_buf_putc(&why, '\0');
        if ((ctx != NULL) != (rows[i].want == NULL))
            fail_msg("%s: %s", rows[i].name, why.p);
        if (rows[i].want && !strstr(why.p, rows[i].want))
            fail_msg("%s: %s", rows[i].name, why.p);
        cw_tls_ctx_free(&ctx);
        cw_buf_free(&why);
    }
}

static void own_certificate(void **state)
{
    char cert[128], key[128], ca[128];
    struct cw_buf why = {0};
    struct cw_tls_options o = {.cert_file = in_dir(&dir, "one.crt", cert),
                               .key_file = in_dir(&dir, "one.key", key),
                               .ca_file = in_dir(&dir, "ca.crt", ca)};
    struct cw_tls_ctx *ctx = cw_tls_ctx_new(&o, &why);
    (void)state;
    const struct cw_cert *c = cw_tls_ctx_cert(ctx);
    assert_true(c->present && c->chain_ok);
    assert_int_equal(c->n_names, 1);
    assert_true(cw_str_eq_cstr(c->names[0].value, "a.example"));
    assert_true(cw_tls_ctx_not_after(ctx) > 0);
    assert_true(cw_tls_ctx_not_before(ctx) < cw_tls_ctx_not_after(ctx));
    o.cert_file = o.key_file = in_dir(&dir, "key-last", cert);
    struct cw_tls_ctx *same = cw_tls_ctx_new(&o, &why);
    o.cert_file = in_dir(&dir, "two.crt", cert);
    o.key_file = in_dir(&dir, "two.key", key);
    struct cw_tls_ctx *other = cw_tls_ctx_new(&o, &why);
    assert_true(cw_tls_ctx_shows_same(ctx, same));
    assert_false(cw_tls_ctx_shows_same(ctx, other));
    cw_tls_ctx_free(&same);
    cw_tls_ctx_free(&other);
    cw_tls_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(own_certificate),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
