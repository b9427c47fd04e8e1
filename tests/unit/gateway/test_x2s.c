/* Partners' stanzas on their way to SIP: what is sent, and the one outcome that each stanza has.
 * The edge, the SIP side, the store and the clock are this file's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "events.h"
#include "fake_loop.h"
#include "gateway/gateway_priv.h"
#include "gateway/presence.h"
#include "gateway/signals.h"
#include "xml/reader.h"
#include "xmpp/error.h"

#define INSTANCE CW_S("edge-1")

static bool edge_is_down;
static struct gw_sip_sending last; /* of the request that went out last */

/* --- the gateway's other parts, and the loop
 * ----------------------------------------------------*/

struct gw_edge *gw_edge_find(struct gateway *gateway, struct cw_str instance)
{
    assert_true(cw_str_eq(instance, INSTANCE));
    return edge_is_down ? NULL : (struct gw_edge *)(void *)gateway;
}

void gw_edge_send_outcome(struct gw_edge *edge, const struct cw_link_outcome *outcome)
{
    struct cw_arena arena = {0};
    struct cw_stanza_error_info info;
    (void)edge;
    if (outcome->error)
        assert_true(cw_stanza_error_read(&arena, outcome->error, &info));
    happened("%u=%s", (unsigned)outcome->n,
             outcome->error ? cw_stanza_error_name(info.condition) : "delivered");
    cw_arena_free(&arena);
}

enum cw_err gw_sip_send(struct gw_sip *sip, const struct gw_sip_sending *sending)
{
    (void)sip;
    last = *sending;
    happened("sent");
    return CW_OK;
}

/* The users "invited", "blocks" and "denied" are what they are called, to everybody. */
bool gw_store_is_invited(const struct gw_store *store, struct cw_str local, struct cw_str remote)
{
    (void)store;
    (void)remote;
    return cw_str_starts(local, CW_S("invited")) || cw_str_starts(local, CW_S("blocks"));
}

bool gw_store_is_blocked(const struct gw_store *store, const struct cw_jid *local,
                         const struct cw_jid *remote)
{
    (void)store;
    (void)remote;
    return cw_str_starts(local->local, CW_S("blocks"));
}

bool gw_store_has_access(const struct gw_store *store, const struct cw_jid *local)
{
    (void)store;
    return !cw_str_starts(local->local, CW_S("denied"));
}

void gw_presence_stanza(struct gw_presence *presence, const struct cw_xml *stanza)
{
    (void)presence;
    (void)stanza;
    happened("presence");
}

void gw_s2x_send(struct gw_s2x *s, const struct cw_xml *stanza)
{
    (void)s;
    (void)stanza;
    happened("stanza");
}

void gw_s2x_received(struct gw_s2x *s, const struct cw_jid *remote, const struct cw_jid *local,
                     struct cw_str id)
{
    (void)s;
    assert_true(cw_str_is_present(remote->local) && cw_str_is_present(local->local));
    happened("received(%.*s)", CW_ARG(id));
}

bool gw_s2x_error(struct gw_s2x *s, const struct cw_xml *stanza)
{
    (void)s;
    (void)stanza;
    return true;
}

void gw_log_body(const struct gateway *gateway, const char *direction, struct cw_str from,
                 struct cw_str to, struct cw_str body)
{
    (void)gateway;
    (void)direction;
    (void)from;
    (void)to;
    (void)body;
}

/* --- the rows
 * -----------------------------------------------------------------------------------*/

static int set_up(void **state)
{
    struct gateway *gateway = cw_alloc(sizeof *gateway);
    struct cw_policy *policy = cw_policy_new();
    policy->n_local_domains = 1;
    policy->local_domains = cw_arena_alloc(&policy->arena, sizeof *policy->local_domains);
    policy->local_domains[0] = CW_S("sip.example");
    policy->n_partners = 2;
    policy->partners = cw_arena_alloc(&policy->arena, 2 * sizeof *policy->partners);
    policy->partners[0] = CW_PARTNER_DEFAULT;
    policy->partners[0].domain = CW_S("friend.example");
    policy->partners[0].type = CW_FEDERATED;
    policy->partners[1] = CW_PARTNER_DEFAULT;
    policy->partners[1].domain = CW_S("public.example");
    cw_policy_index(policy);
    gateway->policy = policy;
    gateway->log.role = "test";
    gateway->config.gateway.sip.max_message_bytes_out = 65535;
    gateway->x2s = gw_x2s_new(gateway);
    gateway->signals = gw_signals_new(gateway);
    forget_events();
    edge_is_down = false;
    *state = gateway;
    return 0;
}

static int tear_down(void **state)
{
    struct gateway *gateway = *state;
    gw_x2s_free(&gateway->x2s);
    gw_signals_free(&gateway->signals);
    cw_policy_unref(&gateway->policy);
    cw_free(gateway);
    return 0;
}

static void give(struct gateway *gateway, uint64_t n, const char *from, const char *to,
                 const char *type)
{
    struct cw_arena arena = {0};
    struct cw_xml *stanza = cw_xml_new(&arena, CW_S("jabber:server"), "message");
    struct cw_xml *body = cw_xml_add(&arena, stanza, CW_S("jabber:server"), "body");
    cw_xml_set(&arena, stanza, "from", cw_str_of(from));
    cw_xml_set(&arena, stanza, "to", cw_str_of(to));
    cw_xml_set(&arena, stanza, "id", CW_S("i"));
    cw_xml_set(&arena, stanza, "type", cw_str_of(type));
    cw_xml_add_text(&arena, body, CW_S("Art thou not Romeo?"));
    gw_x2s_stanza(gateway->x2s, INSTANCE, n, stanza);
    cw_arena_free(&arena);
}

static struct cw_str last_type(void)
{
    return last.request->content_type;
}

static void answer(struct gateway *gateway, int status)
{
    last.final(last.arg, last.user, &(struct cw_sip_response){.status = status});
    (void)gateway;
}

static void test_who_may_write(void **state)
{
    static const struct {
        const char *name, *from, *to, *type, *events;
    } rows[] = {
        {"a federated partner", "j@friend.example/b", "r@sip.example", "chat", "sent"},
        {"a stranger of a public one", "j@public.example/b", "r@sip.example", "chat",
         "2=subscription-required"},
        {"a partner removed meanwhile", "j@gone.example/b", "r@sip.example", "chat",
         "3=not-allowed"},
        {"a domain that is not ours", "j@friend.example/b", "r@else.example", "chat",
         "4=jid-malformed"},
        {"an error is no message", "j@friend.example/b", "r@sip.example", "error", "5=delivered"},
        {"an error is never answered", "j@friend.example/b", "r@else.example", "error",
         "6=delivered"},
        {"whom the local user invited", "j@public.example/b", "invited@sip.example", "chat",
         "sent"},
        {"whom he blocked then", "j@public.example/b", "blocks@sip.example", "chat",
         "8=service-unavailable"},
        {"one without access", "j@friend.example/b", "denied@sip.example", "chat",
         "9=service-unavailable"},
        {"a stranger learns nothing of that", "j@public.example/b", "denied@sip.example", "chat",
         "10=subscription-required"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        give(*state, i + 1, rows[i].from, rows[i].to, rows[i].type);
        assert_events(rows[i].name, rows[i].events);
    }
}

/* The edge tells the sender of an error 90 seconds after the stanza came: what it gave up on must
 * not arrive later. */
static void test_turn_comes_too_late(void **state)
{
    static const struct {
        const char *name;
        uint64_t waits_ms;
        const char *events;
    } rows[] = {
        {"soon", 1000, "sent"},
        {"after one request without an answer", 32000, "sent"},
        {"after two", 64000, "2=remote-server-timeout 3=remote-server-timeout"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gateway *gateway;
        set_up(state);
        gateway = *state;
        for (uint64_t n = 1; n <= 3; n++)
            give(gateway, n, "j@friend.example/b", "r@sip.example", "chat");
        assert_events(rows[i].name, "sent");
        fake_pass(rows[i].waits_ms);
        answer(gateway, 200);
        /* The turn of the next one comes before the outcome of the first is told. */
        char expected[128];
        snprintf(expected, sizeof expected, "%s 1=delivered", rows[i].events);
        assert_events(rows[i].name, expected);
        if (i + 1 < sizeof rows / sizeof *rows)
            tear_down(state);
    }
}

/* A link that breaks between our outcome and the edge's ear: the edge sends the stanza again. */
static void test_the_same_again(void **state)
{
    static const struct {
        const char *name;
        int status; /* 0: none yet */
        const char *first, *again;
    } rows[] = {
        {"under way", 0, "", ""},
        {"was delivered", 200, "1=delivered", "1=delivered"},
        {"was refused", 404, "1=item-not-found", "1=item-not-found"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up(state);
        give(*state, 1, "j@friend.example/b", "r@sip.example", "chat");
        assert_events(rows[i].name, "sent");
        if (rows[i].status != 0)
            answer(*state, rows[i].status);
        assert_events(rows[i].name, rows[i].first);
        for (int times = 0; times < 2; times++) {
            give(*state, 1, "j@friend.example/b", "r@sip.example", "chat");
            assert_events(rows[i].name, rows[i].again);
        }
        tear_down(state);
    }
}

/* --- without text
 * -------------------------------------------------------------------------------*/

#define STATE(name) "<" name " xmlns='http://jabber.org/protocol/chatstates'/>"
#define RECEIVED    "<received xmlns='urn:xmpp:receipts' id='x'/>"
#define REQUEST     "<request xmlns='urn:xmpp:receipts'/>"

static void give_xml(struct gateway *gateway, uint64_t n, const char *from, const char *inside)
{
    struct cw_arena arena = {0};
    enum cw_xml_fault fault;
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    struct cw_str text = cw_arena_printf(&arena,
                                         "<message xmlns='jabber:server' from='%s' id='i%u' "
                                         "to='r@sip.example' type='chat'>%s</message>",
                                         from, (unsigned)n, inside);
    gw_x2s_stanza(gateway->x2s, INSTANCE, n, cw_xml_parse(&arena, text, &limits, &fault));
    cw_arena_free(&arena);
}

/* The SIP user shows what he takes by the Accept of an answer. */
static void show(struct gateway *gateway, const char *accept)
{
    give_xml(gateway, 900, "j@friend.example/b", "<body>first</body>");
    last.final(last.arg, last.user,
               &(struct cw_sip_response){.status = 200, .accept = cw_str_of(accept)});
    forget_events();
}

static void test_without_text(void **state)
{
    static const struct {
        const char *name, *from, *inside, *accept, *events;
    } rows[] = {
        {"a state for who has shown nothing", "j@friend.example/b", STATE("composing"), NULL,
         "1=delivered"},
        {"a state for who takes it", "j@friend.example/b", STATE("composing"),
         "text/plain, application/im-iscomposing+xml", "sent"},
        {"an idle state is what everybody is taken for", "j@friend.example/b", STATE("paused"),
         "application/im-iscomposing+xml", "1=delivered"},
        {"a state of another user", "k@friend.example/b", STATE("composing"),
         "application/im-iscomposing+xml", "1=delivered"},
        {"a stranger's state is not bounced", "j@public.example/b", STATE("composing"),
         "application/im-iscomposing+xml", "1=delivered"},
        {"a stranger's receipt is not looked at", "j@public.example/b", RECEIVED, NULL,
         "1=delivered"},
        {"a partner removed meanwhile", "j@gone.example/b", STATE("gone"), NULL, "1=delivered"},
        {"a receipt", "j@friend.example/b", RECEIVED, NULL, "received(x) 1=delivered"},
        {"a receipt with text", "j@friend.example/b", "<body>b</body>" RECEIVED, NULL,
         "received(x) sent"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up(state);
        show(*state, rows[i].accept);
        give_xml(*state, 1, rows[i].from, rows[i].inside);
        assert_events(rows[i].name, rows[i].events);
        tear_down(state);
    }
    set_up(state);
}

/* A state keeps its place between texts, and what becomes of it is nobody's business. */
static void test_state_in_its_turn(void **state)
{
    struct gateway *gateway = *state;
    show(gateway, "application/im-iscomposing+xml");
    give_xml(gateway, 1, "j@friend.example/b", "<body>one</body>");
    give_xml(gateway, 2, "j@friend.example/b", STATE("composing"));
    give_xml(gateway, 3, "j@friend.example/b", "<body>two</body>");
    assert_events("the text is under way", "sent");
    answer(gateway, 200);
    assert_events("the state after it", "sent 1=delivered");
    answer(gateway, 503);
    assert_events("the text after that", "sent 2=delivered");
    answer(gateway, 200);
    assert_events("all told", "3=delivered");
    /* A phone that does not answer holds the text up for two seconds. */
    give_xml(gateway, 4, "j@friend.example/b", STATE("composing"));
    give_xml(gateway, 5, "j@friend.example/b", "<body>three</body>");
    fake_pass(1999);
    assert_events("not yet", "sent");
    struct gw_sip_sending late = last;
    fake_pass(1);
    assert_events("no longer", "sent 4=delivered");
    late.final(late.arg, late.user, &(struct cw_sip_response){.status = 408});
    assert_events("too late", "");
    answer(gateway, 200);
    assert_events("the text", "5=delivered");
    /* The same while no edge is there to be told. */
    give_xml(gateway, 6, "j@friend.example/b", STATE("paused"));
    give_xml(gateway, 7, "j@friend.example/b", STATE("composing"));
    late = last;
    forget_events();
    edge_is_down = true;
    fake_pass(2000);
    late.final(late.arg, late.user, &(struct cw_sip_response){.status = 408});
    assert_events("nobody is told", "");
    edge_is_down = false;
    give_xml(gateway, 7, "j@friend.example/b", STATE("composing"));
    assert_events("told when it asks", "7=delivered");
    fake_pass(600000); /* what no edge asks for is forgotten by now; states are said again */
    assert_events("and once", "sent sent sent sent sent sent");
}

/* Who takes envelopes gets one when a receipt is asked for; who says that he does not gets the text
 * again, as another request. */
static void test_envelopes(void **state)
{
    struct gateway *gateway = *state;
    struct cw_str first, branch;
    struct cw_arena arena = {0};
    show(gateway, "message/cpim");
    give_xml(gateway, 1, "j@friend.example/b", "<body>one</body>");
    assert_true(cw_str_eq_cstr(last_type(), "text/plain"));
    answer(gateway, 200);
    give_xml(gateway, 2, "j@friend.example/b", "<body>two</body>" REQUEST);
    assert_true(cw_str_eq_cstr(last_type(), "message/cpim"));
    first = cw_arena_dup(&arena, last.request->from_tag);
    branch = cw_arena_dup(&arena, last.branch);
    forget_events();
    answer(gateway, 415);
    assert_events("once more", "sent");
    assert_true(cw_str_eq_cstr(last_type(), "text/plain"));
    assert_false(cw_str_eq(first, last.request->from_tag) || cw_str_eq(branch, last.branch));
    answer(gateway, 415);
    assert_events("and no more", "2=not-acceptable");
    give_xml(gateway, 3, "j@friend.example/b", "<body>three</body>" REQUEST);
    assert_true(cw_str_eq_cstr(last_type(), "text/plain"));
    cw_arena_free(&arena);
}

/* --- counted ----------------------------------------------------------------------------------*/

static unsigned n_refused(const struct gw_passed *passed)
{
    unsigned n = 0;
    for (size_t i = 0; i < GW_REFUSED_N; i++)
        n += (unsigned)passed->refused[i];
    return n;
}

/* Each message once: taken, and at its end delivered, ignored, or refused for one reason. */
static void test_counted(void **state)
{
    static const struct {
        const char *name, *from, *to, *inside;
        int status; /* of the SIP side; 0: nothing went there */
        enum gw_refused refused;
    } rows[] = {
        {"delivered", "j@friend.example/b", "r", "<body>b</body>", 200, GW_REFUSED_NOT},
        {"nobody there", "j@friend.example/b", "r", "<body>b</body>", 404, GW_REFUSED_BY_PEER},
        {"no answer", "j@friend.example/b", "r", "<body>b</body>", 408, GW_REFUSED_TIMEOUT},
        {"no connection", "j@friend.example/b", "r", "<body>b</body>", 503, GW_REFUSED_UNREACHABLE},
        {"a stranger", "j@public.example/b", "r", "<body>b</body>", 0, GW_REFUSED_BY_RULES},
        {"no address", "@", "r", "<body>b</body>", 0, GW_REFUSED_ADDRESS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up(state);
        struct gateway *gateway = *state;
        const struct gw_passed *x2s = &gateway->counters.x2s;
        give_xml(gateway, 1, rows[i].from, rows[i].inside);
        give_xml(gateway, 1, rows[i].from, rows[i].inside); /* the same again counts once */
        assert_int_equal(gw_x2s_n_open(gateway->x2s), rows[i].status != 0);
        assert_int_equal(gw_x2s_n_pairs(gateway->x2s), rows[i].status != 0);
        assert_int_equal(x2s->taken, 1);
        assert_int_equal(x2s->delivered + n_refused(x2s), rows[i].status == 0);
        if (rows[i].status != 0)
            answer(gateway, rows[i].status);
        bool is_good = rows[i].refused == GW_REFUSED_NOT
                           ? x2s->delivered == 1 && n_refused(x2s) == 0
                           : x2s->refused[rows[i].refused] == 1 && n_refused(x2s) == 1;
        if (!is_good)
            print_error("%s: is counted as something else\n", rows[i].name);
        assert_true(is_good);
        assert_int_equal(gw_x2s_n_open(gateway->x2s), 0);
        tear_down(state);
    }
}

/* What has no text is no message; neither is an error, nor a text without content. */
static void test_not_counted(void **state)
{
    struct gateway *gateway = *state;
    struct gw_counters *counters = &gateway->counters;
    give_xml(gateway, 1, "j@friend.example/b", STATE("composing"));
    assert_int_equal(counters->x2s_signals, 1);
    give(gateway, 2, "j@friend.example/b", "r@sip.example", "error");
    assert_int_equal(counters->returned, 1);
    assert_int_equal(counters->x2s.taken, 0);
    give_xml(gateway, 3, "j@friend.example/b", "<x xmlns='else:where'/>");
    assert_int_equal(counters->x2s.taken, 1);
    assert_int_equal(counters->x2s.ignored, 1);
    assert_int_equal(counters->x2s.delivered, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_may_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_turn_comes_too_late, NULL, tear_down),
        cmocka_unit_test(test_the_same_again),
        cmocka_unit_test_setup_teardown(test_without_text, NULL, tear_down),
        cmocka_unit_test_setup_teardown(test_state_in_its_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_envelopes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_counted, NULL, NULL),
        cmocka_unit_test_setup_teardown(test_not_counted, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
