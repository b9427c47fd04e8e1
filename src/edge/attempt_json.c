/* Attempts as JSON, for the administrator and for the probe; see attempt.h. */
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "edge/attempt_priv.h"
#include "io/loop.h"

enum { MAX_FACT_BYTES = 250 };

const char *edge_step_name(enum edge_step_kind kind)
{
    switch (kind) {
    case EDGE_STEP_DNS:
        return "dns";
    case EDGE_STEP_SRV:
        return "srv";
    case EDGE_STEP_TCP:
        return "tcp";
    case EDGE_STEP_TLS:
        return "tls";
    case EDGE_STEP_FEATURES:
        return "features";
    case EDGE_STEP_PROOF:
        return "proof";
    case EDGE_STEP_AUTHENTICATION:
        return "authentication";
    case EDGE_STEP_VERDICT:
        return "verdict";
    case EDGE_STEP_END:
        return "end";
    }
    return "?";
}

static const char *state_name(enum edge_step_state state)
{
    switch (state) {
    case EDGE_STEP_OK:
        return "ok";
    case EDGE_STEP_FAILED:
        return "failed";
    case EDGE_STEP_SKIPPED:
        return "skipped";
    }
    return "?";
}

static const char *result_name(enum edge_attempt_result result)
{
    switch (result) {
    case EDGE_ATTEMPT_PENDING:
        return "pending";
    case EDGE_ATTEMPT_READY:
        return "ready";
    case EDGE_ATTEMPT_FAILED:
        return "failed";
    case EDGE_ATTEMPT_REFUSED:
        return "refused";
    case EDGE_ATTEMPT_ENDED:
        return "ended";
    }
    return "?";
}

json_t *edge_fact(struct cw_str text)
{
    struct cw_buf clean = {0};
    cw_buf_put_clean(&clean, text, MAX_FACT_BYTES);
    json_t *fact = json_stringn(cw_buf_str(&clean).p, clean.n);
    cw_buf_free(&clean);
    return fact;
}

json_t *edge_fact_names(const struct cw_cert *cert, size_t max)
{
    json_t *names = json_array();
    for (size_t i = 0; i < cert->n_names && i < max; i++)
        if (!cert->names[i].malformed)
            json_array_append_new(names, edge_fact(cert->names[i].value));
    return names;
}

static void put(json_t *object, const char *name, const char *text)
{
    if (text)
        json_object_set_new(object, name, json_string_nocheck(text));
}

static void put_failure(json_t *object, enum cw_failure failure, const char *sentence,
                        const char *advice)
{
    if (failure != CW_FAIL_NONE) {
        put(object, "reason", cw_failure_name(failure));
        put(object, "side", cw_side_name(cw_failure_side(failure)));
    }
    put(object, "sentence", sentence);
    put(object, "advice", advice);
}

json_t *edge_kept_step_json(const struct edge_kept_step *step)
{
    json_t *object = json_object();
    json_t *facts = step->facts ? json_loads(step->facts, 0, NULL) : NULL;
    put(object, "step", edge_step_name(step->kind));
    put(object, "state", state_name(step->state));
    json_object_set_new(object, "ms", json_integer((json_int_t)step->ms));
    json_object_set_new(object, "facts", facts ? facts : json_object());
    put_failure(object, step->failure, step->sentence, step->advice);
    return object;
}

/* RFC 3339. */
static json_t *time_of(int64_t ms)
{
    char day[32], text[48];
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, sizeof text, "%s.%03dZ", day, (int)(ms % 1000));
    return json_string(text);
}

json_t *edge_fact_time(uint64_t at_ms)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return time_of((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 -
                   (int64_t)(cw_now_ms() - at_ms));
}

/* All but the steps. */
static json_t *summary_of(const struct edge_attempt *attempt)
{
    json_t *object = json_object();
    put(object, "id", attempt->id);
    json_object_set_new(object, "at", time_of(attempt->at_ms));
    put(object, "direction", attempt->direction == CW_INBOUND ? "inbound" : "outbound");
    put(object, "local", attempt->local);
    put(object, "remote", attempt->remote);
    put(object, "result", result_name(attempt->result));
    put(object, "method", cw_method_name(attempt->method));
    put_failure(object, attempt->failure, attempt->sentence, attempt->advice);
    return object;
}

json_t *edge_attempt_json(const struct edge_attempt *attempt)
{
    json_t *object = summary_of(attempt), *steps = json_array();
    for (size_t i = 0; i < attempt->n_steps; i++)
        json_array_append_new(steps, edge_kept_step_json(&attempt->steps[i]));
    json_object_set_new(object, "steps", steps);
    return object;
}

json_t *edge_attempts_of_partner(const struct edge_attempts *attempts, struct cw_str partner,
                                 size_t limit)
{
    const struct edge_attempt_list *list = cw_map_get(&attempts->lists, partner);
    const struct edge_attempt *attempt;
    json_t *found = json_array();
    if (!list)
        return found;
    TAILQ_FOREACH (attempt, &list->queue, in_list)
        if (json_array_size(found) < limit)
            json_array_append_new(found, edge_attempt_json(attempt));
    return found;
}

json_t *edge_attempts_last_failure(const struct edge_attempts *attempts, struct cw_str partner)
{
    const struct edge_attempt_list *list = cw_map_get(&attempts->lists, partner);
    const struct edge_attempt *attempt = list ? TAILQ_FIRST(&list->queue) : NULL;
    while (attempt && attempt->result != EDGE_ATTEMPT_FAILED &&
           attempt->result != EDGE_ATTEMPT_REFUSED)
        attempt = TAILQ_NEXT(attempt, in_list);
    if (!attempt)
        return NULL;
    json_t *object = summary_of(attempt);
    json_object_del(object, "method");
    return object;
}

json_t *edge_attempts_of_stranger(const struct edge_attempts *attempts, struct cw_str domain,
                                  size_t limit)
{
    const struct edge_attempt *attempt;
    json_t *found = json_array();
    TAILQ_FOREACH (attempt, &attempts->strangers.queue, in_list)
        if (json_array_size(found) < limit && cw_str_eq_nocase(cw_str_of(attempt->remote), domain))
            json_array_append_new(found, edge_attempt_json(attempt));
    return found;
}
