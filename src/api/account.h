/* What the panel's process does with accounts beside the commands: the first start, and a user's
 * own password.  Both may take as long as argon2id does: not on a loop. */
#ifndef CW_API_ACCOUNT_H
#define CW_API_ACCOUNT_H

#include "api/api.h"

#define CW_FIRST_ACCOUNT "administrator"

/* The first start: when there is no account at all, makes that of the name CW_FIRST_ACCOUNT with a
 * one-time password, which the first sign-in must change.  *password is to be shown once, or absent
 * when there are accounts. */
enum cw_err cw_api_first_account(struct cw_store *, struct cw_arena *, struct cw_str *password);

/* Somebody signed in changes his own password: what he says it was so far must be right.  All his
 * sessions end but the one of the key `keep_session`.  False with a problem. */
struct cw_api_own_password {
    struct cw_str account, so_far, wanted, keep_session;
};
bool cw_api_own_password(const struct cw_api_call *, const struct cw_api_own_password *,
                         struct cw_api_problem *);

#endif
