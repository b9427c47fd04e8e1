/* PRECIS string classes (RFC 8264) and the two profiles that JIDs use (RFC 8265). */
#ifndef CW_XMPP_PRECIS_PRIV_H
#define CW_XMPP_PRECIS_PRIV_H

#include <unicode/utypes.h>

#include "base/mem.h"
#include "base/str.h"
#include "xmpp/precis.h"

/* A string of code points with room behind it.  No value here is longer than a JID's part times
 * what a mapping may make of it. */
struct cw_points {
    UChar32 *p;
    size_t n;
};

/* True when every code point may stand in an identifier (RFC 8264 section 4.2), the contextual
 * rules included. */
bool cw_precis_is_identifier(struct cw_points);
/* The same for FreeformClass (section 4.3). */
bool cw_precis_is_freeform(struct cw_points);
/* The rule of RFC 5893 section 2; true as well when no character runs from right to left. */
bool cw_precis_is_bidi_ok(struct cw_points);

/* Code points of well-formed UTF-8, in the arena. */
struct cw_points cw_points_of(struct cw_arena *, struct cw_str utf8);

#endif
