/* Who may write to whom, by partner type (product: partner type table, the rows about messages).
 * Pure: the caller knows whether the local user invited the remote one. */
#ifndef CW_POLICY_CONTACT_H
#define CW_POLICY_CONTACT_H

#include "policy/partner.h"

/* "Invited": the local user wrote or subscribed to that address first and has not taken it back.
 * False: refused with <subscription-required/>, whether the local user exists or not. */
bool cw_contact_may_message(enum cw_partner_type, bool is_invited);

#endif
