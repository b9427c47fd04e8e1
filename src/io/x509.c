/* Certificates as plain values; see x509.h. */
#include "io/x509_priv.h"

#include "base/secret.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

static struct cw_str text_of(const ASN1_STRING *s)
{
    return (struct cw_str){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}

/* IA5String as a name: pure ASCII without NUL or other controls.  A raw U-label or a NUL ("good.org
 * \0.evil.org") is how forged names look. */
static bool is_plain_ascii(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= 0x20 || (unsigned char)s.p[i] >= 0x7f)
            return false;
    return s.n > 0;
}

static bool is_plain_utf8(struct cw_str s)
{
    return s.n > 0 && !memchr(s.p, '\0', s.n) && cw_str_is_utf8(s);
}

static void add_name(struct cw_cert *out, struct cw_arena *arena, struct cw_cert_name *names,
                     struct cw_cert_name name)
{
    name.value = cw_arena_dup(arena, name.value.p ? name.value : CW_S(""));
    names[out->n_names++] = name;
}

static void read_other_name(const OTHERNAME *other, struct cw_arena *arena, struct cw_cert *out,
                            struct cw_cert_name *names)
{
    int nid = OBJ_obj2nid(other->type_id), type = other->value->type;
    bool is_text = type == V_ASN1_IA5STRING || type == V_ASN1_UTF8STRING;
    struct cw_str value =
        is_text ? text_of(other->value->value.asn1_string) : (struct cw_str)CW_STR("");

    if (nid == NID_SRVName) /* RFC 4985: IA5String */
        add_name(
            out, arena, names,
            (struct cw_cert_name){.type = CW_CERT_SRV_ID,
                                  .value = value,
                                  .malformed = type != V_ASN1_IA5STRING || !is_plain_ascii(value)});
    else if (nid == NID_XmppAddr) /* RFC 6120 section 13.7.1.4: UTF8String */
        add_name(
            out, arena, names,
            (struct cw_cert_name){.type = CW_CERT_XMPP_ADDR,
                                  .value = value,
                                  .malformed = type != V_ASN1_UTF8STRING || !is_plain_utf8(value)});
}

static void read_common_name(X509 *x, struct cw_arena *arena, struct cw_cert *out,
                             struct cw_cert_name *names)
{
    X509_NAME *subject = X509_get_subject_name(x);
    int at = -1, next;
    unsigned char *utf8 = NULL;

    /* The most specific one is the last (RFC 6125 section 6.4.4). */
    while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
        at = next;
    if (at < 0)
        return;
    int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    struct cw_str value = {n > 0 ? (const char *)utf8 : "", n > 0 ? (size_t)n : 0};
    add_name(out, arena, names,
             (struct cw_cert_name){
                 .type = CW_CERT_CN, .value = value, .malformed = !is_plain_utf8(value)});
    OPENSSL_free(utf8);
}

static void read_names(X509 *x, struct cw_arena *arena, struct cw_cert *out)
{
    int critical = -1;
    GENERAL_NAMES *sans = X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL);
    int n = sans ? sk_GENERAL_NAME_num(sans) : 0;
    struct cw_cert_name *names = cw_arena_alloc(arena, ((size_t)n + 2) * sizeof *names);

    out->names = names;
    /* There but broken (or there twice): a name that never matches keeps CN from counting. */
    if (!sans && critical != -1)
        add_name(out, arena, names, (struct cw_cert_name){CW_CERT_DNS_ID, .malformed = true});
    for (int i = 0; i < n; i++) {
        const GENERAL_NAME *san = sk_GENERAL_NAME_value(sans, i);
        if (san->type == GEN_DNS || san->type == GEN_URI) {
            struct cw_str value = text_of(san->d.ia5);
            add_name(
                out, arena, names,
                (struct cw_cert_name){.type = san->type == GEN_DNS ? CW_CERT_DNS_ID : CW_CERT_URI,
                                      .value = value,
                                      .malformed = !is_plain_ascii(value)});
        } else if (san->type == GEN_OTHERNAME) {
            read_other_name(san->d.otherName, arena, out, names);
        }
    }
    read_common_name(x, arena, out, names);
    GENERAL_NAMES_free(sans);
}

static struct cw_str name_text(const X509_NAME *name, struct cw_arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    struct cw_str text = CW_STR("");
    cw_assert(bio);
    /* UTF-8 as it is, control characters escaped. */
    if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long n = BIO_get_mem_data(bio, &p);
        text = (struct cw_str){p ? p : "", n > 0 ? (size_t)n : 0};
    }
    text = cw_arena_dup(arena, text);
    BIO_free(bio);
    return text;
}

static struct cw_str time_text(const ASN1_TIME *t, struct cw_arena *arena)
{
    struct tm tm;
    char text[40];
    if (!ASN1_TIME_to_tm(t, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return cw_arena_dup(arena, CW_S("unreadable"));
    return cw_arena_dup(arena, cw_str_of(text));
}

struct cw_str cw_x509_pin_of(const X509 *x, struct cw_arena *arena)
{
    unsigned char *der = NULL, digest[SHA256_DIGEST_LENGTH];
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
    if (n <= 0)
        return CW_S(""); /* never equal to a pin */
    SHA256(der, (size_t)n, digest);
    OPENSSL_free(der);
    struct cw_str text = cw_base64(arena, (struct cw_str){(const char *)digest, sizeof digest});
    return cw_arena_printf(arena, "sha256:%.*s", CW_ARG(text));
}

void cw_x509_read(X509 *x, struct cw_arena *arena, struct cw_cert *out)
{
    memset(out, 0, sizeof *out);
    out->present = true;
    out->fault = CW_CHAIN_OTHER;
    out->chain_reason = (struct cw_str)CW_STR("not verified");
    read_names(x, arena, out);
    out->is_ca = (X509_get_extension_flags(x) & EXFLAG_CA) != 0;
    out->subject = name_text(X509_get_subject_name(x), arena);
    out->issuer = name_text(X509_get_issuer_name(x), arena);
    out->not_after = time_text(X509_get0_notAfter(x), arena);
    out->pin = cw_x509_pin_of(x, arena);
    out->not_after_s = cw_x509_not_after(x);
    ERR_clear_error();
}

int64_t cw_x509_not_after(const X509 *x)
{
    struct tm tm;
    return ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) ? (int64_t)timegm(&tm) : 0;
}
