/* The session as a resource: who am I (GET), signing in (POST, sign_in.c), signing out (DELETE),
 * and one's own password (PUT /session/password).
 *
 *     GET /api/v1/session
 *     {"account":"anna","role":"administrator","must-change-password":false,"directory":false,
 *      "csrf":"3f...","idle-s":1800} */
#include "account/token.h"
#include "api/account.h"
#include "panel/panel_priv.h"
#include "store/account.h"

/* The longest names and passwords with each octet escaped.  Strangers may send more, and it is read
 * on the loop. */
enum { MAX_TEXTS = 16 << 10 };

struct visit {
    struct panel_exchange *x;
    bool is_password; /* of /session/password */
    struct cw_str so_far, wanted;
    int status; /* 0: it never ran */
    json_t *answer;
    bool signed_out;
    bool is_wrong; /* the password so far */
    struct cw_api_problem problem;
};

/* --- shared with sign_in.c --------------------------------------------------------------------*/

static bool refuse(struct cw_api_problem *problem, int status, const char *field,
                   struct cw_str sentence)
{
    *problem = (struct cw_api_problem){.status = status, .field = field, .sentence = sentence};
    return false;
}

/* The texts are copied into the exchange's arena: the JSON is gone when this returns. */
static bool take_texts(struct panel_exchange *x, const json_t *object,
                       const struct panel_text *texts, size_t n, struct cw_api_problem *problem)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_object_get(object, texts[i].name);
        if (!json_is_string(value))
            return refuse(problem, 400, texts[i].name,
                          cw_arena_printf(&x->arena, "%s must be given, as text.", texts[i].name));
        *texts[i].value = cw_arena_dup(
            &x->arena, (struct cw_str){json_string_value(value), json_string_length(value)});
    }
    return json_object_size(object) == n ||
           refuse(problem, 400, "", CW_S("The body has members that are not known here."));
}

bool panel_read_texts(struct panel_exchange *x, const struct panel_text *texts, size_t n,
                      struct cw_api_problem *problem)
{
    if (!panel_body_is_json(&x->request, problem))
        return false;
    if (x->request.body.n > MAX_TEXTS)
        return refuse(problem, 413, "", CW_S("The body is too large; 16 KiB is the most."));
    json_t *object = json_loadb(x->request.body.p, x->request.body.n, JSON_REJECT_DUPLICATES, NULL);
    bool good = json_is_object(object)
                    ? take_texts(x, object, texts, n, problem)
                    : refuse(problem, 400, "", CW_S("The body must be one JSON object."));
    json_decref(object);
    return good;
}

json_t *panel_show_identity(const struct panel *panel, const struct panel_identity *identity)
{
    json_t *answer = json_object();
    json_object_set_new(answer, "account", json_stringn(identity->who.p, identity->who.n));
    json_object_set_new(answer, "role", json_string(cw_permission_name(identity->permission)));
    json_object_set_new(answer, "directory", json_boolean(identity->is_directory));
    json_object_set_new(answer, "must-change-password",
                        json_boolean(identity->must_change_password));
    if (!identity->is_session)
        return answer;
    json_object_set_new(answer, "csrf", json_stringn(identity->csrf.p, identity->csrf.n));
    json_object_set_new(answer, "idle-s", json_integer(panel->config.panel.session_idle_s));
    return answer;
}

void panel_set_cookie(struct panel_exchange *x, struct cw_str value)
{
    bool is_set = cw_str_is_present(value);
    panel_header(x, "Set-Cookie",
                 cw_arena_printf(
                     &x->arena, "__Host-causeway=%.*s; Path=/; Secure; HttpOnly; SameSite=Strict%s",
                     CW_ARG(value), is_set ? "" : "; Max-Age=0"));
}

/* --- on a worker ------------------------------------------------------------------------------*/

static bool sign_out(struct panel_work *work, struct visit *visit,
                     const struct panel_identity *identity)
{
    if (!identity->is_session)
        return refuse(&visit->problem, 400, "", CW_S("There is no session to end."));
    if (cw_store_session_end(work->store, identity->key, CW_STR_NONE))
        return refuse(&visit->problem, 503, "", CW_S("The store cannot be written now."));
    (void)cw_store_audit_note(work->store, identity->who.p, "sign-out", identity->who, CW_S(""));
    visit->signed_out = true;
    visit->status = 204;
    return true;
}

static bool change_password(struct panel_work *work, struct visit *visit,
                            const struct panel_identity *identity)
{
    struct cw_api_call call = {.store = work->store,
                               .arena = &visit->x->arena,
                               .who = identity->who.p,
                               .permission = identity->permission};
    struct cw_api_own_password own = {identity->who, visit->so_far, visit->wanted, identity->key};
    if (identity->is_directory)
        return refuse(&visit->problem, 403, "",
                      CW_S("Your password is the directory's; change it there."));
    if (!identity->is_session)
        return refuse(&visit->problem, 403, "",
                      CW_S("Only who is signed in with an account of the panel has a password "
                           "here."));
    if (cw_api_own_password(&call, &own, &visit->problem)) {
        visit->status = 204;
        return true;
    }
    visit->is_wrong = visit->problem.status == 403;
    return false;
}

static bool act(struct panel_work *work, struct visit *visit)
{
    struct panel_exchange *x = visit->x;
    struct panel_identity identity;
    if (!panel_identify(work, x, &x->arena, true, &identity, &visit->problem))
        return false;
    x->who = identity.who;
    if (visit->is_password)
        return change_password(work, visit, &identity);
    if (cw_str_eq_cstr(x->request.method, "DELETE"))
        return sign_out(work, visit, &identity);
    visit->answer = panel_show_identity(work->panel, &identity);
    visit->status = 200;
    return true;
}

static void run(struct panel_work *work, void *arg)
{
    struct visit *visit = arg;
    if (!act(work, visit))
        visit->status = visit->problem.status;
}

/* --- on the loop ------------------------------------------------------------------------------*/

/* Who found a browser open may not try passwords as fast as he likes: counted as the session's. */
static struct cw_str guesser(const struct panel_exchange *x)
{
    struct cw_str cookie = panel_cookie(&x->request);
    return cw_str_is_present(cookie) ? cookie : CW_S("-");
}

static void done(void *arg)
{
    struct visit *visit = arg;
    struct panel_exchange *x = visit->x;
    if (visit->is_password && visit->status == 204)
        cw_lockout_succeeded(x->panel->lockout, guesser(x), x->peer.site, cw_now_ms());
    else if (visit->is_password && !visit->is_wrong) /* nothing was learned of the password */
        cw_lockout_undo(x->panel->lockout, guesser(x), x->peer.site);
    if (visit->signed_out)
        panel_set_cookie(x, CW_STR_NONE);
    if (visit->status == 0)
        panel_answer_problem(x, 503, "", CW_S("The panel is stopping."));
    else if (visit->answer)
        panel_answer_json(x, visit->status, visit->answer);
    else if (visit->status == 204)
        panel_answer(x, 204, NULL, CW_S(""));
    else
        panel_answer_refusal(x, &visit->problem);
    json_decref(visit->answer);
    cw_free(visit);
}

static bool post(struct panel_exchange *x, const struct visit *what)
{
    struct visit *visit = cw_memdup(what, sizeof *what);
    visit->x = x;
    visit->problem.field = "";
    return panel_post(x, &(struct panel_task){run, NULL, done, visit});
}

static void refuse_method(struct panel_exchange *x, struct cw_str allow)
{
    panel_header(x, "Allow", allow);
    panel_answer_problem(x, 405, "", cw_arena_printf(&x->arena, "This takes %.*s.", CW_ARG(allow)));
}

static void put_password(struct panel_exchange *x)
{
    struct visit visit = {.is_password = true};
    const struct panel_text texts[] = {{"so-far", &visit.so_far}, {"password", &visit.wanted}};
    if (!panel_read_texts(x, texts, 2, &visit.problem)) {
        panel_answer_refusal(x, &visit.problem);
    } else if (!panel_must_wait(x, guesser(x)) && post(x, &visit)) {
        cw_lockout_failed(x->panel->lockout, guesser(x), x->peer.site, cw_now_ms());
    }
}

void panel_session(struct panel_exchange *x, struct cw_str path)
{
    struct cw_str method = x->request.method;
    if (cw_str_eq_cstr(path, "/session/password")) {
        if (cw_str_eq_cstr(method, "PUT"))
            put_password(x);
        else
            refuse_method(x, CW_S("PUT"));
    } else if (!cw_str_eq_cstr(path, "/session")) {
        panel_answer_problem(x, 404, "", CW_S("There is nothing at this path."));
    } else if (cw_str_eq_cstr(method, "POST")) {
        panel_sign_in(x);
    } else if (panel_method_is_safe(method) || cw_str_eq_cstr(method, "DELETE")) {
        (void)post(x, &(struct visit){.is_password = false});
    } else {
        refuse_method(x, CW_S("GET, HEAD, POST, DELETE"));
    }
}
