/* Presence documents: what is read out of those that servers and phones write, what is passed over,
 * what is refused, and that writing and reading are the same values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "vectors.h"
#include "xlate/pidf.h"

#define PIDF "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='pres:a@b.example'>"
#define OPEN "<tuple id='t'><status><basic>open</basic>"

static const struct row {
    const char *name, *document;
    enum cw_pidf_basic basic;
    const char *show, *activity, *note; /* of the first tuple, else of the person */
    int priority;
} rows[] = {
    {"plain", PIDF OPEN "</status></tuple></presence>", CW_PIDF_OPEN, NULL, NULL, NULL, -1},
    {"closed", PIDF "<tuple id='t'><status><basic>closed</basic></status></tuple></presence>",
     CW_PIDF_CLOSED, NULL, NULL, NULL, -1},
    {"spaces",
     "\r\n<?xml version='1.0'?>\n" PIDF
     "\n <tuple id='t'>\n<status><basic> open\n</basic></status></tuple></presence>\n\n",
     CW_PIDF_OPEN, NULL, NULL, NULL, -1},
    {"prefixed",
     "<p:presence xmlns:p='urn:ietf:params:xml:ns:pidf' entity='e'><p:tuple id='t'><p:status>"
     "<p:basic>open</p:basic></p:status></p:tuple></p:presence>",
     CW_PIDF_OPEN, NULL, NULL, NULL, -1},
    {"show", PIDF OPEN "<show xmlns='jabber:client'>dnd</show></status></tuple></presence>",
     CW_PIDF_OPEN, "dnd", NULL, NULL, -1},
    {"no basic", PIDF "<tuple id='t'><status/></tuple></presence>", CW_PIDF_UNSAID, NULL, NULL,
     NULL, -1},
    {"no status", PIDF "<tuple id='t'/></presence>", CW_PIDF_UNSAID, NULL, NULL, NULL, -1},
    {"basic that is none",
     PIDF "<tuple id='t'><status><basic>OPEN!</basic></status></tuple></presence>", CW_PIDF_UNSAID,
     NULL, NULL, NULL, -1},
    {"two basics", PIDF OPEN "<basic>closed</basic></status></tuple></presence>", CW_PIDF_UNSAID,
     NULL, NULL, NULL, -1},
    {"basic of another namespace",
     PIDF "<tuple id='t'><status><basic xmlns='x:y'>open</basic></status></tuple></presence>",
     CW_PIDF_UNSAID, NULL, NULL, NULL, -1},
    {"priority",
     PIDF OPEN "</status><contact priority='0.5'>sip:a@b.example</contact></tuple></presence>",
     CW_PIDF_OPEN, NULL, NULL, NULL, 500},
    {"priority that is none",
     PIDF OPEN "</status><contact priority='9e99'>sip:a@b.example</contact></tuple></presence>",
     CW_PIDF_OPEN, NULL, NULL, NULL, -1},
    {"priority over one",
     PIDF OPEN "</status><contact priority='1.001'>sip:a@b.example</contact></tuple></presence>",
     CW_PIDF_OPEN, NULL, NULL, NULL, -1},
    {"priority below zero",
     PIDF OPEN "</status><contact priority='-1'>sip:a@b.example</contact></tuple></presence>",
     CW_PIDF_OPEN, NULL, NULL, NULL, -1},
    {"note", PIDF OPEN "</status><note xml:lang='en'> here </note></tuple></presence>",
     CW_PIDF_OPEN, NULL, NULL, "here", -1},
    {"note of the document", PIDF OPEN "</status></tuple><note>all</note></presence>", CW_PIDF_OPEN,
     NULL, NULL, "all", -1},
    {"person",
     PIDF OPEN "</status></tuple>"
               "<dm:person xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model' id='p'>"
               "<r:activities xmlns:r='urn:ietf:params:xml:ns:pidf:rpid'><r:note>x</r:note>"
               "<r:on-the-phone/></r:activities><dm:note>calling</dm:note></dm:person></presence>",
     CW_PIDF_OPEN, NULL, "on-the-phone", "calling", -1},
    {"activities of the draft",
     PIDF OPEN "<es:activities xmlns:es='urn:ietf:params:xml:ns:pidf:status:rpid-status'>"
               "<es:activity>busy</es:activity></es:activities></status></tuple></presence>",
     CW_PIDF_OPEN, NULL, "busy", NULL, -1},
    {"another's word",
     PIDF OPEN "</status><r:activities xmlns:r='urn:ietf:params:xml:ns:pidf:rpid'>"
               "<r:other>be-right-back</r:other></r:activities></tuple></presence>",
     CW_PIDF_OPEN, NULL, "be-right-back", NULL, -1},
    {"extensions everywhere",
     PIDF "<x:a xmlns:x='u:x'><x:b><x:c d='e'>f</x:c></x:b></x:a>" OPEN
          "<x:g xmlns:x='u:x'/></status><x:h xmlns:x='u:x' x:i='j'/><note>n</note>"
          "<timestamp>2026-01-01T00:00:00Z</timestamp></tuple><unknown/></presence>",
     CW_PIDF_OPEN, NULL, NULL, "n", -1},
};

static void check_row(const struct row *row)
{
    struct cw_arena arena = {0};
    struct cw_pidf pidf;

    expect(row->name, "is read",
           cw_pidf_parse(&arena, cw_str_of(row->document), &pidf) == CW_PIDF_OK);
    expect(row->name, "one tuple", pidf.n_tuples == 1);
    const struct cw_pidf_tuple *tuple = &pidf.tuples[0];
    const struct cw_pidf_words *noted = tuple->words.n_notes ? &tuple->words : &pidf.person;
    const struct cw_pidf_words *busy = tuple->words.n_activities ? &tuple->words : &pidf.person;
    expect(row->name, "basic", tuple->basic == row->basic);
    expect_str(row->name, "show", tuple->show, cw_str_of(row->show));
    expect_str(row->name, "note", noted->notes[0].text, cw_str_of(row->note));
    expect_str(row->name, "activity", busy->activities[0], cw_str_of(row->activity));
    expect(row->name, "priority", tuple->priority_thousandth == row->priority);
    cw_arena_free(&arena);
}

static void documents_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

/* A document cut anywhere is refused, never read in part. */
static void cut_documents_are_refused(void **state)
{
    struct cw_str document = cw_str_of(rows[sizeof rows / sizeof *rows - 1].document);
    (void)state;
    for (size_t n = 0; n < document.n; n++) {
        struct cw_arena arena = {0};
        struct cw_pidf pidf;
        assert_int_not_equal(cw_pidf_parse(&arena, cw_str_sub(document, 0, n), &pidf), CW_PIDF_OK);
        assert_int_equal(pidf.n_tuples, 0);
        cw_arena_free(&arena);
    }
}

static const struct {
    const char *name, *document;
    enum cw_pidf_fault fault;
} refused[] = {
    {"nothing", "", CW_PIDF_NOT_XML},
    {"text", "open", CW_PIDF_NOT_XML},
    {"external entity",
     "<!DOCTYPE presence [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" PIDF OPEN
     "</status><note>&x;</note></tuple></presence>",
     CW_PIDF_NOT_XML},
    {"external DTD", "<!DOCTYPE presence SYSTEM 'http://127.0.0.1:1/x.dtd'>" PIDF "</presence>",
     CW_PIDF_NOT_XML},
    {"entity bomb",
     "<!DOCTYPE presence [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
     "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>]>" PIDF
     "<note>&d;</note></presence>",
     CW_PIDF_NOT_XML},
    {"entity that is not declared", PIDF "<note>&nbsp;</note></presence>", CW_PIDF_NOT_XML},
    {"two documents", PIDF "</presence>" PIDF "</presence>", CW_PIDF_NOT_XML},
    {"another document", "<resource-lists xmlns='urn:ietf:params:xml:ns:resource-lists'/>",
     CW_PIDF_NOT_PIDF},
    {"a stanza", "<presence xmlns='jabber:client'/>", CW_PIDF_NOT_PIDF},
    {"no namespace", "<presence entity='e'/>", CW_PIDF_NOT_PIDF},
};

static void attacks_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct cw_arena arena = {0};
        struct cw_pidf pidf;
        expect(refused[i].name, "is refused as it should be",
               cw_pidf_parse(&arena, cw_str_of(refused[i].document), &pidf) == refused[i].fault);
        cw_arena_free(&arena);
    }
}

/* Start, one piece n times, end. */
static struct cw_str repeated(struct cw_buf *buf, const char *start, const char *piece, size_t n,
                              const char *end)
{
    cw_buf_reset(buf);
    cw_buf_putcstr(buf, start);
    for (size_t i = 0; i < n; i++)
        cw_buf_putcstr(buf, piece);
    cw_buf_putcstr(buf, end);
    return cw_buf_str(buf);
}

static void sizes_are_bounded(void **state)
{
    static const struct {
        const char *name, *start, *piece;
        size_t n;
        const char *end;
        bool is_good;
    } sizes[] = {
        {"tuples enough", PIDF, "<tuple id='t'/>", CW_PIDF_MAX_TUPLES, "</presence>", true},
        {"one tuple too many", PIDF, "<tuple id='t'/>", CW_PIDF_MAX_TUPLES + 1, "</presence>",
         false},
        {"20,000 tuples", PIDF, "<tuple id='t'/>", 20000, "</presence>", false},
        {"elements", PIDF, "<a/>", 5000, "</presence>", false},
        {"nesting", PIDF, "<a>", 200000, "", false},
        {"nesting within 64 kB", PIDF, "<a>", 20000, "", false},
        {"a note of 1 MiB", PIDF "<note>", "0123456789abcdef", 65536, "</note></presence>", false},
        {"attributes", "<presence xmlns='urn:ietf:params:xml:ns:pidf'><tuple", " a='b'", 100,
         "/></presence>", false},
        {"notes", PIDF OPEN "</status>", "<note>n</note>", 500, "</tuple></presence>", true},
    };
    struct cw_buf buf = {0};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct cw_arena arena = {0};
        struct cw_pidf pidf;
        struct cw_str document =
            repeated(&buf, sizes[i].start, sizes[i].piece, sizes[i].n, sizes[i].end);
        clock_t before = clock();
        enum cw_pidf_fault fault = cw_pidf_parse(&arena, document, &pidf);
        expect(sizes[i].name, "is read or refused", (fault == CW_PIDF_OK) == sizes[i].is_good);
        expect(sizes[i].name, "in less than half a second of a sanitized build",
               clock() - before < CLOCKS_PER_SEC / 2);
        cw_arena_free(&arena);
    }
    cw_buf_free(&buf);
}

static void long_notes_are_cut_between_characters(void **state)
{
    struct cw_arena arena = {0};
    struct cw_buf buf = {0};
    struct cw_pidf pidf;
    (void)state;
    /* characters of two octets: the limit, less the ellipsis, falls into the middle of one */
    struct cw_str document = repeated(&buf, PIDF "<note>", "\xC3\xA9", 1000, "</note></presence>");
    assert_int_equal(cw_pidf_parse(&arena, document, &pidf), CW_PIDF_OK);
    struct cw_str note = pidf.person.notes[0].text;
    assert_true(note.n <= CW_PIDF_MAX_NOTE_BYTES && note.n > CW_PIDF_MAX_NOTE_BYTES - 4);
    assert_true(cw_str_is_utf8(note) && cw_str_ends(note, CW_S("\xE2\x80\xA6")));
    cw_buf_free(&buf);
    cw_arena_free(&arena);
}

static void what_is_written_is_read(void **state)
{
    struct cw_pidf_tuple tuples[] = {
        {.id = CW_STR("ID-a"),
         .basic = CW_PIDF_OPEN,
         .show = CW_STR("away"),
         .contact = CW_STR("sip:a@b.example;gr=x"),
         .priority_thousandth = 7,
         .words = {.notes = {{CW_STR("a < b & ]]> '\""), CW_STR("en")},
                             {CW_STR("\xC3\xA9"), CW_STR_NONE}},
                   .n_notes = 2}},
        {.id = CW_STR("ID-b"), .basic = CW_PIDF_CLOSED, .priority_thousandth = -1},
    };
    const struct cw_pidf pidf = {
        .entity = CW_STR("pres:a@b.example"),
        .tuples = tuples,
        .n_tuples = 2,
        .person = {.activities = {CW_STR("busy")}, .n_activities = 1},
    };
    struct cw_arena arena = {0};
    struct cw_buf text = {0}, again = {0};
    struct cw_pidf read;
    (void)state;
    cw_pidf_write(&text, &pidf);
    assert_int_equal(cw_pidf_parse(&arena, cw_buf_str(&text), &read), CW_PIDF_OK);
    expect_str("written", "entity", read.entity, pidf.entity);
    expect_str("written", "note", read.tuples[0].words.notes[0].text,
               tuples[0].words.notes[0].text);
    expect_str("written", "lang", read.tuples[0].words.notes[0].lang, CW_S("en"));
    assert_int_equal(read.tuples[0].priority_thousandth, 7);
    assert_int_equal(read.tuples[1].basic, CW_PIDF_CLOSED);
    expect_str("written", "activity", read.person.activities[0], CW_S("busy"));
    /* What phones look for that read no XML. */
    assert_true(cw_str_find(cw_buf_str(&text), CW_S("<rpid:busy/>")) > 0);
    cw_pidf_write(&again, &read);
    expect_str("written", "the second time", cw_buf_str(&again), cw_buf_str(&text));
    cw_buf_free(&text);
    cw_buf_free(&again);
    cw_arena_free(&arena);
}

/* xs:ID is an NCName. */
static bool is_id(struct cw_str id)
{
    for (size_t i = 0; i < id.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", id.p[i]))
            return false;
    return cw_str_starts(id, CW_S("ID-"));
}

static void resources_are_ids_and_come_back(void **state)
{
    static const char *const resources[] = {
        "orchard",           "42",   "my phone@home", "my_20phone", "_",  "a/b",
        "\xC3\xA9t\xC3\xA9", "ID-x", "a.b-c",         "<&>'\"",     "_2", "_zz",
    };
    struct cw_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
        struct cw_str id = cw_pidf_id_of_resource(&arena, cw_str_of(resources[i]));
        expect(resources[i], "is an id", is_id(id));
        expect_str(resources[i], "comes back", cw_pidf_resource_of_id(&arena, id),
                   cw_str_of(resources[i]));
    }
    assert_false(cw_str_is_present(
        cw_pidf_resource_of_id(&arena, cw_pidf_id_of_resource(&arena, CW_STR_NONE))));
    expect_str("another's", "id", cw_pidf_resource_of_id(&arena, CW_S("sg89_2Eae")),
               CW_S("sg89_2Eae"));
    expect_str("broken", "id", cw_pidf_resource_of_id(&arena, CW_S("ID-a_FF")), CW_S("a_FF"));
    expect_str("NUL", "id", cw_pidf_resource_of_id(&arena, CW_S("ID-a_00b")), CW_S("a_00b"));
    cw_arena_free(&arena);
}

static void priorities_are_one_to_one(void **state)
{
    int before = -1;
    (void)state;
    for (int priority = 0; priority <= 127; priority++) {
        int thousandth = cw_pidf_priority_of_xmpp(priority);
        assert_in_range(thousandth, 0, 1000);
        assert_true(thousandth > before);
        assert_int_equal(cw_pidf_priority_to_xmpp(thousandth), priority);
        before = thousandth;
    }
    for (int thousandth = 0; thousandth <= 1000; thousandth++)
        assert_in_range(cw_pidf_priority_to_xmpp(thousandth), 0, 127);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read),
        cmocka_unit_test(cut_documents_are_refused),
        cmocka_unit_test(attacks_are_refused),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(long_notes_are_cut_between_characters),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(resources_are_ids_and_come_back),
        cmocka_unit_test(priorities_are_one_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
