/* UDP: an echo, batches, large datagrams, freeing inside. */
#include "harness.h"

#include "io/udp.h"

#include <stdlib.h>
#include <string.h>

struct end {
    struct cw_udp *udp;
    int n;
    size_t bytes;
    char last[70000];
    bool echoes, frees;
};

static void on_datagram(void *arg, struct cw_str bytes, const struct cw_addr *from)
{
    struct end *e = arg;
    e->n++;
    e->bytes += bytes.n;
    if (e->frees)
        cw_udp_free(&e->udp);
    memcpy(e->last, bytes.p, bytes.n); /* still there after the freeing */
    if (e->echoes)
        assert_int_equal(cw_udp_send(e->udp, bytes, from), CW_OK);
}

static void start(struct event_base *base, struct end *e, const char *at)
{
    struct cw_buf why = {0};
    struct cw_addr any;
    assert_true(cw_addr_parse(cw_str_of(at), 0, &any));
    e->udp = cw_udp_new(base, &any, on_datagram, e, &why);
    assert_non_null(e->udp);
}

static void echo(void **state)
{
    static const char *const places[] = {"127.0.0.1:0", "[::1]:0"};
    struct event_base *base = event_base_new();
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct end *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
        char *large = calloc(1, 60000);
        start(base, a, places[i]);
        start(base, b, places[i]);
        b->echoes = true;
        for (int k = 0; k < 100; k++)
            assert_int_equal(cw_udp_send(a->udp, CW_S("OPTIONS"), cw_udp_addr(b->udp)), CW_OK);
        RUN_UNTIL(base, a->n == 100);
        assert_int_equal(a->bytes, 700);
        assert_memory_equal(a->last, "OPTIONS", 7);
        large[59999] = 'z';
        assert_int_equal(cw_udp_send(a->udp, (struct cw_str){large, 60000}, cw_udp_addr(b->udp)),
                         CW_OK);
        RUN_UNTIL(base, a->n == 101);
        assert_memory_equal(a->last, large, 60000);
        cw_udp_free(&a->udp);
        cw_udp_free(&b->udp);
        free(a);
        free(b);
        free(large);
    }
    event_base_free(base);
}

static void freed_inside(void **state)
{
    struct event_base *base = event_base_new();
    struct end *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    (void)state;
    start(base, a, "127.0.0.1:0");
    start(base, b, "127.0.0.1:0");
    b->frees = true;
    for (int i = 0; i < 5; i++)
        cw_udp_send(a->udp, CW_S("x"), cw_udp_addr(b->udp));
    RUN_UNTIL(base, !b->udp);
    run_for(base, 20);
    assert_int_equal(b->n, 1);
    cw_udp_free(&a->udp);
    free(a);
    free(b);
    event_base_free(base);
}

/* A peer that is gone does not break the socket for the others. */
static void gone_peer(void **state)
{
    struct event_base *base = event_base_new();
    struct end *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b), *gone = calloc(1, sizeof *a);
    struct cw_addr nobody;
    (void)state;
    start(base, a, "127.0.0.1:0");
    start(base, b, "127.0.0.1:0");
    start(base, gone, "127.0.0.1:0");
    nobody = *cw_udp_addr(gone->udp);
    cw_udp_free(&gone->udp);
    cw_udp_send(a->udp, CW_S("anybody?"), &nobody);
    run_for(base, 20);
    assert_int_equal(cw_udp_send(a->udp, CW_S("x"), cw_udp_addr(b->udp)), CW_OK);
    RUN_UNTIL(base, b->n == 1);
    cw_udp_free(&a->udp);
    cw_udp_free(&b->udp);
    free(a);
    free(b);
    free(gone);
    event_base_free(base);
}

static void in_use(void **state)
{
    struct event_base *base = event_base_new();
    struct end *a = calloc(1, sizeof *a);
    struct cw_buf why = {0};
    (void)state;
    start(base, a, "127.0.0.1:0");
    assert_null(cw_udp_new(base, cw_udp_addr(a->udp), on_datagram, a, &why));
    cw_buf_putc(&why, '\0');
    assert_non_null(strstr(why.p, "in use"));
    cw_buf_free(&why);
    cw_udp_free(&a->udp);
    free(a);
    event_base_free(base);
}

/* What a socket that is bound everywhere cannot tell. */
static void towards(void **state)
{
    static const struct {
        const char *peer, *ours;
    } rows[] = {{"127.0.0.1:5060", "127.0.0.1"}, {"127.9.8.7:1", "127.0.0.1"}, {"[::1]:9", "::1"}};
    struct cw_addr none = {.len = 0}, ours;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_addr peer, want;
        assert_true(cw_addr_parse(cw_str_of(rows[i].peer), 0, &peer));
        assert_true(cw_addr_parse(cw_str_of(rows[i].ours), 0, &want));
        if (!cw_udp_towards(&peer, &ours) || !cw_addr_eq_ip(&ours, &want))
            fail_msg("%s", rows[i].peer);
    }
    assert_false(cw_udp_towards(&none, &ours));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo),      cmocka_unit_test(towards), cmocka_unit_test(freed_inside),
        cmocka_unit_test(gone_peer), cmocka_unit_test(in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
