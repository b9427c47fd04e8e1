/* Inside an attempt: attempt.c keeps them, attempt_json.c prints them. */
#ifndef CW_EDGE_ATTEMPT_PRIV_H
#define CW_EDGE_ATTEMPT_PRIV_H

#include <sys/queue.h>

#include "base/map.h"
#include "edge/attempt.h"

/* Kept as text: a tree of JSON values would be several times as large. */
struct edge_kept_step {
    enum edge_step_kind kind;
    enum edge_step_state state;
    enum cw_failure failure;
    uint64_t ms; /* since the attempt began */
    char *facts; /* a JSON object, or NULL */
    char *sentence, *advice;
};

struct edge_attempt_list;

struct edge_attempt {
    TAILQ_ENTRY(edge_attempt) in_list, in_all;
    struct edge_attempts *home;
    struct edge_attempt_list *list; /* NULL: in none */
    bool is_told;                   /* somebody still tells its steps */
    enum cw_direction direction;
    char *id, *local, *remote;
    int64_t at_ms; /* since 1970 */
    uint64_t since_ms;
    enum edge_attempt_result result;
    enum cw_method method;
    enum cw_failure failure;
    char *sentence, *advice;
    struct edge_kept_step *steps;
    size_t n_steps, bytes;
    edge_attempt_fn *observer;
    void *observer_arg;
};
TAILQ_HEAD(edge_attempt_queue, edge_attempt);

struct edge_attempt_list {
    struct edge_attempt_queue queue; /* newest first */
    size_t n;
    char *partner; /* NULL: of strangers */
};

struct edge_attempts {
    size_t kept, bytes;
    struct cw_map lists; /* primary domain -> struct edge_attempt_list */
    struct edge_attempt_list strangers;
    struct edge_attempt_queue all; /* in lists; newest first */
};

json_t *edge_kept_step_json(const struct edge_kept_step *);

#endif
