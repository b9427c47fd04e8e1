/* The beginning of every role; see role.h. */
#include "conf/role.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>

static void help(const char *role, const char *purpose)
{
    printf("usage: causeway %s [--config FILE]\n\n%s\n\n"
           "  --config FILE  the configuration file; else $CAUSEWAY_CONFIG, else %s\n"
           "  --help         this text\n\n"
           "SIGTERM and SIGINT end it. causeway.yaml(5) describes the file.\n",
           role, purpose, CW_CONFIG_DEFAULT_PATH);
}

int cw_role_begin(int argc, char **argv, const char *purpose, struct cw_config *config)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
    struct cw_arena errors = {0};
    struct cw_str why;
    const char *path = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'h') {
            help(argv[0], purpose);
            return 0;
        }
        if (option != 'c')
            return 2;
        path = optarg;
    }
    if (optind < argc) {
        fprintf(stderr, "causeway %s: %s is not expected here\n", argv[0], argv[optind]);
        return 2;
    }
    enum cw_err err = cw_config_load(cw_config_path(path), config, &errors, &why);
    if (err != CW_OK)
        fprintf(stderr, "causeway %s: %.*s\n", argv[0], CW_ARG(why));
    cw_arena_free(&errors);
    if (err != CW_OK)
        return 1;
    cw_log_setup(config->log.level, config->log.format);
    signal(SIGPIPE, SIG_IGN);
    return -1;
}
