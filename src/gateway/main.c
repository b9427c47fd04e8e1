/* The gateway's program: configuration, parts, signals, and the policy for everybody. */
#include "gateway/main.h"

#include <signal.h>
#include <time.h>

#include "base/secret.h"
#include "conf/role.h"
#include "gateway/ask.h"
#include "gateway/gateway_priv.h"
#include "gateway/presence.h"
#include "gateway/signals.h"

void gw_set_policy(struct gateway *gateway, struct cw_policy *policy)
{
    CW_LOG(&gateway->log, CW_LOG_INFO, "policy", CW_KVI("version", policy->version),
           CW_KVI("partners", policy->n_partners));
    cw_policy_unref(&gateway->policy);
    gateway->policy = cw_policy_ref(policy);
    for (size_t i = 0; i < gateway->n_edges; i++)
        gw_edge_send_policy(gateway->edges[i]);
}

enum { FAREWELL_MS = 200 };

void gw_log_body(const struct gateway *gateway, const char *direction, struct cw_str from,
                 struct cw_str to, struct cw_str body)
{
    if (gateway->policy->settings.log_bodies)
        CW_LOG(&gateway->log, CW_LOG_INFO, "message-body", CW_KVC("direction", direction),
               CW_KV("from", from), CW_KV("to", to), CW_KV("body", body));
}

static void leave(void *arg)
{
    struct gateway *gateway = arg;
    event_base_loopbreak(gateway->base);
}

/* Whoever waits for an answer gets it; a moment later, when it has left, so do we. */
static void on_terminate(evutil_socket_t signal_number, short what, void *arg)
{
    struct gateway *gateway = arg;
    (void)signal_number;
    (void)what;
    if (gateway->stopping)
        return;
    CW_LOG(&gateway->log, CW_LOG_INFO, "stopping", CW_KVI("edges", gateway->n_edges));
    gateway->stopping = true;
    if (gateway->s2x)
        gw_s2x_shutdown(gateway->s2x);
    cw_timer_set(gateway->leave_timer, FAREWELL_MS);
}

static void on_hangup(evutil_socket_t signal_number, short what, void *arg)
{
    struct gateway *gateway = arg;
    struct cw_buf why = {0};
    (void)signal_number;
    (void)what;
    if (!gw_edges_load_certificate(gateway, &why))
        CW_LOG(&gateway->log, CW_LOG_ERROR, "link-certificate-refused",
               CW_KV("reason", cw_buf_str(&why)));
    cw_buf_reset(&why);
    if (!gw_sip_load_certificate(gateway->sip, &why))
        CW_LOG(&gateway->log, CW_LOG_ERROR, "sip-certificate-refused",
               CW_KV("reason", cw_buf_str(&why)));
    cw_buf_free(&why);
}

static bool start(struct gateway *gateway, struct cw_buf *why)
{
    const struct cw_gateway_config *config = &gateway->config.gateway;
    gateway->instance = cw_random_hex(&gateway->arena, 8);
    gateway->store = gw_rights_files(gateway, why) ? gw_store_new(gateway, why) : NULL;
    if (!gateway->store)
        return false;
    gateway->x2s = gw_x2s_new(gateway);
    gateway->s2x = gw_s2x_new(gateway);
    gateway->signals = gw_signals_new(gateway);
    gateway->presence = gw_presence_new(gateway);
    gateway->asks = gw_asks_new(gateway);
    gateway->control = gw_control_new(gateway, why);
    gateway->sip = gateway->control ? gw_sip_new(gateway, why) : NULL;
    if (!gateway->sip || !gw_edges_load_certificate(gateway, why))
        return false;
    gateway->edges = cw_alloc(config->n_edges * sizeof *gateway->edges);
    gateway->n_edges = config->n_edges;
    for (size_t i = 0; i < config->n_edges; i++)
        gateway->edges[i] = gw_edge_new(gateway, config->edges[i]);
    return gw_rights_drop(gateway, why);
}

static void finish(struct gateway *gateway)
{
    gateway->stopping = true;
    cw_timer_free(&gateway->leave_timer);
    gw_control_free(&gateway->control);
    for (size_t i = 0; i < gateway->n_edges; i++)
        gw_edge_free(&gateway->edges[i]);
    cw_free(gateway->edges);
    gw_asks_free(&gateway->asks);
    cw_tls_ctx_free(&gateway->link_tls);
    gw_sip_free(&gateway->sip);
    gw_presence_free(&gateway->presence);
    gw_x2s_free(&gateway->x2s);
    gw_s2x_free(&gateway->s2x);
    gw_signals_free(&gateway->signals);
    gw_store_free(&gateway->store);
    if (gateway->policy)
        cw_policy_unref(&gateway->policy);
    cw_arena_free(&gateway->arena);
}

static int run(struct gateway *gateway)
{
    struct cw_buf why = {0};
    struct event *signals[3] = {
        evsignal_new(gateway->base, SIGTERM, on_terminate, gateway),
        evsignal_new(gateway->base, SIGINT, on_terminate, gateway),
        evsignal_new(gateway->base, SIGHUP, on_hangup, gateway),
    };
    for (size_t i = 0; i < 3; i++)
        evsignal_add(signals[i], NULL);
    gateway->leave_timer = cw_timer_new(gateway->base, leave, gateway);
    bool ok = start(gateway, &why);
    if (ok) {
        CW_LOG(&gateway->log, CW_LOG_INFO, "started", CW_KVI("version", gateway->policy->version),
               CW_KVI("partners", gateway->policy->n_partners));
        gw_presence_review(gateway->presence); /* the rules may have changed while nobody ran */
        event_base_dispatch(gateway->base);
    } else {
        CW_LOG(&gateway->log, CW_LOG_ERROR, "cannot-start", CW_KV("reason", cw_buf_str(&why)));
    }
    finish(gateway);
    for (size_t i = 0; i < 3; i++)
        event_free(signals[i]);
    cw_buf_free(&why);
    return ok ? 0 : 1;
}

int cw_gateway_main(int argc, char **argv)
{
    struct gateway gateway = {.log = {.role = "gateway"}, .counters.since = (int64_t)time(NULL)};
    int status = cw_role_begin(argc, argv, "Translates between the edges' stanzas and SIP.",
                               &gateway.config);
    if (status >= 0)
        return status;
    gateway.base = event_base_new();
    status = run(&gateway);
    event_base_free(gateway.base);
    cw_config_free(&gateway.config);
    return status;
}
