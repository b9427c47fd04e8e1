/* The pair that the panel shows: the configured one; else one of our own, made at the first start,
 * and anew a month before it ends: ECDSA P-256, signed by itself, for this machine's name and the
 * addresses that are listened on. */
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "conf/file.h"
#include "io/addr.h"
#include "panel/panel_priv.h"

#define FILE_NAME "panel.pem"

enum { VALID_DAYS = 3650, RENEW_DAYS = 30, DAY_S = 86400 };

static void add_name(struct cw_buf *names, const char *kind, struct cw_str name)
{
    if (name.n > 0)
        cw_buf_printf(names, "%s%s:%.*s", names->n > 0 ? "," : "", kind, CW_ARG(name));
}

/* "DNS:panel.test,IP:192.0.2.1" */
static void list_names(const struct panel *panel, struct cw_buf *names)
{
    const struct cw_panel_config *config = &panel->config.panel;
    struct cw_addr address;
    add_name(names, "DNS", CW_S("localhost"));
    if (!cw_str_eq_cstr(panel->host_name, "localhost"))
        add_name(names, "DNS", panel->host_name);
    for (size_t i = 0; i < config->n_names; i++)
        add_name(names, "DNS", config->names[i]);
    for (size_t i = 0; i < config->n_listen; i++)
        if (cw_addr_parse(config->listen[i].ip, 0, &address) && !cw_addr_is_wildcard(&address))
            add_name(names, "IP", config->listen[i].ip);
}

static bool add_extension(X509 *x, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool ok = extension && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool set_serial(X509 *x)
{
    unsigned char octets[16];
    cw_random(octets, sizeof octets);
    octets[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(octets, sizeof octets, NULL);
    bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
    return ok;
}

/* Distinct from every other such certificate: browsers trip over two of one name and serial. */
static bool fill(X509 *x, EVP_PKEY *key, const char *names)
{
    X509_NAME *name = X509_get_subject_name(x);
    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -DAY_S) &&
           X509_gmtime_adj(X509_getm_notAfter(x), (long)VALID_DAYS * DAY_S) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *)"Causeway control panel", -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 &&
           add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(x, NID_key_usage, "critical,digitalSignature") &&
           add_extension(x, NID_ext_key_usage, "serverAuth") &&
           add_extension(x, NID_subject_alt_name, names) && X509_sign(x, key, EVP_sha256()) > 0;
}

static bool write_pem(X509 *x, EVP_PKEY *key, struct cw_buf *pem)
{
    char *text;
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio && PEM_write_bio_X509(bio, x) == 1 &&
              PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (ok) {
        long n = BIO_get_mem_data(bio, &text);
        cw_buf_put(pem, text, (size_t)n);
        cw_wipe(text, (size_t)n);
    }
    BIO_free(bio);
    return ok;
}

static bool make_pem(const struct panel *panel, struct cw_buf *pem)
{
    struct cw_buf names = {0};
    list_names(panel, &names);
    cw_buf_putc(&names, '\0');
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    bool ok = key && x && fill(x, key, names.p) && write_pem(x, key, pem);
    X509_free(x);
    EVP_PKEY_free(key);
    cw_buf_free(&names);
    return ok;
}

static bool make(struct panel *panel, struct cw_str path, struct cw_buf *why)
{
    struct cw_buf pem = {0};
    bool ok = make_pem(panel, &pem);
    if (!ok)
        cw_buf_printf(why, "cannot make a certificate for the panel: %s",
                      ERR_reason_error_string(ERR_peek_last_error()));
    else if (cw_file_replace(panel->config.data_dir.p, FILE_NAME, cw_buf_str(&pem))) {
        cw_buf_printf(why, "cannot write the panel's certificate %.*s: %s", CW_ARG(path),
                      strerror(errno));
        ok = false;
    }
    ERR_clear_error();
    if (pem.n > 0)
        cw_wipe(pem.p, pem.n);
    cw_buf_free(&pem);
    if (ok)
        CW_LOG(&panel->log, CW_LOG_INFO, "certificate-made", CW_KV("file", path));
    return ok;
}

/* One that cannot be read is not ours to replace: loading it says what is wrong. */
static bool ends_soon(const char *path)
{
    time_t soon = time(NULL) + (time_t)RENEW_DAYS * DAY_S;
    BIO *bio = BIO_new_file(path, "r");
    X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool is_soon = x && X509_cmp_time(X509_get0_notAfter(x), &soon) < 0;
    X509_free(x);
    BIO_free(bio);
    ERR_clear_error();
    return is_soon;
}

static struct cw_str own_path(const struct panel *panel, struct cw_arena *arena)
{
    return cw_arena_printf(arena, "%.*s/" FILE_NAME, CW_ARG(panel->config.data_dir));
}

bool panel_certificate_is_due(const struct panel *panel)
{
    struct cw_arena arena = {0};
    bool is_due =
        cw_str_is_empty(panel->config.panel.certificate) && ends_soon(own_path(panel, &arena).p);
    cw_arena_free(&arena);
    return is_due;
}

bool panel_certificate_paths(struct panel *panel, struct cw_str *certificate, struct cw_str *key,
                             struct cw_buf *why)
{
    const struct cw_panel_config *config = &panel->config.panel;
    *certificate = config->certificate;
    *key = config->key;
    if (!cw_str_is_empty(*certificate))
        return true;
    *certificate = *key = own_path(panel, &panel->arena);
    return (access(certificate->p, F_OK) == 0 && !ends_soon(certificate->p)) ||
           make(panel, *certificate, why);
}
