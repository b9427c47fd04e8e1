/* What both directions share: names of a dialog, requests in it, what a step holds; see
 * subscription.h.  Stanzas are read in subscription_stanza.c; what SIP
 * says about an XMPP watcher in subscription_x2s.c, about a SIP watcher in subscription_s2x.c. */
#include "xlate/subscription_priv.h"

#include <string.h>

#include "xlate/address.h"
#include "xlate/text.h"

const char *cw_subscription_state_name(enum cw_subscription_state state)
{
    switch (state) {
    case CW_SUBSCRIPTION_NONE:
        return "none";
    case CW_SUBSCRIPTION_WAITING:
        return "waiting";
    case CW_SUBSCRIPTION_PENDING:
        return "pending";
    case CW_SUBSCRIPTION_ACTIVE:
        return "active";
    case CW_SUBSCRIPTION_ENDING:
        return "ending";
    }
    return "";
}

struct cw_str cw_subscription_local(const struct cw_subscription *s)
{
    return s->direction == CW_SUBSCRIPTION_X2S ? s->watcher : s->presentity;
}

struct cw_str cw_subscription_remote(const struct cw_subscription *s)
{
    return s->direction == CW_SUBSCRIPTION_X2S ? s->presentity : s->watcher;
}

struct cw_str cw_subscription_uri(struct cw_arena *arena, struct cw_str bare_jid)
{
    struct cw_jid jid;
    if (cw_jid_parse(arena, bare_jid, &jid) != CW_JID_OK)
        return CW_S("");
    return cw_addr_jid_to_uri(arena, &jid, CW_ADDR_SIP);
}

struct cw_str cw_subscription_number(struct cw_arena *arena, uint32_t number)
{
    return cw_arena_printf(arena, "%u", (unsigned)number);
}

void cw_subscription_drop_dialog(struct cw_subscription *s)
{
    s->state = CW_SUBSCRIPTION_NONE;
    s->call_id = s->local_tag = s->remote_tag = s->remote_target = s->route_set = CW_STR_NONE;
    s->local_cseq = s->remote_cseq = 0;
}

bool cw_subscription_has(const struct cw_subscription *s, const struct cw_sip_request *request)
{
    return s->state != CW_SUBSCRIPTION_NONE && cw_str_eq(s->call_id, request->call_id) &&
           (!s->local_tag.n || cw_str_eq(s->local_tag, request->to_tag)) &&
           (!s->remote_tag.n || cw_str_eq(s->remote_tag, request->from_tag));
}

/* Steps */

void cw_step_stanza(struct cw_arena *arena, struct cw_presence_step *step, struct cw_xml *stanza)
{
    size_t n = step->n_stanzas;
    if (!stanza)
        return;
    if ((n & (n - 1)) == 0) { /* 0, 1, 2, 4, 8 ...: full */
        struct cw_xml **more = cw_arena_alloc(arena, (n ? n * 2 : 1) * sizeof *more);
        if (n)
            memcpy(more, step->stanzas, n * sizeof *more);
        step->stanzas = more;
    }
    step->stanzas[n] = stanza;
    step->n_stanzas = n + 1;
}

void cw_step_answer(struct cw_presence_step *step, int status, const char *reason)
{
    step->has_response = true;
    step->response = (struct cw_sip_response){
        .status = status,
        .reason_phrase = cw_str_of(reason ? reason : cw_sip_reason(status)),
    };
}

static void name_dialog(struct cw_arena *arena, struct cw_subscription *s, struct cw_str seed)
{
    if (!s->call_id.n) {
        const struct cw_str parts[] = {CW_STR("subscription"), seed, s->watcher, s->presentity};
        s->call_id = cw_text_digest(arena, parts, 4);
    }
    if (!s->local_tag.n) {
        const struct cw_str parts[] = {CW_STR("tag"), seed, s->call_id, s->watcher, s->presentity};
        s->local_tag = cw_str_sub(cw_text_digest(arena, parts, 5), 0, 16);
    }
}

void cw_step_request(struct cw_arena *arena, struct cw_subscription *s, const char *method,
                     const struct cw_presence_options *options, struct cw_presence_step *step)
{
    struct cw_str local = cw_subscription_uri(arena, cw_subscription_local(s));
    struct cw_str remote = cw_subscription_uri(arena, cw_subscription_remote(s));

    name_dialog(arena, s, options->seed);
    s->local_cseq++;
    step->has_request = true;
    step->request = (struct cw_sip_request){
        .method = cw_str_of(method),
        .request_uri = s->remote_target.n ? s->remote_target : remote,
        .from_uri = local,
        .from_tag = s->local_tag,
        .to_uri = remote,
        .to_tag = s->remote_tag.n ? s->remote_tag : CW_STR_NONE,
        .call_id = s->call_id,
        .cseq = s->local_cseq,
        .contact_uri = local,
        .route = s->route_set.n ? s->route_set : CW_STR_NONE,
        .event = s->event_id.n ? cw_arena_printf(arena, "presence;id=%.*s", CW_ARG(s->event_id))
                               : CW_S("presence"),
    };
    const struct cw_str parts[] = {s->call_id, s->local_tag, step->request.method,
                                   cw_subscription_number(arena, s->local_cseq)};
    step->branch = cw_arena_printf(arena, "z9hG4bK%.*s", CW_ARG(cw_text_digest(arena, parts, 4)));
}

void cw_step_subscribe(struct cw_arena *arena, struct cw_subscription *s, uint32_t expires_s,
                       const struct cw_presence_options *options, struct cw_presence_step *step)
{
    cw_step_request(arena, s, "SUBSCRIBE", options, step);
    step->request.accept = CW_PIDF_TYPE;
    step->request.expires = cw_subscription_number(arena, expires_s);
}

void cw_step_notify(struct cw_arena *arena, struct cw_subscription *s,
                    const struct cw_event_status *status, struct cw_str document,
                    const struct cw_presence_options *options, struct cw_presence_step *step)
{
    cw_step_request(arena, s, "NOTIFY", options, step);
    step->request.subscription_state = cw_event_status_text(arena, status);
    step->request.body = document;
    if (document.n)
        step->request.content_type = CW_PIDF_TYPE;
}

struct cw_str cw_subscription_document(struct cw_arena *arena, const struct cw_subscription *s,
                                       const struct cw_presence_options *options,
                                       const struct cw_presence *list, size_t n)
{
    struct cw_jid user;
    if (n == 0 || cw_jid_parse(arena, s->presentity, &user) != CW_JID_OK)
        return CW_STR_NONE;
    return cw_presence_document(arena, options->map, &user, list, n);
}

void cw_step_all_gone(struct cw_arena *arena, const struct cw_subscription *s,
                      const struct cw_presence_options *options, struct cw_presence_step *step)
{
    struct cw_jid user;
    if (cw_jid_parse(arena, s->presentity, &user) != CW_JID_OK)
        return;
    for (size_t i = 0; i < options->n_known; i++) {
        const struct cw_presence gone = {.resource = options->known[i].resource};
        if (options->known[i].is_available)
            cw_step_stanza(arena, step, cw_presence_stanza(arena, &user, s->watcher, &gone));
    }
    step->has_known = true;
    step->n_known = 0;
}

void cw_step_cancel(struct cw_arena *arena, struct cw_subscription *s,
                    const struct cw_presence_options *options, struct cw_presence_step *step)
{
    cw_step_all_gone(arena, s, options, step);
    cw_step_stanza(arena, step,
                   cw_presence_typed(arena, s->presentity, s->watcher, "unsubscribed"));
    s->is_authorised = s->is_cancelled = false;
}

void cw_subscription_revoke(struct cw_arena *arena, struct cw_subscription *s,
                            const struct cw_presence_options *options,
                            struct cw_presence_step *step)
{
    *step = (struct cw_presence_step){.next = CW_PRESENCE_KEEP};
    cw_step_cancel(arena, s, options, step);
    if (s->state == CW_SUBSCRIPTION_ENDING)
        return;
    if (!s->remote_tag.n) {
        cw_subscription_drop_dialog(s);
        step->next = CW_PRESENCE_FORGET;
        return;
    }
    s->state = CW_SUBSCRIPTION_ENDING;
    cw_step_subscribe(arena, s, 0, options, step);
}

void cw_subscription_refresh(struct cw_arena *arena, struct cw_subscription *s,
                             const struct cw_presence_options *options,
                             struct cw_presence_step *step)
{
    *step = (struct cw_presence_step){.next = CW_PRESENCE_KEEP};
    if (s->state == CW_SUBSCRIPTION_NONE) {
        s->state = CW_SUBSCRIPTION_WAITING;
        if (!s->expires_s)
            s->expires_s = options->expires_s;
    }
    if (options->expires_s > s->expires_s)
        s->expires_s = options->expires_s;
    if (s->least_expires_s > s->expires_s)
        s->expires_s = s->least_expires_s;
    if (!s->expires_s)
        s->expires_s = CW_SUBSCRIPTION_EXPIRES_S;
    cw_step_subscribe(arena, s, s->is_poll || s->is_cancelled ? 0 : s->expires_s, options, step);
}

void cw_subscription_on_request(struct cw_arena *arena, struct cw_subscription *s,
                                const struct cw_sip_request *request,
                                const struct cw_presence_options *options,
                                struct cw_presence_step *step)
{
    *step = (struct cw_presence_step){.next = CW_PRESENCE_KEEP};
    if (!cw_str_eq_nocase(cw_event_package(request->event), CW_S("presence"))) {
        cw_step_answer(step, 489, NULL);
        step->response.allow_events = CW_S("presence");
    } else if (!s) {
        cw_step_answer(step, 481, "Subscription Does Not Exist");
    } else if (s->remote_cseq && request->cseq <= s->remote_cseq) {
        /* RFC 3261 section 12.2.2; what the transaction layer knows was sent again is not here. */
        cw_step_answer(step, 500, "CSeq Is Not Higher");
    } else if (cw_str_eq_cstr(request->method, "SUBSCRIBE")) {
        cw_subscription_on_subscribe(arena, s, request, options, step);
    } else if (cw_str_eq_cstr(request->method, "NOTIFY")) {
        cw_subscription_on_notify(arena, s, request, options, step);
    } else {
        cw_step_answer(step, 405, NULL);
        step->response.allow = CW_S("SUBSCRIBE, NOTIFY");
    }
}
