/* The threat model of the supervisor.  It reads nothing from anybody but the configuration, so it
 * is no way in; but it stays what it was started as, root perhaps, because a role that died must be
 * able to bind and open again what the first one did.  What it is left with, the roles are left
 * with at their start, before they give up more.
 *
 *     may     start the roles, end and wait for them
 *             as root: become another account, hand files over, bind low ports, raise limits
 *     may not leave a core file; load a module, trace a process, change the clock, ... */
#include "cli/rights.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rights/rights.h"
#include "rights/sanitizer.h"

/* What the start of a role takes; CAP_SYS_ADMIN for the mount namespace where Landlock is missing.
 */
static const unsigned capabilities[] = {
    CAP_CHOWN,      CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,  CAP_FOWNER,       CAP_KILL,
    CAP_SETUID,     CAP_SETGID,       CAP_NET_BIND_SERVICE, CAP_SYS_RESOURCE, CAP_SYS_ADMIN,
#if CW_HAS_SANITIZER
    CAP_SYS_PTRACE, /* the leak checker */
#endif
};

/* A capability that was not there is not missed: whatever does not work shows itself later. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {0};
    uint64_t keep = 0;
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
        keep |= UINT64_C(1) << capabilities[i];
    for (unsigned i = 0; i < 64; i++)
        if (!(keep >> i & 1))
            (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    if (syscall(SYS_capget, &header, sets) != 0)
        return;
    for (unsigned i = 0; i < 2; i++) {
        sets[i].permitted &= (uint32_t)(keep >> 32 * i);
        sets[i].effective &= (uint32_t)(keep >> 32 * i);
        sets[i].inheritable = 0;
    }
    (void)syscall(SYS_capset, &header, sets);
}

bool cw_run_rights_drop(const struct cw_log_ctx *log, const struct cw_config *config)
{
    struct cw_buf why = {0};
    struct cw_limits limits = {.max_files = config->max_files};
    struct cw_user user = {0}; /* stays */
    drop_capabilities();
    bool ok = cw_limits_set(&limits, &why) && cw_user_become(&user, &why) &&
              (config->sandbox == CW_OFF || cw_calls_close_parent(log->role, &why));
    if (!ok)
        CW_LOG(log, CW_LOG_ERROR, "cannot-start", CW_KV("reason", cw_buf_str(&why)));
    cw_buf_free(&why);
    return ok;
}
