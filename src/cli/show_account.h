/* Answers of the commands on accounts, tokens, sessions and the audit trail, as text on standard
 * output. */
#ifndef CW_CLI_SHOW_ACCOUNT_H
#define CW_CLI_SHOW_ACCOUNT_H

#include <jansson.h>
#include <stdbool.h>

/* False: the answer is of something else. */
bool cw_show_accounts(const json_t *answer);
/* What a change of one of these did; false: it is of something else. */
bool cw_show_account_change(const json_t *answer);

#endif
