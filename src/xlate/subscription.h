/* Subscriptions across the border (RFC 8048 sections 5 and 7): presence stanzas <-> SUBSCRIBE,
 * NOTIFY and their answers.  An authorization of XMPP lasts until it is taken back; a dialog of SIP
 * ends by itself and is refreshed (section 5.2.2).  Both are in one value that the caller keeps.
 *
 * Two directions, apart from each other: cancelling one leaves the other as it was.
 *
 *   X2S: an XMPP user watches a SIP user.  We are the subscriber.
 *     subscribe --> SUBSCRIBE; 200 means nothing; NOTIFY pending: nothing; the first NOTIFY active:
 *     subscribed, then the presence.  unsubscribe --> SUBSCRIBE with Expires 0; 200: unsubscribed.
 *     probe --> SUBSCRIBE with Expires 0 in a dialog (and a value) of its own.
 *
 *   S2X: a SIP user watches an XMPP user.  We are the notifier.
 *     SUBSCRIBE --> 200, NOTIFY pending, subscribe; subscribed --> NOTIFY active; unsubscribed -->
 *     NOTIFY terminated;reason=rejected; presence --> NOTIFY with all resources.  SUBSCRIBE with
 *     Expires 0 --> in the dialog its end, and unavailable; alone: a probe, whose answer is a
 * NOTIFY.
 *
 * Pure: no clock (the caller counts expires_s down and calls cw_subscription_refresh in time), no
 * randomness (the seed names a new dialog).  Who may watch whom was decided before.  All strings of
 * results, and those that a call sets in the subscription, live in the arena or in the input: the
 * caller copies what he keeps. */
#ifndef CW_XLATE_SUBSCRIPTION_H
#define CW_XLATE_SUBSCRIPTION_H

#include "xlate/errors.h"
#include "xlate/event.h"
#include "xlate/presence.h"
#include "xlate/sip_values.h"

enum { CW_SUBSCRIPTION_EXPIRES_S = 3600 /* RFC 3856 section 6.4 */ };

enum cw_subscription_direction { CW_SUBSCRIPTION_X2S, CW_SUBSCRIPTION_S2X };
enum cw_subscription_state {
    CW_SUBSCRIPTION_NONE,    /* there is no dialog */
    CW_SUBSCRIPTION_WAITING, /* X2S: SUBSCRIBE went out; no NOTIFY yet, or no answer this time */
    CW_SUBSCRIPTION_PENDING, /* the one who is watched has not decided; a poll: not answered */
    CW_SUBSCRIPTION_ACTIVE,
    CW_SUBSCRIPTION_ENDING, /* X2S: we ended it, and the last NOTIFY is still to come */
};
const char *cw_subscription_state_name(enum cw_subscription_state); /* "active" */

/* A zeroed one is none yet; set direction, watcher and presentity. */
struct cw_subscription {
    enum cw_subscription_direction direction;
    enum cw_subscription_state state;
    struct cw_str watcher, presentity; /* bare JIDs */
    bool is_authorised; /* `subscribed` was said and not taken back; outlives dialogs */
    bool is_poll;       /* it asks once: probe, SUBSCRIBE with Expires 0 */
    bool is_cancelled;  /* X2S: the watcher unsubscribed and was not told yet that it is done */
    struct cw_str call_id, local_tag, remote_tag, remote_target; /* the dialog; absent: not known */
    /* In the order of the Route header of our requests: the first Record-Route that came in the
     * dialog, as it stands in a request, turned round in an answer (RFC 3261 section 12.1). */
    struct cw_str route_set;
    struct cw_str event_id;
    uint32_t local_cseq, remote_cseq, expires_s;
    uint32_t least_expires_s; /* X2S: a 423 asked for it */
};

/* A zeroed struct is good for a call in isolation. */
struct cw_presence_options {
    const struct cw_state_map *map; /* NULL: the default */
    bool with_notes;                /* SIP -> XMPP: the partner may see notes */
    struct cw_str seed;             /* names a new dialog: another for each */
    uint32_t expires_s;     /* what is asked for, and the most that is granted; 0: the default */
    uint32_t min_expires_s; /* the least that is granted; 0: anything */
    /* X2S: the rules have consented already: `subscribed` need not wait for NOTIFY active. */
    bool is_consented;
    /* What is known of the one who is watched.  X2S: what the watcher was told.  Available ones. */
    const struct cw_presence *known;
    size_t n_known;
};

/* What the caller does next about the subscription. */
enum cw_presence_next {
    CW_PRESENCE_KEEP,   /* X2S: refresh before expires_s is over; S2X: end it then */
    CW_PRESENCE_AGAIN,  /* X2S: cw_subscription_refresh at once */
    CW_PRESENCE_LATER,  /* X2S: cw_subscription_refresh after retry_after_s */
    CW_PRESENCE_FORGET, /* it is over */
};

/* What goes out, in this order: the answer, the request, the stanzas. */
struct cw_presence_step {
    bool has_response, has_request;
    struct cw_sip_response response;
    struct cw_sip_request request;
    struct cw_str branch; /* of the request, with the magic cookie */
    struct cw_xml **stanzas;
    size_t n_stanzas;
    enum cw_presence_next next;
    uint32_t retry_after_s;
    bool has_known; /* the caller's `known` becomes this */
    const struct cw_presence *known;
    size_t n_known;
};

/* Which subscription a stanza is about: is the sender the watcher (X2S)?  False for a type that is
 * no presence's. */
bool cw_subscription_of_stanza(const struct cw_xml *stanza, enum cw_subscription_direction *out);

/* A presence stanza from XMPP, with the subscription that it is about.  An error stanza is among
 * the stanzas when it cannot be translated. */
void cw_subscription_on_stanza(struct cw_arena *, struct cw_subscription *,
                               const struct cw_xml *stanza, const struct cw_presence_options *,
                               struct cw_presence_step *);

/* Is the request of this dialog (Call-ID and tags)? */
bool cw_subscription_has(const struct cw_subscription *, const struct cw_sip_request *);
/* There is no dialog any more; nobody is told, and what the watcher may see stays. */
void cw_subscription_drop_dialog(struct cw_subscription *);
/* A SUBSCRIBE or NOTIFY whose syntax the SIP parser accepted, with its subscription: S2X for
 * SUBSCRIBE, a zeroed one outside any dialog (is_authorised as the caller knows it); X2S for
 * NOTIFY.  NULL: there is none with that dialog, and the answer is 481. */
void cw_subscription_on_request(struct cw_arena *, struct cw_subscription *,
                                const struct cw_sip_request *, const struct cw_presence_options *,
                                struct cw_presence_step *);

/* The final answer to our SUBSCRIBE (408 when none came).  origin: the stanza that asked for it,
 * for the error that may go back; its id and from are absent when nobody waits. */
void cw_subscription_on_response(struct cw_arena *, struct cw_subscription *,
                                 const struct cw_sip_response *, const struct cw_error_origin *,
                                 const struct cw_presence_options *, struct cw_presence_step *);
/* The same to our NOTIFY (RFC 6665 section 4.2.2). */
void cw_subscription_on_notified(struct cw_arena *, struct cw_subscription *,
                                 const struct cw_sip_response *, struct cw_presence_step *);

/* X2S: SUBSCRIBE, in the dialog or, when there is none, in a new one. */
void cw_subscription_refresh(struct cw_arena *, struct cw_subscription *,
                             const struct cw_presence_options *, struct cw_presence_step *);
/* X2S: the rules take the authorization away: unavailable and unsubscribed at once, and the dialog
 * ends in silence.  FORGET: there is none; while a SUBSCRIBE that would make one is under way, call
 * it again when that is answered (and say nothing twice). */
void cw_subscription_revoke(struct cw_arena *, struct cw_subscription *,
                            const struct cw_presence_options *, struct cw_presence_step *);
/* S2X: NOTIFY with what is known now, in a dialog that is pending or active. */
void cw_subscription_notify(struct cw_arena *, struct cw_subscription *,
                            const struct cw_presence_options *, struct cw_presence_step *);
/* S2X: nobody refreshed it, or a poll has its answer or waited long enough: NOTIFY
 * terminated;reason=timeout, to a poll with what is known. */
void cw_subscription_expire(struct cw_arena *, struct cw_subscription *,
                            const struct cw_presence_options *, struct cw_presence_step *);
/* S2X: NOTIFY terminated with that reason, in a dialog that is pending or active. */
void cw_subscription_terminate(struct cw_arena *, struct cw_subscription *, enum cw_event_reason,
                               const struct cw_presence_options *, struct cw_presence_step *);
/* S2X: why a subscription ends that an error stanza answers. */
enum cw_event_reason cw_subscription_error_reason(struct cw_arena *,
                                                  const struct cw_xml *error_stanza);

#endif
