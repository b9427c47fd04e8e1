/* See certs.h. */
#include "certs.h"

#include "base/mem.h"

#include <dirent.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_extension(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    cw_assert(e && X509_add_ext(x, e, -1) == 1);
    X509_EXTENSION_free(e);
}

static void push_raw(GENERAL_NAMES *names, struct cw_str octets)
{
    if (!cw_str_is_present(octets))
        return;
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *s = ASN1_IA5STRING_new();
    cw_assert(ASN1_STRING_set(s, octets.p, (int)octets.n) == 1);
    GENERAL_NAME_set0_value(name, GEN_DNS, s);
    sk_GENERAL_NAME_push(names, name);
}

static void add_raw_names(X509 *x, const struct cert_spec *spec)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    push_raw(names, spec->raw_dns);
    push_raw(names, spec->raw_dns_2);
    cw_assert(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1);
    GENERAL_NAMES_free(names);
}

struct issued issue(const struct cert_spec *spec)
{
    static long serial = 1000;
    struct issued made = {X509_new(),
                          spec->rsa_bits ? EVP_RSA_gen(spec->rsa_bits) : EVP_EC_gen("P-256")};
    X509 *x = made.cert;
    const struct issued *issuer = spec->issuer ? spec->issuer : &made;
    bool is_default = spec->days_from == 0 && spec->days_to == 0;
    X509_NAME *name = X509_get_subject_name(x);

    cw_assert(x && made.key);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), (is_default ? -1 : spec->days_from) * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(x), (is_default ? 1 : spec->days_to) * 86400L);
    X509_set_pubkey(x, made.key);
    if (spec->cn)
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                   (const unsigned char *)spec->cn, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer->cert));
    add_extension(x, NID_basic_constraints, spec->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (spec->sans)
        add_extension(x, NID_subject_alt_name, spec->sans);
    if (cw_str_is_present(spec->raw_dns))
        add_raw_names(x, spec);
    if (spec->eku)
        add_extension(x, NID_ext_key_usage, spec->eku);
    if (spec->must_staple)
        add_extension(x, NID_tlsfeature, "status_request");
    cw_assert(X509_sign(x, issuer->key, EVP_sha256()) > 0);
    return made;
}

void issued_free(struct issued *i)
{
    X509_free(i->cert);
    EVP_PKEY_free(i->key);
}

void dir_make(struct dir *d)
{
    strcpy(d->path, "/tmp/causeway-test-XXXXXX");
    cw_assert(mkdtemp(d->path));
}

void dir_remove(struct dir *d)
{
    DIR *dir = opendir(d->path);
    struct dirent *e;
    char path[512];
    while ((e = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%s", d->path, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    closedir(dir);
    rmdir(d->path);
}

const char *in_dir(const struct dir *d, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", d->path, name);
    return out;
}

void issued_write(const struct issued *i, const struct issued *chain, const struct dir *d,
                  const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s.crt", d->path, name);
    FILE *f = fopen(path, "w");
    cw_assert(f && PEM_write_X509(f, i->cert) == 1);
    if (chain)
        PEM_write_X509(f, chain->cert);
    fclose(f);
    snprintf(path, sizeof path, "%s/%s.key", d->path, name);
    f = fopen(path, "w");
    cw_assert(f && PEM_write_PrivateKey(f, i->key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(f);
}
