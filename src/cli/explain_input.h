/* What the questions of `causeway explain` share: reading words and standard input, and output as
 * JSON. */
#ifndef CW_CLI_EXPLAIN_INPUT_H
#define CW_CLI_EXPLAIN_INPUT_H

#include <jansson.h>

#include "base/mem.h"

struct cw_explain_option {
    const char *name;
    struct cw_str *value; /* stays as it is when the option is not given */
};

struct cw_explain_flag {
    const char *name;
    bool *is_set;
};

/* What may stand behind a question: options that each take a value, flags, --json, and one plain
 * word. */
struct cw_explain_words {
    const struct cw_explain_option *options;
    size_t n_options;
    const struct cw_explain_flag *flags;
    size_t n_flags;
    struct cw_str *word; /* NULL: none is taken; absent before */
    bool *json;
};
/* Reads them all; NULL, or what is wrong with them.  Values live as long as argv or the arena. */
const char *cw_explain_words(struct cw_arena *, int argc, char **argv,
                             const struct cw_explain_words *);

/* All of standard input, octet by octet; false when it cannot be read or is over the limit (then a
 * sentence stands on standard error). */
bool cw_explain_stdin(struct cw_arena *, struct cw_str *out);
/* The argument itself, or standard input for "-". */
bool cw_explain_argument(struct cw_arena *, struct cw_str argument, struct cw_str *out);

/* A JSON string; octets that are no UTF-8 are replaced, an absent string is "". */
json_t *cw_explain_json(struct cw_arena *, struct cw_str text);
/* One value on one line; takes the value over. */
void cw_explain_print(json_t *value);

/* Says the sentence, with the usage, on standard error; returns the exit status for wrong usage. */
int cw_explain_usage(const char *sentence, const char *usage);

#endif
