/* The panel's program: configuration, parts, signals, the first start. */
#include "panel/main.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "api/account.h"
#include "conf/role.h"
#include "panel/directory.h"
#include "panel/health.h"
#include "panel/panel_priv.h"

enum { LEAVE_S = 4 }; /* with the threads' end less than what `causeway run` waits */

/* What is being done is answered first, unless it takes too long, or the signal comes again. */
static void leave(evutil_socket_t signal_number, short what, void *arg)
{
    const struct timeval within = {LEAVE_S, 0};
    struct panel *panel = arg;
    (void)signal_number;
    (void)what;
    CW_LOG(&panel->log, CW_LOG_INFO, "stopping", CW_KVI("pid", getpid()));
    if (panel->is_stopping) {
        event_base_loopbreak(panel->base);
        return;
    }
    panel->is_stopping = true;
    event_base_loopexit(panel->base, &within);
    panel_events_wind_up(panel->events);
    panel_server_wind_up(panel->server);
}

static void on_hangup(evutil_socket_t signal_number, short what, void *arg)
{
    struct panel *panel = arg;
    struct cw_buf why = {0};
    (void)signal_number;
    (void)what;
    if (panel_server_load_certificate(panel->server, &why))
        CW_LOG(&panel->log, CW_LOG_INFO, "certificate-loaded", CW_KVI("pid", getpid()));
    else
        CW_LOG(&panel->log, CW_LOG_ERROR, "panel-certificate-refused",
               CW_KV("reason", cw_buf_str(&why)));
    cw_buf_free(&why);
}

static struct cw_str host_name(struct cw_arena *arena)
{
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0 || !name[0])
        return CW_S("localhost");
    return cw_arena_dup(arena, cw_str_of(name));
}

/* Where it can be reached, and once the password that the administrator has to begin with: on
 * standard error, and never as a line of the log. */
static void tell_first_password(const struct panel *panel, struct cw_str password)
{
    const struct cw_endpoint *where = panel->config.panel.listen;
    bool is_v6 = cw_str_index(where->ip, ':') >= 0;
    fprintf(stderr,
            "\nCauseway's control panel: https://%s%.*s%s:%u/\n"
            "First sign-in: %s, with the one-time password %.*s\n"
            "It is shown this once; the first sign-in asks for another one.\n\n",
            is_v6 ? "[" : "", CW_ARG(where->ip), is_v6 ? "]" : "", where->port, CW_FIRST_ACCOUNT,
            CW_ARG(password));
    fflush(stderr);
}

/* Makes the store, too, where there is none: with a clear sentence when that cannot be done. */
static bool begin_store(struct panel *panel, struct cw_buf *why)
{
    const struct cw_config *config = &panel->config;
    const struct cw_store_options options = {config->gateway.store.p, config->local_domains,
                                             config->n_local_domains};
    struct cw_arena arena = {0};
    struct cw_refusal refusal;
    struct cw_store *store = NULL;
    struct cw_str password = CW_STR_NONE;
    bool ok = cw_store_open(&options, &store, &arena, &refusal) == CW_OK;
    if (!ok)
        cw_buf_puts(why, refusal.sentence);
    else if (cw_api_first_account(store, &arena, &password) != CW_OK) {
        cw_buf_putcstr(why, "the first account cannot be made; the log says more");
        ok = false;
    }
    if (store)
        cw_store_close(&store);
    if (cw_str_is_present(password))
        tell_first_password(panel, password);
    cw_arena_free(&arena);
    return ok;
}

static bool start(struct panel *panel, struct cw_buf *why)
{
    const struct cw_panel_config *config = &panel->config.panel;
    json_object_seed(0); /* before there are threads */
    panel->host_name = host_name(&panel->arena);
    if (!panel_rights_files(panel, why) || !begin_store(panel, why))
        return false;
    panel->lockout = cw_lockout_new(0);
    panel->rates = panel_rates_new(config->requests_per_s, config->requests_burst);
    panel->address_rates = panel_rates_new(4 * config->requests_per_s, 4 * config->requests_burst);
    panel->events = panel_events_new(panel);
    panel->workers = panel_directory_begin(panel, why) ? panel_workers_new(panel, why) : NULL;
    panel->health = panel->workers ? panel_health_new(panel) : NULL;
    panel->server = panel->workers ? panel_server_new(panel, why) : NULL;
    return panel->server && panel_rights_drop(panel, why);
}

static void finish(struct panel *panel)
{
    panel_workers_free(&panel->workers);
    panel_directory_end(panel);
    panel_health_free(&panel->health);
    panel_events_free(&panel->events);
    panel_server_free(&panel->server);
    panel_rates_free(&panel->rates);
    panel_rates_free(&panel->address_rates);
    cw_lockout_free(&panel->lockout);
    cw_arena_free(&panel->arena);
}

static int run(struct panel *panel)
{
    struct cw_buf why = {0};
    struct event *signals[3] = {
        evsignal_new(panel->base, SIGTERM, leave, panel),
        evsignal_new(panel->base, SIGINT, leave, panel),
        evsignal_new(panel->base, SIGHUP, on_hangup, panel),
    };
    for (size_t i = 0; i < 3; i++)
        evsignal_add(signals[i], NULL);
    bool ok = start(panel, &why);
    if (ok) {
        CW_LOG(&panel->log, CW_LOG_INFO, "started",
               CW_KV("address", panel->config.panel.listen->ip),
               CW_KVI("port", panel->config.panel.listen->port));
        event_base_dispatch(panel->base);
    } else {
        CW_LOG(&panel->log, CW_LOG_ERROR, "cannot-start", CW_KV("reason", cw_buf_str(&why)));
    }
    finish(panel);
    for (size_t i = 0; i < 3; i++)
        event_free(signals[i]);
    cw_buf_free(&why);
    return ok ? 0 : 1;
}

int cw_panel_main(int argc, char **argv)
{
    struct panel panel = {.log = {.role = "panel"}};
    int status =
        cw_role_begin(argc, argv, "The control panel and the API, by HTTPS.", &panel.config);
    if (status >= 0)
        return status;
    panel.base = event_base_new();
    status = run(&panel);
    event_base_free(panel.base);
    cw_config_free(&panel.config);
    return status;
}
