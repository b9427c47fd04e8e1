/* Passwords: argon2id (RFC 9106) by libargon2, and what may be one.  Slow on purpose: never on a
 * loop that carries traffic.
 *
 * One exchange: anna signs in.  Her account's hash is read, or "" when there is no such account;
 * cw_password_is computes argon2id once in both cases, so that the time tells nobody which names
 * there are.  When it is hers but was made with other parameters, cw_password_is_current says so
 * and a new hash is kept. */
#ifndef CW_ACCOUNT_PASSWORD_H
#define CW_ACCOUNT_PASSWORD_H

#include "base/mem.h"

enum { CW_PASSWORD_MIN = 12, CW_PASSWORD_MAX = 256 /* characters */ };

/* Absent when it may be one, else one sentence: too short, too long, the account's name, one of the
 * commonest. */
struct cw_str cw_password_check(struct cw_arena *, struct cw_str password, struct cw_str account);
/* The encoded hash with a fresh salt. */
struct cw_str cw_password_hash(struct cw_arena *, struct cw_str password);
/* In a time that does not tell whether `encoded` is empty: an unknown account costs the same. */
bool cw_password_is(struct cw_str encoded, struct cw_str password);
/* False: this release hashes with other parameters. */
bool cw_password_is_current(struct cw_str encoded);
/* Readable, random: five groups of four letters and digits without look-alikes. */
struct cw_str cw_password_generate(struct cw_arena *);

#endif
