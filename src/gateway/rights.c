/* The threat model of the gateway.  It reads SIP from configured peers, and stanzas that an edge
 * has checked: whoever takes it over has the store and the links, and shall get nothing else.
 *
 *     may     read and write the store; bind and remove its control socket
 *             connect to its edges and SIP hops; accept on what listens already
 *     may not see the edge's key, the configuration or any other file; write outside the store's
 *             and the control socket's directory
 *             listen anew or bind a TCP port that is not in the configuration
 *             start a program, a process or a thread; look into another process or signal it;
 *             make memory executable; become root again
 *
 * The file system closes first, for the database's thread must be born into it; accounts and system
 * calls follow when everything is bound and open, and hold for both threads. */
#include "gateway/gateway_priv.h"

static const unsigned calls = CW_CALLS_NETWORK | CW_CALLS_UNIX | CW_CALLS_READ_FILES |
                              CW_CALLS_WRITE_FILES | CW_CALLS_DATABASE;

/* The file alone where a key of the edge lies beside it. */
static void add_beside(const struct cw_config *config, struct cw_paths *paths, struct cw_str file)
{
    const struct cw_edge_config *edge = &config->edge;
    struct cw_str hidden = edge->key;
    for (size_t i = 0; i < edge->n_certificates; i++)
        if (cw_path_is_beside(edge->certificates[i].key, file))
            hidden = edge->certificates[i].key;
    cw_paths_add_beside(paths, file, hidden);
}

/* Sockets first: where one directory is in the list twice, the later row counts. */
static void list_paths(const struct cw_config *config, struct cw_paths *paths)
{
    const struct cw_gateway_config *gateway = &config->gateway;
    for (size_t i = 0; i < gateway->n_edges; i++)
        if (cw_str_starts(gateway->edges[i], CW_S("/")))
            cw_paths_add_parent(paths, gateway->edges[i], CW_PATH_CONNECT);
    add_beside(config, paths, gateway->link_certificate);
    add_beside(config, paths, gateway->sip.certificate);
    add_beside(config, paths, gateway->sip.key);
    add_beside(config, paths, gateway->sip.ca);
    cw_paths_add_parent(paths, gateway->control_socket, CW_PATH_WRITE);
    cw_paths_add_parent(paths, gateway->store, CW_PATH_WRITE);
}

static uint16_t *list_ports(const struct cw_config *config, struct cw_arena *arena, size_t *n)
{
    uint16_t *ports = cw_arena_alloc(arena, (config->gateway.sip.n_listen + 1) * sizeof *ports);
    *n = 0;
    for (size_t i = 0; i < config->gateway.sip.n_listen; i++)
        if (config->gateway.sip.listen[i].transport != CW_TRANSPORT_UDP)
            ports[(*n)++] = config->gateway.sip.listen[i].address.port;
    return ports;
}

/* The store made by root, by a command perhaps, is the account's; SQLite gives the files that it
 * makes beside it to the same. */
static bool hand_over(const struct cw_config *config, const struct cw_user *user,
                      struct cw_buf *why)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    struct cw_arena arena = {0};
    bool ok = cw_user_directory(user, config->data_dir.p, why);
    for (size_t i = 0; ok && i < 4; i++)
        ok = cw_user_give(
            user, cw_arena_printf(&arena, "%.*s%s", CW_ARG(config->gateway.store), suffixes[i]).p,
            why);
    cw_arena_free(&arena);
    return ok;
}

static void warn_of_neighbours(const struct gateway *gateway)
{
    const struct cw_config *config = &gateway->config;
    const struct cw_certificate_config *pair = config->edge.certificates;
    for (size_t i = 0; gateway->rights.has_sandbox && i < config->edge.n_certificates; i++)
        if (cw_path_is_beside(pair[i].key, config->gateway.store))
            CW_LOG(&gateway->log, CW_LOG_WARN, "key-not-hidden", CW_KV("key", pair[i].key),
                   CW_KVC("reason", "the edge's key is in the directory of the store, which the "
                                    "gateway needs; keep them apart"));
}

bool gw_rights_files(struct gateway *gateway, struct cw_buf *why)
{
    const struct cw_config *config = &gateway->config;
    struct cw_arena arena = {0};
    struct cw_paths paths = {.arena = &arena};
    size_t n_ports;
    gateway->rights = (struct cw_rights){
        .log = &gateway->log,
        .has_sandbox = config->sandbox == CW_ON,
        .limits = {config->max_files, config->max_memory_mib},
        .calls = calls,
    };
    uint16_t *ports = list_ports(config, &arena, &n_ports);
    list_paths(config, &paths);
    struct cw_view view = {paths.list, paths.n, ports, n_ports};
    bool ok = cw_user_find(config->user.p, &gateway->rights.user, why) &&
              hand_over(config, &gateway->rights.user, why) &&
              cw_rights_view(&gateway->rights, &view, why);
    cw_arena_free(&arena);
    if (ok)
        warn_of_neighbours(gateway);
    return ok;
}

bool gw_rights_drop(struct gateway *gateway, struct cw_buf *why)
{
    return cw_user_give(&gateway->rights.user, gateway->config.gateway.control_socket.p, why) &&
           cw_rights_drop(&gateway->rights, why);
}
