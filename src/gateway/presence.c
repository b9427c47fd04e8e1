/* The front of presence: who may, then whose business it is; see presence.h. */
#include "gateway/presence_priv.h"

#include "store/store.h"
#include "xlate/address.h"

enum { NO_EDGE_MS = 10000 }; /* an edge that is started anew is back by then */

/* --- pairs ------------------------------------------------------------------------------------*/

/* False: an address is not one of a local user and a partner's. */
static bool pair_of(struct gw_presence *p, struct cw_arena *arena, struct gw_pair *pair)
{
    if (!cw_str_is_present(pair->local_jid.local) || !cw_str_is_present(pair->remote_jid.local) ||
        !cw_domain_to_ascii(arena, pair->local_jid.domain, &pair->domain) ||
        !cw_policy_is_local(p->gateway->policy, pair->domain))
        return false;
    pair->local = cw_jid_bare(arena, &pair->local_jid);
    pair->remote = cw_jid_bare(arena, &pair->remote_jid);
    return true;
}

/* --- what the machines ask for ----------------------------------------------------------------*/

void gw_presence_answer(struct gw_presence *p, cw_sip_txn_id txn,
                        const struct cw_sip_response *response, struct cw_str contact_user)
{
    uint64_t seconds = 0;
    bool makes_dialog = response->status < 300 && cw_str_is_present(contact_user);
    const struct cw_sip_field encoding = {CW_STR("Accept-Encoding"), response->accept_encoding};
    struct cw_sip_reply reply = {.status = response->status,
                                 .reason_phrase = response->reason_phrase,
                                 .allow = cw_str_is_present(response->allow),
                                 .accept = response->accept,
                                 .contact_user = makes_dialog ? contact_user : CW_STR_NONE,
                                 .to_tag = response->to_tag,
                                 .expires = response->expires,
                                 .min_expires = response->min_expires,
                                 .allow_events = response->allow_events,
                                 .record_route = response->record_route,
                                 .fields = &encoding,
                                 .n_fields = cw_str_is_present(response->accept_encoding)};
    if (cw_str_to_u64(response->retry_after, &seconds) && seconds <= UINT32_MAX)
        reply.retry_after_s = (uint32_t)seconds;
    gw_sip_respond(p->gateway->sip, txn, &reply);
}

void gw_presence_say(struct gw_presence *p, struct cw_str from, struct cw_str to, const char *type)
{
    struct cw_arena arena = {0};
    gw_post_send(p->post, cw_presence_typed(&arena, from, to, type), NULL, NULL, 0);
    cw_arena_free(&arena);
}

/* --- stanzas ----------------------------------------------------------------------------------*/

/* A partner's user may not see: the answer for him, the same whether the local user exists. */
static void refuse_watcher(struct gw_presence *p, const struct gw_pair *pair,
                           const struct cw_xml *stanza, const struct cw_contact_verdict *verdict)
{
    struct cw_arena arena = {0};
    gw_passed_end(&p->gateway->counters.watch_x2s, GW_REFUSED_BY_RULES);
    CW_LOG(&p->gateway->log, CW_LOG_INFO, "watcher-refused", CW_KV("from", pair->remote),
           CW_KV("to", pair->local), CW_KVC("rule", verdict->rule),
           CW_KVC("reason", verdict->reason));
    if (gw_subscriber_cancel(p->subscriber, pair->local, pair->remote))
        return; /* that said `unsubscribed` */
    if (verdict->is_unsubscribed)
        gw_presence_say(p, pair->local, pair->remote, "unsubscribed");
    else
        gw_post_send(p->post,
                     cw_stanza_error_reply(&arena, stanza, verdict->condition, CW_STR_NONE), NULL,
                     NULL, 0);
    cw_arena_free(&arena);
}

static void take_watcher(struct gw_presence *p, const struct gw_pair *pair,
                         const struct cw_xml *stanza)
{
    struct cw_contact_verdict verdict;
    bool leaves = cw_str_eq_cstr(cw_xml_attr(stanza, "type"), "unsubscribe");
    gw_contact_judge(p->gateway, CW_CONTACT_SUBSCRIBE_IN, &pair->local_jid, &pair->remote_jid,
                     &verdict);
    if (verdict.answer == CW_CONTACT_REFUSE && !leaves) {
        refuse_watcher(p, pair, stanza, &verdict);
        return;
    }
    gw_passed_end(&p->gateway->counters.watch_x2s, GW_REFUSED_NOT);
    gw_subscriber_stanza(p->subscriber, pair, stanza, &verdict);
}

void gw_presence_stanza(struct gw_presence *p, const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    enum cw_subscription_direction direction;
    struct gw_pair pair;
    p->gateway->counters.watch_x2s.taken++;
    if (cw_jid_parse(&arena, cw_xml_attr(stanza, "from"), &pair.remote_jid) == CW_JID_OK &&
        cw_jid_parse(&arena, cw_xml_attr(stanza, "to"), &pair.local_jid) == CW_JID_OK &&
        cw_subscription_of_stanza(stanza, &direction) && pair_of(p, &arena, &pair)) {
        gw_reach_heard(p->reach, pair.local_jid.domain, pair.remote_jid.domain);
        if (direction == CW_SUBSCRIPTION_X2S) {
            take_watcher(p, &pair, stanza);
        } else {
            gw_passed_end(&p->gateway->counters.watch_x2s, GW_REFUSED_NOT);
            gw_notifier_stanza(p->notifier, &pair, stanza);
        }
    } else {
        p->gateway->counters.watch_x2s.ignored++;
    }
    cw_arena_free(&arena);
}

/* --- requests ---------------------------------------------------------------------------------*/

/* What translation says of a request that belongs to no subscription of ours. */
static void answer_alone(struct gw_presence *p, cw_sip_txn_id txn,
                         const struct cw_sip_request *request, struct cw_subscription *none)
{
    struct cw_arena arena = {0};
    const struct cw_presence_options options = {.seed = CW_STR("")};
    struct cw_presence_step step;
    cw_subscription_on_request(&arena, none, request, &options, &step);
    gw_presence_answer(p, txn, &step.response, CW_STR_NONE);
    cw_arena_free(&arena);
}

static void refuse_request(struct gw_presence *p, cw_sip_txn_id txn,
                           const struct cw_sip_request *request, const char *reason)
{
    CW_LOG(&p->gateway->log, CW_LOG_INFO, "subscribe-refused", CW_KV("from", request->from_uri),
           CW_KV("to", request->to_uri), CW_KVC("reason", reason));
    gw_presence_answer(p, txn,
                       &(struct cw_sip_response){.status = 403, .reason_phrase = cw_str_of(reason)},
                       CW_STR_NONE);
}

static void take_subscribe(struct gw_presence *p, struct cw_arena *arena, cw_sip_txn_id txn,
                           const struct cw_sip_request *request)
{
    struct cw_contact_verdict verdict;
    struct cw_subscription none = {.direction = CW_SUBSCRIPTION_S2X};
    struct gw_pair pair;
    if (cw_addr_sip_to_jid(arena, request->from_uri, &pair.local_jid) != CW_ADDR_OK ||
        cw_addr_sip_to_jid(arena, request->to_uri, &pair.remote_jid) != CW_ADDR_OK ||
        !cw_str_is_present(pair.local_jid.local) || !cw_str_is_present(pair.remote_jid.local)) {
        answer_alone(p, txn, request, &none);
        return;
    }
    if (!pair_of(p, arena, &pair)) {
        refuse_request(p, txn, request, "The sender's domain is not served here");
        return;
    }
    gw_contact_judge(p->gateway, CW_CONTACT_SUBSCRIBE_OUT, &pair.local_jid, &pair.remote_jid,
                     &verdict);
    if (verdict.answer == CW_CONTACT_REFUSE)
        refuse_request(p, txn, request, verdict.reason);
    else
        gw_notifier_subscribe(p->notifier, txn, &pair, request);
}

void gw_presence_request(struct gw_presence *p, cw_sip_txn_id txn,
                         const struct cw_sip_message *message)
{
    struct cw_arena arena = {0};
    struct cw_sip_request request;
    cw_sip_message_values(message, &request);
    bool subscribes = cw_str_eq_cstr(request.method, "SUBSCRIBE");
    (*(subscribes ? &p->gateway->counters.subscribes : &p->gateway->counters.notifies))++;
    if (subscribes)
        take_subscribe(p, &arena, txn, &request);
    else if (!gw_subscriber_notify(p->subscriber, txn, &request))
        answer_alone(p, txn, &request, NULL);
    cw_arena_free(&arena);
}

/* --- what becomes of partners and edges -------------------------------------------------------*/

static void on_outcome(void *arg, struct cw_str local, struct cw_str remote,
                       const struct cw_link_outcome *outcome)
{
    struct gw_presence *p = arg;
    gw_reach_outcome(p->reach, local, remote, outcome);
}

static void pair_lost(struct gw_presence *p, struct cw_str local, struct cw_str remote)
{
    gw_notifier_lost(p->notifier, local, remote);
}

static void on_lost(void *arg, struct cw_str local, struct cw_str remote)
{
    pair_lost(arg, local, remote);
}

static void pair_again(struct gw_presence *p, struct cw_str local, struct cw_str remote)
{
    gw_subscriber_again(p->subscriber, local, remote);
    gw_notifier_again(p->notifier, local, remote);
}

/* U-labels. */
typedef void pair_fn(struct gw_presence *, struct cw_str local, struct cw_str remote);

static void each_local(struct gw_presence *p, struct cw_arena *arena, struct cw_str remote,
                       pair_fn *fn)
{
    const struct cw_policy *policy = p->gateway->policy;
    struct cw_str local_u, remote_u;
    for (size_t i = 0; i < policy->n_local_domains; i++)
        if (cw_domain_to_unicode(arena, policy->local_domains[i], &local_u) &&
            cw_domain_to_unicode(arena, remote, &remote_u))
            fn(p, local_u, remote_u);
}

static void each_pair(struct gw_presence *p, pair_fn *fn)
{
    const struct cw_policy *policy = p->gateway->policy;
    for (size_t i = 0; i < policy->n_partners; i++) {
        const struct cw_partner *partner = &policy->partners[i];
        struct cw_arena arena = {0};
        each_local(p, &arena, partner->domain, fn);
        for (size_t k = 0; k < partner->n_additional; k++)
            each_local(p, &arena, partner->additional[k], fn);
        cw_arena_free(&arena);
    }
}

static void on_again(void *arg, struct cw_str local, struct cw_str remote)
{
    if (cw_str_is_present(remote))
        pair_again(arg, local, remote);
    else
        each_pair(arg, pair_again);
}

static bool on_knock(void *arg, struct cw_str local, struct cw_str remote)
{
    struct gw_presence *p = arg;
    return gw_notifier_knock(p->notifier, local, remote) ||
           gw_subscriber_knock(p->subscriber, local, remote);
}

bool gw_presence_outcome(struct gw_presence *p, const struct cw_link_outcome *outcome)
{
    return gw_post_outcome(p->post, outcome);
}

void gw_presence_edge_up(struct gw_presence *p, struct gw_edge *edge)
{
    (void)edge; /* whichever: what came while it was away was refused there */
    gw_reach_ended(p->reach, CW_STR_NONE, CW_STR_NONE);
}

static bool has_edge(const struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->n_edges; i++)
        if (gw_edge_is_up(gateway->edges[i]))
            return true;
    return false;
}

/* Nothing can be heard of anybody.  Perhaps nobody says anything either, so that nothing is refused
 * which would show it. */
static void on_no_edge(void *arg)
{
    struct gw_presence *p = arg;
    if (!has_edge(p->gateway))
        each_pair(p, pair_lost);
}

void gw_presence_edge_down(struct gw_presence *p, struct gw_edge *edge)
{
    gw_post_edge_down(p->post, edge);
    if (!p->gateway->stopping)
        cw_timer_set(p->no_edge, NO_EDGE_MS);
}

void gw_presence_ended(struct gw_presence *p, struct cw_str local, struct cw_str remote)
{
    struct cw_arena arena = {0};
    struct cw_str local_u, remote_u;
    if (cw_domain_to_unicode(&arena, local, &local_u) &&
        cw_domain_to_unicode(&arena, remote, &remote_u))
        gw_reach_ended(p->reach, local_u, remote_u);
    cw_arena_free(&arena);
}

/* --- what administrators change ---------------------------------------------------------------*/

static void take_settings(struct gw_presence *p)
{
    const struct cw_settings *settings = &p->gateway->policy->settings;
    gw_pace_set_rate(p->pace, settings->presence_rate);
    cw_arena_reset(&p->map_arena);
    if (!cw_state_map_of(&p->map_arena, &settings->presence_states_in,
                         &settings->presence_states_out, &p->map))
        p->map = cw_state_map_default;
}

void gw_presence_review(struct gw_presence *p)
{
    take_settings(p);
    gw_subscriber_review(p->subscriber);
    gw_notifier_review(p->notifier);
}

void gw_presence_withdraw(struct gw_presence *p, struct cw_str local, struct cw_str remote,
                          struct cw_str remote_domain)
{
    gw_subscriber_withdraw(p->subscriber, local, remote, remote_domain);
    gw_notifier_withdraw(p->notifier, local, remote, remote_domain);
}

/* --- life -------------------------------------------------------------------------------------*/

static struct cw_str pair_key(struct cw_arena *arena, struct cw_str local, struct cw_str remote)
{
    return cw_arena_printf(arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
}

static bool is_served(const struct gw_presence *p, struct cw_arena *arena, struct cw_str local)
{
    struct cw_jid jid;
    return cw_jid_parse(arena, local, &jid) == CW_JID_OK &&
           cw_policy_is_local(p->gateway->policy, jid.domain);
}

/* Each watch with its dialog; each contact, then all their dialogs.  Those of a domain that is not
 * ours any more stay in the store only: it may be again. */
static void restore(struct gw_presence *p)
{
    const struct gw_restored *from = gw_store_restored(p->gateway->store);
    struct cw_arena arena = {0};
    struct cw_map dialogs = {0};
    for (size_t i = 0; i < from->n_dialogs; i++) {
        const struct cw_store_dialog *dialog = &from->dialogs[i];
        if (dialog->is_x2s)
            cw_map_set(&dialogs, pair_key(&arena, dialog->local, dialog->remote), (void *)dialog);
    }
    for (size_t i = 0; i < from->n_subscriptions; i++) {
        const struct cw_store_subscription *row = &from->subscriptions[i];
        if (!is_served(p, &arena, row->local))
            continue;
        if (row->is_x2s)
            gw_subscriber_restore(p->subscriber, row,
                                  cw_map_get(&dialogs, pair_key(&arena, row->local, row->remote)));
        else
            gw_notifier_restore(p->notifier, row);
    }
    for (size_t i = 0; i < from->n_dialogs; i++)
        if (!from->dialogs[i].is_x2s && is_served(p, &arena, from->dialogs[i].local))
            gw_notifier_restore_dialog(p->notifier, &from->dialogs[i]);
    if (from->n_subscriptions > 0)
        CW_LOG(&p->gateway->log, CW_LOG_INFO, "subscriptions-restored",
               CW_KVI("subscriptions", from->n_subscriptions), CW_KVI("dialogs", from->n_dialogs));
    cw_map_free(&dialogs);
    cw_arena_free(&arena);
    gw_store_forget_restored(p->gateway->store);
}

struct gw_presence *gw_presence_new(struct gateway *gateway)
{
    static const struct gw_reach_hooks hooks = {
        .lost = on_lost, .again = on_again, .knock = on_knock};
    struct gw_presence *p = cw_alloc(sizeof *p);
    p->gateway = gateway;
    p->post = gw_post_new(gateway, on_outcome, p);
    p->pace = gw_pace_new(gateway->base, gateway->policy->settings.presence_rate);
    p->reach = gw_reach_new(gateway->base, &gateway->log, &hooks, p);
    p->no_edge = cw_timer_new(gateway->base, on_no_edge, p);
    take_settings(p);
    p->subscriber = gw_subscriber_new(p);
    p->notifier = gw_notifier_new(p);
    restore(p);
    return p;
}

void gw_presence_free(struct gw_presence **ptr)
{
    struct gw_presence *p = *ptr;
    *ptr = NULL;
    if (!p)
        return;
    gw_subscriber_free(&p->subscriber);
    gw_notifier_free(&p->notifier);
    gw_reach_free(&p->reach);
    gw_pace_free(&p->pace);
    gw_post_free(&p->post);
    cw_timer_free(&p->no_edge);
    cw_arena_free(&p->map_arena);
    cw_free(p);
}
