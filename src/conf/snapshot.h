/* The snapshot: struct cw_policy as JSON, which the gateway freezes and sends to every edge, and
 * which the edge keeps on disk to work from when the gateway is away.  The reader trusts nobody:
 * a member that is missing, unknown, of another type or out of range refuses the whole. */
#ifndef CW_CONF_SNAPSHOT_H
#define CW_CONF_SNAPSHOT_H

#include "base/buf.h"
#include "base/err.h"
#include "policy/view.h"

#define CW_SNAPSHOT_FORMAT 1 /* another number is refused with a sentence */

/* Appends the JSON text (one line, no newline inside). */
void cw_snapshot_write(const struct cw_policy *, struct cw_buf *out);

/* CW_OK: *out is indexed and has one reference, the caller's.  CW_ERR_INVALID: *why is a sentence
 * in `errors`. */
enum cw_err cw_snapshot_read(struct cw_str json, struct cw_policy **out, struct cw_arena *errors,
                             struct cw_str *why);

/* DIRECTORY/snapshot.json, mode 0600, replaced whole (written aside, fsync, rename, fsync of the
 * directory): after a crash either the old or the new one is there. */
enum cw_err cw_snapshot_save(const struct cw_policy *, const char *directory,
                             struct cw_arena *errors, struct cw_str *why);
/* CW_ERR_NOT_FOUND when there is none yet. */
enum cw_err cw_snapshot_load(const char *directory, struct cw_policy **out, struct cw_arena *errors,
                             struct cw_str *why);

#endif
