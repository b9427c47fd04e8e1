/* Tokens and their digests. */
#include "account/token.h"

#include <openssl/evp.h>

#include "base/secret.h"

#define PREFIX "cwt_"
enum { RANDOM_BYTES = 32 };

struct cw_str cw_cookie_generate(struct cw_arena *arena)
{
    return cw_random_hex(arena, RANDOM_BYTES);
}

struct cw_str cw_token_generate(struct cw_arena *arena)
{
    struct cw_str value = cw_random_hex(arena, RANDOM_BYTES);
    return cw_arena_printf(arena, PREFIX "%.*s", CW_ARG(value));
}

bool cw_token_is_form(struct cw_str text)
{
    const size_t n_prefix = sizeof(PREFIX) - 1;
    if (text.n != n_prefix + 2 * RANDOM_BYTES || !cw_str_starts(text, CW_S(PREFIX)))
        return false;
    for (size_t i = n_prefix; i < text.n; i++)
        if (cw_hex_value(text.p[i]) < 0)
            return false;
    return true;
}

struct cw_str cw_token_digest(struct cw_arena *arena, struct cw_str text)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!EVP_Digest(text.p ? text.p : "", text.n, sum, &n, EVP_sha256(), NULL))
        cw_fatal("SHA-256 is not available");
    return cw_hex(arena, (struct cw_str){(const char *)sum, n});
}
