/* What the running edges answer, as text on standard output: streams, attempts, tests,
 * certificates, the door. */
#ifndef CW_CLI_SHOW_LIVE_H
#define CW_CLI_SHOW_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What was shown before the answer came.  A zeroed struct is nothing. */
struct cw_live_shown {
    size_t n_steps;
};
/* {"step":{...}} of a test under way. */
void cw_show_progress(struct cw_live_shown *, const json_t *news);
/* False when this is no such answer, and nothing was printed. */
bool cw_show_live(const struct cw_live_shown *, const json_t *answer);

#endif
