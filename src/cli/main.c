/* The program `causeway`: one row a sub-command.  Each role is a process of its own and reads the
 * configuration itself. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/explain.h"
#include "cli/link.h"
#include "cli/run.h"
#include "edge/main.h"
#include "gateway/main.h"
#include "panel/main.h"

static int help_main(int argc, char **argv);
static int version_main(int argc, char **argv);

static const struct program {
    const char *name;
    int (*main)(int argc, char **argv); /* argv[0] is the name */
    const char *summary;
} programs[] = {
    /* Roles */
    {"run", cw_run_main, "Start edge, gateway and panel on this machine and keep them running"},
    {"edge", cw_edge_main, "The XMPP side: streams with partners"},
    {"gateway", cw_gateway_main, "The SIP side: translation and policy"},
    {"panel", cw_panel_main, "The control panel and the API, by HTTPS"},
    /* Administration */
    {"partner", cw_command_main,
     "Federated partners: new, set, get, list, remove, enable, disable, diagnose"},
    {"contact", cw_command_main,
     "Whom local users invited, see and block: list, show, remove, block, unblock, blocks"},
    {"access", cw_command_main, "Who may use the federation: get, set, unset, list"},
    {"settings", cw_command_main, "Gateway settings: get, set"},
    {"stream", cw_command_main, "Streams with partners: list, show, close"},
    {"negotiation", cw_command_main, "How TLS, SASL and dialback settings work together: preview"},
    {"test", cw_command_main, "Tests of the way to a partner: partner, im"},
    {"certificate", cw_command_main, "The edge's certificates: list, reload"},
    {"door", cw_command_main, "Addresses that are not let in: list, lift"},
    {"health", cw_command_main, "How everything is, and what wants attention: show"},
    {"account", cw_command_main, "Accounts of the panel: new, list, get, set, remove, password"},
    {"token", cw_command_main, "API tokens for scripts: new, list, remove"},
    {"session", cw_command_main, "Who is signed in to the panel: list, end"},
    {"audit", cw_command_main, "Who changed what: list, show, restore"},
    {"export", cw_command_main, "Write all of the configuration as JSON"},
    {"import", cw_command_main,
     "Take over what export wrote; import lync: partners of Lync Server"},
    {"link", cw_link_main, "Certificates of the links between gateways and edges: enroll"},
    {"check-config", cw_check_config_main, "Check the configuration file"},
    /* Looking into the program */
    {"explain", cw_explain_main, "What the program would do with an address, a certificate, ..."},
    {"version", version_main, "Print the version"},
    {"help", help_main, "Print this text, or that of a command"},
};
#define N_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static const struct program *find(const char *name)
{
    for (size_t i = 0; i < N_PROGRAMS; i++)
        if (strcmp(programs[i].name, name) == 0)
            return &programs[i];
    return NULL;
}

static void help(FILE *to)
{
    fputs("usage: causeway COMMAND [...]\n\n"
          "Causeway lets a SIP organisation exchange messages and presence with XMPP domains, one\n"
          "named partner at a time.\n\n",
          to);
    for (size_t i = 0; i < N_PROGRAMS; i++)
        fprintf(to, "  %-13s %s\n", programs[i].name, programs[i].summary);
    fputs("\ncauseway COMMAND --help says more, and so does causeway(1).\n", to);
}

static int unknown(const char *name)
{
    fprintf(stderr, "causeway: there is no command \"%s\"; causeway help lists them\n", name);
    return CW_EXIT_USAGE;
}

static int version_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("causeway " CW_VERSION);
    return CW_EXIT_OK;
}

/* `help NAME ...` is `NAME ... --help`. */
static int help_main(int argc, char **argv)
{
    char *words[8];
    int n = 0;
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return CW_EXIT_OK;
    }
    const struct program *program = find(argv[1]);
    if (!program)
        return unknown(argv[1]);
    for (int i = 1; i < argc && n < 6; i++)
        words[n++] = argv[i];
    words[n++] = (char[]){"--help"};
    words[n] = NULL;
    return program->main(n, words);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return CW_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_main(1, argv);
    if (strcmp(argv[1], "--version") == 0)
        return version_main(1, argv);
    const struct program *program = find(argv[1]);
    return program ? program->main(argc - 1, argv + 1) : unknown(argv[1]);
}
