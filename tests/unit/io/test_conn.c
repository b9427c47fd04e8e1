/* Connections without TLS: their life, back-pressure, counters, and being freed anywhere. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void talk(void **state)
{
    struct pair p;
    (void)state;
    pair_start(&p);
    cw_conn_write(p.a.conn, CW_S("hello "));
    cw_conn_write(p.a.conn, CW_S("there"));
    assert_int_equal(cw_conn_queued(p.a.conn), 11);
    assert_int_equal(cw_conn_flushed_total(p.a.conn), 0);
    RUN_UNTIL(p.base, p.b.in.n == 11);
    assert_memory_equal(p.b.in.p, "hello there", 11);
    assert_int_equal(cw_conn_queued(p.a.conn), 0);
    assert_int_equal(cw_conn_flushed_total(p.a.conn), 11);
    assert_int_equal(p.a.n_drained, 1); /* two writes, one flush */
    assert_true(cw_addr_is_loopback(cw_conn_peer(p.b.conn)));
    struct cw_addr local = cw_conn_local(p.a.conn);
    assert_true(cw_addr_eq(cw_conn_peer(p.b.conn), &local));
    pair_stop(&p);
}

static void back_pressure(void **state)
{
    struct pair p;
    const size_t total = 16u << 20;
    char *bytes = malloc(total);
    (void)state;
    pair_start(&p);
    for (size_t i = 0; i < total; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    cw_conn_pause(p.b.conn);
    cw_conn_write(p.a.conn, (struct cw_str){bytes, total});
    run_for(p.base, 100);
    assert_int_equal(p.b.in.n, 0);
    assert_int_equal(p.a.n_drained, 0);
    uint64_t flushed = cw_conn_flushed_total(p.a.conn);
    assert_true(flushed > 0 && flushed < total);
    assert_int_equal(cw_conn_queued(p.a.conn), total - flushed);
    cw_conn_resume(p.b.conn);
    RUN_UNTIL(p.base, p.b.in.n == total);
    assert_memory_equal(p.b.in.p, bytes, total);
    assert_int_equal(cw_conn_flushed_total(p.a.conn), total);
    assert_int_equal(p.a.n_drained, 1);
    free(bytes);
    pair_stop(&p);
}

/* Everything queued arrives before the end of stream, even when the peer sends meanwhile. */
static void close_lingers(void **state)
{
    struct pair p;
    const size_t total = 8u << 20;
    char *bytes = calloc(1, total);
    (void)state;
    pair_start(&p);
    cw_conn_write(p.b.conn, CW_S("not read any more"));
    cw_conn_write(p.a.conn, (struct cw_str){bytes, total});
    cw_conn_close(p.a.conn, 3000);
    cw_conn_write(p.a.conn, CW_S("too late"));
    RUN_UNTIL(p.base, p.b.n_closed && p.a.n_closed);
    assert_int_equal(p.b.in.n, total);
    assert_int_equal(p.b.end, CW_CONN_END_PEER);
    assert_int_equal(p.a.end, CW_CONN_END_LOCAL);
    assert_string_equal(p.a.sentence, "closed"); /* before the deadline */
    assert_int_equal(p.a.in.n, 0);
    free(bytes);
    pair_stop(&p);
}

static void close_has_deadline(void **state)
{
    struct pair p;
    (void)state;
    pair_start(&p);
    cw_conn_pause(p.b.conn); /* never notices our end of stream */
    cw_conn_close(p.a.conn, 60);
    run_for(p.base, 30);
    assert_int_equal(p.a.n_closed, 0);
    RUN_UNTIL(p.base, p.a.n_closed);
    assert_int_equal(p.a.end, CW_CONN_END_LOCAL);
    assert_non_null(strstr(p.a.sentence, "in time"));
    pair_stop(&p);
}

static void abort_is_told_once(void **state)
{
    struct pair p;
    (void)state;
    pair_start(&p);
    cw_conn_abort(p.a.conn);
    cw_conn_abort(p.a.conn);
    cw_conn_close(p.a.conn, 1000);
    assert_int_equal(p.a.n_closed, 0); /* not from inside the call */
    RUN_UNTIL(p.base, p.a.n_closed && p.b.n_closed);
    run_for(p.base, 30);
    assert_int_equal(p.a.n_closed, 1);
    assert_int_equal(p.b.n_closed, 1);
    pair_stop(&p);
}

/* Answers queued when the peer ends its side still go out. */
static void answer_after_peer_end(void **state)
{
    struct pair p;
    int fds[2];
    char buf[10];
    (void)state;
    pair_start(&p);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    struct side s = {0};
    struct cw_addr none = {0};
    s.conn = cw_conn_accept(p.base, fds[0], &none, &side_callbacks, &s);
    cw_conn_pause(s.conn);
    assert_int_equal(write(fds[1], "bye", 3), 3);
    shutdown(fds[1], SHUT_WR);
    run_for(p.base, 20);
    cw_conn_write(s.conn, CW_S("bye too"));
    cw_conn_resume(s.conn);
    RUN_UNTIL(p.base, s.n_closed);
    assert_int_equal(s.end, CW_CONN_END_PEER);
    assert_int_equal(s.in.n, 3);
    assert_int_equal(read(fds[1], buf, sizeof buf), 7);
    close(fds[1]);
    side_end(&s);
    pair_stop(&p);
}

static void freed_in_callback(void **state)
{
    static const char *const places[] = {"connected", "data", "drained", "closed"};
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct pair p;
        struct side s = {.when = places[i]};
        pair_start(&p);
        side_end(&p.a);
        side_end(&p.b);
        memset(&p.b, 0, sizeof p.b);
        s.conn = cw_conn_connect(p.base, cw_listener_addr(p.listener), 1000, &side_callbacks, &s);
        RUN_UNTIL(p.base, p.b.conn);
        cw_conn_write(p.b.conn, CW_S("x"));
        if (s.conn)
            cw_conn_write(s.conn, CW_S("y"));
        run_for(p.base, 20);
        cw_conn_close(p.b.conn, 100);
        RUN_UNTIL(p.base, !s.conn);
        run_for(p.base, 20);
        if (s.n_closed != (strcmp(places[i], "closed") == 0))
            fail_msg("%s: closed %d times", places[i], s.n_closed);
        side_end(&s);
        pair_stop(&p);
    }
}

static void close_from_data(struct side *s)
{
    cw_conn_write(s->conn, CW_S("</stream:stream>"));
    cw_conn_close(s->conn, 1000);
}

static void closed_in_data(void **state)
{
    struct pair p;
    (void)state;
    pair_start(&p);
    p.b.then = close_from_data;
    cw_conn_write(p.a.conn, CW_S("bad"));
    RUN_UNTIL(p.base, p.a.n_closed && p.b.n_closed);
    assert_int_equal(p.a.in.n, 16);
    assert_int_equal(p.b.end, CW_CONN_END_LOCAL);
    pair_stop(&p);
}

static void connect_fails(void **state)
{
    struct event_base *base = event_base_new();
    struct side s = {0};
    struct cw_addr addr;
    (void)state;
    assert_true(cw_addr_parse(CW_S("127.0.0.1:1"), 0, &addr));
    s.conn = cw_conn_connect(base, &addr, 1000, &side_callbacks, &s);
    RUN_UNTIL(base, s.n_closed);
    assert_int_equal(s.end, CW_CONN_END_CONNECT_REFUSED);
    assert_int_equal(s.n_connected, 0);
    side_end(&s);

    memset(&s, 0, sizeof s);
    assert_true(cw_addr_unix(CW_S("/nonexistent/socket"), &addr));
    s.conn = cw_conn_connect(base, &addr, 1000, &side_callbacks, &s);
    assert_int_equal(s.n_closed, 0);
    RUN_UNTIL(base, s.n_closed);
    assert_int_equal(s.end, CW_CONN_END_CONNECT_REFUSED);
    side_end(&s);
    event_base_free(base);
}

/* A listener whose queue is full does not answer. */
static void connect_times_out(void **state)
{
    struct event_base *base = event_base_new();
    struct side s[6];
    struct cw_addr addr;
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    int fd = socket(AF_INET, SOCK_STREAM, 0), n_timeout = 0;
    (void)state;
    assert_true(cw_addr_parse(CW_S("127.0.0.1:0"), 0, &addr));
    assert_int_equal(bind(fd, (struct sockaddr *)&addr.ss, addr.len), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
    addr = cw_addr_of((struct sockaddr *)&ss, len);
    memset(s, 0, sizeof s);
    for (int i = 0; i < 6; i++)
        s[i].conn = cw_conn_connect(base, &addr, 100, &side_callbacks, &s[i]);
    run_for(base, 200);
    for (int i = 0; i < 6; i++) {
        n_timeout += s[i].n_closed == 1 && s[i].end == CW_CONN_END_CONNECT_TIMEOUT;
        side_end(&s[i]);
    }
    assert_true(n_timeout > 0);
    close(fd);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talk),
        cmocka_unit_test(back_pressure),
        cmocka_unit_test(close_lingers),
        cmocka_unit_test(close_has_deadline),
        cmocka_unit_test(abort_is_told_once),
        cmocka_unit_test(answer_after_peer_end),
        cmocka_unit_test(freed_in_callback),
        cmocka_unit_test(closed_in_data),
        cmocka_unit_test(connect_fails),
        cmocka_unit_test(connect_times_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
