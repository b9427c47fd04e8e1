/* The rows of stox-presence.json: the examples of RFC 8048, with its faults mended as each row says
 * ("spec_defect"), and the rows derived from its tables.  A SIP request is made of the fields that
 * its row shows; what stands around them is the SIP library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"
#include "xlate/subscription.h"
#include "xml/reader.h"
#include "xmpp/ns.h"

#define ROMEO  CW_S("romeo@example.net")
#define JULIET CW_S("juliet@example.com")

static struct cw_xml *read_stanza(struct cw_arena *arena, const char *id, struct cw_str text)
{
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    enum cw_xml_fault fault;
    struct cw_xml *stanza = cw_xml_parse(arena, text, &limits, &fault);

    if (!stanza)
        cw_fatal("%s: is no stanza", id);
    cw_xml_rename_ns(stanza, stanza->ns, CW_NS_SERVER);
    if (!cw_str_is_present(cw_xml_attr(stanza, "to"))) /* the server adds it */
        cw_xml_set(arena, stanza, "to", ROMEO);
    return stanza;
}

/* The subscription that the row's state describes. */
static struct cw_subscription given(const json_t *row, enum cw_subscription_direction direction)
{
    struct cw_str state = vector_str(row, "state");
    bool is_x2s = direction == CW_SUBSCRIPTION_X2S;
    struct cw_subscription s = {
        .direction = direction,
        .watcher = is_x2s ? JULIET : ROMEO,
        .presentity = is_x2s ? ROMEO : JULIET,
        .call_id = CW_STR("c1"),
        .local_tag = CW_STR("ours"),
        .remote_tag = CW_STR("theirs"),
        .remote_target = CW_STR("sip:romeo@192.0.2.1:5070"),
        .local_cseq = 41,
        .expires_s = 599,
    };
    if (!cw_str_is_present(state) || cw_str_find(state, CW_S("no presence")) >= 0)
        return (struct cw_subscription){
            .direction = direction, .watcher = s.watcher, .presentity = s.presentity};
    s.state =
        cw_str_find(state, CW_S("pending")) >= 0 ? CW_SUBSCRIPTION_PENDING : CW_SUBSCRIPTION_ACTIVE;
    s.is_authorised = s.state == CW_SUBSCRIPTION_ACTIVE;
    return s;
}

/* XMPP -> SIP */

static struct cw_str header_of(const struct cw_sip_request *request, const char *name)
{
    const struct {
        const char *name;
        struct cw_str value;
    } fields[] = {
        {"Event", request->event},
        {"Accept", request->accept},
        {"Expires", request->expires},
        {"Contact", request->contact_uri},
        {"Max-Forwards", CW_S("70")},
        {"Content-Length", request->body.n ? CW_S("1") : CW_S("0")},
        {"Content-Type", request->content_type},
        {"Content-Language", request->content_language},
        {"Subscription-State", request->subscription_state},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(name, fields[i].name) == 0)
            return fields[i].value;
    fail_msg("no field is called %s", name);
    return CW_STR_NONE;
}

static void check_header(const char *id, const char *name, struct cw_str got, struct cw_str wanted)
{
    uint64_t number;
    if (cw_str_eq_cstr(wanted, "*"))
        expect(id, name, got.n > 0);
    else if (cw_str_eq_cstr(wanted, ">0"))
        expect(id, name, cw_str_to_u64(got, &number) && number > 0);
    else if (cw_str_starts(wanted, CW_S("~")))
        expect(id, name, cw_str_find(got, cw_str_sub(wanted, 1, wanted.n)) >= 0);
    else if (cw_str_ends(wanted, CW_S("*")))
        expect(id, name, cw_str_starts(got, cw_str_sub(wanted, 0, wanted.n - 1)));
    else
        expect_str(id, name, got, wanted);
}

static struct cw_str wanted_str(const json_t *check, const char *key)
{
    return vector_str(check, key);
}

static void check_pidf(struct cw_arena *arena, const char *id, const json_t *check,
                       struct cw_str body)
{
    struct cw_pidf pidf;

    assert_int_equal(cw_pidf_parse(arena, body, &pidf), CW_PIDF_OK);
    expect(id, "one tuple", pidf.n_tuples == 1);
    const struct cw_pidf_tuple *tuple = &pidf.tuples[0];
    if (json_object_get(check, "entity"))
        expect_str(id, "entity", pidf.entity, wanted_str(check, "entity"));
    struct cw_str tuple_id = wanted_str(check, "tuple_id");
    if (cw_str_starts(tuple_id, CW_S("ID-")))
        expect_str(id, "tuple id", tuple->id, tuple_id);
    expect(id, "open",
           (tuple->basic == CW_PIDF_OPEN) == cw_str_eq_cstr(wanted_str(check, "basic"), "open"));
    expect_str(id, "show", tuple->show, wanted_str(check, "show"));
    expect_str(id, "note", tuple->words.notes[0].text, wanted_str(check, "note"));
    if (json_object_get(check, "contact_priority"))
        expect(id, "priority",
               tuple->priority_thousandth ==
                   (cw_str_is_present(wanted_str(check, "contact_priority")) ? 1000 : -1));
}

static void check_headers(const char *id, const json_t *headers, const struct cw_sip_request *got)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)headers, name, value)
        check_header(id, name, header_of(got, name), cw_str_of(json_string_value(value)));
}

static void check_request(struct cw_arena *arena, const char *id, const json_t *row,
                          const struct cw_sip_request *got)
{
    const json_t *check = json_object_get(row, "check"), *to_tag = json_object_get(check, "to_tag");
    static const char *const uris[] = {"request_uri", "from_uri", "to_uri"};
    const struct cw_str values[] = {got->request_uri, got->from_uri, got->to_uri};

    expect_str(id, "method", got->method, vector_str(check, "method"));
    for (size_t i = 0; i < 3; i++)
        if (cw_str_is_present(vector_str(check, uris[i])))
            check_header(id, uris[i], values[i], vector_str(check, uris[i]));
    if (to_tag)
        expect(id, "to tag", cw_str_is_present(got->to_tag) == json_is_string(to_tag));
    if (json_is_true(json_object_get(check, "same_dialog"))) {
        expect_str(id, "Call-ID", got->call_id, CW_S("c1"));
        expect_str(id, "From tag", got->from_tag, CW_S("ours"));
        expect_str(id, "To tag", got->to_tag, CW_S("theirs"));
        expect_str(id, "target", got->request_uri, CW_S("sip:romeo@192.0.2.1:5070"));
        expect(id, "CSeq", got->cseq == 42);
    }
    check_headers(id, json_object_get(check, "headers"), got);
    if (json_object_get(row, "extra_headers"))
        check_headers(id, json_object_get(row, "extra_headers"), got);
    if (json_object_get(check, "pidf"))
        check_pidf(arena, id, json_object_get(check, "pidf"), got->body);
}

static void translate_stanza(struct cw_arena *arena, const char *id, const json_t *row)
{
    struct cw_xml *stanza = read_stanza(arena, id, vector_str(row, "input"));
    enum cw_subscription_direction direction;
    struct cw_presence_step step;

    assert_true(cw_subscription_of_stanza(stanza, &direction));
    struct cw_subscription s = given(row, direction);
    cw_subscription_on_stanza(arena, &s, stanza, &(struct cw_presence_options){0}, &step);
    expect(id, "one request, nothing else",
           step.has_request && !step.has_response && step.n_stanzas == 0);
    check_request(arena, id, row, &step.request);
}

/* Two resources are two tuples of the second document. */
static void translate_two(struct cw_arena *arena, const char *id, const json_t *row)
{
    struct cw_str input = vector_str(row, "input");
    size_t line = (size_t)cw_str_index(input, '\n');
    struct cw_subscription s = given(row, CW_SUBSCRIPTION_S2X);
    struct cw_presence_step first, second;
    struct cw_pidf pidf;

    cw_subscription_on_stanza(arena, &s, read_stanza(arena, id, cw_str_sub(input, 0, line)),
                              &(struct cw_presence_options){0}, &first);
    cw_subscription_on_stanza(
        arena, &s, read_stanza(arena, id, cw_str_sub(input, line + 1, input.n)),
        &(struct cw_presence_options){.known = first.known, .n_known = first.n_known}, &second);
    assert_int_equal(cw_pidf_parse(arena, second.request.body, &pidf), CW_PIDF_OK);
    assert_int_equal(pidf.n_tuples, 2);
    expect_str(id, "first", pidf.tuples[0].id, CW_S("ID-a"));
    expect_str(id, "second", pidf.tuples[1].id, CW_S("ID-b"));
}

/* SIP -> XMPP */

/* A field of the request as the row shows it: on a line of its own, or in a list in brackets. */
static struct cw_str field(struct cw_str text, struct cw_str name)
{
    ptrdiff_t at = cw_str_find(text, name);
    size_t end;
    if (at < 0)
        return CW_STR_NONE;
    struct cw_str rest = cw_str_sub(text, (size_t)at + name.n, text.n);
    for (end = 0; end < rest.n && !strchr("\n,)", rest.p[end]);)
        end++;
    return cw_str_trim(cw_str_sub(rest, 0, end));
}

static struct cw_sip_request request_of(struct cw_str input)
{
    ptrdiff_t blank = cw_str_find(input, CW_S("\n\n"));
    bool is_notify = cw_str_starts(input, CW_S("NOTIFY"));
    struct cw_str body = blank < 0 ? CW_STR_NONE : cw_str_sub(input, (size_t)blank + 2, input.n);
    return (struct cw_sip_request){
        .method = is_notify ? CW_S("NOTIFY") : CW_S("SUBSCRIBE"),
        .request_uri = CW_STR("sip:juliet@example.com"),
        .from_uri = CW_STR("sip:romeo@example.net"),
        .to_uri = CW_STR("sip:juliet@example.com"),
        .from_tag = CW_STR("theirs"),
        .to_tag = is_notify ? CW_S("ours") : CW_STR_NONE,
        .call_id = CW_STR("c1"),
        .cseq = 2,
        .event = field(input, CW_S("Event:")),
        .accept = field(input, CW_S("Accept:")),
        .expires = field(input, CW_S("Expires:")),
        .subscription_state = field(input, CW_S("Subscription-State:")),
        .content_language = field(input, CW_S("Content-Language:")),
        .content_type = body.n ? CW_PIDF_TYPE : CW_STR_NONE,
        .body = body,
    };
}

static void check_value(const char *id, const json_t *wanted, const char *key, struct cw_str got)
{
    const json_t *value = json_object_get(wanted, key);
    size_t i, n_null = 0;
    const json_t *one;
    if (!value)
        return;
    if (!json_is_array(value)) {
        expect_str(id, key, got, vector_str(wanted, key));
        return;
    }
    json_array_foreach(value, i, one) n_null += json_is_null(one);
    expect(id, key, cw_str_is_present(got) ? vector_has(value, got) : n_null > 0);
}

static void check_stanza(struct cw_arena *arena, const char *id, const json_t *wanted,
                         const struct cw_xml *got)
{
    const struct cw_xml *show = cw_xml_child(got, CW_NS_SERVER, "show");
    const struct cw_xml *status = cw_xml_child(got, CW_NS_SERVER, "status");

    check_value(id, wanted, "stanza", got->name);
    check_value(id, wanted, "type", cw_xml_attr(got, "type"));
    check_value(id, wanted, "from", cw_xml_attr(got, "from"));
    check_value(id, wanted, "to", cw_xml_attr(got, "to"));
    check_value(id, wanted, "show", show ? cw_xml_text(arena, show) : CW_STR_NONE);
    check_value(id, wanted, "status", status ? cw_xml_text(arena, status) : CW_STR_NONE);
    check_value(id, wanted, "xml_lang", cw_xml_lang(got));
}

static void translate_request(struct cw_arena *arena, const char *id, const json_t *row)
{
    const json_t *check = json_object_get(row, "check"), *one, *status;
    struct cw_sip_request request = request_of(vector_str(row, "input"));
    bool is_notify = cw_str_eq_cstr(request.method, "NOTIFY");
    struct cw_subscription s = given(row, is_notify ? CW_SUBSCRIPTION_X2S : CW_SUBSCRIPTION_S2X);
    const struct cw_presence_options options = {.with_notes = true};
    struct cw_presence_step step;
    size_t i;

    cw_subscription_on_request(arena, &s, &request, &options, &step);
    status = json_object_get(check, "sip_response");
    expect(id, "status",
           json_is_array(status) ? vector_has_int(status, step.response.status)
                                 : json_integer_value(status) == step.response.status);
    const json_t *headers = json_object_get(check, "response_headers");
    if (headers)
        expect_str(id, "Expires", step.response.expires, vector_str(headers, "Expires"));
    expect(id, "number of stanzas",
           step.n_stanzas == json_array_size(json_object_get(check, "stanzas")));
    json_array_foreach(json_object_get(check, "stanzas"), i, one)
        check_stanza(arena, id, one, step.stanzas[i]);
}

static void check_translation(struct cw_arena *arena, const char *id, const json_t *row)
{
    if (strcmp(id, "pres-d-multi") == 0)
        translate_two(arena, id, row);
    else if (cw_str_eq_cstr(vector_str(row, "direction"), "xmpp-to-sip"))
        translate_stanza(arena, id, row);
    else
        translate_request(arena, id, row);
}

/* The other kinds */

/* Example 10: the notifier sends the last NOTIFY, and we answer it. */
static void check_defect(struct cw_arena *arena, const char *id, const json_t *row)
{
    struct cw_sip_request request = request_of(vector_str(row, "input"));
    struct cw_subscription s = given(row, CW_SUBSCRIPTION_X2S);
    struct cw_presence_step step;

    s.state = CW_SUBSCRIPTION_ENDING;
    s.call_id = CW_S("c1");
    s.local_tag = CW_S("ours");
    s.remote_tag = CW_S("theirs");
    cw_subscription_on_request(arena, &s, &request, &(struct cw_presence_options){0}, &step);
    expect(id, "200 and nothing else",
           step.response.status == 200 && !step.has_request && step.n_stanzas == 0);
    assert_int_equal(step.next, CW_PRESENCE_FORGET);
}

static void check_number(struct cw_arena *arena, const char *id, const json_t *row)
{
    const json_t *xmpp = json_object_get(row, "xmpp_priority");
    struct cw_str pidf = vector_str(row, "pidf_priority");
    struct cw_pidf parsed;
    (void)arena;

    if (!json_is_integer(xmpp))
        return; /* the properties have a test of their own */
    int priority = (int)json_integer_value(xmpp);
    struct cw_str document = cw_arena_printf(
        arena,
        "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='pres:a@b.example'><tuple id='x'>"
        "<status/><contact priority='%.*s'>sip:a@b.example</contact></tuple></presence>",
        CW_ARG(pidf));
    assert_int_equal(cw_pidf_parse(arena, document, &parsed), CW_PIDF_OK);
    int thousandth = parsed.tuples[0].priority_thousandth;
    if (cw_str_eq_cstr(vector_str(row, "direction"), "sip-to-xmpp"))
        expect(id, "to XMPP", cw_pidf_priority_to_xmpp(thousandth) == priority);
    else
        expect(id, "to PIDF", cw_pidf_priority_of_xmpp(priority) == thousandth);
}

/* The rows that name a stanza: none of them is a notification. */
static void check_rule(struct cw_arena *arena, const char *id, const json_t *row)
{
    enum cw_subscription_direction direction;
    struct cw_presence_step step;

    if (strncmp(id, "pres-d-nonotify-", 16) != 0)
        return; /* test_subscription.c */
    struct cw_xml *stanza = read_stanza(arena, id, vector_str(row, "given"));
    struct cw_subscription s = given(row, CW_SUBSCRIPTION_S2X);
    assert_true(cw_subscription_of_stanza(stanza, &direction));
    if (direction == CW_SUBSCRIPTION_X2S)
        s = given(row, CW_SUBSCRIPTION_X2S);
    cw_subscription_on_stanza(arena, &s, stanza, &(struct cw_presence_options){0}, &step);
    expect(id, "no document", !step.has_request || step.request.body.n == 0);
}

static void vectors_pass(void **state)
{
    (void)state;
    struct vector_file file = vector_file_open("stox-presence.json");
    vector_each(&file, "translation", 27, check_translation);
    vector_each(&file, "spec-defect", 1, check_defect);
    vector_each(&file, "priority", 10, check_number);
    vector_each(&file, "rule", 19, check_rule);
    vector_file_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
