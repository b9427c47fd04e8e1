/* Sentences of the program errors; see err.h. */
#include "base/err.h"

const char *cw_err_text(enum cw_err err)
{
    switch (err) {
    case CW_OK:
        return "success";
    case CW_ERR_INVALID:
        return "the value is not of the form asked for";
    case CW_ERR_NOT_FOUND:
        return "it does not exist";
    case CW_ERR_EXISTS:
        return "it exists already";
    case CW_ERR_CONFLICT:
        return "somebody else changed it meanwhile";
    case CW_ERR_LIMIT:
        return "a limit was reached";
    case CW_ERR_IO:
        return "the system refused the operation";
    case CW_ERR_TLS:
        return "the TLS library refused the operation";
    case CW_ERR_STORE:
        return "the store refused the operation";
    case CW_ERR_CLOSED:
        return "the other side is gone";
    }
    return "unknown error";
}
