/* What the tables of commands (rows_*.c) share: how their arguments are written, and the groups
 * that rows.c joins. */
#ifndef CW_API_ROWS_PRIV_H
#define CW_API_ROWS_PRIV_H

#include "api/api_priv.h"

struct cw_api_rows {
    const struct cw_api_command *list;
    size_t n;
};
extern const struct cw_api_rows cw_api_partner_rows, cw_api_people_rows, cw_api_settings_rows,
    cw_api_account_rows, cw_api_live_rows, cw_api_transfer_rows;

#define CW_ARGS(a) .args = (a), .n_args = sizeof(a) / sizeof((a)[0])
#define CW_ROWS(a)                      \
    {                                   \
        (a), sizeof(a) / sizeof((a)[0]) \
    }

#define CW_REQUIREMENTS "Required|Optional|NotSupported"
#define CW_DOMAIN_ARG(text)                               \
    {                                                     \
        "domain", CW_ARG_DOMAIN, true, true, "", "", text \
    }
#define CW_IF_VERSION                                      \
    {                                                      \
        "if-version", CW_ARG_NUMBER, false, false, "", "", \
            "refuse when its version is another by now"    \
    }

#endif
