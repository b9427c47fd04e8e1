/* The store: partners, settings, contacts and the audit trail.  One database, used by several
 * processes at once (gateway, CLI, panel).  SQLite stands behind it today (sqlite*.c); nothing here
 * names it, so that another database can.
 *
 * Every change is one transaction with its audit row: both are there afterwards, or neither.
 * A refusal never changes anything and says in one sentence what to change.
 *
 * A handle belongs to one thread.  Calls may wait for the disk and, at most five seconds, for
 * another process's transaction: keep them off a loop that carries traffic. */
#ifndef CW_STORE_STORE_H
#define CW_STORE_STORE_H

#include "base/err.h"
#include "policy/view.h"

struct cw_store;

struct cw_store_options {
    const char *path; /* made with mode 0600 when absent; its directory must exist */
    const struct cw_str *local_domains; /* A-labels; borrowed, must outlive the handle */
    size_t n_local_domains;
};

/* Why a call was refused.  The sentence lives in the arena given to the call; field names the
 * field to change, or is "". */
struct cw_refusal {
    const char *field;
    struct cw_str sentence;
};

/* Opens, makes or migrates the store; generates the dialback secret at first open.  Errors:
 * CW_ERR_INVALID (wrong mode, directory, a newer schema), CW_ERR_IO, CW_ERR_STORE. */
enum cw_err cw_store_open(const struct cw_store_options *, struct cw_store **out, struct cw_arena *,
                          struct cw_refusal *);
void cw_store_close(struct cw_store **);

/* --- Policy --- */

/* Goes up by one with every change of a partner or a setting, and with every withdrawal of
 * contacts, by any process. */
enum cw_err cw_store_version(struct cw_store *, uint64_t *out);
/* Partners, settings and the local domains, frozen, read in one transaction and indexed; one
 * reference, the caller's. */
enum cw_err cw_store_load_policy(struct cw_store *, struct cw_policy **out);

/* --- Changes --- */

struct cw_change {
    const char *who; /* for the audit trail: an account, or "cli:USER" */
    bool what_if;    /* run everything, commit nothing */
};

/* --- Partners --- */

struct cw_partner_row {
    struct cw_partner partner;
    uint64_t version; /* of this row: 1 at first, +1 a change */
};

/* By primary domain (A-labels).  CW_ERR_NOT_FOUND. */
enum cw_err cw_store_partner_get(struct cw_store *, struct cw_str domain, struct cw_arena *,
                                 struct cw_partner_row *out);
/* All, by primary domain. */
enum cw_err cw_store_partner_list(struct cw_store *, struct cw_arena *, struct cw_partner_row **out,
                                  size_t *n);
/* The partner must have passed cw_partner_check.  CW_ERR_EXISTS: a domain is taken, by whom is in
 * the sentence; CW_ERR_INVALID: a domain is a local one. */
enum cw_err cw_store_partner_add(struct cw_store *, const struct cw_change *,
                                 const struct cw_partner *, struct cw_arena *, struct cw_refusal *);
/* Replaces every field of the partner with that primary domain, which itself stays.
 * expected_version: of the row that the caller read, or 0 for "whatever it is".
 * CW_ERR_CONFLICT: somebody else changed it meanwhile.  CW_ERR_NOT_FOUND, CW_ERR_EXISTS. */
enum cw_err cw_store_partner_set(struct cw_store *, const struct cw_change *,
                                 const struct cw_partner *, uint64_t expected_version,
                                 struct cw_arena *, struct cw_refusal *);
enum cw_err cw_store_partner_remove(struct cw_store *, const struct cw_change *,
                                    struct cw_str domain, uint64_t expected_version,
                                    struct cw_arena *, struct cw_refusal *);

/* --- Settings --- */

/* The version is the settings' own, for cw_store_settings_set. */
enum cw_err cw_store_settings_get(struct cw_store *, struct cw_arena *, struct cw_settings *out,
                                  uint64_t *version);
enum cw_err cw_store_settings_set(struct cw_store *, const struct cw_change *,
                                  const struct cw_settings *, uint64_t expected_version,
                                  struct cw_arena *, struct cw_refusal *);

/* --- Contacts: the invitations of local users --- */

struct cw_contact {
    struct cw_str local, remote; /* bare JIDs, as cw_jid_bare gives them */
    int64_t since;               /* seconds since 1970 */
};

/* Adding one that is there keeps its `since` and is CW_OK.  Not audited: users' acts, not the
 * administrator's. */
enum cw_err cw_store_contact_add(struct cw_store *, struct cw_str local, struct cw_str remote,
                                 int64_t now);
enum cw_err cw_store_contact_has(struct cw_store *, struct cw_str local, struct cw_str remote,
                                 bool *out);
/* CW_ERR_NOT_FOUND: there was none. */
enum cw_err cw_store_contact_remove(struct cw_store *, struct cw_str local, struct cw_str remote);

/* Which contacts; absent = any. */
struct cw_contact_filter {
    struct cw_str local, remote; /* bare JIDs */
    struct cw_str remote_domain; /* U-labels */
};
/* By local, then remote. */
enum cw_err cw_store_contact_find(struct cw_store *, const struct cw_contact_filter *,
                                  struct cw_arena *, struct cw_contact **out, size_t *n);
/* The administrator takes invitations back: audited, and the policy's version goes up, so that
 * whoever keeps contacts in memory reads them anew.  *out is what was removed.
 * CW_ERR_NOT_FOUND: nothing fits the filter. */
enum cw_err cw_store_contact_withdraw(struct cw_store *, const struct cw_change *,
                                      const struct cw_contact_filter *, struct cw_arena *,
                                      struct cw_contact **out, size_t *n);
/* Of one local user, or of all when local is absent; by local, then remote. */
enum cw_err cw_store_contact_list(struct cw_store *, struct cw_str local, struct cw_arena *,
                                  struct cw_contact **out, size_t *n);

/* --- Audit --- */

struct cw_audit_row {
    int64_t id, at; /* at: seconds since 1970 */
    struct cw_str who, action, object;
    struct cw_str before, after; /* JSON, or empty; secrets are never in them */
};

/* The newest first, at most `limit`. */
enum cw_err cw_store_audit_list(struct cw_store *, size_t limit, struct cw_arena *,
                                struct cw_audit_row **out, size_t *n);

#endif
