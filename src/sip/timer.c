/* The timers of the transaction layer: a queue for each constant duration, so that starting and
 * stopping cost the same with ten and with a hundred thousand transactions, and a heap for Timer
 * E, whose interval changes. */
#include "sip/transaction_priv.h"

/* After this time Timer E of a client has grown to T2 (RFC 4320 section 4.1): 3.5 s as a rule. */
static uint64_t growth_ms(const struct cw_sip_txns_limits *limits)
{
    uint64_t sum = 0;
    for (uint64_t interval = limits->t1_ms; interval < limits->t2_ms; interval *= 2)
        sum += interval;
    uint64_t end = 64 * (uint64_t)limits->t1_ms;
    return sum < end ? sum : end;
}

void cw_sip_timers_init(struct cw_sip_timers *t, const struct cw_sip_txns_limits *limits)
{
    uint64_t end = 64 * (uint64_t)limits->t1_ms, growth = growth_ms(limits);
    t->queues[CW_SIP_TIMER_F].duration_ms = end;
    t->queues[CW_SIP_TIMER_K].duration_ms = limits->t4_ms;
    t->queues[CW_SIP_TIMER_TRYING].duration_ms = growth;
    t->queues[CW_SIP_TIMER_LATE].duration_ms = end - growth;
    t->queues[CW_SIP_TIMER_J].duration_ms = end;
}

void cw_sip_timers_free(struct cw_sip_timers *t)
{
    cw_free(t->heap);
    t->heap = NULL;
}

void cw_sip_timer_stop(struct cw_sip_timers *t, struct cw_sip_txn *txn)
{
    if (txn->timer == CW_SIP_N_TIMERS)
        return;
    struct cw_sip_queue *queue = &t->queues[txn->timer];
    *(txn->earlier ? &txn->earlier->later : &queue->first) = txn->later;
    *(txn->later ? &txn->later->earlier : &queue->last) = txn->earlier;
    txn->earlier = txn->later = NULL;
    txn->timer = CW_SIP_N_TIMERS;
}

void cw_sip_timer_start(struct cw_sip_timers *t, struct cw_sip_txn *txn, enum cw_sip_timer timer,
                        uint64_t now_ms)
{
    cw_sip_timer_stop(t, txn);
    struct cw_sip_queue *queue = &t->queues[timer];
    txn->timer = timer;
    txn->due_ms = now_ms + queue->duration_ms;
    txn->earlier = queue->last;
    *(queue->last ? &queue->last->later : &queue->first) = txn;
    queue->last = txn;
}

/* --- the heap --- */

static void put_at(struct cw_sip_timers *t, size_t index, struct cw_sip_txn *txn)
{
    t->heap[index - 1] = txn;
    txn->heap_index = index;
}

/* Lets the transaction rise or sink from a free place to where it belongs. */
static void settle(struct cw_sip_timers *t, size_t index, struct cw_sip_txn *txn)
{
    while (index > 1 && t->heap[index / 2 - 1]->resend_at_ms > txn->resend_at_ms) {
        put_at(t, index, t->heap[index / 2 - 1]);
        index /= 2;
    }
    for (;;) {
        size_t child = index * 2;
        if (child > t->n_heap)
            break;
        if (child < t->n_heap && t->heap[child]->resend_at_ms < t->heap[child - 1]->resend_at_ms)
            child++;
        if (t->heap[child - 1]->resend_at_ms >= txn->resend_at_ms)
            break;
        put_at(t, index, t->heap[child - 1]);
        index = child;
    }
    put_at(t, index, txn);
}

void cw_sip_resend_start(struct cw_sip_timers *t, struct cw_sip_txn *txn, uint64_t at_ms)
{
    txn->resend_at_ms = at_ms;
    if (txn->heap_index > 0) {
        settle(t, txn->heap_index, txn);
        return;
    }
    if (t->n_heap == t->heap_capacity) {
        t->heap_capacity = t->heap_capacity ? t->heap_capacity * 2 : 64;
        t->heap = cw_realloc(t->heap, t->heap_capacity * sizeof *t->heap);
    }
    t->n_heap++;
    settle(t, t->n_heap, txn);
}

void cw_sip_resend_stop(struct cw_sip_timers *t, struct cw_sip_txn *txn)
{
    size_t index = txn->heap_index;
    if (index == 0)
        return;
    txn->heap_index = 0;
    struct cw_sip_txn *last = t->heap[--t->n_heap];
    if (last != txn)
        settle(t, index, last);
}

struct cw_sip_txn *cw_sip_timers_first(const struct cw_sip_timers *t, uint64_t *at_ms,
                                       bool *is_resend)
{
    struct cw_sip_txn *first = NULL;
    *at_ms = UINT64_MAX;
    *is_resend = false;
    for (size_t i = 0; i < CW_SIP_N_TIMERS; i++) {
        struct cw_sip_txn *head = t->queues[i].first;
        if (head && head->due_ms < *at_ms) {
            first = head;
            *at_ms = head->due_ms;
        }
    }
    /* At the same moment the end of a transaction comes before one more retransmission. */
    if (t->n_heap > 0 && t->heap[0]->resend_at_ms < *at_ms) {
        first = t->heap[0];
        *at_ms = first->resend_at_ms;
        *is_resend = true;
    }
    return first;
}
