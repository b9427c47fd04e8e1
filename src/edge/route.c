/* Stanzas from partners: the machine has checked their addresses; here they find their way.
 * Messages go to the gateway.  An iq is answered here: ping (XEP-0199) for the domain and every
 * bridged address, service-unavailable otherwise (RFC 6120 section 8.2.3).  Results and errors of
 * iqs answer our own keep-alives and end here. */
#include "edge/edge_priv.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"

static bool is_type(const struct cw_xml *stanza, const char *type)
{
    return cw_str_eq_cstr(cw_xml_attr(stanza, "type"), type);
}

static bool read_pair(struct cw_arena *arena, const struct cw_xml *stanza, struct cw_str *local,
                      struct cw_str *remote)
{
    struct cw_jid from, to;
    return cw_jid_parse(arena, cw_xml_attr(stanza, "from"), &from) == CW_JID_OK &&
           cw_jid_parse(arena, cw_xml_attr(stanza, "to"), &to) == CW_JID_OK &&
           cw_domain_to_ascii(arena, from.domain, local) &&
           cw_domain_to_ascii(arena, to.domain, remote);
}

void edge_route_from_gateway(struct edge *edge, const struct cw_xml *stanza, uint64_t n)
{
    struct cw_arena arena = {0};
    struct cw_str local, remote;
    if (read_pair(&arena, stanza, &local, &remote))
        edge_peer_send(edge, local, remote, stanza, n);
    else if (n != 0)
        edge_gateway_outcome(edge->gateway, n, CW_LINK_REASON_NOT_LISTED,
                             CW_S("the addresses of the stanza are not valid"));
    cw_arena_free(&arena);
}

void edge_route_own(struct edge *edge, const struct cw_xml *stanza)
{
    edge_route_from_gateway(edge, stanza, 0);
}

void edge_bounce(struct edge *edge, const struct cw_xml *stanza, enum cw_stanza_error condition,
                 struct cw_str text)
{
    struct cw_arena arena = {0};
    struct cw_xml *reply = cw_stanza_error_reply(&arena, stanza, condition, text);
    if (reply)
        edge_route_own(edge, reply);
    cw_arena_free(&arena);
}

static void answer_ping(struct edge *edge, const struct cw_xml *iq)
{
    struct cw_arena arena = {0};
    struct cw_xml *reply = cw_xml_new(&arena, CW_NS_SERVER, "iq");
    cw_xml_set(&arena, reply, "type", CW_S("result"));
    cw_xml_set(&arena, reply, "id", cw_xml_attr(iq, "id"));
    cw_xml_set(&arena, reply, "from", cw_xml_attr(iq, "to"));
    cw_xml_set(&arena, reply, "to", cw_xml_attr(iq, "from"));
    edge_route_own(edge, reply);
    cw_arena_free(&arena);
}

static void route_iq(struct edge *edge, const struct cw_xml *iq)
{
    bool is_get = is_type(iq, "get"), is_set = is_type(iq, "set");
    if (is_get && cw_xml_child(iq, CW_NS_PING, "ping"))
        answer_ping(edge, iq);
    else if (is_get || is_set)
        edge_bounce(edge, iq, CW_STANZA_SERVICE_UNAVAILABLE, CW_STR_NONE);
    else if (!is_type(iq, "result") && !is_type(iq, "error"))
        edge_bounce(edge, iq, CW_STANZA_BAD_REQUEST, CW_STR_NONE);
}

void edge_route(struct edge *edge, struct cw_str local, struct cw_str remote, struct cw_xml *stanza)
{
    CW_LOG(&edge->log, CW_LOG_DEBUG, "stanza-in", CW_KV("kind", stanza->name),
           CW_KV("local", local), CW_KV("remote", remote), CW_KV("to", cw_xml_attr(stanza, "to")));
    if (cw_str_eq_cstr(stanza->name, "message"))
        edge_gateway_deliver(edge->gateway, stanza);
    else if (cw_str_eq_cstr(stanza->name, "iq"))
        route_iq(edge, stanza);
}
