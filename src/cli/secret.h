/* Secrets of a command: not words of the command line, which every user of the machine may read and
 * the shell remembers, but a line that is typed unseen, or the first line of a file. */
#ifndef CW_CLI_SECRET_H
#define CW_CLI_SECRET_H

#include "api/api.h"

/* Is it "NAME-file", and NAME a secret of the command? */
bool cw_secret_option(const struct cw_api_command *, struct cw_str option, struct cw_api_arg *arg);
/* The first line of the file, "-": of standard input.  NULL after a sentence on standard error. */
json_t *cw_secret_read(const char *name, const char *path);
/* Asks the terminal for each secret that is missing, twice; not when "generate" stands in for it,
 * nor when there is no terminal.  False after a sentence. */
bool cw_secret_ask(const struct cw_api_command *, json_t *in);

#endif
