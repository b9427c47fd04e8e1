/* Program errors: what a call could not do.  A peer's mistake is not one of these; it is a verdict
 * (docs/architecture.md).  0 is success; every other value has one sentence. */
#ifndef CW_BASE_ERR_H
#define CW_BASE_ERR_H

enum cw_err {
    CW_OK = 0,
    CW_ERR_INVALID,   /* an argument or a text is not of the form asked for */
    CW_ERR_NOT_FOUND, /* the thing named does not exist */
    CW_ERR_EXISTS,    /* the thing named exists already */
    CW_ERR_CONFLICT,  /* changed by somebody else meanwhile */
    CW_ERR_LIMIT,     /* a limit was reached */
    CW_ERR_IO,        /* the system refused; errno or the log says more */
    CW_ERR_TLS,       /* OpenSSL refused; the log says more */
    CW_ERR_STORE,     /* the store refused; the log says more */
    CW_ERR_CLOSED,    /* the connection or process is gone */
};

const char *cw_err_text(enum cw_err);

#endif
