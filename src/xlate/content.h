/* What a SIP body is said to be (RFC 3261 sections 20.12 and 20.15), and what it holds: text, who
 * is typing, or a report, each as it is or in a CPIM envelope. */
#ifndef CW_XLATE_CONTENT_H
#define CW_XLATE_CONTENT_H

#include "xlate/composing.h"
#include "xlate/cpim.h"
#include "xlate/imdn.h"
#include "xlate/sip_values.h"

/* What a MESSAGE may hold, as Accept says it (415, and the answer to OPTIONS). */
#define CW_CONTENT_TYPES \
    "text/plain, message/cpim, message/imdn+xml, application/im-iscomposing+xml"

struct cw_media_type {
    struct cw_str type, subtype; /* as written: compare without case */
    struct cw_str charset;       /* unquoted; absent when there is none */
};
/* False when the text is no media type by its grammar. */
bool cw_media_type_parse(struct cw_arena *, struct cw_str content_type, struct cw_media_type *out);
/* Whether an Accept header field's value lists that type by name; a wildcard names none. */
bool cw_media_type_is_listed(struct cw_arena *, struct cw_str accept, struct cw_str type);

enum cw_content_kind { CW_CONTENT_TEXT, CW_CONTENT_COMPOSING, CW_CONTENT_REPORT };

struct cw_content {
    enum cw_content_kind kind;
    struct cw_str text; /* TEXT: fit for XML */
    struct cw_composing composing;
    struct cw_imdn report;
    bool is_wrapped;
    struct cw_cpim cpim; /* when it is: the envelope */
};
/* 0, or the status to refuse with (400, 413, 415), with reason and Accept in *refusal.  *out
 * borrows from the request. */
int cw_content_read(struct cw_arena *, const struct cw_sip_request *, struct cw_content *out,
                    struct cw_sip_response *refusal);

#endif
