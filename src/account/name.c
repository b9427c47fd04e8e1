/* Beside what PRECIS refuses: the slash, so that a name is one part of a path, and the colon, which
 * parts the kind from the name where an account is told from others ("cli:anna"). */
#include "account/name.h"

#include "xmpp/precis.h"

bool cw_account_name(struct cw_arena *arena, struct cw_str typed, struct cw_str *out)
{
    /* In octets first: what a mapping has to do is bounded by what comes in. */
    if (typed.n == 0 || typed.n > CW_ACCOUNT_NAME_MAX * 4 || !cw_str_is_utf8(typed) ||
        !cw_precis_username(arena, typed, out))
        return false;
    return out->n > 0 && cw_str_n_characters(*out) <= CW_ACCOUNT_NAME_MAX &&
           cw_str_index(*out, '/') < 0 && cw_str_index(*out, ':') < 0;
}
