/* What the partners' streams do at this moment, all in one answer: each edge tells of its own, and
 * here they are put together. */
#include <string.h>

#include "api/api_priv.h"

static const char *at_of(const json_t *failure)
{
    const char *at = json_string_value(json_object_get(failure, "at"));
    return at ? at : "";
}

static void add_numbers(json_t *sum, const json_t *other)
{
    static const char *const names[] = {"inbound", "outbound", "pending"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set_new(sum, names[i],
                            json_integer(json_integer_value(json_object_get(sum, names[i])) +
                                         json_integer_value(json_object_get(other, names[i]))));
}

static void add_methods(json_t *sum, const json_t *other)
{
    json_t *methods = json_object_get(sum, "methods"), *method, *known;
    size_t i, k;
    json_array_foreach(json_object_get(other, "methods"), i, method)
    {
        bool is_there = false;
        json_array_foreach(methods, k, known) is_there = is_there || json_equal(known, method);
        if (!is_there)
            json_array_append(methods, method);
    }
}

/* The edge is the failure's: the streams may be at several. */
static void move_edge(json_t *state)
{
    json_t *failure = json_object_get(state, "failure");
    if (json_is_object(failure))
        json_object_set(failure, "edge", json_object_get(state, "edge"));
    json_object_del(state, "edge");
}

static void add_state(json_t *all, json_t *state)
{
    const char *partner = json_string_value(json_object_get(state, "partner"));
    json_t *sum = json_object_get(all, partner ? partner : "");
    move_edge(state);
    if (!sum) {
        json_object_set(all, partner ? partner : "", state);
        return;
    }
    add_numbers(sum, state);
    add_methods(sum, state);
    json_t *failure = json_object_get(state, "failure");
    if (strcmp(at_of(failure), at_of(json_object_get(sum, "failure"))) > 0)
        json_object_set(sum, "failure", failure);
}

json_t *cw_api_partner_states(const struct cw_api_call *call, const json_t *in,
                              struct cw_api_problem *problem)
{
    json_t *answer =
        cw_api_ask_edges(call, json_pack("{s:s}", "command", "partner states"), problem);
    json_t *told = answer ? cw_api_merge(answer, "partners", problem) : NULL;
    json_t *result = NULL, *all = json_object(), *list = json_array(), *state;
    const char *partner;
    size_t i;
    (void)in;
    json_array_foreach(told, i, state) add_state(all, state);
    json_object_foreach(all, partner, state) json_array_append(list, state);
    if (told)
        result =
            json_pack("{s:O,s:O,s:I}", "states", list, "silent", json_object_get(answer, "silent"),
                      "left-out", cw_api_sum_of(answer, "left-out"));
    json_decref(list);
    json_decref(all);
    json_decref(told);
    json_decref(answer);
    return result;
}
