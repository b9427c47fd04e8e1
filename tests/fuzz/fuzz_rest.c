/* A request to the API, its parts apart by line feeds: method, path, query, If-Match, body.  It is
 * refused with a status and a sentence, or it means a row; then the request that a client would
 * send for that row with those arguments means the same. */
#include "fuzz.h"

#include "api/rest.h"

static void check_refused(const struct cw_rest_call *call, const struct cw_api_problem *problem,
                          struct cw_str allow)
{
    cw_assert(call->in == NULL);
    cw_assert(problem->status >= 400 && problem->status < 500 && problem->sentence.n > 0);
    cw_assert((problem->status == 405) == (allow.n > 0));
    json_t *told = cw_rest_problem(problem);
    cw_assert(json_integer_value(json_object_get(told, "status")) == problem->status);
    json_decref(told);
}

static void check_again(struct cw_arena *a, const struct cw_rest_call *call)
{
    struct cw_rest_request request;
    struct cw_rest_call again;
    struct cw_api_problem problem;
    struct cw_str allow;
    cw_assert(cw_rest_request_of(a, call->command, call->in, call->what_if, &request));
    cw_assert(cw_rest_route(a, &request, &again, &problem, &allow));
    cw_assert(again.command == call->command && again.what_if == call->what_if);
    cw_assert(json_equal(again.in, call->in));
    json_decref(again.in);
}

void fuzz_input(struct cw_str input)
{
    struct cw_arena a = {0};
    struct cw_rest_request request = {.body = CW_STR("")};
    struct cw_rest_call call;
    struct cw_api_problem problem;
    struct cw_str allow, if_match = CW_S("");
    (void)(fuzz_part(&input, '\n', &request.method) && fuzz_part(&input, '\n', &request.path) &&
           fuzz_part(&input, '\n', &request.query) && fuzz_part(&input, '\n', &if_match));
    if (if_match.n > 0)
        request.if_match = if_match;
    request.body = input;
    if (cw_rest_route(&a, &request, &call, &problem, &allow))
        check_again(&a, &call);
    else
        check_refused(&call, &problem, allow);
    json_decref(call.in);
    cw_arena_free(&a);
}
