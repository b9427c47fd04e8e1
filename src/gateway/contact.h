/* The rules about who may reach whom (policy/contact.h), with what the gateway knows: partners,
 * invitations, blocks and access rules, all in memory. */
#ifndef CW_GATEWAY_CONTACT_H
#define CW_GATEWAY_CONTACT_H

#include "policy/contact.h"
#include "xmpp/jid.h"

struct gateway;

void gw_contact_judge(const struct gateway *, enum cw_contact_event, const struct cw_jid *local,
                      const struct cw_jid *remote, struct cw_contact_verdict *);

#endif
