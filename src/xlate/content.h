/* What a SIP body is said to be (RFC 3261 sections 20.12 and 20.15), and its text. */
#ifndef CW_XLATE_CONTENT_H
#define CW_XLATE_CONTENT_H

#include "base/mem.h"
#include "xlate/sip_values.h"

struct cw_media_type {
    struct cw_str type, subtype; /* as written: compare without case */
    struct cw_str charset;       /* unquoted; absent when there is none */
};
/* False when the text is no media type by its grammar. */
bool cw_media_type_parse(struct cw_arena *, struct cw_str content_type, struct cw_media_type *out);

/* The body of a text/plain request as text for XML.  0, or the status to refuse with (400, 415),
 * with reason and Accept in *refusal. */
int cw_content_text(struct cw_arena *, const struct cw_sip_request *, struct cw_str *text,
                    struct cw_sip_response *refusal);

#endif
