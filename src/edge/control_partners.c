/* What there is to tell of each partner in one line, for an administrator's list: its streams, how
 * they are secured, and why the last attempt that failed did.
 *
 *     {"partner":"fabrikam.test","inbound":1,"outbound":1,"pending":0,"methods":["SASL over TLS"],
 *      "failure":null}
 *
 * Partners of whom there is nothing to tell are left out. */
#include <string.h>

#include "edge/attempt.h"
#include "edge/control.h"
#include "edge/stream_priv.h"

enum { MAX_LISTED = 4000 }; /* of them fit into one answer */

static json_t *state_of(json_t *all, const struct cw_partner *partner)
{
    json_t *state = json_object_getn(all, partner->domain.p, partner->domain.n);
    if (state)
        return state;
    state =
        json_pack("{s:s%,s:i,s:i,s:i,s:[],s:n}", "partner", partner->domain.p, partner->domain.n,
                  "inbound", 0, "outbound", 0, "pending", 0, "methods", "failure");
    json_object_setn_new(all, partner->domain.p, partner->domain.n, state);
    return state;
}

static void count(json_t *state, const char *name)
{
    json_t *number = json_object_get(state, name);
    json_integer_set(number, json_integer_value(number) + 1);
}

static void add_method(json_t *state, const char *method)
{
    json_t *methods = json_object_get(state, "methods");
    for (size_t i = 0; i < json_array_size(methods); i++)
        if (strcmp(json_string_value(json_array_get(methods, i)), method) == 0)
            return;
    json_array_append_new(methods, json_string(method));
}

static void add_stream(json_t *all, const struct edge_stream *s)
{
    const struct cw_partner *partner = cw_policy_partner(s->edge->policy, edge_stream_remote(s));
    if (!partner || s->over)
        return;
    json_t *state = state_of(all, partner);
    if (strcmp(edge_stream_state(s), "ready") != 0) {
        count(state, "pending");
        return;
    }
    count(state, s->direction == CW_INBOUND ? "inbound" : "outbound");
    add_method(state, cw_method_name(cw_s2s_method(s->machine)));
}

void edge_partner_states_asked(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    json_t *all = json_object(), *list = json_array(), *state;
    const struct edge_stream *s;
    const char *domain;
    json_int_t n_left_out = 0;
    (void)in;
    TAILQ_FOREACH (s, &edge->streams, link)
        add_stream(all, s);
    for (size_t i = 0; i < edge->policy->n_partners; i++) {
        const struct cw_partner *partner = &edge->policy->partners[i];
        json_t *failure = edge_attempts_last_failure(edge->attempts, partner->domain);
        if (failure)
            json_object_set_new(state_of(all, partner), "failure", failure);
    }
    json_object_foreach(all, domain, state)
    {
        if (json_array_size(list) < MAX_LISTED)
            json_array_append(list, state);
        else
            n_left_out++;
    }
    json_decref(all);
    edge_reply_end(reply,
                   json_pack("{s:b,s:o,s:I}", "ok", 1, "partners", list, "left-out", n_left_out));
}
