/* From a partner's domain to a TCP connection: look up its servers (RFC 6120 section 3.2), leave
 * out the addresses that the settings refuse, try the rest in order. */
#include "edge/edge_priv.h"

enum { CONNECT_TIMEOUT_MS = 10000 };

struct edge_dial {
    struct edge *edge;
    edge_dial_fn *done;
    void *arg;
    struct cw_arena arena;
    struct cw_target_query *query;
    struct cw_target *targets;
    size_t n_targets, next;
    struct cw_conn *conn;
    struct cw_str last_text;
};

static void finish(struct edge_dial *dial, enum edge_dial_result result, struct cw_str text)
{
    struct cw_conn *conn = dial->conn;
    dial->conn = NULL;
    dial->done(dial->arg, result, conn, text);
    edge_dial_cancel(&dial);
}

static void try_next(struct edge_dial *);

static void on_connected(void *arg)
{
    finish(arg, EDGE_DIAL_OK, CW_STR_NONE);
}

static void on_closed(void *arg, enum cw_conn_end end, struct cw_str sentence)
{
    struct edge_dial *dial = arg;
    (void)end;
    dial->last_text = cw_arena_dup(&dial->arena, sentence);
    cw_conn_free(&dial->conn);
    try_next(dial);
}

static bool is_refused(const struct edge *edge, const struct cw_addr *addr)
{
    const struct cw_settings *settings = &edge->policy->settings;
    for (size_t i = 0; i < settings->n_refused_targets; i++) {
        struct cw_network network;
        if (cw_network_parse(settings->refused_targets[i], &network) &&
            cw_network_has(&network, addr))
            return true;
    }
    return false;
}

static void try_next(struct edge_dial *dial)
{
    static const struct cw_conn_callbacks callbacks = {.on_connected = on_connected,
                                                       .on_closed = on_closed};
    while (dial->next < dial->n_targets) {
        const struct cw_target *target = &dial->targets[dial->next++];
        if (is_refused(dial->edge, &target->addr)) {
            dial->last_text =
                cw_arena_printf(&dial->arena, "%.*s is an address that the settings refuse",
                                CW_ARG(cw_addr_text(&dial->arena, &target->addr)));
            continue;
        }
        dial->conn =
            cw_conn_connect(dial->edge->base, &target->addr, CONNECT_TIMEOUT_MS, &callbacks, dial);
        return;
    }
    finish(dial, EDGE_DIAL_UNREACHABLE, dial->last_text);
}

static void on_targets(void *arg, const struct cw_target_list *list)
{
    struct edge_dial *dial = arg;
    dial->query = NULL;
    struct cw_str text = cw_arena_dup(&dial->arena, list->sentence);
    if (list->status != CW_TARGET_OK) {
        bool slow = list->status == CW_TARGET_DNS_TIMEOUT;
        finish(dial, slow ? EDGE_DIAL_UNREACHABLE : EDGE_DIAL_NOT_FOUND, text);
        return;
    }
    dial->targets = cw_arena_alloc(&dial->arena, list->n * sizeof *dial->targets);
    for (size_t i = 0; i < list->n; i++)
        dial->targets[i] = list->targets[i];
    dial->n_targets = list->n;
    try_next(dial);
}

struct edge_dial *edge_dial_start(struct edge *edge, struct cw_str domain, struct cw_str proxy,
                                  edge_dial_fn *done, void *arg)
{
    struct edge_dial *dial = cw_alloc(sizeof *dial);
    struct cw_target_ask ask = {.domain = domain, .proxy = proxy};
    dial->edge = edge;
    dial->done = done;
    dial->arg = arg;
    dial->query = cw_target_find(edge->resolver, &ask, on_targets, dial);
    return dial;
}

void edge_dial_cancel(struct edge_dial **dial_ptr)
{
    struct edge_dial *dial = *dial_ptr;
    *dial_ptr = NULL;
    if (!dial)
        return;
    cw_target_cancel(&dial->query);
    cw_conn_free(&dial->conn);
    cw_arena_free(&dial->arena);
    cw_free(dial);
}
