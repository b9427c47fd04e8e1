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
        while (n < 7 && cw_link_next(edge, &event) != CW_LINK_MORE)
            check_event(n++, &event);
    }
    assert_int_equal(n, 7);
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

static const struct {
    const char *name;
    const char *bytes;
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
    {"doctype", "<!DOCTYPE a [<!ENTITY b 'c'>]>" HEADER},
};

static void test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct cw_link *edge = cw_link_new(CW_LINK_EDGE, CW_S("e1"));
        struct cw_link_event event;
        cw_link_feed(edge, cw_str_of(hostile[i].bytes));
        while (cw_link_next(edge, &event) == CW_LINK_HELLO)
            ;
        if (event.kind != CW_LINK_BROKEN || event.text.n == 0)
            fail_msg("%s: event %d instead of a broken link", hostile[i].name, event.kind);
        cw_link_free(&edge);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
