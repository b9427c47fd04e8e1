/* What some fields of a request ask for.  Pure. */
#ifndef CW_PANEL_FIELDS_H
#define CW_PANEL_FIELDS_H

#include "panel/http_guard.h"

/* Accept-Encoding takes gzip (RFC 9110 section 12.5.3); false when it says nothing. */
bool panel_takes_gzip(const struct cw_http_request *);
/* If-None-Match names the entity tag, "*", or one that differs in weakness alone (section 13.1.2):
 * what would be sent is there already. */
bool panel_has_tag(const struct cw_http_request *, struct cw_str etag);

#endif
