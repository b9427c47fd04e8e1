/* The edge's program: configuration, sockets, signals, and the policy that it works from. */
#include "edge/main.h"

#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "conf/role.h"
#include "conf/snapshot.h"
#include "edge/attempt.h"
#include "edge/edge_priv.h"
#include "edge/posh.h"
#include "policy/settings.h"

enum { SHUTDOWN_MS = 3000 };

/* --- policy -----------------------------------------------------------------------------------*/

static bool is_partner(void *arg, struct cw_str domain)
{
    const struct edge *edge = arg;
    return cw_policy_partner(edge->policy, domain) != NULL;
}

void edge_set_policy(struct edge *edge, struct cw_policy *policy)
{
    CW_LOG(&edge->log, CW_LOG_INFO, "policy", CW_KVI("version", policy->version),
           CW_KVI("partners", policy->n_partners));
    struct cw_policy *before = edge->policy;
    edge->policy = cw_policy_ref(policy);
    edge_streams_apply_policy(edge, before);
    edge_peers_apply_policy(edge);
    cw_policy_unref(&before);
    edge_attempts_forget(edge->attempts, is_partner, edge);
}

/* Nobody is a partner and no domain is ours until somebody says so. */
static struct cw_policy *empty_policy(void)
{
    struct cw_policy *policy = cw_alloc(sizeof *policy);
    policy->refs = 1;
    cw_settings_defaults(&policy->arena, &policy->settings);
    cw_policy_index(policy);
    return policy;
}

static void load_last_policy(struct edge *edge)
{
    struct cw_arena arena = {0};
    struct cw_str why = CW_STR_NONE;
    const char *directory = edge->config.edge.state_dir.p;
    enum cw_err err = cw_snapshot_load(directory, &edge->policy, &arena, &why);
    if (err != CW_OK) {
        edge->policy = empty_policy();
        if (err != CW_ERR_NOT_FOUND)
            CW_LOG(&edge->log, CW_LOG_ERROR, "snapshot-unusable", CW_KV("reason", why));
    }
    cw_arena_free(&arena);
}

/* --- sockets ----------------------------------------------------------------------------------*/

static void let_in(struct edge *edge, int fd, const struct cw_addr *peer, bool is_direct_tls)
{
    if (!edge_limits_let_in(edge, peer) || (is_direct_tls && !edge_limits_let_shake(edge, peer))) {
        /* Without a goodbye: a reset leaves nothing behind on this side. */
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
        return;
    }
    edge_limits_make_room(edge, peer);
    edge_stream_accept(edge, fd, peer, is_direct_tls);
}

static void on_accept(void *arg, int fd, const struct cw_addr *peer)
{
    let_in(arg, fd, peer, false);
}

static void on_accept_direct_tls(void *arg, int fd, const struct cw_addr *peer)
{
    let_in(arg, fd, peer, true);
}

static struct edge_door *open_door(const struct cw_edge_config *config)
{
    return edge_door_new(&(struct edge_door_limits){.per_second = config->connections_per_s,
                                                    .burst = config->connections_burst,
                                                    .handshakes_per_s = config->handshakes_per_s,
                                                    .handshakes_burst = config->handshakes_burst,
                                                    .ban_after = config->ban_after,
                                                    .ban_s = config->ban_s,
                                                    .max = EDGE_DOOR_MAX});
}

static bool listen_on(struct edge *edge, const struct cw_endpoint *listen, size_t n,
                      cw_accept_fn *fn, struct cw_buf *why)
{
    for (size_t i = 0; i < n; i++) {
        struct cw_addr addr;
        if (!cw_addr_parse(listen[i].ip, listen[i].port, &addr))
            return false;
        struct cw_listener *listener = cw_listener_new(edge->base, &addr, fn, edge, why);
        if (!listener)
            return false;
        edge->listeners[edge->n_listeners++] = listener;
    }
    return true;
}

static bool listen_all(struct edge *edge, struct cw_buf *why)
{
    const struct cw_edge_config *config = &edge->config.edge;
    size_t n = config->n_listen + config->n_direct_tls_listen;
    edge->listeners = cw_alloc((n + 1) * sizeof *edge->listeners);
    return listen_on(edge, config->listen, config->n_listen, on_accept, why) &&
           listen_on(edge, config->direct_tls_listen, config->n_direct_tls_listen,
                     on_accept_direct_tls, why);
}

static bool open_resolver(struct edge *edge, struct cw_buf *why)
{
    const struct cw_edge_config *config = &edge->config.edge;
    struct cw_arena arena = {0};
    const char **servers = cw_arena_alloc(&arena, (config->dns.n_servers + 1) * sizeof *servers);
    for (size_t i = 0; i < config->dns.n_servers; i++) {
        const struct cw_endpoint *server = &config->dns.servers[i];
        bool is_v6 = cw_str_index(server->ip, ':') >= 0;
        servers[i] = cw_arena_printf(&arena, is_v6 ? "[%.*s]:%u" : "%.*s:%u", CW_ARG(server->ip),
                                     server->port)
                         .p;
    }
    struct cw_resolver_options options = {
        .base = edge->base,
        .servers = servers,
        .n_servers = config->dns.n_servers,
        .trust_anchor_file = config->dns.trust_anchor.n ? config->dns.trust_anchor.p : NULL,
    };
    edge->resolver = cw_resolver_new(&options, why);
    cw_arena_free(&arena);
    return edge->resolver != NULL;
}

/* --- signals ----------------------------------------------------------------------------------*/

static void leave(void *arg)
{
    struct edge *edge = arg;
    event_base_loopbreak(edge->base);
}

/* Says goodbye to everybody, then leaves. */
static void on_terminate(evutil_socket_t signal_number, short what, void *arg)
{
    struct edge *edge = arg;
    (void)signal_number;
    (void)what;
    if (edge->stopping)
        return;
    edge->stopping = true;
    CW_LOG(&edge->log, CW_LOG_INFO, "stopping", CW_KVI("streams", edge->n_streams));
    for (size_t i = 0; i < edge->n_listeners; i++)
        cw_listener_free(&edge->listeners[i]);
    edge_gateway_shutdown(edge->gateway);
    edge_components_shutdown(edge);
    edge_peers_shutdown(edge);
    edge_streams_shutdown(edge);
    /* Also without streams from the loop: what was said must leave first. */
    cw_timer_set(edge->leave_timer, TAILQ_EMPTY(&edge->streams) ? 0 : SHUTDOWN_MS);
}

static void on_hangup(evutil_socket_t signal_number, short what, void *arg)
{
    struct edge *edge = arg;
    (void)signal_number;
    (void)what;
    json_decref(edge_certificates_reload(edge->certificates)); /* the log tells it too */
    edge_gateway_reload(edge->gateway);
}

/* --- life -------------------------------------------------------------------------------------*/

static bool start(struct edge *edge, struct cw_buf *why)
{
    if (!edge_rights_prepare(edge, why))
        return false;
    load_last_policy(edge);
    edge->door = open_door(&edge->config.edge);
    edge->strangers = edge_strangers_new(edge->config.edge.max_unauthenticated);
    edge->attempts = edge_attempts_new(edge->config.edge.attempts_kept);
    edge->gateway = edge_own_start(edge, why) ? edge_gateway_new(edge, why) : NULL;
    return edge->gateway && edge_components_start(edge, why) && open_resolver(edge, why) &&
           listen_all(edge, why) && edge_rights_drop(edge, why);
}

static void free_count(struct cw_str key, void *value, void *arg)
{
    (void)key;
    (void)arg;
    cw_free(value);
}

static void finish(struct edge *edge)
{
    edge_streams_free(edge);
    edge_peers_free(edge);
    edge_attempts_free(&edge->attempts);
    for (size_t i = 0; i < edge->n_listeners; i++)
        cw_listener_free(&edge->listeners[i]);
    cw_free(edge->listeners);
    edge_posh_forget(edge);
    edge_components_free(edge);
    edge_gateway_free(&edge->gateway);
    if (edge->resolver)
        cw_resolver_free(&edge->resolver);
    edge_certificates_free(&edge->certificates);
    edge_expiry_free(&edge->partner_expiry);
    edge_door_free(&edge->door);
    edge_strangers_free(&edge->strangers);
    cw_timer_free(&edge->leave_timer);
    cw_timer_free(&edge->farewell_timer);
    cw_timer_free(&edge->answers_timer);
    cw_map_each(&edge->streams_by_partner, free_count, NULL);
    cw_map_free(&edge->ready_pairs);
    cw_map_free(&edge->streams_by_partner);
    cw_map_free(&edge->streams_by_id);
    cw_map_free(&edge->ways_back);
    cw_map_free(&edge->outbound);
    cw_map_free(&edge->verifiers);
    cw_map_free(&edge->peers);
    if (edge->policy)
        cw_policy_unref(&edge->policy);
}

static int run(struct edge *edge)
{
    struct cw_buf why = {0};
    struct event *signals[3] = {
        evsignal_new(edge->base, SIGTERM, on_terminate, edge),
        evsignal_new(edge->base, SIGINT, on_terminate, edge),
        evsignal_new(edge->base, SIGHUP, on_hangup, edge),
    };
    for (size_t i = 0; i < 3; i++)
        evsignal_add(signals[i], NULL);
    bool ok = start(edge, &why);
    if (ok) {
        CW_LOG(&edge->log, CW_LOG_INFO, "started", CW_KVI("listeners", edge->n_listeners));
        event_base_dispatch(edge->base);
    } else {
        CW_LOG(&edge->log, CW_LOG_ERROR, "cannot-start", CW_KV("reason", cw_buf_str(&why)));
    }
    finish(edge);
    for (size_t i = 0; i < 3; i++)
        event_free(signals[i]);
    cw_buf_free(&why);
    return ok ? 0 : 1;
}

int cw_edge_main(int argc, char **argv)
{
    struct edge edge = {.log = {.role = "edge"}, .counters.since = (int64_t)time(NULL)};
    int status =
        cw_role_begin(argc, argv, "Terminates the streams of XMPP partners.", &edge.config);
    if (status >= 0)
        return status;
    TAILQ_INIT(&edge.streams);
    TAILQ_INIT(&edge.answers);
    edge.base = event_base_new();
    edge.leave_timer = cw_timer_new(edge.base, leave, &edge);
    edge.farewell_timer = cw_timer_new(edge.base, edge_streams_part, &edge);
    edge.answers_timer = cw_timer_new(edge.base, edge_verify_deliver, &edge);
    status = run(&edge);
    event_base_free(edge.base);
    cw_config_free(&edge.config);
    return status;
}
