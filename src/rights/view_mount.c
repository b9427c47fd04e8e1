/* The file system view where the kernel has no Landlock: as root, a mount namespace in which a
 * small tmpfs holds the allowed paths, each where it always was, and nothing else; see rights.h. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rights/view_priv.h"

#define NEW_ROOT "/tmp" /* in our namespace only */

struct source {
    const struct cw_path *path;
    int fd; /* opened before the tmpfs hides what is below NEW_ROOT; -1: not there */
    bool is_directory;
};

static void open_source(struct source *source, const struct cw_path *path)
{
    struct stat info;
    source->path = path;
    source->fd = open(path->path, O_PATH | O_CLOEXEC);
    if (source->fd >= 0 && fstat(source->fd, &info) == 0)
        source->is_directory = S_ISDIR(info.st_mode);
}

/* Makes the directories above `path` and, for a file, an empty one to mount upon. */
static bool make_place(char *path, bool is_directory)
{
    for (char *at = strchr(path + sizeof NEW_ROOT, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        bool ok = mkdir(path, 0755) == 0 || errno == EEXIST;
        *at = '/';
        if (!ok)
            return false;
    }
    if (is_directory)
        return mkdir(path, 0755) == 0 || errno == EEXIST;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
    /* A writable directory around it was mounted before: there it is already. */
    if (fd < 0)
        return access(path, F_OK) == 0;
    close(fd);
    return true;
}

static bool mount_source(const struct source *source)
{
    char place[4096 + sizeof NEW_ROOT], from[40];
    unsigned long flags = MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NOEXEC;
    if (source->fd < 0)
        return true;
    int n = snprintf(place, sizeof place, NEW_ROOT "%s", source->path->path);
    if (n < 0 || (size_t)n >= sizeof place)
        return false;
    snprintf(from, sizeof from, "/proc/self/fd/%d", source->fd);
    if (source->path->right != CW_PATH_WRITE)
        flags |= MS_RDONLY;
    /* Libraries may be loaded later, and programs may not be started anyway. */
    if (strstr(source->path->path, "lib"))
        flags &= ~(unsigned long)MS_NOEXEC;
    return make_place(place, source->is_directory) &&
           mount(from, place, NULL, MS_BIND | MS_REC, NULL) == 0 &&
           mount(NULL, place, NULL, flags, NULL) == 0;
}

static bool enter(void)
{
    return chdir(NEW_ROOT) == 0 &&
           mount(NULL, NEW_ROOT, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) == 0 &&
           syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 &&
           chdir("/") == 0;
}

enum cw_view_kind cw_view_mount(const struct cw_view *view, struct cw_buf *why)
{
    size_t n = view->n_paths + cw_view_n_system_paths;
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0) {
        cw_buf_putcstr(why, "a mount namespace needs root and CAP_SYS_ADMIN");
        return CW_VIEW_NONE;
    }
    struct source *sources = cw_alloc(n * sizeof *sources);
    for (size_t i = 0; i < n; i++)
        open_source(&sources[i], i < cw_view_n_system_paths
                                     ? &cw_view_system_paths[i]
                                     : &view->paths[i - cw_view_n_system_paths]);
    bool ok = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
              mount("causeway", NEW_ROOT, "tmpfs", 0, "size=1m,mode=0755") == 0;
    for (size_t i = 0; ok && i < n; i++)
        ok = mount_source(&sources[i]);
    ok = ok && enter();
    if (!ok)
        cw_buf_printf(why, "the mount namespace cannot be set up: %s", strerror(errno));
    for (size_t i = 0; i < n; i++)
        if (sources[i].fd >= 0)
            close(sources[i].fd);
    cw_free(sources);
    return ok ? CW_VIEW_MOUNT : CW_VIEW_FAILED;
}
