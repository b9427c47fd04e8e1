/* The transaction layer, driven by one event a line and watched after each:
 *
 *     qu|BRANCH|METHOD|MORE   a request comes (u: UDP, t: TCP); MORE: further headers, ~ is CRLF
 *     r3|STATUS|REASON        the answer to the request that became transaction 3
 *     su|BRANCH|METHOD        a request of ours
 *     xu|STATUS|BRANCH|METHOD|MORE   a response comes
 *     f1  n3  g3              a flow dies; sending 3 fails; client transaction 3 is forgotten
 *     w500  d                 milliseconds pass; the next deadline comes
 *
 * Asserted: a client transaction ends once, by a final response, a timeout, a failure or by being
 * forgotten; what is sent for a request is a response our own parser takes; a timer that fires at
 * its deadline moves the deadline; nothing is left at the end. */
#include "fuzz.h"

#include "sip/transaction.h"

enum { MAX_EVENTS = 64, MAX_TXNS = 16 };

struct world {
    struct cw_arena arena;
    struct cw_sip_txns *txns;
    uint64_t now_ms;
    cw_sip_txn_id servers[MAX_TXNS], clients[MAX_TXNS];
    size_t n_servers, n_clients;
    bool ended[MAX_TXNS]; /* client transactions */
};

/* --- what comes out --- */

static void end_client(struct world *w, uint64_t user)
{
    cw_assert(user < w->n_clients && !w->ended[user]);
    w->ended[user] = true;
}

static bool is_client(const struct world *w, cw_sip_txn_id id)
{
    for (size_t i = 0; i < w->n_clients; i++)
        if (w->clients[i] == id)
            return true;
    return false;
}

static void check_sent(const struct world *w, const struct cw_sip_action *action)
{
    struct cw_sip_message *m = cw_sip_message_parse(action->bytes, action->hop.transport);

    cw_assert(action->bytes.n > 0);
    cw_assert(cw_sip_message_is_request(m) == is_client(w, action->id));
    cw_assert(cw_sip_message_is_response(m) == !is_client(w, action->id));
    cw_sip_message_free(&m);
}

static void take_actions(struct world *w)
{
    struct cw_sip_action action;

    while (cw_sip_txns_next(w->txns, &action)) {
        switch (action.kind) {
        case CW_SIP_ACTION_SEND:
            check_sent(w, &action);
            break;
        case CW_SIP_ACTION_TIMEOUT:
        case CW_SIP_ACTION_FAILED:
            end_client(w, action.user);
            break;
        case CW_SIP_ACTION_EXPIRED:
        case CW_SIP_ACTION_TERMINATED:
            cw_assert(cw_sip_txns_state(w->txns, action.id) == CW_SIP_TXN_NONE);
            break;
        }
    }
    cw_assert(cw_sip_txns_n_client(w->txns) <= w->n_clients);
    cw_assert(cw_sip_txns_n_server(w->txns) <= w->n_servers);
}

/* --- what goes in --- */

static struct cw_str field(struct cw_str *rest)
{
    struct cw_str part = CW_STR("");

    fuzz_part(rest, '|', &part);
    return part;
}

static struct cw_sip_hop hop_of(struct cw_str letter)
{
    bool is_tcp = cw_str_eq_cstr(letter, "t");

    return (struct cw_sip_hop){.transport = is_tcp ? CW_SIP_TCP : CW_SIP_UDP,
                               .flow = 1 + is_tcp,
                               .port = 5060,
                               .ip = "192.0.2.1"};
}

/* Everything behind the start line; ~ becomes CRLF. */
static struct cw_sip_message *message(struct world *w, const struct cw_sip_hop *hop,
                                      struct cw_str start, struct cw_str branch,
                                      struct cw_str method, struct cw_str more)
{
    struct cw_buf b = {0};
    struct cw_sip_message *m;

    cw_buf_printf(&b, "%.*s\r\nVia: SIP/2.0/%s 192.0.2.1:5060;branch=z9hG4bK%.*s\r\n",
                  CW_ARG(start), cw_sip_transport_name(hop->transport), CW_ARG(branch));
    cw_buf_printf(&b,
                  "Max-Forwards: 70\r\nFrom: <sip:a@contoso.test>;tag=1\r\n"
                  "To: <sip:b@fabrikam.test>\r\nCall-ID: %.*s\r\nCSeq: 1 %.*s\r\n",
                  CW_ARG(branch), CW_ARG(method));
    for (size_t i = 0; i < more.n; i++)
        if (more.p[i] == '~')
            cw_buf_putcstr(&b, "\r\n");
        else
            cw_buf_putc(&b, more.p[i]);
    cw_buf_putcstr(&b, "\r\nContent-Length: 0\r\n\r\n");
    m = cw_sip_message_parse(cw_buf_str(&b), hop->transport);
    cw_buf_free(&b);
    (void)w;
    return m;
}

static void on_request(struct world *w, struct cw_str rest)
{
    struct cw_sip_hop hop = hop_of(field(&rest));
    struct cw_str branch = field(&rest), method = field(&rest);
    struct cw_str start =
        cw_arena_printf(&w->arena, "%.*s sip:b@fabrikam.test SIP/2.0", CW_ARG(method));
    struct cw_sip_message *m = message(w, &hop, start, branch, method, rest);
    cw_sip_txn_id id = 0;

    if (w->n_servers < MAX_TXNS && cw_sip_message_is_request(m) &&
        cw_sip_txns_request(w->txns, m, &hop, w->now_ms, &id) == CW_SIP_REQUEST_NEW) {
        cw_assert(id != 0 && cw_sip_txns_state(w->txns, id) == CW_SIP_TXN_TRYING);
        w->servers[w->n_servers++] = id;
    }
    cw_sip_message_free(&m);
}

static uint64_t number(struct cw_str text, uint64_t below)
{
    uint64_t n = 0;

    cw_str_to_u64(cw_str_sub(text, 0, 6), &n);
    return n % below;
}

static void respond(struct world *w, struct cw_str rest)
{
    cw_sip_txn_id id = w->servers[number(field(&rest), MAX_TXNS)];
    struct cw_sip_reply reply = {.status = (int)number(field(&rest), 1000), .reason_phrase = rest};
    bool is_final = reply.status >= 200;

    if (id && cw_sip_txns_respond(w->txns, id, &reply, w->now_ms) == CW_OK && is_final)
        cw_assert(cw_sip_txns_respond(w->txns, id, &reply, w->now_ms) != CW_OK);
}

static void send(struct world *w, struct cw_str rest)
{
    struct cw_sip_hop hop = hop_of(field(&rest));
    struct cw_sip_draft d = {.method = CW_STR_NONE,
                             .request_uri = CW_STR("sip:b@contoso.test"),
                             .transport = hop.transport,
                             .sent_by = CW_STR("192.0.2.9"),
                             .from_uri = CW_STR("sip:a@fabrikam.test"),
                             .from_tag = CW_STR("1"),
                             .to_uri = CW_STR("sip:b@contoso.test"),
                             .call_id = CW_STR("x"),
                             .cseq = 1};
    struct cw_buf b = {0};
    cw_sip_txn_id id;

    d.branch = cw_arena_printf(&w->arena, "z9hG4bK%.*s", CW_ARG(field(&rest)));
    d.method = field(&rest);
    if (w->n_clients < MAX_TXNS && cw_sip_build_request(&b, &d, NULL) == CW_OK) {
        const struct cw_sip_outgoing out = {.bytes = cw_buf_str(&b),
                                            .branch = d.branch,
                                            .method = d.method,
                                            .hop = hop,
                                            .user = w->n_clients};

        if (cw_sip_txns_send(w->txns, &out, w->now_ms, &id) == CW_OK)
            w->clients[w->n_clients++] = id;
    }
    cw_buf_free(&b);
}

static void on_response(struct world *w, struct cw_str rest)
{
    struct cw_sip_hop hop = hop_of(field(&rest));
    struct cw_str status = field(&rest), branch = field(&rest), method = field(&rest);
    struct cw_str start = cw_arena_printf(&w->arena, "SIP/2.0 %.*s", CW_ARG(status));
    struct cw_sip_message *m = message(w, &hop, start, branch, method, rest);
    uint64_t user = MAX_TXNS;
    cw_sip_txn_id id = 0;

    if (cw_sip_message_is_response(m) &&
        cw_sip_txns_response(w->txns, m, w->now_ms, &id, &user) == CW_SIP_RESPONSE_FINAL) {
        cw_assert(user < w->n_clients && w->clients[user] == id);
        end_client(w, user);
    }
    cw_sip_message_free(&m);
}

static void forget(struct world *w, size_t i)
{
    cw_sip_txns_forget(w->txns, w->clients[i]);
    cw_assert(cw_sip_txns_state(w->txns, w->clients[i]) == CW_SIP_TXN_NONE);
    w->ended[i] = true;
}

static void tick(struct world *w)
{
    uint64_t deadline_ms;

    cw_sip_txns_tick(w->txns, w->now_ms);
    deadline_ms = cw_sip_txns_deadline_ms(w->txns);
    cw_assert(deadline_ms > w->now_ms);
}

static void deadline_comes(struct world *w)
{
    uint64_t deadline_ms = cw_sip_txns_deadline_ms(w->txns);

    if (deadline_ms == UINT64_MAX)
        return;
    w->now_ms = deadline_ms > w->now_ms ? deadline_ms : w->now_ms;
    tick(w);
}

static void take_line(struct world *w, struct cw_str line)
{
    struct cw_str rest = cw_str_sub(line, 1, line.n);
    size_t i = number(rest, MAX_TXNS);

    switch (line.n > 0 ? line.p[0] : 0) {
    case 'q':
        on_request(w, rest);
        break;
    case 'r':
        respond(w, rest);
        break;
    case 's':
        send(w, rest);
        break;
    case 'x':
        on_response(w, rest);
        break;
    case 'f':
        cw_sip_txns_flow_failed(w->txns, i % 2 ? CW_SIP_UDP : CW_SIP_TCP, 2 - i % 2);
        break;
    case 'n':
        cw_sip_txns_send_failed(w->txns, w->clients[i]);
        break;
    case 'g':
        if (i < w->n_clients)
            forget(w, i);
        break;
    case 'w':
        w->now_ms += number(rest, 100000);
        tick(w);
        break;
    case 'd':
        deadline_comes(w);
        break;
    default:
        break;
    }
    take_actions(w);
}

void fuzz_input(struct cw_str input)
{
    struct world w = {.txns = cw_sip_txns_new(NULL), .now_ms = 1000};
    struct cw_str line;

    for (size_t n = 0; n < MAX_EVENTS && fuzz_part(&input, '\n', &line); n++)
        take_line(&w, line);
    w.now_ms += 200000;
    tick(&w);
    take_actions(&w);
    cw_assert(cw_sip_txns_n_client(w.txns) == 0);
    for (size_t i = 0; i < w.n_clients; i++)
        cw_assert(w.ended[i]);
    cw_sip_txns_free(&w.txns);
    cw_arena_free(&w.arena);
}
