/* States across the border: every show out and back, every activity in, several resources, notes
 * and their languages, and a table of one's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"
#include "xlate/presence.h"
#include "xmpp/ns.h"

static const struct cw_jid juliet = {.local = CW_STR("juliet"), .domain = CW_STR("example.com")};

static size_t there_and_back(struct cw_arena *arena, const struct cw_presence *list, size_t n,
                             struct cw_pidf *pidf, struct cw_presence **out)
{
    struct cw_str document = cw_presence_document(arena, NULL, &juliet, list, n);
    assert_int_equal(cw_pidf_parse(arena, document, pidf), CW_PIDF_OK);
    return cw_presence_of_document(arena, NULL, pidf, true, CW_STR_NONE, out);
}

static void each_state_goes_out_and_comes_back(void **state)
{
    static const char *const activities[CW_SHOW_COUNT] = {
        [CW_SHOW_AWAY] = "away", [CW_SHOW_XA] = "away", [CW_SHOW_DND] = "busy"};
    (void)state;
    for (int show = CW_SHOW_NONE; show < CW_SHOW_COUNT; show++) {
        const struct cw_presence one = {.resource = CW_STR("r"),
                                        .is_available = true,
                                        .show = (enum cw_show)show,
                                        .has_priority = true,
                                        .priority = 5};
        struct cw_arena arena = {0};
        struct cw_presence *back;
        struct cw_pidf pidf;
        assert_int_equal(there_and_back(&arena, &one, 1, &pidf, &back), 1);
        const char *name = show ? cw_show_name((enum cw_show)show) : "available";
        expect(name, "is available", back[0].is_available);
        expect(name, "comes back", back[0].show == one.show);
        expect(name, "with its priority", back[0].has_priority && back[0].priority == 5);
        expect_str(name, "resource", back[0].resource, CW_S("r"));
        expect_str(name, "activity", pidf.person.activities[0], cw_str_of(activities[show]));
        cw_arena_free(&arena);
    }
}

static void unavailable_goes_out_and_comes_back(void **state)
{
    const struct cw_presence one = {.resource = CW_STR("r")};
    struct cw_arena arena = {0};
    struct cw_presence *back;
    struct cw_pidf pidf;
    (void)state;
    assert_int_equal(there_and_back(&arena, &one, 1, &pidf, &back), 1);
    assert_false(back[0].is_available);
    assert_int_equal(pidf.tuples[0].basic, CW_PIDF_CLOSED);
    assert_int_equal(pidf.person.n_activities, 0);
    cw_arena_free(&arena);
}

static enum cw_show show_of(const struct cw_state_map *map, const char *first, const char *second)
{
    struct cw_arena arena = {0};
    struct cw_pidf_tuple tuple = {.id = CW_STR("ID-r"), .basic = CW_PIDF_OPEN};
    struct cw_pidf pidf = {.tuples = &tuple, .n_tuples = 1};
    struct cw_presence *out;

    pidf.person.activities[pidf.person.n_activities++] = cw_str_of(first);
    if (second)
        pidf.person.activities[pidf.person.n_activities++] = cw_str_of(second);
    assert_int_equal(cw_presence_of_document(&arena, map, &pidf, true, CW_STR_NONE, &out), 1);
    enum cw_show show = out[0].show;
    cw_arena_free(&arena);
    return show;
}

static void activities_are_states(void **state)
{
    static const struct {
        const char *first, *second;
        enum cw_show show;
    } rows[] = {
        {"away", NULL, CW_SHOW_AWAY},
        {"be-right-back", NULL, CW_SHOW_AWAY},
        {"permanent-absence", NULL, CW_SHOW_XA},
        {"vacation", NULL, CW_SHOW_XA},
        {"busy", NULL, CW_SHOW_DND},
        {"do-not-disturb", NULL, CW_SHOW_DND},
        {"on-the-phone", NULL, CW_SHOW_DND},
        {"On-The-Phone", NULL, CW_SHOW_DND},
        {"meeting", "away", CW_SHOW_DND},
        {"away", "meeting", CW_SHOW_DND},
        {"unknown", NULL, CW_SHOW_NONE},
        {"juggling", NULL, CW_SHOW_NONE},
        {"juggling", "away", CW_SHOW_AWAY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(rows[i].first, "has its state",
               show_of(NULL, rows[i].first, rows[i].second) == rows[i].show);
    const struct cw_state_map *map = &cw_state_map_default;
    for (size_t i = 0; i < map->n_activities; i++)
        expect(map->activities[i].activity, "is what its row says",
               show_of(NULL, map->activities[i].activity, NULL) == map->activities[i].show);
}

static void the_table_can_be_another(void **state)
{
    static const struct cw_activity_row rows[] = {{"juggling", CW_SHOW_DND}};
    const struct cw_state_map map = {
        .activities = rows, .n_activities = 1, .of_show = {[CW_SHOW_XA] = "sleeping"}};
    const struct cw_presence one = {.is_available = true, .show = CW_SHOW_XA};
    struct cw_arena arena = {0};
    struct cw_pidf pidf;
    (void)state;
    assert_int_equal(show_of(&map, "juggling", NULL), CW_SHOW_DND);
    assert_int_equal(show_of(&map, "busy", NULL), CW_SHOW_NONE);
    struct cw_str document = cw_presence_document(&arena, &map, &juliet, &one, 1);
    assert_int_equal(cw_pidf_parse(&arena, document, &pidf), CW_PIDF_OK);
    expect_str("own table", "activity", pidf.person.activities[0], CW_S("sleeping"));
    cw_arena_free(&arena);
}

/* Two devices: one document, the person as available as the better one. */
static void resources_are_tuples_of_one_document(void **state)
{
    const struct cw_presence list[] = {
        {.resource = CW_STR("phone"), .is_available = true, .show = CW_SHOW_DND},
        {.resource = CW_STR("desk"), .is_available = true, .show = CW_SHOW_AWAY},
        {.resource = CW_STR("old")},
    };
    struct cw_arena arena = {0};
    struct cw_presence *back;
    struct cw_pidf pidf;
    (void)state;
    assert_int_equal(there_and_back(&arena, list, 3, &pidf, &back), 3);
    expect_str("devices", "entity", pidf.entity, CW_S("pres:juliet@example.com"));
    expect_str("devices", "activity", pidf.person.activities[0], CW_S("busy"));
    for (size_t i = 0; i < 3; i++) {
        expect_str("devices", "resource", back[i].resource, list[i].resource);
        assert_int_equal(back[i].show, list[i].show);
        assert_int_equal(back[i].is_available, list[i].is_available);
    }
    cw_arena_free(&arena);
}

static struct cw_xml *stanza_of(struct cw_arena *arena, const struct cw_pidf *pidf, bool with_notes,
                                struct cw_str lang)
{
    struct cw_presence *list;
    assert_int_equal(cw_presence_of_document(arena, NULL, pidf, with_notes, lang, &list), 1);
    return cw_presence_stanza(arena, &juliet, CW_S("romeo@example.net"), &list[0]);
}

static void notes_follow_the_partner_and_their_language(void **state)
{
    struct cw_pidf_tuple tuple = {
        .id = CW_STR("ID-r"),
        .basic = CW_PIDF_OPEN,
        .priority_thousandth = -1,
        .words = {.notes = {{CW_STR("here"), CW_STR_NONE},
                            {CW_STR("hier"), CW_STR("de")},
                            {CW_STR("da"), CW_STR("DE")}},
                  .n_notes = 3},
    };
    struct cw_pidf pidf = {.tuples = &tuple, .n_tuples = 1};
    struct cw_arena arena = {0};
    (void)state;
    struct cw_xml *stanza = stanza_of(&arena, &pidf, true, CW_S("en"));
    const struct cw_xml *first = stanza->first, *second = first->next;
    expect_str("notes", "stanza's language", cw_xml_lang(stanza), CW_S("en"));
    expect_str("notes", "first", cw_xml_text(&arena, first), CW_S("here"));
    expect_str("notes", "second's language", cw_xml_lang(second), CW_S("de"));
    assert_null(second->next); /* one for each language */
    assert_null(stanza_of(&arena, &pidf, false, CW_S("en"))->first);
    tuple.words.n_notes = 0;
    pidf.person.notes[pidf.person.n_notes++] = (struct cw_pidf_note){.text = CW_STR("out")};
    stanza = stanza_of(&arena, &pidf, true, CW_STR_NONE);
    expect_str("notes", "the person's", cw_xml_text(&arena, stanza->first), CW_S("out"));
    assert_null(stanza_of(&arena, &pidf, false, CW_STR_NONE)->first);
    cw_arena_free(&arena);
}

static void stanzas_are_read(void **state)
{
    static const struct {
        const char *name, *type, *show, *priority;
        bool is_read, is_available, has_priority;
        int number;
        enum cw_show is_shown;
    } rows[] = {
        {"available", NULL, NULL, NULL, true, true, false, 0, CW_SHOW_NONE},
        {"away", NULL, " away ", "-128", true, true, true, -128, CW_SHOW_AWAY},
        {"plus", NULL, NULL, "+7", true, true, true, 7, CW_SHOW_NONE},
        {"show that is none", NULL, "on-the-phone", "127", true, true, true, 127, CW_SHOW_NONE},
        {"priority too high", NULL, "xa", "128", true, true, false, 0, CW_SHOW_XA},
        {"priority too low", NULL, NULL, "-129", true, true, false, 0, CW_SHOW_NONE},
        {"priority that is none", NULL, "dnd", "1e1", true, true, false, 0, CW_SHOW_DND},
        {"unavailable", "unavailable", "dnd", "1", true, false, false, 0, CW_SHOW_NONE},
        {"empty type", "", NULL, NULL, false, false, false, 0, CW_SHOW_NONE},
        {"subscribe", "subscribe", NULL, NULL, false, false, false, 0, CW_SHOW_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_presence out;
        struct cw_xml *stanza = cw_presence_typed(&arena, CW_S("juliet@example.com/r"),
                                                  CW_S("romeo@example.net"), rows[i].type);
        if (rows[i].show)
            cw_xml_add_text(&arena, cw_xml_add(&arena, stanza, CW_NS_SERVER, "show"),
                            cw_str_of(rows[i].show));
        if (rows[i].priority)
            cw_xml_add_text(&arena, cw_xml_add(&arena, stanza, CW_NS_SERVER, "priority"),
                            cw_str_of(rows[i].priority));
        expect(rows[i].name, "is read", cw_presence_read(&arena, stanza, &out) == rows[i].is_read);
        if (rows[i].is_read) {
            expect(rows[i].name, "availability", out.is_available == rows[i].is_available);
            expect(rows[i].name, "show", out.show == rows[i].is_shown);
            expect(rows[i].name, "has a priority", out.has_priority == rows[i].has_priority);
            expect(rows[i].name, "priority", out.priority == rows[i].number);
        }
        cw_arena_free(&arena);
    }
}

/* Ids that others make up become resources that XMPP can hold, one each. */
static void ids_of_others_become_resources(void **state)
{
    struct cw_pidf_tuple tuples[] = {
        {.id = CW_STR("sg89ae"), .basic = CW_PIDF_OPEN},
        {.id = CW_STR("ID-_0A"), .basic = CW_PIDF_OPEN}, /* a line feed: no resource */
        {.id = CW_STR("sg89ae"), .basic = CW_PIDF_CLOSED},
        {.id = CW_STR("ID-"), .basic = CW_PIDF_OPEN},
    };
    const struct cw_pidf pidf = {.tuples = tuples, .n_tuples = 4};
    struct cw_arena arena = {0};
    struct cw_presence *list;
    (void)state;
    assert_int_equal(cw_presence_of_document(&arena, NULL, &pidf, true, CW_STR_NONE, &list), 3);
    expect_str("ids", "as it stands", list[0].resource, CW_S("sg89ae"));
    assert_true(list[0].is_available);
    assert_int_equal(list[1].resource.n, 32);
    assert_false(cw_str_is_present(list[2].resource));
    cw_arena_free(&arena);
}

/* A SIP server that reads a request which is too long for it ends the connection, and with it all
 * that is under way there. */
static void no_document_is_too_long(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t n, n_resource, n_note, least;
    } rows[] = {
        {"long notes", 4, 10, 4000, 4},
        {"many long resources", CW_PIDF_MAX_TUPLES, 1000, 0, 1},
        {"all of it", CW_PIDF_MAX_TUPLES, 1000, 4000, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        const struct cw_jid user = {.local = CW_STR("juliet"), .domain = CW_STR("friend.example")};
        struct cw_presence list[CW_PIDF_MAX_TUPLES] = {0};
        struct cw_pidf pidf;
        for (size_t k = 0; k < rows[i].n; k++) {
            char *name = cw_arena_alloc(&arena, rows[i].n_resource);
            char *note = cw_arena_alloc(&arena, rows[i].n_note + 1);
            memset(name, '_', rows[i].n_resource);
            memset(note, '&', rows[i].n_note);
            name[0] = (char)('0' + k);
            list[k] = (struct cw_presence){.resource = {name, rows[i].n_resource},
                                           .is_available = true,
                                           .has_priority = true,
                                           .n_notes = rows[i].n_note > 0};
            list[k].notes[0].text = (struct cw_str){note, rows[i].n_note};
        }
        struct cw_str text = cw_presence_document(&arena, NULL, &user, list, rows[i].n);
        if (text.n > CW_PRESENCE_MAX_BYTES || cw_pidf_parse(&arena, text, &pidf) != CW_PIDF_OK ||
            pidf.n_tuples < rows[i].least)
            fail_msg("%s: %zu bytes", rows[i].name, text.n);
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_goes_out_and_comes_back),
        cmocka_unit_test(unavailable_goes_out_and_comes_back),
        cmocka_unit_test(activities_are_states),
        cmocka_unit_test(the_table_can_be_another),
        cmocka_unit_test(resources_are_tuples_of_one_document),
        cmocka_unit_test(notes_follow_the_partner_and_their_language),
        cmocka_unit_test(stanzas_are_read),
        cmocka_unit_test(ids_of_others_become_resources),
        cmocka_unit_test(no_document_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
