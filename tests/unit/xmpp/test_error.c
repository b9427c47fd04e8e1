/* Stream and stanza errors: the tables, the elements made, and what is read from a peer's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "xml/reader.h"
#include "xmpp/error.h"
#include "xmpp/ns.h"

#define STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

static const struct cw_xml_scope scope = {.default_ns = CW_STR("jabber:server"),
                                          .stream_prefix = true};

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i <= CW_STREAM_UNSUPPORTED_VERSION; i++) {
        enum cw_stream_error back;
        assert_true(
            cw_stream_error_of(cw_str_of(cw_stream_error_name((enum cw_stream_error)i)), &back));
        assert_int_equal(back, i);
    }
    for (int i = 0; i <= CW_STANZA_REMOTE_CONNECTION_FAILED; i++) {
        enum cw_stanza_error back;
        assert_true(
            cw_stanza_error_of(cw_str_of(cw_stanza_error_name((enum cw_stanza_error)i)), &back));
        assert_int_equal(back, i);
        assert_non_null(cw_stanza_error_type((enum cw_stanza_error)i));
    }
    enum cw_stanza_error none;
    assert_false(cw_stanza_error_of(CW_S("text"), &none));
    assert_false(cw_stanza_error_of(CW_STR_NONE, &none));
}

static void expect_text(const char *name, const struct cw_xml *node, const char *want)
{
    struct cw_buf out = {0};
    cw_xml_write(&out, node, &scope);
    if (!cw_str_eq_cstr(cw_buf_str(&out), want))
        fail_msg("%s: %.*s", name, CW_ARG(cw_buf_str(&out)));
    cw_buf_free(&out);
}

static void test_stream_error(void **state)
{
    (void)state;
    struct cw_arena arena = {0};
    expect_text("without text", cw_stream_error_make(&arena, CW_STREAM_RESET, NULL),
                "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
                "</stream:error>");
    expect_text("with text", cw_stream_error_make(&arena, CW_STREAM_NOT_AUTHORIZED, "a<b"),
                "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
                "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>a&lt;b</text>"
                "</stream:error>");
    cw_arena_free(&arena);
}

struct reply_row {
    const char *name;
    const char *stanza, *reply; /* reply NULL: none may be sent */
};

static const struct reply_row replies[] = {
    {"message",
     "<message xmlns='jabber:server' from='a@x/r' to='b@y' id='1'><body>s</body></message>",
     "<message type='error' id='1' from='b@y' to='a@x/r'><error type='cancel'>"
     "<service-unavailable xmlns='" STANZAS "'/></error></message>"},
    {"iq get without id",
     "<iq xmlns='jabber:server' from='a@x' to='y' type='get'><q xmlns='u:q'/></iq>",
     "<iq type='error' from='y' to='a@x'><error type='cancel'><service-unavailable xmlns='" STANZAS
     "'/></error></iq>"},
    {"presence subscribe", "<presence xmlns='jabber:server' from='a@x' to='b@y' type='subscribe'/>",
     "<presence type='error' from='b@y' to='a@x'><error type='cancel'><service-unavailable xmlns='" STANZAS
     "'/></error></presence>"},
    {"iq result", "<iq xmlns='jabber:server' from='a@x' to='y' type='result' id='1'/>", NULL},
    {"iq error", "<iq xmlns='jabber:server' from='a@x' to='y' type='error' id='1'/>", NULL},
    {"message error", "<message xmlns='jabber:server' from='a@x' to='b@y' type='error'/>", NULL},
};

static void test_replies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        struct cw_arena arena = {0};
        const struct cw_xml *stanza =
            cw_xml_parse(&arena, cw_str_of(replies[i].stanza), &CW_XML_LIMITS_DEFAULT, NULL);
        assert_non_null(stanza);
        const struct cw_xml *reply =
            cw_stanza_error_reply(&arena, stanza, CW_STANZA_SERVICE_UNAVAILABLE, CW_STR_NONE);
        if ((reply != NULL) != (replies[i].reply != NULL))
            fail_msg("%s: %s", replies[i].name, reply ? "answered" : "not answered");
        if (reply)
            expect_text(replies[i].name, reply, replies[i].reply);
        cw_arena_free(&arena);
    }
}

struct read_row {
    const char *name;
    const char *inside;
    bool known;
    enum cw_stanza_error condition;
    const char *type, *text, *address;
};

static const struct read_row reads[] = {
    {"plain", "<error type='wait'><remote-server-timeout xmlns='" STANZAS "'/></error>", true,
     CW_STANZA_REMOTE_SERVER_TIMEOUT, "wait"},
    {"text first",
     "<error type='auth'><text xmlns='" STANZAS "'>no</text><forbidden xmlns='" STANZAS
     "'/></error>",
     true, CW_STANZA_FORBIDDEN, "auth", "no"},
    {"gone with address", "<error type='cancel'><gone xmlns='" STANZAS "'>xmpp:a@b</gone></error>",
     true, CW_STANZA_GONE, "cancel", NULL, "xmpp:a@b"},
    {"gone without address", "<error type='cancel'><gone xmlns='" STANZAS "'/></error>", true,
     CW_STANZA_GONE, "cancel"},
    {"no type", "<error><item-not-found xmlns='" STANZAS "'/></error>", true,
     CW_STANZA_ITEM_NOT_FOUND, "cancel"},
    {"type of no meaning", "<error type='x'><bad-request xmlns='" STANZAS "'/></error>", true,
     CW_STANZA_BAD_REQUEST, "modify"},
    {"application's condition beside",
     "<error type='cancel'><conflict xmlns='u:x'/><not-allowed xmlns='" STANZAS "'/></error>", true,
     CW_STANZA_NOT_ALLOWED, "cancel"},
    {"two conditions: the first",
     "<error type='auth'><forbidden xmlns='" STANZAS "'/><conflict xmlns='" STANZAS "'/></error>",
     true, CW_STANZA_FORBIDDEN, "auth"},
    {"condition of another namespace", "<error type='auth'><forbidden xmlns='u:x'/></error>", false,
     CW_STANZA_UNDEFINED_CONDITION, "cancel"},
    {"unknown condition", "<error type='auth'><frobbed xmlns='" STANZAS "'/></error>", false,
     CW_STANZA_UNDEFINED_CONDITION, "cancel"},
    {"no error", "<body>hi</body>", false, CW_STANZA_UNDEFINED_CONDITION, "cancel"},
};

static bool is_text(struct cw_str s, const char *want)
{
    return want ? cw_str_eq_cstr(s, want) : !cw_str_is_present(s);
}

static void test_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        const struct read_row *row = &reads[i];
        struct cw_arena arena = {0};
        struct cw_stanza_error_info info;
        struct cw_str text = cw_arena_printf(
            &arena, "<message xmlns='jabber:server' type='error'>%s</message>", row->inside);
        bool known = cw_stanza_error_read(
            &arena, cw_xml_parse(&arena, text, &CW_XML_LIMITS_DEFAULT, NULL), &info);
        if (known != row->known || info.condition != row->condition ||
            !is_text(info.type, row->type) || !is_text(info.text, row->text) ||
            !is_text(info.address, row->address))
            fail_msg("%s: %s", row->name, cw_stanza_error_name(info.condition));
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_stream_error),
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
