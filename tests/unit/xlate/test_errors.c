/* Errors: every error row of stox-core.json, every status of every class, and the answers built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"
#include "xlate/errors.h"
#include "xmpp/ns.h"

/* Vectors */

static void check_to_sip(struct cw_arena *arena, const char *id, const json_t *row)
{
    struct cw_error_facts facts = {
        .is_full = cw_str_eq_cstr(vector_str(row, "error_from"), "full-jid"),
        .address = vector_str(row, "cdata"),
    };
    (void)arena;
    expect(id, "condition is known",
           cw_stanza_error_of(vector_str(row, "condition"), &facts.condition));
    int status = cw_error_to_status(&facts);
    if (!vector_has_int(json_object_get(row, "expected_codes"), status))
        fail_msg("%s: %d", id, status);
}

static void check_to_xmpp(struct cw_arena *arena, const char *id, const json_t *row)
{
    int status = (int)json_integer_value(json_object_get(row, "code"));
    enum cw_stanza_error condition = cw_error_of_status(status);
    (void)arena;
    expect_str(id, "condition", cw_str_of(cw_stanza_error_name(condition)),
               vector_str(row, "expected_condition"));
    expect(id, "error type",
           vector_has(json_object_get(row, "expected_error_types"),
                      cw_str_of(cw_stanza_error_type(condition))));
}

static void check_type(struct cw_arena *arena, const char *id, const json_t *row)
{
    enum cw_stanza_error condition;
    const json_t *types = json_object_get(row, "types");
    (void)arena;
    expect(id, "condition is known", cw_stanza_error_of(vector_str(row, "condition"), &condition));
    expect(id, "error type",
           vector_has(types, CW_S("any")) ||
               vector_has(types, cw_str_of(cw_stanza_error_type(condition))));
}

static void vectors_pass(void **state)
{
    (void)state;
    struct vector_file file = vector_file_open("stox-core.json");
    vector_each(&file, "xmpp-error-to-sip", 22, check_to_sip);
    vector_each(&file, "sip-error-to-xmpp", 44, check_to_xmpp);
    vector_each(&file, "error-type", 17, check_type);
    vector_file_close(&file);
}

/* RFC 7247 table 2 with its notes, whole. */
static void table_2_holds(void **state)
{
    static const struct {
        const char *name;
        struct cw_error_facts facts;
        int status;
    } rows[] = {
        {"conflict", {.condition = CW_STANZA_CONFLICT}, 400},
        {"feature full", {.condition = CW_STANZA_FEATURE_NOT_IMPLEMENTED, .is_full = true}, 405},
        {"feature bare", {.condition = CW_STANZA_FEATURE_NOT_IMPLEMENTED}, 501},
        {"gone with address", {.condition = CW_STANZA_GONE, .address = CW_STR("xmpp:a@b")}, 301},
        {"gone", {.condition = CW_STANZA_GONE}, 410},
        {"redirect", {.condition = CW_STANZA_REDIRECT, .address = CW_STR("xmpp:a@b")}, 302},
        {"no server",
         {.condition = CW_STANZA_REMOTE_SERVER_NOT_FOUND, .no_such_server = true},
         404},
        {"service full", {.condition = CW_STANZA_SERVICE_UNAVAILABLE, .is_full = true}, 403},
        {"service bare", {.condition = CW_STANZA_SERVICE_UNAVAILABLE}, 403},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (cw_error_to_status(&rows[i].facts) != rows[i].status)
            fail_msg("%s: %d", rows[i].name, cw_error_to_status(&rows[i].facts));
    for (int c = CW_STANZA_BAD_REQUEST; c <= CW_STANZA_REMOTE_CONNECTION_FAILED; c++) {
        struct cw_error_facts facts = {.condition = (enum cw_stanza_error)c};
        int bare = cw_error_to_status(&facts);
        facts.is_full = true;
        int full = cw_error_to_status(&facts);
        expect(cw_stanza_error_name(facts.condition), "is a final refusal",
               bare >= 300 && bare <= 699 && full >= 300 && full < 600);
        expect(cw_stanza_error_name(facts.condition), "never 503", bare != 503 && full != 503);
    }
}

/* RFC 7247 table 3: the rows that the vectors leave out. */
static void table_3_holds(void **state)
{
    static const struct {
        int status;
        enum cw_stanza_error condition;
    } rows[] = {
        {301, CW_STANZA_GONE},
        {302, CW_STANZA_REDIRECT},
        {402, CW_STANZA_BAD_REQUEST},
        {403, CW_STANZA_FORBIDDEN},
        {404, CW_STANZA_ITEM_NOT_FOUND},
        {405, CW_STANZA_FEATURE_NOT_IMPLEMENTED},
        {410, CW_STANZA_GONE},
        {420, CW_STANZA_FEATURE_NOT_IMPLEMENTED},
        {440, CW_STANZA_POLICY_VIOLATION},
        {484, CW_STANZA_ITEM_NOT_FOUND},
        {486, CW_STANZA_RECIPIENT_UNAVAILABLE},
        {504, CW_STANZA_REMOTE_SERVER_TIMEOUT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(cw_sip_reason(rows[i].status), "condition",
               cw_error_of_status(rows[i].status) == rows[i].condition);
}

static struct cw_error_origin origin = {.id = CW_STR("m1"),
                                        .from = CW_STR("juliet@example.com/balcony"),
                                        .to = CW_STR("romeo@example.net")};

/* M25: each code gives one bounce with the original id. */
static void every_status_gives_one_stanza(void **state)
{
    (void)state;
    for (int status = 300; status <= 699; status++) {
        struct cw_arena arena = {0};
        struct cw_stanza_error_info info;
        struct cw_sip_response response = {.status = status, .reason_phrase = CW_STR("No\r\nWay")};
        struct cw_xml *stanza = cw_error_stanza(&arena, &origin, &response);
        const char *name = cw_sip_reason(status);
        expect(name, "is a message", cw_xml_is(stanza, CW_NS_SERVER, "message"));
        expect_str(name, "type", cw_xml_attr(stanza, "type"), CW_S("error"));
        expect_str(name, "id", cw_xml_attr(stanza, "id"), CW_S("m1"));
        expect_str(name, "to", cw_xml_attr(stanza, "to"), origin.from);
        expect_str(name, "from", cw_xml_attr(stanza, "from"), origin.to);
        expect(name, "has a condition", cw_stanza_error_read(&arena, stanza, &info));
        expect(name, "has the condition", info.condition == cw_error_of_status(status));
        expect_str(name, "text", info.text, CW_S("No Way"));
        cw_arena_free(&arena);
    }
}

static void contact_becomes_an_address(void **state)
{
    static const struct {
        const char *name;
        int status;
        struct cw_str contact, address;
    } rows[] = {
        {"301", 301, CW_STR("sip:new@example.net"), CW_STR("xmpp:new@example.net")},
        {"302", 302, CW_STR("sip:o'm@example.net;gr=d"), CW_STR("xmpp:o%5C27m@example.net/d")},
        {"399", 399, CW_STR("sip:new@example.net"), CW_STR("xmpp:new@example.net")},
        {"410 has none", 410, CW_STR("sip:new@example.net"), CW_STR("")},
        {"380 has none", 380, CW_STR("sip:new@example.net"), CW_STR("")},
        {"302 to a phone", 302, CW_STR("tel:+1555"), CW_STR("")},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_stanza_error_info info;
        struct cw_sip_response response = {.status = rows[i].status, .contact = rows[i].contact};
        struct cw_xml *stanza = cw_error_stanza(&arena, &origin, &response);
        expect(rows[i].name, "is read", cw_stanza_error_read(&arena, stanza, &info));
        struct cw_str address = info.address.n ? info.address : CW_S("");
        expect_str(rows[i].name, "address", address, rows[i].address);
        cw_arena_free(&arena);
    }
}

static struct cw_xml *error_from(struct cw_arena *arena, const char *from, const char *condition,
                                 const char *address)
{
    struct cw_xml *stanza = cw_xml_new(arena, CW_NS_SERVER, "message");
    cw_xml_set(arena, stanza, "type", CW_S("error"));
    cw_xml_set(arena, stanza, "from", cw_str_of(from));
    cw_xml_set(arena, stanza, "to", CW_S("romeo@example.net"));
    struct cw_xml *error = cw_xml_add(arena, stanza, CW_NS_SERVER, "error");
    cw_xml_set(arena, error, "type", CW_S("cancel"));
    struct cw_xml *element = cw_xml_add(arena, error, CW_NS_STANZA_ERRORS, condition);
    if (address)
        cw_xml_add_text(arena, element, cw_str_of(address));
    cw_xml_add_text(arena, cw_xml_add(arena, error, CW_NS_STANZA_ERRORS, "text"),
                    CW_S("why\r\nRoute: <sip:evil>"));
    return stanza;
}

static void error_stanza_becomes_an_answer(void **state)
{
    static const struct {
        const char *name, *from, *condition, *address;
        int status;
        const char *contact;
    } rows[] = {
        {"full", "a@example.com/x", "item-not-found", NULL, 404, NULL},
        {"bare", "a@example.com", "item-not-found", NULL, 604, NULL},
        {"gone", "a@example.com", "gone", NULL, 410, NULL},
        {"gone to", "a@example.com", "gone", "xmpp:b@example.com", 301, "sip:b@example.com"},
        {"gone to nowhere", "a@example.com", "gone", "http://example.com/", 410, NULL},
        {"redirect", "a@example.com", "redirect", "xmpp:b@example.com/r", 302,
         "sip:b@example.com;gr=r"},
        {"unknown condition", "a@example.com", "flux-exhausted", NULL, 400, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        struct cw_sip_response response;
        cw_error_response(&arena,
                          error_from(&arena, rows[i].from, rows[i].condition, rows[i].address),
                          &response);
        if (response.status != rows[i].status)
            fail_msg("%s: %d", rows[i].name, response.status);
        expect_str(rows[i].name, "Contact", response.contact, cw_str_of(rows[i].contact));
        expect_str(rows[i].name, "reason", response.reason_phrase, CW_S("why Route: <sip:evil>"));
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_pass),
        cmocka_unit_test(table_2_holds),
        cmocka_unit_test(table_3_holds),
        cmocka_unit_test(every_status_gives_one_stanza),
        cmocka_unit_test(contact_becomes_an_address),
        cmocka_unit_test(error_stanza_becomes_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
