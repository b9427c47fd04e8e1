/* The commands of the API's table (`causeway partner ...`, `causeway settings ...`) on a command
 * line: words to arguments, the answer to text or JSON, the gateway told. */
#ifndef CW_CLI_COMMAND_H
#define CW_CLI_COMMAND_H

#include <jansson.h>

#include "api/api.h"
#include "cli/args.h"

/* argv[0] is the first word of the command's name; returns the exit status. */
int cw_command_main(int argc, char **argv);
/* `causeway check-config`. */
int cw_check_config_main(int argc, char **argv);

/* --- help.c --- */
void cw_help_command(const struct cw_api_command *);
/* All commands that begin with this word; false when there are none. */
bool cw_help_group(const char *word);

/* --- show.c: answers as text on standard output --- */
void cw_show_answer(const struct cw_api_command *, const json_t *answer);
void cw_show_clean(const char *text); /* without control characters */
/* A string, a number, a truth value, or a list of such; "-" for nothing. */
void cw_show_value(const json_t *value);

#endif
