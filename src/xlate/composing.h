/* Who is typing: application/im-iscomposing+xml (RFC 3994), and what it is as a chat state
 * (XEP-0085; RFC 7573 section 6).
 *
 *     <composing/>                      <->  active
 *     <active/> <paused/> <inactive/>    ->  idle
 *     <gone/>                            ->  idle, when `active` was said before: a chat in pager
 * mode has no session that could be ended instead <active/>                         <-   idle
 *     <paused/>                         <-   active that was not refreshed in time
 *
 * Documents are read with the bounded XML reader: no DTD, no entities, sizes within limits. */
#ifndef CW_XLATE_COMPOSING_H
#define CW_XLATE_COMPOSING_H

#include "base/buf.h"
#include "base/mem.h"

#define CW_COMPOSING_TYPE CW_S("application/im-iscomposing+xml")

enum {
    CW_COMPOSING_MAX_BYTES = 8192,
    CW_COMPOSING_REFRESH_S = 120, /* section 3.3: without <refresh/> */
    CW_COMPOSING_MAX_REFRESH_S = 3600,
};

struct cw_composing {
    bool is_active;     /* every other state is idle (section 3.5) */
    unsigned refresh_s; /* how long `active` holds; 0 when the document does not say */
};

enum cw_composing_fault {
    CW_COMPOSING_OK,
    CW_COMPOSING_NOT_XML,   /* not well-formed, or with what must not be there */
    CW_COMPOSING_NOT_STATE, /* some other document, or one without a state */
    CW_COMPOSING_TOO_LARGE,
};
const char *cw_composing_fault_text(enum cw_composing_fault); /* one sentence */

/* A <refresh/> that is no number counts as not said; one above the maximum is the maximum. */
enum cw_composing_fault cw_composing_parse(struct cw_arena *, struct cw_str document,
                                           struct cw_composing *out);
/* Appends the document.  Reading it gives the same values back. */
void cw_composing_write(struct cw_buf *, const struct cw_composing *);
/* Seconds after which the receiver takes `active` for idle; at least one. */
unsigned cw_composing_holds_s(const struct cw_composing *);

#endif
