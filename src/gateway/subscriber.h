/* XMPP users who watch SIP users: we are the subscriber of RFC 6665 for them (RFC 8048
 * section 5.2).
 *
 * One watch for each pair, with at most one dialog beside polls.  It lives until the XMPP user
 * unsubscribes, or the SIP side refuses for good; dialogs come and go below it.
 *
 *   refresh  at 80 to 95 hundredths of what was granted, through the pace; before it a probe
 *            goes to the XMPP user (RFC 8048 section 8.1), and when his domain cannot be
 *            reached the dialog is left alone until it can.
 *   481      the SIP server has forgotten us.  One dialog of each local domain is refreshed
 *            every 15 seconds, in turn; when such a one meets 481 all of that domain are
 *            refreshed, paced: a SIP server that lost its memory is found within half a
 *            minute.
 *   silence  what was known is not known any more: unavailable.  The dialog may be there yet
 *            and is asked for again, soon and then every half a minute.  When the one in turn
 *            meets silence, and nothing else was heard from there, all of that domain are
 *            unavailable.
 *   NOTIFY   what it says is told to the XMPP user, always all of it; what the last stanzas
 *            said is kept, to tell it again.
 *   probe    answered from an active dialog's last state, else by a SUBSCRIBE with Expires 0.
 *   restart  the store has the pair, the dialog and which resources the watcher was told of:
 *            it is refreshed in the dialog, with a CSeq far above the last one written;
 *            nothing is told before its NOTIFY. */
#ifndef CW_GATEWAY_SUBSCRIBER_H
#define CW_GATEWAY_SUBSCRIBER_H

#include "gateway/contact.h"
#include "sip/transaction.h"
#include "store/store.h"
#include "xml/node.h"

struct gw_presence;
struct gw_pair;
struct gw_subscriber;

struct gw_subscriber *gw_subscriber_new(struct gw_presence *);
void gw_subscriber_free(struct gw_subscriber **);
/* At start, before anything else: a row of an earlier life, and its dialog (NULL: none). */
void gw_subscriber_restore(struct gw_subscriber *, const struct cw_store_subscription *,
                           const struct cw_store_dialog *);

/* subscribe, unsubscribe or probe.  The verdict allows it, or lets the SIP side decide (ASK): when
 * it allows, `subscribed` need not wait for an active NOTIFY, a pending one is enough. */
void gw_subscriber_stanza(struct gw_subscriber *, const struct gw_pair *,
                          const struct cw_xml *stanza, const struct cw_contact_verdict *);
/* A NOTIFY; false: no dialog of ours has it, nothing was answered. */
bool gw_subscriber_notify(struct gw_subscriber *, cw_sip_txn_id, const struct cw_sip_request *);
/* The watcher may see no more: unavailable, unsubscribed, and the dialog ends.  False: he did not.
 */
bool gw_subscriber_cancel(struct gw_subscriber *, struct cw_str local, struct cw_str remote);
/* Calls cancel for every pair that the verdict of now refuses, and tells anew where notes are no
 * longer, or now, allowed. */
void gw_subscriber_review(struct gw_subscriber *);
/* The pairs of these, absent: any, are cancelled; remote_domain in U-labels. */
void gw_subscriber_withdraw(struct gw_subscriber *, struct cw_str local, struct cw_str remote,
                            struct cw_str remote_domain);
/* The users of that pair of domains are told anew what is known, paced. */
void gw_subscriber_again(struct gw_subscriber *, struct cw_str local_domain,
                         struct cw_str remote_domain);
/* Sends to one watcher of that pair of domains what is known; false: there is none. */
bool gw_subscriber_knock(struct gw_subscriber *, struct cw_str local_domain,
                         struct cw_str remote_domain);
size_t gw_subscriber_count(const struct gw_subscriber *);

#endif
