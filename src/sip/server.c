/* The non-INVITE server transaction (RFC 3261 section 17.2.2, RFC 4320) and what is refused
 * without one (RFC 3261 section 8.2.7). */
#include "sip/transaction_priv.h"

#include <string.h>

const char *cw_sip_request_fate_name(enum cw_sip_request_fate fate)
{
    switch (fate) {
    case CW_SIP_REQUEST_NEW:
        return "new";
    case CW_SIP_REQUEST_ABSORBED:
        return "absorbed";
    case CW_SIP_REQUEST_ANSWERED:
        return "answered";
    case CW_SIP_REQUEST_DROPPED:
        return "dropped";
    }
    return "?";
}

/* RFC 3261 section 17.2.3: branch, sent-by and method.  A branch without the magic cookie comes
 * from an RFC 2543 peer and need not be unique: then the whole identity of the request counts. */
static struct cw_str server_key(struct cw_sip_txns *t, const struct cw_sip_message *m)
{
    struct cw_sip_via via;
    cw_buf_reset(&t->scratch);
    if (!cw_sip_message_via(m, &via))
        via = (struct cw_sip_via){.branch = CW_STR_NONE};
    cw_buf_printf(&t->scratch, "s %.*s:%u ", CW_ARG(via.host), via.port ? via.port : 5060u);
    for (size_t i = 0; i < t->scratch.n; i++) /* host names have no case */
        if (t->scratch.p[i] >= 'A' && t->scratch.p[i] <= 'Z')
            t->scratch.p[i] |= 0x20;
    cw_buf_puts(&t->scratch, cw_sip_message_method(m));
    cw_buf_putc(&t->scratch, ' ');
    cw_buf_puts(&t->scratch, via.branch);
    if (via.branch.n < 7 || !cw_str_eq_nocase(cw_str_sub(via.branch, 0, 7), CW_S("z9hG4bK")))
        cw_buf_printf(&t->scratch, " %.*s %.*s %.*s %.*s %u", CW_ARG(cw_sip_message_request_uri(m)),
                      CW_ARG(cw_sip_message_call_id(m)), CW_ARG(cw_sip_message_from(m).tag),
                      CW_ARG(cw_sip_message_to(m).tag), cw_sip_message_cseq(m));
    return cw_buf_str(&t->scratch);
}

/* The same To tag for each copy of a request, with and without a transaction. */
static void write_tag(const struct cw_sip_txns *t, const struct cw_sip_message *m, char out[17])
{
    static const char digits[] = "0123456789abcdef";
    struct cw_str call_id = cw_sip_message_header(m, CW_S("call-id"), 0);
    struct cw_str via = cw_sip_message_header(m, CW_S("via"), 0);
    uint64_t hash = cw_siphash(t->tag_key, call_id) ^ cw_siphash(t->tag_key, via);
    for (int i = 0; i < 16; i++)
        out[i] = digits[hash >> (4 * i) & 15];
    out[16] = '\0';
}

void cw_sip_txns_refuse(struct cw_sip_txns *t, const struct cw_sip_message *m,
                        const struct cw_sip_hop *source, const struct cw_sip_reply *reply)
{
    char tag[17];
    struct cw_buf echo = {0}, response = {0};
    struct cw_sip_reply tagged = *reply;
    if (cw_str_eq_cstr(cw_sip_message_method(m), "ACK"))
        return;
    write_tag(t, m, tag);
    tagged.to_tag = cw_str_of(tag);
    if (cw_sip_build_echo(&echo, m, source) &&
        cw_sip_build_response(&response, cw_buf_str(&echo), &tagged, NULL) == CW_OK)
        cw_sip_txns_emit(t,
                         (struct cw_sip_pending_action){.kind = CW_SIP_ACTION_SEND,
                                                        .hop = cw_sip_reply_hop(m, source)},
                         cw_buf_str(&response));
    cw_buf_free(&echo);
    cw_buf_free(&response);
}

/* What the message's own verdict says. */
static void refuse_by_verdict(struct cw_sip_txns *t, const struct cw_sip_message *m,
                              const struct cw_sip_hop *source)
{
    struct cw_sip_verdict verdict = cw_sip_message_verdict(m);
    struct cw_sip_reply reply = {
        .status = verdict.answer,
        .allow = verdict.answer == 405 || verdict.answer == 501,
        .unsupported = verdict.answer == 420 ? cw_sip_message_unsupported(m) : CW_STR_NONE,
    };
    cw_sip_txns_refuse(t, m, source, &reply);
}

static bool is_share_used_up(const struct cw_sip_txns *t, const struct cw_sip_hop *source)
{
    const struct cw_sip_source *known = cw_map_get(&t->sources, cw_str_of(source->ip));
    return t->limits.max_server_per_source > 0 && known &&
           known->n >= t->limits.max_server_per_source;
}

enum cw_sip_request_fate cw_sip_txns_request(struct cw_sip_txns *t, const struct cw_sip_message *m,
                                             const struct cw_sip_hop *source, uint64_t now_ms,
                                             cw_sip_txn_id *id)
{
    *id = 0;
    cw_sip_txns_set_now(t, now_ms);
    struct cw_sip_verdict verdict = cw_sip_message_verdict(m);
    if (verdict.drop || !cw_sip_message_is_request(m))
        return CW_SIP_REQUEST_DROPPED;
    if (verdict.answer != 0) {
        refuse_by_verdict(t, m, source);
        return CW_SIP_REQUEST_ANSWERED;
    }
    struct cw_str key = server_key(t, m);
    struct cw_sip_txn *txn = cw_map_get(&t->table, key);
    if (txn) {
        *id = txn->id;
        if (txn->last.n > 0)
            cw_sip_txn_emit(t, txn, cw_buf_str(&txn->last));
        return CW_SIP_REQUEST_ABSORBED;
    }
    if (t->n_server >= t->limits.max_server || is_share_used_up(t, source)) {
        cw_sip_txns_refuse(
            t, m, source,
            &(struct cw_sip_reply){.status = 503, .retry_after_s = t->limits.retry_after_s});
        return CW_SIP_REQUEST_ANSWERED;
    }
    struct cw_sip_hop hop = cw_sip_reply_hop(m, source);
    txn = cw_sip_txn_new(t, false, key, &hop);
    txn->state = CW_SIP_TXN_TRYING;
    write_tag(t, m, txn->tag);
    bool has_echo = cw_sip_build_echo(&txn->echo, m, source);
    cw_assert(has_echo); /* a request taken on has all that it needs */
    cw_sip_timer_start(&t->timers, txn, CW_SIP_TIMER_TRYING, t->now_ms);
    *id = txn->id;
    return CW_SIP_REQUEST_NEW;
}

/* RFC 4320: no 408 (it comes when nobody waits any more), of the provisional ones only 100, and
 * that not on UDP while the peer still retransmits quickly. */
static bool may_say(const struct cw_sip_txn *txn, int status)
{
    if (status >= 200)
        return status != 408;
    return status == 100 &&
           (cw_sip_transport_is_reliable(txn->hop.transport) || txn->timer == CW_SIP_TIMER_LATE);
}

enum cw_err cw_sip_txns_respond(struct cw_sip_txns *t, cw_sip_txn_id id,
                                const struct cw_sip_reply *reply, uint64_t now_ms)
{
    cw_sip_txns_set_now(t, now_ms);
    struct cw_sip_txn *txn = cw_sip_txn_find(t, id);
    if (!txn || txn->is_client)
        return CW_ERR_NOT_FOUND;
    if (txn->state == CW_SIP_TXN_COMPLETED)
        return CW_ERR_EXISTS;
    if (!may_say(txn, reply->status))
        return CW_ERR_INVALID;
    struct cw_buf response = {0};
    struct cw_sip_reply tagged = *reply;
    /* A 100 needs no tag (RFC 3261 section 8.2.6.2): that of a dialog is not known yet. */
    if (!cw_str_is_present(tagged.to_tag) && tagged.status > 100)
        tagged.to_tag = cw_str_of(txn->tag);
    enum cw_err err = cw_sip_build_response(&response, cw_buf_str(&txn->echo), &tagged, NULL);
    if (err)
        return err;
    cw_buf_free(&txn->last);
    txn->last = response;
    cw_sip_txn_emit(t, txn, cw_buf_str(&txn->last));
    if (reply->status < 200) {
        txn->state = CW_SIP_TXN_PROCEEDING;
        return CW_OK;
    }
    txn->state = CW_SIP_TXN_COMPLETED;
    cw_buf_free(&txn->echo);
    if (cw_sip_transport_is_reliable(txn->hop.transport))
        cw_sip_txn_end(t, txn, CW_SIP_ACTION_TERMINATED);
    else
        cw_sip_timer_start(&t->timers, txn, CW_SIP_TIMER_J, t->now_ms);
    return CW_OK;
}

void cw_sip_server_fire(struct cw_sip_txns *t, struct cw_sip_txn *txn)
{
    if (txn->timer == CW_SIP_TIMER_J) {
        cw_sip_txn_end(t, txn, CW_SIP_ACTION_TERMINATED);
    } else if (txn->timer == CW_SIP_TIMER_LATE) {
        cw_sip_txn_end(t, txn, CW_SIP_ACTION_EXPIRED);
    } else {
        cw_sip_timer_start(&t->timers, txn, CW_SIP_TIMER_LATE, t->now_ms);
        if (txn->state == CW_SIP_TXN_TRYING) {
            enum cw_err err =
                cw_sip_txns_respond(t, txn->id, &(struct cw_sip_reply){.status = 100}, t->now_ms);
            cw_assert(err == CW_OK);
        }
    }
}

bool cw_sip_txns_source(const struct cw_sip_txns *t, cw_sip_txn_id id, struct cw_sip_hop *out)
{
    const struct cw_sip_txn *txn = cw_sip_txn_find(t, id);
    if (!txn || txn->is_client)
        return false;
    *out = txn->hop;
    return true;
}
