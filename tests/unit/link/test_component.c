/* The component protocol (XEP-0114) against rows of what a component sends: each whole and byte by
 * byte, with what must come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "link/component.h"
#include "xmpp/ns.h"

#define HEADER_TO(to)                                                      \
    "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " \
    "xmlns:stream='http://etherx.jabber.org/streams' to='" to "'>"
#define HEADER HEADER_TO("plays.shakespeare.lit")
/* SHA-1 of "3BF96D32" and "s3cret" */
#define RIGHT  "<handshake>a984b871214a298f0f743fcd25f99b10838ba12b</handshake>"
#define OPENED HEADER RIGHT
#define MESSAGE(from, to) \
    "<message from='" from "' to='" to "' id='m1'><body>a &lt; b</body></message>"

static const struct cw_component_account accounts[] = {
    {CW_STR("other.shakespeare.lit"), CW_STR("other")},
    {CW_STR("plays.shakespeare.lit"), CW_STR("s3cret")},
    {CW_STR("xn--bcher-kva.shakespeare.lit"), CW_STR("s3cret")},
};

static const struct row {
    const char *name, *sent;
    const char *error;    /* of the stream, or NULL */
    const char *answered; /* must be in what comes back, or NULL */
    int n_ready, n_stanzas;
    bool refuse; /* the owner says conflict */
    bool closes;
} rows[] = {
    {"header", HEADER, .answered = " from='plays.shakespeare.lit'"},
    {"header with id", HEADER, .answered = " id='3BF96D32'"},
    {"header of a U-label",
     HEADER_TO("b\xc3\xbc"
               "cher.shakespeare.lit"),
     .answered = " from="},
    {"header in another case", HEADER_TO("PLAYS.Shakespeare.lit"),
     .answered = " from='plays.shakespeare.lit'"},
    {"unknown name", HEADER_TO("example.net"), "host-unknown", "<stream:stream "},
    {"subdomain", HEADER_TO("a.plays.shakespeare.lit"), "host-unknown"},
    {"no name",
     "<stream:stream xmlns='jabber:component:accept' "
     "xmlns:stream='http://etherx.jabber.org/streams'>",
     "improper-addressing"},
    {"another namespace",
     "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
     "to='plays.shakespeare.lit'>",
     "invalid-namespace", "<stream:stream "},
    {"connect instead of accept",
     "<stream:stream xmlns='jabber:component:connect' "
     "xmlns:stream='http://etherx.jabber.org/streams' to='plays.shakespeare.lit'>",
     "invalid-namespace"},
    {"another stream namespace",
     "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://example.net/streams' "
     "to='plays.shakespeare.lit'>",
     "invalid-namespace"},
    {"not XML", "GET / HTTP/1.1\r\n\r\n", "not-well-formed", "<stream:stream "},
    {"doctype", "<!DOCTYPE a [<!ENTITY b 'c'>]>" HEADER, "restricted-xml"},
    {"handshake", OPENED, .answered = "<handshake/>", .n_ready = 1},
    {"handshake with spaces around",
     HEADER "<handshake>\n a984b871214a298f0f743fcd25f99b10838ba12b </handshake>",
     .answered = "<handshake/>", .n_ready = 1},
    {"wrong handshake", HEADER "<handshake>a984b871214a298f0f743fcd25f99b10838ba12g</handshake>",
     "not-authorized"},
    {"empty handshake", HEADER "<handshake/>", "not-authorized"},
    {"upper case", HEADER "<handshake>A984B871214A298F0F743FCD25F99B10838BA12B</handshake>",
     "not-authorized"},
    {"another's secret", HEADER_TO("other.shakespeare.lit") RIGHT, "not-authorized"},
    {"handshake of another namespace",
     HEADER "<handshake xmlns='jabber:client'>a984b871214a298f0f743fcd25f99b10838ba12b</handshake>",
     "not-authorized"},
    {"stanza before the handshake", HEADER MESSAGE("plays.shakespeare.lit", "a@fabrikam.test"),
     "not-authorized"},
    {"conflict", OPENED MESSAGE("plays.shakespeare.lit", "a@fabrikam.test"), "conflict",
     .n_ready = 1, .refuse = true},
    {"message", OPENED MESSAGE("romeo@plays.shakespeare.lit/x", "a@fabrikam.test"), .n_ready = 1,
     .n_stanzas = 1},
    {"presence and iq",
     OPENED "<presence from='romeo@plays.shakespeare.lit' to='a@fabrikam.test' type='subscribe'/>"
            "<iq from='plays.shakespeare.lit' to='fabrikam.test' type='get' id='1'>"
            "<ping xmlns='urn:xmpp:ping'/></iq>",
     .n_ready = 1, .n_stanzas = 2},
    {"spaces between", OPENED " \n " MESSAGE("plays.shakespeare.lit", "a@fabrikam.test") " ",
     .n_ready = 1, .n_stanzas = 1},
    {"from another domain", OPENED MESSAGE("romeo@contoso.test", "a@fabrikam.test"), "invalid-from",
     .n_ready = 1},
    {"from a subdomain", OPENED MESSAGE("a.plays.shakespeare.lit", "a@fabrikam.test"),
     "invalid-from", .n_ready = 1},
    {"no from", OPENED "<message to='a@fabrikam.test'/>", "invalid-from", .n_ready = 1},
    {"to is no address",
     OPENED MESSAGE("plays.shakespeare.lit", "@")
         MESSAGE("plays.shakespeare.lit", "a@fabrikam.test"),
     .answered = "<jid-malformed ", .n_ready = 1, .n_stanzas = 1},
    {"no to, and itself an error", OPENED "<message from='plays.shakespeare.lit' type='error'/>",
     .n_ready = 1},
    {"not a stanza", OPENED "<hello/>", "unsupported-stanza-type", .n_ready = 1},
    {"second handshake", OPENED RIGHT, "unsupported-stanza-type", .n_ready = 1},
    {"stanza of another namespace",
     OPENED "<message xmlns='jabber:client' from='plays.shakespeare.lit' to='a@fabrikam.test'/>",
     "invalid-namespace", .n_ready = 1},
    {"text between", OPENED "text", "bad-format", .n_ready = 1},
    {"goodbye", OPENED "</stream:stream>", .answered = "</stream:stream>", .n_ready = 1,
     .closes = true},
    {"goodbye at once", HEADER "</stream:stream>", .answered = "</stream:stream>", .closes = true},
    {"stream error",
     OPENED "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
     .n_ready = 1, .closes = true},
};

struct outcome {
    struct cw_buf out;
    int n_ready, n_stanzas;
    bool is_closed;
    struct cw_component_event end;
};

static void attend(struct cw_component *c, const struct row *row, struct outcome *o)
{
    struct cw_component_event event;
    for (;;) {
        switch (cw_component_next(c, &event)) {
        case CW_COMPONENT_MORE:
            return;
        case CW_COMPONENT_READY:
            o->n_ready++;
            if (row->refuse)
                cw_component_refuse(c, CW_STREAM_CONFLICT, "in use");
            else
                cw_component_accept(c);
            break;
        case CW_COMPONENT_STANZA:
            o->n_stanzas++;
            assert_true(cw_str_eq(event.stanza->ns, CW_NS_SERVER));
            break;
        case CW_COMPONENT_CLOSED:
            o->is_closed = true;
            o->end = event;
            return;
        }
    }
}

static void check(const struct row *row, const struct outcome *o, const char *how)
{
    char tag[80];
    struct cw_str out = cw_buf_str(&o->out);
    if (o->n_ready != row->n_ready || o->n_stanzas != row->n_stanzas)
        fail_msg("%s (%s): %d times ready, %d stanzas", row->name, how, o->n_ready, o->n_stanzas);
    if (o->is_closed != (row->error || row->closes))
        fail_msg("%s (%s): the stream is %s", row->name, how, o->is_closed ? "closed" : "open");
    if (row->answered && cw_str_find(out, cw_str_of(row->answered)) < 0)
        fail_msg("%s (%s): no %s in %.*s", row->name, how, row->answered, CW_ARG(out));
    if (!row->error)
        return;
    snprintf(tag, sizeof tag, "<%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'", row->error);
    if (!o->end.has_error || strcmp(cw_stream_error_name(o->end.error), row->error) != 0 ||
        cw_str_find(out, cw_str_of(tag)) < 0 || !cw_str_ends(out, CW_S("</stream:stream>")))
        fail_msg("%s (%s): not <%s/> but %.*s", row->name, how, row->error, CW_ARG(out));
}

static void run(const struct row *row, size_t piece, const char *how)
{
    struct outcome o = {0};
    struct cw_component *c = cw_component_new(accounts, 3, CW_S("3BF96D32"), &o.out);
    struct cw_str sent = cw_str_of(row->sent);
    for (size_t i = 0; i < sent.n; i += piece) {
        cw_component_feed(c, cw_str_sub(sent, i, i + piece < sent.n ? i + piece : sent.n));
        attend(c, row, &o);
    }
    check(row, &o, how);
    cw_component_free(&c);
    cw_buf_free(&o.out);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run(&rows[i], 1000000, "whole");
        run(&rows[i], 1, "byte by byte");
    }
}

/* What goes on is what was checked; and back in the component's own namespace. */
static void test_stanzas(void **state)
{
    struct cw_buf out = {0};
    struct cw_component_event event;
    struct cw_component *c = cw_component_new(accounts, 3, CW_S("3BF96D32"), &out);
    (void)state;
    cw_component_feed(c, CW_S(OPENED MESSAGE("ROMEO@Plays.Shakespeare.LIT/X", "a@FABRIKAM.test")));
    assert_int_equal(cw_component_next(c, &event), CW_COMPONENT_READY);
    assert_ptr_equal(event.account, &accounts[1]);
    cw_component_accept(c);
    assert_int_equal(cw_component_next(c, &event), CW_COMPONENT_STANZA);
    assert_true(cw_str_eq_cstr(cw_xml_attr(event.stanza, "from"), "romeo@plays.shakespeare.lit/X"));
    assert_true(cw_str_eq_cstr(cw_xml_attr(event.stanza, "to"), "a@fabrikam.test"));
    assert_non_null(cw_xml_child(event.stanza, CW_NS_SERVER, "body"));
    cw_buf_reset(&out);
    cw_component_write_stanza(c, event.stanza);
    assert_true(cw_str_starts(cw_buf_str(&out), CW_S("<message ")));
    assert_true(cw_str_find(cw_buf_str(&out), CW_S("<body>a &lt; b</body>")) > 0);
    assert_int_equal(cw_str_find(cw_buf_str(&out), CW_S("xmlns")), -1);
    cw_component_free(&c);
    cw_buf_free(&out);
}

/* Much may come after the handshake and little before. */
static void test_limits(void **state)
{
    struct cw_buf out = {0}, bytes = {0};
    struct cw_component_event event;
    (void)state;
    while (bytes.n < 5000)
        cw_buf_putc(&bytes, 'x');
    for (int opened = 0; opened < 2; opened++) {
        struct cw_component *c = cw_component_new(accounts, 3, CW_S("3BF96D32"), &out);
        size_t sent = 0;
        cw_component_feed(c, opened ? CW_S(OPENED) : CW_S(HEADER));
        if (cw_component_next(c, &event) == CW_COMPONENT_READY)
            cw_component_accept(c);
        cw_component_feed(c, opened ? CW_S("<message>") : CW_S("<handshake>"));
        while (cw_component_next(c, &event) == CW_COMPONENT_MORE && sent < 1000000) {
            cw_component_feed(c, cw_buf_str(&bytes));
            sent += bytes.n;
        }
        assert_int_equal(event.kind, CW_COMPONENT_CLOSED);
        assert_int_equal(event.error, CW_STREAM_POLICY_VIOLATION);
        assert_int_equal(sent > 10000, opened);
        cw_component_free(&c);
    }
    cw_buf_free(&out);
    cw_buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_stanzas),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
