/* System calls by seccomp: the list of those allowed is made of calls_table.c and, where the
 * arguments matter, of the rules here; see rights.h. */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rights/calls_priv.h"
#include "rights/sanitizer.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* --- the call that ends a process -------------------------------------------------------------*/

static const char *denied_role = "";

/* Runs inside the forbidden call, perhaps with every lock of the C library held: nothing here may
 * allocate. */
static void on_denied(int signal_number, siginfo_t *info, void *context)
{
    const char *name = "clone"; /* the one that is not in the table: fork */
    char line[160];
    (void)context;
    for (size_t i = 0; i < cw_n_never_rows; i++)
        if (cw_never_rows[i].number == info->si_syscall)
            name = cw_never_rows[i].name;
    int n = snprintf(line, sizeof line, "- error %s denied-system-call name=%s number=%d\n",
                     denied_role, name, info->si_syscall);
    ssize_t ignored = write(STDERR_FILENO, line, n > 0 ? (size_t)n : 0);
    (void)ignored;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static bool catch_denied(const char *role)
{
    struct sigaction action = {.sa_sigaction = on_denied, .sa_flags = SA_SIGINFO | SA_NODEFER};
    denied_role = role;
    return sigaction(SIGSYS, &action, NULL) == 0;
}

/* --- rules ------------------------------------------------------------------------------------*/

#define ALLOW(filter, name, ...)                                          \
    seccomp_rule_add_array((filter), SCMP_ACT_ALLOW, SCMP_SYS(name),      \
                           sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / \
                               sizeof(struct scmp_arg_cmp),               \
                           (struct scmp_arg_cmp[]){__VA_ARGS__})
#define IS(n, value) SCMP_CMP64(n, SCMP_CMP_EQ, (scmp_datum_t)(value))
#define HAS(n, mask, value) \
    SCMP_CMP64(n, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value))

/* Streams and datagrams of that family: no raw, packet, netlink sockets, nor what else there is. */
static int allow_sockets(scmp_filter_ctx filter, int family)
{
    const unsigned kind = ~(unsigned)(SOCK_NONBLOCK | SOCK_CLOEXEC);
    int err = ALLOW(filter, socket, IS(0, family), HAS(1, kind, SOCK_STREAM));
    return err ? err : ALLOW(filter, socket, IS(0, family), HAS(1, kind, SOCK_DGRAM));
}

static int allow_network(scmp_filter_ctx filter, unsigned calls)
{
    int err = 0;
    if (calls & CW_CALLS_NETWORK) {
        err |= allow_sockets(filter, AF_INET);
        err |= allow_sockets(filter, AF_INET6);
    }
    if (calls & CW_CALLS_UNIX)
        err |= allow_sockets(filter, AF_UNIX);
    return err;
}

/* Memory is never made executable; signals go to ourselves; limits are read, not set. */
static int allow_by_arguments(scmp_filter_ctx filter)
{
    int err = 0;
#if CW_HAS_SANITIZER
    err |= ALLOW(filter, clone, HAS(0, CLONE_VM | CLONE_VFORK | CLONE_THREAD, CLONE_VM));
#else
    err |= ALLOW(filter, prctl, IS(0, PR_SET_NAME));
    err |= ALLOW(filter, prctl, IS(0, PR_SET_VMA));
#endif
    err |= ALLOW(filter, mmap, HAS(2, PROT_EXEC, 0));
    err |= ALLOW(filter, mprotect, HAS(2, PROT_EXEC, 0));
    err |= ALLOW(filter, tgkill, IS(0, getpid()));
    err |= ALLOW(filter, prlimit64, IS(2, 0));
    err |= ALLOW(filter, ioctl, IS(1, FIONREAD));
    err |= ALLOW(filter, ioctl, IS(1, FIONBIO));
    err |= ALLOW(filter, ioctl, IS(1, TCGETS));
    return err;
}

static int allow_rows(scmp_filter_ctx filter, unsigned calls)
{
    int err = 0;
    for (size_t i = 0; i < cw_n_call_rows && !err; i++) {
        const struct cw_call_row *row = &cw_call_rows[i];
        if (row->number >= 0 && (row->calls == CW_CALLS_BASE || (row->calls & calls)))
            err = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, row->number, 0, NULL);
    }
    return err;
}

static int deny_never(scmp_filter_ctx filter, bool is_parent)
{
    int err = 0;
    for (size_t i = 0; i < cw_n_never_rows && !err; i++) {
        const struct cw_never_row *row = &cw_never_rows[i];
        if (row->number >= 0 && !(is_parent && row->is_parents))
            err = seccomp_rule_add_array(filter, SCMP_ACT_TRAP, row->number, 0, NULL);
    }
    return err;
}

/* A thread is refused (EPERM), a process is the end.  clone3 hides its flags in memory where no
 * filter can look; the C library falls back to clone. */
static int deny_processes(scmp_filter_ctx filter)
{
    struct scmp_arg_cmp fork_flags = HAS(0, CLONE_VM, 0);
    struct scmp_arg_cmp vfork_flags = HAS(0, CLONE_VM | CLONE_VFORK, CLONE_VM | CLONE_VFORK);
    int err = seccomp_rule_add_array(filter, SCMP_ACT_TRAP, SCMP_SYS(clone), 1, &fork_flags);
    err |= seccomp_rule_add_array(filter, SCMP_ACT_TRAP, SCMP_SYS(clone), 1, &vfork_flags);
    err |= seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
    return err;
}

/* --- filters ----------------------------------------------------------------------------------*/

static bool load(scmp_filter_ctx filter, int err, const char *role, struct cw_buf *why)
{
    if (!err)
        err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!err && !catch_denied(role))
        err = -errno;
    if (!err)
        err = seccomp_load(filter);
    seccomp_release(filter);
    if (err)
        cw_buf_printf(why, "system calls cannot be limited: %s", strerror(err < 0 ? -err : err));
    return err == 0;
}

bool cw_calls_close(unsigned calls, const char *role, struct cw_buf *why)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    cw_assert(filter);
    int err = allow_rows(filter, calls);
    if (!err)
        err = allow_by_arguments(filter);
    if (!err)
        err = allow_network(filter, calls);
    if (!err)
        err = deny_never(filter, false);
    if (!err)
        err = deny_processes(filter);
    return load(filter, err, role, why);
}

bool cw_calls_close_parent(const char *role, struct cw_buf *why)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    cw_assert(filter);
    return load(filter, deny_never(filter, true), role, why);
}
