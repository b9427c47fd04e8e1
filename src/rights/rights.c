/* The steps that all roles share, with their lines in the log; see rights.h. */
#include "rights/rights.h"

#include <unistd.h>

bool cw_rights_view(struct cw_rights *rights, const struct cw_view *view, struct cw_buf *why)
{
    struct cw_buf reason = {0};
    rights->view = CW_VIEW_NONE;
    if (!rights->has_sandbox)
        return true;
    rights->view = cw_view_close(view, &reason);
    if (rights->view == CW_VIEW_NONE)
        CW_LOG(rights->log, CW_LOG_WARN, "file-system-open", CW_KV("reason", cw_buf_str(&reason)));
    if (rights->view == CW_VIEW_FAILED)
        cw_buf_puts(why, cw_buf_str(&reason));
    cw_buf_free(&reason);
    return rights->view != CW_VIEW_FAILED;
}

bool cw_rights_drop(const struct cw_rights *rights, struct cw_buf *why)
{
    if (!cw_limits_set(&rights->limits, why) || !cw_user_become(&rights->user, why))
        return false;
    if (rights->has_sandbox && !cw_calls_close(rights->calls, rights->log->role, why)) {
        cw_buf_putcstr(why, "; \"sandbox: off\" runs without");
        return false;
    }
    if (geteuid() == 0)
        CW_LOG(rights->log, CW_LOG_WARN, "runs-as-root",
               CW_KVC("reason", "started by root, and the option user is not set"));
    CW_LOG(rights->log, CW_LOG_INFO, "rights-dropped", CW_KVI("uid", geteuid()),
           CW_KVC("file-system", cw_view_name(rights->view)),
           CW_KVC("system-calls", rights->has_sandbox ? "limited" : "open"));
    return true;
}
