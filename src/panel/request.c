/* One request: is it meant for us, is it not one too many, whose business is its path.  No wait is
 * here; who needs one goes to a worker. */
#include "io/addr.h"
#include "panel/health.h"
#include "panel/panel_priv.h"

#include "api/rest.h"

enum {
    MAX_BODY = 1 << 20, /* but for imports, where the guard's own limit holds */
    MAX_RATE_KEY = 128, /* bytes of what is sent as a token: the longest that is one, and more */
};

/* Without the port, and without the brackets of an address. */
static struct cw_str name_of(struct cw_str host)
{
    if (host.n > 0 && host.p[0] == '[')
        return cw_str_sub(host, 1, (size_t)cw_str_index(host, ']'));
    ptrdiff_t colon = cw_str_index(host, ':');
    return cw_str_sub(host, 0, colon < 0 ? host.n : (size_t)colon);
}

/* A page elsewhere can give its own name our address and then talk to us as if to itself (DNS
 * rebinding, W10): only names that are known to be ours are answered. */
static bool is_ours(const struct panel_exchange *x)
{
    const struct cw_panel_config *config = &x->panel->config.panel;
    struct cw_str name = name_of(x->request.host);
    struct cw_addr address, local;
    if (x->peer.is_unix)
        return true;
    if (cw_addr_parse(name, 0, &address) && cw_addr_parse(x->peer.local, 0, &local))
        return cw_addr_eq_ip(&address, &local);
    for (size_t i = 0; i < config->n_names; i++)
        if (cw_str_eq_nocase(name, config->names[i]))
            return true;
    return cw_str_eq_nocase(name, x->panel->host_name) ||
           (cw_addr_parse(x->peer.local, 0, &local) && cw_addr_is_loopback(&local) &&
            cw_str_eq_nocase(name, CW_S("localhost")));
}

/* One session's or token's requests; and of one address those of all, so that made up ones are no
 * way around. */
static unsigned wait_of(struct panel_exchange *x)
{
    struct cw_str key = cw_http_field(&x->request, "authorization");
    if (x->peer.is_unix)
        return 0;
    if (!cw_str_is_present(key))
        key = panel_cookie(&x->request);
    unsigned wait_s =
        cw_str_is_present(key)
            ? panel_rates_take(x->panel->rates, cw_str_sub(key, 0, MAX_RATE_KEY), x->since_ms)
            : 0;
    return wait_s ? wait_s : panel_rates_take(x->panel->address_rates, x->peer.site, x->since_ms);
}

/* The answer's methods are those of the row; here what no row can take. */
static bool takes_method(struct panel_exchange *x)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (cw_str_eq_cstr(x->request.method, known[i]))
            return true;
    panel_header(x, "Allow", CW_S("GET, HEAD, POST, PUT, PATCH, DELETE"));
    panel_answer_problem(x, 405, "", CW_S("This method is not spoken here."));
    return false;
}

static bool is_below(struct cw_str path, struct cw_str directory)
{
    return cw_str_starts(path, directory) && (path.n == directory.n || path.p[directory.n] == '/');
}

void panel_request(struct panel_exchange *x)
{
    struct cw_str path = x->request.path, root = CW_S(CW_REST_ROOT);
    unsigned wait_s;
    if (!is_ours(x)) {
        panel_answer_problem(x, 421, "",
                             CW_S("The panel has no such name; panel.names in the configuration "
                                  "names further ones."));
        return;
    }
    if ((wait_s = wait_of(x)) > 0) {
        panel_header(x, "Retry-After", cw_arena_printf(&x->arena, "%u", wait_s));
        panel_answer_problem(x, 429, "", CW_S("Too many requests; wait a moment."));
        return;
    }
    if (!takes_method(x))
        return;
    if (x->request.body.n > MAX_BODY && !is_below(path, CW_S(CW_REST_ROOT "/import"))) {
        panel_answer_problem(x, 413, "", CW_S("The body is too large; 1 MiB is the most."));
        return;
    }
    if (!is_below(path, root)) {
        if (cw_str_eq_cstr(path, "/metrics"))
            panel_health_metrics(x);
        else if (is_below(path, CW_S("/api")))
            panel_answer_problem(x, 404, "", CW_S("There is nothing at this path."));
        else
            panel_file(x);
        return;
    }
    path = cw_str_sub(path, root.n, path.n);
    if (is_below(path, CW_S("/session")))
        panel_session(x, path);
    else if (cw_str_eq_cstr(path, "/events"))
        panel_listen(x);
    else if (cw_str_eq_cstr(path, "/health/samples"))
        panel_health_samples(x);
    else
        panel_call(x);
}
