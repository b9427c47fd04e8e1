/* How everything is, as text on standard output. */
#ifndef CW_CLI_SHOW_HEALTH_H
#define CW_CLI_SHOW_HEALTH_H

#include <jansson.h>
#include <stdbool.h>

/* False: the answer is of something else. */
bool cw_show_health(const json_t *answer);

#endif
