/* A partner's own anchors, pins of its key, TLSA records. */
#include "certs.h"
#include "harness.h"
#include "revocation.h"

#include "io/x509.h"
#include "io/x509_proof.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

static struct issued root, own_root, own_middle, leaf, old, common, self;

static int set_up(void **state)
{
    (void)state;
    root = issue(&(struct cert_spec){.cn = "Root", .is_ca = true});
    own_root = issue(&(struct cert_spec){.cn = "Own root", .is_ca = true});
    own_middle = issue(&(struct cert_spec){.cn = "Own", .is_ca = true, .issuer = &own_root});
    leaf = issue(&(struct cert_spec){.cn = "leaf", .issuer = &own_middle});
    old = issue(
        &(struct cert_spec){.cn = "old", .issuer = &own_middle, .days_from = -9, .days_to = -1});
    common = issue(&(struct cert_spec){.cn = "common", .issuer = &root});
    self = issue(&(struct cert_spec){.cn = "self"});
    return 0;
}

static int tear_down(void **state)
{
    struct issued *all[] = {&root, &own_root, &own_middle, &leaf, &old, &common, &self};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        issued_free(all[i]);
    return 0;
}

/* As its connection would keep it: the intermediate was sent, the common anchor is `root`. */
static struct cw_x509_chain *chain_of(const struct issued *peer)
{
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    X509_STORE_add_cert(store, root.cert);
    sk_X509_push(untrusted, own_middle.cert);
    struct cw_x509_chain *chain = cw_x509_chain_new(&(struct cw_x509_peer){
        .store = store, .leaf = peer->cert, .untrusted = untrusted, .is_client = true});
    sk_X509_free(untrusted);
    X509_STORE_free(store);
    return chain;
}

/* PEM of all that are not NULL. */
static struct cw_str pem_of(struct cw_arena *arena, const struct issued *const certs[2])
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    for (int i = 0; i < 2; i++)
        if (certs[i])
            PEM_write_bio_X509(bio, certs[i]->cert);
    long n = BIO_get_mem_data(bio, &p);
    struct cw_str text = cw_arena_dup(arena, (struct cw_str){p ? p : "", (size_t)n});
    BIO_free(bio);
    return text;
}

static void anchors(void **state)
{
    const struct {
        const char *name;
        const struct issued *peer, *anchors[2];
        enum cw_chain_fault want;
    } rows[] = {
        {"its root", &leaf, {&own_root}, CW_CHAIN_OK},
        {"its intermediate", &leaf, {&own_middle}, CW_CHAIN_OK},
        {"the certificate itself", &leaf, {&leaf}, CW_CHAIN_OK},
        {"one of two", &leaf, {&root, &own_root}, CW_CHAIN_OK},
        {"self-signed, itself", &self, {&self}, CW_CHAIN_OK},
        {"another root", &leaf, {&root}, CW_CHAIN_UNKNOWN_CA},
        {"the common root does not count", &common, {&own_root}, CW_CHAIN_UNKNOWN_CA},
        {"self-signed", &self, {&own_root}, CW_CHAIN_SELF_SIGNED},
        {"expired", &old, {&own_root}, CW_CHAIN_EXPIRED},
        {"no certificate in the text", &leaf, {NULL}, CW_CHAIN_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_cert c = {0};
        struct cw_x509_chain *chain = chain_of(rows[i].peer);
        enum cw_tls_staple staple =
            cw_x509_verify_anchor(chain, pem_of(&arena, rows[i].anchors), &arena, &c);
        if (c.fault != rows[i].want || c.chain_ok != (c.fault == CW_CHAIN_OK) ||
            staple != CW_STAPLE_NONE)
            fail_msg("%s: fault %d, \"%.*s\"", rows[i].name, (int)c.fault, CW_ARG(c.chain_reason));
        cw_x509_chain_free(&chain);
        cw_arena_free(&arena);
    }
}

/* A list of the partner's own CA counts, too. */
static void revoked_by_its_anchor(void **state)
{
    struct cw_arena arena = {0};
    struct cw_buf why = {0};
    struct cw_cert c = {0};
    struct dir dir;
    char path[128];
    X509_STORE *store = X509_STORE_new();
    (void)state;
    dir_make(&dir);
    crl_write(&own_middle, &leaf, 9, &dir, "own");
    assert_true(cw_x509_store_add_crls(store, in_dir(&dir, "own.crl", path), &why));
    struct cw_x509_chain *chain =
        cw_x509_chain_new(&(struct cw_x509_peer){.store = store, .leaf = leaf.cert});
    struct cw_str pem = pem_of(&arena, (const struct issued *const[2]){&own_middle, NULL});
    cw_x509_verify_anchor(chain, pem, &arena, &c);
    assert_int_equal(c.fault, CW_CHAIN_REVOKED);
    assert_false(c.chain_ok);
    cw_x509_chain_free(&chain);
    X509_STORE_free(store);
    dir_remove(&dir);
    cw_arena_free(&arena);
}

/* The same key in another certificate has the same pin. */
static void pins(void **state)
{
    struct cw_arena arena = {0};
    struct cw_x509_chain *chain = chain_of(&leaf), *other = chain_of(&common);
    struct cw_str pin = cw_x509_spki_pin(chain, &arena);
    char want[80] = "sha256:";
    unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    (void)state;
    int der_n = i2d_PUBKEY(leaf.key, &der);
    EVP_Digest(der, (size_t)der_n, digest, &n, EVP_sha256(), NULL);
    EVP_EncodeBlock((unsigned char *)want + 7, digest, (int)n);
    assert_true(cw_str_eq_cstr(pin, want));
    struct cw_cert read;
    cw_x509_read(leaf.cert, &arena, &read);
    assert_true(cw_str_eq(read.pin, pin));
    assert_false(cw_str_eq(pin, cw_x509_spki_pin(other, &arena)));
    OPENSSL_free(der);
    cw_x509_chain_free(&chain);
    cw_x509_chain_free(&other);
    cw_arena_free(&arena);
}

/* The data of a TLSA record for a certificate. */
static struct cw_dns_tlsa record(struct cw_arena *arena, unsigned usage, unsigned selector,
                                 unsigned matching, const struct issued *cert)
{
    unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int der_n = selector ? i2d_PUBKEY(cert->key, &der) : i2d_X509(cert->cert, &der);
    struct cw_str data = {(const char *)der, (size_t)der_n};
    if (matching > 0) {
        EVP_Digest(der, (size_t)der_n, digest, &n, matching == 1 ? EVP_sha256() : EVP_sha512(),
                   NULL);
        data = (struct cw_str){(const char *)digest, n};
    }
    struct cw_dns_tlsa tlsa = {(uint8_t)usage, (uint8_t)selector, (uint8_t)matching,
                               cw_arena_dup(arena, data)};
    OPENSSL_free(der);
    return tlsa;
}

static void dane(void **state)
{
    const struct {
        const char *name;
        const struct issued *peer;
        struct {
            unsigned usage, selector, matching;
            const struct issued *cert;
        } records[2];
        enum cw_dane_verdict want;
        unsigned usage;
    } rows[] = {
        {"no records", &leaf, {{0}}, CW_DANE_UNUSABLE},
        {"EE key", &leaf, {{3, 1, 1, &leaf}}, CW_DANE_MATCHES, 3},
        {"EE key, SHA-512", &leaf, {{3, 1, 2, &leaf}}, CW_DANE_MATCHES, 3},
        {"EE key, whole", &leaf, {{3, 1, 0, &leaf}}, CW_DANE_MATCHES, 3},
        {"EE certificate", &leaf, {{3, 0, 1, &leaf}}, CW_DANE_MATCHES, 3},
        {"EE of a self-signed one", &self, {{3, 1, 1, &self}}, CW_DANE_MATCHES, 3},
        {"EE of an expired one", &old, {{3, 1, 1, &old}}, CW_DANE_MATCHES, 3},
        {"EE of another key", &leaf, {{3, 1, 1, &common}}, CW_DANE_MISMATCH},
        {"EE and one of another key",
         &leaf,
         {{3, 1, 1, &common}, {3, 1, 1, &leaf}},
         CW_DANE_MATCHES,
         3},
        {"TA", &leaf, {{2, 0, 1, &own_middle}}, CW_DANE_MATCHES, 2},
        {"TA key", &leaf, {{2, 1, 1, &own_middle}}, CW_DANE_MATCHES, 2},
        {"TA that was not sent", &leaf, {{2, 0, 1, &own_root}}, CW_DANE_MISMATCH},
        {"TA not sent, whole in the DNS", &leaf, {{2, 0, 0, &own_root}}, CW_DANE_MATCHES, 2},
        {"TA of an expired one", &old, {{2, 0, 1, &own_middle}}, CW_DANE_MISMATCH},
        {"TA of another chain", &common, {{2, 0, 1, &own_middle}}, CW_DANE_MISMATCH},
        {"PKIX-EE", &common, {{1, 1, 1, &common}}, CW_DANE_MATCHES, 1},
        {"PKIX-EE without a chain", &leaf, {{1, 1, 1, &leaf}}, CW_DANE_MISMATCH},
        {"PKIX-TA", &common, {{0, 0, 1, &root}}, CW_DANE_MATCHES, 0},
        {"PKIX-TA without a chain", &leaf, {{0, 0, 1, &own_middle}}, CW_DANE_MISMATCH},
        {"usage of another world", &leaf, {{4, 1, 1, &leaf}}, CW_DANE_UNUSABLE},
        {"selector of another world", &leaf, {{3, 2, 1, &leaf}}, CW_DANE_UNUSABLE},
        {"matching of another world", &leaf, {{3, 1, 3, &leaf}}, CW_DANE_UNUSABLE},
        {"unusable and fitting", &leaf, {{4, 1, 1, &leaf}, {3, 1, 1, &leaf}}, CW_DANE_MATCHES, 3},
        {"unusable and other", &leaf, {{4, 1, 1, &leaf}, {3, 1, 1, &common}}, CW_DANE_MISMATCH},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_dns_tlsa records[2];
        size_t n = 0;
        for (; n < 2 && rows[i].records[n].cert; n++)
            records[n] = record(&arena, rows[i].records[n].usage, rows[i].records[n].selector,
                                rows[i].records[n].matching, rows[i].records[n].cert);
        struct cw_x509_chain *chain = chain_of(rows[i].peer);
        struct cw_dane got = cw_x509_dane(chain, records, n, &arena);
        bool matches = got.verdict == CW_DANE_MATCHES;
        if (got.verdict != rows[i].want || (matches && got.usage != rows[i].usage) ||
            got.needs_name != (matches && got.usage != 3) || got.sentence.n == 0)
            fail_msg("%s: %d by usage %u, \"%.*s\"", rows[i].name, (int)got.verdict, got.usage,
                     CW_ARG(got.sentence));
        cw_x509_chain_free(&chain);
        cw_arena_free(&arena);
    }
}

/* A digest of the wrong length is no usable record. */
static void broken_records(void **state)
{
    struct cw_arena arena = {0};
    struct cw_x509_chain *chain = chain_of(&leaf);
    struct cw_dns_tlsa tlsa = record(&arena, 3, 1, 1, &leaf);
    (void)state;
    tlsa.data.n--;
    assert_int_equal(cw_x509_dane(chain, &tlsa, 1, &arena).verdict, CW_DANE_UNUSABLE);
    tlsa = record(&arena, 3, 0, 0, &leaf);
    tlsa.data.n /= 2;
    assert_int_equal(cw_x509_dane(chain, &tlsa, 1, &arena).verdict, CW_DANE_UNUSABLE);
    cw_x509_chain_free(&chain);
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anchors), cmocka_unit_test(revoked_by_its_anchor), cmocka_unit_test(pins),
        cmocka_unit_test(dane),    cmocka_unit_test(broken_records),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
