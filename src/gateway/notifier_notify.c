/* The NOTIFY requests of a dialog; see notifier_priv.h.
 *
 * At most one is under way.  What changes meanwhile marks the dialog, and when the answer has come
 * one more tells what is true then: of a hundred changes within a round trip the first and the last
 * are told.  A NOTIFY that nobody answers is sent again, later and later, with what is true by
 * then; when that leads to nothing the dialog is over (RFC 6665 section 4.2.2). */
#include "gateway/notifier_priv.h"

#include "base/secret.h"
#include "xlate/address.h"

enum {
    FIRST_RETRY_MS = 2000,
    MAX_RETRY_MS = 30000,
    MAX_RETRY_AFTER_S = 1800,
    MAX_FAILURES = 8,     /* some three minutes: a SIP server has restarted by then */
    MAX_END_FAILURES = 4, /* of the last NOTIFY */
    FULL_MS = 1000,       /* there were too many transactions */
    GATHER_MS = 300,      /* of the resources that answer a poll, after the first */
};

struct cw_str gw_watched_contact_user(struct cw_arena *arena, struct cw_str remote)
{
    struct cw_jid jid = gw_watched_jid(remote);
    struct cw_str uri = cw_addr_jid_to_uri(arena, &jid, CW_ADDR_SIP);
    ptrdiff_t colon = cw_str_index(uri, ':'), at = cw_str_index(uri, '@');
    return colon < 0 || at < colon ? CW_STR_NONE : cw_str_sub(uri, (size_t)colon + 1, (size_t)at);
}

/* When it is known that nobody is there, the user as a whole is closed; when nothing is known there
 * is no document. */
struct cw_presence_options gw_watched_options(const struct gw_watched *w, struct cw_arena *arena)
{
    struct cw_presence *known;
    size_t n = gw_resources_load(w->resources, arena, &known);
    if (n == 0 && w->has_state)
        n = 1; /* zeroed by the arena: not available */
    return (struct cw_presence_options){
        .map = &w->notifier->presence->map, .known = known, .n_known = n};
}

/* Resources that are gone need not be told a second time. */
static void prune_told(struct gw_watched *w)
{
    const struct gw_viewer *v;
    TAILQ_FOREACH (v, &w->viewers, link)
        if (!v->is_ending && (v->is_poll || (v->is_active && v->is_dirty)))
            return;
    gw_resources_prune(&w->resources);
}

/* --- what became of one -----------------------------------------------------------------------*/

static void retry_after(struct gw_viewer *v, uint64_t ms)
{
    uint16_t random;
    cw_random(&random, sizeof random);
    v->is_dirty = true;
    v->retry_ms = cw_now_ms() + ms + ms * random / (4 * 65536ULL); /* up to a quarter more */
    gw_viewer_set_timer(v);
}

/* The SIP server may be back soon; everything else is said by who has that dialog. */
static bool may_pass(int status)
{
    return status == 408 || status == 500 || status == 503 || status == 504;
}

static void failed(struct gw_viewer *v, const struct cw_sip_response *response)
{
    struct cw_arena arena = {0};
    struct cw_subscription s = gw_viewer_subscription(v);
    struct cw_presence_step step;
    uint64_t ms = (uint64_t)FIRST_RETRY_MS << v->n_failures;
    unsigned max = v->is_ending ? MAX_END_FAILURES : MAX_FAILURES;

    cw_subscription_on_notified(&arena, &s, response, &step);
    if (step.next == CW_PRESENCE_LATER)
        ms = 1000ULL *
             (step.retry_after_s < MAX_RETRY_AFTER_S ? step.retry_after_s : MAX_RETRY_AFTER_S);
    else if (ms > MAX_RETRY_MS)
        ms = MAX_RETRY_MS;
    if ((step.next == CW_PRESENCE_LATER || may_pass(response->status)) && v->n_failures < max) {
        v->n_failures++;
        retry_after(v, ms);
    } else {
        gw_viewer_drop(v, cw_arena_printf(&arena, "NOTIFY was answered with %d", response->status));
    }
    cw_arena_free(&arena);
}

static void on_final(void *arg, uint64_t user, const struct cw_sip_response *response)
{
    struct gw_viewer *v = gw_viewer_by_id(arg, user);
    if (!v)
        return;
    v->is_under_way = false;
    if (response->cseq > v->local_cseq)
        v->local_cseq = response->cseq;
    if (response->status >= 300) {
        failed(v, response);
    } else if (v->is_ending && !v->is_dirty) {
        gw_viewer_drop(v, CW_STR_NONE);
    } else {
        v->n_failures = 0;
        gw_viewer_notify(v);
    }
}

/* --- one --------------------------------------------------------------------------------------*/

static void make_step(struct gw_viewer *v, struct cw_arena *arena, struct cw_presence_step *step)
{
    struct cw_presence_options options = gw_watched_options(v->watched, arena);
    struct cw_subscription s = gw_viewer_subscription(v);
    if (!v->is_ending)
        cw_subscription_notify(arena, &s, &options, step);
    else if (v->end_reason == CW_EVENT_TIMEOUT)
        cw_subscription_expire(arena, &s, &options, step);
    else
        cw_subscription_terminate(arena, &s, v->end_reason, &options, step);
}

static enum cw_err transmit(struct gw_viewer *v)
{
    struct gw_watched *w = v->watched;
    struct cw_arena arena = {0};
    struct cw_presence_step step;
    make_step(v, &arena, &step);
    v->is_dirty = false;
    v->local_cseq = step.request.cseq;
    gw_viewer_keep_ahead(v);
    enum cw_err err = gw_sip_send(w->notifier->gateway->sip,
                                  &(struct gw_sip_sending){
                                      .domain = w->domain,
                                      .request = &step.request,
                                      .branch = step.branch,
                                      .contact_user = gw_watched_contact_user(&arena, w->remote),
                                      .final = on_final,
                                      .arg = w->notifier,
                                      .user = v->id,
                                  });
    cw_arena_free(&arena);
    return err;
}

void gw_viewer_notify(struct gw_viewer *v)
{
    if (v->is_under_way || v->retry_ms || !v->is_dirty)
        return;
    enum cw_err err = transmit(v);
    if (v->is_poll) {
        /* The one answer; who missed it asks again. */
        gw_viewer_drop(v, CW_STR_NONE);
    } else if (err == CW_OK) {
        v->is_under_way = true;
        prune_told(v->watched);
    } else if (err == CW_ERR_LIMIT) {
        retry_after(v, FULL_MS);
    } else {
        failed(v, &(struct cw_sip_response){.status = err == CW_ERR_INVALID ? 400 : 503});
    }
}

/* Later: by then there may be more to tell. */
static void defer(struct gw_viewer *v, uint64_t ms)
{
    if (!v->retry_ms) {
        v->retry_ms = cw_now_ms() + ms;
        gw_viewer_set_timer(v);
    }
}

void gw_watched_changed(struct gw_watched *w, uint64_t after_ms)
{
    struct gw_viewer *v, *next;
    uint64_t soon_ms = cw_now_ms() + GATHER_MS;
    w->holds++;
    for (v = TAILQ_FIRST(&w->viewers); v; v = next) {
        next = TAILQ_NEXT(v, link);
        if (v->is_ending)
            continue;
        if (v->is_poll && v->expires_ms > soon_ms) {
            v->expires_ms = soon_ms;
            gw_viewer_set_timer(v);
        } else if (v->is_active) {
            v->is_dirty = true;
            if (after_ms)
                defer(v, after_ms);
            gw_viewer_notify(v);
        }
    }
    prune_told(w);
    w->holds--;
    gw_watched_settle(w);
}
