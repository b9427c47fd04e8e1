/* A command line as words, and the options that every command shares. */
#ifndef CW_CLI_ARGS_H
#define CW_CLI_ARGS_H

#include "base/mem.h"

enum cw_exit {
    CW_EXIT_OK = 0,
    CW_EXIT_REFUSED = 1, /* a sentence stands on standard error */
    CW_EXIT_USAGE = 2,   /* likewise */
};

/* "--name value" and "--name=value" alike; "--" ends the options. */
struct cw_args {
    int argc;
    char **argv;
    int next;                 /* of argv */
    bool no_options;          /* "--" was seen */
    const char *inline_value; /* what stood after "=", not taken yet */
};

enum cw_word {
    CW_WORD_END,
    CW_WORD_OPTION, /* *text: the name without dashes; ask cw_args_value when it takes one */
    CW_WORD_PLAIN,
};
/* *text of an option lives in the arena. */
enum cw_word cw_args_next(struct cw_args *, struct cw_arena *, struct cw_str *text);
/* The value of the option just seen; NULL when there is none. */
const char *cw_args_value(struct cw_args *);

/* The options that every command that reads the configuration takes. */
struct cw_common {
    const char *config; /* NULL when not given */
    bool json, what_if, help;
};
enum cw_common_result { CW_COMMON_TAKEN, CW_COMMON_OTHER, CW_COMMON_BAD };
/* Takes --config, --json, --what-if and --help; BAD: a sentence stands on standard error. */
enum cw_common_result cw_common_take(struct cw_common *, struct cw_args *, struct cw_str option);

#endif
