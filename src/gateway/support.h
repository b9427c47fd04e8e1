/* Who has shown what he understands: chat states and receipts are for those alone who use them
 * themselves.
 *
 * Kept for each pair of a partner's user and one of ours, in memory, a bounded number of pairs, the
 * ones heard of longest ago go first.  Of the partner's user it is his client that counts: when he
 * writes from another one, that has shown nothing yet. */
#ifndef CW_GATEWAY_SUPPORT_H
#define CW_GATEWAY_SUPPORT_H

#include "xlate/signals.h"

enum gw_shown {
    GW_SHOWN_STATES = 1,    /* the partner's client: a chat state with its last text, or since */
    GW_SHOWN_RECEIPTS = 2,  /* likewise: it asked for a receipt or gave one */
    GW_SHOWN_COMPOSING = 4, /* the SIP user: he tells when he is typing, or says that he takes it */
    GW_SHOWN_REPORTS = 8,   /* likewise: he sends CPIM messages, or takes them */
};

/* What is known of a pair. */
struct gw_support_known {
    unsigned shown;       /* enum gw_shown */
    struct cw_str remote; /* the partner's client, as it wrote last; absent: it has not written */
    struct cw_str thread; /* of the last text between them, absent when it had none */
};

struct gw_support;

struct gw_support *gw_support_new(size_t max_pairs);
void gw_support_free(struct gw_support **);

/* All zero when nothing is; good until the next call with another function. */
struct gw_support_known gw_support_of(struct gw_support *, const struct cw_jid *remote,
                                      const struct cw_jid *local);
/* A stanza of the partner's client `remote`. */
void gw_support_heard(struct gw_support *, const struct cw_jid *remote, const struct cw_jid *local,
                      const struct cw_signals *, struct cw_str thread);
/* What the SIP user has shown; or has refused, which takes it away. */
void gw_support_shown(struct gw_support *, const struct cw_jid *remote, const struct cw_jid *local,
                      unsigned shown);
void gw_support_refused(struct gw_support *, const struct cw_jid *remote,
                        const struct cw_jid *local, unsigned shown);
/* Text from the SIP user, with the thread that it has in XMPP. */
void gw_support_talk(struct gw_support *, const struct cw_jid *remote, const struct cw_jid *local,
                     struct cw_str thread);

#endif
