/* Drives the stream machine; see stream_world.h.  What must hold is in stream_checks.c; here only
 * that a timer which fires at its deadline moves the deadline: nobody spins. */
#include "stream_world_priv.h"

#include "fuzz.h"
#include "policy/settings.h"
#include "xmpp/ns.h"

#include <stdio.h>
#include <string.h>

#define HEADER                                                   \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' " \
    "xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' "

enum { MAX_EVENTS = 64 };

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

static bool is_proving(const struct world *w)
{
    return strcmp(cw_s2s_state_name(w->stream), "proving") == 0;
}

/* While the owner looks nothing is read, in the step that asked him or later. */
static void check_patience(const struct cw_s2s_actions *actions, bool is_waiting)
{
    for (size_t i = 0; i < actions->n; i++) {
        cw_assert(!is_waiting || actions->items[i].kind == CW_S2S_DO_NOTE);
        is_waiting = is_waiting || actions->items[i].kind == CW_S2S_DO_PROVE;
    }
}

static void step(struct world *w, struct cw_s2s_event e)
{
    bool is_waiting = e.kind == CW_S2S_BYTES && is_proving(w);
    struct cw_s2s_actions actions;

    e.now_ms = w->now_ms;
    cw_s2s_step(w->stream, &e, &actions);
    check_patience(&actions, is_waiting);
    for (size_t i = 0; i < actions.n; i++)
        world_take_action(w, &actions.items[i]);
    cw_assert(!w->is_closed || cw_s2s_deadline_ms(w->stream) == 0);
    world_check_questions(w);
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

/* "gD*.fabrikam.test,...": the chain, then names by type; all of it lives in the world. */
static struct cw_cert read_cert(struct world *w, struct cw_str spec)
{
    const struct cw_str types = CW_STR("DSXC");
    char chain = spec.n > 0 ? spec.p[0] : 'n';
    struct cw_cert_name *names = cw_arena_alloc(&w->arena, 8 * sizeof *names);
    struct cw_cert cert = {.present = chain != 'n',
                           .chain_ok = chain == 'g',
                           .chain_reason = CW_STR("self-signed"),
                           .names = names};
    struct cw_str name;

    spec = cw_str_sub(spec, 1, spec.n);
    while (cert.n_names < 8 && fuzz_part(&spec, ',', &name)) {
        ptrdiff_t type = name.n > 0 ? cw_str_index(types, name.p[0]) : -1;

        if (type >= 0)
            names[cert.n_names++] = (struct cw_cert_name){.type = (enum cw_cert_name_type)type,
                                                          .value = cw_str_sub(name, 1, name.n)};
    }
    return cert;
}

static void begin_over_tls(struct world *w, enum cw_s2s_event_kind kind, struct cw_str spec)
{
    w->in_handshake = false;
    w->has_tls = true;
    w->cert = read_cert(w, spec);
    w->proof_asked = CW_STR_NONE;
    step(w, (struct cw_s2s_event){.kind = kind, .cert = &w->cert});
}

static void tls_up(struct world *w, struct cw_str spec)
{
    if (w->in_handshake)
        begin_over_tls(w, CW_S2S_TLS_UP, spec);
}

/* "1fabrikam.test": by which proof, for whom; only a machine that asked listens. */
static void proven(struct world *w, struct cw_str spec)
{
    struct cw_cert cert = w->cert;
    unsigned proof = fuzz_octet(&spec) - '0';

    if (proof <= CW_PROOF_POSH) {
        cert.proof = (enum cw_cert_proof)proof;
        cert.proven_for = spec;
    }
    if (is_proving(w))
        w->cert = cert;
    step(w, (struct cw_s2s_event){.kind = CW_S2S_PROVEN, .cert = &cert});
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

/* One of four pairs, the header's first. */
static struct domains pick(struct cw_str digit)
{
    unsigned n = fuzz_octet(&digit);

    return (struct domains){.local = n & 1 ? CW_S("chat.contoso.test") : CW_S("contoso.test"),
                            .remote = n & 2 ? CW_S("xn--bcher-kva.test") : CW_S("fabrikam.test")};
}

/* Where it may not go out, nothing must. */
static void send(struct world *w, struct cw_str digit)
{
    struct domains d = pick(digit);
    struct cw_arena a = {0};
    struct cw_xml *message = cw_xml_new(&a, CW_NS_SERVER, "message");
    bool may = cw_s2s_may_send(w->stream, d.local, d.remote);
    size_t told = w->told.n;

    cw_xml_set(&a, message, "from", d.local);
    cw_xml_set(&a, message, "to", d.remote);
    step(w, (struct cw_s2s_event){
                .kind = CW_S2S_SEND, .local = d.local, .remote = d.remote, .stanza = message});
    cw_assert(may == (w->told.n > told));
    cw_arena_free(&a);
}

static void add_pair(struct world *w, struct cw_str digit)
{
    struct domains d = pick(digit);
    size_t told = w->told.n;
    bool may = cw_s2s_may_add_pair(w->stream, d.local, d.remote);

    if (may) {
        cw_assert(w->n_added < MAX_READY);
        w->added[w->n_added++] = d;
    }
    step(w, (struct cw_s2s_event){.kind = CW_S2S_ADD_PAIR, .local = d.local, .remote = d.remote});
    cw_assert(may == (w->told.n > told));
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
        send(w, rest);
        break;
    case '+':
        add_pair(w, rest);
        break;
    case 'P':
        proven(w, rest);
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

/* In the clear, or over TLS with a certificate that is good, or somebody's own. */
static void open_transport(struct world *w, struct cw_str owner)
{
    if (cw_str_index(owner, 'd') >= 0)
        begin_over_tls(w, CW_S2S_OPENED, CW_S("gDfabrikam.test,Dxn--bcher-kva.test"));
    else if (cw_str_index(owner, 'u') >= 0)
        begin_over_tls(w, CW_S2S_OPENED, CW_S("uDfabrikam.test"));
    else
        step(w, (struct cw_s2s_event){.kind = CW_S2S_OPENED});
}

static struct cw_buf run(struct world *w, struct cw_str prelude, struct cw_str input)
{
    struct cw_str rules = CW_STR(""), owner;

    fuzz_part(&input, '\n', &rules);
    owner = cw_str_sub(rules, 3, rules.n);
    w->verify_only = w->direction == CW_OUTBOUND && cw_str_index(owner, 'v') >= 0;
    w->proves = cw_str_index(owner, 'p') >= 0;
    w->bidi = cw_str_index(owner, 'b') >= 0;
    w->now_ms = 1000000;
    w->policy = make_policy(rules);
    w->stream = cw_s2s_new(&(struct cw_s2s_config){.direction = w->direction,
                                                   .policy = w->policy,
                                                   .local = CW_S("contoso.test"),
                                                   .remote = CW_S("fabrikam.test"),
                                                   .verify_only = w->verify_only,
                                                   .proves = w->proves,
                                                   .bidi = w->bidi,
                                                   .new_stream_id = new_stream_id,
                                                   .arg = w});
    open_transport(w, owner);
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
