/* The table of commands as REST: which row a request means, its arguments, and how answers and
 * problems look.  Pure; whoever has the socket (the panel, the CLI's client) uses it. */
#ifndef CW_API_REST_H
#define CW_API_REST_H

#include "api/api.h"

#define CW_REST_ROOT "/api/v1"

struct cw_rest_request {
    struct cw_str method, path, query; /* as on the request line; path without the root */
    struct cw_str body;                /* JSON, or empty */
    struct cw_str if_match;            /* absent: the header is not there */
};

struct cw_rest_call {
    const struct cw_api_command *command;
    json_t *in; /* the caller's reference */
    bool what_if;
};
/* Finds the row and its arguments.  False with a problem: 404; 405 (*allow is then what there is);
 * 400 for a path, query or body that cannot be read (duplicate keys, depth, NUL, not an object). */
bool cw_rest_route(struct cw_arena *, const struct cw_rest_request *, struct cw_rest_call *,
                   struct cw_api_problem *, struct cw_str *allow);
/* The request that runs that row with these arguments: for a client. */
bool cw_rest_request_of(struct cw_arena *, const struct cw_api_command *, const json_t *in,
                        bool what_if, struct cw_rest_request *out);

/* "Not Found": the status in words (RFC 9110, section 15). */
const char *cw_rest_status_text(int status);
/* application/problem+json (RFC 9457). */
json_t *cw_rest_problem(const struct cw_api_problem *);
/* 200, or 201 with *location; the entity tag of what the answer shows, or absent. */
int cw_rest_status(struct cw_arena *, const struct cw_rest_call *, const json_t *answer,
                   struct cw_str *location, struct cw_str *etag);

#endif
