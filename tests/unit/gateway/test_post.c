/* Stanzas of our own: each has one outcome, told to its poster and to whoever hears of all.  The
 * edges, their link and the loop are this file's. */
#include "gateway/post.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "events.h"
#include "fake_loop.h"
#include "gateway/gateway_priv.h"

enum { N_EDGES = 2 };

struct gw_edge {
    bool is_up;
};

static struct gateway gateway;
static struct gw_edge edges[N_EDGES];
static size_t preferred;
static struct gw_post *post;
static uint64_t to_post_again; /* by whoever hears that one */

/* --- the gateway's other parts ----------------------------------------------------------------*/

uint64_t gw_edge_next_n(struct gateway *of)
{
    return ++of->last_n;
}

bool gw_edge_is_up(const struct gw_edge *edge)
{
    return edge->is_up;
}

struct gw_edge *gw_edge_pick(struct gateway *of, struct cw_str pair)
{
    assert_ptr_equal(of, &gateway);
    assert_true(cw_str_index(pair, ' ') > 0);
    for (size_t i = 0; i < N_EDGES; i++)
        if (edges[(preferred + i) % N_EDGES].is_up)
            return &edges[(preferred + i) % N_EDGES];
    return NULL;
}

void gw_edge_send_stanza(struct gw_edge *edge, uint64_t n, const struct cw_xml *stanza)
{
    struct cw_str to = cw_xml_attr(stanza, "to");
    happened("edge%d<%u:%.*s", (int)(edge - edges), (unsigned)n, CW_ARG(to));
}

/* --- posting ----------------------------------------------------------------------------------*/

static void send_one(const char *from, const char *to, uint64_t user);

static void on_heard(void *arg, struct cw_str local, struct cw_str remote,
                     const struct cw_link_outcome *outcome)
{
    assert_ptr_equal(arg, &gateway);
    happened("%.*s>%.*s:%s", CW_ARG(local), CW_ARG(remote), cw_link_reason_name(outcome->reason));
}

static void on_posted(void *arg, uint64_t user, const struct cw_link_outcome *outcome)
{
    assert_ptr_equal(arg, &edges);
    happened("%u=%s", (unsigned)user,
             outcome->result == CW_LINK_DELIVERED ? "delivered"
                                                  : cw_link_reason_name(outcome->reason));
    if (user == to_post_again) {
        to_post_again = 0;
        send_one("a@l.test", "b@p.test", user);
    }
}

static void send_one(const char *from, const char *to, uint64_t user)
{
    struct cw_arena arena = {0};
    struct cw_xml *stanza = cw_xml_new(&arena, CW_S("jabber:server"), "presence");
    cw_xml_set(&arena, stanza, "from", cw_str_of(from));
    cw_xml_set(&arena, stanza, "to", cw_str_of(to));
    gw_post_send(post, stanza, user ? on_posted : NULL, edges, user);
    cw_arena_free(&arena);
}

static int begin(void **state)
{
    (void)state;
    gateway = (struct gateway){.last_n = 10};
    edges[0].is_up = edges[1].is_up = true;
    preferred = 0;
    to_post_again = 0;
    forget_events();
    post = gw_post_new(&gateway, on_heard, &gateway);
    return 0;
}

static int end(void **state)
{
    (void)state;
    gw_post_free(&post);
    assert_null(post);
    assert_int_equal(fake_timers(), 0);
    return 0;
}

static bool outcome(uint64_t n, enum cw_link_reason reason)
{
    return gw_post_outcome(post, &(struct cw_link_outcome){.n = n,
                                                           .result = reason == CW_LINK_REASON_NONE
                                                                         ? CW_LINK_DELIVERED
                                                                         : CW_LINK_REFUSED,
                                                           .reason = reason});
}

static void test_outcomes(void **state)
{
    (void)state;
    send_one("a@l.test/x@y", "b@p.test/r/s@t", 1);
    send_one("l.test", "q.test", 2);
    send_one("a@l.test", "b@p.test", 0);
    assert_events(__func__, "edge0<11:b@p.test/r/s@t edge0<12:q.test edge0<13:b@p.test");
    assert_false(outcome(10, CW_LINK_REASON_NONE)); /* a message's, perhaps */
    assert_true(outcome(12, CW_LINK_REASON_TIMEOUT));
    assert_events(__func__, "l.test>q.test:timeout 2=timeout");
    assert_true(outcome(11, CW_LINK_REASON_NONE));
    assert_events(__func__, "l.test>p.test:none 1=delivered");
    assert_true(outcome(13, CW_LINK_REASON_NONE));
    assert_events(__func__, "l.test>p.test:none");
    assert_false(outcome(11, CW_LINK_REASON_NONE)); /* once */
    assert_int_equal(gateway.counters.watch_s2x.taken, 3);
    assert_int_equal(gateway.counters.watch_s2x.delivered, 2);
    assert_int_equal(gateway.counters.watch_s2x.refused[GW_REFUSED_TIMEOUT], 1);
    assert_int_equal(gw_post_n_open(post), 0);
    fake_pass(100000);
    assert_events(__func__, "");
}

static void test_no_edge(void **state)
{
    (void)state;
    edges[0].is_up = edges[1].is_up = false;
    to_post_again = 1;
    send_one("a@l.test", "b@p.test", 1);
    send_one("a@l.test", "b@p.test", 2);
    assert_events(__func__, ""); /* never from inside */
    fake_pass(0);
    assert_events(__func__, "l.test>p.test:shutdown 1=shutdown l.test>p.test:shutdown 2=shutdown "
                            "l.test>p.test:shutdown 1=shutdown");
}

static void test_going_down(void **state)
{
    (void)state;
    gateway.stopping = true;
    send_one("a@l.test", "b@p.test", 1);
    assert_events(__func__, "");
    fake_pass(0);
    assert_events(__func__, "l.test>p.test:shutdown 1=shutdown");
}

static void test_edge_down(void **state)
{
    (void)state;
    send_one("a@l.test", "b@p.test", 1);
    preferred = 1;
    send_one("a@l.test", "b@p.test", 2); /* the pair keeps its edge: the order holds */
    send_one("a@l.test", "b@q.test", 3);
    assert_events(__func__, "edge0<11:b@p.test edge0<12:b@p.test edge1<13:b@q.test");
    edges[0].is_up = false;
    to_post_again = 1;
    gw_post_edge_down(post, &edges[0]);
    assert_events(__func__, "l.test>p.test:stream-failed 1=stream-failed edge1<14:b@p.test "
                            "l.test>p.test:stream-failed 2=stream-failed");
    assert_false(outcome(12, CW_LINK_REASON_NONE));
    assert_true(outcome(13, CW_LINK_REASON_NONE));
    assert_events(__func__, "l.test>q.test:none 3=delivered");
}

/* Who frees tells nobody. */
static void test_nobody_is_told(void **state)
{
    (void)state;
    send_one("a@l.test", "b@p.test", 1);
    edges[0].is_up = edges[1].is_up = false;
    send_one("a@l.test", "b@q.test", 2);
    assert_events(__func__, "edge0<11:b@p.test");
    gw_post_free(&post);
    fake_pass(1000);
    assert_events(__func__, "");
}

#define WITH_POST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POST(test_outcomes),  WITH_POST(test_no_edge),        WITH_POST(test_going_down),
        WITH_POST(test_edge_down), WITH_POST(test_nobody_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
