/* The threat model of the panel.  It reads requests from browsers: whoever takes it over has the
 * store and may ask the gateway, as an administrator may, and shall get nothing else.
 *
 *     may     read and write the store; bind and remove its socket; make its certificate
 *             read the web application, its certificate, the names of accounts
 *             ask the gateway over its control socket; accept on what listens already
 *             ask the directory, with its CA and the password of the account that searches
 *     may not see the edge's key, the configuration or any other file
 *             listen anew or bind a TCP port that is not in the configuration
 *             start a program, a process or a thread; look into another process or signal it;
 *             make memory executable; become root again
 *
 * The file system closes first, for the threads must be born into it; accounts and system calls
 * follow when everything is bound, and hold for all threads. */
#include "panel/panel_priv.h"

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
    const struct cw_panel_config *panel = &config->panel;
    cw_paths_add_parent(paths, config->gateway.control_socket, CW_PATH_CONNECT);
    cw_paths_add(paths, CW_S("/etc/passwd"), CW_PATH_READ);
    cw_paths_add(paths, panel->files, CW_PATH_READ);
    add_beside(config, paths, panel->certificate);
    add_beside(config, paths, panel->key);
    add_beside(config, paths, panel->ldap.ca);
    add_beside(config, paths, panel->ldap.bind_password_file);
    if (cw_str_is_empty(panel->certificate))
        cw_paths_add(paths, config->data_dir, CW_PATH_WRITE);
    cw_paths_add_parent(paths, panel->socket, CW_PATH_WRITE);
    cw_paths_add_parent(paths, config->gateway.store, CW_PATH_WRITE);
}

static uint16_t *list_ports(const struct cw_config *config, struct cw_arena *arena, size_t *n)
{
    uint16_t *ports = cw_arena_alloc(arena, (config->panel.n_listen + 1) * sizeof *ports);
    *n = config->panel.n_listen;
    for (size_t i = 0; i < *n; i++)
        ports[i] = config->panel.listen[i].port;
    return ports;
}

/* The store made by root, by a command perhaps, is the account's. */
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

static void warn_of_neighbours(const struct panel *panel)
{
    const struct cw_config *config = &panel->config;
    const struct cw_certificate_config *pair = config->edge.certificates;
    for (size_t i = 0; panel->rights.has_sandbox && i < config->edge.n_certificates; i++)
        if (cw_path_is_beside(pair[i].key, config->gateway.store))
            CW_LOG(&panel->log, CW_LOG_WARN, "key-not-hidden", CW_KV("key", pair[i].key),
                   CW_KVC("reason", "the edge's key is in the directory of the store, which the "
                                    "panel needs; keep them apart"));
}

bool panel_rights_files(struct panel *panel, struct cw_buf *why)
{
    const struct cw_config *config = &panel->config;
    struct cw_arena arena = {0};
    struct cw_paths paths = {.arena = &arena};
    size_t n_ports;
    panel->rights = (struct cw_rights){
        .log = &panel->log,
        .has_sandbox = config->sandbox == CW_ON,
        .limits = {config->max_files, config->max_memory_mib},
        .calls = calls,
    };
    uint16_t *ports = list_ports(config, &arena, &n_ports);
    list_paths(config, &paths);
    struct cw_view view = {paths.list, paths.n, ports, n_ports};
    bool ok = cw_user_find(config->user.p, &panel->rights.user, why) &&
              hand_over(config, &panel->rights.user, why) &&
              cw_rights_view(&panel->rights, &view, why);
    cw_arena_free(&arena);
    if (ok)
        warn_of_neighbours(panel);
    return ok;
}

/* What was made by root until here is the account's from here on. */
bool panel_rights_drop(struct panel *panel, struct cw_buf *why)
{
    const struct cw_user *user = &panel->rights.user;
    const struct cw_config *config = &panel->config;
    struct cw_str made = cw_arena_printf(&panel->arena, "%.*s/panel.pem", CW_ARG(config->data_dir));
    return hand_over(config, user, why) && cw_user_give(user, config->panel.socket.p, why) &&
           cw_user_give(user, made.p, why) && cw_rights_drop(&panel->rights, why);
}
