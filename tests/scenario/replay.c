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
 *     owner [proves] [bidi] [busy]       what the owner of streams made from now on sees to; busy:
 *                                        with too many handshakes to begin another one
 *     open [CERTIFICATE]                 the transport is up; with a certificate, over TLS
 *     recv TEXT                          the peer's bytes; \n \r \t \\ and \xHH as in C
 *     recv-many N TEXT                   N times the same
 *     tls-up CERTIFICATE                 cert=none|good|untrusted|ca
 *                                        [names=dns:D,srv:_xmpp-server.D,xmpp:D,cn:D]
 *                                        [proven=D by=PROOF]: "PKIX", ..., as cert.c calls them
 *     proven CERTIFICATE                 to the machine's prove: the same one, known better
 *     tls-failed TEXT
 *     dialback-answer ORIGINATING RECEIVING ID valid|invalid|error [CONDITION]
 *     verify ORIGINATING RECEIVING ID KEY
 *     send XML                           a stanza of ours, of the header's pair
 *     send-of LOCAL REMOTE XML           of that pair
 *     add-pair LOCAL REMOTE              one more pair is to be proven
 *     time +SECONDSs                     time passes, then a timer event
 *     close [STREAM-ERROR] | eof
 *     expect ACTION                      the next action; "*" stands for any text
 *     expect nothing | note NAME [TEXT] | state NAME | deadline +SECONDSs | deadline none
 *     expect is-ready | may-send | may-add LOCAL REMOTE yes|no
 *     expect is-bidi yes|no
 *     expect pair LOCAL REMOTE METHOD    or pending, not ready, no such pair
 *     expect proof DOMAIN PROOF          what the peer's certificate stands for it by
 *
 * Actions: send TEXT, start-tls, prove DOMAIN, ask ORIGINATING RECEIVING ID KEY, answer ORIGINATING
 * RECEIVING ID valid|invalid|error CONDITION, ready LOCAL REMOTE METHOD, [refused] stanza XML,
 * failed [LOCAL REMOTE, if not the header's] REASON STREAM-ERROR [by-peer], close STREAM-ERROR
 * [by-peer] ("-": none). */
#include "replay.h"

#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void replay_fail(const struct replay *r, struct cw_str what, struct cw_str detail)
{
    fprintf(stderr, "%s:%u (%s): %.*s\n  %.*s\n", r->file, r->line,
            r->world.byte_by_byte ? "byte by byte" : "whole", CW_ARG(what), CW_ARG(detail));
    exit(1);
}

uint64_t replay_read_ms(struct replay *r, struct cw_str text)
{
    uint64_t s;

    if (text.n < 3 || !cw_str_to_u64(cw_str_sub(text, 1, text.n - 1), &s))
        replay_fail(r, CW_S("write a time as +10s"), text);
    return s * 1000;
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
    {"owner", do_owner, false},
    {"open", do_open, true},
    {"recv", do_recv, true},
    {"recv-many", do_recv_many, true},
    {"tls-up", do_tls_up, true},
    {"proven", do_proven, true},
    {"tls-failed", do_tls_failed, true},
    {"dialback-answer", do_dialback_answer, true},
    {"verify", do_verify, true},
    {"send", do_send, true},
    {"send-of", do_send_of, true},
    {"add-pair", do_add_pair, true},
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
    replay_fail(r, CW_S("no such command"), name);
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
