/* The gateway's parts and what they ask of each other.
 *
 *     edge --link.c--> x2s.c --> sip.c --> next hop          a partner's message
 *     edge <--link.c-- s2x.c <-- sip.c <-- SIP peer          a local user's message
 *                        presence.h: presence, both ways
 *                        signals.h: typing and receipts, both ways
 *                        store.c: policy and contacts, on a thread of its own
 *                        control.c: the command line: "the store has changed", questions
 *                        ask.c: questions to the edges; test_im.c: a message to test the way
 *
 * A partner's message comes over the link with the edge's number; x2s.c checks who may write to
 * whom, translates it and waits for its turn (one request at a time between two users, so that
 * their order holds); the final SIP answer becomes the outcome.  A SIP MESSAGE becomes a stanza
 * with our number; the SIP sender gets 202 when the edge says `delivered`, and the mapped status
 * when it says `refused`.
 */
#ifndef CW_GATEWAY_GATEWAY_PRIV_H
#define CW_GATEWAY_GATEWAY_PRIV_H

#include <event2/event.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/map.h"
#include "conf/config.h"
#include "gateway/counters.h"
#include "io/addr.h"
#include "io/loop.h"
#include "io/tls.h"
#include "link/link.h"
#include "policy/view.h"
#include "rights/rights.h"
#include "sip/transaction.h"
#include "xmpp/jid.h"

struct gw_sip;
struct gw_store;
struct gw_control;
struct gw_asks;
struct gw_x2s;
struct gw_s2x;
struct gw_signals;
struct gw_presence;
struct gw_edge;

struct gateway {
    struct event_base *base;
    struct cw_config config;
    struct cw_policy *policy; /* never NULL once started */
    struct cw_log_ctx log;
    struct cw_arena arena;
    struct cw_str instance;
    struct gw_store *store;
    struct gw_control *control;
    struct gw_asks *asks;
    struct gw_sip *sip;
    struct gw_x2s *x2s;
    struct gw_s2x *s2x;
    struct gw_signals *signals;
    struct gw_presence *presence;
    struct gw_edge **edges;
    size_t n_edges;
    uint64_t last_n; /* of stanzas given to edges: gw_edge_next_n */
    struct gw_counters counters;
    struct cw_tls_ctx *link_tls; /* NULL: no edge is reached by TLS */
    struct cw_rights rights;
    bool stopping;
    struct cw_timer *leave_timer;
};

/* --- rights.c: what the gateway may do --------------------------------------------------------*/

/* Closes the file system but for what the gateway needs, before there is a second thread. */
bool gw_rights_files(struct gateway *, struct cw_buf *why);
/* Gives up the rest, when all is bound and open. */
bool gw_rights_drop(struct gateway *, struct cw_buf *why);

/* --- store.c: the store, on its own thread ----------------------------------------------------*/

/* Opens the store and reads the policy and the contacts before it returns; NULL with a sentence. */
struct gw_store *gw_store_new(struct gateway *, struct cw_buf *why);
void gw_store_free(struct gw_store **);
/* Reads the policy anew; gw_set_policy is called when it has changed, then `done` in any case. */
void gw_store_reload(struct gw_store *, void (*done)(void *arg), void *arg);
/* Invitations: known at once, written behind. */
void gw_store_invite(struct gw_store *, struct cw_str local_bare, struct cw_str remote_bare);
bool gw_store_is_invited(const struct gw_store *, struct cw_str local_bare,
                         struct cw_str remote_bare);

/* The local user takes the invitation back; nothing when there is none. */
void gw_store_uninvite(struct gw_store *, struct cw_str local_bare, struct cw_str remote_bare);
/* By the access rules: the user's own, else his domain's, else the global one, else yes. */
bool gw_store_has_access(const struct gw_store *, const struct cw_jid *local);
/* Has the local user blocked that address, or its domain? */
bool gw_store_is_blocked(const struct gw_store *, const struct cw_jid *local,
                         const struct cw_jid *remote);

/* Subscriptions and dialogs: kept by whoever runs them, written behind, many in one transaction.
 * What is put again replaces the row with the same key.  All strings are copied. */
struct cw_store_subscription;
struct cw_store_dialog;
void gw_store_put_subscription(struct gw_store *, const struct cw_store_subscription *);
void gw_store_remove_subscription(struct gw_store *, bool is_x2s, struct cw_str local,
                                  struct cw_str remote);
void gw_store_put_dialog(struct gw_store *, const struct cw_store_dialog *);
void gw_store_remove_dialog(struct gw_store *, struct cw_str call_id, struct cw_str local_tag);
/* What an earlier life left, read by gw_store_new; good until gw_store_forget_restored. */
struct gw_restored {
    const struct cw_store_subscription *subscriptions;
    size_t n_subscriptions;
    const struct cw_store_dialog *dialogs;
    size_t n_dialogs;
};
const struct gw_restored *gw_store_restored(const struct gw_store *);
void gw_store_forget_restored(struct gw_store *);
size_t gw_store_n_waiting(const struct gw_store *); /* rows to be written */
bool gw_store_is_failing(const struct gw_store *);  /* the last batch could not be */

/* --- main.c -----------------------------------------------------------------------------------*/

void gw_set_policy(struct gateway *, struct cw_policy *);
/* Nothing, unless the setting log-message-bodies is on. */
void gw_log_body(const struct gateway *, const char *direction, struct cw_str from,
                 struct cw_str to, struct cw_str body);

/* --- link.c: the edges ------------------------------------------------------------------------*/

/* Reads the certificate of the links, when an edge is reached by TLS.  False with a sentence: it
 * cannot be used; the one from before stays. */
bool gw_edges_load_certificate(struct gateway *, struct cw_buf *why);
/* `address` as in gateway.edges; connects, now and again. */
struct gw_edge *gw_edge_new(struct gateway *, struct cw_str address);
void gw_edge_free(struct gw_edge **);
bool gw_edge_is_up(const struct gw_edge *);
struct cw_str gw_edge_path(const struct gw_edge *); /* as in gateway.edges */
/* Up or down since (seconds since 1970); 0: it never was up. */
int64_t gw_edge_since(const struct gw_edge *);
/* Why it is down, as far as that is known. */
struct cw_str gw_edge_trouble(const struct gw_edge *);
/* The policy version that the edge confirmed; 0 when none. */
uint64_t gw_edge_version(const struct gw_edge *);
void gw_edge_send_policy(struct gw_edge *);
/* The number of the next stanza, whoever sends it: an edge takes only greater ones than before. */
uint64_t gw_edge_next_n(struct gateway *);
void gw_edge_send_stanza(struct gw_edge *, uint64_t n, const struct cw_xml *stanza);
void gw_edge_send_outcome(struct gw_edge *, const struct cw_link_outcome *);
/* `json` is no longer than CW_LINK_MAX_ASK_BYTES; the edge is up. */
void gw_edge_send_ask(struct gw_edge *, uint64_t n, struct cw_str json);
/* The edge of that instance; NULL when it is not up. */
struct gw_edge *gw_edge_find(struct gateway *, struct cw_str instance);
/* The edge for that pair of domains ("local partner"), among those that are up; NULL when none is.
 * Always the same one while the same are up. */
struct gw_edge *gw_edge_pick(struct gateway *, struct cw_str pair);

/* --- x2s.c: stanzas from partners to SIP ------------------------------------------------------*/

struct gw_x2s *gw_x2s_new(struct gateway *);
void gw_x2s_free(struct gw_x2s **);
/* `edge_instance` and `n` name the stanza for ever: the same ones again mean that it is sent again.
 * The outcome goes to whichever edge of that instance is up. */
void gw_x2s_stanza(struct gw_x2s *, struct cw_str edge_instance, uint64_t n,
                   const struct cw_xml *stanza);
/* Under way or waiting; and between how many pairs of users. */
size_t gw_x2s_n_open(const struct gw_x2s *);
size_t gw_x2s_n_pairs(const struct gw_x2s *);

/* --- s2x.c: SIP requests to stanzas -----------------------------------------------------------*/

struct gw_s2x *gw_s2x_new(struct gateway *);
void gw_s2x_free(struct gw_s2x **);
void gw_s2x_request(struct gw_s2x *, cw_sip_txn_id, const struct cw_sip_message *);
/* What became of a message that tests the way; a sentence when it was not delivered. */
struct gw_s2x_result {
    bool is_delivered;
    const char *reason; /* as the edge names them, or "sender-not-local", "not-permitted",
                         * "not-translatable" */
    struct cw_str sentence;
};
/* Takes a request (MESSAGE) like one of a SIP peer's; `tell` is called once, also from inside.  No
 * invitation is kept, and an error that comes back goes into the log instead of to the sender. */
void gw_s2x_test(struct gw_s2x *, const struct cw_sip_request *,
                 void (*tell)(void *arg, const struct gw_s2x_result *), void *arg);
void gw_s2x_outcome(struct gw_s2x *, const struct cw_link_outcome *);
/* A partner's error stanza: true when it answers a message that we sent not long ago (its sender
 * is then told). */
bool gw_s2x_error(struct gw_s2x *, const struct cw_xml *error_stanza);
/* A partner's client acknowledges the stanza with that id (XEP-0184). */
void gw_s2x_received(struct gw_s2x *, const struct cw_jid *remote, const struct cw_jid *local,
                     struct cw_str id);
/* A message stanza of our own making, in a local user's name; nobody hears what becomes of it. */
void gw_s2x_send(struct gw_s2x *, const struct cw_xml *stanza);
/* Answers all that wait, and from now on everything at once: we are going down. */
void gw_s2x_shutdown(struct gw_s2x *);
void gw_s2x_edge_up(struct gw_s2x *, struct gw_edge *);
void gw_s2x_edge_down(struct gw_s2x *, struct gw_edge *);
size_t gw_s2x_n_open(const struct gw_s2x *); /* without an outcome */

/* --- sip.c, sip_out.c: sockets and transactions -----------------------------------------------*/

struct gw_sip *gw_sip_new(struct gateway *, struct cw_buf *why);
void gw_sip_free(struct gw_sip **);
/* Reads certificate, key and trust anchors anew; connections that are open keep the old ones. */
bool gw_sip_load_certificate(struct gw_sip *, struct cw_buf *why);
/* With contact_user in the reply, Contact is that user part at the address where the request came
 * in. */
void gw_sip_respond(struct gw_sip *, cw_sip_txn_id, const struct cw_sip_reply *);
/* The final answer to a request of ours.  Nobody answered: 408; the transport failed: 503. */
typedef void gw_sip_final_fn(void *arg, uint64_t user, const struct cw_sip_response *);
struct gw_sip_sending {
    struct cw_str domain;                 /* local, A-labels: whose next hop */
    const struct cw_sip_request *request; /* copied; its Contact is not looked at */
    struct cw_str branch;                 /* with the magic cookie */
    struct cw_str contact_user; /* present: Contact is this user part at our own address, as the
                                 * peer sees it, with our port and transport */
    gw_sip_final_fn *final;     /* NULL: nobody waits for the answer */
    void *arg;
    uint64_t user;
};
/* Sends to the next hop.  The answer comes by `final`, never from inside.  CW_ERR_NOT_FOUND: no
 * next hop; CW_ERR_INVALID: the request cannot be written; CW_ERR_LIMIT: too many transactions,
 * or octets that its server has not read yet: later. */
enum cw_err gw_sip_send(struct gw_sip *, const struct gw_sip_sending *);
/* That are open: of the peers' requests, or of ours. */
size_t gw_sip_n_transactions(const struct gw_sip *, bool of_peers);

/* --- control.c: the control socket ------------------------------------------------------------*/

struct gw_control *gw_control_new(struct gateway *, struct cw_buf *why);
void gw_control_free(struct gw_control **);
void gw_control_policy_confirmed(struct gw_control *); /* an edge took a policy over, or left */

#endif
