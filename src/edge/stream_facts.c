/* What there is to tell about a stream, as JSON for an administrator. */
#include "edge/control.h"
#include "edge/stream_priv.h"

static void put(json_t *object, const char *name, struct cw_str text)
{
    json_object_set_new(object, name, json_stringn(text.p ? text.p : "", text.n));
}

static const char *state_of(const struct edge_stream *s)
{
    if (s->over)
        return "closing";
    return s->conn ? cw_s2s_state_name(s->machine) : "connecting";
}

static void put_addresses(json_t *object, const struct cw_conn *conn)
{
    struct cw_arena arena = {0};
    struct cw_addr ours = cw_conn_local(conn);
    put(object, "local-address", ours.len ? cw_addr_text(&arena, &ours) : CW_STR_NONE);
    put(object, "peer-address", cw_addr_text(&arena, cw_conn_peer(conn)));
    cw_arena_free(&arena);
}

json_t *edge_stream_to_json(const struct edge_stream *s)
{
    json_t *object = json_object();
    bool is_inbound = s->direction == CW_INBOUND;
    struct cw_str remote = is_inbound ? cw_s2s_remote(s->machine) : s->remote;
    const struct cw_partner *partner = cw_policy_partner(s->edge->policy, remote);
    put(object, "id", s->log.id);
    put(object, "partner", partner ? partner->domain : remote);
    put(object, "direction", is_inbound ? CW_S("inbound") : CW_S("outbound"));
    put(object, "local", s->local);
    put(object, "remote", remote);
    put(object, "state", cw_str_of(state_of(s)));
    put(object, "method", cw_str_of(cw_method_name(cw_s2s_method(s->machine))));
    if (s->conn)
        put_addresses(object, s->conn);
    json_object_set_new(object, "queued-bytes", json_integer((json_int_t)edge_stream_queued(s)));
    return object;
}
