/* Messages: every row of stox-im.json, both directions, and what goes wrong on the way.
 *
 * Not seen here because other parts do it: Via, Max-Forwards and Content-Length of the request
 * (sip/build.h; its tests), the single 200 behind a fork and the 2xx that makes no stanza (a
 * transaction has one final answer, and only 300 and above reach xlate/errors.h), routing and loop
 * detection (the gateway). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "messages.h"
#include "vectors.h"
#include "xlate/errors.h"
#include "xmpp/ns.h"

static const struct cw_message_options plain_options = {.call_id_seed = CW_STR("s1/1")};

static struct cw_message_to_sip to_sip(struct cw_arena *arena, struct cw_str stanza)
{
    struct cw_message_to_sip out;
    cw_message_to_sip(arena, stanza_of(arena, stanza), &plain_options, &out);
    return out;
}

static struct cw_str child_text(struct cw_arena *arena, const struct cw_xml *stanza,
                                const char *name)
{
    struct cw_xml *child = cw_xml_child(stanza, CW_NS_SERVER, name);
    return child ? cw_xml_text(arena, child) : CW_STR_NONE;
}

/* The vectors' SIP texts: LF lines, an addr-spec with or without <>. */

static struct cw_str take_line(struct cw_str *rest)
{
    ptrdiff_t end = cw_str_index(*rest, '\n');
    size_t n = end < 0 ? rest->n : (size_t)end;
    struct cw_str line = cw_str_sub(*rest, 0, n);
    *rest = cw_str_sub(*rest, n + 1, rest->n);
    return line;
}

static struct cw_str header_of(struct cw_str text, const char *name)
{
    struct cw_str line;
    while ((line = take_line(&text)).n) {
        ptrdiff_t colon = cw_str_index(line, ':');
        if (colon > 0 && cw_str_eq_cstr(cw_str_sub(line, 0, (size_t)colon), name))
            return cw_str_trim(cw_str_sub(line, (size_t)colon + 1, line.n));
    }
    return CW_STR_NONE;
}

static struct cw_str uri_in(struct cw_str value)
{
    ptrdiff_t open = cw_str_index(value, '<'), close = cw_str_index(value, '>');
    if (open >= 0 && close > open)
        return cw_str_sub(value, (size_t)open + 1, (size_t)close);
    ptrdiff_t semicolon = cw_str_index(value, ';');
    return semicolon < 0 ? value : cw_str_sub(value, 0, (size_t)semicolon);
}

static struct cw_sip_request request_of(struct cw_str text)
{
    struct cw_str rest = text;
    struct cw_str start = take_line(&rest);
    ptrdiff_t first = cw_str_index(start, ' '), last = cw_str_rindex(start, ' ');
    ptrdiff_t end = cw_str_find(text, CW_S("\n\n"));
    return (struct cw_sip_request){
        .method = cw_str_sub(start, 0, (size_t)first),
        .request_uri = cw_str_sub(start, (size_t)first + 1, (size_t)last),
        .from_uri = uri_in(header_of(text, "From")),
        .to_uri = uri_in(header_of(text, "To")),
        .from_tag = CW_STR("vwxyz"),
        .call_id = header_of(text, "Call-ID"),
        .cseq = 1,
        .content_type = header_of(text, "Content-Type"),
        .content_language = header_of(text, "Content-Language"),
        .subject = header_of(text, "Subject"),
        .body = end < 0 ? CW_S("") : cw_str_sub(text, (size_t)end + 2, text.n),
    };
}

/* Vectors: translation */

static struct cw_str header_value(struct cw_arena *arena, const struct cw_sip_request *request,
                                  const char *name)
{
    if (strcmp(name, "Content-Length") == 0)
        return cw_arena_printf(arena, "%zu", request->body.n);
    if (strcmp(name, "CSeq") == 0)
        return cw_arena_printf(arena, "%u %.*s", (unsigned)request->cseq, CW_ARG(request->method));
    if (strcmp(name, "Content-Type") == 0)
        return request->content_type;
    if (strcmp(name, "Content-Language") == 0)
        return request->content_language;
    if (strcmp(name, "Subject") == 0)
        return request->subject;
    if (strcmp(name, "Call-ID") == 0)
        return request->call_id;
    return CW_STR_NONE; /* Via, Max-Forwards, Contact: not of this layer */
}

static void check_headers(struct cw_arena *arena, const char *id,
                          const struct cw_sip_request *request, const json_t *check)
{
    const char *name;
    json_t *value;
    size_t i;

    json_object_foreach(json_object_get(check, "headers"), name, value)
    {
        struct cw_str got = header_value(arena, request, name);
        const char *expected = json_string_value(value);
        if (strcmp(name, "Via") == 0 || strcmp(name, "Max-Forwards") == 0)
            continue;
        if (strcmp(expected, "* MESSAGE") == 0)
            expect(id, name, cw_str_ends(got, CW_S(" MESSAGE")));
        else if (strcmp(expected, "*") == 0)
            expect(id, name, got.n > 0);
        else
            expect_str(id, name, got, cw_str_of(expected));
    }
    json_array_foreach(json_object_get(check, "headers_absent"), i, value)
        expect(id, json_string_value(value),
               !cw_str_is_present(header_value(arena, request, json_string_value(value))));
}

static void check_x2s(struct cw_arena *arena, const char *id, const json_t *row)
{
    const json_t *check = json_object_get(row, "check");
    struct cw_message_to_sip out = to_sip(arena, vector_str(row, "input"));
    const struct {
        const char *key;
        struct cw_str got;
    } parts[] = {
        {"method", out.request.method}, {"request_uri", out.request.request_uri},
        {"to_uri", out.request.to_uri}, {"from_uri", out.request.from_uri},
        {"body", out.request.body},
    };

    expect(id, "is sent", out.outcome == CW_XLATE_SEND);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (json_object_get(check, parts[i].key))
            expect_str(id, parts[i].key, parts[i].got, vector_str(check, parts[i].key));
    check_headers(arena, id, &out.request, check);
}

static void check_s2x(struct cw_arena *arena, const char *id, const json_t *row)
{
    const json_t *check = json_object_get(row, "check");
    struct cw_sip_request request = request_of(vector_str(row, "input"));
    struct cw_message_to_xmpp out;
    /* "The gateway is taken to know the GRUU": this one knows what From says. */
    struct cw_str gruu = vector_str(json_object_get(row, "context"), "gruu_of_sender");
    if (gruu.n)
        request.from_uri =
            cw_arena_printf(arena, "%.*s;gr=%.*s", CW_ARG(request.from_uri), CW_ARG(gruu));

    cw_message_to_xmpp(arena, &request, &plain_options, &out);
    expect(id, "is sent", out.outcome == CW_XLATE_SEND);
    expect(id, "is a message", cw_xml_is(out.stanza, CW_NS_SERVER, "message"));
    expect(id, "has no type", !cw_str_is_present(cw_xml_attr(out.stanza, "type")));
    expect_str(id, "id", cw_xml_attr(out.stanza, "id"), out.id);
    const struct {
        const char *key;
        struct cw_str got;
    } parts[] = {
        {"from", cw_xml_attr(out.stanza, "from")},
        {"to", cw_xml_attr(out.stanza, "to")},
        {"xml_lang", cw_xml_lang(out.stanza)},
        {"subject", child_text(arena, out.stanza, "subject")},
        {"thread", child_text(arena, out.stanza, "thread")},
        {"body", child_text(arena, out.stanza, "body")},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (json_object_get(check, parts[i].key))
            expect_str(id, parts[i].key, parts[i].got, vector_str(check, parts[i].key));
}

static void check_translation(struct cw_arena *arena, const char *id, const json_t *row)
{
    if (cw_str_eq_cstr(vector_str(row, "direction"), "xmpp-to-sip"))
        check_x2s(arena, id, row);
    else
        check_s2x(arena, id, row);
}

/* Vectors: the tables, one row of them at a time */

static const char full_stanza[] =
    "<message from='juliet@example.com/b' to='romeo@example.net' id='i' type='chat' xml:lang='cs'>"
    "<subject>S</subject><body>B</body><thread>T</thread></message>";

static struct cw_str x2s_value(struct cw_arena *arena, const struct cw_message_to_sip *out,
                               struct cw_str name)
{
    if (cw_str_eq_cstr(name, "To or Request-URI"))
        return out->request.to_uri;
    if (cw_str_eq_cstr(name, "transaction identifier"))
        return out->branch;
    return header_value(arena, &out->request, cw_arena_dup(arena, name).p);
}

static void check_table_x2s(struct cw_arena *arena, const char *id, const json_t *row)
{
    static const struct {
        const char *xmpp, *expected; /* NULL: any value */
    } values[] = {{"subject", "S"},
                  {"thread", "T"},
                  {"id", NULL},
                  {"to", "sip:romeo@example.net"},
                  {"xml:lang", "cs"}};
    struct cw_message_to_sip out = to_sip(arena, cw_str_of(full_stanza));
    struct cw_str xmpp = vector_str(row, "xmpp"), sip = vector_str(row, "sip");

    expect(id, "is sent", out.outcome == CW_XLATE_SEND);
    if (cw_str_eq_cstr(sip, "(no mapping)"))
        return; /* type: chat came along and left no trace in the values */
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (!cw_str_eq_cstr(xmpp, values[i].xmpp))
            continue;
        struct cw_str got = x2s_value(arena, &out, sip);
        if (values[i].expected)
            expect_str(id, values[i].xmpp, got, cw_str_of(values[i].expected));
        expect(id, values[i].xmpp, got.n > 0);
        return;
    }
    fail_msg("%s: nobody checks %.*s", id, CW_ARG(xmpp));
}

static const struct cw_sip_request full_request = {
    .method = CW_STR("MESSAGE"),
    .request_uri = CW_STR("sip:juliet@example.com"),
    .to_uri = CW_STR("sip:juliet@example.com"),
    .from_uri = CW_STR("sip:romeo@example.net"),
    .from_tag = CW_STR("t"),
    .call_id = CW_STR("C@h"),
    .cseq = 7,
    .content_type = CW_STR("text/plain"),
    .content_language = CW_STR("cs"),
    .subject = CW_STR("S"),
    .body = CW_STR("B"),
};

static void check_table_s2x(struct cw_arena *arena, const char *id, const json_t *row)
{
    struct cw_message_to_xmpp out;
    struct cw_str xmpp = vector_str(row, "xmpp");

    cw_message_to_xmpp(arena, &full_request, &plain_options, &out);
    expect(id, "is sent", out.outcome == CW_XLATE_SEND);
    if (cw_str_eq_cstr(xmpp, "(no mapping)"))
        return;
    struct cw_str got = cw_str_eq_cstr(xmpp, "xml:lang") ? cw_xml_lang(out.stanza)
                        : cw_str_eq_cstr(xmpp, "from")
                            ? cw_xml_attr(out.stanza, "from")
                            : child_text(arena, out.stanza, cw_arena_dup(arena, xmpp).p);
    struct cw_str expected = cw_str_eq_cstr(xmpp, "thread")     ? CW_S("C@h")
                             : cw_str_eq_cstr(xmpp, "xml:lang") ? CW_S("cs")
                             : cw_str_eq_cstr(xmpp, "from")     ? CW_S("romeo@example.net")
                             : cw_str_eq_cstr(xmpp, "subject")  ? CW_S("S")
                                                                : CW_S("B");
    expect_str(id, "value", got, expected);
}

static void check_table(struct cw_arena *arena, const char *id, const json_t *row)
{
    if (cw_str_eq_cstr(vector_str(row, "direction"), "xmpp-to-sip"))
        check_table_x2s(arena, id, row);
    else
        check_table_s2x(arena, id, row);
}

/* Vectors: rules and errors */

static void check_rule(struct cw_arena *arena, const char *id, const json_t *row)
{
    struct cw_sip_request request = full_request;
    struct cw_message_to_xmpp out;

    (void)row;
    if (strcmp(id, "im-rule-othertype") == 0)
        request.content_type = CW_S("image/png");
    if (strcmp(id, "im-rule-sips") == 0)
        request.request_uri = CW_S("sips:juliet@example.com");
    cw_message_to_xmpp(arena, &request, &plain_options, &out);
    if (strcmp(id, "im-rule-type") == 0) {
        expect(id, "no type", !cw_str_is_present(cw_xml_attr(out.stanza, "type")));
    } else if (strcmp(id, "im-rule-textplain") == 0) {
        expect_str(id, "body", child_text(arena, out.stanza, "body"), CW_S("B"));
    } else if (strcmp(id, "im-rule-othertype") == 0) {
        expect(id, "415", out.outcome == CW_XLATE_REFUSED && out.response.status == 415);
        expect(id, "Accept", cw_str_starts(out.response.accept, CW_S("text/plain")));
    } else if (strcmp(id, "im-rule-sips") == 0) {
        expect(id, "refused", out.outcome == CW_XLATE_REFUSED && !out.stanza);
    } else if (strcmp(id, "im-rule-lang") == 0) {
        expect_str(id, "language", cw_xml_lang(out.stanza), CW_S("cs"));
    } else {
        expect_str(id, "rule", cw_str_of(id), CW_S("im-rule-fork")); /* the transaction's */
    }
}

/* stox-core.json: which server is asked first is decided by who hands over to a gateway, and loops
 * are ended by Max-Forwards and the gateway's peers; the rest is here. */
static void check_core_rule(struct cw_arena *arena, const char *id, const json_t *row)
{
    static const char *const elsewhere[] = {"rule-route-xmpp-first", "rule-route-sip-first",
                                            "rule-loop"};
    struct cw_sip_request request = full_request;
    struct cw_message_to_xmpp out;

    (void)row;
    if (strcmp(id, "rule-sips-not-translated") == 0) {
        request.to_uri = CW_S("sips:juliet@example.com");
        cw_message_to_xmpp(arena, &request, &plain_options, &out);
        expect(id, "no stanza is made", out.outcome == CW_XLATE_REFUSED && !out.stanza);
    } else if (strcmp(id, "rule-reason-text") == 0) {
        const struct cw_error_origin origin = {.from = CW_STR("a@example.com"),
                                               .to = CW_STR("b@example.net")};
        const struct cw_sip_response response = {.status = 480,
                                                 .reason_phrase = CW_STR("Gone to Mantua")};
        struct cw_sip_response back;
        struct cw_xml *error = cw_error_stanza(arena, &origin, &response);
        cw_error_response(arena, error, &back);
        expect_str(id, "reason", back.reason_phrase, response.reason_phrase);
    } else {
        bool known = false;
        for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
            known = known || strcmp(id, elsewhere[i]) == 0;
        expect(id, "is known", known);
    }
}

static void check_error_return(struct cw_arena *arena, const char *id, const json_t *row)
{
    const json_t *given = json_object_get(row, "given"), *check = json_object_get(row, "check");
    struct cw_xml *stanza = stanza_of(arena, vector_str(given, "stanza"));
    struct cw_stanza_error_info info;

    if (strcmp(id, "im-err-noloop") == 0) {
        struct cw_message_to_sip out;
        cw_message_to_sip(arena, stanza, &plain_options, &out);
        expect(id, "nothing goes out", out.outcome == CW_XLATE_NOTHING && !out.reply);
        return;
    }
    const struct cw_error_origin origin = {.id = cw_xml_attr(stanza, "id"),
                                           .from = cw_xml_attr(stanza, "from"),
                                           .to = cw_xml_attr(stanza, "to")};
    const struct cw_sip_response response = {
        .status = (int)json_integer_value(json_object_get(given, "sip_final_response"))};
    struct cw_xml *error = cw_error_stanza(arena, &origin, &response);
    expect(id, "is read", cw_stanza_error_read(arena, error, &info));
    expect_str(id, "condition", cw_str_of(cw_stanza_error_name(info.condition)),
               vector_str(check, "condition"));
    static const char *const keys[] = {"type", "id", "from", "to"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        expect_str(id, keys[i], cw_xml_attr(error, keys[i]), vector_str(check, keys[i]));
}

static void check_response(struct cw_arena *arena, const char *id, const json_t *row)
{
    (void)arena; /* a 200 is not for xlate: cw_error_stanza begins at 300 */
    expect(id, "is a 200", cw_str_starts(vector_str(row, "input"), CW_S("SIP/2.0 200 ")));
}

static void vectors_pass(void **state)
{
    (void)state;
    struct vector_file file = vector_file_open("stox-im.json");
    vector_each(&file, "translation", 17, check_translation);
    vector_each(&file, "mapping-table", 12, check_table);
    vector_each(&file, "rule", 6, check_rule);
    vector_each(&file, "error-return", 5, check_error_return);
    vector_each(&file, "response", 1, check_response);
    vector_file_close(&file);
    file = vector_file_open("stox-core.json");
    vector_each(&file, "rule", 5, check_core_rule);
    vector_file_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors_pass)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
