/* Stanzas of our own on their way; see post.h.  Of a stanza only its number, its poster and its
 * pair of domains are kept: whoever keeps the state can make it anew. */
#include "gateway/post.h"

#include "gateway/gateway_priv.h"
#include "gateway/route.h"

enum { MAX_OPEN = 100000 };

/* A pair of domains, while stanzas of it are open. */
struct lane {
    size_t n_open; /* never 0 */
    struct cw_arena arena;
    struct cw_str local, remote, pair; /* pair: "local partner" */
};

/* A stanza without an outcome. */
struct posted {
    TAILQ_ENTRY(posted) link;
    uint64_t n;
    struct lane *lane;
    struct gw_edge *edge;       /* it was given to; NULL: it never left */
    enum cw_link_reason reason; /* then: why */
    gw_posted_fn *fn;
    void *arg;
    uint64_t user;
};
TAILQ_HEAD(posted_list, posted);

struct gw_post {
    struct gateway *gateway;
    void (*heard)(void *, struct cw_str, struct cw_str, const struct cw_link_outcome *);
    void *heard_arg;
    struct gw_routes *routes;
    struct cw_map lanes; /* pair -> struct lane */
    struct cw_map by_n;  /* the number's octets -> struct posted, under way */
    struct posted_list under_way;
    struct posted_list refused; /* here and now; told from the loop */
    size_t n_open;
    struct cw_timer *tell;
};

static struct cw_str key_of(const uint64_t *n)
{
    return (struct cw_str){(const char *)n, sizeof *n};
}

/* The addresses are ours: normal forms, which need no second look. */
static struct cw_str domain_of(struct cw_str address)
{
    ptrdiff_t slash = cw_str_index(address, '/');
    struct cw_str bare = slash < 0 ? address : cw_str_sub(address, 0, (size_t)slash);
    ptrdiff_t at = cw_str_index(bare, '@');
    return cw_str_sub(bare, (size_t)(at + 1), bare.n);
}

/* --- who is told ------------------------------------------------------------------------------*/

static struct lane *enter_lane(struct gw_post *post, const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    struct cw_str local = domain_of(cw_xml_attr(stanza, "from"));
    struct cw_str remote = domain_of(cw_xml_attr(stanza, "to"));
    struct cw_str pair = cw_arena_printf(&arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
    struct lane *lane = cw_map_get(&post->lanes, pair);
    if (lane) {
        cw_arena_free(&arena);
    } else {
        lane = cw_alloc(sizeof *lane);
        lane->arena = arena;
        lane->pair = pair;
        lane->local = cw_str_sub(pair, 0, local.n);
        lane->remote = cw_str_sub(pair, local.n + 1, pair.n);
        cw_map_set(&post->lanes, pair, lane);
    }
    lane->n_open++;
    return lane;
}

static void leave_lane(struct gw_post *post, struct lane *lane)
{
    if (--lane->n_open > 0)
        return;
    cw_map_remove(&post->lanes, lane->pair);
    cw_arena_free(&lane->arena);
    cw_free(lane);
}

/* It is in no list and under no number any more.  Whoever hears may post again. */
static void tell(struct gw_post *post, struct posted *p, const struct cw_link_outcome *outcome)
{
    post->heard(post->heard_arg, p->lane->local, p->lane->remote, outcome);
    gw_passed_end(&post->gateway->counters.watch_s2x, gw_refused_of_outcome(outcome));
    if (p->fn)
        p->fn(p->arg, p->user, outcome);
    leave_lane(post, p->lane);
    post->n_open--;
    cw_free(p);
}

static void take_off(struct gw_post *post, struct posted *p)
{
    TAILQ_REMOVE(&post->under_way, p, link);
    cw_map_remove(&post->by_n, key_of(&p->n));
    gw_routes_give(post->routes, p->lane->pair);
}

bool gw_post_outcome(struct gw_post *post, const struct cw_link_outcome *outcome)
{
    struct posted *p = cw_map_get(&post->by_n, key_of(&outcome->n));
    if (!p)
        return false;
    take_off(post, p);
    tell(post, p, outcome);
    return true;
}

void gw_post_edge_down(struct gw_post *post, struct gw_edge *edge)
{
    struct cw_link_outcome outcome = {.result = CW_LINK_REFUSED,
                                      .reason = CW_LINK_REASON_STREAM_FAILED,
                                      .text = CW_S("the edge went away while it had the stanza")};
    struct posted_list lost = TAILQ_HEAD_INITIALIZER(lost);
    struct posted *p, *next;
    for (p = TAILQ_FIRST(&post->under_way); p; p = next) {
        next = TAILQ_NEXT(p, link);
        if (p->edge != edge)
            continue;
        take_off(post, p);
        TAILQ_INSERT_TAIL(&lost, p, link);
    }
    while ((p = TAILQ_FIRST(&lost))) {
        TAILQ_REMOVE(&lost, p, link);
        outcome.n = p->n;
        tell(post, p, &outcome);
    }
}

/* Only those that were refused before now: what is posted meanwhile has its own turn. */
static void on_tell(void *arg)
{
    struct gw_post *post = arg;
    struct cw_link_outcome outcome = {.result = CW_LINK_REFUSED};
    struct posted_list now = TAILQ_HEAD_INITIALIZER(now);
    struct posted *p;
    TAILQ_CONCAT(&now, &post->refused, link);
    while ((p = TAILQ_FIRST(&now))) {
        TAILQ_REMOVE(&now, p, link);
        outcome.reason = p->reason;
        outcome.text = p->reason == CW_LINK_REASON_QUEUE_FULL
                           ? CW_S("too many stanzas are under way already")
                           : CW_S("no edge is there to take the stanza");
        tell(post, p, &outcome);
    }
}

/* --- sending ----------------------------------------------------------------------------------*/

void gw_post_send(struct gw_post *post, const struct cw_xml *stanza, gw_posted_fn *fn, void *arg,
                  uint64_t user)
{
    struct posted *p = cw_alloc(sizeof *p);
    p->fn = fn;
    p->arg = arg;
    p->user = user;
    p->lane = enter_lane(post, stanza);
    post->n_open++;
    post->gateway->counters.watch_s2x.taken++;
    bool has_room = post->n_open <= MAX_OPEN;
    if (has_room && !post->gateway->stopping)
        p->edge = gw_routes_take(post->routes, p->lane->pair);
    if (!p->edge) {
        p->reason = has_room ? CW_LINK_REASON_SHUTDOWN : CW_LINK_REASON_QUEUE_FULL;
        TAILQ_INSERT_TAIL(&post->refused, p, link);
        if (!cw_timer_is_set(post->tell))
            cw_timer_set(post->tell, 0);
        return;
    }
    p->n = gw_edge_next_n(post->gateway);
    TAILQ_INSERT_TAIL(&post->under_way, p, link);
    cw_map_set(&post->by_n, key_of(&p->n), p);
    gw_edge_send_stanza(p->edge, p->n, stanza);
}

size_t gw_post_n_open(const struct gw_post *post)
{
    return post->n_open;
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_post *gw_post_new(struct gateway *gateway,
                            void (*heard)(void *arg, struct cw_str local, struct cw_str remote,
                                          const struct cw_link_outcome *),
                            void *arg)
{
    struct gw_post *post = cw_alloc(sizeof *post);
    post->gateway = gateway;
    post->heard = heard;
    post->heard_arg = arg;
    post->routes = gw_routes_new(gateway);
    post->tell = cw_timer_new(gateway->base, on_tell, post);
    TAILQ_INIT(&post->under_way);
    TAILQ_INIT(&post->refused);
    return post;
}

void gw_post_free(struct gw_post **ptr)
{
    struct gw_post *post = *ptr;
    struct posted *p;
    *ptr = NULL;
    if (!post)
        return;
    while ((p = TAILQ_FIRST(&post->under_way))) {
        take_off(post, p);
        leave_lane(post, p->lane);
        cw_free(p);
    }
    while ((p = TAILQ_FIRST(&post->refused))) {
        TAILQ_REMOVE(&post->refused, p, link);
        leave_lane(post, p->lane);
        cw_free(p);
    }
    gw_routes_free(&post->routes);
    cw_map_free(&post->by_n);
    cw_map_free(&post->lanes);
    cw_timer_free(&post->tell);
    cw_free(post);
}
