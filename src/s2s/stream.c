/* The stream machine's life: events in, the one place that changes state, and the answers to
 * "who is proven here?".  The map of its files and states is stream_priv.h. */
#include "s2s/stream_priv.h"

const char *cw_s2s_name_of_state(enum cw_s2s_state state)
{
    static const char *const names[] = {
        [CW_S2S_NEW] = "new",           [CW_S2S_HEADER] = "header",
        [CW_S2S_FEATURES] = "features", [CW_S2S_PROCEED] = "proceed",
        [CW_S2S_TLS] = "tls",           [CW_S2S_AUTH] = "auth",
        [CW_S2S_DIALBACK] = "dialback", [CW_S2S_VERIFYING] = "verifying",
        [CW_S2S_OPEN] = "open",         [CW_S2S_READY] = "ready",
        [CW_S2S_CLOSING] = "closing",   [CW_S2S_CLOSED] = "closed",
        [CW_S2S_PROVING] = "proving",
    };

    return names[state];
}

void cw_s2s_set_state(struct cw_s2s *s, enum cw_s2s_state state)
{
    struct cw_str way;

    if (s->state == state)
        return;
    way = cw_arena_printf(&s->step, "%s -> %s", cw_s2s_name_of_state(s->state),
                          cw_s2s_name_of_state(state));
    s->state = state;
    cw_s2s_note(s, "state", way.p);
}

const struct cw_partner *cw_s2s_partner(const struct cw_s2s *s)
{
    return cw_str_is_present(s->remote) ? cw_policy_partner(s->policy, s->remote) : NULL;
}

struct cw_verdict cw_s2s_ask_policy(const struct cw_s2s *s, const struct cw_s2s_pair *pair)
{
    struct cw_str remote = pair ? pair->remote : s->remote;
    const struct cw_partner *partner = cw_policy_partner(s->policy, remote);
    struct cw_facts facts = s->facts;

    if (!partner)
        return (struct cw_verdict){.action = CW_NEGO_REFUSE, .reason = CW_REASON_NOTHING_OFFERED};
    if (pair) {
        facts.dialback = pair->dialback;
        /* The certificate was held against the header's name: it stands in for no other. */
        if (!cw_str_eq(pair->remote, s->remote) || !cw_str_eq(pair->local, s->local)) {
            facts.cert = facts.cert == CW_CERT_NONE ? CW_CERT_NONE : CW_CERT_WRONG_NAME;
            facts.sasl = CW_SASL_NONE;
        }
    }
    return cw_nego_decide(&partner->rules, &facts);
}

/* --- life --- */

struct cw_s2s *cw_s2s_new(const struct cw_s2s_config *config)
{
    struct cw_s2s *s = cw_alloc(sizeof *s);

    s->config = *config;
    s->policy = cw_policy_ref(config->policy);
    s->facts.direction = config->direction;
    if (config->direction == CW_OUTBOUND) {
        s->local = cw_arena_dup(&s->session, config->local);
        s->remote = cw_arena_dup(&s->session, config->remote);
        cw_s2s_pair_add(s, s->local, s->remote);
    }
    return s;
}

void cw_s2s_free(struct cw_s2s **stream)
{
    struct cw_s2s *s = *stream;

    *stream = NULL;
    if (!s)
        return;
    cw_s2s_pairs_clear(s);
    while (s->verifies) {
        struct cw_s2s_verify *v = s->verifies;

        s->verifies = v->next;
        cw_arena_free(&v->arena);
        cw_free(v);
    }
    cw_xml_reader_free(&s->reader);
    cw_buf_free(&s->held);
    cw_policy_unref(&s->policy);
    cw_arena_free(&s->session);
    cw_arena_free(&s->step);
    cw_arena_free(&s->stanza[0]);
    cw_arena_free(&s->stanza[1]);
    cw_free(s->actions);
    cw_free(s);
}

/* --- events --- */

static void on_opened(struct cw_s2s *s, const struct cw_s2s_event *e)
{
    if (s->state != CW_S2S_NEW)
        return;
    s->opened_ms = s->active_ms = s->now_ms;
    if (e->cert)
        cw_s2s_begin_over_tls(s, e);
    else
        cw_s2s_begin(s);
}

static void on_send(struct cw_s2s *s, const struct cw_s2s_event *e)
{
    struct cw_str local = cw_str_is_present(e->local) ? e->local : s->local;
    struct cw_str remote = cw_str_is_present(e->remote) ? e->remote : s->remote;

    if (!cw_s2s_may_send(s, local, remote))
        return;
    s->active_ms = s->now_ms;
    cw_s2s_send(s, e->stanza);
}

static void close_gently(struct cw_s2s *s, struct cw_str text)
{
    cw_s2s_close_gently(s, CW_REASON_NONE, text, false);
    cw_s2s_read_held(s); /* its goodbye may have come already */
}

static void on_close(struct cw_s2s *s, const struct cw_s2s_event *e)
{
    if (s->state == CW_S2S_NEW || s->state == CW_S2S_TLS ||
        (s->state == CW_S2S_CLOSING && e->has_error))
        cw_s2s_end(s, &(struct cw_s2s_end){.text = e->text});
    else if (e->has_error)
        cw_s2s_fail(s, e->stream_error, cw_arena_dup(&s->step, e->text).p);
    else
        close_gently(s, e->text);
}

static void on_eof(struct cw_s2s *s, struct cw_str why)
{
    bool by_peer = s->state != CW_S2S_NEW; /* else nobody was there */

    s->eof = true;
    cw_s2s_end(s, &(struct cw_s2s_end){.by_peer = by_peer, .text = why});
}

/* --- the step --- */

static void take_event(struct cw_s2s *s, const struct cw_s2s_event *e)
{
    switch (e->kind) {
    case CW_S2S_OPENED:
        on_opened(s, e);
        break;
    case CW_S2S_BYTES:
        s->no_handshake = e->no_handshake;
        cw_s2s_read(s, e->bytes);
        break;
    case CW_S2S_TLS_UP:
        if (s->state == CW_S2S_TLS)
            cw_s2s_begin_over_tls(s, e);
        break;
    case CW_S2S_TLS_FAILED:
        cw_s2s_tls_failed(s, e->text);
        break;
    case CW_S2S_PROVEN:
        cw_s2s_on_proven(s, e->cert);
        break;
    case CW_S2S_DIALBACK_ANSWER:
        cw_s2s_on_dialback_answer(s, &e->dialback);
        break;
    case CW_S2S_VERIFY:
        cw_s2s_verify_add(s, &e->dialback);
        break;
    case CW_S2S_SEND:
        on_send(s, e);
        break;
    case CW_S2S_ADD_PAIR:
        cw_s2s_add_pair(s, e->local, e->remote);
        break;
    case CW_S2S_POLICY:
        cw_s2s_on_policy(s, e->policy);
        break;
    case CW_S2S_TIMER:
        cw_s2s_on_timer(s);
        break;
    case CW_S2S_CLOSE:
        on_close(s, e);
        break;
    case CW_S2S_EOF:
        on_eof(s, e->text);
        break;
    }
}

void cw_s2s_step(struct cw_s2s *s, const struct cw_s2s_event *e, struct cw_s2s_actions *out)
{
    cw_arena_reset(&s->step);
    cw_arena_reset(&s->stanza[!s->stanza_at]);
    s->stanza_flipped = false;
    s->n_actions = 0;
    s->now_ms = e->now_ms;
    if (s->state != CW_S2S_CLOSED)
        take_event(s, e);
    *out = (struct cw_s2s_actions){.items = s->actions, .n = s->n_actions};
}

/* --- questions --- */

const char *cw_s2s_state_name(const struct cw_s2s *s)
{
    return cw_s2s_name_of_state(s->state);
}

unsigned cw_s2s_n_refused(const struct cw_s2s *s)
{
    return s->config.direction == CW_INBOUND ? s->n_refused : 0;
}

struct cw_str cw_s2s_stream_id(const struct cw_s2s *s)
{
    return s->id;
}

const struct cw_facts *cw_s2s_facts(const struct cw_s2s *s)
{
    return &s->facts;
}

const struct cw_cert *cw_s2s_cert(const struct cw_s2s *s)
{
    return &s->cert;
}

struct cw_str cw_s2s_remote(const struct cw_s2s *s)
{
    return s->remote;
}

struct cw_str cw_s2s_claimed_from(const struct cw_s2s *s)
{
    return s->claimed_from;
}

struct cw_str cw_s2s_claimed_to(const struct cw_s2s *s)
{
    return s->claimed_to;
}
