/* `causeway explain`: one row a question. */
#include "cli/explain.h"

#include <stdio.h>
#include <string.h>

#include "cli/args.h"

static const struct question {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *usage;
    const char *summary;
} questions[] = {
    {"negotiation", cw_explain_negotiation, "--tls V --sasl V --dialback true|false",
     "How streams are secured by these settings (V: Required, Optional, NotSupported)"},
    {"jid", cw_explain_jid, "ADDRESS [--compare OTHER]",
     "An XMPP address: its parts as the program compares them, and as SIP addresses"},
    {"sip", cw_explain_sip, "URI", "A SIP URI as an XMPP address"},
    {"certificate", cw_explain_certificate,
     "FILE --domain D --side initiating|receiving [--ca FILE]",
     "Whether a certificate (PEM) proves a domain"},
    {"error", cw_explain_error, "--xmpp CONDITION --to bare|full [--address NEW] | --sip STATUS",
     "An XMPP error as a SIP status, or the other way"},
    {"dialback-key", cw_explain_dialback_key,
     "--secret S --receiving D --originating D --id STREAM", "The dialback key of a stream"},
    {"sip-message", cw_explain_sip_message, "[--transport udp|tcp|tls]",
     "Whether a SIP message on standard input would be taken"},
    {"translate", cw_explain_translate, "--local-domain D [--state FILE] [--shown]",
     "What goes out for the stanza or SIP message on standard input"},
    {"access", cw_explain_access,
     "--from ADDRESS --to ADDRESS [--event message|presence] [--config FILE]",
     "Whether a user may write to another, or see him; reads the configuration and the store"},
};
#define N_QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static void help(void)
{
    puts("usage: causeway explain QUESTION [--json]\n\n"
         "Shows what the program would do, by its own functions, without network; and without\n"
         "configuration or store unless it says so.\n");
    for (size_t i = 0; i < N_QUESTIONS; i++)
        printf("  %s %s\n      %s\n", questions[i].name, questions[i].usage, questions[i].summary);
    puts("\nAn argument \"-\" is read from standard input.");
}

static void help_one(const struct question *question)
{
    printf("usage: causeway explain %s %s [--json]\n\n%s.\n", question->name, question->usage,
           question->summary);
}

static int ask(const struct question *question, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_one(question);
            return CW_EXIT_OK;
        }
    }
    return question->main(argc, argv);
}

int cw_explain_main(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        help();
        return CW_EXIT_OK;
    }
    for (size_t i = 0; argc > 1 && i < N_QUESTIONS; i++)
        if (strcmp(questions[i].name, argv[1]) == 0)
            return ask(&questions[i], argc - 1, argv + 1);
    if (argc > 1)
        fprintf(stderr,
                "causeway: explain has no question \"%s\"; causeway explain --help lists "
                "them\n",
                argv[1]);
    else
        fputs("causeway: explain needs a question; causeway explain --help lists them\n", stderr);
    return CW_EXIT_USAGE;
}
