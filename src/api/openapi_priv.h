/* The parts of the OpenAPI document that are not operations of rows. */
#ifndef CW_API_OPENAPI_PRIV_H
#define CW_API_OPENAPI_PRIV_H

#include "api/api.h"

/* {"$ref":"#/components/KIND/NAME"}; all that follow give a new reference. */
json_t *cw_openapi_reference(const char *kind, struct cw_str name);

/* --- openapi_schema.c: of an argument's value ---*/
json_t *cw_openapi_schema(const struct cw_api_command *, const struct cw_api_arg *);

/* --- openapi_things.c: what answers show, by name; for components/schemas ---*/
json_t *cw_openapi_things(void);
/* Adds members, written as there: "password... text". */
void cw_openapi_members(const char *members, json_t *properties, json_t *required);

/* --- openapi_shared.c: schemas, headers, parameters, answers and ways to sign in that operations
 * refer to; with the things ---*/
json_t *cw_openapi_components(void);
/* Ways in: `changes` needs the CSRF token beside a session. */
json_t *cw_openapi_security(bool changes);

/* Adds to an operation's responses: one of the shared problems. */
void cw_openapi_add_problem(json_t *responses, int status, const char *name);

/* --- openapi_own.c ---*/
/* Adds the paths that the panel serves beside the rows. */
void cw_openapi_own_paths(json_t *paths);

#endif
