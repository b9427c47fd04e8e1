/* Files read and replaced whole; the order of the calls in replacing is the point: a rename is
 * lasting only when the content was synchronised before it and the directory after it. */
#include "conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum cw_err cw_file_read(const char *path, size_t max, struct cw_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT ? CW_ERR_NOT_FOUND : CW_ERR_IO;
    enum cw_err err = CW_OK;
    for (;;) {
        char bytes[16384];
        ssize_t n = read(fd, bytes, sizeof(bytes));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            err = n < 0 ? CW_ERR_IO : CW_OK;
            break;
        }
        cw_buf_put(out, bytes, (size_t)n);
        if (out->n > max) {
            err = CW_ERR_LIMIT;
            break;
        }
    }
    int kept = errno;
    close(fd);
    errno = kept;
    return err;
}

static bool write_all(int fd, struct cw_str content)
{
    while (content.n > 0) {
        ssize_t n = write(fd, content.p, content.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        content = cw_str_sub(content, (size_t)n, content.n);
    }
    return fsync(fd) == 0;
}

enum cw_err cw_file_replace(const char *directory, const char *name, struct cw_str content)
{
    struct cw_arena arena = {0};
    const char *aside = cw_arena_printf(&arena, ".%s.%ld", name, (long)getpid()).p;
    enum cw_err err = CW_ERR_IO;
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
    if (dir < 0)
        goto out;
    (void)unlinkat(dir, aside, 0); /* left by a crash of a process with our number */
    fd = openat(dir, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        goto out;
    if (!write_all(fd, content) || renameat(dir, aside, dir, name) != 0 || fsync(dir) != 0) {
        int kept = errno;
        (void)unlinkat(dir, aside, 0);
        errno = kept;
        goto out;
    }
    err = CW_OK;
out:;
    int kept = errno;
    if (fd >= 0)
        close(fd);
    if (dir >= 0)
        close(dir);
    cw_arena_free(&arena);
    errno = kept;
    return err;
}
