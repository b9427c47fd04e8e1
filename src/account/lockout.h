/* Guessing passwords is made slow: per account and per address, with back-off.  After five failures
 * the next try waits 1 s, then 2, 4 ... up to 15 minutes; a success clears the account's count for
 * that address only.  An address that fails with whatever account ten times waits, too.  An account
 * that is guessed from everywhere is slowed for addresses that have not signed in to it before, not
 * for the one that has: nobody can lock an administrator out.  An hour without a failure forgets.
 * A machine without a clock; bounded memory.
 *
 * One exchange: somebody at 192.0.2.7 tries anna with a wrong password; cw_lockout_wait_s says 0,
 * cw_lockout_failed counts, the password is checked and wrong.  At the sixth try wait_s says 1: it
 * is answered with 429, nothing is checked, nothing counted.  Anna at her own desk waits for
 * nothing. */
#ifndef CW_ACCOUNT_LOCKOUT_H
#define CW_ACCOUNT_LOCKOUT_H

#include "base/mem.h"

struct cw_lockout;
struct cw_lockout *cw_lockout_new(size_t max_entries); /* 0: 10,000 */
void cw_lockout_free(struct cw_lockout **);
/* The account as cw_account_name gives it, or as it was typed when that refuses; the address
 * without a port, of IPv6 the first 64 bits count. */
/* Seconds until a try is allowed; 0: now. */
uint32_t cw_lockout_wait_s(struct cw_lockout *, struct cw_str account, struct cw_str address,
                           uint64_t now_ms);
/* Called before the password is looked at, so that a hundred tries at once are no way around; when
 * it proves right, cw_lockout_succeeded takes this one back. */
void cw_lockout_failed(struct cw_lockout *, struct cw_str account, struct cw_str address,
                       uint64_t now_ms);
void cw_lockout_succeeded(struct cw_lockout *, struct cw_str account, struct cw_str address,
                          uint64_t now_ms);
/* The try could not be judged: it counts for nothing, and those before it count as they did. */
void cw_lockout_undo(struct cw_lockout *, struct cw_str account, struct cw_str address);

#endif
