/* Who asks, and what he may; see panel_priv.h.  A session's cookie comes along with whatever page
 * made the browser ask (W01): what changes something must also show the CSRF token, which no other
 * page can read, and come from our own origin. */
#include <pwd.h>
#include <time.h>

#include "account/token.h"
#include "base/secret.h"
#include "panel/panel_priv.h"
#include "store/account.h"

#define COOKIE "__Host-causeway"

enum { COOKIE_DIGITS = 64 };

static bool refuse(struct cw_api_problem *problem, int status, struct cw_str sentence)
{
    *problem = (struct cw_api_problem){.status = status, .field = "", .sentence = sentence};
    return false;
}

static bool refuse_nobody(struct cw_api_problem *problem)
{
    return refuse(problem, 401, CW_S("Sign in first, or send a token that is valid."));
}

static bool refuse_store(struct cw_api_problem *problem)
{
    return refuse(problem, 503, CW_S("The store cannot be read now; the log says more."));
}

bool panel_method_is_safe(struct cw_str method)
{
    return cw_str_eq_cstr(method, "GET") || cw_str_eq_cstr(method, "HEAD") ||
           cw_str_eq_cstr(method, "OPTIONS");
}

/* --- what the request shows -------------------------------------------------------------------*/

static bool is_cookie_form(struct cw_str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (cw_hex_value(value.p[i]) < 0)
            return false;
    return value.n == COOKIE_DIGITS;
}

struct cw_str panel_cookie(const struct cw_http_request *request)
{
    struct cw_str rest = cw_http_field(request, "cookie"), found = CW_STR_NONE;
    while (rest.n > 0) {
        ptrdiff_t semicolon = cw_str_index(rest, ';');
        size_t n = semicolon < 0 ? rest.n : (size_t)semicolon;
        struct cw_str pair = cw_str_trim(cw_str_sub(rest, 0, n));
        rest = cw_str_sub(rest, n + 1, rest.n);
        if (!cw_str_starts(pair, CW_S(COOKIE "=")))
            continue;
        if (cw_str_is_present(found))
            return CW_STR_NONE; /* two: somebody else set one of them */
        found = cw_str_sub(pair, sizeof COOKIE, pair.n);
    }
    return is_cookie_form(found) ? found : CW_STR_NONE;
}

bool panel_origin_is_own(const struct cw_http_request *request)
{
    struct cw_str site = cw_http_field(request, "sec-fetch-site");
    struct cw_str scheme = CW_S("https://"), origin = CW_STR_NONE;
    size_t n_origins = 0;
    for (size_t i = 0; i < request->n_fields; i++)
        if (cw_str_eq_nocase(request->fields[i].name, CW_S("origin"))) {
            origin = request->fields[i].value;
            n_origins++;
        }
    if (cw_str_is_present(site) && !cw_str_eq_cstr(site, "same-origin") &&
        !cw_str_eq_cstr(site, "none"))
        return false;
    return n_origins == 0 ||
           (n_origins == 1 && cw_str_starts(origin, scheme) &&
            cw_str_eq_nocase(cw_str_sub(origin, scheme.n, origin.n), request->host));
}

/* --- the three ways ---------------------------------------------------------------------------*/

static bool identify_peer(const struct panel_peer *peer, struct cw_arena *arena,
                          struct panel_identity *out, struct cw_api_problem *problem)
{
    char text[1024];
    struct passwd row, *account = NULL;
    if (!peer->is_administrator)
        return refuse(problem, 403,
                      CW_S("This socket is for root, the account that the panel runs as, and the "
                           "members of its group."));
    (void)getpwuid_r(peer->uid, &row, text, sizeof text, &account);
    out->who = account ? cw_arena_printf(arena, "cli:%s", account->pw_name)
                       : cw_arena_printf(arena, "cli:uid-%u", peer->uid);
    out->permission = CW_ADMINISTRATOR;
    return true;
}

static bool identify_token(struct cw_store *store, struct cw_str text, struct cw_arena *arena,
                           struct panel_identity *out, struct cw_api_problem *problem)
{
    struct cw_token token;
    struct cw_str scheme = CW_S("Bearer ");
    if (!cw_str_eq_nocase(cw_str_sub(text, 0, scheme.n), scheme))
        return refuse_nobody(problem);
    text = cw_str_trim(cw_str_sub(text, scheme.n, text.n));
    if (!cw_token_is_form(text))
        return refuse_nobody(problem);
    out->key = cw_token_digest(arena, text);
    enum cw_err err = cw_store_token_use(store, out->key, time(NULL), arena, &token);
    if (err)
        return err == CW_ERR_NOT_FOUND ? refuse_nobody(problem) : refuse_store(problem);
    out->who = cw_arena_printf(arena, "token:%.*s", CW_ARG(token.name));
    out->permission = token.is_administrator ? CW_ADMINISTRATOR : CW_VIEWER;
    return true;
}

/* The account behind a session, as it is now: who was disabled or became a viewer is so at once. */
static bool take_account(struct panel_work *work, const struct cw_session *session,
                         struct cw_arena *arena, struct panel_identity *out,
                         struct cw_api_problem *problem)
{
    struct cw_account account;
    out->is_session = true;
    out->who = session->account;
    out->csrf = session->csrf;
    out->key = session->key;
    out->is_directory = session->is_directory;
    out->permission = session->is_administrator ? CW_ADMINISTRATOR : CW_VIEWER;
    if (session->is_directory) /* directory_watch.c ends it when its groups change */
        return work->panel->directory || refuse_nobody(problem);
    enum cw_err err = cw_store_account_get(work->store, session->account, arena, &account);
    if (err == CW_ERR_NOT_FOUND || (!err && !account.is_enabled))
        return refuse_nobody(problem);
    if (err)
        return refuse_store(problem);
    out->permission = account.is_administrator ? CW_ADMINISTRATOR : CW_VIEWER;
    out->must_change_password = account.must_change_password;
    return true;
}

static bool find_session(struct panel_work *work, struct cw_arena *arena, struct cw_str key,
                         struct cw_session *out)
{
    const struct cw_panel_config *config = &work->panel->config.panel;
    struct cw_session *list;
    size_t n;
    int64_t now = time(NULL);
    if (cw_store_session_list(work->store, CW_STR_NONE, arena, &list, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (cw_str_eq(list[i].key, key) && now - list[i].seen <= config->session_idle_s &&
            now - list[i].since <= config->session_max_s) {
            *out = list[i];
            return true;
        }
    return false;
}

static bool identify_session(struct panel_work *work, struct cw_str cookie, struct cw_arena *arena,
                             bool touches, struct panel_identity *out,
                             struct cw_api_problem *problem)
{
    const struct cw_panel_config *config = &work->panel->config.panel;
    struct cw_str key = cw_token_digest(arena, cookie);
    struct cw_session session;
    enum cw_err err = CW_OK;
    if (touches)
        err = cw_store_session_use(work->store, key, time(NULL), config->session_idle_s,
                                   config->session_max_s, arena, &session);
    else if (!find_session(work, arena, key, &session))
        err = CW_ERR_NOT_FOUND;
    if (err)
        return err == CW_ERR_NOT_FOUND ? refuse_nobody(problem) : refuse_store(problem);
    return take_account(work, &session, arena, out, problem);
}

static bool proves_own_page(const struct cw_http_request *request,
                            const struct panel_identity *identity, struct cw_api_problem *problem)
{
    struct cw_str token = cw_http_field(request, "x-csrf-token");
    if (!panel_origin_is_own(request))
        return refuse(problem, 403, CW_S("The request comes from another site."));
    if (!cw_str_is_present(token) || !cw_secret_eq(token, identity->csrf))
        return refuse(problem, 403,
                      CW_S("X-CSRF-Token must hold the token that GET /api/v1/session gives."));
    return true;
}

bool panel_identify(struct panel_work *work, const struct panel_exchange *x, struct cw_arena *arena,
                    bool touches, struct panel_identity *out, struct cw_api_problem *problem)
{
    struct cw_str authorization = cw_http_field(&x->request, "authorization");
    struct cw_str cookie = panel_cookie(&x->request);
    *out = (struct panel_identity){.permission = CW_VIEWER};
    if (!work->store)
        return refuse_store(problem);
    if (x->peer.is_unix)
        return identify_peer(&x->peer, arena, out, problem);
    if (cw_str_is_present(authorization))
        return identify_token(work->store, authorization, arena, out, problem);
    if (!cw_str_is_present(cookie))
        return refuse_nobody(problem);
    return identify_session(work, cookie, arena, touches, out, problem) &&
           (panel_method_is_safe(x->request.method) || proves_own_page(&x->request, out, problem));
}

bool panel_key_holds(struct panel_work *work, struct cw_arena *arena, struct cw_str key)
{
    struct cw_session session;
    struct cw_token token;
    struct panel_identity identity = {.permission = CW_VIEWER};
    struct cw_api_problem problem;
    if (!work->store)
        return false;
    if (find_session(work, arena, key, &session))
        return take_account(work, &session, arena, &identity, &problem);
    return cw_store_token_use(work->store, key, time(NULL), arena, &token) == CW_OK;
}
