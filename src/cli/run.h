/* `causeway run`: all roles on one machine, each a process of its own with its own rights; one that
 * dies is started again. */
#ifndef CW_CLI_RUN_H
#define CW_CLI_RUN_H

/* Returns the exit status, after SIGTERM or SIGINT and when all roles have ended. */
int cw_run_main(int argc, char **argv);

#endif
