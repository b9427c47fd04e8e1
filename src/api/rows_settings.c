/* Commands on the settings of the installation: their rows. */
#include "api/rows_priv.h"

static const struct cw_api_arg get_args[] = {
    {"name", CW_ARG_TEXT, true, false, "", "", "one setting; all when it is left out"},
};
static const struct cw_api_arg set_args[] = {CW_IF_VERSION};
static const struct cw_api_command rows[] = {
    {"settings get", "Show settings", CW_VIEWER, false, "GET", "/settings", CW_ARGS(get_args),
     .run = cw_api_settings_get, .shows = "Settings"},
    {"settings set", "Change settings, all that are given or none", CW_ADMINISTRATOR, true, "PATCH",
     "/settings", CW_ARGS(set_args), .run = cw_api_settings_set, .shows = "Settings",
     .takes_settings = true},
};
const struct cw_api_rows cw_api_settings_rows = CW_ROWS(rows);
