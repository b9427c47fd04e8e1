/* A row of the table, asked for by HTTP: route, permission, conditions, the row itself, the gateway
 * told, the answer with its entity tag.  All but the answer is done on a worker.
 *
 * A row with news (a test of the way to a partner) tells them as they come to who accepts
 * application/x-ndjson, a JSON object a line, or text/event-stream:
 *
 *     {"progress":{...}}      any number
 *     {"answer":{...}}        or {"problem":{...}} */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/openapi.h"
#include "api/rest.h"
#include "cli/control.h"
#include "panel/fields.h"
#include "panel/panel_priv.h"

enum news_format { NEWS_NONE, NEWS_LINES, NEWS_EVENTS };

struct call {
    struct panel_exchange *x;
    struct panel_work *work; /* while it runs */
    enum news_format format; /* of its news; NONE: they are dropped */
    /* What came of it; status 0: it never ran. */
    int status;
    json_t *answer; /* NULL: the problem */
    struct cw_api_problem problem;
    struct cw_str location, etag, allow;
};

/* --- on a worker: the gateway -----------------------------------------------------------------*/

static void tell_news(struct call *call, const char *name, const json_t *value)
{
    struct cw_buf line = {0};
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    cw_assert(text != NULL);
    if (call->format == NEWS_LINES)
        cw_buf_printf(&line, "{\"%s\":%s}\n", name, text);
    else
        cw_buf_printf(&line, "event: %s\ndata: %s\n\n", name, text);
    panel_work_tell(call->work, cw_buf_str(&line));
    cw_buf_free(&line);
    free(text);
}

static void on_progress(void *arg, const json_t *news)
{
    struct call *call = arg;
    if (call && call->format != NEWS_NONE)
        tell_news(call, "progress", news);
}

struct asking {
    struct panel_work *work;
    struct cw_arena *arena;
    struct call *call; /* NULL: its news are nobody's */
};

static json_t *ask_gateway(void *arg, const json_t *request, unsigned timeout_s,
                           struct cw_api_problem *problem)
{
    const struct asking *asking = arg;
    struct cw_control_wait wait = {timeout_s, on_progress, asking->call};
    json_t *answer = NULL;
    enum cw_err err = cw_control_ask(asking->work->panel->config.gateway.control_socket.p, request,
                                     &wait, &answer);
    *problem = (struct cw_api_problem){.status = 503, .field = ""};
    if (err == CW_ERR_NOT_FOUND) {
        problem->sentence = CW_S("The gateway is not running on this machine.");
    } else if (err == CW_ERR_IO) {
        problem->sentence =
            cw_arena_printf(asking->arena, "The gateway cannot be asked: %s.", strerror(errno));
    } else if (err) {
        problem->status = 504;
        problem->sentence = CW_S("The gateway gave no answer; its log may say more.");
    }
    return answer;
}

/* The change is saved by now: whatever happens here, the gateway reads it at its next start. */
static json_t *tell_gateway(const struct panel *panel)
{
    static const struct cw_control_wait wait = {.timeout_s = 5};
    json_t *request = json_pack("{s:s}", "command", "reload"), *answer = NULL;
    enum cw_err err =
        cw_control_ask(panel->config.gateway.control_socket.p, request, &wait, &answer);
    json_decref(request);
    if (err && err != CW_ERR_NOT_FOUND)
        CW_LOG(&panel->log, CW_LOG_WARN, "gateway-not-told",
               CW_KVC("reason", err == CW_ERR_IO ? strerror(errno) : cw_err_text(err)));
    return answer ? answer : json_null();
}

json_t *panel_run_row(struct panel_work *work, struct cw_arena *arena,
                      const struct panel_identity *identity, const struct cw_rest_call *rest,
                      void *news, struct cw_api_problem *problem)
{
    struct asking asking = {work, arena, news};
    struct cw_api_call call = {
        .store = work->store,
        .arena = arena,
        .who = identity->who.p,
        .permission = identity->permission,
        .what_if = rest->what_if,
        .ask = ask_gateway,
        .ask_arg = &asking,
    };
    json_t *answer = cw_api_run(rest->command, &call, rest->in, problem);
    if (answer && rest->command->changes && !rest->command->is_panels && !rest->what_if)
        json_object_set_new(answer, "gateway", tell_gateway(work->panel));
    return answer;
}

/* --- on a worker: the row ---------------------------------------------------------------------*/

static bool refuse(struct cw_api_problem *problem, int status, struct cw_str sentence)
{
    *problem = (struct cw_api_problem){.status = status, .field = "", .sentence = sentence};
    return false;
}

bool panel_body_is_json(const struct cw_http_request *request, struct cw_api_problem *problem)
{
    struct cw_str type = cw_http_field(request, "content-type");
    ptrdiff_t semicolon = cw_str_index(type, ';');
    struct cw_str rest = semicolon < 0 ? CW_S("") : cw_str_sub(type, (size_t)semicolon + 1, type.n);
    type = cw_str_trim(cw_str_sub(type, 0, semicolon < 0 ? type.n : (size_t)semicolon));
    rest = cw_str_trim(rest);
    if (request->body.n == 0 || (cw_str_eq_nocase(type, CW_S("application/json")) &&
                                 (rest.n == 0 || cw_str_eq_nocase(rest, CW_S("charset=utf-8")))))
        return true;
    return refuse(problem, 415, CW_S("A body must be application/json, in UTF-8."));
}

bool panel_may_act(const struct panel_identity *identity, struct cw_api_problem *problem)
{
    return !identity->must_change_password ||
           refuse(problem, 403,
                  CW_S("Choose a password of your own first: PUT /api/v1/session/password."));
}

/* A browser shows what it read a while ago: what it changes it must have seen. */
static bool says_what_it_saw(const struct panel_identity *identity, const struct cw_rest_call *rest,
                             struct cw_str if_match, struct cw_api_problem *problem)
{
    struct cw_api_arg arg;
    if (!identity->is_session || cw_str_is_present(if_match) || rest->what_if ||
        identity->permission < rest->command->permission || /* the row says so */
        !cw_api_arg_find(rest->command, CW_S("if-version"), &arg) ||
        json_object_get(rest->in, "if-version"))
        return true;
    return refuse(problem, 428,
                  CW_S("Send If-Match with the entity tag of what you read, so that nobody's "
                       "change is lost."));
}

static enum news_format format_of(const struct panel_exchange *x,
                                  const struct cw_api_command *command)
{
    struct cw_str accept = cw_http_field(&x->request, "accept");
    if (!command->streams)
        return NEWS_NONE;
    if (cw_str_find(accept, CW_S("application/x-ndjson")) >= 0)
        return NEWS_LINES;
    return cw_str_find(accept, CW_S("text/event-stream")) >= 0 ? NEWS_EVENTS : NEWS_NONE;
}

/* What is said twice counts as not said (cw_http_field); a condition must not be lost like that. */
static bool says_one_condition(const struct cw_http_request *request,
                               struct cw_api_problem *problem)
{
    size_t n = 0;
    for (size_t i = 0; i < request->n_fields; i++)
        n += cw_str_eq_nocase(request->fields[i].name, CW_S("if-match"));
    return n < 2 || refuse(problem, 400, CW_S("If-Match must be one entity tag in quotes, or *."));
}

static bool run_row(struct call *call, const struct panel_identity *identity,
                    const struct cw_rest_call *rest, struct cw_str if_match)
{
    struct panel_exchange *x = call->x;
    if (!panel_may_act(identity, &call->problem) ||
        !says_what_it_saw(identity, rest, if_match, &call->problem))
        return false;
    if (rest->command->streams && !panel_work_begin_slow(call->work))
        return refuse(&call->problem, 503, CW_S("Too many tests run at once; try again."));
    call->format = format_of(x, rest->command);
    call->answer = panel_run_row(call->work, &x->arena, identity, rest, call, &call->problem);
    if (rest->command->streams)
        panel_work_end_slow(call->work);
    if (!call->answer)
        return false;
    call->status = cw_rest_status(&x->arena, rest, call->answer, &call->location, &call->etag);
    return true;
}

static bool show_openapi(struct call *call)
{
    if (!panel_method_is_safe(call->x->request.method)) {
        call->allow = CW_S("GET, HEAD");
        return refuse(&call->problem, 405, CW_S("This takes GET, HEAD."));
    }
    call->answer = cw_openapi();
    call->status = 200;
    return true;
}

static bool route_and_run(struct call *call)
{
    struct panel_exchange *x = call->x;
    struct panel_identity identity;
    struct cw_rest_call rest;
    struct cw_rest_request request = {
        .method = x->request.method,
        .path = cw_str_sub(x->request.path, sizeof CW_REST_ROOT - 1, x->request.path.n),
        .query = cw_str_is_present(x->request.query) ? x->request.query : CW_S(""),
        .body = x->request.body,
        .if_match = cw_http_field(&x->request, "if-match"),
    };
    if (!panel_identify(call->work, x, &x->arena, true, &identity, &call->problem))
        return false;
    x->who = identity.who;
    if (cw_str_eq_cstr(request.path, "/openapi.json"))
        return show_openapi(call);
    if (!says_one_condition(&x->request, &call->problem) ||
        !cw_rest_route(&x->arena, &request, &rest, &call->problem, &call->allow))
        return false;
    bool good = panel_body_is_json(&x->request, &call->problem) &&
                run_row(call, &identity, &rest, request.if_match);
    json_decref(rest.in);
    return good;
}

static void run(struct panel_work *work, void *arg)
{
    struct call *call = arg;
    call->work = work;
    call->problem = (struct cw_api_problem){.field = ""};
    if (!route_and_run(call))
        call->status = call->problem.status;
    if (call->format != NEWS_NONE && call->answer)
        tell_news(call, "answer", call->answer);
}

/* --- on the loop ------------------------------------------------------------------------------*/

static void part(void *arg, struct cw_str bytes)
{
    struct call *call = arg;
    if (!call->x->is_begun)
        panel_answer_begin(
            call->x, call->format == NEWS_LINES ? "application/x-ndjson" : "text/event-stream",
            NULL, NULL);
    panel_answer_part(call->x, bytes);
}

static void end_news(struct call *call)
{
    if (!call->answer) {
        struct cw_buf line = {0};
        json_t *problem = cw_rest_problem(&call->problem);
        char *text = json_dumps(problem, JSON_COMPACT);
        cw_buf_printf(&line,
                      call->format == NEWS_LINES ? "{\"problem\":%s}\n"
                                                 : "event: problem\ndata: %s\n\n",
                      text);
        panel_answer_part(call->x, cw_buf_str(&line));
        cw_buf_free(&line);
        json_decref(problem);
        free(text);
    }
    panel_answer_end(call->x);
}

void panel_answer_refusal(struct panel_exchange *x, const struct cw_api_problem *problem)
{
    if (problem->status == 401)
        panel_header(x, "WWW-Authenticate", CW_S("Bearer realm=\"causeway\""));
    if (problem->status == 503)
        panel_header(x, "Retry-After", CW_S("1"));
    json_t *value = cw_rest_problem(problem);
    panel_answer_json(x, problem->status, value);
    json_decref(value);
}

/* What was asked for is as the client has it. */
static bool is_known(const struct call *call)
{
    const struct cw_http_request *request = &call->x->request;
    return call->status == 200 && cw_str_is_present(call->etag) &&
           panel_method_is_safe(request->method) && panel_has_tag(request, call->etag);
}

static void done(void *arg)
{
    struct call *call = arg;
    struct panel_exchange *x = call->x;
    if (call->status == 0)
        call->problem = (struct cw_api_problem){
            .status = 503, .field = "", .sentence = CW_S("The panel is stopping.")};
    if (x->is_begun) {
        end_news(call);
    } else if (!call->answer) {
        if (call->problem.status == 405)
            panel_header(x, "Allow", call->allow);
        panel_answer_refusal(x, &call->problem);
    } else {
        if (cw_str_is_present(call->location))
            panel_header(x, "Location", call->location);
        if (cw_str_is_present(call->etag))
            panel_header(x, "ETag", call->etag);
        if (is_known(call))
            panel_answer(x, 304, NULL, CW_S(""));
        else
            panel_answer_json(x, call->status, call->answer);
    }
    json_decref(call->answer);
    cw_free(call);
}

void panel_call(struct panel_exchange *x)
{
    struct call *call = cw_alloc(sizeof *call);
    call->x = x;
    panel_post(x, &(struct panel_task){run, part, done, call});
}

bool panel_post(struct panel_exchange *x, const struct panel_task *task)
{
    if (panel_work_post(x->panel->workers, task))
        return true;
    cw_free(task->arg);
    panel_header(x, "Retry-After", CW_S("1"));
    panel_answer_problem(x, 503, "", CW_S("Too much is being done at once; try again."));
    return false;
}
