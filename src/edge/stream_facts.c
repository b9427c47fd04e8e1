/* What there is to tell about a stream, as JSON for an administrator: whose it is, how it is
 * secured, how the other end proved itself, and what went over it.  Nothing is counted for this
 * alone but stanzas. */
#include "edge/control.h"
#include "edge/stream_priv.h"

enum { MAX_NAMES = 20 };

static void put(json_t *object, const char *name, struct cw_str text)
{
    json_object_set_new(object, name, edge_fact(text));
}

static void put_number(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

/* --- whose it is ------------------------------------------------------------------------------*/

const char *edge_stream_state(const struct edge_stream *s)
{
    if (s->over)
        return "closing";
    return s->conn ? cw_s2s_state_name(s->machine) : "connecting";
}

static const char *pair_state(const struct cw_s2s_pair_state *pair)
{
    if (pair->is_ready)
        return "ready";
    return pair->dialback == CW_DIALBACK_PENDING ? "asked" : "open";
}

static json_t *pairs_of(const struct edge_stream *s)
{
    struct cw_s2s_pair_state pairs[CW_S2S_MAX_PAIRS];
    size_t n = cw_s2s_pairs(s->machine, pairs, CW_S2S_MAX_PAIRS);
    json_t *list = json_array();
    for (size_t i = 0; i < n && i < CW_S2S_MAX_PAIRS; i++) {
        json_t *one = json_object();
        put(one, "local", pairs[i].local);
        put(one, "remote", pairs[i].remote);
        put(one, "state", cw_str_of(pair_state(&pairs[i])));
        put(one, "method", cw_str_of(cw_method_name(pairs[i].method)));
        json_array_append_new(list, one);
    }
    return list;
}

static void put_addresses(json_t *object, const struct cw_conn *conn)
{
    struct cw_arena arena = {0};
    struct cw_addr ours = cw_conn_local(conn);
    put(object, "local-address", ours.len ? cw_addr_text(&arena, &ours) : CW_STR_NONE);
    put(object, "peer-address", cw_addr_text(&arena, cw_conn_peer(conn)));
    cw_arena_free(&arena);
}

/* --- how it is secured ------------------------------------------------------------------------*/

static json_t *tls_of(const struct edge_stream *s)
{
    if (!s->tls)
        return json_null();
    json_t *tls = json_object();
    put(tls, "start", s->is_direct_tls ? CW_S("direct") : CW_S("STARTTLS"));
    put(tls, "version", s->tls->version);
    put(tls, "cipher", s->tls->cipher);
    if (cw_str_is_present(s->tls->alpn))
        put(tls, "alpn", s->tls->alpn);
    if (s->tls->staple != CW_STAPLE_NONE)
        put(tls, "staple", cw_str_of(cw_tls_staple_name(s->tls->staple)));
    return tls;
}

/* What made the other end stand for its domain. */
static const char *proof_of(const struct edge_stream *s)
{
    switch (cw_s2s_method(s->machine)) {
    case CW_METHOD_NONE:
        break;
    case CW_METHOD_TCP_DIALBACK:
    case CW_METHOD_TLS_DIALBACK:
        return "dialback";
    case CW_METHOD_SASL_EXTERNAL:
        return cw_cert_proof_name(cw_cert_proof(cw_s2s_cert(s->machine), edge_stream_remote(s)));
    }
    return "none";
}

static json_t *certificate_of(const struct edge_stream *s)
{
    const struct cw_cert *cert = cw_s2s_cert(s->machine);
    json_t *object;
    if (!cert->present)
        return json_null();
    object = json_object();
    json_object_set_new(object, "names", edge_fact_names(cert, MAX_NAMES));
    put(object, "subject", cert->subject);
    put(object, "issuer", cert->issuer);
    put(object, "not-after", cert->not_after);
    put(object, "chain", cw_str_of(cw_chain_fault_name(cert->fault)));
    return object;
}

/* --- what goes over it ------------------------------------------------------------------------*/

static void put_traffic(json_t *object, const struct edge_stream *s)
{
    struct edge_waiting waiting = edge_peers_waiting(&s->peers);
    put_number(object, "stanzas-in", s->n_stanzas_in);
    put_number(object, "stanzas-out", s->n_stanzas_out);
    put_number(object, "bytes-in", s->conn ? cw_conn_read_total(s->conn) : 0);
    put_number(object, "bytes-out", s->conn ? cw_conn_flushed_total(s->conn) : 0);
    put_number(object, "queued-bytes", edge_stream_queued(s));
    put_number(object, "waiting-stanzas", waiting.n);
    put_number(object, "waiting-bytes", waiting.bytes);
}

static json_t *seconds_ago(uint64_t at_ms)
{
    return at_ms ? json_integer((json_int_t)((cw_now_ms() - at_ms) / 1000)) : json_null();
}

/* Pings go out on our own streams only; the partner's are kept alive by the partner. */
static json_t *keep_alive_of(const struct edge_stream *s, const struct cw_partner *partner)
{
    json_t *object = json_object();
    bool is_on = s->direction == CW_OUTBOUND && partner && partner->keep_alive;
    json_object_set_new(object, "on", json_boolean(is_on));
    if (is_on)
        put_number(object, "interval-s", s->edge->policy->settings.keep_alive_interval_s);
    json_object_set_new(object, "heard-s-ago", seconds_ago(s->heard_ms));
    json_object_set_new(object, "said-s-ago", seconds_ago(s->said_ms));
    return object;
}

static json_t *limits_of(const struct edge_stream *s, const struct cw_partner *partner)
{
    const struct cw_settings *settings = &s->edge->policy->settings;
    json_t *object = json_object();
    put_number(object, "streams", s->edge->n_streams);
    put_number(object, "connection-limit", settings->connection_limit);
    if (partner) {
        put_number(object, "partner-streams", edge_limits_taken(s->edge, partner->domain));
        put_number(object, "partner-connection-limit",
                   cw_policy_connection_limit(s->edge->policy, partner));
    }
    put_number(object, "stanza-rate", settings->stanza_rate);
    put_number(object, "stanza-max-bytes", settings->stanza_max_bytes);
    return object;
}

/* --- all of it --------------------------------------------------------------------------------*/

json_t *edge_stream_to_json(const struct edge_stream *s)
{
    bool is_inbound = s->direction == CW_INBOUND;
    struct cw_str remote = edge_stream_remote(s);
    const struct cw_partner *partner = cw_policy_partner(s->edge->policy, remote);
    json_t *object = json_object();
    put(object, "id", s->log.id);
    put(object, "partner", partner ? partner->domain : remote);
    put(object, "direction", is_inbound ? CW_S("inbound") : CW_S("outbound"));
    put(object, "local", is_inbound ? cw_s2s_claimed_to(s->machine) : s->local);
    put(object, "remote", remote);
    json_object_set_new(object, "bidi", json_boolean(cw_s2s_is_bidi(s->machine)));
    put(object, "state", cw_str_of(edge_stream_state(s)));
    put(object, "method", cw_str_of(cw_method_name(cw_s2s_method(s->machine))));
    put(object, "proof", cw_str_of(proof_of(s)));
    if (s->conn)
        put_addresses(object, s->conn);
    json_object_set_new(object, "since", edge_fact_time(s->ready_ms ? s->ready_ms : s->since_ms));
    json_object_set_new(object, "pairs", pairs_of(s));
    json_object_set_new(object, "tls", tls_of(s));
    json_object_set_new(object, "certificate", certificate_of(s));
    put_traffic(object, s);
    json_object_set_new(object, "keep-alive", keep_alive_of(s, partner));
    json_object_set_new(object, "limits", limits_of(s, partner));
    return object;
}
