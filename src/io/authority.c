/* The installation's own certificate authority; see authority.h. */
#include "io/authority.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "io/tls_priv.h"
#include "io/x509.h"

#define SUFFIX ".causeway"
enum { MAX_NAME = 40, SERIAL_BYTES = 16, DAY_S = 86400, CLOCK_SKEW_S = 3600 };

const char *cw_link_role_name(enum cw_link_role role)
{
    static const char *const names[] = {"edge", "gateway"};
    return names[role];
}

bool cw_link_name_is_valid(struct cw_str name)
{
    if (name.n == 0 || name.n > MAX_NAME || name.p[0] == '-' || name.p[name.n - 1] == '-')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return true;
}

/* --- making -----------------------------------------------------------------------------------*/

/* Making a certificate of our own values fails only when there is no memory or no algorithm. */
static void must(int ok, const char *what)
{
    if (ok != 1)
        cw_fatal("authority: %s: %s", what, cw_tls_error());
}

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(key != NULL, "no key can be made");
    return key;
}

static void set_serial(X509 *x)
{
    unsigned char bytes[SERIAL_BYTES];
    cw_random(bytes, sizeof bytes);
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive and of full length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    must(number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)), "serial number");
    BN_free(number);
}

static X509 *new_certificate(struct cw_str common_name, EVP_PKEY *key, int64_t from_s, int64_t to_s)
{
    X509 *x = X509_new();
    must(x != NULL, "new certificate");
    must(X509_set_version(x, X509_VERSION_3), "version");
    set_serial(x);
    must(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from_s) != NULL, "notBefore");
    must(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to_s) != NULL, "notAfter");
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                    (const unsigned char *)common_name.p, (int)common_name.n, -1,
                                    0),
         "subject");
    must(X509_set_pubkey(x, key), "public key");
    return x;
}

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    must(extension && X509_add_ext(x, extension, -1), value);
    X509_EXTENSION_free(extension);
}

static void sign(X509 *x, const X509 *issuer, EVP_PKEY *key)
{
    must(X509_set_issuer_name(x, X509_get_subject_name(issuer)), "issuer");
    must(X509_sign(x, key, EVP_sha256()) > 0, "signature");
}

static void put_certificate(struct cw_buf *out, const X509 *x)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    must(bio && PEM_write_bio_X509(bio, x), "PEM");
    long n = BIO_get_mem_data(bio, &text);
    cw_buf_put(out, text, (size_t)n);
    BIO_free(bio);
}

static void put_key(struct cw_buf *out, const EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *text = NULL;
    must(bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), "PEM");
    long n = BIO_get_mem_data(bio, &text);
    cw_buf_put(out, text, (size_t)n);
    BIO_free(bio);
}

void cw_authority_make(int days, struct cw_buf *certificate, struct cw_buf *key_text)
{
    struct cw_arena arena = {0};
    int64_t now = (int64_t)time(NULL);
    EVP_PKEY *key = new_key();
    /* Two authorities never share a name: one after the other on a machine must not be confused. */
    struct cw_str name =
        cw_arena_printf(&arena, "Causeway links %.*s", CW_ARG(cw_random_hex(&arena, 6)));
    X509 *x = new_certificate(name, key, now - CLOCK_SKEW_S, now + (int64_t)days * DAY_S);
    extend(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(x, x, NID_subject_key_identifier, "hash");
    sign(x, x, key);
    put_certificate(certificate, x);
    put_key(key_text, key);
    X509_free(x);
    EVP_PKEY_free(key);
    cw_arena_free(&arena);
}

static BIO *reader_of(struct cw_str text)
{
    BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
    must(bio != NULL, "memory");
    return bio;
}

static X509 *read_certificate(struct cw_str text)
{
    BIO *bio = reader_of(text);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return x;
}

static EVP_PKEY *read_key(struct cw_str text)
{
    BIO *bio = reader_of(text);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, cw_tls_no_passphrase, NULL);
    BIO_free(bio);
    return key;
}

static const char *authority_fault(const X509 *ca, const EVP_PKEY *ca_key)
{
    if (!ca)
        return "the authority's certificate cannot be read";
    if (!ca_key)
        return "the authority's key cannot be read";
    if (X509_check_private_key(ca, ca_key) != 1)
        return "the authority's key does not belong to its certificate";
    if (X509_cmp_current_time(X509_get0_notAfter(ca)) < 0)
        return "the authority's certificate has expired; make a new one and enroll all ends again";
    return NULL;
}

static void issue(const struct cw_bundle_ask *ask, X509 *ca, EVP_PKEY *ca_key, struct cw_buf *out)
{
    struct cw_arena arena = {0};
    int64_t now = (int64_t)time(NULL), to = now + (int64_t)ask->days_to * DAY_S;
    int64_t from = now + (int64_t)ask->days_from * DAY_S - CLOCK_SKEW_S;
    bool is_edge = ask->role == CW_ROLE_EDGE;
    EVP_PKEY *key = new_key();
    struct cw_str name =
        cw_arena_printf(&arena, "%s.%.*s" SUFFIX, cw_link_role_name(ask->role), CW_ARG(ask->name));
    if (to > cw_x509_not_after(ca))
        to = cw_x509_not_after(ca);
    X509 *x = new_certificate(name, key, from, to);
    extend(x, ca, NID_basic_constraints, "critical,CA:FALSE");
    extend(x, ca, NID_key_usage, "critical,digitalSignature");
    extend(x, ca, NID_ext_key_usage, is_edge ? "serverAuth" : "clientAuth");
    extend(x, ca, NID_subject_alt_name, cw_arena_printf(&arena, "DNS:%.*s", CW_ARG(name)).p);
    extend(x, ca, NID_subject_key_identifier, "hash");
    extend(x, ca, NID_authority_key_identifier, "keyid:always");
    sign(x, ca, ca_key);
    put_key(out, key);
    put_certificate(out, x);
    put_certificate(out, ca);
    X509_free(x);
    EVP_PKEY_free(key);
    cw_arena_free(&arena);
}

bool cw_bundle_make(const struct cw_bundle_ask *ask, struct cw_buf *out, struct cw_buf *why)
{
    X509 *ca = read_certificate(ask->ca_certificate);
    EVP_PKEY *ca_key = read_key(ask->ca_key);
    const char *fault = authority_fault(ca, ca_key);
    cw_assert(cw_link_name_is_valid(ask->name));
    if (fault)
        cw_buf_putcstr(why, fault);
    else
        issue(ask, ca, ca_key, out);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    ERR_clear_error();
    return fault == NULL;
}

/* --- judging ----------------------------------------------------------------------------------*/

/* NAME of "ROLE.NAME.causeway"; absent when it is none. */
static struct cw_str name_inside(struct cw_str dns_id, enum cw_link_role role)
{
    size_t prefix = cw_str_of(cw_link_role_name(role)).n + 1, suffix = sizeof SUFFIX - 1;
    struct cw_str first = cw_str_sub(dns_id, 0, prefix - 1);
    if (dns_id.n <= prefix + suffix || !cw_str_eq_cstr(first, cw_link_role_name(role)) ||
        dns_id.p[prefix - 1] != '.' || !cw_str_ends(dns_id, CW_S(SUFFIX)))
        return CW_STR_NONE;
    struct cw_str name = cw_str_sub(dns_id, prefix, dns_id.n - suffix);
    return cw_link_name_is_valid(name) ? name : CW_STR_NONE;
}

struct cw_str cw_link_peer_refusal(struct cw_arena *arena, const struct cw_cert *cert,
                                   enum cw_link_role role, struct cw_str *name)
{
    *name = CW_STR_NONE;
    if (!cert->present)
        return CW_S("it shows no certificate");
    if (!cert->chain_ok)
        return cw_arena_printf(arena, "its certificate (%.*s) is refused: %.*s",
                               CW_ARG(cert->subject), CW_ARG(cert->chain_reason));
    for (size_t i = 0; i < cert->n_names && !cw_str_is_present(*name); i++)
        if (cert->names[i].type == CW_CERT_DNS_ID && !cert->names[i].malformed)
            *name = cw_arena_dup(arena, name_inside(cert->names[i].value, role));
    if (cw_str_is_present(*name) && !cert->is_ca)
        return CW_STR_NONE;
    return cw_arena_printf(arena, "its certificate (%.*s) is not made for the role %s",
                           CW_ARG(cert->subject), cw_link_role_name(role));
}

struct cw_tls_ctx *cw_bundle_load(const char *path, enum cw_link_role own, struct cw_buf *why)
{
    struct cw_arena arena = {0};
    struct cw_str name;
    if (access(path, R_OK) != 0) {
        cw_buf_printf(why,
                      "cannot read the certificate of the link, %s: %s; causeway link enroll "
                      "makes one",
                      path, strerror(errno));
        return NULL;
    }
    struct cw_tls_options options = {
        .cert_file = path, .key_file = path, .ca_file = path, .tls13_only = true};
    struct cw_tls_ctx *ctx = cw_tls_ctx_new(&options, why);
    struct cw_str refusal =
        ctx ? cw_link_peer_refusal(&arena, cw_tls_ctx_cert(ctx), own, &name) : CW_STR_NONE;
    if (cw_str_is_present(refusal)) {
        cw_buf_printf(why, "%s cannot be used: %.*s; causeway link enroll makes a new one", path,
                      CW_ARG(refusal));
        cw_tls_ctx_free(&ctx);
    }
    cw_arena_free(&arena);
    return ctx;
}

int64_t cw_bundle_days_left(const struct cw_tls_ctx *ctx)
{
    return (cw_tls_ctx_not_after(ctx) - (int64_t)time(NULL)) / DAY_S;
}
