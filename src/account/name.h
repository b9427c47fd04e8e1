/* Names of accounts: PRECIS UsernameCaseMapped (RFC 8265 section 3.3), so that "Anna" and "anna"
 * are one, and nobody looks like somebody else by a trick of Unicode's. */
#ifndef CW_ACCOUNT_NAME_H
#define CW_ACCOUNT_NAME_H

#include "base/mem.h"

enum { CW_ACCOUNT_NAME_MAX = 64 /* characters */ };

/* The name as it is kept.  False: what was typed cannot be one; it then names no account either. */
bool cw_account_name(struct cw_arena *, struct cw_str typed, struct cw_str *out);

#endif
