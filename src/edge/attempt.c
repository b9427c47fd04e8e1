/* Attempts, kept in their lists; see attempt.h. */
#include "edge/attempt.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "edge/attempt_priv.h"
#include "io/loop.h"

enum { MAX_SENTENCE_BYTES = 1000 };
enum { FIRST_STEPS = 10, RESERVED_STEPS = 3 }; /* the failing one, verdict and end find room */

/* --- memory -----------------------------------------------------------------------------------*/

/* Counted, so that all attempts together stay within their bound. */
static void count(struct edge_attempt *attempt, size_t bytes)
{
    attempt->bytes += bytes;
    if (attempt->list)
        attempt->home->bytes += bytes;
}

static char *keep(struct edge_attempt *attempt, struct cw_str text)
{
    count(attempt, text.n + 1);
    return cw_strdup(text);
}

/* What a peer may have written. */
static char *keep_clean(struct edge_attempt *attempt, struct cw_str text)
{
    struct cw_buf clean = {0};
    cw_buf_put_clean(&clean, text, MAX_SENTENCE_BYTES);
    char *kept = keep(attempt, cw_buf_str(&clean));
    cw_buf_free(&clean);
    return kept;
}

static void free_attempt(struct edge_attempt *attempt)
{
    for (size_t i = 0; i < attempt->n_steps; i++) {
        cw_free(attempt->steps[i].facts);
        cw_free(attempt->steps[i].sentence);
        cw_free(attempt->steps[i].advice);
    }
    cw_free(attempt->steps);
    cw_free(attempt->id);
    cw_free(attempt->local);
    cw_free(attempt->remote);
    cw_free(attempt->sentence);
    cw_free(attempt->advice);
    cw_free(attempt);
}

/* --- lists ------------------------------------------------------------------------------------*/

/* The list lets go; an empty one of a partner goes too. */
static void take_out(struct edge_attempt *attempt)
{
    struct edge_attempts *home = attempt->home;
    struct edge_attempt_list *list = attempt->list;
    cw_assert(list); /* what stands in `all` stands in a list */
    TAILQ_REMOVE(&list->queue, attempt, in_list);
    TAILQ_REMOVE(&home->all, attempt, in_all);
    home->bytes -= attempt->bytes;
    attempt->list = NULL;
    if (--list->n == 0 && list->partner) {
        cw_map_remove(&home->lists, cw_str_of(list->partner));
        cw_free(list->partner);
        cw_free(list);
    }
    if (!attempt->is_told)
        free_attempt(attempt);
}

static struct edge_attempt_list *list_of(struct edge_attempts *attempts, struct cw_str partner)
{
    if (!cw_str_is_present(partner))
        return &attempts->strangers;
    struct edge_attempt_list *list = cw_map_get(&attempts->lists, partner);
    if (!list) {
        list = cw_alloc(sizeof *list);
        list->partner = cw_strdup(partner);
        TAILQ_INIT(&list->queue);
        cw_map_set(&attempts->lists, partner, list);
    }
    return list;
}

static void put_in(struct edge_attempt *attempt, struct edge_attempt_list *list)
{
    struct edge_attempts *home = attempt->home;
    const size_t max = list->partner ? home->kept : EDGE_ATTEMPTS_STRANGERS;
    attempt->list = list;
    TAILQ_INSERT_HEAD(&list->queue, attempt, in_list);
    TAILQ_INSERT_HEAD(&home->all, attempt, in_all);
    home->bytes += attempt->bytes;
    if (++list->n > max)
        take_out(TAILQ_LAST(&list->queue, edge_attempt_queue));
}

/* The newest one stays, whatever it takes. */
static void keep_bound(struct edge_attempts *home)
{
    while (home->bytes > EDGE_ATTEMPTS_MAX_BYTES &&
           TAILQ_FIRST(&home->all) != TAILQ_LAST(&home->all, edge_attempt_queue))
        take_out(TAILQ_LAST(&home->all, edge_attempt_queue));
}

struct edge_attempts *edge_attempts_new(size_t kept)
{
    struct edge_attempts *attempts = cw_alloc(sizeof *attempts);
    attempts->kept = kept > 0 ? kept : 1;
    TAILQ_INIT(&attempts->strangers.queue);
    TAILQ_INIT(&attempts->all);
    return attempts;
}

void edge_attempts_free(struct edge_attempts **attempts_ptr)
{
    struct edge_attempts *attempts = *attempts_ptr;
    struct edge_attempt *attempt;
    *attempts_ptr = NULL;
    if (!attempts)
        return;
    while ((attempt = TAILQ_FIRST(&attempts->all)))
        take_out(attempt);
    cw_map_free(&attempts->lists);
    cw_free(attempts);
}

void edge_attempts_forget(struct edge_attempts *attempts,
                          bool (*is_known)(void *arg, struct cw_str), void *arg)
{
    struct edge_attempt *attempt, *next;
    for (attempt = TAILQ_FIRST(&attempts->all); attempt; attempt = next) {
        next = TAILQ_NEXT(attempt, in_all);
        if (attempt->list->partner && !is_known(arg, cw_str_of(attempt->list->partner)))
            take_out(attempt);
    }
}

/* --- one attempt ------------------------------------------------------------------------------*/

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct edge_attempt *edge_attempt_begin(struct edge_attempts *attempts,
                                        const struct edge_attempt_start *start)
{
    struct edge_attempt *attempt = cw_alloc(sizeof *attempt);
    attempt->home = attempts;
    attempt->is_told = true;
    attempt->direction = start->direction;
    attempt->since_ms = start->since_ms;
    attempt->at_ms = wall_ms() - (int64_t)(cw_now_ms() - start->since_ms);
    count(attempt, sizeof *attempt);
    attempt->id = keep(attempt, start->id);
    attempt->local = keep(attempt, start->local);
    attempt->remote = keep(attempt, start->remote);
    if (!start->is_apart)
        put_in(attempt, list_of(attempts, start->partner));
    keep_bound(attempts);
    return attempt;
}

void edge_attempt_end(struct edge_attempt **attempt_ptr)
{
    struct edge_attempt *attempt = *attempt_ptr;
    *attempt_ptr = NULL;
    if (!attempt)
        return;
    attempt->is_told = false;
    attempt->observer = NULL;
    if (!attempt->list)
        free_attempt(attempt);
}

void edge_attempt_observe(struct edge_attempt *attempt, edge_attempt_fn *observer, void *arg)
{
    attempt->observer = observer;
    attempt->observer_arg = arg;
}

/* NULL when there are too many already. */
static struct edge_kept_step *new_step(struct edge_attempt *attempt, enum edge_step_kind kind)
{
    size_t max = EDGE_ATTEMPT_MAX_STEPS;
    if (kind < EDGE_STEP_VERDICT)
        max -= RESERVED_STEPS;
    if (attempt->n_steps >= max)
        return NULL;
    if (attempt->n_steps == 0 || attempt->n_steps % FIRST_STEPS == 0) {
        size_t more = FIRST_STEPS * sizeof *attempt->steps;
        attempt->steps =
            cw_realloc(attempt->steps, attempt->n_steps * sizeof *attempt->steps + more);
        count(attempt, more);
    }
    struct edge_kept_step *kept = &attempt->steps[attempt->n_steps++];
    *kept = (struct edge_kept_step){.kind = kind, .ms = cw_now_ms() - attempt->since_ms};
    return kept;
}

static struct cw_failure_gaps fill_gaps(const struct edge_attempt *attempt,
                                        struct cw_failure_gaps gaps)
{
    if (!cw_str_is_present(gaps.domain))
        gaps.domain = cw_str_of(attempt->remote);
    if (!cw_str_is_present(gaps.local))
        gaps.local = cw_str_of(attempt->local);
    return gaps;
}

static void explain(struct edge_attempt *attempt, enum cw_failure failure,
                    const struct cw_failure_gaps *some_gaps, char **sentence, char **advice)
{
    struct cw_arena arena = {0};
    struct cw_failure_gaps gaps = fill_gaps(attempt, *some_gaps);
    *sentence = keep(attempt, cw_failure_sentence(&arena, failure, &gaps));
    *advice = keep(attempt, cw_failure_advice(&arena, failure, &gaps));
    cw_arena_free(&arena);
}

static void tell_observer(const struct edge_attempt *attempt, const struct edge_kept_step *kept)
{
    if (!attempt->observer)
        return;
    json_t *json = edge_kept_step_json(kept);
    attempt->observer(attempt->observer_arg, attempt, json);
    json_decref(json);
}

void edge_attempt_step(struct edge_attempt *attempt, const struct edge_step *step)
{
    struct edge_kept_step *kept = attempt ? new_step(attempt, step->kind) : NULL;
    if (kept) {
        char *facts = step->facts ? json_dumps(step->facts, JSON_COMPACT) : NULL;
        kept->state = step->state;
        kept->failure = step->failure;
        if (facts)
            kept->facts = keep(attempt, cw_str_of(facts));
        free(facts);
        if (step->failure != CW_FAIL_NONE)
            explain(attempt, step->failure, &step->gaps, &kept->sentence, &kept->advice);
        else if (cw_str_is_present(step->sentence))
            kept->sentence = keep_clean(attempt, step->sentence);
        keep_bound(attempt->home);
        tell_observer(attempt, kept);
    }
    json_decref(step->facts);
}

/* --- verdicts ---------------------------------------------------------------------------------*/

void edge_attempt_ready(struct edge_attempt *attempt, enum cw_method method)
{
    if (!attempt || attempt->result != EDGE_ATTEMPT_PENDING)
        return;
    attempt->result = EDGE_ATTEMPT_READY;
    attempt->method = method;
    edge_attempt_step(attempt, &(struct edge_step){.kind = EDGE_STEP_VERDICT,
                                                   .sentence = CW_S("The stream is ready.")});
}

void edge_attempt_failed(struct edge_attempt *attempt, enum cw_failure failure,
                         const struct cw_failure_gaps *gaps)
{
    if (!attempt ||
        (attempt->result != EDGE_ATTEMPT_PENDING && attempt->result != EDGE_ATTEMPT_READY))
        return;
    bool was_ready = attempt->result == EDGE_ATTEMPT_READY;
    attempt->result = was_ready                        ? EDGE_ATTEMPT_ENDED
                      : cw_failure_is_refusal(failure) ? EDGE_ATTEMPT_REFUSED
                                                       : EDGE_ATTEMPT_FAILED;
    attempt->failure = failure;
    explain(attempt, failure, gaps, &attempt->sentence, &attempt->advice);
    bool is_fine = was_ready && cw_failure_is_harmless(failure);
    edge_attempt_step(attempt,
                      &(struct edge_step){.kind = was_ready ? EDGE_STEP_END : EDGE_STEP_VERDICT,
                                          .state = is_fine ? EDGE_STEP_OK : EDGE_STEP_FAILED,
                                          .failure = failure,
                                          .gaps = *gaps});
}

enum edge_attempt_result edge_attempt_result(const struct edge_attempt *attempt)
{
    return attempt->result;
}

enum cw_failure edge_attempt_failure(const struct edge_attempt *attempt)
{
    return attempt->failure;
}

struct cw_str edge_attempt_sentence(const struct edge_attempt *attempt)
{
    return cw_str_of(attempt->sentence ? attempt->sentence : "");
}
