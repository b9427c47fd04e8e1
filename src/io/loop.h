/* The clock and the timers of one event loop.  A loop is libevent's event_base, made and run by
 * the program; everything in this folder is single-threaded and belongs to the loop that it was
 * made with. */
#ifndef CW_IO_LOOP_H
#define CW_IO_LOOP_H

#include "base/str.h"

struct event_base;
struct cw_timer;

/* Milliseconds of the monotonic clock: for distances, not for dates. */
uint64_t cw_now_ms(void);

/* One timer, not running yet.  fn is called from the loop only, once for each cw_timer_set, and
 * may set, stop or free the timer. */
struct cw_timer *cw_timer_new(struct event_base *, void (*fn)(void *arg), void *arg);
/* Runs out after that many milliseconds from now; a running timer starts anew. */
void cw_timer_set(struct cw_timer *, uint64_t after_ms);
void cw_timer_stop(struct cw_timer *); /* a stopped one may be stopped again; NULL is one */
bool cw_timer_is_set(const struct cw_timer *);
void cw_timer_free(struct cw_timer **); /* NULL inside is fine */

#endif
