/* The commands that say why a partner cannot be reached: what was tried, and a try of one's own. */
#include <string.h>

#include "api/api_priv.h"
#include "conf/policy_json.h"
#include "xmpp/jid.h"

enum { TEST_PARTNER_S = 120, TEST_IM_S = 60, MARGIN_S = 2, MAX_ATTEMPTS = 50 };

/* --- partner diagnose -------------------------------------------------------------------------*/

static const char *time_of(const json_t *attempt)
{
    const char *text = json_string_value(json_object_get(attempt, "at"));
    return text ? text : "";
}

/* The oldest first; of all edges' the last `limit`.  Each edge gave its newest first.  Few enough
 * for insertion. */
static json_t *in_order(const json_t *attempts, size_t limit)
{
    json_t *sorted = json_array();
    for (size_t i = json_array_size(attempts); i-- > 0;) {
        json_t *attempt = json_array_get(attempts, i);
        size_t at = json_array_size(sorted);
        while (at > 0 && strcmp(time_of(json_array_get(sorted, at - 1)), time_of(attempt)) > 0)
            at--;
        json_array_insert(sorted, at, attempt);
    }
    while (json_array_size(sorted) > limit)
        json_array_remove(sorted, 0);
    return sorted;
}

json_t *cw_api_partner_diagnose(const struct cw_api_call *call, const json_t *in,
                                struct cw_api_problem *problem)
{
    const json_t *given = json_object_get(in, "limit");
    json_int_t limit = given ? json_integer_value(given) : MAX_ATTEMPTS;
    struct cw_str domain;
    if (!cw_api_domain_arg(call, in, &domain, problem))
        return NULL;
    json_t *question = json_pack("{s:s,s:s%,s:I}", "command", "attempts", "domain", domain.p,
                                 domain.n, "limit", limit);
    json_t *answer = cw_api_ask_edges(call, question, problem), *result = NULL;
    json_t *attempts = answer ? cw_api_merge(answer, "attempts", problem) : NULL;
    if (attempts)
        result = json_pack("{s:s%,s:o,s:O}", "domain", domain.p, domain.n, "attempts",
                           in_order(attempts, (size_t)limit), "silent",
                           json_object_get(answer, "silent"));
    json_decref(attempts);
    json_decref(answer);
    return result;
}

/* --- test partner -----------------------------------------------------------------------------*/

/* The fields of `with` as the changed partner has them.  NULL with a problem: the change would be
 * refused. */
static json_t *changed_fields(const struct cw_api_call *call, const json_t *with,
                              struct cw_partner *partner, struct cw_api_problem *problem)
{
    const char *name;
    json_t *value;
    if (with && !cw_api_partner_apply(call, with, partner, problem)) {
        problem->field = cw_arena_printf(call->arena, "with/%s", problem->field).p;
        return NULL;
    }
    json_t *all = cw_partner_to_json(partner), *some = json_object();
    json_object_foreach((json_t *)(uintptr_t)with, name, value)
        json_object_set(some, name, json_object_get(all, name));
    json_decref(all);
    return some;
}

/* The one edge's answer, with `edge`; takes the gateway's over. */
static json_t *only_edge(const struct cw_api_call *call, json_t *answer,
                         struct cw_api_problem *problem)
{
    json_t *edge = json_array_get(json_object_get(answer, "edges"), 0);
    json_t *told = json_incref(json_object_get(edge, "answer"));
    struct cw_str sentence =
        cw_arena_dup(call->arena, cw_json_str(json_object_get(told, "sentence")));
    struct cw_str field = cw_arena_dup(call->arena, cw_json_str(json_object_get(told, "field")));
    json_int_t status = json_integer_value(json_object_get(told, "status"));
    bool is_good = json_is_boolean(json_object_get(told, "passed")) &&
                   json_is_object(json_object_get(told, "attempt"));
    if (is_good) {
        json_object_set(told, "edge", json_object_get(edge, "edge"));
        json_object_del(told, "ok");
        json_decref(answer);
        return told;
    }
    if (!told)
        cw_api_refuse(problem, 504, "", CW_S("The edge gave no answer in time."));
    else if (status >= 400 && status <= 599 && sentence.n > 0)
        cw_api_refuse(problem, (int)status, field.n > 0 ? field.p : "", sentence);
    else
        cw_api_refuse(problem, 500, "", CW_S("The edge's answer cannot be read."));
    json_decref(told);
    json_decref(answer);
    return NULL;
}

/* The argument `local` in A-labels, absent when it is not given; false with a problem. */
static bool local_arg(const struct cw_api_call *call, const json_t *in, struct cw_str *out,
                      struct cw_api_problem *problem)
{
    const json_t *given = json_object_get(in, "local");
    *out = CW_STR_NONE;
    if (!given || cw_domain_to_ascii(call->arena, cw_json_str(given), out))
        return true;
    cw_api_refuse(problem, 400, "local", CW_S("local is not a valid domain name (IDNA 2008)."));
    return false;
}

/* To the edge that has the pair; takes `with` over. */
static json_t *request_of(const struct cw_api_call *call, struct cw_str domain, struct cw_str local,
                          json_t *with)
{
    struct cw_str pick = domain;
    json_t *question = json_pack("{s:s,s:s%,s:o}", "command", "test partner", "domain", domain.p,
                                 domain.n, "with", with);
    if (cw_str_is_present(local)) {
        json_object_set_new(question, "local", cw_json_of_str(local));
        pick = cw_arena_printf(call->arena, "%.*s %.*s", CW_ARG(local), CW_ARG(domain));
    }
    return json_pack("{s:s,s:i,s:s%,s:o}", "command", "ask", "timeout-s", TEST_PARTNER_S, "pick",
                     pick.p, pick.n, "in", question);
}

json_t *cw_api_test_partner(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    struct cw_partner_row row;
    struct cw_str domain, local;
    if (!cw_api_domain_arg(call, in, &domain, problem) || !local_arg(call, in, &local, problem) ||
        !cw_api_partner_find(call, in, &row, problem))
        return NULL;
    struct cw_partner partner = row.partner;
    json_t *with = changed_fields(call, json_object_get(in, "with"), &partner, problem);
    if (!with)
        return NULL;
    json_t *answer = cw_api_ask(call, request_of(call, domain, local, with),
                                TEST_PARTNER_S + MARGIN_S, "edges", JSON_ARRAY, problem);
    return answer ? only_edge(call, answer, problem) : NULL;
}

/* --- test im ----------------------------------------------------------------------------------*/

json_t *cw_api_test_im(const struct cw_api_call *call, const json_t *in,
                       struct cw_api_problem *problem)
{
    json_t *request = json_copy((json_t *)(uintptr_t)in);
    json_object_set_new(request, "command", json_string("test im"));
    json_object_set_new(request, "timeout-s", json_integer(TEST_IM_S));
    json_t *answer =
        cw_api_ask(call, request, TEST_IM_S + MARGIN_S, "result", JSON_STRING, problem);
    if (answer)
        json_object_del(answer, "ok");
    return answer;
}
