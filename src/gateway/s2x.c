/* Local users' messages on their way to partners.
 *
 * One exchange: alice's SIP server sends a MESSAGE to juliet.  Alice's domain is ours, juliet's is
 * a partner's; the message becomes stanza 12 for the edge and alice's invitation of juliet is kept.
 * The edge says that stanza 12 was written to an authenticated stream: 202.  Had it no stream, its
 * reason becomes the status (table below).  Without an edge the stanza waits for one for
 * `link-hold` seconds; when the link breaks after it was sent nobody knows what became of it, and
 * the sender is told 504.
 *
 * Should juliet's server return an error later, alice gets it as a message (notice.h).  A MESSAGE
 * that tells who is typing, or is a report, is answered at once and goes another way (signals.h).
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/secret.h"
#include "gateway/contact.h"
#include "gateway/gateway_priv.h"
#include "gateway/notice.h"
#include "gateway/route.h"
#include "gateway/signals.h"
#include "xlate/errors.h"
#include "xlate/message.h"

enum { SWEEP_MS = 500, MAX_OPEN = 20000, RETRY_AFTER_S = 10 };

#define GOING_DOWN "this server is going down"

/* A SIP request that has no answer yet. */
struct errand {
    TAILQ_ENTRY(errand) link;
    struct cw_arena arena;
    uint64_t n;
    cw_sip_txn_id txn; /* 0: nobody waits, it is a stanza of our own */
    /* Of a test: who is told, instead of the transaction. */
    void (*tell)(void *arg, const struct gw_s2x_result *);
    void *arg;
    struct cw_xml *stanza;
    struct gw_edge *edge; /* it was given to; NULL: it waits for one */
    uint64_t since_ms;
    struct cw_str from, to; /* for the log */
    struct cw_report_request reporting;
    struct cw_str pair; /* "local partner": their domains */
};
TAILQ_HEAD(errands, errand);

struct gw_s2x {
    struct gateway *gateway;
    struct errands open;
    struct cw_map by_n;
    size_t n_open;
    struct gw_routes *routes;
    struct cw_timer *sweep;
    struct gw_notices *notices;
};

/* RFC 7247 section 7.1, with 504 for what took too long: a non-INVITE request is never answered
 * with 408 (RFC 4320 section 4.2), and 503 would switch off all of us at the peer. */
static const struct {
    enum cw_link_reason reason;
    int status;
    uint32_t retry_after_s;
} statuses[] = {
    {CW_LINK_REASON_NOT_LISTED, 403, 0},        {CW_LINK_REASON_NOT_FOUND, 404, 0},
    {CW_LINK_REASON_UNREACHABLE, 504, 0},       {CW_LINK_REASON_REFUSED, 504, 0},
    {CW_LINK_REASON_TIMEOUT, 504, 0},           {CW_LINK_REASON_QUEUE_FULL, 480, RETRY_AFTER_S},
    {CW_LINK_REASON_LIMIT, 480, RETRY_AFTER_S}, {CW_LINK_REASON_TOO_LARGE, 413, 0},
    {CW_LINK_REASON_STREAM_FAILED, 504, 0},     {CW_LINK_REASON_SHUTDOWN, 504, 0},
};

static struct cw_str n_key(char buf[24], uint64_t n)
{
    return (struct cw_str){buf, (size_t)snprintf(buf, 24, "%" PRIu64, n)};
}

/* --- answers ----------------------------------------------------------------------------------*/

static void end_errand(struct gw_s2x *s, struct errand *e)
{
    char key[24];
    if (e->edge)
        gw_routes_give(s->routes, e->pair);
    TAILQ_REMOVE(&s->open, e, link);
    cw_map_remove(&s->by_n, n_key(key, e->n));
    s->n_open--;
    cw_arena_free(&e->arena);
    cw_free(e);
}

/* The administrator who tests the way is told in the edge's words. */
static void tell_test(struct gw_s2x *s, const struct errand *e, const struct gw_s2x_result *result)
{
    CW_LOG(&s->gateway->log, CW_LOG_INFO, "test-message", CW_KV("from", e->from),
           CW_KV("to", e->to), CW_KVC("result", result->is_delivered ? "delivered" : "refused"),
           CW_KVC("reason", result->reason), CW_KV("text", result->sentence));
    e->tell(e->arg, result);
}

static void answer_sip(struct gw_s2x *s, const struct errand *e, enum cw_link_reason reason,
                       struct cw_str text)
{
    struct cw_sip_reply reply = {.status = 202};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (statuses[i].reason == reason) {
            reply.status = statuses[i].status;
            reply.retry_after_s = statuses[i].retry_after_s;
            reply.reason_phrase = text;
        }
    }
    CW_LOG(&s->gateway->log, reply.status == 202 ? CW_LOG_DEBUG : CW_LOG_INFO, "message-answered",
           CW_KV("from", e->from), CW_KV("to", e->to), CW_KVI("status", reply.status),
           CW_KV("reason", text));
    gw_sip_respond(s->gateway->sip, e->txn, &reply);
}

static void answer(struct gw_s2x *s, struct errand *e, enum cw_link_reason reason,
                   struct cw_str text)
{
    bool is_delivered = reason == CW_LINK_REASON_NONE;
    if (e->tell || e->txn)
        gw_passed_end(&s->gateway->counters.s2x, gw_refused_of_reason(reason));
    if (e->tell)
        tell_test(s, e, &(struct gw_s2x_result){is_delivered, cw_link_reason_name(reason), text});
    else if (e->txn)
        answer_sip(s, e, reason, text);
    if (is_delivered && (e->txn || e->tell))
        gw_notices_remember(s->notices, e->stanza, &e->reporting, e->tell != NULL);
    end_errand(s, e);
}

void gw_s2x_outcome(struct gw_s2x *s, const struct cw_link_outcome *outcome)
{
    char key[24];
    struct errand *e = cw_map_get(&s->by_n, n_key(key, outcome->n));
    if (e)
        answer(s, e,
               outcome->result == CW_LINK_REFUSED && outcome->reason == CW_LINK_REASON_NONE
                   ? CW_LINK_REASON_STREAM_FAILED
                   : outcome->reason,
               outcome->text);
}

static void on_sweep(void *arg)
{
    struct gw_s2x *s = arg;
    uint64_t now = cw_now_ms(), hold_ms = (uint64_t)s->gateway->config.edge.link_hold_s * 1000;
    struct errand *e, *next;
    for (e = TAILQ_FIRST(&s->open); e; e = next) {
        next = TAILQ_NEXT(e, link);
        if (!e->edge && now - e->since_ms >= hold_ms)
            answer(s, e, CW_LINK_REASON_TIMEOUT, CW_S("the edge is away"));
    }
    if (s->n_open > 0)
        cw_timer_set(s->sweep, SWEEP_MS);
}

/* To the edge of its pair, if one is up. */
static void give(struct gw_s2x *s, struct errand *e)
{
    e->edge = gw_routes_take(s->routes, e->pair);
    if (e->edge)
        gw_edge_send_stanza(e->edge, e->n, e->stanza);
}

void gw_s2x_edge_up(struct gw_s2x *s, struct gw_edge *edge)
{
    struct errand *e;
    (void)edge;
    TAILQ_FOREACH (e, &s->open, link)
        if (!e->edge)
            give(s, e);
}

void gw_s2x_edge_down(struct gw_s2x *s, struct gw_edge *edge)
{
    struct errand *e, *next;
    for (e = TAILQ_FIRST(&s->open); e; e = next) {
        next = TAILQ_NEXT(e, link);
        if (e->edge == edge)
            answer(s, e, CW_LINK_REASON_STREAM_FAILED,
                   CW_S("the edge went away while it had the message"));
    }
}

void gw_s2x_shutdown(struct gw_s2x *s)
{
    struct errand *e;
    while ((e = TAILQ_FIRST(&s->open)))
        answer(s, e, CW_LINK_REASON_SHUTDOWN, CW_S(GOING_DOWN));
}

bool gw_s2x_error(struct gw_s2x *s, const struct cw_xml *stanza)
{
    return gw_notices_error(s->notices, stanza);
}

void gw_s2x_received(struct gw_s2x *s, const struct cw_jid *remote, const struct cw_jid *local,
                     struct cw_str id)
{
    gw_notices_received(s->notices, remote, local, id);
}

/* --- requests ---------------------------------------------------------------------------------*/

/* Why a request never becomes a stanza: for the SIP peer, for whoever tests, and for the count. */
struct fault {
    struct cw_sip_response response;
    const char *reason;
    enum gw_refused refused;
};

static void refuse_sip(struct gw_s2x *s, cw_sip_txn_id txn, const struct cw_sip_request *request,
                       const struct cw_sip_response *response)
{
    const struct cw_sip_field encoding = {CW_STR("Accept-Encoding"), response->accept_encoding};
    struct cw_sip_reply reply = {.status = response->status,
                                 .reason_phrase = response->reason_phrase,
                                 .contact_uri = response->contact,
                                 .accept = response->accept,
                                 .allow = cw_str_is_present(response->allow),
                                 .fields = &encoding,
                                 .n_fields = cw_str_is_present(response->accept_encoding)};
    CW_LOG(&s->gateway->log, CW_LOG_INFO, "message-answered", CW_KV("from", request->from_uri),
           CW_KV("to", request->request_uri), CW_KVI("status", response->status),
           CW_KV("reason", response->reason_phrase));
    gw_sip_respond(s->gateway->sip, txn, &reply);
}

/* Ends an errand that was never begun. */
static void refuse(struct gw_s2x *s, struct errand *e, const struct cw_sip_request *request,
                   const struct fault *fault)
{
    e->from = request->from_uri;
    e->to = request->request_uri;
    if (e->tell)
        tell_test(s, e,
                  &(struct gw_s2x_result){false, fault->reason, fault->response.reason_phrase});
    else
        refuse_sip(s, e->txn, request, &fault->response);
    cw_arena_free(&e->arena);
    cw_free(e);
}

/* Our user to a partner's user, or the reason why not. */
static bool check_addresses(struct gw_s2x *s, struct errand *e, struct cw_jid *from,
                            struct cw_jid *to, struct fault *fault)
{
    const struct cw_policy *policy = s->gateway->policy;
    fault->response = (struct cw_sip_response){.status = 403};
    fault->refused = GW_REFUSED_BY_RULES;
    if (cw_jid_parse(&e->arena, e->from, from) != CW_JID_OK || !cw_str_is_present(from->local) ||
        !cw_policy_is_local(policy, from->domain)) {
        fault->reason = "sender-not-local";
        fault->response.reason_phrase = CW_S("The sender's domain is not served here");
        return false;
    }
    if (cw_jid_parse(&e->arena, e->to, to) != CW_JID_OK || !cw_policy_partner(policy, to->domain)) {
        fault->reason = cw_link_reason_name(CW_LINK_REASON_NOT_LISTED);
        fault->response.reason_phrase = CW_S("The recipient's domain is not a federated partner");
        return false;
    }
    return true;
}

static bool may_write(struct gw_s2x *s, const struct cw_jid *from, const struct cw_jid *to,
                      struct fault *fault)
{
    struct cw_contact_verdict verdict;
    gw_contact_judge(s->gateway, CW_CONTACT_MESSAGE_OUT, from, to, &verdict);
    if (verdict.answer != CW_CONTACT_REFUSE)
        return true;
    fault->reason = "not-permitted";
    fault->refused = GW_REFUSED_BY_RULES;
    fault->response =
        (struct cw_sip_response){.status = 403, .reason_phrase = cw_str_of(verdict.reason)};
    return false;
}

static struct cw_str domains_of(struct errand *e, const struct cw_jid *from,
                                const struct cw_jid *to)
{
    return cw_arena_printf(&e->arena, "%.*s %.*s", CW_ARG(from->domain), CW_ARG(to->domain));
}

/* Makes the stanza; false when it is none, or not for a partner.  True without a stanza: what it
 * was is done (signals.h). */
static bool translate(struct gw_s2x *s, struct errand *e, const struct cw_sip_request *request,
                      struct fault *fault)
{
    struct cw_message_to_xmpp out;
    struct cw_message_options options = {.max_stanza_bytes =
                                             s->gateway->policy->settings.stanza_max_bytes};
    struct cw_jid from, to;
    cw_message_to_xmpp(&e->arena, request, &options, &out);
    if (out.outcome == CW_XLATE_REFUSED) {
        *fault = (struct fault){out.response, "not-translatable", GW_REFUSED_CONTENT};
        return false;
    }
    e->from = cw_jid_str(&e->arena, &out.from);
    e->to = cw_jid_str(&e->arena, &out.to);
    if (!check_addresses(s, e, &from, &to, fault) || !may_write(s, &from, &to, fault))
        return false;
    if (s->n_open >= MAX_OPEN) {
        *fault = (struct fault){
            {.status = 480}, cw_link_reason_name(CW_LINK_REASON_QUEUE_FULL), GW_REFUSED_CONGESTION};
        return false;
    }
    if (!e->tell && !gw_signals_request(s->gateway->signals, &e->arena, request, &out, out.stanza))
        return true;
    e->stanza = cw_xml_copy(&e->arena, out.stanza);
    e->reporting = cw_report_request_copy(&e->arena, &out.reporting);
    e->pair = domains_of(e, &from, &to);
    if (!e->tell)
        gw_store_invite(s->gateway->store, cw_jid_bare(&e->arena, &from),
                        cw_jid_bare(&e->arena, &to));
    return true;
}

static void start(struct gw_s2x *s, struct errand *e)
{
    char key[24];
    e->n = gw_edge_next_n(s->gateway);
    e->since_ms = cw_now_ms();
    TAILQ_INSERT_TAIL(&s->open, e, link);
    cw_map_set(&s->by_n, n_key(key, e->n), e);
    s->n_open++;
    if (!cw_timer_is_set(s->sweep))
        cw_timer_set(s->sweep, SWEEP_MS);
    if (s->gateway->stopping)
        answer(s, e, CW_LINK_REASON_SHUTDOWN, CW_S(GOING_DOWN));
    else
        give(s, e);
}

static void take(struct gw_s2x *s, struct errand *e, const struct cw_sip_request *request)
{
    struct fault fault;
    bool is_good = translate(s, e, request, &fault), is_signal = is_good && !e->stanza;
    (*(is_signal ? &s->gateway->counters.s2x_signals : &s->gateway->counters.s2x.taken))++;
    if (!is_good) {
        gw_passed_end(&s->gateway->counters.s2x, fault.refused);
        refuse(s, e, request, &fault);
        return;
    }
    if (is_signal) {
        if (e->txn)
            gw_sip_respond(s->gateway->sip, e->txn, &(struct cw_sip_reply){.status = 200});
        cw_arena_free(&e->arena);
        cw_free(e);
        return;
    }
    gw_log_body(s->gateway, "s2x", e->from, e->to, request->body);
    start(s, e);
}

void gw_s2x_send(struct gw_s2x *s, const struct cw_xml *stanza)
{
    struct errand *e = cw_alloc(sizeof *e);
    struct cw_jid from, to;
    e->stanza = cw_xml_copy(&e->arena, stanza);
    e->from = cw_xml_attr(e->stanza, "from");
    e->to = cw_xml_attr(e->stanza, "to");
    if (s->n_open < MAX_OPEN && cw_jid_parse(&e->arena, e->from, &from) == CW_JID_OK &&
        cw_jid_parse(&e->arena, e->to, &to) == CW_JID_OK) {
        e->pair = domains_of(e, &from, &to);
        start(s, e);
        return;
    }
    cw_arena_free(&e->arena);
    cw_free(e);
}

void gw_s2x_request(struct gw_s2x *s, cw_sip_txn_id txn, const struct cw_sip_message *message)
{
    struct errand *e = cw_alloc(sizeof *e);
    struct cw_sip_request request;
    cw_sip_message_values(message, &request);
    e->txn = txn;
    take(s, e, &request);
}

void gw_s2x_test(struct gw_s2x *s, const struct cw_sip_request *request,
                 void (*tell)(void *arg, const struct gw_s2x_result *), void *arg)
{
    struct errand *e = cw_alloc(sizeof *e);
    e->tell = tell;
    e->arg = arg;
    take(s, e, request);
}

size_t gw_s2x_n_open(const struct gw_s2x *s)
{
    return s->n_open;
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_s2x *gw_s2x_new(struct gateway *gateway)
{
    struct gw_s2x *s = cw_alloc(sizeof *s);
    s->gateway = gateway;
    s->routes = gw_routes_new(gateway);
    TAILQ_INIT(&s->open);
    s->notices = gw_notices_new(gateway);
    s->sweep = cw_timer_new(gateway->base, on_sweep, s);
    return s;
}

void gw_s2x_free(struct gw_s2x **ptr)
{
    struct gw_s2x *s = *ptr;
    struct errand *e;
    *ptr = NULL;
    if (!s)
        return;
    while ((e = TAILQ_FIRST(&s->open)))
        end_errand(s, e);
    gw_notices_free(&s->notices);
    gw_routes_free(&s->routes);
    cw_map_free(&s->by_n);
    cw_timer_free(&s->sweep);
    cw_free(s);
}
