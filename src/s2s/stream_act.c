/* What the machine asks for, what it sends, and every way in which a stream ends.  Outbound, the
 * end before READY is told as FAILED first; questions to the authority that are still open are
 * answered with an error; CLOSE is always the last action. */
#include "s2s/stream_priv.h"

struct cw_s2s_action *cw_s2s_act(struct cw_s2s *s, enum cw_s2s_action_kind kind)
{
    if (s->n_actions == s->max_actions) {
        s->max_actions = s->max_actions ? s->max_actions * 2 : 2;
        s->actions = cw_realloc(s->actions, s->max_actions * sizeof *s->actions);
    }
    s->actions[s->n_actions] = (struct cw_s2s_action){.kind = kind};
    return &s->actions[s->n_actions++];
}

static void send_bytes(struct cw_s2s *s, struct cw_str bytes)
{
    cw_s2s_act(s, CW_S2S_DO_SEND)->bytes = cw_arena_dup(&s->step, bytes);
}

struct cw_xml *cw_s2s_make(struct cw_s2s *s, struct cw_str ns, const char *name)
{
    return cw_xml_new(&s->step, ns, name);
}

void cw_s2s_send(struct cw_s2s *s, const struct cw_xml *node)
{
    const struct cw_xml_scope scope = {
        .default_ns = CW_NS_SERVER, .stream_prefix = true, .db_prefix = s->declares_db};
    struct cw_buf b = {0};

    cw_xml_write(&b, node, &scope);
    send_bytes(s, cw_buf_str(&b));
    cw_buf_free(&b);
}

/* The names in our header: the pair, as far as it is known. */
static void name_header(struct cw_s2s *s, struct cw_stream_header *h)
{
    struct cw_str local = s->local;

    if (!cw_str_is_present(local) && s->policy->n_local_domains > 0)
        local = s->policy->local_domains[0];
    if (cw_str_is_present(local))
        h->from = cw_s2s_wire_form(&s->step, local);
    if (cw_str_is_present(s->remote))
        h->to = cw_s2s_wire_form(&s->step, s->remote);
}

void cw_s2s_send_header(struct cw_s2s *s)
{
    const struct cw_partner *partner = cw_s2s_partner(s);
    struct cw_stream_header h = {.default_ns = CW_NS_SERVER, .lang = CW_S("en")};
    struct cw_buf b = {0};

    if (s->config.direction == CW_INBOUND) {
        char id[33] = "";

        s->config.new_stream_id(s->config.arg, id);
        s->id = cw_arena_dup(&s->session, cw_str_of(id));
        h.id = s->id;
    }
    name_header(s, &h);
    /* To a peer older than 1.0 we are no newer (RFC 6120 section 4.7.5). */
    h.before_1_0 = s->config.direction == CW_INBOUND && s->is_before_1_0;
    s->declares_db = !partner || partner->rules.dialback;
    h.declares_db = s->declares_db;
    cw_stream_header_write(&b, &h);
    send_bytes(s, cw_buf_str(&b));
    cw_buf_free(&b);
    s->header_sent = true;
}

/* --- ends --- */

static void tell_failure(struct cw_s2s *s, const struct cw_s2s_end *end)
{
    struct cw_s2s_action *a;

    if (s->config.direction == CW_INBOUND || s->config.verify_only || s->was_ready ||
        s->failure_told)
        return;
    s->failure_told = true;
    a = cw_s2s_act(s, CW_S2S_DO_FAILED);
    a->local = s->local;
    a->remote = s->remote;
    a->reason = end->reason;
    a->has_error = end->has_error;
    a->by_peer = end->by_peer;
    a->stream_error = end->error;
    a->text = end->text;
}

void cw_s2s_end(struct cw_s2s *s, const struct cw_s2s_end *end)
{
    struct cw_s2s_end kept = *end;
    struct cw_s2s_action *a;

    if (s->state == CW_S2S_CLOSING) { /* why it began to close says more than how it ended */
        kept.by_peer = s->closing_by_peer || (kept.has_error && kept.by_peer);
        kept.reason = s->closing_reason;
        kept.text = s->closing_text;
    }
    if (s->is_parting) {
        kept.has_error = true;
        kept.by_peer = false;
        kept.error = s->closing_error;
    }
    kept.text = cw_arena_dup(&s->step, kept.text);
    cw_s2s_added_fail_all(s, &kept);
    cw_s2s_verify_fail_all(s, kept.has_error && kept.error == CW_STREAM_HOST_UNKNOWN
                                  ? CW_STANZA_REMOTE_SERVER_NOT_FOUND
                                  : cw_s2s_verify_silence(s));
    tell_failure(s, &kept);
    cw_s2s_set_state(s, CW_S2S_CLOSED);
    cw_xml_reader_free(&s->reader);
    a = cw_s2s_act(s, CW_S2S_DO_CLOSE);
    a->reason = kept.reason;
    a->has_error = kept.has_error;
    a->by_peer = kept.by_peer;
    a->stream_error = kept.error;
    a->text = kept.text;
}

/* In these states what we write is read by the peer as XML. */
static bool can_speak(const struct cw_s2s *s)
{
    return !s->eof && s->state != CW_S2S_NEW && s->state != CW_S2S_TLS &&
           s->state != CW_S2S_CLOSING && s->state != CW_S2S_CLOSED;
}

/* Errors of one who has no right to be here, or does not speak XMPP: not our limits, not the
 * time, not what an honest peer may not know. */
static bool is_offence(enum cw_stream_error error)
{
    static const bool offences[] = {
        [CW_STREAM_BAD_FORMAT] = true,      [CW_STREAM_BAD_NAMESPACE_PREFIX] = true,
        [CW_STREAM_INVALID_FROM] = true,    [CW_STREAM_INVALID_NAMESPACE] = true,
        [CW_STREAM_INVALID_XML] = true,     [CW_STREAM_NOT_AUTHORIZED] = true,
        [CW_STREAM_NOT_WELL_FORMED] = true, [CW_STREAM_POLICY_VIOLATION] = true,
        [CW_STREAM_RESTRICTED_XML] = true,  [CW_STREAM_UNSUPPORTED_ENCODING] = true,
    };

    return (size_t)error < sizeof offences / sizeof offences[0] && offences[error];
}

static void say_error(struct cw_s2s *s, const struct cw_s2s_end *end)
{
    cw_s2s_note_error(s, "error-sent", end->error, end->text);
    if (!s->header_sent)
        cw_s2s_send_header(s);
    cw_s2s_send(s, cw_stream_error_make(&s->step, end->error, end->text.p));
    send_bytes(s, CW_S("</stream:stream>"));
}

static void end_with_error(struct cw_s2s *s, const struct cw_s2s_end *end)
{
    if (!s->was_ready && is_offence(end->error))
        s->n_refused++;
    if (can_speak(s))
        say_error(s, end);
    cw_s2s_end(s, end);
}

void cw_s2s_fail(struct cw_s2s *s, enum cw_stream_error error, const char *text)
{
    end_with_error(
        s, &(struct cw_s2s_end){.has_error = true, .error = error, .text = cw_str_of(text)});
}

/* Where the peer has spoken the last word there is no error of ours to tell. */
static bool is_peers_refusal(enum cw_nego_reason reason)
{
    return reason == CW_REASON_EXTERNAL_REFUSED || reason == CW_REASON_DIALBACK_INVALID ||
           reason == CW_REASON_DIALBACK_ERROR;
}

void cw_s2s_refuse(struct cw_s2s *s, enum cw_nego_reason reason)
{
    const struct cw_s2s_end end = {.has_error = true,
                                   .error = CW_STREAM_POLICY_VIOLATION,
                                   .reason = reason,
                                   .text = cw_str_of(cw_nego_reason_text(reason))};

    if (is_peers_refusal(reason))
        cw_s2s_close_gently(s, reason, end.text, s->is_refused_by_peer);
    else
        end_with_error(s, &end);
}

void cw_s2s_close_gently(struct cw_s2s *s, enum cw_nego_reason reason, struct cw_str text,
                         bool by_peer)
{
    const struct cw_s2s_end end = {
        .reason = reason, .by_peer = by_peer, .text = cw_arena_dup(&s->step, text)};

    if (s->state == CW_S2S_CLOSING || s->state == CW_S2S_CLOSED)
        return;
    if (!s->header_sent)
        cw_s2s_send_header(s);
    send_bytes(s, CW_S("</stream:stream>"));
    cw_s2s_added_fail_all(s, &end);
    cw_s2s_verify_fail_all(s, CW_STANZA_REMOTE_SERVER_TIMEOUT);
    tell_failure(s, &end);
    s->closing_ms = s->now_ms;
    s->closing_reason = reason;
    s->closing_by_peer = by_peer;
    s->closing_text = cw_arena_dup(&s->session, text);
    cw_s2s_set_state(s, CW_S2S_CLOSING);
}

void cw_s2s_part(struct cw_s2s *s, enum cw_stream_error error, const char *text)
{
    const struct cw_s2s_end end = {.has_error = true, .error = error, .text = cw_str_of(text)};

    if (s->config.direction != CW_INBOUND || s->state != CW_S2S_READY) {
        end_with_error(s, &end);
        return;
    }
    say_error(s, &end);
    s->is_parting = true;
    s->closing_error = error;
    s->closing_ms = s->now_ms;
    s->closing_text = cw_arena_dup(&s->session, end.text);
    cw_s2s_set_state(s, CW_S2S_CLOSING);
}

void cw_s2s_tls_failed(struct cw_s2s *s, struct cw_str why)
{
    struct cw_str text = cw_arena_printf(&s->step, "%s (%.*s)",
                                         cw_nego_reason_text(CW_REASON_TLS_FAILED), CW_ARG(why));

    cw_s2s_end(s, &(struct cw_s2s_end){.reason = CW_REASON_TLS_FAILED, .text = text});
}
