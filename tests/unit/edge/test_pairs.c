/* When a partner counts as gone: rows of streams that became READY and ended.  The streams' other
 * parts, the gateways and the clock are this file's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "edge/stream_priv.h"

enum { N_STREAMS = 3 };

static uint64_t now_ms;
static char told[128]; /* the local domains of the pairs that were told of */

uint64_t cw_now_ms(void)
{
    return now_ms;
}

struct cw_str edge_pair(struct cw_arena *arena, struct cw_str local, struct cw_str remote)
{
    return cw_arena_printf(arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
}

bool edge_component_serves(const struct edge *edge, struct cw_str domain)
{
    (void)edge;
    return cw_str_eq_cstr(domain, "c");
}

void edge_gateway_ended(struct edge_gateway *gateway, struct cw_str local, struct cw_str remote)
{
    size_t at = strlen(told);
    (void)gateway;
    assert_true(cw_str_eq_cstr(remote, "p.test"));
    snprintf(told + at, sizeof told - at, "%.*s", CW_ARG(local));
}

/* "1+a": the pair of the local domain a is READY on stream 1; "1!": it is lost; "1.": it ends
 * well; "_": 20 seconds pass; "S": we are going down. */
static const struct row {
    const char *name, *events, *told;
} rows[] = {
    {"one stream, lost", "1+a 1!", "a"},
    {"one stream, ended well", "1+a 1.", ""},
    {"another is there", "1+a 2+a 1!", ""},
    {"both are lost", "1+a 2+a 1! 2!", "a"},
    {"the second one closed in time", "1+a 2+a 1! 2.", "a"},
    {"the second one lost", "1+a 2+a 1. 2!", "a"},
    {"the second one closed much later", "1+a 2+a 1! _ 2.", ""},
    {"a new one came, and went well", "1+a 2+a 1! 3+a _ 2. 3.", ""},
    {"two pairs on one stream", "1+a 1+b 1!", "ba"},
    {"two pairs, one with a stream of its own", "1+a 1+b 2+b 1!", "a"},
    {"READY said twice", "1+a 1+a 2+a 1! _ 2.", ""},
    {"lost twice", "1+a 1! 2+a 2!", "aa"},
    {"going down", "1+a S 1!", ""},
    {"a component's domain", "1+c 1!", ""},
};

static void play(struct edge *edge, struct edge_stream *streams, const char *events)
{
    for (const char *at = events; *at; at++) {
        if (*at == ' ')
            continue;
        if (*at == '_') {
            now_ms += 20000;
            continue;
        }
        if (*at == 'S') {
            edge->stopping = true;
            continue;
        }
        struct edge_stream *s = &streams[*at++ - '1'];
        if (*at == '+')
            edge_pairs_add(s, (struct cw_str){++at, 1}, CW_S("p.test"));
        else
            edge_pairs_leave(s, *at == '!');
    }
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct edge edge = {0};
        struct edge_stream streams[N_STREAMS] = {{.edge = &edge}, {.edge = &edge}, {.edge = &edge}};
        told[0] = '\0';
        play(&edge, streams, rows[i].events);
        if (strcmp(told, rows[i].told) != 0)
            fail_msg("%s: told of \"%s\" instead of \"%s\"", rows[i].name, told, rows[i].told);
        edge.stopping = true;
        for (size_t s = 0; s < N_STREAMS; s++) {
            edge_pairs_leave(&streams[s], false);
            cw_arena_free(&streams[s].arena);
        }
        assert_int_equal(edge.ready_pairs.n, 0);
        cw_map_free(&edge.ready_pairs);
    }
}

static const struct {
    const char *name;
    struct cw_s2s_action close;
    bool is_lost; /* the transport */
    enum cw_failure cause;
    bool is_loss;
} closes[] = {
    {"lost", {.by_peer = true}, true, CW_FAIL_NONE, true},
    {"closed by the peer", {.by_peer = true}, false, CW_FAIL_NONE, false},
    {"the peer goes down",
     {.by_peer = true, .has_error = true, .stream_error = CW_STREAM_SYSTEM_SHUTDOWN},
     false,
     CW_FAIL_NONE,
     true},
    {"reset by the peer",
     {.by_peer = true, .has_error = true, .stream_error = CW_STREAM_RESET},
     false,
     CW_FAIL_NONE,
     true},
    {"idle, says the peer",
     {.by_peer = true, .has_error = true, .stream_error = CW_STREAM_CONNECTION_TIMEOUT},
     false,
     CW_FAIL_NONE,
     false},
    {"idle, say we", {.by_peer = false}, false, CW_FAIL_NONE, false},
    {"idle, and the peer does not close", {.by_peer = false}, true, CW_FAIL_NONE, false},
    {"our error",
     {.has_error = true, .stream_error = CW_STREAM_POLICY_VIOLATION},
     false,
     CW_FAIL_NONE,
     false},
    {"our policy", {.by_peer = true, .has_error = true}, true, CW_FAIL_POLICY_CHANGED, false},
    {"the peer does not read", {.by_peer = true}, true, CW_FAIL_STUCK, true},
};

static void test_what_is_a_loss(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof closes / sizeof *closes; i++) {
        struct edge_stream s = {.trace = {.cause = closes[i].cause, .is_lost = closes[i].is_lost}};
        if (edge_pairs_is_loss(&s, &closes[i].close) != closes[i].is_loss)
            fail_msg("%s", closes[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_what_is_a_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
