/* The transaction layer's table, actions and time; the two machines are server.c and client.c. */
#include "sip/transaction_priv.h"

#include <string.h>

#include "base/secret.h"

const char *cw_sip_txn_state_name(enum cw_sip_txn_state state)
{
    switch (state) {
    case CW_SIP_TXN_TRYING:
        return "trying";
    case CW_SIP_TXN_PROCEEDING:
        return "proceeding";
    case CW_SIP_TXN_COMPLETED:
        return "completed";
    case CW_SIP_TXN_NONE:
        return "none";
    }
    return "?";
}

const char *cw_sip_action_name(enum cw_sip_action_kind kind)
{
    switch (kind) {
    case CW_SIP_ACTION_SEND:
        return "send";
    case CW_SIP_ACTION_TIMEOUT:
        return "timeout";
    case CW_SIP_ACTION_FAILED:
        return "failed";
    case CW_SIP_ACTION_EXPIRED:
        return "expired";
    case CW_SIP_ACTION_TERMINATED:
        return "terminated";
    }
    return "?";
}

static void set_default(uint32_t *value, uint32_t standard)
{
    if (*value == 0)
        *value = standard;
}

struct cw_sip_txns *cw_sip_txns_new(const struct cw_sip_txns_limits *limits)
{
    struct cw_sip_txns *t = cw_alloc(sizeof *t);
    if (limits)
        t->limits = *limits;
    set_default(&t->limits.t1_ms, 500);
    set_default(&t->limits.t2_ms, 4000);
    set_default(&t->limits.t4_ms, 5000);
    set_default(&t->limits.max_server, 100000);
    set_default(&t->limits.max_client, 100000);
    set_default(&t->limits.retry_after_s, 5);
    cw_sip_timers_init(&t->timers, &t->limits);
    cw_random(t->tag_key, sizeof t->tag_key);
    return t;
}

void cw_sip_txns_free(struct cw_sip_txns **slot)
{
    struct cw_sip_txns *t = *slot;
    if (!t)
        return;
    *slot = NULL;
    for (uint32_t i = 0; i < t->n_used_slots; i++)
        if (t->slots[i].txn)
            cw_sip_txn_free(t, t->slots[i].txn);
    cw_map_free(&t->table);
    cw_map_free(&t->sources);
    cw_sip_timers_free(&t->timers);
    cw_buf_free(&t->out);
    cw_buf_free(&t->scratch);
    cw_free(t->slots);
    cw_free(t->actions);
    cw_free(t);
}

void cw_sip_txns_set_now(struct cw_sip_txns *t, uint64_t now_ms)
{
    if (now_ms > t->now_ms)
        t->now_ms = now_ms;
}

/* --- one transaction --- */

/* A number is the slot and how often it was used: a late answer to a transaction that is gone
 * never meets another one in the same place. */
static cw_sip_txn_id take_slot(struct cw_sip_txns *t, struct cw_sip_txn *txn)
{
    if (t->first_free == 0) {
        if (t->n_used_slots == t->n_slots) {
            t->n_slots = t->n_slots ? t->n_slots * 2 : 64;
            t->slots = cw_realloc(t->slots, t->n_slots * sizeof *t->slots);
        }
        t->slots[t->n_used_slots++] = (struct cw_sip_slot){.txn = NULL};
        t->first_free = t->n_used_slots;
    }
    uint32_t number = t->first_free;
    struct cw_sip_slot *slot = &t->slots[number - 1];
    t->first_free = slot->next_free;
    slot->txn = txn;
    slot->generation++;
    return (uint64_t)slot->generation << 32 | number;
}

struct cw_sip_txn *cw_sip_txn_find(const struct cw_sip_txns *t, cw_sip_txn_id id)
{
    uint32_t number = (uint32_t)id;
    if (number == 0 || number > t->n_used_slots)
        return NULL;
    const struct cw_sip_slot *slot = &t->slots[number - 1];
    return slot->txn && slot->generation == id >> 32 ? slot->txn : NULL;
}

static struct cw_sip_source *count_source(struct cw_sip_txns *t, const char *ip)
{
    struct cw_sip_source *source = cw_map_get(&t->sources, cw_str_of(ip));
    if (!source) {
        source = cw_alloc(sizeof *source);
        memcpy(source->ip, ip, strlen(ip));
        cw_map_set(&t->sources, cw_str_of(source->ip), source);
    }
    source->n++;
    return source;
}

static void discount_source(struct cw_sip_txns *t, struct cw_sip_source *source)
{
    if (!source || --source->n > 0)
        return;
    cw_map_remove(&t->sources, cw_str_of(source->ip));
    cw_free(source);
}

struct cw_sip_txn *cw_sip_txn_new(struct cw_sip_txns *t, bool is_client, struct cw_str key,
                                  const struct cw_sip_hop *hop)
{
    struct cw_sip_txn *txn = cw_alloc(sizeof *txn);
    txn->id = take_slot(t, txn);
    txn->is_client = is_client;
    txn->key = (struct cw_str){cw_strdup(key), key.n};
    txn->hop = *hop;
    txn->timer = CW_SIP_N_TIMERS;
    cw_map_set(&t->table, txn->key, txn);
    *(is_client ? &t->n_client : &t->n_server) += 1;
    if (!is_client)
        txn->source = count_source(t, hop->ip);
    return txn;
}

void cw_sip_txn_free(struct cw_sip_txns *t, struct cw_sip_txn *txn)
{
    struct cw_sip_slot *slot = &t->slots[(uint32_t)txn->id - 1];
    slot->txn = NULL;
    slot->next_free = t->first_free;
    t->first_free = (uint32_t)txn->id;
    *(txn->is_client ? &t->n_client : &t->n_server) -= 1;
    cw_map_remove(&t->table, txn->key);
    discount_source(t, txn->source);
    cw_sip_timer_stop(&t->timers, txn);
    cw_sip_resend_stop(&t->timers, txn);
    cw_buf_free(&txn->echo);
    cw_buf_free(&txn->last);
    cw_free((char *)txn->key.p);
    cw_free(txn);
}

void cw_sip_txn_end(struct cw_sip_txns *t, struct cw_sip_txn *txn, enum cw_sip_action_kind kind)
{
    cw_sip_txns_emit(t,
                     (struct cw_sip_pending_action){
                         .kind = kind, .id = txn->id, .user = txn->user, .hop = txn->hop},
                     CW_STR_NONE);
    cw_sip_txn_free(t, txn);
}

enum cw_sip_txn_state cw_sip_txns_state(const struct cw_sip_txns *t, cw_sip_txn_id id)
{
    const struct cw_sip_txn *txn = cw_sip_txn_find(t, id);
    return txn ? txn->state : CW_SIP_TXN_NONE;
}

size_t cw_sip_txns_n_server(const struct cw_sip_txns *t)
{
    return t->n_server;
}

size_t cw_sip_txns_n_client(const struct cw_sip_txns *t)
{
    return t->n_client;
}

/* --- actions --- */

void cw_sip_txns_emit(struct cw_sip_txns *t, struct cw_sip_pending_action action,
                      struct cw_str bytes)
{
    if (t->n_actions == t->action_capacity) {
        t->action_capacity = t->action_capacity ? t->action_capacity * 2 : 16;
        t->actions = cw_realloc(t->actions, t->action_capacity * sizeof *t->actions);
    }
    action.from = t->out.n;
    action.n = bytes.n;
    cw_buf_puts(&t->out, bytes);
    t->actions[t->n_actions++] = action;
}

void cw_sip_txn_emit(struct cw_sip_txns *t, const struct cw_sip_txn *txn, struct cw_str bytes)
{
    cw_sip_txns_emit(
        t,
        (struct cw_sip_pending_action){
            .kind = CW_SIP_ACTION_SEND, .id = txn->id, .user = txn->user, .hop = txn->hop},
        bytes);
}

bool cw_sip_txns_next(struct cw_sip_txns *t, struct cw_sip_action *out)
{
    *out = (struct cw_sip_action){.id = 0};
    if (t->next_action == t->n_actions) {
        t->next_action = t->n_actions = 0;
        cw_buf_reset(&t->out);
        return false;
    }
    const struct cw_sip_pending_action *action = &t->actions[t->next_action++];
    *out = (struct cw_sip_action){
        .kind = action->kind,
        .id = action->id,
        .user = action->user,
        .hop = action->hop,
        .bytes = cw_str_sub(cw_buf_str(&t->out), action->from, action->from + action->n),
    };
    return true;
}

size_t cw_sip_txns_pending(const struct cw_sip_txns *t)
{
    return t->next_action < t->n_actions ? t->out.n - t->actions[t->next_action].from : 0;
}

/* --- time and the network --- */

void cw_sip_txns_tick(struct cw_sip_txns *t, uint64_t now_ms)
{
    cw_sip_txns_set_now(t, now_ms);
    for (;;) {
        uint64_t at_ms;
        bool is_resend;
        struct cw_sip_txn *txn = cw_sip_timers_first(&t->timers, &at_ms, &is_resend);
        if (!txn || at_ms > t->now_ms)
            break;
        if (txn->is_client)
            cw_sip_client_fire(t, txn, is_resend);
        else
            cw_sip_server_fire(t, txn);
    }
}

uint64_t cw_sip_txns_deadline_ms(const struct cw_sip_txns *t)
{
    uint64_t at_ms;
    bool is_resend;
    (void)cw_sip_timers_first(&t->timers, &at_ms, &is_resend);
    return at_ms;
}

/* A client transaction that waits learns it; a server transaction has nobody to answer; one that
 * has its final response only loses its memory of it. */
static void fail(struct cw_sip_txns *t, struct cw_sip_txn *txn)
{
    if (txn->state == CW_SIP_TXN_COMPLETED)
        cw_sip_txn_end(t, txn, CW_SIP_ACTION_TERMINATED);
    else
        cw_sip_txn_end(t, txn, txn->is_client ? CW_SIP_ACTION_FAILED : CW_SIP_ACTION_EXPIRED);
}

void cw_sip_txns_send_failed(struct cw_sip_txns *t, cw_sip_txn_id id)
{
    struct cw_sip_txn *txn = cw_sip_txn_find(t, id);
    if (txn)
        fail(t, txn);
}

void cw_sip_txns_flow_failed(struct cw_sip_txns *t, enum cw_sip_transport transport, uint64_t flow)
{
    for (uint32_t i = 0; i < t->n_used_slots; i++) {
        struct cw_sip_txn *txn = t->slots[i].txn;
        if (txn && txn->hop.transport == transport && txn->hop.flow == flow)
            fail(t, txn);
    }
}
