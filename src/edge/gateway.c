/* Stanzas between the edge and its gateways.  A partner's stanza is numbered, given to the gateway
 * that has its addressee (link.c) and kept until its outcome comes.  When that link breaks it goes
 * to another gateway, or waits for one: whoever comes within `link-hold` gets it under the same
 * number, otherwise its sender gets an error.  A gateway's stanza is asked about under a number of
 * ours until its outcome is known.  Nothing is dropped in silence. */
#include <inttypes.h>
#include <stdio.h>

#include "base/secret.h"
#include "edge/link_priv.h"
#include "xmpp/jid.h"

enum {
    OUTCOME_TIMEOUT_MS = 90000, /* longer than any SIP transaction; a gateway that hangs */
    SWEEP_MS = 500,
};

/* A partner's stanza without an outcome. */
struct unresolved {
    TAILQ_ENTRY(unresolved) link;
    struct cw_arena arena;
    struct cw_xml *stanza;
    struct cw_str local_bare;  /* whom it is for: picks the gateway */
    struct edge_link *gateway; /* it was given to; NULL: it waits for one */
    uint64_t n, since_ms;
};
TAILQ_HEAD(unresolved_list, unresolved);

/* A gateway's stanza without an outcome. */
struct asked {
    TAILQ_ENTRY(asked) link;
    struct edge_link *gateway;
    uint64_t n;      /* the gateway's */
    uint64_t number; /* ours */
};

struct edge_gateway {
    struct edge *edge;
    struct edge_links *links;
    size_t n_up;
    uint64_t down_since_ms;
    struct cw_arena arena;
    struct cw_str instance;
    uint64_t last_n, last_asked;
    struct unresolved_list unresolved; /* by number */
    size_t n_unresolved;
    struct cw_map by_n; /* number as text -> struct unresolved */
    TAILQ_HEAD(, asked) asked;
    struct cw_map asked_by_number;
    struct cw_timer *sweep;
};

/* --- unresolved stanzas -----------------------------------------------------------------------*/

static struct cw_str number_key(char buf[24], uint64_t n)
{
    return (struct cw_str){buf, (size_t)snprintf(buf, 24, "%" PRIu64, n)};
}

static void forget(struct edge_gateway *g, struct unresolved *u)
{
    char key[24];
    TAILQ_REMOVE(&g->unresolved, u, link);
    cw_map_remove(&g->by_n, number_key(key, u->n));
    g->n_unresolved--;
    cw_arena_free(&u->arena);
    cw_free(u);
}

static void bounce(struct edge_gateway *g, struct unresolved *u, enum cw_stanza_error condition,
                   const char *text)
{
    CW_LOG(&g->edge->log, CW_LOG_WARN, "stanza-bounced", CW_KVI("n", u->n), CW_KVC("reason", text));
    edge_bounce(g->edge, u->stanza, condition, cw_str_of(text));
    forget(g, u);
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
    if (g->n_unresolved > 0)
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

void edge_gateway_deliver(struct edge_gateway *g, const struct cw_xml *stanza)
{
    const struct cw_edge_config *config = &g->edge->config.edge;
    char key[24];
    if (g->n_unresolved >= (size_t)config->queue.max_stanzas * 16) {
        edge_bounce(g->edge, stanza, CW_STANZA_RESOURCE_CONSTRAINT,
                    CW_S("too many stanzas wait for the gateway"));
        return;
    }
    struct unresolved *u = cw_alloc(sizeof *u);
    u->stanza = cw_xml_copy(&u->arena, stanza);
    u->local_bare = bare_of(&u->arena, cw_xml_attr(u->stanza, "to"));
    u->n = ++g->last_n;
    u->since_ms = cw_now_ms();
    TAILQ_INSERT_TAIL(&g->unresolved, u, link);
    cw_map_set(&g->by_n, number_key(key, u->n), u);
    g->n_unresolved++;
    if (!cw_timer_is_set(g->sweep))
        cw_timer_set(g->sweep, SWEEP_MS);
    give(g, u);
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

static void forget_asked(struct edge_gateway *g, struct asked *a)
{
    char key[24];
    TAILQ_REMOVE(&g->asked, a, link);
    cw_map_remove(&g->asked_by_number, number_key(key, a->number));
    cw_free(a);
}

void edge_gateway_on_stanza(struct edge_gateway *g, struct edge_link *from, uint64_t n,
                            const struct cw_xml *stanza)
{
    struct asked *a = cw_alloc(sizeof *a);
    char key[24];
    a->gateway = from;
    a->n = n;
    a->number = ++g->last_asked;
    TAILQ_INSERT_TAIL(&g->asked, a, link);
    cw_map_set(&g->asked_by_number, number_key(key, a->number), a);
    edge_route_from_gateway(g->edge, stanza, a->number);
}

void edge_gateway_outcome(struct edge_gateway *g, uint64_t number, enum cw_link_reason reason,
                          struct cw_str text)
{
    char key[24];
    struct asked *a = cw_map_get(&g->asked_by_number, number_key(key, number));
    if (!a)
        return; /* its gateway went away and has told the sender */
    struct cw_link_outcome outcome = {
        .n = a->n,
        .result = reason == CW_LINK_REASON_NONE ? CW_LINK_DELIVERED : CW_LINK_REFUSED,
        .reason = reason,
        .text = text,
    };
    edge_link_send_outcome(a->gateway, &outcome);
    forget_asked(g, a);
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
    struct asked *a, *next;
    for (a = TAILQ_FIRST(&g->asked); a; a = next) {
        next = TAILQ_NEXT(a, link);
        if (a->gateway == gateway)
            forget_asked(g, a);
    }
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
    TAILQ_INIT(&g->asked);
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
    struct asked *a;
    *ptr = NULL;
    if (!g)
        return;
    while ((u = TAILQ_FIRST(&g->unresolved)))
        forget(g, u);
    while ((a = TAILQ_FIRST(&g->asked)))
        forget_asked(g, a);
    edge_links_free(&g->links);
    cw_map_free(&g->by_n);
    cw_map_free(&g->asked_by_number);
    cw_timer_free(&g->sweep);
    cw_arena_free(&g->arena);
    cw_free(g);
}
