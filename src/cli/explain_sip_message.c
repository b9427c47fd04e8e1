/* `causeway explain sip-message [--transport udp|tcp|tls] [--json]`: judges the raw SIP message on
 * standard input as the gateway would.  On UDP the input is one datagram; on TCP and TLS it is what
 * a connection brought, and the first message in it is judged. */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/explain.h"
#include "cli/explain_input.h"
#include "sip/framing.h"
#include "sip/message.h"

static const char usage[] = "sip-message [--transport udp|tcp|tls] [--json] < MESSAGE";

struct judgement {
    struct cw_sip_verdict verdict;
    const char *kind; /* "request", "response", "" */
    struct cw_str method;
    int status;
};

/* The first frame of the stream, as the gateway's framing cuts it; framing faults are the verdict.
 */
static struct cw_str first_frame(struct cw_sip_framer *framer, struct cw_str input,
                                 struct judgement *out)
{
    struct cw_str frame;
    enum cw_sip_frame found;
    cw_sip_framer_feed(framer, input);
    do
        found = cw_sip_framer_next(framer, &frame);
    while (found == CW_SIP_FRAME_PING);
    if (found == CW_SIP_FRAME_MALFORMED)
        out->verdict = (struct cw_sip_verdict){.answer = cw_sip_framer_status(framer),
                                               .reason = cw_sip_framer_reason(framer)};
    else if (found == CW_SIP_FRAME_NEED_MORE)
        out->verdict = (struct cw_sip_verdict){
            .drop = true, .reason = "the message is not complete; the stream would be closed"};
    return found == CW_SIP_FRAME_NEED_MORE ? input : frame;
}

static void judge(struct cw_str input, enum cw_sip_transport transport, struct cw_arena *arena,
                  struct judgement *out)
{
    struct cw_sip_framer *framer = cw_sip_framer_new(0);
    out->verdict.reason = "";
    if (cw_sip_transport_is_reliable(transport))
        input = first_frame(framer, input, out);
    struct cw_sip_message *m = cw_sip_message_parse(input, transport);
    /* What the framing complains of comes first; a response is never answered. */
    if (*out->verdict.reason == '\0')
        out->verdict = cw_sip_message_verdict(m);
    else if (!cw_sip_message_is_request(m))
        out->verdict.answer = 0;
    out->kind = cw_sip_message_is_request(m)    ? "request"
                : cw_sip_message_is_response(m) ? "response"
                                                : "";
    out->method = cw_arena_dup(arena, cw_sip_message_method(m));
    out->status = cw_sip_message_status(m);
    cw_sip_message_free(&m);
    cw_sip_framer_free(&framer);
}

static void print_json(const struct judgement *j, struct cw_arena *arena)
{
    cw_explain_print(json_pack("{s:b, s:s, s:o, s:i, s:i, s:s}", "valid", j->verdict.valid, "kind",
                               j->kind, "method", cw_explain_json(arena, j->method), "status",
                               j->status, "answer", j->verdict.answer, "reason",
                               j->verdict.reason));
}

static void print_text(const struct judgement *j)
{
    if (j->method.n > 0)
        printf("request %.*s: ", CW_ARG(j->method));
    else if (j->status > 0)
        printf("response %d: ", j->status);
    else
        printf("%s: ", *j->kind ? j->kind : "no SIP message");
    if (j->verdict.answer > 0)
        printf("answered with %d: %s\n", j->verdict.answer, j->verdict.reason);
    else if (j->verdict.drop)
        printf("dropped%s%s\n", *j->verdict.reason ? ": " : "", j->verdict.reason);
    else
        printf("taken on\n");
}

static bool read_transport(const char *name, enum cw_sip_transport *out)
{
    static const char *const names[] = {"udp", "tcp", "tls"};
    static const enum cw_sip_transport transports[] = {CW_SIP_UDP, CW_SIP_TCP, CW_SIP_TLS};
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = transports[i];
            return true;
        }
    }
    return false;
}

/* NULL, or what is wrong. */
static const char *read_options(struct cw_arena *arena, int argc, char **argv,
                                enum cw_sip_transport *transport, bool *is_json)
{
    struct cw_args args = {.argc = argc, .argv = argv, .next = 1};
    struct cw_str text;
    enum cw_word word;
    while ((word = cw_args_next(&args, arena, &text)) != CW_WORD_END) {
        if (word == CW_WORD_PLAIN)
            return "there is a word too many; the message is read from standard input";
        if (cw_str_eq_cstr(text, "json"))
            *is_json = true;
        else if (!cw_str_eq_cstr(text, "transport"))
            return "there is no such option";
        else if (!read_transport(cw_args_value(&args), transport))
            return "--transport is one of udp, tcp and tls";
    }
    return NULL;
}

int cw_explain_sip_message(int argc, char **argv)
{
    struct cw_arena arena = {0};
    enum cw_sip_transport transport = CW_SIP_UDP;
    bool is_json = false;
    struct judgement judgement = {.kind = ""};
    struct cw_str input;
    const char *sentence = read_options(&arena, argc, argv, &transport, &is_json);
    int status = sentence ? cw_explain_usage(sentence, usage) : CW_EXIT_OK;
    if (status == CW_EXIT_OK && !cw_explain_stdin(&arena, &input))
        status = CW_EXIT_USAGE;
    if (status == CW_EXIT_OK) {
        judge(input, transport, &arena, &judgement);
        if (is_json)
            print_json(&judgement, &arena);
        else
            print_text(&judgement);
    }
    cw_arena_free(&arena);
    return status;
}
