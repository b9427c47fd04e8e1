/* The panel on this machine, over its Unix socket: the same requests that scripts send, but who
 * asks is known by the socket, so that no password is needed.
 *
 *     POST /api/v1/partners/fabrikam.test/test HTTP/1.1
 *     Accept: application/x-ndjson, application/json
 *
 *     {"progress":{"step":{...}}}      any number of lines, for rows that have news
 *     {"answer":{...}}                 or {"problem":{...}} */
#ifndef CW_CLI_PANEL_CLIENT_H
#define CW_CLI_PANEL_CLIENT_H

#include "api/api.h"

struct cw_panel_question {
    const char *socket_path;
    const struct cw_api_command *command;
    const json_t *in;
    bool what_if;
    void (*on_progress)(void *arg, const json_t *news); /* borrowed */
    void *arg;
};

/* False: no panel listens there (or it cannot take a request that large), and nothing was done.
 * True: *answer is a new reference; or NULL, and the problem is filled. */
bool cw_panel_ask(struct cw_arena *, const struct cw_panel_question *, json_t **answer,
                  struct cw_api_problem *);

#endif
