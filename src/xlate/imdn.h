/* Reports on what became of a message (IMDN, RFC 5438): message/imdn+xml, inside message/cpim
 * (cpim.h).  Reports of delivery are XMPP's receipts (XEP-0184), both ways; those of processing and
 * display have nothing there and are passed over.
 *
 * Documents are read with the bounded XML reader: no DTD, no entities, sizes within limits. */
#ifndef CW_XLATE_IMDN_H
#define CW_XLATE_IMDN_H

#include "base/buf.h"
#include "base/mem.h"

#define CW_IMDN_TYPE CW_S("message/imdn+xml")

enum { CW_IMDN_MAX_BYTES = 16384, CW_IMDN_MAX_ID_BYTES = 255 };

/* What the report is about; NOTHING: an extension's notification, or none. */
enum cw_imdn_kind { CW_IMDN_NOTHING, CW_IMDN_DELIVERY, CW_IMDN_PROCESSING, CW_IMDN_DISPLAY };

enum cw_imdn_status {
    CW_IMDN_UNSAID,
    CW_IMDN_DELIVERED, /* of a delivery */
    CW_IMDN_FAILED,
    CW_IMDN_PROCESSED, /* of processing */
    CW_IMDN_STORED,
    CW_IMDN_DISPLAYED, /* of display */
    CW_IMDN_FORBIDDEN, /* of each of them: the report is denied */
    CW_IMDN_ERROR,     /* the fate of the message cannot be known */
};
const char *cw_imdn_status_name(enum cw_imdn_status); /* as the element; "" for UNSAID */

struct cw_imdn {
    struct cw_str message_id; /* of the message that the report is about; present and not empty */
    struct cw_str date_time;  /* when that was sent, as its sender wrote it */
    struct cw_str recipient_uri; /* absent when there is none; likewise the next */
    struct cw_str original_recipient_uri;
    enum cw_imdn_kind kind;
    enum cw_imdn_status status;
};

enum cw_imdn_fault {
    CW_IMDN_OK,
    CW_IMDN_NOT_XML,    /* not well-formed, or with what must not be there */
    CW_IMDN_NOT_REPORT, /* some other document, or one that names no message */
    CW_IMDN_TOO_LARGE,
};
const char *cw_imdn_fault_text(enum cw_imdn_fault); /* one sentence */

/* *out lives in the arena; it is empty unless CW_IMDN_OK. */
enum cw_imdn_fault cw_imdn_parse(struct cw_arena *, struct cw_str document, struct cw_imdn *out);
/* Appends the document.  Reading it gives the same values back. */
void cw_imdn_write(struct cw_buf *, const struct cw_imdn *);

#endif
