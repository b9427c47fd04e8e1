/* What is asserted of the stream machine, whatever its peer and its owner do:
 *
 * - nothing follows CLOSE, and every end has a sentence;
 * - a stanza passes only for a pair that is READY, between the pair's domains; on a stream of ours
 *   only where the peer's certificate stands for the sender's domain;
 * - READY comes only by a method that the settings allow, on a channel that is worth it;
 * - what we send is one well-formed XML stream, whatever the peer made us repeat, and nothing is
 *   sent during a handshake;
 * - while the owner is asked about a certificate nothing is read, and it is asked once;
 * - each question to an authority gets one answer, and so does each pair that was added; the
 *   header's pair fails at most once;
 * - a note is one line. */
#include "stream_world_priv.h"

#include "xmpp/jid.h"
#include "xmpp/ns.h"

/* --- what the peer sees --- */

static void restart_sent(struct world *w)
{
    cw_xml_reader_free(&w->sent);
    cw_arena_reset(&w->sent_arena);
    w->sent = cw_xml_reader_new(&CW_XML_LIMITS_DEFAULT);
}

static void check_sent(struct world *w, struct cw_str bytes)
{
    struct cw_xml *node;
    unsigned n = 0;

    cw_assert(!w->in_handshake && bytes.n > 0);
    if (cw_str_starts(bytes, CW_S("<?xml")))
        restart_sent(w);
    cw_assert(w->sent != NULL);
    cw_xml_reader_feed(w->sent, bytes);
    for (;;) {
        enum cw_xml_event event = cw_xml_reader_next(w->sent, &w->sent_arena, &node);

        cw_assert(event != CW_XML_BROKEN);
        if (event == CW_XML_MORE || event == CW_XML_STREAM_CLOSE)
            break;
        n++;
    }
    cw_assert(n <= 1); /* one thing at a time: nothing was smuggled into it */
}

/* --- what must hold for an action --- */

bool world_is_one_of(const struct domains *list, size_t n, struct cw_str local,
                     struct cw_str remote)
{
    for (size_t i = 0; i < n; i++)
        if (cw_str_eq(list[i].local, local) && cw_str_eq(list[i].remote, remote))
            return true;
    return false;
}

static bool is_ready(const struct world *w, struct cw_str local, struct cw_str remote)
{
    return world_is_one_of(w->ready, w->n_ready, local, remote);
}

static bool is_headers(const struct cw_s2s_action *a)
{
    return cw_str_eq_cstr(a->local, "contoso.test") && cw_str_eq_cstr(a->remote, "fabrikam.test");
}

/* Outbound: a pair that was added has its answer; false: none was asked for. */
static bool settle_added(struct world *w, const struct cw_s2s_action *a)
{
    for (size_t i = 0; i < w->n_added; i++)
        if (cw_str_eq(w->added[i].local, a->local) && cw_str_eq(w->added[i].remote, a->remote)) {
            w->added[i] = w->added[--w->n_added];
            return true;
        }
    return false;
}

static void check_method(const struct world *w, const struct cw_s2s_action *a)
{
    const struct cw_partner *partner = cw_policy_partner(w->policy, a->remote);
    struct cw_nego_row row;
    bool allowed = false;

    cw_assert(partner != NULL);
    row = cw_nego_row(&partner->rules);
    for (size_t i = 0; i < row.n_methods; i++)
        allowed = allowed || row.methods[i] == a->method;
    cw_assert(allowed);
    cw_assert(w->has_tls == (a->method != CW_METHOD_TCP_DIALBACK));
    if (a->method == CW_METHOD_SASL_EXTERNAL)
        cw_assert(cw_cert_judge(&w->cert, a->remote) == CW_CERT_GOOD);
    if (w->direction == CW_INBOUND)
        cw_assert(cw_policy_is_local(w->policy, a->local));
}

static void on_ready(struct world *w, const struct cw_s2s_action *a)
{
    check_method(w, a);
    cw_assert(w->n_ready < MAX_READY && !w->verify_only);
    cw_assert(w->direction == CW_INBOUND || settle_added(w, a) || is_headers(a));
    cw_assert(cw_s2s_method(w->stream) != CW_METHOD_NONE || w->is_closed);
    w->ready[w->n_ready++] = (struct domains){.local = cw_arena_dup(&w->arena, a->local),
                                              .remote = cw_arena_dup(&w->arena, a->remote)};
}

static void check_domain(struct cw_arena *a, struct cw_str address, struct cw_str domain)
{
    struct cw_jid jid;
    struct cw_str ascii;

    cw_assert(cw_jid_parse(a, address, &jid) == CW_JID_OK);
    cw_assert(cw_str_eq(cw_jid_str(a, &jid), address));
    cw_assert(cw_domain_to_ascii(a, jid.domain, &ascii) && cw_str_eq(ascii, domain));
}

/* On a stream of ours nobody but the holder of a good certificate may speak for a partner. */
static void check_stranger(const struct world *w, const struct cw_s2s_action *a)
{
    const struct cw_partner *partner = cw_policy_partner(w->policy, a->remote);

    cw_assert(w->bidi && w->has_tls && cw_s2s_is_bidi(w->stream));
    cw_assert(cw_cert_judge(&w->cert, a->remote) == CW_CERT_GOOD);
    cw_assert(partner && partner->rules.sasl != CW_NOT_SUPPORTED);
}

static void on_stanza(struct world *w, const struct cw_s2s_action *a)
{
    struct cw_arena arena = {0};

    cw_assert(is_ready(w, a->local, a->remote));
    if (w->direction == CW_OUTBOUND)
        check_stranger(w, a);
    check_domain(&arena, cw_xml_attr(a->stanza, "from"), a->remote);
    check_domain(&arena, cw_xml_attr(a->stanza, "to"), a->local);
    cw_xml_write(&w->told, a->stanza, &(struct cw_xml_scope){.default_ns = CW_NS_SERVER});
    cw_arena_free(&arena);
}

static void on_ask(struct world *w, const struct cw_s2s_action *a)
{
    const struct cw_partner *partner = cw_policy_partner(w->policy, a->dialback.originating);

    cw_assert(w->direction == CW_INBOUND && partner && partner->rules.dialback);
    cw_assert(cw_policy_is_local(w->policy, a->dialback.receiving) && a->dialback.key.n > 0);
    w->asked =
        (struct cw_s2s_dialback){.originating = cw_arena_dup(&w->arena, a->dialback.originating),
                                 .receiving = cw_arena_dup(&w->arena, a->dialback.receiving),
                                 .id = cw_arena_dup(&w->arena, a->dialback.id)};
}

static void on_prove(struct world *w, const struct cw_s2s_action *a)
{
    cw_assert(w->proves && w->has_tls && w->cert.present && !w->verify_only && w->n_ready == 0);
    cw_assert(cw_policy_partner(w->policy, a->remote) && !cw_str_eq(w->proof_asked, a->remote));
    w->proof_asked = cw_arena_dup(&w->arena, a->remote);
}

static void on_failed(struct world *w, const struct cw_s2s_action *a)
{
    cw_assert(w->direction == CW_OUTBOUND && a->text.n > 0);
    if (settle_added(w, a))
        return;
    cw_assert(is_headers(a) && !w->has_failed && w->n_ready == 0);
    w->has_failed = true;
}

static void on_close(struct world *w, const struct cw_s2s_action *a)
{
    cw_assert(a->text.n > 0);
    cw_assert(w->n_verified == w->n_verifies && w->n_added == 0);
    cw_assert(w->direction == CW_INBOUND || w->verify_only || w->n_ready > 0 || w->has_failed);
    w->is_closed = true;
}

/* Of two faults at once ("]]>" behind text in the stream) either may be told. */
static struct cw_str without_fault(struct cw_str bytes)
{
    bool is_either = cw_str_starts(bytes, CW_S("<stream:error><not-well-formed ")) ||
                     cw_str_starts(bytes, CW_S("<stream:error><bad-format "));

    return is_either ? CW_S("a stream error for broken XML") : bytes;
}

/* One line, whatever the peer said. */
static void check_note(const struct cw_s2s_action *a)
{
    cw_assert(a->bytes.n > 0);
    for (size_t i = 0; i < a->text.n; i++)
        cw_assert((unsigned char)a->text.p[i] >= 0x20 && a->text.p[i] != 0x7F);
}

void world_take_action(struct world *w, const struct cw_s2s_action *a)
{
    cw_assert(!w->is_closed);
    if (a->kind == CW_S2S_DO_NOTE) {
        check_note(a);
        return;
    }
    cw_buf_printf(&w->told, "%d %.*s ", (int)a->kind, CW_ARG(without_fault(a->bytes)));
    switch (a->kind) {
    case CW_S2S_DO_SEND:
        check_sent(w, a->bytes);
        break;
    case CW_S2S_DO_START_TLS:
        cw_assert(!w->has_tls && !w->in_handshake && w->n_ready == 0);
        w->in_handshake = true;
        break;
    case CW_S2S_DO_PROVE:
        on_prove(w, a);
        break;
    case CW_S2S_DO_ASK_AUTHORITY:
        on_ask(w, a);
        break;
    case CW_S2S_DO_VERIFY_ANSWER:
        cw_assert(++w->n_verified <= w->n_verifies);
        break;
    case CW_S2S_DO_READY:
        on_ready(w, a);
        break;
    case CW_S2S_DO_STANZA:
        on_stanza(w, a);
        break;
    case CW_S2S_DO_FAILED:
        on_failed(w, a);
        break;
    case CW_S2S_DO_CLOSE:
        on_close(w, a);
        break;
    case CW_S2S_DO_NOTE:
        break;
    }
    cw_buf_putc(&w->told, '\n');
}

void world_check_questions(const struct world *w)
{
    struct cw_s2s_pair_state pairs[CW_S2S_MAX_PAIRS];
    size_t n = cw_s2s_pairs(w->stream, pairs, CW_S2S_MAX_PAIRS);

    cw_assert(n <= CW_S2S_MAX_PAIRS && (!cw_s2s_is_bidi(w->stream) || w->bidi));
    for (size_t i = 0; i < n; i++) {
        struct cw_str local = pairs[i].local, remote = pairs[i].remote;

        cw_assert(!pairs[i].is_ready || is_ready(w, local, remote));
        cw_assert(!cw_s2s_may_add_pair(w->stream, local, remote));
        if (cw_s2s_may_send(w->stream, local, remote))
            cw_assert(cw_s2s_is_ready(w->stream, local, remote) &&
                      (w->direction == CW_OUTBOUND || cw_s2s_is_bidi(w->stream)));
    }
}
