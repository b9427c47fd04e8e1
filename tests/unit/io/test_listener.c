/* Listening: addresses in use, socket files, running out of descriptors. */
#include "certs.h"
#include "harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct seen {
    struct cw_listener *listener;
    int n;
    bool frees;
};

static void on_accept(void *arg, int fd, const struct cw_addr *peer)
{
    struct seen *s = arg;
    (void)peer;
    s->n++;
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    if (s->frees)
        cw_listener_free(&s->listener);
}

static int connect_to(const struct cw_addr *a)
{
    int fd = socket(a->ss.ss_family, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&a->ss, a->len) == 0)
        return fd;
    close(fd);
    return -1;
}

static void in_use(void **state)
{
    struct event_base *base = event_base_new();
    struct cw_buf why = {0};
    struct seen s = {0};
    struct cw_addr any, foreign;
    (void)state;
    assert_true(cw_addr_parse(CW_S("127.0.0.1:0"), 0, &any));
    s.listener = cw_listener_new(base, &any, on_accept, &s, &why);
    assert_non_null(s.listener);
    assert_true(cw_addr_port(cw_listener_addr(s.listener)) > 0);
    assert_null(cw_listener_new(base, cw_listener_addr(s.listener), on_accept, &s, &why));
    cw_buf_putc(&why, '\0');
    assert_non_null(strstr(why.p, "in use"));
    assert_non_null(strstr(why.p, "127.0.0.1:"));
    cw_buf_reset(&why);
    assert_true(cw_addr_parse(CW_S("192.0.2.1:0"), 0, &foreign));
    assert_null(cw_listener_new(base, &foreign, on_accept, &s, &why));
    cw_buf_putc(&why, '\0');
    assert_non_null(strstr(why.p, "does not have that address"));
    cw_buf_free(&why);
    cw_listener_free(&s.listener);
    event_base_free(base);
}

static void freed_inside(void **state)
{
    struct event_base *base = event_base_new();
    struct cw_buf why = {0};
    struct seen s = {.frees = true};
    struct cw_addr any;
    (void)state;
    assert_true(cw_addr_parse(CW_S("127.0.0.1:0"), 0, &any));
    s.listener = cw_listener_new(base, &any, on_accept, &s, &why);
    int a = connect_to(cw_listener_addr(s.listener)), b = connect_to(cw_listener_addr(s.listener));
    RUN_UNTIL(base, !s.listener);
    run_for(base, 20);
    assert_int_equal(s.n, 1);
    close(a);
    close(b);
    event_base_free(base);
}

static void pause_and_resume(void **state)
{
    struct event_base *base = event_base_new();
    struct cw_buf why = {0};
    struct seen s = {0};
    struct cw_addr any;
    (void)state;
    assert_true(cw_addr_parse(CW_S("[::1]:0"), 0, &any));
    s.listener = cw_listener_new(base, &any, on_accept, &s, &why);
    assert_non_null(s.listener);
    cw_listener_pause(s.listener);
    int fd = connect_to(cw_listener_addr(s.listener));
    run_for(base, 30);
    assert_int_equal(s.n, 0);
    cw_listener_resume(s.listener);
    RUN_UNTIL(base, s.n == 1);
    close(fd);
    cw_listener_free(&s.listener);
    event_base_free(base);
}

static void socket_file(void **state)
{
    struct event_base *base = event_base_new();
    struct cw_buf why = {0};
    struct seen s = {0};
    struct dir dir;
    struct stat st;
    char path[128];
    (void)state;
    dir_make(&dir);
    in_dir(&dir, "sock", path);
    s.listener = cw_listener_new_unix(base, path, 0660, on_accept, &s, &why);
    assert_non_null(s.listener);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    int fd = connect_to(cw_listener_addr(s.listener));
    RUN_UNTIL(base, s.n == 1);
    close(fd);

    /* Somebody listens: neither removed nor taken over. */
    assert_null(cw_listener_new_unix(base, path, 0600, on_accept, &s, &why));
    cw_buf_putc(&why, '\0');
    assert_non_null(strstr(why.p, "in use"));
    fd = connect_to(cw_listener_addr(s.listener));
    assert_true(fd >= 0);
    close(fd);
    cw_listener_free(&s.listener);
    assert_int_equal(stat(path, &st), -1);

    /* Left over by the dead: removed. */
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    strcpy(un.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    close(fd);
    s.listener = cw_listener_new_unix(base, path, 0600, on_accept, &s, &why);
    assert_non_null(s.listener);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    cw_listener_free(&s.listener);

    /* Not a socket: left alone. */
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_null(cw_listener_new_unix(base, path, 0600, on_accept, &s, &why));
    assert_int_equal(stat(path, &st), 0);
    cw_buf_free(&why);
    dir_remove(&dir);
    event_base_free(base);
}

/* With no descriptor left, accepting rests and goes on later, without spinning meanwhile. */
static void out_of_descriptors(void **state)
{
    struct event_base *base = event_base_new();
    struct cw_buf why = {0};
    struct seen s = {0};
    struct cw_addr any;
    struct rlimit old, tight;
    struct rusage before, after;
    (void)state;
    assert_true(cw_addr_parse(CW_S("127.0.0.1:0"), 0, &any));
    s.listener = cw_listener_new(base, &any, on_accept, &s, &why);
    int fd = connect_to(cw_listener_addr(s.listener));
    getrlimit(RLIMIT_NOFILE, &old);
    tight = old;
    int lowest = dup(0);
    close(lowest);
    tight.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    getrusage(RUSAGE_SELF, &before);
    run_for(base, 150);
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(s.n, 0);
    assert_true((after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
                 before.ru_stime.tv_sec) *
                        1000000 +
                    after.ru_stime.tv_usec - before.ru_stime.tv_usec + after.ru_utime.tv_usec -
                    before.ru_utime.tv_usec <
                75000);
    RUN_UNTIL(base, s.n == 1);
    close(fd);
    cw_listener_free(&s.listener);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_use),
        cmocka_unit_test(freed_inside),
        cmocka_unit_test(pause_and_resume),
        cmocka_unit_test(socket_file),
        cmocka_unit_test(out_of_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
