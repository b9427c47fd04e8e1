/* The OpenAPI 3.1 document of the API, made of the table of commands and nothing else. */
#ifndef CW_API_OPENAPI_H
#define CW_API_OPENAPI_H

#include <jansson.h>

json_t *cw_openapi(void); /* a new reference */

#endif
