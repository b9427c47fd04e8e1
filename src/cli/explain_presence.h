/* What the parts of `causeway explain translate` share: a translation under way, what it puts out,
 * and the part for presence (explain_presence.c). */
#ifndef CW_CLI_EXPLAIN_PRESENCE_H
#define CW_CLI_EXPLAIN_PRESENCE_H

#include "cli/explain_state.h"
#include "sip/message.h"
#include "xlate/subscription.h"

struct cw_explain_translation {
    struct cw_arena arena;
    struct cw_jid local; /* the SIP domain, as a JID without user */
    struct cw_explain_state state;
    json_t *out; /* what goes out, in order */
    bool shown;  /* both sides have shown that they take typing and receipts (gateway/signals.h) */
};
void cw_explain_put_stanza(struct cw_explain_translation *, const struct cw_xml *);
void cw_explain_put_error(struct cw_explain_translation *, struct cw_xml *);
void cw_explain_put_response(struct cw_explain_translation *, const struct cw_sip_response *,
                             struct cw_str unsupported);
struct cw_str cw_explain_host(struct cw_explain_translation *); /* of our Via */

/* A presence stanza to a local user, or of a contact to all who watch him. */
void cw_explain_presence_stanza(struct cw_explain_translation *, struct cw_xml *stanza);
/* SUBSCRIBE and NOTIFY, and answers to ours.  False: the message is neither. */
bool cw_explain_presence_request(struct cw_explain_translation *, const struct cw_sip_message *);
bool cw_explain_presence_response(struct cw_explain_translation *, const struct cw_sip_message *);

/* The subscriptions of the state file (explain_presence_state.c), row by row. */
size_t cw_explain_subscriptions(const struct cw_explain_state *);
void cw_explain_subscription_get(const struct cw_explain_state *, struct cw_arena *, size_t row,
                                 struct cw_subscription *out);
/* A row behind the last one is appended. */
void cw_explain_subscription_set(struct cw_explain_state *, struct cw_arena *, size_t row,
                                 const struct cw_subscription *);
void cw_explain_subscription_remove(struct cw_explain_state *, size_t row);
/* A number that was not given before: the seed of a dialog. */
struct cw_str cw_explain_seed(struct cw_explain_state *, struct cw_arena *);

/* What is known of a user's resources; *out lives in the arena. */
size_t cw_explain_resources_get(const struct cw_explain_state *, struct cw_arena *,
                                struct cw_str user, struct cw_presence **out);
void cw_explain_resources_set(struct cw_explain_state *, struct cw_arena *, struct cw_str user,
                              const struct cw_presence *, size_t n);

#endif
