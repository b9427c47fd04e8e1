/* What SUBSCRIBE and NOTIFY themselves must have (RFC 6665 sections 3.1, 4.1 and 8.1; RFC 3261
 * section 12.1.1), and the route that a message recorded.  Whether there is such a dialog, and what
 * the package means, is for translation to say.
 *
 *     SUBSCRIBE ... Record-Route: <sip:edge.example;lr>, <sip:core.example;lr>
 *     200       ... Record-Route: the same        our NOTIFY ... Route: the same
 *
 * A route that is malformed, or too long to be sent again, makes a request bad; in an answer it is
 * overlooked, for our requests go to the next hop in any case. */
#include "sip/message_priv.h"

#include "sip/check_priv.h"

enum cw_sip_route cw_sip_read_route(struct cw_sip_message *m)
{
    struct cw_str name = CW_S("record-route"), all = cw_sip_message_joined(m, "record-route");
    for (size_t i = 0; i < cw_sip_message_header_count(m, name); i++)
        if (!cw_sip_is_route(cw_sip_message_header(m, name, i)))
            return CW_SIP_ROUTE_MALFORMED;
    if (all.n > CW_SIP_MAX_HEADER_BYTES / 2)
        return CW_SIP_ROUTE_TOO_LONG;
    m->record_route = all;
    return CW_SIP_ROUTE_GOOD;
}

/* Where the dialog's requests go must be one place (RFC 3261 section 12.1.1). */
static bool has_contacts(const struct cw_sip_message *m)
{
    struct cw_str first = cw_sip_message_first(m, "contact");
    return cw_sip_message_header_count(m, CW_S("contact")) > 1 ||
           cw_sip_first_element(first) < first.n;
}

static const char *find_flaw(const struct cw_sip_message *m, bool is_subscribe)
{
    const struct {
        const char *flaw;
        bool is_there;
    } flaws[] = {
        {"Event is there more than once", cw_sip_message_header_count(m, CW_S("event")) > 1},
        {"From has no tag", !cw_str_is_present(m->from.tag)},
        {"SUBSCRIBE has no Contact to be notified at",
         is_subscribe && !cw_str_is_present(m->to.tag) && !cw_str_is_present(m->contact_uri)},
        {"there is more than one Contact", has_contacts(m)},
        {"NOTIFY has not one Subscription-State",
         !is_subscribe && cw_sip_message_header_count(m, CW_S("subscription-state")) != 1},
    };
    for (size_t i = 0; i < sizeof flaws / sizeof *flaws; i++)
        if (flaws[i].is_there)
            return flaws[i].flaw;
    return NULL;
}

int cw_sip_judge_dialog(struct cw_sip_message *m, const char **why)
{
    bool is_subscribe = cw_str_eq_cstr(m->method, "SUBSCRIBE");
    if (!is_subscribe && !cw_str_eq_cstr(m->method, "NOTIFY"))
        return 0;
    *why = find_flaw(m, is_subscribe);
    if (*why)
        return 400;
    switch (cw_sip_read_route(m)) {
    case CW_SIP_ROUTE_GOOD:
        break;
    case CW_SIP_ROUTE_MALFORMED:
        *why = "Record-Route is malformed";
        return 400;
    case CW_SIP_ROUTE_TOO_LONG:
        *why = "Record-Route is too long to be a route";
        return 513;
    }
    if (cw_sip_message_header_count(m, CW_S("event")) == 0) {
        *why = "there is no Event";
        return 489;
    }
    if (!is_subscribe && !cw_str_is_present(m->to.tag)) {
        *why = "NOTIFY outside any dialog";
        return 481;
    }
    return 0;
}
