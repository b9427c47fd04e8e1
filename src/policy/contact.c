/* Contact rules; see contact.h.  The table of partner types is by_type(); what holds for all types
 * stands before and after it, in judge(). */
#include "policy/contact.h"

const char *cw_contact_event_name(enum cw_contact_event event)
{
    switch (event) {
    case CW_CONTACT_MESSAGE_IN:
        return "message-in";
    case CW_CONTACT_MESSAGE_OUT:
        return "message-out";
    case CW_CONTACT_SUBSCRIBE_IN:
        return "subscribe-in";
    case CW_CONTACT_SUBSCRIBE_OUT:
        return "subscribe-out";
    case CW_CONTACT_PRESENCE_OUT:
        return "presence-out";
    }
    return "?";
}

const char *cw_contact_answer_name(enum cw_contact_answer answer)
{
    switch (answer) {
    case CW_CONTACT_ALLOW:
        return "allow";
    case CW_CONTACT_ASK:
        return "ask";
    case CW_CONTACT_REFUSE:
        return "refuse";
    }
    return "?";
}

/* Does the local user do it?  Then no type stands in his way: it is he who invites. */
static bool is_outbound(enum cw_contact_event event)
{
    return event == CW_CONTACT_MESSAGE_OUT || event == CW_CONTACT_SUBSCRIBE_OUT;
}

static struct cw_contact_verdict refuse(const char *rule, enum cw_stanza_error condition,
                                        const char *reason)
{
    return (struct cw_contact_verdict){
        .answer = CW_CONTACT_REFUSE, .rule = rule, .condition = condition, .reason = reason};
}

/* By the partner's type, for what is not the local user's own doing. */
static struct cw_contact_verdict by_type(enum cw_contact_event event, enum cw_partner_type type,
                                         bool is_invited)
{
    struct cw_contact_verdict verdict = {.answer = CW_CONTACT_ALLOW, .rule = "partner type"};
    if (is_invited)
        return verdict;
    switch (type) {
    case CW_FEDERATED:
        break;
    case CW_PUBLIC_VERIFIED:
        if (event == CW_CONTACT_SUBSCRIBE_IN)
            verdict.answer = CW_CONTACT_ASK;
        break;
    case CW_PUBLIC_UNVERIFIED:
        verdict = refuse("partner type", CW_STANZA_SUBSCRIPTION_REQUIRED,
                         "the partner is PublicUnverified and the local user has not invited that "
                         "address");
        verdict.is_unsubscribed = event == CW_CONTACT_SUBSCRIBE_IN;
        break;
    }
    return verdict;
}

static struct cw_contact_verdict judge(enum cw_contact_event event,
                                       const struct cw_contact_facts *facts)
{
    struct cw_contact_verdict verdict = {.answer = CW_CONTACT_ALLOW, .rule = "partner list"};
    if (!facts->partner)
        return refuse("partner list", CW_STANZA_NOT_ALLOWED,
                      "the domain is not a federated partner");
    if (!is_outbound(event))
        verdict = by_type(event, facts->partner->type, facts->is_invited);
    if (verdict.answer == CW_CONTACT_REFUSE)
        return verdict;
    if (facts->is_blocked)
        return refuse("block", CW_STANZA_SERVICE_UNAVAILABLE,
                      is_outbound(event) ? "You have blocked this address or its domain"
                                         : "the local user has blocked that address or its domain");
    if (!facts->has_access)
        return refuse("access", CW_STANZA_SERVICE_UNAVAILABLE,
                      is_outbound(event) ? "You are not allowed to use XMPP federation"
                                         : "the local user is not allowed to use XMPP federation");
    return verdict;
}

void cw_contact_judge(enum cw_contact_event event, const struct cw_contact_facts *facts,
                      struct cw_contact_verdict *verdict)
{
    *verdict = judge(event, facts);
    verdict->with_notes =
        verdict->answer != CW_CONTACT_REFUSE && facts->partner->type == CW_FEDERATED;
}
