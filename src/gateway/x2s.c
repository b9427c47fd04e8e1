/* Partners' stanzas on their way to SIP.
 *
 * One exchange: the edge sends stanza 7 from juliet to alice.  The partner's type and alice's
 * invitations say that juliet may write; the stanza becomes a MESSAGE whose Call-ID and branch are
 * made of (edge instance, 7); no other message from juliet to alice is under way, so it goes to
 * the next hop.  200 comes back: outcome 7 `delivered`, and the next one of that pair may go.  Had
 * a 404 come, outcome 7 would be `refused` with the error stanza for juliet.
 *
 * A chat state without text takes its turn like a text, so that the two keep their order; but a
 * text waits for its answer two seconds at most, and nobody hears what became of it (signals.h).
 *
 * The same (instance, number) again is the same stanza sent again after a broken link: while it is
 * under way it is ignored, and when its outcome is known that is told, also when it was told once.
 */
#include <inttypes.h>
#include <stdio.h>

#include "gateway/contact.h"
#include "gateway/gateway_priv.h"
#include "gateway/presence.h"
#include "gateway/signals.h"
#include "gateway/told.h"
#include "xlate/errors.h"
#include "xlate/message.h"

enum {
    KEEP_UNTOLD_MS = 120000, /* an outcome that no edge has heard yet */
    /* For its turn: the edge tells the sender of an error after 90 s, and a request may take 32 s;
     * what was given up must not arrive later. */
    MAX_WAIT_MS = 50000,
    /* That somebody is typing must not come after his text, but neither hold it up for long. */
    MAX_SIGNAL_MS = 2000,
};

/* One stanza of an edge. */
struct passage {
    TAILQ_ENTRY(passage) in_pair; /* of those that wait or are under way between two users */
    TAILQ_ENTRY(passage) in_untold;
    TAILQ_ENTRY(passage) in_signals; /* under way without text */
    struct cw_arena arena;
    struct cw_str instance, key; /* "instance number" */
    uint64_t n, user, since_ms;
    struct cw_error_origin origin;
    struct cw_message_to_sip sip;
    struct cw_str domain; /* local, A-labels */
    struct cw_jid from, to;
    const struct cw_xml *stanza;
    enum gw_refused refused; /* should it be, then for this reason */
    bool is_counted;         /* a message of somebody, with a text */
    bool is_signal;          /* without text: nobody hears that it was not passed on */
    uint64_t signal_ms;      /* since when it is under way; 0: it is not */
    struct pair *pair;
    bool is_untold; /* finished; the outcome below waits for an edge to hear it */
    uint64_t untold_since_ms;
    struct cw_link_outcome outcome;
};
TAILQ_HEAD(passages, passage);

/* Two users, one direction: one request under way, the others wait. */
struct pair {
    struct cw_arena arena;
    struct cw_str key;
    struct passages waiting; /* the first one is under way */
    bool is_advancing;
};

struct gw_x2s {
    struct gateway *gateway;
    struct cw_map by_key;  /* -> passage */
    struct cw_map by_user; /* number as text -> passage under way */
    struct cw_map pairs;
    struct passages untold, signals;
    struct cw_timer *signals_timer;
    struct gw_told *told;
    uint64_t last_user;
    struct cw_timer *sweep;
};

static struct cw_str user_key(char buf[24], uint64_t user)
{
    return (struct cw_str){buf, (size_t)snprintf(buf, 24, "%" PRIu64, user)};
}

static void forget(struct gw_x2s *x, struct passage *p)
{
    char key[24];
    cw_map_remove(&x->by_key, p->key);
    if (p->user)
        cw_map_remove(&x->by_user, user_key(key, p->user));
    if (p->is_untold)
        TAILQ_REMOVE(&x->untold, p, in_untold);
    cw_arena_free(&p->arena);
    cw_free(p);
}

static void advance(struct gw_x2s *, struct pair *);

/* Out of its pair's queue; the next one's turn comes. */
static void leave_pair(struct gw_x2s *x, struct passage *p)
{
    struct pair *pair = p->pair;
    if (!pair)
        return;
    p->pair = NULL;
    TAILQ_REMOVE(&pair->waiting, p, in_pair);
    advance(x, pair);
}

static void tell(struct gw_x2s *x, struct gw_edge *edge, struct passage *p)
{
    gw_edge_send_outcome(edge, &p->outcome);
    gw_told_add(x->told, p->key, &p->outcome);
    forget(x, p);
}

/* The outcome is known: tell it, or keep it until an edge asks again. */
static void finish(struct gw_x2s *x, struct passage *p, const struct cw_xml *error)
{
    struct gw_edge *edge = gw_edge_find(x->gateway, p->instance);
    if (p->is_signal)
        error = NULL;
    if (p->signal_ms) {
        char key[24];
        TAILQ_REMOVE(&x->signals, p, in_signals);
        cw_map_remove(&x->by_user, user_key(key, p->user)); /* its answer comes too late now */
        p->signal_ms = p->user = 0;
    }
    if (p->is_counted)
        gw_passed_end(&x->gateway->counters.x2s, p->refused);
    p->outcome = (struct cw_link_outcome){
        .n = p->n, .result = error ? CW_LINK_REFUSED : CW_LINK_DELIVERED, .error = error};
    leave_pair(x, p);
    if (edge) {
        tell(x, edge, p);
        return;
    }
    p->is_untold = true;
    p->untold_since_ms = cw_now_ms();
    TAILQ_INSERT_TAIL(&x->untold, p, in_untold);
    if (!cw_timer_is_set(x->sweep))
        cw_timer_set(x->sweep, KEEP_UNTOLD_MS);
}

static void on_sweep(void *arg)
{
    struct gw_x2s *x = arg;
    struct passage *p;
    uint64_t now = cw_now_ms();
    while ((p = TAILQ_FIRST(&x->untold)) && now - p->untold_since_ms >= KEEP_UNTOLD_MS)
        forget(x, p);
    if (p)
        cw_timer_set(x->sweep, KEEP_UNTOLD_MS);
}

static void refuse(struct gw_x2s *x, struct passage *p, enum cw_stanza_error condition,
                   const char *text)
{
    CW_LOG(&x->gateway->log, CW_LOG_INFO, "message-refused", CW_KV("from", p->origin.from),
           CW_KV("to", p->origin.to), CW_KVC("condition", cw_stanza_error_name(condition)),
           CW_KVC("reason", text));
    p->refused = gw_refused_of_condition(condition);
    finish(
        x, p,
        cw_error_stanza_of(&p->arena, &p->origin, condition, text ? cw_str_of(text) : CW_STR_NONE));
}

/* --- to SIP -----------------------------------------------------------------------------------*/

static enum cw_err send_request(struct gw_x2s *, struct passage *);

static struct cw_message_options options_of(const struct gw_x2s *x, const struct passage *p)
{
    return (struct cw_message_options){.call_id_seed = p->key,
                                       .max_sip_bytes =
                                           x->gateway->config.gateway.sip.max_message_bytes_out};
}

/* The SIP user's client takes no envelope: the text once more, as it is. */
static bool send_plain(struct gw_x2s *x, struct passage *p)
{
    char key[24];
    struct cw_message_options options = options_of(x, p);
    options.is_second = true;
    cw_map_remove(&x->by_user, user_key(key, p->user));
    p->user = 0;
    cw_message_to_sip(&p->arena, p->stanza, &options, &p->sip);
    return p->sip.outcome == CW_XLATE_SEND && send_request(x, p) == CW_OK;
}

static void on_final(void *arg, uint64_t user, const struct cw_sip_response *response)
{
    struct gw_x2s *x = arg;
    char key[24];
    struct passage *p = cw_map_get(&x->by_user, user_key(key, user));
    if (!p)
        return;
    CW_LOG(&x->gateway->log, CW_LOG_DEBUG, "sip-answer", CW_KV("from", p->origin.from),
           CW_KV("to", p->origin.to), CW_KVI("status", response->status));
    if (gw_signals_answered(x->gateway->signals, &p->from, &p->to, &p->sip, response) &&
        send_plain(x, p))
        return;
    p->refused = gw_refused_of_status(response->status);
    finish(x, p, response->status < 300 ? NULL : cw_error_stanza(&p->arena, &p->origin, response));
}

static enum cw_err send_request(struct gw_x2s *x, struct passage *p)
{
    char key[24];
    if (!p->is_signal) {
        gw_log_body(x->gateway, "x2s", p->origin.from, p->origin.to, p->sip.request.body);
        gw_signals_goes(x->gateway->signals, &p->from, &p->to, p->sip.message_id, p->origin.id);
    }
    p->user = ++x->last_user;
    cw_map_set(&x->by_user, user_key(key, p->user), p);
    struct gw_sip_sending sending = {.domain = p->domain,
                                     .request = &p->sip.request,
                                     .branch = p->sip.branch,
                                     .final = on_final,
                                     .arg = x,
                                     .user = p->user};
    return gw_sip_send(x->gateway->sip, &sending);
}

static void on_signals(void *arg)
{
    struct gw_x2s *x = arg;
    struct passage *p;
    uint64_t now = cw_now_ms();
    while ((p = TAILQ_FIRST(&x->signals)) && now - p->signal_ms >= MAX_SIGNAL_MS)
        finish(x, p, NULL);
    if (p)
        cw_timer_set(x->signals_timer, MAX_SIGNAL_MS - (now - p->signal_ms));
}

/* False: there is nothing to be sent, or it could not be. */
static bool send_signal(struct gw_x2s *x, struct passage *p)
{
    struct cw_message_options options = options_of(x, p);
    options.takes_states = gw_signals_pass(x->gateway->signals, &p->from, &p->to, p->stanza);
    cw_message_to_sip(&p->arena, p->stanza, &options, &p->sip);
    if (p->sip.outcome != CW_XLATE_SEND || send_request(x, p) != CW_OK) {
        finish(x, p, NULL);
        return false;
    }
    p->signal_ms = cw_now_ms();
    TAILQ_INSERT_TAIL(&x->signals, p, in_signals);
    if (!cw_timer_is_set(x->signals_timer))
        cw_timer_set(x->signals_timer, MAX_SIGNAL_MS);
    return true;
}

/* False: the request could not be sent, and has ended. */
static bool send_or_refuse(struct gw_x2s *x, struct passage *p)
{
    if (cw_now_ms() - p->since_ms >= MAX_WAIT_MS) {
        refuse(x, p, CW_STANZA_REMOTE_SERVER_TIMEOUT, "the messages before it took too long");
        return false;
    }
    if (p->is_signal)
        return send_signal(x, p);
    switch (send_request(x, p)) {
    case CW_OK:
        return true;
    case CW_ERR_NOT_FOUND:
        refuse(x, p, CW_STANZA_SERVICE_UNAVAILABLE, "no SIP next hop for this domain");
        return false;
    case CW_ERR_LIMIT:
        refuse(x, p, CW_STANZA_RESOURCE_CONSTRAINT, "too many messages are under way");
        return false;
    case CW_ERR_INVALID:
    case CW_ERR_EXISTS:
    case CW_ERR_CONFLICT:
    case CW_ERR_IO:
    case CW_ERR_TLS:
    case CW_ERR_STORE:
    case CW_ERR_CLOSED:
        break;
    }
    refuse(x, p, CW_STANZA_INTERNAL_SERVER_ERROR, "the message cannot be sent to SIP");
    return false;
}

/* The first in the queue goes out; one that cannot ends at once and the next has its turn.  A loop,
 * not a recursion: a thousand may end in a row. */
static void advance(struct gw_x2s *x, struct pair *pair)
{
    struct passage *p;
    if (pair->is_advancing)
        return;
    pair->is_advancing = true;
    while ((p = TAILQ_FIRST(&pair->waiting)) && !send_or_refuse(x, p))
        ;
    pair->is_advancing = false;
    if (p)
        return;
    cw_map_remove(&x->pairs, pair->key);
    cw_arena_free(&pair->arena);
    cw_free(pair);
}

static void wait_for_turn(struct gw_x2s *x, struct passage *p)
{
    struct cw_str key =
        cw_arena_printf(&p->arena, "%.*s %.*s", CW_ARG(cw_jid_bare(&p->arena, &p->from)),
                        CW_ARG(cw_jid_bare(&p->arena, &p->to)));
    struct pair *pair = cw_map_get(&x->pairs, key);
    if (!pair) {
        pair = cw_alloc(sizeof *pair);
        pair->key = cw_arena_dup(&pair->arena, key);
        TAILQ_INIT(&pair->waiting);
        cw_map_set(&x->pairs, pair->key, pair);
    }
    p->pair = pair;
    TAILQ_INSERT_TAIL(&pair->waiting, p, in_pair);
    if (TAILQ_FIRST(&pair->waiting) == p)
        advance(x, pair);
}

/* --- from the edge ----------------------------------------------------------------------------*/

static struct passage *new_passage(struct gw_x2s *x, struct cw_str instance, uint64_t n,
                                   const struct cw_xml *stanza)
{
    struct passage *p = cw_alloc(sizeof *p);
    p->n = n;
    p->since_ms = cw_now_ms();
    p->instance = cw_arena_dup(&p->arena, instance);
    p->key = cw_arena_printf(&p->arena, "%.*s %" PRIu64, CW_ARG(instance), n);
    p->origin = (struct cw_error_origin){
        .name = cw_arena_dup(&p->arena, stanza->name),
        .id = cw_arena_dup(&p->arena, cw_xml_attr(stanza, "id")),
        .from = cw_arena_dup(&p->arena, cw_xml_attr(stanza, "from")),
        .to = cw_arena_dup(&p->arena, cw_xml_attr(stanza, "to")),
    };
    cw_map_set(&x->by_key, p->key, p);
    return p;
}

/* True when the stanza is known: it is under way, or its outcome is told now. */
static bool is_known(struct gw_x2s *x, struct cw_str instance, uint64_t n)
{
    struct cw_arena arena = {0};
    struct cw_str key = cw_arena_printf(&arena, "%.*s %" PRIu64, CW_ARG(instance), n);
    struct passage *p = cw_map_get(&x->by_key, key);
    const struct cw_link_outcome *told = gw_told_find(x->told, key);
    struct gw_edge *edge = gw_edge_find(x->gateway, instance);
    cw_arena_free(&arena);
    if (told && edge)
        gw_edge_send_outcome(edge, told);
    else if (p && p->is_untold && edge)
        tell(x, edge, p);
    return p || told;
}

/* False: refused.  The sender learns the condition, the reason is for our side of the border. */
static bool may_write(struct gw_x2s *x, struct passage *p)
{
    struct cw_contact_verdict verdict;
    gw_contact_judge(x->gateway, CW_CONTACT_MESSAGE_IN, &p->to, &p->from, &verdict);
    if (verdict.answer != CW_CONTACT_REFUSE)
        return true;
    CW_LOG(&x->gateway->log, CW_LOG_INFO, "message-refused", CW_KV("from", p->origin.from),
           CW_KV("to", p->origin.to), CW_KVC("condition", cw_stanza_error_name(verdict.condition)),
           CW_KVC("rule", verdict.rule), CW_KVC("reason", verdict.reason));
    p->refused = GW_REFUSED_BY_RULES;
    finish(x, p, cw_error_stanza_of(&p->arena, &p->origin, verdict.condition, CW_STR_NONE));
    return false;
}

/* The rules have been asked: to SIP, when its turn comes. */
static void translate(struct gw_x2s *x, struct passage *p, const struct cw_signals *said)
{
    struct cw_message_options options = options_of(x, p);
    if (p->is_signal) {
        wait_for_turn(x, p);
        return;
    }
    if (said->asks_receipt)
        options.date_time = gw_signals_date(x->gateway->signals, &p->arena, &p->from, &p->to);
    cw_message_to_sip(&p->arena, p->stanza, &options, &p->sip);
    switch (p->sip.outcome) {
    case CW_XLATE_SEND:
        wait_for_turn(x, p);
        break;
    case CW_XLATE_NOTHING:
        p->is_counted = false;
        x->gateway->counters.x2s.ignored++;
        finish(x, p, NULL);
        break;
    case CW_XLATE_REFUSED:
        p->refused = GW_REFUSED_CONTENT;
        finish(x, p, p->sip.reply);
        break;
    }
}

/* Taken on at once.  Nothing is remembered: presence that comes a second time says the same. */
static void take_presence(struct gw_x2s *x, struct cw_str instance, uint64_t n,
                          const struct cw_xml *stanza)
{
    struct gw_edge *edge = gw_edge_find(x->gateway, instance);
    gw_presence_stanza(x->gateway->presence, stanza);
    if (edge)
        gw_edge_send_outcome(edge, &(struct cw_link_outcome){.n = n});
}

void gw_x2s_stanza(struct gw_x2s *x, struct cw_str instance, uint64_t n,
                   const struct cw_xml *stanza)
{
    struct cw_signals said;
    if (cw_str_eq_cstr(stanza->name, "presence")) {
        take_presence(x, instance, n, stanza);
        return;
    }
    if (is_known(x, instance, n))
        return;
    struct passage *p = new_passage(x, instance, n, stanza);
    /* First: an error is never answered with another. */
    if (cw_str_eq_cstr(cw_xml_attr(stanza, "type"), "error")) {
        x->gateway->counters.returned += gw_s2x_error(x->gateway->s2x, stanza);
        finish(x, p, NULL);
        return;
    }
    /* The translation borrows from the stanza, which is gone when we return. */
    p->stanza = cw_xml_copy(&p->arena, stanza);
    cw_signals_read(p->stanza, &said);
    p->is_signal = cw_signals_are_alone(&said);
    p->is_counted = !p->is_signal;
    (*(p->is_signal ? &x->gateway->counters.x2s_signals : &x->gateway->counters.x2s.taken))++;
    if (cw_jid_parse(&p->arena, p->origin.from, &p->from) != CW_JID_OK ||
        cw_jid_parse(&p->arena, p->origin.to, &p->to) != CW_JID_OK ||
        !cw_domain_to_ascii(&p->arena, p->to.domain, &p->domain) ||
        !cw_policy_is_local(x->gateway->policy, p->domain)) {
        refuse(x, p, CW_STANZA_JID_MALFORMED, "an address of the message is not valid here");
        return;
    }
    if (!may_write(x, p))
        return;
    gw_signals_heard(x->gateway->signals, &p->from, &p->to, p->stanza, &said);
    translate(x, p, &said);
}

size_t gw_x2s_n_open(const struct gw_x2s *x)
{
    return x->by_key.n;
}

size_t gw_x2s_n_pairs(const struct gw_x2s *x)
{
    return x->pairs.n;
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_x2s *gw_x2s_new(struct gateway *gateway)
{
    struct gw_x2s *x = cw_alloc(sizeof *x);
    x->gateway = gateway;
    TAILQ_INIT(&x->untold);
    TAILQ_INIT(&x->signals);
    x->signals_timer = cw_timer_new(gateway->base, on_signals, x);
    x->told = gw_told_new(GW_TOLD_MAX);
    x->sweep = cw_timer_new(gateway->base, on_sweep, x);
    return x;
}

static void free_passage(struct cw_str key, void *value, void *arg)
{
    struct passage *p = value;
    (void)key;
    (void)arg;
    cw_arena_free(&p->arena);
    cw_free(p);
}

static void free_pair(struct cw_str key, void *value, void *arg)
{
    struct pair *pair = value;
    (void)key;
    (void)arg;
    cw_arena_free(&pair->arena);
    cw_free(pair);
}

void gw_x2s_free(struct gw_x2s **ptr)
{
    struct gw_x2s *x = *ptr;
    *ptr = NULL;
    if (!x)
        return;
    cw_map_each(&x->by_key, free_passage, NULL);
    cw_map_each(&x->pairs, free_pair, NULL);
    gw_told_free(&x->told);
    cw_map_free(&x->by_key);
    cw_map_free(&x->by_user);
    cw_map_free(&x->pairs);
    cw_timer_free(&x->sweep);
    cw_timer_free(&x->signals_timer);
    cw_free(x);
}
