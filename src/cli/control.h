/* Talking to the running gateway over its control socket: one JSON object a line each way. */
#ifndef CW_CLI_CONTROL_H
#define CW_CLI_CONTROL_H

#include <jansson.h>

#include "base/err.h"
#include "base/mem.h"

struct cw_control_wait {
    unsigned timeout_s; /* until the answer */
    /* What is told before the answer; borrowed.  NULL: not wanted. */
    void (*on_progress)(void *arg, const json_t *news);
    void *arg;
};

/* Connects to a Unix socket.  CW_ERR_NOT_FOUND: nobody listens there; CW_ERR_IO: errno says more.
 */
enum cw_err cw_unix_dial(const char *path, int *fd);

/* Sends `request` and reads the answer, a new reference.  CW_ERR_NOT_FOUND: nobody listens there.
 * CW_ERR_CLOSED: somebody does, but gave no answer in time.  CW_ERR_INVALID: the answer is no JSON
 * object.  CW_ERR_IO: errno says more. */
enum cw_err cw_control_ask(const char *socket_path, const json_t *request,
                           const struct cw_control_wait *, json_t **answer);

#endif
