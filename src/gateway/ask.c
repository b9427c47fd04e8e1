/* An administrator's questions to the edges; see ask.h. */
#include "gateway/ask.h"

#include <stdlib.h>

#include "conf/policy_json.h"
#include "gateway/gateway_priv.h"

enum { DEFAULT_TIMEOUT_S = 4, MAX_TIMEOUT_S = 120 };

/* One edge's share of a question. */
struct part {
    struct gw_edge *edge;
    bool waits;
    json_t *answer; /* NULL: none */
};

struct gw_ask {
    TAILQ_ENTRY(gw_ask) link;
    struct gw_asks *asks;
    struct gw_ask_hooks hooks;
    void *arg;
    uint64_t n; /* the same at every edge */
    struct part *parts;
    size_t n_parts, n_waiting;
    struct cw_timer *timer;
};

struct gw_asks {
    struct gateway *gateway;
    uint64_t last_n;
    TAILQ_HEAD(, gw_ask) open;
};

/* --- the answer -------------------------------------------------------------------------------*/

json_t *gw_refusal(int status, struct cw_str sentence)
{
    json_t *answer =
        json_pack("{s:b,s:i,s:s%}", "ok", 0, "status", status, "sentence", sentence.p, sentence.n);
    cw_assert(answer != NULL);
    return answer;
}

static json_t *path_of(const struct gw_edge *edge)
{
    struct cw_str path = gw_edge_path(edge);
    return json_stringn(path.p, path.n);
}

static json_t *collect(const struct gw_ask *ask)
{
    json_t *edges = json_array(), *silent = json_array();
    for (size_t i = 0; i < ask->n_parts; i++) {
        const struct part *part = &ask->parts[i];
        if (part->answer)
            json_array_append_new(
                edges, json_pack("{s:o,s:O}", "edge", path_of(part->edge), "answer", part->answer));
        else
            json_array_append_new(silent, path_of(part->edge));
    }
    return json_pack("{s:b,s:o,s:o}", "ok", 1, "edges", edges, "silent", silent);
}

void gw_ask_cancel(struct gw_ask **ptr)
{
    struct gw_ask *ask = *ptr;
    *ptr = NULL;
    if (!ask)
        return;
    TAILQ_REMOVE(&ask->asks->open, ask, link);
    for (size_t i = 0; i < ask->n_parts; i++)
        json_decref(ask->parts[i].answer);
    cw_free(ask->parts);
    cw_timer_free(&ask->timer);
    cw_free(ask);
}

static void finish(void *arg)
{
    struct gw_ask *ask = arg;
    struct gw_ask_hooks hooks = ask->hooks;
    void *owner = ask->arg;
    json_t *answer = collect(ask);
    gw_ask_cancel(&ask);
    hooks.done(owner, answer);
}

/* --- the edges --------------------------------------------------------------------------------*/

static struct gw_ask *find(const struct gw_asks *asks, uint64_t n)
{
    struct gw_ask *ask;
    TAILQ_FOREACH (ask, &asks->open, link)
        if (ask->n == n)
            return ask;
    return NULL;
}

static struct part *waiting_part(struct gw_ask *ask, const struct gw_edge *edge)
{
    for (size_t i = 0; i < ask->n_parts; i++)
        if (ask->parts[i].edge == edge && ask->parts[i].waits)
            return &ask->parts[i];
    return NULL;
}

static void settle(struct gw_ask *ask, struct part *part)
{
    part->waits = false;
    if (--ask->n_waiting == 0)
        finish(ask);
}

void gw_asks_answer(struct gw_asks *asks, struct gw_edge *edge, uint64_t n, bool more,
                    struct cw_str text)
{
    struct gw_ask *ask = find(asks, n);
    struct part *part = ask ? waiting_part(ask, edge) : NULL;
    if (!part)
        return; /* too late */
    json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        json = gw_refusal(500, CW_S("The edge's answer cannot be read."));
        more = false;
    }
    if (more) {
        ask->hooks.progress(ask->arg, gw_edge_path(edge), json);
        json_decref(json);
        return;
    }
    part->answer = json;
    settle(ask, part);
}

void gw_asks_edge_down(struct gw_asks *asks, struct gw_edge *edge)
{
    struct gw_ask *ask, *next;
    for (ask = TAILQ_FIRST(&asks->open); ask; ask = next) {
        next = TAILQ_NEXT(ask, link);
        struct part *part = waiting_part(ask, edge);
        if (part)
            settle(ask, part);
    }
}

/* --- a question -------------------------------------------------------------------------------*/

/* As addresses of that domain have it; s2x.c makes its pairs of these. */
static struct cw_str form_of(struct cw_arena *arena, struct cw_str domain)
{
    struct cw_jid jid;
    return cw_jid_parse(arena, domain, &jid) == CW_JID_OK ? jid.domain : domain;
}

static struct gw_edge *pick(struct gateway *gateway, struct cw_str wanted)
{
    const struct cw_policy *policy = gateway->policy;
    struct cw_arena arena = {0};
    ptrdiff_t space = cw_str_index(wanted, ' ');
    struct cw_str local = space >= 0                    ? cw_str_sub(wanted, 0, (size_t)space)
                          : policy->n_local_domains > 0 ? policy->local_domains[0]
                                                        : CW_S("");
    struct cw_str remote = space >= 0 ? cw_str_sub(wanted, (size_t)space + 1, wanted.n) : wanted;
    struct cw_str pair = cw_arena_printf(&arena, "%.*s %.*s", CW_ARG(form_of(&arena, local)),
                                         CW_ARG(form_of(&arena, remote)));
    struct gw_edge *edge = gw_edge_pick(gateway, pair);
    cw_arena_free(&arena);
    return edge;
}

static bool is_meant(const json_t *request, const struct gw_edge *edge,
                     const struct gw_edge *picked)
{
    struct cw_str path = cw_json_text(request, "edge");
    if (cw_str_is_present(path))
        return cw_str_eq(path, gw_edge_path(edge));
    return !picked || edge == picked;
}

/* Everybody who is meant; those that are away are silent from the beginning. */
static void send_to_all(struct gw_ask *ask, const json_t *request, struct cw_str question)
{
    struct gateway *gateway = ask->asks->gateway;
    struct cw_str pair = cw_json_text(request, "pick");
    const struct gw_edge *picked = cw_str_is_present(pair) ? pick(gateway, pair) : NULL;
    ask->parts = cw_alloc((gateway->n_edges + 1) * sizeof *ask->parts);
    for (size_t i = 0; i < gateway->n_edges; i++) {
        struct gw_edge *edge = gateway->edges[i];
        if (!edge || !is_meant(request, edge, picked))
            continue;
        ask->parts[ask->n_parts++] = (struct part){.edge = edge, .waits = gw_edge_is_up(edge)};
        if (!gw_edge_is_up(edge))
            continue;
        ask->n_waiting++;
        gw_edge_send_ask(edge, ask->n, question);
    }
}

uint64_t gw_timeout_ms(const json_t *request, unsigned default_s)
{
    json_int_t s = json_integer_value(json_object_get(request, "timeout-s"));
    if (s <= 0)
        s = default_s;
    return (uint64_t)(s < MAX_TIMEOUT_S ? s : MAX_TIMEOUT_S) * 1000;
}

struct gw_ask *gw_ask_start(struct gw_asks *asks, const json_t *request,
                            const struct gw_ask_hooks *hooks, void *arg)
{
    const json_t *in = json_object_get(request, "in");
    char *text = json_is_object(in) ? json_dumps(in, JSON_COMPACT) : NULL;
    struct cw_str question = cw_str_of(text);
    if (!text || question.n > CW_LINK_MAX_ASK_BYTES) {
        free(text);
        hooks->done(arg, gw_refusal(400, CW_S("The question is missing or too long.")));
        return NULL;
    }
    struct gw_ask *ask = cw_alloc(sizeof *ask);
    *ask = (struct gw_ask){.asks = asks, .hooks = *hooks, .arg = arg, .n = ++asks->last_n};
    TAILQ_INSERT_TAIL(&asks->open, ask, link);
    ask->timer = cw_timer_new(asks->gateway->base, finish, ask);
    cw_timer_set(ask->timer, gw_timeout_ms(request, DEFAULT_TIMEOUT_S));
    send_to_all(ask, request, question);
    free(text);
    if (ask->n_waiting > 0)
        return ask;
    bool is_unknown = ask->n_parts == 0 && cw_str_is_present(cw_json_text(request, "edge"));
    gw_ask_cancel(&ask);
    hooks->done(arg, is_unknown ? gw_refusal(404, CW_S("The gateway has no such edge."))
                                : gw_refusal(503, CW_S("No edge is connected to the gateway.")));
    return NULL;
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_asks *gw_asks_new(struct gateway *gateway)
{
    struct gw_asks *asks = cw_alloc(sizeof *asks);
    asks->gateway = gateway;
    TAILQ_INIT(&asks->open);
    return asks;
}

void gw_asks_free(struct gw_asks **ptr)
{
    struct gw_asks *asks = *ptr;
    struct gw_ask *ask;
    *ptr = NULL;
    if (!asks)
        return;
    while ((ask = TAILQ_FIRST(&asks->open)))
        gw_ask_cancel(&ask);
    cw_free(asks);
}
