/* The streams there are, for an administrator: listed, shown, closed. */
#include "conf/policy_json.h"
#include "edge/control.h"
#include "edge/stream_priv.h"

enum { MAX_LISTED = 1000 }; /* of them fit into one answer */

static struct cw_str remote_of(const struct edge_stream *s)
{
    return s->direction == CW_INBOUND ? cw_s2s_remote(s->machine) : s->remote;
}

/* Is the stream with that domain, or with another domain of the same partner? */
static bool is_with(const struct edge_stream *s, struct cw_str partner)
{
    struct cw_str remote = remote_of(s);
    const struct cw_partner *theirs = cw_policy_partner(s->edge->policy, remote);
    return cw_str_eq_nocase(remote, partner) ||
           (theirs && theirs == cw_policy_partner(s->edge->policy, partner));
}

static bool is_wanted(const struct edge_stream *s, const json_t *in)
{
    struct cw_str id = cw_json_text(in, "id"), partner = cw_json_text(in, "partner");
    struct cw_str direction = cw_json_text(in, "direction");
    if (cw_str_is_present(id) && !cw_str_eq(id, s->log.id))
        return false;
    if (cw_str_is_present(partner) && !is_with(s, partner))
        return false;
    return !cw_str_is_present(direction) ||
           cw_str_eq_nocase(direction,
                            s->direction == CW_INBOUND ? CW_S("inbound") : CW_S("outbound"));
}

void edge_stream_list(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    json_t *answer = json_object(), *list = json_array();
    json_int_t n_left_out = 0;
    const struct edge_stream *s;
    TAILQ_FOREACH (s, &edge->streams, link) {
        if (!is_wanted(s, in))
            continue;
        if (json_array_size(list) < MAX_LISTED)
            json_array_append_new(list, edge_stream_to_json(s));
        else
            n_left_out++;
    }
    json_object_set_new(answer, "ok", json_true());
    json_object_set_new(answer, "streams", list);
    json_object_set_new(answer, "left-out", json_integer(n_left_out));
    edge_reply_end(reply, answer);
}

void edge_stream_show(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    const struct edge_stream *s;
    if (!json_is_string(json_object_get(in, "id"))) {
        edge_reply_refuse(reply, 400, "id", CW_S("Say which stream: its id."));
        return;
    }
    TAILQ_FOREACH (s, &edge->streams, link) {
        if (is_wanted(s, in)) {
            edge_reply_end(reply,
                           json_pack("{s:b,s:o}", "ok", 1, "stream", edge_stream_to_json(s)));
            return;
        }
    }
    edge_reply_refuse(reply, 404, "id", CW_S("There is no such stream."));
}

/* Without a stream error: nothing is wrong with the partner.  What waits for the stream goes out on
 * a new one, or comes back when it was not READY yet. */
static void close_gently(struct edge_stream *s)
{
    struct cw_str why = CW_S("closed by the administrator");
    s->trace.cause = CW_FAIL_CLOSED_BY_ADMINISTRATOR;
    if (s->conn)
        edge_stream_step(s, &(struct cw_s2s_event){.kind = CW_S2S_CLOSE, .text = why});
    else
        edge_stream_end(s, why);
}

void edge_stream_close_asked(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    struct edge_stream *s, *next;
    json_int_t n_closed = 0;
    bool by_id = json_is_string(json_object_get(in, "id"));
    if (by_id == json_is_string(json_object_get(in, "partner"))) {
        edge_reply_refuse(reply, 400, "id", CW_S("Say which streams: one's id, or a partner's."));
        return;
    }
    for (s = TAILQ_FIRST(&edge->streams); s; s = next) {
        next = TAILQ_NEXT(s, link);
        if (s->over || !is_wanted(s, in))
            continue;
        close_gently(s);
        n_closed++;
    }
    if (by_id && n_closed == 0)
        edge_reply_refuse(reply, 404, "id", CW_S("There is no such stream."));
    else
        edge_reply_end(reply, json_pack("{s:b,s:I}", "ok", 1, "closed", n_closed));
}
