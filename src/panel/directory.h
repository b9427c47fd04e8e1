/* Signing in with an account of a directory (LDAP, Active Directory): panel.ldap.
 *
 * One exchange: anna types her name and password, and the panel has no account anna.  On a worker,
 * a connection is made, TLS begun and the directory's certificate checked, always, for a password
 * crosses it.  As panel.ldap.bind-dn it is asked which entry below the base has the name anna:
 * there must be one, and it must really be of that name.  Then each mapped group is asked whether
 * that entry is in it, the administrators' first.  Who is in none is refused here: the panel is no
 * place to try the passwords of everybody else.  Last, the connection is bound as that entry with
 * the password.  The session is of ldap:anna, whom no account of the panel can be confused with.
 *
 * Every recheck-s all but the password is asked again for each account that has a session; who is
 * in no group any more, or in one of another role, is signed out.  While the directory does not
 * answer, sessions go on for three times as long.
 *
 * Every call but begin and end waits for the network: on a worker only.  One call may take
 * panel.ldap.timeout-s, and longer only where looking up the directory's name does. */
#ifndef CW_PANEL_DIRECTORY_H
#define CW_PANEL_DIRECTORY_H

#include "panel/panel_priv.h"

/* Before there are threads.  True also when none is configured: panel->directory is NULL then. */
bool panel_directory_begin(struct panel *, struct cw_buf *why);
void panel_directory_end(struct panel *); /* after the workers' end */

enum panel_directory_verdict {
    PANEL_DIRECTORY_GOOD,
    PANEL_DIRECTORY_UNKNOWN,     /* there is no such user */
    PANEL_DIRECTORY_AMBIGUOUS,   /* several entries have the name */
    PANEL_DIRECTORY_DISABLED,    /* by Active Directory's userAccountControl */
    PANEL_DIRECTORY_NO_GROUP,    /* in none of the groups that are mapped */
    PANEL_DIRECTORY_WRONG,       /* not the password */
    PANEL_DIRECTORY_UNAVAILABLE, /* it could not be asked; why is in the log */
};
const char *panel_directory_verdict_text(enum panel_directory_verdict); /* for log and audit */

struct panel_directory_user {
    struct cw_str account; /* "ldap:anna"; in the arena */
    bool is_administrator;
};
/* `name` as cw_account_name gives it; the password as it was typed.  *out only where GOOD. */
enum panel_directory_verdict panel_directory_sign_in(const struct panel *, struct cw_arena *,
                                                     struct cw_str name, struct cw_str password,
                                                     struct panel_directory_user *out);

#define PANEL_DIRECTORY_PREFIX "ldap:"

#endif
