/* What the questions of `causeway explain` share: text from standard input, and output as JSON. */
#ifndef CW_CLI_EXPLAIN_INPUT_H
#define CW_CLI_EXPLAIN_INPUT_H

#include <jansson.h>

#include "base/mem.h"

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
