/* Work that the gateway does of its own accord for many subscriptions, one after another: so many a
 * second (setting presence-rate), in the order it was asked for.  After a restart of 20,000
 * subscriptions nobody is asked 20,000 things at once. */
#ifndef CW_GATEWAY_PACE_H
#define CW_GATEWAY_PACE_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

struct gw_pace;
typedef void gw_pace_fn(void *arg, uint64_t id);

struct gw_pace *gw_pace_new(struct event_base *, unsigned per_s);
void gw_pace_free(struct gw_pace **); /* what waits is not done */
void gw_pace_set_rate(struct gw_pace *, unsigned per_s);
/* Calls fn(arg, id) when its turn comes, never from inside.  The same one twice is done twice: the
 * caller knows what waits. */
void gw_pace_add(struct gw_pace *, gw_pace_fn *, void *arg, uint64_t id);
size_t gw_pace_waiting(const struct gw_pace *);

#endif
