/* What a value must be before it is written into a message: the one place where the outside could
 * forge a header.  Private to src/sip. */
#ifndef CW_SIP_CHECK_PRIV_H
#define CW_SIP_CHECK_PRIV_H

#include "base/buf.h"

/* UTF-8 without controls (C0, DEL, C1), as the value of a header. */
bool cw_sip_is_field_value(struct cw_str);
bool cw_sip_is_media_type(struct cw_str); /* type/subtype[;parameters] */
bool cw_sip_is_event(struct cw_str);      /* token[;parameters], as of Subscription-State */
/* Addresses in < > with commas between (RFC 3261 section 20.30): a URI without < > would lose its
 * parameters. */
bool cw_sip_is_route(struct cw_str);
bool cw_sip_is_language_list(struct cw_str); /* "en, de-AT" */
bool cw_sip_is_header_uri(struct cw_str);    /* may stand in < >, carries no header fields */
bool cw_sip_is_branch(struct cw_str);        /* the magic cookie and more */
bool cw_sip_is_date(struct cw_str);          /* SIP-date, RFC 3261 section 20.17 (sofia.c) */
/* UTF-8 text of any content, made safe: each run of controls becomes one space. */
void cw_sip_put_text(struct cw_buf *, struct cw_str text);
/* The same as a quoted-string. */
void cw_sip_put_quoted(struct cw_buf *, struct cw_str text);

#endif
