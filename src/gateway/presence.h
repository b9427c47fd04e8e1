/* Presence across the border, as the gateway runs it: who may see whom is decided here (contact.h),
 * then the two machines work, which know nothing of each other:
 *
 *   subscriber.h   an XMPP user watches a SIP user: we SUBSCRIBE, and tell what NOTIFY says
 *   notifier.h     a SIP user watches an XMPP user: we answer SUBSCRIBE, and NOTIFY what stanzas
 * say
 *
 * What a stanza or a request means is xlate/subscription.h; here is what lasts: the subscriptions
 * in memory and in the store, their times, what happens when a partner, an edge, a SIP server or
 * this process goes away and comes back.
 *
 *     edge --link.c--> x2s.c --stanza--> presence.c --> subscriber.c --> sip.c     SUBSCRIBE
 *     edge <--link.c-- post.c <-------------------------- subscriber.c <-- sip.c     NOTIFY
 *     edge --link.c--> x2s.c --stanza--> presence.c --> notifier.c --> sip.c       NOTIFY
 *     edge <--link.c-- post.c <-------------------------- notifier.c <-- sip.c       SUBSCRIBE
 *
 * One exchange: juliet@fabrikam asks to see alice@contoso.  fabrikam is Federated: the subscriber
 * sends SUBSCRIBE to contoso's next hop; its first NOTIFY gives `subscribed` and alice's presence
 * for juliet; the store has the row.  alice sees juliet in her own list and SUBSCRIBEs: alice has
 * invited juliet; the notifier answers 200, NOTIFY pending, asks juliet; `subscribed` comes, and
 * NOTIFY active with what juliet's clients say. */
#ifndef CW_GATEWAY_PRESENCE_H
#define CW_GATEWAY_PRESENCE_H

#include "link/link.h"
#include "sip/transaction.h"

struct gateway;
struct gw_edge;
struct gw_presence;

/* Takes over what the store kept of an earlier life; it is refreshed at the paced rate. */
struct gw_presence *gw_presence_new(struct gateway *);
void gw_presence_free(struct gw_presence **);

/* A presence stanza from a partner's user, of any type; its addresses were checked. */
void gw_presence_stanza(struct gw_presence *, const struct cw_xml *stanza);
/* A SUBSCRIBE or NOTIFY of a SIP peer: answered here, now or soon. */
void gw_presence_request(struct gw_presence *, cw_sip_txn_id, const struct cw_sip_message *);
/* True when the stanza with that number was ours. */
bool gw_presence_outcome(struct gw_presence *, const struct cw_link_outcome *);
void gw_presence_edge_up(struct gw_presence *, struct gw_edge *);
void gw_presence_edge_down(struct gw_presence *, struct gw_edge *);
/* The edge says that streams of that pair of domains (A-labels) ended as when a server dies. */
void gw_presence_ended(struct gw_presence *, struct cw_str local, struct cw_str remote);
/* Partners, settings, access rules, blocks or invitations have changed: whoever may no longer see
 * is told so, and sees nothing from that moment. */
void gw_presence_review(struct gw_presence *);
/* The administrator took contacts back; each absent: any.  remote_domain in U-labels. */
void gw_presence_withdraw(struct gw_presence *, struct cw_str local, struct cw_str remote,
                          struct cw_str remote_domain);

#endif
