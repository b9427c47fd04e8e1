/* What the files of the subscriber share.  Private to subscriber*.c.
 *
 *   subscriber.c        stanzas and NOTIFYs for one watch; what each step calls for
 *   subscriber_answer.c answers to our SUBSCRIBEs, and what waited for them
 *   subscriber_watch.c  a watch as a value: its strings, what was told, where it is found
 *   subscriber_time.c   what happens by itself: refreshes, second attempts, the canary
 *   subscriber_probe.c  probes and the polls that answer them
 *   subscriber_rules.c  the rules change, partners go away and come back
 *   subscriber_store.c  what outlives this process
 *
 * A watch is told to many by its number: a SUBSCRIBE under way, work that waits in the pace,
 * stanzas at the edge.  Whoever is called back looks it up and may find it gone.
 *
 * One SUBSCRIBE at a time.  What the watcher wants meanwhile is `wish`; what we want ourselves is
 * done by the answer, or once more after it.  Polls (is_poll) are watches that live for one answer:
 * in no list, in no store, and their dialog is their own. */
#ifndef CW_GATEWAY_SUBSCRIBER_PRIV_H
#define CW_GATEWAY_SUBSCRIBER_PRIV_H

#include "gateway/presence_priv.h"

/* One resource as the watcher was told of it. */
struct gw_seen {
    struct cw_str resource, lang;
    struct cw_pidf_note *notes;
    uint8_t n_notes;
    /* False: he was told that it is gone, and it is not certain yet that this reached him. */
    bool is_available;
    bool has_priority;
    int8_t priority;
    enum cw_show show;
};

enum { GW_CANARY_MS = 15000 };

enum gw_wish {
    GW_WISH_NONE,
    GW_WISH_SUBSCRIBE,
    GW_WISH_UNSUBSCRIBE,
    GW_WISH_REVOKE, /* the rules: the watcher was told, the dialog is to end */
};

/* What a watch's turn in the pace is for. */
enum {
    GW_DUE_TELL = 1,
    GW_DUE_REFRESH = 2,
    GW_DUE_PROBE = 4, /* before the refresh */
    GW_DUE_HIDE = 8,  /* what was known is not known any more */
};

struct gw_between;
struct gw_home;

struct gw_watch {
    struct gw_subscriber *subscriber;
    TAILQ_ENTRY(gw_watch) in_between;
    TAILQ_ENTRY(gw_watch) in_home; /* while there is a dialog that can be refreshed */
    uint64_t id;
    struct cw_subscription sub;
    struct gw_seen *seen;
    size_t n_seen;
    struct cw_str domain;               /* local, A-labels */
    struct cw_str origin_id;            /* of the stanza whose sender may get an error */
    struct cw_str row_call_id, row_tag; /* of the dialog in the store; absent: none is there */
    struct cw_str found_as;             /* the Call-ID in the map */
    struct cw_arena arena;              /* all of these strings, made anew when one changes */
    struct gw_between *between;         /* NULL: a poll */
    struct gw_home *home;
    struct cw_timer *timer;
    uint64_t expires_at_ms, refresh_at_ms; /* of the dialog */
    uint64_t row_digest, dialog_digest;    /* of what the store has; 0: nothing */
    int64_t since;                         /* seconds since 1970 */
    uint32_t cseq_bound;                   /* what the store has: a later life begins there */
    unsigned n_posted;                     /* stanzas without an outcome */
    enum gw_wish wish;
    uint8_t due;
    uint8_t n_again, n_failed; /* in a row */
    bool is_under_way;         /* a SUBSCRIBE */
    bool is_awaited;           /* somebody waits for the first answer */
    bool is_canary;            /* the SUBSCRIBE under way asks whether the SIP server knows us */
    bool is_quiet;             /* a NOTIFY that says nothing new is not told */
    bool is_paced;
    bool was_backward; /* the last NOTIFY had a CSeq of before */
    bool is_overdue;   /* not refreshed, since the watcher cannot be reached */
    bool is_at_home;   /* in its home's list */
    bool is_parting;   /* it is over; only that he hears so is still to be seen to */
    bool is_stale;     /* what is known is of an earlier life: not to be told */
    bool is_behind;    /* a stanza was refused: he may believe that resources are there */
    bool is_answered;  /* a poll: something was told */
    bool has_ended;    /* for the log */
    bool with_notes;
};
TAILQ_HEAD(gw_watches, gw_watch);

/* A pair of domains as in addresses, while there are watches. */
struct gw_between {
    struct cw_arena arena;
    struct cw_str key; /* "local remote" */
    struct gw_watches watches;
    size_t n_watches;
};

/* A local domain, while there are watches of its users. */
struct gw_home {
    struct cw_arena arena;
    struct cw_str name; /* A-labels */
    struct gw_watches dialogs;
    size_t n_watches;
    bool is_swept;
    uint64_t swept_at_ms;
    uint64_t heard_at_ms; /* a NOTIFY or an answer of the SIP side */
};

struct gw_subscriber {
    struct gw_presence *presence;
    struct cw_map by_pair;    /* "local remote" -> watch */
    struct cw_map polls;      /* likewise */
    struct cw_map by_id;      /* the number's octets -> watch or poll */
    struct cw_map by_call_id; /* -> watch or poll */
    struct cw_map betweens, homes;
    struct cw_map users; /* watcher -> struct gw_user */
    uint64_t last_id;
    size_t n_parting;
    struct cw_timer *canary;
};

/* One thing that happens to one watch, from the event to what goes out.  The result of a step. */
struct gw_doing {
    struct cw_arena arena;
    struct cw_presence_options options;
    struct cw_presence_step step;
    const char *why;        /* for the log, when it ends; NULL: it was written */
    bool is_answer;         /* to our SUBSCRIBE */
    bool is_dictated;       /* the peer said when to try again */
    unsigned max_backoff_s; /* else */
    bool was_authorised;
    bool is_refused; /* by the rules of now he sees nothing */
};

/* --- subscriber.c -----------------------------------------------------------------------------*/

/* Fills in the options of a step, by the rules of now. */
void gw_watch_begin(struct gw_watch *, struct gw_doing *);
/* Does what the step says, but for its answer: keeps, sends, posts; the watch may be gone then. */
void gw_watch_finish(struct gw_watch *, struct gw_doing *);
/* The step without the stanzas and what would be known by them. */
void gw_doing_hush(struct gw_doing *);
/* The step of a stanza of that type from the watcher; the watch may be gone then. */
void gw_watch_ask(struct gw_watch *, const char *type);
/* It is over, in the store too.  What was said last may not have reached the watcher: then it is
 * said anew when he can be reached, for a day. */
void gw_watch_end(struct gw_watch *);
/* The numbers of all in one of the maps, which may change while the caller goes through them. */
size_t gw_subscriber_ids(const struct cw_map *, struct cw_arena *, uint64_t **out);
/* A line in the log: event, who watches whom. */
void gw_watch_log(const struct gw_watch *, const char *event, const char *reason);
/* May the watcher see, and his notes, by the rules of now? */
void gw_watch_judge(const struct gw_watch *, enum cw_contact_event, struct cw_contact_verdict *);

/* --- subscriber_answer.c ----------------------------------------------------------------------*/

gw_sip_final_fn gw_watch_answered;
/* The rules take it away: the watcher hears so at once, the dialog ends as soon as it can.  Without
 * why: he was told before. */
void gw_watch_revoke(struct gw_watch *, const char *why);

/* --- subscriber_watch.c -----------------------------------------------------------------------*/

/* In all maps and lists; of a poll, only where it must be found. */
struct gw_watch *gw_watch_new(struct gw_subscriber *, const struct gw_pair *, bool is_poll);
void gw_watch_free(struct gw_watch *); /* out of them; the store keeps what it has */
struct gw_watch *gw_watch_by_id(const struct gw_subscriber *, uint64_t id);
struct gw_watch *gw_watch_of(const struct gw_subscriber *, struct cw_str local,
                             struct cw_str remote, bool is_poll);
/* Watches of that XMPP user. */
size_t gw_watch_count_of(const struct gw_subscriber *, struct cw_str watcher);
struct cw_jid gw_watch_jid(struct cw_str bare); /* borrows */
/* After a step: copies what it left in the subscription, and what is known when that is not NULL,
 * into an arena of its own; finds it by its Call-ID. */
void gw_watch_keep(struct gw_watch *, const struct cw_presence_step *known);
/* What was told, as values; those that are there. */
size_t gw_watch_known(const struct gw_watch *, struct cw_arena *, struct cw_presence **out);
/* Does the step tell nothing but what was told before? */
bool gw_watch_is_same(const struct gw_watch *, const struct cw_presence_step *);
/* Those that are gone, and told so for certain, are no longer remembered. */
void gw_watch_forget_gone(struct gw_watch *);
struct gw_between *gw_between_of(const struct gw_subscriber *, struct cw_str local_domain,
                                 struct cw_str remote_domain);

/* --- subscriber_time.c ------------------------------------------------------------------------*/

void gw_watch_on_timer(void *watch);
void gw_watch_granted(struct gw_watch *, uint32_t expires_s); /* the dialog lasts so long */
/* Sets the timer by the state; an attempt that is to be made later has set it already. */
void gw_watch_arm(struct gw_watch *);
void gw_watch_later(struct gw_watch *, const struct gw_doing *);
void gw_watch_due(struct gw_watch *, unsigned due); /* when its turn comes */
/* Now, with the probe that may go before it; the watch may be gone then. */
void gw_watch_refresh(struct gw_watch *, unsigned due);
/* The SIP server does not know a dialog: what of the others?  is_silent: it does not answer, so
 * nothing is known of anybody. */
void gw_home_sweep(struct gw_subscriber *, struct cw_str domain, bool is_silent);
void gw_subscriber_on_canary(void *subscriber);

/* --- subscriber_probe.c -----------------------------------------------------------------------*/

void gw_subscriber_probe(struct gw_subscriber *, const struct gw_pair *);
/* Nothing is said to who may not see any more, or does not want to. */
void gw_poll_check(struct gw_watch *poll, struct gw_doing *);
/* It got its answer, or will have none: the watcher is told something in any case. */
void gw_poll_end(struct gw_watch *poll);
/* What a poll has found is what the watcher knows. */
void gw_poll_share(struct gw_watch *poll, const struct cw_presence_step *);

/* --- subscriber_rules.c -----------------------------------------------------------------------*/

/* Stanzas to the watcher, in order. */
void gw_watch_post(struct gw_watch *, struct cw_xml **stanzas, size_t n);
/* Resources of which it is not certain that he knows them gone. */
void gw_watch_catch_up(struct gw_watch *);
/* All that is known, as presence; `unavailable` when nothing is; `unsubscribed` when it is over. */
void gw_watch_tell(struct gw_watch *);
/* He is told that all are gone: that is what is known. */
void gw_watch_hide(struct gw_watch *);

/* --- subscriber_store.c -----------------------------------------------------------------------*/

/* Writes what has changed: the row, the dialog. */
void gw_watch_store(struct gw_watch *);
void gw_watch_unstore(struct gw_watch *);

#endif
