/* What the front (presence.c) and the two machines (subscriber*.c, notifier*.c) share. */
#ifndef CW_GATEWAY_PRESENCE_PRIV_H
#define CW_GATEWAY_PRESENCE_PRIV_H

#include "gateway/contact.h"
#include "gateway/gateway_priv.h"
#include "gateway/notifier.h"
#include "gateway/pace.h"
#include "gateway/post.h"
#include "gateway/presence.h"
#include "gateway/reach.h"
#include "gateway/subscriber.h"
#include "store/store.h"
#include "xlate/subscription.h"

struct gw_presence {
    struct gateway *gateway;
    struct gw_post *post;
    struct gw_pace *pace;
    struct gw_reach *reach;
    struct gw_subscriber *subscriber;
    struct gw_notifier *notifier;
    struct cw_timer *no_edge; /* runs since the last edge went away */
    struct cw_state_map map;  /* by the settings; texts in map_arena */
    struct cw_arena map_arena;
};

/* Which local user and which partner's user; bare JIDs as cw_jid_bare writes them.  `domain` is the
 * local one in A-labels: names the next hop. */
struct gw_pair {
    struct cw_jid local_jid, remote_jid;
    struct cw_str local, remote, domain;
};

/* The answer of a step (xlate) to a request of a peer, with our own address as Contact. */
void gw_presence_answer(struct gw_presence *, cw_sip_txn_id, const struct cw_sip_response *,
                        struct cw_str contact_user);
/* A stanza without children between two bare addresses: "unsubscribed", "probe", ... */
void gw_presence_say(struct gw_presence *, struct cw_str from, struct cw_str to, const char *type);

/* --- dialog_row.c -----------------------------------------------------------------------------*/

/* What the store keeps of the dialog: its requests have CSeq numbers below the bound, and it ends
 * in that many seconds.  The strings are the subscription's. */
struct cw_store_dialog gw_dialog_row(const struct cw_subscription *, uint32_t cseq_bound,
                                     uint32_t left_s);
/* The dialog's part of the subscription, the other way round; the strings are the row's. */
void gw_dialog_from_row(struct cw_subscription *, const struct cw_store_dialog *, int64_t left_s);

#endif
