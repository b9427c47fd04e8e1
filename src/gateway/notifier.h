/* SIP users who watch XMPP users: we are the notifier of RFC 6665 for them (RFC 8048 section 5.3).
 *
 * One contact for each pair: did the XMPP user consent, and what do his resources say; below it one
 * subscription (dialog) for each SIP device that watches.  The consent outlives dialogs.
 *
 *   SUBSCRIBE  makes the invitation; 200, NOTIFY with what is known, `subscribe` to the XMPP user.
 *              With Expires 0 in a dialog, and no other dialog of the pair left, the invitation is
 *              taken back: the local user has removed the contact.
 *   NOTIFY     one under way in a dialog; what changes meanwhile goes with the next one, so a burst
 *              costs little and the last state is right.
 *   expiry     a dialog that nobody refreshed ends with NOTIFY terminated;reason=timeout; the
 *              invitation stays.
 *   again      one probe for each pair, paced; resources that its answer does not name within a few
 *              seconds are gone.
 *   lost       nothing is known: NOTIFY with nobody available.
 *   restart    the store has pairs and dialogs: probed, paced, and NOTIFY goes on in the same
 * dialogs with a CSeq far above the last one written. */
#ifndef CW_GATEWAY_NOTIFIER_H
#define CW_GATEWAY_NOTIFIER_H

#include "gateway/contact.h"
#include "sip/transaction.h"
#include "store/store.h"
#include "xml/node.h"

struct gw_presence;
struct gw_pair;
struct gw_notifier;

struct gw_notifier *gw_notifier_new(struct gw_presence *);
void gw_notifier_free(struct gw_notifier **);
/* At start, before anything else: first the pairs, then their dialogs. */
void gw_notifier_restore(struct gw_notifier *, const struct cw_store_subscription *);
void gw_notifier_restore_dialog(struct gw_notifier *, const struct cw_store_dialog *);

/* A SUBSCRIBE that the rules allow, in a dialog or not: answered in any case. */
void gw_notifier_subscribe(struct gw_notifier *, cw_sip_txn_id, const struct gw_pair *,
                           const struct cw_sip_request *);
/* subscribed, unsubscribed, presence of a resource, or an error. */
void gw_notifier_stanza(struct gw_notifier *, const struct gw_pair *, const struct cw_xml *stanza);
/* The local user may see no more: NOTIFY terminated;reason=rejected in all dialogs of the pair,
 * `unsubscribe` to the XMPP user.  False: he did not. */
bool gw_notifier_cancel(struct gw_notifier *, struct cw_str local, struct cw_str remote);
/* Cancels every pair that the verdict of now refuses. */
void gw_notifier_review(struct gw_notifier *);
/* The pairs of these, absent: any, are cancelled; remote_domain in U-labels. */
void gw_notifier_withdraw(struct gw_notifier *, struct cw_str local, struct cw_str remote,
                          struct cw_str remote_domain);
void gw_notifier_again(struct gw_notifier *, struct cw_str local_domain,
                       struct cw_str remote_domain);
void gw_notifier_lost(struct gw_notifier *, struct cw_str local_domain,
                      struct cw_str remote_domain);
/* Probes one contact of that pair of domains; false: there is none. */
bool gw_notifier_knock(struct gw_notifier *, struct cw_str local_domain,
                       struct cw_str remote_domain);
/* Has the local user asked, and the XMPP user not decided yet?  His server answers a probe then as
 * if he had declined. */
bool gw_notifier_is_undecided(const struct gw_notifier *, struct cw_str local,
                              struct cw_str remote);
size_t gw_notifier_count(const struct gw_notifier *); /* dialogs */

#endif
