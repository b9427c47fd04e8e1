/* The control socket: a command line or panel process that has changed the store says
 * {"command":"reload"} and is told when every connected edge works from the new policy:
 * {"ok":true,"version":7,"edges":1}.  {"command":"ask", ...} is a question to the edges (ask.h),
 * {"command":"test im", ...} sends a message (test_im.h), {"command":"counters"} is answered with
 * what was counted (counters.h).  Before its answer a question may give
 * lines of the form {"progress":{...},"edge":PATH}.  One JSON object a line, one request a
 * connection; local users of the socket's group only. */
#include "gateway/ask.h"
#include "gateway/gateway_priv.h"
#include "gateway/test_im.h"
#include "io/conn.h"
#include "io/listener.h"

enum {
    MAX_LINE = CW_LINK_MAX_ASK_BYTES + 4096,
    CONFIRM_TIMEOUT_MS = 4000,
    MAX_CLIENTS = 64,
    CLOSE_DEADLINE_MS = 1000,
};

struct client {
    TAILQ_ENTRY(client) link;
    struct gw_control *control;
    struct cw_conn *conn;
    struct cw_buf line;
    struct cw_timer *timer; /* of the request, and of a reload */
    bool is_asked;          /* the request is there */
    bool waits_for_store, waits_for_edges;
    struct gw_ask *ask;         /* NULL: none */
    struct gw_test_im *test_im; /* NULL: none */
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
    gw_ask_cancel(&client->ask);
    gw_test_im_leave(&client->test_im);
    cw_timer_free(&client->timer);
    cw_conn_free(&client->conn);
    cw_buf_free(&client->line);
    cw_free(client);
}

static void write_line(struct client *client, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    cw_assert(text != NULL);
    cw_conn_write(client->conn, cw_str_of(text));
    cw_conn_write(client->conn, CW_S("\n"));
    free(text);
}

static void reply(struct client *client, json_t *answer)
{
    client->waits_for_edges = false;
    cw_timer_stop(client->timer);
    write_line(client, answer);
    cw_conn_close(client->conn, CLOSE_DEADLINE_MS);
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

/* --- requests ---------------------------------------------------------------------------------*/

static void start_reload(struct client *client, const json_t *request)
{
    (void)request;
    client->waits_for_store = true;
    gw_store_reload(client->control->gateway->store, on_reloaded, client->control);
}

static void on_progress(void *arg, struct cw_str edge, json_t *news)
{
    json_t *line = json_pack("{s:O,s:s%}", "progress", news, "edge", edge.p, edge.n);
    cw_assert(line != NULL);
    write_line(arg, line);
    json_decref(line);
}

static void on_asked(void *arg, json_t *answer)
{
    struct client *client = arg;
    client->ask = NULL;
    reply(client, answer);
}

static void start_ask(struct client *client, const json_t *request)
{
    static const struct gw_ask_hooks hooks = {.progress = on_progress, .done = on_asked};
    cw_timer_stop(client->timer);
    client->ask = gw_ask_start(client->control->gateway->asks, request, &hooks, client);
}

static void on_tested(void *arg, json_t *answer)
{
    struct client *client = arg;
    client->test_im = NULL;
    reply(client, answer);
}

static void start_test_im(struct client *client, const json_t *request)
{
    cw_timer_stop(client->timer);
    client->test_im = gw_test_im_start(client->control->gateway, request, on_tested, client);
}

static void tell_counters(struct client *client, const json_t *request)
{
    (void)request;
    reply(client, gw_counters_tell(client->control->gateway));
}

static void on_line(struct client *client, struct cw_str line)
{
    static const struct {
        const char *command;
        void (*start)(struct client *, const json_t *request);
    } rows[] = {{"reload", start_reload},
                {"ask", start_ask},
                {"test im", start_test_im},
                {"counters", tell_counters}};
    json_t *request = json_loadb(line.p, line.n, 0, NULL);
    struct cw_str command = cw_str_of(json_string_value(json_object_get(request, "command")));
    size_t i = 0;
    while (i < sizeof rows / sizeof *rows && !cw_str_eq_cstr(command, rows[i].command))
        i++;
    if (i < sizeof rows / sizeof *rows)
        rows[i].start(client, request);
    else
        reply(client, json_pack("{s:b,s:s}", "ok", 0, "error", "unknown command"));
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
    if (end_of_line < 0 || client->is_asked)
        return;
    client->is_asked = true;
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
