/* What whoever has taken a process over would try, and no role may; see inside.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inside.h"

static int open_close(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

int inside_read(const char *path)
{
    return open_close(path, O_RDONLY);
}

int inside_write(const char *path)
{
    return open_close(path, O_WRONLY);
}

int inside_create(const char *path)
{
    return open_close(path, O_WRONLY | O_CREAT | O_EXCL);
}

int inside_remove(const char *path)
{
    return unlink(path) == 0 ? 0 : errno;
}

int inside_list(const char *path)
{
    return open_close(path, O_RDONLY | O_DIRECTORY);
}

int inside_bind(unsigned short port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
}

int inside_read_key(void)
{
    return inside_read(inside_path("keys/key.pem"));
}

int inside_read_other_key(void)
{
    return inside_read(inside_path("live/b/key.pem"));
}

int inside_exec(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int fork_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : 0;
}

static int spawn_program(void)
{
    char *argv[] = {(char[]){"true"}, NULL};
    return posix_spawn(&(pid_t){0}, "/bin/true", NULL, NULL, argv, NULL);
}

static void *nothing(void *arg)
{
    return arg;
}

static int start_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, nothing, NULL);
}

/* These two would do no harm where they are allowed. */
static int trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno;
}

static int mount_tmpfs(void)
{
    return mount("x", inside_path("missing"), "tmpfs", 0, NULL) == 0 ? 0 : errno;
}

static int new_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
}

static int become_root(void)
{
    return setuid(0) == 0 ? 0 : errno;
}

static int load_program_into_kernel(void)
{
    return syscall(SYS_bpf, 0, NULL, 0) == 0 ? 0 : errno;
}

static int signal_parent(void)
{
    return kill(getppid(), SIGCONT) == 0 ? 0 : errno;
}

static int raise_limit(void)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    return setrlimit(RLIMIT_CORE, &limit) == 0 ? 0 : errno;
}

static int core_limit(void)
{
    struct rlimit limit = {1, 1};
    return getrlimit(RLIMIT_CORE, &limit) != 0 ? errno : limit.rlim_max == 0 ? 0 : ERANGE;
}

static int executable_memory(void)
{
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED ? 0 : errno;
}

static int make_memory_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? EDOM : mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0 ? 0 : errno;
}

static int open_socket(int family, int type)
{
    return socket(family, type, 0) >= 0 ? 0 : errno;
}

static int raw_socket(void)
{
    return open_socket(AF_INET, SOCK_RAW);
}

static int netlink_socket(void)
{
    return open_socket(AF_NETLINK, SOCK_DGRAM);
}

static int udp_socket(void)
{
    return open_socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static int listen_anew(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && listen(fd, 1) == 0 ? 0 : errno;
}

static int bind_other_port(void)
{
    return inside_bind(35269);
}

static int bind_some_port(void) /* edge.source-address */
{
    return inside_bind(0);
}

static int read_passwords(void)
{
    return inside_read("/etc/passwd");
}

static int read_resolvers(void)
{
    return inside_read("/etc/hosts");
}

static int read_config(void)
{
    return inside_read(inside_path("config.yaml"));
}

static int create_in_tmp(void)
{
    return inside_create("/tmp/cw-rights-made-from-inside");
}

const struct inside_row inside_shared_rows[] = {
    {"start another program", inside_exec, NULL, INSIDE_ENDS, false},
    {"fork", fork_process, NULL, INSIDE_ENDS, false},
    {"spawn", spawn_program, NULL, INSIDE_ENDS, false},
    {"start a thread", start_thread, NULL, EPERM, false},
    {"trace", trace, NULL, INSIDE_ENDS, true},
    {"mount", mount_tmpfs, NULL, INSIDE_ENDS, false},
    {"new namespace", new_namespace, NULL, INSIDE_ENDS, false},
    {"become root", become_root, NULL, INSIDE_ENDS, false},
    {"bpf", load_program_into_kernel, NULL, INSIDE_ENDS, false},
    {"signal another process", signal_parent, NULL, EPERM, true},
    {"raise a limit", raise_limit, NULL, EPERM, false},
    {"no core file", core_limit, NULL, 0, false},
    {"executable memory", executable_memory, NULL, EPERM, false},
    {"memory made executable", make_memory_executable, NULL, EPERM, false},
    {"raw socket", raw_socket, NULL, EPERM, false},
    {"netlink socket", netlink_socket, NULL, EPERM, false},
    {"UDP socket", udp_socket, NULL, 0, false},
    {"listen anew", listen_anew, NULL, EPERM, false},
    {"bind another port", bind_other_port, NULL, EACCES, false},
    {"bind some port", bind_some_port, NULL, 0, false},
    {"read /etc/passwd", read_passwords, NULL, EACCES, false},
    {"read /etc/hosts", read_resolvers, NULL, 0, false},
    {"read the configuration", read_config, NULL, EACCES, false},
    {"create a file in /tmp", create_in_tmp, NULL, EACCES, false},
};
const size_t inside_n_shared_rows = sizeof inside_shared_rows / sizeof *inside_shared_rows;
