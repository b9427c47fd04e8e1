/* What the gateway counts, where it happens: numbers in a struct of the loop's own, which only grow
 * while the process lives.  A restart begins at 0, and `since` says when that was.
 *
 * One exchange: a partner's message comes over the link: x2s.taken.  Its SIP peer answers 404:
 * x2s.refused[GW_REFUSED_BY_PEER].  Whoever asks the control socket with {"command":"counters"}
 * gets both, and how much is under way in this moment; whoever samples that once a minute has
 * rates. */
#ifndef CW_GATEWAY_COUNTERS_H
#define CW_GATEWAY_COUNTERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "link/link.h"
#include "xmpp/error.h"

struct gateway;

/* Why something did not get to the other side. */
enum gw_refused {
    GW_REFUSED_NOT,      /* it did */
    GW_REFUSED_BY_RULES, /* partner types, access, blocks, the list of partners */
    GW_REFUSED_ADDRESS,  /* no valid address, or not one of ours */
    GW_REFUSED_CONTENT,  /* cannot be translated, or is too large */
    GW_REFUSED_BY_PEER,  /* the SIP side answered with a failure, the partner closed the stream */
    GW_REFUSED_UNREACHABLE, /* no next hop, no server for the domain, nobody accepts connections */
    GW_REFUSED_TIMEOUT,     /* no answer, no stream, no turn in time */
    GW_REFUSED_CONGESTION,  /* queues or limits are full */
    GW_REFUSED_FAILED,      /* the way broke, or we were going down */
    GW_REFUSED_N,
};
const char *gw_refused_name(enum gw_refused);

/* One direction: taken = delivered + ignored + the sum of refused + what is under way. */
struct gw_passed {
    uint64_t taken, delivered;
    uint64_t ignored; /* nothing in it is for the other side */
    uint64_t refused[GW_REFUSED_N];
};
struct gw_counters {
    int64_t since;                         /* seconds since 1970 */
    struct gw_passed x2s, s2x;             /* messages with a text */
    uint64_t x2s_signals, s2x_signals;     /* typing and receipts */
    uint64_t returned;                     /* errors of partners for messages that were delivered */
    struct gw_passed watch_x2s, watch_s2x; /* presence stanzas */
    uint64_t subscribes, notifies;         /* SIP requests taken */
    uint64_t strangers;                    /* SIP requests from addresses that are no peer's */
};

/* It has ended: delivered, or refused for that reason. */
static inline void gw_passed_end(struct gw_passed *passed, enum gw_refused why)
{
    if (why == GW_REFUSED_NOT)
        passed->delivered++;
    else
        passed->refused[why]++;
}
enum gw_refused gw_refused_of_status(int sip_status);          /* 2xx: GW_REFUSED_NOT */
enum gw_refused gw_refused_of_condition(enum cw_stanza_error); /* of errors of our own making */
enum gw_refused gw_refused_of_reason(enum cw_link_reason);
enum gw_refused gw_refused_of_outcome(const struct cw_link_outcome *);

/* counters_tell.c: {"ok":true,"version":...,"since":...,"policy-version":n,"counters":{...},
 * "links":[...]}; a new reference. */
json_t *gw_counters_tell(const struct gateway *);

#endif
