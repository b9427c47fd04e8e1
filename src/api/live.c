/* The commands on what is alive in the edges: streams, certificates, the door.  The gateway brings
 * the question to every edge and the answers back; here they are checked and put together. */
#include "api/api_priv.h"
#include "conf/policy_json.h"
#include "xmpp/jid.h"

enum { EDGES_TIMEOUT_S = 6 }; /* the gateway gives the edges four seconds */

/* --- asking -----------------------------------------------------------------------------------*/

/* What `answer` says instead of ok. */
static json_t *refused(const struct cw_api_call *call, const json_t *answer,
                       struct cw_api_problem *problem)
{
    struct cw_str sentence = cw_json_str(json_object_get(answer, "sentence"));
    const char *field = json_string_value(json_object_get(answer, "field"));
    json_int_t status = json_integer_value(json_object_get(answer, "status"));
    if (status < 400 || status > 599 || cw_str_is_empty(sentence))
        return cw_api_refuse(problem, 500, "", CW_S("The answer cannot be read."));
    return cw_api_refuse(problem, (int)status,
                         field ? cw_arena_dup(call->arena, cw_str_of(field)).p : "",
                         cw_arena_dup(call->arena, sentence));
}

json_t *cw_api_ask(const struct cw_api_call *call, json_t *request, unsigned timeout_s,
                   const char *member, json_type type, struct cw_api_problem *problem)
{
    json_t *answer = NULL;
    if (call->ask)
        answer = call->ask(call->ask_arg, request, timeout_s, problem);
    else
        cw_api_refuse(problem, 503, "", CW_S("The gateway is not running on this machine."));
    json_decref(request);
    if (!answer)
        return NULL;
    const json_t *value = json_object_get(answer, member);
    if (!json_is_true(json_object_get(answer, "ok")))
        refused(call, answer, problem);
    else if (!value || json_typeof(value) != type)
        cw_api_refuse(problem, 500, "", CW_S("The gateway's answer cannot be read."));
    else
        return answer;
    json_decref(answer);
    return NULL;
}

/* Takes those that did not say ok out of the array; false with a problem. */
static bool keep_good(const struct cw_api_call *call, json_t *edges, struct cw_api_problem *problem)
{
    struct cw_api_problem not_found = {
        504, "", CW_S("No edge gave an answer in time; try again, or look at their logs.")};
    for (size_t i = json_array_size(edges); i-- > 0;) {
        const json_t *answer = json_object_get(json_array_get(edges, i), "answer");
        if (json_is_true(json_object_get(answer, "ok")))
            continue;
        refused(call, answer, problem);
        if (problem->status != 404)
            return false;
        not_found = *problem;
        json_array_remove(edges, i);
    }
    if (json_array_size(edges) > 0)
        return true;
    *problem = not_found;
    return false;
}

json_t *cw_api_ask_edges(const struct cw_api_call *call, json_t *question,
                         struct cw_api_problem *problem)
{
    json_t *request = json_pack("{s:s,s:o}", "command", "ask", "in", question);
    json_t *answer = cw_api_ask(call, request, EDGES_TIMEOUT_S, "edges", JSON_ARRAY, problem);
    if (answer && !keep_good(call, json_object_get(answer, "edges"), problem)) {
        json_decref(answer);
        answer = NULL;
    }
    return answer;
}

/* --- putting answers together -----------------------------------------------------------------*/

static void *unreadable(struct cw_api_problem *problem)
{
    return cw_api_refuse(problem, 500, "", CW_S("An edge's answer cannot be read."));
}

json_t *cw_api_merge(const json_t *answer, const char *member, struct cw_api_problem *problem)
{
    json_t *all = json_array(), *edge, *item;
    size_t i, j;
    json_array_foreach(json_object_get(answer, "edges"), i, edge)
    {
        json_t *list = json_object_get(json_object_get(edge, "answer"), member);
        bool good = json_is_array(list);
        json_array_foreach(list, j, item)
        {
            good = good && json_object_set(item, "edge", json_object_get(edge, "edge")) == 0;
            json_array_append(all, item);
        }
        if (!good) {
            json_decref(all);
            return unreadable(problem);
        }
    }
    return all;
}

/* {MEMBER:[...],"silent":[...]}; takes `answer` over, which may be NULL. */
static json_t *merged(json_t *answer, const char *member, struct cw_api_problem *problem)
{
    json_t *list = answer ? cw_api_merge(answer, member, problem) : NULL;
    json_t *result = NULL;
    if (list) {
        result = json_object();
        json_object_set_new(result, member, list);
        json_object_set(result, "silent", json_object_get(answer, "silent"));
    }
    json_decref(answer);
    return result;
}

/* {"edges":[{"edge":PATH, ...}],"silent":[...]}; takes `answer` over, which may be NULL. */
static json_t *each(json_t *answer)
{
    json_t *edge;
    size_t i;
    if (!answer)
        return NULL;
    json_array_foreach(json_object_get(answer, "edges"), i, edge)
    {
        json_object_update(edge, json_object_get(edge, "answer"));
        json_object_del(edge, "answer");
        json_object_del(edge, "ok");
    }
    json_object_del(answer, "ok");
    return answer;
}

/* --- the commands -----------------------------------------------------------------------------*/

/* The arguments, with the domain `partner` in A-labels, and the command's name.  NULL: a problem.
 */
static json_t *question(const struct cw_api_call *call, const char *command, const json_t *in,
                        struct cw_api_problem *problem)
{
    json_t *asked = json_copy((json_t *)(uintptr_t)in);
    const json_t *partner = json_object_get(in, "partner");
    struct cw_str domain;
    json_object_set_new(asked, "command", json_string(command));
    if (!partner)
        return asked;
    if (cw_domain_to_ascii(call->arena, cw_json_str(partner), &domain)) {
        json_object_set_new(asked, "partner", cw_json_of_str(domain));
        return asked;
    }
    json_decref(asked);
    return cw_api_refuse(problem, 400, "partner",
                         CW_S("partner is not a valid domain name (IDNA 2008)."));
}

static json_t *ask(const struct cw_api_call *call, const char *command, const json_t *in,
                   struct cw_api_problem *problem)
{
    json_t *asked = question(call, command, in, problem);
    return asked ? cw_api_ask_edges(call, asked, problem) : NULL;
}

json_int_t cw_api_sum_of(const json_t *answer, const char *member)
{
    json_t *edge;
    size_t i;
    json_int_t sum = 0;
    json_array_foreach(json_object_get(answer, "edges"), i, edge) sum +=
        json_integer_value(json_object_get(json_object_get(edge, "answer"), member));
    return sum;
}

/* A list of which the edges may have left something out. */
static json_t *listed(const struct cw_api_call *call, const char *command, const char *member,
                      const json_t *in, struct cw_api_problem *problem)
{
    json_t *answer = ask(call, command, in, problem);
    json_int_t n_left_out = cw_api_sum_of(answer, "left-out");
    json_t *result = merged(answer, member, problem);
    if (result)
        json_object_set_new(result, "left-out", json_integer(n_left_out));
    return result;
}

json_t *cw_api_stream_list(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    return listed(call, "stream list", "streams", in, problem);
}

json_t *cw_api_stream_show(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    json_t *answer = ask(call, "stream show", in, problem), *stream, *edge;
    if (!answer)
        return NULL;
    edge = json_array_get(json_object_get(answer, "edges"), 0);
    stream = json_incref(json_object_get(json_object_get(edge, "answer"), "stream"));
    if (json_is_object(stream))
        json_object_set(stream, "edge", json_object_get(edge, "edge"));
    json_decref(answer);
    return json_is_object(stream) ? json_pack("{s:o}", "stream", stream) : unreadable(problem);
}

json_t *cw_api_stream_close(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    if (!json_object_get(in, "id") == !json_object_get(in, "partner"))
        return cw_api_refuse(problem, 400, "id",
                             CW_S("Say which streams: one's id, or --partner."));
    json_t *answer = ask(call, "stream close", in, problem);
    json_int_t n_closed = cw_api_sum_of(answer, "closed");
    if (!answer)
        return NULL;
    json_decref(answer);
    return json_pack("{s:I}", "closed", n_closed);
}

static bool has_text(const json_t *list, const json_t *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), text))
            return true;
    return false;
}

/* What any edge's array `member` of texts holds, once. */
static json_t *union_of(const json_t *answer, const char *member)
{
    json_t *all = json_array(), *edge, *text;
    size_t i, j;
    json_array_foreach(json_object_get(answer, "edges"), i, edge)
    {
        json_t *list = json_object_get(json_object_get(edge, "answer"), member);
        json_array_foreach(list, j, text) if (!has_text(all, text)) json_array_append(all, text);
    }
    return all;
}

json_t *cw_api_certificate_list(const struct cw_api_call *call, const json_t *in,
                                struct cw_api_problem *problem)
{
    json_t *answer = ask(call, "certificate list", in, problem);
    json_t *uncovered = union_of(answer, "uncovered");
    json_t *result = merged(answer, "certificates", problem);
    if (result)
        json_object_set(result, "uncovered", uncovered);
    json_decref(uncovered);
    return result;
}

/* {"reloaded":[{"file","result","sentence","edge"}],"silent":[...]} */
json_t *cw_api_certificate_reload(const struct cw_api_call *call, const json_t *in,
                                  struct cw_api_problem *problem)
{
    json_t *answer = ask(call, "certificate reload", in, problem), *silent;
    json_t *list = answer ? cw_api_merge(answer, "certificates", problem) : NULL;
    silent = json_incref(json_object_get(answer, "silent"));
    json_decref(answer);
    if (list)
        return json_pack("{s:o,s:o}", "reloaded", list, "silent", silent);
    json_decref(silent);
    return NULL;
}

json_t *cw_api_door_list(const struct cw_api_call *call, const json_t *in,
                         struct cw_api_problem *problem)
{
    return listed(call, "door list", "addresses", in, problem);
}

json_t *cw_api_door_lift(const struct cw_api_call *call, const json_t *in,
                         struct cw_api_problem *problem)
{
    return each(ask(call, "door lift", in, problem));
}
