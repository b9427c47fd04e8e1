/* Identities in certificates and the marks of forgery. */
#include "certs.h"
#include "harness.h"

#include "io/x509.h"

#include <stdio.h>
#include <string.h>

/* "DNS-ID a.example; CN! ..." in the order read; "!" marks a malformed one.  The names of the types
 * are spelt here: the matching half of s2s is not linked. */
static void describe(const struct cw_cert *c, char *out, size_t n)
{
    static const char *const types[] = {[CW_CERT_DNS_ID] = "DNS",
                                        [CW_CERT_SRV_ID] = "SRV",
                                        [CW_CERT_XMPP_ADDR] = "XMPP",
                                        [CW_CERT_CN] = "CN"};
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < c->n_names; i++) {
        const struct cw_cert_name *name = &c->names[i];
        at += (size_t)snprintf(out + at, n - at, "%s%s%s", i ? " " : "", types[name->type],
                               name->malformed ? "!" : "");
        if (!name->malformed)
            at += (size_t)snprintf(out + at, n - at, ":%.*s", CW_ARG(name->value));
    }
}

static void names(void **state)
{
    const struct {
        const char *name;
        struct cert_spec spec;
        const char *want;
    } rows[] = {
        {"CN alone", {.cn = "a.example"}, "CN:a.example"},
        {"nothing", {.cn = NULL}, ""},
        {"DNS and CN",
         {.cn = "x", .sans = "DNS:a.example,DNS:*.b.example"},
         "DNS:a.example DNS:*.b.example CN:x"},
        {"SRV-ID",
         {.sans = "otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_xmpp-server.a.example"},
         "SRV:_xmpp-server.a.example"},
        {"SRV-ID as UTF-8",
         {.sans = "otherName:1.3.6.1.5.5.7.8.7;UTF8:_xmpp-server.a.example"},
         "SRV!"},
        {"XmppAddr", {.sans = "otherName:1.3.6.1.5.5.7.8.5;UTF8:a.example"}, "XMPP:a.example"},
        {"XmppAddr as IA5", {.sans = "otherName:1.3.6.1.5.5.7.8.5;IA5STRING:a.example"}, "XMPP!"},
        {"XmppAddr as number", {.sans = "otherName:1.3.6.1.5.5.7.8.5;INTEGER:5"}, "XMPP!"},
        {"other other name", {.sans = "otherName:1.2.3.4;UTF8:a.example"}, ""},
        {"address and mail",
         {.sans = "IP:192.0.2.1,email:a@a.example,DNS:a.example"},
         "DNS:a.example"},
        {"NUL", {.raw_dns = CW_STR("a.example\0.evil.example")}, "DNS!"},
        {"raw U-label", {.raw_dns = CW_STR("b\xc3\xbc.example")}, "DNS!"},
        {"space", {.raw_dns = CW_STR("a.example ")}, "DNS!"},
        {"empty", {.raw_dns = CW_STR("")}, "DNS!"},
        {"one bad, one good",
         {.raw_dns = CW_STR("a\0b"), .raw_dns_2 = CW_STR("a.example")},
         "DNS! DNS:a.example"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_cert c;
        char got[300];
        struct issued made = issue(&rows[i].spec);
        cw_x509_read(made.cert, &arena, &c);
        describe(&c, got, sizeof got);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].name, got, rows[i].want);
        assert_true(c.present);
        assert_false(c.chain_ok || c.is_ca);
        issued_free(&made);
        cw_arena_free(&arena);
    }
}

/* A subjectAltName that cannot be read keeps CN from counting. */
static void broken_san(void **state)
{
    struct cw_arena arena = {0};
    struct cw_cert c;
    char got[300];
    struct issued made = issue(&(struct cert_spec){.cn = "a.example"});
    ASN1_OCTET_STRING *junk = ASN1_OCTET_STRING_new();
    (void)state;
    ASN1_OCTET_STRING_set(junk, (const unsigned char *)"\xff\xff", 2);
    X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, junk);
    X509_add_ext(made.cert, e, -1);
    cw_x509_read(made.cert, &arena, &c);
    describe(&c, got, sizeof got);
    assert_string_equal(got, "DNS! CN:a.example");
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(junk);
    issued_free(&made);
    cw_arena_free(&arena);
}

static void nul_in_cn(void **state)
{
    struct cw_arena arena = {0};
    struct cw_cert c;
    char got[300];
    struct issued made = issue(&(struct cert_spec){.cn = NULL});
    (void)state;
    X509_NAME_add_entry_by_NID(X509_get_subject_name(made.cert), NID_commonName, V_ASN1_UTF8STRING,
                               (const unsigned char *)"a.example\0.evil", 15, -1, 0);
    cw_x509_read(made.cert, &arena, &c);
    describe(&c, got, sizeof got);
    assert_string_equal(got, "CN!");
    issued_free(&made);
    cw_arena_free(&arena);
}

static void from_file(void **state)
{
    struct cw_arena arena = {0};
    struct cw_cert c;
    struct cw_buf why = {0};
    struct dir dir;
    char path[128], ca_path[128];
    struct issued root = issue(&(struct cert_spec){.cn = "Root", .is_ca = true});
    struct issued middle =
        issue(&(struct cert_spec){.cn = "Middle", .is_ca = true, .issuer = &root});
    struct issued leaf = issue(&(struct cert_spec){.cn = "leaf\n", .issuer = &middle});
    (void)state;
    dir_make(&dir);
    issued_write(&root, NULL, &dir, "root");
    issued_write(&leaf, &middle, &dir, "leaf");
    issued_write(&leaf, NULL, &dir, "alone");
    in_dir(&dir, "root.crt", ca_path);
    assert_true(cw_x509_read_pem_file(in_dir(&dir, "leaf.crt", path), ca_path, &arena, &c, &why));
    assert_true(c.chain_ok);
    assert_true(cw_str_eq_cstr(c.issuer, "CN = Middle"));
    assert_true(cw_str_index(c.subject, '\n') < 0); /* nobody forges a line of our log */
    assert_int_equal(c.not_after.n, 20);
    assert_int_equal(c.not_after_s, cw_x509_not_after(leaf.cert));
    assert_true(cw_x509_read_pem_file(in_dir(&dir, "alone.crt", path), ca_path, &arena, &c, &why));
    assert_false(c.chain_ok);
    assert_true(c.chain_reason.n > 0);
    assert_true(cw_x509_read_pem_file(ca_path, NULL, &arena, &c, &why));
    assert_true(c.is_ca && !c.chain_ok);
    assert_int_equal(why.n, 0);
    assert_false(cw_x509_read_pem_file(in_dir(&dir, "leaf.key", path), NULL, &arena, &c, &why));
    assert_true(why.n > 0);
    assert_false(cw_x509_read_pem_file("/nonexistent", NULL, &arena, &c, &why));
    cw_buf_free(&why);
    issued_free(&root);
    issued_free(&middle);
    issued_free(&leaf);
    dir_remove(&dir);
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(broken_san),
        cmocka_unit_test(nul_in_cn),
        cmocka_unit_test(from_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
