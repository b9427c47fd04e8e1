/* A partner of Lync Server or Skype for Business Server as one of ours.  The property names are
 * those of Get-CsXmppAllowedPartner; what else the object has does not matter. */
#ifndef CW_IMPORT_LYNC_H
#define CW_IMPORT_LYNC_H

#include <jansson.h>

#include "base/mem.h"

struct cw_import_partner {
    struct cw_str name;    /* the domain as the object has it; empty: it has none */
    json_t *fields;        /* as `partner set` takes them, the domain too; the caller's reference */
    struct cw_str refusal; /* absent: it can be taken; else one sentence that says what to do */
};
void cw_import_lync(struct cw_arena *, const json_t *row, struct cw_import_partner *out);

#endif
