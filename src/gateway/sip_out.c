/* Requests of ours on their way to a next hop.
 *
 * One request: its hop has three servers.  The first one says nothing for 8*T1: it is set aside and
 * the same request, with a new branch, goes to the second one (RFC 3263 section 4.3).  That one
 * answers 407 for our realm: once more, with credentials and the next CSeq.  200: that is the
 * answer.  Had the second one said 503, or refused the connection, the third one would have been
 * asked; all of it within 64*T1, after which the sender hears 408.
 *
 * A request for UDP that is over 1300 bytes goes by TCP to the same address, and by UDP only when
 * nobody listens there (RFC 3261 section 18.1.1). */
#include <inttypes.h>
#include <stdio.h>

#include "base/secret.h"
#include "gateway/sip_priv.h"

enum {
    MAX_UDP_BYTES = 1300,
    MAX_CHALLENGES = 20,
    /* Of what may wait for one server: a burst of presence leaves room for messages, and they for
     * answers and what is sent again. */
    MAX_WAITING_DIALOGS = GW_FLOW_MAX_QUEUED / 2,
    MAX_WAITING = GW_FLOW_MAX_QUEUED / 4 * 3,
};

struct request {
    TAILQ_ENTRY(request) link;    /* by deadline */
    TAILQ_ENTRY(request) in_wait; /* of those that wait for a first sign */
    struct cw_arena arena;
    struct cw_sip_draft draft; /* copied; the branch of the first try */
    uint64_t number, user;
    gw_sip_final_fn *final; /* NULL: nobody waits */
    void *arg;
    struct cw_str contact_user; /* absent: no Contact */
    struct gw_hop *hop;
    struct gw_target targets[GW_MAX_TARGETS];
    size_t n_targets, at;
    bool has_targets;
    unsigned n_tries;
    bool was_challenged;
    struct cw_sip_field credentials;
    cw_sip_txn_id txn;
    enum cw_sip_transport transport; /* of this try; another than the target's for its size */
    uint64_t flow;
    bool is_only_udp, was_refused, waits;
    uint64_t deadline_ms, patience_ms;
};
TAILQ_HEAD(requests, request);

struct gw_out {
    struct gw_sip *sip;
    struct requests list, waiting;
    struct cw_map by_number;
    size_t n;
    uint64_t last_number, t1_ms;
    struct cw_timer *timer;
};

static struct cw_str number_key(char buf[24], uint64_t number)
{
    return (struct cw_str){buf, (size_t)snprintf(buf, 24, "%" PRIu64, number)};
}

static struct request *find(const struct gw_out *out, uint64_t number)
{
    char key[24];
    return cw_map_get(&out->by_number, number_key(key, number));
}

static void stop_waiting(struct gw_out *out, struct request *r)
{
    if (r->waits)
        TAILQ_REMOVE(&out->waiting, r, in_wait);
    r->waits = false;
}

static void end(struct gw_out *out, struct request *r)
{
    char key[24];
    stop_waiting(out, r);
    TAILQ_REMOVE(&out->list, r, link);
    cw_map_remove(&out->by_number, number_key(key, r->number));
    out->n--;
    cw_arena_free(&r->arena);
    cw_free(r);
}

/* The one answer to whoever sent it. */
static void finish(struct gw_out *out, struct request *r, const struct cw_sip_response *response)
{
    gw_sip_final_fn *final = r->final;
    void *arg = r->arg;
    uint64_t user = r->user;
    struct cw_sip_response answer = *response;
    answer.cseq = r->draft.cseq;
    end(out, r);
    if (final)
        final(arg, user, &answer);
}

static void finish_alone(struct gw_out *out, struct request *r, int status, const char *phrase)
{
    finish(out, r, &(struct cw_sip_response){.status = status, .reason_phrase = cw_str_of(phrase)});
}

/* The two queues are in the order of their times, for each has one duration. */
static void set_timer(struct gw_out *out)
{
    const struct request *oldest = TAILQ_FIRST(&out->list), *next = TAILQ_FIRST(&out->waiting);
    uint64_t due = oldest ? oldest->deadline_ms : UINT64_MAX, now = cw_now_ms();
    if (next && next->patience_ms < due)
        due = next->patience_ms;
    if (due == UINT64_MAX)
        cw_timer_stop(out->timer);
    else
        cw_timer_set(out->timer, due > now ? due - now : 0);
}

/* --- one try ----------------------------------------------------------------------------------*/

static void log_failure(const struct gw_out *out, const struct request *r, const char *reason)
{
    struct cw_arena arena = {0};
    CW_LOG(&out->sip->gateway->log, CW_LOG_WARN, "sip-target-failed",
           CW_KV("domain", gw_hop_config(r->hop)->domain),
           CW_KVC("transport", cw_sip_transport_name(r->transport)),
           CW_KV("target", cw_addr_text(&arena, &r->targets[r->at].addr)),
           CW_KVC("reason", reason));
    cw_arena_free(&arena);
}

/* The credentials for the hop's last challenge, as a header; none without a challenge. */
static void set_credentials(struct request *r)
{
    const struct cw_next_hop *config = gw_hop_config(r->hop);
    struct gw_challenge *c = gw_hop_challenge(r->hop);
    struct cw_buf value = {0};
    r->credentials = (struct cw_sip_field){.name = CW_STR_NONE};
    r->draft.n_fields = 0;
    if (!c)
        return;
    struct cw_sip_answer answer = {.user = config->user,
                                   .password = config->password,
                                   .method = r->draft.method,
                                   .uri = r->draft.request_uri,
                                   .cnonce = cw_random_hex(&r->arena, 16),
                                   .nc = ++c->nc};
    if (cw_sip_challenge_answer(&c->challenge, &answer, &value)) {
        r->credentials.name = c->is_proxy ? CW_S("Proxy-Authorization") : CW_S("Authorization");
        r->credentials.value = cw_arena_dup(&r->arena, cw_buf_str(&value));
        r->draft.fields = &r->credentials;
        r->draft.n_fields = 1;
    }
    cw_buf_free(&value);
}

/* As it goes to the target by the transport of this try.  Contact names the listener's transport,
 * for that is where a request of the peer's would reach us. */
static enum cw_err build(struct gw_out *out, struct request *r, struct cw_str branch,
                         struct cw_buf *bytes)
{
    const char *why = "";
    const struct cw_addr *peer = &r->targets[r->at].addr;
    const struct gw_listen *listen = gw_sip_listen_for(out->sip, r->transport, peer);
    struct cw_addr here = gw_sip_here(listen, peer);
    struct cw_arena arena = {0};
    struct cw_sip_draft draft = r->draft;
    draft.branch = branch;
    draft.transport = r->transport;
    draft.sent_by = cw_addr_text(&arena, &here);
    if (cw_str_is_present(r->contact_user))
        draft.contact_uri = gw_sip_contact(&arena, listen, &here, r->contact_user);
    enum cw_err err = cw_sip_build_request(bytes, &draft, &why);
    cw_arena_free(&arena);
    if (err)
        CW_LOG(&out->sip->gateway->log, CW_LOG_WARN, "sip-request-refused", CW_KVC("field", why));
    return err;
}

/* A first try finds room, or its sender waits; what was taken on before goes in any case. */
static bool has_room(const struct gw_out *out, const struct request *r, size_t n)
{
    size_t most = cw_str_is_present(r->contact_user) ? MAX_WAITING_DIALOGS : MAX_WAITING;
    return r->n_tries > 1 || r->transport == CW_SIP_UDP ||
           gw_flows_queued(out->sip->flows, r->flow) + cw_sip_txns_pending(out->sip->txns) + n <=
               most;
}

/* What was built goes to the target, by the connection that there is, or by a new one. */
static enum cw_err transmit(struct gw_out *out, struct request *r, const struct gw_listen *listen,
                            struct cw_str branch, struct cw_str bytes)
{
    struct gw_sip *sip = out->sip;
    const struct cw_addr *to = &r->targets[r->at].addr;
    r->flow = r->transport == CW_SIP_UDP
                  ? listen->index
                  : gw_flows_to(sip->flows, r->transport, to, gw_hop_config(r->hop)->tls_name);
    if (!has_room(out, r, bytes.n))
        return CW_ERR_LIMIT;
    struct cw_sip_outgoing request = {
        .bytes = bytes,
        .branch = branch,
        .method = r->draft.method,
        .hop = {.transport = r->transport, .flow = r->flow, .port = cw_addr_port(to)},
        .user = r->number};
    snprintf(request.hop.ip, sizeof request.hop.ip, "%.*s", CW_ARG(cw_addr_ip(&r->arena, to)));
    return cw_sip_txns_send(sip->txns, &request, cw_now_ms(), &r->txn);
}

/* To the target where it is; CW_ERR_NOT_FOUND: not from here; CW_ERR_LIMIT: not now. */
static enum cw_err send_to_target(struct gw_out *out, struct request *r)
{
    struct gw_sip *sip = out->sip;
    const struct gw_target *target = &r->targets[r->at];
    const struct gw_listen *listen = gw_sip_listen_for(sip, target->transport, &target->addr);
    struct cw_str branch = r->draft.branch;
    struct cw_buf bytes = {0};
    if (!listen || (target->transport == CW_SIP_TLS && !sip->tls))
        return CW_ERR_NOT_FOUND;
    if (r->n_tries++ > 0)
        branch = cw_arena_printf(&r->arena, "%.*s.%u", CW_ARG(branch), r->n_tries);
    set_credentials(r);
    r->transport = target->transport;
    r->was_refused = false;
    enum cw_err err = build(out, r, branch, &bytes);
    if (!err && r->transport == CW_SIP_UDP && bytes.n > MAX_UDP_BYTES && !r->is_only_udp) {
        r->transport = CW_SIP_TCP;
        cw_buf_reset(&bytes);
        err = build(out, r, branch, &bytes);
    }
    if (!err)
        err = transmit(out, r, listen, branch, cw_buf_str(&bytes));
    cw_buf_free(&bytes);
    gw_sip_actions_soon(sip);
    return err;
}

/* Sends to the target where it is, or to the next one that can be reached from here. */
static enum cw_err try(struct gw_out *out, struct request *r)
{
    enum cw_err err = CW_ERR_NOT_FOUND;
    stop_waiting(out, r);
    for (; r->at < r->n_targets && err == CW_ERR_NOT_FOUND; r->at += err == CW_ERR_NOT_FOUND)
        err = send_to_target(out, r);
    if (!err && r->at + 1 < r->n_targets) {
        r->patience_ms = cw_now_ms() + 8 * out->t1_ms;
        r->waits = true;
        TAILQ_INSERT_TAIL(&out->waiting, r, in_wait);
    }
    set_timer(out);
    return err;
}

/* This target is no good: the next one, or else the answer is that status. */
static void fail_over(struct gw_out *out, struct request *r, const char *reason,
                      const struct cw_sip_response *otherwise)
{
    log_failure(out, r, reason);
    gw_hop_failed(r->hop, &r->targets[r->at]);
    r->txn = 0;
    r->at++;
    r->is_only_udp = false;
    if (try(out, r) != CW_OK)
        finish(out, r, otherwise);
}

/* --- what comes back --------------------------------------------------------------------------*/

/* The server's challenge for our realm becomes the hop's; false when there is none, or none that
 * we could answer. */
static bool take_challenge(struct request *r, const struct cw_sip_message *m)
{
    const struct cw_next_hop *config = gw_hop_config(r->hop);
    struct gw_challenge fresh = {.is_proxy = cw_sip_message_status(m) == 407};
    struct cw_str name = fresh.is_proxy ? CW_S("proxy-authenticate") : CW_S("www-authenticate");
    struct cw_str values[MAX_CHALLENGES];
    size_t n = 0;
    if (cw_str_is_empty(config->user))
        return false;
    while (n < MAX_CHALLENGES && cw_str_is_present(cw_sip_message_header(m, name, n))) {
        values[n] = cw_sip_message_header(m, name, n);
        n++;
    }
    if (!cw_sip_challenge_pick(&fresh.arena, values, n, config->realm, &fresh.challenge)) {
        cw_arena_free(&fresh.arena);
        return false;
    }
    gw_hop_set_challenge(r->hop, &fresh);
    return true;
}

/* At most once a request, whatever is asked for then. */
static bool answers_challenge(struct gw_out *out, struct request *r, const struct cw_sip_message *m)
{
    if (r->was_challenged) {
        CW_LOG(&out->sip->gateway->log, CW_LOG_WARN, "sip-credentials-refused",
               CW_KV("domain", gw_hop_config(r->hop)->domain),
               CW_KVI("status", cw_sip_message_status(m)));
        gw_hop_forget_challenge(r->hop);
        return false;
    }
    r->was_challenged = true;
    if (!take_challenge(r, m))
        return false;
    r->draft.cseq++;
    return try(out, r) == CW_OK;
}

void gw_out_final(struct gw_out *out, uint64_t number, const struct cw_sip_message *m)
{
    struct request *r = find(out, number);
    struct cw_sip_response response;
    int status = cw_sip_message_status(m);
    if (!r)
        return;
    cw_sip_message_response_values(m, &response);
    if ((status == 401 || status == 407) && answers_challenge(out, r, m))
        return;
    if (status == 503)
        fail_over(out, r, "503", &response);
    else
        finish(out, r, &response);
}

void gw_out_timeout(struct gw_out *out, uint64_t number)
{
    struct request *r = find(out, number);
    struct cw_sip_response none = {.status = 408,
                                   .reason_phrase = CW_S("the SIP server gave no answer")};
    if (r && cw_now_ms() >= r->deadline_ms)
        finish(out, r, &none);
    else if (r)
        fail_over(out, r, "no answer", &none);
}

void gw_out_failed(struct gw_out *out, uint64_t number)
{
    struct request *r = find(out, number);
    struct cw_sip_response none = {.status = 503,
                                   .reason_phrase = CW_S("the SIP server cannot be reached")};
    if (!r)
        return;
    if (r->was_refused && r->transport != r->targets[r->at].transport) {
        r->is_only_udp = true;
        if (try(out, r) != CW_OK)
            finish(out, r, &none);
        return;
    }
    fail_over(out, r, "cannot be reached", &none);
}

void gw_out_flow_refused(struct gw_out *out, uint64_t flow)
{
    struct request *r;
    TAILQ_FOREACH (r, &out->list, link)
        if (r->flow == flow && r->transport != CW_SIP_UDP)
            r->was_refused = true;
}

static void on_timer(void *arg)
{
    struct gw_out *out = arg;
    struct request *r;
    uint64_t now = cw_now_ms();
    while ((r = TAILQ_FIRST(&out->list)) && r->deadline_ms <= now) {
        cw_sip_txns_forget(out->sip->txns, r->txn);
        finish_alone(out, r, 408, "the SIP server gave no answer");
    }
    while ((r = TAILQ_FIRST(&out->waiting)) && r->patience_ms <= now) {
        stop_waiting(out, r);
        /* A provisional answer shows that somebody works on it. */
        if (cw_sip_txns_state(out->sip->txns, r->txn) != CW_SIP_TXN_TRYING)
            continue;
        cw_sip_txns_forget(out->sip->txns, r->txn);
        gw_out_timeout(out, r->number);
    }
    set_timer(out);
}

/* --- sending ----------------------------------------------------------------------------------*/

static void copy_draft(struct cw_arena *arena, struct cw_sip_draft *d)
{
    struct cw_str *const texts[] = {
        &d->method,       &d->request_uri,
        &d->branch,       &d->from_uri,
        &d->from_display, &d->from_tag,
        &d->to_uri,       &d->to_display,
        &d->to_tag,       &d->call_id,
        &d->content_type, &d->subject,
        &d->date,         &d->expires,
        &d->accept,       &d->content_language,
        &d->event,        &d->subscription_state,
        &d->route,        &d->body,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = cw_arena_dup(arena, *texts[i]);
}

static struct request *new_request(struct gw_out *out, struct gw_hop *hop,
                                   const struct gw_sip_sending *sending)
{
    char key[24];
    struct request *r = cw_alloc(sizeof *r);
    r->draft = cw_sip_draft_of(sending->request, sending->branch);
    copy_draft(&r->arena, &r->draft);
    r->contact_user = cw_arena_dup(&r->arena, sending->contact_user);
    r->number = ++out->last_number;
    r->final = sending->final;
    r->arg = sending->arg;
    r->user = sending->user;
    r->hop = hop;
    r->deadline_ms = cw_now_ms() + 64 * out->t1_ms;
    TAILQ_INSERT_TAIL(&out->list, r, link);
    cw_map_set(&out->by_number, number_key(key, r->number), r);
    out->n++;
    set_timer(out);
    return r;
}

/* CW_OK also when the targets are being looked up. */
static enum cw_err start(struct gw_out *out, struct request *r)
{
    bool is_pending;
    r->n_targets = gw_hop_targets(r->hop, r->targets, &is_pending);
    r->has_targets = !is_pending;
    return is_pending ? CW_OK : try(out, r);
}

void gw_out_targets_found(struct gw_out *out, struct gw_hop *hop)
{
    struct request *r, *next;
    for (r = TAILQ_FIRST(&out->list); r; r = next) {
        next = TAILQ_NEXT(r, link);
        if (r->hop == hop && !r->has_targets && start(out, r) != CW_OK)
            finish_alone(out, r, 503, "the SIP server cannot be found");
    }
}

enum cw_err gw_sip_send(struct gw_sip *sip, const struct gw_sip_sending *sending)
{
    struct gw_out *out = sip->out;
    struct gw_hop *hop = gw_hops_find(sip->hops, sending->domain);
    if (!hop)
        return CW_ERR_NOT_FOUND;
    if (out->n >= sip->gateway->config.gateway.sip.max_transactions)
        return CW_ERR_LIMIT;
    struct request *r = new_request(out, hop, sending);
    enum cw_err err = start(out, r);
    if (err)
        end(out, r);
    return err;
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_out *gw_out_new(struct gw_sip *sip)
{
    struct gw_out *out = cw_alloc(sizeof *out);
    out->sip = sip;
    out->t1_ms = sip->gateway->config.gateway.sip.t1_ms;
    TAILQ_INIT(&out->list);
    TAILQ_INIT(&out->waiting);
    out->timer = cw_timer_new(sip->gateway->base, on_timer, out);
    return out;
}

void gw_out_free(struct gw_out **ptr)
{
    struct gw_out *out = *ptr;
    struct request *r;
    *ptr = NULL;
    if (!out)
        return;
    while ((r = TAILQ_FIRST(&out->list)))
        end(out, r);
    cw_map_free(&out->by_number);
    cw_timer_free(&out->timer);
    cw_free(out);
}
