/* The two PRECIS profiles of RFC 8265 that names and passwords go through. */
#ifndef CW_XMPP_PRECIS_H
#define CW_XMPP_PRECIS_H

#include "base/mem.h"

/* UsernameCaseMapped and OpaqueString.  Both take well-formed UTF-8 and return false when the
 * profile refuses it; an empty result is left to the caller. */
bool cw_precis_username(struct cw_arena *, struct cw_str in, struct cw_str *out);
bool cw_precis_opaque(struct cw_arena *, struct cw_str in, struct cw_str *out);

#endif
