/* Objects that PowerShell wrote to a file, whichever way: each a JSON object of its properties,
 * text, numbers, booleans, null, or lists of these.
 *
 *     Get-CsXmppAllowedPartner | Export-Clixml partners.xml
 *     Get-CsXmppAllowedPartner | ConvertTo-Json > partners.json
 *     Get-CsXmppAllowedPartner | Export-Csv partners.csv
 *
 * Whoever sends the file may be anybody: sizes, depth and references are bounded, nothing of it is
 * ever executed, and types are names only. */
#ifndef CW_IMPORT_SOURCE_H
#define CW_IMPORT_SOURCE_H

#include <jansson.h>

#include "base/mem.h"

enum cw_import_format { CW_IMPORT_CLIXML, CW_IMPORT_JSON, CW_IMPORT_CSV };
const char *cw_import_format_name(enum cw_import_format); /* "clixml", "json", "csv" */
bool cw_import_format_of(struct cw_str name, enum cw_import_format *out);
/* By how the text begins. */
enum cw_import_format cw_import_format_guess(struct cw_str text);

/* A new array of objects, at most CW_IMPORT_MAX_ROWS; NULL with a sentence in *why.  The text is
 * UTF-8 (text.h). */
#define CW_IMPORT_MAX_ROWS 10000
json_t *cw_import_read(struct cw_arena *, enum cw_import_format, struct cw_str text,
                       struct cw_str *why);

/* One way each (clixml.c, csv.c); as above. */
json_t *cw_import_clixml(struct cw_arena *, struct cw_str text, struct cw_str *why);
json_t *cw_import_csv(struct cw_arena *, struct cw_str text, struct cw_str *why);

#endif
