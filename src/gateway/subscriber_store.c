/* What of the watches outlives this process: who watches whom, which resources he was told of, and
 * the dialog; see subscriber.h.  Written when it changes, and behind: a crash may lose the last
 * moment, which the refresh after the restart makes good. */
#include "gateway/subscriber_priv.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

enum {
    CSEQ_AHEAD = 1000, /* the store has a CSeq that much above the last one */
    CSEQ_NEAR = 100,
    MIN_LEFT_S = 5, /* a dialog with less is begun anew */
};

/* --- writing ----------------------------------------------------------------------------------*/

static uint64_t digest(uint64_t so_far, struct cw_str s)
{
    static const uint8_t key[16];
    return so_far * 31 + cw_siphash(key, s) + s.n;
}

/* Those also who are gone without his knowing it for certain: after a restart he is told again. */
static struct cw_str told(const struct gw_watch *w, struct cw_arena *arena)
{
    json_t *list = json_array();
    for (size_t i = 0; i < w->n_seen; i++)
        json_array_append_new(list, json_stringn(w->seen[i].resource.p ? w->seen[i].resource.p : "",
                                                 w->seen[i].resource.n));
    char *text = json_dumps(list, JSON_COMPACT);
    struct cw_str out = cw_arena_dup(arena, cw_str_of(text ? text : "[]"));
    free(text);
    json_decref(list);
    return out;
}

static uint64_t row_digest(const struct gw_watch *w)
{
    uint64_t d =
        digest(1 + w->sub.is_authorised, cw_str_of(cw_subscription_state_name(w->sub.state)));
    for (size_t i = 0; i < w->n_seen; i++)
        d = digest(d, w->seen[i].resource);
    return d;
}

static void put_row(struct gw_watch *w)
{
    struct cw_arena arena = {0};
    uint64_t now = row_digest(w);
    if (now == w->row_digest)
        return;
    w->row_digest = now;
    gw_store_put_subscription(w->subscriber->presence->gateway->store,
                              &(struct cw_store_subscription){
                                  .is_x2s = true,
                                  .local = w->sub.presentity,
                                  .remote = w->sub.watcher,
                                  .is_authorised = w->sub.is_authorised,
                                  .state = cw_str_of(cw_subscription_state_name(w->sub.state)),
                                  .since = w->since,
                                  .told = told(w, &arena),
                              });
    cw_arena_free(&arena);
}

static void remove_dialog(struct gw_watch *w)
{
    if (w->row_call_id.n)
        gw_store_remove_dialog(w->subscriber->presence->gateway->store, w->row_call_id, w->row_tag);
    w->row_call_id = w->row_tag = CW_STR_NONE;
    w->dialog_digest = 0;
    w->cseq_bound = 0;
}

static uint64_t dialog_digest(const struct gw_watch *w)
{
    uint64_t d = digest(w->expires_at_ms, w->sub.remote_tag);
    d = digest(d, w->sub.remote_target);
    return digest(digest(d, w->sub.route_set), w->sub.event_id);
}

static void put_dialog(struct gw_watch *w)
{
    const struct cw_subscription *sub = &w->sub;
    uint64_t now = dialog_digest(w), now_ms = cw_now_ms();
    bool is_near = sub->local_cseq + CSEQ_NEAR >= w->cseq_bound;

    if (now == w->dialog_digest && !is_near)
        return;
    w->dialog_digest = now;
    if (is_near)
        w->cseq_bound = sub->local_cseq + CSEQ_AHEAD;
    uint64_t left_ms = w->expires_at_ms > now_ms ? w->expires_at_ms - now_ms : 0;
    const struct cw_store_dialog row =
        gw_dialog_row(sub, w->cseq_bound, (uint32_t)(left_ms / 1000));
    gw_store_put_dialog(w->subscriber->presence->gateway->store, &row);
    w->row_call_id = sub->call_id;
    w->row_tag = sub->local_tag;
}

void gw_watch_unstore(struct gw_watch *w)
{
    remove_dialog(w);
    if (w->row_digest)
        gw_store_remove_subscription(w->subscriber->presence->gateway->store, true,
                                     w->sub.presentity, w->sub.watcher);
    w->row_digest = 0;
}

void gw_watch_store(struct gw_watch *w)
{
    const struct cw_subscription *sub = &w->sub;
    bool is_over = sub->state == CW_SUBSCRIPTION_ENDING || sub->is_cancelled ||
                   w->wish == GW_WISH_UNSUBSCRIBE || w->wish == GW_WISH_REVOKE;
    bool has_dialog = sub->state != CW_SUBSCRIPTION_NONE && sub->remote_tag.n > 0;
    if (sub->is_poll || w->is_parting)
        return;
    if (is_over) {
        gw_watch_unstore(w);
        return;
    }
    put_row(w);
    if (!cw_str_eq(w->row_call_id, sub->call_id) || !cw_str_eq(w->row_tag, sub->local_tag) ||
        !has_dialog)
        remove_dialog(w);
    if (has_dialog)
        put_dialog(w);
}

/* --- an earlier life --------------------------------------------------------------------------*/

/* He knows these as available, and nothing else is known of them. */
static void restore_told(struct gw_watch *w, struct cw_str text)
{
    struct cw_arena arena = {0};
    json_t *list = json_loadb(text.p ? text.p : "", text.n, 0, NULL), *item;
    size_t i, n = json_array_size(list);
    struct cw_presence *known = cw_arena_alloc(&arena, (n + 1) * sizeof *known);
    json_array_foreach(list, i, item)
    {
        struct cw_str resource = {json_string_value(item), json_string_length(item)};
        known[i] = (struct cw_presence){.resource = resource.n ? resource : CW_STR_NONE,
                                        .is_available = true};
    }
    gw_watch_keep(w, &(struct cw_presence_step){.has_known = true, .known = known, .n_known = n});
    json_decref(list);
    cw_arena_free(&arena);
}

static void restore_dialog(struct gw_watch *w, const struct cw_store_dialog *row, bool is_pending)
{
    int64_t left_s = row->expires_at - (int64_t)time(NULL);
    w->row_call_id = row->call_id;
    w->row_tag = row->local_tag;
    if (left_s < MIN_LEFT_S || !row->remote_tag.n)
        return;
    w->sub.state = is_pending ? CW_SUBSCRIPTION_PENDING : CW_SUBSCRIPTION_ACTIVE;
    gw_dialog_from_row(&w->sub, row, left_s);
    gw_watch_granted(w, w->sub.expires_s);
}

/* What is refused meanwhile is found out by the review that follows. */
void gw_subscriber_restore(struct gw_subscriber *s, const struct cw_store_subscription *row,
                           const struct cw_store_dialog *dialog)
{
    struct cw_arena arena = {0};
    struct gw_pair pair = {.local_jid = gw_watch_jid(row->local),
                           .remote_jid = gw_watch_jid(row->remote),
                           .local = row->local,
                           .remote = row->remote};
    if (cw_domain_to_ascii(&arena, pair.local_jid.domain, &pair.domain) &&
        !gw_watch_of(s, row->local, row->remote, false)) {
        struct gw_watch *w = gw_watch_new(s, &pair, false);
        w->since = row->since;
        w->row_digest = 1; /* there is a row */
        w->sub.is_authorised = row->is_authorised;
        if (dialog)
            restore_dialog(w, dialog, cw_str_eq_cstr(row->state, "pending"));
        restore_told(w, row->told);
        w->is_stale = true;
        gw_watch_due(w, GW_DUE_REFRESH);
    }
    cw_arena_free(&arena);
}
