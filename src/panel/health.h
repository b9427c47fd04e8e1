/* How everything was and is, for those who watch it all the time: the panel looks once a minute,
 * whoever is signed in or not, and keeps the samples of a day.
 *
 *     GET /api/v1/health/samples?hours=6    for the panel's charts (samples.h)
 *     GET /metrics                          for Prometheus (metrics.h); an API token of a viewer
 *
 * `health show` itself is a row of the table like all others. */
#ifndef CW_PANEL_HEALTH_H
#define CW_PANEL_HEALTH_H

#include "panel/panel_priv.h"

struct panel_health;
/* Begins to look; the workers are there. */
struct panel_health *panel_health_new(struct panel *);
/* After the workers are gone. */
void panel_health_free(struct panel_health **);

/* Each answers the exchange. */
void panel_health_samples(struct panel_exchange *);
void panel_health_metrics(struct panel_exchange *);

#endif
