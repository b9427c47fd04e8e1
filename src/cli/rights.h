/* What `causeway run` gives up before it starts the roles. */
#ifndef CW_CLI_RIGHTS_H
#define CW_CLI_RIGHTS_H

#include "base/log.h"
#include "conf/config.h"

/* False: the log says why. */
bool cw_run_rights_drop(const struct cw_log_ctx *, const struct cw_config *);

#endif
