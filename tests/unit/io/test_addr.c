/* Addresses and networks as text. */
#include "harness.h"

#include <netinet/in.h>
#include <string.h>

static void parse(void **state)
{
    const struct {
        const char *text, *want; /* want NULL: refused */
    } rows[] = {
        {"192.0.2.1", "192.0.2.1:5269"},
        {"192.0.2.1:80", "192.0.2.1:80"},
        {"2001:db8::1", "[2001:db8::1]:5269"},
        {"[2001:db8::1]", "[2001:db8::1]:5269"},
        {"[2001:db8::1]:80", "[2001:db8::1]:80"},
        {"::ffff:192.0.2.1", "192.0.2.1:5269"},
        {"[::ffff:192.0.2.1]:80", "192.0.2.1:80"},
        {"::1", "[::1]:5269"},
        {"192.0.2.1:0", "192.0.2.1:0"},
        {"", NULL},
        {"192.0.2", NULL},
        {"192.0.2.256", NULL},
        {"192.0.2.1:", NULL},
        {"192.0.2.1:65536", NULL},
        {"192.0.2.1:+80", NULL},
        {"192.0.2.1:000080", NULL},
        {"[192.0.2.1]:80", NULL},
        {"[2001:db8::1", NULL},
        {"[2001:db8::1]80", NULL},
        {"[2001:db8::1]:", NULL},
        {"xmpp.example", NULL},
        {":80", NULL},
        {"0x7f.1", NULL},
    };
    struct cw_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_addr a;
        bool ok = cw_addr_parse(cw_str_of(rows[i].text), 5269, &a);
        if (ok != (rows[i].want != NULL))
            fail_msg("%s: %d", rows[i].text, ok);
        if (ok && !cw_str_eq_cstr(cw_addr_text(&arena, &a), rows[i].want))
            fail_msg("%s: %s", rows[i].text, cw_addr_text(&arena, &a).p);
    }
    cw_arena_free(&arena);
}

static void networks(void **state)
{
    const struct {
        const char *network, *addr;
        int want; /* -1: the network is refused */
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", 1},
        {"10.0.0.0/8", "11.0.0.1", 0},
        {"10.0.0.0/8", "::ffff:10.1.2.3", 1},
        {"192.0.2.128/25", "192.0.2.127", 0},
        {"192.0.2.128/25", "192.0.2.129", 1},
        {"192.0.2.1", "192.0.2.1", 1},
        {"192.0.2.1", "192.0.2.2", 0},
        {"0.0.0.0/0", "8.8.8.8", 1},
        {"0.0.0.0/0", "::1", 0},
        {"::/0", "::1", 1},
        {"::/0", "10.0.0.1", 0},
        {"fd00::/8", "fd12::1", 1},
        {"fd00::/8", "fe80::1", 0},
        {"::1/128", "::1", 1},
        {"::1/128", "::2", 0},
        {"::ffff:10.0.0.0/104", "10.9.9.9", 1},
        {"::ffff:10.0.0.0/104", "11.9.9.9", 0},
        {"10.0.0.1/8", "10.0.0.1", -1},
        {"10.0.0.0/33", "10.0.0.1", -1},
        {"10.0.0.0/", "10.0.0.1", -1},
        {"10.0.0.0/-1", "10.0.0.1", -1},
        {"fd00::/129", "fd00::1", -1},
        {"example/8", "10.0.0.1", -1},
        {"", "10.0.0.1", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_network net;
        struct cw_addr a;
        assert_true(cw_addr_parse(cw_str_of(rows[i].addr), 0, &a));
        bool ok = cw_network_parse(cw_str_of(rows[i].network), &net);
        int got = ok ? cw_network_has(&net, &a) : -1;
        if (got != rows[i].want)
            fail_msg("%s in %s: %d", rows[i].addr, rows[i].network, got);
    }
}

/* As the kernel may hand it over, not read from text. */
static void mapped_from_kernel(void **state)
{
    struct cw_addr a = {.len = sizeof(struct sockaddr_in6)};
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.ss;
    struct cw_network net;
    (void)state;
    in6->sin6_family = AF_INET6;
    memcpy(&in6->sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\1\2\3", 16);
    assert_true(cw_network_parse(CW_S("10.0.0.0/8"), &net));
    assert_true(cw_network_has(&net, &a));
    a = cw_addr_of((struct sockaddr *)&a.ss, a.len);
    assert_int_equal(a.ss.ss_family, AF_INET);
}

static void equality(void **state)
{
    struct cw_addr a, b, c, u, v;
    struct cw_arena arena = {0};
    char path[200];
    (void)state;
    assert_true(cw_addr_parse(CW_S("192.0.2.1:1"), 0, &a));
    assert_true(cw_addr_parse(CW_S("[::ffff:192.0.2.1]:1"), 0, &b));
    assert_true(cw_addr_parse(CW_S("192.0.2.1:2"), 0, &c));
    assert_true(cw_addr_eq(&a, &b));
    assert_false(cw_addr_eq(&a, &c));
    assert_true(cw_addr_eq_ip(&a, &c));
    assert_true(cw_addr_unix(CW_S("/run/x"), &u) && cw_addr_unix(CW_S("/run/y"), &v));
    assert_false(cw_addr_eq(&u, &v));
    assert_false(cw_addr_eq_ip(&u, &u));
    assert_true(cw_str_eq_cstr(cw_addr_text(&arena, &u), "unix:/run/x"));
    memset(path, 'x', sizeof path);
    assert_false(cw_addr_unix((struct cw_str){path, sizeof path}, &u));
    assert_false(cw_addr_unix(CW_S(""), &u));
    cw_arena_free(&arena);
}

static void test_site(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        {"2001:db8:1:2::", "2001:db8:1:2::/64"},
        {"::1", "::/64"},
    };
    struct cw_arena arena = {0};
    struct cw_addr a;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(cw_addr_parse(cw_str_of(rows[i].text), 1, &a));
        assert_string_equal(cw_addr_site(&arena, &a).p, rows[i].want);
    }
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_site), cmocka_unit_test(parse),
        cmocka_unit_test(networks),  cmocka_unit_test(mapped_from_kernel),
        cmocka_unit_test(equality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
