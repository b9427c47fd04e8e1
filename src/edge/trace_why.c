/* Why a stream ended: from the machine's last action, what was seen on the way and what the edge
 * itself wanted, to the one name of the failure; see trace.h. */
#include "edge/stream_priv.h"

enum { MAX_NAMES = 5 };

/* --- the certificate --------------------------------------------------------------------------*/

static enum cw_failure chain_failure(enum cw_chain_fault fault)
{
    switch (fault) {
    case CW_CHAIN_SELF_SIGNED:
        return CW_FAIL_CERT_SELF_SIGNED;
    case CW_CHAIN_UNKNOWN_CA:
        return CW_FAIL_CERT_UNKNOWN_CA;
    case CW_CHAIN_EXPIRED:
        return CW_FAIL_CERT_EXPIRED;
    case CW_CHAIN_NOT_YET_VALID:
        return CW_FAIL_CERT_NOT_YET_VALID;
    case CW_CHAIN_REVOKED:
        return CW_FAIL_CERT_REVOKED;
    case CW_CHAIN_PURPOSE:
        return CW_FAIL_CERT_PURPOSE;
    case CW_CHAIN_WEAK:
        return CW_FAIL_CERT_WEAK;
    case CW_CHAIN_NO_STAPLE:
        return CW_FAIL_CERT_NO_STAPLE;
    case CW_CHAIN_PIN:
        return CW_FAIL_CERT_PIN;
    case CW_CHAIN_DANE:
        return CW_FAIL_CERT_DANE;
    case CW_CHAIN_OK:
    case CW_CHAIN_OTHER:
        break;
    }
    return CW_FAIL_CERT_UNTRUSTED;
}

static bool has_type(const struct cw_cert *cert, enum cw_cert_name_type type)
{
    for (size_t i = 0; i < cert->n_names; i++)
        if (cert->names[i].type == type && !cert->names[i].malformed)
            return true;
    return false;
}

/* For one sentence: the names that say nothing new beside the DNS names are left out. */
static struct cw_str names_of(const struct cw_cert *cert, struct cw_arena *arena)
{
    bool has_dns = has_type(cert, CW_CERT_DNS_ID);
    struct cw_str names = CW_STR_NONE;
    size_t n = 0;
    for (size_t i = 0; i < cert->n_names; i++) {
        const struct cw_cert_name *name = &cert->names[i];
        if (name->malformed || name->type == CW_CERT_URI ||
            (has_dns && name->type != CW_CERT_DNS_ID))
            continue;
        if (++n > MAX_NAMES)
            return cw_arena_printf(arena, "%.*s ...", CW_ARG(names));
        names = cw_arena_printf(arena, "%.*s%s%.*s", CW_ARG(names), n > 1 ? ", " : "",
                                CW_ARG(name->value));
    }
    return names;
}

enum cw_failure edge_trace_cert_failure(const struct cw_cert *cert, enum cw_cert_verdict verdict,
                                        struct cw_arena *arena, struct cw_str *detail)
{
    switch (verdict) {
    case CW_CERT_GOOD:
        return CW_FAIL_NONE;
    case CW_CERT_NONE:
        return CW_FAIL_CERT_NONE;
    case CW_CERT_WRONG_NAME:
        *detail = names_of(cert, arena);
        return CW_FAIL_CERT_WRONG_NAME;
    case CW_CERT_UNTRUSTED:
        break;
    }
    enum cw_failure failure = chain_failure(cert->fault);
    if (failure == CW_FAIL_CERT_EXPIRED)
        *detail = cert->not_after;
    else if (failure == CW_FAIL_CERT_UNKNOWN_CA)
        *detail = cert->issuer;
    else if (failure == CW_FAIL_CERT_UNTRUSTED)
        *detail = cert->chain_reason;
    return failure;
}

/* --- TLS --------------------------------------------------------------------------------------*/

enum cw_failure edge_trace_tls_failure(const struct cw_conn *conn, struct cw_str sentence,
                                       struct cw_str *detail)
{
    *detail = CW_STR_NONE;
    switch (cw_conn_tls_fault(conn)) {
    case CW_TLS_FAULT_ALERT:
        *detail = cw_str_of(cw_conn_tls_alert(conn));
        return CW_FAIL_TLS_ALERT;
    case CW_TLS_FAULT_VERSION:
        return CW_FAIL_TLS_VERSION;
    case CW_TLS_FAULT_NOT_TLS:
        return CW_FAIL_PLAIN_ON_TLS_PORT;
    case CW_TLS_FAULT_TIMEOUT:
        return CW_FAIL_TLS_TIMEOUT;
    case CW_TLS_FAULT_NONE:
    case CW_TLS_FAULT_CLOSED:
    case CW_TLS_FAULT_OTHER:
        break;
    }
    *detail = sentence;
    return CW_FAIL_TLS_FAILED;
}

/* --- the machine's last action ----------------------------------------------------------------*/

static bool is_dialback_pending(const struct edge_stream *s)
{
    struct cw_s2s_pair_state first;
    return s->direction == CW_OUTBOUND && cw_s2s_pairs(s->machine, &first, 1) > 0 &&
           first.dialback == CW_DIALBACK_PENDING;
}

/* The peer's error about our key, by its condition. */
static enum cw_failure why_dialback_error(const struct edge_stream *s,
                                          const struct cw_s2s_action *action,
                                          struct cw_failure_gaps *gaps)
{
    enum cw_stanza_error error;
    gaps->detail = cw_buf_str(&s->trace.detail);
    if (s->direction == CW_INBOUND || !action->by_peer || !cw_stanza_error_of(gaps->detail, &error))
        return CW_FAIL_DIALBACK_ERROR;
    enum cw_failure failure = cw_failure_of_dialback_error(error);
    if (failure == CW_FAIL_PARTNER_POLICY_VIOLATION || failure == CW_FAIL_PARTNER_LIMIT)
        gaps->detail = CW_STR_NONE; /* their sentences have it */
    return failure;
}

/* The policy ended it. */
static enum cw_failure why_refused(struct edge_stream *s, const struct cw_s2s_action *action,
                                   struct cw_failure_gaps *gaps)
{
    const struct edge_trace *t = &s->trace;
    const struct cw_facts *facts = cw_s2s_facts(s->machine);
    switch ((int)action->reason) { /* the others are what they are */
    case CW_REASON_CERT_NONE:
    case CW_REASON_CERT_UNTRUSTED:
    case CW_REASON_CERT_WRONG_NAME:
        return edge_trace_cert_failure(cw_s2s_cert(s->machine), facts->cert, &s->arena,
                                       &gaps->detail);
    case CW_REASON_TLS_FAILED: /* without a word from OpenSSL it was our own patience that ended */
        gaps->detail = cw_buf_str(&t->detail);
        return t->noted ? t->noted : CW_FAIL_TLS_TIMEOUT;
    case CW_REASON_TLS_REFUSED:
        return facts->offers_starttls || s->direction == CW_INBOUND ? CW_FAIL_STARTTLS_REFUSED
                                                                    : CW_FAIL_STARTTLS_NOT_OFFERED;
    case CW_REASON_NOTHING_OFFERED:
        return s->direction == CW_OUTBOUND && !facts->offers_dialback ? CW_FAIL_DIALBACK_NOT_OFFERED
                                                                      : CW_FAIL_NOTHING_OFFERED;
    case CW_REASON_DIALBACK_ERROR:
        return why_dialback_error(s, action, gaps);
    case CW_REASON_EXTERNAL_REFUSED:
        gaps->detail = cw_buf_str(&t->detail);
        break;
    default:
        break;
    }
    return cw_failure_of_reason(action->reason);
}

/* The peer said a stream error; `words` begin with its condition. */
static enum cw_failure why_error_came(const struct edge_stream *s, enum cw_stream_error error,
                                      struct cw_failure_gaps *gaps)
{
    enum cw_failure failure = cw_failure_of_partners_error(error);
    struct cw_str words = s->trace.words;
    if (failure == CW_FAIL_PARTNER_POLICY_VIOLATION || failure == CW_FAIL_PARTNER_LIMIT) {
        ptrdiff_t colon = cw_str_find(words, CW_S(": "));
        words = colon < 0 ? CW_STR_NONE : cw_str_sub(words, (size_t)colon + 2, words.n);
    }
    gaps->detail = words;
    return failure;
}

static bool is_tls_record(unsigned char octet)
{
    return octet == 0x15 || octet == 0x16; /* alert, handshake */
}

/* We sent a stream error before anything was proven. */
static enum cw_failure why_error_sent(const struct edge_stream *s,
                                      const struct cw_s2s_action *action,
                                      struct cw_failure_gaps *gaps)
{
    const struct edge_trace *t = &s->trace;
    bool is_inbound = s->direction == CW_INBOUND;
    gaps->detail = action->text;
    switch ((int)action->stream_error) {
    case CW_STREAM_CONNECTION_TIMEOUT:
        gaps->detail = cw_buf_str(&t->detail);
        return is_dialback_pending(s) ? CW_FAIL_DIALBACK_TIMEOUT
               : !t->has_header       ? CW_FAIL_SILENT_PEER
               : t->noted             ? t->noted
                                      : CW_FAIL_ESTABLISHMENT_TIMEOUT;
    case CW_STREAM_HOST_UNKNOWN:
    case CW_STREAM_HOST_GONE:
        gaps->detail = CW_STR_NONE;
        return CW_FAIL_NOT_OUR_DOMAIN;
    case CW_STREAM_POLICY_VIOLATION:
        if (is_inbound && !cw_str_is_present(edge_stream_remote(s)))
            return CW_FAIL_STRANGER;
        if (t->noted) {
            gaps->detail = cw_buf_str(&t->detail);
            return t->noted;
        }
        break;
    case CW_STREAM_RESET:
        return CW_FAIL_POLICY_CHANGED;
    case CW_STREAM_RESOURCE_CONSTRAINT:
        return CW_FAIL_TOO_MANY_STREAMS;
    case CW_STREAM_SYSTEM_SHUTDOWN:
        return CW_FAIL_SHUTDOWN;
    default:
        break;
    }
    if (t->has_header)
        return CW_FAIL_PROTOCOL;
    return is_tls_record(t->first_octet) ? CW_FAIL_TLS_ON_PLAIN_PORT : CW_FAIL_NOT_XMPP;
}

/* Nobody said why. */
static enum cw_failure why_silent(const struct edge_stream *s, bool by_peer,
                                  struct cw_failure_gaps *gaps)
{
    const struct edge_trace *t = &s->trace;
    bool was_ready = t->attempt && edge_attempt_result(t->attempt) == EDGE_ATTEMPT_READY;
    if (was_ready && t->is_lost) {
        gaps->detail = t->lost_text;
        return CW_FAIL_CONNECTION_LOST;
    }
    if (was_ready)
        return by_peer ? CW_FAIL_CLOSED_BY_PARTNER : CW_FAIL_INACTIVITY;
    /* Who hangs up when TLS is asked for may as well have lost the line. */
    if (!t->noted || (t->noted == CW_FAIL_STARTTLS_REFUSED && t->is_lost)) {
        gaps->detail = t->lost_text;
        return CW_FAIL_CLOSED_WITHOUT_WORD;
    }
    gaps->detail = cw_buf_str(&t->detail);
    return t->noted;
}

/* It was refused, or offered nothing that it could use: what it says to that tells less. */
static bool is_an_answer(const struct edge_stream *s, const struct cw_s2s_action *action)
{
    const struct edge_trace *t = &s->trace;
    return s->direction == CW_INBOUND && action->has_error && action->by_peer && t->noted &&
           t->attempt && edge_attempt_result(t->attempt) == EDGE_ATTEMPT_PENDING &&
           action->stream_error != CW_STREAM_SYSTEM_SHUTDOWN &&
           action->stream_error != CW_STREAM_RESOURCE_CONSTRAINT;
}

enum cw_failure edge_trace_why(struct edge_stream *s, const struct cw_s2s_action *action,
                               struct cw_failure_gaps *gaps)
{
    const struct edge_trace *t = &s->trace;
    *gaps = (struct cw_failure_gaps){
        .domain = edge_stream_remote(s), .local = s->local, .address = t->address};
    if (t->cause != CW_FAIL_NONE)
        return t->cause;
    if (action->reason != CW_REASON_NONE)
        return why_refused(s, action, gaps);
    /* What it answers to a <starttls/> that it does not know tells less than that. */
    if (t->noted == CW_FAIL_STARTTLS_NOT_OFFERED)
        return t->noted;
    if (is_an_answer(s, action))
        return why_silent(s, true, gaps);
    if (action->has_error)
        return action->by_peer ? why_error_came(s, action->stream_error, gaps)
                               : why_error_sent(s, action, gaps);
    return why_silent(s, action->by_peer, gaps);
}
