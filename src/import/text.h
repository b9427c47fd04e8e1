/* A file that somebody else's program wrote, as UTF-8: PowerShell writes UTF-16 or UTF-8, each with
 * a byte order mark as its version likes. */
#ifndef CW_IMPORT_TEXT_H
#define CW_IMPORT_TEXT_H

#include "base/mem.h"

#define CW_IMPORT_MAX_BYTES (4u << 20)

/* Without the mark.  False: neither UTF-8 nor UTF-16, or it holds a NUL. */
bool cw_import_utf8(struct cw_arena *, struct cw_str bytes, struct cw_str *out);

#endif
