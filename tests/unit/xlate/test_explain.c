/* `causeway explain jid, sip, error, translate`: the commands themselves, with standard input and
 * output in files.  The rows of stox-im.json go through translate whole, so that what the units
 * leave to others is seen too: Via, Max-Forwards, Content-Length, the 202, the answer's way back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cli/explain.h"
#include "vectors.h"

/* Runs the command with that input; its status, and what it printed (the caller's to free). */
static int run(int (*command)(int, char **), char **argv, struct cw_str input, struct cw_buf *out)
{
    int argc = 0, saved_in = dup(STDIN_FILENO), saved_out = dup(STDOUT_FILENO);
    FILE *in = tmpfile(), *printed = tmpfile();
    char chunk[4096];
    size_t n;

    while (argv[argc])
        argc++;
    assert_true(in && printed && saved_in >= 0 && saved_out >= 0);
    assert_int_equal(fwrite(input.p, 1, input.n, in), input.n);
    rewind(in);
    fflush(stdout);
    dup2(fileno(in), STDIN_FILENO);
    dup2(fileno(printed), STDOUT_FILENO);
    clearerr(stdin);
    int status = command(argc, argv);
    fflush(stdout);
    dup2(saved_in, STDIN_FILENO);
    dup2(saved_out, STDOUT_FILENO);
    close(saved_in);
    close(saved_out);
    rewind(printed);
    while ((n = fread(chunk, 1, sizeof(chunk), printed)) > 0)
        cw_buf_put(out, chunk, n);
    fclose(in);
    fclose(printed);
    return status;
}

static json_t *ask(int (*command)(int, char **), char **argv, struct cw_str input)
{
    struct cw_buf out = {0};
    json_error_t error;

    assert_int_equal(run(command, argv, input, &out), 0);
    json_t *answer = json_loadb(out.p ? out.p : "", out.n, 0, &error);
    if (!answer)
        fail_msg("no JSON: %.*s", CW_ARG(cw_buf_str(&out)));
    cw_buf_free(&out);
    return answer;
}

/* One file for one exchange. */
static char state_path[] = "/tmp/cw-explain-XXXXXX";

static json_t *translate(const char *domain, struct cw_str input)
{
    char *argv[] = {"translate", "--local-domain", (char *)domain, "--state", state_path, "--json",
                    NULL};
    return ask(cw_explain_translate, argv, input);
}

/* CRLF in the head, the body as it is. */
static struct cw_str wire_form(struct cw_arena *arena, struct cw_str text)
{
    struct cw_buf out = {0};
    ptrdiff_t end = cw_str_find(text, CW_S("\n\n"));
    size_t head = end < 0 ? text.n : (size_t)end;

    for (size_t i = 0; i < head; i++) {
        if (text.p[i] == '\n')
            cw_buf_putc(&out, '\r');
        cw_buf_putc(&out, text.p[i]);
    }
    cw_buf_putcstr(&out, "\r\n\r\n");
    if (end >= 0)
        cw_buf_puts(&out, cw_str_sub(text, head + 2, text.n));
    struct cw_str result = cw_arena_dup(arena, cw_buf_str(&out));
    cw_buf_free(&out);
    return result;
}

static struct cw_str item(const json_t *answer, size_t i, const char *key)
{
    return vector_str(json_array_get(answer, i), key);
}

static void has_text(const char *id, struct cw_str text, struct cw_str part)
{
    if (cw_str_find(text, part) < 0)
        fail_msg("%s: \"%.*s\" is not in \"%.*s\"", id, CW_ARG(part), CW_ARG(text));
}

static void check_request(struct cw_arena *arena, const char *id, struct cw_str text,
                          const json_t *check)
{
    ptrdiff_t end = cw_str_find(text, CW_S("\r\n\r\n"));
    expect(id, "has a body", end > 0);
    size_t body = text.n - (size_t)end - 4;
    has_text(id, text, CW_S("\r\nVia: SIP/2.0/"));
    has_text(id, text, CW_S("\r\nMax-Forwards: 70\r\n"));
    has_text(id, text, cw_arena_printf(arena, "\r\nContent-Length: %zu\r\n", body));
    expect(id, "has no Contact", cw_str_find(text, CW_S("\r\nContact:")) < 0);
    struct cw_str uri = vector_str(check, "request_uri");
    if (uri.n)
        expect(
            id, "start line",
            cw_str_starts(text, cw_arena_printf(arena, "MESSAGE %.*s SIP/2.0\r\n", CW_ARG(uri))));
}

static void check_translation(struct cw_arena *arena, const char *id, const json_t *row)
{
    bool x2s = cw_str_eq_cstr(vector_str(row, "direction"), "xmpp-to-sip");
    struct cw_str input = vector_str(row, "input");
    json_t *answer = translate("example.net", x2s ? input : wire_form(arena, input));

    expect(id, "number of answers", json_array_size(answer) == (x2s ? 1 : 2));
    if (x2s) {
        expect_str(id, "kind", item(answer, 0, "kind"), CW_S("sip"));
        check_request(arena, id, item(answer, 0, "text"), json_object_get(row, "check"));
    } else {
        expect_str(id, "kind", item(answer, 0, "kind"), CW_S("xmpp"));
        expect_str(id, "kind", item(answer, 1, "kind"), CW_S("sip-response"));
        expect(id, "202",
               json_integer_value(json_object_get(json_array_get(answer, 1), "status")) == 202);
    }
    json_decref(answer);
}

static struct cw_str header(struct cw_str text, struct cw_str name)
{
    ptrdiff_t at = cw_str_find(text, name);
    struct cw_str rest = cw_str_sub(text, (size_t)at + name.n, text.n);
    return cw_str_sub(rest, 0, (size_t)cw_str_index(rest, '\r'));
}

/* The answer that a SIP server gives to the request. */
static struct cw_str answer_to(struct cw_arena *arena, struct cw_str request, int status)
{
    return cw_arena_printf(
        arena,
        "SIP/2.0 %d Whatever\r\nVia:%.*s\r\nFrom:%.*s\r\nTo:%.*s;tag=x\r\n"
        "Call-ID:%.*s\r\nCSeq:%.*s\r\nContent-Length: 0\r\n\r\n",
        status, CW_ARG(header(request, CW_S("\r\nVia:"))),
        CW_ARG(header(request, CW_S("\r\nFrom:"))), CW_ARG(header(request, CW_S("\r\nTo:"))),
        CW_ARG(header(request, CW_S("\r\nCall-ID:"))), CW_ARG(header(request, CW_S("\r\nCSeq:"))));
}

static void check_error_return(struct cw_arena *arena, const char *id, const json_t *row)
{
    const json_t *given = json_object_get(row, "given"), *check = json_object_get(row, "check");
    json_t *sent = translate("example.net", vector_str(given, "stanza"));

    if (strcmp(id, "im-err-noloop") == 0) {
        expect(id, "nothing", json_array_size(sent) == 0);
        json_decref(sent);
        return;
    }
    int status = (int)json_integer_value(json_object_get(given, "sip_final_response"));
    struct cw_str request = item(sent, 0, "text");
    json_t *trying = translate("example.net", answer_to(arena, request, 100));
    json_t *error = translate("example.net", answer_to(arena, request, status));
    json_t *again = translate("example.net", answer_to(arena, request, status));
    expect(id, "nothing for a provisional answer", json_array_size(trying) == 0);
    expect(id, "one stanza", json_array_size(error) == 1);
    expect_str(id, "kind", item(error, 0, "kind"), CW_S("stanza-error"));
    expect_str(id, "condition", item(error, 0, "condition"), vector_str(check, "condition"));
    has_text(id, item(error, 0, "xml"), CW_S("id='m1'"));
    expect(id, "exactly one bounce", json_array_size(again) == 0);
    json_decref(sent);
    json_decref(trying);
    json_decref(error);
    json_decref(again);
}

static void check_response(struct cw_arena *arena, const char *id, const json_t *row)
{
    json_t *answer = translate("example.net", wire_form(arena, vector_str(row, "input")));
    expect(id, "nothing", json_array_size(answer) == 0);
    json_decref(answer);
}

static void vectors_pass_whole(void **state)
{
    (void)state;
    struct vector_file file = vector_file_open("stox-im.json");
    vector_each(&file, "translation", 17, check_translation);
    vector_each(&file, "error-return", 5, check_error_return);
    vector_each(&file, "response", 1, check_response);
    vector_file_close(&file);
}

/* An error stanza finds the request that its message came from, once. */
static void error_finds_its_request(void **state)
{
    struct cw_arena arena = {0};
    (void)state;
    struct cw_str request = CW_S("MESSAGE sip:juliet@example.com SIP/2.0\r\n"
                                 "Via: SIP/2.0/UDP h.example.net;branch=z9hG4bKa\r\n"
                                 "Max-Forwards: 70\r\nTo: <sip:juliet@example.com>\r\n"
                                 "From: <sip:romeo@example.net>;tag=t\r\nCall-ID: c\r\n"
                                 "CSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n"
                                 "Content-Length: 2\r\n\r\nhi");
    json_t *sent = translate("example.net", request);
    struct cw_str xml = item(sent, 0, "xml");
    ptrdiff_t at = cw_str_find(xml, CW_S("id='"));
    struct cw_str id = cw_str_sub(xml, (size_t)at + 4, (size_t)at + 36);
    struct cw_str stanza = cw_arena_printf(
        &arena,
        "<message type='error' from='juliet@example.com' to='romeo@example.net' id='%.*s'>"
        "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        "</error></message>",
        CW_ARG(id));
    json_t *answer = translate("example.net", stanza), *again = translate("example.net", stanza);
    expect_str("error", "kind", item(answer, 0, "kind"), CW_S("sip-response"));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(answer, 0), "status")), 604);
    assert_int_equal(json_array_size(again), 0);
    json_decref(sent);
    json_decref(answer);
    json_decref(again);
    cw_arena_free(&arena);
}

static void long_message_is_refused(void **state)
{
    (void)state;
    struct cw_arena arena = {0};
    for (int n = 700; n <= 1400; n += 100) {
        json_t *answer = translate(
            "example.net",
            cw_arena_printf(&arena,
                            "<message from='a@example.com' to='b@example.net'><body>%0*d</body>"
                            "</message>",
                            n, 0));
        struct cw_str text = item(answer, 0, "text");
        expect("long", "is not over 1300 octets", text.n <= 1300);
        if (n > 1200)
            expect_str("long", "condition", item(answer, 0, "condition"), CW_S("policy-violation"));
        else if (n < 900)
            expect("short", "is sent", text.n > 0);
        json_decref(answer);
    }
    cw_arena_free(&arena);
}

static void nothing_crosses_the_wrong_way(void **state)
{
    static const struct {
        const char *name, *input, *kind; /* kind NULL: nothing */
    } rows[] = {
        {"a stranger speaks for our user",
         "<message from='a@example.net' to='b@example.net'><body>x</body></message>", NULL},
        {"not our domain",
         "<message from='a@example.com' to='b@example.org'><body>x</body>"
         "</message>",
         "stanza-error"},
        {"presence", "<presence from='a@example.com' to='b@example.net'/>", NULL},
        {"subscription", "<presence type='subscribe' from='a@example.com' to='b@example.net'/>",
         "sip"},
        {"question", "<iq type='get' id='1' from='a@example.com' to='b@example.net'/>",
         "stanza-error"},
        {"answer", "<iq type='result' id='1' from='a@example.com' to='b@example.net'/>", NULL},
        {"keep-alive", "\r\n\r\n", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *answer = translate("example.net", cw_str_of(rows[i].input));
        expect_str(rows[i].name, "kind", item(answer, 0, "kind"), cw_str_of(rows[i].kind));
        json_decref(answer);
    }
}

static void addresses_and_errors_are_explained(void **state)
{
    char *jid[] = {"jid", "A@X.example/r", "--compare", "a@x.example/r", "--json", NULL};
    char *sip[] = {"sip", "-", "--json", NULL};
    char *gone[] = {"error",     "--xmpp",           "gone",   "--to=bare",
                    "--address", "xmpp:b@x.example", "--json", NULL};
    char *code[] = {"error", "--sip", "503", "--json", NULL};
    (void)state;
    json_t *answer = ask(cw_explain_jid, jid, CW_S(""));
    expect_str("jid", "sip", vector_str(answer, "sip"), CW_S("sip:a@x.example;gr=r"));
    assert_true(json_is_true(json_object_get(answer, "equal")));
    json_decref(answer);
    answer = ask(cw_explain_sip, sip, CW_S("sip:a%00@x.example"));
    assert_true(json_is_false(json_object_get(answer, "valid")));
    json_decref(answer);
    answer = ask(cw_explain_error, gone, CW_S(""));
    assert_int_equal(json_integer_value(json_object_get(answer, "status")), 301);
    expect_str("gone", "contact", vector_str(answer, "contact"), CW_S("sip:b@x.example"));
    json_decref(answer);
    answer = ask(cw_explain_error, code, CW_S(""));
    expect_str("503", "condition", vector_str(answer, "condition"), CW_S("internal-server-error"));
    json_decref(answer);
}

static void wrong_usage_is_told(void **state)
{
    static const struct {
        int (*command)(int, char **);
        char *argv[6];
        const char *input;
    } rows[] = {
        {cw_explain_jid, {"jid"}, ""},
        {cw_explain_jid, {"jid", "a@x", "b@x"}, ""},
        {cw_explain_sip, {"sip", "sip:a@x", "--compare", "x"}, ""},
        {cw_explain_error, {"error"}, ""},
        {cw_explain_error, {"error", "--sip", "200"}, ""},
        {cw_explain_error, {"error", "--xmpp", "gone"}, ""},
        {cw_explain_error, {"error", "--xmpp", "flux", "--to", "bare"}, ""},
        {cw_explain_translate, {"translate"}, ""},
        {cw_explain_translate, {"translate", "--local-domain", "a@x"}, ""},
        {cw_explain_translate, {"translate", "--local-domain", "x.example"}, "<message"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_buf out = {0};
        char *argv[6];
        memcpy(argv, rows[i].argv, sizeof(argv));
        assert_int_equal(run(rows[i].command, argv, cw_str_of(rows[i].input), &out), 2);
        assert_int_equal(out.n, 0);
        cw_buf_free(&out);
    }
}

static int make_state(void **state)
{
    (void)state;
    strcpy(state_path + strlen(state_path) - 6, "XXXXXX");
    int fd = mkstemp(state_path);
    close(fd);
    unlink(state_path); /* made when absent */
    return fd < 0 ? -1 : 0;
}

static int drop_state(void **state)
{
    (void)state;
    unlink(state_path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(vectors_pass_whole, make_state, drop_state),
        cmocka_unit_test_setup_teardown(error_finds_its_request, make_state, drop_state),
        cmocka_unit_test_setup_teardown(long_message_is_refused, make_state, drop_state),
        cmocka_unit_test_setup_teardown(nothing_crosses_the_wrong_way, make_state, drop_state),
        cmocka_unit_test(addresses_and_errors_are_explained),
        cmocka_unit_test(wrong_usage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
