/* Stapled OCSP answers: which are believed, and what follows from them. */
#include "certs.h"
#include "harness.h"
#include "revocation.h"

#include "io/x509.h"

#include <openssl/ocsp.h>
#include <string.h>

#define GOOD    V_OCSP_CERTSTATUS_GOOD
#define REVOKED V_OCSP_CERTSTATUS_REVOKED

static struct issued root, other, leaf, twin, promising, alien, responder, impostor;

static int set_up(void **state)
{
    (void)state;
    root = issue(&(struct cert_spec){.cn = "Root", .is_ca = true});
    other = issue(&(struct cert_spec){.cn = "Other", .is_ca = true});
    leaf = issue(&(struct cert_spec){.cn = "leaf", .issuer = &root});
    twin = issue(&(struct cert_spec){.cn = "twin", .issuer = &root});
    promising = issue(&(struct cert_spec){.cn = "leaf", .issuer = &root, .must_staple = true});
    alien = issue(&(struct cert_spec){.cn = "leaf", .issuer = &other});
    responder = issue(&(struct cert_spec){.cn = "OCSP", .issuer = &root, .eku = "OCSPSigning"});
    impostor = issue(&(struct cert_spec){.cn = "no OCSP", .issuer = &root});
    return 0;
}

static int tear_down(void **state)
{
    struct issued *all[] = {&root, &other, &leaf, &twin, &alien, &promising, &responder, &impostor};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        issued_free(all[i]);
    return 0;
}

static enum cw_tls_staple ask(const struct issued *peer, struct cw_str ocsp, bool is_client,
                              struct cw_arena *arena, struct cw_cert *out)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_add_cert(store, root.cert);
    struct cw_x509_chain *chain = cw_x509_chain_new(&(struct cw_x509_peer){
        .store = store, .leaf = peer->cert, .ocsp = ocsp, .is_client = is_client});
    memset(out, 0, sizeof *out);
    enum cw_tls_staple staple = cw_x509_chain_verify(chain, arena, out);
    cw_x509_chain_free(&chain);
    X509_STORE_free(store);
    return staple;
}

static void answers(void **state)
{
    const struct {
        const char *name;
        const struct issued *peer;
        struct ocsp_spec ocsp; /* leaf NULL: none */
        bool is_server;        /* we are */
        enum cw_tls_staple want;
        enum cw_chain_fault fault;
    } rows[] = {
        {"none", &leaf, {0}, false, CW_STAPLE_NONE, CW_CHAIN_OK},
        {"good", &leaf, {&leaf, &root, NULL, GOOD, -10, 60}, false, CW_STAPLE_GOOD, CW_CHAIN_OK},
        {"good, ids by SHA-256",
         &leaf,
         {&leaf, &root, NULL, GOOD, -10, 60, .is_sha256 = true},
         false,
         CW_STAPLE_GOOD,
         CW_CHAIN_OK},
        {"good, by a responder",
         &leaf,
         {&leaf, &root, &responder, GOOD, -10, 60},
         false,
         CW_STAPLE_GOOD,
         CW_CHAIN_OK},
        {"by a certificate that is no responder's",
         &leaf,
         {&leaf, &root, &impostor, GOOD, -10, 60},
         false,
         CW_STAPLE_BAD,
         CW_CHAIN_OK},
        {"by another CA",
         &leaf,
         {&leaf, &root, &other, GOOD, -10, 60},
         false,
         CW_STAPLE_BAD,
         CW_CHAIN_OK},
        {"revoked",
         &leaf,
         {&leaf, &root, NULL, REVOKED, -10, 60},
         false,
         CW_STAPLE_REVOKED,
         CW_CHAIN_REVOKED},
        {"revoked, says another CA",
         &leaf,
         {&leaf, &root, &other, REVOKED, -10, 60},
         false,
         CW_STAPLE_BAD,
         CW_CHAIN_OK},
        {"unknown",
         &leaf,
         {&leaf, &root, NULL, V_OCSP_CERTSTATUS_UNKNOWN, -10, 60},
         false,
         CW_STAPLE_BAD,
         CW_CHAIN_OK},
        {"about another certificate",
         &leaf,
         {&twin, &root, NULL, GOOD, -10, 60},
         false,
         CW_STAPLE_BAD,
         CW_CHAIN_OK},
        {"out of date",
         &leaf,
         {&leaf, &root, NULL, GOOD, -60, -10},
         false,
         CW_STAPLE_BAD,
         CW_CHAIN_OK},
        {"out of date within the slack",
         &leaf,
         {&leaf, &root, NULL, GOOD, -60, -4},
         false,
         CW_STAPLE_GOOD,
         CW_CHAIN_OK},
        {"from the future",
         &leaf,
         {&leaf, &root, NULL, GOOD, 10, 60},
         false,
         CW_STAPLE_BAD,
         CW_CHAIN_OK},
        {"without an end, new",
         &leaf,
         {&leaf, &root, NULL, GOOD, -60, 0, .has_no_end = true},
         false,
         CW_STAPLE_GOOD,
         CW_CHAIN_OK},
        {"without an end, old",
         &leaf,
         {&leaf, &root, NULL, GOOD, -60 * 25, 0, .has_no_end = true},
         false,
         CW_STAPLE_BAD,
         CW_CHAIN_OK},
        {"promised and good",
         &promising,
         {&promising, &root, NULL, GOOD, -10, 60},
         false,
         CW_STAPLE_GOOD,
         CW_CHAIN_OK},
        {"promised and none", &promising, {0}, false, CW_STAPLE_NONE, CW_CHAIN_NO_STAPLE},
        {"promised and bad",
         &promising,
         {&twin, &root, NULL, GOOD, -10, 60},
         false,
         CW_STAPLE_BAD,
         CW_CHAIN_NO_STAPLE},
        {"promised to others than us", &promising, {0}, true, CW_STAPLE_NONE, CW_CHAIN_OK},
        {"unknown CA with a staple",
         &alien,
         {&alien, &other, NULL, GOOD, -10, 60},
         false,
         CW_STAPLE_BAD,
         CW_CHAIN_UNKNOWN_CA},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_cert c;
        struct cw_str ocsp = rows[i].ocsp.leaf ? ocsp_make(&rows[i].ocsp) : CW_STR_NONE;
        enum cw_tls_staple got = ask(rows[i].peer, ocsp, !rows[i].is_server, &arena, &c);
        if (got != rows[i].want || c.fault != rows[i].fault ||
            c.chain_ok != (c.fault == CW_CHAIN_OK) ||
            cw_str_is_present(c.chain_reason) == c.chain_ok)
            fail_msg("%s: %s, fault %d, \"%.*s\"", rows[i].name, cw_tls_staple_name(got),
                     (int)c.fault, CW_ARG(c.chain_reason));
        OPENSSL_free((void *)(uintptr_t)ocsp.p);
        cw_arena_free(&arena);
    }
}

/* What comes from the wire, cut anywhere and with any octet changed, is bad and nothing worse. */
static void broken_answers(void **state)
{
    struct cw_str ocsp = ocsp_make(&(struct ocsp_spec){&leaf, &root, NULL, GOOD, -10, 60});
    char changed[4096];
    (void)state;
    assert_true(ocsp.n < sizeof changed);
    for (size_t i = 0; i < ocsp.n; i++) {
        struct cw_arena arena = {0};
        struct cw_cert c;
        memcpy(changed, ocsp.p, ocsp.n);
        changed[i] = (char)(changed[i] ^ 0x41);
        (void)ask(&leaf, (struct cw_str){changed, ocsp.n}, true, &arena, &c);
        if (i % 8 == 0 &&
            ask(&leaf, (struct cw_str){changed, i}, true, &arena, &c) != CW_STAPLE_BAD)
            fail_msg("cut at %zu", i);
        cw_arena_free(&arena);
    }
    OPENSSL_free((void *)(uintptr_t)ocsp.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(broken_answers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
