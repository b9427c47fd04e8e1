/* An answer of `health show` for Prometheus, in its text exposition format 0.0.4: one table of
 * metrics, each with its unit in the name, as their naming rules want it.  Pure.
 *
 *     # HELP causeway_gateway_messages_taken_total Messages with a text that came in.
 *     # TYPE causeway_gateway_messages_taken_total counter
 *     causeway_gateway_messages_taken_total{direction="x2s"} 12
 *
 * Direction x2s is from partners to the SIP side, s2x the other one.  What is away has no values
 * but causeway_up 0. */
#ifndef CW_PANEL_METRICS_H
#define CW_PANEL_METRICS_H

#include <jansson.h>

#include "base/buf.h"

#define PANEL_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void panel_metrics_write(struct cw_buf *, const json_t *health);

/* What the panel itself has at the moment, the request for it counted in. */
struct panel_load {
    unsigned connections, requests, jobs, listeners;
};
void panel_metrics_write_load(struct cw_buf *, const struct panel_load *);

#endif
