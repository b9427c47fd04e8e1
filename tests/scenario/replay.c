/* Replays one scenario file against the stream machine, twice: the peer's bytes in whole pieces,
 * then one by one.  Nothing the machine does may go unexpected.
 *
 *     include FILE                       variables and policy that many scenarios share
 *     let NAME TEXT                      "$NAME" in later lines stands for TEXT
 *     local DOMAIN                       one of our domains; no-local DOMAIN takes it back
 *     partner DOMAIN [tls=V] [sasl=V] [dialback=B] [enabled=B] [keep-alive=B] [also=DOMAIN]
 *     no-partner DOMAIN                  takes it off the list again
 *     setting NAME VALUE
 *     apply                              the policy as described now reaches the living stream
 *     inbound | outbound LOCAL REMOTE | verifier LOCAL REMOTE      makes the stream, not yet open;
 *                                        the one before it, if any, is forgotten
 *     open                               the transport is up
 *     recv TEXT                          the peer's bytes; \n \r \t \\ and \xHH as in C
 *     recv-many N TEXT                   N times the same
 *     tls-up cert=none|good|untrusted|ca [names=dns:D,srv:_xmpp-server.D,xmpp:D,cn:D]
 *     tls-failed TEXT
 *     dialback-answer ORIGINATING RECEIVING ID valid|invalid|error [CONDITION]
 *     verify ORIGINATING RECEIVING ID KEY
 *     send XML                           a stanza of ours
 *     time +SECONDSs                     time passes, then a timer event
 *     close [STREAM-ERROR] | eof
 *     expect ACTION                      the next action; "*" stands for any text
 *     expect nothing | note NAME | state NAME | deadline +SECONDSs | deadline none
 *     expect is-ready LOCAL REMOTE yes|no
 *
 * Actions: send TEXT, start-tls, ask ORIGINATING RECEIVING ID KEY, answer ORIGINATING RECEIVING ID
 * valid|invalid|error CONDITION, ready LOCAL REMOTE METHOD, stanza XML, failed REASON STREAM-ERROR,
 * close STREAM-ERROR ("-": none). */
#include "words.h"
#include "world.h"

#include "base/buf.h"
#include "policy/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct variable {
    struct cw_str name, text;
};

struct replay {
    struct world world;
    const char *file;
    unsigned line;
    struct variable variables[64];
    size_t n_variables;
};

static _Noreturn void fail(const struct replay *r, struct cw_str what, struct cw_str detail)
{
    fprintf(stderr, "%s:%u (%s): %.*s\n  %.*s\n", r->file, r->line,
            r->world.byte_by_byte ? "byte by byte" : "whole", CW_ARG(what), CW_ARG(detail));
    exit(1);
}

static struct cw_str expand(struct replay *r, struct cw_str line)
{
    struct cw_buf b = {0};
    struct cw_str out;

    for (size_t i = 0; i < line.n; i++) {
        const struct variable *best = NULL;

        for (size_t v = 0; line.p[i] == '$' && v < r->n_variables; v++)
            if (cw_str_starts(cw_str_sub(line, i + 1, line.n), r->variables[v].name) &&
                (!best || r->variables[v].name.n > best->name.n))
                best = &r->variables[v];
        if (best) {
            cw_buf_puts(&b, best->text);
            i += best->name.n;
        } else {
            cw_buf_putc(&b, line.p[i]);
        }
    }
    out = cw_arena_dup(&r->world.arena, cw_buf_str(&b));
    cw_buf_free(&b);
    return out;
}

/* --- policy --- */

static void set_partner_field(struct replay *r, struct cw_partner *p, struct cw_str field)
{
    struct cw_arena *a = &r->world.arena;
    ptrdiff_t eq = cw_str_index(field, '=');
    struct cw_str name = cw_str_sub(field, 0, eq < 0 ? field.n : (size_t)eq);
    struct cw_str value = cw_str_sub(field, eq < 0 ? field.n : (size_t)eq + 1, field.n);
    bool yes = cw_str_eq_cstr(value, "true"), ok = true;

    if (cw_str_eq_cstr(name, "tls"))
        ok = cw_requirement_of(value, &p->rules.tls);
    else if (cw_str_eq_cstr(name, "sasl"))
        ok = cw_requirement_of(value, &p->rules.sasl);
    else if (cw_str_eq_cstr(name, "dialback"))
        p->rules.dialback = yes;
    else if (cw_str_eq_cstr(name, "enabled"))
        p->enabled = yes;
    else if (cw_str_eq_cstr(name, "keep-alive"))
        p->keep_alive = yes;
    else if (cw_str_eq_cstr(name, "also")) {
        p->additional = cw_arena_alloc(a, sizeof *p->additional);
        p->additional[0] = cw_arena_dup(a, value);
        p->n_additional = 1;
    } else
        ok = false;
    if (!ok)
        fail(r, CW_S("no such field of a partner"), field);
}

static struct cw_partner *find_partner(struct replay *r, struct cw_str domain)
{
    for (size_t i = 0; i < r->world.n_partners; i++)
        if (cw_str_eq(r->world.partners[i].domain, domain))
            return &r->world.partners[i];
    return NULL;
}

static void do_partner(struct replay *r, struct cw_str rest)
{
    struct cw_str domain = word(&rest);
    struct cw_partner *p = find_partner(r, domain);

    if (!p) {
        cw_assert(r->world.n_partners < MAX_PARTNERS);
        p = &r->world.partners[r->world.n_partners++];
    }
    *p = CW_PARTNER_DEFAULT;
    p->domain = domain;
    while (rest.n > 0)
        set_partner_field(r, p, word(&rest));
}

static void do_no_partner(struct replay *r, struct cw_str rest)
{
    struct cw_partner *p = find_partner(r, rest);

    if (!p)
        fail(r, CW_S("no such partner"), rest);
    *p = r->world.partners[--r->world.n_partners];
}

static struct cw_str *find_local(struct replay *r, struct cw_str domain)
{
    for (size_t i = 0; i < r->world.n_locals; i++)
        if (cw_str_eq(r->world.locals[i], domain))
            return &r->world.locals[i];
    return NULL;
}

static void do_local(struct replay *r, struct cw_str rest)
{
    if (find_local(r, rest))
        return;
    cw_assert(r->world.n_locals < MAX_LOCALS);
    r->world.locals[r->world.n_locals++] = rest;
}

static void do_no_local(struct replay *r, struct cw_str rest)
{
    struct cw_str *local = find_local(r, rest);

    if (!local)
        fail(r, CW_S("no such domain of ours"), rest);
    *local = r->world.locals[--r->world.n_locals];
}

static void do_setting(struct replay *r, struct cw_str rest)
{
    struct cw_str name = word(&rest), refusal;
    const struct cw_setting *row = cw_setting_find(name);

    if (!row)
        fail(r, CW_S("no such setting"), name);
    refusal = cw_setting_set(&r->world.arena, row, &r->world.settings, rest);
    if (cw_str_is_present(refusal))
        fail(r, CW_S("refused"), refusal);
}

static void do_apply(struct replay *r, struct cw_str rest)
{
    (void)rest;
    world_apply_policy(&r->world);
}

/* --- events --- */

static void do_inbound(struct replay *r, struct cw_str rest)
{
    (void)rest;
    world_start(&r->world, CW_INBOUND, CW_STR_NONE, CW_STR_NONE, false);
}

static void do_outbound(struct replay *r, struct cw_str rest)
{
    struct cw_str local = word(&rest);

    world_start(&r->world, CW_OUTBOUND, local, rest, false);
}

static void do_verifier(struct replay *r, struct cw_str rest)
{
    struct cw_str local = word(&rest);

    world_start(&r->world, CW_OUTBOUND, local, rest, true);
}

static void do_open(struct replay *r, struct cw_str rest)
{
    (void)rest;
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_OPENED});
}

static void do_recv(struct replay *r, struct cw_str rest)
{
    world_receive(&r->world, unescape(&r->world.arena, rest));
}

static void do_recv_many(struct replay *r, struct cw_str rest)
{
    struct cw_str count = word(&rest), piece = unescape(&r->world.arena, rest);
    struct cw_buf b = {0};
    uint64_t n;

    if (!cw_str_to_u64(count, &n))
        fail(r, CW_S("no number"), count);
    for (uint64_t i = 0; i < n; i++)
        cw_buf_puts(&b, piece);
    world_receive(&r->world, cw_buf_str(&b));
    cw_buf_free(&b);
}

static void add_name(struct replay *r, struct cw_cert *cert, struct cw_cert_name *names,
                     struct cw_str text)
{
    ptrdiff_t colon = cw_str_index(text, ':');
    struct cw_str type = cw_str_sub(text, 0, colon < 0 ? 0 : (size_t)colon);
    enum cw_cert_name_type kind = CW_CERT_CN;

    if (cw_str_eq_cstr(type, "dns"))
        kind = CW_CERT_DNS_ID;
    else if (cw_str_eq_cstr(type, "srv"))
        kind = CW_CERT_SRV_ID;
    else if (cw_str_eq_cstr(type, "xmpp"))
        kind = CW_CERT_XMPP_ADDR;
    else if (!cw_str_eq_cstr(type, "cn"))
        fail(r, CW_S("no such type of name"), text);
    names[cert->n_names++] =
        (struct cw_cert_name){.type = kind, .value = cw_str_sub(text, (size_t)colon + 1, text.n)};
}

static void do_tls_up(struct replay *r, struct cw_str rest)
{
    struct cw_cert_name names[8];
    struct cw_cert cert = {.names = names, .chain_reason = CW_STR("self-signed certificate")};
    struct cw_str kind = word(&rest);

    cert.present = !cw_str_eq_cstr(kind, "cert=none");
    cert.is_ca = cw_str_eq_cstr(kind, "cert=ca");
    cert.chain_ok = cert.is_ca || cw_str_eq_cstr(kind, "cert=good");
    if (cw_str_starts(rest, CW_S("names=")))
        rest = cw_str_sub(rest, 6, rest.n);
    while (rest.n > 0 && cert.n_names < 8) {
        ptrdiff_t comma = cw_str_index(rest, ',');
        size_t end = comma < 0 ? rest.n : (size_t)comma;

        add_name(r, &cert, names, cw_str_sub(rest, 0, end));
        rest = cw_str_sub(rest, end + 1, rest.n);
    }
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_TLS_UP,
                                                 .cert = &cert,
                                                 .tls_version = CW_S("TLSv1.3"),
                                                 .tls_cipher = CW_S("TLS_AES_128_GCM_SHA256")});
}

static void do_tls_failed(struct replay *r, struct cw_str rest)
{
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_TLS_FAILED, .text = rest});
}

static struct cw_s2s_dialback read_dialback(struct cw_str *rest)
{
    struct cw_s2s_dialback d = {.originating = word(rest)};

    d.receiving = word(rest);
    d.id = word(rest);
    return d;
}

static void do_dialback_answer(struct replay *r, struct cw_str rest)
{
    struct cw_s2s_dialback d = read_dialback(&rest);
    struct cw_str state = word(&rest);

    d.state = cw_str_eq_cstr(state, "valid")     ? CW_DIALBACK_VALID
              : cw_str_eq_cstr(state, "invalid") ? CW_DIALBACK_INVALID
                                                 : CW_DIALBACK_ERROR;
    if (rest.n > 0 && !cw_stanza_error_of(rest, &d.condition))
        fail(r, CW_S("no such condition"), rest);
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_DIALBACK_ANSWER, .dialback = d});
}

static void do_verify(struct replay *r, struct cw_str rest)
{
    struct cw_s2s_dialback d = read_dialback(&rest);

    d.key = rest;
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_VERIFY, .dialback = d});
}

static void do_send(struct replay *r, struct cw_str rest)
{
    const struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    enum cw_xml_fault fault;
    struct cw_xml *stanza = cw_xml_parse(&r->world.arena, rest, &limits, &fault);

    if (!stanza)
        fail(r, CW_S("not well-formed"), rest);
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_SEND, .stanza = stanza});
}

static uint64_t read_ms(struct replay *r, struct cw_str text)
{
    uint64_t s;

    if (text.n < 3 || !cw_str_to_u64(cw_str_sub(text, 1, text.n - 1), &s))
        fail(r, CW_S("write a time as +10s"), text);
    return s * 1000;
}

static void do_time(struct replay *r, struct cw_str rest)
{
    r->world.now_ms += read_ms(r, rest);
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_TIMER});
}

static void do_close(struct replay *r, struct cw_str rest)
{
    struct cw_s2s_event e = {.kind = CW_S2S_CLOSE, .text = CW_STR("We want to close.")};

    e.has_error = rest.n > 0;
    if (e.has_error && !cw_stream_error_of(rest, &e.stream_error))
        fail(r, CW_S("no such stream error"), rest);
    world_step(&r->world, &e);
}

static void do_eof(struct replay *r, struct cw_str rest)
{
    (void)rest;
    world_step(&r->world,
               &(struct cw_s2s_event){.kind = CW_S2S_EOF, .text = CW_S("The connection broke.")});
}

/* --- expectations --- */

static void expect_note(struct replay *r, struct cw_str name)
{
    for (size_t i = 0; i < r->world.n_notes; i++)
        if (cw_str_eq(r->world.notes[i], name))
            return;
    fail(r, CW_S("no such note"), name);
}

static void expect_deadline(struct replay *r, struct cw_str text)
{
    uint64_t want = cw_str_eq_cstr(text, "none") ? 0 : r->world.now_ms + read_ms(r, text);
    uint64_t got = cw_s2s_deadline_ms(r->world.stream);

    if (got != want)
        fail(r, CW_S("another deadline"),
             cw_arena_printf(&r->world.arena, "in %lld ms",
                             got ? (long long)(got - r->world.now_ms) : -1));
}

static void expect_is_ready(struct replay *r, struct cw_str rest)
{
    struct cw_str local = word(&rest), remote = word(&rest);

    if (cw_s2s_is_ready(r->world.stream, local, remote) != cw_str_eq_cstr(rest, "yes"))
        fail(r, CW_S("is-ready is not"), rest);
}

static void expect_nothing(struct replay *r)
{
    struct world *w = &r->world;

    if (w->first < w->n_lines)
        fail(r, CW_S("unexpected action"), w->lines[w->first]);
    w->first = w->n_lines = 0;
}

static void expect_action(struct replay *r, struct cw_str pattern)
{
    struct world *w = &r->world;

    if (w->first == w->n_lines)
        fail(r, CW_S("the machine does nothing more; expected"), pattern);
    if (!matches(pattern, w->lines[w->first]))
        fail(r, CW_S("the machine does something else"), w->lines[w->first]);
    w->first++;
}

static void do_expect(struct replay *r, struct cw_str rest)
{
    struct cw_str all = rest, what = word(&rest);

    if (cw_str_eq_cstr(what, "nothing"))
        expect_nothing(r);
    else if (cw_str_eq_cstr(what, "note"))
        expect_note(r, rest);
    else if (cw_str_eq_cstr(what, "deadline"))
        expect_deadline(r, rest);
    else if (cw_str_eq_cstr(what, "is-ready"))
        expect_is_ready(r, rest);
    else if (!cw_str_eq_cstr(what, "state"))
        expect_action(r, unescape(&r->world.arena, all));
    else if (!cw_str_eq_cstr(rest, cw_s2s_state_name(r->world.stream)))
        fail(r, CW_S("the state is"), cw_str_of(cw_s2s_state_name(r->world.stream)));
}

/* --- the file --- */

static void replay_file(struct replay *, const char *path);

static void do_include(struct replay *r, struct cw_str rest)
{
    const char *file = r->file, *slash = strrchr(file, '/');
    unsigned line = r->line;
    struct cw_str path = cw_arena_printf(&r->world.arena, "%.*s%.*s",
                                         slash ? (int)(slash - file + 1) : 0, file, CW_ARG(rest));

    replay_file(r, path.p);
    r->file = file;
    r->line = line;
}

static void do_let(struct replay *r, struct cw_str rest)
{
    struct cw_str name = word(&rest);

    for (size_t i = 0; i < r->n_variables; i++)
        if (cw_str_eq(r->variables[i].name, name)) {
            r->variables[i].text = rest;
            return;
        }
    cw_assert(r->n_variables < 64);
    r->variables[r->n_variables++] = (struct variable){name, rest};
}

static const struct command {
    const char *name;
    void (*run)(struct replay *, struct cw_str rest);
    bool is_event; /* all earlier actions must have been expected */
} commands[] = {
    {"include", do_include, false},
    {"let", do_let, false},
    {"local", do_local, false},
    {"no-local", do_no_local, false},
    {"partner", do_partner, false},
    {"no-partner", do_no_partner, false},
    {"setting", do_setting, false},
    {"apply", do_apply, true},
    {"inbound", do_inbound, true},
    {"outbound", do_outbound, true},
    {"verifier", do_verifier, true},
    {"open", do_open, true},
    {"recv", do_recv, true},
    {"recv-many", do_recv_many, true},
    {"tls-up", do_tls_up, true},
    {"tls-failed", do_tls_failed, true},
    {"dialback-answer", do_dialback_answer, true},
    {"verify", do_verify, true},
    {"send", do_send, true},
    {"time", do_time, true},
    {"close", do_close, true},
    {"eof", do_eof, true},
    {"expect", do_expect, false},
};

static void replay_line(struct replay *r, struct cw_str line)
{
    struct cw_str name;

    line = cw_str_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return;
    line = expand(r, line);
    name = word(&line);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (cw_str_eq_cstr(name, commands[i].name)) {
            if (commands[i].is_event) {
                expect_nothing(r);
                r->world.n_notes = 0;
            }
            commands[i].run(r, line);
            return;
        }
    fail(r, CW_S("no such command"), name);
}

static void replay_file(struct replay *r, const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    ssize_t n;

    r->file = path;
    r->line = 0;
    if (!f) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    while ((n = getline(&text, &size, f)) >= 0) {
        r->line++;
        replay_line(r, (struct cw_str){text, (size_t)n});
    }
    free(text);
    fclose(f);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE.scn\n", argv[0]);
        return 2;
    }
    for (int byte_by_byte = 0; byte_by_byte < 2; byte_by_byte++) {
        struct replay *r = cw_alloc(sizeof *r);

        world_init(&r->world, byte_by_byte);
        replay_file(r, argv[1]);
        expect_nothing(r);
        world_free(&r->world);
        cw_free(r);
    }
    return 0;
}
