/* The last day, a sample a minute: rates out of counters that only grow, and what was open.
 *
 * A sample is made of an answer of `health show`.  Its rates compare it with the one before, source
 * by source (the gateway, each edge): when a source was started anew, or was not there, or the one
 * before is too old, there is no rate, and the sample shows a gap instead of a peak or a hole.  An
 * edge that is away is left out of the sums of the others.
 *
 * One exchange: 12:00 says 100 messages taken, 12:01 says 160: 60 a minute.  The gateway is started
 * anew; 12:02 says 5, since 12:01:30: no rate.  12:03 says 15: 10 a minute.
 *
 * This module knows no clock. */
#ifndef CW_PANEL_SAMPLES_H
#define CW_PANEL_SAMPLES_H

#include <jansson.h>
#include <stdint.h>

enum { PANEL_SAMPLE_MS = 60000, PANEL_SAMPLES_MAX = 24 * 60 };

struct panel_samples;
struct panel_samples *panel_samples_new(size_t max); /* the oldest are forgotten */
void panel_samples_free(struct panel_samples **);
/* `health` is kept until the next one (a reference is taken); `at` in seconds since 1970, `now_ms`
 * of a clock that is never set. */
void panel_samples_take(struct panel_samples *, json_t *health, int64_t at, uint64_t now_ms);
/* {"interval-s":60,"samples":[{"at":...,"state":"ok","messages-x2s":60.0, ...}]} from `since` on,
 * the oldest first; a new reference.  null: a gap. */
json_t *panel_samples_json(const struct panel_samples *, int64_t since);

#endif
