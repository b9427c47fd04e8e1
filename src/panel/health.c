/* Looks at how everything is; see health.h.  A look is the row `health show`, run by a worker. */
#include "panel/health.h"

#include <time.h>

#include "api/rest.h"
#include "conf/policy_json.h"
#include "panel/metrics.h"
#include "panel/samples.h"
#include "store/account.h"

enum { DEFAULT_HOURS = 6, MAX_HOURS = PANEL_SAMPLES_MAX / 60 };

struct panel_health {
    struct panel *panel;
    struct cw_timer *timer;
    struct panel_samples *samples;
    bool is_looking;
};

/* On a worker: how it is; NULL: the store is away. */
static json_t *look_at_all(struct panel_work *work, struct cw_arena *arena)
{
    struct panel_identity nobody = {.who = CW_STR("panel"), .permission = CW_VIEWER};
    struct cw_rest_call rest = {.command = cw_api_find(CW_S("health show")), .in = json_object()};
    struct cw_api_problem problem;
    json_t *answer =
        work->store ? panel_run_row(work, arena, &nobody, &rest, NULL, &problem) : NULL;
    json_decref(rest.in);
    return answer;
}

/* --- once a minute ----------------------------------------------------------------------------*/

struct look {
    struct panel_health *health;
    struct cw_arena arena;
    json_t *answer;
};

/* Who never came back is not signed in any more, and the list of sessions says so. */
static void end_sessions(struct panel_work *work)
{
    const struct panel *panel = work->panel;
    enum cw_err err =
        cw_store_session_expire(work->store, time(NULL), panel->config.panel.session_idle_s,
                                panel->config.panel.session_max_s);
    if (err)
        CW_LOG(&panel->log, CW_LOG_WARN, "sessions-not-ended", CW_KVC("reason", cw_err_text(err)));
}

static void run_look(struct panel_work *work, void *arg)
{
    struct look *look = arg;
    if (work->store)
        end_sessions(work);
    look->answer = look_at_all(work, &look->arena);
}

static void done_look(void *arg)
{
    struct look *look = arg;
    look->health->is_looking = false;
    if (look->answer)
        panel_samples_take(look->health->samples, look->answer, (int64_t)time(NULL), cw_now_ms());
    json_decref(look->answer);
    cw_arena_free(&look->arena);
    cw_free(look);
}

static void on_minute(void *arg)
{
    struct panel_health *health = arg;
    cw_timer_set(health->timer, PANEL_SAMPLE_MS);
    if (health->is_looking)
        return;
    struct look *look = cw_alloc(sizeof *look);
    look->health = health;
    health->is_looking = panel_work_post(health->panel->workers,
                                         &(struct panel_task){run_look, NULL, done_look, look});
    if (!health->is_looking)
        cw_free(look);
}

/* --- who asks ---------------------------------------------------------------------------------*/

struct visit {
    struct panel_exchange *x;
    bool wants_metrics, has_run;
    json_t *answer; /* of a look, for metrics */
    struct cw_api_problem problem;
};

static void run_visit(struct panel_work *work, void *arg)
{
    struct visit *visit = arg;
    struct panel_exchange *x = visit->x;
    struct panel_identity identity;
    visit->has_run = true;
    visit->problem = (struct cw_api_problem){.field = ""};
    if (!panel_identify(work, x, &x->arena, true, &identity, &visit->problem))
        return;
    x->who = identity.who;
    if (!panel_may_act(&identity, &visit->problem) || !visit->wants_metrics)
        return;
    visit->answer = look_at_all(work, &x->arena);
    if (!visit->answer)
        visit->problem = (struct cw_api_problem){
            .status = 503, .field = "", .sentence = CW_S("The store cannot be read.")};
}

static void answer_metrics(struct visit *visit)
{
    const struct panel *panel = visit->x->panel;
    const struct panel_load load = {.connections = panel_server_connections(panel->server),
                                    .requests = panel->n_exchanges,
                                    .jobs = panel_work_jobs(panel->workers),
                                    .listeners = panel_events_listeners(panel->events)};
    struct cw_buf text = {0};
    panel_metrics_write(&text, visit->answer);
    panel_metrics_write_load(&text, &load);
    panel_answer(visit->x, 200, PANEL_METRICS_TYPE, cw_buf_str(&text));
    cw_buf_free(&text);
}

/* "hours=6", and nothing else. */
static bool read_hours(const struct panel_exchange *x, uint64_t *hours)
{
    struct cw_str query = x->request.query, name = CW_S("hours=");
    *hours = DEFAULT_HOURS;
    if (!cw_str_is_present(query) || query.n == 0)
        return true;
    return cw_str_starts(query, name) && cw_str_to_u64(cw_str_sub(query, name.n, query.n), hours) &&
           *hours >= 1 && *hours <= MAX_HOURS;
}

static void answer_samples(struct panel_exchange *x)
{
    uint64_t hours;
    if (!read_hours(x, &hours)) {
        panel_answer_problem(x, 400, "hours", CW_S("hours must be between 1 and 24."));
        return;
    }
    json_t *answer =
        panel_samples_json(x->panel->health->samples, (int64_t)time(NULL) - (int64_t)hours * 3600);
    panel_answer_json(x, 200, answer);
    json_decref(answer);
}

static void done_visit(void *arg)
{
    struct visit *visit = arg;
    if (!visit->has_run)
        visit->problem = (struct cw_api_problem){
            .status = 503, .field = "", .sentence = CW_S("The panel is stopping.")};
    if (visit->problem.status != 0)
        panel_answer_refusal(visit->x, &visit->problem);
    else if (visit->wants_metrics)
        answer_metrics(visit);
    else
        answer_samples(visit->x);
    json_decref(visit->answer);
    cw_free(visit);
}

static void begin(struct panel_exchange *x, bool wants_metrics)
{
    if (!cw_str_eq_cstr(x->request.method, "GET") && !cw_str_eq_cstr(x->request.method, "HEAD")) {
        panel_header(x, "Allow", CW_S("GET, HEAD"));
        panel_answer_problem(x, 405, "", CW_S("This takes GET, HEAD."));
        return;
    }
    struct visit *visit = cw_alloc(sizeof *visit);
    visit->x = x;
    visit->wants_metrics = wants_metrics;
    panel_post(x, &(struct panel_task){run_visit, NULL, done_visit, visit});
}

void panel_health_samples(struct panel_exchange *x)
{
    begin(x, false);
}

void panel_health_metrics(struct panel_exchange *x)
{
    begin(x, true);
}

/* --- life -------------------------------------------------------------------------------------*/

struct panel_health *panel_health_new(struct panel *panel)
{
    struct panel_health *health = cw_alloc(sizeof *health);
    health->panel = panel;
    health->samples = panel_samples_new(PANEL_SAMPLES_MAX);
    health->timer = cw_timer_new(panel->base, on_minute, health);
    cw_timer_set(health->timer, 0);
    return health;
}

void panel_health_free(struct panel_health **ptr)
{
    struct panel_health *health = *ptr;
    *ptr = NULL;
    if (!health)
        return;
    cw_timer_free(&health->timer);
    panel_samples_free(&health->samples);
    cw_free(health);
}
