/* From a partner's domain to a TCP connection: look up its servers (RFC 6120 section 3.2), leave
 * out the addresses that must not be connected to, and try the rest in the manner of RFC 8305: host
 * by host, IPv6 and IPv4 in turn, the next attempt when one fails or 250 ms have passed.  The first
 * connection wins; the others are dropped.  With direct TLS (XEP-0368) a connection is one when its
 * handshake is done, so that a port where nobody speaks TLS gives way to the next target. */
#include "edge/edge_priv.h"
#include "edge/trace.h"

#include <unistd.h>

enum { CONNECT_TIMEOUT_MS = 10000, ATTEMPT_DELAY_MS = 250, TOTAL_MS = 30000 };

struct attempt {
    struct edge_dial *dial;
    struct cw_addr addr;
    struct cw_str host;
    bool is_direct_tls;
    struct cw_conn *conn; /* NULL: not begun, or failed */
};

struct edge_dial {
    struct edge *edge;
    edge_dial_fn *done;
    void *arg;
    struct cw_arena arena;
    struct cw_str local, domain, proxy;
    struct edge_attempt *told; /* the timeline; or NULL */
    struct cw_target_query *query;
    bool is_secure;
    struct attempt *attempts; /* in the order to try */
    size_t n_attempts, next, n_running;
    struct cw_timer *delay, *total;
    enum cw_failure failure; /* so far */
    struct cw_failure_gaps gaps;
};

/* --- what went wrong --------------------------------------------------------------------------*/

static int rank(enum cw_failure failure)
{
    switch ((int)failure) {
    case CW_FAIL_NONE:
        return 0;
    case CW_FAIL_TARGET_REFUSED:
    case CW_FAIL_OWN_ADDRESS:
        return 1;
    case CW_FAIL_UNREACHABLE:
        return 2;
    case CW_FAIL_CONNECT_TIMEOUT:
        return 3;
    case CW_FAIL_CONNECTION_REFUSED:
        return 4;
    default: /* TLS, or what closed on us */
        return 5;
    }
}

/* Of several addresses the one stands for all that came furthest on the way to a stream, and of
 * those the last. */
static void note(struct edge_dial *dial, const struct edge_trace_target *target,
                 enum cw_failure failure, struct cw_str detail)
{
    edge_trace_address(dial->told, target, failure, detail);
    if (failure == CW_FAIL_NONE || rank(failure) < rank(dial->failure))
        return;
    dial->failure = failure;
    dial->gaps = (struct cw_failure_gaps){.domain = dial->domain,
                                          .local = dial->local,
                                          .address = cw_addr_text(&dial->arena, target->addr),
                                          .detail = cw_arena_dup(&dial->arena, detail)};
}

static void note_attempt(const struct attempt *attempt, enum cw_failure failure,
                         struct cw_str detail)
{
    note(attempt->dial,
         &(struct edge_trace_target){.addr = &attempt->addr,
                                     .host = attempt->host,
                                     .is_direct_tls = attempt->is_direct_tls},
         failure, detail);
}

/* --- one address after the other --------------------------------------------------------------*/

static void fail(struct edge_dial *dial, enum edge_dial_result result)
{
    dial->done(dial->arg, &(struct edge_dialled){
                              .result = result, .failure = dial->failure, .gaps = dial->gaps});
    edge_dial_cancel(&dial);
}

static void succeed(struct attempt *attempt, const struct cw_tls_facts *tls)
{
    struct edge_dial *dial = attempt->dial;
    struct edge_dialled dialled = {.result = EDGE_DIAL_OK,
                                   .conn = attempt->conn,
                                   .tls = tls,
                                   .host = attempt->host,
                                   .is_secure = dial->is_secure};
    attempt->conn = NULL;
    dial->done(dial->arg, &dialled);
    edge_dial_cancel(&dial);
}

static void try_next(struct edge_dial *);

static void on_connected(void *arg)
{
    struct attempt *attempt = arg;
    struct edge_dial *dial = attempt->dial;
    note_attempt(attempt, CW_FAIL_NONE, CW_STR_NONE);
    if (!attempt->is_direct_tls) {
        succeed(attempt, NULL);
        return;
    }
    struct cw_tls_start start = edge_stream_tls(dial->edge, dial->local, dial->domain, true);
    start.timeout_ms = CONNECT_TIMEOUT_MS;
    cw_conn_start_tls(attempt->conn, &start);
}

static void on_tls_up(void *arg, const struct cw_tls_facts *tls)
{
    succeed(arg, tls);
}

static void on_closed(void *arg, enum cw_conn_end end, struct cw_str sentence)
{
    struct attempt *attempt = arg;
    struct edge_dial *dial = attempt->dial;
    struct cw_str detail;
    enum cw_failure failure = edge_trace_conn_failure(attempt->conn, end, sentence, &detail);
    note_attempt(attempt, failure, detail);
    cw_conn_free(&attempt->conn);
    dial->n_running--;
    try_next(dial);
}

static void try_next(struct edge_dial *dial)
{
    static const struct cw_conn_callbacks callbacks = {
        .on_connected = on_connected, .on_tls_up = on_tls_up, .on_closed = on_closed};
    struct cw_addr source = {0};
    if (dial->next >= dial->n_attempts) {
        if (dial->n_running == 0)
            fail(dial, EDGE_DIAL_UNREACHABLE);
        return;
    }
    struct attempt *attempt = &dial->attempts[dial->next++];
    cw_addr_parse(dial->edge->config.edge.source_address, 0, &source);
    attempt->conn = cw_conn_connect_from(dial->edge->base, &source, &attempt->addr,
                                         CONNECT_TIMEOUT_MS, &callbacks, attempt);
    dial->n_running++;
    if (dial->next < dial->n_attempts)
        cw_timer_set(dial->delay, ATTEMPT_DELAY_MS);
}

static void on_delay(void *arg)
{
    try_next(arg);
}

static void on_total(void *arg)
{
    struct edge_dial *dial = arg;
    for (size_t i = 0; i < dial->next; i++)
        if (dial->attempts[i].conn)
            note_attempt(&dial->attempts[i], CW_FAIL_CONNECT_TIMEOUT, CW_STR_NONE);
    fail(dial, EDGE_DIAL_UNREACHABLE);
}

/* --- which addresses, in which order ----------------------------------------------------------*/

/* 0.0.0.0 or ::, every address of this machine. */
static bool is_any(const struct cw_addr *addr)
{
    struct cw_arena arena = {0};
    struct cw_str ip = cw_addr_ip(&arena, addr);
    bool is = cw_str_eq_cstr(ip, "0.0.0.0") || cw_str_eq_cstr(ip, "::");
    cw_arena_free(&arena);
    return is;
}

/* Only an address of this machine can be bound to. */
static bool is_of_this_machine(struct cw_addr addr)
{
    int fd = socket(addr.ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cw_addr_set_port(&addr, 0);
    bool is = fd >= 0 && bind(fd, (const struct sockaddr *)&addr.ss, addr.len) == 0;
    if (fd >= 0)
        close(fd);
    return is;
}

static bool any_takes(const struct cw_endpoint *listen, size_t n, const struct cw_addr *addr)
{
    struct cw_addr one;
    for (size_t i = 0; i < n; i++) {
        if (listen[i].port != cw_addr_port(addr) || !cw_addr_parse(listen[i].ip, 0, &one))
            continue;
        cw_addr_set_port(&one, listen[i].port);
        if (cw_addr_eq(&one, addr) || (is_any(&one) && is_of_this_machine(*addr)))
            return true;
    }
    return false;
}

static bool is_own_listener(const struct edge *edge, const struct cw_addr *addr)
{
    const struct cw_edge_config *config = &edge->config.edge;
    return any_takes(config->listen, config->n_listen, addr) ||
           any_takes(config->direct_tls_listen, config->n_direct_tls_listen, addr) ||
           any_takes(config->link_listen, config->n_link_listen, addr) ||
           any_takes(config->component_listen, config->n_component_listen, addr);
}

/* Asked for the address itself, after the last look-up: a name that changes its mind between two
 * look-ups (DNS rebinding) gains nothing. */
bool edge_dial_refuses(const struct edge *edge, const struct cw_addr *addr)
{
    const struct cw_settings *settings = &edge->policy->settings;
    if (cw_addr_port(addr) == 0 || is_own_listener(edge, addr))
        return true;
    for (size_t i = 0; i < settings->n_refused_targets; i++) {
        struct cw_network network;
        if (cw_network_parse(settings->refused_targets[i], &network) &&
            cw_network_has(&network, addr))
            return true;
    }
    return false;
}

static void add_attempt(struct edge_dial *dial, const struct cw_target *target)
{
    if (edge_dial_refuses(dial->edge, &target->addr)) {
        note(dial,
             &(struct edge_trace_target){.addr = &target->addr,
                                         .host = target->host,
                                         .is_direct_tls = target->is_direct_tls},
             is_own_listener(dial->edge, &target->addr) ? CW_FAIL_OWN_ADDRESS
                                                        : CW_FAIL_TARGET_REFUSED,
             CW_STR_NONE);
        return;
    }
    dial->attempts[dial->n_attempts++] =
        (struct attempt){.dial = dial,
                         .addr = target->addr,
                         .host = cw_arena_dup(&dial->arena, target->host),
                         .is_direct_tls = target->is_direct_tls};
}

/* One host's addresses, the two families in turn, beginning with the first one's. */
static void add_host(struct edge_dial *dial, const struct cw_target *targets, size_t n)
{
    size_t at[2] = {0, 0};
    sa_family_t first = targets[0].addr.ss.ss_family;
    for (size_t turn = 0; at[0] < n || at[1] < n; turn ^= 1) {
        while (at[turn] < n && (targets[at[turn]].addr.ss.ss_family == first) != (turn == 0))
            at[turn]++;
        if (at[turn] < n)
            add_attempt(dial, &targets[at[turn]++]);
    }
}

static void on_targets(void *arg, const struct cw_target_list *list)
{
    struct edge_dial *dial = arg;
    dial->query = NULL;
    dial->failure = edge_trace_dns(dial->told, dial->proxy, list);
    if (list->status != CW_TARGET_OK) {
        /* Name servers in trouble are no proof that there is no such server. */
        bool is_passing =
            list->status == CW_TARGET_DNS_TIMEOUT || list->status == CW_TARGET_DNS_FAILED;
        fail(dial, is_passing ? EDGE_DIAL_UNREACHABLE : EDGE_DIAL_NOT_FOUND);
        return;
    }
    dial->is_secure = list->is_secure;
    dial->attempts = cw_arena_alloc(&dial->arena, list->n * sizeof *dial->attempts);
    for (size_t i = 0, n; i < list->n; i += n) {
        for (n = 1; i + n < list->n && cw_str_eq(list->targets[i].host, list->targets[i + n].host);)
            n++;
        add_host(dial, &list->targets[i], n);
    }
    cw_timer_set(dial->total, TOTAL_MS);
    try_next(dial);
}

struct edge_dial *edge_dial_start(struct edge *edge, const struct edge_dial_ask *how,
                                  edge_dial_fn *done, void *arg)
{
    struct edge_dial *dial = cw_alloc(sizeof *dial);
    struct cw_target_ask ask = {
        .domain = how->domain, .proxy = how->proxy, .with_direct_tls = how->with_direct_tls};
    dial->local = cw_arena_dup(&dial->arena, how->local);
    dial->domain = cw_arena_dup(&dial->arena, how->domain);
    dial->proxy = cw_arena_dup(&dial->arena, how->proxy);
    dial->told = how->attempt;
    dial->edge = edge;
    dial->done = done;
    dial->arg = arg;
    dial->delay = cw_timer_new(edge->base, on_delay, dial);
    dial->total = cw_timer_new(edge->base, on_total, dial);
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
    for (size_t i = 0; i < dial->n_attempts; i++)
        cw_conn_free(&dial->attempts[i].conn);
    cw_timer_free(&dial->delay);
    cw_timer_free(&dial->total);
    cw_arena_free(&dial->arena);
    cw_free(dial);
}
