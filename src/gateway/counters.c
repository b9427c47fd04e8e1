/* Outcomes as one reason each, for the counters; see counters.h. */
#include "gateway/counters.h"

const char *gw_refused_name(enum gw_refused why)
{
    switch (why) {
    case GW_REFUSED_NOT:
        return "none";
    case GW_REFUSED_BY_RULES:
        return "rules";
    case GW_REFUSED_ADDRESS:
        return "address";
    case GW_REFUSED_CONTENT:
        return "content";
    case GW_REFUSED_BY_PEER:
        return "peer";
    case GW_REFUSED_UNREACHABLE:
        return "unreachable";
    case GW_REFUSED_TIMEOUT:
        return "timeout";
    case GW_REFUSED_CONGESTION:
        return "congestion";
    case GW_REFUSED_FAILED:
        return "failed";
    case GW_REFUSED_N:
        break;
    }
    return "?";
}

/* 408 and 503 are what our own side says of a next hop without an answer or connection
 * (gw_sip_send); 503 of a next hop that answers means as much: nobody took the message. */
enum gw_refused gw_refused_of_status(int status)
{
    if (status < 300)
        return GW_REFUSED_NOT;
    if (status == 408 || status == 504)
        return GW_REFUSED_TIMEOUT;
    return status == 503 ? GW_REFUSED_UNREACHABLE : GW_REFUSED_BY_PEER;
}

enum gw_refused gw_refused_of_condition(enum cw_stanza_error condition)
{
    static const struct {
        enum cw_stanza_error condition;
        enum gw_refused why;
    } rows[] = {
        {CW_STANZA_JID_MALFORMED, GW_REFUSED_ADDRESS},
        {CW_STANZA_REMOTE_SERVER_TIMEOUT, GW_REFUSED_TIMEOUT},
        {CW_STANZA_SERVICE_UNAVAILABLE, GW_REFUSED_UNREACHABLE},
        {CW_STANZA_RESOURCE_CONSTRAINT, GW_REFUSED_CONGESTION},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].condition == condition)
            return rows[i].why;
    return GW_REFUSED_FAILED;
}

enum gw_refused gw_refused_of_reason(enum cw_link_reason reason)
{
    switch (reason) {
    case CW_LINK_REASON_NONE:
        return GW_REFUSED_NOT;
    case CW_LINK_REASON_NOT_LISTED:
        return GW_REFUSED_BY_RULES;
    case CW_LINK_REASON_NOT_FOUND:
    case CW_LINK_REASON_UNREACHABLE:
        return GW_REFUSED_UNREACHABLE;
    case CW_LINK_REASON_REFUSED:
        return GW_REFUSED_BY_PEER;
    case CW_LINK_REASON_TIMEOUT:
        return GW_REFUSED_TIMEOUT;
    case CW_LINK_REASON_QUEUE_FULL:
    case CW_LINK_REASON_LIMIT:
        return GW_REFUSED_CONGESTION;
    case CW_LINK_REASON_TOO_LARGE:
        return GW_REFUSED_CONTENT;
    case CW_LINK_REASON_STREAM_FAILED:
    case CW_LINK_REASON_SHUTDOWN:
        break;
    }
    return GW_REFUSED_FAILED;
}

enum gw_refused gw_refused_of_outcome(const struct cw_link_outcome *outcome)
{
    enum gw_refused why = gw_refused_of_reason(outcome->reason);
    if (outcome->result == CW_LINK_DELIVERED)
        return GW_REFUSED_NOT;
    return why == GW_REFUSED_NOT ? GW_REFUSED_FAILED : why;
}
