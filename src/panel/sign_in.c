/* Signing in: a name and a password, of an account of the panel or of the directory, for a
 * session's cookie.
 *
 *     POST /api/v1/session {"name":"anna","password":"..."}
 *     200 and Set-Cookie: __Host-causeway=...; the body is that of GET /api/v1/session
 *
 * Unknown names, wrong passwords and disabled accounts are answered alike and, where no directory
 * has to be asked, in the same time; who guesses waits longer and longer (account/lockout.h).  Each
 * sign-in gets a new cookie; one that came along is worth nothing afterwards (W02). */
#include <time.h>

#include "account/name.h"
#include "account/password.h"
#include "account/token.h"
#include "panel/directory.h"
#include "panel/panel_priv.h"
#include "store/account.h"

struct sign_in {
    struct panel_exchange *x;
    struct cw_str name, password;
    bool is_name;       /* the name could be one */
    bool is_directorys; /* the directory's prefix was before it, as a session shows it */
    bool has_run;
    /* What came of it. */
    struct panel_identity identity;
    struct cw_str cookie; /* absent: the problem */
    struct cw_api_problem problem;
};

static void refuse(struct sign_in *sign_in, int status, struct cw_str sentence)
{
    sign_in->problem = (struct cw_api_problem){.status = status, .field = "", .sentence = sentence};
}

/* --- on a worker ------------------------------------------------------------------------------*/

/* Who it proved to be. */
struct found {
    struct cw_str account;
    bool is_administrator, must_change_password, is_directory;
    uint64_t version; /* of the panel's account */
};

static bool refuse_password(struct panel_work *work, struct sign_in *sign_in, const char *why)
{
    struct panel_exchange *x = sign_in->x;
    refuse(sign_in, 401, CW_S("The name or the password is wrong."));
    (void)cw_store_audit_note(work->store, "-", "sign-in refused", sign_in->name,
                              cw_arena_printf(&x->arena, "from %.*s%s%s", CW_ARG(x->peer.address),
                                              why ? ": " : "", why ? why : ""));
    return false;
}

/* The hash is of an older release's parameters: here the password is at hand to make it anew. */
static void renew_hash(struct panel_work *work, struct sign_in *sign_in,
                       const struct cw_account *account)
{
    if (!cw_password_is_current(account->password_hash))
        (void)cw_store_account_renew_hash(work->store, account->name, account->password_hash,
                                          cw_password_hash(&sign_in->x->arena, sign_in->password));
}

/* The panel has no account of that name. */
static bool check_directory(struct panel_work *work, struct sign_in *sign_in, struct found *out)
{
    struct panel_exchange *x = sign_in->x;
    struct panel_directory_user user;
    if (!panel_work_begin_slow(work)) {
        refuse(sign_in, 503, CW_S("Too much is being done at once; try again."));
        return false;
    }
    enum panel_directory_verdict verdict =
        panel_directory_sign_in(work->panel, &x->arena, sign_in->name, sign_in->password, &user);
    panel_work_end_slow(work);
    if (verdict == PANEL_DIRECTORY_GOOD) {
        *out = (struct found){user.account, user.is_administrator, .is_directory = true};
        return true;
    }
    const char *why = panel_directory_verdict_text(verdict);
    CW_LOG(&work->panel->log, CW_LOG_INFO, "sign-in-refused", CW_KV("account", sign_in->name),
           CW_KV("address", x->peer.address), CW_KVC("reason", why));
    if (verdict != PANEL_DIRECTORY_UNAVAILABLE)
        return refuse_password(work, sign_in, why);
    refuse(sign_in, 503,
           CW_S("The directory cannot be asked now; the panel's own accounts can sign in."));
    return false;
}

/* True: there is such an account, and the password is right.  One of the panel's own comes first,
 * disabled or not: nobody takes its name over by way of the directory.  No hash is computed where
 * nothing may be judged and counted: as often as somebody likes, it would cost all our time. */
static bool check(struct panel_work *work, struct sign_in *sign_in, struct found *out)
{
    struct cw_arena *arena = &sign_in->x->arena;
    struct cw_account account;
    enum cw_err err = sign_in->is_name
                          ? cw_store_account_get(work->store, sign_in->name, arena, &account)
                          : CW_ERR_NOT_FOUND;
    if (err && err != CW_ERR_NOT_FOUND) {
        refuse(sign_in, 503, CW_S("The store cannot be read now; the log says more."));
        return false;
    }
    if (err && sign_in->is_name && work->panel->directory)
        return check_directory(work, sign_in, out);
    bool is_right = cw_password_is(err ? CW_S("") : account.password_hash, sign_in->password);
    if (err || !is_right || !account.is_enabled || sign_in->is_directorys)
        return refuse_password(work, sign_in, NULL);
    renew_hash(work, sign_in, &account);
    *out = (struct found){account.name, account.is_administrator, account.must_change_password,
                          .version = account.version};
    return true;
}

static bool begin_session(struct panel_work *work, struct sign_in *sign_in,
                          const struct found *found)
{
    struct panel_exchange *x = sign_in->x;
    struct cw_str before = panel_cookie(&x->request);
    struct cw_str cookie = cw_cookie_generate(&x->arena);
    struct cw_session session = {
        .key = cw_token_digest(&x->arena, cookie),
        .account = found->account,
        .csrf = cw_cookie_generate(&x->arena),
        .address = x->peer.address,
        .is_administrator = found->is_administrator,
        .is_directory = found->is_directory,
        .since = time(NULL),
        .seen = time(NULL),
        .account_version = found->version,
    };
    if (cw_str_is_present(before))
        (void)cw_store_session_end(work->store, cw_token_digest(&x->arena, before), CW_STR_NONE);
    enum cw_err err = cw_store_session_add(work->store, &session);
    if (err) {
        refuse(sign_in, 503,
               err == CW_ERR_CONFLICT
                   ? CW_S("The account was changed just now; try again.")
                   : CW_S("The store cannot be written now; the log says more."));
        return false;
    }
    (void)cw_store_audit_note(work->store, found->account.p, "sign-in", found->account,
                              cw_arena_printf(&x->arena, "from %.*s", CW_ARG(x->peer.address)));
    sign_in->cookie = cookie;
    sign_in->identity = (struct panel_identity){
        .who = found->account,
        .permission = found->is_administrator ? CW_ADMINISTRATOR : CW_VIEWER,
        .is_session = true,
        .is_directory = found->is_directory,
        .must_change_password = found->must_change_password,
        .csrf = session.csrf,
    };
    return true;
}

static void run(struct panel_work *work, void *arg)
{
    struct sign_in *sign_in = arg;
    struct found found = {0};
    sign_in->has_run = true;
    if (!work->store)
        refuse(sign_in, 503, CW_S("The store cannot be read now; the log says more."));
    else if (check(work, sign_in, &found) && begin_session(work, sign_in, &found))
        sign_in->x->who = found.account;
}

/* --- on the loop ------------------------------------------------------------------------------*/

static void done(void *arg)
{
    struct sign_in *sign_in = arg;
    struct panel_exchange *x = sign_in->x;
    if (!sign_in->has_run)
        refuse(sign_in, 503, CW_S("The panel is stopping."));
    if (cw_str_is_present(sign_in->cookie))
        cw_lockout_succeeded(x->panel->lockout, sign_in->name, x->peer.site, cw_now_ms());
    else if (sign_in->problem.status == 503) /* a try that could not be judged is none */
        cw_lockout_undo(x->panel->lockout, sign_in->name, x->peer.site);
    if (cw_str_is_present(sign_in->cookie)) {
        json_t *answer = panel_show_identity(x->panel, &sign_in->identity);
        panel_set_cookie(x, sign_in->cookie);
        panel_answer_json(x, 200, answer);
        json_decref(answer);
    } else if (sign_in->problem.status == 401) {
        panel_answer_problem(x, 401, "", sign_in->problem.sentence);
    } else {
        panel_answer_refusal(x, &sign_in->problem);
    }
    cw_free(sign_in);
}

bool panel_must_wait(struct panel_exchange *x, struct cw_str account)
{
    uint32_t wait_s = cw_lockout_wait_s(x->panel->lockout, account, x->peer.site, cw_now_ms());
    if (wait_s == 0)
        return false;
    panel_header(x, "Retry-After", cw_arena_printf(&x->arena, "%u", wait_s));
    panel_answer_problem(x, 429, "",
                         cw_arena_printf(&x->arena, "Too many tries; wait %u seconds.", wait_s));
    return true;
}

void panel_sign_in(struct panel_exchange *x)
{
    struct sign_in found = {.x = x, .problem = {.field = ""}};
    const struct panel_text texts[] = {{"name", &found.name}, {"password", &found.password}};
    if (x->peer.is_unix) {
        panel_answer_problem(x, 400, "", CW_S("On this socket nobody needs to sign in."));
        return;
    }
    if (!panel_origin_is_own(&x->request)) {
        panel_answer_problem(x, 403, "", CW_S("The request comes from another site."));
        return;
    }
    if (!panel_read_texts(x, texts, 2, &found.problem)) {
        panel_answer_refusal(x, &found.problem);
        return;
    }
    struct cw_str typed = found.name, prefix = CW_S(PANEL_DIRECTORY_PREFIX);
    found.is_directorys = x->panel->directory && cw_str_starts(typed, prefix);
    if (found.is_directorys)
        typed = cw_str_sub(typed, prefix.n, typed.n);
    found.is_name = cw_account_name(&x->arena, typed, &found.name);
    if (!found.is_name)
        found.name = typed;
    if (panel_must_wait(x, found.name))
        return;
    /* What comes of it is heard on this thread, later: the exchange is there still. */
    if (panel_post(x, &(struct panel_task){run, NULL, done, cw_memdup(&found, sizeof found)}))
        cw_lockout_failed(x->panel->lockout, found.name, x->peer.site, cw_now_ms());
}
