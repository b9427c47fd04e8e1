/* The parts of the notifier.  Private to notifier*.c.
 *
 *   notifier.c            SUBSCRIBE; cancel, review, withdraw; restart
 *   notifier_stanza.c     what the XMPP user says: consent, presence, errors
 *   notifier_check.c      is it still true?  probes: again, lost, knock
 *   notifier_watched.c    the pairs: found, kept in the store, forgotten
 *   notifier_viewer.c     the dialogs: found, kept in the store, ended by time
 *   notifier_notify.c     the NOTIFY of a dialog: one under way, tried again when it is lost
 *   notifier_resources.c  what the resources of an XMPP user say, in one piece of memory
 *
 * A dialog that has ended is no viewer of its pair any more; its value stays until its last NOTIFY
 * was answered or given up. */
#ifndef CW_GATEWAY_NOTIFIER_PRIV_H
#define CW_GATEWAY_NOTIFIER_PRIV_H

#include <sys/queue.h>

#include "gateway/presence_priv.h"

/* --- notifier_resources.c ---------------------------------------------------------------------*/

/* Those that are available, and those that went and were not told yet.  NULL: none. */
struct gw_resources;

/* What a stanza says is taken over; true when something has changed by it.  A resource that says
 * anything is doubted no more. */
bool gw_resources_take(struct gw_resources **, const struct cw_presence *);
/* As values in the arena; the strings are borrowed until the next change. */
size_t gw_resources_load(const struct gw_resources *, struct cw_arena *, struct cw_presence **out);
void gw_resources_doubt(struct gw_resources *); /* all of them */
/* Those that are doubted still are gone; true when there were any. */
bool gw_resources_close_doubted(struct gw_resources *);
/* Forgets those that are gone; all have been told. */
void gw_resources_prune(struct gw_resources **);
void gw_resources_free(struct gw_resources **);

/* --- the values -------------------------------------------------------------------------------*/

enum gw_check {
    GW_CHECK_NONE,
    /* `subscribe` went out; one who consented is probed when nothing comes of it, one who has not
     * decided is asked again. */
    GW_CHECK_ASKED,
    GW_CHECK_PROBED, /* a probe went; who is doubted when its time is over is gone */
};

/* What the row in the store says. */
enum gw_kept {
    GW_KEPT_NOT,     /* there is none */
    GW_KEPT_CONSENT, /* consented, and nobody watches */
    GW_KEPT_PENDING,
    GW_KEPT_ACTIVE,
};
const char *gw_kept_name(enum gw_kept); /* as in the store's column */

struct gw_viewer;
struct gw_watched;
TAILQ_HEAD(gw_viewers, gw_viewer);
TAILQ_HEAD(gw_watched_list, gw_watched);

/* The pairs of two domains that have viewers. */
struct gw_neighbours {
    struct gw_watched_list list;
    char *key; /* "local partner", A-labels */
};

/* A pair: what a local user may see of an XMPP user. */
struct gw_watched {
    TAILQ_ENTRY(gw_watched) link, neighbour;
    struct gw_notifier *notifier;
    uint64_t id;
    char *text;                                              /* owns the strings */
    struct cw_str key, local, remote, domain, remote_domain; /* domains: A-labels */
    struct gw_neighbours *neighbours;                        /* NULL: no viewers */
    struct gw_viewers viewers;
    size_t n_live; /* viewers that are neither polls nor at their end */
    bool is_authorised;
    bool has_state; /* somebody said something, or nobody did in time; else: not known */
    bool is_sure;   /* what is known was said since it was last in doubt */
    bool is_answered, is_queued;
    enum gw_check check;
    struct cw_timer *timer; /* of the check; NULL until there was one */
    uint64_t asked_ms;      /* when `subscribe` went out; 0: never, or it was not delivered */
    struct gw_resources *resources;
    int64_t since;
    enum gw_kept kept;
    unsigned holds; /* somebody walks over the viewers: the value stays until he is done */
};

/* A dialog, or the one answer to a poll. */
struct gw_viewer {
    TAILQ_ENTRY(gw_viewer) link;
    struct gw_watched *watched;
    uint64_t id;
    char *text; /* owns the strings */
    struct cw_str key, call_id, local_tag, remote_tag, remote_target, route_set, event_id;
    uint32_t local_cseq, remote_cseq;
    uint32_t cseq_bound;             /* in the store: all up to here may have been used */
    uint64_t expires_ms, retry_ms;   /* retry_ms 0: nothing is waited for */
    struct cw_timer *timer;          /* whichever of the two is earlier */
    enum cw_event_reason end_reason; /* when is_ending */
    uint8_t n_failures;              /* one after another */
    bool is_poll, is_active, is_ending;
    bool is_dirty;     /* something has changed since the last NOTIFY */
    bool is_under_way; /* a NOTIFY has no answer yet */
};

struct gw_notifier {
    struct gw_presence *presence;
    struct gateway *gateway;
    struct gw_watched_list all;
    struct cw_map watched_by_key, watched_by_id, viewer_by_key, viewer_by_id;
    struct cw_map neighbours;    /* by their key */
    struct cw_map live_by_local; /* bare JID -> struct gw_quota */
    size_t n_viewers;            /* live ones, and polls */
    uint64_t last_id;
};

/* --- notifier_watched.c -----------------------------------------------------------------------*/

struct gw_watched *gw_watched_find(const struct gw_notifier *, struct cw_str local,
                                   struct cw_str remote);
struct gw_watched *gw_watched_by_id(const struct gw_notifier *, uint64_t id);
/* Found or made; NULL when an address is none. */
struct gw_watched *gw_watched_get(struct gw_notifier *, struct cw_str local, struct cw_str remote);
/* A live viewer more, or less. */
void gw_watched_add_live(struct gw_watched *);
void gw_watched_drop_live(struct gw_watched *);
/* Writes the row when it is another than the one in the store. */
void gw_watched_keep(struct gw_watched *);
/* Forgets what nobody sees, and all of it when there is neither consent nor a dialog. */
void gw_watched_settle(struct gw_watched *);
/* Ends every viewer for that reason; the value may be gone afterwards unless it is held. */
void gw_watched_end_all(struct gw_watched *, enum cw_event_reason);
void gw_watched_free(struct gw_watched *); /* the row in the store stays as it is */
/* Live viewers of a local user. */
size_t gw_watched_quota(const struct gw_notifier *, struct cw_str local);
/* NULL: no pair of these domains has viewers.  Labels of either kind. */
struct gw_neighbours *gw_watched_neighbours(const struct gw_notifier *, struct cw_str local_domain,
                                            struct cw_str remote_domain);
struct cw_jid gw_watched_jid(struct cw_str bare); /* of one that was parsed before; borrows */
/* `subscribe`, "probe", ... from the local user to the XMPP user. */
void gw_watched_say(struct gw_watched *, const char *type);
void gw_watched_log(const struct gw_watched *, const char *event, struct cw_str reason);

/* --- notifier_viewer.c ------------------------------------------------------------------------*/

struct gw_viewer *gw_viewer_find(const struct gw_notifier *, struct cw_str call_id,
                                 struct cw_str local_tag, struct cw_str remote_tag);
struct gw_viewer *gw_viewer_by_id(const struct gw_notifier *, uint64_t id);
/* A new one, live or a poll, as the subscription says; lasts for expires_s. */
struct gw_viewer *gw_viewer_new(struct gw_watched *, const struct cw_subscription *);
/* Its strings, numbers and time are those of the subscription from now on. */
void gw_viewer_update(struct gw_viewer *, const struct cw_subscription *);
/* As a subscription that translation takes; borrows. */
struct cw_subscription gw_viewer_subscription(const struct gw_viewer *);
void gw_viewer_keep(struct gw_viewer *);       /* writes its row; nothing for a poll */
void gw_viewer_keep_ahead(struct gw_viewer *); /* only when its CSeq is near the row's */
/* It is over: the watcher is told so, and the value ends by itself. */
void gw_viewer_end(struct gw_viewer *, enum cw_event_reason);
/* It is over and the far end knows, or cannot be told; `why` for the log. */
void gw_viewer_drop(struct gw_viewer *, struct cw_str why);
void gw_viewer_free(struct gw_viewer *); /* without a word, the store as it is */
void gw_viewer_set_timer(struct gw_viewer *);

/* --- notifier_notify.c ------------------------------------------------------------------------*/

/* Sends what is to be told, now or when the NOTIFY that is under way has its answer.  The value may
 * be gone afterwards when it is a poll or at its end. */
void gw_viewer_notify(struct gw_viewer *);
/* What is known has changed: every active viewer of the pair is told, after that time.  The value
 * may be gone afterwards unless it is held. */
void gw_watched_changed(struct gw_watched *, uint64_t after_ms);
struct cw_presence_options gw_watched_options(const struct gw_watched *, struct cw_arena *);
/* The user part of our address in dialogs about that one. */
struct cw_str gw_watched_contact_user(struct cw_arena *, struct cw_str remote);

/* --- notifier_check.c -------------------------------------------------------------------------*/

/* `subscribe`, unless one went out within the last minute; who consented before is probed when
 * nothing comes of it. */
void gw_watched_ask(struct gw_watched *);
/* His presence should come by itself; else he is probed. */
void gw_watched_await(struct gw_watched *);
/* A probe; what was said before is in doubt until it is said again. */
void gw_watched_probe(struct gw_watched *);
/* The same when its turn comes. */
void gw_watched_queue(struct gw_watched *);

#endif
