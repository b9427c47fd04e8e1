/* Cutting streams into messages: every row whole and octet by octet, then at every single cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sip/framing.h"
#include "sip/message.h"

#define HEAD     "MESSAGE sip:a@b.c SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKx\r\n"
#define SMUGGLED HEAD "From: <sip:boss@local>\r\nContent-Length: 0\r\n\r\n"

/* What came out, as text: M<octets>, P, X<status>; then "+" when a message has begun. */
struct row {
    const char *name;
    struct cw_str in;
    const char *out;
    size_t max_bytes;
};

static const struct row rows[] = {
    {"nothing", CW_STR(""), ""},
    {"empty body", CW_STR(HEAD "Content-Length: 0\r\n\r\n"), "M84 "},
    {"body", CW_STR(HEAD "Content-Length: 5\r\n\r\nhello"), "M89 "},
    {"compact and blanks", CW_STR(HEAD "l : 5 \r\n\r\nhello"), "M78 "},
    {"case", CW_STR(HEAD "CONTENT-length:5\r\n\r\nhello"), "M88 "},
    {"folded length", CW_STR(HEAD "Content-Length:\r\n 5\r\n\r\nhello"), "M91 "},
    {"two messages", CW_STR(HEAD "l: 2\r\n\r\nhi" HEAD "l: 0\r\n\r\n"), "M73 M71 "},
    {"nul in the body", CW_STR(HEAD "l: 2\r\n\r\n\0\0" HEAD "l: 0\r\n\r\n"), "M73 M71 "},
    {"empty lines in the body", CW_STR(HEAD "l: 8\r\n\r\n\r\n\r\n\r\n\r\n"), "M79 "},
    {"half a head", CW_STR(HEAD), "+"},
    {"half a body", CW_STR(HEAD "l: 5\r\n\r\nhel"), "+"},
    {"ping", CW_STR("\r\n\r\n"), "P "},
    {"two pings", CW_STR("\r\n\r\n\r\n\r\n"), "P P "},
    {"half a ping", CW_STR("\r\n"), ""},
    {"empty line before", CW_STR("\r\n" HEAD "l: 0\r\n\r\n"), "M71 "},
    {"ping and message", CW_STR("\r\n\r\n" HEAD "l: 0\r\n\r\n\r\n\r\n"), "P M71 P "},
    {"no length", CW_STR(HEAD "\r\n" SMUGGLED), "X400 "},
    {"two lengths", CW_STR(HEAD "l: 0\r\nContent-Length: 5\r\n\r\n" SMUGGLED), "X400 "},
    {"two lengths, the same", CW_STR(HEAD "l: 0\r\nl: 0\r\n\r\n" SMUGGLED), "X400 "},
    {"plus", CW_STR(HEAD "Content-Length: +5\r\n\r\n" SMUGGLED), "X400 "},
    {"minus", CW_STR(HEAD "Content-Length: -5\r\n\r\n" SMUGGLED), "X400 "},
    {"hex", CW_STR(HEAD "Content-Length: 0x10\r\n\r\n" SMUGGLED), "X400 "},
    {"2^32 + 32", CW_STR(HEAD "Content-Length: 4294967328\r\n\r\n" SMUGGLED), "X400 "},
    {"2^64 + 1", CW_STR(HEAD "Content-Length: 18446744073709551617\r\n\r\n" SMUGGLED), "X400 "},
    {"list", CW_STR(HEAD "Content-Length: 0, 5\r\n\r\n" SMUGGLED), "X400 "},
    {"empty length", CW_STR(HEAD "Content-Length:\r\n\r\n" SMUGGLED), "X400 "},
    {"bare LF hides a length", CW_STR(HEAD "X: y\nl: 900\r\nl: 0\r\n\r\n" SMUGGLED), "X400 "},
    {"bare CR", CW_STR(HEAD "X: y\rl: 900\r\nl: 0\r\n\r\n" SMUGGLED), "X400 "},
    {"bad header, good frame", CW_STR(HEAD "Nonsense\r\nl: 0\r\n\r\n" HEAD "l: 0\r\n\r\n"),
     "M81 M71 "},
    {"at the limit", CW_STR(HEAD "l: 32\r\n\r\n12345678901234567890123456789012"), "M104 ", 104},
    {"over the limit", CW_STR(HEAD "l: 33\r\n\r\n" SMUGGLED), "X513 ", 104},
    {"endless head", CW_STR(HEAD HEAD HEAD), "X513 ", 104},
};

static void take(struct cw_sip_framer *framer, struct cw_buf *out)
{
    struct cw_str frame;
    enum cw_sip_frame found;
    while ((found = cw_sip_framer_next(framer, &frame)) != CW_SIP_FRAME_NEED_MORE) {
        if (found == CW_SIP_FRAME_MESSAGE)
            cw_buf_printf(out, "M%zu ", frame.n);
        else if (found == CW_SIP_FRAME_PING)
            cw_buf_putcstr(out, "P ");
        else
            cw_buf_printf(out, "X%d ", cw_sip_framer_status(framer));
    }
}

/* Feeds [0, cut), then the rest in steps. */
static void check(const struct row *row, size_t cut, size_t step, const char *how)
{
    struct cw_buf out = {0};
    struct cw_sip_framer *framer = cw_sip_framer_new(row->max_bytes);
    for (size_t at = 0; at < row->in.n;) {
        size_t to = at < cut ? cut : at + step;
        cw_sip_framer_feed(framer, cw_str_sub(row->in, at, to));
        take(framer, &out);
        at = to;
    }
    if (cw_sip_framer_is_inside(framer))
        cw_buf_putc(&out, '+');
    if (!cw_str_eq(cw_buf_str(&out), cw_str_of(row->out)))
        fail_msg("%s (%s, cut %zu): %.*s", row->name, how, cut, CW_ARG(cw_buf_str(&out)));
    cw_buf_free(&out);
    cw_sip_framer_free(&framer);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(&rows[i], 0, rows[i].in.n, "whole");
        check(&rows[i], 0, 1, "octet by octet");
        for (size_t cut = 1; cut < rows[i].in.n; cut++)
            check(&rows[i], cut, rows[i].in.n, "in two");
    }
}

/* A million pings in one feed cost time in proportion, and each gives one pong at most. */
static void test_ping_flood(void **state)
{
    (void)state;
    struct cw_buf flood = {0};
    struct cw_str frame;
    size_t n = 0;
    struct cw_sip_framer *framer = cw_sip_framer_new(0);
    for (int i = 0; i < 1000000; i++)
        cw_buf_putcstr(&flood, "\r\n\r\n");
    cw_sip_framer_feed(framer, cw_buf_str(&flood));
    while (cw_sip_framer_next(framer, &frame) == CW_SIP_FRAME_PING)
        n++;
    assert_int_equal(n, 1000000);
    cw_sip_framer_free(&framer);
    cw_buf_free(&flood);
}

/* Each torture message on a stream: cut at each octet it gives the same frame or the same fault. */
static void test_torture_split(void **state)
{
    (void)state;
    static const struct {
        const char *name, *out;
    } files[] = {
        {"rfc4475/wsinv.dat", "M1001 "},   {"rfc4475/dblreq.dat", "M300 M443 X400 "},
        {"rfc4475/clerr.dat", "+"},        {"rfc4475/ncl.dat", "X400 "},
        {"rfc4475/mcl01.dat", "X400 "},    {"rfc4475/inv2543.dat", "X400 "},
        {"rfc4475/mpart01.dat", "M1290 "}, {"rfc4475/intmeth.dat", "M641 "},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512];
        static char bytes[8192];
        snprintf(path, sizeof path, "%s/%s", getenv("CW_SIP_TORTURE"), files[i].name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t n = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        struct row row = {files[i].name, {bytes, n}, files[i].out, 0};
        check(&row, 0, n, "whole");
        check(&row, 0, 1, "octet by octet");
        for (size_t cut = 1; cut < n; cut += 7)
            check(&row, cut, n, "in two");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_ping_flood),
        cmocka_unit_test(test_torture_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
