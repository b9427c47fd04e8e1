/* What the two directions of subscription.h share.  Private to subscription*.c. */
#ifndef CW_XLATE_SUBSCRIPTION_PRIV_H
#define CW_XLATE_SUBSCRIPTION_PRIV_H

#include "xlate/event.h"
#include "xlate/subscription.h"

/* Our party's side of a dialog is `local`. */
struct cw_str cw_subscription_local(const struct cw_subscription *);
struct cw_str cw_subscription_remote(const struct cw_subscription *);
struct cw_str cw_subscription_uri(struct cw_arena *, struct cw_str bare_jid);
struct cw_str cw_subscription_number(struct cw_arena *, uint32_t);

void cw_step_stanza(struct cw_arena *, struct cw_presence_step *, struct cw_xml *);
void cw_step_answer(struct cw_presence_step *, int status, const char *reason);
/* The next request in the dialog; a dialog without names gets them from the seed. */
void cw_step_request(struct cw_arena *, struct cw_subscription *, const char *method,
                     const struct cw_presence_options *, struct cw_presence_step *);
void cw_step_subscribe(struct cw_arena *, struct cw_subscription *, uint32_t expires_s,
                       const struct cw_presence_options *, struct cw_presence_step *);
/* document: absent for a NOTIFY without a body. */
void cw_step_notify(struct cw_arena *, struct cw_subscription *, const struct cw_event_status *,
                    struct cw_str document, const struct cw_presence_options *,
                    struct cw_presence_step *);
/* The document of these, as a body; absent when there are none. */
struct cw_str cw_subscription_document(struct cw_arena *, const struct cw_subscription *,
                                       const struct cw_presence_options *,
                                       const struct cw_presence *, size_t n);

/* The one language of all notes is that of the body (RFC 8048 table 1); absent: there are several.
 */
struct cw_str cw_subscription_language(const struct cw_presence *, size_t n);

/* X2S: the watcher is told that all that he saw is gone. */
void cw_step_all_gone(struct cw_arena *, const struct cw_subscription *,
                      const struct cw_presence_options *, struct cw_presence_step *);
/* X2S: the authorization is over: unavailable, then unsubscribed. */
void cw_step_cancel(struct cw_arena *, struct cw_subscription *, const struct cw_presence_options *,
                    struct cw_presence_step *);

void cw_subscription_on_subscribe(struct cw_arena *, struct cw_subscription *,
                                  const struct cw_sip_request *, const struct cw_presence_options *,
                                  struct cw_presence_step *);
void cw_subscription_on_notify(struct cw_arena *, struct cw_subscription *,
                               const struct cw_sip_request *, const struct cw_presence_options *,
                               struct cw_presence_step *);

#endif
