/* What is wrong with a chain, and certificates that a CRL revokes. */
#include "certs.h"
#include "harness.h"
#include "revocation.h"

#include "io/x509.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

static struct {
    struct dir dir;
    struct issued root, other, middle, old_middle;
} world;

static int set_up(void **state)
{
    (void)state;
    dir_make(&world.dir);
    world.root = issue(&(struct cert_spec){.cn = "Root", .is_ca = true});
    world.other = issue(&(struct cert_spec){.cn = "Other", .is_ca = true});
    world.middle = issue(&(struct cert_spec){.cn = "Middle", .is_ca = true, .issuer = &world.root});
    world.old_middle = issue(&(struct cert_spec){
        .cn = "Old", .is_ca = true, .issuer = &world.root, .days_from = -9, .days_to = -1});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    issued_free(&world.root);
    issued_free(&world.other);
    issued_free(&world.middle);
    issued_free(&world.old_middle);
    dir_remove(&world.dir);
    return 0;
}

static X509_STORE *store_new(void)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_add_cert(store, world.root.cert);
    return store;
}

static void verify(X509_STORE *store, const struct issued *leaf, const struct issued *with,
                   struct cw_arena *arena, struct cw_cert *out)
{
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    if (with)
        sk_X509_push(untrusted, with->cert);
    memset(out, 0, sizeof *out);
    cw_x509_verify(store, leaf->cert, untrusted, arena, out);
    sk_X509_free(untrusted);
}

static void faults(void **state)
{
    const struct {
        const char *name;
        struct cert_spec spec;
        const struct issued *with; /* sent along */
        enum cw_chain_fault want;
    } rows[] = {
        {"good", {.issuer = &world.root}, NULL, CW_CHAIN_OK},
        {"good by an intermediate", {.issuer = &world.middle}, &world.middle, CW_CHAIN_OK},
        {"intermediate missing", {.issuer = &world.middle}, NULL, CW_CHAIN_UNKNOWN_CA},
        {"self-signed", {.cn = "x"}, NULL, CW_CHAIN_SELF_SIGNED},
        {"self-signed and expired",
         {.cn = "x", .days_from = -9, .days_to = -1},
         NULL,
         CW_CHAIN_SELF_SIGNED},
        {"unknown CA", {.issuer = &world.other}, NULL, CW_CHAIN_UNKNOWN_CA},
        {"unknown CA sent along", {.issuer = &world.other}, &world.other, CW_CHAIN_UNKNOWN_CA},
        {"expired",
         {.issuer = &world.root, .days_from = -9, .days_to = -1},
         NULL,
         CW_CHAIN_EXPIRED},
        {"issuer expired", {.issuer = &world.old_middle}, &world.old_middle, CW_CHAIN_EXPIRED},
        {"not yet valid",
         {.issuer = &world.root, .days_from = 1, .days_to = 9},
         NULL,
         CW_CHAIN_NOT_YET_VALID},
        {"for code", {.issuer = &world.root, .eku = "codeSigning"}, NULL, CW_CHAIN_PURPOSE},
        {"for servers", {.issuer = &world.root, .eku = "serverAuth"}, NULL, CW_CHAIN_OK},
        {"for clients", {.issuer = &world.root, .eku = "clientAuth"}, NULL, CW_CHAIN_OK},
        {"weak key", {.issuer = &world.root, .rsa_bits = 1024}, NULL, CW_CHAIN_WEAK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_cert c;
        struct issued leaf = issue(&rows[i].spec);
        X509_STORE *store = store_new();
        verify(store, &leaf, rows[i].with, &arena, &c);
        if (c.fault != rows[i].want || c.chain_ok != (rows[i].want == CW_CHAIN_OK) ||
            cw_str_is_present(c.chain_reason) == c.chain_ok)
            fail_msg("%s: fault %d, \"%.*s\"", rows[i].name, (int)c.fault, CW_ARG(c.chain_reason));
        X509_STORE_free(store);
        issued_free(&leaf);
        cw_arena_free(&arena);
    }
}

static void lists(void **state)
{
    struct issued leaf = issue(&(struct cert_spec){.issuer = &world.root}),
                  below = issue(&(struct cert_spec){.issuer = &world.middle}),
                  alien = issue(&(struct cert_spec){.issuer = &world.other});
    const struct {
        const char *name;
        const struct issued *by, *revoked; /* the CRL */
        int days_to;
        const struct issued *leaf, *with;
        enum cw_chain_fault want;
    } rows[] = {
        {"not listed", &world.root, NULL, 9, &leaf, NULL, CW_CHAIN_OK},
        {"listed", &world.root, &leaf, 9, &leaf, NULL, CW_CHAIN_REVOKED},
        {"issuer listed", &world.root, &world.middle, 9, &below, &world.middle, CW_CHAIN_REVOKED},
        {"no list of this issuer", &world.root, NULL, 9, &below, &world.middle, CW_CHAIN_OK},
        {"list of the intermediate alone", &world.middle, &below, 9, &below, &world.middle,
         CW_CHAIN_REVOKED},
        {"outdated list, not in it", &world.root, NULL, -1, &leaf, NULL, CW_CHAIN_OK},
        {"outdated list, in it", &world.root, &leaf, -1, &leaf, NULL, CW_CHAIN_REVOKED},
        {"another CA's list", &world.other, &leaf, 9, &leaf, NULL, CW_CHAIN_OK},
        {"other faults stay", &world.root, NULL, 9, &alien, NULL, CW_CHAIN_UNKNOWN_CA},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_buf why = {0};
        struct cw_cert c;
        char path[128];
        X509_STORE *store = store_new();
        crl_write(rows[i].by, rows[i].revoked, rows[i].days_to, &world.dir, "list");
        if (!cw_x509_store_add_crls(store, in_dir(&world.dir, "list.crl", path), &why))
            fail_msg("%s: %.*s", rows[i].name, CW_ARG(cw_buf_str(&why)));
        verify(store, rows[i].leaf, rows[i].with, &arena, &c);
        if (c.fault != rows[i].want)
            fail_msg("%s: fault %d, \"%.*s\"", rows[i].name, (int)c.fault, CW_ARG(c.chain_reason));
        X509_STORE_free(store);
        cw_arena_free(&arena);
    }
    issued_free(&leaf);
    issued_free(&below);
    issued_free(&alien);
}

static void bad_list_files(void **state)
{
    const struct {
        const char *name, *text, *want;
    } rows[] = {
        {"missing", NULL, "cannot read the CRL file"},
        {"empty", "", "no usable PEM CRL"},
        {"no list", "text\n", "no usable PEM CRL"},
        {"broken", "-----BEGIN X509 CRL-----\nMAMC\n-----END X509 CRL-----\n", "holds"},
        {"broken behind a good one", "GOOD", "a CRL that cannot be read"},
    };
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_buf why = {0};
        X509_STORE *store = store_new();
        in_dir(&world.dir, rows[i].text ? "bad.crl" : "missing.crl", path);
        bool is_second = rows[i].text && strcmp(rows[i].text, "GOOD") == 0;
        if (is_second)
            crl_write(&world.root, NULL, 9, &world.dir, "bad");
        FILE *f = rows[i].text ? fopen(path, is_second ? "a" : "w") : NULL;
        if (f) {
            fputs(is_second ? rows[3].text : rows[i].text, f);
            fclose(f);
        }
        if (cw_x509_store_add_crls(store, path, &why) ||
            cw_str_find(cw_buf_str(&why), cw_str_of(rows[i].want)) < 0)
            fail_msg("%s: \"%.*s\"", rows[i].name, CW_ARG(cw_buf_str(&why)));
        cw_buf_free(&why);
        X509_STORE_free(store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults),
        cmocka_unit_test(lists),
        cmocka_unit_test(bad_list_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
