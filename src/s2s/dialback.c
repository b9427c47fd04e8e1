/* Dialback keys by XEP-0185: they need no memory of the stream, so that any edge that has the
 * secret can answer for any other.  The HMAC's key is the 64 hexadecimal characters of the hashed
 * secret, not its 32 octets. */
#include "s2s/dialback.h"

#include "base/secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

struct cw_str cw_dialback_key(struct cw_arena *a, struct cw_str secret, struct cw_str receiving,
                              struct cw_str originating, struct cw_str stream_id)
{
    unsigned char hash[EVP_MAX_MD_SIZE], mac[EVP_MAX_MD_SIZE];
    unsigned hash_n = 0, mac_n = 0;
    struct cw_str hex, text;

    if (!EVP_Digest(secret.p ? secret.p : "", secret.n, hash, &hash_n, EVP_sha256(), NULL))
        cw_fatal("dialback: SHA-256 is not available");
    hex = cw_hex(a, (struct cw_str){(const char *)hash, hash_n});
    text = cw_arena_printf(a, "%.*s %.*s %.*s", CW_ARG(receiving), CW_ARG(originating),
                           CW_ARG(stream_id));
    if (!HMAC(EVP_sha256(), hex.p, (int)hex.n, (const unsigned char *)text.p, text.n, mac, &mac_n))
        cw_fatal("dialback: HMAC is not available");
    cw_wipe(hash, sizeof hash);
    return cw_hex(a, (struct cw_str){(const char *)mac, mac_n});
}
