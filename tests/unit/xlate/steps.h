/* What the tests of subscriptions share: values in each state, stanzas and requests, and a step in
 * one line. */
#ifndef CW_TEST_XLATE_STEPS_H
#define CW_TEST_XLATE_STEPS_H

#include "xlate/subscription.h"

#define ROMEO  "romeo@example.net"
#define JULIET "juliet@example.com"

#define BODY(basic)                                                          \
    "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='pres:" ROMEO "'>" \
    "<tuple id='ID-orchard'><status><basic>" basic "</basic></status></tuple></presence>"

extern const struct cw_presence_options knows_one, knows_nobody; /* romeo's or juliet's orchard */

/* "200 SUBSCRIBE:0 subscribed unavailable/orchard" */
struct cw_str summary(struct cw_arena *, const struct cw_presence_step *);
/* In a dialog of Call-ID c1, our tag "ours", theirs "theirs" (not yet known while waiting). */
struct cw_subscription in_state(enum cw_subscription_direction, enum cw_subscription_state);
struct cw_xml *stanza(struct cw_arena *, const char *type, bool is_full); /* juliet to romeo */
/* Romeo to juliet in that dialog; status: Subscription-State, or NULL. */
struct cw_sip_request request(const char *method, const char *status, const char *body);

#endif
