/* One run of a command whose words were read: by the panel, or in this process when none runs. */
#ifndef CW_CLI_RUN_COMMAND_H
#define CW_CLI_RUN_COMMAND_H

#include "cli/command.h"
#include "cli/show_live.h"
#include "conf/config.h"

struct cw_run {
    const struct cw_api_command *command;
    struct cw_common common;
    struct cw_arena arena;
    struct cw_config config;
    json_t *in;
    struct cw_live_shown live;
};

/* Shows the answer or the refusal; returns the exit status. */
int cw_run_command(struct cw_run *);

#endif
