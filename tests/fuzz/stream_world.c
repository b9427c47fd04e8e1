/* See stream_world.h.  What is asserted:
 *
 * - nothing follows CLOSE, and every end has a sentence;
 * - a stanza passes only inbound and only for a pair that is READY, between the pair's domains;
 * - READY comes only by a method that the settings allow, on a channel that is worth it;
 * - what we send is one well-formed XML stream, whatever the peer made us repeat, and nothing is
 *   sent during a handshake;
 * - each question to an authority gets one answer; a pair fails at most once;
 * - a timer that fires at its deadline moves the deadline: nobody spins. */
#include "stream_world.h"

#include "fuzz.h"
#include "policy/settings.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"

#include <stdio.h>

#define HEADER                                                   \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' " \
    "xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' "

enum { MAX_EVENTS = 64, MAX_READY = 64 };

struct ready {
    struct cw_str local, remote; /* A-labels */
};

struct world {
    struct cw_arena arena;
    size_t piece_bytes; /* in which the peer's bytes come; 0: as they stand */
    enum cw_direction direction;
    bool verify_only;
    struct cw_policy *policy;
    struct cw_s2s *stream;
    uint64_t now_ms;
    unsigned n_ids, n_events;

    struct cw_buf told;         /* the actions as text, to compare the two runs */
    struct cw_xml_reader *sent; /* reads what we send, as the peer would */
    struct cw_arena sent_arena;
    struct ready ready[MAX_READY];
    size_t n_ready;
    struct cw_s2s_dialback asked; /* the last question to an authority */
    struct cw_cert cert;          /* of the handshake that is up */
    size_t n_verifies, n_verified;
    bool in_handshake, has_tls, is_closed, has_failed;
};

/* --- the policy --- */

static enum cw_requirement requirement_of(char c)
{
    return c == 'R' ? CW_REQUIRED : c == 'O' ? CW_OPTIONAL : CW_NOT_SUPPORTED;
}

static void fill_partner(struct cw_policy *p, struct cw_str rules)
{
    struct cw_partner *partner = cw_arena_alloc(&p->arena, sizeof *partner);

    *partner = CW_PARTNER_DEFAULT;
    partner->domain = CW_S("fabrikam.test");
    partner->additional = cw_arena_alloc(&p->arena, sizeof *partner->additional);
    partner->additional[0] = CW_S("xn--bcher-kva.test");
    partner->n_additional = 1;
    partner->rules = (struct cw_rules){.tls = requirement_of(rules.n > 0 ? rules.p[0] : 'R'),
                                       .sasl = requirement_of(rules.n > 1 ? rules.p[1] : 'R'),
                                       .dialback = rules.n > 2 && rules.p[2] == 'y'};
    p->partners = partner;
    p->n_partners = 1;
}

static struct cw_policy *make_policy(struct cw_str rules)
{
    struct cw_policy *p = cw_policy_new();

    cw_settings_defaults(&p->arena, &p->settings);
    p->settings.dialback_secret = CW_S("s3cr3tf0rd14lb4cks3cr3tf0rd14lb4ck");
    p->local_domains = cw_arena_alloc(&p->arena, 2 * sizeof *p->local_domains);
    p->local_domains[0] = CW_S("contoso.test");
    p->local_domains[1] = CW_S("chat.contoso.test");
    p->n_local_domains = cw_str_eq_cstr(rules, "l") ? 0 : 2;
    if (!cw_str_eq_cstr(rules, "-"))
        fill_partner(p, rules);
    cw_policy_index(p);
    return p;
}

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

static bool is_ready(const struct world *w, struct cw_str local, struct cw_str remote)
{
    for (size_t i = 0; i < w->n_ready; i++)
        if (cw_str_eq(w->ready[i].local, local) && cw_str_eq(w->ready[i].remote, remote))
            return true;
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
    cw_assert(cw_s2s_method(w->stream) != CW_METHOD_NONE || w->is_closed);
    w->ready[w->n_ready++] = (struct ready){.local = cw_arena_dup(&w->arena, a->local),
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

static void on_stanza(struct world *w, const struct cw_s2s_action *a)
{
    struct cw_arena arena = {0};

    cw_assert(w->direction == CW_INBOUND && is_ready(w, a->local, a->remote));
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

static void on_close(struct world *w, const struct cw_s2s_action *a)
{
    cw_assert(a->text.n > 0);
    cw_assert(w->n_verified == w->n_verifies);
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

static void take_action(struct world *w, const struct cw_s2s_action *a)
{
    cw_assert(!w->is_closed);
    if (a->kind == CW_S2S_DO_NOTE)
        return;
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
        cw_assert(w->direction == CW_OUTBOUND && !w->has_failed && w->n_ready == 0);
        cw_assert(a->text.n > 0);
        w->has_failed = true;
        break;
    case CW_S2S_DO_CLOSE:
        on_close(w, a);
        break;
    case CW_S2S_DO_NOTE:
        break;
    }
    cw_buf_putc(&w->told, '\n');
}

static void step(struct world *w, struct cw_s2s_event e)
{
    struct cw_s2s_actions actions;

    e.now_ms = w->now_ms;
    cw_s2s_step(w->stream, &e, &actions);
    for (size_t i = 0; i < actions.n; i++)
        take_action(w, &actions.items[i]);
    cw_assert(!w->is_closed || cw_s2s_deadline_ms(w->stream) == 0);
}

/* --- events from lines --- */

static void on_bytes(void *arg, struct cw_str piece)
{
    step(arg, (struct cw_s2s_event){.kind = CW_S2S_BYTES, .bytes = piece});
}

static void receive(struct world *w, struct cw_str bytes)
{
    fuzz_feed(bytes, w->piece_bytes, on_bytes, w);
}

static void tls_up(struct world *w, struct cw_str spec)
{
    const struct cw_str types = CW_STR("DSXC");
    char chain = spec.n > 0 ? spec.p[0] : 'n';
    struct cw_cert_name *names = cw_arena_alloc(&w->arena, 8 * sizeof *names);
    struct cw_cert cert = {.present = chain != 'n',
                           .chain_ok = chain == 'g',
                           .chain_reason = CW_STR("self-signed"),
                           .names = names};
    struct cw_str name;

    if (!w->in_handshake)
        return;
    spec = cw_str_sub(spec, 1, spec.n);
    while (cert.n_names < 8 && fuzz_part(&spec, ',', &name)) {
        ptrdiff_t type = name.n > 0 ? cw_str_index(types, name.p[0]) : -1;

        if (type >= 0)
            names[cert.n_names++] = (struct cw_cert_name){.type = (enum cw_cert_name_type)type,
                                                          .value = cw_str_sub(name, 1, name.n)};
    }
    w->in_handshake = false;
    w->has_tls = true;
    w->cert = cert;
    step(w, (struct cw_s2s_event){.kind = CW_S2S_TLS_UP, .cert = &cert});
}

static enum cw_dialback_state answer_of(struct cw_str text)
{
    char c = text.n > 0 ? text.p[0] : 'e';

    return c == 'v' ? CW_DIALBACK_VALID : c == 'i' ? CW_DIALBACK_INVALID : CW_DIALBACK_ERROR;
}

static void authority_answers(struct world *w, struct cw_str text, struct cw_str id)
{
    struct cw_s2s_dialback d = w->asked;

    d.id = id;
    d.state = answer_of(text);
    d.condition = CW_STANZA_REMOTE_SERVER_NOT_FOUND;
    step(w, (struct cw_s2s_event){.kind = CW_S2S_DIALBACK_ANSWER, .dialback = d});
}

static void verify(struct world *w, struct cw_str key)
{
    struct cw_str id = CW_STR("");

    fuzz_part(&key, ' ', &id);
    if (!w->is_closed)
        w->n_verifies++;
    step(w, (struct cw_s2s_event){.kind = CW_S2S_VERIFY,
                                  .dialback = {.originating = CW_STR("fabrikam.test"),
                                               .receiving = CW_STR("contoso.test"),
                                               .id = id,
                                               .key = key}});
}

static void send(struct world *w)
{
    struct cw_arena a = {0};
    struct cw_xml *message = cw_xml_new(&a, CW_NS_SERVER, "message");

    cw_xml_set(&a, message, "from", CW_S("alice@contoso.test"));
    cw_xml_set(&a, message, "to", CW_S("juliet@fabrikam.test"));
    /* The caller's rule: only for a pair that is ready. */
    if (cw_s2s_is_ready(w->stream, CW_S("contoso.test"), CW_S("fabrikam.test")))
        step(w, (struct cw_s2s_event){.kind = CW_S2S_SEND, .stanza = message});
    cw_arena_free(&a);
}

static void change_policy(struct world *w, struct cw_str rules)
{
    cw_policy_unref(&w->policy);
    w->policy = make_policy(rules);
    step(w, (struct cw_s2s_event){.kind = CW_S2S_POLICY, .policy = w->policy});
}

static void deadline_comes(struct world *w)
{
    uint64_t deadline_ms = cw_s2s_deadline_ms(w->stream), next_ms;

    if (deadline_ms == 0)
        return;
    w->now_ms = deadline_ms > w->now_ms ? deadline_ms : w->now_ms;
    step(w, (struct cw_s2s_event){.kind = CW_S2S_TIMER});
    next_ms = cw_s2s_deadline_ms(w->stream);
    cw_assert(next_ms == 0 || next_ms > w->now_ms);
}

static void time_passes(struct world *w, struct cw_str seconds)
{
    uint64_t s = 0;

    if (!cw_str_to_u64(cw_str_sub(seconds, 0, 4), &s))
        return;
    w->now_ms += s * 1000;
    if (cw_s2s_deadline_ms(w->stream) && cw_s2s_deadline_ms(w->stream) <= w->now_ms)
        deadline_comes(w);
}

static void header(struct world *w, const char *rest)
{
    const char *id = w->direction == CW_OUTBOUND ? " id='peer'" : "";

    receive(w, cw_arena_printf(&w->arena, "%s%s%s>", HEADER, rest, id));
}

#define ADDRESSES "from='fabrikam.test' to='contoso.test'"

static void take_line(struct world *w, struct cw_str line)
{
    struct cw_str rest = cw_str_sub(line, 1, line.n);

    switch (line.n > 0 ? line.p[0] : 0) {
    case '<':
        receive(w, line);
        break;
    case 'h':
        header(w, ADDRESSES " version='1.0'");
        break;
    case 'i':
        header(w, ADDRESSES);
        break;
    case 'j':
        header(w, "version='1.0'");
        break;
    case 't':
        tls_up(w, rest);
        break;
    case 'T':
        step(w, (struct cw_s2s_event){.kind = CW_S2S_TLS_FAILED, .text = CW_S("no handshake")});
        break;
    case 'a':
        authority_answers(w, rest, w->asked.id);
        break;
    case 'A':
        authority_answers(w, rest, cw_str_sub(rest, 1, rest.n));
        break;
    case 'v':
        verify(w, rest);
        break;
    case 's':
        send(w);
        break;
    case 'p':
        change_policy(w, rest);
        break;
    case 'w':
        time_passes(w, rest);
        break;
    case 'd':
        deadline_comes(w);
        break;
    case 'c':
    case 'C':
        step(w, (struct cw_s2s_event){.kind = CW_S2S_CLOSE,
                                      .has_error = line.p[0] == 'C',
                                      .stream_error = CW_STREAM_SYSTEM_SHUTDOWN,
                                      .text = CW_S("shutdown")});
        break;
    case 'e':
        step(w, (struct cw_s2s_event){.kind = CW_S2S_EOF, .text = CW_S("connection reset")});
        break;
    default:
        receive(w, line); /* white space, text, the rest of an element */
    }
}

/* --- a run --- */

static void new_stream_id(void *arg, char out[33])
{
    struct world *w = arg;

    snprintf(out, 33, "id-%u", ++w->n_ids);
}

static void take_lines(struct world *w, struct cw_str lines)
{
    struct cw_str line;

    while (w->n_events < MAX_EVENTS && fuzz_part(&lines, '\n', &line)) {
        w->n_events++;
        take_line(w, line);
    }
}

static struct cw_buf run(struct world *w, struct cw_str prelude, struct cw_str input)
{
    struct cw_str rules = CW_STR("");

    fuzz_part(&input, '\n', &rules);
    w->verify_only = w->direction == CW_OUTBOUND && cw_str_index(rules, 'v') >= 0;
    w->now_ms = 1000000;
    w->policy = make_policy(rules);
    w->stream = cw_s2s_new(&(struct cw_s2s_config){.direction = w->direction,
                                                   .policy = w->policy,
                                                   .local = CW_S("contoso.test"),
                                                   .remote = CW_S("fabrikam.test"),
                                                   .verify_only = w->verify_only,
                                                   .new_stream_id = new_stream_id,
                                                   .arg = w});
    step(w, (struct cw_s2s_event){.kind = CW_S2S_OPENED});
    take_lines(w, prelude);
    take_lines(w, input);
    step(w, (struct cw_s2s_event){.kind = CW_S2S_EOF, .text = CW_S("the end")});
    cw_assert(w->is_closed);
    cw_s2s_free(&w->stream);
    cw_policy_unref(&w->policy);
    cw_xml_reader_free(&w->sent);
    cw_arena_free(&w->sent_arena);
    cw_arena_free(&w->arena);
    return w->told;
}

void stream_world_run(enum cw_direction direction, struct cw_str prelude, struct cw_str input)
{
    struct world one = {.direction = direction},
                 two = {.direction = direction, .piece_bytes = 1 + input.n % 5};
    struct cw_buf whole = run(&one, prelude, input), bytes = run(&two, prelude, input);

    cw_assert(cw_str_eq(cw_buf_str(&whole), cw_buf_str(&bytes)));
    cw_buf_free(&whole);
    cw_buf_free(&bytes);
}
