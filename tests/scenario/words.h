/* Words, patterns and escapes of scenario files. */
#ifndef CW_TESTS_SCENARIO_WORDS_H
#define CW_TESTS_SCENARIO_WORDS_H

#include "base/mem.h"

/* The first word; the rest moves on behind it. */
struct cw_str word(struct cw_str *rest);
/* "*" stands for any text, everything else for itself. */
bool matches(struct cw_str pattern, struct cw_str text);
/* \n \r \t and \xHH as in C; a backslash before anything else is that. */
struct cw_str unescape(struct cw_arena *, struct cw_str text);

#endif
