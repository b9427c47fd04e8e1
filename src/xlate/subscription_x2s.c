/* An XMPP user watches: NOTIFY, and the answers to SUBSCRIBE (RFC 8048 sections 5.2 and 6.3, RFC
 * 6665 section 4.1); see subscription.h. */
#include "xlate/subscription_priv.h"

#include "xlate/address.h"
#include "xlate/content.h"

/* When nobody says how long to wait. */
enum { RETRY_S = 300 };

/* NOTIFY */

/* Reads the document of the NOTIFY; false when step holds a refusal. */
static bool read_body(struct cw_arena *arena, const struct cw_sip_request *request,
                      struct cw_pidf *pidf, struct cw_presence_step *step)
{
    struct cw_media_type media;

    *pidf = (struct cw_pidf){0};
    if (!request->body.n)
        return true;
    if (request->content_encoding.n &&
        !cw_str_eq_nocase(cw_str_trim(request->content_encoding), CW_S("identity"))) {
        cw_step_answer(step, 415, "Unsupported Content-Encoding");
        step->response.accept_encoding = CW_S("identity");
        return false;
    }
    if (!cw_media_type_parse(arena, request->content_type, &media) ||
        !cw_str_eq_nocase(media.type, CW_S("application")) ||
        !cw_str_eq_nocase(media.subtype, CW_S("pidf+xml"))) {
        cw_step_answer(step, 415, NULL);
        step->response.accept = CW_PIDF_TYPE;
        return false;
    }
    switch (cw_pidf_parse(arena, request->body, pidf)) {
    case CW_PIDF_OK:
        return true;
    case CW_PIDF_TOO_LARGE:
        cw_step_answer(step, 413, NULL);
        return false;
    case CW_PIDF_NOT_XML:
    case CW_PIDF_NOT_PIDF:
        break;
    }
    cw_step_answer(step, 400, "Bad Presence Document");
    return false;
}

static const struct cw_presence *find(const struct cw_presence *list, size_t n,
                                      struct cw_str resource)
{
    for (size_t i = 0; i < n; i++)
        if (cw_str_eq(list[i].resource, resource))
            return &list[i];
    return NULL;
}

static bool is_known(const struct cw_presence_options *options, struct cw_str resource)
{
    const struct cw_presence *known = find(options->known, options->n_known, resource);
    return known && known->is_available;
}

/* The document takes the place of all that was known: each open tuple is told, and each resource
 * that was there before and is closed or missing now.  A document that leaves nobody is told once,
 * also to a watcher who knew of nobody. */
static void tell_document(struct cw_arena *arena, const struct cw_subscription *s,
                          const struct cw_sip_request *request, const struct cw_pidf *pidf,
                          const struct cw_presence_options *options, struct cw_presence_step *step)
{
    struct cw_presence *list;
    struct cw_jid user;
    size_t n = cw_presence_of_document(arena, options->map, pidf, options->with_notes,
                                       request->content_language, &list);
    struct cw_presence *open = cw_arena_alloc(arena, (n + 1) * sizeof *open);
    size_t n_open = 0, n_before = step->n_stanzas;

    if (cw_jid_parse(arena, s->presentity, &user) != CW_JID_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        if (list[i].is_available)
            open[n_open++] = list[i];
        if (list[i].is_available || is_known(options, list[i].resource))
            cw_step_stanza(arena, step, cw_presence_stanza(arena, &user, s->watcher, &list[i]));
    }
    for (size_t i = 0; i < options->n_known; i++) {
        const struct cw_presence gone = {.resource = options->known[i].resource};
        if (options->known[i].is_available && !find(list, n, gone.resource))
            cw_step_stanza(arena, step, cw_presence_stanza(arena, &user, s->watcher, &gone));
    }
    if (step->n_stanzas == n_before) {
        const struct cw_presence nobody = {0};
        cw_step_stanza(arena, step,
                       cw_presence_stanza(arena, &user, s->watcher, n ? &list[0] : &nobody));
    }
    step->has_known = true;
    step->known = open;
    step->n_known = n_open;
}

/* A poll is no subscription: nobody has asked for `subscribed`. */
static void authorise(struct cw_arena *arena, struct cw_subscription *s,
                      struct cw_presence_step *step)
{
    if (!s->is_authorised && !s->is_poll)
        cw_step_stanza(arena, step,
                       cw_presence_typed(arena, s->presentity, s->watcher, "subscribed"));
    s->is_authorised = true;
}

static void on_active(struct cw_arena *arena, struct cw_subscription *s,
                      const struct cw_sip_request *request, const struct cw_pidf *pidf,
                      const struct cw_presence_options *options, struct cw_presence_step *step)
{
    s->state = CW_SUBSCRIPTION_ACTIVE;
    authorise(arena, s, step);
    if (request->body.n)
        tell_document(arena, s, request, pidf, options, step);
    else
        cw_step_all_gone(arena, s, options, step); /* unknown or closed (section 5.2.1) */
}

/* RFC 6665 section 4.1.3. */
static const struct {
    bool is_final; /* the authorization is over with it */
    enum cw_presence_next next;
} reasons[] = {
    [CW_EVENT_NO_REASON] = {false, CW_PRESENCE_LATER},
    [CW_EVENT_DEACTIVATED] = {false, CW_PRESENCE_AGAIN},
    [CW_EVENT_PROBATION] = {false, CW_PRESENCE_LATER},
    [CW_EVENT_REJECTED] = {true, CW_PRESENCE_FORGET},
    [CW_EVENT_TIMEOUT] = {false, CW_PRESENCE_AGAIN},
    [CW_EVENT_GIVEUP] = {false, CW_PRESENCE_LATER},
    [CW_EVENT_NORESOURCE] = {true, CW_PRESENCE_FORGET},
    [CW_EVENT_INVARIANT] = {false, CW_PRESENCE_KEEP},
};

static void on_terminated(struct cw_arena *arena, struct cw_subscription *s,
                          const struct cw_sip_request *request,
                          const struct cw_event_status *status, const struct cw_pidf *pidf,
                          const struct cw_presence_options *options, struct cw_presence_step *step)
{
    bool was_ours = s->state == CW_SUBSCRIPTION_ENDING;

    step->next = reasons[status->reason].next;
    step->retry_after_s = status->has_retry_after ? status->retry_after_s : RETRY_S;
    cw_subscription_drop_dialog(s);
    if (s->is_cancelled) {
        cw_step_cancel(arena, s, options, step);
        step->next = CW_PRESENCE_FORGET;
    } else if (was_ours) {
        step->next = CW_PRESENCE_FORGET; /* what was to be said, the 200 has said */
    } else if (reasons[status->reason].is_final) {
        cw_step_cancel(arena, s, options, step);
    } else if (s->is_poll) {
        /* The answer to the probe, and no loss of the authorization (section 4.4.3). */
        tell_document(arena, s, request, pidf, options, step);
        step->next = CW_PRESENCE_FORGET;
    } else if (status->reason == CW_EVENT_INVARIANT && request->body.n) {
        on_active(arena, s, request, pidf, options, step);
        cw_subscription_drop_dialog(s);
    } else if (step->next == CW_PRESENCE_LATER) {
        cw_step_all_gone(arena, s, options, step);
    }
}

void cw_subscription_on_notify(struct cw_arena *arena, struct cw_subscription *s,
                               const struct cw_sip_request *request,
                               const struct cw_presence_options *options,
                               struct cw_presence_step *step)
{
    struct cw_event_status status;
    struct cw_pidf pidf;

    if (!cw_event_status_parse(request->subscription_state, &status)) {
        cw_step_answer(step, 400, "Missing Subscription-State");
        return;
    }
    if (!read_body(arena, request, &pidf, step))
        return;
    cw_step_answer(step, 200, NULL);
    /* It may come before the 200 (RFC 6665 section 4.4.1) and then names the far end. */
    s->remote_tag = request->from_tag;
    s->remote_cseq = request->cseq;
    if (request->contact_uri.n)
        s->remote_target = request->contact_uri;
    if (!s->route_set.n)
        s->route_set = request->record_route;
    if (status.has_expires)
        s->expires_s = status.expires_s;
    if (status.state == CW_EVENT_TERMINATED) {
        on_terminated(arena, s, request, &status, &pidf, options, step);
    } else if (s->is_cancelled) {
        if (s->state != CW_SUBSCRIPTION_ENDING) { /* its end was waiting for a far end */
            s->state = CW_SUBSCRIPTION_ENDING;
            cw_step_subscribe(arena, s, 0, options, step);
        }
    } else if (s->state == CW_SUBSCRIPTION_ENDING) {
        return; /* no presence from a dialog that ended */
    } else if (status.state == CW_EVENT_ACTIVE) {
        on_active(arena, s, request, &pidf, options, step);
    } else {
        s->state = CW_SUBSCRIPTION_PENDING;
        if (options->is_consented && !s->is_poll)
            authorise(arena, s, step);
        cw_step_all_gone(arena, s, options, step);
    }
}

/* Answers */

/* The route set that the Record-Route of an answer gives: the last one first (RFC 3261 section
 * 12.1.2).  A comma inside <> or quotes parts nothing. */
static struct cw_str reverse(struct cw_arena *arena, struct cw_str routes)
{
    struct cw_str out = CW_STR_NONE;
    size_t from = 0;
    bool in_uri = false, in_quotes = false;

    for (size_t i = 0; i <= routes.n; i++) {
        char c = i < routes.n ? routes.p[i] : ',';
        if (c == '"' && !in_uri)
            in_quotes = !in_quotes;
        else if (c == '\\' && in_quotes)
            i++;
        else if ((c == '<' || c == '>') && !in_quotes)
            in_uri = c == '<';
        if (i < routes.n && (c != ',' || in_uri || in_quotes))
            continue;
        struct cw_str one = cw_str_trim(cw_str_sub(routes, from, i));
        from = i + 1;
        if (one.n)
            out = out.n ? cw_arena_printf(arena, "%.*s, %.*s", CW_ARG(one), CW_ARG(out)) : one;
    }
    return out;
}

static void on_success(struct cw_arena *arena, struct cw_subscription *s,
                       const struct cw_sip_response *response,
                       const struct cw_presence_options *options, struct cw_presence_step *step)
{
    uint32_t granted;

    if (!s->remote_tag.n)
        s->remote_tag = response->to_tag;
    if (response->contact.n)
        s->remote_target = response->contact;
    if (!s->route_set.n)
        s->route_set = reverse(arena, response->record_route);
    if (s->state == CW_SUBSCRIPTION_ENDING) {
        if (s->is_cancelled)
            cw_step_cancel(arena, s, options, step);
        return;
    }
    if (!s->is_poll && cw_event_seconds(response->expires, &granted) && granted > 0)
        s->expires_s = granted;
    if (s->is_cancelled) {
        s->state = CW_SUBSCRIPTION_ENDING;
        cw_step_subscribe(arena, s, 0, options, step);
    }
}

/* RFC 8048 section 5.2.2: which answers take the authorization away, and which say nothing about
 * it.  Every other one: nobody may see yet: the error goes back; else it is tried again later. */
enum effect { ELSE, CANCEL, AGAIN, LONGER };

static enum effect effect_of(int status)
{
    static const struct {
        int status;
        enum effect effect;
    } rows[] = {
        {403, CANCEL}, {489, CANCEL}, {603, CANCEL}, {481, AGAIN}, {423, LONGER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].effect;
    return ELSE;
}

static void on_failure(struct cw_arena *arena, struct cw_subscription *s,
                       const struct cw_sip_response *response, const struct cw_error_origin *origin,
                       const struct cw_presence_options *options, struct cw_presence_step *step)
{
    struct cw_error_origin asked = *origin;

    step->next = CW_PRESENCE_LATER;
    if (!cw_event_seconds(response->retry_after, &step->retry_after_s))
        step->retry_after_s = RETRY_S;
    cw_step_all_gone(arena, s, options, step);
    if (s->is_authorised || !origin->from.n)
        return;
    asked.name = CW_S("presence");
    cw_step_stanza(arena, step, cw_error_stanza(arena, &asked, response));
    cw_subscription_drop_dialog(s);
    step->next = CW_PRESENCE_FORGET;
}

/* A refresh that met nobody, not even somebody who refuses (he would have a tag): the dialog may be
 * there yet when the SIP server is back (RFC 6665 section 4.1.2.2).  A new one beside it would be
 * one too many. */
static bool is_unanswered_refresh(const struct cw_subscription *s,
                                  const struct cw_sip_response *response)
{
    return (response->status == 408 || response->status == 503) && !response->to_tag.n &&
           s->remote_tag.n > 0 && !s->is_poll && !s->is_cancelled &&
           s->state != CW_SUBSCRIPTION_NONE && s->state != CW_SUBSCRIPTION_ENDING;
}

void cw_subscription_on_response(struct cw_arena *arena, struct cw_subscription *s,
                                 const struct cw_sip_response *response,
                                 const struct cw_error_origin *origin,
                                 const struct cw_presence_options *options,
                                 struct cw_presence_step *step)
{
    *step = (struct cw_presence_step){.next = CW_PRESENCE_KEEP};
    if (response->status < 200)
        return;
    if (response->cseq > s->local_cseq)
        s->local_cseq = response->cseq;
    if (response->status < 300) {
        on_success(arena, s, response, options, step);
        return;
    }
    enum effect effect = effect_of(response->status);
    bool was_ours = s->state == CW_SUBSCRIPTION_ENDING;
    if (is_unanswered_refresh(s, response))
        s->state = CW_SUBSCRIPTION_WAITING;
    else
        cw_subscription_drop_dialog(s);
    if (s->is_cancelled || was_ours) {
        if (s->is_cancelled)
            cw_step_cancel(arena, s, options, step);
        step->next = CW_PRESENCE_FORGET;
    } else if (effect == CANCEL) {
        cw_step_cancel(arena, s, options, step);
        step->next = CW_PRESENCE_FORGET;
    } else if (effect == AGAIN) {
        step->next = s->is_poll ? CW_PRESENCE_FORGET : CW_PRESENCE_AGAIN;
    } else if (effect == LONGER && !s->is_poll) {
        uint32_t least;
        bool is_longer = cw_event_seconds(response->min_expires, &least) && least > s->expires_s;
        if (is_longer)
            s->least_expires_s = least;
        /* A peer that finds its own least too short would be asked for ever. */
        step->next = is_longer ? CW_PRESENCE_AGAIN : CW_PRESENCE_LATER;
        step->retry_after_s = RETRY_S;
    } else {
        on_failure(arena, s, response, origin, options, step);
    }
}
