/* DNS messages from the wire, good and hostile; every prefix of each is read too. */
#include "harness.h"

#include "base/secret.h"
#include "io/dns_wire.h"

#include <stdlib.h>
#include <string.h>

#define HEAD(flags, n)     "\x12\x34\x81" flags "\0\1\0" n "\0\0\0\0"
#define QUESTION           "\1a\2xx\0\0\1\0\1"
#define RECORD(type, rest) "\xc0\x0c\0" type "\0\1\0\0\0\x3c" rest

static const struct {
    const char *name;
    struct cw_str message;
    enum cw_dns_type type;
    enum cw_dns_status want;
    size_t n;
    const char *first;
} rows[] = {
    {"A", CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\1", "\0\4\x7f\0\0\1")), CW_DNS_A, CW_DNS_OK,
     1, "127.0.0.1"},
    {"CNAME, then A",
     CW_STR(HEAD("\x80", "\2") QUESTION RECORD("\5", "\0\2\xc0\x0c")
                RECORD("\1", "\0\4\x7f\0\0\2")),
     CW_DNS_A, CW_DNS_OK, 1, "127.0.0.2"},
    {"AAAA",
     CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\x1c", "\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1")),
     CW_DNS_AAAA, CW_DNS_OK, 1, "::1"},
    {"SRV, compressed target",
     CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\x21", "\0\x0b\0\1\0\2\x14\x95\2mx\xc0\x0c")),
     CW_DNS_SRV, CW_DNS_OK, 1, "mx.a.xx"},
    {"SRV of the root", CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\x21", "\0\7\0\0\0\0\0\0\0")),
     CW_DNS_SRV, CW_DNS_OK, 1, "."},
    {"TLSA", CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\x34", "\0\7\3\1\1\xab\xcd\xef\x01")),
     CW_DNS_TLSA, CW_DNS_OK, 1, "311:abcdef01"},
    {"TLSA behind a CNAME",
     CW_STR(HEAD("\x80", "\2") QUESTION RECORD("\5", "\0\2\xc0\x0c")
                RECORD("\x34", "\0\4\x2\0\2\xff")),
     CW_DNS_TLSA, CW_DNS_OK, 1, "202:ff"},
    {"TLSA of another world",
     CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\x34", "\0\4\x09\x08\x07\0")), CW_DNS_TLSA,
     CW_DNS_OK, 1, "987:00"},
    {"TLSA without data", CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\x34", "\0\3\3\1\1")),
     CW_DNS_TLSA, CW_DNS_NO_DATA, 0, NULL},
    {"TLSA of 2 octets", CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\x34", "\0\2\3\1")),
     CW_DNS_TLSA, CW_DNS_FAILED, 0, NULL},
    {"no records", CW_STR(HEAD("\x80", "\0") QUESTION), CW_DNS_A, CW_DNS_NO_DATA, 0, NULL},
    {"only others", CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\1", "\0\4\x7f\0\0\1")), CW_DNS_SRV,
     CW_DNS_NO_DATA, 0, NULL},
    {"NXDOMAIN", CW_STR(HEAD("\x83", "\0") QUESTION), CW_DNS_A, CW_DNS_NO_DOMAIN, 0, NULL},
    {"SERVFAIL", CW_STR(HEAD("\x82", "\0") QUESTION), CW_DNS_A, CW_DNS_FAILED, 0, NULL},
    {"A of 3 octets", CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\1", "\0\3\x7f\0\0")), CW_DNS_A,
     CW_DNS_FAILED, 0, NULL},
    {"pointer to itself",
     CW_STR(HEAD("\x80", "\1") QUESTION "\xc0\x13\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1"), CW_DNS_A,
     CW_DNS_FAILED, 0, NULL},
    {"pointer beyond the end",
     CW_STR(HEAD("\x80", "\1") QUESTION "\xcf\xff\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1"), CW_DNS_A,
     CW_DNS_FAILED, 0, NULL},
    {"fewer records than counted",
     CW_STR(HEAD("\x80", "\2") QUESTION RECORD("\1", "\0\4\x7f\0\0\1")), CW_DNS_A, CW_DNS_FAILED, 0,
     NULL},
    {"SRV target behind its record",
     CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\x21", "\0\x08\0\1\0\2\x14\x95\2mx\xc0\x0c")),
     CW_DNS_SRV, CW_DNS_FAILED, 0, NULL},
    {"dot inside a label",
     CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\x21", "\0\x0b\0\1\0\2\x14\x95\3m.x\0")),
     CW_DNS_SRV, CW_DNS_NO_DATA, 0, NULL},
    {"NUL inside a label",
     CW_STR(HEAD("\x80", "\1") QUESTION RECORD("\x21", "\0\x0b\0\1\0\2\x14\x95\3m\0x\0")),
     CW_DNS_SRV, CW_DNS_NO_DATA, 0, NULL},
};

static struct cw_str tlsa_text(struct cw_arena *arena, const struct cw_dns_tlsa *tlsa)
{
    return cw_arena_printf(arena, "%u%u%u:%.*s", tlsa->usage, tlsa->selector, tlsa->matching,
                           CW_ARG(cw_hex(arena, tlsa->data)));
}

static void read_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_dns_answer a;
        cw_dns_wire_read(rows[i].message, rows[i].type, &arena, &a);
        size_t got = a.n_srvs + a.n_addrs + a.n_tlsas;
        if (a.status != rows[i].want || got != rows[i].n)
            fail_msg("%s: %s, %zu", rows[i].name, cw_dns_status_name(a.status), got);
        struct cw_str first = a.n_srvs > 0    ? a.srvs[0].target
                              : a.n_addrs > 0 ? cw_addr_ip(&arena, &a.addrs[0])
                              : a.n_tlsas > 0 ? tlsa_text(&arena, &a.tlsas[0])
                                              : CW_STR_NONE;
        if (rows[i].first && !cw_str_eq_cstr(first, rows[i].first))
            fail_msg("%s: %.*s", rows[i].name, CW_ARG(first));
        cw_arena_free(&arena);
    }
}

static void srv_numbers(void **state)
{
    struct cw_arena arena = {0};
    struct cw_dns_answer a;
    (void)state;
    cw_dns_wire_read(rows[3].message, CW_DNS_SRV, &arena, &a);
    assert_int_equal(a.srvs[0].priority, 1);
    assert_int_equal(a.srvs[0].weight, 2);
    assert_int_equal(a.srvs[0].port, 5269);
    cw_arena_free(&arena);
}

/* Too many and too long ones are left out, the others stay. */
static void tlsa_bounds(void **state)
{
    const struct cw_str head = CW_STR(HEAD("\x80", "\x28") QUESTION); /* 40 */
    const struct cw_str small = CW_STR(RECORD("\x34", "\0\4\3\1\1\x55"));
    const struct cw_str large = CW_STR(RECORD("\x34", "\x10\x04\3\1\1")); /* 4,097 of data */
    struct cw_arena arena = {0};
    struct cw_buf message = {0};
    struct cw_dns_answer a;
    (void)state;
    cw_buf_puts(&message, head);
    cw_buf_puts(&message, large);
    for (size_t i = 0; i <= CW_DNS_MAX_TLSA_DATA; i++)
        cw_buf_putc(&message, 'x');
    for (int i = 1; i < 40; i++)
        cw_buf_puts(&message, small);
    cw_dns_wire_read(cw_buf_str(&message), CW_DNS_TLSA, &arena, &a);
    assert_int_equal(a.status, CW_DNS_OK);
    assert_int_equal(a.n_tlsas, CW_DNS_MAX_TLSA);
    assert_int_equal(a.tlsas[0].data.n, 1);
    cw_buf_free(&message);
    cw_arena_free(&arena);
}

/* No prefix is mistaken for a whole answer, and none is read past its end. */
static void read_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t n = 0; n < rows[i].message.n; n++) {
            struct cw_arena arena = {0};
            struct cw_dns_answer a;
            char *cut = malloc(n ? n : 1); /* of its own, for the sanitizer */
            memcpy(cut, rows[i].message.p, n);
            cw_dns_wire_read((struct cw_str){cut, n}, rows[i].type, &arena, &a);
            if (a.status == CW_DNS_OK)
                fail_msg("%s: ok when cut at %zu", rows[i].name, n);
            free(cut);
            cw_arena_free(&arena);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_whole),
        cmocka_unit_test(srv_numbers),
        cmocka_unit_test(tlsa_bounds),
        cmocka_unit_test(read_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
