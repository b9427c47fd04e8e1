/* Replays a text file against the transaction layer: no socket, no clock.  One command a line:
 *
 *   limits NAME=N ...             t1 t2 t4 max_server max_client
 *                                max_per_source retry_after (first line only)
 *   at N                          time passes to N ms; fails when a timer was due before
 *   jump N                        the same, but late: whatever was due fires now
 *   deadline N|none               when the layer wants to be called next
 *   receive METHOD K=V ...        a request: from=udp:IP:PORT flow= branch= sent-by= cseq= call-id=
 *                                 uri= require= to-tag= event=
 *                                state= contact= and the word rport
 *   receive STATUS K=V ...        a response: the same and method=
 *   expect new|absorbed A         the fate of the request; A names the transaction
 *   expect answered|dropped
 *   expect final|provisional|absorbed A      the fate of the response
 *   respond A STATUS [to-tag=T] [refused WHY]           WHY: invalid exists not-found
 *   send A METHOD to=udp:IP:PORT flow= branch= [refused WHY]     WHY: exists limit
 *   expect send START to IP:PORT [has TEXT] [lacks TEXT]   START: a status or a method
 *   expect timeout|failed|expired|terminated A
 *   expect nothing                no action waits
 *   fail A | flow-failed TRANSPORT FLOW | forget A
 *   state A NAME | count server N | count client N
 *
 * Every action must be expected, in order: one that waits when the next event or the end comes is
 * a failure. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sip/transaction.h"

enum { MAX_WORDS = 24, MAX_NAMES = 64 };

static struct {
    const char *path;
    int line;
    char *words[MAX_WORDS];
    int n_words;
    struct cw_sip_txns *txns;
    uint64_t now_ms;
    struct {
        char name[32];
        cw_sip_txn_id id;
        uint64_t user; /* of a client transaction */
    } names[MAX_NAMES];
    int n_names;
    const char *fate; /* of the last received message, until it was expected */
    cw_sip_txn_id fate_id;
    uint64_t fate_user;
    bool has_action; /* one action was taken from the layer and waits for its expectation */
    struct cw_sip_action action;
} run;

static _Noreturn void __attribute__((format(printf, 1, 2))) die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", run.path, run.line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static const char *word(int i)
{
    if (i >= run.n_words)
        die("word %d is missing", i);
    return run.words[i];
}

static uint64_t number(const char *text)
{
    uint64_t value;
    if (!cw_str_to_u64(cw_str_of(text), &value))
        die("'%s' is no number", text);
    return value;
}

/* The value of KEY=... on this line, or the default. */
static const char *option(const char *key, const char *otherwise)
{
    size_t n = strlen(key);
    for (int i = 1; i < run.n_words; i++)
        if (strncmp(run.words[i], key, n) == 0 && run.words[i][n] == '=')
            return run.words[i] + n + 1;
    return otherwise;
}

/* Index of that very word from `from` on, or 0. */
static int find_word(const char *text, int from)
{
    for (int i = from; i < run.n_words; i++)
        if (strcmp(run.words[i], text) == 0)
            return i;
    return 0;
}

static void set_name(const char *name, cw_sip_txn_id id, uint64_t user)
{
    if (run.n_names == MAX_NAMES || strlen(name) >= sizeof run.names[0].name)
        die("too many names, or one too long");
    snprintf(run.names[run.n_names].name, sizeof run.names[0].name, "%s", name);
    run.names[run.n_names].user = user;
    run.names[run.n_names++].id = id;
}

/* Is that the user data which the transaction was sent with? */
static bool is_user_right(cw_sip_txn_id id, uint64_t user)
{
    for (int i = run.n_names - 1; i >= 0; i--)
        if (run.names[i].id == id)
            return run.names[i].user == user;
    return user == 0;
}

static cw_sip_txn_id id_of(const char *name)
{
    for (int i = run.n_names - 1; i >= 0; i--)
        if (strcmp(run.names[i].name, name) == 0)
            return run.names[i].id;
    die("no transaction is called %s", name);
}

static const char *name_of(cw_sip_txn_id id)
{
    for (int i = run.n_names - 1; i >= 0; i--)
        if (run.names[i].id == id)
            return run.names[i].name;
    return "?";
}

/* --- actions --- */

static bool peek(void)
{
    if (!run.has_action)
        run.has_action = cw_sip_txns_next(run.txns, &run.action);
    return run.has_action;
}

static void describe(char *out, size_t n)
{
    const struct cw_sip_action *a = &run.action;
    ptrdiff_t end = cw_str_index(a->bytes, '\r');
    snprintf(out, n, "%s %s '%.*s' to %s:%u", cw_sip_action_name(a->kind), name_of(a->id),
             end > 0 ? (int)end : 0, a->bytes.p ? a->bytes.p : "", a->hop.ip, a->hop.port);
}

static void need_quiet(void)
{
    char text[256];
    if (run.fate)
        die("the fate '%s' was not expected", run.fate);
    if (peek()) {
        describe(text, sizeof text);
        die("an action waits that nobody expected: %s", text);
    }
}

static void expect_send(void)
{
    char text[256], to[80];
    struct cw_str bytes = run.action.bytes, start = cw_str_of(word(2));
    describe(text, sizeof text);
    if (cw_str_starts(bytes, CW_S("SIP/2.0 ")))
        bytes = cw_str_sub(bytes, 8, bytes.n);
    if (!cw_str_starts(bytes, start) || bytes.n <= start.n || bytes.p[start.n] != ' ')
        die("expected to send %s, but: %s", word(2), text);
    snprintf(to, sizeof to, "%s:%u", run.action.hop.ip, run.action.hop.port);
    if (strcmp(word(3), "to") != 0 || strcmp(to, word(4)) != 0)
        die("expected the address %s, but: %s", word(4), text);
    for (int i = 5; i + 1 < run.n_words; i += 2) {
        bool is_there = cw_str_find(run.action.bytes, cw_str_of(run.words[i + 1])) >= 0;
        if (is_there != (strcmp(run.words[i], "has") == 0))
            die("expected that it %s '%s':\n%.*s", run.words[i], run.words[i + 1],
                CW_ARG(run.action.bytes));
    }
}

static bool expect_fate(const char *what)
{
    static const char *const fates[] = {"new",     "absorbed", "answered",
                                        "dropped", "final",    "provisional"};
    bool is_fate = false;
    for (size_t i = 0; i < sizeof fates / sizeof *fates; i++)
        is_fate |= strcmp(fates[i], what) == 0;
    if (!is_fate)
        return false;
    if (!run.fate || strcmp(run.fate, what) != 0)
        die("expected %s, but the message was %s", what, run.fate ? run.fate : "not there");
    if (strcmp(what, "new") == 0)
        set_name(word(2), run.fate_id, 0);
    else if (run.n_words > 2 && id_of(word(2)) != run.fate_id)
        die("expected %s for %s, but it was %s", what, word(2), name_of(run.fate_id));
    if (!is_user_right(run.fate_id, run.fate_user))
        die("the response came back with somebody else's user data");
    run.fate = NULL;
    run.fate_user = 0;
    return true;
}

static void do_expect(void)
{
    char text[256];
    const char *what = word(1);
    if (strcmp(what, "nothing") == 0) {
        need_quiet();
        return;
    }
    if (expect_fate(what))
        return;
    if (!peek())
        die("expected %s, but nothing happened", what);
    describe(text, sizeof text);
    if (strcmp(cw_sip_action_name(run.action.kind), what) != 0)
        die("expected %s, but: %s", what, text);
    if (run.action.kind == CW_SIP_ACTION_SEND)
        expect_send();
    else if (id_of(word(2)) != run.action.id)
        die("expected %s of %s, but: %s", what, word(2), text);
    if (!is_user_right(run.action.id, run.action.user))
        die("the action came with somebody else's user data");
    run.has_action = false;
}

/* --- events --- */

static struct cw_sip_hop hop_of(const char *text)
{
    struct cw_sip_hop hop = {.flow = number(option("flow", "1"))};
    char transport[4];
    const char *colon = strrchr(text, ':');
    if (sscanf(text, "%3[a-z]:%45[0-9a-f.:]", transport, hop.ip) != 2 || !colon)
        die("'%s' is no udp:IP:PORT", text);
    hop.ip[colon - text - (ptrdiff_t)strlen(transport) - 1] = '\0';
    hop.port = (uint16_t)number(colon + 1);
    hop.transport = strcmp(transport, "tcp") == 0   ? CW_SIP_TCP
                    : strcmp(transport, "tls") == 0 ? CW_SIP_TLS
                                                    : CW_SIP_UDP;
    return hop;
}

static void put_message(struct cw_buf *out, const char *start, enum cw_sip_transport transport)
{
    bool is_response = start[0] >= '1' && start[0] <= '6';
    const char *method = is_response ? option("method", "MESSAGE") : start;
    static const struct {
        const char *key, *header;
    } more[] = {{"require", "Require"},
                {"event", "Event"},
                {"state", "Subscription-State"},
                {"contact", "Contact"}};
    char to_tag[64] = "";
    if (is_response || option("to-tag", NULL))
        snprintf(to_tag, sizeof to_tag, ";tag=%s", option("to-tag", "j1"));
    if (is_response)
        cw_buf_printf(out, "SIP/2.0 %s Said\r\n", start);
    else
        cw_buf_printf(out, "%s %s SIP/2.0\r\n", start, option("uri", "sip:juliet@example.com"));
    cw_buf_printf(out, "Via: SIP/2.0/%s %s;branch=%s%s\r\n", cw_sip_transport_name(transport),
                  option("sent-by", "192.0.2.1:5070"), option("branch", "z9hG4bKone"),
                  find_word("rport", 2) ? ";rport" : "");
    if (find_word("second-via", 2))
        cw_buf_putcstr(out, "Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKtwo\r\n");
    cw_buf_printf(out, "From: <sip:romeo@example.net>;tag=r1\r\nTo: <sip:juliet@example.com>%s\r\n",
                  to_tag);
    cw_buf_printf(out, "Call-ID: %s\r\nCSeq: %s %s\r\nMax-Forwards: 70\r\n",
                  option("call-id", "call-1"), option("cseq", "1"), method);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (option(more[i].key, NULL))
            cw_buf_printf(out, "%s: %s\r\n", more[i].header, option(more[i].key, NULL));
    cw_buf_putcstr(out, "Content-Length: 0\r\n\r\n");
}

static void do_receive(void)
{
    struct cw_sip_hop hop = hop_of(option("from", "udp:192.0.2.1:5070"));
    struct cw_buf bytes = {0};
    need_quiet();
    put_message(&bytes, word(1), hop.transport);
    struct cw_sip_message *m = cw_sip_message_parse(cw_buf_str(&bytes), hop.transport);
    if (cw_sip_message_is_request(m))
        run.fate = cw_sip_request_fate_name(
            cw_sip_txns_request(run.txns, m, &hop, run.now_ms, &run.fate_id));
    else
        run.fate = cw_sip_response_fate_name(
            cw_sip_txns_response(run.txns, m, run.now_ms, &run.fate_id, &run.fate_user));
    cw_sip_message_free(&m);
    cw_buf_free(&bytes);
}

static void check_err(enum cw_err err)
{
    static const struct {
        const char *name;
        enum cw_err err;
    } errs[] = {{"invalid", CW_ERR_INVALID},
                {"exists", CW_ERR_EXISTS},
                {"not-found", CW_ERR_NOT_FOUND},
                {"limit", CW_ERR_LIMIT}};
    int refused = find_word("refused", 2);
    enum cw_err expected = CW_OK;
    for (size_t i = 0; refused && i < sizeof errs / sizeof *errs; i++)
        if (strcmp(errs[i].name, word(refused + 1)) == 0)
            expected = errs[i].err;
    if (err != expected)
        die("expected '%s', but got '%s'", cw_err_text(expected), cw_err_text(err));
}

static void do_respond(void)
{
    need_quiet();
    const char *to_tag = option("to-tag", NULL);
    struct cw_sip_reply reply = {.status = (int)number(word(2)),
                                 .to_tag = to_tag ? cw_str_of(to_tag) : CW_STR_NONE};
    check_err(cw_sip_txns_respond(run.txns, id_of(word(1)), &reply, run.now_ms));
}

static void do_send(void)
{
    static uint64_t user;
    struct cw_buf bytes = {0};
    cw_sip_txn_id id;
    need_quiet();
    struct cw_sip_outgoing request = {
        .branch = cw_str_of(option("branch", "z9hG4bKone")),
        .method = cw_str_of(word(2)),
        .hop = hop_of(option("to", "udp:192.0.2.9:5060")),
        .user = ++user,
    };
    put_message(&bytes, word(2), request.hop.transport);
    request.bytes = cw_buf_str(&bytes);
    enum cw_err err = cw_sip_txns_send(run.txns, &request, run.now_ms, &id);
    cw_buf_free(&bytes);
    check_err(err);
    if (err == CW_OK)
        set_name(word(1), id, user);
}

static void do_at(bool is_late)
{
    uint64_t to_ms = number(word(1)), due_ms = cw_sip_txns_deadline_ms(run.txns);
    need_quiet();
    if (to_ms < run.now_ms)
        die("time does not run back");
    if (!is_late && due_ms < to_ms)
        die("a timer is due at %" PRIu64 " already", due_ms);
    run.now_ms = to_ms;
    cw_sip_txns_tick(run.txns, to_ms);
}

static void do_deadline(void)
{
    uint64_t due_ms = cw_sip_txns_deadline_ms(run.txns);
    uint64_t expected = strcmp(word(1), "none") == 0 ? UINT64_MAX : number(word(1));
    if (due_ms != expected)
        die("the next deadline is %" PRIu64, due_ms);
}

static void do_count(void)
{
    size_t n = strcmp(word(1), "client") == 0 ? cw_sip_txns_n_client(run.txns)
                                              : cw_sip_txns_n_server(run.txns);
    if (n != number(word(2)))
        die("there are %zu", n);
}

static void do_limits(void)
{
    struct cw_sip_txns_limits limits = {
        .t1_ms = (uint32_t)number(option("t1", "0")),
        .t2_ms = (uint32_t)number(option("t2", "0")),
        .t4_ms = (uint32_t)number(option("t4", "0")),
        .max_server = (uint32_t)number(option("max_server", "0")),
        .max_client = (uint32_t)number(option("max_client", "0")),
        .max_server_per_source = (uint32_t)number(option("max_per_source", "0")),
        .retry_after_s = (uint32_t)number(option("retry_after", "0")),
    };
    cw_sip_txns_free(&run.txns);
    run.txns = cw_sip_txns_new(&limits);
}

static void do_state(void)
{
    const char *state = cw_sip_txn_state_name(cw_sip_txns_state(run.txns, id_of(word(1))));
    if (strcmp(state, word(2)) != 0)
        die("%s is in %s", word(1), state);
}

static void do_flow_failed(void)
{
    need_quiet();
    enum cw_sip_transport transport = strcmp(word(1), "tcp") == 0   ? CW_SIP_TCP
                                      : strcmp(word(1), "tls") == 0 ? CW_SIP_TLS
                                                                    : CW_SIP_UDP;
    cw_sip_txns_flow_failed(run.txns, transport, number(word(2)));
}

static void do_line(void)
{
    const char *command = word(0);
    if (strcmp(command, "limits") == 0)
        do_limits();
    else if (strcmp(command, "at") == 0)
        do_at(false);
    else if (strcmp(command, "jump") == 0)
        do_at(true);
    else if (strcmp(command, "deadline") == 0)
        do_deadline();
    else if (strcmp(command, "receive") == 0)
        do_receive();
    else if (strcmp(command, "expect") == 0)
        do_expect();
    else if (strcmp(command, "respond") == 0)
        do_respond();
    else if (strcmp(command, "send") == 0)
        do_send();
    else if (strcmp(command, "fail") == 0)
        cw_sip_txns_send_failed(run.txns, id_of(word(1)));
    else if (strcmp(command, "forget") == 0)
        cw_sip_txns_forget(run.txns, id_of(word(1)));
    else if (strcmp(command, "flow-failed") == 0)
        do_flow_failed();
    else if (strcmp(command, "state") == 0)
        do_state();
    else if (strcmp(command, "count") == 0)
        do_count();
    else
        die("'%s' is no command", command);
}

int main(int argc, char **argv)
{
    char line[512];
    if (argc != 2)
        die("usage: run_scenario FILE.scn");
    run.path = argv[1];
    FILE *file = fopen(argv[1], "r");
    if (!file)
        die("cannot be read");
    run.txns = cw_sip_txns_new(NULL);
    while (fgets(line, sizeof line, file)) {
        run.line++;
        run.n_words = 0;
        for (char *save, *w = strtok_r(line, " \t\n", &save); w && *w != '#';
             w = strtok_r(NULL, " \t\n", &save))
            if (run.n_words < MAX_WORDS)
                run.words[run.n_words++] = w;
        if (run.n_words > 0)
            do_line();
    }
    fclose(file);
    need_quiet();
    cw_sip_txns_free(&run.txns);
    return 0;
}
