/* Commands asked of the panel (see panel_client.h). */
#include "cli/panel_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/rest.h"
#include "cli/control.h"
#include "cli/panel_answer.h"
#include "conf/policy_json.h"

#define PAGE 1000 /* of a list; the most that is given at once */

static bool send_all(int fd, struct cw_str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return false;
        bytes = cw_str_sub(bytes, n > 0 ? (size_t)n : 0, bytes.n);
    }
    return true;
}

static void write_request(struct cw_buf *to, const struct cw_rest_request *request)
{
    cw_buf_printf(to, "%.*s " CW_REST_ROOT "%.*s%s%.*s HTTP/1.1\r\n", CW_ARG(request->method),
                  CW_ARG(request->path), request->query.n > 0 ? "?" : "", CW_ARG(request->query));
    cw_buf_putcstr(to, "Host: localhost\r\nConnection: close\r\n"
                       "Accept: application/x-ndjson, application/json\r\n");
    if (cw_str_is_present(request->if_match))
        cw_buf_printf(to, "If-Match: %.*s\r\n", CW_ARG(request->if_match));
    if (request->body.n > 0)
        cw_buf_printf(to, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                      request->body.n);
    cw_buf_putcstr(to, "\r\n");
    cw_buf_puts(to, request->body);
}

/* --- what comes back --------------------------------------------------------------------------*/

static void lost(struct cw_api_problem *problem)
{
    *problem = (struct cw_api_problem){
        .status = 504,
        .field = "",
        .sentence = CW_S("The panel gave no whole answer; whether the command was carried out, the "
                         "audit trail says."),
    };
}

static void take_problem(struct cw_arena *arena, const json_t *told, int status,
                         struct cw_api_problem *problem)
{
    struct cw_str field = cw_json_text(told, "field"), detail = cw_json_text(told, "detail");
    field = cw_str_sub(field, 1, field.n); /* the slash of the pointer */
    *problem = (struct cw_api_problem){
        .status = status,
        .field = field.n > 0 ? cw_arena_dup(arena, field).p : "",
        .sentence = detail.n > 0 ? cw_arena_dup(arena, detail)
                                 : cw_arena_printf(arena, "The panel answered %d.", status),
    };
}

/* One line of news; true: it was the last. */
static bool take_line(struct cw_arena *arena, const struct cw_panel_question *question,
                      struct cw_str line, json_t **answer, struct cw_api_problem *problem)
{
    json_t *news = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *progress = json_object_get(news, "progress");
    const json_t *refusal = json_object_get(news, "problem");
    json_t *told = json_object_get(news, "answer");
    if (progress && question->on_progress)
        question->on_progress(question->arg, progress);
    if (told)
        *answer = json_incref(told);
    if (refusal)
        take_problem(arena, refusal, (int)json_integer_value(json_object_get(refusal, "status")),
                     problem);
    json_decref(news);
    return told || refusal;
}

/* Tells news as they come. */
static void read_lines(struct cw_arena *arena, const struct cw_panel_question *question,
                       struct cw_http_answer *a, json_t **answer, struct cw_api_problem *problem)
{
    for (;;) {
        ptrdiff_t end = cw_str_index(cw_buf_str(&a->body), '\n');
        if (end < 0 && (a->is_over || cw_http_answer_more(a) != CW_OK))
            return;
        if (end < 0)
            continue;
        if (take_line(arena, question, cw_str_sub(cw_buf_str(&a->body), 0, (size_t)end), answer,
                      problem))
            return;
        cw_buf_consume(&a->body, (size_t)end + 1);
    }
}

static void read_answer(struct cw_arena *arena, const struct cw_panel_question *question,
                        struct cw_http_answer *a, json_t **answer, struct cw_api_problem *problem)
{
    enum cw_err err = CW_OK;
    lost(problem); /* until something better is known */
    if (a->is_lines) {
        read_lines(arena, question, a, answer, problem);
        return;
    }
    while (!err && !a->is_over)
        err = cw_http_answer_more(a);
    json_t *told =
        err ? NULL
            : json_loadb(a->body.p ? a->body.p : "", a->body.n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(told) && a->status / 100 == 2)
        *answer = json_incref(told);
    else if (!err && a->status / 100 != 2)
        take_problem(arena, told, a->status, problem);
    json_decref(told);
}

/* One request.  False: nobody listens, or the request is too large for the panel. */
static bool ask_once(struct cw_arena *arena, const struct cw_panel_question *question,
                     const json_t *in, json_t **answer, struct cw_api_problem *problem)
{
    struct cw_rest_request request;
    struct cw_http_answer http;
    struct cw_buf bytes = {0};
    int fd;
    *answer = NULL;
    if (!cw_rest_request_of(arena, question->command, in, question->what_if, &request) ||
        cw_unix_dial(question->socket_path, &fd) != CW_OK)
        return false;
    write_request(&bytes, &request);
    /* Even when not all of it was taken: the panel may have said why before it closed. */
    (void)send_all(fd, cw_buf_str(&bytes));
    enum cw_err err = cw_http_answer_begin(&http, fd);
    lost(problem);
    if (!err)
        read_answer(arena, question, &http, answer, problem);
    bool too_large = !err && http.status == 413;
    cw_http_answer_end(&http);
    cw_buf_free(&bytes);
    close(fd);
    return !too_large;
}

/* --- lists ------------------------------------------------------------------------------------*/

/* Adds the next part to the list so far; false: there is no further part. */
static bool join(const char *list, json_t *all, json_t *part, json_t *in)
{
    const json_t *next = json_object_get(part, "next");
    if (part != all)
        json_array_extend(json_object_get(all, list), json_object_get(part, list));
    if (!json_is_string(next))
        return false;
    json_object_set_new(in, "cursor", json_string(json_string_value(next)));
    return true;
}

/* A list is given in parts; on a command line it is one, unless --limit asks for less. */
static bool ask_list(struct cw_arena *arena, const struct cw_panel_question *question,
                     json_t **answer, struct cw_api_problem *problem)
{
    json_t *in = json_copy((json_t *)(uintptr_t)question->in), *all = NULL, *part;
    bool asked, more = true;
    json_object_set_new(in, "limit", json_integer(PAGE));
    do {
        asked = ask_once(arena, question, in, &part, problem);
        if (!asked || !part) {
            json_decref(all);
            all = NULL;
            break;
        }
        all = all ? all : json_incref(part);
        more = join(question->command->list, all, part, in);
        json_decref(part);
    } while (more);
    if (all)
        json_object_del(all, "next");
    json_decref(in);
    *answer = all;
    return asked;
}

bool cw_panel_ask(struct cw_arena *arena, const struct cw_panel_question *question, json_t **answer,
                  struct cw_api_problem *problem)
{
    if (question->command->list && !json_object_get(question->in, "limit"))
        return ask_list(arena, question, answer, problem);
    return ask_once(arena, question, question->in, answer, problem);
}
