/* Talking to the running gateway over its control socket: one JSON object a line each way. */
#ifndef CW_CLI_CONTROL_H
#define CW_CLI_CONTROL_H

#include <jansson.h>

#include "base/err.h"
#include "base/mem.h"

/* Sends `request` and reads the answer, a new reference.  CW_ERR_NOT_FOUND: nobody listens there.
 * CW_ERR_CLOSED: somebody does, but gave no answer within five seconds.  CW_ERR_INVALID: the answer
 * is no JSON object.  CW_ERR_IO: errno says more. */
enum cw_err cw_control_ask(const char *socket_path, const json_t *request, json_t **answer);

#endif
