/* A SIP user watches: SUBSCRIBE, and what ends it from our side (RFC 8048 sections 5.3 and 7.2, RFC
 * 6665 section 4.2); see subscription.h. */
#include "xlate/subscription_priv.h"

#include "xlate/address.h"
#include "xlate/text.h"

/* Addresses as of message_s2x.c, with the words of presence.  False when step holds a refusal. */
static bool read_addresses(struct cw_arena *arena, const struct cw_sip_request *request,
                           struct cw_jid *from, struct cw_jid *to, struct cw_presence_step *step)
{
    if (cw_addr_is_sips(request->request_uri) || cw_addr_is_sips(request->to_uri)) {
        cw_step_answer(step, 416, "sips Is Not Translated");
        return false;
    }
    if (cw_addr_sip_to_jid(arena, request->from_uri, from) != CW_ADDR_OK ||
        !cw_str_is_present(from->local)) {
        cw_step_answer(step, 400, "From Cannot Be Translated");
        return false;
    }
    enum cw_addr_fault fault = cw_addr_sip_to_jid(arena, request->to_uri, to);
    if (fault != CW_ADDR_OK) {
        if (fault == CW_ADDR_SCHEME)
            cw_step_answer(step, 416, NULL);
        else
            cw_step_answer(step, 400, "To Cannot Be Translated");
        return false;
    }
    if (!cw_str_is_present(to->local)) {
        cw_step_answer(step, 404, NULL);
        return false;
    }
    return true;
}

/* RFC 3856 section 6.5: application/pidf+xml must be taken; without Accept it is. */
static bool takes_pidf(struct cw_str accept)
{
    if (!cw_str_trim(accept).n)
        return true;
    while (accept.n) {
        ptrdiff_t comma = cw_str_index(accept, ',');
        struct cw_str one = cw_str_sub(accept, 0, comma < 0 ? accept.n : (size_t)comma);
        ptrdiff_t semicolon = cw_str_index(one, ';');
        accept = comma < 0 ? CW_S("") : cw_str_sub(accept, (size_t)comma + 1, accept.n);
        one = cw_str_trim(cw_str_sub(one, 0, semicolon < 0 ? one.n : (size_t)semicolon));
        if (cw_str_eq_nocase(one, CW_PIDF_TYPE) || cw_str_eq_nocase(one, CW_S("application/*")) ||
            cw_str_eq_cstr(one, "*/*"))
            return true;
    }
    return false;
}

/* What the SUBSCRIBE asks for, within what may be granted.  False when step holds a refusal. */
static bool read_expires(struct cw_arena *arena, const struct cw_sip_request *request,
                         const struct cw_presence_options *options, uint32_t *expires_s,
                         struct cw_presence_step *step)
{
    uint32_t most = options->expires_s ? options->expires_s : CW_SUBSCRIPTION_EXPIRES_S;

    *expires_s = CW_SUBSCRIPTION_EXPIRES_S;
    if (cw_str_is_present(request->expires) && !cw_event_seconds(request->expires, expires_s)) {
        cw_step_answer(step, 400, "Bad Expires");
        return false;
    }
    /* RFC 6665 section 4.2.1.1: too short is only what is shorter than an hour as well. */
    if (*expires_s > 0 && *expires_s < 3600 && *expires_s < options->min_expires_s) {
        cw_step_answer(step, 423, NULL);
        step->response.min_expires = cw_subscription_number(arena, options->min_expires_s);
        return false;
    }
    if (*expires_s > most)
        *expires_s = most;
    return true;
}

/* The notifications that a SUBSCRIBE asks for at once (RFC 6665 section 4.2.1.2) */

static void notify_state(struct cw_arena *arena, struct cw_subscription *s,
                         const struct cw_presence_options *options, struct cw_presence_step *step)
{
    bool is_active = s->state == CW_SUBSCRIPTION_ACTIVE;
    const struct cw_event_status status = {
        .state = is_active ? CW_EVENT_ACTIVE : CW_EVENT_PENDING,
        .has_expires = true,
        .expires_s = s->expires_s,
    };
    struct cw_str document =
        is_active ? cw_subscription_document(arena, s, options, options->known, options->n_known)
                  : CW_STR_NONE;
    cw_step_notify(arena, s, &status, document, options, step);
    if (document.n)
        step->request.content_language = cw_subscription_language(options->known, options->n_known);
}

static void notify_end(struct cw_arena *arena, struct cw_subscription *s, struct cw_str document,
                       const struct cw_presence_options *options, struct cw_presence_step *step)
{
    const struct cw_event_status ended = {.state = CW_EVENT_TERMINATED, .reason = CW_EVENT_TIMEOUT};
    cw_step_notify(arena, s, &ended, document, options, step);
    cw_subscription_drop_dialog(s);
    step->next = CW_PRESENCE_FORGET;
}

/* Section 5.3.3: the watcher sees that the contact is closed; the contact, that he is gone. */
static void end(struct cw_arena *arena, struct cw_subscription *s,
                const struct cw_presence_options *options, struct cw_presence_step *step)
{
    struct cw_presence *closed = cw_arena_alloc(arena, (options->n_known + 1) * sizeof *closed);
    for (size_t i = 0; i < options->n_known; i++)
        closed[i].resource = options->known[i].resource;
    struct cw_str document = cw_subscription_document(arena, s, options, closed,
                                                      options->n_known ? options->n_known : 1);
    notify_end(arena, s, s->is_authorised ? document : CW_STR_NONE, options, step);
    cw_step_stanza(arena, step, cw_presence_typed(arena, s->watcher, s->presentity, "unavailable"));
}

static void on_poll(struct cw_arena *arena, struct cw_subscription *s,
                    const struct cw_presence_options *options, struct cw_presence_step *step)
{
    s->is_poll = true;
    s->state = CW_SUBSCRIPTION_PENDING;
    if (s->is_authorised && options->n_known) {
        notify_end(arena, s,
                   cw_subscription_document(arena, s, options, options->known, options->n_known),
                   options, step);
        return;
    }
    cw_step_stanza(arena, step, cw_presence_typed(arena, s->watcher, s->presentity, "probe"));
}

/* SUBSCRIBE */

static bool open_dialog(struct cw_arena *arena, struct cw_subscription *s,
                        const struct cw_sip_request *request, const struct cw_jid *from,
                        const struct cw_jid *to, struct cw_presence_step *step)
{
    if (request->to_tag.n) {
        cw_step_answer(step, 481, "Subscription Does Not Exist");
        return false;
    }
    s->direction = CW_SUBSCRIPTION_S2X;
    s->state = CW_SUBSCRIPTION_PENDING;
    s->watcher = cw_jid_bare(arena, from);
    s->presentity = cw_jid_bare(arena, to);
    /* Of both users too: whoever sends another's names has a dialog of his own. */
    const struct cw_str parts[] = {CW_STR("notifier"), request->call_id, request->from_tag,
                                   s->watcher, s->presentity};
    s->call_id = request->call_id;
    s->remote_tag = request->from_tag;
    s->local_tag = cw_str_sub(cw_text_digest(arena, parts, 5), 0, 16);
    s->event_id = cw_event_id(request->event);
    s->route_set = request->record_route; /* RFC 3261 section 12.1.1: the order stays */
    return true;
}

static bool is_same(struct cw_arena *arena, struct cw_str bare, const struct cw_jid *now)
{
    struct cw_jid jid;
    return cw_jid_parse(arena, bare, &jid) == CW_JID_OK && cw_jid_eq_bare(&jid, now);
}

static void accept(struct cw_arena *arena, struct cw_subscription *s,
                   const struct cw_sip_request *request, uint32_t expires_s,
                   struct cw_presence_step *step)
{
    cw_step_answer(step, 200, NULL);
    step->response.to_tag = s->local_tag;
    step->response.expires = cw_subscription_number(arena, expires_s);
    step->response.contact = cw_subscription_uri(arena, s->presentity);
    step->response.record_route = request->record_route;
}

void cw_subscription_on_subscribe(struct cw_arena *arena, struct cw_subscription *s,
                                  const struct cw_sip_request *request,
                                  const struct cw_presence_options *options,
                                  struct cw_presence_step *step)
{
    bool is_new = s->state == CW_SUBSCRIPTION_NONE;
    struct cw_jid from, to;
    uint32_t expires_s;

    if (!read_addresses(arena, request, &from, &to, step))
        return;
    if (!is_new && (!is_same(arena, s->watcher, &from) || !is_same(arena, s->presentity, &to))) {
        cw_step_answer(step, 403, NULL);
        return;
    }
    if (!takes_pidf(request->accept)) {
        cw_step_answer(step, 406, NULL);
        return;
    }
    if (!read_expires(arena, request, options, &expires_s, step) ||
        (is_new && !open_dialog(arena, s, request, &from, &to, step)))
        return;
    accept(arena, s, request, expires_s, step);
    s->remote_cseq = request->cseq;
    if (request->contact_uri.n)
        s->remote_target = request->contact_uri;
    if (expires_s == 0) {
        if (is_new)
            on_poll(arena, s, options, step);
        else
            end(arena, s, options, step);
        return;
    }
    s->expires_s = expires_s;
    if (is_new && s->is_authorised)
        s->state = CW_SUBSCRIPTION_ACTIVE;
    notify_state(arena, s, options, step);
    /* The contact's server answers for a contact who consented before (RFC 6121 section 3.1.3), and
     * with his presence too. */
    if (is_new)
        cw_step_stanza(arena, step,
                       cw_presence_typed(arena, s->watcher, s->presentity, "subscribe"));
}

void cw_subscription_notify(struct cw_arena *arena, struct cw_subscription *s,
                            const struct cw_presence_options *options,
                            struct cw_presence_step *step)
{
    *step = (struct cw_presence_step){.next = CW_PRESENCE_KEEP};
    if (s->state == CW_SUBSCRIPTION_PENDING || s->state == CW_SUBSCRIPTION_ACTIVE)
        notify_state(arena, s, options, step);
}

void cw_subscription_terminate(struct cw_arena *arena, struct cw_subscription *s,
                               enum cw_event_reason reason,
                               const struct cw_presence_options *options,
                               struct cw_presence_step *step)
{
    const struct cw_event_status ended = {.state = CW_EVENT_TERMINATED, .reason = reason};

    *step = (struct cw_presence_step){.next = CW_PRESENCE_FORGET};
    if (s->direction != CW_SUBSCRIPTION_S2X || s->state == CW_SUBSCRIPTION_NONE)
        return;
    cw_step_notify(arena, s, &ended, CW_STR_NONE, options, step);
    cw_subscription_drop_dialog(s);
}

void cw_subscription_expire(struct cw_arena *arena, struct cw_subscription *s,
                            const struct cw_presence_options *options,
                            struct cw_presence_step *step)
{
    *step = (struct cw_presence_step){.next = CW_PRESENCE_FORGET};
    if (s->direction != CW_SUBSCRIPTION_S2X || s->state == CW_SUBSCRIPTION_NONE)
        return;
    if (s->is_poll)
        notify_end(arena, s,
                   cw_subscription_document(arena, s, options, options->known, options->n_known),
                   options, step);
    else
        end(arena, s, options, step);
}

/* RFC 6665 section 4.2.2: a NOTIFY that fails for good ends the subscription; the consent of the
 * contact stays, and the watcher may come back. */
void cw_subscription_on_notified(struct cw_arena *arena, struct cw_subscription *s,
                                 const struct cw_sip_response *response,
                                 struct cw_presence_step *step)
{
    *step = (struct cw_presence_step){.next = CW_PRESENCE_KEEP};
    if (response->status < 300 || s->state == CW_SUBSCRIPTION_NONE)
        return;
    if (cw_event_seconds(response->retry_after, &step->retry_after_s)) {
        step->next = CW_PRESENCE_LATER;
        return;
    }
    cw_subscription_drop_dialog(s);
    step->next = CW_PRESENCE_FORGET;
    cw_step_stanza(arena, step, cw_presence_typed(arena, s->watcher, s->presentity, "unavailable"));
}
