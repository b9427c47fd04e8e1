/* Contact rules; see contact.h. */
#include "policy/contact.h"

bool cw_contact_may_message(enum cw_partner_type type, bool is_invited)
{
    switch (type) {
    case CW_FEDERATED:
    case CW_PUBLIC_VERIFIED:
        return true;
    case CW_PUBLIC_UNVERIFIED:
        return is_invited;
    }
    return false;
}
