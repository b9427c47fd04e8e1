/* The link protocol: what one side writes the other reads, whole and byte by byte, and whatever
 * else comes breaks the link with a sentence instead of the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "link/link.h"
#include "xmpp/ns.h"

#define HEADER                                                             \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " \
    "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
#define HELLO "<hello xmlns='urn:causeway:link:1' version='1' instance='g1'/>"

#define LONG  "0123456789012345678901234567890123456789012345678901234567890123"

static struct cw_xml *make_stanza(struct cw_arena *arena)
{
    struct cw_xml *message = cw_xml_new(arena, CW_NS_SERVER, "message");
    cw_xml_set(arena, message, "from", CW_S("juliet@fabrikam.test/balcony"));
    cw_xml_set(arena, message, "to", CW_S("alice@contoso.test"));
    struct cw_xml *body = cw_xml_add(arena, message, CW_NS_SERVER, "body");
    cw_xml_add_text(arena, body, CW_S("a <b> & 'c' \"d\" \xc3\xa9"));
    return message;
}

/* Everything a gateway may say to an edge. */
static void write_all(const struct cw_link *gateway, struct cw_arena *arena, struct cw_buf *out)
{
    struct cw_xml *error = make_stanza(arena);
    cw_xml_set(arena, error, "type", CW_S("error"));
    cw_link_write_open(gateway, out);
    cw_link_write_config(out, 7, CW_S("{\"a\":\"<&>'\"}"));
    cw_link_write_stanza(out, UINT64_MAX, make_stanza(arena));
    cw_link_write_outcome(out, &(struct cw_link_outcome){.n = 3});
    cw_link_write_outcome(out, &(struct cw_link_outcome){.n = 4,
                                                         .result = CW_LINK_REFUSED,
                                                         .reason = CW_LINK_REASON_TIMEOUT,
                                                         .text = CW_S("it's late")});
    cw_link_write_outcome(
        out, &(struct cw_link_outcome){.n = 5, .result = CW_LINK_REFUSED, .error = error});
    cw_link_write_ask(out, 9, CW_S("{\"a\":\"<&>'\"}"));
    cw_link_write_close(out);
}

static void check_event(unsigned index, const struct cw_link_event *event)
{
    switch (index) {
    case 0:
        assert_int_equal(event->kind, CW_LINK_HELLO);
        assert_true(cw_str_eq_cstr(event->instance, "g1"));
        break;
    case 1:
        assert_int_equal(event->kind, CW_LINK_CONFIG);
        assert_int_equal(event->version, 7);
        assert_true(cw_str_eq_cstr(event->json, "{\"a\":\"<&>'\"}"));
        break;
    case 2: {
        struct cw_arena arena = {0};
        assert_int_equal(event->kind, CW_LINK_STANZA);
        assert_true(event->n == UINT64_MAX);
        assert_true(cw_xml_is(event->stanza, CW_NS_SERVER, "message"));
        struct cw_xml *body = cw_xml_child(event->stanza, CW_NS_SERVER, "body");
        assert_true(cw_str_eq_cstr(cw_xml_text(&arena, body), "a <b> & 'c' \"d\" \xc3\xa9"));
        cw_arena_free(&arena);
        break;
    }
    case 3:
        assert_int_equal(event->kind, CW_LINK_OUTCOME);
        assert_int_equal(event->outcome.result, CW_LINK_DELIVERED);
        assert_int_equal(event->outcome.n, 3);
        break;
    case 4:
        assert_int_equal(event->outcome.result, CW_LINK_REFUSED);
        assert_int_equal(event->outcome.reason, CW_LINK_REASON_TIMEOUT);
        assert_true(cw_str_eq_cstr(event->outcome.text, "it's late"));
        assert_null(event->outcome.error);
        break;
    case 5:
        assert_int_equal(event->outcome.reason, CW_LINK_REASON_NONE);
        assert_true(cw_str_eq_cstr(cw_xml_attr(event->outcome.error, "type"), "error"));
        break;
    case 6:
        assert_int_equal(event->kind, CW_LINK_ASK);
        assert_int_equal(event->n, 9);
        assert_true(cw_str_eq_cstr(event->json, "{\"a\":\"<&>'\"}"));
        break;
    case 7:
        assert_int_equal(event->kind, CW_LINK_CLOSED);
        break;
    default:
        fail_msg("an event too many: %d", event->kind);
    }
}

static void read_in_pieces(size_t piece)
{
    struct cw_arena arena = {0};
    struct cw_buf bytes = {0};
    struct cw_link *gateway = cw_link_new(CW_LINK_GATEWAY, CW_S("g1"));
    struct cw_link *edge = cw_link_new(CW_LINK_EDGE, CW_S("e1"));
    struct cw_link_event event;
    unsigned n = 0;
    write_all(gateway, &arena, &bytes);
    for (size_t i = 0; i < bytes.n; i += piece) {
        cw_link_feed(edge, cw_str_sub(cw_buf_str(&bytes), i, i + piece));
        while (n < 8 && cw_link_next(edge, &event) != CW_LINK_MORE)
            check_event(n++, &event);
    }
    assert_int_equal(n, 8);
    cw_link_free(&gateway);
    cw_link_free(&edge);
    cw_buf_free(&bytes);
    cw_arena_free(&arena);
}

static void test_whole(void **state)
{
    (void)state;
    read_in_pieces(SIZE_MAX / 2);
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    read_in_pieces(1);
}

/* What an edge says of a partner whose streams ended. */
static void test_ended(void **state)
{
    struct cw_buf bytes = {0};
    struct cw_link *edge = cw_link_new(CW_LINK_EDGE, CW_S("e1"));
    (void)state;
    cw_link_write_open(edge, &bytes);
    cw_link_write_ended(&bytes, CW_S("contoso.test"), CW_S("xn--4ca.test"));
    for (size_t piece = 1; piece <= bytes.n; piece = piece == 1 ? bytes.n : piece + 1) {
        struct cw_link *gateway = cw_link_new(CW_LINK_GATEWAY, CW_S("g1"));
        struct cw_link_event event = {0};
        for (size_t i = 0; i < bytes.n; i += piece) {
            cw_link_feed(gateway, cw_str_sub(cw_buf_str(&bytes), i, i + piece));
            while (cw_link_next(gateway, &event) == CW_LINK_HELLO)
                continue;
        }
        assert_int_equal(event.kind, CW_LINK_ENDED);
        assert_true(cw_str_eq_cstr(event.local, "contoso.test"));
        assert_true(cw_str_eq_cstr(event.remote, "xn--4ca.test"));
        cw_link_free(&gateway);
    }
    cw_link_free(&edge);
    cw_buf_free(&bytes);
}

/* What an edge answers: news first, the end once; a long answer is one message, however much of it
 * must be escaped. */
static void test_answers(void **state)
{
    struct cw_buf bytes = {0}, json = {0};
    struct cw_link *edge = cw_link_new(CW_LINK_EDGE, CW_S("e1"));
    struct cw_link *gateway = cw_link_new(CW_LINK_GATEWAY, CW_S("g1"));
    struct cw_link_event event;
    (void)state;
    while (json.n < CW_LINK_MAX_ANSWER_BYTES)
        cw_buf_putc(&json, '"');
    cw_link_write_open(edge, &bytes);
    cw_link_write_answer(&bytes, 5, true, CW_S("{\"step\":1}"));
    cw_link_write_answer(&bytes, 5, false, cw_buf_str(&json));
    cw_link_feed(gateway, cw_buf_str(&bytes));
    assert_int_equal(cw_link_next(gateway, &event), CW_LINK_HELLO);
    assert_int_equal(cw_link_next(gateway, &event), CW_LINK_ANSWER);
    assert_true(event.n == 5 && event.more && cw_str_eq_cstr(event.json, "{\"step\":1}"));
    assert_int_equal(cw_link_next(gateway, &event), CW_LINK_ANSWER);
    assert_true(event.n == 5 && !event.more && cw_str_eq(event.json, cw_buf_str(&json)));
    cw_link_free(&edge);
    cw_link_free(&gateway);
    cw_buf_free(&bytes);
    cw_buf_free(&json);
}

static const struct {
    const char *name;
    const char *bytes;
    enum cw_link_side reader; /* the edge when it is not said */
} hostile[] = {
    {"not XML", "garbage in here"},
    {"another namespace", "<stream:stream xmlns='jabber:server' "
                          "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"},
    {"no hello", HEADER "<stanza xmlns='urn:causeway:link:1' n='1'><a xmlns='b'/></stanza>"},
    {"another version", HEADER "<hello xmlns='urn:causeway:link:1' version='2' instance='g'/>"},
    {"hello without instance", HEADER "<hello xmlns='urn:causeway:link:1' version='1'/>"},
    {"foreign element", HEADER HELLO "<message xmlns='jabber:server'/>"},
    {"unknown element", HEADER HELLO "<shout xmlns='urn:causeway:link:1'/>"},
    {"stanza without number",
     HEADER HELLO "<stanza xmlns='urn:causeway:link:1'><a xmlns='b'/></stanza>"},
    {"stanza with a signed number",
     HEADER HELLO "<stanza xmlns='urn:causeway:link:1' n='-1'><a xmlns='b'/></stanza>"},
    {"stanza with a number too large", HEADER HELLO
     "<stanza xmlns='urn:causeway:link:1' n='18446744073709551616'><a xmlns='b'/></stanza>"},
    {"empty stanza", HEADER HELLO "<stanza xmlns='urn:causeway:link:1' n='1'/>"},
    {"outcome without result", HEADER HELLO "<outcome xmlns='urn:causeway:link:1' n='1'/>"},
    {"configured to an edge", HEADER HELLO "<configured xmlns='urn:causeway:link:1' version='1'/>"},
    {"hello twice", HEADER HELLO HELLO},
    {"number 0", HEADER HELLO "<stanza xmlns='urn:causeway:link:1' n='0'><a xmlns='b'/></stanza>"},
    {"a number again", HEADER HELLO "<stanza xmlns='urn:causeway:link:1' n='7'><a xmlns='b'/>"
                                    "</stanza><stanza xmlns='urn:causeway:link:1' n='7'>"
                                    "<a xmlns='b'/></stanza>"},
    {"a smaller number", HEADER HELLO "<stanza xmlns='urn:causeway:link:1' n='7'><a xmlns='b'/>"
                                      "</stanza><stanza xmlns='urn:causeway:link:1' n='6'>"
                                      "<a xmlns='b'/></stanza>"},
    {"ask without number", HEADER HELLO "<ask xmlns='urn:causeway:link:1'>{}</ask>"},
    {"ask to a gateway", HEADER HELLO "<ask xmlns='urn:causeway:link:1' n='1'>{}</ask>",
     CW_LINK_GATEWAY},
    {"answer to an edge", HEADER HELLO "<answer xmlns='urn:causeway:link:1' n='1'>{}</answer>"},
    {"answer without number", HEADER HELLO "<answer xmlns='urn:causeway:link:1'>{}</answer>",
     CW_LINK_GATEWAY},
    {"answer with another more",
     HEADER HELLO "<answer xmlns='urn:causeway:link:1' n='1' more='false'>{}</answer>",
     CW_LINK_GATEWAY},
    {"ended to an edge", HEADER HELLO "<ended xmlns='urn:causeway:link:1' local='a' remote='b'/>"},
    {"ended without a domain of ours",
     HEADER HELLO "<ended xmlns='urn:causeway:link:1' remote='b'/>", CW_LINK_GATEWAY},
    {"ended with an empty domain",
     HEADER HELLO "<ended xmlns='urn:causeway:link:1' local='a' remote=''/>", CW_LINK_GATEWAY},
    {"ended with a name that is no A-label",
     HEADER HELLO "<ended xmlns='urn:causeway:link:1' local='a' remote='\xc3\xa4'/>",
     CW_LINK_GATEWAY},
    {"ended with two names in one",
     HEADER HELLO "<ended xmlns='urn:causeway:link:1' local='a b' remote='c'/>", CW_LINK_GATEWAY},
    {"ended with a long domain",
     HEADER HELLO "<ended xmlns='urn:causeway:link:1' local='a' remote='" LONG LONG LONG LONG "'/>",
     CW_LINK_GATEWAY},
    {"doctype", "<!DOCTYPE a [<!ENTITY b 'c'>]>" HEADER},
};

static void test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct cw_link *link = cw_link_new(hostile[i].reader, CW_S("e1"));
        struct cw_link_event event;
        cw_link_feed(link, cw_str_of(hostile[i].bytes));
        do
            cw_link_next(link, &event);
        while (event.kind == CW_LINK_HELLO || event.kind == CW_LINK_STANZA);
        if (event.kind != CW_LINK_BROKEN || event.text.n == 0)
            fail_msg("%s: event %d instead of a broken link", hostile[i].name, event.kind);
        cw_link_free(&link);
    }
}

/* Before hello there is little room; after it there is much, but not endless. */
static void test_oversized(void **state)
{
    struct cw_buf bytes = {0};
    struct cw_link_event event;
    (void)state;
    for (int greeted = 0; greeted < 2; greeted++) {
        struct cw_link *edge = cw_link_new(CW_LINK_EDGE, CW_S("e1"));
        size_t most = greeted ? CW_LINK_MAX_BYTES : CW_LINK_MAX_HELLO_BYTES, sent = 0;
        cw_link_feed(edge, CW_S(HEADER));
        cw_link_next(edge, &event);
        cw_link_feed(edge, greeted ? CW_S(HELLO "<config xmlns='urn:causeway:link:1' version='1'>")
                                   : CW_S("<hello a='"));
        assert_int_equal(cw_link_next(edge, &event), greeted ? CW_LINK_HELLO : CW_LINK_MORE);
        cw_buf_reset(&bytes);
        while (bytes.n < 1000)
            cw_buf_putc(&bytes, 'x');
        while (cw_link_next(edge, &event) == CW_LINK_MORE && sent <= 2 * most) {
            cw_link_feed(edge, cw_buf_str(&bytes));
            sent += bytes.n;
        }
        assert_int_equal(event.kind, CW_LINK_BROKEN);
        assert_in_range(sent, most - 2 * bytes.n, most + 2 * bytes.n);
        cw_link_free(&edge);
    }
    cw_buf_free(&bytes);
}

/* A question and an answer have limits of their own. */
static void test_too_long(void **state)
{
    (void)state;
    for (int reader = CW_LINK_EDGE; reader <= CW_LINK_GATEWAY; reader++) {
        bool is_edge = reader == CW_LINK_EDGE;
        size_t most = is_edge ? CW_LINK_MAX_ASK_BYTES : CW_LINK_MAX_ANSWER_BYTES;
        for (size_t n = most; n <= most + 1; n++) {
            struct cw_buf bytes = {0};
            struct cw_link_event event;
            struct cw_link *link = cw_link_new((enum cw_link_side)reader, CW_S("e1"));
            cw_buf_putcstr(&bytes, HEADER HELLO);
            cw_buf_putcstr(&bytes, is_edge ? "<ask" : "<answer");
            cw_buf_putcstr(&bytes, " xmlns='urn:causeway:link:1' n='1'>");
            for (size_t i = 0; i < n; i++)
                cw_buf_putc(&bytes, 'x');
            cw_buf_putcstr(&bytes, is_edge ? "</ask>" : "</answer>");
            cw_link_feed(link, cw_buf_str(&bytes));
            assert_int_equal(cw_link_next(link, &event), CW_LINK_HELLO);
            assert_int_equal(cw_link_next(link, &event), n > most  ? CW_LINK_BROKEN
                                                         : is_edge ? CW_LINK_ASK
                                                                   : CW_LINK_ANSWER);
            cw_link_free(&link);
            cw_buf_free(&bytes);
        }
    }
}

/* Whatever comes after a good beginning, to either side: an event with a sentence, or silence. */
static void test_garbage(void **state)
{
    struct cw_buf good = {0}, bytes = {0};
    struct cw_arena arena = {0};
    uint64_t random = 88172645463325252u;
    (void)state;
    struct cw_link *writer = cw_link_new(CW_LINK_GATEWAY, CW_S("g1"));
    write_all(writer, &arena, &good);
    for (int round = 0; round < 4000; round++) {
        struct cw_link *link =
            cw_link_new(round % 2 ? CW_LINK_EDGE : CW_LINK_GATEWAY, CW_S("other"));
        struct cw_link_event event = {0};
        cw_buf_reset(&bytes);
        cw_buf_puts(&bytes, cw_buf_str(&good));
        for (int i = 0; i < 1 + round % 5; i++) { /* xorshift: the same rounds every time */
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bytes.p[random % bytes.n] = (char)(random >> 40);
        }
        bytes.n -= random % 50;
        cw_link_feed(link, cw_buf_str(&bytes));
        for (int n = 0; n < 20; n++) {
            enum cw_link_event_kind kind = cw_link_next(link, &event);
            if (kind == CW_LINK_BROKEN)
                assert_true(event.text.n > 0);
            if (kind == CW_LINK_BROKEN || kind == CW_LINK_MORE || kind == CW_LINK_CLOSED)
                break;
        }
        cw_link_free(&link);
    }
    cw_link_free(&writer);
    cw_arena_free(&arena);
    cw_buf_free(&good);
    cw_buf_free(&bytes);
}

static bool ticks_well(struct cw_link *link, uint64_t now_ms, struct cw_buf *out)
{
    return !cw_str_is_present(cw_link_tick(link, now_ms, out));
}

static void read_all(struct cw_link *link, struct cw_str bytes)
{
    struct cw_link_event event;
    cw_link_feed(link, bytes);
    while (cw_link_next(link, &event) != CW_LINK_MORE)
        assert_int_not_equal(event.kind, CW_LINK_BROKEN);
}

/* Nobody says hello, or drips it. */
static void test_no_hello_in_time(void **state)
{
    struct cw_buf out = {0};
    (void)state;
    struct cw_link *edge = cw_link_new(CW_LINK_EDGE, CW_S("e1"));
    assert_true(ticks_well(edge, 1000, &out));
    read_all(edge, CW_S(HEADER));
    assert_true(ticks_well(edge, 999 + CW_LINK_HELLO_MS, &out));
    read_all(edge, CW_S("<hel"));
    assert_false(ticks_well(edge, 1000 + CW_LINK_HELLO_MS, &out));
    assert_int_equal(out.n, 0); /* nothing is said to strangers */
    cw_link_free(&edge);
    cw_buf_free(&out);
}

/* Pings keep the link; a message that drips in does not. */
static void test_pings_and_drip(void **state)
{
    struct cw_buf out = {0};
    uint64_t now = 5000;
    (void)state;
    struct cw_link *edge = cw_link_new(CW_LINK_EDGE, CW_S("e1"));
    struct cw_link *gateway = cw_link_new(CW_LINK_GATEWAY, CW_S("g1"));
    assert_true(ticks_well(edge, now, &out) && ticks_well(gateway, now, &out));
    cw_link_write_open(edge, &out);
    read_all(gateway, cw_buf_str(&out));
    read_all(edge, CW_S(HEADER HELLO));
    for (int i = 0; i < 100; i++) {
        now += CW_LINK_PING_MS;
        cw_buf_reset(&out);
        assert_true(ticks_well(edge, now, &out));
        assert_true(out.n > 0);
        read_all(gateway, cw_buf_str(&out));
        cw_buf_reset(&out);
        assert_true(ticks_well(gateway, now, &out));
        read_all(edge, cw_buf_str(&out));
    }
    assert_true(ticks_well(edge, now, &out));
    read_all(edge, CW_S("<config xmlns='urn:causeway:link:1' version='1'>"));
    for (int i = 1; i < 10; i++) {
        read_all(edge, CW_S("x"));
        assert_true(ticks_well(edge, now + i * CW_LINK_SILENT_MS / 10, &out));
    }
    assert_false(ticks_well(edge, now + CW_LINK_SILENT_MS, &out));
    cw_link_free(&edge);
    cw_link_free(&gateway);
    cw_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),          cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_hostile),        cmocka_unit_test(test_oversized),
        cmocka_unit_test(test_garbage),        cmocka_unit_test(test_no_hello_in_time),
        cmocka_unit_test(test_pings_and_drip), cmocka_unit_test(test_ended),
        cmocka_unit_test(test_answers),        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
