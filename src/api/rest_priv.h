/* How rest.c reads the parts of a request. */
#ifndef CW_API_REST_PRIV_H
#define CW_API_REST_PRIV_H

#include "api/api_priv.h"
#include "api/rest.h"
#include "base/buf.h"

/* Takes %XX out of one segment of a path, or of one name or value of a query, where "+" is a space.
 * False: not two hexadecimal digits, a NUL, an octet that must be escaped, or no UTF-8 after all.
 */
bool cw_rest_unescape(struct cw_arena *, struct cw_str raw, bool in_query, struct cw_str *out);
/* Lets through what needs no escape anywhere (RFC 3986, unreserved). */
void cw_rest_escape(struct cw_buf *, struct cw_str text);

/* A value as text, as the argument's type reads it; what does not fit stays text, and the row says
 * what is wrong with it. */
json_t *cw_rest_value(const struct cw_api_arg *, struct cw_str text);
/* Adds the arguments in the query (GET, DELETE), and dry_run; false with a problem. */
bool cw_rest_read_query(struct cw_arena *, const struct cw_api_command *, struct cw_str query,
                        json_t *in, bool *what_if, struct cw_api_problem *);
/* Adds those in the body (the other methods); false with a problem. */
bool cw_rest_read_body(struct cw_arena *, const struct cw_api_command *, struct cw_str body,
                       json_t *in, struct cw_api_problem *);
/* GET and DELETE: their arguments are in the query. */
bool cw_rest_is_by_query(const struct cw_api_command *);
/* What it shows can be changed under a condition: some method of its path asks for the version. */
bool cw_rest_has_version(const struct cw_api_command *);

#endif
