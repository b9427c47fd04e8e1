/* Words of a command line; see args.h. */
#include "cli/args.h"

#include <stdio.h>
#include <string.h>

enum cw_word cw_args_next(struct cw_args *args, struct cw_arena *arena, struct cw_str *text)
{
    args->inline_value = NULL;
    if (args->next >= args->argc)
        return CW_WORD_END;
    const char *word = args->argv[args->next++];
    if (!args->no_options && strcmp(word, "--") == 0) {
        args->no_options = true;
        return cw_args_next(args, arena, text);
    }
    *text = cw_str_of(word);
    if (args->no_options || word[0] != '-' || word[1] == 0)
        return CW_WORD_PLAIN;
    if (strcmp(word, "-h") == 0)
        word = "--help";
    const char *name = word + 1 + (word[1] == '-');
    const char *equals = strchr(name, '=');
    args->inline_value = equals ? equals + 1 : NULL;
    struct cw_str whole = cw_str_of(name);
    *text = cw_arena_dup(arena, equals ? cw_str_sub(whole, 0, (size_t)(equals - name)) : whole);
    return CW_WORD_OPTION;
}

const char *cw_args_value(struct cw_args *args)
{
    const char *value = args->inline_value;
    args->inline_value = NULL;
    if (value)
        return value;
    return args->next < args->argc ? args->argv[args->next++] : NULL;
}

enum cw_common_result cw_common_take(struct cw_common *common, struct cw_args *args,
                                     struct cw_str option)
{
    if (cw_str_eq_cstr(option, "config")) {
        common->config = cw_args_value(args);
        if (common->config)
            return CW_COMMON_TAKEN;
        fputs("causeway: --config needs a file\n", stderr);
        return CW_COMMON_BAD;
    }
    bool *flag = cw_str_eq_cstr(option, "json")      ? &common->json
                 : cw_str_eq_cstr(option, "what-if") ? &common->what_if
                 : cw_str_eq_cstr(option, "help")    ? &common->help
                                                     : NULL;
    if (!flag)
        return CW_COMMON_OTHER;
    *flag = true;
    if (!args->inline_value)
        return CW_COMMON_TAKEN;
    fprintf(stderr, "causeway: --%s takes no value\n", option.p);
    return CW_COMMON_BAD;
}
