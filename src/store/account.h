/* The store's accounts: who may sign in to the panel, their sessions, and tokens for scripts.  Part
 * of the store (store.h): the same handle, the same rules.  Secrets are kept as hashes only. */
#ifndef CW_STORE_ACCOUNT_H
#define CW_STORE_ACCOUNT_H

#include "store/store.h"

struct cw_account {
    struct cw_str name;    /* 1..64 characters, PRECIS UsernameCaseMapped; unique */
    bool is_administrator; /* else a viewer */
    bool is_enabled;
    bool must_change_password;   /* the next sign-in allows nothing else first */
    struct cw_str password_hash; /* argon2id, encoded; empty: cannot sign in by password */
    int64_t since, changed;      /* seconds since 1970; `changed`: of the password */
    uint64_t version;
};
/* All audited (never with the hash), all counted up in `version` of the row; `since` and `changed`
 * are the store's to write.  Names are taken as they are: cw_account_name (account/name.h) makes
 * them.  CW_ERR_NOT_FOUND, CW_ERR_CONFLICT, CW_ERR_EXISTS as for partners. */
enum cw_err cw_store_account_get(struct cw_store *, struct cw_str name, struct cw_arena *,
                                 struct cw_account *out);
enum cw_err cw_store_account_list(struct cw_store *, struct cw_arena *, struct cw_account **out,
                                  size_t *n);
enum cw_err cw_store_account_add(struct cw_store *, const struct cw_change *,
                                 const struct cw_account *, struct cw_arena *, struct cw_refusal *);
/* Role, enabled, must_change_password.  CW_ERR_INVALID: the last enabled administrator must stay
 * one.  Another role, or disabled: the account's sessions end. */
enum cw_err cw_store_account_set(struct cw_store *, const struct cw_change *,
                                 const struct cw_account *, uint64_t expected_version,
                                 struct cw_arena *, struct cw_refusal *);
struct cw_new_password {
    struct cw_str account, hash;
    bool must_change;
    uint64_t expected_version;  /* of the account; 0: whatever it is */
    struct cw_str keep_session; /* the account's others end; absent: all */
};
enum cw_err cw_store_account_password(struct cw_store *, const struct cw_change *,
                                      const struct cw_new_password *, struct cw_arena *,
                                      struct cw_refusal *);
/* The same password in another hash: nothing for the audit trail, no session ends.  Nothing is done
 * when the hash is not `so_far` any more. */
enum cw_err cw_store_account_renew_hash(struct cw_store *, struct cw_str name, struct cw_str so_far,
                                        struct cw_str password_hash);
/* Its sessions end, too. */
enum cw_err cw_store_account_remove(struct cw_store *, const struct cw_change *, struct cw_str name,
                                    uint64_t expected_version, struct cw_arena *,
                                    struct cw_refusal *);

/* A signed-in browser.  The key is a digest (SHA-256, hex) of the cookie's value. */
struct cw_session {
    struct cw_str key, account;
    struct cw_str csrf;       /* the token that unsafe requests must show */
    struct cw_str address;    /* where it was begun, for people */
    bool is_administrator;    /* as of the sign-in for accounts of a directory; else ignored */
    bool is_directory;        /* the account is the directory's, there is no row for it */
    int64_t since, seen;      /* seconds since 1970; `seen` is written at most once a minute */
    uint64_t account_version; /* for _add: of the account whose password was checked, or 0 */
};
/* Of one account the 64 used last are kept.  CW_ERR_CONFLICT: the account is of another version by
 * now, or gone; what was checked need not be so any more. */
enum cw_err cw_store_session_add(struct cw_store *, const struct cw_session *);
/* CW_ERR_NOT_FOUND: there is none, it idled longer than idle_s, or is older than absolute_s (it is
 * removed then).  Touches `seen`. */
enum cw_err cw_store_session_use(struct cw_store *, struct cw_str key, int64_t now, int64_t idle_s,
                                 int64_t absolute_s, struct cw_arena *, struct cw_session *out);
/* Removes all that have ended so, whether somebody comes back for them or not: called now and then,
 * so that the list shows who is signed in and nobody else. */
enum cw_err cw_store_session_expire(struct cw_store *, int64_t now, int64_t idle_s,
                                    int64_t absolute_s);
/* absent: any.  Returns CW_OK also when nothing was there. */
enum cw_err cw_store_session_end(struct cw_store *, struct cw_str key, struct cw_str account);
enum cw_err cw_store_session_list(struct cw_store *, struct cw_str account, struct cw_arena *,
                                  struct cw_session **out, size_t *n);

/* An API token: shown once, kept as a digest. */
struct cw_token {
    int64_t id;
    struct cw_str name, digest; /* what it is for, unique; SHA-256, hex */
    bool is_administrator;
    int64_t since, expires, used; /* expires 0: never; used 0: not yet */
};
/* CW_ERR_EXISTS: there is one of that name. */
enum cw_err cw_store_token_add(struct cw_store *, const struct cw_change *, const struct cw_token *,
                               int64_t *id);
/* CW_ERR_NOT_FOUND: there is none, or it has expired.  `used` is written at most once a minute. */
enum cw_err cw_store_token_use(struct cw_store *, struct cw_str digest, int64_t now,
                               struct cw_arena *, struct cw_token *out);
enum cw_err cw_store_token_list(struct cw_store *, struct cw_arena *, struct cw_token **out,
                                size_t *n);
enum cw_err cw_store_token_remove(struct cw_store *, const struct cw_change *, int64_t id);

/* Sign-ins, refused or not, go into the audit trail; `what` is "sign-in", "sign-in refused", ...
 * Of each such action the last 10,000 rows are kept, so that who guesses does not fill the disk.
 * `detail` is a sentence or empty, never a secret; of both 256 octets are kept. */
enum cw_err cw_store_audit_note(struct cw_store *, const char *who, const char *what,
                                struct cw_str object, struct cw_str detail);
/* One row; and the last change of an object, for who changed it meanwhile.  CW_ERR_NOT_FOUND. */
enum cw_err cw_store_audit_get(struct cw_store *, int64_t id, struct cw_arena *,
                               struct cw_audit_row *out);
enum cw_err cw_store_audit_last(struct cw_store *, struct cw_str action_prefix,
                                struct cw_str object, struct cw_arena *, struct cw_audit_row *out);
/* The last change of what an export has but contacts that users made: the last that raised the
 * policy's version (store.h).  CW_ERR_NOT_FOUND: there was none, and the id is 0. */
enum cw_err cw_store_audit_last_change(struct cw_store *, struct cw_arena *,
                                       struct cw_audit_row *out);

/* Which rows; what is absent or 0 leaves none out. */
struct cw_audit_filter {
    int64_t before;       /* only ids below this one */
    int64_t since, until; /* seconds since 1970, both inclusive */
    struct cw_str who, object;
    struct cw_str action;     /* "partner set", or "partner" for all on partners */
    bool leaves_out_accounts; /* and tokens, sessions, sign-ins */
};
/* The newest first, at most `limit`. */
enum cw_err cw_store_audit_find(struct cw_store *, const struct cw_audit_filter *, size_t limit,
                                struct cw_arena *, struct cw_audit_row **out, size_t *n);

#endif
