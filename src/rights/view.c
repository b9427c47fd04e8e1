/* The file system view by Landlock (see landlock(7)), which needs no privilege; see rights.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rights/sanitizer.h"
#include "rights/view_priv.h"

/* Headers are older than kernels; the numbers never change. */
#define FS_ALL_V1   ((1ULL << 13) - 1)
#define FS_REFER    (1ULL << 13)                /* version 2 */
#define FS_TRUNCATE (1ULL << 14)                /* version 3 */
#define FS_IOCTL    (1ULL << 15)                /* version 5 */
#define NET_BIND    (1ULL << 0)                 /* version 4 */
#define SCOPES      ((1ULL << 0) | (1ULL << 1)) /* version 6: abstract sockets, signals */
#define RULE_PORT   2

struct ruleset { /* struct landlock_ruleset_attr as of version 6 */
    uint64_t fs, net, scoped;
};
struct port_rule { /* struct landlock_net_port_attr */
    uint64_t allowed, port;
};

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_FILE \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL)
#define FS_WRITE                                                                           \
    (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG | \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE)

const struct cw_path cw_view_system_paths[] = {
    {"/etc/resolv.conf", CW_PATH_READ},
    {"/etc/hosts", CW_PATH_READ},
    {"/etc/host.conf", CW_PATH_READ},
    {"/etc/gai.conf", CW_PATH_READ},
    {"/etc/nsswitch.conf", CW_PATH_READ},
    {"/etc/services", CW_PATH_READ},
    {"/etc/localtime", CW_PATH_READ},
    {"/etc/ld.so.cache", CW_PATH_READ},
    {"/etc/ssl/openssl.cnf", CW_PATH_READ},
    {"/etc/ssl/certs", CW_PATH_READ},
    {"/usr/share/ca-certificates", CW_PATH_READ},
    {"/usr/local/share/ca-certificates", CW_PATH_READ},
    {"/usr/share/zoneinfo", CW_PATH_READ},
    {"/usr/lib", CW_PATH_READ},
    {"/lib", CW_PATH_READ},
    {"/lib64", CW_PATH_READ},
    {"/dev/null", CW_PATH_WRITE},
    {"/dev/urandom", CW_PATH_READ},
    {"/dev/random", CW_PATH_READ},
    {"/sys/devices/system/cpu", CW_PATH_READ},
#if CW_HAS_SANITIZER
    {"/proc", CW_PATH_READ}, /* the leak checker reads its own maps and threads */
#endif
};
const size_t cw_view_n_system_paths = sizeof cw_view_system_paths / sizeof *cw_view_system_paths;

static struct ruleset handled(long version)
{
    struct ruleset rules = {.fs = FS_ALL_V1};
    rules.fs |= version >= 2 ? FS_REFER : 0;
    rules.fs |= version >= 3 ? FS_TRUNCATE : 0;
    rules.fs |= version >= 5 ? FS_IOCTL : 0;
    rules.net = version >= 4 ? NET_BIND : 0;
    /* The leak checker's thread signals the others. */
    rules.scoped = version >= 6 && !CW_HAS_SANITIZER ? SCOPES : 0;
    return rules;
}

static size_t size_of(long version)
{
    return version >= 6 ? sizeof(struct ruleset) : version >= 4 ? 16 : 8;
}

static bool allow_path(int set, const struct ruleset *rules, const struct cw_path *path)
{
    struct stat info;
    if (path->right == CW_PATH_CONNECT) /* Landlock does not ask when a socket is connected to */
        return true;
    int fd = open(path->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    bool ok = fstat(fd, &info) == 0;
    struct landlock_path_beneath_attr rule = {.parent_fd = fd};
    rule.allowed_access = path->right == CW_PATH_WRITE ? FS_WRITE : FS_READ;
    if (ok && !S_ISDIR(info.st_mode))
        rule.allowed_access &= FS_FILE;
    rule.allowed_access &= rules->fs;
    ok = ok && syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(fd);
    return ok;
}

static bool allow_port(int set, const struct ruleset *rules, uint16_t port)
{
    struct port_rule rule = {.allowed = NET_BIND, .port = port};
    return !rules->net || syscall(SYS_landlock_add_rule, set, RULE_PORT, &rule, 0) == 0;
}

static bool allow_all(int set, const struct ruleset *rules, const struct cw_view *view)
{
    bool ok = allow_port(set, rules, 0);
    for (size_t i = 0; ok && i < view->n_tcp_ports; i++)
        ok = allow_port(set, rules, view->tcp_ports[i]);
    for (size_t i = 0; ok && i < view->n_paths; i++)
        ok = allow_path(set, rules, &view->paths[i]);
    for (size_t i = 0; ok && i < cw_view_n_system_paths; i++)
        ok = allow_path(set, rules, &cw_view_system_paths[i]);
    return ok;
}

enum cw_view_kind cw_view_landlock(const struct cw_view *view, struct cw_buf *why)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        cw_buf_printf(why, "the kernel has no Landlock (%s)", strerror(errno));
        return CW_VIEW_NONE;
    }
    struct ruleset rules = handled(version);
    int set = (int)syscall(SYS_landlock_create_ruleset, &rules, size_of(version), 0);
    bool ok = set >= 0 && allow_all(set, &rules, view) &&
              prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
              syscall(SYS_landlock_restrict_self, set, 0) == 0;
    if (!ok)
        cw_buf_printf(why, "Landlock refused: %s", strerror(errno));
    if (set >= 0)
        close(set);
    return ok ? CW_VIEW_LANDLOCK : CW_VIEW_NONE;
}

enum cw_view_kind cw_view_close(const struct cw_view *view, struct cw_buf *why)
{
    enum cw_view_kind kind = cw_view_landlock(view, why);
    if (kind == CW_VIEW_NONE) {
        cw_buf_putcstr(why, "; ");
        kind = cw_view_mount(view, why);
    }
    return kind;
}

const char *cw_view_name(enum cw_view_kind kind)
{
    static const char *const names[] = {"landlock", "mount-namespace", "none", "failed"};
    return names[kind];
}
