/* The supervisor: starts each role as a process of its own, starts one that dies again, passes
 * signals on.  It reads nothing from anybody, so there is nothing that could bring it down.
 *
 * A role that lived for a while is started again at once; one that dies right after its start waits
 * a little longer each time, up to a second, so that a fault does not eat the machine. */
#include "cli/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/rights.h"
#include "conf/role.h"

enum { RESTART_MIN_MS = 50, RESTART_MAX_MS = 1000, LIVED_MS = 2000, STOP_MS = 8000 };

struct role {
    const char *name;
    bool is_wanted;
    pid_t pid; /* 0: not running */
    uint64_t started_ms, start_at_ms, pause_ms;
};

static const struct cw_log_ctx log_ctx = {.role = "run"};
static struct role roles[] = {{.name = "edge"}, {.name = "gateway"}, {.name = "panel"}};
enum { N_ROLES = sizeof roles / sizeof *roles };

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void start(struct role *role, const struct cw_config *config)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        /* Nobody is left behind when the supervisor itself is killed. */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(1);
        execl("/proc/self/exe", "causeway", role->name, "--config", config->path.p, (char *)NULL);
        _exit(127);
    }
    role->started_ms = now_ms();
    if (pid < 0) {
        CW_LOG(&log_ctx, CW_LOG_ERROR, "fork-failed", CW_KVC("reason", strerror(errno)));
        role->start_at_ms = role->started_ms + RESTART_MAX_MS;
        return;
    }
    role->pid = pid;
    CW_LOG(&log_ctx, CW_LOG_INFO, "role-started", CW_KVC("name", role->name), CW_KVI("pid", pid));
}

static void log_end(const struct role *role, int status, bool stopping)
{
    bool by_signal = WIFSIGNALED(status);
    CW_LOG(&log_ctx, stopping ? CW_LOG_INFO : CW_LOG_WARN, "role-ended", CW_KVC("name", role->name),
           CW_KVI("pid", role->pid),
           CW_KVI(by_signal ? "signal" : "status",
                  by_signal ? WTERMSIG(status) : WEXITSTATUS(status)));
}

/* Takes note of every role that has ended. */
static void reap(bool stopping)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < N_ROLES; i++) {
            struct role *role = &roles[i];
            if (role->pid != pid)
                continue;
            uint64_t now = now_ms();
            log_end(role, status, stopping);
            role->pause_ms = now - role->started_ms >= LIVED_MS    ? RESTART_MIN_MS
                             : role->pause_ms * 2 < RESTART_MAX_MS ? role->pause_ms * 2
                                                                   : RESTART_MAX_MS;
            role->start_at_ms = now + role->pause_ms;
            role->pid = 0;
        }
    }
}

static void signal_all(int signal_number)
{
    for (size_t i = 0; i < N_ROLES; i++)
        if (roles[i].pid > 0)
            kill(roles[i].pid, signal_number);
}

static bool any_runs(void)
{
    for (size_t i = 0; i < N_ROLES; i++)
        if (roles[i].pid > 0)
            return true;
    return false;
}

/* Starts what is due; returns how long nothing will be. */
static uint64_t start_due(const struct cw_config *config)
{
    uint64_t now = now_ms(), wait_ms = 60000;
    for (size_t i = 0; i < N_ROLES; i++) {
        struct role *role = &roles[i];
        if (!role->is_wanted || role->pid > 0)
            continue;
        if (role->start_at_ms <= now)
            start(role, config);
        if (role->pid == 0 && role->start_at_ms - now < wait_ms)
            wait_ms = role->start_at_ms - now;
    }
    return wait_ms;
}

static int wait_signal(const sigset_t *set, uint64_t timeout_ms)
{
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ms / 1000),
                               .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    return sigtimedwait(set, NULL, &timeout);
}

static void stop(const sigset_t *set)
{
    uint64_t deadline = now_ms() + STOP_MS;
    signal_all(SIGTERM);
    while (any_runs() && now_ms() < deadline) {
        wait_signal(set, 100);
        reap(true);
    }
    signal_all(SIGKILL);
    while (any_runs()) {
        wait_signal(set, 100);
        reap(true);
    }
}

int cw_run_main(int argc, char **argv)
{
    struct cw_config config = {0};
    sigset_t set;
    int status = cw_role_begin(argc, argv, "Starts all roles on this machine.", &config);
    if (status >= 0)
        return status;
    if (!cw_run_rights_drop(&log_ctx, &config)) {
        cw_config_free(&config);
        return 1;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (size_t i = 0; i < N_ROLES; i++)
        roles[i] =
            (struct role){.name = roles[i].name, .is_wanted = true, .pause_ms = RESTART_MIN_MS};
    /* A machine without a certificate runs the gateway alone; its edges are elsewhere. */
    roles[0].is_wanted = config.edge.certificate.n > 0;
    roles[2].is_wanted = config.panel.enabled == CW_ON;
    for (;;) {
        int signal_number = wait_signal(&set, start_due(&config));
        reap(false);
        if (signal_number == SIGTERM || signal_number == SIGINT)
            break;
        if (signal_number == SIGHUP)
            signal_all(SIGHUP);
    }
    stop(&set);
    cw_config_free(&config);
    return 0;
}
