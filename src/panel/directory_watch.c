/* Whether the directory's users who are signed in may still be; see directory.h.  One look at a
 * time, on a worker; the first one at the start, also to say how the directory is. */
#include "panel/directory_priv.h"
#include "store/account.h"

enum { GRACE = 3 /* times recheck-s */, AGAIN_MS = 1000 };

/* An account that has sessions. */
struct panel_watched {
    struct cw_str account; /* owned */
    uint64_t confirmed_ms; /* when the directory last said so, or it was first seen here */
    enum panel_directory_verdict verdict; /* of this look, and the role */
    bool is_administrator;
};

struct look {
    struct panel_directory *directory;
    struct panel_work *work; /* while it runs */
    struct cw_arena arena;
    struct panel_ldap link;
    bool is_open, is_down; /* down: it cannot be reached in this look */
    bool is_done;
    struct panel_watched *watched; /* becomes the directory's */
    size_t n_watched;
};

/* --- on a worker ------------------------------------------------------------------------------*/

static struct panel_watched *find(struct panel_watched *list, size_t n, struct cw_str account)
{
    for (size_t i = 0; i < n; i++)
        if (cw_str_eq(list[i].account, account))
            return &list[i];
    return NULL;
}

/* One user's question may fail by itself: the next one gets another connection. */
static bool has_link(struct look *look)
{
    struct panel_directory *directory = look->directory;
    const struct panel *panel = look->work->panel;
    if (look->is_open || look->is_down)
        return look->is_open;
    if (look->link.config)
        panel_ldap_close(&look->link);
    look->is_open = panel_directory_open(panel, &look->arena, &look->link);
    look->is_down = !look->is_open;
    if (look->is_open && !directory->was_ready) {
        CW_LOG(&panel->log, CW_LOG_INFO, "directory-ready",
               CW_KV("url", panel->config.panel.ldap.url));
        panel_directory_check_groups(panel, &look->link);
    }
    directory->was_ready = look->is_open;
    return look->is_open;
}

/* Each account has the whole time. */
static enum panel_directory_verdict ask(struct look *look, struct cw_str account,
                                        bool *is_administrator)
{
    const struct panel *panel = look->work->panel;
    struct panel_directory_user user = {.is_administrator = false};
    struct cw_str dn = CW_STR_NONE;
    if (!has_link(look))
        return PANEL_DIRECTORY_UNAVAILABLE;
    panel_ldap_begin_question(&look->link);
    struct cw_str name = cw_str_sub(account, sizeof PANEL_DIRECTORY_PREFIX - 1, account.n);
    enum panel_directory_verdict verdict =
        panel_directory_look(panel, &look->link, name, &user, &dn);
    look->is_open = verdict != PANEL_DIRECTORY_UNAVAILABLE;
    *is_administrator = user.is_administrator;
    return verdict;
}

/* The account's row of this look; asked for when it is the first. */
static const struct panel_watched *watch(struct look *look, struct cw_str account)
{
    struct panel_directory *directory = look->directory;
    struct panel_watched *row = find(look->watched, look->n_watched, account);
    const struct panel_watched *before = find(directory->watched, directory->n_watched, account);
    if (row)
        return row;
    row = &look->watched[look->n_watched++];
    row->account = (struct cw_str){cw_strdup(account), account.n};
    row->verdict = ask(look, account, &row->is_administrator);
    row->confirmed_ms =
        before && row->verdict == PANEL_DIRECTORY_UNAVAILABLE ? before->confirmed_ms : cw_now_ms();
    return row;
}

/* What there is to say when this session ends; NULL: it goes on. */
static const char *judge(const struct look *look, const struct panel_watched *row,
                         const struct cw_session *session)
{
    uint64_t grace_ms = GRACE * 1000 * (uint64_t)look->work->panel->config.panel.ldap.recheck_s;
    if (row->verdict == PANEL_DIRECTORY_UNAVAILABLE && cw_now_ms() < row->confirmed_ms + grace_ms)
        return NULL;
    if (row->verdict != PANEL_DIRECTORY_GOOD)
        return panel_directory_verdict_text(row->verdict);
    return row->is_administrator == session->is_administrator
               ? NULL
               : "another role in the directory than at the sign-in";
}

static void end_session(struct panel_work *work, const struct cw_session *session, const char *why)
{
    CW_LOG(&work->panel->log, CW_LOG_INFO, "directory-session-ended",
           CW_KV("account", session->account), CW_KVC("reason", why));
    if (cw_store_session_end(work->store, session->key, CW_STR_NONE) == CW_OK)
        (void)cw_store_audit_note(work->store, "panel", "session end", session->account,
                                  cw_str_of(why));
}

static bool look_at_all(struct look *look)
{
    struct panel_work *work = look->work;
    struct cw_session *sessions;
    size_t n, n_ours = 0;
    if (cw_store_session_list(work->store, CW_STR_NONE, &look->arena, &sessions, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        n_ours += sessions[i].is_directory;
    look->watched = cw_alloc((n_ours + 1) * sizeof *look->watched);
    if (n_ours > 0 || !look->directory->was_ready)
        (void)has_link(look);
    for (size_t i = 0; i < n; i++) {
        const char *why = sessions[i].is_directory
                              ? judge(look, watch(look, sessions[i].account), &sessions[i])
                              : NULL;
        if (why)
            end_session(work, &sessions[i], why);
    }
    if (look->link.config)
        panel_ldap_close(&look->link);
    return true;
}

/* Slow, but there is one at a time, and a thread is left for it: strangers who wait for the
 * directory together must not keep anybody signed in. */
static void run(struct panel_work *work, void *arg)
{
    struct look *look = arg;
    look->work = work;
    if (work->store)
        look->is_done = look_at_all(look);
}

/* --- on the loop ------------------------------------------------------------------------------*/

static void forget(struct panel_watched *watched, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cw_free((void *)(uintptr_t)watched[i].account.p);
    cw_free(watched);
}

static void done(void *arg)
{
    struct look *look = arg;
    struct panel_directory *directory = look->directory;
    if (look->is_done) {
        forget(directory->watched, directory->n_watched);
        directory->watched = look->watched;
        directory->n_watched = look->n_watched;
    }
    cw_timer_set(directory->timer,
                 look->is_done ? 1000 * (uint64_t)directory->panel->config.panel.ldap.recheck_s
                               : AGAIN_MS);
    cw_arena_free(&look->arena);
    cw_free(look);
}

static void on_time(void *arg)
{
    struct panel_directory *directory = arg;
    struct look *look = cw_alloc(sizeof *look);
    look->directory = directory;
    if (panel_work_post(directory->panel->workers, &(struct panel_task){run, NULL, done, look}))
        return;
    cw_free(look);
    cw_timer_set(directory->timer, AGAIN_MS);
}

void panel_directory_begin_watch(struct panel_directory *directory)
{
    directory->timer = cw_timer_new(directory->panel->base, on_time, directory);
    cw_timer_set(directory->timer, 0);
}

void panel_directory_end_watch(struct panel_directory *directory)
{
    cw_timer_free(&directory->timer);
    forget(directory->watched, directory->n_watched);
}
