/* Random values that let somebody in: API tokens, session cookies, CSRF tokens.  The store keeps
 * digests only: who reads it cannot sign in with what he finds.  256 random bits need no salt and
 * no slow hash. */
#ifndef CW_ACCOUNT_TOKEN_H
#define CW_ACCOUNT_TOKEN_H

#include "base/mem.h"

/* "cwt_" and 64 hexadecimal digits; the prefix lets scanners find what was published by mistake. */
struct cw_str cw_token_generate(struct cw_arena *);
bool cw_token_is_form(struct cw_str);
/* For a cookie or a CSRF token: 64 hexadecimal digits. */
struct cw_str cw_cookie_generate(struct cw_arena *);
/* SHA-256, in hex: what the store has as a token's digest and a session's key. */
struct cw_str cw_token_digest(struct cw_arena *, struct cw_str text);

#endif
