/* Stanzas between the edge and its gateways.  A partner's stanza is numbered, given to the gateway
 * that has its addressee (link.c) and kept until its outcome comes.  When that link breaks it goes
 * to another gateway, or waits for one: whoever comes within `link-hold` gets it under the same
 * number, otherwise its sender gets an error; of presence only those who ask get one, the rest is
 * asked for anew when the gateway is back, or has room again.  What gateways ask to be sent is sent
 * once and its outcome told to all who asked (recent.h).  No message is dropped in silence. */
#include <inttypes.h>
#include <stdio.h>

#include "base/secret.h"
#include "edge/link_priv.h"
#include "edge/recent.h"
#include "xmpp/jid.h"

enum {
    OUTCOME_TIMEOUT_MS = 90000, /* longer than any SIP transaction; a gateway that hangs */
    SWEEP_MS = 500,
    /* Room for unresolved stanzas, in units of `max-stanzas`: of all partners, and the most that
     * one may fill.  The first unit is every partner's own, also when all the room is taken.
     * Presence fills no more than half of each, so that messages find room; it is read more slowly
     * where one partner's fills one unit. */
    ROOM_OF_ALL = 16,
    ROOM_OF_ONE = 8,
};

/* A partner with all its domains. */
struct sender {
    struct cw_str domain; /* the primary one; in the arena */
    struct cw_arena arena;
    size_t n_unresolved; /* never 0 */
    size_t n_presence;   /* of them */
};

/* A partner's stanza without an outcome. */
struct unresolved {
    TAILQ_ENTRY(unresolved) link;
    struct cw_arena arena;
    struct cw_xml *stanza;
    struct sender *sender;
    struct cw_str local_bare;  /* whom it is for: picks the gateway */
    struct edge_link *gateway; /* it was given to; NULL: it waits for one */
    uint64_t n, since_ms;
};
TAILQ_HEAD(unresolved_list, unresolved);

/* A pair of domains of whose presence something was dropped for want of room. */
struct missed {
    TAILQ_ENTRY(missed) link;
    struct cw_arena arena;
    struct cw_str local, remote, partner; /* partner: its primary domain */
};
TAILQ_HEAD(missed_list, missed);

struct edge_gateway {
    struct edge *edge;
    struct edge_links *links;
    size_t n_up;
    uint64_t down_since_ms;
    struct cw_arena arena;
    struct cw_str instance;
    uint64_t last_n;
    struct unresolved_list unresolved; /* by number */
    size_t n_unresolved;
    struct cw_map senders; /* primary domain -> struct sender */
    struct cw_map by_n;    /* number as text -> struct unresolved */
    struct missed_list missed;
    struct edge_recent *recent; /* gateways' stanzas */
    struct cw_timer *sweep;
};

/* --- unresolved stanzas -----------------------------------------------------------------------*/

static bool is_presence(const struct cw_xml *stanza)
{
    return cw_str_eq_cstr(stanza->name, "presence");
}

static struct cw_str number_key(char buf[24], uint64_t n)
{
    return (struct cw_str){buf, (size_t)snprintf(buf, 24, "%" PRIu64, n)};
}

static struct sender *count_for(struct edge_gateway *g, struct cw_str domain, bool for_presence)
{
    struct sender *sender = cw_map_get(&g->senders, domain);
    if (!sender) {
        sender = cw_alloc(sizeof *sender);
        sender->domain = cw_arena_dup(&sender->arena, domain);
        cw_map_set(&g->senders, sender->domain, sender);
    }
    sender->n_unresolved++;
    sender->n_presence += for_presence;
    g->n_unresolved++;
    return sender;
}

static void count_off(struct edge_gateway *g, struct sender *sender, bool for_presence)
{
    sender->n_presence -= for_presence;
    g->n_unresolved--;
    if (--sender->n_unresolved > 0)
        return;
    cw_map_remove(&g->senders, sender->domain);
    cw_arena_free(&sender->arena);
    cw_free(sender);
}

/* May that partner have one more?  None fills the room of the others. */
static bool has_room(const struct edge_gateway *g, struct cw_str domain, bool for_presence)
{
    const size_t unit = g->edge->config.edge.queue.max_stanzas / (for_presence ? 2 : 1);
    const struct sender *sender = cw_map_get(&g->senders, domain);
    size_t n = sender ? sender->n_unresolved : 0;
    return n < unit || (n < unit * ROOM_OF_ONE && g->n_unresolved < unit * ROOM_OF_ALL);
}

static void forget(struct edge_gateway *g, struct unresolved *u)
{
    char key[24];
    TAILQ_REMOVE(&g->unresolved, u, link);
    cw_map_remove(&g->by_n, number_key(key, u->n));
    count_off(g, u->sender, is_presence(u->stanza));
    cw_arena_free(&u->arena);
    cw_free(u);
}

/* Presence that asks nothing is dropped: an error would only end what its sender shares with us. */
static bool give_back(struct edge_gateway *g, const struct cw_xml *stanza,
                      enum cw_stanza_error condition, const char *text)
{
    struct cw_str type = cw_xml_attr(stanza, "type");
    bool asks = cw_str_eq_cstr(type, "subscribe") || cw_str_eq_cstr(type, "probe");
    if (is_presence(stanza) && !asks) {
        g->edge->counters.dropped++;
        return false;
    }
    g->edge->counters.bounced++;
    edge_bounce(g->edge, stanza, condition, cw_str_of(text));
    return true;
}

static void bounce(struct edge_gateway *g, struct unresolved *u, enum cw_stanza_error condition,
                   const char *text)
{
    bool is_told = give_back(g, u->stanza, condition, text);
    CW_LOG(&g->edge->log, is_told ? CW_LOG_WARN : CW_LOG_DEBUG,
           is_told ? "stanza-bounced" : "presence-dropped", CW_KVI("n", u->n),
           CW_KVC("reason", text));
    forget(g, u);
}

/* --- presence that was dropped ----------------------------------------------------------------*/

static void miss(struct edge_gateway *g, struct cw_str local, struct cw_str remote,
                 struct cw_str partner)
{
    struct missed *m;
    TAILQ_FOREACH (m, &g->missed, link)
        if (cw_str_eq(m->local, local) && cw_str_eq(m->remote, remote))
            return;
    m = cw_alloc(sizeof *m);
    m->local = cw_arena_dup(&m->arena, local);
    m->remote = cw_arena_dup(&m->arena, remote);
    m->partner = cw_arena_dup(&m->arena, partner);
    TAILQ_INSERT_TAIL(&g->missed, m, link);
}

static void forget_missed(struct edge_gateway *g, struct missed *m)
{
    TAILQ_REMOVE(&g->missed, m, link);
    cw_arena_free(&m->arena);
    cw_free(m);
}

/* Where there is room again the gateways ask anew, as when the partner's server was away. */
static void tell_missed(struct edge_gateway *g)
{
    struct missed *m, *next;
    for (m = TAILQ_FIRST(&g->missed); m; m = next) {
        next = TAILQ_NEXT(m, link);
        if (!has_room(g, m->partner, true) || g->n_up == 0)
            continue;
        CW_LOG(&g->edge->log, CW_LOG_WARN, "presence-missed", CW_KV("local", m->local),
               CW_KV("remote", m->remote));
        edge_gateway_ended(g, m->local, m->remote);
        forget_missed(g, m);
    }
}

static void on_sweep(void *arg)
{
    struct edge_gateway *g = arg;
    uint64_t now = cw_now_ms(), hold_ms = (uint64_t)g->edge->config.edge.link_hold_s * 1000;
    struct unresolved *u, *next;
    for (u = TAILQ_FIRST(&g->unresolved); u; u = next) {
        next = TAILQ_NEXT(u, link);
        uint64_t waits_since = u->since_ms > g->down_since_ms ? u->since_ms : g->down_since_ms;
        if (!u->gateway && now - waits_since >= hold_ms)
            bounce(g, u, CW_STANZA_RECIPIENT_UNAVAILABLE, "the gateway is away");
        else if (now - u->since_ms >= OUTCOME_TIMEOUT_MS)
            bounce(g, u, CW_STANZA_REMOTE_SERVER_TIMEOUT, "the gateway gave no answer");
    }
    tell_missed(g);
    if (g->n_unresolved > 0 || !TAILQ_EMPTY(&g->missed))
        cw_timer_set(g->sweep, SWEEP_MS);
}

/* To the gateway that has the addressee, if one is up. */
static void give(struct edge_gateway *g, struct unresolved *u)
{
    u->gateway = edge_links_pick(g->links, u->local_bare);
    if (u->gateway)
        edge_link_send_stanza(u->gateway, u->n, u->stanza);
}

static void give_waiting(struct edge_gateway *g)
{
    struct unresolved *u;
    TAILQ_FOREACH (u, &g->unresolved, link)
        if (!u->gateway)
            give(g, u);
}

static struct cw_str bare_of(struct cw_arena *arena, struct cw_str address)
{
    struct cw_jid jid;
    return cw_jid_parse(arena, address, &jid) == CW_JID_OK ? cw_jid_bare(arena, &jid) : address;
}

void edge_gateway_deliver(struct edge_gateway *g, struct cw_str local, struct cw_str remote,
                          const struct cw_xml *stanza)
{
    const struct cw_partner *partner = cw_policy_partner(g->edge->policy, remote);
    struct cw_str domain = partner ? partner->domain : remote;
    char key[24];
    if (!has_room(g, domain, is_presence(stanza))) {
        if (!give_back(g, stanza, CW_STANZA_RESOURCE_CONSTRAINT,
                       "too many stanzas wait for the gateway"))
            miss(g, local, remote, domain);
        return;
    }
    struct unresolved *u = cw_alloc(sizeof *u);
    u->stanza = cw_xml_copy(&u->arena, stanza);
    u->local_bare = bare_of(&u->arena, cw_xml_attr(u->stanza, "to"));
    u->sender = count_for(g, domain, is_presence(stanza));
    u->n = ++g->last_n;
    u->since_ms = cw_now_ms();
    TAILQ_INSERT_TAIL(&g->unresolved, u, link);
    cw_map_set(&g->by_n, number_key(key, u->n), u);
    if (!cw_timer_is_set(g->sweep))
        cw_timer_set(g->sweep, SWEEP_MS);
    give(g, u);
}

size_t edge_gateway_n_unresolved(const struct edge_gateway *g)
{
    return g->n_unresolved;
}

size_t edge_gateway_n_up(const struct edge_gateway *g)
{
    return g->n_up;
}

bool edge_gateway_is_busy(const struct edge_gateway *g, struct cw_str remote)
{
    const struct cw_partner *partner = cw_policy_partner(g->edge->policy, remote);
    const struct sender *sender = cw_map_get(&g->senders, partner ? partner->domain : remote);
    return g->n_up > 0 && sender && sender->n_presence >= g->edge->config.edge.queue.max_stanzas;
}

void edge_gateway_on_outcome(struct edge_gateway *g, struct edge_link *from,
                             const struct cw_link_outcome *outcome)
{
    char key[24];
    struct unresolved *u = cw_map_get(&g->by_n, number_key(key, outcome->n));
    if (!u || u->gateway != from)
        return; /* bounced meanwhile, or another's by now */
    if (outcome->result == CW_LINK_REFUSED && outcome->error)
        edge_route_own(g->edge, outcome->error);
    forget(g, u);
}

/* --- a gateway's stanzas ----------------------------------------------------------------------*/

static void tell(void *gateway, uint64_t n, enum cw_link_reason reason, struct cw_str text)
{
    struct cw_link_outcome outcome = {
        .n = n,
        .result = reason == CW_LINK_REASON_NONE ? CW_LINK_DELIVERED : CW_LINK_REFUSED,
        .reason = reason,
        .text = text,
    };
    edge_link_send_outcome(gateway, &outcome);
}

void edge_gateway_on_stanza(struct edge_gateway *g, struct edge_link *from, uint64_t n,
                            const struct cw_xml *stanza)
{
    uint64_t number = edge_recent_ask(g->recent, from, n, stanza, cw_now_ms());
    if (number != 0)
        edge_route_from_gateway(g->edge, stanza, number);
    else
        CW_LOG(&g->edge->log, CW_LOG_INFO, "stanza-known", CW_KV("id", cw_xml_attr(stanza, "id")),
               CW_KV("to", cw_xml_attr(stanza, "to")));
}

void edge_gateway_outcome(struct edge_gateway *g, uint64_t number, enum cw_link_reason reason,
                          struct cw_str text)
{
    edge_recent_done(g->recent, number, reason, text, cw_now_ms());
}

void edge_gateway_ended(struct edge_gateway *g, struct cw_str local, struct cw_str remote)
{
    edge_links_send_ended(g->links, local, remote);
}

/* --- gateways come and go ---------------------------------------------------------------------*/

void edge_gateway_on_up(struct edge_gateway *g, struct edge_link *gateway)
{
    (void)gateway;
    g->n_up++;
    give_waiting(g);
}

void edge_gateway_on_down(struct edge_gateway *g, struct edge_link *gateway)
{
    struct unresolved *u;
    edge_recent_leave(g->recent, gateway);
    TAILQ_FOREACH (u, &g->unresolved, link)
        if (u->gateway == gateway)
            u->gateway = NULL;
    if (--g->n_up == 0)
        g->down_since_ms = cw_now_ms();
    else
        give_waiting(g);
}

void edge_gateway_reload(struct edge_gateway *g)
{
    edge_links_reload(g->links);
}

/* --- life -------------------------------------------------------------------------------------*/

struct edge_gateway *edge_gateway_new(struct edge *edge, struct cw_buf *why)
{
    struct edge_gateway *g = cw_alloc(sizeof *g);
    g->edge = edge;
    g->instance = cw_random_hex(&g->arena, 8);
    /* Numbers of an earlier life of this edge must not be mistaken for ours. */
    cw_random(&g->last_n, sizeof g->last_n);
    g->last_n >>= 16;
    g->down_since_ms = cw_now_ms();
    g->sweep = cw_timer_new(edge->base, on_sweep, g);
    TAILQ_INIT(&g->unresolved);
    TAILQ_INIT(&g->missed);
    g->recent = edge_recent_new(EDGE_RECENT_MAX, tell);
    g->links = edge_links_new(edge, g, g->instance, why);
    if (!g->links)
        edge_gateway_free(&g);
    return g;
}

void edge_gateway_shutdown(struct edge_gateway *g)
{
    struct unresolved *u;
    while ((u = TAILQ_FIRST(&g->unresolved)))
        bounce(g, u, CW_STANZA_RECIPIENT_UNAVAILABLE, "this server is going down");
}

void edge_gateway_free(struct edge_gateway **ptr)
{
    struct edge_gateway *g = *ptr;
    struct unresolved *u;
    *ptr = NULL;
    if (!g)
        return;
    while ((u = TAILQ_FIRST(&g->unresolved)))
        forget(g, u);
    while (!TAILQ_EMPTY(&g->missed))
        forget_missed(g, TAILQ_FIRST(&g->missed));
    edge_links_free(&g->links);
    edge_recent_free(&g->recent);
    cw_map_free(&g->by_n);
    cw_map_free(&g->senders);
    cw_timer_free(&g->sweep);
    cw_arena_free(&g->arena);
    cw_free(g);
}
