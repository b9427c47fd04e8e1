/* Partners' stanzas on their way to SIP: what is sent, and the one outcome that each stanza has.
 * The edge, the SIP side, the store and the clock are this file's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/gateway_priv.h"
#include "gateway/presence.h"
#include "xmpp/error.h"

#define INSTANCE CW_S("edge-1")

static uint64_t now_ms;
static struct gw_sip_sending last; /* of the request that went out last */
static char events[512];           /* "sent", "1=delivered", "2=remote-server-timeout", ... */

static void happened(const char *what)
{
    size_t at = strlen(events);
    snprintf(events + at, sizeof events - at, "%s%s", at ? " " : "", what);
}

static void assert_events(const char *row, const char *expected)
{
    if (strcmp(events, expected) != 0)
        print_error("%s: \"%s\" instead of \"%s\"\n", row, events, expected);
    assert_string_equal(events, expected);
    events[0] = '\0';
}

/* --- the gateway's other parts, and the loop
 * ----------------------------------------------------*/

uint64_t cw_now_ms(void)
{
    return now_ms;
}

struct cw_timer *cw_timer_new(struct event_base *base, void (*fn)(void *arg), void *arg)
{
    (void)base;
    (void)fn;
    (void)arg;
    return NULL;
}

void cw_timer_set(struct cw_timer *timer, uint64_t after_ms)
{
    (void)timer;
    (void)after_ms;
}

bool cw_timer_is_set(const struct cw_timer *timer)
{
    (void)timer;
    return false;
}

void cw_timer_free(struct cw_timer **timer)
{
    *timer = NULL;
}

struct gw_edge *gw_edge_find(struct gateway *gateway, struct cw_str instance)
{
    assert_true(cw_str_eq(instance, INSTANCE));
    return (struct gw_edge *)(void *)gateway;
}

void gw_edge_send_outcome(struct gw_edge *edge, const struct cw_link_outcome *outcome)
{
    struct cw_arena arena = {0};
    struct cw_stanza_error_info info;
    char what[64];
    (void)edge;
    if (outcome->error)
        assert_true(cw_stanza_error_read(&arena, outcome->error, &info));
    snprintf(what, sizeof what, "%u=%s", (unsigned)outcome->n,
             outcome->error ? cw_stanza_error_name(info.condition) : "delivered");
    happened(what);
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

bool gw_s2x_error(struct gw_s2x *s, const struct cw_xml *stanza)
{
    (void)s;
    (void)stanza;
    return false;
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
    now_ms = 1000000;
    events[0] = '\0';
    *state = gateway;
    return 0;
}

static int tear_down(void **state)
{
    struct gateway *gateway = *state;
    gw_x2s_free(&gateway->x2s);
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
        now_ms += rows[i].waits_ms;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_may_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_turn_comes_too_late, NULL, tear_down),
        cmocka_unit_test(test_the_same_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
