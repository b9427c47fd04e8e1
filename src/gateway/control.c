/* The control socket: a command line or panel process that has changed the store says
 * {"command":"reload"} and is told when every connected edge works from the new policy:
 * {"ok":true,"version":7,"edges":1}.  One JSON object a line; local users of the socket's group
 * only. */
#include <jansson.h>

#include "gateway/gateway_priv.h"
#include "io/conn.h"
#include "io/listener.h"

enum { MAX_LINE = 4096, CONFIRM_TIMEOUT_MS = 4000, MAX_CLIENTS = 64, CLOSE_DEADLINE_MS = 1000 };

struct client {
    TAILQ_ENTRY(client) link;
    struct gw_control *control;
    struct cw_conn *conn;
    struct cw_buf line;
    struct cw_timer *timer;
    bool waits_for_store, waits_for_edges;
};

struct gw_control {
    struct gateway *gateway;
    struct cw_listener *listener;
    TAILQ_HEAD(, client) clients;
    size_t n;
};

static void end(struct client *client)
{
    TAILQ_REMOVE(&client->control->clients, client, link);
    client->control->n--;
    cw_timer_free(&client->timer);
    cw_conn_free(&client->conn);
    cw_buf_free(&client->line);
    cw_free(client);
}

static void reply(struct client *client, json_t *answer)
{
    char *text = json_dumps(answer, JSON_COMPACT);
    client->waits_for_edges = false;
    cw_timer_stop(client->timer);
    cw_conn_write(client->conn, cw_str_of(text));
    cw_conn_write(client->conn, CW_S("\n"));
    cw_conn_close(client->conn, CLOSE_DEADLINE_MS);
    free(text);
    json_decref(answer);
}

static void reply_version(struct client *client)
{
    const struct gateway *gateway = client->control->gateway;
    json_int_t confirmed = 0;
    for (size_t i = 0; i < gateway->n_edges; i++)
        confirmed += gw_edge_version(gateway->edges[i]) == gateway->policy->version;
    reply(client, json_pack("{s:b,s:I,s:I}", "ok", 1, "version",
                            (json_int_t)gateway->policy->version, "edges", confirmed));
}

static bool all_edges_have_it(const struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->n_edges; i++)
        if (gw_edge_is_up(gateway->edges[i]) &&
            gw_edge_version(gateway->edges[i]) != gateway->policy->version)
            return false;
    return true;
}

void gw_control_policy_confirmed(struct gw_control *control)
{
    struct client *client, *next;
    if (!control || !all_edges_have_it(control->gateway))
        return;
    for (client = TAILQ_FIRST(&control->clients); client; client = next) {
        next = TAILQ_NEXT(client, link);
        if (client->waits_for_edges)
            reply_version(client);
    }
}

/* The store's answer serves everybody who asked before it: what they changed is in it. */
static void on_reloaded(void *arg)
{
    struct gw_control *control = arg;
    struct client *client;
    TAILQ_FOREACH (client, &control->clients, link) {
        if (client->waits_for_store) {
            client->waits_for_store = false;
            client->waits_for_edges = true;
        }
    }
    gw_control_policy_confirmed(control);
}

static void on_timeout(void *arg)
{
    struct client *client = arg;
    if (client->waits_for_edges)
        reply_version(client);
    else
        end(client);
}

static void on_line(struct client *client, struct cw_str line)
{
    json_t *request = json_loadb(line.p, line.n, 0, NULL);
    const char *command = json_string_value(json_object_get(request, "command"));
    if (command && cw_str_eq_cstr(cw_str_of(command), "reload")) {
        client->waits_for_store = true;
        gw_store_reload(client->control->gateway->store, on_reloaded, client->control);
    } else {
        reply(client, json_pack("{s:b,s:s}", "ok", 0, "error", "unknown command"));
    }
    json_decref(request);
}

static void on_data(void *arg, struct cw_str bytes)
{
    struct client *client = arg;
    if (client->line.n + bytes.n > MAX_LINE) {
        end(client);
        return;
    }
    cw_buf_puts(&client->line, bytes);
    ptrdiff_t end_of_line = cw_str_index(cw_buf_str(&client->line), '\n');
    if (end_of_line < 0 || client->waits_for_store || client->waits_for_edges)
        return;
    on_line(client, cw_str_sub(cw_buf_str(&client->line), 0, (size_t)end_of_line));
}

static void on_closed(void *arg, enum cw_conn_end why, struct cw_str sentence)
{
    (void)why;
    (void)sentence;
    end(arg);
}

static void on_accept(void *arg, int fd, const struct cw_addr *peer)
{
    static const struct cw_conn_callbacks callbacks = {.on_data = on_data, .on_closed = on_closed};
    struct gw_control *control = arg;
    struct client *client = cw_alloc(sizeof *client);
    client->control = control;
    client->timer = cw_timer_new(control->gateway->base, on_timeout, client);
    client->conn = cw_conn_accept(control->gateway->base, fd, peer, &callbacks, client);
    TAILQ_INSERT_TAIL(&control->clients, client, link);
    cw_timer_set(client->timer, CONFIRM_TIMEOUT_MS);
    if (++control->n > MAX_CLIENTS)
        end(TAILQ_FIRST(&control->clients));
}

struct gw_control *gw_control_new(struct gateway *gateway, struct cw_buf *why)
{
    struct gw_control *control = cw_alloc(sizeof *control);
    control->gateway = gateway;
    TAILQ_INIT(&control->clients);
    control->listener = cw_listener_new_unix(
        gateway->base, gateway->config.gateway.control_socket.p, 0660, on_accept, control, why);
    if (!control->listener)
        gw_control_free(&control);
    return control;
}

void gw_control_free(struct gw_control **ptr)
{
    struct gw_control *control = *ptr;
    struct client *client;
    *ptr = NULL;
    if (!control)
        return;
    while ((client = TAILQ_FIRST(&control->clients)))
        end(client);
    cw_listener_free(&control->listener);
    cw_free(control);
}
