/* The peer's chain kept, and what can be asked of it; see x509_proof.h. */
#include "io/x509_proof.h"

#include "io/x509_priv.h"

#include <openssl/err.h>
#include <openssl/pem.h>

struct cw_x509_chain *cw_x509_chain_new(const struct cw_x509_peer *peer)
{
    struct cw_x509_chain *chain = cw_alloc(sizeof *chain);
    chain->store = peer->store;
    chain->leaf = peer->leaf;
    chain->is_client = peer->is_client;
    X509_STORE_up_ref(peer->store);
    X509_up_ref(peer->leaf);
    chain->untrusted = peer->untrusted ? X509_chain_up_ref(peer->untrusted) : sk_X509_new_null();
    cw_assert(chain->untrusted);
    if (cw_str_is_present(peer->ocsp)) {
        chain->ocsp.n = peer->ocsp.n;
        chain->ocsp.p = cw_memdup(peer->ocsp.p, peer->ocsp.n);
    }
    return chain;
}

void cw_x509_chain_free(struct cw_x509_chain **chain)
{
    struct cw_x509_chain *c = *chain;
    if (!c)
        return;
    *chain = NULL;
    X509_STORE_free(c->store);
    X509_free(c->leaf);
    sk_X509_pop_free(c->untrusted, X509_free);
    cw_free((void *)c->ocsp.p);
    cw_free(c);
}

enum cw_tls_staple cw_x509_chain_verify(const struct cw_x509_chain *chain, struct cw_arena *arena,
                                        struct cw_cert *out)
{
    cw_x509_verify(chain->store, chain->leaf, chain->untrusted, arena, out);
    return cw_x509_apply_staple(chain, chain->store, out);
}

/* --- a partner's own anchors --- */

/* How many; broken text ends the reading. */
static size_t add_anchors(X509_STORE *store, struct cw_str pem)
{
    size_t n = 0;
    BIO *bio = pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p ? pem.p : "", (int)pem.n) : NULL;
    X509 *anchor;
    while (bio && (anchor = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        n += X509_STORE_add_cert(store, anchor) == 1;
        X509_free(anchor);
    }
    BIO_free(bio);
    ERR_clear_error();
    return n;
}

enum cw_tls_staple cw_x509_verify_anchor(const struct cw_x509_chain *chain, struct cw_str pem,
                                         struct cw_arena *arena, struct cw_cert *out)
{
    enum cw_tls_staple staple = CW_STAPLE_NONE;
    X509_STORE *store = X509_STORE_new();
    cw_assert(store);
    /* An anchor is whatever the administrator calls one (RFC 5280 section 6.1.1). */
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    cw_x509_store_share_crls(chain->store, store);
    if (add_anchors(store, pem) > 0) {
        cw_x509_verify(store, chain->leaf, chain->untrusted, arena, out);
        staple = cw_x509_apply_staple(chain, store, out);
    } else {
        out->chain_ok = false;
        out->fault = CW_CHAIN_OTHER;
        out->chain_reason = CW_S("the partner's trust anchor holds no usable certificate");
    }
    X509_STORE_free(store);
    return staple;
}

/* --- a pinned key --- */

struct cw_str cw_x509_spki_pin(const struct cw_x509_chain *chain, struct cw_arena *arena)
{
    return cw_x509_pin_of(chain->leaf, arena);
}

/* --- what the leaf alone says --- */

static struct cw_str digest_of(const X509 *leaf, const EVP_MD *md, struct cw_arena *arena)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int ok = X509_digest(leaf, md, digest, &n);
    cw_assert(ok == 1);
    return cw_arena_dup(arena, (struct cw_str){(const char *)digest, n});
}

void cw_x509_leaf_digests(const struct cw_x509_chain *chain, struct cw_arena *arena,
                          struct cw_str *sha256, struct cw_str *sha512)
{
    *sha256 = digest_of(chain->leaf, EVP_sha256(), arena);
    *sha512 = digest_of(chain->leaf, EVP_sha512(), arena);
}

enum cw_chain_fault cw_x509_leaf_dates(const struct cw_x509_chain *chain)
{
    if (X509_cmp_current_time(X509_get0_notBefore(chain->leaf)) > 0)
        return CW_CHAIN_NOT_YET_VALID;
    if (X509_cmp_current_time(X509_get0_notAfter(chain->leaf)) < 0)
        return CW_CHAIN_EXPIRED;
    return CW_CHAIN_OK;
}
