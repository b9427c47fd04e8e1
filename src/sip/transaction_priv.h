/* The inside of the transaction layer: one record a transaction, the timers, the actions.  The
 * parts: transaction.c (table, actions, time), server.c and client.c (one machine each), timer.c.
 * Private to src/sip. */
#ifndef CW_SIP_TRANSACTION_PRIV_H
#define CW_SIP_TRANSACTION_PRIV_H

#include "base/map.h"
#include "base/mem.h"
#include "sip/transaction.h"

/* Timers of constant duration: each is a queue, appended at the end and due at the front.  A
 * transaction waits in one of them at a time. */
enum cw_sip_timer {
    CW_SIP_TIMER_F,      /* client: 64*T1 from sending; no final response any more */
    CW_SIP_TIMER_K,      /* client, UDP: T4 from the final response */
    CW_SIP_TIMER_TRYING, /* server: until Timer E of the peer reaches T2; then 100 (RFC 4320) */
    CW_SIP_TIMER_LATE,   /* server: the rest of 64*T1; an answer would find nobody then */
    CW_SIP_TIMER_J,      /* server, UDP: 64*T1 from the final answer */
    CW_SIP_N_TIMERS,
};

/* An address with server transactions: one that floods must not take the places of the others. */
struct cw_sip_source {
    size_t n;
    char ip[46];
};

struct cw_sip_txn {
    cw_sip_txn_id id;
    enum cw_sip_txn_state state;
    bool is_client;
    struct cw_str key; /* in the table */
    struct cw_sip_hop hop;
    uint64_t user;                /* client */
    struct cw_sip_source *source; /* server: whose share it counts against */
    char tag[17];                 /* server: our To tag, when the answer names none */
    struct cw_buf echo; /* server: what the answer takes over; freed with the final answer */
    struct cw_buf last; /* what a retransmission sends: our request, or our last answer */

    enum cw_sip_timer timer; /* the queue it waits in, CW_SIP_N_TIMERS = none */
    uint64_t due_ms;
    struct cw_sip_txn *earlier, *later;

    uint64_t resend_at_ms; /* Timer E, in the heap */
    uint32_t resend_interval_ms;
    size_t heap_index; /* 1-based; 0 = not in the heap */
};

struct cw_sip_queue {
    struct cw_sip_txn *first, *last;
    uint64_t duration_ms;
};

struct cw_sip_timers {
    struct cw_sip_queue queues[CW_SIP_N_TIMERS];
    struct cw_sip_txn **heap; /* by resend_at_ms */
    size_t n_heap, heap_capacity;
};

void cw_sip_timers_init(struct cw_sip_timers *, const struct cw_sip_txns_limits *);
void cw_sip_timers_free(struct cw_sip_timers *);
/* Into that queue (out of any other), due after its duration. */
void cw_sip_timer_start(struct cw_sip_timers *, struct cw_sip_txn *, enum cw_sip_timer,
                        uint64_t now_ms);
void cw_sip_timer_stop(struct cw_sip_timers *, struct cw_sip_txn *);
void cw_sip_resend_start(struct cw_sip_timers *, struct cw_sip_txn *, uint64_t at_ms);
void cw_sip_resend_stop(struct cw_sip_timers *, struct cw_sip_txn *);
/* What is due first: its transaction and whether it is the resend timer; NULL when nothing is. */
struct cw_sip_txn *cw_sip_timers_first(const struct cw_sip_timers *, uint64_t *at_ms,
                                       bool *is_resend);

struct cw_sip_pending_action {
    enum cw_sip_action_kind kind;
    cw_sip_txn_id id;
    uint64_t user;
    struct cw_sip_hop hop;
    size_t from, n; /* in `out` */
};

struct cw_sip_slot {
    struct cw_sip_txn *txn; /* NULL: free */
    uint32_t generation;
    uint32_t next_free; /* 1-based */
};

struct cw_sip_txns {
    struct cw_sip_txns_limits limits;
    struct cw_map table; /* key -> struct cw_sip_txn */
    struct cw_sip_slot *slots;
    uint32_t n_slots, n_used_slots, first_free;
    size_t n_server, n_client;
    struct cw_map sources; /* address -> struct cw_sip_source, while it has server transactions */
    struct cw_sip_timers timers;
    uint64_t now_ms;     /* the latest time heard; never goes back */
    uint8_t tag_key[16]; /* To tags are a hash of the request, the same for its retransmissions */

    struct cw_sip_pending_action *actions;
    size_t n_actions, next_action, action_capacity;
    struct cw_buf out; /* the bytes of the actions */
    struct cw_buf scratch;
};

void cw_sip_txns_set_now(struct cw_sip_txns *, uint64_t now_ms);
struct cw_sip_txn *cw_sip_txn_new(struct cw_sip_txns *, bool is_client, struct cw_str key,
                                  const struct cw_sip_hop *);
struct cw_sip_txn *cw_sip_txn_find(const struct cw_sip_txns *, cw_sip_txn_id);
/* Forgets the transaction, saying so with an action of that kind. */
void cw_sip_txn_end(struct cw_sip_txns *, struct cw_sip_txn *, enum cw_sip_action_kind);
void cw_sip_txn_free(struct cw_sip_txns *, struct cw_sip_txn *);
/* Queues the bytes for the hop of the transaction. */
void cw_sip_txn_emit(struct cw_sip_txns *, const struct cw_sip_txn *, struct cw_str bytes);
void cw_sip_txns_emit(struct cw_sip_txns *, struct cw_sip_pending_action, struct cw_str bytes);

/* A timer of that machine fired. */
void cw_sip_client_fire(struct cw_sip_txns *, struct cw_sip_txn *, bool is_resend);
void cw_sip_server_fire(struct cw_sip_txns *, struct cw_sip_txn *);

#endif
