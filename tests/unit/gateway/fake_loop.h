/* A loop whose time a test moves: instead of io/loop.h's.  Timers that are due at one moment run in
 * the order in which they were set. */
#ifndef FAKE_LOOP_H
#define FAKE_LOOP_H

#include "io/loop.h"

/* Lets that much time pass, and all happen that is due in it. */
void fake_pass(uint64_t ms);
/* How many timers there are: none at the end. */
unsigned fake_timers(void);

#endif
