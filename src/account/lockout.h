/* Guessing passwords is made slow: per account and per address, with back-off.  After five failures
 * the next try waits 1 s, then 2, 4 ... up to 15 minutes; a success clears the account's count for
 * that address only.  An account that is guessed from everywhere is slowed for addresses that have
 * not signed in to it before, not for the one that has: nobody can lock an administrator out.
 * A machine without a clock; bounded memory. */
#ifndef CW_ACCOUNT_LOCKOUT_H
#define CW_ACCOUNT_LOCKOUT_H

#include "base/mem.h"

struct cw_lockout;
struct cw_lockout *cw_lockout_new(size_t max_entries); /* 0: 10,000 */
void cw_lockout_free(struct cw_lockout **);
/* Seconds until a try is allowed; 0: now. */
uint32_t cw_lockout_wait_s(struct cw_lockout *, struct cw_str account, struct cw_str address,
                           uint64_t now_ms);
void cw_lockout_failed(struct cw_lockout *, struct cw_str account, struct cw_str address,
                       uint64_t now_ms);
void cw_lockout_succeeded(struct cw_lockout *, struct cw_str account, struct cw_str address,
                          uint64_t now_ms);

#endif
