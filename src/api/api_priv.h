/* The handlers behind the table of commands, and what they share. */
#ifndef CW_API_API_PRIV_H
#define CW_API_API_PRIV_H

#include "api/api.h"

typedef json_t *cw_api_handler(const struct cw_api_call *, const json_t *in,
                               struct cw_api_problem *);

cw_api_handler cw_api_partner_new, cw_api_partner_set, cw_api_partner_get, cw_api_partner_list,
    cw_api_partner_remove, cw_api_partner_enable, cw_api_partner_disable;
cw_api_handler cw_api_contact_list, cw_api_contact_show, cw_api_contact_remove;
cw_api_handler cw_api_settings_get, cw_api_settings_set;

/* Fills the problem; returns NULL, for a handler to return. */
json_t *cw_api_refuse(struct cw_api_problem *, int status, const char *field,
                      struct cw_str sentence);
/* The same for what the store said; a refusal without a sentence gets the error's. */
json_t *cw_api_refuse_store(struct cw_api_problem *, enum cw_err, const struct cw_refusal *);
/* The answer of a change; takes over both references. */
json_t *cw_api_changed(const struct cw_api_call *, json_t *before, json_t *after);

#endif
