/* What the parts of the directory's sign-in share; see directory.h.
 *
 *     directory_filter.c  filters from templates and from what strangers typed
 *     directory_wire.c    its octets: TCP and TLS, never longer than so
 *     directory_link.c    one connection: bind, search, each with its fault
 *     directory.c         who a user is: one connection asked in the order of directory.h
 *     directory_watch.c   the same again for who is signed in */
#ifndef CW_PANEL_DIRECTORY_PRIV_H
#define CW_PANEL_DIRECTORY_PRIV_H

#include <ldap.h>

#include "panel/directory.h"

/* --- directory_filter.c -----------------------------------------------------------------------*/

/* A value as it stands in a filter (RFC 4515 section 3), whatever is in it. */
struct cw_str panel_ldap_escape(struct cw_arena *, struct cw_str value);
/* (&USER-FILTER(|(ATTRIBUTE=name)...)), one part for each name attribute. */
struct cw_str panel_ldap_user_filter(struct cw_arena *, const struct cw_ldap_config *,
                                     struct cw_str name);
/* Whose entry is to be looked at, and what it fits when the user is in the group. */
struct panel_ldap_member {
    struct cw_str name, dn; /* of the user */
    struct cw_str group;    /* its DN */
};
struct cw_str panel_ldap_member_filter(struct cw_arena *, const struct cw_ldap_config *,
                                       const struct panel_ldap_member *, struct cw_str *entry);

/* --- directory_wire.c -------------------------------------------------------------------------*/

struct panel_wire {
    int fd;             /* -1: none */
    struct ssl_st *ssl; /* NULL: in clear as yet */
    uint64_t until_ms;  /* of the monotonic clock: whatever waits ends then */
    bool is_dead;       /* nothing more is read or written */
};
/* NULL, or why not.  The name's addresses are looked up first, which has times of its own. */
const char *panel_wire_connect(struct panel_wire *, const struct cw_ldap_config *);
/* TLS 1.2 or 1.3; the certificate must be the CA's for the host of the URL. */
const char *panel_wire_begin_tls(struct panel_wire *, const struct cw_ldap_config *);
/* Makes libldap read and write by it; it must stay where it is. */
bool panel_wire_attach(struct panel_wire *, Sockbuf *);
void panel_wire_close(struct panel_wire *);

/* --- directory_link.c -------------------------------------------------------------------------*/

/* One connection for one question.  After a fault `step` and `reason` say what went wrong, and
 * nothing more can be asked. */
struct panel_ldap {
    const struct cw_ldap_config *config;
    struct cw_arena *arena; /* for texts */
    struct panel_wire wire;
    LDAP *ld;
    const char *step; /* "connect", "tls", "bind", "search" */
    struct cw_str reason;
    LDAPMessage *answer, *entry; /* of the last search, and what it found */
};
/* Connects, begins TLS and checks the certificate; false: a fault.  Ended by _close either way. */
bool panel_ldap_open(struct panel_ldap *, const struct cw_ldap_config *, struct cw_arena *);
void panel_ldap_close(struct panel_ldap *);
/* From here on there is timeout-s again. */
void panel_ldap_begin_question(struct panel_ldap *);

enum panel_ldap_result { PANEL_LDAP_YES, PANEL_LDAP_NO, PANEL_LDAP_MANY, PANEL_LDAP_FAULT };
/* YES: the password is that entry's.  Never sends an empty one, which would be "yes" to everything
 * (RFC 4513 section 5.1.2). */
enum panel_ldap_result panel_ldap_bind(struct panel_ldap *, struct cw_str dn,
                                       struct cw_str password);
/* YES: one entry, in `entry` until the next search; MANY: more; NO: none.  Where it is to begin
 * below an entry that is not there, a fault. */
struct panel_ldap_search {
    struct cw_str base, filter;
    bool is_base_only;       /* that entry itself, nothing below */
    const char **attributes; /* NULL-terminated */
};
enum panel_ldap_result panel_ldap_find(struct panel_ldap *, const struct panel_ldap_search *);
/* Of the entry. */
struct cw_str panel_ldap_dn(struct panel_ldap *);
/* The values are called one by one until `is_it` says yes; false: for none. */
bool panel_ldap_any_value(struct panel_ldap *, const char *attribute,
                          bool (*is_it)(struct cw_str value, void *arg), void *arg);

/* --- directory.c ------------------------------------------------------------------------------*/

/* On a worker: an open connection, bound as panel.ldap.bind-dn; false: a fault, and logged. */
bool panel_directory_open(const struct panel *, struct cw_arena *, struct panel_ldap *);
/* All but the password. */
enum panel_directory_verdict panel_directory_look(const struct panel *, struct panel_ldap *,
                                                  struct cw_str name,
                                                  struct panel_directory_user *out,
                                                  struct cw_str *dn);
/* Warns of groups that the directory does not show. */
void panel_directory_check_groups(const struct panel *, struct panel_ldap *);

/* --- directory_watch.c ------------------------------------------------------------------------*/

struct panel_directory {
    struct panel *panel;
    struct cw_timer *timer;
    bool was_ready; /* the last look found it so */
    /* The accounts with sessions, as of the last look; the one that runs reads them. */
    struct panel_watched *watched;
    size_t n_watched;
};
void panel_directory_begin_watch(struct panel_directory *);
void panel_directory_end_watch(struct panel_directory *);

#endif
