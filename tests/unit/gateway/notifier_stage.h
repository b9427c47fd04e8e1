/* The stage of the notifier's tests: the SIP side, the edge, the store, the pace and the clock,
 * played by the test (the clock is that of fake_loop.h).  Romeo (ours, sip.example) watches Juliet
 * (friend.example).  Events are "200 pending subscribe active(+balcony/away)"; a NOTIFY of another
 * Call-ID than c1 has it in front: "c2:active". */
#ifndef CW_TEST_NOTIFIER_STAGE_H
#define CW_TEST_NOTIFIER_STAGE_H

#include "events.h"
#include "presence_stage.h"

#define ROMEO  "romeo@sip.example"
#define JULIET "juliet@friend.example"

struct stage {
    struct gateway gateway;
    struct gw_presence presence;
    struct gw_store store;
    enum cw_err send_err; /* what gw_sip_send says */
    bool refuses;         /* what the rules say of anything */
    uint32_t last_cseq;   /* of the NOTIFY that went out last */
    char last_route[256], last_target[128], last_contact_user[64];
    char answer_record_route[256];
    bool is_invited;
};

struct stage *stage_new(void);
void stage_free(struct stage **);
/* The same for cmocka: the state is the stage. */
int set_up(void **state);
int tear_down(void **state);
/* Another life of the gateway: the notifier is made anew, and gets what the store has. */
void stage_restart(struct stage *);

/* SUBSCRIBE from romeo, for juliet; to_tag NULL: outside a dialog.  CSeq numbers grow. */
void subscribe(struct stage *, const char *call_id, const char *to_tag, const char *expires);
void subscribe_as(struct stage *, const char *local, const char *remote, const char *call_id,
                  const char *to_tag, const char *expires);
const char *last_tag(const struct stage *); /* our tag in the last answer */
/* A presence stanza of juliet's; type NULL: available.  show "" or NULL: none. */
void stanza(struct stage *, const char *type, const char *resource, const char *show);
void stanza_of(struct stage *, const char *local, const char *remote, const char *type,
               const char *resource, const char *show);
void error_stanza(struct stage *, enum cw_stanza_error);
/* The final answer to the oldest NOTIFY that has none; Retry-After may be NULL. */
void answer_notify(struct stage *, int status, const char *retry_after);
void answer_all(struct stage *); /* 200, until no NOTIFY is left */
size_t n_under_way(const struct stage *);
/* What became of the `subscribe` that was posted last. */
void post_outcome(struct stage *, enum cw_link_result);

#endif
