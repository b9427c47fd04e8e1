/* What health.c gathers and health_judge.c judges. */
#ifndef CW_API_HEALTH_PRIV_H
#define CW_API_HEALTH_PRIV_H

#include <jansson.h>

/* Adds to what was gathered "state" (ok, warning, failed: the worst of all) and "sentences", each
 * {"state","component","sentence"}, the worst first.  Pure: "at" is the time. */
void cw_health_judge(json_t *health);

#endif
