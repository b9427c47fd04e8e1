/* The header fields of SIP events (RFC 6665): Event and Subscription-State, read and written. */
#ifndef CW_XLATE_EVENT_H
#define CW_XLATE_EVENT_H

#include "base/mem.h"

/* Section 4.1.3: why a subscription ended, and what the subscriber does about it. */
enum cw_event_reason {
    CW_EVENT_NO_REASON, /* none is said, or one that is not known */
    CW_EVENT_DEACTIVATED,
    CW_EVENT_PROBATION,
    CW_EVENT_REJECTED,
    CW_EVENT_TIMEOUT,
    CW_EVENT_GIVEUP,
    CW_EVENT_NORESOURCE,
    CW_EVENT_INVARIANT,
};
const char *cw_event_reason_name(enum cw_event_reason); /* "" for none */

enum cw_event_state { CW_EVENT_PENDING, CW_EVENT_ACTIVE, CW_EVENT_TERMINATED };

struct cw_event_status {
    enum cw_event_state state;
    enum cw_event_reason reason;
    bool has_expires, has_retry_after;
    uint32_t expires_s, retry_after_s;
};
/* False when the value is none by its grammar.  A state that is not known counts as pending: it
 * gives no right to anything. */
bool cw_event_status_parse(struct cw_str subscription_state, struct cw_event_status *out);
struct cw_str cw_event_status_text(struct cw_arena *, const struct cw_event_status *);

/* The package of an Event value ("presence"), and its id parameter (absent when there is none). */
struct cw_str cw_event_package(struct cw_str event);
struct cw_str cw_event_id(struct cw_str event);

/* A number of seconds; more than 2^32-1 is that.  False for what is no number. */
bool cw_event_seconds(struct cw_str text, uint32_t *out);

#endif
