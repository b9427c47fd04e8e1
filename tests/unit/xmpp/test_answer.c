/* What a domain of ours answers by itself: each row is a partner's stanza and the whole answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "xml/reader.h"
#include "xmpp/answer.h"
#include "xmpp/ns.h"

#define IQ(attrs, payload) \
    "<iq xmlns='jabber:server' from='j@p.example/r' to='a@l.example' " attrs ">" payload "</iq>"
#define PRESENCE(attrs) \
    "<presence xmlns='jabber:server' from='j@p.example/r' to='a@l.example/x' id='1' " attrs "/>"
#define PING            "<ping xmlns='urn:xmpp:ping'/>"
#define RESULT(payload) "<iq type='result' id='1' from='a@l.example' to='j@p.example/r'" payload
#define ERROR(id, error) \
    "<iq type='error'" id " from='a@l.example' to='j@p.example/r'>" error "</iq>"
#define CONDITION(type, name) \
    "<error type='" type "'><" name " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
#define UNAVAILABLE CONDITION("cancel", "service-unavailable")
#define BAD         CONDITION("modify", "bad-request")
#define FEATURES                                                                           \
    "<identity category='gateway' type='sip' name='Causeway'/><feature "                   \
    "var='urn:xmpp:ping'/><feature var='http://jabber.org/protocol/disco#info'/><feature " \
    "var='jabber:iq:version'/>"
#define USER_FEATURES                                        \
    "<feature var='http://jabber.org/protocol/chatstates'/>" \
    "<feature var='urn:xmpp:receipts'/>"
#define INFO "<query xmlns='http://jabber.org/protocol/disco#info'"
#define TO_DOMAIN(attrs) \
    "<presence xmlns='jabber:server' from='j@p.example/r' to='l.example' id='1' " attrs "/>"
#define UNSUBSCRIBED "<presence type='unsubscribed' id='1' from='l.example' to='j@p.example'/>"

typedef struct cw_xml *answer_fn(struct cw_arena *, const struct cw_xml *);

static const struct row {
    const char *name, *stanza, *answer; /* NULL: nothing is sent */
    answer_fn *make;
} rows[] = {
    {"ping", IQ("type='get' id='1'", PING), RESULT("/>"), cw_answer_iq},
    {"ping among white space", IQ("type='get' id='1'", "\n " PING "\n"), RESULT("/>"),
     cw_answer_iq},
    {"ping the domain",
     "<iq xmlns='jabber:server' from='p.example' to='l.example' type='get' id='1'>" PING "</iq>",
     "<iq type='result' id='1' from='l.example' to='p.example'/>", cw_answer_iq},
    {"ping as a set", IQ("type='set' id='1'", PING), ERROR(" id='1'", UNAVAILABLE), cw_answer_iq},
    {"ping of another namespace", IQ("type='get' id='1'", "<ping xmlns='urn:xmpp:ping:1'/>"),
     ERROR(" id='1'", UNAVAILABLE), cw_answer_iq},
    {"disco#info",
     IQ("type='get' id='1'", "<query xmlns='http://jabber.org/protocol/disco#info'/>"),
     RESULT(">" INFO ">" FEATURES USER_FEATURES "</query></iq>"), cw_answer_iq},
    {"disco#info of a user's resource",
     "<iq xmlns='jabber:server' from='j@p.example/r' to='a@l.example/x' type='get' id='1'>" INFO
     "/></iq>",
     "<iq type='result' id='1' from='a@l.example/x' to='j@p.example/r'>" INFO
     ">" FEATURES USER_FEATURES "</query></iq>",
     cw_answer_iq},
    {"disco#info of the domain",
     "<iq xmlns='jabber:server' from='j@p.example/r' to='l.example/a@b' type='get' id='1'>" INFO
     "/></iq>",
     "<iq type='result' id='1' from='l.example/a@b' to='j@p.example/r'>" INFO ">" FEATURES
     "</query></iq>",
     cw_answer_iq},
    {"disco#info of a node",
     IQ("type='get' id='1'", "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/>"),
     ERROR(" id='1'", CONDITION("cancel", "item-not-found")), cw_answer_iq},
    {"disco#items",
     IQ("type='get' id='1'", "<query xmlns='http://jabber.org/protocol/disco#items'/>"),
     ERROR(" id='1'", UNAVAILABLE), cw_answer_iq},
    {"version without a system", IQ("type='get' id='1'", "<query xmlns='jabber:iq:version'/>"),
     RESULT("><query xmlns='jabber:iq:version'><name>Causeway</name><version>" CW_VERSION
            "</version></query></iq>"),
     cw_answer_iq},
    {"vcard", IQ("type='get' id='1'", "<vCard xmlns='vcard-temp'/>"), ERROR(" id='1'", UNAVAILABLE),
     cw_answer_iq},
    {"roster push", IQ("type='set' id='1'", "<query xmlns='jabber:iq:roster'/>"),
     ERROR(" id='1'", UNAVAILABLE), cw_answer_iq},
    {"no child", IQ("type='get' id='1'", ""), ERROR(" id='1'", BAD), cw_answer_iq},
    {"text alone", IQ("type='get' id='1'", "x"), ERROR(" id='1'", BAD), cw_answer_iq},
    {"two children", IQ("type='get' id='1'", PING PING), ERROR(" id='1'", BAD), cw_answer_iq},
    {"no id", IQ("type='get'", PING), ERROR("", BAD), cw_answer_iq},
    {"empty id", IQ("type='get' id=''", PING), ERROR(" id=''", BAD), cw_answer_iq},
    {"no type", IQ("id='1'", PING), ERROR(" id='1'", BAD), cw_answer_iq},
    {"unknown type", IQ("type='GET' id='1'", PING), ERROR(" id='1'", BAD), cw_answer_iq},
    {"markup in the id", IQ("type='get' id='&apos;/>&lt;x/>&#10;'", PING),
     "<iq type='result' id='&apos;/&gt;&lt;x/&gt;&#10;' from='a@l.example' to='j@p.example/r'/>",
     cw_answer_iq},
    {"result", IQ("type='result' id='1'", ""), NULL, cw_answer_iq},
    {"result with a request inside", IQ("type='result' id='1'", PING), NULL, cw_answer_iq},
    {"error", IQ("type='error' id='1'", UNAVAILABLE), NULL, cw_answer_iq},
    {"error without id", IQ("type='error'", ""), NULL, cw_answer_iq},

    {"subscribe, to the domain", TO_DOMAIN("type='subscribe'"), UNSUBSCRIBED, cw_answer_presence},
    {"probe, to the domain", TO_DOMAIN("type='probe'"), UNSUBSCRIBED, cw_answer_presence},
    {"available, to the domain", TO_DOMAIN(""), NULL, cw_answer_presence},
    {"unavailable, to the domain", TO_DOMAIN("type='unavailable'"), NULL, cw_answer_presence},
    {"subscribed, unasked, to the domain", TO_DOMAIN("type='subscribed'"), NULL,
     cw_answer_presence},
    {"unsubscribe, to the domain", TO_DOMAIN("type='unsubscribe'"), NULL, cw_answer_presence},
    {"unsubscribed, to the domain", TO_DOMAIN("type='unsubscribed'"), NULL, cw_answer_presence},
    {"presence error, to the domain", TO_DOMAIN("type='error'"), NULL, cw_answer_presence},
    {"unknown presence", PRESENCE("type='invisible'"),
     "<presence type='error' id='1' from='a@l.example/x' to='j@p.example/r'>" BAD "</presence>",
     cw_answer_presence},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct cw_arena arena = {0};
        struct cw_buf out = {0};
        struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
        enum cw_xml_fault fault;
        const struct cw_xml *stanza = cw_xml_parse(&arena, cw_str_of(row->stanza), &limits, &fault);
        if (!stanza)
            fail_msg("%s: no XML", row->name);
        const struct cw_xml *answer = row->make(&arena, stanza);
        if (answer)
            cw_xml_write(&out, answer, &(struct cw_xml_scope){.default_ns = CW_NS_SERVER});
        if ((answer != NULL) != (row->answer != NULL) ||
            (answer && !cw_str_eq_cstr(cw_buf_str(&out), row->answer)))
            fail_msg("%s: %.*s", row->name, CW_ARG(cw_buf_str(&out)));
        cw_buf_free(&out);
        cw_arena_free(&arena);
    }
}

static const struct {
    const char *name, *stanza;
    bool is_for_user;
} presences[] = {
    {"available", PRESENCE(""), true},
    {"unavailable", PRESENCE("type='unavailable'"), true},
    {"subscribe", PRESENCE("type='subscribe'"), true},
    {"subscribed", PRESENCE("type='subscribed'"), true},
    {"unsubscribe", PRESENCE("type='unsubscribe'"), true},
    {"unsubscribed", PRESENCE("type='unsubscribed'"), true},
    {"probe", PRESENCE("type='probe'"), true},
    {"error", PRESENCE("type='error'"), true},
    {"unknown", PRESENCE("type='invisible'"), false},
    {"empty type", PRESENCE("type=''"), false},
    {"to the domain", TO_DOMAIN(""), false},
    {"to a resource of the domain",
     "<presence xmlns='jabber:server' from='j@p.example/r' to='l.example/a@b'/>", false},
};

static void test_presence_for_users(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof presences / sizeof *presences; i++) {
        struct cw_arena arena = {0};
        struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
        enum cw_xml_fault fault;
        const struct cw_xml *stanza =
            cw_xml_parse(&arena, cw_str_of(presences[i].stanza), &limits, &fault);
        if (cw_presence_is_for_user(stanza) != presences[i].is_for_user)
            fail_msg("%s", presences[i].name);
        cw_arena_free(&arena);
    }
}

/* What we answer is never answered, by us or by a server that follows the same rules. */
static void test_no_answer_to_an_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
        enum cw_xml_fault fault;
        const struct cw_xml *answer =
            rows[i].make(&arena, cw_xml_parse(&arena, cw_str_of(rows[i].stanza), &limits, &fault));
        if (answer && rows[i].make(&arena, answer))
            fail_msg("%s: the answer is answered", rows[i].name);
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_presence_for_users),
        cmocka_unit_test(test_no_answer_to_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
