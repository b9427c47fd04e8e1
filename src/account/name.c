/* Beside what PRECIS refuses: the slash, so that a name is one part of a path, and the colon, which
 * parts the kind from the name where an account is told from others ("cli:anna"). */
#include "account/name.h"

#include "xmpp/precis.h"

static size_t n_characters(struct cw_str utf8)
{
    size_t n = 0;
    for (size_t i = 0; i < utf8.n; i++)
        n += ((unsigned char)utf8.p[i] & 0xC0) != 0x80;
    return n;
}

bool cw_account_name(struct cw_arena *arena, struct cw_str typed, struct cw_str *out)
{
    /* In octets first: what a mapping has to do is bounded by what comes in. */
    if (typed.n == 0 || typed.n > CW_ACCOUNT_NAME_MAX * 4 || !cw_str_is_utf8(typed) ||
        !cw_precis_username(arena, typed, out))
        return false;
    return out->n > 0 && n_characters(*out) <= CW_ACCOUNT_NAME_MAX && cw_str_index(*out, '/') < 0 &&
           cw_str_index(*out, ':') < 0;
}
