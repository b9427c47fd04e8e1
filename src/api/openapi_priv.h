/* The parts of the OpenAPI document that are not operations (openapi_schema.c). */
#ifndef CW_API_OPENAPI_PRIV_H
#define CW_API_OPENAPI_PRIV_H

#include "api/api.h"

/* The JSON schema of an argument's value; a new reference. */
json_t *cw_openapi_schema(const struct cw_api_command *, const struct cw_api_arg *);
/* That of what is shown: the fields that "THING set" takes, and the version. */
json_t *cw_openapi_thing(const char *name);
/* Schemas, headers, parameters, responses and ways to sign in that operations refer to. */
json_t *cw_openapi_components(void);

#endif
