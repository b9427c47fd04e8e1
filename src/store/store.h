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
#include "policy/access.h"
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

struct cw_store_facts {
    int64_t bytes;           /* of the database's pages */
    int64_t schema;          /* steps taken */
    uint64_t policy_version; /* as cw_store_version */
};
enum cw_err cw_store_facts(struct cw_store *, struct cw_store_facts *out);

/* Those that it was opened with: A-labels, borrowed. */
const struct cw_str *cw_store_local_domains(const struct cw_store *, size_t *n);

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
/* Those behind `after` (absent: from the first), at most `limit` (0: all), by primary domain. */
enum cw_err cw_store_partner_page(struct cw_store *, struct cw_str after, size_t limit,
                                  struct cw_arena *, struct cw_partner_row **out, size_t *n);
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
/* The administrator takes invitations back, and ends who watches whom: audited, and the policy's
 * version goes up, so that whoever keeps contacts in memory reads them anew.  *out is the
 * invitations that were removed, maybe none; rows of subscriptions stay until the withdrawal that
 * is left here (below) was carried out.  CW_ERR_NOT_FOUND: neither fits the filter. */
enum cw_err cw_store_contact_withdraw(struct cw_store *, const struct cw_change *,
                                      const struct cw_contact_filter *, struct cw_arena *,
                                      struct cw_contact **out, size_t *n);
/* Of one local user, or of all when local is absent; by local, then remote. */
enum cw_err cw_store_contact_list(struct cw_store *, struct cw_str local, struct cw_arena *,
                                  struct cw_contact **out, size_t *n);

/* --- External access: may local users use the federation?  (policy/access.h) --- */

/* A rule's version is the id of its last row in the audit trail: no two states of a scope ever have
 * the same one.  0: there is no rule.
 *
 * Audited, and the policy's version goes up.  The scope in any spelling; CW_ERR_INVALID: it is none
 * of ours.  The rule's version is that of the one that the caller read, and afterwards the new one;
 * CW_ERR_CONFLICT: somebody else made, changed or removed it meanwhile. */
enum cw_err cw_store_access_set(struct cw_store *, const struct cw_change *,
                                struct cw_access_rule *, struct cw_arena *, struct cw_refusal *);
/* CW_ERR_NOT_FOUND: there is no rule of its own.  CW_ERR_CONFLICT: it has another version. */
enum cw_err cw_store_access_unset(struct cw_store *, const struct cw_change *, struct cw_str scope,
                                  uint64_t expected_version, struct cw_arena *,
                                  struct cw_refusal *);
/* The rule of that very scope, in the spelling of the list.  CW_ERR_NOT_FOUND: there is none, and
 * the version is 0. */
enum cw_err cw_store_access_get(struct cw_store *, struct cw_str scope, struct cw_access_rule *out);
/* By scope: global, domains, users. */
enum cw_err cw_store_access_list(struct cw_store *, struct cw_arena *, struct cw_access_rule **out,
                                 size_t *n);

/* --- Blocks: what local users do not want to hear from --- */

struct cw_block {
    struct cw_str local;  /* bare JID */
    struct cw_str remote; /* bare JID, or a domain in U-labels */
    int64_t since;
};
/* Audited, and the policy's version goes up; one that is there stays as it is. */
enum cw_err cw_store_block_add(struct cw_store *, const struct cw_change *, struct cw_str local,
                               struct cw_str remote, int64_t now);
/* CW_ERR_NOT_FOUND: there was none. */
enum cw_err cw_store_block_remove(struct cw_store *, const struct cw_change *, struct cw_str local,
                                  struct cw_str remote);
/* Of one local user, or all when absent. */
enum cw_err cw_store_block_list(struct cw_store *, struct cw_str local, struct cw_arena *,
                                struct cw_block **out, size_t *n);

/* --- Subscriptions: who watches whom.  Users' acts, not audited. --- */

struct cw_store_subscription {
    bool is_x2s;                 /* the XMPP user watches the local one; else the other way */
    struct cw_str local, remote; /* bare JIDs; the key, with is_x2s */
    bool is_authorised;          /* the one who is watched consented */
    struct cw_str state;         /* "pending", "active", ...: for people */
    int64_t since;               /* seconds since 1970 */
    struct cw_str told;          /* x2s: resources the watcher knows as available, a JSON array */
};
struct cw_store_dialog {
    bool is_x2s;
    struct cw_str local, remote;
    struct cw_str call_id, local_tag;                             /* the key */
    struct cw_str remote_tag, remote_target, route_set, event_id; /* may be empty */
    uint32_t local_cseq;  /* not passed yet: after a restart one begins here */
    uint32_t remote_cseq; /* the highest seen when it was written */
    int64_t expires_at;   /* seconds since 1970 */
};
enum cw_err cw_store_subscription_put(struct cw_store *, const struct cw_store_subscription *);
enum cw_err cw_store_subscription_remove(struct cw_store *, bool is_x2s, struct cw_str local,
                                         struct cw_str remote);
enum cw_err cw_store_dialog_put(struct cw_store *, const struct cw_store_dialog *);
enum cw_err cw_store_dialog_remove(struct cw_store *, struct cw_str call_id,
                                   struct cw_str local_tag);
/* Filtered as contacts are; by local, remote, direction. */
enum cw_err cw_store_subscription_find(struct cw_store *, const struct cw_contact_filter *,
                                       struct cw_arena *, struct cw_store_subscription **out,
                                       size_t *n);
enum cw_err cw_store_dialog_list(struct cw_store *, struct cw_arena *, struct cw_store_dialog **out,
                                 size_t *n);
/* Many calls in one transaction: those above, cw_store_contact_add/remove and
 * cw_store_withdrawal_remove; and audited changes, each of which is taken back alone when it is
 * refused or for what-if. */
enum cw_err cw_store_batch_begin(struct cw_store *);
/* All of them are kept, or on an error none. */
enum cw_err cw_store_batch_commit(struct cw_store *);
void cw_store_batch_cancel(struct cw_store *);

/* Withdrawals of contacts that the gateway has not carried out yet: cw_store_contact_withdraw
 * leaves one in its own transaction; who runs the subscriptions ends them, then removes it. */
struct cw_withdrawal {
    int64_t id;
    struct cw_contact_filter filter;
};
enum cw_err cw_store_withdrawal_list(struct cw_store *, struct cw_arena *,
                                     struct cw_withdrawal **out, size_t *n);
enum cw_err cw_store_withdrawal_remove(struct cw_store *, int64_t id);

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
