/* Answers of the commands on contacts, blocks and access, as text on standard output. */
#ifndef CW_CLI_SHOW_CONTACT_H
#define CW_CLI_SHOW_CONTACT_H

#include <jansson.h>
#include <stdbool.h>

void cw_show_contacts(const json_t *list);
void cw_show_contact(const json_t *contact);
void cw_show_blocks(const json_t *list);
void cw_show_access(const json_t *answer);
void cw_show_access_rules(const json_t *list);
/* What a change of one of these did; false: it is of something else. */
bool cw_show_contact_change(const json_t *before, const json_t *after);

#endif
