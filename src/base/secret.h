/* Randomness, secrets and the text forms of bytes. */
#ifndef CW_BASE_SECRET_H
#define CW_BASE_SECRET_H

#include "base/mem.h"
#include "base/str.h"

void cw_random(void *out, size_t n); /* from the system; never fails */
/* n random bytes as lower-case hex, in the arena. */
struct cw_str cw_random_hex(struct cw_arena *, size_t n);
bool cw_secret_eq(struct cw_str a, struct cw_str b); /* constant time for equal lengths */
void cw_wipe(void *p, size_t n);

struct cw_str cw_hex(struct cw_arena *, struct cw_str bytes);    /* lower case */
int cw_hex_value(char digit);                                    /* in any case; else -1 */
struct cw_str cw_base64(struct cw_arena *, struct cw_str bytes); /* RFC 4648 section 4, padded */
/* Strict RFC 4648 section 4: no white space, exact padding, zero trailing bits. */
bool cw_unbase64(struct cw_arena *, struct cw_str text, struct cw_str *out);

#endif
