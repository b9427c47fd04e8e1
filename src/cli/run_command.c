/* One run of a command.  When a panel runs on this machine, it is asked (panel_client.h): then the
 * store has one writer more to wait for, but browsers hear of the change.  Otherwise the store is
 * opened here, the row run, and after a change the gateway told.  Either way the answer is shown
 * the same. */
#include "cli/run_command.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/control.h"
#include "cli/panel_client.h"

static const char *who(struct cw_arena *arena)
{
    const struct passwd *account = getpwuid(getuid());
    return account ? cw_arena_printf(arena, "cli:%s", account->pw_name).p
                   : cw_arena_printf(arena, "cli:uid-%lu", (unsigned long)getuid()).p;
}

static void print_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    cw_assert(text != NULL);
    puts(text);
    free(text);
}

static int refused(const struct cw_run *run, const struct cw_api_problem *problem)
{
    if (run->common.json) {
        json_t *answer =
            json_pack("{s:{s:i,s:s,s:s%}}", "problem", "status", problem->status, "field",
                      problem->field, "sentence", problem->sentence.p, problem->sentence.n);
        cw_assert(answer != NULL);
        print_json(answer);
        json_decref(answer);
    }
    fprintf(stderr, "%.*s\n", CW_ARG(problem->sentence));
    return CW_EXIT_REFUSED;
}

/* The change is saved by now: whatever happens here, the gateway reads it at its next start. */
static json_t *tell_gateway(const struct cw_run *run)
{
    static const struct cw_control_wait wait = {.timeout_s = 5};
    json_t *request = json_pack("{s:s}", "command", "reload"), *answer = NULL;
    enum cw_err err = cw_control_ask(run->config.gateway.control_socket.p, request, &wait, &answer);
    json_decref(request);
    if (err == CW_ERR_NOT_FOUND)
        fputs("saved; no gateway is running on this machine\n", stderr);
    else if (err == CW_ERR_IO)
        fprintf(stderr, "saved; the gateway cannot be told: %s: %s\n",
                run->config.gateway.control_socket.p, strerror(errno));
    else if (err || !json_is_true(json_object_get(answer, "ok")))
        fputs(
            "saved; the gateway did not confirm that it took the change over; its log says more\n",
            stderr);
    return answer ? answer : json_null();
}

/* What the panel heard from the gateway, as tell_gateway says it. */
static void note_gateway(const json_t *gateway)
{
    if (json_is_null(gateway))
        fputs("saved; no gateway is running on this machine\n", stderr);
    else if (!json_is_true(json_object_get(gateway, "ok")))
        fputs(
            "saved; the gateway did not confirm that it took the change over; its log says more\n",
            stderr);
}

static void show(const struct cw_run *run, json_t *answer)
{
    if (run->command->changes && !run->command->is_panels && !run->common.what_if) {
        if (json_object_get(answer, "gateway"))
            note_gateway(json_object_get(answer, "gateway"));
        else
            json_object_set_new(answer, "gateway", tell_gateway(run));
    }
    if (run->common.json)
        print_json(answer);
    else if (!cw_show_live(&run->live, answer))
        cw_show_answer(run->command, answer);
}

/* --- the running gateway ----------------------------------------------------------------------*/

static void on_progress(void *arg, const json_t *news)
{
    struct cw_run *run = arg;
    if (!run->common.json)
        cw_show_progress(&run->live, news);
}

static json_t *ask_gateway(void *arg, const json_t *request, unsigned timeout_s,
                           struct cw_api_problem *problem)
{
    struct cw_run *run = arg;
    struct cw_control_wait wait = {timeout_s, on_progress, run};
    const char *path = run->config.gateway.control_socket.p;
    json_t *answer = NULL;
    enum cw_err err = cw_control_ask(path, request, &wait, &answer);
    *problem = (struct cw_api_problem){.status = 503, .field = ""};
    if (err == CW_ERR_NOT_FOUND) {
        problem->sentence = CW_S("The gateway is not running on this machine.");
    } else if (err == CW_ERR_IO) {
        problem->sentence = cw_arena_printf(&run->arena, "The gateway cannot be asked: %s: %s.",
                                            path, strerror(errno));
    } else if (err) {
        problem->status = 504;
        problem->sentence = CW_S("The gateway gave no answer; its log may say more.");
    }
    return answer;
}

static bool is_refused(const json_t *answer)
{
    const char *result = json_string_value(json_object_get(answer, "result"));
    return result && strcmp(result, "refused") == 0;
}

/* Of `health show`: for whoever looks every few minutes by a script. */
static bool is_failing(const json_t *answer)
{
    const char *state = json_string_value(json_object_get(answer, "state"));
    return json_object_get(answer, "components") && state && strcmp(state, "failed") == 0;
}

/* A test that was carried out and failed is told by the exit status, too, and so is a certificate
 * that was refused: whoever renews it must hear of it. */
static int status_of(const json_t *answer)
{
    json_t *certificate;
    size_t i;
    const json_t *counts = json_object_get(answer, "counts"); /* of an import's entries */
    bool failed = json_is_false(json_object_get(answer, "passed")) || is_refused(answer) ||
                  is_failing(answer) || json_integer_value(json_object_get(counts, "refused")) > 0;
    json_array_foreach(json_object_get(answer, "reloaded"), i, certificate) failed =
        failed || is_refused(certificate);
    return failed ? CW_EXIT_REFUSED : CW_EXIT_OK;
}

/* The row, in this process: the way of the first start and of rescue.  Who may open the store's
 * file may do everything with it: there is no lesser role here. */
static json_t *run_here(struct cw_run *run, struct cw_api_problem *problem)
{
    struct cw_refusal refusal;
    struct cw_store *store;
    struct cw_store_options options = {
        .path = run->config.gateway.store.p,
        .local_domains = run->config.local_domains,
        .n_local_domains = run->config.n_local_domains,
    };
    if (cw_store_open(&options, &store, &run->arena, &refusal)) {
        *problem =
            (struct cw_api_problem){.status = 500, .field = "", .sentence = refusal.sentence};
        return NULL;
    }
    struct cw_api_call call = {
        .store = store,
        .arena = &run->arena,
        .who = who(&run->arena),
        .permission = CW_ADMINISTRATOR,
        .what_if = run->common.what_if,
        .ask = ask_gateway,
        .ask_arg = run,
    };
    json_t *answer = cw_api_run(run->command, &call, run->in, problem);
    cw_store_close(&store);
    return answer;
}

int cw_run_command(struct cw_run *run)
{
    struct cw_str why;
    struct cw_api_problem problem;
    json_t *answer = NULL;
    if (cw_config_load(cw_config_path(run->common.config), &run->config, &run->arena, &why)) {
        problem = (struct cw_api_problem){.status = 500, .field = "", .sentence = why};
        return refused(run, &problem);
    }
    struct cw_panel_question question = {
        .socket_path = run->config.panel.socket.p,
        .command = run->command,
        .in = run->in,
        .what_if = run->common.what_if,
        .on_progress = on_progress,
        .arg = run,
    };
    if (!cw_panel_ask(&run->arena, &question, &answer, &problem))
        answer = run_here(run, &problem);
    if (!answer)
        return refused(run, &problem);
    show(run, answer);
    int status = status_of(answer);
    json_decref(answer);
    return status;
}
