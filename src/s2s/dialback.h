/* Dialback keys (XEP-0185): any edge that has the secret can verify them. */
#ifndef CW_S2S_DIALBACK_H
#define CW_S2S_DIALBACK_H

#include "base/mem.h"

/* hex(HMAC-SHA256(hex(SHA256(secret)), "receiving SP originating SP stream-id")) */
struct cw_str cw_dialback_key(struct cw_arena *, struct cw_str secret, struct cw_str receiving,
                              struct cw_str originating, struct cw_str stream_id);

#endif
