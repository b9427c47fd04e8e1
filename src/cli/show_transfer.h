/* Answers of export and import as text on standard output. */
#ifndef CW_CLI_SHOW_TRANSFER_H
#define CW_CLI_SHOW_TRANSFER_H

#include <jansson.h>
#include <stdbool.h>

/* The document, to be redirected into a file; false: the answer is none. */
bool cw_show_export(const json_t *answer);
/* One line for each entry, and what came of all; false: the answer is of something else. */
bool cw_show_import(const json_t *answer);

#endif
