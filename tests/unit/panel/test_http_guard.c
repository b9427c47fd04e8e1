/* The reader of requests: each row whole, byte by byte, and in pieces of seven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "panel/http_guard.h"

#define HOST "Host: panel.test\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST

static const struct cw_http_limits limits = {
    .max_line = 100, .max_head = 400, .max_body = 50, .max_fields = 8};

/* What a connection heard: "200 GET /a?b [body]" for each request, and the refusal. */
static void read_all(struct cw_http_guard *guard, enum cw_http_verdict verdict, struct cw_buf *out)
{
    while (verdict == CW_HTTP_WHOLE) {
        const struct cw_http_request *request = cw_http_guard_request(guard);
        cw_buf_printf(out, "%.*s %.*s", CW_ARG(request->method), CW_ARG(request->path));
        if (cw_str_is_present(request->query))
            cw_buf_printf(out, "?%.*s", CW_ARG(request->query));
        if (request->body.n > 0)
            cw_buf_printf(out, " [%.*s]", CW_ARG(request->body));
        cw_buf_putcstr(out, request->keeps_alive ? "; " : " close; ");
        verdict = cw_http_guard_next(guard);
    }
}

static void hear(struct cw_str bytes, size_t piece, struct cw_buf *out)
{
    struct cw_http_guard *guard = cw_http_guard_new(&limits);
    enum cw_http_verdict verdict = CW_HTTP_IDLE;
    for (size_t i = 0; i < bytes.n; i += piece) {
        verdict = cw_http_guard_feed(guard, cw_str_sub(bytes, i, i + piece));
        read_all(guard, verdict, out);
        verdict = cw_http_guard_feed(guard, CW_S(""));
    }
    if (verdict == CW_HTTP_REFUSED)
        cw_buf_printf(out, "%d", cw_http_guard_status(guard));
    else
        cw_buf_printf(out, "%s", cw_http_verdict_name(verdict));
    cw_http_guard_free(&guard);
}

static const struct row {
    const char *name;
    struct cw_str bytes;
    const char *heard;
} rows[] = {
    {"nothing", CW_STR(""), "idle"},
    {"a request", CW_STR(GET "\r\n"), "GET /; idle"},
    {"its query", CW_STR("GET /a?b=c%20d HTTP/1.1\r\n" HOST "\r\n"), "GET /a?b=c%20d; idle"},
    {"an empty query", CW_STR("GET /a? HTTP/1.1\r\n" HOST "\r\n"), "GET /a?; idle"},
    {"half a head", CW_STR(GET), "head"},
    {"a body", CW_STR("PUT /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"),
     "PUT /a [abc]; idle"},
    {"half a body", CW_STR("PUT /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nab"), "body"},
    {"an empty body", CW_STR("POST /a HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"),
     "POST /a; idle"},
    {"HTTP/1.0", CW_STR("GET / HTTP/1.0\r\n" HOST "\r\n"), "GET / close; idle"},
    {"close", CW_STR(GET "Connection: x, Close\r\n\r\n"), "GET / close; idle"},
    {"Host with port", CW_STR("GET / HTTP/1.1\r\nHost: a.test:8443\r\n\r\n"), "GET /; idle"},
    {"Host in brackets", CW_STR("GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n"), "GET /; idle"},
    {"space around a value", CW_STR("GET / HTTP/1.1\r\nHost: \t a.test \t\r\n\r\n"), "GET /; idle"},
    /* Pipelining. */
    {"two requests", CW_STR(GET "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n"), "GET /; GET /b; idle"},
    {"a body, then a request",
     CW_STR("POST /a HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi" GET "\r\n"),
     "POST /a [hi]; GET /; idle"},
    {"rubbish behind a request", CW_STR(GET "\r\n\r\nGET / HTTP/1.1\r\n"), "GET /; 400"},
    {"the second is refused", CW_STR(GET "\r\n" GET "A : b\r\n\r\n" GET "\r\n"), "GET /; 400"},
    /* Two readings of one length: W07. */
    {"both lengths",
     CW_STR("POST / HTTP/1.1\r\n" HOST
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     "400"},
    {"both, the other way round",
     CW_STR("POST / HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
     "400"},
    {"two lengths",
     CW_STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "400"},
    {"two lengths, the same",
     CW_STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"), "400"},
    {"two lengths in a list", CW_STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\na"),
     "400"},
    {"chunked", CW_STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"), "411"},
    {"xchunked", CW_STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n"), "400"},
    {"chunked twice",
     CW_STR("POST / HTTP/1.1\r\n" HOST
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
     "400"},
    {"identity", CW_STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n"), "400"},
    {"space before Transfer-Encoding",
     CW_STR("POST / HTTP/1.1\r\n" HOST " Transfer-Encoding: chunked\r\n\r\n"), "400"},
    {"space behind Transfer-Encoding",
     CW_STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n"), "400"},
    {"vertical tab", CW_STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\vchunked\r\n\r\n"),
     "400"},
    {"a length with a sign", CW_STR("POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nabcde"),
     "400"},
    {"a length below 0", CW_STR("POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"), "400"},
    {"a length in hex", CW_STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\n"), "400"},
    {"an empty length", CW_STR("POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"), "400"},
    {"a length beyond 64 bits",
     CW_STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\n"), "400"},
    {"a folded line", CW_STR(GET "A: b\r\n c\r\n\r\n"), "400"},
    {"bare LF", CW_STR("GET / HTTP/1.1\nHost: a\n\n"), "400"},
    {"bare LF in the fields", CW_STR(GET "A: b\nC: d\r\n\r\n"), "400"},
    {"bare CR", CW_STR(GET "A: b\rC: d\r\n\r\n"), "400"},
    {"CR CR LF", CW_STR(GET "A: b\r\r\n\r\n"), "400"},
    {"GET with a body", CW_STR(GET "Content-Length: 2\r\n\r\nab"), "400"},
    /* Whom it is for: W10. */
    {"no Host", CW_STR("GET / HTTP/1.1\r\n\r\n"), "400"},
    {"no Host in 1.0", CW_STR("GET / HTTP/1.0\r\n\r\n"), "400"},
    {"two Hosts", CW_STR(GET HOST "\r\n"), "400"},
    {"two Hosts in a list", CW_STR("GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n"), "400"},
    {"an empty Host", CW_STR("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "400"},
    {"a Host with a path", CW_STR("GET / HTTP/1.1\r\nHost: a.test/b\r\n\r\n"), "400"},
    {"a Host with a user", CW_STR("GET / HTTP/1.1\r\nHost: a@b.test\r\n\r\n"), "400"},
    {"a Host with a long port", CW_STR("GET / HTTP/1.1\r\nHost: a.test:65536\r\n\r\n"), "400"},
    {"absolute-form", CW_STR("GET http://evil.test/ HTTP/1.1\r\n" HOST "\r\n"), "400"},
    {"authority-form", CW_STR("CONNECT evil.test:443 HTTP/1.1\r\n" HOST "\r\n"), "400"},
    {"asterisk-form", CW_STR("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), "400"},
    /* Form. */
    {"no version", CW_STR("GET /\r\n" HOST "\r\n"), "400"},
    {"HTTP/2", CW_STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "400"},
    {"HTTP/1.2", CW_STR("GET / HTTP/1.2\r\n" HOST "\r\n"), "505"},
    {"http/1.1", CW_STR("GET / http/1.1\r\n" HOST "\r\n"), "400"},
    {"two spaces", CW_STR("GET  / HTTP/1.1\r\n" HOST "\r\n"), "400"},
    {"a space in the target", CW_STR("GET /a b HTTP/1.1\r\n" HOST "\r\n"), "400"},
    {"a backslash", CW_STR("GET /\\..\\a HTTP/1.1\r\n" HOST "\r\n"), "400"},
    {"a fragment", CW_STR("GET /#a HTTP/1.1\r\n" HOST "\r\n"), "400"},
    {"UTF-8 in the target", CW_STR("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"), "400"},
    {"a method that is no token", CW_STR("G(T / HTTP/1.1\r\n" HOST "\r\n"), "400"},
    {"an empty line first", CW_STR("\r\n" GET "\r\n"), "400"},
    {"TLS", CW_STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "400"},
    {"no colon", CW_STR(GET "Accept\r\n\r\n"), "400"},
    {"no name", CW_STR(GET ": a\r\n\r\n"), "400"},
    {"a space in a name", CW_STR(GET "A b: c\r\n\r\n"), "400"},
    {"a NUL", CW_STR(GET "A: b\0c\r\n\r\n"), "400"},
    {"another expectation", CW_STR(GET "Expect: miracles\r\n\r\n"), "417"},
    /* Limits. */
    {"the longest body",
     CW_STR("PUT /a HTTP/1.1\r\n" HOST
            "Content-Length: 50\r\n\r\n01234567890123456789012345678901234567890123456789"),
     "PUT /a [01234567890123456789012345678901234567890123456789]; idle"},
    {"a longer body", CW_STR("PUT /a HTTP/1.1\r\n" HOST "Content-Length: 51\r\n\r\n"), "413"},
    {"a long target",
     CW_STR("GET /0123456789012345678901234567890123456789012345678901234567890123456789"
            "0123456789012345678 HTTP/1.1\r\n" HOST "\r\n"),
     "414"},
    {"a long field",
     CW_STR(GET "A: 0123456789012345678901234567890123456789012345678901234567890123456789"
                "01234567890123456789012345678\r\n\r\n"),
     "431"},
    {"eight fields", CW_STR(GET "A:1\r\nA:2\r\nA:3\r\nA:4\r\nA:5\r\nA:6\r\nA:7\r\n\r\n"),
     "GET /; idle"},
    {"nine fields", CW_STR(GET "A:1\r\nA:2\r\nA:3\r\nA:4\r\nA:5\r\nA:6\r\nA:7\r\nA:8\r\n\r\n"),
     "431"},
    {"a long head",
     CW_STR(GET "A:012345678901234567890123456789012345678901234567890123456789012345678901234567"
                "\r\nB:0123456789012345678901234567890123456789012345678901234567890123456789012345"
                "\r\nC:0123456789012345678901234567890123456789012345678901234567890123456789012345"
                "\r\nD:0123456789012345678901234567890123456789012345678901234567890123456789012345"
                "\r\nE:0123456789012345678901234567890123456789012345678901234567890123456789012345"
                "\r\n\r\n"),
     "431"},
};

static void test_rows(void **state)
{
    static const size_t pieces[] = {100000, 1, 7};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t k = 0; k < 3; k++) {
            struct cw_buf heard = {0};
            hear(rows[i].bytes, pieces[k], &heard);
            cw_buf_putc(&heard, '\0');
            if (strcmp(heard.p, rows[i].heard) != 0)
                fail_msg("%s, in pieces of %zu: heard \"%s\", not \"%s\"", rows[i].name, pieces[k],
                         heard.p, rows[i].heard);
            cw_buf_free(&heard);
        }
    }
}

static void test_fields(void **state)
{
    struct cw_http_guard *guard = cw_http_guard_new(NULL);
    (void)state;
    assert_int_equal(
        cw_http_guard_feed(guard, CW_S(GET "X-One: 1\r\nTwo: a\r\nTWO: b\r\nEmpty:\r\n\r\n")),
        CW_HTTP_WHOLE);
    const struct cw_http_request *request = cw_http_guard_request(guard);
    assert_true(cw_str_eq_cstr(cw_http_field(request, "x-one"), "1"));
    assert_true(cw_str_is_present(cw_http_field(request, "empty")));
    assert_false(cw_str_is_present(cw_http_field(request, "two")));
    assert_false(cw_str_is_present(cw_http_field(request, "three")));
    assert_true(cw_str_eq_cstr(request->host, "panel.test"));
    cw_http_guard_free(&guard);
}

static void test_continue(void **state)
{
    struct cw_http_guard *guard = cw_http_guard_new(NULL);
    (void)state;
    cw_http_guard_feed(guard, CW_S("PUT /a HTTP/1.1\r\n" HOST
                                   "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    assert_true(cw_http_guard_wants_continue(guard));
    assert_int_equal(cw_http_guard_feed(guard, CW_S("ab" GET)), CW_HTTP_WHOLE);
    assert_false(cw_http_guard_wants_continue(guard));
    assert_int_equal(cw_http_guard_kept(guard), strlen(GET));
    assert_int_equal(cw_http_guard_next(guard), CW_HTTP_HEAD);
    cw_http_guard_free(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_continue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
