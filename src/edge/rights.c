/* The threat model of the edge.  It reads XMPP, TLS and DNS from strangers: whoever takes it over
 * has the edge's key and streams, which are in its memory, and shall get nothing else.
 *
 *     may     read certificates, keys and trust anchors again, also after they were replaced
 *             keep its snapshot in state-dir
 *             talk to partners, their web servers and resolvers over IPv4 and IPv6; accept on what
 *             listens already
 *     may not see the store, the configuration or any other file; write outside state-dir
 *             listen anew; reach the gateway's control socket, or any Unix socket
 *             start a program, a process or a thread; look into another process or signal it;
 *             make memory executable; become root again
 *
 * Taken away when everything is bound and open, all at once: the edge has one thread. */
#include <unistd.h>

#include "edge/edge_priv.h"

static const unsigned calls = CW_CALLS_NETWORK | CW_CALLS_READ_FILES | CW_CALLS_WRITE_FILES;

static void list_paths(const struct cw_config *config, struct cw_paths *paths)
{
    struct cw_str store = config->gateway.store;
    cw_paths_add(paths, config->edge.state_dir, CW_PATH_WRITE);
    for (size_t i = 0; i < config->edge.n_certificates; i++) {
        cw_paths_add_beside(paths, config->edge.certificates[i].certificate, store);
        cw_paths_add_beside(paths, config->edge.certificates[i].key, store);
    }
    cw_paths_add_beside(paths, config->edge.ca, store);
    cw_paths_add_beside(paths, config->edge.crl, store);
    cw_paths_add_beside(paths, config->edge.link_certificate, store);
}

bool edge_rights_prepare(struct edge *edge, struct cw_buf *why)
{
    const struct cw_config *config = &edge->config;
    struct cw_user *user = &edge->rights.user;
    edge->rights = (struct cw_rights){
        .log = &edge->log,
        .has_sandbox = config->sandbox == CW_ON,
        .limits = {config->max_files, config->max_memory_mib},
        .calls = calls,
    };
    return cw_user_find(config->user.p, user, why) &&
           cw_user_directory(user, config->data_dir.p, why) &&
           cw_user_directory(user, config->edge.state_dir.p, why);
}

static void warn_of_keys(const struct edge *edge)
{
    const struct cw_edge_config *config = &edge->config.edge;
    for (size_t i = 0; i < config->n_certificates; i++)
        if (access(config->certificates[i].key.p, R_OK) != 0)
            CW_LOG(&edge->log, CW_LOG_WARN, "key-not-readable",
                   CW_KV("key", config->certificates[i].key), CW_KV("user", edge->config.user),
                   CW_KVC("reason", "a renewed certificate needs a restart, as this account cannot "
                                    "read the key"));
}

bool edge_rights_drop(struct edge *edge, struct cw_buf *why)
{
    const struct cw_config *config = &edge->config;
    struct cw_arena arena = {0};
    struct cw_paths paths = {.arena = &arena};
    list_paths(config, &paths);
    struct cw_view view = {.paths = paths.list, .n_paths = paths.n};
    bool ok = cw_user_give(&edge->rights.user, config->edge.link_socket.p, why) &&
              cw_rights_view(&edge->rights, &view, why) && cw_rights_drop(&edge->rights, why);
    cw_arena_free(&arena);
    if (ok)
        warn_of_keys(edge);
    return ok;
}
