/* System calls, one row each; see calls_priv.h. */
#include <seccomp.h>

#include "rights/calls_priv.h"
#include "rights/sanitizer.h"

#define NEVER(name)                  \
    {                                \
        SCMP_SYS(name), #name, false \
    }
#define PARENTS(name)               \
    {                               \
        SCMP_SYS(name), #name, true \
    }
#define BASE(name)                    \
    {                                 \
        SCMP_SYS(name), CW_CALLS_BASE \
    }
#define NET(name)                        \
    {                                    \
        SCMP_SYS(name), CW_CALLS_NETWORK \
    }
#define READ(name)                          \
    {                                       \
        SCMP_SYS(name), CW_CALLS_READ_FILES \
    }
#define WRITE(name)                          \
    {                                        \
        SCMP_SYS(name), CW_CALLS_WRITE_FILES \
    }
#define DATA(name)                        \
    {                                     \
        SCMP_SYS(name), CW_CALLS_DATABASE \
    }

const struct cw_never_row cw_never_rows[] = {
    /* Another program, another process; fork by way of clone is in calls.c. */
    PARENTS(execve),
    PARENTS(execveat),
    PARENTS(fork),
    PARENTS(vfork),
#if !CW_HAS_SANITIZER
    NEVER(ptrace),
    NEVER(process_vm_readv),
#endif
    NEVER(process_vm_writev),
    NEVER(pidfd_getfd),
    NEVER(kcmp),
    /* Another view of the system. */
    PARENTS(mount),
    PARENTS(umount2),
    PARENTS(pivot_root),
    PARENTS(unshare),
    PARENTS(chroot),
    NEVER(setns),
    NEVER(move_mount),
    NEVER(open_tree),
    NEVER(fsopen),
    NEVER(fsmount),
    NEVER(open_by_handle_at),
    NEVER(mknod),
    NEVER(mknodat),
    /* Another account. */
    PARENTS(setuid),
    PARENTS(setgid),
    PARENTS(setreuid),
    PARENTS(setregid),
    PARENTS(setresuid),
    PARENTS(setresgid),
    PARENTS(setgroups),
    PARENTS(capset),
    /* The kernel itself, and parts of it that faults come from. */
    NEVER(init_module),
    NEVER(finit_module),
    NEVER(delete_module),
    NEVER(kexec_load),
    NEVER(kexec_file_load),
    NEVER(bpf),
    NEVER(perf_event_open),
    NEVER(userfaultfd),
    NEVER(io_uring_setup),
    NEVER(io_uring_enter),
    NEVER(io_uring_register),
    NEVER(add_key),
    NEVER(request_key),
    NEVER(keyctl),
    NEVER(modify_ldt),
    NEVER(iopl),
    NEVER(ioperm),
    /* The machine. */
    NEVER(reboot),
    NEVER(swapon),
    NEVER(swapoff),
    NEVER(acct),
    NEVER(quotactl),
    NEVER(settimeofday),
    NEVER(clock_settime),
    NEVER(sethostname),
    NEVER(setdomainname),
};
const size_t cw_n_never_rows = sizeof cw_never_rows / sizeof *cw_never_rows;

const struct cw_call_row cw_call_rows[] = {
    BASE(read),
    BASE(readv),
    BASE(write),
    BASE(writev),
    BASE(close),
    BASE(lseek),
    BASE(dup),
    BASE(fcntl),
    BASE(fstat),
    BASE(pipe2),
    BASE(munmap),
    BASE(mremap),
    BASE(madvise),
    BASE(brk),
    BASE(futex),
    BASE(set_robust_list),
    BASE(rseq),
    BASE(membarrier),
    BASE(sched_yield),
    BASE(sched_getaffinity),
    BASE(rt_sigaction),
    BASE(rt_sigprocmask),
    BASE(rt_sigreturn),
    BASE(sigaltstack),
    BASE(restart_syscall),
    BASE(exit),
    BASE(exit_group),
    BASE(epoll_create1),
    BASE(epoll_ctl),
    BASE(epoll_wait),
    BASE(epoll_pwait),
    BASE(epoll_pwait2),
    BASE(poll),
    BASE(ppoll),
    BASE(select),
    BASE(pselect6),
    BASE(eventfd2),
    BASE(timerfd_create),
    BASE(timerfd_settime),
    BASE(nanosleep),
    BASE(clock_nanosleep),
    BASE(clock_gettime),
    BASE(clock_getres),
    BASE(gettimeofday),
    BASE(time),
    BASE(getrandom),
    BASE(getpid),
    BASE(getppid),
    BASE(gettid),
    BASE(getuid),
    BASE(geteuid),
    BASE(getgid),
    BASE(getegid),
    BASE(getrlimit),
    BASE(getrusage),
    BASE(times),
    BASE(uname),
    BASE(sysinfo),
    NET(connect),
    NET(bind),
    NET(accept),
    NET(accept4),
    NET(shutdown),
    NET(sendto),
    NET(sendmsg),
    NET(sendmmsg),
    NET(recvfrom),
    NET(recvmsg),
    NET(recvmmsg),
    NET(getsockname),
    NET(getpeername),
    NET(getsockopt),
    NET(setsockopt),
    READ(open),
    READ(openat),
    READ(stat),
    READ(lstat),
    READ(newfstatat),
    READ(statx),
    READ(fstatfs),
    READ(access),
    READ(faccessat),
    READ(faccessat2),
    READ(readlink),
    READ(readlinkat),
    READ(getdents64),
    READ(getcwd),
    READ(pread64),
    READ(fadvise64),
    WRITE(pwrite64),
    WRITE(fsync),
    WRITE(fdatasync),
    WRITE(rename),
    WRITE(renameat),
    WRITE(renameat2),
    WRITE(unlink),
    WRITE(unlinkat),
    WRITE(umask),
    DATA(ftruncate),
    DATA(fallocate),
    DATA(fchmod),
    DATA(fchown),
#if CW_HAS_SANITIZER
    /* The leak checker stops all threads from a process of its own and reads their stacks. */
    BASE(ptrace),
    BASE(process_vm_readv),
    BASE(wait4),
    BASE(prctl),
    BASE(tkill),
    BASE(kill),
    BASE(arch_prctl),
    BASE(readlink),
    BASE(getdents64),
    BASE(getdents),
    BASE(openat),
    BASE(open),
    BASE(newfstatat),
#endif
};
const size_t cw_n_call_rows = sizeof cw_call_rows / sizeof *cw_call_rows;
