/* Stanzas from partners: the machine has checked their addresses; here they find their way.
 * All for a component's domain goes to the component.  Else messages and presence of users go to
 * the gateway; an iq, and presence that is for no user, are answered here (xmpp/answer.h). */
#include "edge/edge_priv.h"
#include "xmpp/answer.h"
#include "xmpp/jid.h"

typedef struct cw_xml *answer_fn(struct cw_arena *, const struct cw_xml *);

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

static void answer(struct edge *edge, const struct cw_xml *stanza, answer_fn *make)
{
    struct cw_arena arena = {0};
    struct cw_xml *reply = make(&arena, stanza);
    if (reply)
        edge_route_own(edge, reply);
    cw_arena_free(&arena);
}

static bool is_presence_of_user(const struct cw_xml *stanza)
{
    return cw_str_eq_cstr(stanza->name, "presence") && cw_presence_is_for_user(stanza);
}

void edge_route(struct edge *edge, struct cw_str local, struct cw_str remote, struct cw_xml *stanza)
{
    CW_LOG(&edge->log, CW_LOG_DEBUG, "stanza-in", CW_KV("kind", stanza->name),
           CW_KV("local", local), CW_KV("remote", remote), CW_KV("to", cw_xml_attr(stanza, "to")));
    if (edge_component_serves(edge, local))
        edge_component_deliver(edge, local, stanza);
    else if (cw_str_eq_cstr(stanza->name, "message") || is_presence_of_user(stanza))
        edge_gateway_deliver(edge->gateway, local, remote, stanza);
    else if (cw_str_eq_cstr(stanza->name, "iq"))
        answer(edge, stanza, cw_answer_iq);
    else
        answer(edge, stanza, cw_answer_presence);
}
