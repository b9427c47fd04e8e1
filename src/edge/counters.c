/* The counters as JSON, for an administrator; see counters.h. */
#include "conf/policy_json.h"
#include "edge/control.h"
#include "edge/stream_priv.h"

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *pair(const uint64_t n[2])
{
    return json_pack("{s:o,s:o}", "inbound", number(n[CW_INBOUND]), "outbound",
                     number(n[CW_OUTBOUND]));
}

/* {"inbound":{"ready":2},"outbound":{"connecting":1}} */
static json_t *streams(const struct edge *edge)
{
    json_t *all[2] = {json_object(), json_object()};
    const struct edge_stream *s;
    TAILQ_FOREACH (s, &edge->streams, link) {
        json_t *states = all[s->direction];
        const char *state = edge_stream_state(s);
        json_int_t n = json_integer_value(json_object_get(states, state));
        json_object_set_new(states, state, json_integer(n + 1));
    }
    return json_pack("{s:o,s:o}", "inbound", all[CW_INBOUND], "outbound", all[CW_OUTBOUND]);
}

static json_t *queues(const struct edge *edge)
{
    const struct edge_counters *c = &edge->counters;
    return json_pack("{s:o,s:o,s:o,s:o}", "unresolved",
                     number(edge_gateway_n_unresolved(edge->gateway)), "waiting-stanzas",
                     number(c->waiting), "waiting-bytes", number(c->waiting_bytes),
                     "unauthenticated", number(edge_strangers_count(edge->strangers)));
}

static json_t *refusals(const struct edge_counters *c)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o}", "too-fast", number(c->too_fast),
                     "too-many-handshakes", number(c->too_many_handshakes), "banned",
                     number(c->banned), "crowded", number(c->crowded), "limit",
                     number(c->over_limit));
}

static json_t *counted(const struct edge *edge)
{
    const struct edge_counters *c = &edge->counters;
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "opened", pair(c->opened),
                     "ready", pair(c->ready), "stanzas", pair(c->stanzas), "bytes", pair(c->bytes),
                     "handshakes", pair(c->handshakes), "failed-handshakes",
                     pair(c->failed_handshakes), "refused", refusals(c), "bounced",
                     number(c->bounced), "dropped", number(c->dropped), "streams", streams(edge),
                     "queues", queues(edge));
}

void edge_counters_asked(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    (void)in;
    edge_reply_end(reply,
                   json_pack("{s:b,s:s,s:o,s:o,s:i,s:o}", "ok", 1, "version", CW_VERSION, "since",
                             cw_json_of_time(edge->counters.since), "policy-version",
                             number(edge->policy->version), "gateways",
                             (int)edge_gateway_n_up(edge->gateway), "counters", counted(edge)));
}
