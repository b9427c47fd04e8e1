/* The table of requests that have a result, and the rules around it; see answer.h. */
#include "xmpp/answer.h"

#include "xmpp/error.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"

static bool is_type(const struct cw_xml *stanza, const char *type)
{
    return cw_str_eq_cstr(cw_xml_attr(stanza, "type"), type);
}

/* --- iq ---------------------------------------------------------------------------------------*/

static struct cw_xml *result(struct cw_arena *arena, const struct cw_xml *iq)
{
    struct cw_xml *reply = cw_xml_new(arena, CW_NS_SERVER, "iq");
    cw_xml_set(arena, reply, "type", CW_S("result"));
    cw_xml_set(arena, reply, "id", cw_arena_dup(arena, cw_xml_attr(iq, "id")));
    cw_xml_set(arena, reply, "from", cw_arena_dup(arena, cw_xml_attr(iq, "to")));
    cw_xml_set(arena, reply, "to", cw_arena_dup(arena, cw_xml_attr(iq, "from")));
    return reply;
}

static struct cw_xml *refuse(struct cw_arena *arena, const struct cw_xml *iq,
                             enum cw_stanza_error condition)
{
    return cw_stanza_error_reply(arena, iq, condition, CW_STR_NONE);
}

typedef struct cw_xml *answer_fn(struct cw_arena *, const struct cw_xml *iq,
                                 const struct cw_xml *request);

static answer_fn answer_ping, answer_disco_info, answer_version;

static const struct {
    struct cw_str ns;
    const char *name;
    answer_fn *answer;
} requests[] = {
    {CW_STR("urn:xmpp:ping"), "ping", answer_ping},
    {CW_STR("http://jabber.org/protocol/disco#info"), "query", answer_disco_info},
    {CW_STR("jabber:iq:version"), "query", answer_version},
};
enum { N_REQUESTS = sizeof requests / sizeof *requests };

/* What the gateway translates for users. */
static const struct cw_str user_features[] = {
    CW_STR("http://jabber.org/protocol/chatstates"),
    CW_STR("urn:xmpp:receipts"),
};
enum { N_USER_FEATURES = sizeof user_features / sizeof *user_features };

static bool is_user(struct cw_str address)
{
    ptrdiff_t at = cw_str_index(address, '@'), slash = cw_str_index(address, '/');
    return at >= 0 && (slash < 0 || at < slash);
}

static void add_feature(struct cw_arena *arena, struct cw_xml *query, struct cw_str feature)
{
    cw_xml_set(arena, cw_xml_add(arena, query, CW_NS_DISCO_INFO, "feature"), "var", feature);
}

static struct cw_xml *answer_ping(struct cw_arena *arena, const struct cw_xml *iq,
                                  const struct cw_xml *request)
{
    (void)request;
    return result(arena, iq);
}

/* The features are the requests of the table, for users what they can do besides.  There are no
 * nodes. */
static struct cw_xml *answer_disco_info(struct cw_arena *arena, const struct cw_xml *iq,
                                        const struct cw_xml *request)
{
    if (cw_str_is_present(cw_xml_attr(request, "node")))
        return refuse(arena, iq, CW_STANZA_ITEM_NOT_FOUND);
    struct cw_xml *reply = result(arena, iq);
    struct cw_xml *query = cw_xml_add(arena, reply, CW_NS_DISCO_INFO, "query");
    struct cw_xml *identity = cw_xml_add(arena, query, CW_NS_DISCO_INFO, "identity");
    cw_xml_set(arena, identity, "category", CW_S("gateway"));
    cw_xml_set(arena, identity, "type", CW_S("sip"));
    cw_xml_set(arena, identity, "name", CW_S("Causeway"));
    for (size_t i = 0; i < N_REQUESTS; i++)
        add_feature(arena, query, requests[i].ns);
    for (size_t i = 0; i < N_USER_FEATURES && is_user(cw_xml_attr(iq, "to")); i++)
        add_feature(arena, query, user_features[i]);
    return reply;
}

/* No <os/>: it helps nobody but an attacker (XEP-0092 section 6). */
static struct cw_xml *answer_version(struct cw_arena *arena, const struct cw_xml *iq,
                                     const struct cw_xml *request)
{
    struct cw_xml *reply = result(arena, iq);
    struct cw_xml *query = cw_xml_add(arena, reply, CW_NS_VERSION, "query");
    (void)request;
    cw_xml_add_text(arena, cw_xml_add(arena, query, CW_NS_VERSION, "name"), CW_S("Causeway"));
    cw_xml_add_text(arena, cw_xml_add(arena, query, CW_NS_VERSION, "version"), CW_S(CW_VERSION));
    return reply;
}

/* The one child element; NULL when there is none, or more than one. */
static const struct cw_xml *only_child(const struct cw_xml *iq)
{
    const struct cw_xml *only = NULL;
    CW_XML_EACH_CHILD (child, iq) {
        if (!cw_xml_is_element(child))
            continue;
        if (only)
            return NULL;
        only = child;
    }
    return only;
}

struct cw_xml *cw_answer_iq(struct cw_arena *arena, const struct cw_xml *iq)
{
    const struct cw_xml *request = only_child(iq);
    bool is_get = is_type(iq, "get"), is_set = is_type(iq, "set");

    if (is_type(iq, "result") || is_type(iq, "error"))
        return NULL;
    if ((!is_get && !is_set) || !request || !cw_xml_attr(iq, "id").n)
        return refuse(arena, iq, CW_STANZA_BAD_REQUEST);
    for (size_t i = 0; i < N_REQUESTS && is_get; i++)
        if (cw_xml_is(request, requests[i].ns, requests[i].name))
            return requests[i].answer(arena, iq, request);
    return refuse(arena, iq, CW_STANZA_SERVICE_UNAVAILABLE);
}

/* --- presence ---------------------------------------------------------------------------------*/

static struct cw_str bare(struct cw_arena *arena, struct cw_str address)
{
    struct cw_jid jid;
    return cw_jid_parse(arena, address, &jid) == CW_JID_OK ? cw_jid_bare(arena, &jid) : CW_STR_NONE;
}

static struct cw_xml *unsubscribed(struct cw_arena *arena, const struct cw_xml *presence)
{
    struct cw_xml *reply = cw_xml_new(arena, CW_NS_SERVER, "presence");
    struct cw_str from = bare(arena, cw_xml_attr(presence, "to"));
    struct cw_str to = bare(arena, cw_xml_attr(presence, "from"));
    if (!cw_str_is_present(from) || !cw_str_is_present(to))
        return NULL;
    cw_xml_set(arena, reply, "type", CW_S("unsubscribed"));
    cw_xml_set(arena, reply, "id", cw_arena_dup(arena, cw_xml_attr(presence, "id")));
    cw_xml_set(arena, reply, "from", from);
    cw_xml_set(arena, reply, "to", to);
    return reply;
}

static bool has_known_type(const struct cw_xml *presence)
{
    static const char *const types[] = {"subscribe",   "probe",        "unavailable", "subscribed",
                                        "unsubscribe", "unsubscribed", "error"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (is_type(presence, types[i]))
            return true;
    return !cw_str_is_present(cw_xml_attr(presence, "type")); /* available */
}

bool cw_presence_is_for_user(const struct cw_xml *presence)
{
    return has_known_type(presence) && is_user(cw_xml_attr(presence, "to"));
}

struct cw_xml *cw_answer_presence(struct cw_arena *arena, const struct cw_xml *presence)
{
    if (!has_known_type(presence))
        return refuse(arena, presence, CW_STANZA_BAD_REQUEST);
    if (is_type(presence, "subscribe") || is_type(presence, "probe"))
        return unsubscribed(arena, presence);
    return NULL;
}
