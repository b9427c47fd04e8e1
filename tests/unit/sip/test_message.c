/* Reading and judging messages: all torture messages of RFC 4475 and RFC 5118, the vectors, the
 * group P of hostile input, and the getters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/secret.h"
#include "sip/message.h"

static struct cw_str read_file(struct cw_buf *out, const char *directory, const char *name)
{
    char path[512], chunk[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be read", path);
    cw_buf_reset(out);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
        cw_buf_put(out, chunk, n);
    fclose(file);
    return cw_buf_str(out);
}

/* --- the torture messages: class and outcome of expected.tsv, this project's choice by row --- */

struct torture_row {
    const char *name;
    bool is_valid, is_dropped;
    int answer; /* on UDP */
};

static const struct torture_row torture[] = {
    {"rfc4475/wsinv.dat", true, false, 405},
    {"rfc4475/intmeth.dat", true, false, 501},
    {"rfc4475/esc01.dat", true, false, 405},
    {"rfc4475/escnull.dat", true, false, 405},
    {"rfc4475/esc02.dat", true, false, 501},
    {"rfc4475/lwsdisp.dat", true, false, 0},
    {"rfc4475/longreq.dat", true, false, 405},
    {"rfc4475/dblreq.dat", true, false, 405},
    {"rfc4475/semiuri.dat", true, false, 0},
    {"rfc4475/transports.dat", true, false, 0},
    {"rfc4475/mpart01.dat", true, false, 0},
    {"rfc4475/unreason.dat", true, false, 0},
    {"rfc4475/noreason.dat", true, false, 0},
    {"rfc4475/badinv01.dat", false, false, 400},
    {"rfc4475/clerr.dat", false, false, 400},
    {"rfc4475/ncl.dat", false, false, 400},
    {"rfc4475/scalar02.dat", false, false, 400},
    {"rfc4475/scalarlg.dat", false, true, 0},
    {"rfc4475/quotbal.dat", false, false, 400},
    {"rfc4475/ltgtruri.dat", false, false, 400},
    {"rfc4475/lwsruri.dat", false, false, 400},
    {"rfc4475/lwsstart.dat", false, false, 400},
    {"rfc4475/trws.dat", false, false, 400},
    {"rfc4475/escruri.dat", false, false, 400},
    {"rfc4475/baddate.dat", false, false, 400},
    {"rfc4475/regbadct.dat", false, false, 400},
    {"rfc4475/badaspec.dat", false, false, 400},
    {"rfc4475/baddn.dat", false, false, 400},
    {"rfc4475/badvers.dat", true, false, 505},
    {"rfc4475/mismatch01.dat", false, false, 400},
    {"rfc4475/mismatch02.dat", false, false, 400},
    {"rfc4475/bigcode.dat", false, true, 0},
    {"rfc4475/badbranch.dat", false, false, 400},
    {"rfc4475/insuf.dat", false, false, 400},
    {"rfc4475/unkscm.dat", true, false, 416},
    {"rfc4475/novelsc.dat", true, false, 416},
    {"rfc4475/unksm2.dat", true, false, 405},
    {"rfc4475/bext01.dat", true, false, 420},
    {"rfc4475/invut.dat", true, false, 405},
    {"rfc4475/regaut01.dat", true, false, 405},
    {"rfc4475/multi01.dat", false, false, 400},
    {"rfc4475/mcl01.dat", false, false, 400},
    {"rfc4475/bcast.dat", false, true, 0},
    {"rfc4475/zeromf.dat", true, false, 483},
    {"rfc4475/cparam01.dat", true, false, 405},
    {"rfc4475/cparam02.dat", true, false, 405},
    {"rfc4475/regescrt.dat", true, false, 405},
    {"rfc4475/sdp01.dat", true, false, 405},
    {"rfc4475/inv2543.dat", true, false, 405},
    {"rfc5118/ipv6-good.dat", true, false, 405},
    {"rfc5118/ipv6-bad.dat", false, false, 400},
    {"rfc5118/port-ambiguous.dat", true, false, 405},
    {"rfc5118/port-unambiguous.dat", true, false, 405},
    {"rfc5118/via-received-param-with-delim.dat", true, false, 481},
    {"rfc5118/via-received-param-no-delim.dat", true, false, 0},
    {"rfc5118/ipv6-in-sdp.dat", true, false, 405},
    {"rfc5118/mult-ip-in-header.dat", true, false, 481},
    {"rfc5118/mult-ip-in-sdp.dat", true, false, 405},
    {"rfc5118/ipv4-mapped-ipv6.dat", true, false, 405},
    {"rfc5118/ipv6-bug-abnf-3-colons.dat", false, false, 400},
    {"rfc5118/ipv6-correct-abnf-2-colons.dat", true, false, 0},
};
enum { N_TORTURE = sizeof torture / sizeof *torture };

static void check_verdict(const char *name, struct cw_sip_verdict got, struct torture_row want)
{
    if (got.valid != want.is_valid || got.drop != want.is_dropped || got.answer != want.answer)
        fail_msg("%s: valid %d, drop %d, answer %d (%s)", name, got.valid, got.drop, got.answer,
                 got.reason);
    if (got.answer != 0 && *got.reason == '\0')
        fail_msg("%s: no reason given", name);
}

static void test_torture(void **state)
{
    (void)state;
    struct cw_buf bytes = {0};
    for (size_t i = 0; i < N_TORTURE; i++) {
        struct cw_str text = read_file(&bytes, getenv("CW_SIP_TORTURE"), torture[i].name);
        struct cw_sip_message *m = cw_sip_message_parse(text, CW_SIP_UDP);
        check_verdict(torture[i].name, cw_sip_message_verdict(m), torture[i]);
        cw_sip_message_free(&m);
    }
    cw_buf_free(&bytes);
}

/* The row says nothing that expected.tsv would not allow. */
static void test_torture_agrees_with_expected(void **state)
{
    (void)state;
    struct cw_buf bytes = {0};
    struct cw_str rest = read_file(&bytes, getenv("CW_SIP_TORTURE"), "expected.tsv");
    size_t n = 0;
    for (ptrdiff_t end; (end = cw_str_index(rest, '\n')) >= 0;
         rest = cw_str_sub(rest, (size_t)end + 1, rest.n)) {
        struct cw_str line = cw_str_sub(rest, 0, (size_t)end);
        for (size_t i = 0; i < N_TORTURE; i++) {
            const struct torture_row *row = &torture[i];
            if (!cw_str_starts(line, cw_str_of(row->name)))
                continue;
            n++;
            char status[8];
            snprintf(status, sizeof status, "%d", row->answer);
            bool is_valid = cw_str_find(line, CW_S("\tvalid\t")) >= 0;
            bool is_invalid = cw_str_find(line, CW_S("\tinvalid\t")) >= 0;
            bool says_status = cw_str_find(line, cw_str_of(status)) >= 0;
            bool says_drop = cw_str_find(line, CW_S("dropped")) >= 0;
            if ((is_valid && !row->is_valid) || (is_invalid && row->is_valid) ||
                (!is_valid && !(row->is_dropped ? says_drop : says_status)))
                fail_msg("%s: the row is not what expected.tsv asks for", row->name);
        }
    }
    assert_int_equal(n, N_TORTURE);
    cw_buf_free(&bytes);
}

/* Every prefix of every torture message is judged without harm (ASan sees the rest). */
static void test_torture_cut(void **state)
{
    (void)state;
    struct cw_buf bytes = {0};
    for (size_t i = 0; i < N_TORTURE; i++) {
        struct cw_str text = read_file(&bytes, getenv("CW_SIP_TORTURE"), torture[i].name);
        for (size_t n = 0; n < text.n; n += 1 + n / 97) {
            char *exact = cw_memdup(text.p, n ? n : 1); /* no octet behind the end */
            struct cw_sip_message *m = cw_sip_message_parse((struct cw_str){exact, n}, CW_SIP_TCP);
            struct cw_sip_verdict verdict = cw_sip_message_verdict(m);
            bool is_headless = cw_str_find(cw_str_sub(text, 0, n), CW_S("\r\n\r\n")) < 0;
            if (is_headless && verdict.valid && verdict.answer != 505)
                fail_msg("%s: valid at %zu octets", torture[i].name, n);
            cw_sip_message_free(&m);
            cw_free(exact);
        }
    }
    cw_buf_free(&bytes);
}

static void test_vectors(void **state)
{
    (void)state;
    char path[512];
    json_t *vector;
    size_t i;
    struct cw_arena arena = {0};
    snprintf(path, sizeof path, "%s/sip-torture.json", getenv("CW_VECTORS"));
    json_t *file = json_load_file(path, 0, NULL);
    assert_non_null(file);
    json_t *vectors = json_object_get(file, "vectors");
    assert_int_equal(json_array_size(vectors), 37);
    json_array_foreach(vectors, i, vector)
    {
        struct cw_str bytes;
        char tail[64];
        const char *name = json_string_value(json_object_get(vector, "name"));
        const char *text = json_string_value(json_object_get(vector, "message_base64"));
        if (!cw_unbase64(&arena, cw_str_of(text), &bytes))
            fail_msg("%s: not base64", name);
        struct cw_sip_message *m = cw_sip_message_parse(bytes, CW_SIP_UDP);
        snprintf(tail, sizeof tail, "/%s.dat", name);
        bool is_known = false;
        for (size_t k = 0; k < N_TORTURE; k++) {
            if (!cw_str_ends(cw_str_of(torture[k].name), cw_str_of(tail)))
                continue;
            is_known = true;
            check_verdict(name, cw_sip_message_verdict(m), torture[k]);
        }
        if (!is_known)
            fail_msg("%s has no row", name);
        cw_sip_message_free(&m);
    }
    json_decref(file);
    cw_arena_free(&arena);
}

/* --- one message, varied --- */

struct row {
    const char *name;
    const char *start, *extra; /* the start line; lines that come in addition */
    const char *without;       /* the name of a line that is left out */
    const char *body;
    struct cw_str raw; /* instead of all that */
    enum cw_sip_transport transport;
    int answer;
    bool is_dropped;
};
#define LF_HEAD                                                                                 \
    "OPTIONS sip:a@example.com SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\nFrom: <sip:a@b.c>;" \
    "tag=1\nTo: <sip:a@b.c>\nCall-ID: x\nCSeq: 1 OPTIONS\n"

static const struct row rows[] = {
    {.name = "plain", .answer = 0},
    {.name = "body", .body = "hello", .answer = 0},
    {.name = "empty lines before", .raw = CW_STR("\r\n\r\n"), .is_dropped = true},
    {.name = "no via", .without = "Via", .answer = 400, .is_dropped = true},
    {.name = "no from", .without = "From", .answer = 400},
    {.name = "no to", .without = "To", .answer = 400},
    {.name = "no call-id", .without = "Call-ID", .answer = 400},
    {.name = "no cseq", .without = "CSeq", .answer = 400},
    {.name = "no content-length on udp", .without = "Content-Length", .answer = 0},
    {.name = "no content-length on tcp",
     .without = "Content-Length",
     .transport = CW_SIP_TCP,
     .answer = 400},
    {.name = "two from", .extra = "f: <sip:x@y.z>;tag=2\r\n", .answer = 400},
    {.name = "two to", .extra = "To : <sip:x@y.z>\r\n", .answer = 400},
    {.name = "two call-id", .extra = "i: other\r\n", .answer = 400},
    {.name = "two cseq", .extra = "CSeq: 2 MESSAGE\r\n", .answer = 400},
    {.name = "two max-forwards", .extra = "Max-Forwards: 3\r\n", .answer = 400},
    {.name = "two content-length, the same", .extra = "l: 0\r\n", .answer = 400},
    {.name = "two content-type",
     .extra = "Content-Type: text/plain\r\nc: text/html\r\n",
     .answer = 400},
    {.name = "two subjects", .extra = "Subject: a\r\ns: b\r\n", .answer = 400},
    {.name = "from with header fields",
     .without = "From",
     .extra = "From: <sip:romeo@example.net?Route=x>;tag=1\r\n",
     .answer = 400},
    {.name = "to with header fields",
     .without = "To",
     .extra = "To: <sip:romeo@example.net?Route=x>\r\n",
     .answer = 400},
    {.name = "cseq 2^31 - 1",
     .without = "CSeq",
     .extra = "CSeq: 2147483647 MESSAGE\r\n",
     .answer = 0},
    {.name = "cseq 2^31",
     .without = "CSeq",
     .extra = "CSeq: 2147483648 MESSAGE\r\n",
     .answer = 400},
    {.name = "cseq of another method",
     .without = "CSeq",
     .extra = "CSeq: 0 AAAAAAAA\r\n",
     .answer = 400},
    {.name = "signed content-length",
     .without = "Content-Length",
     .extra = "Content-Length: +0\r\n",
     .answer = 400},
    {.name = "hex content-length",
     .without = "Content-Length",
     .extra = "Content-Length: 0x0\r\n",
     .answer = 400},
    {.name = "overflowing content-length",
     .without = "Content-Length",
     .extra = "Content-Length: 18446744073709551616\r\n",
     .answer = 400},
    {.name = "wrapping content-length",
     .without = "Content-Length",
     .extra = "Content-Length: 4294967296\r\n",
     .answer = 400},
    {.name = "control in a name", .extra = "Contact\x01: <sip:a@b.c>\r\n", .answer = 400},
    {.name = "tab before the colon", .extra = "Subject\t: hi\r\n", .answer = 0},
    {.name = "blank before the colon", .extra = "X-Trust : yes\r\n", .answer = 0},
    {.name = "no colon", .extra = "Nonsense\r\n", .answer = 400},
    {.name = "no name", .extra = ": x\r\n", .answer = 400},
    {.name = "escape in a value", .extra = "Subject: a\x1b[31m\r\n", .answer = 400},
    {.name = "bare CR in a value", .extra = "Subject: a\rVia: x\r\n", .answer = 400},
    {.name = "bare LF in a value", .extra = "Subject: a\nX: y\r\n", .answer = 400},
    {.name = "LF only", .raw = CW_STR(LF_HEAD "\n"), .answer = 400},
    {.name = "LF then CRLFCRLF", .raw = CW_STR(LF_HEAD "l: 0\r\n\r\n"), .answer = 400},
    {.name = "bad utf-8", .extra = "Subject: \xff\xfe\r\n", .answer = 400},
    {.name = "utf-8", .extra = "Subject: gr\xc3\xbc\xc3\x9f\r\n", .answer = 0},
    {.name = "folded", .extra = "Subject: one\r\n  two\r\n\tthree\r\n", .answer = 0},
    {.name = "lower-case method", .start = "message sip:juliet@example.com SIP/2.0", .answer = 400},
    {.name = "version 3.0", .start = "MESSAGE sip:juliet@example.com SIP/3.0", .answer = 505},
    {.name = "version x", .start = "MESSAGE sip:juliet@example.com SIP/x", .answer = 400},
    {.name = "http", .start = "GET / HTTP/1.1", .is_dropped = true},
    {.name = "two spaces", .start = "MESSAGE  sip:juliet@example.com SIP/2.0", .answer = 400},
    {.name = "uri without host", .start = "MESSAGE sip: SIP/2.0", .answer = 400},
    {.name = "uri with bad port", .start = "MESSAGE sip:j@example.com:0 SIP/2.0", .answer = 400},
    {.name = "uri with huge port",
     .start = "MESSAGE sip:j@example.com:65536 SIP/2.0",
     .answer = 400},
    {.name = "uri with %00", .start = "MESSAGE sip:j%00x@example.com SIP/2.0", .answer = 0},
    {.name = "uri with cut escape", .start = "MESSAGE sip:j%0@example.com SIP/2.0", .answer = 400},
    {.name = "uri with two @", .start = "MESSAGE sip:a@b@example.com SIP/2.0", .answer = 400},
    {.name = "uri with headers", .start = "MESSAGE sip:j@example.com?X=1 SIP/2.0", .answer = 400},
    {.name = "uri with raw utf-8",
     .start = "MESSAGE sip:\xc3\xbc@example.com SIP/2.0",
     .answer = 400},
    {.name = "tel uri", .start = "MESSAGE tel:+1-201-555-0123 SIP/2.0", .answer = 416},
    {.name = "sips uri", .start = "MESSAGE sips:j@example.com SIP/2.0", .answer = 0},
    {.name = "require", .extra = "Require: 100rel, x\r\n", .answer = 420},
    {.name = "proxy-require is for proxies", .extra = "Proxy-Require: x\r\n", .answer = 0},
    {.name = "expires too large", .extra = "Expires: 4294967296\r\n", .answer = 400},
    {.name = "expires", .extra = "Expires: 4294967295\r\n", .answer = 0},
    {.name = "bad content-type", .extra = "Content-Type: ;\r\n", .answer = 400},
    {.name = "bad header that nobody reads", .extra = "Call-Info: ;;;,,<\r\n", .answer = 0},
    {.name = "bad authorization", .extra = "Authorization: Digest username=\"x\r\n", .answer = 0},
    {.name = "route inwards", .extra = "Route: <sip:127.0.0.1:9090;lr>\r\n", .answer = 0},
    {.name = "zero octets", .raw = CW_STR(""), .is_dropped = true},
    {.name = "stun", .raw = CW_STR("\0\1\0\0\x21\x12\xa4\x42xxxxxxxxxxxx"), .is_dropped = true},
    {.name = "dtls", .raw = CW_STR("\x16\xfe\xff\0\0\0\0\0\0"), .is_dropped = true},
    {.name = "nul in the start line",
     .raw = CW_STR("MESSAGE sip:a\0@example.com SIP/2.0\r\nVia: SIP/2.0/UDP "
                   "h;branch=z9hG4bKx\r\n\r\n"),
     .answer = 400},
    {.name = "nul in a header",
     .raw = CW_STR("MESSAGE sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/UDP "
                   "h;branch=z9hG4bKx\r\nSubject: \0\r\n\r\n"),
     .answer = 400},
    {.name = "response without cseq",
     .raw = CW_STR("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n\r\n"),
     .is_dropped = true},
    {.name = "response of version 3",
     .raw = CW_STR("SIP/3.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n\r\n"),
     .is_dropped = true},
};

static const char *const standard_lines[] = {
    "Via: SIP/2.0/UDP pc.example.net:5070;branch=z9hG4bKnashds7;rport\r\n",
    "Max-Forwards: 70\r\n",
    "From: \"Romeo \\\"M\\\"\" <sip:romeo@example.net;gr=orchard>;tag=49583\r\n",
    "To: sip:juliet@example.com;tag=7\r\n",
    "Call-ID: asd88asd77a@example.net\r\n",
    "CSeq: 17 MESSAGE\r\n",
};

static void build_row(struct cw_buf *out, const struct row *row)
{
    cw_buf_reset(out);
    if (cw_str_is_present(row->raw)) {
        cw_buf_puts(out, row->raw);
        return;
    }
    cw_buf_putcstr(out, row->start ? row->start : "MESSAGE sip:juliet@example.com SIP/2.0");
    cw_buf_putcstr(out, "\r\n");
    for (size_t i = 0; i < sizeof standard_lines / sizeof *standard_lines; i++)
        if (!row->without || strncmp(standard_lines[i], row->without, strlen(row->without)) != 0)
            cw_buf_putcstr(out, standard_lines[i]);
    cw_buf_putcstr(out, row->extra ? row->extra : "");
    if (!row->without || strcmp(row->without, "Content-Length") != 0)
        cw_buf_printf(out, "Content-Length: %zu\r\n", row->body ? strlen(row->body) : 0);
    cw_buf_printf(out, "\r\n%s", row->body ? row->body : "");
}

static void test_rows(void **state)
{
    (void)state;
    struct cw_buf bytes = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        build_row(&bytes, &rows[i]);
        struct cw_sip_message *m = cw_sip_message_parse(cw_buf_str(&bytes), rows[i].transport);
        struct cw_sip_verdict got = cw_sip_message_verdict(m);
        if (got.answer != rows[i].answer || got.drop != rows[i].is_dropped)
            fail_msg("%s: answer %d, drop %d (%s)", rows[i].name, got.answer, got.drop, got.reason);
        cw_sip_message_free(&m);
    }
    cw_buf_free(&bytes);
}

/* --- sizes --- */

static struct cw_sip_verdict judge_extra(const char *prefix, size_t n, char fill, size_t copies)
{
    struct cw_buf extra = {0}, bytes = {0};
    for (size_t i = 0; i < copies; i++) {
        cw_buf_putcstr(&extra, prefix);
        for (size_t k = 0; k < n; k++)
            cw_buf_putc(&extra, fill);
        cw_buf_putcstr(&extra, "\r\n");
    }
    cw_buf_putc(&extra, '\0');
    build_row(&bytes, &(struct row){.extra = extra.p});
    struct cw_sip_message *m = cw_sip_message_parse(cw_buf_str(&bytes), CW_SIP_UDP);
    struct cw_sip_verdict verdict = cw_sip_message_verdict(m);
    cw_sip_message_free(&m);
    cw_buf_free(&extra);
    cw_buf_free(&bytes);
    return verdict;
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(judge_extra("X: ", 8000, 'a', 1).answer, 0);
    assert_int_equal(judge_extra("X: ", 9000, 'a', 1).answer, 513);
    assert_int_equal(judge_extra("X: ", 1, 'a', 240).answer, 0);
    assert_int_equal(judge_extra("X: ", 1, 'a', 1000).answer, 513);
    assert_int_equal(judge_extra("X: ", 64000, 'a', 1).answer, 513);
    assert_int_equal(judge_extra("X: ", 70000, 'a', 1).answer, 513);
    assert_int_equal(judge_extra("f: <sip:a@b.c>;tag=", 70000, 'a', 1).answer, 513);
    assert_int_equal(judge_extra("Accept: ", 300, 'A', 50).answer, 400);
    assert_int_equal(judge_extra("Content-Type: multipart/mixed;boundary=", 4000, 'A', 1).answer,
                     0);
    assert_int_equal(judge_extra("", 10000, 'n', 1).answer, 400);
    assert_int_equal(judge_extra("X: y\r\n z", 0, 'z', 1).answer, 0);
    struct cw_buf folds = {0}, bytes = {0};
    cw_buf_putcstr(&folds, "X: y\r\n");
    for (int i = 0; i < 2000; i++)
        cw_buf_putcstr(&folds, " z\r\n");
    cw_buf_putc(&folds, '\0');
    build_row(&bytes, &(struct row){.extra = folds.p});
    struct cw_sip_message *m = cw_sip_message_parse(cw_buf_str(&bytes), CW_SIP_UDP);
    assert_int_equal(cw_sip_message_verdict(m).answer, 513);
    cw_sip_message_free(&m);
    cw_buf_free(&folds);
    cw_buf_free(&bytes);
}

/* --- getters --- */

#define assert_str(got, want)                             \
    do {                                                  \
        struct cw_str got_ = (got);                       \
        if (!cw_str_eq(got_, cw_str_of(want)))            \
            fail_msg("%s is '%.*s'", #got, CW_ARG(got_)); \
    } while (0)

/* Codings add up over header fields, in either form of the name. */
static void test_content_encoding(void **state)
{
    static const struct {
        const char *extra, *want; /* "": absent */
    } fields[] = {
        {"", ""},
        {"Content-Encoding: gzip\r\n", "gzip"},
        {"e: gzip\r\n", "gzip"},
        {"Content-Encoding: identity\r\n", "identity"},
        {"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", "gzip"},
        {"Content-Encoding: Identity\r\ne: identity\r\ne: x-gzip\r\n", "x-gzip"},
        {"e: identity\r\nContent-Encoding: identity\r\n", "identity"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct cw_buf bytes = {0};
        struct cw_sip_request r;
        build_row(&bytes, &(struct row){.extra = fields[i].extra, .body = "x"});
        struct cw_sip_message *m = cw_sip_message_parse(cw_buf_str(&bytes), CW_SIP_UDP);
        cw_sip_message_values(m, &r);
        if (!cw_str_eq(r.content_encoding, cw_str_of(fields[i].want)) &&
            (r.content_encoding.n || fields[i].want[0]))
            fail_msg("%s: %.*s", fields[i].extra, CW_ARG(r.content_encoding));
        cw_sip_message_free(&m);
        cw_buf_free(&bytes);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct cw_buf bytes = {0};
    struct cw_sip_request r;
    struct cw_sip_via via;
    build_row(&bytes, &(struct row){.start = "MESSAGE sip:juliet@example.com;gr=balcony SIP/2.0",
                                    .extra = "s: Imploring\r\n again\r\n"
                                             "c: text/plain; charset=\"utf-8\"\r\n"
                                             "Content-Language: it\r\nExpires: 60\r\n"
                                             "Date: Sat, 13 Nov 2010 23:29:00 GMT\r\n"
                                             "m: <sip:a@b.c;x=y>;q=1, <sip:d@e.f>\r\n"
                                             "o: presence;id=7\r\nAccept: a/b\r\n"
                                             "Subscription-State: active;expires=5\r\n"
                                             "Accept: c/d;q=0.1, e/f\r\n",
                                    .body = "Wherefore?"});
    struct cw_sip_message *m = cw_sip_message_parse(cw_buf_str(&bytes), CW_SIP_UDP);
    assert_int_equal(cw_sip_message_verdict(m).answer, 0);
    cw_sip_message_values(m, &r);
    assert_str(r.method, "MESSAGE");
    assert_str(r.request_uri, "sip:juliet@example.com;gr=balcony");
    assert_str(r.from_uri, "sip:romeo@example.net;gr=orchard");
    assert_str(r.from_display, "Romeo \"M\"");
    assert_str(r.from_tag, "49583");
    assert_str(r.to_uri, "sip:juliet@example.com");
    assert_str(r.to_tag, "7");
    assert_str(r.call_id, "asd88asd77a@example.net");
    assert_int_equal(r.cseq, 17);
    assert_str(r.content_type, "text/plain; charset=\"utf-8\"");
    assert_str(r.content_language, "it");
    assert_str(r.subject, "Imploring again");
    assert_str(r.date, "Sat, 13 Nov 2010 23:29:00 GMT");
    assert_str(r.expires, "60");
    assert_str(r.body, "Wherefore?");
    assert_str(r.event, "presence;id=7");
    assert_str(r.subscription_state, "active;expires=5");
    assert_str(r.accept, "a/b, c/d;q=0.1, e/f");
    assert_str(r.contact_uri, "sip:a@b.c;x=y");
    assert_false(cw_str_is_present(r.content_encoding));
    assert_str(cw_sip_message_contact_uri(m), "sip:a@b.c;x=y");
    assert_int_equal(cw_sip_message_max_forwards(m), 70);
    assert_int_equal(cw_sip_message_expires_s(m), 60);
    assert_true(cw_sip_message_via(m, &via));
    assert_str(via.transport, "UDP");
    assert_str(via.host, "pc.example.net");
    assert_int_equal(via.port, 5070);
    assert_str(via.branch, "z9hG4bKnashds7");
    assert_true(via.has_rport);
    assert_false(cw_str_is_present(via.received));
    cw_sip_message_free(&m);
    assert_null(m);
    cw_buf_free(&bytes);
}

static void test_response_values(void **state)
{
    (void)state;
    struct cw_sip_response r;
    struct cw_sip_message *m = cw_sip_message_parse(
        CW_S("SIP/2.0 302 Gone \xc3\xa0 l'eau\r\nv: SIP/2.0/TCP [2001:db8::1]:5060;branch=z9hG4bKa;"
             "received=[2001:db8::9];rport=7\r\nf: <sip:a@b.c>;tag=1\r\nt: <sip:d@e.f>;tag=2\r\n"
             "i: x\r\nCSeq: 1 MESSAGE\r\nm: <sip:new@example.com>\r\nl: 2\r\n\r\nhi"),
        CW_SIP_TCP);
    assert_true(cw_sip_message_is_response(m));
    assert_true(cw_sip_message_verdict(m).valid);
    cw_sip_message_response_values(m, &r);
    assert_int_equal(r.status, 302);
    assert_str(r.reason_phrase, "Gone \xc3\xa0 l'eau");
    assert_str(r.contact, "sip:new@example.com");
    assert_str(r.body, "hi");
    cw_sip_message_free(&m);
}

static void test_torture_details(void **state)
{
    (void)state;
    struct cw_buf bytes = {0};
    const char *directory = getenv("CW_SIP_TORTURE");
    struct cw_sip_message *m =
        cw_sip_message_parse(read_file(&bytes, directory, "rfc4475/wsinv.dat"), CW_SIP_UDP);
    assert_str(cw_sip_message_to(m).uri, "sip:vivekg@chair-dnrc.example.com");
    assert_str(cw_sip_message_to(m).tag, "1918181833n");
    assert_str(cw_sip_message_from(m).display, "J Rosenberg \\\"");
    assert_int_equal(cw_sip_message_cseq(m), 9);
    assert_int_equal(cw_sip_message_max_forwards(m), 68);
    cw_sip_message_free(&m);
    m = cw_sip_message_parse(read_file(&bytes, directory, "rfc4475/semiuri.dat"), CW_SIP_UDP);
    assert_str(cw_sip_message_request_uri(m), "sip:user;par=u%40example.net@example.com");
    cw_sip_message_free(&m);
    m = cw_sip_message_parse(read_file(&bytes, directory, "rfc4475/escnull.dat"), CW_SIP_UDP);
    assert_str(cw_sip_message_to(m).uri, "sip:null-%00-null@example.com");
    cw_sip_message_free(&m);
    m = cw_sip_message_parse(read_file(&bytes, directory, "rfc4475/mpart01.dat"), CW_SIP_UDP);
    assert_true(memchr(cw_sip_message_body(m).p, 0, cw_sip_message_body(m).n) != NULL);
    cw_sip_message_free(&m);
    m = cw_sip_message_parse(read_file(&bytes, directory, "rfc4475/bext01.dat"), CW_SIP_UDP);
    assert_str(cw_sip_message_unsupported(m), "nothingSupportsThis, nothingSupportsThisEither");
    cw_sip_message_free(&m);
    m = cw_sip_message_parse(read_file(&bytes, directory, "rfc4475/lwsdisp.dat"), CW_SIP_UDP);
    assert_str(cw_sip_message_from(m).display, "caller");
    cw_sip_message_free(&m);
    cw_buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_torture_agrees_with_expected),
        cmocka_unit_test(test_torture_cut),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_content_encoding),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_response_values),
        cmocka_unit_test(test_torture_details),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
