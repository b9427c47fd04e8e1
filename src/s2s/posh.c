/* POSH documents; see posh.h.  What RFC 7711 leaves open: hash functions that we do not know are
 * skipped (section 3.3 lets a client use those that it supports), missing padding is forgiven (the
 * RFC's own example has none), and a name that stands there twice makes the document void. */
#include "s2s/posh.h"

#include "base/secret.h"

#include <jansson.h>

enum { SHA256_BYTES = 32, SHA512_BYTES = 64 };

static struct cw_str text_of(const json_t *value)
{
    return (struct cw_str){json_string_value(value), json_string_length(value)};
}

/* A digest of exactly that length; absent when the text is something else. */
static struct cw_str read_digest(struct cw_arena *a, struct cw_str text, size_t n_bytes)
{
    struct cw_str octets, padded = text;

    while (padded.n % 4 != 0)
        padded = cw_arena_printf(a, "%.*s=", CW_ARG(padded));
    if (!cw_unbase64(a, padded, &octets) || octets.n != n_bytes)
        return CW_STR_NONE;
    return octets;
}

/* One member of a descriptor; false when it is there and broken. */
static bool read_member(struct cw_arena *a, const json_t *descriptor, const char *name,
                        size_t n_bytes, struct cw_str *out)
{
    const json_t *value = json_object_get(descriptor, name);

    if (!value)
        return true;
    if (json_is_string(value) && json_string_length(value) <= 2 * n_bytes)
        *out = read_digest(a, text_of(value), n_bytes);
    return cw_str_is_present(*out);
}

static struct cw_str read_fingerprints(struct cw_arena *a, const json_t *list, struct cw_posh *out)
{
    size_t n = json_array_size(list);
    struct cw_posh_fingerprint *known;

    if (n == 0)
        return CW_S("\"fingerprints\" is not a list with something in it");
    if (n > CW_POSH_MAX_FINGERPRINTS)
        return cw_arena_printf(a, "it has more than %d fingerprints", CW_POSH_MAX_FINGERPRINTS);
    known = cw_arena_alloc(a, n * sizeof *known);
    for (size_t i = 0; i < n; i++) {
        struct cw_posh_fingerprint one = {0};
        const json_t *descriptor = json_array_get(list, i);

        if (!json_is_object(descriptor) ||
            !read_member(a, descriptor, "sha-256", SHA256_BYTES, &one.sha256) ||
            !read_member(a, descriptor, "sha-512", SHA512_BYTES, &one.sha512))
            return cw_arena_printf(a, "fingerprint %zu is no digest in Base64", i + 1);
        if (cw_str_is_present(one.sha256) || cw_str_is_present(one.sha512))
            known[out->n_fingerprints++] = one;
    }
    if (out->n_fingerprints == 0)
        return CW_S("none of its fingerprints is by SHA-256 or SHA-512");
    out->fingerprints = known;
    return CW_STR_NONE;
}

static struct cw_str read_reference(struct cw_arena *a, const json_t *value, struct cw_posh *out)
{
    struct cw_str url = text_of(value);

    if (!json_is_string(value) || url.n > CW_POSH_MAX_URL)
        return CW_S("\"url\" is no text of at most 2048 characters");
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] <= 0x20 || url.p[i] >= 0x7F)
            return CW_S("\"url\" has characters that must be escaped");
    if (!cw_str_eq_nocase(cw_str_sub(url, 0, 8), CW_S("https://")) || url.n == 8)
        return CW_S("\"url\" is not https");
    out->url = cw_arena_dup(a, url);
    return CW_STR_NONE;
}

static struct cw_str read_document(struct cw_arena *a, const json_t *root, struct cw_posh *out)
{
    const json_t *fingerprints = json_object_get(root, "fingerprints");
    const json_t *url = json_object_get(root, "url");
    const json_t *expires = json_object_get(root, "expires");
    json_int_t seconds = json_integer_value(expires);

    if (!json_is_object(root))
        return CW_S("it is no JSON object");
    if (!json_is_integer(expires) || seconds < 0)
        return CW_S("\"expires\" is not a whole number of seconds");
    if (seconds == 0)
        return CW_S("it has expired (\"expires\" is 0)");
    if (!fingerprints == !url)
        return CW_S("it needs either \"fingerprints\" or \"url\"");
    out->expires_s =
        seconds < CW_POSH_MAX_EXPIRES_S ? (unsigned)seconds : (unsigned)CW_POSH_MAX_EXPIRES_S;
    return url ? read_reference(a, url, out) : read_fingerprints(a, fingerprints, out);
}

struct cw_str cw_posh_read(struct cw_arena *a, struct cw_str json, struct cw_posh *out)
{
    struct cw_str fault;
    json_error_t error;
    json_t *root;

    *out = (struct cw_posh){0};
    if (json.n > CW_POSH_MAX_BYTES)
        return CW_S("it is larger than 64 KiB");
    root = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return cw_arena_printf(a, "it is no JSON (line %d)", error.line);
    fault = read_document(a, root, out);
    if (cw_str_is_present(fault))
        *out = (struct cw_posh){0};
    json_decref(root);
    return fault;
}

static bool agrees(struct cw_str given, struct cw_str digest)
{
    return !cw_str_is_present(given) || cw_str_eq(given, digest);
}

bool cw_posh_matches(const struct cw_posh *posh, struct cw_str sha256, struct cw_str sha512)
{
    for (size_t i = 0; i < posh->n_fingerprints; i++)
        if (agrees(posh->fingerprints[i].sha256, sha256) &&
            agrees(posh->fingerprints[i].sha512, sha512))
            return true;
    return false;
}
