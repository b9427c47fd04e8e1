/* What a process gives up once its sockets stand, so that a fault in the code that reads strangers'
 * bytes stays a fault of that process.  The tools are here; which process gives up what stands in
 * its own rights.c.
 *
 * A role goes through them in this order, here the edge started by root with `user: causeway`:
 *
 *     cw_user_find     the account is looked up while its files can still be read
 *     (bind, open)     listeners, certificate, resolver
 *     cw_view_close    from here on the rest of the file system does not exist for it
 *     cw_user_become   groups, gid, uid: root is gone and does not come back
 *     cw_limits_set    no core file with the key in it; so many files, so much memory
 *     cw_calls_close   from here on the other system calls do not exist for it
 *
 * Every function says with a sentence what could not be done; nothing is half given up in silence.
 */
#ifndef CW_RIGHTS_RIGHTS_H
#define CW_RIGHTS_RIGHTS_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

/* --- user.c: the account ----------------------------------------------------------------------*/

struct cw_user {
    bool is_other; /* we are root and shall become that account; else the rest is not used */
    uid_t uid;
    gid_t gid;
    const char *name; /* as given */
};

/* Name empty, or not started by root: is_other is false.  False: there is no such account. */
bool cw_user_find(const char *name, struct cw_user *out, struct cw_buf *why);
/* The directory is made (mode 0700) when it is missing.  False: it is there but belongs to somebody
 * else than the account; giving away what the administrator made would be bold. */
bool cw_user_directory(const struct cw_user *, const char *path, struct cw_buf *why);
/* Gives a file or socket of ours to the account; a missing one is fine.  Links are not followed:
 * the account may write to the directory and could point them anywhere. */
bool cw_user_give(const struct cw_user *, const char *path, struct cw_buf *why);
/* Supplementary groups, gid, uid, for all threads; then no new privileges.  The signal at the
 * parent's death (cli/run.c), which the kernel forgets on the way, is kept. */
bool cw_user_become(const struct cw_user *, struct cw_buf *why);

/* --- limits.c ---------------------------------------------------------------------------------*/

struct cw_limits {
    unsigned max_files;      /* descriptors; fewer when the hard limit says so */
    unsigned max_memory_mib; /* writable memory; 0: no limit.  Not set under a sanitizer */
};

/* Also: no core files, and nobody of the same account may look into our memory. */
bool cw_limits_set(const struct cw_limits *, struct cw_buf *why);

/* --- paths.c, view.c, view_mount.c: the file system
 * ----------------------------------------------------*/

enum cw_path_right {
    CW_PATH_READ,    /* read what is below */
    CW_PATH_WRITE,   /* also write, make and remove files and sockets */
    CW_PATH_CONNECT, /* reach the sockets in that directory */
};

struct cw_path {
    const char *path; /* file or directory; a missing one is passed over */
    enum cw_path_right right;
};

/* A list in the making. */
struct cw_paths {
    struct cw_arena *arena;
    struct cw_path *list;
    size_t n;
};
void cw_paths_add(struct cw_paths *, struct cw_str path, enum cw_path_right); /* empty: nothing */
/* The directory of a path. */
void cw_paths_add_parent(struct cw_paths *, struct cw_str path, enum cw_path_right);
/* To read a file that may be replaced later: its directory, and those of the links and the file
 * that it links to (certbot's live/DOMAIN and archive/DOMAIN, say); yet a file alone where its
 * directory would show `hidden` too. */
void cw_paths_add_beside(struct cw_paths *, struct cw_str file, struct cw_str hidden);
/* Does `path` lie in the directory of `file`, or below? */
bool cw_path_is_beside(struct cw_str path, struct cw_str file);

struct cw_view {
    const struct cw_path *paths;
    size_t n_paths;
    const uint16_t *tcp_ports; /* that may be bound from now on; "some free port" always may */
    size_t n_tcp_ports;
};

enum cw_view_kind {
    CW_VIEW_LANDLOCK, /* Landlock (Linux 5.13); TCP ports from 6.7, signals from 6.12 */
    CW_VIEW_MOUNT,    /* a mount namespace with these paths only (root; ports are not limited) */
    CW_VIEW_NONE,     /* neither can be had here: nothing has changed, `why` says so */
    CW_VIEW_FAILED,   /* half way; the process must end */
};

/* Takes everything else away, for this thread and all that it makes later: call it before there are
 * others.  What the libraries read (resolver, time zone, certificates of the system) is added. */
enum cw_view_kind cw_view_close(const struct cw_view *, struct cw_buf *why);
const char *cw_view_name(enum cw_view_kind); /* "landlock", "mount-namespace", "none" */
/* The two ways by themselves, for the tests. */
enum cw_view_kind cw_view_landlock(const struct cw_view *, struct cw_buf *why);
enum cw_view_kind cw_view_mount(const struct cw_view *, struct cw_buf *why);

/* --- calls.c, calls_table.c: system calls -----------------------------------------------------*/

enum cw_calls {
    CW_CALLS_BASE = 0,        /* memory, time, waiting, threads' locks, open descriptors */
    CW_CALLS_NETWORK = 1,     /* IPv4 and IPv6 sockets, streams and datagrams; not listening */
    CW_CALLS_UNIX = 2,        /* also Unix sockets */
    CW_CALLS_READ_FILES = 4,  /* open, stat, read */
    CW_CALLS_WRITE_FILES = 8, /* also replace and remove */
    CW_CALLS_DATABASE = 16,   /* also what SQLite needs: locks, truncation, ownership */
};

/* All other calls answer EPERM, in all threads.  Those that no part of the program ever makes
 * (exec, fork, ptrace, mount, ...) end the process by SIGSYS, after a line "denied-system-call" in
 * the log; `role` names it there. */
bool cw_calls_close(unsigned calls, const char *role, struct cw_buf *why);
/* Only the latter, except exec and fork: for a process that starts others, which inherit it. */
bool cw_calls_close_parent(const char *role, struct cw_buf *why);

/* --- rights.c: all of it ----------------------------------------------------------------------*/

/* The last step of a role: user, limits, calls; one line in the log says what holds. */
struct cw_rights {
    const struct cw_log_ctx *log;
    bool has_sandbox; /* false: system calls stay open */
    enum cw_view_kind view;
    struct cw_user user;
    struct cw_limits limits;
    unsigned calls;
};
bool cw_rights_drop(const struct cw_rights *, struct cw_buf *why);
/* cw_view_close with its line in the log when there is no view to be had. */
bool cw_rights_view(struct cw_rights *, const struct cw_view *, struct cw_buf *why);

#endif
