/* Who may reach whom (product: partner type table, external access, blocks).  Pure: the caller
 * knows the partner, the invitation, the access rule and the block. */
#ifndef CW_POLICY_CONTACT_H
#define CW_POLICY_CONTACT_H

#include "policy/partner.h"
#include "xmpp/error.h"

enum cw_contact_event {
    CW_CONTACT_MESSAGE_IN,    /* the XMPP user writes to the local user */
    CW_CONTACT_MESSAGE_OUT,   /* the local user writes */
    CW_CONTACT_SUBSCRIBE_IN,  /* the XMPP user asks to see the local user's presence */
    CW_CONTACT_SUBSCRIBE_OUT, /* the local user asks */
    CW_CONTACT_PRESENCE_OUT,  /* the local user's state on its way to the XMPP user */
};
const char *cw_contact_event_name(enum cw_contact_event); /* "message-in" */

struct cw_contact_facts {
    const struct cw_partner *partner; /* of the XMPP user's domain, enabled; NULL: none */
    /* The local user wrote or subscribed to that address first and has not taken it back. */
    bool is_invited;
    bool is_blocked; /* by the local user: the address, or its domain */
    bool has_access; /* the local user, by the access rules (access.h) */
};

enum cw_contact_answer { CW_CONTACT_ALLOW, CW_CONTACT_ASK, CW_CONTACT_REFUSE };
const char *cw_contact_answer_name(enum cw_contact_answer); /* "allow" */

struct cw_contact_verdict {
    /* ASK, for SUBSCRIBE_IN only: the SIP side accepts or declines. */
    enum cw_contact_answer answer;
    const char *rule; /* what decided: "partner list", "partner type", "access", "block" */
    /* REFUSE, of something inbound: what its sender is told.  is_unsubscribed: a presence of type
     * `unsubscribed`, the same whether the local user exists or not; else an error stanza. */
    bool is_unsubscribed;
    enum cw_stanza_error condition;
    const char *reason; /* REFUSE: one sentence for the local side and the administrator */
    bool with_notes;    /* the partner may see what the local user wrote in his state */
};

/* The order of the rules: partner list, then (inbound) partner type for who is not invited, so that
 * a stranger cannot learn anything from the others; then the block, then access. */
void cw_contact_judge(enum cw_contact_event, const struct cw_contact_facts *,
                      struct cw_contact_verdict *);

#endif
