/* The namespaces of presence documents.  Private to pidf*.c. */
#ifndef CW_XLATE_PIDF_PRIV_H
#define CW_XLATE_PIDF_PRIV_H

#include "base/str.h"

#define CW_NS_PIDF  CW_S("urn:ietf:params:xml:ns:pidf")
#define CW_NS_MODEL CW_S("urn:ietf:params:xml:ns:pidf:data-model")
#define CW_NS_RPID  CW_S("urn:ietf:params:xml:ns:pidf:rpid")
/* The draft before RFC 4480, which Live Communications Server and its heirs still write. */
#define CW_NS_RPID_DRAFT CW_S("urn:ietf:params:xml:ns:pidf:status:rpid-status")

#endif
