/* Presence stanzas -> SIP (RFC 8048 sections 5.2, 5.3.1, 6.2, 7.1); see subscription.h. */
#include "xlate/subscription_priv.h"

#include "xlate/address.h"

enum type {
    AVAILABLE,
    UNAVAILABLE,
    SUBSCRIBE,
    SUBSCRIBED,
    UNSUBSCRIBE,
    UNSUBSCRIBED,
    PROBE,
    ERROR,
};

static const struct {
    const char *name;
    enum type type;
    enum cw_subscription_direction direction;
} types[] = {
    {"available", AVAILABLE, CW_SUBSCRIPTION_S2X},
    {"unavailable", UNAVAILABLE, CW_SUBSCRIPTION_S2X},
    {"subscribe", SUBSCRIBE, CW_SUBSCRIPTION_X2S},
    {"subscribed", SUBSCRIBED, CW_SUBSCRIPTION_S2X},
    {"unsubscribe", UNSUBSCRIBE, CW_SUBSCRIPTION_X2S},
    {"unsubscribed", UNSUBSCRIBED, CW_SUBSCRIPTION_S2X},
    {"probe", PROBE, CW_SUBSCRIPTION_X2S},
    {"error", ERROR, CW_SUBSCRIPTION_S2X},
};

/* The row's number, or -1 for what is no presence's type. */
static int type_of(const struct cw_xml *stanza)
{
    struct cw_str type = cw_xml_attr(stanza, "type");
    for (int i = 0; i < (int)(sizeof types / sizeof *types); i++)
        if (cw_str_is_present(type) == (i > 0) && (i == 0 || cw_str_eq_cstr(type, types[i].name)))
            return i;
    return -1;
}

bool cw_subscription_of_stanza(const struct cw_xml *stanza, enum cw_subscription_direction *out)
{
    int row = type_of(stanza);
    if (row < 0)
        return false;
    *out = types[row].direction;
    return true;
}

/* The XMPP user watches */

static void on_subscribe(struct cw_arena *arena, struct cw_subscription *s,
                         const struct cw_presence_options *options, struct cw_presence_step *step)
{
    s->is_cancelled = false;
    if (s->state == CW_SUBSCRIPTION_ENDING)
        cw_subscription_drop_dialog(s);
    cw_subscription_refresh(arena, s, options, step);
    /* RFC 6121 section 3.1.3: who may see already is told so again. */
    if (s->is_authorised)
        cw_step_stanza(arena, step,
                       cw_presence_typed(arena, s->presentity, s->watcher, "subscribed"));
}

/* A dialog that has no far end yet cannot be ended: that is done when its answer comes. */
static void on_unsubscribe(struct cw_arena *arena, struct cw_subscription *s,
                           const struct cw_presence_options *options, struct cw_presence_step *step)
{
    if (s->state == CW_SUBSCRIPTION_NONE) {
        cw_step_cancel(arena, s, options, step);
        step->next = CW_PRESENCE_FORGET;
        return;
    }
    s->is_cancelled = true;
    s->is_authorised = false;
    if (s->state != CW_SUBSCRIPTION_ENDING && s->remote_tag.n) {
        s->state = CW_SUBSCRIPTION_ENDING;
        cw_step_subscribe(arena, s, 0, options, step);
    }
}

static void on_probe(struct cw_arena *arena, struct cw_subscription *s,
                     const struct cw_presence_options *options, struct cw_presence_step *step)
{
    cw_subscription_drop_dialog(s);
    s->is_poll = true;
    cw_subscription_refresh(arena, s, options, step);
}

/* The SIP user watches */

static void notify(struct cw_arena *arena, struct cw_subscription *s, struct cw_str document,
                   const struct cw_presence_options *options, struct cw_presence_step *step)
{
    const struct cw_event_status active = {
        .state = CW_EVENT_ACTIVE, .has_expires = true, .expires_s = s->expires_s};
    cw_step_notify(arena, s, &active, document, options, step);
}

static void end(struct cw_arena *arena, struct cw_subscription *s, enum cw_event_reason reason,
                struct cw_str document, const struct cw_presence_options *options,
                struct cw_presence_step *step)
{
    const struct cw_event_status ended = {.state = CW_EVENT_TERMINATED, .reason = reason};
    cw_step_notify(arena, s, &ended, document, options, step);
    cw_subscription_drop_dialog(s);
    step->next = CW_PRESENCE_FORGET;
}

/* Unasked, it counts for nothing: no dialog, no consent (RFC 6121 section 3.1.6). */
static void on_subscribed(struct cw_arena *arena, struct cw_subscription *s,
                          const struct cw_presence_options *options, struct cw_presence_step *step)
{
    if (s->state != CW_SUBSCRIPTION_PENDING || s->is_poll)
        return;
    s->state = CW_SUBSCRIPTION_ACTIVE;
    s->is_authorised = true;
    notify(arena, s, cw_subscription_document(arena, s, options, options->known, options->n_known),
           options, step);
}

static void on_unsubscribed(struct cw_arena *arena, struct cw_subscription *s,
                            const struct cw_presence_options *options,
                            struct cw_presence_step *step)
{
    s->is_authorised = false;
    if (s->state != CW_SUBSCRIPTION_NONE)
        end(arena, s, CW_EVENT_REJECTED, CW_STR_NONE, options, step);
}

/* What is known, changed by this one: those that go along in the document, closed ones too. */
static size_t merge(const struct cw_presence_options *options, const struct cw_presence *one,
                    struct cw_presence *list)
{
    size_t n = 0;
    bool is_all = !one->is_available && !cw_str_is_present(one->resource);

    for (size_t i = 0; i < options->n_known && n < CW_PIDF_MAX_TUPLES - 1; i++) {
        if (cw_str_eq(options->known[i].resource, one->resource))
            continue;
        list[n++] = is_all ? (struct cw_presence){.resource = options->known[i].resource}
                           : options->known[i];
    }
    if (!is_all || n == 0)
        list[n++] = *one;
    return n;
}

static void keep_available(struct cw_arena *arena, const struct cw_presence *list, size_t n,
                           struct cw_presence_step *step)
{
    struct cw_presence *known = cw_arena_alloc(arena, (n + 1) * sizeof *known);
    for (size_t i = 0; i < n; i++)
        if (list[i].is_available)
            known[step->n_known++] = list[i];
    step->known = known;
    step->has_known = true;
}

struct cw_str cw_subscription_language(const struct cw_presence *list, size_t n)
{
    struct cw_str lang = CW_STR_NONE;
    for (size_t i = 0; i < n; i++) {
        if (list[i].n_notes == 0)
            continue;
        if (cw_str_is_present(lang) && !cw_str_eq_nocase(lang, list[i].lang))
            return CW_STR_NONE;
        lang = list[i].lang;
    }
    return lang;
}

static void on_presence(struct cw_arena *arena, struct cw_subscription *s,
                        const struct cw_xml *stanza, const struct cw_presence_options *options,
                        struct cw_presence_step *step)
{
    struct cw_presence *list = cw_arena_alloc(arena, (CW_PIDF_MAX_TUPLES + 1) * sizeof *list);
    struct cw_presence one;

    if (!cw_presence_read(arena, stanza, &one))
        return;
    size_t n = merge(options, &one, list);
    keep_available(arena, list, n, step);
    struct cw_str document = cw_subscription_document(arena, s, options, list, n);
    if (s->is_poll && s->state == CW_SUBSCRIPTION_PENDING)
        end(arena, s, CW_EVENT_TIMEOUT, document, options, step); /* RFC 6665 section 4.4.3 */
    else if (s->state == CW_SUBSCRIPTION_ACTIVE)
        notify(arena, s, document, options, step);
    if (step->has_request)
        step->request.content_language = cw_subscription_language(list, n);
}

enum cw_event_reason cw_subscription_error_reason(struct cw_arena *arena,
                                                  const struct cw_xml *error_stanza)
{
    static const struct {
        enum cw_stanza_error condition;
        enum cw_event_reason reason;
    } rows[] = {
        {CW_STANZA_ITEM_NOT_FOUND, CW_EVENT_NORESOURCE},
        {CW_STANZA_GONE, CW_EVENT_NORESOURCE},
        {CW_STANZA_REMOTE_SERVER_NOT_FOUND, CW_EVENT_PROBATION},
        {CW_STANZA_REMOTE_SERVER_TIMEOUT, CW_EVENT_PROBATION},
        {CW_STANZA_REMOTE_CONNECTION_FAILED, CW_EVENT_PROBATION},
        {CW_STANZA_RECIPIENT_UNAVAILABLE, CW_EVENT_PROBATION},
        {CW_STANZA_RESOURCE_CONSTRAINT, CW_EVENT_PROBATION},
        {CW_STANZA_INTERNAL_SERVER_ERROR, CW_EVENT_PROBATION},
        {CW_STANZA_UNDEFINED_CONDITION, CW_EVENT_GIVEUP},
    };
    struct cw_stanza_error_info info = {.condition = CW_STANZA_UNDEFINED_CONDITION};

    (void)cw_stanza_error_read(arena, error_stanza, &info);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].condition == info.condition)
            return rows[i].reason;
    return CW_EVENT_REJECTED;
}

/* An error ends what it was asked for; presence that could not be delivered ends nothing. */
static void on_error(struct cw_arena *arena, struct cw_subscription *s, const struct cw_xml *stanza,
                     const struct cw_presence_options *options, struct cw_presence_step *step)
{
    if (s->state == CW_SUBSCRIPTION_PENDING)
        end(arena, s, cw_subscription_error_reason(arena, stanza), CW_STR_NONE, options, step);
}

/* The whole */

static bool is_usable(struct cw_arena *arena, const struct cw_xml *stanza, const char *name)
{
    struct cw_jid jid;
    return cw_jid_parse(arena, cw_xml_attr(stanza, name), &jid) == CW_JID_OK &&
           cw_str_is_present(jid.local) && cw_addr_is_reversible(arena, &jid);
}

void cw_subscription_on_stanza(struct cw_arena *arena, struct cw_subscription *s,
                               const struct cw_xml *stanza,
                               const struct cw_presence_options *options,
                               struct cw_presence_step *step)
{
    int row = type_of(stanza);

    *step = (struct cw_presence_step){.next = CW_PRESENCE_KEEP};
    if (row < 0)
        return;
    if (!is_usable(arena, stanza, "from") || !is_usable(arena, stanza, "to")) {
        if (types[row].type == SUBSCRIBE || types[row].type == PROBE)
            cw_step_stanza(arena, step,
                           cw_stanza_error_reply(arena, stanza, CW_STANZA_JID_MALFORMED,
                                                 CW_S("the address cannot be translated to SIP")));
        return;
    }
    switch (types[row].type) {
    case AVAILABLE:
    case UNAVAILABLE:
        on_presence(arena, s, stanza, options, step);
        break;
    case SUBSCRIBE:
        on_subscribe(arena, s, options, step);
        break;
    case SUBSCRIBED:
        on_subscribed(arena, s, options, step);
        break;
    case UNSUBSCRIBE:
        on_unsubscribe(arena, s, options, step);
        break;
    case UNSUBSCRIBED:
        on_unsubscribed(arena, s, options, step);
        break;
    case PROBE:
        on_probe(arena, s, options, step);
        break;
    case ERROR:
        on_error(arena, s, stanza, options, step);
        break;
    }
}
