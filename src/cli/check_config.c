/* `causeway check-config`: the roles' own reader, without the roles. */
#include <stdio.h>

#include "cli/command.h"
#include "conf/config.h"

static void help(void)
{
    puts("usage: causeway check-config [--config FILE]\n\n"
         "Reads the configuration file and says whether it can be used.\n\n"
         "  --config FILE  the file; else CAUSEWAY_CONFIG, else " CW_CONFIG_DEFAULT_PATH "\n\n"
         "Status 0: it can.  1: it cannot, and the reason stands on standard error.");
}

static int check(const char *path)
{
    struct cw_arena errors = {0};
    struct cw_config config;
    struct cw_str why;
    enum cw_err err = cw_config_load(path, &config, &errors, &why);
    if (err)
        fprintf(stderr, "%.*s\n", CW_ARG(why));
    else
        printf("%s: the configuration is valid\n", path);
    cw_config_free(&config);
    cw_arena_free(&errors);
    return err ? CW_EXIT_REFUSED : CW_EXIT_OK;
}

int cw_check_config_main(int argc, char **argv)
{
    struct cw_args args = {.argc = argc, .argv = argv, .next = 1};
    struct cw_common common = {0};
    struct cw_arena arena = {0};
    struct cw_str word;
    int status = CW_EXIT_OK;
    for (;;) {
        enum cw_word kind = cw_args_next(&args, &arena, &word);
        if (kind == CW_WORD_END)
            break;
        if (kind == CW_WORD_OPTION && cw_common_take(&common, &args, word) == CW_COMMON_TAKEN)
            continue;
        fprintf(stderr, "causeway: check-config does not take \"%.*s\"\n", CW_ARG(word));
        status = CW_EXIT_USAGE;
        break;
    }
    if (status == CW_EXIT_OK && common.help)
        help();
    else if (status == CW_EXIT_OK)
        status = check(cw_config_path(common.config));
    cw_arena_free(&arena);
    return status;
}
