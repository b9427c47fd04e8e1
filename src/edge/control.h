/* Questions that an administrator asks of the running edge: streams, attempts, certificates, the
 * door.  They come over a link (CW_LINK_ASK), each as {"command":"stream list", ...}; the table in
 * control_table.c says who answers.
 *
 * One exchange: {"command":"stream show","id":"5f0c9a"} goes to edge_stream_show, which calls
 * edge_reply_end with {"ok":true,"stream":{...}}, or edge_reply_refuse with 404.  A handler may
 * also keep its reply and answer later, with edge_reply_progress for what it has to tell meanwhile:
 * a test of a partner does.  When the link goes away first, the handler's cancel hook is called and
 * what it still says goes nowhere; it ends its reply all the same, exactly once, in the hook or
 * later. */
#ifndef CW_EDGE_CONTROL_H
#define CW_EDGE_CONTROL_H

#include <jansson.h>

#include "edge/edge_priv.h"

struct edge_link;
struct edge_reply;

/* `in` is the question with its arguments, the handler's for the call; a member may be missing or
 * of any type.  The handler answers in the call or later. */
typedef void edge_command(struct edge *, const json_t *in, struct edge_reply *);

/* Each takes over the reference to the JSON object.  The last one: {"ok":true, ...}. */
void edge_reply_progress(struct edge_reply *, json_t *news);
void edge_reply_end(struct edge_reply *, json_t *answer); /* the reply is gone */
/* Ends it with {"ok":false,"status":404,"field":"id","sentence":"..."}; statuses are HTTP's. */
void edge_reply_refuse(struct edge_reply *, int status, const char *field, struct cw_str sentence);
/* Called once when the link goes away before the end. */
void edge_reply_on_cancel(struct edge_reply *, void (*cancel)(void *arg), void *arg);

/* --- control.c for link.c ---------------------------------------------------------------------*/

/* The questions of one link without an answer.  A zeroed struct is none. */
struct edge_replies {
    struct edge_reply *first;
    size_t n;
};
void edge_control_ask(struct edge *, struct edge_link *, struct edge_replies *, uint64_t n,
                      struct cw_str json);
/* control_table.c: NULL when nobody answers that. */
edge_command *edge_control_find(struct cw_str name);
/* The link goes away. */
void edge_replies_cancel(struct edge_replies *);

/* --- the handlers -----------------------------------------------------------------------------*/

/* control_streams.c; the arguments beside "command" -> the members beside "ok" */
edge_command edge_stream_list;        /* [partner], [direction] -> {"streams":[...],"left-out":n} */
edge_command edge_stream_show;        /* id -> {"stream":{...}} */
edge_command edge_stream_close_asked; /* id, or partner -> {"closed":n} */

/* control_partners.c -> {"partners":[...],"left-out":n} */
edge_command edge_partner_states_asked;

/* control_attempts.c */
edge_command edge_attempts_asked; /* domain, [limit] -> {"attempts":[...]}, newest first */
/* The attempts of a partner, by any of its domains, or of a stranger; a new reference. */
json_t *edge_attempts_json(const struct edge *, struct cw_str domain, size_t limit);

/* control_door.c */
edge_command edge_door_list_asked; /* -> {"addresses":[{"address", ...}],"left-out":n} */
edge_command edge_door_lift_asked; /* address -> {"lifted":true} */

/* counters.c -> {"version","since","policy-version","gateways","counters":{...}} */
edge_command edge_counters_asked;

/* own.c; certificates.h tells the answers */
edge_command edge_certificate_list, edge_certificate_reload;

/* stream_facts.c: what there is to tell about a stream; a new reference. */
json_t *edge_stream_to_json(const struct edge_stream *);

#endif
