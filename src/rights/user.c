/* The account of a role; see rights.h. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rights/rights.h"

bool cw_user_find(const char *name, struct cw_user *out, struct cw_buf *why)
{
    *out = (struct cw_user){.name = name ? name : ""};
    if (!out->name[0] || geteuid() != 0)
        return true;
    errno = 0;
    const struct passwd *found = getpwnam(name);
    if (!found) {
        cw_buf_printf(why, "user: there is no account \"%s\"%s%s", name, errno ? ": " : "",
                      errno ? strerror(errno) : "");
        return false;
    }
    out->uid = found->pw_uid;
    out->gid = found->pw_gid;
    out->is_other = found->pw_uid != 0;
    return true;
}

bool cw_user_directory(const struct cw_user *user, const char *path, struct cw_buf *why)
{
    struct stat info;
    bool is_new = mkdir(path, 0700) == 0;
    if (!is_new && errno != EEXIST) {
        cw_buf_printf(why, "%s: the directory cannot be made: %s", path, strerror(errno));
        return false;
    }
    if (!user->is_other)
        return true;
    if (is_new && lchown(path, user->uid, user->gid) == 0)
        return true;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == user->uid)
        return true;
    cw_buf_printf(why, "%s: does not belong to %s, the account of the roles (user); chown -R %s %s",
                  path, user->name, user->name, path);
    return false;
}

bool cw_user_give(const struct cw_user *user, const char *path, struct cw_buf *why)
{
    struct stat info;
    if (!user->is_other)
        return true;
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return true;
    /* A file with a second name may be somebody else's file. */
    bool ok = fd >= 0 && fstat(fd, &info) == 0 &&
              (info.st_uid == user->uid ||
               ((S_ISREG(info.st_mode) || S_ISSOCK(info.st_mode)) && info.st_nlink == 1 &&
                fchownat(fd, "", user->uid, user->gid, AT_EMPTY_PATH) == 0));
    if (!ok)
        cw_buf_printf(why, "%s: cannot be given to %s, the account of the roles (user): %s", path,
                      user->name, fd < 0 ? strerror(errno) : "it is a link, or has another name");
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool change(const struct cw_user *user, struct cw_buf *why)
{
    int death_signal = 0;
    pid_t parent = getppid();
    (void)prctl(PR_GET_PDEATHSIG, &death_signal);
    if (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0) {
        cw_buf_printf(why, "user: cannot become %s: %s", user->name, strerror(errno));
        return false;
    }
    if (setuid(0) == 0 || seteuid(0) == 0) {
        cw_buf_printf(why, "user: became %s, yet could become root again", user->name);
        return false;
    }
    if (death_signal != 0) {
        (void)prctl(PR_SET_PDEATHSIG, death_signal);
        if (getppid() != parent) /* it died in between */
            (void)raise(death_signal);
    }
    return true;
}

bool cw_user_become(const struct cw_user *user, struct cw_buf *why)
{
    if (user->is_other && !change(user, why))
        return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        return true;
    cw_buf_printf(why, "cannot give up new privileges: %s", strerror(errno));
    return false;
}
