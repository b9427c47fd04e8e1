/* Resource limits of a role; see rights.h. */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "rights/rights.h"
#include "rights/sanitizer.h"

static bool refuse(struct cw_buf *why, const char *what)
{
    cw_buf_printf(why, "cannot limit %s: %s", what, strerror(errno));
    return false;
}

/* Both limits: what is given up does not come back. */
static bool set(int resource, rlim_t value)
{
    struct rlimit limit = {value, value}, now;
    if (getrlimit(resource, &now) == 0 && now.rlim_max < value)
        limit.rlim_cur = limit.rlim_max = now.rlim_max;
    return setrlimit(resource, &limit) == 0;
}

/* Root may go above its hard limit, others take what they can get. */
static bool set_files(rlim_t value)
{
    struct rlimit limit = {value, value};
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 || set(RLIMIT_NOFILE, value);
}

bool cw_limits_set(const struct cw_limits *limits, struct cw_buf *why)
{
    if (!set(RLIMIT_CORE, 0))
        return refuse(why, "core files");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return refuse(why, "who looks into the process");
    if (!set_files(limits->max_files))
        return refuse(why, "open files (max-files)");
    if (!CW_HAS_SANITIZER && limits->max_memory_mib != 0 &&
        !set(RLIMIT_DATA, (rlim_t)limits->max_memory_mib << 20))
        return refuse(why, "memory (max-memory-mib)");
    return true;
}
