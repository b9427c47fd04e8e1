/* Who may connect: browsers and scripts by TLS, the command line by the Unix socket; so many of one
 * address, and together.  Where there is no room, whoever is silent longest makes it: a crowd of
 * strangers keeps nobody out who has something to ask.
 *
 * At the end nobody new is let in, what is being done is answered, and the rest says goodbye. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/listener.h"
#include "io/tls.h"
#include "panel/server_priv.h"

enum {
    MAX_GROUPS = 64,
    DAY_MS = 86400000,
    SMALL_BODY = 64 << 10,
    MAX_LARGE_BODIES = 32 << 20, /* that are being sent, together */
    MAX_OF_ADDRESS = MAX_LARGE_BODIES / 2,
};

struct count {
    unsigned n;
    size_t body_bytes; /* of large bodies that are being sent */
};

/* --- the end of a connection ------------------------------------------------------------------*/

static void forget_address(struct panel_server *server, const struct panel_peer *peer)
{
    struct count *count = cw_map_get(&server->per_address, peer->site);
    if (peer->is_unix || !count || --count->n > 0)
        return;
    cw_map_remove(&server->per_address, peer->site);
    cw_free(count);
}

static void set_body(struct panel_conn *c, size_t n)
{
    struct count *count = cw_map_get(&c->server->per_address, c->peer.site);
    c->server->body_bytes = c->server->body_bytes - c->body_bytes + n;
    if (count)
        count->body_bytes = count->body_bytes - c->body_bytes + n;
    c->body_bytes = n;
}

void panel_server_forget(struct panel_conn *c)
{
    struct panel_server *server = c->server;
    TAILQ_REMOVE(&server->conns, c, link);
    server->n_conns--;
    set_body(c, 0);
    forget_address(server, &c->peer);
    if (server->is_stopping && server->n_conns == 0)
        event_base_loopbreak(server->panel->base);
}

bool panel_server_promise(struct panel_server *server, struct panel_conn *c, size_t n_bytes)
{
    const struct count *count = cw_map_get(&server->per_address, c->peer.site);
    size_t n = n_bytes > SMALL_BODY && !c->peer.is_unix ? n_bytes : 0;
    set_body(c, 0);
    if (n > MAX_LARGE_BODIES - server->body_bytes ||
        (count && n > MAX_OF_ADDRESS - count->body_bytes))
        return false;
    set_body(c, n);
    return true;
}

/* --- accepting --------------------------------------------------------------------------------*/

/* root, the account that this process runs as, or a member of its group. */
static bool read_credentials(int fd, struct panel_peer *peer)
{
    struct ucred cred;
    gid_t groups[MAX_GROUPS];
    socklen_t n = sizeof cred, n_groups = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0)
        return false;
    peer->is_unix = true;
    peer->uid = cred.uid;
    peer->is_administrator = cred.uid == 0 || cred.uid == geteuid() || cred.gid == getegid();
#ifdef SO_PEERGROUPS
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n_groups) == 0)
        for (size_t i = 0; i < n_groups / sizeof *groups; i++)
            peer->is_administrator = peer->is_administrator || groups[i] == getegid();
#endif
    return true;
}

static bool has_room_for(struct panel_server *server, struct cw_str site)
{
    const struct count *count = cw_map_get(&server->per_address, site);
    return !count || count->n < server->panel->config.panel.max_per_address;
}

/* False: everybody is being answered. */
static bool make_room(struct panel_server *server)
{
    struct panel_conn *c;
    if (server->n_conns < server->panel->config.panel.max_connections)
        return true;
    TAILQ_FOREACH (c, &server->conns, link)
        if (!c->peer.is_unix && panel_conn_is_idle(c)) {
            panel_conn_end(c);
            return true;
        }
    return false;
}

static void count_address(struct panel_server *server, struct cw_str site)
{
    struct count *count = cw_map_get(&server->per_address, site);
    if (!count) {
        count = cw_alloc(sizeof *count);
        cw_map_set(&server->per_address, site, count);
    }
    count->n++;
}

static void take(struct panel_server *server, int fd, const struct cw_addr *from,
                 const struct panel_peer *peer)
{
    struct panel_conn *c = panel_conn_new(server, fd, from, peer);
    TAILQ_INSERT_TAIL(&server->conns, c, link);
    server->n_conns++;
}

static struct cw_str local_address(int fd, struct cw_arena *arena)
{
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof ss;
    if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0)
        return CW_S("");
    struct cw_addr local = cw_addr_of((struct sockaddr *)&ss, n);
    return cw_addr_ip(arena, &local);
}

static void on_accept_tls(void *arg, int fd, const struct cw_addr *from)
{
    struct panel_server *server = arg;
    struct cw_arena arena = {0};
    struct panel_peer peer = {.address = cw_addr_ip(&arena, from),
                              .site = cw_addr_site(&arena, from)};
    if (has_room_for(server, peer.site) && make_room(server)) {
        peer.local = local_address(fd, &arena);
        count_address(server, peer.site);
        take(server, fd, from, &peer);
    } else {
        CW_LOG(&server->panel->log, CW_LOG_WARN, "connection-refused",
               CW_KV("address", peer.address), CW_KVC("reason", "too many connections"));
        close(fd);
    }
    cw_arena_free(&arena);
}

static void on_accept_unix(void *arg, int fd, const struct cw_addr *from)
{
    struct panel_server *server = arg;
    struct panel_peer peer = {.address = CW_STR(""), .site = CW_STR("")};
    if (read_credentials(fd, &peer) &&
        server->n_conns < 2 * server->panel->config.panel.max_connections)
        take(server, fd, from, &peer);
    else
        close(fd);
}

/* --- the server -------------------------------------------------------------------------------*/

bool panel_server_load_certificate(struct panel_server *server, struct cw_buf *why)
{
    struct cw_str certificate, key;
    if (!panel_certificate_paths(server->panel, &certificate, &key, why))
        return false;
    struct cw_tls_ctx *fresh = cw_tls_ctx_new(&(struct cw_tls_options){.cert_file = certificate.p,
                                                                       .key_file = key.p,
                                                                       .asks_no_certificate = true},
                                              why);
    if (!fresh)
        return false;
    cw_tls_ctx_free(&server->tls);
    server->tls = fresh;
    return true;
}

/* Nobody has to remember a certificate of our own making. */
static void on_day(void *arg)
{
    struct panel_server *server = arg;
    struct cw_buf why = {0};
    cw_timer_set(server->daily, DAY_MS);
    if (panel_certificate_is_due(server->panel) && !panel_server_load_certificate(server, &why))
        CW_LOG(&server->panel->log, CW_LOG_ERROR, "panel-certificate-refused",
               CW_KV("reason", cw_buf_str(&why)));
    cw_buf_free(&why);
}

static bool listen_on(struct panel_server *server, const struct cw_endpoint *where,
                      struct cw_buf *why)
{
    struct cw_addr address;
    if (!cw_addr_parse(where->ip, where->port, &address))
        return false;
    struct cw_listener *listener =
        cw_listener_new(server->panel->base, &address, on_accept_tls, server, why);
    if (!listener)
        return false;
    server->listeners[server->n_listeners++] = listener;
    return true;
}

struct panel_server *panel_server_new(struct panel *panel, struct cw_buf *why)
{
    const struct cw_panel_config *config = &panel->config.panel;
    struct panel_server *server = cw_alloc(sizeof *server);
    server->panel = panel;
    server->listeners = cw_alloc((config->n_listen + 1) * sizeof(struct cw_listener *));
    TAILQ_INIT(&server->conns);
    server->daily = cw_timer_new(panel->base, on_day, server);
    cw_timer_set(server->daily, DAY_MS);
    bool ok = panel_server_load_certificate(server, why);
    for (size_t i = 0; ok && i < config->n_listen; i++)
        ok = listen_on(server, &config->listen[i], why);
    struct cw_listener *local =
        ok ? cw_listener_new_unix(panel->base, config->socket.p, 0660, on_accept_unix, server, why)
           : NULL;
    if (local)
        server->listeners[server->n_listeners++] = local;
    else
        panel_server_free(&server);
    return server;
}

static void free_count(struct cw_str key, void *count, void *arg)
{
    (void)key;
    (void)arg;
    cw_free(count);
}

static void close_listeners(struct panel_server *server)
{
    for (size_t i = 0; i < server->n_listeners; i++)
        cw_listener_free(&server->listeners[i]);
    server->n_listeners = 0;
}

unsigned panel_server_connections(const struct panel_server *server)
{
    return server->n_conns;
}

void panel_server_wind_up(struct panel_server *server)
{
    struct panel_conn *c;
    close_listeners(server);
    server->is_stopping = true;
    TAILQ_FOREACH (c, &server->conns, link)
        panel_conn_wind_up(c);
    if (server->n_conns == 0)
        event_base_loopbreak(server->panel->base);
}

void panel_server_free(struct panel_server **at)
{
    struct panel_server *server = *at;
    if (!server)
        return;
    close_listeners(server);
    while (!TAILQ_EMPTY(&server->conns))
        panel_conn_end(TAILQ_FIRST(&server->conns));
    cw_map_each(&server->per_address, free_count, NULL);
    cw_map_free(&server->per_address);
    cw_timer_free(&server->daily);
    cw_tls_ctx_free(&server->tls);
    cw_free(server->listeners);
    cw_free(server);
    *at = NULL;
}
