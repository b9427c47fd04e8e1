/* The transaction layer for everything but INVITE (RFC 3261 section 17, RFC 4320): client and
 * server transactions as machines without sockets and clock.  Events are function calls with the
 * time in milliseconds; what is to be done comes out of cw_sip_txns_next as actions.
 *
 * A request from a peer, on UDP:
 *   the gateway reads a datagram, parses it and calls cw_sip_txns_request.  NEW: it answers sooner
 *   or later with cw_sip_txns_respond(id).  Meanwhile retransmissions come back as ABSORBED; after
 *   3.5 s without an answer a 100 goes out by itself (RFC 4320 section 4.1); the final answer is
 *   kept for Timer J and repeated for each retransmission.  ANSWERED: refused here, without state.
 * A request of ours:
 *   the gateway builds it (build.h) and calls cw_sip_txns_send.  Timer E repeats it on UDP; the
 *   final response comes back from cw_sip_txns_response as FINAL, once; silence becomes the action
 *   TIMEOUT after Timer F; a dead transport becomes FAILED.
 *
 *   client:  Trying -> Proceeding -> Completed -> gone      server:  Trying -> Proceeding
 *               \---------------------^   (K)                           \------> Completed -> gone
 * (J)
 *
 * After each call the owner takes all actions, then sets one timer to cw_sip_txns_deadline_ms. */
#ifndef CW_SIP_TRANSACTION_H
#define CW_SIP_TRANSACTION_H

#include "sip/build.h"

struct cw_sip_txns_limits { /* 0 = the default */
    uint32_t t1_ms;         /* 500: estimate of the round trip */
    uint32_t t2_ms;         /* 4000: longest retransmit interval */
    uint32_t t4_ms;         /* 5000: how long a message stays in the network */
    uint32_t max_server;    /* 100000: open server transactions; beyond: 503 + Retry-After */
    uint32_t max_client;    /* 100000: open client transactions; beyond: CW_ERR_LIMIT */
    uint32_t max_server_per_source; /* no limit: those of one address; beyond: 503 + Retry-After */
    uint32_t retry_after_s;         /* 5 */
};

/* A transaction by number; never reused, 0 is none. */
typedef uint64_t cw_sip_txn_id;

enum cw_sip_txn_state {
    CW_SIP_TXN_TRYING, /* client: sent, nothing heard; server: given to its user, no answer yet */
    CW_SIP_TXN_PROCEEDING, /* a provisional response was heard or sent */
    CW_SIP_TXN_COMPLETED,  /* the final response was heard or sent; retransmissions are swallowed */
    CW_SIP_TXN_NONE,       /* no such transaction (any more) */
};
const char *cw_sip_txn_state_name(enum cw_sip_txn_state);

struct cw_sip_txns;
struct cw_sip_txns *cw_sip_txns_new(const struct cw_sip_txns_limits *); /* NULL: all defaults */
void cw_sip_txns_free(struct cw_sip_txns **);

/* A parsed message that is a request (whatever its verdict). */
enum cw_sip_request_fate {
    CW_SIP_REQUEST_NEW,      /* yours: handle it, then cw_sip_txns_respond(*id) */
    CW_SIP_REQUEST_ABSORBED, /* a retransmission; the last answer, if any, goes out again */
    CW_SIP_REQUEST_ANSWERED, /* refused here: verdict, method, CANCEL, too many transactions */
    CW_SIP_REQUEST_DROPPED,  /* nothing may be said: ACK, no way back, a response */
};
const char *cw_sip_request_fate_name(enum cw_sip_request_fate);
enum cw_sip_request_fate cw_sip_txns_request(struct cw_sip_txns *, const struct cw_sip_message *,
                                             const struct cw_sip_hop *source, uint64_t now_ms,
                                             cw_sip_txn_id *id);
/* Refuses a request without a transaction (the 403 to a stranger).  Nothing for an ACK. */
void cw_sip_txns_refuse(struct cw_sip_txns *, const struct cw_sip_message *,
                        const struct cw_sip_hop *source, const struct cw_sip_reply *);
/* Where the answers of a server transaction go: on the connection, or from the UDP socket, where
 * its request came in.  False when it is gone. */
bool cw_sip_txns_source(const struct cw_sip_txns *, cw_sip_txn_id, struct cw_sip_hop *out);
/* Answers a server transaction; its To tag is the reply's, else one of its own.  CW_ERR_NOT_FOUND:
 * gone (expired, transport dead); CW_ERR_EXISTS: a final answer went out already; CW_ERR_INVALID:
 * bad reply, 408 and 1xx other than 100 (RFC 4320), or 100 on UDP before its time. */
enum cw_err cw_sip_txns_respond(struct cw_sip_txns *, cw_sip_txn_id, const struct cw_sip_reply *,
                                uint64_t now_ms);

/* Sends a request of ours.  The bytes are copied; branch and method must be the ones in them.
 * CW_ERR_EXISTS: a transaction with this branch and method is under way; CW_ERR_LIMIT. */
struct cw_sip_outgoing {
    struct cw_str bytes, branch, method;
    struct cw_sip_hop hop;
    uint64_t user; /* comes back with every event of this transaction */
};
enum cw_err cw_sip_txns_send(struct cw_sip_txns *, const struct cw_sip_outgoing *, uint64_t now_ms,
                             cw_sip_txn_id *id);

/* A parsed message that is a response. */
enum cw_sip_response_fate {
    CW_SIP_RESPONSE_FINAL,       /* the one final response of *id; its user data in *user */
    CW_SIP_RESPONSE_PROVISIONAL, /* 1xx: still under way */
    CW_SIP_RESPONSE_ABSORBED,    /* a retransmission of the final one */
    CW_SIP_RESPONSE_DROPPED,     /* stray, invalid, or more than one Via */
};
const char *cw_sip_response_fate_name(enum cw_sip_response_fate);
enum cw_sip_response_fate cw_sip_txns_response(struct cw_sip_txns *, const struct cw_sip_message *,
                                               uint64_t now_ms, cw_sip_txn_id *id, uint64_t *user);
/* Does the response come from where its request went: the same connection, or on UDP the same
 * socket and address (its port may be another)?  False too when there is no such request.  Asked
 * before cw_sip_txns_response, it keeps others from answering in the next hop's name. */
bool cw_sip_txns_is_awaited(struct cw_sip_txns *, const struct cw_sip_message *,
                            const struct cw_sip_hop *source);

/* The network refused: every transaction of this flow (a closed connection), or one transaction
 * (an ICMP error, a connection that could not be made). */
void cw_sip_txns_flow_failed(struct cw_sip_txns *, enum cw_sip_transport, uint64_t flow);
void cw_sip_txns_send_failed(struct cw_sip_txns *, cw_sip_txn_id);
/* A client transaction nobody waits for any more: forgotten without an event. */
void cw_sip_txns_forget(struct cw_sip_txns *, cw_sip_txn_id);

/* Time has come: fires what is due. */
void cw_sip_txns_tick(struct cw_sip_txns *, uint64_t now_ms);
/* When to tick next; UINT64_MAX when nothing waits. */
uint64_t cw_sip_txns_deadline_ms(const struct cw_sip_txns *);

enum cw_sip_action_kind {
    CW_SIP_ACTION_SEND,       /* bytes to hop */
    CW_SIP_ACTION_TIMEOUT,    /* client: Timer F; nobody answered */
    CW_SIP_ACTION_FAILED,     /* client: the transport failed */
    CW_SIP_ACTION_EXPIRED,    /* server: not answered within 64*T1, or its flow died: too late */
    CW_SIP_ACTION_TERMINATED, /* gone after its due course; the three above end one, too */
};
const char *cw_sip_action_name(enum cw_sip_action_kind);
struct cw_sip_action {
    enum cw_sip_action_kind kind;
    cw_sip_txn_id id; /* 0: an answer without a transaction */
    uint64_t user;    /* client transactions */
    struct cw_sip_hop hop;
    struct cw_str bytes; /* SEND; valid until the next call with this layer */
};
/* Octets of actions that were not taken yet. */
size_t cw_sip_txns_pending(const struct cw_sip_txns *);
/* The next action, in order; false when there is none. */
bool cw_sip_txns_next(struct cw_sip_txns *, struct cw_sip_action *out);

enum cw_sip_txn_state cw_sip_txns_state(const struct cw_sip_txns *, cw_sip_txn_id);
size_t cw_sip_txns_n_server(const struct cw_sip_txns *);
size_t cw_sip_txns_n_client(const struct cw_sip_txns *);

#endif
