/* What the edge counts, where it happens: numbers in a struct of the loop's own, which only grow
 * while the process lives.  A restart begins at 0, and `since` says when that was.  Whoever asks
 * with {"command":"counters"} gets them, and how many streams and waiting stanzas there are now.
 *
 * Bytes are XMPP as it was read and written, without TLS.  Pairs are by enum cw_direction. */
#ifndef CW_EDGE_COUNTERS_H
#define CW_EDGE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "edge/door.h"

struct edge_counters {
    int64_t since;                /* seconds since 1970 */
    uint64_t opened[2], ready[2]; /* streams: begun, and with a first pair that may send */
    uint64_t stanzas[2], bytes[2];
    uint64_t handshakes[2], failed_handshakes[2];
    /* Inbound connections that the door refused, and streams that were ended to make room. */
    uint64_t too_fast, too_many_handshakes, banned, crowded;
    uint64_t over_limit;           /* streams, both ways: a connection limit */
    uint64_t bounced, dropped;     /* stanzas for a gateway that did not take them */
    size_t waiting, waiting_bytes; /* now: stanzas for a stream that is not there, or is slow */
};

/* The door's answer, counted as this when it refuses. */
static inline bool edge_counters_door(struct edge_counters *counters, enum edge_door_answer answer,
                                      uint64_t *too_fast)
{
    if (answer == EDGE_DOOR_BANNED)
        counters->banned++;
    else if (answer != EDGE_DOOR_OPEN)
        (*too_fast)++;
    return answer == EDGE_DOOR_OPEN;
}

#endif
