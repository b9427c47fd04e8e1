/* The stage of the subscriber's tests: the SIP side, the edge, the store, the pace and the clock,
 * played by the test.  Juliet (friend.example) watches Alice (ours, sip.example).
 *
 * A scene is lines; each says what happens, and what goes out then:
 *
 *   subscribe, unsubscribe, probe   of juliet; with a name behind it ("bob"): to him
 *   notify active;expires=9 +orchard/away=lunch -hill
 *                       in the dialog of the last SUBSCRIBE, "old notify" in the one before;
 *                       the words behind are its tuples
 *   answer 200 expires=600   to the oldest SUBSCRIBE that has none; also min= and retry=
 *   pass 1000           so many seconds
 *   turns               all that waits in the pace
 *   outcome delivered   of all stanzas; or "refused"
 *   down, up            can friend.example be reached?
 *   fail, work          can anything be sent to SIP?
 *   rules ask notes     or allow, or refuse; then a review
 *   cancel, again, knock, restart
 *   auto 200            SUBSCRIBEs are answered by themselves, and not shown
 *   cseq 0              NOTIFYs are counted from there on
 *
 * What goes out: "S:600" SUBSCRIBE in a new dialog, "s:600" in one that is there; "200" the answer
 * to a NOTIFY, "none" when nobody has its dialog; "+orchard/away=lunch", "-orchard", "-" presence;
 * "subscribed" and the like. */
#ifndef CW_TEST_WATCHER_STAGE_H
#define CW_TEST_WATCHER_STAGE_H

#include "events.h"
#include "presence_stage.h"

#define ALICE  "alice@sip.example"
#define JULIET "juliet@friend.example"

struct line {
    const char *does, *out;
};

struct stage {
    struct gateway gateway;
    struct gw_presence presence;
    struct gw_store store;
    bool is_down, is_failing;
    bool is_undecided; /* juliet, about whether alice may see her */
    enum cw_contact_answer rules;
    bool with_notes;
    int auto_status;
    size_t n_sent;
    /* What reached juliet, of whomever: the resources that she takes for available. */
    char view[16][32];
    size_t n_view;
    uint32_t last_cseq;
    char last_contact_user[128], last_domain[128], last_route[256];
};

struct stage *stage_new(void);
void stage_free(struct stage **);
void play(struct stage *, const char *scene, const struct line *, size_t n);
#define PLAY(stage, scene, ...)                                \
    play((stage), (scene), (const struct line[]){__VA_ARGS__}, \
         sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line))
/* One by one, for those who need more than lines. */
void stanza_of(struct stage *, const char *local, const char *remote, const char *type);
bool notify(struct stage *, bool is_old, const char *status, const char *tuples);
void answer(struct stage *, int status, const char *expires, const char *min_expires,
            const char *retry_after);
size_t n_under_way(const struct stage *); /* SUBSCRIBEs without an answer */
void tell_outcomes(struct stage *, bool is_delivered);
void restart(struct stage *);

#endif
