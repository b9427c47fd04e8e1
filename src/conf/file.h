/* Small files read whole and replaced whole. */
#ifndef CW_CONF_FILE_H
#define CW_CONF_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* CW_ERR_LIMIT: longer than max; CW_ERR_NOT_FOUND; CW_ERR_IO: errno says more. */
enum cw_err cw_file_read(const char *path, size_t max, struct cw_buf *out);

/* DIRECTORY/NAME with mode 0600; after a crash either the old or the new content is there.
 * CW_ERR_IO: errno says more. */
enum cw_err cw_file_replace(const char *directory, const char *name, struct cw_str content);

#endif
