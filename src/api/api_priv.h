/* The handlers behind the table of commands, and what they share. */
#ifndef CW_API_API_PRIV_H
#define CW_API_API_PRIV_H

#include "api/api.h"
#include "xmpp/jid.h"

typedef json_t *cw_api_handler(const struct cw_api_call *, const json_t *in,
                               struct cw_api_problem *);

cw_api_handler cw_api_partner_new, cw_api_partner_set, cw_api_partner_get, cw_api_partner_list,
    cw_api_partner_put, cw_api_partner_remove, cw_api_partner_enable, cw_api_partner_disable;
cw_api_handler cw_api_contact_list, cw_api_contact_show, cw_api_contact_remove;
cw_api_handler cw_api_contact_block, cw_api_contact_unblock, cw_api_contact_blocks;
cw_api_handler cw_api_access_get, cw_api_access_set, cw_api_access_unset, cw_api_access_list;
cw_api_handler cw_api_negotiation_preview;
cw_api_handler cw_api_export, cw_api_import, cw_api_import_lync;
cw_api_handler cw_api_account_new, cw_api_account_list, cw_api_account_get, cw_api_account_set,
    cw_api_account_remove, cw_api_account_password;
cw_api_handler cw_api_token_new, cw_api_token_list, cw_api_token_remove;
cw_api_handler cw_api_session_list, cw_api_session_end;
cw_api_handler cw_api_audit_list, cw_api_audit_show, cw_api_audit_restore;
cw_api_handler cw_api_settings_get, cw_api_settings_set;
cw_api_handler cw_api_stream_list, cw_api_stream_show, cw_api_stream_close;
cw_api_handler cw_api_certificate_list, cw_api_certificate_reload;
cw_api_handler cw_api_door_list, cw_api_door_lift;
cw_api_handler cw_api_health_show;
cw_api_handler cw_api_partner_states, cw_api_partner_diagnose, cw_api_test_partner, cw_api_test_im;

/* Fills the problem; returns NULL, for a handler to return. */
json_t *cw_api_refuse(struct cw_api_problem *, int status, const char *field,
                      struct cw_str sentence);
/* The same for what the store said; no refusal (NULL), or one without a sentence: the error's. */
json_t *cw_api_refuse_store(struct cw_api_problem *, enum cw_err, const struct cw_refusal *);
/* The answer of a change; takes over both references. */
json_t *cw_api_changed(const struct cw_api_call *, json_t *before, json_t *after);

/* Of a problem 412: who changed the object, and when.  The prefix is that of the audited actions;
 * returns NULL, for a handler to return. */
json_t *cw_api_tell_who(const struct cw_api_call *, const char *prefix, struct cw_str object,
                        struct cw_api_problem *);
/* What if-version says; else the version that was read: the row is then the one it was. */
uint64_t cw_api_given_version(const json_t *in, uint64_t read);
/* The same for the calls of the store that take 0 for "whatever it is": who says 0 means no version
 * that there is. */
uint64_t cw_api_expected(const json_t *in, uint64_t read);

/* --- form.c: arguments by their row --- */
/* The numbers in an argument's `range`: of a NUMBER its value, of a text its characters. */
struct cw_api_bounds {
    unsigned min, max;
    const char *zero; /* what 0 means, which is taken though it is below min; "": nothing */
};
/* False: there are none. */
bool cw_api_arg_bounds(const struct cw_api_arg *, struct cw_api_bounds *);
/* False with a problem: an argument that the row does not have, lacks, or has in another type or
 * out of its range. */
bool cw_api_check_form(const struct cw_api_command *, struct cw_arena *, const json_t *in,
                       struct cw_api_problem *);
/* A member's name as a step of a JSON pointer (RFC 6901); "" when it is too long to be told. */
const char *cw_api_pointer_step(struct cw_arena *, struct cw_str name);

/* --- page.c: lists in parts --- */
extern const size_t cw_api_n_page_args;
struct cw_api_arg cw_api_page_arg(size_t i);
/* Leaves the part of the answer's list that was asked for. */
void cw_api_page_cut(struct cw_arena *, const struct cw_api_command *, const json_t *in,
                     json_t *answer);

/* --- partner.c --- */
/* The argument `domain` in A-labels; false with a problem. */
bool cw_api_domain_arg(const struct cw_api_call *, const json_t *in, struct cw_str *out,
                       struct cw_api_problem *);
/* The partner of the argument `domain`; false with a problem. */
bool cw_api_partner_find(const struct cw_api_call *, const json_t *in, struct cw_partner_row *row,
                         struct cw_api_problem *);
/* Sets the fields that `in` names and checks the whole; false with a problem. */
bool cw_api_partner_apply(const struct cw_api_call *, const json_t *in, struct cw_partner *,
                          struct cw_api_problem *);

/* One of our domains? In A- or U-labels. */
bool cw_api_is_local(const struct cw_api_call *, struct cw_str domain);

/* --- contact.c --- */
/* An address argument as a bare JID with a localpart; false with a problem. */
bool cw_api_address_arg(const struct cw_api_call *, const json_t *in, const char *name,
                        struct cw_jid *out, struct cw_api_problem *);

/* --- pair.c: a local user and a partner's user --- */
struct cw_api_pair {
    struct cw_str local, remote;                   /* bare JIDs */
    const struct cw_contact *contact;              /* NULL: not invited */
    const struct cw_store_subscription *s2x, *x2s; /* he sees the other, is seen; NULL: no */
};
/* All that were invited or watch each other, by local, then remote. */
enum cw_err cw_api_pairs(const struct cw_api_call *, const struct cw_contact_filter *,
                         struct cw_api_pair **out, size_t *n);
json_t *cw_api_pair_to_json(const struct cw_api_pair *);
/* {"contacts":[...]} */
json_t *cw_api_pairs_to_json(const struct cw_api_pair *, size_t n);

/* --- account.c --- */
/* Does the argument `role` say administrator? */
bool cw_api_is_administrator_role(const json_t *in);

/* --- live.c: questions to the running edges --- */
/* Sends the request (its reference is taken over) to the gateway.  NULL with a problem: nobody is
 * there, it refused, or its answer has no `member` of that type. */
json_t *cw_api_ask(const struct cw_api_call *, json_t *request, unsigned timeout_s,
                   const char *member, json_type, struct cw_api_problem *);
/* The question (its reference is taken over) to every edge that is up: each must say ok; "not
 * found" is forgiven when another one found it.  The array of {"edge":PATH,"answer":{...}} with
 * those that said ok is the answer's `edges`, and `silent` are those of whom nothing came. */
json_t *cw_api_ask_edges(const struct cw_api_call *, json_t *question, struct cw_api_problem *);
/* A new array of the objects in the edges' arrays `member`, each with its `edge`; takes nothing
 * over.  NULL with a problem: an answer lacks it. */
json_t *cw_api_merge(const json_t *answer, const char *member, struct cw_api_problem *);
/* The sum of the edges' numbers `member`. */
json_int_t cw_api_sum_of(const json_t *answer, const char *member);

#endif
