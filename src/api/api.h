/* The table of commands: one row each, with its arguments, its permission and its handler.  The CLI
 * runs these rows, and whatever else lets an administrator in runs the same ones, so that a check
 * or a sentence exists once.
 *
 * A command takes a JSON object (argument name -> value) and gives a JSON object, or a problem. */
#ifndef CW_API_API_H
#define CW_API_API_H

#include <jansson.h>

#include "base/mem.h"
#include "store/store.h"

enum cw_permission { CW_VIEWER, CW_ADMINISTRATOR }; /* compare with >= */
const char *cw_permission_name(enum cw_permission);

enum cw_arg_type {
    CW_ARG_DOMAIN,   /* string: a domain in A- or U-labels */
    CW_ARG_DOMAINS,  /* array of such strings; on a command line separated by commas */
    CW_ARG_TEXT,     /* string */
    CW_ARG_SECRET,   /* string; never on a command line: typed unseen, or --NAME-file FILE */
    CW_ARG_DOCUMENT, /* string; on a command line @FILE stands for what the file holds */
    CW_ARG_FILE,     /* string; on a command line a file's name, or - */
    CW_ARG_TEXTS,    /* array of strings; on a command line separated by commas */
    CW_ARG_CHOICE,   /* string, one of `range` */
    CW_ARG_BOOL,
    CW_ARG_NUMBER, /* non-negative integer */
    CW_ARG_FIELDS, /* object: those fields of a partner that `range` names, as "partner set" takes
                    * them; on a command line NAME=VALUE, again and again */
};

struct cw_api_arg {
    const char *name; /* "connection-limit" */
    enum cw_arg_type type;
    bool is_positional, is_required;
    const char *range;    /* for people: "1..10000", "Required|Optional|NotSupported" */
    const char *fallback; /* the default, for people; "" when none */
    const char *help;
};

/* Why a command was refused; the numbers are HTTP's, for whoever speaks it. */
struct cw_api_problem {
    int status; /* 400 form, 401 nobody, 403 permission, 404 not found, 409 taken, 412 changed
                 * meanwhile, 428 say what you read, 500 ours, 503 nobody is there, 504 no
                 * answer in time */
    const char *field; /* the argument to change, or "" */
    struct cw_str sentence;
    struct cw_str changed_by; /* 412: who changed it, and when; absent: not known */
    int64_t changed_at;
};

struct cw_api_call {
    struct cw_store *store;
    struct cw_arena *arena; /* problems and intermediate values live here */
    const char *who;        /* for the audit trail */
    enum cw_permission permission;
    bool what_if; /* everything but the commit */
    /* The running gateway: sends one request of its control socket (gateway/control.c) and gives
     * the answer, a new reference, or NULL with the problem filled.  What is told before the
     * answer is the asker's to show.  NULL: there is no gateway on this machine. */
    json_t *(*ask)(void *ask_arg, const json_t *request, unsigned timeout_s,
                   struct cw_api_problem *problem);
    void *ask_arg;
    int64_t since; /* of a block that comes back: when it was made; 0: it is made now */
};

struct cw_api_command {
    const char *name; /* "partner new" */
    const char *summary;
    enum cw_permission permission;
    bool changes; /* it writes: --what-if applies, and a running gateway wants to know */
    const char *method, *path;     /* REST: "PATCH", "/partners/{domain}"; what stands in braces is
                                    * an argument */
    const struct cw_api_arg *args; /* ask with cw_api_arg_at: further ones may be made of rows */
    size_t n_args;
    bool takes_settings; /* each row of the settings table is an argument, too */
    /* Returns the answer (a new reference), or NULL with *problem filled. */
    json_t *(*run)(const struct cw_api_call *, const json_t *in, struct cw_api_problem *problem);
    bool is_panels;      /* of accounts and the like: a change that no gateway wants to know */
    bool streams;        /* it has news before its answer */
    bool tells_version;  /* its answer has the version of what a row of another path changes */
    const char *creates; /* it may make a thing: where, "/partners/{domain}" of its answer */
    /* A list row: the answer's member that is the list, and the members (apart by spaces) that name
     * one item of it and order the list; "scope=global|domain|user" in the order of these words.
     * Such a row takes "limit" and "cursor", too (page.c). */
    const char *list, *key;
    /* For descriptions: what the answer is, or each item of the list, or before and after; and what
     * the answer has beside it (both: openapi_things.c). */
    const char *shows, *tells;
};

/* The whole table, in the order in which help shows it. */
size_t cw_api_n_commands(void);
const struct cw_api_command *cw_api_command_at(size_t i);
/* NULL when there is none of that name. */
const struct cw_api_command *cw_api_find(struct cw_str name);

/* The command's arguments, one by one. */
size_t cw_api_n_args(const struct cw_api_command *);
struct cw_api_arg cw_api_arg_at(const struct cw_api_command *, size_t i);
bool cw_api_arg_find(const struct cw_api_command *, struct cw_str name, struct cw_api_arg *out);

/* Checks permission and the form of `in` by the row (no unknown, no missing argument, right types),
 * then runs it.  Returns the answer (a new reference), or NULL with *problem filled.
 *
 * The answer of a command that changes: {"saved":bool,"before":{...}|null,"after":{...}|null}. */
json_t *cw_api_run(const struct cw_api_command *, const struct cw_api_call *, const json_t *in,
                   struct cw_api_problem *problem);

#endif
