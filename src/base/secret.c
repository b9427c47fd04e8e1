/* Randomness, secrets, hex and base64; see secret.h. */
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void cw_random(void *out, size_t n)
{
    char *p = out;
    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            cw_fatal("no randomness from the system: %s", strerror(errno));
        p += got;
        n -= (size_t)got;
    }
}

struct cw_str cw_random_hex(struct cw_arena *arena, size_t n)
{
    char *bytes = cw_arena_alloc(arena, n);
    cw_random(bytes, n);
    return cw_hex(arena, (struct cw_str){bytes, n});
}

bool cw_secret_eq(struct cw_str a, struct cw_str b)
{
    unsigned char diff = 0;
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        diff |= (unsigned char)(a.p[i] ^ b.p[i]);
    return diff == 0;
}

void cw_wipe(void *p, size_t n)
{
    explicit_bzero(p, n);
}

int cw_hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

struct cw_str cw_hex(struct cw_arena *arena, struct cw_str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *p = cw_arena_alloc(arena, bytes.n * 2 + 1);
    for (size_t i = 0; i < bytes.n; i++) {
        p[2 * i] = digits[(unsigned char)bytes.p[i] >> 4];
        p[2 * i + 1] = digits[(unsigned char)bytes.p[i] & 15];
    }
    return (struct cw_str){p, bytes.n * 2};
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct cw_str cw_base64(struct cw_arena *arena, struct cw_str bytes)
{
    size_t n = (bytes.n + 2) / 3 * 4, out = 0;
    char *p = cw_arena_alloc(arena, n + 1);
    const unsigned char *in = (const unsigned char *)bytes.p;
    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        uint32_t v = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                     (left > 2 ? in[i + 2] : 0);
        p[out++] = base64_digits[v >> 18];
        p[out++] = base64_digits[(v >> 12) & 63];
        p[out++] = left > 1 ? base64_digits[(v >> 6) & 63] : '=';
        p[out++] = left > 2 ? base64_digits[v & 63] : '=';
    }
    return (struct cw_str){p, n};
}

static int base64_value(char c)
{
    const char *at = c ? strchr(base64_digits, c) : NULL;
    return at ? (int)(at - base64_digits) : -1;
}

bool cw_unbase64(struct cw_arena *arena, struct cw_str text, struct cw_str *out)
{
    if (text.n % 4 != 0)
        return false;
    size_t pad = 0, n = 0;
    if (text.n && text.p[text.n - 1] == '=')
        pad = text.p[text.n - 2] == '=' ? 2 : 1;
    char *p = cw_arena_alloc(arena, text.n / 4 * 3 + 1);
    for (size_t i = 0; i < text.n; i += 4) {
        uint32_t v = 0;
        for (size_t j = 0; j < 4; j++) {
            bool is_pad = i + j >= text.n - pad;
            int d = is_pad ? 0 : base64_value(text.p[i + j]);
            if (d < 0)
                return false;
            v = v << 6 | (uint32_t)d;
        }
        p[n++] = (char)(v >> 16);
        p[n++] = (char)(v >> 8);
        p[n++] = (char)v;
    }
    /* Bits behind the last octet must be zero, or two texts would mean the same bytes. */
    for (size_t i = 0; i < pad; i++)
        if (p[n - 1 - i] != 0)
            return false;
    *out = (struct cw_str){p, n - pad};
    return true;
}
