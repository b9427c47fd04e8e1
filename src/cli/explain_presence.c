/* The part of `causeway explain translate` for presence: stanzas, SUBSCRIBE, NOTIFY and their
 * answers, with the subscriptions of the state file.  As everywhere in explain, every partner is
 * one and may see notes; what the gateway would do at once (a new SUBSCRIBE for a dialog that was
 * lost) is done, what it would do later is not. */
#include "cli/explain_presence.h"

#include "cli/explain_input.h"
#include "sip/build.h"
#include "xlate/address.h"

/* What goes out */

static void put_request(struct cw_explain_translation *t, const struct cw_presence_step *step)
{
    struct cw_sip_draft draft = cw_sip_draft_of(&step->request, step->branch);
    struct cw_buf text = {0};

    draft.transport = CW_SIP_TCP;
    draft.sent_by = cw_explain_host(t);
    draft.contact_uri = step->request.contact_uri;
    if (cw_sip_build_request(&text, &draft, NULL) == CW_OK)
        json_array_append_new(t->out, json_pack("{s:s, s:o}", "kind", "sip", "text",
                                                cw_explain_json(&t->arena, cw_buf_str(&text))));
    cw_buf_free(&text);
}

static void put_step(struct cw_explain_translation *t, const struct cw_presence_step *step)
{
    if (step->has_response)
        cw_explain_put_response(t, &step->response, CW_STR_NONE);
    if (step->has_request)
        put_request(t, step);
    for (size_t i = 0; i < step->n_stanzas; i++) {
        if (cw_str_eq_cstr(cw_xml_attr(step->stanzas[i], "type"), "error"))
            cw_explain_put_error(t, step->stanzas[i]);
        else
            cw_explain_put_stanza(t, step->stanzas[i]);
    }
}

/* One subscription, its row, and what is known */

struct row {
    struct cw_subscription s;
    size_t number;
    struct cw_presence_options options;
};

static void look_up(struct cw_explain_translation *t, struct row *row)
{
    struct cw_presence *known;
    size_t n = cw_explain_resources_get(&t->state, &t->arena, row->s.presentity, &known);
    row->options = (struct cw_presence_options){
        .with_notes = true,
        .seed = cw_explain_seed(&t->state, &t->arena),
        .known = known,
        .n_known = n,
    };
}

static void keep(struct cw_explain_translation *t, struct row *row,
                 const struct cw_presence_step *step)
{
    if (step->has_known)
        cw_explain_resources_set(&t->state, &t->arena, row->s.presentity, step->known,
                                 step->n_known);
    if (row->s.state != CW_SUBSCRIPTION_NONE || (row->s.is_authorised && !row->s.is_poll))
        cw_explain_subscription_set(&t->state, &t->arena, row->number, &row->s);
    else
        cw_explain_subscription_remove(&t->state, row->number);
}

/* Puts out a step and keeps what it left. */
static void finish(struct cw_explain_translation *t, struct row *row, struct cw_presence_step *step)
{
    put_step(t, step);
    keep(t, row, step);
    if (step->next != CW_PRESENCE_AGAIN)
        return;
    look_up(t, row);
    cw_subscription_refresh(&t->arena, &row->s, &row->options, step);
    put_step(t, step);
    cw_explain_subscription_set(&t->state, &t->arena, row->number, &row->s);
}

static bool get(struct cw_explain_translation *t, size_t number, struct row *row)
{
    if (number >= cw_explain_subscriptions(&t->state))
        return false;
    row->number = number;
    cw_explain_subscription_get(&t->state, &t->arena, number, &row->s);
    return true;
}

static bool is_between(const struct row *row, enum cw_subscription_direction direction,
                       struct cw_str watcher, struct cw_str presentity)
{
    return row->s.direction == direction && cw_str_eq(row->s.presentity, presentity) &&
           (!watcher.n || cw_str_eq(row->s.watcher, watcher));
}

static void make(struct cw_explain_translation *t, enum cw_subscription_direction direction,
                 struct cw_str watcher, struct cw_str presentity, struct row *row)
{
    *row = (struct row){
        .s = {.direction = direction, .watcher = watcher, .presentity = presentity},
        .number = cw_explain_subscriptions(&t->state),
    };
}

/* Stanzas */

static void wait_for_answer(struct cw_explain_translation *t, const struct cw_xml *stanza,
                            const struct cw_presence_step *step)
{
    if (step->has_request)
        cw_explain_state_add(&t->state, &(struct cw_explain_pending){
                                            .id = cw_xml_attr(stanza, "id"),
                                            .call_id = step->request.call_id,
                                            .from = cw_xml_attr(stanza, "from"),
                                            .to = cw_xml_attr(stanza, "to"),
                                            .cseq = step->request.cseq,
                                        });
}

/* The sender watches. */
static void watcher_says(struct cw_explain_translation *t, const struct cw_xml *stanza,
                         struct cw_str from, struct cw_str to)
{
    bool is_probe = cw_str_eq_cstr(cw_xml_attr(stanza, "type"), "probe");
    struct cw_presence_step step;
    struct row row;

    for (size_t i = 0; !is_probe && get(t, i, &row); i++)
        if (is_between(&row, CW_SUBSCRIPTION_X2S, from, to) && !row.s.is_poll)
            goto found;
    make(t, CW_SUBSCRIPTION_X2S, from, to, &row);
found:
    look_up(t, &row);
    cw_subscription_on_stanza(&t->arena, &row.s, stanza, &row.options, &step);
    wait_for_answer(t, stanza, &step);
    finish(t, &row, &step);
}

/* The sender is watched: all dialogs of that watcher hear of it; without one named, all do. */
static void presentity_says(struct cw_explain_translation *t, struct cw_xml *stanza,
                            struct cw_str from, struct cw_str to)
{
    size_t n = cw_explain_subscriptions(&t->state);
    struct cw_presence *known;
    size_t n_known = cw_explain_resources_get(&t->state, &t->arena, from, &known);
    struct cw_presence_step step;
    struct row row;

    /* From the last one on, since one that is over leaves the list. */
    while (n-- > 0) {
        if (!get(t, n, &row) || !is_between(&row, CW_SUBSCRIPTION_S2X, to, from))
            continue;
        look_up(t, &row);
        row.options.known = known; /* as it was before this stanza, for each */
        row.options.n_known = n_known;
        cw_xml_set(&t->arena, stanza, "to", row.s.watcher);
        cw_subscription_on_stanza(&t->arena, &row.s, stanza, &row.options, &step);
        finish(t, &row, &step);
    }
}

void cw_explain_presence_stanza(struct cw_explain_translation *t, struct cw_xml *stanza)
{
    enum cw_subscription_direction direction;
    struct cw_jid from, to;
    bool has_to = cw_jid_parse(&t->arena, cw_xml_attr(stanza, "to"), &to) == CW_JID_OK;

    if (cw_jid_parse(&t->arena, cw_xml_attr(stanza, "from"), &from) != CW_JID_OK ||
        !cw_subscription_of_stanza(stanza, &direction))
        return;
    struct cw_str from_bare = cw_jid_bare(&t->arena, &from);
    struct cw_str to_bare = has_to ? cw_jid_bare(&t->arena, &to) : CW_STR_NONE;
    if (direction == CW_SUBSCRIPTION_X2S)
        watcher_says(t, stanza, from_bare, to_bare);
    else
        presentity_says(t, stanza, from_bare, to_bare);
}

/* SIP */

/* Our user with somebody elsewhere, or the status that says why not; its addresses. */
static int read_direction(struct cw_explain_translation *t, const struct cw_sip_request *request,
                          struct cw_str *from_bare, struct cw_str *to_bare)
{
    struct cw_jid from, to;

    *from_bare = *to_bare = CW_STR_NONE;
    if (cw_addr_sip_to_jid(&t->arena, request->from_uri, &from) != CW_ADDR_OK ||
        cw_addr_sip_to_jid(&t->arena, request->to_uri, &to) != CW_ADDR_OK)
        return 0; /* refused where it is translated */
    *from_bare = cw_jid_bare(&t->arena, &from);
    *to_bare = cw_jid_bare(&t->arena, &to);
    if (!cw_str_eq(from.domain, t->local.domain))
        return 403;
    return cw_str_eq(to.domain, t->local.domain) ? 404 : 0;
}

static bool find_dialog(struct cw_explain_translation *t, enum cw_subscription_direction direction,
                        const struct cw_sip_request *request, struct row *row)
{
    for (size_t i = 0; get(t, i, row); i++)
        if (row->s.direction == direction && cw_subscription_has(&row->s, request))
            return true;
    return false;
}

/* What the contact consented to before, in another dialog. */
static bool is_authorised(struct cw_explain_translation *t, struct cw_str watcher,
                          struct cw_str presentity)
{
    struct row row;
    for (size_t i = 0; get(t, i, &row); i++)
        if (is_between(&row, CW_SUBSCRIPTION_S2X, watcher, presentity) && row.s.is_authorised)
            return true;
    return false;
}

static void answer(struct cw_explain_translation *t, int status)
{
    const struct cw_sip_response response = {.status = status,
                                             .reason_phrase = cw_str_of(cw_sip_reason(status))};
    cw_explain_put_response(t, &response, CW_STR_NONE);
}

static void take_request(struct cw_explain_translation *t, const struct cw_sip_request *request)
{
    bool is_subscribe = cw_str_eq_cstr(request->method, "SUBSCRIBE");
    struct cw_str from, to;
    struct cw_presence_step step;
    struct row row = {0};
    int refusal = read_direction(t, request, &from, &to);

    if (refusal) {
        answer(t, refusal);
        return;
    }
    bool has_row =
        find_dialog(t, is_subscribe ? CW_SUBSCRIPTION_S2X : CW_SUBSCRIPTION_X2S, request, &row);
    if (!has_row && is_subscribe && !request->to_tag.n) {
        make(t, CW_SUBSCRIPTION_S2X, from, to, &row);
        row.s.is_authorised = is_authorised(t, from, to);
        has_row = true;
    }
    if (has_row)
        look_up(t, &row);
    cw_subscription_on_request(&t->arena, has_row ? &row.s : NULL, request, &row.options, &step);
    if (has_row)
        finish(t, &row, &step);
    else
        put_step(t, &step);
}

bool cw_explain_presence_request(struct cw_explain_translation *t, const struct cw_sip_message *m)
{
    struct cw_sip_verdict verdict = cw_sip_message_verdict(m);
    struct cw_str method = cw_sip_message_method(m);
    struct cw_sip_request request;

    if (!cw_sip_message_is_request(m) || !verdict.valid || verdict.drop || verdict.answer ||
        !(cw_str_eq_cstr(method, "SUBSCRIBE") || cw_str_eq_cstr(method, "NOTIFY")))
        return false;
    cw_sip_message_values(m, &request);
    take_request(t, &request);
    return true;
}

/* The dialog of an answer to us: our tag is in From, the far end's in To. */
static bool find_answered(struct cw_explain_translation *t,
                          enum cw_subscription_direction direction, const struct cw_sip_message *m,
                          struct row *row)
{
    struct cw_str call_id = cw_sip_message_call_id(m), tag = cw_sip_message_from(m).tag;
    for (size_t i = 0; get(t, i, row); i++)
        if (row->s.direction == direction && row->s.state != CW_SUBSCRIPTION_NONE &&
            cw_str_eq(row->s.call_id, call_id) && cw_str_eq(row->s.local_tag, tag))
            return true;
    return false;
}

bool cw_explain_presence_response(struct cw_explain_translation *t, const struct cw_sip_message *m)
{
    struct cw_str method = cw_sip_message_cseq_method(m);
    bool is_subscribe = cw_str_eq_cstr(method, "SUBSCRIBE");
    struct cw_explain_pending asked = {.id = CW_STR("")};
    const struct cw_explain_pending like = {.call_id = cw_sip_message_call_id(m),
                                            .cseq = cw_sip_message_cseq(m)};
    struct cw_sip_response response;
    struct cw_presence_step step;
    struct row row;

    if (!is_subscribe && !cw_str_eq_cstr(method, "NOTIFY"))
        return false;
    cw_sip_message_response_values(m, &response);
    if (response.status < 200 ||
        !find_answered(t, is_subscribe ? CW_SUBSCRIPTION_X2S : CW_SUBSCRIPTION_S2X, m, &row))
        return true;
    look_up(t, &row);
    if (is_subscribe) {
        (void)cw_explain_state_find(&t->state, &t->arena, &like, true, &asked);
        const struct cw_error_origin origin = {.id = asked.id, .from = asked.from, .to = asked.to};
        cw_subscription_on_response(&t->arena, &row.s, &response, &origin, &row.options, &step);
    } else {
        cw_subscription_on_notified(&t->arena, &row.s, &response, &step);
    }
    finish(t, &row, &step);
    return true;
}
