/* See events.h. */
#include "events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

bool events_are_silent;
static char events[65536];
static size_t n_events;

void happened(const char *format, ...)
{
    va_list args;
    if (events_are_silent)
        return;
    if (n_events > 0)
        events[n_events++] = ' ';
    va_start(args, format);
    n_events += (size_t)vsnprintf(events + n_events, sizeof events - n_events, format, args);
    va_end(args);
    assert_true(n_events < sizeof events - 1);
}

void assert_events(const char *row, const char *expected)
{
    if (strcmp(events, expected) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", row, events, expected);
    forget_events();
}

void forget_events(void)
{
    events[0] = '\0';
    n_events = 0;
}
