/* Tests from inside: each row is tried in a process of its own that has given up its rights as the
 * role does, once for each way of starting: as root, as root with the option user, as an account.
 *
 * The files stand in a directory of the test's own:
 *
 *     config.yaml  data/causeway.db  data/gateway.sock  data/edge/  keys/{certificate,key,ca}.pem
 *     live/b/{cert,key}.pem -> archive/b/{cert1,key1,key2}.pem
 */
#ifndef CW_TESTS_INSIDE_H
#define CW_TESTS_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "conf/config.h"

struct inside_row {
    const char *name;
    int (*act)(void);        /* 0, or the errno of what was refused */
    void (*meanwhile)(void); /* done from outside once the rights are gone; may be NULL */
    int expected;            /* 0: works; an errno; INSIDE_ENDS: the process ends by SIGSYS */
    bool not_with_sanitizer; /* those need the call themselves */
};
enum { INSIDE_ENDS = -1 };

/* `drop` binds what the role binds and gives up its rights. */
void inside_run(bool (*drop)(struct cw_config *, struct cw_buf *why), const struct inside_row *rows,
                size_t n);
/* A path in the test's directory; a few may be in use at once. */
const char *inside_path(const char *name);

/* --- acts that roles share --------------------------------------------------------------------*/

int inside_read(const char *path);
int inside_write(const char *path); /* an existing file */
int inside_create(const char *path);
int inside_remove(const char *path);
int inside_list(const char *path);
int inside_bind(unsigned short port); /* TCP on 127.0.0.1 */
int inside_read_key(void);            /* the edge's */
int inside_read_other_key(void);      /* of live/b */
int inside_exec(void);
extern const struct inside_row inside_shared_rows[];
extern const size_t inside_n_shared_rows;

/* --- thread.c: a role with a thread besides its loop's ----------------------------------------*/

bool inside_start_thread(void); /* before the rights go */
/* Tries it there, once in a process; what it gave. */
int inside_on_thread(int (*act)(void));
int inside_read_key_on_thread(void);
int inside_exec_on_thread(void);

#endif
