/* What every role does first: its arguments, its configuration, its log. */
#ifndef CW_CONF_ROLE_H
#define CW_CONF_ROLE_H

#include "conf/config.h"

/* Reads `[--config FILE] [--help]`, loads the configuration, sets up the log and ignores SIGPIPE.
 * Returns -1 to go on (then *config is the caller's, see cw_config_free), else the exit status: 0
 * after the help, 1 with a sentence on standard error, 2 for wrong usage. */
int cw_role_begin(int argc, char **argv, const char *purpose, struct cw_config *config);

#endif
