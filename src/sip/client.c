/* The non-INVITE client transaction (RFC 3261 section 17.1.2). */
#include "sip/transaction_priv.h"

#include <string.h>

const char *cw_sip_response_fate_name(enum cw_sip_response_fate fate)
{
    switch (fate) {
    case CW_SIP_RESPONSE_FINAL:
        return "final";
    case CW_SIP_RESPONSE_PROVISIONAL:
        return "provisional";
    case CW_SIP_RESPONSE_ABSORBED:
        return "absorbed";
    case CW_SIP_RESPONSE_DROPPED:
        return "dropped";
    }
    return "?";
}

/* RFC 3261 section 17.1.3: branch of the top Via and method of CSeq. */
static struct cw_str client_key(struct cw_sip_txns *t, struct cw_str branch, struct cw_str method)
{
    cw_buf_reset(&t->scratch);
    cw_buf_printf(&t->scratch, "c %.*s %.*s", CW_ARG(branch), CW_ARG(method));
    return cw_buf_str(&t->scratch);
}

enum cw_err cw_sip_txns_send(struct cw_sip_txns *t, const struct cw_sip_outgoing *request,
                             uint64_t now_ms, cw_sip_txn_id *id)
{
    *id = 0;
    cw_sip_txns_set_now(t, now_ms);
    struct cw_str key = client_key(t, request->branch, request->method);
    if (cw_map_get(&t->table, key))
        return CW_ERR_EXISTS;
    if (t->n_client >= t->limits.max_client)
        return CW_ERR_LIMIT;
    struct cw_sip_txn *txn = cw_sip_txn_new(t, true, key, &request->hop);
    txn->user = request->user;
    txn->state = CW_SIP_TXN_TRYING;
    cw_sip_timer_start(&t->timers, txn, CW_SIP_TIMER_F, t->now_ms);
    if (!cw_sip_transport_is_reliable(request->hop.transport)) {
        cw_buf_puts(&txn->last, request->bytes);
        txn->resend_interval_ms = t->limits.t1_ms;
        cw_sip_resend_start(&t->timers, txn, t->now_ms + txn->resend_interval_ms);
    }
    cw_sip_txn_emit(t, txn, request->bytes);
    *id = txn->id;
    return CW_OK;
}

/* The final response has come: retransmissions of it are swallowed for Timer K. */
static void complete(struct cw_sip_txns *t, struct cw_sip_txn *txn)
{
    txn->state = CW_SIP_TXN_COMPLETED;
    cw_sip_resend_stop(&t->timers, txn);
    cw_buf_free(&txn->last);
    if (cw_sip_transport_is_reliable(txn->hop.transport))
        cw_sip_txn_end(t, txn, CW_SIP_ACTION_TERMINATED);
    else
        cw_sip_timer_start(&t->timers, txn, CW_SIP_TIMER_K, t->now_ms);
}

bool cw_sip_txns_is_awaited(struct cw_sip_txns *t, const struct cw_sip_message *m,
                            const struct cw_sip_hop *source)
{
    struct cw_sip_via via;
    if (!cw_sip_message_via(m, &via))
        return false;
    const struct cw_sip_txn *txn =
        cw_map_get(&t->table, client_key(t, via.branch, cw_sip_message_cseq_method(m)));
    return txn && txn->hop.transport == source->transport && txn->hop.flow == source->flow &&
           (cw_sip_transport_is_reliable(source->transport) ||
            strcmp(txn->hop.ip, source->ip) == 0);
}

enum cw_sip_response_fate cw_sip_txns_response(struct cw_sip_txns *t,
                                               const struct cw_sip_message *m, uint64_t now_ms,
                                               cw_sip_txn_id *id, uint64_t *user)
{
    struct cw_sip_via via;
    *id = *user = 0;
    cw_sip_txns_set_now(t, now_ms);
    if (!cw_sip_message_is_response(m) || !cw_sip_message_verdict(m).valid ||
        !cw_sip_message_via(m, &via) || !cw_str_is_present(via.branch))
        return CW_SIP_RESPONSE_DROPPED;
    struct cw_sip_txn *txn =
        cw_map_get(&t->table, client_key(t, via.branch, cw_sip_message_cseq_method(m)));
    if (!txn)
        return CW_SIP_RESPONSE_DROPPED;
    *id = txn->id;
    *user = txn->user;
    if (txn->state == CW_SIP_TXN_COMPLETED)
        return CW_SIP_RESPONSE_ABSORBED;
    if (cw_sip_message_status(m) < 200) {
        txn->state = CW_SIP_TXN_PROCEEDING;
        return CW_SIP_RESPONSE_PROVISIONAL;
    }
    complete(t, txn);
    return CW_SIP_RESPONSE_FINAL;
}

void cw_sip_client_fire(struct cw_sip_txns *t, struct cw_sip_txn *txn, bool is_resend)
{
    /* A late tick finds both due: then one more copy would come too late for its answer. */
    if (!is_resend || txn->due_ms <= t->now_ms) {
        cw_sip_txn_end(t, txn,
                       txn->timer == CW_SIP_TIMER_K ? CW_SIP_ACTION_TERMINATED
                                                    : CW_SIP_ACTION_TIMEOUT);
        return;
    }
    /* Timer E doubles up to T2; with a provisional response it is T2 at once (17.1.2.2). */
    uint32_t doubled = txn->resend_interval_ms * 2;
    bool is_slow = txn->state == CW_SIP_TXN_PROCEEDING || doubled > t->limits.t2_ms;
    txn->resend_interval_ms = is_slow ? t->limits.t2_ms : doubled;
    cw_sip_txn_emit(t, txn, cw_buf_str(&txn->last));
    cw_sip_resend_start(&t->timers, txn, t->now_ms + txn->resend_interval_ms);
}

void cw_sip_txns_forget(struct cw_sip_txns *t, cw_sip_txn_id id)
{
    struct cw_sip_txn *txn = cw_sip_txn_find(t, id);
    if (txn && txn->is_client)
        cw_sip_txn_free(t, txn);
}
