/* What happened, in words and in its order: "sent 1=delivered".  The parts that a test plays say
 * it, its rows compare it.  There is one list in a program. */
#ifndef CW_TEST_EVENTS_H
#define CW_TEST_EVENTS_H

#include <stdbool.h>

extern bool events_are_silent; /* nothing is noted: for great numbers */

void happened(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* That is what happened since it was last looked at; the list is empty afterwards. */
void assert_events(const char *row, const char *expected);
void forget_events(void);

#endif
