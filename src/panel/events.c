/* What changed, to every browser that listens (server-sent events):
 *
 *     event: partners            a partner, an access rule, a block
 *     event: settings
 *     event: streams             what the edges have, or whether they answer at all
 *
 * each with "data: {}": who listens asks for what he shows.  Once a second, while somebody listens,
 * a worker looks at the store's version and at the streams; every so often it also looks whether
 * the listeners' sessions and tokens still hold.  Listening is no request of the user's: it keeps
 * no session alive. */
#include <string.h>

#include "api/rest.h"
#include "base/map.h"
#include "base/secret.h"
#include "panel/panel_priv.h"

#include <stdlib.h>
#include <sys/queue.h>

enum {
    POLL_MS = 1000,
    HEARTBEAT_POLLS = 15, /* and the sessions are looked at */
    MAX_LISTENERS = 64,
    MAX_OF_ONE = 16,        /* account or token */
    MAX_WAITING = 64 << 10, /* of an answer that nobody takes */
};

struct listener {
    TAILQ_ENTRY(listener) link;
    struct panel_events *events;
    struct panel_exchange *x;
    struct cw_str key; /* of its session or token; absent: the socket's */
};

/* What one look found. */
struct look {
    struct panel_events *events;
    struct cw_arena arena;
    bool has_run, is_known;
    uint64_t version, settings_version, streams; /* streams: a digest */
    struct cw_str *keys;                         /* sessions to look at */
    bool *holds;
    size_t n_keys;
};

struct panel_events {
    struct panel *panel;
    struct cw_timer *timer;
    TAILQ_HEAD(, listener) listeners;
    size_t n;
    unsigned n_polls;
    bool is_looking, is_known;
    uint64_t version, settings_version, streams;
};

/* --- listeners --------------------------------------------------------------------------------*/

static void end(struct listener *listener)
{
    struct panel_exchange *x = listener->x;
    TAILQ_REMOVE(&listener->events->listeners, listener, link);
    if (--listener->events->n == 0) {
        cw_timer_stop(listener->events->timer);
        listener->events->is_known = false;
    }
    cw_free(listener);
    panel_answer_end(x);
}

static void on_gone(void *arg)
{
    end(arg);
}

static void tell(struct panel_events *events, struct cw_str bytes)
{
    struct listener *listener, *next;
    for (listener = TAILQ_FIRST(&events->listeners); listener; listener = next) {
        next = TAILQ_NEXT(listener, link);
        if (panel_answer_waiting(listener->x) > MAX_WAITING)
            end(listener);
        else
            panel_answer_part(listener->x, bytes);
    }
}

static void end_of_session(struct panel_events *events, struct cw_str key)
{
    struct listener *listener, *next;
    for (listener = TAILQ_FIRST(&events->listeners); listener; listener = next) {
        next = TAILQ_NEXT(listener, link);
        if (cw_str_is_present(listener->key) && cw_str_eq(listener->key, key))
            end(listener);
    }
}

/* --- looking, on a worker ---------------------------------------------------------------------*/

/* The list's digest; 0: nobody answers.  How long a stream has lived is no change of it. */
static uint64_t look_at_streams(struct panel_work *work, struct cw_arena *arena)
{
    static const uint8_t key[16] = "causeway streams";
    struct panel_identity nobody = {.who = CW_STR("panel"), .permission = CW_VIEWER};
    struct cw_api_problem problem;
    struct cw_rest_call rest = {.command = cw_api_find(CW_S("stream list")), .in = json_object()};
    json_t *answer = panel_run_row(work, arena, &nobody, &rest, NULL, &problem);
    const json_t *list = json_object_get(answer, "streams");
    struct cw_buf text = {0};
    json_t *stream;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)list, i, stream)
    {
        const char *const names[] = {"id", "state", "method", "proof"};
        for (size_t k = 0; k < 4; k++) {
            const char *value = json_string_value(json_object_get(stream, names[k]));
            cw_buf_printf(&text, "%s ", value ? value : "-");
        }
    }
    uint64_t digest = answer ? cw_siphash(key, cw_buf_str(&text)) | 1 : 0;
    cw_buf_free(&text);
    json_decref(rest.in);
    json_decref(answer);
    return digest;
}

static void run(struct panel_work *work, void *arg)
{
    struct look *look = arg;
    struct cw_settings settings;
    look->has_run = true;
    if (!work->store)
        return;
    look->is_known = cw_store_version(work->store, &look->version) == CW_OK &&
                     cw_store_settings_get(work->store, &look->arena, &settings,
                                           &look->settings_version) == CW_OK;
    look->streams = look_at_streams(work, &look->arena);
    for (size_t i = 0; i < look->n_keys; i++)
        look->holds[i] = panel_key_holds(work, &look->arena, look->keys[i]);
}

/* --- on the loop ------------------------------------------------------------------------------*/

static void compare(struct panel_events *events, const struct look *look)
{
    uint64_t changes = look->version - events->version;
    uint64_t of_settings = look->settings_version - events->settings_version;
    if (events->is_known && changes > of_settings)
        tell(events, CW_S("event: partners\ndata: {}\n\n"));
    if (events->is_known && of_settings > 0)
        tell(events, CW_S("event: settings\ndata: {}\n\n"));
    if (events->is_known && look->streams != events->streams)
        tell(events, CW_S("event: streams\ndata: {}\n\n"));
    events->is_known = true;
    events->version = look->version;
    events->settings_version = look->settings_version;
    events->streams = look->streams;
}

static void done(void *arg)
{
    struct look *look = arg;
    struct panel_events *events = look->events;
    events->is_looking = false;
    if (look->has_run && look->is_known && events->n > 0)
        compare(events, look);
    for (size_t i = 0; look->has_run && i < look->n_keys; i++)
        if (!look->holds[i])
            end_of_session(events, look->keys[i]);
    cw_arena_free(&look->arena);
    cw_free(look);
}

static void list_keys(struct panel_events *events, struct look *look)
{
    struct listener *listener;
    look->keys = cw_arena_alloc(&look->arena, events->n * sizeof *look->keys);
    look->holds = cw_arena_alloc(&look->arena, events->n * sizeof *look->holds);
    TAILQ_FOREACH (listener, &events->listeners, link)
        if (cw_str_is_present(listener->key))
            look->keys[look->n_keys++] = cw_arena_dup(&look->arena, listener->key);
}

static void on_poll(void *arg)
{
    struct panel_events *events = arg;
    cw_timer_set(events->timer, POLL_MS);
    if (++events->n_polls % HEARTBEAT_POLLS == 0)
        tell(events, CW_S(": still here\n\n"));
    if (events->is_looking || events->n == 0)
        return;
    struct look *look = cw_alloc(sizeof *look);
    look->events = events;
    if (events->n_polls % HEARTBEAT_POLLS == 0)
        list_keys(events, look);
    events->is_looking =
        panel_work_post(events->panel->workers, &(struct panel_task){run, NULL, done, look});
    if (!events->is_looking) {
        cw_arena_free(&look->arena);
        cw_free(look);
    }
}

/* --- a new one --------------------------------------------------------------------------------*/

struct visit {
    struct panel_exchange *x;
    struct panel_identity identity;
    bool has_run, is_good;
    struct cw_api_problem problem;
};

static void run_visit(struct panel_work *work, void *arg)
{
    struct visit *visit = arg;
    visit->has_run = true;
    visit->is_good = panel_identify(work, visit->x, &visit->x->arena, false, &visit->identity,
                                    &visit->problem) &&
                     panel_may_act(&visit->identity, &visit->problem);
    visit->x->who = visit->identity.who;
}

static void begin(struct panel_exchange *x, struct cw_str key)
{
    struct panel_events *events = x->panel->events;
    struct listener *listener = cw_alloc(sizeof *listener);
    listener->events = events;
    listener->x = x;
    listener->key = key;
    TAILQ_INSERT_TAIL(&events->listeners, listener, link);
    panel_answer_begin(x, "text/event-stream", on_gone, listener);
    panel_answer_part(x, CW_S("retry: 3000\nevent: hello\ndata: {}\n\n"));
    if (events->n++ == 0)
        cw_timer_set(events->timer, 0);
}

/* One who listens in every window, or a script gone wild, leaves room for the others. */
static bool has_room_for(const struct panel_events *events, struct cw_str who)
{
    const struct listener *listener;
    unsigned n = 0;
    TAILQ_FOREACH (listener, &events->listeners, link)
        n += cw_str_eq(listener->x->who, who);
    return events->n < MAX_LISTENERS && n < MAX_OF_ONE;
}

static void done_visit(void *arg)
{
    struct visit *visit = arg;
    struct panel_exchange *x = visit->x;
    if (!visit->has_run || x->panel->is_stopping)
        panel_answer_problem(x, 503, "", CW_S("The panel is stopping."));
    else if (!visit->is_good)
        panel_answer_refusal(x, &visit->problem);
    else if (!x->conn || !has_room_for(x->panel->events, x->who))
        panel_answer_problem(x, 503, "", CW_S("Too many listen already."));
    else
        begin(x, visit->identity.key);
    cw_free(visit);
}

void panel_listen(struct panel_exchange *x)
{
    if (!cw_str_eq_cstr(x->request.method, "GET")) {
        panel_header(x, "Allow", CW_S("GET"));
        panel_answer_problem(x, 405, "", CW_S("This takes GET."));
        return;
    }
    struct visit *visit = cw_alloc(sizeof *visit);
    visit->x = x;
    visit->problem.field = "";
    panel_post(x, &(struct panel_task){run_visit, NULL, done_visit, visit});
}

struct panel_events *panel_events_new(struct panel *panel)
{
    struct panel_events *events = cw_alloc(sizeof *events);
    events->panel = panel;
    events->timer = cw_timer_new(panel->base, on_poll, events);
    TAILQ_INIT(&events->listeners);
    return events;
}

unsigned panel_events_listeners(const struct panel_events *events)
{
    return (unsigned)events->n;
}

void panel_events_wind_up(struct panel_events *events)
{
    while (!TAILQ_EMPTY(&events->listeners))
        end(TAILQ_FIRST(&events->listeners));
}

void panel_events_free(struct panel_events **at)
{
    struct panel_events *events = *at;
    if (!events)
        return;
    panel_events_wind_up(events);
    cw_timer_free(&events->timer);
    cw_free(events);
    *at = NULL;
}
