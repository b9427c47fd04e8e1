/* Commands that move everything, or much, in and out: their rows. */
#include "api/rows_priv.h"

#define TRANSFER                                                                           \
    {"document", CW_ARG_FILE, true, true, "FILE", "", "the file; - reads standard input"}, \
        {"partial",                                                                        \
         CW_ARG_BOOL,                                                                      \
         false,                                                                            \
         false,                                                                            \
         "true|false",                                                                     \
         "",                                                                               \
         "take the entries that can be taken, though others are refused"},                 \
    {                                                                                      \
        "if-version", CW_ARG_NUMBER, false, false, "", "",                                 \
            "refuse when something has changed since the preview of that version"          \
    }

static const struct cw_api_arg export_args[] = {
    {"secrets", CW_ARG_BOOL, false, false, "true|false", "",
     "the settings' secrets, too; this is audited"},
};
static const struct cw_api_arg import_args[] = {
    TRANSFER,
    {"mode", CW_ARG_CHOICE, false, false, "merge|replace", "",
     "replace: what a section of the file does not have is removed"},
};
static const struct cw_api_arg lync_args[] = {
    TRANSFER,
    {"format", CW_ARG_CHOICE, false, false, "clixml|json|csv", "",
     "how the file was written; as its text looks when left out"},
};

static const struct cw_api_command rows[] = {
    {"export", "Write partners, settings, access rules, blocks and contacts as JSON", CW_VIEWER,
     false, "GET", "/export", CW_ARGS(export_args), .run = cw_api_export, .shows = "Export"},
    {"import", "Take over what export wrote, in one transaction", CW_ADMINISTRATOR, true, "POST",
     "/import", CW_ARGS(import_args), .run = cw_api_import,
     .tells = "rows [ImportRow], counts object, version int"},
    {"import lync", "Take over partners of Lync Server: a file of Get-CsXmppAllowedPartner",
     CW_ADMINISTRATOR, true, "POST", "/import/lync", CW_ARGS(lync_args), .run = cw_api_import_lync,
     .tells = "rows [ImportRow], counts object, version int"},
};
const struct cw_api_rows cw_api_transfer_rows = CW_ROWS(rows);
